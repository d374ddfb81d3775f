//! All columns of a table.

use super::TableError;
use super::column::{Column, is_fit};
use std::collections::HashMap;

/// The columns of a table, at least one, with names that differ.
///
/// # Shapes
/// Rows are given one after another, a value a column. In model space they are f32 and
/// standardised, in data units f64.
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

    /// The columns of these rows.
    ///
    /// # Errors
    /// [`TableError`] if there are no columns or rows, a name is empty or stands twice, the values
    /// do not fill whole rows, or one is not a number within ±[`Column::MAX_VALUE`].
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

    /// Standardises rows.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    #[must_use]
    pub fn to_model_rows(&self, rows: &[f64]) -> Vec<f32> {
        self.check_width(rows.len());
        rows.iter().zip(self.0.iter().cycle()).map(|(&x, column)| column.to_model(x)).collect()
    }

    /// Converts rows of model space back into data units, each column by its kind.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    #[must_use]
    #[allow(clippy::wrong_self_convention, reason = "the inverse of to_model_rows")]
    pub fn from_model_rows(&self, rows: &[f32]) -> Vec<f64> {
        self.check_width(rows.len());
        rows.iter().zip(self.0.iter().cycle()).map(|(&x, column)| column.from_model(x)).collect()
    }

    /// The same without the kinds of the columns, for noise: in a column of whole numbers it is not
    /// rounded.
    ///
    /// # Panics
    /// If the values do not fill whole rows.
    #[must_use]
    pub fn unrounded(&self, rows: &[f32]) -> Vec<f64> {
        self.check_width(rows.len());
        let value =
            |(x, column): (&f32, &Column)| column.mean() + column.deviation() * f64::from(*x);
        rows.iter().zip(self.0.iter().cycle()).map(value).collect()
    }

    fn check_width(&self, values: usize) {
        let width = self.len();
        assert!(values.is_multiple_of(width), "{values} values for rows of {width} columns");
    }
}

fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), TableError> {
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
    match rows.iter().position(|value| !is_fit(*value)) {
        Some(i) => Err(TableError::Value {
            name: names[i % width].as_ref().to_owned(),
            row: i / width + 1,
            value: rows[i],
        }),
        None => Ok(()),
    }
}
