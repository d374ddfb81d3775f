//! Group normalisation and the activation behind it.

use ancestral_format::Activation;
use pulp::{Simd, WithSimd};

use crate::arch::arch;
use crate::map::{Arena, Buffer, Map, View};
use crate::norm::{self, Affine, Before, activation_slope};
use crate::parameters::{Parameters, Place};
use crate::round::to_f32;
use crate::simd::{load, mul_add, silu_slope, store, vectors};
use crate::threads::prelude::*;
use crate::train::run::Run;
use crate::train::tree;

/// A group normalisation whose weights change.
///
/// # Formula
/// ```text
/// x̂ = (x − mean) / √(variance + ε),   z = γ x̂ + β,   y = activation(z)
/// g = dy activation′(z):     dβ = Σ g,   dγ = Σ g x̂
/// dx = (γ g − mean(γ g) − x̂ mean(γ g x̂)) / √(variance + ε)        means over a group
/// ```
/// # Source
/// Wu and He 2018, arXiv:1803.08494.
#[derive(Debug)]
pub(crate) struct Norm {
    gamma: Place,
    beta: Place,
    channels: usize,
    groups: usize,
    epsilon: f64,
}

/// What a normalisation makes of each channel of each row; the maps stay as they are.
#[derive(Debug)]
pub(crate) struct Normed {
    /// x̂ = a x + b.
    standard: Affine,
    /// z = a x + b.
    pub affine: Affine,
    activation: Option<Activation>,
}

impl Normed {
    /// What a kernel does that reads the maps so.
    pub(crate) fn before(&self) -> Before<'_> {
        Before { affine: Some(&self.affine), activation: self.activation }
    }

    pub(crate) fn give(self, arena: &Arena) {
        arena.give(self.standard.data);
        arena.give(self.affine.data);
    }
}

/// What is summed over the positions of a row: Σ g, Σ g x̂ and Σ dx, a value a channel.
/// `[rows, 3, channels]`
#[derive(Debug)]
pub(crate) struct Sums {
    pub data: Buffer,
    channels: usize,
}

impl Sums {
    /// Σ g, Σ g x̂ and Σ dx of a row.
    pub(crate) fn row(&self, row: usize) -> [&[f32]; 3] {
        let row = &self.data[row * 3 * self.channels..][..3 * self.channels];
        let mut parts = row.chunks_exact(self.channels);
        [(); 3].map(|()| parts.next().unwrap_or_default())
    }
}

impl Norm {
    pub(crate) fn new(
        named: &mut Parameters<'_>,
        groups: usize,
        channels: usize,
        epsilon: f64,
    ) -> Self {
        let gamma = named.place("weight", &[channels]);
        Self { gamma, beta: named.place("bias", &[channels]), channels, groups, epsilon }
    }

    pub(crate) fn gamma<'a>(&self, run: Run<'a>) -> &'a [f32] {
        self.gamma.of(run.weights)
    }

    pub(crate) fn beta<'a>(&self, run: Run<'a>) -> &'a [f32] {
        self.beta.of(run.weights)
    }

    /// What it and the activation behind it do to the channels of `sources`, which are taken for one
    /// map.
    pub(crate) fn forward(
        &self,
        run: Run<'_>,
        sources: &[&Map],
        activation: Option<Activation>,
    ) -> Normed {
        let channels = self.channels;
        let norm = norm::Norm::standard(channels, self.groups, self.epsilon);
        let standard = norm.affine(sources, run.arena);
        let mut affine = run.arena.take(standard.data.len());
        let (gamma, beta) = (self.gamma(run), self.beta(run));
        let rows = affine.chunks_exact_mut(2 * channels).enumerate();
        for (row, affine) in rows {
            let (a, b) = standard.row(row);
            for c in 0..channels {
                affine[c] = gamma[c] * a[c];
                affine[channels + c] = gamma[c].mul_add(b[c], beta[c]);
            }
        }
        Normed { standard, affine: Affine::new(affine, channels), activation }
    }

    /// The gradients of the sources go to `dx`; `dy`, that of the activated output, becomes g.
    pub(crate) fn backward(
        &self,
        run: Run<'_>,
        sources: &[&Map],
        normed: &Normed,
        dy: &mut Map,
        dx: Gradients<'_>,
    ) -> Sums {
        let views: Vec<View<'_>> = sources.iter().map(|source| source.view()).collect();
        let sources = &views[..];
        let (rows, channels) = (dy.rows, self.channels);
        let mut data = run.arena.take(rows * 3 * channels);
        let each = dy.shape.len();
        let mut dx = dx.by_row(sources);
        let room = data.par_chunks_exact_mut(3 * channels);
        let room = room.zip(dy.data.par_chunks_exact_mut(each)).zip(&mut dx).enumerate();
        room.for_each(|(row, ((sums, g), dx))| {
            let mut factors = run.arena.take(3 * channels);
            arch().dispatch(Backward {
                norm: self,
                sources,
                row,
                normed,
                g,
                dx,
                sums,
                factors: &mut factors,
            });
            run.arena.give(factors);
        });
        Sums { data, channels }
    }

    /// Writes the gradients of γ and β, where nothing else scales or shifts the channels.
    pub(crate) fn parameter_gradients(&self, run: Run<'_>, sums: &Sums, gradients: &mut [f32]) {
        let channels = self.channels;
        let mut all = vec![0.0; 3 * channels];
        tree::sum_rows(&sums.data, run.leaf, &mut all);
        self.beta.of_mut(gradients).copy_from_slice(&all[..channels]);
        self.gamma.of_mut(gradients).copy_from_slice(&all[channels..2 * channels]);
    }

    /// Writes the gradients of γ and β, given those of each row, β's first. `[rows, 2, channels]`
    pub(crate) fn put_gradients(&self, run: Run<'_>, rows: &[f32], gradients: &mut [f32]) {
        let mut all = vec![0.0; 2 * self.channels];
        tree::sum_rows(rows, run.leaf, &mut all);
        self.beta.of_mut(gradients).copy_from_slice(&all[..self.channels]);
        self.gamma.of_mut(gradients).copy_from_slice(&all[self.channels..]);
    }
}

/// Where the gradients of the sources go.
#[derive(Debug)]
pub(crate) enum Gradients<'a> {
    /// To what is in the maps.
    Add(&'a mut [Map]),
    /// In the place of g: there is one source.
    InPlace,
}

impl<'a> Gradients<'a> {
    /// A row of each source, for each row.
    fn by_row(self, sources: &[View<'_>]) -> Vec<RowGradients<'a>> {
        let rows = sources[0].rows();
        let maps = match self {
            Self::Add(maps) => maps,
            Self::InPlace => {
                assert_eq!(sources.len(), 1, "one source");
                return (0..rows).map(|_| RowGradients::default()).collect();
            }
        };
        let mut parts: Vec<_> =
            maps.iter_mut().map(|map| map.data.chunks_exact_mut(map.shape.len())).collect();
        let row = |_| RowGradients(parts.iter_mut().filter_map(Iterator::next).collect());
        (0..rows).map(row).collect()
    }
}

/// The gradients of one row of each source; none if they take the place of g.
#[derive(Default)]
struct RowGradients<'a>(Vec<&'a mut [f32]>);

/// The gradients of one row.
struct Backward<'a, 'b> {
    norm: &'a Norm,
    sources: &'a [View<'a>],
    row: usize,
    normed: &'a Normed,
    /// dy, and then g.
    g: &'a mut [f32],
    dx: &'a mut RowGradients<'b>,
    sums: &'a mut [f32],
    factors: &'a mut [f32],
}

impl WithSimd for Backward<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let mut first = 0;
        for source in self.sources {
            self.sum(simd, source.row(self.row), first, source.shape.channels);
            first += source.shape.channels;
        }
        self.fit();
        let mut first = 0;
        for (index, source) in self.sources.iter().enumerate() {
            self.write(simd, index, source.row(self.row), first);
            first += source.shape.channels;
        }
    }
}

impl Backward<'_, '_> {
    /// g in the place of dy, and Σ g and Σ g x̂, of one source, whose channels begin at `first`.
    #[inline(always)]
    fn sum<S: Simd>(&mut self, simd: S, x: &[f32], first: usize, width: usize) {
        let channels = self.norm.channels;
        let (standard, affine) =
            (self.normed.standard.row(self.row), self.normed.affine.row(self.row));
        vectors::<S>(
            width,
            #[inline(always)]
            |from, count| {
                let at = first + from..first + from + count;
                let part = |values: &[f32]| load(simd, &values[at.clone()]);
                let (a, b) = (part(standard.0), part(standard.1));
                let (scale, shift) = (part(affine.0), part(affine.1));
                let zero = simd.splat_f32s(0.0);
                let (mut sum, mut product) = (zero, zero);
                let positions = self.g.chunks_exact_mut(channels).zip(x.chunks_exact(width));
                for (g, x) in positions {
                    let (g, x) = (&mut g[at.clone()], load(simd, &x[from..from + count]));
                    let mut value = load(simd, g);
                    match self.normed.activation {
                        None => {}
                        Some(Activation::Silu | Activation::Swish) => {
                            let z = mul_add(simd, x, scale, shift);
                            value = simd.mul_f32s(value, silu_slope(simd, z));
                            store(simd, g, value);
                        }
                        Some(other) => {
                            store(simd, g, mul_add(simd, x, scale, shift));
                            for z in &mut *g {
                                *z = activation_slope(other, *z);
                            }
                            value = simd.mul_f32s(value, load(simd, g));
                            store(simd, g, value);
                        }
                    }
                    sum = simd.add_f32s(sum, value);
                    product = mul_add(simd, value, mul_add(simd, x, a, b), product);
                }
                store(simd, &mut self.sums[at.clone()], sum);
                store(simd, &mut self.sums[channels..][at], product);
            },
        );
    }

    /// p, q and r of dx = p g + q x + r.
    fn fit(&mut self) {
        let channels = self.norm.channels;
        let (a, b) = self.normed.standard.row(self.row);
        let (scale, _) = self.normed.affine.row(self.row);
        let (sums, products) = self.sums.split_at(channels);
        let (p, rest) = self.factors.split_at_mut(channels);
        let (q, r) = rest.split_at_mut(channels);
        let share = channels / self.norm.groups;
        let count = (share * self.sources[0].shape.positions()) as f64;
        for first in (0..channels).step_by(share) {
            let at = first..first + share;
            let mean = |sums: &[f32]| {
                let term = |c| f64::from(scale[c]) / f64::from(a[c]) * f64::from(sums[c]);
                at.clone().map(term).sum::<f64>() / count
            };
            let (mean_g, mean_gx) = (mean(sums), mean(products));
            for c in at.clone() {
                let (a, b) = (f64::from(a[c]), f64::from(b[c]));
                p[c] = scale[c];
                q[c] = to_f32(-a * a * mean_gx);
                r[c] = to_f32(-a * (mean_g + b * mean_gx));
            }
        }
    }

    /// dx of one source, and Σ dx.
    #[inline(always)]
    fn write<S: Simd>(&mut self, simd: S, index: usize, x: &[f32], first: usize) {
        let channels = self.norm.channels;
        let width = self.sources[index].shape.channels;
        let (p, rest) = self.factors.split_at(channels);
        let (q, r) = rest.split_at(channels);
        vectors::<S>(
            width,
            #[inline(always)]
            |from, count| {
                let at = first + from..first + from + count;
                let part = |values: &[f32]| load(simd, &values[at.clone()]);
                let (p, q, r) = (part(p), part(q), part(r));
                let mut sum = simd.splat_f32s(0.0);
                if let Some(dx) = self.dx.0.get_mut(index) {
                    let positions = self.g.chunks_exact(channels).zip(x.chunks_exact(width));
                    for (dx, (g, x)) in dx.chunks_exact_mut(width).zip(positions) {
                        let dx = &mut dx[from..from + count];
                        let rest = mul_add(simd, q, load(simd, &x[from..from + count]), r);
                        let value = mul_add(simd, p, load(simd, &g[at.clone()]), rest);
                        sum = simd.add_f32s(sum, value);
                        store(simd, dx, simd.add_f32s(value, load(simd, dx)));
                    }
                } else {
                    for (g, x) in self.g.chunks_exact_mut(channels).zip(x.chunks_exact(width)) {
                        let rest = mul_add(simd, q, load(simd, &x[from..from + count]), r);
                        let value = mul_add(simd, p, load(simd, &g[at.clone()]), rest);
                        sum = simd.add_f32s(sum, value);
                        store(simd, &mut g[at.clone()], value);
                    }
                }
                store(simd, &mut self.sums[2 * channels..][at.clone()], sum);
            },
        );
    }
}

#[cfg(test)]
mod tests;
