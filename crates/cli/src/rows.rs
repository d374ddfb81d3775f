//! Rows that the user gives: pictures, arrays and tables, in the shape of a model's samples.

#[cfg_attr(not(feature = "pictures"), path = "rows/no_pictures.rs")]
mod pictures;

use std::path::Path;

use ancestral_data::{Channels, NumberKind, Numbers, read_numbers, read_sheet};
use ancestral_pipeline::{Batch, Given, Known, KnownError, Model, RowsError};
use anyhow::{Context, Result, bail};

/// The source of rows: the flag that names it, and the path.
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
        if model.columns().is_some() {
            let table = read_sheet(self.path).context(self.flag.to_owned())?;
            return self.fitted(model.rows_of_table(&table));
        }
        let shape = model.shape().map_err(crate::flags::flagged)?;
        self.pictures(&shape, model, quiet)
    }

    /// Rows of an array: of pictures in model space, of points and tables in the data's own units.
    pub fn array(&self, model: &Model) -> Result<Batch> {
        let numbers = self.numbers()?;
        self.fitted(model.rows_of_array(numbers.shape(), &self.values(&numbers, model)?))
    }

    /// Noise that trajectories start from: an array of reals, as [`array`](Self::array) has them.
    pub fn noise(&self, model: &Model) -> Result<Batch> {
        if self.numbers()?.kind() != NumberKind::Reals {
            bail!("{self}: whole numbers, expected noise as float32 or float64");
        }
        self.array(model)
    }

    /// The given cells of a table.
    pub fn given(&self, model: &Model) -> Result<Given> {
        if model.columns().is_none() {
            bail!("{self}: samples are pictures: use --inpaint");
        }
        if self.has_ending("npy") {
            let numbers = self.numbers()?;
            return self.fitted(model.given_of_cells(numbers.shape(), numbers.values()));
        }
        let table = read_sheet(self.path).context(self.flag.to_owned())?;
        self.fitted(model.given_of_table(&table))
    }

    /// The known part of samples, where `mask` is white.
    pub fn known(&self, mask: Option<Source<'_>>, model: &Model, quiet: bool) -> Result<Given> {
        if model.columns().is_some() && !self.has_ending("npy") {
            bail!("{self}: samples are rows of a table: use --given");
        }
        let Some(mask) = mask else { bail!("{self}: give the known region with --mask") };
        let shares = mask.shares(model, quiet)?;
        let known = if self.has_ending("npy") {
            let numbers = self.numbers()?;
            let values = self.values(&numbers, model)?;
            model.given_of_array(numbers.shape(), &values, &shares)
        } else {
            let known = Known::new(self.rows(model, quiet)?, shares);
            known.map(Given::from).map_err(RowsError::from)
        };
        let is_of_mask = matches!(known, Err(RowsError::Known(KnownError::Rows { mask: 2.., .. })));
        if is_of_mask { mask.fitted(known) } else { self.fitted(known) }
    }

    /// The mask as shares from 0 to 1, in the shape of samples.
    fn shares(&self, model: &Model, quiet: bool) -> Result<Batch> {
        if self.has_ending("npy") {
            let numbers = self.numbers()?;
            return self.fitted(model.mask_of_array(numbers.shape(), &numbers.of_mask()));
        }
        let shape = model.shape().map_err(crate::flags::flagged)?;
        if model.columns().is_some() {
            bail!("{self}: expected a .npy array of shape [n, {}]", shape[0]);
        }
        self.fitted(model.mask_of_pictures(self.mask(&shape, quiet)?))
    }

    fn numbers(&self) -> Result<Numbers> {
        read_numbers(self.path).context(self.flag.to_owned())
    }

    /// The values of an array: of pictures in model space, of points and tables as they are.
    fn values(&self, numbers: &Numbers, model: &Model) -> Result<Vec<f64>> {
        if model.columns().is_some() {
            return Ok(numbers.values().to_vec());
        }
        let expected = "expected uint8 (0 to 255), or float32 (-1 to 1)";
        let scaled = numbers.of_pictures();
        scaled.with_context(|| format!("{self}: integers of unknown range, {expected}"))
    }

    fn fitted<T>(&self, rows: Result<T, RowsError>) -> Result<T> {
        rows.with_context(|| self.to_string())
    }

    /// Pictures, in the size of samples.
    fn pictures(&self, shape: &[usize], model: &Model, quiet: bool) -> Result<Batch> {
        if shape.len() != 3 || Channels::from_count(shape[0]).is_none() {
            bail!("{self}: samples are not pictures: expected a .npy array");
        }
        pictures::read(*self, model, quiet)
    }

    /// Pictures of one channel, scaled to the size of samples; transparent parts are black.
    fn mask(&self, shape: &[usize], quiet: bool) -> Result<Batch> {
        let &[_, height, width] = shape else {
            bail!("{self}: samples are not pictures: expected a .npy array");
        };
        pictures::read_mask(*self, [height, width], quiet)
    }
}
