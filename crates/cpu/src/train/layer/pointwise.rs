//! A linear layer over the channels of each position: a 1 × 1 convolution.

use crate::gemm::{self, Columns, Left, Packed, Product, Store, lanes, packed_len};
use crate::parameters::{Parameters, Place};
use crate::pointwise::positions_at_once;
use crate::threads::prelude::*;
use crate::tiles::{self, Strided, Sum, Tiles};
use crate::train::run::Run;
use crate::train::tree;

/// A linear layer whose weights change.
///
/// # Formula
/// ```text
/// y = x Wᵀ + b,     dx = dy W,     dW = Σ dyᵀ x,     db = Σ dy
/// ```
/// # Shapes
/// W: `[to, from]`; x and y: rows of as many values, a source after the other if there are several.
#[derive(Debug)]
pub(crate) struct Pointwise {
    weight: Place,
    bias: Place,
    from: usize,
    to: usize,
    /// What computes its products, if they are in bf16.
    tiles: Option<Tiles>,
}

/// Rows of so many columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rows<'a> {
    pub data: &'a [f32],
    pub columns: usize,
}

impl<'a> Rows<'a> {
    /// The values of some of them, and how many of a row.
    fn some(self, first: usize, count: usize) -> (&'a [f32], usize) {
        (&self.data[first * self.columns..][..count * self.columns], self.columns)
    }
}

/// Positions whose products are added before the result is written.
const TERMS: usize = 512;

/// The columns of the input that one of several sources has: the first, and how many.
type Part = (usize, usize);

impl Pointwise {
    pub(crate) fn new(named: &mut Parameters<'_>, from: usize, to: usize) -> Self {
        Self::convolution(named, from, to, &[to, from])
    }

    /// One whose weights are stored as those of a 1 × 1 convolution.
    pub(crate) fn one_by_one(named: &mut Parameters<'_>, from: usize, to: usize) -> Self {
        Self::convolution(named, from, to, &[to, from, 1, 1])
    }

    fn convolution(named: &mut Parameters<'_>, from: usize, to: usize, shape: &[usize]) -> Self {
        let (weight, bias) = (named.place("weight", shape), named.place("bias", &[to]));
        Self { weight, bias, from, to, tiles: None }
    }

    /// The same for many rows: on tiles, if there are any and it is worth them.
    pub(crate) fn for_many(self, named: &Parameters<'_>) -> Self {
        Self { tiles: named.tiles(self.from, self.to), ..self }
    }

    pub(crate) fn columns(&self) -> usize {
        self.to
    }

    /// Maps the rows of `sources`, side by side, into `out`, and adds `residual`, if it is not empty,
    /// times `scale`.
    pub(crate) fn forward(
        &self,
        run: Run<'_>,
        sources: &[Rows<'_>],
        (residual, scale): (&[f32], f32),
        out: &mut [f32],
    ) {
        let weight = self.weight.of(run.weights);
        if let Some(tiles) = self.tiles {
            let columns: Vec<usize> = sources.iter().map(|source| source.columns).collect();
            let linear = tiles::Linear::new(tiles, weight, self.to, &columns, run.arena);
            let offset = self.bias.of(run.weights);
            let store = Store { offset, residual, scale, ..Store::PLAIN };
            multiply_on_tiles(run, sources, linear, store, out);
            return;
        }
        let last = sources.len() - 1;
        debug_assert!(last == 0 || scale == 1.0, "one source, or no scale");
        let mut right = run.arena.take_packed(self.from * packed_len(self.to, lanes()));
        for (index, (source, (first, count))) in parts(sources).enumerate() {
            right.fill_transposed(count, self.to, weight, |n| n * self.from + first);
            let store = Store {
                offset: if index == last { self.bias.of(run.weights) } else { &[] },
                residual: if index == last { residual } else { &[] },
                scale: if index == last { scale } else { 1.0 },
                accumulate: index > 0,
                ..Store::PLAIN
            };
            multiply(source, &right, self.to, store, out);
        }
        run.arena.give_packed(right);
    }

    /// The gradient of one source, from that of the output; added to what is in `dx`, or put there.
    pub(crate) fn input_gradient(
        &self,
        run: Run<'_>,
        dy: &[f32],
        (first, count): Part,
        accumulate: bool,
        dx: &mut [f32],
    ) {
        let weight = self.weight.of(run.weights);
        let (dy, store) =
            (Rows { data: dy, columns: self.to }, Store { accumulate, ..Store::PLAIN });
        if let Some(tiles) = self.tiles {
            let linear = tiles::Linear::adjoint(tiles, weight, self.to, (first, count), run.arena);
            return multiply_on_tiles(run, &[dy], linear, store, dx);
        }
        let mut right = run.arena.take_packed(self.to * packed_len(count, lanes()));
        right.fill_rows(self.to, count, weight, |k| k * self.from + first);
        multiply(dy, &right, count, store, dx);
        run.arena.give_packed(right);
    }

    /// Writes the gradients of weights and bias; `each` positions belong to a row of the batch.
    pub(crate) fn parameter_gradients(
        &self,
        run: Run<'_>,
        sources: &[Rows<'_>],
        dy: &[f32],
        each: usize,
        gradients: &mut [f32],
    ) {
        let Self { from, to, .. } = *self;
        let rows = dy.len() / (each * to);
        let mut sums = run.arena.take(to * from + to);
        tree::sum(run.leaves(rows), &mut sums, run.arena, &|leaf, out: &mut [f32]| {
            let at = run.rows_of(leaf, rows);
            let (first, count) = (at.start * each, at.len() * each);
            let (weight, bias) = out.split_at_mut(to * from);
            let dy = &dy[first * to..][..count * to];
            for (source, part) in parts(sources) {
                let source = &source.data[first * part.1..][..count * part.1];
                self.leaf(run, source, part, dy, weight);
            }
            crate::train::column_sums(dy, bias);
        });
        let (weight, bias) = sums.split_at(to * from);
        self.weight.of_mut(gradients).copy_from_slice(weight);
        self.bias.of_mut(gradients).copy_from_slice(bias);
        run.arena.give(sums);
    }

    /// dW of one leaf and one source.
    fn leaf(&self, run: Run<'_>, x: &[f32], (first, count): Part, dy: &[f32], out: &mut [f32]) {
        let Self { from, to, .. } = *self;
        if let Some(tiles) = self.tiles {
            let rows = dy.len() / to;
            let left = Strided { data: dy, rows, start: |row| row * to, width: to };
            let right = Strided { data: x, rows, start: |row| row * count, width: count };
            let sum = Sum { out, stride: from, first, accumulate: false };
            return tiles::outer(tiles, left, right, sum, run.arena);
        }
        let alone = count == from;
        let terms = TERMS.min(x.len() / count);
        let mut right = run.arena.take_packed(terms * packed_len(count, lanes()));
        let mut part = run.arena.take(if alone { 0 } else { to * count });
        let target = if alone { &mut *out } else { &mut part };
        for (index, (x, dy)) in x.chunks(TERMS * count).zip(dy.chunks(TERMS * to)).enumerate() {
            let columns = x.len() / count;
            right.fill_rows(columns, count, x, |k| k * count);
            let left = Columns { data: dy, rows: to, count: columns, start: |k| k * to };
            let store = Store { accumulate: index > 0, ..Store::PLAIN };
            Product { left, right: right.right(), out: target, store }.run();
        }
        if !alone {
            for (out, part) in out.chunks_exact_mut(from).zip(part.chunks_exact(count)) {
                out[first..first + count].copy_from_slice(part);
            }
        }
        run.arena.give(part);
        run.arena.give_packed(right);
    }
}

/// Each source with its part of the columns.
fn parts<'a>(sources: &'a [Rows<'a>]) -> impl Iterator<Item = (Rows<'a>, Part)> {
    sources.iter().scan(0, |first, source| {
        let part = (*first, source.columns);
        *first += source.columns;
        Some((*source, part))
    })
}

/// The product of rows, in pieces.
fn multiply(left: Rows<'_>, right: &Packed, to: usize, store: Store<'_>, out: &mut [f32]) {
    let together = positions_at_once(out.len() / to, gemm::ROWS);
    let pieces = out.par_chunks_mut(together * to).enumerate().with_max_len(1);
    pieces.for_each(|(i, out)| {
        let data = &left.data[i * together * left.columns..][..out.len() / to * left.columns];
        let residual = match store.residual {
            [] => &[][..],
            residual => &residual[i * together * to..][..out.len()],
        };
        let left = Left::matrix(data, left.columns);
        Product { left, right: right.right(), out, store: Store { residual, ..store } }.run();
    });
}

/// The product of rows of sources, in pieces; gives the memory of the layer back.
fn multiply_on_tiles(
    run: Run<'_>,
    sources: &[Rows<'_>],
    linear: tiles::Linear,
    store: Store<'_>,
    out: &mut [f32],
) {
    let to = linear.columns();
    let together = positions_at_once(out.len() / to, tiles::ROWS);
    let pieces = out.par_chunks_mut(together * to).enumerate().with_max_len(1);
    pieces.for_each(|(i, out)| {
        let rows = out.len() / to;
        let sources: Vec<_> =
            sources.iter().map(|source| source.some(i * together, rows)).collect();
        let residual = match store.residual {
            [] => &[][..],
            residual => &residual[i * together * to..][..out.len()],
        };
        linear.run(&sources, out, Store { residual, ..store }, run.arena);
    });
    linear.give(run.arena);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::map::Arena;
    use crate::parameters::requested_on;
    use crate::tiles::tests::{all, amx, rounded};
    use crate::train::check::{assert_near, assert_same_for_any_threads, to_f64, wave};

    /// Rows that a layer maps.
    #[derive(Clone, Copy, Debug)]
    struct Linear {
        rows: usize,
        from: usize,
        to: usize,
    }

    fn cases() -> impl Iterator<Item = (Linear, [Vec<f32>; 3])> {
        let shapes = [(7, 5, 3), (300, 33, 17), (64, 16, 128), (1, 600, 20), (520, 50, 1)];
        shapes.into_iter().map(|(rows, from, to)| {
            let values = [wave(rows * from, 0.1), wave(to * from, 0.2), wave(rows * to, 0.3)];
            (Linear { rows, from, to }, values)
        })
    }

    /// a b, where a has `rows` and b has `columns`.
    fn product(
        [rows, terms, columns]: [usize; 3],
        a: impl Fn(usize, usize) -> f64,
        b: impl Fn(usize, usize) -> f64,
    ) -> Vec<f64> {
        let element = |i: usize| (0..terms).map(|k| a(i / columns, k) * b(k, i % columns)).sum();
        (0..rows * columns).map(element).collect()
    }

    /// y, dx, dw and db, of two sources side by side, with leaves of 100 rows.
    fn computed(
        tiles: Option<Tiles>,
        linear: &Linear,
        [x, w, dy]: &[Vec<f32>; 3],
    ) -> [Vec<f32>; 4] {
        let Linear { from, to, .. } = *linear;
        let new = |named: &mut Parameters<'_>| Pointwise::new(named, from, to).for_many(named);
        let (layer, _) = requested_on(tiles, new);
        let weights = [&w[..], &wave(to, 0.4)].concat();
        let arena = Arena::new();
        let run = Run { weights: &weights, leaf: 100, arena: &arena };
        let part = |first: usize, count: usize| {
            x.chunks_exact(from).flat_map(|row| row[first..first + count].to_vec()).collect()
        };
        let widths = if from == 1 { vec![1] } else { vec![from / 3, from - from / 3] };
        let firsts = [0, widths[0]];
        let values: Vec<Vec<f32>> =
            widths.iter().zip(firsts).map(|(count, first)| part(first, *count)).collect();
        let sources: Vec<Rows<'_>> = values
            .iter()
            .zip(&widths)
            .map(|(data, columns)| Rows { data, columns: *columns })
            .collect();
        let mut y = vec![f32::NAN; dy.len()];
        layer.forward(run, &sources, (dy, 1.0), &mut y);
        let mut dx = vec![f32::NAN; x.len()];
        for (count, first) in widths.iter().zip(firsts) {
            let mut part = vec![1.0; linear.rows * count];
            layer.input_gradient(run, dy, (first, *count), false, &mut part);
            for (dx, part) in dx.chunks_exact_mut(from).zip(part.chunks_exact(*count)) {
                dx[first..first + count].copy_from_slice(part);
            }
        }
        let mut gradients = vec![f32::NAN; weights.len()];
        layer.parameter_gradients(run, &sources, dy, 1, &mut gradients);
        let db = gradients.split_off(w.len());
        [y, dx, gradients, db]
    }

    /// Compares with the formulas; what is in bf16 is that of rounded factors.
    fn check(tiles: Option<Tiles>) {
        for (linear, values) in cases() {
            let Linear { rows, from, to } = linear;
            let tiles = tiles.and_then(|tiles| tiles.worth(from, to));
            let [y, dx, dw, db] = computed(tiles, &linear, &values);
            let [residual, dy] = [&values[2]; 2].map(|values| to_f64(values));
            let expected = product([1, rows, to], |_, _| 1.0, |k, j| dy[k * to + j]);
            assert_near(&format!("db {linear:?}"), &db, &expected, 4e-6);
            let [x, w, dy] = values.map(|values| {
                let factor = |x: f32| if tiles.is_some() { rounded(x) } else { x };
                to_f64(&values.into_iter().map(factor).collect::<Vec<_>>())
            });
            let mut expected =
                product([rows, from, to], |i, k| x[i * from + k], |k, j| w[j * from + k]);
            for (i, y) in expected.iter_mut().enumerate() {
                *y += f64::from(wave(to, 0.4)[i % to]) + residual[i];
            }
            assert_near(&format!("y {linear:?}"), &y, &expected, 2e-6);
            let expected = product([rows, to, from], |i, k| dy[i * to + k], |k, j| w[k * from + j]);
            assert_near(&format!("dx {linear:?}"), &dx, &expected, 2e-6);
            let expected = product([to, rows, from], |i, k| dy[k * to + i], |k, j| x[k * from + j]);
            assert_near(&format!("dw {linear:?}"), &dw, &expected, 4e-6);
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_the_formulas() {
        check(None);
    }

    #[test]
    fn in_bf16_they_are_those_of_rounded_factors() {
        for tiles in all() {
            check(Some(tiles));
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for tiles in all().into_iter().map(Some).chain([None]) {
            for (linear, values) in cases() {
                let run = || computed(tiles, &linear, &values).concat();
                assert_same_for_any_threads(&format!("{linear:?}"), run);
            }
        }
    }

    #[test]
    fn the_tiles_of_the_cpu_give_the_bits_of_vectors() {
        let Some(amx) = amx() else { return };
        for (linear, values) in cases() {
            let [hard, soft] =
                [amx, Tiles::Soft].map(|tiles| computed(Some(tiles), &linear, &values));
            assert!(hard == soft, "{linear:?}");
        }
    }
}
