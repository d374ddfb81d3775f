//! The scaling of columns: as the data say it, and as model folders keep it.

use ancestral_data::{Column, ColumnKind, Columns};
use ancestral_format::{AboutColumn, AboutColumnKind, ModelFolder};

use crate::error::{Error, ModelError};

/// As a model folder keeps it.
#[must_use]
pub fn columns_for_folder(columns: &Columns) -> Vec<AboutColumn> {
    let column = |column: &Column| AboutColumn {
        name: column.name().to_owned(),
        kind: match column.kind() {
            ColumnKind::Real => AboutColumnKind::Real,
            ColumnKind::Integer => AboutColumnKind::Integer,
            ColumnKind::Constant => AboutColumnKind::Constant,
            ColumnKind::Discrete(values) => AboutColumnKind::Discrete(values.clone()),
        },
        mean: column.mean(),
        deviation: column.deviation(),
    };
    columns.as_slice().iter().map(column).collect()
}

/// As it was kept.
///
/// # Errors
/// If a column is invalid.
pub fn columns_of_folder(
    columns: &[AboutColumn],
) -> Result<Columns, Box<dyn std::error::Error + Send + Sync>> {
    let column = |column: &AboutColumn| {
        let kind = match &column.kind {
            AboutColumnKind::Real => ColumnKind::Real,
            AboutColumnKind::Integer => ColumnKind::Integer,
            AboutColumnKind::Constant => ColumnKind::Constant,
            AboutColumnKind::Discrete(values) => ColumnKind::Discrete(values.clone()),
        };
        Column::new(&column.name, kind, column.mean, column.deviation)
    };
    Ok(Columns::new(columns.iter().map(column).collect::<Result<_, _>>()?)?)
}

/// Columns of which nothing is known: their values are those of model space.
fn unscaled(count: usize) -> Result<Columns, Box<dyn std::error::Error + Send + Sync>> {
    let column = |i| Column::new(&format!("column {i}"), ColumnKind::Real, 0.0, 1.0);
    Ok(Columns::new((1..=count).map(column).collect::<Result<_, _>>()?)?)
}

/// Those of a model whose network has `expected` of them.
pub(super) fn of(model: &str, expected: usize, folder: &ModelFolder) -> Result<Columns, Error> {
    let known = folder.about.as_ref().and_then(|about| about.data.columns.as_deref());
    let columns = known.map_or_else(|| unscaled(expected), columns_of_folder);
    let columns =
        columns.map_err(|source| ModelError::Column { model: model.to_owned(), source })?;
    if columns.len() != expected {
        let (model, found) = (model.to_owned(), columns.len());
        return Err(ModelError::Columns { model, found, expected }.into());
    }
    Ok(columns)
}
