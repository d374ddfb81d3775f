//! A residual multilayer perceptron, for points and tables.

mod block;

use ancestral_format::{Labels, MlpConfig, MlpConfigError};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

use crate::diffusion_module::DiffusionModule;
use crate::layer::{Embedding, Linear, Sinusoids, TimeEmbedding, add_class, silu};

pub use block::ResidualBlock;

/// A network of fully connected layers from a noisy row and its time to a prediction of the same
/// width, or of twice that if it has a variance half. Time and class are embedded as in the U-Net.
///
/// # Formula
/// ```text
/// e = time_embedding(sinusoids(t)) + class_embedding(label)
/// h = linear_in(x);     h ← block(h, silu(e)) for each block;     y = linear_out(silu(h))
/// ```
/// # Shapes
/// `[batch, columns]`, times `[batch]`, labels `[batch]` → `[batch, outputs]`.
/// # Numerics
/// f32.
#[derive(Module, Debug)]
pub struct Mlp {
    linear_in: Linear,
    time_embedding: TimeEmbedding,
    class_embedding: Option<Embedding>,
    blocks: Vec<ResidualBlock>,
    linear_out: Linear,
    #[module(skip)]
    sinusoids: Sinusoids,
    #[module(skip)]
    columns: usize,
    #[module(skip)]
    outputs: usize,
}

impl Mlp {
    /// The network of a config, on `device`; its weights are loaded later.
    ///
    /// # Errors
    /// If the config describes no network.
    pub fn new(config: &MlpConfig, device: &Device) -> Result<Self, MlpConfigError> {
        config.validate()?;
        let MlpConfig { columns, width, time_embed_dim, .. } = *config;
        Ok(Self {
            linear_in: Linear::new(device, columns, width),
            time_embedding: TimeEmbedding::new(device, time_embed_dim, time_embed_dim),
            class_embedding: config
                .num_class_embeds
                .map(|count| Embedding::new(device, count, time_embed_dim)),
            blocks: (0..config.blocks)
                .map(|_| ResidualBlock::new(device, width, time_embed_dim))
                .collect(),
            linear_out: Linear::new(device, width, config.outputs()),
            sinusoids: Sinusoids {
                width: time_embed_dim,
                flip_sin_to_cos: config.flip_sin_to_cos,
                freq_shift: f64::from(config.freq_shift),
            },
            columns,
            outputs: config.outputs(),
        })
    }
}

impl DiffusionModule for Mlp {
    fn input_shape(&self) -> Vec<usize> {
        vec![self.columns]
    }

    fn output_shape(&self) -> Vec<usize> {
        vec![self.outputs]
    }

    fn labels(&self) -> Labels {
        let count = |embedding: &Embedding| Labels::Classes(embedding.weight.shape()[0]);
        self.class_embedding.as_ref().map_or(Labels::None, count)
    }

    fn predict(
        &self,
        x: Tensor<2>,
        timesteps: Tensor<1>,
        labels: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        let time = self.time_embedding.forward(self.sinusoids.forward(timesteps));
        let time = add_class(time, self.class_embedding.as_ref(), labels);
        let time = silu(time); // every block starts from this
        let start = self.linear_in.forward(x);
        let h = self.blocks.iter().fold(start, |h, block| block.forward(h, &time));
        self.linear_out.forward(silu(h))
    }
}

#[cfg(test)]
mod tests;
