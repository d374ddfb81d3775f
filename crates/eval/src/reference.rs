//! Real data, as the rows of a model.

use ancestral_data::{
    BUILTIN, Channels, Column, Columns, Loaded, PictureOptions, ReadOptions, findings, open,
    open_builtin,
};
use ancestral_pipeline::{Batch, Model};

use crate::EvalError;

/// Real data, as the rows of a model.
#[derive(Debug)]
pub struct Reference {
    /// Their name.
    pub name: String,
    /// The rows, in the space of the model.
    pub rows: Batch,
}

impl Reference {
    /// Reads data for a model; without a name, the data of the built-in model, if `model` is that one.
    /// `tell` is called with what reading left out and decided, a line each.
    ///
    /// # Errors
    /// If there are no such data, or they have another shape or other columns than the model's.
    pub fn read(
        name: Option<&str>,
        model: &Model,
        is_built_in: bool,
        tell: impl FnMut(String),
    ) -> Result<Self, EvalError> {
        let shape = model.shape()?;
        let pictures = match shape[..] {
            [channels, height, width] => PictureOptions {
                channels: Channels::from_count(channels),
                size: Some([height, width]),
                ..PictureOptions::default()
            },
            _ => PictureOptions::default(),
        };
        let options = ReadOptions { pictures, ..ReadOptions::default() };
        let no_data = || EvalError::NoData { model: model.name().to_owned() };
        let (name, loaded) = match name {
            Some(name) => (name, open(name, &options)?),
            // The built-in data, even if a file has that name.
            None if is_built_in => {
                (BUILTIN[0], open_builtin(BUILTIN[0], &options)?.ok_or_else(no_data)?)
            }
            None => return Err(no_data()),
        };
        let Loaded { data, columns, decided, skipped, left_out, .. } = loaded;
        findings(name, &skipped, &left_out, &decided).into_iter().for_each(tell);
        if data.shape() != shape {
            let [found, expected] = [data.shape(), &shape].map(joined);
            let model = model.name().to_owned();
            return Err(EvalError::Shape { source_name: name.to_owned(), found, expected, model });
        }
        let rows = match (model.columns(), &columns) {
            (Some(ours), Some(theirs)) => {
                check_names(name, ours, theirs, model)?;
                ours.to_model_rows(&theirs.from_model_rows(data.rows()))
            }
            _ => data.rows().to_vec(),
        };
        Ok(Self { name: name.to_owned(), rows: Batch::new(shape, rows) })
    }
}

/// Refuses columns whose names differ from the model's, if the model's are known.
fn check_names(
    source: &str,
    ours: &Columns,
    theirs: &Columns,
    model: &Model,
) -> Result<(), EvalError> {
    let names = |columns: &Columns| {
        columns.as_slice().iter().map(Column::name).map(str::to_owned).collect::<Vec<_>>()
    };
    let (ours, theirs) = (names(ours), names(theirs));
    if model.folder().about.is_some() && ours != theirs {
        let [found, expected] = [theirs, ours].map(|names| names.join(", "));
        return Err(EvalError::Columns { source_name: source.to_owned(), found, expected });
    }
    Ok(())
}

/// A shape as people write it.
fn joined(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}
