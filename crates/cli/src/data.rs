//! The user's data, as training takes them.

use std::path::Path;

use ancestral_data::{Columns, Fit, Loaded, PictureOptions, ReadOptions, Source, open};
use ancestral_nn::train::TrainingSet;
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::args::{FitArg, ReadingArgs, TrainArgs};
use crate::findings::Findings;

/// What is to be learned.
#[derive(Debug)]
pub struct Data {
    /// What the user calls it: a built-in name or the name of a file or folder.
    pub name: String,
    /// The rows and their labels, in model space.
    pub set: TrainingSet,
    /// What the labels are called, if there are labels.
    pub class_names: Option<Vec<String>>,
    /// How the columns of a table were scaled; `None` for pictures.
    pub columns: Option<Columns>,
}

impl Data {
    /// Reads the data that the arguments name, without what is at `output`, and says what was decided
    /// about them.
    pub fn read(source: &str, args: &TrainArgs, output: &Path) -> Result<Self> {
        let reading = &args.reading;
        let options = ReadOptions {
            pictures: PictureOptions {
                channels: reading.channels.0,
                size: reading.size.map(|size| size.0),
                fit: match reading.fit {
                    FitArg::Crop => Fit::Crop,
                    FitArg::Letterbox => Fit::Letterbox,
                },
                background: reading.background.0,
                classes: reading.classes,
                skip_bad: reading.skip_bad,
                output: Some(output.to_owned()),
            },
            points: reading.points,
            classes: reading.classes,
            seed: args.seed,
        };
        let Loaded { source: kind, data, columns, decided, skipped, left_out } =
            open(source, &options)?;
        refuse_idle(reading, source, kind, columns.is_none())?;
        let read = Findings { skipped: &skipped, left_out: &left_out, decided: &decided };
        read.say(source, args.compute.quiet);
        let (shape, class_names) = (data.shape().to_vec(), data.class_names().to_vec());
        let (rows, labels) = data.into_parts();
        let mut set = TrainingSet::new(shape, rows)?;
        let has_labels = labels.is_some();
        if let Some(labels) = labels {
            let classes = u32::try_from(class_names.len()).context("classes")?;
            set = set.with_labels(labels, classes)?;
        }
        Ok(Self {
            name: name(source),
            set,
            class_names: has_labels.then_some(class_names),
            columns,
        })
    }

    /// Whether these are pictures, not points or a table.
    pub fn is_pictures(&self) -> bool {
        self.columns.is_none()
    }

    /// A checksum of everything that training sees.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for axis in self.set.shape() {
            hash.update((*axis as u64).to_le_bytes());
        }
        for row in 0..self.set.len() {
            for value in self.set.row(row) {
                hash.update(value.to_le_bytes());
            }
        }
        for label in self.set.labels().unwrap_or_default() {
            hash.update(label.to_le_bytes());
        }
        format!("{:x}", hash.finalize())
    }

    /// The share of values outside [−1, 1], which clipping would cut off.
    pub fn share_outside(&self) -> f64 {
        let values = (0..self.set.len()).flat_map(|row| self.set.row(row));
        let outside = values.filter(|value| value.abs() > 1.0).count();
        outside as f64 / (self.set.len() * self.set.row_len()) as f64
    }
}

/// Refuses flags on how to read data of another kind, which would do nothing.
fn refuse_idle(reading: &ReadingArgs, source: &str, kind: Source, is_pictures: bool) -> Result<()> {
    let found = match kind {
        Source::Builtin => "built in",
        Source::Toy => "a toy set",
        Source::Idx => "in IDX files",
        Source::Pictures => "pictures",
        Source::Array => "an array",
        Source::Csv => "a table",
    };
    for flag in reading.flags().iter().filter(|word| word.starts_with("--")) {
        let (acts, expected) = match flag.as_str() {
            "--points" => (kind == Source::Toy, "a toy set"),
            "--classes" => (
                matches!(kind, Source::Pictures | Source::Toy),
                "a folder of pictures or a toy set",
            ),
            "--flip" => (is_pictures, "pictures"),
            _ => (kind == Source::Pictures, "a picture or a folder of pictures"),
        };
        if !acts {
            bail!("{flag}: {source} is {found}, expected {expected}");
        }
    }
    Ok(())
}

/// What the run and the model are called: a path's last part, without its endings.
pub fn name(source: &str) -> String {
    let path = Path::new(source);
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_else(|| source.to_owned());
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
        assert_eq!(names.map(name), expected);
    }
}
