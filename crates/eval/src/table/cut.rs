//! Rows of a table, cut into columns.

use ancestral_data::Columns;
use ancestral_pipeline::Batch;

/// A table, column by column; NaN is a hole.
#[derive(Debug)]
pub(super) struct Cut(pub(super) Vec<Vec<f64>>);

impl Cut {
    pub(super) fn new(columns: &Columns, batches: &[Batch]) -> Self {
        let mut cut = vec![Vec::new(); columns.len()];
        for batch in batches {
            for row in columns.from_model_rows(batch.data()).chunks_exact(columns.len()) {
                cut.iter_mut().zip(row).for_each(|(column, value)| column.push(*value));
            }
        }
        Self(cut)
    }

    pub(super) fn rows(&self) -> usize {
        self.0[0].len()
    }

    /// The cells of a column that are not empty.
    pub(super) fn present(&self, column: usize) -> Vec<f64> {
        self.0[column].iter().copied().filter(|value| !value.is_nan()).collect()
    }

    pub(super) fn share_of_holes(&self, column: usize) -> f64 {
        self.share(column, f64::is_nan)
    }

    pub(super) fn share(&self, column: usize, is: impl Fn(f64) -> bool) -> f64 {
        let values = &self.0[column];
        values.iter().filter(|value| is(**value)).count() as f64 / values.len() as f64
    }

    /// `count` rows, spread evenly over all, with some of the columns, one row after another. A hole is less
    /// than every value.
    pub(super) fn features(&self, count: usize, columns: &[usize]) -> Vec<f64> {
        let rows = self.rows();
        let place = |i: usize| i * rows / count.min(rows);
        let value = |value: f64| if value.is_nan() { f64::MIN } else { value };
        let row = |i: usize| columns.iter().map(move |column| value(self.0[*column][place(i)]));
        (0..count.min(rows)).flat_map(row).collect()
    }

    /// The same rows without those that lack the cell `target`, and these cells.
    pub(super) fn predictable(
        &self,
        count: usize,
        columns: &[usize],
        target: usize,
    ) -> (Vec<f64>, Vec<f64>) {
        let (rows, targets) = (self.features(count, columns), self.features(count, &[target]));
        let rows = rows.chunks_exact(columns.len()).zip(targets);
        let (rows, targets): (Vec<&[f64]>, Vec<f64>) =
            rows.filter(|(_, target)| *target > f64::MIN).unzip();
        (rows.concat(), targets)
    }

    /// A row as bits: equal rows have equal ones.
    pub(super) fn bits(&self, row: usize) -> Vec<u64> {
        // Every hole is the same NaN, and 0 has no sign.
        let bits = |value: f64| if value.is_nan() { u64::MAX } else { (value + 0.0).to_bits() };
        self.0.iter().map(|column| bits(column[row])).collect()
    }
}
