//! Why a file is not a table.

use super::{SheetError, TableError};
use std::fmt;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// More characters of a cell than this are not shown.
const MAX_SHOWN: usize = 40;

/// Why a CSV file was not read as a table. Columns, rows and lines are counted from 1, rows below the
/// header.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The file system refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
    /// A byte is no text.
    #[error(
        "{} is not a CSV file in UTF-8: line {line} holds the byte {byte:#04x}{}",
        path.display(), encoding(*line, *byte)
    )]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The byte: 0, or one that is not UTF-8.
        byte: u8,
    },
    /// There is nothing but blank lines.
    #[error("{} is empty: a header with column names is expected", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// There is a header and no row.
    #[error("{} has a header but no rows", path.display())]
    NoRows {
        /// The file.
        path: PathBuf,
    },
    /// The first row is numbers.
    #[error(
        "{}: the first row holds numbers only ({first:?} …), but a header with column names is \
         expected: put a line of names above it, or if these are the names, a letter before each",
        path.display()
    )]
    NoHeader {
        /// The file.
        path: PathBuf,
        /// The first cell.
        first: String,
    },
    /// A column has no name, and may be more than an index.
    #[error(
        "{}: column {column} has no name in the header: name it, or leave the column out (an index of \
         pandas: to_csv(…, index=False))",
        path.display()
    )]
    NoName {
        /// The file.
        path: PathBuf,
        /// The column.
        column: usize,
    },
    /// There are more columns than any table has.
    #[error("{} has {found} columns, more than {limit}", path.display())]
    TooManyColumns {
        /// The file.
        path: PathBuf,
        /// The number of columns.
        found: usize,
        /// The most that are read.
        limit: usize,
    },
    /// The name of a column is a text.
    #[error(
        "{}: the name of the column {name:?} has more than {limit} characters",
        path.display()
    )]
    LongName {
        /// The file.
        path: PathBuf,
        /// The name, shortened.
        name: String,
        /// The most characters.
        limit: usize,
    },
    /// A row has more or fewer cells than the header.
    #[error(
        "{}: the number of cells in row {row} (line {line}) is {found}, \
         but in the header it is {expected}",
        path.display()
    )]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The row.
        row: usize,
        /// The line.
        line: usize,
        /// The number of cells in the row.
        found: usize,
        /// The number of cells in the header.
        expected: usize,
    },
    /// A quote that is never closed.
    #[error("{}: line {line} opens a quote that is not closed before the end of the file", path.display())]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// A cell that goes on behind its quotes.
    #[error(
        "{}: a cell in line {line} goes on behind its quotes: a quote in a quoted cell is written twice",
        path.display()
    )]
    TextBehindQuote {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
    /// Cells that cannot be learned.
    #[error("{}: {}", path.display(), list(problems, *more))]
    Cells {
        /// The file.
        path: PathBuf,
        /// The first problems, by column.
        problems: Vec<CellProblem>,
        /// The number of further problems.
        more: usize,
    },
    /// A schema or a model does not fit it.
    #[error("{}", path.display())]
    Sheet {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: SheetError,
    },
    /// No column can be learned.
    #[error("{}: no column is left to learn: {}", path.display(), left_out.join("; "))]
    NothingLeft {
        /// The file.
        path: PathBuf,
        /// The columns, and why each is left out.
        left_out: Vec<String>,
    },
    /// Rows with empty cells are left out, and so no row is left.
    #[error(
        "{}: every row has an empty cell, so that none is left: learn empty cells, or leave out the columns \
         that have them with a schema",
        path.display()
    )]
    NoWholeRow {
        /// The file.
        path: PathBuf,
    },
    /// The header does not make a table.
    #[error("cannot make a table of {}", path.display())]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TableError,
    },
}

/// What is wrong with cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CellTrouble {
    /// Empty, or a word for a missing value: NA, NaN, null, none, n/a or ?.
    Missing,
    /// Infinite, or so large that differences overflow.
    TooLarge,
    /// A number with a comma, of which it does not show whether it is decimal.
    Comma,
    /// Not a number.
    Text,
    /// A word in a column of numbers.
    Mixed,
    /// Longer than a category may be.
    Long,
    /// Not a date, or not in the format of the others.
    Date,
    /// A date whose day may be its month.
    DayOrMonth,
    /// Not one of the values of the column.
    Unknown,
    /// Another value in a column that is to be constant.
    NotConstant,
    /// Not as the schema has it.
    Schema,
}

/// All cells of one column that have the same trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellProblem {
    /// The name of the column.
    pub column: String,
    /// What is wrong.
    pub trouble: CellTrouble,
    /// The number of such cells.
    pub count: usize,
    /// The row of the first.
    pub row: usize,
    /// The line of the first.
    pub line: usize,
    /// What the first one holds, shortened.
    pub value: String,
    /// What all cells of a constant column hold, shortened.
    pub constant: Option<Box<str>>,
}

impl fmt::Display for CellProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, count, row, line, value, .. } = self;
        let constant = self.constant.as_deref().unwrap_or_default();
        let constant =
            format!("{constant:?} is expected in every row, as the column is to be constant");
        let (expected, kind) = match self.trouble {
            CellTrouble::Missing => {
                let cells = if *count == 1 { "cell" } else { "cells" };
                return write!(
                    f,
                    "column {column:?} has {count} missing {cells} (first in row {row}, line {line})"
                );
            }
            CellTrouble::TooLarge => ("finite numbers within ±1e300 are expected", "too large"),
            CellTrouble::Comma => (
                "whether commas are decimal or between thousands does not show: write 1234.5",
                "with a comma",
            ),
            CellTrouble::Text => ("a number is expected", "without a number"),
            CellTrouble::Mixed => (
                "a number is expected, as in most rows: leave missing cells empty, or make the column a \
                 category with a schema",
                "without a number",
            ),
            CellTrouble::Long => ("at most 10000 bytes are expected", "longer"),
            CellTrouble::Date => (
                "a date in the format of the others is expected, or a schema that makes the column a category",
                "without one",
            ),
            CellTrouble::DayOrMonth => (
                "whether the day or the month is first does not show: write dates as YYYY-MM-DD, or say it in a \
                 schema, such as \"format\": \"DD/MM/YYYY\"",
                "such a date",
            ),
            CellTrouble::Unknown => ("one of the values of the column is expected", "without one"),
            CellTrouble::NotConstant => (constant.as_str(), "not"),
            CellTrouble::Schema => {
                ("a number as the schema has it is expected: its kind, min and max", "not")
            }
        };
        let cells = if *count == 1 { "cell is" } else { "cells are" };
        write!(
            f,
            "column {column:?} holds {value:?} in row {row}, line {line}: {expected} \
             ({count} {cells} {kind})"
        )
    }
}

/// What a text that is not UTF-8 is likely to be, and how to mend it.
fn encoding(line: usize, byte: u8) -> &'static str {
    match byte {
        0xfe | 0xff if line == 1 => {
            ", as in UTF-16: save it as UTF-8, such as by iconv -f UTF-16 -t UTF-8"
        }
        0x80.. => ", as in Latin-1: save it as UTF-8, such as by iconv -f WINDOWS-1252 -t UTF-8",
        _ => "",
    }
}

/// The beginning of a cell, for messages.
pub(super) fn shortened(cell: &str) -> String {
    match cell.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &cell[..end]),
        None => cell.to_owned(),
    }
}

fn list(problems: &[CellProblem], more: usize) -> String {
    let shown: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let rest = if more > 0 { format!("; and {more} more such problems") } else { String::new() };
    shown.join("; ") + &rest
}
