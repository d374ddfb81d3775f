//! Real data, as the rows of a model.

use std::ops::Range;
use std::path::Path;

use ancestral_data::{
    BUILTIN, Channels, Column, Columns, CsvError, Dataset, Fit, KindSchema, Loaded, Missing,
    OpenError, PictureOptions, ReadOptions, Sheet, SheetError, TableOptions, findings, open,
    open_builtin,
};
use ancestral_format::{AboutReading, joined};
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
    /// The columns of a table that is not read for a model.
    columns: Option<Columns>,
    /// The same table as text, if it is a file with commas.
    sheet: Option<Sheet>,
}

/// Some rows in a row, for one call of the network.
pub(crate) struct RowBatch {
    pub(crate) x0: Batch,
    pub(crate) labels: Option<Vec<u32>>,
    /// Their indices among all rows.
    pub(crate) indices: Range<u64>,
}

impl Reference {
    /// Some rows, `size` at a time.
    pub(crate) fn batches(
        &self,
        rows: Range<usize>,
        size: usize,
    ) -> impl Iterator<Item = RowBatch> {
        let end = rows.end;
        rows.step_by(size).map(move |from| {
            let range = from..end.min(from + size);
            RowBatch {
                x0: self.rows.slice(range.clone()),
                labels: self.labels.as_ref().map(|labels| labels[range.clone()].to_vec()),
                indices: range.start as u64..range.end as u64,
            }
        })
    }

    /// Reads data for a model; without a name, the data of the built-in model, if `model` is that one.
    /// `tell` is called with what reading left out and decided, a line each. Rows without a class have the
    /// label that means "none": `null_label`, or the one that the model says.
    ///
    /// # Errors
    /// If there are no such data, or they have another shape or other columns than the model's.
    pub fn read(
        name: Option<&Path>,
        model: &Model,
        is_built_in: bool,
        null_label: Option<u32>,
        mut tell: impl FnMut(String),
    ) -> Result<Self, EvalError> {
        let shape = model.shape()?;
        let classes = has_classes(model.classes());
        let pictures = PictureOptions { classes, ..picture_options(model) };
        let tables = tables_like(model);
        let options = ReadOptions { pictures, classes, tables, ..ReadOptions::default() };
        let no_data = || EvalError::NoData { model: model.name().to_owned() };
        let (name, loaded) = match name {
            Some(path) => {
                let loaded = read(path, &options).map_err(|error| lacking(error, path, model))?;
                (path.display().to_string(), loaded)
            }
            // The built-in data, even if a file has that name.
            None if is_built_in => {
                let loaded = open_builtin(BUILTIN[0], &options)?.ok_or_else(no_data)?;
                (BUILTIN[0].to_owned(), loaded)
            }
            None => return Err(no_data()),
        };
        let name = name.as_str();
        let Loaded { data, columns, sheet, decided, skipped, left_out, .. } = loaded;
        findings(name, &skipped, &left_out, &decided).into_iter().for_each(&mut tell);
        let is_known = model.folder().about.is_some();
        let labels = labels(&data, model, null_label)?;
        let strangers = strangers(&data, model);
        let rows = match (model.columns(), &columns) {
            (Some(ours), Some(theirs)) if is_known => {
                let drops_holes = model.reading().drop_holes;
                let whole = sheet.as_ref().filter(|_| drops_holes);
                let whole = whole.map(|sheet| sheet.without_holes(ours));
                model_rows(name, ours, theirs, whole.as_ref().or(sheet.as_ref()), data.rows())?
            }
            (ours, theirs) => {
                if data.shape() != shape {
                    let [found, expected] = [data.shape(), &shape].map(|shape| joined(shape, "x"));
                    let (source_name, model) = (name.to_owned(), model.name().to_owned());
                    return Err(EvalError::Shape { source_name, found, expected, model });
                }
                match (ours, theirs) {
                    (Some(ours), Some(theirs)) => {
                        ours.to_model_rows(&theirs.from_model_rows(data.rows()))
                    }
                    _ => data.into_parts().0,
                }
            }
        };
        if let Some(strangers) = strangers {
            tell(format!(
                "warning: {name}: the model does not know the classes {strangers}: measured as none"
            ));
        }
        let rows = Batch::new(shape, rows);
        Ok(Self { name: name.to_owned(), rows, labels, columns: None, sheet: None })
    }

    /// Rows in files, in no model's space: pictures of their own size, or rows of a table in units of
    /// its standard deviations.
    ///
    /// # Errors
    /// If they can't be read.
    pub fn plain(path: &Path, tell: impl FnMut(String)) -> Result<Self, EvalError> {
        Ok(Self::of(path, loaded(path, PictureOptions::default(), tell)?))
    }

    /// Other rows that can be compared with these: pictures of the same size, or rows of a table in units of
    /// their own, which [`in_columns_of`](Self::in_columns_of) changes.
    ///
    /// # Errors
    /// If they can't be read, or have another shape.
    pub fn like(&self, path: &Path, tell: impl FnMut(String)) -> Result<Self, EvalError> {
        let shape = self.rows.row_shape();
        let other = Self::of(path, loaded(path, pictures_like(shape), tell)?);
        let are_tables = self.columns.is_some() && other.columns.is_some();
        if !are_tables && other.rows.row_shape() != shape {
            let [found, expected] = [other.rows.row_shape(), shape].map(|shape| joined(shape, "x"));
            let (source_name, model) = (other.name, self.name.clone());
            return Err(EvalError::OtherShape { source_name, found, expected, model });
        }
        Ok(other)
    }

    /// The same rows of a table in the units of other rows.
    ///
    /// # Errors
    /// If they have other columns, or a cell that those cannot have.
    pub fn in_columns_of(self, other: &Self) -> Result<Self, EvalError> {
        let (Some(theirs), Some(ours)) = (&self.columns, &other.columns) else { return Ok(self) };
        let sheet = self.sheet.as_ref().filter(|_| other.sheet.is_some());
        let rows = model_rows(&self.name, ours, theirs, sheet, self.rows.data())?;
        let rows = Batch::new(vec![ours.width()], rows);
        Ok(Self { rows, columns: other.columns.clone(), ..self })
    }

    fn of(path: &Path, loaded: Loaded) -> Self {
        let Loaded { data, columns, sheet, .. } = loaded;
        let rows = Batch::new(data.shape().to_vec(), data.into_parts().0);
        Self { name: path.display().to_string(), rows, labels: None, columns, sheet }
    }

    /// The columns of a table that is not read for a model.
    #[must_use]
    pub fn columns(&self) -> Option<&Columns> {
        self.columns.as_ref()
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
        Self { name: self.name.clone(), rows, labels, columns: self.columns.clone(), sheet: None }
    }
}

/// How pictures in files are read for a model: as those of its training, in the size of its samples.
#[must_use]
pub fn picture_options(model: &Model) -> PictureOptions {
    let AboutReading { letterbox, background, skip_bad, .. } = model.reading();
    let default = pictures_like(model.shape().as_deref().unwrap_or_default());
    PictureOptions {
        fit: if letterbox { Fit::Letterbox } else { Fit::Crop },
        background: background.unwrap_or(default.background),
        skip_bad,
        ..default
    }
}

/// How tables are read for a model: its columns are of the kinds that it learned, within any bounds, and what
/// its training left out is left out.
fn tables_like(model: &Model) -> TableOptions {
    let reading = model.reading();
    let mut schema = model.columns().map(Columns::schema).unwrap_or_default();
    for column in &mut schema.columns {
        (column.min, column.max) = (None, None);
        if column.kind == KindSchema::Integer {
            column.kind = KindSchema::Real;
        }
    }
    let missing = if reading.drop_holes { Missing::Drop } else { Missing::Learn };
    TableOptions { schema, missing, ignored: reading.left_out, ..TableOptions::default() }
}

/// The error of a table that lacks a column of the model, in place of that of a schema.
fn lacking(error: OpenError, path: &Path, model: &Model) -> EvalError {
    let OpenError::Csv(CsvError::Sheet { source: SheetError::Stranger { expected, .. }, .. }) =
        &error
    else {
        return error.into();
    };
    let (source_name, found) = (path.display().to_string(), expected.join(", "));
    let expected = model.columns().map(names).unwrap_or_default().join(", ");
    EvalError::Columns { source_name, found, expected }
}

/// Classes of the data that are none of the model's.
fn strangers(data: &Dataset, model: &Model) -> Option<String> {
    let Classes::Named { names, .. } = model.classes() else { return None };
    if !has_classes(model.classes()) || data.labels().is_none() {
        return None;
    }
    let strangers = data.class_names().iter().filter(|class| !names.contains(class));
    let strangers: Vec<&str> = strangers.map(String::as_str).collect();
    (!strangers.is_empty()).then(|| strangers.join(", "))
}

/// Reads rows without classes.
fn loaded(
    path: &Path,
    pictures: PictureOptions,
    tell: impl FnMut(String),
) -> Result<Loaded, EvalError> {
    let loaded = open(path, &ReadOptions { pictures, ..ReadOptions::default() })?;
    let Loaded { skipped, left_out, decided, .. } = &loaded;
    let name = path.display().to_string();
    findings(&name, skipped, left_out, decided).into_iter().for_each(tell);
    Ok(loaded)
}

/// Reads data, with their classes where they have some.
fn read(path: &Path, options: &ReadOptions) -> Result<Loaded, OpenError> {
    match open(path, options) {
        Err(_) if options.classes => {
            let pictures = PictureOptions { classes: false, ..options.pictures.clone() };
            open(path, &ReadOptions { pictures, classes: false, ..options.clone() })
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
fn labels(
    data: &Dataset,
    model: &Model,
    null_label: Option<u32>,
) -> Result<Option<Vec<u32>>, EvalError> {
    let null = |class: &str| {
        let unknown = || EvalError::Class { class: class.into(), model: model.name().to_owned() };
        null_label.or(model.classes().null()).ok_or_else(unknown)
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
        (Classes::None, _) if null_label.is_some() => {
            Err(EvalError::NoClasses { model: model.name().to_owned() })
        }
        (Classes::None, _) => Ok(None),
        (_, Some(labels)) => labels.iter().map(label).collect::<Result<_, _>>().map(Some),
        (_, None) => Ok(Some(vec![null("none")?; data.len()])),
    }
}

/// Rows of the columns `theirs` as the columns `ours` see them: by the text of the cells if there is one.
fn model_rows(
    source: &str,
    ours: &Columns,
    theirs: &Columns,
    sheet: Option<&Sheet>,
    rows: &[f32],
) -> Result<Vec<f32>, EvalError> {
    let source_name = source.to_owned();
    let Some(sheet) = sheet else {
        check_names(source, ours, theirs)?;
        if let Some(column) = ours.as_slice().iter().find(|column| !column.is_numeric()) {
            return Err(EvalError::Words { source_name, column: column.name().to_owned() });
        }
        return Ok(ours.to_model_rows(&theirs.from_model_rows(rows)));
    };
    // Columns that were left out of `theirs`, as names of rows are, may be missing in `ours`.
    let (expected, found) = (names(ours), names(theirs));
    let has_all = expected.iter().all(|name| sheet.names().contains(name));
    if !has_all || found.iter().any(|name| !expected.contains(name)) {
        let [found, expected] = [found, expected].map(|names| names.join(", "));
        return Err(EvalError::Columns { source_name, found, expected });
    }
    sheet
        .model_rows(ours)
        .map_err(|source| EvalError::Sheet { source_name, source: Box::new(source) })
}

/// Refuses columns of other names. Those of an array have none: they are counted from 1.
fn check_names(source: &str, ours: &Columns, theirs: &Columns) -> Result<(), EvalError> {
    let counted: Vec<String> = (1..=theirs.as_slice().len()).map(|i| i.to_string()).collect();
    let (ours, theirs) = (names(ours), names(theirs));
    let are_counted = theirs.len() == ours.len() && (theirs == counted || ours == counted);
    if ours != theirs && !are_counted {
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
