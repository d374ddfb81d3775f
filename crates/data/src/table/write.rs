//! Samples as a CSV file.

use super::{Column, Columns};
use crate::{SaveError, save_with};
use csv::Writer;
use std::io::{self, Write};
use std::path::Path;

/// Writes rows of model space as a CSV file in data units, under a header with the names.
///
/// Integers have no point; discrete and constant values are as they were; names are quoted where
/// they must be.
///
/// # Numerics
/// Real numbers have as many decimals as f32 can distinguish: they are within 5·10⁻⁸ deviations of
/// [`Column::from_model`](crate::Column::from_model).
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
    save_with(path, |file| encode(file, columns, rows))
}

/// The bytes that [`write_csv`] writes.
///
/// # Panics
/// If the values do not fill whole rows.
#[must_use]
pub fn encode_csv(columns: &Columns, rows: &[f32]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(&mut bytes, columns, rows).expect("memory takes all that is written");
    bytes
}

fn encode(file: &mut dyn Write, columns: &Columns, rows: &[f32]) -> io::Result<()> {
    let values = columns.from_model_rows(rows);
    let columns = columns.as_slice();
    let mut writer = Writer::from_writer(file);
    writer.write_record(columns.iter().map(Column::name))?;
    for row in values.chunks_exact(columns.len()) {
        writer.write_record(columns.iter().zip(row).map(|(column, &x)| column.text(x)))?;
    }
    writer.flush()
}
