//! A residual multilayer perceptron, for points and tables.

mod block;

use ancestral_format::{Labels, MlpConfig, MlpConfigError};
use burn::module::Module;
use burn::tensor::{Int, Tensor};

use crate::diffusion_module::DiffusionModule;
use crate::init::Initializer;
use crate::layer::{Embedding, Linear, Sinusoids, TimeEmbedding, add_class, silu};

pub use block::ResidualBlock;

/// How much larger than usual the weights of the first layer start.
///
/// Networks learn smooth functions of their inputs first (Rahaman et al. 2019, arXiv:1806.08734).
/// Between heaps of data the wanted function has steep slopes: eight of them, six deviations apart,
/// still run into each other after 8000 updates with a gain of 1, and not after 3000 with 3 to 6.
const GAIN: f64 = 4.0;

/// A network of fully connected layers from a noisy row and its time to a prediction of the same
/// width. Time and class are embedded as in the U-Net.
///
/// # Formula
/// ```text
/// e = time_embedding(sinusoids(t)) + class_embedding(label)
/// h = linear_in(x);     h ← block(h, silu(e)) for each block;     y = linear_out(silu(h))
/// ```
/// # Shapes
/// `[batch, columns]`, times `[batch]`, labels `[batch]` → `[batch, columns]`.
/// # Numerics
/// f32; a row gives the same bits in every batch.
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
}

impl Mlp {
    /// The network of a config, with starting values from `init`.
    ///
    /// # Errors
    /// If the config describes no network.
    pub fn new(config: &MlpConfig, init: &Initializer) -> Result<Self, MlpConfigError> {
        config.validate()?;
        let MlpConfig { columns, width, time_embed_dim, .. } = *config;
        let blocks = init.child("blocks");
        Ok(Self {
            linear_in: Linear::with_gain(&init.child("linear_in"), columns, width, GAIN),
            time_embedding: TimeEmbedding::new(
                &init.child("time_embedding"),
                time_embed_dim,
                time_embed_dim,
            ),
            class_embedding: config
                .num_class_embeds
                .map(|count| Embedding::new(&init.child("class_embedding"), count, time_embed_dim)),
            blocks: (0..config.blocks)
                .map(|i| ResidualBlock::new(&blocks.child(i), width, time_embed_dim))
                .collect(),
            linear_out: Linear::new(&init.child("linear_out"), width, columns),
            sinusoids: Sinusoids {
                width: time_embed_dim,
                flip_sin_to_cos: config.flip_sin_to_cos,
                freq_shift: f64::from(config.freq_shift),
            },
            columns,
        })
    }
}

impl DiffusionModule for Mlp {
    fn input_shape(&self) -> Vec<usize> {
        vec![self.columns]
    }

    fn output_shape(&self) -> Vec<usize> {
        vec![self.columns]
    }

    fn labels(&self) -> Labels {
        let count = |embedding: &Embedding| Labels::Classes(embedding.weight.shape()[0]);
        self.class_embedding.as_ref().map_or(Labels::None, count)
    }

    fn rows_worth_a_pass(&self) -> usize {
        128
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
