//! What attention does with queries, keys and values.

use crate::arch::arch;
use crate::attention::{Narrow, NarrowBackward, is_narrow, softmax};
use crate::conv::MOST_LANES;
use crate::gemm::{Columns, Left, Product, Store, lanes, packed_len};
use crate::map::{Arena, Buffer};
use crate::round::to_f32;
use crate::threads::prelude::*;
use crate::tiles::{self, Strided, Sum, Tiles};

/// Multi-head attention between the positions of each row.
///
/// # Formula
/// ```text
/// p = softmax(q kᵀ/√width),   y = p v          for each head of each row
/// ```
/// # Shapes
/// q, k, v, y: `[rows, positions, heads, width]`.
/// # Source
/// Vaswani et al. 2017, arXiv:1706.03762, eq. 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mix {
    /// Rows.
    pub rows: usize,
    /// Positions of a row.
    pub positions: usize,
    /// Heads.
    pub heads: usize,
    /// Channels of a head.
    pub width: usize,
    /// What multiplies queries, keys and values, if they are wide enough for tiles.
    pub tiles: Option<Tiles>,
}

impl Mix {
    /// Mixes the values by the scores.
    ///
    /// # Panics
    /// If the length of a slice does not match its shape.
    pub(crate) fn forward(&self, [q, k, v]: [&[f32]; 3], out: &mut [f32], arena: &Arena) {
        self.check([q, k, v, out]);
        let size = self.row();
        out.par_chunks_exact_mut(size).enumerate().for_each(|(row, out)| {
            let [q, k, v] = [q, k, v].map(|x| &x[row * size..][..size]);
            if self.is_narrow() {
                return self.narrow([q, k, v], out, arena);
            }
            for head in 0..self.heads {
                if let Some(tiles) = self.tiles {
                    self.on_tiles(tiles, [q, k, v], head, out, arena);
                    continue;
                }
                let p = self.scores(q, k, head, arena);
                let mut values =
                    arena.take_packed(self.positions * packed_len(self.width, lanes()));
                values.fill_rows(self.positions, self.width, v, |i| self.at(i, head));
                let left = Left::matrix(&p, self.positions);
                let mut part = arena.take(self.positions * self.width);
                Product { left, right: values.right(), out: &mut part, store: Store::PLAIN }.run();
                self.put(&part, head, out);
                arena.give_packed(values);
                arena.give(part);
                arena.give(p);
            }
        });
    }

    /// The gradients of q, k and v, from the output and its gradient.
    ///
    /// # Formula
    /// ```text
    /// dv = pᵀ dy,   dp = dy vᵀ,   ds = p ⊙ (dp − Σ_columns p ⊙ dp)/√width
    /// dq = ds k,    dk = dsᵀ q
    /// ```
    ///
    /// # Panics
    /// If the length of a slice does not match its shape.
    pub(crate) fn backward(
        &self,
        [q, k, v, y]: [&[f32]; 4],
        dy: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
        arena: &Arena,
    ) {
        self.check([q, k, v, dy]);
        assert_eq!(y.len(), dy.len(), "values of the output");
        self.check([&*dq, &*dk, &*dv, dy]);
        let size = self.row();
        let room = dq.par_chunks_exact_mut(size).zip(dk.par_chunks_exact_mut(size));
        let room = room.zip(dv.par_chunks_exact_mut(size));
        room.enumerate().for_each(|(row, ((dq, dk), dv))| {
            let [q, k, v, y, dy] = [q, k, v, y, dy].map(|x| &x[row * size..][..size]);
            if self.is_narrow() {
                let mut room = arena.take(NarrowBackward::room(self.positions));
                let Self { heads, width, .. } = *self;
                arch().dispatch(NarrowBackward {
                    values: [q, k, v, y, dy],
                    heads,
                    width,
                    scale: self.scale(),
                    gradients: [dq, dk, dv],
                    room: &mut room,
                });
                return arena.give(room);
            }
            let values = [q, k, v, dy];
            for head in 0..self.heads {
                let gradients = [&mut *dq, &mut *dk, &mut *dv];
                match self.tiles {
                    Some(tiles) => self.gradients_on_tiles(tiles, values, head, gradients, arena),
                    None => self.gradients(values, head, gradients, arena),
                }
            }
        });
    }

    fn is_narrow(&self) -> bool {
        is_narrow(self.heads, self.heads * self.width)
    }

    /// Mixes the values of one row.
    fn narrow(&self, projected: [&[f32]; 3], mixed: &mut [f32], arena: &Arena) {
        let Self { positions, heads, width, .. } = *self;
        let mut scores = arena.take(positions * MOST_LANES);
        arch().dispatch(Narrow {
            projected,
            stride: heads * width,
            positions,
            heads,
            width,
            scale: self.scale(),
            first: 0,
            mixed,
            scores: &mut scores,
        });
        arena.give(scores);
    }

    /// The gradients of one head of one row.
    fn gradients(
        &self,
        [q, k, v, dy]: [&[f32]; 4],
        head: usize,
        [dq, dk, dv]: [&mut [f32]; 3],
        arena: &Arena,
    ) {
        let Self { positions, width, .. } = *self;
        let start = |k: usize| k * positions;
        let largest = positions.max(width) * packed_len(positions.max(width), lanes());
        let mut right = arena.take_packed(largest);
        let mut part = arena.take(positions * width);
        let p = self.scores(q, k, head, arena);

        right.fill_rows(positions, width, dy, |i| self.at(i, head));
        let transposed = Columns { data: &p, rows: positions, count: positions, start };
        Product { left: transposed, right: right.right(), out: &mut part, store: Store::PLAIN }
            .run();
        self.put(&part, head, dv);

        right.fill_transposed(width, positions, v, |n| self.at(n, head));
        let mut ds = arena.take(positions * positions);
        let left = self.left(dy, head);
        Product { left, right: right.right(), out: &mut ds, store: Store::PLAIN }.run();
        self.through_softmax(&p, &mut ds);

        right.fill_rows(positions, width, k, |i| self.at(i, head));
        let left = Left::matrix(&ds, positions);
        Product { left, right: right.right(), out: &mut part, store: Store::PLAIN }.run();
        self.put(&part, head, dq);

        right.fill_rows(positions, width, q, |i| self.at(i, head));
        let transposed = Columns { data: &ds, rows: positions, count: positions, start };
        Product { left: transposed, right: right.right(), out: &mut part, store: Store::PLAIN }
            .run();
        self.put(&part, head, dk);

        arena.give_packed(right);
        for buffer in [part, p, ds] {
            arena.give(buffer);
        }
    }

    /// ds of dp.
    fn through_softmax(&self, p: &[f32], ds: &mut [f32]) {
        let (positions, scale) = (self.positions, self.scale());
        for (ds, p) in ds.chunks_exact_mut(positions).zip(p.chunks_exact(positions)) {
            let terms = ds.iter().zip(p).map(|(dp, p)| f64::from(*dp) * f64::from(*p));
            let mean = to_f32(terms.sum());
            ds.iter_mut().zip(p).for_each(|(dp, p)| *dp = p * (*dp - mean) * scale);
        }
    }

    /// Mixes the values of one head of one row on tiles.
    fn on_tiles(
        &self,
        tiles: Tiles,
        [q, k, v]: [&[f32]; 3],
        head: usize,
        out: &mut [f32],
        arena: &Arena,
    ) {
        let strided = |data| self.strided(data, head);
        let packed = tiles::Head::pack(tiles, strided(k), strided(v), arena);
        let p = self.scores_on_tiles(&packed, q, head, arena);
        let mut part = arena.take(self.positions * self.width);
        packed.mixed(&p, &mut part, arena);
        self.put(&part, head, out);
        packed.give(arena);
        arena.give(part);
        arena.give(p);
    }

    /// The gradients of one head of one row on tiles.
    fn gradients_on_tiles(
        &self,
        tiles: Tiles,
        [q, k, v, dy]: [&[f32]; 4],
        head: usize,
        [dq, dk, dv]: [&mut [f32]; 3],
        arena: &Arena,
    ) {
        let Self { positions, width, heads, .. } = *self;
        let strided = |data| self.strided(data, head);
        // Scores by the keys, dq by their rows; dp by the values as if they were keys.
        let by_keys = tiles::Head::pack(tiles, strided(k), strided(k), arena);
        let by_values = tiles::Head::pack(tiles, strided(v), strided(v), arena);
        let p = self.scores_on_tiles(&by_keys, q, head, arena);
        let mut ds = arena.take(positions * positions);
        by_values.scores(strided(dy), 1.0, &mut ds, arena);
        self.through_softmax(&p, &mut ds);
        let mut part = arena.take(positions * width);
        by_keys.mixed(&ds, &mut part, arena);
        self.put(&part, head, dq);
        let across = |data| Strided {
            data,
            rows: positions,
            start: move |row: usize| row * positions,
            width: positions,
        };
        let outer = |left, right, out| {
            let first = head * width;
            let sum = Sum { out, stride: heads * width, first, accumulate: false };
            tiles::outer(tiles, across(left), strided(right), sum, arena);
        };
        outer(&p, dy, dv);
        outer(&ds, q, dk);
        by_keys.give(arena);
        by_values.give(arena);
        for buffer in [part, p, ds] {
            arena.give(buffer);
        }
    }

    /// p of one head of one row, by its packed keys.
    fn scores_on_tiles(&self, keys: &tiles::Head, q: &[f32], head: usize, arena: &Arena) -> Buffer {
        let mut p = arena.take(self.positions * self.positions);
        keys.scores(self.strided(q, head), self.scale(), &mut p, arena);
        softmax(&mut p, self.positions);
        p
    }

    /// The positions of one head as rows.
    fn strided<'a>(
        &self,
        data: &'a [f32],
        head: usize,
    ) -> Strided<'a, impl Fn(usize) -> usize + Copy + Sync + use<'a>> {
        let this = *self;
        let start = move |row| this.at(row, head);
        Strided { data, rows: self.positions, start, width: self.width }
    }

    /// p of one head of one row.
    fn scores(&self, q: &[f32], k: &[f32], head: usize, arena: &Arena) -> Buffer {
        let positions = self.positions;
        let mut keys = arena.take_packed(self.width * packed_len(positions, lanes()));
        keys.fill_transposed(self.width, positions, k, |n| self.at(n, head));
        let mut p = arena.take(positions * positions);
        let store = Store { scale: self.scale(), ..Store::PLAIN };
        Product { left: self.left(q, head), right: keys.right(), out: &mut p, store }.run();
        softmax(&mut p, positions);
        arena.give_packed(keys);
        p
    }

    /// The positions of one head as rows.
    fn left<'a>(&self, data: &'a [f32], head: usize) -> Left<'a, impl Fn(usize) -> usize + Copy> {
        let this = *self;
        Left {
            data,
            rows: self.positions,
            start: move |row| this.at(row, head),
            segments: 1,
            stride: 0,
            length: self.width,
        }
    }

    /// Where a head of a position begins in its row.
    fn at(&self, position: usize, head: usize) -> usize {
        (position * self.heads + head) * self.width
    }

    /// Puts `[positions, width]` at the place of a head in a row.
    fn put(&self, part: &[f32], head: usize, out: &mut [f32]) {
        for (i, part) in part.chunks_exact(self.width).enumerate() {
            out[self.at(i, head)..][..self.width].copy_from_slice(part);
        }
    }

    fn row(&self) -> usize {
        self.positions * self.heads * self.width
    }

    fn scale(&self) -> f32 {
        to_f32(1.0 / (self.width as f64).sqrt())
    }

    fn check(&self, slices: [&[f32]; 4]) {
        let length = self.rows * self.row();
        assert_eq!(slices.map(<[f32]>::len), [length; 4], "values of q, k, v and the output");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiles::tests::{all, amx};
    use crate::train::check::{
        assert_is_gradient, assert_near, assert_same_for_any_threads, dot, to_f64, wave,
    };

    /// p of a position and head, and where its values are.
    fn scores(a: &Mix, q: &[f64], k: &[f64], row: usize, i: usize, head: usize) -> Vec<f64> {
        let at = |position: usize| row * a.row() + a.at(position, head);
        let score = |j: usize| {
            dot(&q[at(i)..][..a.width], &k[at(j)..][..a.width]) / (a.width as f64).sqrt()
        };
        let exponentials: Vec<f64> = (0..a.positions).map(|j| score(j).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        exponentials.into_iter().map(|e| e / sum).collect()
    }

    fn each(a: &Mix) -> impl Iterator<Item = (usize, usize, usize)> + use<> {
        let a = *a;
        let heads =
            move |row| (0..a.positions * a.heads).map(move |i| (row, i / a.heads, i % a.heads));
        (0..a.rows).flat_map(heads)
    }

    fn forward(a: &Mix, [q, k, v]: [&[f64]; 3]) -> Vec<f64> {
        let mut y = vec![0.0; q.len()];
        for (row, i, head) in each(a) {
            let at = |position: usize| row * a.row() + a.at(position, head);
            for (j, p) in scores(a, q, k, row, i, head).into_iter().enumerate() {
                (0..a.width).for_each(|c| y[at(i) + c] += p * v[at(j) + c]);
            }
        }
        y
    }

    fn gradients(a: &Mix, [q, k, v, dy]: [&[f64]; 4]) -> [Vec<f64>; 3] {
        let [mut dq, mut dk, mut dv] = [q, k, v].map(|x| vec![0.0; x.len()]);
        for (row, i, head) in each(a) {
            let at = |position: usize| row * a.row() + a.at(position, head);
            let p = scores(a, q, k, row, i, head);
            let dp: Vec<f64> = (0..a.positions)
                .map(|j| dot(&dy[at(i)..][..a.width], &v[at(j)..][..a.width]))
                .collect();
            for j in 0..a.positions {
                let ds = p[j] * (dp[j] - dot(&p, &dp)) / (a.width as f64).sqrt();
                for c in 0..a.width {
                    dq[at(i) + c] += ds * k[at(j) + c];
                    dk[at(j) + c] += ds * q[at(i) + c];
                    dv[at(j) + c] += p[j] * dy[at(i) + c];
                }
            }
        }
        [dq, dk, dv]
    }

    fn cases() -> impl Iterator<Item = (Mix, [Vec<f32>; 4])> {
        let shapes = [(2, 6, 2, 3), (3, 16, 8, 8), (1, 64, 1, 40), (2, 5, 1, 17)];
        shapes.into_iter().map(|(rows, positions, heads, width)| {
            let attention = Mix { rows, positions, heads, width, tiles: None };
            let values = [0.1, 0.2, 0.3, 0.4].map(|phase| wave(rows * attention.row(), phase));
            (attention, values)
        })
    }

    fn computed(attention: &Mix, [q, k, v, dy]: &[Vec<f32>; 4]) -> [Vec<f32>; 4] {
        let [mut y, mut dq, mut dk, mut dv] = [0; 4].map(|_| vec![f32::NAN; q.len()]);
        attention.forward([q, k, v], &mut y, &Arena::new());
        let mixed = y.clone();
        attention.backward([q, k, v, &mixed], dy, [&mut dq, &mut dk, &mut dv], &Arena::new());
        [y, dq, dk, dv]
    }

    #[test]
    fn the_reference_is_the_gradient_of_the_formula() {
        let (attention, values) = cases().next().unwrap();
        let [q, k, v, dy] = &values.map(|values| to_f64(&values));
        let [dq, dk, dv] = gradients(&attention, [q, k, v, dy]);
        let loss = |q: &[f64], k: &[f64], v: &[f64]| dot(&forward(&attention, [q, k, v]), dy);
        assert_is_gradient("dq", &dq, q, |q| loss(q, k, v));
        assert_is_gradient("dk", &dk, k, |k| loss(q, k, v));
        assert_is_gradient("dv", &dv, v, |v| loss(q, k, v));
    }

    /// Heads that are wide enough for tiles, on them.
    fn on_tiles(tiles: Tiles) -> impl Iterator<Item = (Mix, [Vec<f32>; 4])> {
        let wide = cases().filter(|(attention, _)| !attention.is_narrow());
        wide.map(move |(attention, values)| (Mix { tiles: Some(tiles), ..attention }, values))
    }

    /// Compares with the reference.
    fn check(cases: impl Iterator<Item = (Mix, [Vec<f32>; 4])>, tolerance: f64) {
        for (attention, values) in cases {
            let found = computed(&attention, &values);
            let [q, k, v, dy] = &values.map(|values| to_f64(&values));
            let [dq, dk, dv] = gradients(&attention, [q, k, v, dy]);
            let expected = [forward(&attention, [q, k, v]), dq, dk, dv];
            for ((what, found), expected) in
                ["y", "dq", "dk", "dv"].iter().zip(&found).zip(&expected)
            {
                assert_near(&format!("{what} {attention:?}"), found, expected, tolerance);
            }
        }
    }

    #[test]
    fn values_and_gradients_are_those_of_the_reference() {
        check(cases(), 3e-6);
    }

    #[test]
    fn in_bf16_they_are_near_those_of_the_reference() {
        for tiles in all() {
            // Two factors of each product are half of a 128th off at most, and dq and dk are a product
            // after two others.
            check(on_tiles(tiles), 3.0 * 2.0_f64.powi(-8));
        }
    }

    #[test]
    fn the_tiles_of_the_cpu_give_the_bits_of_vectors() {
        let Some(amx) = amx() else { return };
        for ((attention, values), (soft, _)) in on_tiles(amx).zip(on_tiles(Tiles::Soft)) {
            let [hard, soft] = [attention, soft].map(|mix| computed(&mix, &values));
            assert!(hard == soft, "{attention:?}");
        }
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bits() {
        for (attention, values) in cases().chain(all().into_iter().flat_map(on_tiles)) {
            let run = || computed(&attention, &values).concat();
            assert_same_for_any_threads(&format!("{attention:?}"), run);
        }
    }
}
