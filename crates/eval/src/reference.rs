//! Real data, as the rows of a model.

use ancestral_data::{
    BUILTIN, Channels, Column, Columns, Dataset, Loaded, OpenError, PictureOptions, ReadOptions,
    findings, open, open_builtin,
};
use ancestral_pipeline::{Batch, Classes, Model};

use crate::EvalError;

/// Real data, as the rows of a model.
#[derive(Debug)]
pub struct Reference {
    /// Their name.
    pub name: String,
    /// The rows, in the space of the model.
    pub rows: Batch,
    /// The label of each row for the network; `None` if it takes none.
    pub labels: Option<Vec<u32>>,
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
        let classes = has_classes(model.classes());
        let pictures = PictureOptions { classes, ..pictures_like(&shape) };
        let options = ReadOptions { pictures, classes, ..ReadOptions::default() };
        let no_data = || EvalError::NoData { model: model.name().to_owned() };
        let (name, loaded) = match name {
            Some(name) => (name, read(name, &options)?),
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
        let labels = labels(&data, model)?;
        let rows = match (model.columns(), &columns) {
            (Some(ours), Some(theirs)) => {
                check_names(name, ours, theirs, model)?;
                ours.to_model_rows(&theirs.from_model_rows(data.rows()))
            }
            _ => data.into_parts().0,
        };
        Ok(Self { name: name.to_owned(), rows: Batch::new(shape, rows), labels })
    }

    /// Samples in files, and the real data that they should be like: pictures of the samples' size, or
    /// rows in the units of the data's columns.
    ///
    /// # Errors
    /// If one of them can't be read, or they have other shapes or columns.
    pub fn pair(
        samples: &str,
        data: &str,
        mut tell: impl FnMut(String),
    ) -> Result<[Self; 2], EvalError> {
        let mut read = |name: &str, options: &ReadOptions| -> Result<Loaded, EvalError> {
            let loaded = open(name, options)?;
            let Loaded { skipped, left_out, decided, .. } = &loaded;
            findings(name, skipped, left_out, decided).into_iter().for_each(&mut tell);
            Ok(loaded)
        };
        let of = |name: &str, data: Dataset| Self {
            name: name.to_owned(),
            rows: Batch::new(data.shape().to_vec(), data.into_parts().0),
            labels: None,
        };
        let drawn = read(samples, &ReadOptions::default())?;
        let pictures = pictures_like(drawn.data.shape());
        let real = read(data, &ReadOptions { pictures, ..ReadOptions::default() })?;
        if drawn.data.shape() != real.data.shape() {
            let [found, expected] = [&real, &drawn].map(|loaded| joined(loaded.data.shape()));
            let (source_name, model) = (data.to_owned(), samples.to_owned());
            return Err(EvalError::Shape { source_name, found, expected, model });
        }
        let drawn = match (drawn.columns, &real.columns) {
            (Some(theirs), Some(ours)) => {
                let [found, expected] = [&theirs, ours].map(|columns| names(columns).join(", "));
                if found != expected {
                    let source_name = samples.to_owned();
                    return Err(EvalError::Columns { source_name, found, expected });
                }
                let rows = ours.to_model_rows(&theirs.from_model_rows(drawn.data.rows()));
                Self {
                    name: samples.to_owned(),
                    rows: Batch::new(vec![ours.as_slice().len()], rows),
                    labels: None,
                }
            }
            _ => of(samples, drawn.data),
        };
        Ok([drawn, of(data, real.data)])
    }

    /// `count` of the rows, spread evenly over all: data are often sorted.
    #[must_use]
    pub fn spread(self, count: usize) -> Self {
        let rows = self.rows.rows();
        if count >= rows {
            return self;
        }
        self.some(&(0..count).map(|i| i * rows / count).collect::<Vec<_>>())
    }

    /// The rows with these indices.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn some(&self, chosen: &[usize]) -> Self {
        let labels = self.labels.as_ref();
        let labels = labels.map(|labels| chosen.iter().map(|row| labels[*row]).collect());
        let values = chosen.iter().flat_map(|row| self.rows.row(*row)).copied().collect();
        let rows = Batch::new(self.rows.row_shape().to_vec(), values);
        Self { name: self.name.clone(), rows, labels }
    }
}

/// Reads data, with their classes where they have some.
fn read(name: &str, options: &ReadOptions) -> Result<Loaded, OpenError> {
    match open(name, options) {
        Err(_) if options.classes => {
            let pictures = PictureOptions { classes: false, ..options.pictures.clone() };
            open(name, &ReadOptions { pictures, classes: false, ..options.clone() })
        }
        read => read,
    }
}

/// Whether the classes of a model are classes of its data, not groups that were found in them.
fn has_classes(classes: &Classes) -> bool {
    let Classes::Named { names, .. } = classes else { return false };
    !names.iter().all(|name| name.starts_with("group-"))
}

/// The label of each row: that of its class, or the one that means "none".
fn labels(data: &Dataset, model: &Model) -> Result<Option<Vec<u32>>, EvalError> {
    let null = |class: &str| {
        let unknown = || EvalError::Class { class: class.into(), model: model.name().to_owned() };
        model.classes().null().ok_or_else(unknown)
    };
    let label = |label: &u32| -> Result<u32, EvalError> {
        let class = &data.class_names()[*label as usize];
        let Classes::Named { names, .. } = model.classes() else { return Ok(*label) };
        match names.iter().position(|name| name == class) {
            Some(found) => Ok(u32::try_from(found).unwrap_or(u32::MAX)),
            None => null(class),
        }
    };
    match (model.classes(), data.labels()) {
        (Classes::None, _) => Ok(None),
        (_, Some(labels)) => labels.iter().map(label).collect::<Result<_, _>>().map(Some),
        (_, None) => Ok(Some(vec![null("none")?; data.len()])),
    }
}

/// Refuses columns whose names differ from the model's, if the model's are known.
fn check_names(
    source: &str,
    ours: &Columns,
    theirs: &Columns,
    model: &Model,
) -> Result<(), EvalError> {
    let (ours, theirs) = (names(ours), names(theirs));
    if model.folder().about.is_some() && ours != theirs {
        let [found, expected] = [theirs, ours].map(|names| names.join(", "));
        return Err(EvalError::Columns { source_name: source.to_owned(), found, expected });
    }
    Ok(())
}

fn names(columns: &Columns) -> Vec<String> {
    columns.as_slice().iter().map(Column::name).map(str::to_owned).collect()
}

/// How to read pictures of that shape.
fn pictures_like(shape: &[usize]) -> PictureOptions {
    let &[channels, height, width] = shape else { return PictureOptions::default() };
    let (channels, size) = (Channels::from_count(channels), Some([height, width]));
    PictureOptions { channels, size, ..PictureOptions::default() }
}

/// A shape as people write it.
fn joined(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("x")
}
