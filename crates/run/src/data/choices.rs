//! How data are read, where the user chooses.

use std::fs;
use std::path::{Path, PathBuf};

use ancestral_data::{
    self as data, Channels, PictureOptions, ReadOptions, Source as Kind, TableOptions,
};
use ancestral_format::AboutReading;
use ancestral_learn::{Fit, Missing, Reading, Schema, TrainingSet};

use crate::error::{Problem, SettingError};

/// How data are read, where the user chooses. What is left open follows from the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadingChoices {
    /// Channels of pictures; by default grey if every picture is grey.
    pub channels: Option<Channels>,
    /// Height and width of pictures; by default their own, or a square if sizes differ.
    pub size: Option<[usize; 2]>,
    /// How pictures are fitted to the size; by default they fill it.
    pub fit: Option<Fit>,
    /// Red, green and blue behind transparent pixels and around letterboxed pictures; by default white.
    pub background: Option<[u8; 3]>,
    /// Whether classes are learned: the sub-folders of pictures, or the parts of a toy set.
    pub classes: bool,
    /// Whether pictures that cannot be read are skipped.
    pub skip_bad: bool,
    /// A file with a schema, which says what the columns of a table are; by default the cells decide.
    pub columns: Option<PathBuf>,
    /// What empty cells of a table are; by default they are learned.
    pub missing: Option<Missing>,
    /// Whether columns of a table that name its rows are learned.
    pub keep_ids: bool,
    /// Points to draw from a toy set; by default 10 000.
    pub points: Option<usize>,
    /// Bytes that pictures may take in memory; by default half of what is available. Those that do not
    /// fit are read from their files as they are needed. It changes no result.
    pub memory: Option<u64>,
}

impl ReadingChoices {
    /// The options of reading, with every default filled in.
    pub(super) fn options(
        &self,
        seed: u64,
        schema: Option<&Schema>,
    ) -> Result<ReadOptions, SettingError> {
        let missing = self.missing.unwrap_or_default();
        let tables = tables(schema, missing, self.keep_ids)?;
        let default = ReadOptions { seed, ..ReadOptions::default() };
        Ok(ReadOptions {
            pictures: PictureOptions {
                channels: self.channels,
                size: self.size,
                fit: self.fit.map_or(default.pictures.fit, fit_of),
                background: self.background.unwrap_or(default.pictures.background),
                classes: self.classes,
                skip_bad: self.skip_bad,
                output: None,
            },
            points: self.points.unwrap_or(default.points),
            classes: self.classes,
            seed,
            tables,
        })
    }

    /// The schema, as it is in the file.
    pub(super) fn schema(&self) -> Result<Option<Schema>, SettingError> {
        let Some(path) = &self.columns else { return Ok(None) };
        let json = fs::read_to_string(path)
            .map_err(|error| SettingError::of("columns", &path.display(), error))?;
        Ok(Some(Schema { name: path.display().to_string(), json }))
    }

    /// Refuses choices for data of another kind, which would have no effect.
    pub(super) fn refuse_idle(&self, source: &Path, kind: Kind) -> Result<(), SettingError> {
        let in_files = (kind == Kind::Pictures, "a picture or a folder of pictures");
        let in_table = (kind == Kind::Csv, "a table in a file with commas");
        let labelled = (
            matches!(kind, Kind::Pictures | Kind::Toy),
            "a folder of pictures or a toy set (labels in arrays and IDX files are learned without it)",
        );
        for (setting, is_chosen, (acts, expected)) in [
            ("channels", self.channels.is_some(), in_files),
            ("size", self.size.is_some(), in_files),
            ("fit", self.fit.is_some(), in_files),
            ("background", self.background.is_some(), in_files),
            ("columns", self.columns.is_some(), in_table),
            ("missing", self.missing.is_some(), in_table),
            ("keep_ids", self.keep_ids, in_table),
            ("points", self.points.is_some(), (kind == Kind::Toy, "a toy set")),
            ("classes", self.classes, labelled),
            ("skip_bad", self.skip_bad, in_files),
            ("memory", self.memory.is_some(), in_files),
        ] {
            if is_chosen && !acts {
                return Err(idle(setting, source, kind, expected));
            }
        }
        Ok(())
    }
}

/// The error for a setting without effect on data of this kind.
pub(super) fn idle(
    setting: &'static str,
    source: &Path,
    kind: Kind,
    expected: &'static str,
) -> SettingError {
    let found = match kind {
        Kind::Builtin => "built in",
        Kind::Toy => "a toy set",
        Kind::Idx => "in IDX files",
        Kind::Pictures => "pictures",
        Kind::Array => "an array",
        Kind::Csv => "a table",
    };
    let data = source.display().to_string();
    SettingError::new(setting, Problem::Idle { data, found, expected })
}

/// How tables are read by a schema, if there is one.
fn tables(
    schema: Option<&Schema>,
    missing: Missing,
    keep_ids: bool,
) -> Result<TableOptions, SettingError> {
    let parsed = |Schema { name, json }: &Schema| {
        let schema = data::Schema::from_json(json.as_bytes());
        schema.map_err(|error| SettingError::of("columns", name, error))
    };
    let schema = schema.map(parsed).transpose()?.unwrap_or_default();
    let missing = match missing {
        Missing::Learn => data::Missing::Learn,
        Missing::Drop => data::Missing::Drop,
        Missing::Refuse => data::Missing::Refuse,
    };
    Ok(TableOptions { schema, missing, keep_ids, ..TableOptions::default() })
}

/// How data were read, with every default filled in.
pub(super) fn resolved(
    kind: Kind,
    set: &TrainingSet,
    options: &ReadOptions,
    schema: Option<Schema>,
) -> Reading {
    let PictureOptions { fit, background, classes, skip_bad, .. } = options.pictures;
    match (kind, set.shape()) {
        (Kind::Pictures, &[channels, height, width]) => Reading::Pictures {
            channels,
            size: [height, width],
            fit: match fit {
                data::Fit::Crop => Fit::Crop,
                data::Fit::Letterbox => Fit::Letterbox,
            },
            background,
            classes,
            skip_bad,
        },
        (Kind::Toy, _) => Reading::Points { count: options.points, classes: options.classes },
        (Kind::Csv, _) => Reading::Table {
            schema,
            missing: match options.tables.missing {
                data::Missing::Learn => Missing::Learn,
                data::Missing::Drop => Missing::Drop,
                data::Missing::Refuse => Missing::Refuse,
            },
            keep_ids: options.tables.keep_ids,
        },
        _ => Reading::Plain,
    }
}

/// How to read data as they were read before.
pub(super) fn options_of(reading: &Reading, seed: u64) -> Result<ReadOptions, SettingError> {
    let default = ReadOptions { seed, ..ReadOptions::default() };
    Ok(match *reading {
        Reading::Plain => default,
        Reading::Table { ref schema, missing, keep_ids } => {
            ReadOptions { tables: tables(schema.as_ref(), missing, keep_ids)?, ..default }
        }
        Reading::Points { count, classes } => ReadOptions { points: count, classes, ..default },
        Reading::Pictures { channels, size, fit, background, classes, skip_bad } => {
            let pictures = PictureOptions {
                channels: Channels::from_count(channels),
                size: Some(size),
                fit: fit_of(fit),
                background,
                classes,
                skip_bad,
                output: None,
            };
            ReadOptions { pictures, ..default }
        }
    })
}

/// What a model folder keeps of how data were read, with the columns that are not learned.
pub(crate) fn about_reading(reading: &Reading, left_out: &[String]) -> AboutReading {
    let left_out = left_out.to_vec();
    match *reading {
        Reading::Plain | Reading::Points { .. } => AboutReading::default(),
        Reading::Table { missing, .. } => AboutReading {
            drop_holes: missing == Missing::Drop,
            left_out,
            ..AboutReading::default()
        },
        Reading::Pictures { fit, background, skip_bad, .. } => AboutReading {
            letterbox: fit == Fit::Letterbox,
            background: Some(background)
                .filter(|background| *background != PictureOptions::default().background),
            skip_bad,
            ..AboutReading::default()
        },
    }
}

fn fit_of(fit: Fit) -> data::Fit {
    match fit {
        Fit::Crop => data::Fit::Crop,
        Fit::Letterbox => data::Fit::Letterbox,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_read_again_with_everything_said() {
        let pictures = Reading::Pictures {
            channels: 3,
            size: [32, 48],
            fit: Fit::Letterbox,
            background: [1, 2, 3],
            classes: true,
            skip_bad: true,
        };
        let set = TrainingSet::new(vec![3, 32, 48], vec![0.0; 3 * 32 * 48]).unwrap();
        let again = |kind, set: &TrainingSet, reading: &Reading| {
            let schema = match reading {
                Reading::Table { schema, .. } => schema.clone(),
                Reading::Plain | Reading::Pictures { .. } | Reading::Points { .. } => None,
            };
            resolved(kind, set, &options_of(reading, 1).unwrap(), schema)
        };
        assert_eq!(again(Kind::Pictures, &set, &pictures), pictures);
        let points = Reading::Points { count: 7, classes: true };
        let set = TrainingSet::new(vec![2], vec![0.0; 14]).unwrap();
        assert_eq!(again(Kind::Toy, &set, &points), points);
        assert_eq!(again(Kind::Array, &set, &Reading::Plain), Reading::Plain);
        for missing in [Missing::Learn, Missing::Drop, Missing::Refuse] {
            let json = r#"{"columns": [{"name": "a", "kind": "real"}]}"#.to_owned();
            let schema = Some(Schema { name: "a.json".to_owned(), json });
            let table = Reading::Table { schema, missing, keep_ids: true };
            assert_eq!(again(Kind::Csv, &set, &table), table);
        }
    }
}
