//! The residual multilayer perceptron, for points and tables.

use ancestral_format::{Activation, Labels, MlpConfig};

use crate::error::LoadError;
use crate::map::{Arena, Buffer};
use crate::norm::activate;
use crate::parameters::Parameters;
use crate::pointwise::Pointwise;
use crate::shapes::Shapes;
use crate::threads::prelude::*;
use crate::time::{Class, ConditionedRows, Conditioning, Embedding, Gathered, Projection};

/// Rows in one piece of work: batches are powers of two mostly, and are cut evenly.
const ROWS: usize = 128;

/// A residual multilayer perceptron.
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
    blocks: Vec<Block>,
    linear_out: Pointwise,
    width: usize,
    columns: usize,
    outputs: usize,
}

#[derive(Debug)]
struct Block {
    linear_1: Pointwise,
    linear_2: Pointwise,
    /// Where its part of the conditioning begins.
    conditioning: usize,
}

impl Block {
    /// The bias of the first layer plus the conditioning of the block: for each row, or one for all.
    fn offset(&self, conditioning: ConditionedRows<'_>, rows: usize, arena: &Arena) -> Buffer {
        let bias = self.linear_1.bias();
        let (conditioning, stride) = conditioning.part(self.conditioning);
        let different = if stride == 0 { 1 } else { rows };
        let mut offset = arena.take(different * bias.len());
        for (row, offset) in offset.chunks_exact_mut(bias.len()).enumerate() {
            let conditioning = &conditioning[row * stride..][..bias.len()];
            for (offset, (bias, conditioning)) in
                offset.iter_mut().zip(bias.iter().zip(conditioning))
            {
                *offset = bias + conditioning;
            }
        }
        offset
    }
}

impl Mlp {
    /// What it takes and gives.
    pub(crate) fn shapes(config: &MlpConfig) -> Result<Shapes, LoadError> {
        config.validate()?;
        Ok(Shapes {
            input: vec![config.columns],
            output: vec![config.outputs()],
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
                conditioning: gathered.add(named.child("time_emb_proj"), time_embed_dim, width),
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
            linear_out: linear(named.child("linear_out"), width, config.outputs()),
            width,
            columns,
            outputs: config.outputs(),
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
        let conditioning = self.conditioning.run(times, labels, arena);
        let Self { columns, outputs, .. } = *self;
        let mut predicted = vec![0.0; times.len() * outputs];
        let pieces = predicted.par_chunks_mut(ROWS * outputs).zip(x.par_chunks(ROWS * columns));
        pieces.enumerate().for_each(|(piece, (out, x))| {
            let rows = x.len() / columns;
            let size = rows * self.width;
            let [mut h, mut active, mut inner] = [(); 3].map(|()| arena.take(size));
            self.linear_in.rows(x, &mut h, arena);
            for block in &self.blocks {
                activated(&h, &mut active);
                let offset = block.offset(conditioning.rows_from(piece * ROWS), rows, arena);
                let share = rows * self.width / offset.len();
                block.linear_1.rows_with(&active, (&offset, share), &mut inner, arena);
                arena.give(offset);
                activate(Activation::Silu, &mut inner);
                block.linear_2.add_rows(&inner, &mut h, arena);
            }
            activated(&h, &mut active);
            self.linear_out.rows(&active, out, arena);
            for buffer in [h, active, inner] {
                arena.give(buffer);
            }
        });
        arena.give(conditioning.data);
        predicted
    }
}

/// silu of rows.
fn activated(x: &[f32], out: &mut [f32]) {
    out.copy_from_slice(x);
    activate(Activation::Silu, out);
}
