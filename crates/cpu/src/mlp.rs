//! The residual multilayer perceptron, for points and tables.

use ancestral_format::{Activation, Labels, MlpConfig};
use rayon::prelude::*;

use crate::conv::Pointwise;
use crate::map::Arena;
use crate::network::{LoadError, Shapes};
use crate::norm::activate;
use crate::parameters::Parameters;
use crate::time::{Class, Conditioning, Embedding, Gathered, Projection};

/// Rows in one piece of work.
const ROWS: usize = 192;

/// A residual multilayer perceptron.
///
/// # Formula
/// ```text
/// h = linear_in(x),   h ← h + linear_2(silu(linear_1(silu(h)) + time)),   y = linear_out(silu(h))
/// ```
#[derive(Debug)]
pub(crate) struct Mlp {
    conditioning: Conditioning,
    linear_in: Pointwise,
    blocks: Vec<Block>,
    linear_out: Pointwise,
    width: usize,
}

#[derive(Debug)]
struct Block {
    linear_1: Pointwise,
    linear_2: Pointwise,
    /// Where its part of what blocks are told begins.
    told: usize,
}

impl Mlp {
    /// What it takes and gives.
    pub(crate) fn shapes(config: &MlpConfig) -> Result<Shapes, LoadError> {
        config.validate()?;
        Ok(Shapes {
            input: vec![config.columns],
            output: vec![config.columns],
            labels: config.num_class_embeds.map_or(Labels::None, Labels::Classes),
            timesteps: None,
        })
    }

    /// The network of a valid config.
    pub(crate) fn assemble(config: &MlpConfig, named: &mut Parameters<'_>) -> Self {
        let MlpConfig { columns, width, time_embed_dim, .. } = *config;
        let linear = |mut named: Parameters<'_>, from: usize, to: usize| {
            let weight = named.take("weight", &[to, from]);
            let tiles = named.tiles(from, to);
            Pointwise::on(tiles, &weight, named.take("bias", &[to]), &[from])
        };
        let mut gathered = Gathered::default();
        let mut blocks = Vec::new();
        for i in 0..config.blocks {
            let mut named = named.child("blocks").into_child(i);
            blocks.push(Block {
                linear_1: linear(named.child("linear_1"), width, width),
                linear_2: linear(named.child("linear_2"), width, width),
                told: gathered.add(named.child("time_emb_proj"), time_embed_dim, width),
            });
        }
        let class = config
            .num_class_embeds
            .map(|count| named.child("class_embedding").take("weight", &[count, time_embed_dim]));
        let (flip, shift) = (config.flip_sin_to_cos, config.freq_shift);
        Self {
            conditioning: Conditioning {
                projection: Projection::fixed(time_embed_dim, flip, shift),
                time: Embedding::load(
                    named.child("time_embedding"),
                    time_embed_dim,
                    time_embed_dim,
                ),
                class: class.map(Class::Table),
                activation: Activation::Silu,
                blocks: gathered.pack(time_embed_dim),
            },
            linear_in: linear(named.child("linear_in"), columns, width),
            blocks,
            linear_out: linear(named.child("linear_out"), width, columns),
            width,
        }
    }

    pub(crate) fn describe(&self) -> Vec<String> {
        let (width, blocks) = (self.width, self.blocks.len());
        let tiles = self.blocks.first().and_then(|block| block.linear_1.tiles());
        let tiles = tiles.map_or_else(String::new, |how| format!(", {how}"));
        vec![format!("{blocks} blocks of two {width} × {width} products{tiles}")]
    }

    pub(crate) fn predict(
        &self,
        x: &[f32],
        times: &[f64],
        labels: Option<&[u32]>,
        arena: &Arena,
    ) -> Vec<f32> {
        let told = self.conditioning.run(times, labels, arena);
        let columns = x.len() / times.len();
        let mut predicted = vec![0.0; x.len()];
        let pieces = predicted.par_chunks_mut(ROWS * columns).zip(x.par_chunks(ROWS * columns));
        pieces.enumerate().for_each(|(piece, (out, x))| {
            let rows = x.len() / columns;
            let size = rows * self.width;
            let [mut h, mut active, mut inner] = [(); 3].map(|()| arena.take(size));
            self.linear_in.rows(x, &mut h, arena);
            for block in &self.blocks {
                active.copy_from_slice(&h);
                activate(Activation::Silu, &mut active);
                block.linear_1.rows(&active, &mut inner, arena);
                for (row, inner) in inner.chunks_exact_mut(self.width).enumerate() {
                    let at = (piece * ROWS + row) * told.stride + block.told;
                    let time = &told.data[at..at + self.width];
                    inner.iter_mut().zip(time).for_each(|(inner, time)| *inner += time);
                }
                activate(Activation::Silu, &mut inner);
                block.linear_2.rows(&inner, &mut active, arena);
                h.iter_mut().zip(active.iter()).for_each(|(h, add)| *h += add);
            }
            activate(Activation::Silu, &mut h);
            self.linear_out.rows(&h, out, arena);
            for buffer in [h, active, inner] {
                arena.give(buffer);
            }
        });
        arena.give(told.data);
        predicted
    }
}
