//! The user's data, as training takes them.

use std::path::Path;
use std::sync::Arc;

use ancestral_data::{
    Channels, Columns, Fit, Loaded, Opened, PictureFolder, PictureOptions, ReadOptions,
    Source as Kind, open_as_needed,
};
use ancestral_learn::{self as learn, Reader, Reading, Source, TrainingSet, available_memory};
use anyhow::{Context, Result, bail};

use crate::args::{FitArg, ReadingArgs};
use crate::failure::note;
use crate::findings::Findings;

/// By default pictures may take this fraction of the available memory.
const DATA_SHARE: u64 = 2;
/// The unit of memory in flags and messages.
const MEGABYTE: u64 = 1_000_000;

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
}

impl Data {
    /// Reads the data called `source` with the flags and the seed of the training. Also returns how
    /// they were read, with every default filled in.
    pub fn read(
        source: &Path,
        flags: &ReadingArgs,
        seed: u64,
        output: &Path,
        quiet: bool,
    ) -> Result<(Self, Source)> {
        let options = without(output, of_flags(flags, seed));
        let (data, kind) = Self::open(source, &options, flags.memory, quiet)?;
        refuse_idle(flags, source, kind, data.is_pictures())?;
        let reading = resolved(kind, &data.set, &options);
        Ok((data, Source { name: source.into(), reading }))
    }

    /// Reads data again.
    pub fn read_again(
        source: &Source,
        seed: u64,
        output: &Path,
        memory: Option<u64>,
        quiet: bool,
    ) -> Result<Self> {
        let options = without(output, of_reading(&source.reading, seed));
        Ok(Self::open(source.name.as_ref(), &options, memory, quiet)?.0)
    }

    fn open(
        source: &Path,
        options: &ReadOptions,
        memory: Option<u64>,
        quiet: bool,
    ) -> Result<(Self, Kind)> {
        let opened = match open_as_needed(source, options)? {
            Opened::Pictures { folder, here } => {
                return Ok((
                    Self::of_folder(source, folder, &here, memory, quiet)?,
                    Kind::Pictures,
                ));
            }
            opened @ Opened::Loaded(_) => opened.read()?,
        };
        let Loaded { source: kind, data, columns, decided, warning, skipped, left_out } = opened;
        Findings { skipped: &skipped, left_out: &left_out, decided: &decided }
            .print(source.display(), quiet);
        if let Some(warning) = warning {
            note(quiet, format_args!("warning: {}: {warning}", source.display()));
        }
        let (shape, class_names) = (data.shape().to_vec(), data.class_names().to_vec());
        let (rows, labels) = data.into_parts();
        let mut set = TrainingSet::new(shape, rows)?;
        let has_labels = labels.is_some();
        if let Some(labels) = labels {
            let classes = u32::try_from(class_names.len()).context("classes")?;
            set = set.with_labels(labels, classes)?;
        }
        let class_names = has_labels.then_some(class_names);
        Ok((Self { name: name(source), set, class_names, columns }, kind))
    }

    /// Pictures of a folder; as many as fit into `memory` bytes are kept in memory.
    fn of_folder(
        source: &Path,
        folder: PictureFolder,
        here: &str,
        memory: Option<u64>,
        quiet: bool,
    ) -> Result<Self> {
        let decided = format!("{here}{}", folder.decided());
        let (skipped, left_out) = (folder.skipped(), folder.left_out());
        Findings { skipped, left_out, decided: &decided }.print(source.display(), quiet);
        if folder.glance().is_some() {
            note(
                quiet,
                format_args!(
                    "{}: too large to read completely first: damaged pictures are found during \
                     training, and groups of similar pictures are used only with --groups",
                    source.display()
                ),
            );
        }
        let (shape, classes) = (folder.shape().to_vec(), folder.classes());
        let available = || available_memory().map_or(u64::MAX, |bytes| bytes / DATA_SHARE);
        let memory = memory.unwrap_or_else(available);
        let mut set = TrainingSet::read(shape, Arc::new(Pictures(folder)), memory)?;
        if set.is_elsewhere() {
            note(
                quiet,
                format_args!(
                    "{}: larger than {} MB: pictures are read from their files as they are needed \
                     (--memory sets the limit)",
                    source.display(),
                    memory / MEGABYTE
                ),
            );
        }
        let class_names = if let Some((labels, names)) = classes {
            set = set.with_labels(labels, u32::try_from(names.len()).context("classes")?)?;
            Some(names)
        } else {
            None
        };
        Ok(Self { name: name(source), set, class_names, columns: None })
    }

    /// The same data with another set; groups are named by their numbers.
    pub fn map_set<E>(
        self,
        change: impl FnOnce(TrainingSet) -> Result<TrainingSet, E>,
    ) -> Result<Self, E> {
        let set = change(self.set)?;
        let names = || (0..set.classes()).map(|group| format!("group-{group}")).collect();
        let class_names = self.class_names.or_else(|| (set.groups() > 0).then(names));
        Ok(Self { set, class_names, ..self })
    }

    /// The same data without a share, which is held out.
    pub fn split(self, share: f64, seed: u64) -> Result<(Self, Option<TrainingSet>)> {
        let (set, held_out) = self.set.split(share, seed)?;
        Ok((Self { set, ..self }, held_out))
    }

    /// Whether these are pictures, not points or a table.
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

/// The same settings, without the folder at `output`.
fn without(output: &Path, mut options: ReadOptions) -> ReadOptions {
    options.pictures.output = Some(output.to_owned());
    options
}

/// The settings of reading from the flags.
fn of_flags(flags: &ReadingArgs, seed: u64) -> ReadOptions {
    let default = ReadOptions { seed, ..ReadOptions::default() };
    let fit = |fit| match fit {
        FitArg::Crop => Fit::Crop,
        FitArg::Letterbox => Fit::Letterbox,
    };
    ReadOptions {
        pictures: PictureOptions {
            channels: flags.channels.and_then(|channels| channels.0),
            size: flags.size.map(|size| size.0),
            fit: flags.fit.map_or(default.pictures.fit, fit),
            background: flags.background.map_or(default.pictures.background, |colour| colour.0),
            classes: flags.classes,
            skip_bad: flags.skip_bad,
            output: None,
        },
        points: flags.points.unwrap_or(default.points),
        classes: flags.classes,
        seed,
    }
}

/// How data were read, with every default filled in.
fn resolved(kind: Kind, set: &TrainingSet, options: &ReadOptions) -> Reading {
    let PictureOptions { fit, background, classes, skip_bad, .. } = options.pictures;
    match (kind, set.shape()) {
        (Kind::Pictures, &[channels, height, width]) => Reading::Pictures {
            channels,
            size: [height, width],
            fit: match fit {
                Fit::Crop => learn::Fit::Crop,
                Fit::Letterbox => learn::Fit::Letterbox,
            },
            background,
            classes,
            skip_bad,
        },
        (Kind::Toy, _) => Reading::Points { count: options.points, classes: options.classes },
        _ => Reading::Plain,
    }
}

/// How to read data as they were read before.
fn of_reading(reading: &Reading, seed: u64) -> ReadOptions {
    let default = ReadOptions { seed, ..ReadOptions::default() };
    match *reading {
        Reading::Plain => default,
        Reading::Points { count, classes } => ReadOptions { points: count, classes, ..default },
        Reading::Pictures { channels, size, fit, background, classes, skip_bad } => {
            let pictures = PictureOptions {
                channels: Channels::from_count(channels),
                size: Some(size),
                fit: match fit {
                    learn::Fit::Crop => Fit::Crop,
                    learn::Fit::Letterbox => Fit::Letterbox,
                },
                background,
                classes,
                skip_bad,
                output: None,
            };
            ReadOptions { pictures, ..default }
        }
    }
}

/// Refuses flags for data of another kind, which would have no effect.
fn refuse_idle(flags: &ReadingArgs, source: &Path, kind: Kind, is_pictures: bool) -> Result<()> {
    let found = match kind {
        Kind::Builtin => "built in",
        Kind::Toy => "a toy set",
        Kind::Idx => "in IDX files",
        Kind::Pictures => "pictures",
        Kind::Array => "an array",
        Kind::Csv => "a table",
    };
    let ReadingArgs { channels, size, fit, background, classes, flip, skip_bad, points, memory } =
        flags;
    let in_files = (kind == Kind::Pictures, "a picture or a folder of pictures");
    let labelled = (
        matches!(kind, Kind::Pictures | Kind::Toy),
        "a folder of pictures or a toy set (labels in arrays and IDX files are learned without it)",
    );
    for (flag, is_given, (acts, expected)) in [
        ("--channels", channels.is_some(), in_files),
        ("--size", size.is_some(), in_files),
        ("--fit", fit.is_some(), in_files),
        ("--background", background.is_some(), in_files),
        ("--points", points.is_some(), (kind == Kind::Toy, "a toy set")),
        ("--classes", *classes, labelled),
        ("--flip", *flip, (is_pictures, "pictures")),
        ("--skip-bad", *skip_bad, in_files),
        ("--memory", memory.is_some(), in_files),
    ] {
        if is_given && !acts {
            bail!("{flag}: {} is {found}, expected {expected}", source.display());
        }
    }
    Ok(())
}

/// The name of the run and the model: the last part of the path, without its extensions.
pub fn name(source: &Path) -> String {
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
        assert_eq!(names.map(|path| name(path.as_ref())), expected);
    }

    #[test]
    fn what_was_read_is_read_again_with_everything_said() {
        let pictures = Reading::Pictures {
            channels: 3,
            size: [32, 48],
            fit: learn::Fit::Letterbox,
            background: [1, 2, 3],
            classes: true,
            skip_bad: true,
        };
        let set = TrainingSet::new(vec![3, 32, 48], vec![0.0; 3 * 32 * 48]).unwrap();
        assert_eq!(resolved(Kind::Pictures, &set, &of_reading(&pictures, 1)), pictures);
        let points = Reading::Points { count: 7, classes: true };
        let set = TrainingSet::new(vec![2], vec![0.0; 14]).unwrap();
        assert_eq!(resolved(Kind::Toy, &set, &of_reading(&points, 1)), points);
        assert_eq!(resolved(Kind::Csv, &set, &of_reading(&Reading::Plain, 1)), Reading::Plain);
    }
}
