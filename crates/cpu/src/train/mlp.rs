//! Training of the residual multilayer perceptron.

use ancestral_format::{Activation, MlpConfig};

use super::conditioning::{Class, Conditioning, Embedding, Projection, Table};
use super::layer::activation;
use super::layer::pointwise::{Pointwise, Rows};
use super::network::Pass;
use super::run::Run;
use crate::map::Buffer;
use crate::parameters::Parameters;
use crate::time;

/// A residual multilayer perceptron whose weights change.
///
/// # Formula
/// ```text
/// h = linear_in(x),   h ← h + linear_2(silu(linear_1(silu(h)) + time)),   y = linear_out(silu(h))
/// ```
/// y has twice the values of x if it has a variance half.
#[derive(Debug)]
pub(crate) struct Mlp {
    conditioning: Conditioning,
    linear_in: Pointwise,
    blocks: Vec<[Pointwise; 2]>,
    linear_out: Pointwise,
    width: usize,
    columns: usize,
    outputs: usize,
}

/// What the backward pass of a block needs.
struct Kept {
    /// Its input, and the silu of it.
    h: Buffer,
    active: Buffer,
    /// Between its layers, and its silu.
    inner: Buffer,
    inner_active: Buffer,
}

impl Mlp {
    /// The network of a valid config.
    pub(crate) fn new(config: &MlpConfig, named: &mut Parameters<'_>) -> Self {
        let MlpConfig { columns, width, time_embed_dim, .. } = *config;
        let linear_in = Pointwise::new(&mut named.child("linear_in"), columns, width);
        let mut conditioning = Vec::new();
        let block = |i| {
            let mut named = named.child(format_args!("blocks.{i}"));
            conditioning.push(Pointwise::new(
                &mut named.child("time_emb_proj"),
                time_embed_dim,
                width,
            ));
            ["linear_1", "linear_2"].map(|name| {
                let mut named = named.child(name);
                Pointwise::new(&mut named, width, width).for_many(&named)
            })
        };
        let blocks = (0..config.blocks).map(block).collect();
        let class = config.num_class_embeds.map(|count| {
            Class::Table(Table::new(&mut named.child("class_embedding"), count, time_embed_dim))
        });
        let (flip, shift) = (config.flip_sin_to_cos, config.freq_shift);
        Self {
            conditioning: Conditioning {
                projection: Projection::Fixed(time::Projection::fixed(time_embed_dim, flip, shift)),
                time: Embedding::new(named.child("time_embedding"), time_embed_dim, time_embed_dim),
                class,
                activation: Activation::Silu,
                blocks: conditioning,
            },
            linear_in,
            blocks,
            linear_out: Pointwise::new(&mut named.child("linear_out"), width, config.outputs()),
            width,
            columns,
            outputs: config.outputs(),
        }
    }

    /// Predicts, gives the predictions to `loss`, and writes the gradients of all parameters.
    pub(crate) fn gradients(
        &self,
        run: Run<'_>,
        pass: Pass<'_>,
        loss: &mut dyn FnMut(&[f32], &mut [f32]),
        gradients: &mut [f32],
    ) {
        let (arena, width) = (run.arena, self.width);
        let conditioned = self.conditioning.forward(run, pass.timesteps, pass.labels);
        let size = pass.timesteps.len() * width;
        let x = [Rows { data: pass.x, columns: self.columns }];
        let mut h = arena.take(size);
        self.linear_in.forward(run, &x, (&[], 1.0), &mut h);
        let mut kept = Vec::new();
        for ([first, second], conditioning) in self.blocks.iter().zip(&conditioned.blocks) {
            let active = activated(run, &h);
            let mut inner = arena.take(size);
            first.forward(run, &[self.rows(&active)], (conditioning, 1.0), &mut inner);
            let inner_active = activated(run, &inner);
            let mut next = arena.take(size);
            second.forward(run, &[self.rows(&inner_active)], (&h, 1.0), &mut next);
            let h = std::mem::replace(&mut h, next);
            kept.push(Kept { h, active, inner, inner_active });
        }
        let active = activated(run, &h);
        let predicted = pass.timesteps.len() * self.outputs;
        let [mut out, mut dy] = [(); 2].map(|()| arena.take(predicted));
        self.linear_out.forward(run, &[self.rows(&active)], (&[], 1.0), &mut out);
        loss(&out, &mut dy);

        self.linear_out.parameter_gradients(run, &[self.rows(&active)], &dy, 1, gradients);
        let mut d = arena.take(size);
        self.linear_out.input_gradient(run, &dy, (0, width), false, &mut d);
        activation::backward(Activation::Silu, &h, &mut d);
        let mut conditioning = Vec::new();
        for ([first, second], kept) in self.blocks.iter().zip(kept).rev() {
            let Kept { h, active, inner, inner_active } = kept;
            second.parameter_gradients(run, &[self.rows(&inner_active)], &d, 1, gradients);
            let mut d_inner = arena.take(size);
            second.input_gradient(run, &d, (0, width), false, &mut d_inner);
            activation::backward(Activation::Silu, &inner, &mut d_inner);
            first.parameter_gradients(run, &[self.rows(&active)], &d_inner, 1, gradients);
            let mut d_active = inner;
            first.input_gradient(run, &d_inner, (0, width), false, &mut d_active);
            activation::backward(Activation::Silu, &h, &mut d_active);
            d.iter_mut().zip(&*d_active).for_each(|(sum, x)| *sum += x);
            conditioning.push(d_inner);
            for buffer in [h, active, inner_active, d_active] {
                arena.give(buffer);
            }
        }
        conditioning.reverse();
        self.linear_in.parameter_gradients(run, &x, &d, 1, gradients);
        self.conditioning.backward(run, conditioned, conditioning, gradients);
        for buffer in [h, active, out, dy, d] {
            arena.give(buffer);
        }
    }

    fn rows<'a>(&self, data: &'a [f32]) -> Rows<'a> {
        Rows { data, columns: self.width }
    }
}

fn activated(run: Run<'_>, x: &[f32]) -> Buffer {
    let mut out = run.arena.take(x.len());
    activation::forward(Activation::Silu, x, &mut out);
    out
}
