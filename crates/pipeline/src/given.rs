//! What is given of samples: the rest is to be drawn.

use std::ops::Range;

use ancestral::Batch;
use ancestral::inpainting::Known;

/// What is given of samples: in model space for the sampler, and of tables also as it was given. A
/// value that is standardised as f32 and converted back would have other last digits.
#[derive(Clone, Debug, PartialEq)]
pub struct Given {
    known: Known,
    cells: Option<Cells>,
}

/// Values in the data's own units, a row after the other: one row for all samples, or one a sample.
#[derive(Clone, Debug, PartialEq)]
struct Cells(Vec<Option<f64>>);

impl From<Known> for Given {
    fn from(known: Known) -> Self {
        Self { known, cells: None }
    }
}

impl Given {
    /// Of a table: `values` are the data of `known` in their own units, `mask` is its mask. Each of them
    /// is one row for all samples, or one a sample.
    pub(crate) fn of_table(known: Known, values: &[f64], mask: &Batch) -> Self {
        let count = known.rows().unwrap_or(1) * mask.row_len();
        let cells = values.iter().cycle().zip(mask.data().iter().cycle()).take(count);
        let cells = cells.map(|(value, share)| Some(*value).filter(|_| *share == 1.0));
        Self { known, cells: Some(Cells(cells.collect())) }
    }

    /// Shape of a row.
    #[must_use]
    pub fn row_shape(&self) -> &[usize] {
        self.known.row_shape()
    }

    /// How many samples it is for: `None` if one row stands for all.
    #[must_use]
    pub fn rows(&self) -> Option<usize> {
        self.known.rows()
    }

    /// The same for the sampler: what is known of the samples `range`.
    pub(crate) fn known(&self, range: Range<usize>) -> Known {
        self.known.slice(range)
    }

    /// The values of the cells of the samples `range`, in the data's own units, a row after the other;
    /// empty if nothing is given so.
    pub(crate) fn cells(&self, range: Range<usize>) -> Vec<Option<f64>> {
        let Some(Cells(cells)) = &self.cells else { return Vec::new() };
        let len: usize = self.row_shape().iter().product();
        match self.rows() {
            None => cells.repeat(range.len()),
            Some(_) => cells[range.start * len..range.end * len].to_vec(),
        }
    }
}
