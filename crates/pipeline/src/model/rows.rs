//! Rows that are given: arrays and tables, brought to the shape and the space of a model's samples.

use ancestral::Batch;
use ancestral::inpainting::Known;
use ancestral_data::{Column, Columns, Table};

use super::Model;
use crate::error::RowsError;
use crate::given::Given;

impl Model {
    /// Rows of an array of `shape`, `[n, …]` or one row without the n: of pictures in model space, of
    /// points and tables in the data's own units.
    ///
    /// # Errors
    /// If the shape is another than that of a sample, a value is not finite or beyond f32, or there is
    /// no row.
    pub fn rows_of_array(&self, shape: &[usize], values: &[f64]) -> Result<Batch, RowsError> {
        let row = self.row_shape()?;
        fitted(shape, values, std::slice::from_ref(&row))?;
        let model = self.columns.as_ref().map(|columns| columns.to_model_rows(values));
        Ok(Batch::new(row, model.map_or_else(|| narrowed(values), |model| scaled(values, model))?))
    }

    /// What an array gives of samples where the mask is 1, in shapes and units as
    /// [`rows_of_array`](Self::rows_of_array) takes them.
    ///
    /// # Errors
    /// As there, or if the mask is not one for these rows.
    pub fn given_of_array(
        &self,
        shape: &[usize],
        values: &[f64],
        mask: &Batch,
    ) -> Result<Given, RowsError> {
        let known = Known::new(self.rows_of_array(shape, values)?, mask.clone())?;
        Ok(match self.columns {
            None => known.into(),
            Some(_) => Given::of_table(known, values, mask),
        })
    }

    /// A mask of an array of `shape`: shares from 0 to 1, of pictures also one for all channels of a
    /// pixel.
    ///
    /// # Errors
    /// As [`rows_of_array`](Self::rows_of_array), or if a value is outside [0, 1].
    pub fn mask_of_array(&self, shape: &[usize], values: &[f64]) -> Result<Batch, RowsError> {
        let row = self.row_shape()?;
        let mut shapes = vec![row.clone()];
        if self.columns.is_none() {
            let plane = row[1..].to_vec();
            shapes.extend([[&[1], &plane[..]].concat(), plane]);
        }
        let fitting = fitted(shape, values, &shapes)?;
        if let Some(index) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(RowsError::NoShare { index, value: values[index] });
        }
        Ok(whole_mask(&Batch::new(fitting.clone(), narrowed(values)?), &row))
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
    /// If a column is missing, the model has no such column, or a value is beyond f32 in model space.
    pub fn rows_of_table(&self, table: &Table) -> Result<Batch, RowsError> {
        let columns = self.table(table)?;
        match columns.iter().find(|(_, place)| place.is_none()) {
            Some((column, _)) => Err(RowsError::Missing { name: column.name().to_owned() }),
            None => Ok(in_model_space(&columns, &ordered(&columns, table))?),
        }
    }

    /// What a table gives of samples that has some of the model's columns.
    ///
    /// # Errors
    /// If the model has no such column, or a value is beyond f32 in model space.
    pub fn given_of_table(&self, table: &Table) -> Result<Given, RowsError> {
        let columns = self.table(table)?;
        let values = ordered(&columns, table);
        let rows = in_model_space(&columns, &values)?;
        let share = |(_, place): &(&Column, Option<usize>)| f32::from(u8::from(place.is_some()));
        let mask = Batch::new(rows.row_shape().to_vec(), columns.iter().map(share).collect());
        let known = Known::new(rows, mask.clone())?;
        Ok(Given::of_table(known, &values, &mask))
    }

    /// The model's columns, each with its place in a table that has no others.
    fn table(&self, table: &Table) -> Result<Vec<(&Column, Option<usize>)>, RowsError> {
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
        Ok(columns.iter().map(|column| (column, place(column.name()))).collect())
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
        check_values(rows.data().iter().copied().map(f64::from))
    }
}

/// The same share for all channels, if there is one a pixel.
fn whole_mask(shares: &Batch, row: &[usize]) -> Batch {
    let size: usize = row.iter().product();
    let channels = if shares.row_len() == size { 1 } else { row[0] };
    let repeated = shares.iter_rows().flat_map(|row| row.repeat(channels));
    Batch::new(row.to_vec(), repeated.collect())
}

/// Rows of a table in the order of the model's columns, and the mean of those that it lacks.
fn ordered(columns: &[(&Column, Option<usize>)], table: &Table) -> Vec<f64> {
    let rows = table.values().chunks_exact(table.columns().len());
    let value = |row: &[f64], (column, place): &(&Column, Option<usize>)| {
        place.map_or(column.mean(), |place| row[place])
    };
    rows.flat_map(|row| columns.iter().map(move |column| value(row, column))).collect()
}

fn in_model_space(
    columns: &[(&Column, Option<usize>)],
    values: &[f64],
) -> Result<Batch, RowsError> {
    let cells = values.iter().zip(columns.iter().cycle());
    let rows = cells.map(|(value, (column, _))| column.to_model(*value)).collect();
    Ok(Batch::new(vec![columns.len()], scaled(values, rows)?))
}

/// The shape of a row of an array: the first of these that fits.
fn fitted<'a>(
    found: &[usize],
    values: &[f64],
    shapes: &'a [Vec<usize>],
) -> Result<&'a Vec<usize>, RowsError> {
    let fits = |shape: &&Vec<usize>| {
        found == **shape || found.split_first().is_some_and(|(_, rest)| *rest == **shape)
    };
    let Some(shape) = shapes.iter().find(fits) else {
        return Err(RowsError::Shape { found: found.to_vec(), expected: shapes[0].clone() });
    };
    check_values(values.iter().copied())?;
    Ok(shape)
}

/// Values as f32, in which all of them are finite.
#[expect(clippy::cast_possible_truncation, reason = "model space is f32")]
fn narrowed(values: &[f64]) -> Result<Vec<f32>, RowsError> {
    scaled(values, values.iter().map(|value| *value as f32).collect())
}

/// What these values are in model space, if that is finite.
fn scaled(values: &[f64], model: Vec<f32>) -> Result<Vec<f32>, RowsError> {
    match model.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(RowsError::TooLarge { index, value: values[index] }),
        None => Ok(model),
    }
}

fn check_values(values: impl ExactSizeIterator<Item = f64>) -> Result<(), RowsError> {
    if values.len() == 0 {
        return Err(RowsError::Empty);
    }
    let mut values = values.enumerate();
    match values.find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(RowsError::NotFinite { index, value }),
        None => Ok(()),
    }
}
