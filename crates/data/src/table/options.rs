//! How tables are read, where there is a choice.

use super::Schema;

/// How a table with commas is read, where there is a choice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TableOptions {
    /// What columns are, where the cells shall not decide.
    pub schema: Schema,
    /// What empty cells are.
    pub missing: Missing,
    /// Whether columns of words that nearly all differ, as names of rows do, are learned as categories.
    pub keep_ids: bool,
    /// Columns that are left out without a word.
    pub ignored: Vec<String>,
}

/// What empty cells of a table are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Missing {
    /// One more state of their column: samples have about as many.
    #[default]
    Learn,
    /// A reason to leave the row out.
    Drop,
    /// A reason to refuse the table.
    Refuse,
}
