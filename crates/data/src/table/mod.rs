//! Tables: named columns of numbers, words and dates, and their conversion to model space and back.

mod column;
mod columns;
mod csv_error;
mod nameless;
mod options;
mod quotes;
mod read;
mod recognise;
mod schema;
mod sheet;
mod write;

use crate::counted::counted;
use crate::{Dataset, DatasetError};
use thiserror::Error;

pub use column::{
    Category, Codes, Column, ColumnError, ColumnKind, Date, DateFormat, Decimals, Notation, Number,
    Scale,
};
#[cfg(not(target_family = "wasm"))]
pub(crate) use column::{is_fit, nearest};
pub use columns::Columns;
pub use csv_error::{CellProblem, CellTrouble, CsvError};
pub use options::{Missing, TableOptions};
#[cfg(feature = "datasets")]
pub(crate) use read::read_described;
pub use read::{MAX_COLUMNS, read_csv, read_sheet};
pub use schema::{ColumnSchema, KindSchema, Schema, SchemaError};
pub use sheet::{Sheet, SheetError};
pub use write::{encode_csv, encode_csv_with, write_csv};

/// Rows under named columns: the [`Dataset`] that a model learns, and the [`Columns`]
/// that turn its samples back into cells of the same kinds.
///
/// # Shapes
/// A row of the data is `[columns.width()]`, of a row of values `[columns.len()]`.
///
/// # Example
/// ```
/// use ancestral_data::Table;
///
/// let table = Table::new(&["side"], &[1.0, 2.0, 3.0])?;
/// assert_eq!(table.data().shape(), [1]);
/// assert_eq!(table.data().row(1), [0.0]);
/// # Ok::<(), ancestral_data::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    data: Dataset,
    columns: Columns,
    values: Vec<f64>,
}

/// Why names and numbers do not make a [`Table`].
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TableError {
    /// There is no column.
    #[error("a table needs at least one column, got none")]
    NoColumns,
    /// There is no row.
    #[error("a table needs at least one row, got none")]
    Empty,
    /// A name is empty.
    #[error("column {column} has no name")]
    NoName {
        /// The column, counted from 1.
        column: usize,
    },
    /// Two columns have the same name.
    #[error("columns {first} and {second} are both named {name:?}")]
    SameName {
        /// The name.
        name: String,
        /// The first of the two, counted from 1.
        first: usize,
        /// The second of the two, counted from 1.
        second: usize,
    },
    /// The values do not fill whole rows.
    #[error(
        "{} do not fill rows of {}",
        counted(*values, "value"), counted(*columns, "column")
    )]
    Ragged {
        /// The number of values.
        values: usize,
        /// The number of columns.
        columns: usize,
    },
    /// A value is so large that differences overflow.
    #[error(
        "column {name:?} holds {value} in row {row}, but numbers within ±{:e} are expected",
        Column::MAX_VALUE
    )]
    Value {
        /// The column.
        name: String,
        /// The row, counted from 1.
        row: usize,
        /// The value.
        value: f64,
    },
}

impl Table {
    /// Makes a table of rows of numbers, one after another. NaN is a hole.
    ///
    /// # Errors
    /// [`TableError`] if there are no columns or rows, a name is empty or appears twice, the values
    /// do not fill whole rows, or one is beyond ±[`Column::MAX_VALUE`].
    ///
    /// # Panics
    /// Never: no value of n is further than √n deviations from the mean.
    pub fn new<N: AsRef<str>>(names: &[N], rows: &[f64]) -> Result<Self, TableError> {
        Self::of_values(Columns::fit(names, rows)?, rows.to_vec())
    }

    /// Rows of values of these columns.
    fn of_values(columns: Columns, values: Vec<f64>) -> Result<Self, TableError> {
        if values.is_empty() {
            return Err(TableError::Empty);
        }
        let data = Dataset::new(vec![columns.width()], columns.to_model_rows(&values))
            .expect("whole rows of scaled, finite values");
        Ok(Self { data, columns, values })
    }

    /// Gives every row a label, as [`Dataset::with_labels`] does.
    ///
    /// # Errors
    /// [`DatasetError`] if there is not one label a row, or a label has no name.
    pub fn with_labels(
        self,
        labels: Vec<u32>,
        class_names: Vec<String>,
    ) -> Result<Self, DatasetError> {
        Ok(Self { data: self.data.with_labels(labels, class_names)?, ..self })
    }

    /// The same rows without their labels.
    #[must_use]
    pub fn without_labels(self) -> Self {
        Self { data: self.data.without_labels(), ..self }
    }

    /// How large it is, in words.
    #[cfg(feature = "datasets")]
    pub(crate) fn size(&self) -> String {
        let [rows, columns] = [self.data.len(), self.columns.len()];
        format!("{} of {}", counted(rows, "row"), counted(columns, "column"))
    }

    /// The rows in model space.
    #[must_use]
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// The same rows in data units, as they were given; NaN is a hole.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The columns.
    #[must_use]
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The rows in model space and the columns.
    #[must_use]
    pub fn into_parts(self) -> (Dataset, Columns) {
        (self.data, self.columns)
    }
}

#[cfg(test)]
mod tests;
