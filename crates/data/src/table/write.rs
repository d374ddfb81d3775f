//! Samples as a CSV file.

use super::{Column, Columns};
use crate::{SaveError, save_with};
use csv::Writer;
use std::io::{self, Write};
use std::path::Path;

/// Writes rows of model space as a CSV file in data units, under a header with the names.
///
/// Words, dates, whole numbers and holes are as they were; names and words are quoted where they must be.
///
/// # Numerics
/// Real numbers have the decimals of the table, and no more than f32 can distinguish: they are within 5·10⁻⁸
/// deviations of [`Column::decode`](crate::Column::decode).
///
/// # Errors
/// [`SaveError`] if the file system refuses.
///
/// # Panics
/// If the values do not fill whole rows.
///
/// # Example
/// ```no_run
/// use ancestral_data::{read_csv, write_csv};
///
/// let people = read_csv("people.csv".as_ref())?;
/// write_csv("copy.csv".as_ref(), people.columns(), people.data().rows())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_csv(path: &Path, columns: &Columns, rows: &[f32]) -> Result<(), SaveError> {
    save_with(path, |file| encode(file, columns, rows, &[]))
}

/// The bytes that [`write_csv`] writes.
///
/// # Panics
/// If the values do not fill whole rows.
#[must_use]
pub fn encode_csv(columns: &Columns, rows: &[f32]) -> Vec<u8> {
    encode_csv_with(columns, rows, &[])
}

/// The same with cells of which the value is given, in data units: it is written to its last digit.
///
/// # Shapes
/// `given` has a value or `None` for each cell, a row after the other; an empty list gives none.
///
/// # Panics
/// If the values do not fill whole rows, or `given` is for another number of cells.
///
/// # Example
/// ```
/// use ancestral_data::{Columns, encode_csv_with};
///
/// let columns = Columns::fit(&["age", "height"], &[20.5, 1.75, 40.0, 1.25])?;
/// let text = encode_csv_with(&columns, &[0.0, 1.0], &[Some(33.123456789), None]);
/// assert_eq!(text, b"age,height\n33.123456789,1.75\n");
/// # Ok::<(), ancestral_data::TableError>(())
/// ```
#[must_use]
pub fn encode_csv_with(columns: &Columns, rows: &[f32], given: &[Option<f64>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes, columns, rows, given).expect("memory takes all that is written");
    bytes
}

fn encode(
    file: &mut dyn Write,
    columns: &Columns,
    rows: &[f32],
    given: &[Option<f64>],
) -> io::Result<()> {
    let values = columns.from_model_rows(rows);
    let (len, cells) = (given.len(), values.len());
    assert!(len == 0 || len == cells, "{len} values that are given for {cells} cells");
    let given = given.iter().copied().chain(std::iter::repeat(None));
    let cells: Vec<(f64, Option<f64>)> = values.into_iter().zip(given).collect();
    let columns = columns.as_slice();
    let mut writer = Writer::from_writer(file);
    writer.write_record(columns.iter().map(Column::name))?;
    for row in cells.chunks_exact(columns.len()) {
        let text = |(column, (drawn, given)): (&Column, &(f64, Option<f64>))| {
            given.map_or_else(|| column.text(*drawn), |given| column.exact_text(given))
        };
        writer.write_record(columns.iter().zip(row).map(text))?;
    }
    writer.flush()
}
