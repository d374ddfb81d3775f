//! Columns without a name, which may be left out.

use std::collections::HashSet;
use std::fmt;

/// What pandas calls a first column that had no name.
const BY_PANDAS: &str = "Unnamed: 0";

/// A column without a name, as far as it was read.
#[derive(Debug)]
pub(super) struct Nameless {
    /// Counted from 1.
    column: usize,
    is_empty: bool,
    is_index: bool,
    cells: HashSet<String>,
}

impl Nameless {
    /// Whether column `column` has no name, counted from 1.
    pub(super) fn is(column: usize, name: &str) -> bool {
        name.is_empty() || column == 1 && name == BY_PANDAS
    }

    pub(super) fn new(column: usize) -> Self {
        Self { column, is_empty: true, is_index: column == 1, cells: HashSet::new() }
    }

    pub(super) fn column(&self) -> usize {
        self.column
    }

    pub(super) fn add(&mut self, cell: &str) {
        self.is_empty &= cell.is_empty();
        let is_number = cell.parse::<f64>().is_ok();
        let names_a_row = !cell.is_empty() && (!is_number || cell.parse::<i64>().is_ok());
        self.is_index = self.is_index && names_a_row && self.cells.insert(cell.to_owned());
    }

    /// Whether nothing is lost without it: it is an index, as pandas and R write it, or empty.
    pub(super) fn can_go(&self) -> bool {
        self.is_index || self.is_empty
    }
}

impl fmt::Display for Nameless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, is_empty, .. } = self;
        if *is_empty {
            return write!(f, "left out column {column}, which has no name and no values");
        }
        write!(
            f,
            "left out column {column}, which has no name and looks like an index (name it to learn it)"
        )
    }
}
