//! What the columns of a table are, as people write it down.

use super::column::{Column, ColumnKind, DateFormat};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use thiserror::Error;

/// What columns are, as JSON: decides instead of the cells for the columns that it names.
///
/// A number may be anything where `min` and `max` are left out. The order of the columns is that of the table.
/// # Example
/// ```
/// use ancestral_data::{KindSchema, Schema};
///
/// let json = br#"{"columns": [
///     {"name": "zip", "kind": "category"},
///     {"name": "age", "kind": "integer", "min": 0},
///     {"name": "id", "kind": "skip"}
/// ]}"#;
/// let schema = Schema::from_json(json)?;
/// assert_eq!((schema.columns.len(), schema.columns[2].kind), (3, KindSchema::Skip));
/// assert!(Schema::from_json(br#"{"columns": [{"name": "zip", "kind": "text"}]}"#).is_err());
/// # Ok::<(), ancestral_data::SchemaError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The columns.
    pub columns: Vec<ColumnSchema>,
}

/// What a column is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnSchema {
    /// Its name in the table.
    pub name: String,
    /// What it holds.
    pub kind: KindSchema,
    /// The smallest number that is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest number that is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// How dates are written, such as `YYYY-MM-DD hh:mm:ss` or `D/M/YYYY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindSchema {
    /// One of the words or numbers that are in the table.
    Category,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Real,
    /// Dates and times.
    Date,
    /// The same in every row.
    Constant,
    /// Nothing to learn: the column is left out.
    Skip,
}

/// Why a schema is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// It is not JSON, lacks a key, or has an unknown one.
    #[error("{0}")]
    Json(String),
    /// Two entries for one column.
    #[error("column {name:?} has two entries, expected one")]
    Twice {
        /// The column.
        name: String,
    },
    /// Bounds that are no range, or of a column that is no number.
    #[error(
        "column {name:?}: min and max must be finite, in order, and of kind integer or real, found {} and {}",
        shown(*min), shown(*max)
    )]
    Bounds {
        /// The column.
        name: String,
        /// The smallest number.
        min: Option<f64>,
        /// The largest number.
        max: Option<f64>,
    },
    /// A format of no dates.
    #[error(
        "column {name:?}: format must be of kind date, and as \"YYYY-MM-DD hh:mm:ss\" or \"D/M/YYYY\", found \
         {format:?}"
    )]
    Format {
        /// The column.
        name: String,
        /// The format.
        format: String,
    },
}

impl Schema {
    /// Reads a schema.
    ///
    /// # Errors
    /// [`SchemaError`] if it is not JSON of this form, names a column twice, or has impossible bounds.
    pub fn from_json(json: &[u8]) -> Result<Self, SchemaError> {
        let schema: Self =
            serde_json::from_slice(json).map_err(|error| SchemaError::Json(plain(&error)))?;
        let mut names = HashSet::new();
        for ColumnSchema { name, kind, min, max, format } in &schema.columns {
            if !names.insert(name) {
                return Err(SchemaError::Twice { name: name.clone() });
            }
            let is_number = matches!(kind, KindSchema::Integer | KindSchema::Real);
            let is_bare = min.is_none() && max.is_none();
            let is_range = min.zip(*max).is_none_or(|(min, max)| min <= max);
            if !(is_bare || is_number && is_range) {
                return Err(SchemaError::Bounds { name: name.clone(), min: *min, max: *max });
            }
            let is_format = |format: &String| {
                *kind == KindSchema::Date && DateFormat::from_pattern(format).is_some()
            };
            if let Some(format) = format.as_ref().filter(|format| !is_format(format)) {
                return Err(SchemaError::Format { name: name.clone(), format: format.clone() });
            }
        }
        Ok(schema)
    }

    /// The text of a schema, a column a line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let line = |column| serde_json::to_string(column).unwrap_or_default();
        let lines: Vec<String> = self
            .columns
            .iter()
            .map(|column: &ColumnSchema| format!("  {}", line(column)))
            .collect();
        format!("{{\"columns\": [\n{}\n]}}\n", lines.join(",\n"))
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    pub(super) fn column(&self, name: &str) -> Option<&ColumnSchema> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// What is wrong with JSON, in the words of JSON.
fn plain(error: &serde_json::Error) -> String {
    let words = [
        ("struct Schema with 1 element", "an object with the key columns"),
        ("struct Schema", "an object with the key columns"),
        ("struct ColumnSchema with 5 elements", "an object with the keys name and kind"),
        ("struct ColumnSchema", "an object with the keys name and kind"),
        ("expected f64", "expected a number"),
        ("`", "\""),
    ];
    words.iter().fold(error.to_string(), |text, (rust, json)| text.replace(rust, json))
}

fn shown(bound: Option<f64>) -> String {
    bound.map_or_else(|| "none".to_owned(), |bound| bound.to_string())
}

impl ColumnSchema {
    /// The schema of a column that was found.
    pub(super) fn of(column: &Column) -> Self {
        let (kind, [min, max]) = match column.kind() {
            ColumnKind::Number(number) if number.are_integers() => {
                (KindSchema::Integer, number.bounds())
            }
            ColumnKind::Number(number) => (KindSchema::Real, number.bounds()),
            ColumnKind::Category(_) => (KindSchema::Category, [None; 2]),
            ColumnKind::Date(_) => (KindSchema::Date, [None; 2]),
            ColumnKind::Constant(_) => (KindSchema::Constant, [None; 2]),
        };
        let format = match column.kind() {
            ColumnKind::Date(date) => Some(date.format().to_string()),
            ColumnKind::Number(_) | ColumnKind::Category(_) | ColumnKind::Constant(_) => None,
        };
        Self { name: column.name().to_owned(), kind, min, max, format }
    }
}
