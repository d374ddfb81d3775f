//! All columns of a table.

use super::column::{Codes, Column, is_fit};
use super::schema::ColumnSchema;
use super::{Schema, TableError};
use std::collections::HashMap;

/// The columns of a table, at least one, with names that differ.
///
/// # Shapes
/// Rows are given one after another. In data units they have a value a column, f64; in model space
/// [`width`](Self::width) numbers, f32.
///
/// # Example
/// ```
/// use ancestral_data::Columns;
///
/// let columns = Columns::fit(&["age", "height"], &[20.0, 1.75, 40.0, 1.25])?;
/// let model = columns.to_model_rows(&[20.0, 1.75, 40.0, 1.25]);
/// assert_eq!(model, [-1.0, 1.0, 1.0, -1.0]);
/// assert_eq!(columns.from_model_rows(&model), [20.0, 1.75, 40.0, 1.25]);
/// # Ok::<(), ancestral_data::TableError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Columns(Vec<Column>);

impl Columns {
    /// Puts columns side by side.
    ///
    /// # Errors
    /// [`TableError`] if there are none, or a name is empty or appears twice.
    pub fn new(columns: Vec<Column>) -> Result<Self, TableError> {
        check_names(columns.iter().map(Column::name))?;
        Ok(Self(columns))
    }

    /// The columns of these rows of numbers, of which NaN is a hole.
    ///
    /// # Errors
    /// [`TableError`] if there are no columns or rows, a name is empty or stands twice, the values
    /// do not fill whole rows, or one is beyond ±[`Column::MAX_VALUE`].
    pub fn fit<N: AsRef<str>>(names: &[N], rows: &[f64]) -> Result<Self, TableError> {
        check_names(names.iter().map(AsRef::as_ref))?;
        check_values(names, rows)?;
        let width = names.len();
        let values = |i| rows.iter().skip(i).step_by(width).copied().collect::<Vec<_>>();
        let fit = |(i, name): (usize, &N)| Column::fit(name.as_ref(), &values(i));
        Ok(Self(names.iter().enumerate().map(fit).collect()))
    }

    /// The number of columns, at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Always false: a table without columns cannot be made.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The columns from left to right.
    #[must_use]
    pub fn as_slice(&self) -> &[Column] {
        &self.0
    }

    /// How many numbers of model space a row takes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.iter().map(Column::width).sum()
    }

    /// Where each column begins in a row of model space.
    pub fn starts(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().scan(0, |end, column| {
            let start = *end;
            *end += column.width();
            Some(start)
        })
    }

    /// All categories in them, each with where it begins in a row of model space. Some take no number.
    pub fn codes(&self) -> impl Iterator<Item = (usize, &Codes)> {
        self.starts().zip(&self.0).flat_map(|(start, column)| {
            column.codes().into_iter().map(move |(first, codes)| (start + first, codes))
        })
    }

    /// Whether the value of every cell is a number, or NaN for a hole.
    #[must_use]
    pub fn are_numeric(&self) -> bool {
        self.0.iter().all(Column::is_numeric)
    }

    /// Whether all columns are lines of numbers: see [`Column::is_line`].
    #[must_use]
    pub fn are_lines(&self) -> bool {
        self.0.iter().all(Column::is_line)
    }

    /// Whether rows are points of a plane: two columns that are lines of numbers.
    #[must_use]
    pub fn are_plane(&self) -> bool {
        self.len() == 2 && self.width() == 2 && self.are_lines()
    }

    /// What the columns are, as a schema that can be edited and given back.
    #[must_use]
    pub fn schema(&self) -> Schema {
        Schema { columns: self.0.iter().map(ColumnSchema::of).collect() }
    }

    /// Brings rows into model space.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    #[must_use]
    pub fn to_model_rows(&self, rows: &[f64]) -> Vec<f32> {
        let (len, columns) = (rows.len(), self.len());
        assert!(len.is_multiple_of(columns), "{len} values for rows of {columns} columns");
        let mut model = Vec::with_capacity(len / columns * self.width());
        for (value, column) in rows.iter().zip(self.0.iter().cycle()) {
            column.encode(*value, &mut model);
        }
        model
    }

    /// Converts rows of model space back into data units, each column by its kind.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    #[must_use]
    #[allow(clippy::wrong_self_convention, reason = "the inverse of to_model_rows")]
    pub fn from_model_rows(&self, rows: &[f32]) -> Vec<f64> {
        self.cells(rows).map(|(column, model)| column.decode(model)).collect()
    }

    /// The same with the values of cells that are `given` in their place: of all cells in their order, or of none.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    #[must_use]
    #[allow(clippy::wrong_self_convention, reason = "as from_model_rows")]
    pub fn from_model_rows_with(&self, rows: &[f32], given: &[Option<f64>]) -> Vec<f64> {
        let mut values = self.from_model_rows(rows);
        for (value, given) in values.iter_mut().zip(given) {
            *value = given.unwrap_or(*value);
        }
        values
    }

    /// The same before values are rounded and bounded: noise has such numbers, too. `None` if a column is not
    /// a line of numbers.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    #[must_use]
    pub fn from_model_rows_loosely(&self, rows: &[f32]) -> Option<Vec<f64>> {
        self.cells(rows).map(|(column, model)| column.decode_loosely(model)).collect()
    }

    /// The cells of rows of model space, each with its column.
    fn cells<'a>(&'a self, rows: &'a [f32]) -> impl Iterator<Item = (&'a Column, &'a [f32])> {
        let (len, width) = (rows.len(), self.width());
        assert!(len.is_multiple_of(width), "{len} numbers for rows of {width}");
        rows.chunks_exact(width).flat_map(|row| {
            self.0.iter().scan(row, |rest, column| {
                let (own, others) = rest.split_at(column.width());
                *rest = others;
                Some((column, own))
            })
        })
    }
}

pub(super) fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), TableError> {
    let mut places = HashMap::new();
    for (i, name) in names.enumerate() {
        if name.is_empty() {
            return Err(TableError::NoName { column: i + 1 });
        }
        if let Some(first) = places.insert(name, i + 1) {
            return Err(TableError::SameName { name: name.to_owned(), first, second: i + 1 });
        }
    }
    if places.is_empty() { Err(TableError::NoColumns) } else { Ok(()) }
}

fn check_values<N: AsRef<str>>(names: &[N], rows: &[f64]) -> Result<(), TableError> {
    let width = names.len();
    if rows.is_empty() {
        return Err(TableError::Empty);
    }
    if !rows.len().is_multiple_of(width) {
        return Err(TableError::Ragged { values: rows.len(), columns: width });
    }
    match rows.iter().position(|value| !value.is_nan() && !is_fit(*value)) {
        Some(i) => Err(TableError::Value {
            name: names[i % width].as_ref().to_owned(),
            row: i / width + 1,
            value: rows[i],
        }),
        None => Ok(()),
    }
}
