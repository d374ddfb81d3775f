//! Rows that are given: arrays and tables, brought to the shape and the space of a model's samples.

use ancestral::Batch;
use ancestral::inpainting::Known;
use ancestral_data::{Column, Columns, Table};

use super::Model;
use crate::error::RowsError;

impl Model {
    /// Rows of an array of `shape`, `[n, …]` or one row without the n: of pictures in model space, of
    /// points and tables in the data's own units.
    ///
    /// # Errors
    /// If the shape is another than that of a sample, a value is not finite, or there is no row.
    pub fn rows_of_array(&self, shape: &[usize], data: Vec<f32>) -> Result<Batch, RowsError> {
        let rows = fitted(shape, data, &[self.row_shape()?])?;
        Ok(match &self.columns {
            None => rows,
            Some(columns) => {
                let values: Vec<f64> = rows.data().iter().copied().map(f64::from).collect();
                Batch::new(rows.row_shape().to_vec(), columns.to_model_rows(&values))
            }
        })
    }

    /// A mask of an array of `shape`: shares from 0 to 1, of pictures also one for all channels of a
    /// pixel.
    ///
    /// # Errors
    /// As [`rows_of_array`](Self::rows_of_array).
    pub fn mask_of_array(&self, shape: &[usize], data: Vec<f32>) -> Result<Batch, RowsError> {
        let row = self.row_shape()?;
        let mut shapes = vec![row.clone()];
        if self.columns.is_none() {
            let plane = row[1..].to_vec();
            shapes.extend([[&[1], &plane[..]].concat(), plane]);
        }
        Ok(whole_mask(&fitted(shape, data, &shapes)?, &row))
    }

    /// The mask of pictures of one channel, −1 (black) where the sample is drawn and 1 (white) where it
    /// is kept.
    ///
    /// # Errors
    /// If the size of pictures is not known.
    pub fn mask_of_pictures(&self, pictures: Batch) -> Result<Batch, RowsError> {
        let row = self.row_shape()?;
        let shares = ancestral::sample::Elementwise::map(pictures, |x| f64::midpoint(x, 1.0));
        Ok(whole_mask(&shares, &row))
    }

    /// Rows of a table that has all columns of the model, in any order.
    ///
    /// # Errors
    /// If a column is missing, or the model has no such column.
    pub fn rows_of_table(&self, table: &Table) -> Result<Batch, RowsError> {
        let (rows, given) = self.table(table)?;
        let missing = given.iter().position(|given| !given);
        match (missing, &self.columns) {
            (Some(i), Some(columns)) => {
                Err(RowsError::Missing { name: columns.as_slice()[i].name().to_owned() })
            }
            _ => Ok(rows),
        }
    }

    /// What a table says of samples that has some of the model's columns.
    ///
    /// # Errors
    /// If the model has no such column, or there is no row.
    pub fn known_of_table(&self, table: &Table) -> Result<Known, RowsError> {
        let (rows, given) = self.table(table)?;
        let mask = given.into_iter().map(|given| f32::from(u8::from(given))).collect();
        let mask = Batch::new(rows.row_shape().to_vec(), mask);
        Known::new(rows, mask).map_err(|_| RowsError::Empty)
    }

    /// Rows of a table in model space, 0 in the columns that it lacks, and which it has.
    fn table(&self, table: &Table) -> Result<(Batch, Vec<bool>), RowsError> {
        let columns = self.columns.as_ref().map(Columns::as_slice).unwrap_or_default();
        let found = table.columns().as_slice();
        let place = |name: &str| found.iter().position(|column| column.name() == name);
        let known = |name: &str| columns.iter().any(|column| column.name() == name);
        if let Some(stranger) = found.iter().find(|column| !known(column.name())) {
            return Err(RowsError::Stranger {
                name: stranger.name().to_owned(),
                expected: columns.iter().map(|column| column.name().to_owned()).collect(),
            });
        }
        let places: Vec<_> = columns.iter().map(|column| place(column.name())).collect();
        let values = table.columns().from_model_rows(table.data().rows());
        let rows = values.chunks_exact(found.len()).flat_map(|row| {
            let value = |(place, column): (&Option<usize>, &Column)| {
                place.map_or(0.0, |place| column.to_model(row[place]))
            };
            places.iter().zip(columns).map(value).collect::<Vec<_>>()
        });
        let given = places.iter().map(Option::is_some).collect();
        Ok((Batch::new(vec![columns.len()], rows.collect()), given))
    }

    fn row_shape(&self) -> Result<Vec<usize>, RowsError> {
        self.folder.network.sample_shape().ok_or(RowsError::NoSize)
    }

    /// Refuses rows that are not of the shape of its samples, or not finite.
    pub(crate) fn check_rows(&self, rows: &Batch) -> Result<(), RowsError> {
        let expected = self.row_shape()?;
        if rows.row_shape() != expected {
            let found = [&[rows.rows()], rows.row_shape()].concat();
            return Err(RowsError::Shape { found, expected });
        }
        check_values(rows.data())
    }
}

/// The same share for all channels, if there is one a pixel.
fn whole_mask(shares: &Batch, row: &[usize]) -> Batch {
    let size: usize = row.iter().product();
    let channels = if shares.row_len() == size { 1 } else { row[0] };
    let repeated = shares.iter_rows().flat_map(|row| row.repeat(channels));
    Batch::new(row.to_vec(), repeated.collect())
}

/// The rows of an array, at least one, of the first of these shapes that fits.
fn fitted(found: &[usize], data: Vec<f32>, shapes: &[Vec<usize>]) -> Result<Batch, RowsError> {
    let fits = |shape: &&Vec<usize>| {
        found == **shape || found.split_first().is_some_and(|(_, rest)| *rest == **shape)
    };
    let Some(shape) = shapes.iter().find(fits) else {
        return Err(RowsError::Shape { found: found.to_vec(), expected: shapes[0].clone() });
    };
    check_values(&data)?;
    Ok(Batch::new(shape.clone(), data))
}

fn check_values(data: &[f32]) -> Result<(), RowsError> {
    if data.is_empty() {
        return Err(RowsError::Empty);
    }
    match data.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(RowsError::NotFinite { index, value: data[index] }),
        None => Ok(()),
    }
}
