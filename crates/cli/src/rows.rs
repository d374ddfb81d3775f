//! Rows that the user gives: pictures, arrays and tables, in the shape of a model's samples.

#[cfg_attr(not(feature = "pictures"), path = "rows/no_pictures.rs")]
mod pictures;

use std::path::Path;

use ancestral::{Batch, Elementwise, Known};
use ancestral_data::{Channels, Column, Columns, read_csv, read_npy};
use anyhow::{Context, Result, bail};

use crate::commands::joined;
use crate::model::Model;

/// Where rows come from: the flag that names it, and the path.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    pub flag: &'a str,
    pub path: &'a Path,
}

impl std::fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.flag, self.path.display())
    }
}

impl Source<'_> {
    fn has_ending(&self, ending: &str) -> bool {
        self.path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending))
    }

    /// Rows of samples, at least one.
    pub fn rows(&self, model: &Model, quiet: bool) -> Result<Batch> {
        if self.has_ending("npy") {
            return self.array(model);
        }
        let shape = model.shape()?;
        match &model.columns {
            None => self.pictures(&shape, shape[0], quiet),
            Some(columns) => {
                let (rows, given) = self.table(columns)?;
                if let Some(i) = given.iter().position(|given| !given) {
                    bail!("{self}: column {:?} is missing", columns.as_slice()[i].name());
                }
                Ok(rows)
            }
        }
    }

    /// Rows of an array: of pictures in model space, of points and tables in the data's own units.
    pub fn array(&self, model: &Model) -> Result<Batch> {
        let rows = self.values(&[model.shape()?])?;
        Ok(match &model.columns {
            None => rows,
            Some(columns) => {
                let values: Vec<f64> = rows.data().iter().copied().map(f64::from).collect();
                Batch::new(rows.shape().to_vec(), columns.to_model_rows(&values))
            }
        })
    }

    /// What is known of samples; `mask` says where, but for tables whose columns say it.
    pub fn known(&self, mask: Option<Source<'_>>, model: &Model, quiet: bool) -> Result<Known> {
        let columns = model.columns.as_ref().filter(|_| !self.has_ending("npy"));
        let (data, mask) = match (columns, mask) {
            (Some(_), Some(mask)) => bail!("{mask}: the columns of {self} say what is known"),
            (Some(columns), None) => {
                let (rows, given) = self.table(columns)?;
                let mask = given.into_iter().map(|given| f32::from(u8::from(given))).collect();
                (rows, Batch::new(vec![columns.len()], mask))
            }
            (None, None) => bail!("{self}: say where it is known by --mask"),
            (None, Some(mask)) => (self.rows(model, quiet)?, mask.shares(model, quiet)?),
        };
        Known::new(data, mask).with_context(|| self.to_string())
    }

    /// Shares from 0 to 1, in the shape of samples.
    fn shares(&self, model: &Model, quiet: bool) -> Result<Batch> {
        let shape = model.shape()?;
        let shares = match (self.has_ending("npy"), &model.columns) {
            // One share for all channels of a pixel is enough.
            (true, None) => {
                let plane = shape[1..].to_vec();
                self.values(&[shape.clone(), [&[1], &plane[..]].concat(), plane])?
            }
            (true, Some(_)) => self.values(std::slice::from_ref(&shape))?,
            (false, None) => self.pictures(&shape, 1, quiet)?.map(|x| f64::midpoint(x, 1.0)),
            (false, Some(_)) => bail!("{self}: expected an array of [n, {}] in .npy", shape[0]),
        };
        let size: usize = shape.iter().product();
        if shares.row_len() == size {
            return Ok(Batch::new(shape, shares.into_data()));
        }
        let repeated = shares.iter_rows().flat_map(|row| row.repeat(shape[0]));
        Ok(Batch::new(shape.clone(), repeated.collect()))
    }

    /// The values of an array of rows, at least one, of the first of these shapes that fits.
    fn values(&self, shapes: &[Vec<usize>]) -> Result<Batch> {
        let (found, data) = read_npy(self.path).context(self.flag.to_owned())?.into_parts();
        let fits = |shape: &&Vec<usize>| {
            found == **shape || found.split_first().is_some_and(|(_, rest)| *rest == **shape)
        };
        let Some(shape) = shapes.iter().find(fits) else {
            let expected = joined(&shapes[0], ", ");
            bail!("{self}: shape {found:?}, expected [n, {expected}]");
        };
        if let Some(bad) = data.iter().position(|x| !x.is_finite()) {
            bail!("{self}: value {bad} is {}, expected a finite number", data[bad]);
        }
        if data.is_empty() {
            bail!("{self}: no rows");
        }
        Ok(Batch::new(shape.clone(), data))
    }

    /// Pictures of so many channels, brought to the size of samples.
    fn pictures(&self, shape: &[usize], channels: usize, quiet: bool) -> Result<Batch> {
        let (Some(channels), &[_, height, width]) = (Channels::from_count(channels), shape) else {
            bail!("{self}: samples are no pictures: expected an array in .npy");
        };
        pictures::read(*self, channels, [height, width], quiet)
    }

    /// Rows of a table in model space, 0 in the columns that it lacks, and which it has.
    fn table(&self, columns: &Columns) -> Result<(Batch, Vec<bool>)> {
        let table = read_csv(self.path).context(self.flag.to_owned())?;
        let (columns, found) = (columns.as_slice(), table.columns().as_slice());
        let place = |name: &str| found.iter().position(|column| column.name() == name);
        let known = |name: &str| columns.iter().any(|column| column.name() == name);
        if let Some(stranger) = found.iter().find(|column| !known(column.name())) {
            let names: Vec<_> = columns.iter().map(Column::name).collect();
            let (name, names) = (stranger.name(), names.join(", "));
            bail!("{self}: column {name:?} is none of the model's, which are {names}");
        }
        let places: Vec<_> = columns.iter().map(|column| place(column.name())).collect();
        let values = table.columns().from_model_rows(table.data().rows());
        let rows = values.chunks_exact(found.len()).flat_map(|row| {
            let value = |place: &Option<usize>, column: &Column| {
                place.map_or(0.0, |place| column.to_model(row[place]))
            };
            places
                .iter()
                .zip(columns)
                .map(|(place, column)| value(place, column))
                .collect::<Vec<_>>()
        });
        let given = places.iter().map(Option::is_some).collect();
        Ok((Batch::new(vec![columns.len()], rows.collect()), given))
    }
}
