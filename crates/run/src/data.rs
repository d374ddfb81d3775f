//! The user's data, as training takes them.

mod choices;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ancestral_data::{
    Columns, Loaded, Opened, Own, PictureFolder, ReadOptions, Source as Kind, findings,
    open_as_needed,
};
use ancestral_learn::{
    Reader, Recipe, Request, Settings, Source, TrainError, TrainingSet, available_memory,
};
use ancestral_pipeline::categories_of;

use crate::RunError;
use crate::front::{Front, Notice};

pub use choices::ReadingChoices;
pub(crate) use choices::about_reading;

/// By default pictures may take this fraction of the available memory.
const DATA_SHARE: u64 = 2;
/// The unit of memory in messages.
const MEGABYTE: u64 = 1_000_000;
/// More columns of a table than this are counted and not listed.
const MOST_TOLD: usize = 100;

/// The data of a training that was settled before.
#[derive(Debug)]
pub(crate) struct Stored {
    pub data: Data,
    /// The rows that are held out to measure the loss.
    pub held_out: Option<TrainingSet>,
    /// Their checksum, before groups and held-out rows.
    pub sha256: String,
    /// What of the request they depend on.
    read_as: (Source, f64, usize, u64),
}

impl Stored {
    /// Whether these are the data of a training.
    pub(crate) fn is_of(&self, request: &Request) -> bool {
        let Settings { hold_out, groups, seed, .. } = request.training;
        self.read_as == (request.source.clone(), hold_out, groups, seed)
    }
}

/// The data of a training.
#[derive(Debug)]
pub struct Data {
    /// The name of the run and the model.
    pub name: String,
    /// The rows and their labels, in model space.
    pub set: TrainingSet,
    /// The names of the labels, if there are labels.
    pub class_names: Option<Vec<String>>,
    /// How the columns of a table were scaled; `None` for pictures.
    pub columns: Option<Columns>,
    /// Columns of the table that are not learned.
    pub left_out: Vec<String>,
}

impl Data {
    /// Reads the data called `source` with these choices, for the training of `recipe`, without
    /// the folder at `output`. Also returns how they were read, with every default filled in.
    pub(crate) fn read(
        source: &Path,
        choices: &ReadingChoices,
        recipe: &Recipe,
        output: &Path,
        front: &mut dyn Front,
    ) -> Result<(Self, Source), RunError> {
        let schema = choices.schema()?;
        let options = without(output, choices.options(recipe.seed, schema.as_ref())?);
        let (data, kind) = Self::open(source, &options, choices.memory, front)?;
        choices.refuse_idle(source, kind)?;
        if recipe.flip && !data.is_pictures() {
            return Err(choices::idle("flip", source, kind, "pictures").into());
        }
        let reading = choices::resolved(kind, &data.set, &options, schema);
        Ok((data, Source { name: source.into(), reading }))
    }

    /// Reads the data of a training again.
    pub(crate) fn of_request(
        request: &Request,
        output: &Path,
        memory: Option<u64>,
        front: &mut dyn Front,
    ) -> Result<Stored, RunError> {
        let Settings { hold_out, groups, seed, .. } = request.training;
        let data = Self::read_again(&request.source, seed, output, memory, front)?;
        let sha256 = data.set.sha256()?;
        let data = data.map_set(|set| set.with_groups(groups, seed))?;
        let (data, held_out) = data.split(hold_out, seed)?;
        let read_as = (request.source.clone(), hold_out, groups, seed);
        Ok(Stored { data, held_out, sha256, read_as })
    }

    /// Reads data again.
    fn read_again(
        source: &Source,
        seed: u64,
        output: &Path,
        memory: Option<u64>,
        front: &mut dyn Front,
    ) -> Result<Self, RunError> {
        let options = without(output, choices::options_of(&source.reading, seed)?);
        Ok(Self::open(source.name.as_ref(), &options, memory, front)?.0)
    }

    fn open(
        source: &Path,
        options: &ReadOptions,
        memory: Option<u64>,
        front: &mut dyn Front,
    ) -> Result<(Self, Kind), RunError> {
        let opened = match open_as_needed(source, options)? {
            Opened::Pictures { folder, here } => {
                let data = Self::of_folder(source, folder, &here, memory, front)?;
                return Ok((data, Kind::Pictures));
            }
            opened @ Opened::Loaded(_) => opened.read()?,
        };
        let Loaded { source: kind, data, columns, sheet, decided, warning, skipped, left_out } =
            opened;
        tell(front, source, &skipped, &left_out, &decided);
        if let (Kind::Csv, Some(columns)) = (kind, &columns) {
            tell_columns(front, columns);
        }
        if let Some(warning) = warning {
            front.tell(Notice::warning(format_args!("{}: {warning}", source.display())));
        }
        let (shape, class_names) = (data.shape().to_vec(), data.class_names().to_vec());
        let (rows, labels) = data.into_parts();
        let categories = columns.as_ref().map(categories_of).unwrap_or_default();
        let mut set = TrainingSet::new(shape, rows)?.with_categories(categories)?;
        let has_labels = labels.is_some();
        if let Some(labels) = labels {
            set = set.with_labels(labels, count_of(&class_names)?)?;
        }
        let class_names = has_labels.then_some(class_names);
        let learned = |name: &String| {
            columns.iter().flat_map(Columns::as_slice).any(|column| column.name() == name)
        };
        let names = sheet.iter().flat_map(|sheet| sheet.names().to_vec());
        let left_out = names.filter(|name| !learned(name)).collect();
        Ok((Self { name: data_name(source), set, class_names, columns, left_out }, kind))
    }

    /// Pictures of a folder; as many as fit into `memory` bytes are kept in memory.
    fn of_folder(
        source: &Path,
        folder: PictureFolder,
        here: &str,
        memory: Option<u64>,
        front: &mut dyn Front,
    ) -> Result<Self, RunError> {
        let decided = format!("{here}{}", folder.decided());
        tell(front, source, folder.skipped(), folder.left_out(), &decided);
        if folder.glance().is_some() {
            front.tell(Notice::line(format_args!(
                "{}: too large to read completely first: damaged pictures are found during training, \
                 and groups of similar pictures are used only with `groups`",
                source.display()
            )));
        }
        let (shape, classes) = (folder.shape().to_vec(), folder.classes());
        let available = || available_memory().map_or(u64::MAX, |bytes| bytes / DATA_SHARE);
        let memory = memory.unwrap_or_else(available);
        let mut set = TrainingSet::read(shape, Arc::new(Pictures(folder)), memory)?;
        if set.is_elsewhere() {
            front.tell(Notice::line(format_args!(
                "{}: larger than {} MB: pictures are read from their files as they are needed \
                 (`memory` sets the limit)",
                source.display(),
                memory / MEGABYTE
            )));
        }
        let class_names = if let Some((labels, names)) = classes {
            set = set.with_labels(labels, count_of(&names)?)?;
            Some(names)
        } else {
            None
        };
        Ok(Self { name: data_name(source), set, class_names, columns: None, left_out: Vec::new() })
    }

    /// The same data with another set; groups are named by their numbers.
    pub(crate) fn map_set<E>(
        self,
        change: impl FnOnce(TrainingSet) -> Result<TrainingSet, E>,
    ) -> Result<Self, E> {
        let set = change(self.set)?;
        let names = || (0..set.classes()).map(|group| format!("group-{group}")).collect();
        let class_names = self.class_names.or_else(|| (set.groups() > 0).then(names));
        Ok(Self { set, class_names, ..self })
    }

    /// The same data without a share, which is held out.
    pub(crate) fn split(
        self,
        share: f64,
        seed: u64,
    ) -> Result<(Self, Option<TrainingSet>), TrainError> {
        let (set, held_out) = self.set.split(share, seed)?;
        Ok((Self { set, ..self }, held_out))
    }

    /// Whether these are pictures, not points or a table.
    #[must_use]
    pub fn is_pictures(&self) -> bool {
        self.columns.is_none()
    }
}

/// Pictures in files, as training reads them.
#[derive(Debug)]
struct Pictures(PictureFolder);

impl Reader for Pictures {
    fn rows(&self) -> usize {
        self.0.count()
    }

    fn are_bytes(&self) -> bool {
        self.0.are_bytes()
    }

    fn read(&self, index: usize, row: &mut [f32]) -> Result<(), String> {
        self.0.read(index, row).map_err(|error| error.to_string())
    }

    fn checksum(&self) -> Option<[u8; 32]> {
        self.0.glance()
    }
}

/// Tells what reading left out, and what it decided.
fn tell(
    front: &mut dyn Front,
    source: &Path,
    skipped: &[(PathBuf, String)],
    left_out: &[(PathBuf, Own)],
    decided: &str,
) {
    for line in findings(source.display(), skipped, left_out, decided) {
        front.tell(Notice::line(line));
    }
}

/// Tells what the columns of a table hold, a line each.
fn tell_columns(front: &mut dyn Front, columns: &Columns) {
    for column in columns.as_slice().iter().take(MOST_TOLD) {
        front.tell(Notice::line(format_args!("column {column}")));
    }
    let more = columns.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        front.tell(Notice::line(format_args!("and {more} more columns")));
    }
}

fn count_of(classes: &[String]) -> Result<u32, RunError> {
    u32::try_from(classes.len()).map_err(|_| RunError::Classes(classes.len()))
}

/// The same settings, without the folder at `output`.
fn without(output: &Path, mut options: ReadOptions) -> ReadOptions {
    options.pictures.output = Some(output.to_owned());
    options
}

/// The name of the run and the model: the last part of the path, without its extensions.
#[must_use]
pub fn data_name(source: &Path) -> String {
    let path = source.canonicalize().unwrap_or_else(|_| source.to_owned());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| source.display().to_string());
    if path.is_dir() {
        return name;
    }
    let stem = name.split('.').find(|part| !part.is_empty());
    stem.map_or_else(|| name.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_last_part_without_endings() {
        let names = ["digits", "a/people.csv", "x/train-images-idx3-ubyte.gz", "/no/such/.hidden"];
        let expected = ["digits", "people", "train-images-idx3-ubyte", "hidden"];
        assert_eq!(names.map(|path| data_name(path.as_ref())), expected);
    }
}
