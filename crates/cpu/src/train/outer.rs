//! Products of two tall matrices, summed over their rows: the gradients of weights.

use rayon::prelude::*;

use super::SCRATCH;
use crate::gemm::{Columns, Packed, Product, Store};

/// Rows whose products are added before the result is written.
const TERMS: usize = 256;

/// Rows of the result that are one piece of work.
const ROWS: usize = 48;

/// The right sides of parts of the sum.
pub(super) struct Parts {
    rights: Vec<Packed>,
    columns: usize,
}

impl Parts {
    /// Of a matrix with so many columns.
    pub(super) fn pack(data: &[f32], columns: usize) -> Self {
        let pack = |data: &[f32]| {
            let mut right = SCRATCH.take_packed(0);
            right.fill_rows(data.len() / columns, columns, data, |k| k * columns);
            right
        };
        Self { rights: data.par_chunks(TERMS * columns).map(pack).collect(), columns }
    }

    /// `out[m, n] = Σ_k left[starts[k] + m] right[k, n]`, parts in their order.
    pub(super) fn product(&self, left: &[f32], starts: &[usize], out: &mut [f32]) {
        let columns = self.columns;
        out.par_chunks_mut(ROWS * columns).enumerate().for_each(|(block, out)| {
            let (data, rows) = (&left[block * ROWS..], out.len() / columns);
            let parts = self.rights.iter().zip(starts.chunks(TERMS));
            for (part, (right, starts)) in parts.enumerate() {
                let store = Store { accumulate: part > 0, ..Store::PLAIN };
                let left =
                    Columns { data, rows, columns: starts.len(), start: |k: usize| starts[k] };
                Product { left, right: right.right(), out, store }.run();
            }
        });
    }

    /// Gives the memory back.
    pub(super) fn give(self) {
        self.rights.into_iter().for_each(|right| SCRATCH.give_packed(right));
    }
}
