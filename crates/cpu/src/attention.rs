//! Self-attention over the positions of a feature map.

mod head;
mod merged;
mod narrow;
mod narrow_backward;
mod softmax;

use head::Head;
use merged::Linear;
use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::conv::{After, MOST_LANES};
use crate::map::{Arena, Map};
use crate::norm::{Before, Norm};
use crate::parameters::Parameters;
use crate::pointwise::Pointwise;
use crate::round::to_f32;
use crate::threads::prelude::*;
use crate::tiles::{Strided, Tiles};

pub(crate) use narrow::Narrow;
pub(crate) use narrow_backward::NarrowBackward;
pub(crate) use softmax::softmax;

/// Queries whose scores are held at once: whole blocks of a product, and whole tiles.
const QUERIES: usize = 48;

/// Multi-head self-attention around a shortcut.
///
/// # Formula
/// ```text
/// q, k, v = W norm(x) + b,   y = (x + to_out(softmax(q kᵀ/√d) v)) / scale
/// ```
/// A single head needs two of the four products: see [`merged`].
#[derive(Debug)]
pub(crate) struct Attention {
    norm: Option<Norm>,
    /// q, k and v side by side; of a single head, what stands for q.
    projection: Pointwise,
    out: Pointwise,
    heads: usize,
    scale: f64,
    /// What multiplies queries, keys and values, if they are wide enough for tiles.
    tiles: Option<Tiles>,
}

/// The properties of an attention.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub channels: usize,
    /// Channels of a head; `None`: all.
    pub head_width: Option<usize>,
    /// Groups of the normalisation; `None`: there is none.
    pub groups: Option<usize>,
    pub epsilon: f64,
    pub scale: f64,
}

impl Attention {
    pub(crate) fn load(mut named: Parameters<'_>, plan: Plan) -> Self {
        let Plan { channels, head_width, groups, epsilon, scale } = plan;
        let norm = groups
            .map(|groups| Norm::load(&mut named.child("group_norm"), groups, channels, epsilon));
        let linear = |name: &str| {
            let mut named = named.child(name);
            let weight = named.take("weight", &[channels, channels]);
            Linear { weight, bias: named.take("bias", &[channels]) }
        };
        let [q, k, v, out] = ["to_q", "to_k", "to_v", "to_out.0"].map(linear);
        let heads = head_width.map_or(1, |width| channels / width);
        let linear = named.tiles(channels, channels);
        let tiles = linear.filter(|_| !is_narrow(heads, channels));
        let (projection, out) = if heads == 1 {
            (merged::scores(&q, &k), merged::output(&v, &out))
        } else {
            (merged::beside([&q, &k, &v]), out)
        };
        let [projection, out] = [projection, out]
            .map(|Linear { weight, bias }| Pointwise::on(linear, &weight, bias, &[channels]));
        Self { norm, projection, out, heads, scale, tiles }
    }

    /// What it is, in a line.
    pub(crate) fn describe(&self) -> String {
        let heads = match self.heads {
            1 => "one head, its weights merged in pairs,".to_owned(),
            heads => format!("{heads} heads"),
        };
        let tiles = match (self.out.tiles(), self.tiles) {
            (None, _) => String::new(),
            (Some(how), None) => format!(", {how}, scores in f32"),
            (Some(how), Some(_)) => format!(", {how}"),
        };
        format!(
            "attention of {heads} over {} channels{tiles}: {:.1} MB of weights",
            self.out.columns(),
            (self.projection.bytes() + self.out.bytes()) as f64 / 1e6
        )
    }

    pub(crate) fn run(&self, x: Map, arena: &Arena) -> Map {
        let normed = self.norm.as_ref().map(|norm| {
            let affine = norm.affine(&[&x], arena);
            let before = Before { affine: Some(&affine), activation: None };
            let normed = applied(&x, before, arena);
            arena.give(affine.data);
            normed
        });
        let source = normed.as_ref().unwrap_or(&x);
        let projected = self.projection.run(&[source], After::NOTHING, arena);
        let mut mixed = arena.map(x.rows, x.shape);
        let each = mixed.data.par_chunks_exact_mut(x.shape.len()).enumerate();
        each.for_each(|(row, mixed)| self.mix(projected.row(row), source.row(row), mixed, arena));
        arena.give(projected.data);
        if let Some(normed) = normed {
            arena.give(normed.data);
        }
        let after = After { residual: Some(x.view()), scale: self.scale, time: None };
        let out = self.out.run(&[&mixed], after, arena);
        arena.give(mixed.data);
        arena.give(x.data);
        out
    }

    /// Mixes the values of one row by its scores. Keys and values of a single head are `source`.
    fn mix(&self, projected: &[f32], source: &[f32], mixed: &mut [f32], arena: &Arena) {
        if is_narrow(self.heads, self.out.columns()) {
            self.mix_narrow(projected, mixed, arena);
        } else {
            self.mix_wide(projected, source, mixed, arena);
        }
    }

    fn mix_narrow(&self, projected: &[f32], mixed: &mut [f32], arena: &Arena) {
        let (heads, width) = (self.heads, self.out.columns() / self.heads);
        let positions = mixed.len() / self.out.columns();
        let scale = inverse_root(width);
        self.by_queries(mixed, |first, mixed| {
            let mut scores = arena.take(positions * MOST_LANES);
            let room = &mut scores[..];
            arch().dispatch(Narrow {
                projected: [0, 1, 2].map(|part| &projected[part * heads * width..]),
                stride: 3 * heads * width,
                positions,
                heads,
                width,
                scale,
                first,
                mixed,
                scores: room,
            });
            arena.give(scores);
        });
    }

    fn mix_wide(&self, projected: &[f32], source: &[f32], mixed: &mut [f32], arena: &Arena) {
        let channels = self.out.columns();
        let stride = self.projection.columns();
        let (source, [key, value]) =
            if self.heads == 1 { (source, [0, 0]) } else { (projected, [channels, 2 * channels]) };
        let width = channels / self.heads;
        let positions = mixed.len() / channels;
        let scale = inverse_root(width);
        let at = |position: usize, head: usize| position * stride + head * width;
        let pack = |head: usize| {
            let rows = |skip| Strided {
                data: source,
                rows: positions,
                start: move |row| at(row, head) + skip,
                width,
            };
            Head::pack(self.tiles, rows(key), rows(value), arena)
        };
        let heads: Vec<Head> = (0..self.heads).map(pack).collect();
        self.by_queries(mixed, |first, mixed| {
            let rows = mixed.len() / channels;
            let mut scores = arena.take(rows * positions);
            let mut part = arena.take(rows * width);
            for (index, head) in heads.iter().enumerate() {
                let start = move |row| at(first + row, index);
                let queries = Strided { data: projected, rows, start, width };
                head.scores(queries, scale, &mut scores, arena);
                softmax(&mut scores, positions);
                head.mixed(&scores, &mut part, arena);
                for (mixed, part) in mixed.chunks_exact_mut(channels).zip(part.chunks_exact(width))
                {
                    let mixed = &mut mixed[index * width..(index + 1) * width];
                    // Heads are narrow: a call for each copy would take longer.
                    mixed.iter_mut().zip(part).for_each(|(mixed, part)| *mixed = *part);
                }
            }
            arena.give(scores);
            arena.give(part);
        });
        for head in heads {
            head.give(arena);
        }
    }

    /// Calls `block` with each block of queries, and the first of them.
    fn by_queries(&self, mixed: &mut [f32], block: impl Fn(usize, &mut [f32]) + Send + Sync) {
        let length = QUERIES * self.out.columns();
        if mixed.len() <= length {
            return block(0, mixed);
        }
        let blocks = mixed.par_chunks_mut(length).enumerate();
        blocks.for_each(|(i, mixed)| block(i * QUERIES, mixed));
    }
}

/// Whether heads are mixed without packing keys and values, in f32.
pub(crate) fn is_narrow(heads: usize, channels: usize) -> bool {
    heads > 1 && channels / heads <= narrow::WIDEST
}

fn inverse_root(width: usize) -> f32 {
    to_f32(1.0 / (width as f64).sqrt())
}

/// `x` after the operations before a kernel.
pub(crate) fn applied(x: &Map, before: Before<'_>, arena: &Arena) -> Map {
    let mut out = arena.map(x.rows, x.shape);
    out.data.par_chunks_exact_mut(x.shape.len()).enumerate().for_each(|(row, out)| {
        arch().dispatch(Apply { x: x.row(row), before, row, channels: x.shape.channels, out });
    });
    out
}

struct Apply<'a> {
    x: &'a [f32],
    before: Before<'a>,
    row: usize,
    channels: usize,
    out: &'a mut [f32],
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let positions = self.out.chunks_exact_mut(self.channels);
        for (out, x) in positions.zip(self.x.chunks_exact(self.channels)) {
            self.before.apply(simd, false, out, x, (self.row, 0));
        }
    }
}
