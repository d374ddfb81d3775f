//! Rows that are given: arrays and tables, brought to the shape and the space of a model's samples.

use ancestral::Batch;
use ancestral::inpainting::Known;
use ancestral_data::{Column, Columns, Sheet};

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
        fitted(shape, values, std::slice::from_ref(&self.array_shape()?))?;
        let Some(columns) = &self.columns else { return Ok(Batch::new(row, narrowed(values)?)) };
        if let Some(column) = columns.as_slice().iter().find(|column| !column.is_numeric()) {
            return Err(RowsError::Words { name: column.name().to_owned() });
        }
        Ok(Batch::new(row, in_model_space(columns, values)?))
    }

    /// What an array gives of rows of a table: the cells that are not NaN, in the data's own units. In shapes
    /// as [`rows_of_array`](Self::rows_of_array) takes them.
    ///
    /// # Errors
    /// If the shape is another, samples are no rows of a table, a cell of words or dates is given, or one that is
    /// not among the numbers of a category.
    pub fn given_of_cells(&self, shape: &[usize], values: &[f64]) -> Result<Given, RowsError> {
        let columns = self.table()?;
        let filled: Vec<f64> = values.iter().map(|v| if v.is_nan() { 0.0 } else { *v }).collect();
        fitted(shape, &filled, std::slice::from_ref(&self.array_shape()?))?;
        let cells = values.iter().map(|value| Some(*value).filter(|value| !value.is_nan()));
        let cells: Vec<_> = cells.collect();
        let is_word =
            |(cell, column): &(&Option<f64>, &Column)| cell.is_some() && !column.is_numeric();
        let mut words = cells.iter().zip(columns.as_slice().iter().cycle()).filter(is_word);
        if let Some((_, column)) = words.next() {
            return Err(RowsError::Words { name: column.name().to_owned() });
        }
        for (index, cell) in cells.iter().enumerate() {
            let column = &columns.as_slice()[index % columns.len()];
            if let Some(value) = cell.filter(|value| !column.lists(*value)) {
                return Err(RowsError::NotListed { index, value, name: column.name().to_owned() });
            }
        }
        self.given(columns, cells)
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
        let Some(columns) = &self.columns else { return Ok(known.into()) };
        let shares = first_of_cells(columns, mask);
        let rows = known.rows().unwrap_or(1);
        let cells = values.iter().cycle().zip(shares.iter().cycle()).take(rows * columns.len());
        let cells = cells.map(|(value, share)| Some(*value).filter(|_| *share == 1.0));
        Ok(Given::of_table(known, cells.collect(), columns.len()))
    }

    /// A mask of an array of `shape`: shares from 0 to 1, of pictures also one for all channels of a
    /// pixel.
    ///
    /// # Errors
    /// As [`rows_of_array`](Self::rows_of_array), or if a value is outside [0, 1].
    pub fn mask_of_array(&self, shape: &[usize], values: &[f64]) -> Result<Batch, RowsError> {
        let row = self.row_shape()?;
        let mut shapes = vec![self.array_shape()?];
        if self.columns.is_none() {
            let plane = row[1..].to_vec();
            shapes.extend([[&[1], &plane[..]].concat(), plane]);
        }
        let fitting = fitted(shape, values, &shapes)?;
        if let Some(index) = values.iter().position(|value| !(0.0..=1.0).contains(value)) {
            return Err(RowsError::NoShare { index, value: values[index] });
        }
        let shares = narrowed(values)?;
        Ok(match &self.columns {
            None => whole_mask(&Batch::new(fitting.clone(), shares), &row),
            Some(columns) => Batch::new(row, of_cells(columns, &shares)),
        })
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
    /// If a column is missing, the model has no such column, or a cell is not one that the model learned.
    pub fn rows_of_table(&self, sheet: &Sheet) -> Result<Batch, RowsError> {
        let columns = self.table()?;
        sheet.check_names(columns, &self.reading().left_out)?;
        Ok(Batch::new(self.row_shape()?, sheet.model_rows(columns)?))
    }

    /// What a table gives of samples: the cells that are not empty, of the columns that it has.
    ///
    /// # Errors
    /// If the model has no such column, or a cell is not one that the model learned.
    pub fn given_of_table(&self, sheet: &Sheet) -> Result<Given, RowsError> {
        let columns = self.table()?;
        sheet.check_names(columns, &self.reading().left_out)?;
        let present = |cell: Option<f64>| cell.filter(|value| !value.is_nan());
        self.given(columns, sheet.values(columns)?.into_iter().map(present).collect())
    }

    fn given(&self, columns: &Columns, cells: Vec<Option<f64>>) -> Result<Given, RowsError> {
        let shares: Vec<_> = cells.iter().map(|cell| f32::from(u8::from(cell.is_some()))).collect();
        let mut model = Vec::new();
        for (cell, column) in cells.iter().zip(columns.as_slice().iter().cycle()) {
            match cell {
                Some(value) => column.encode(*value, &mut model),
                None => model.resize(model.len() + column.width(), 0.0),
            }
        }
        let row = self.row_shape()?;
        let rows = Batch::new(row.clone(), finite(&cells, columns, model)?);
        let known = Known::new(rows, Batch::new(row, of_cells(columns, &shares)))?;
        Ok(Given::of_table(known, cells, columns.len()))
    }

    /// The columns of a model of tables.
    fn table(&self) -> Result<&Columns, RowsError> {
        self.columns.as_ref().ok_or(RowsError::NotTable)
    }

    /// The shape of a row of an array: of tables with a value a column.
    fn array_shape(&self) -> Result<Vec<usize>, RowsError> {
        match &self.columns {
            Some(columns) => Ok(vec![columns.len()]),
            None => self.row_shape(),
        }
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

/// A share for each cell, as one for each number of its column.
fn of_cells(columns: &Columns, shares: &[f32]) -> Vec<f32> {
    let cells = shares.iter().zip(columns.as_slice().iter().cycle());
    cells.flat_map(|(share, column)| std::iter::repeat_n(*share, column.width())).collect()
}

/// The inverse of [`of_cells`].
fn first_of_cells(columns: &Columns, mask: &Batch) -> Vec<f32> {
    let starts: Vec<usize> = columns.starts().collect();
    mask.iter_rows().flat_map(|row| starts.iter().map(move |start| row[*start])).collect()
}

/// Values as the model sees them.
fn in_model_space(columns: &Columns, values: &[f64]) -> Result<Vec<f32>, RowsError> {
    let cells: Vec<_> = values.iter().copied().map(Some).collect();
    finite(&cells, columns, columns.to_model_rows(values))
}

/// What these cells are in model space, if that is finite.
fn finite(
    cells: &[Option<f64>],
    columns: &Columns,
    model: Vec<f32>,
) -> Result<Vec<f32>, RowsError> {
    let Some(place) = model.iter().position(|value| !value.is_finite()) else { return Ok(model) };
    let (row, place) = (place / columns.width(), place % columns.width());
    let column = columns.starts().take_while(|start| *start <= place).count() - 1;
    let index = row * columns.as_slice().len() + column;
    Err(RowsError::TooLarge { index, value: cells[index].unwrap_or_default() })
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

#[cfg(test)]
mod tests;
