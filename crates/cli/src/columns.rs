//! The scaling of columns: as the data say it, and as model folders keep it.

use ancestral_data::{Column, ColumnKind, Columns};
use ancestral_format::{AboutColumn, AboutColumnKind};
use anyhow::Result;

/// As a model folder keeps it.
pub fn for_folder(columns: &Columns) -> Vec<AboutColumn> {
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
pub fn of_folder(columns: &[AboutColumn]) -> Result<Columns> {
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
pub fn unscaled(count: usize) -> Result<Columns> {
    let column = |i| Column::new(&format!("column {i}"), ColumnKind::Real, 0.0, 1.0);
    Ok(Columns::new((1..=count).map(column).collect::<Result<_, _>>()?)?)
}
