//! What is given of samples: the rest is to be drawn.

use std::ops::Range;

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
struct Cells {
    values: Vec<Option<f64>>,
    columns: usize,
}

impl From<Known> for Given {
    fn from(known: Known) -> Self {
        Self { known, cells: None }
    }
}

impl Given {
    /// Of a table with so many columns: `values` has each cell that is given, in the data's own units; one row
    /// for all samples, or one a sample.
    pub(crate) fn of_table(known: Known, values: Vec<Option<f64>>, columns: usize) -> Self {
        Self { known, cells: Some(Cells { values, columns }) }
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
        let Some(Cells { values, columns }) = &self.cells else { return Vec::new() };
        match self.rows() {
            None => values.repeat(range.len()),
            Some(_) => values[range.start * columns..range.end * columns].to_vec(),
        }
    }
}
