//! Data by their name: a built-in name, or a path.

use crate::counted::counted;
use crate::elsewhere::how_to_get;
use crate::picture_folder::is_picture;
use crate::table::read_described;
use crate::{
    BUILTIN, Columns, CsvError, Dataset, IdxError, NpyError, NumberKind, Own, PictureFolder,
    PictureOptions, PictureSet, PictureSetError, Sheet, TOYS, Table, TableError, TableOptions,
    builtin, is_idx, read_arrays, read_idx, toy,
};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// How data are to be read, where there is a choice.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadOptions {
    /// How pictures in files of their own are read.
    pub pictures: PictureOptions,
    /// How many points to draw of a toy set.
    pub points: usize,
    /// Whether the points of a toy set have labels, where it falls into classes.
    pub classes: bool,
    /// The seed of a toy set.
    pub seed: u64,
    /// How a table with commas is read.
    pub tables: TableOptions,
}

impl Default for ReadOptions {
    /// The default for pictures, 10 000 points without labels, seed 0.
    fn default() -> Self {
        let (pictures, tables) = (PictureOptions::default(), TableOptions::default());
        Self { pictures, points: 10_000, classes: false, seed: 0, tables }
    }
}

/// What a name turned out to stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A set that is compiled in.
    Builtin,
    /// A toy set, drawn for the occasion.
    Toy,
    /// IDX files.
    Idx,
    /// Pictures in files of their own.
    Pictures,
    /// An array, of pictures or of rows.
    Array,
    /// A table with commas.
    Csv,
}

/// Data that were read by [`open`].
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// What kind of source they are from.
    pub source: Source,
    /// The rows, in model space.
    pub data: Dataset,
    /// The columns of points and tables; `None` for pictures.
    pub columns: Option<Columns>,
    /// The same table as text, if it is a file with commas.
    pub sheet: Option<Sheet>,
    /// One line on what was found and decided; empty if there is nothing to report.
    pub decided: String,
    /// What is likely to be a mistake, and how to mend it.
    pub warning: Option<String>,
    /// Files that were left out because they cannot be read, and why.
    pub skipped: Vec<(PathBuf, String)>,
    /// Folders that were left out because this program wrote them, and what they hold.
    pub left_out: Vec<(PathBuf, Own)>,
}

/// Data that were found by [`open_as_needed`].
#[derive(Debug)]
pub enum Opened {
    /// All of them.
    Loaded(Loaded),
    /// Pictures in files of their own.
    Pictures {
        /// The files.
        folder: PictureFolder,
        /// Text to print before [`PictureFolder::decided`]; may be empty.
        here: String,
    },
}

impl Opened {
    /// Reads what has not been read.
    ///
    /// # Errors
    /// [`OpenError::Pictures`] if a picture cannot be read.
    pub fn read(self) -> Result<Loaded, OpenError> {
        let (folder, here) = match self {
            Self::Loaded(loaded) => return Ok(loaded),
            Self::Pictures { folder, here } => (folder, here),
        };
        let PictureSet { data, decided, skipped, left_out } = folder.read_all()?;
        let decided = format!("{here}{decided}");
        Ok(Loaded { skipped, left_out, ..pictures(Source::Pictures, data, decided) })
    }
}

/// Why [`open`] found no data.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is neither a name nor a path.
    #[error(
        "data {name:?}: no such file or folder, and not built in; built in are {}, {}",
        BUILTIN.join(", "),
        TOYS.join(", ")
    )]
    Unknown {
        /// What the user calls it.
        name: PathBuf,
    },
    /// It is not here, but known.
    #[error("data {name:?} were not found: {how}")]
    Elsewhere {
        /// What the user calls it.
        name: PathBuf,
        /// What it is, and how to get it.
        how: &'static str,
    },
    /// It is a pipe, a device or a socket.
    #[error("data {name:?}: expected a regular file or a folder, not a pipe or a device")]
    Special {
        /// What the user calls it.
        name: PathBuf,
    },
    /// A toy set of no points.
    #[error(transparent)]
    Points(#[from] TableError),
    /// Pictures that cannot be read.
    #[error(transparent)]
    Pictures(#[from] PictureSetError),
    /// IDX files that cannot be read.
    #[error(transparent)]
    Idx(#[from] IdxError),
    /// An array that cannot be read.
    #[error(transparent)]
    Arrays(#[from] NpyError),
    /// A table that cannot be read.
    #[error(transparent)]
    Csv(#[from] CsvError),
}

/// Reads the data of that name: a file or folder, whose kind follows from its contents, or else a
/// built-in set or a toy set.
///
/// A folder holds pictures, or the IDX files of a training set. A file is a picture, an IDX file,
/// an array (`.npy`, `.npz`), or else a table with commas. Where a file or folder has the name of a
/// built-in set, it is read, and [`Loaded::decided`] reports it; but the folder of a run ([`Own`])
/// holds no data and is passed over: `train moons -o moons` can go on.
///
/// # Errors
/// [`OpenError`] if there are no such data, or they cannot be read.
///
/// # Example
/// ```
/// use ancestral_data::{ReadOptions, open};
///
/// let options = ReadOptions { points: 500, ..ReadOptions::default() };
/// let moons = open("moons", &options)?;
/// assert_eq!((moons.data.len(), moons.data.shape()), (500, [2].as_slice()));
/// assert!(open("no/such/file", &options).is_err());
/// # Ok::<(), ancestral_data::OpenError>(())
/// ```
pub fn open(name: impl AsRef<Path>, options: &ReadOptions) -> Result<Loaded, OpenError> {
    open_as_needed(name, options)?.read()
}

/// The same, but pictures in files of their own are only looked at, to be read when they are needed.
///
/// # Errors
/// As [`open`].
pub fn open_as_needed(name: impl AsRef<Path>, options: &ReadOptions) -> Result<Opened, OpenError> {
    let path = name.as_ref();
    open_either(path.to_str().unwrap_or_default(), path, options)
}

/// What is at `path`, or the built-in set of that name.
fn open_either(name: &str, path: &Path, options: &ReadOptions) -> Result<Opened, OpenError> {
    let what = if path.is_dir() { "folder" } else { "file" };
    let here = format!("the {what} here, not the built-in set; ");
    let own = Own::of(path);
    let is_free = !path.exists() || own.is_some();
    match open_builtin(name, options)? {
        None => open_path(path, options),
        Some(built_in) if is_free => Ok(Opened::Loaded(Loaded {
            decided: own.map_or_else(
                || built_in.decided.clone(),
                |own| format!("the built-in set; the {what} here holds {own}"),
            ),
            ..built_in
        })),
        Some(_) => Ok(match open_path(path, options)? {
            Opened::Loaded(found) => {
                let decided = format!("{here}{}", found.decided);
                Opened::Loaded(Loaded { decided, ..found })
            }
            Opened::Pictures { folder, .. } => Opened::Pictures { folder, here },
        }),
    }
}

/// Reads the built-in set or the toy set of that name, whatever files there are; `None` if there is
/// none.
///
/// # Errors
/// [`OpenError`] if a toy set of no points is requested.
///
/// # Example
/// ```
/// use ancestral_data::{ReadOptions, open_builtin};
///
/// assert_eq!(open_builtin("digits", &ReadOptions::default())?.map(|set| set.data.len()), Some(1797));
/// assert!(open_builtin("letters", &ReadOptions::default())?.is_none());
/// # Ok::<(), ancestral_data::OpenError>(())
/// ```
pub fn open_builtin(name: &str, options: &ReadOptions) -> Result<Option<Loaded>, OpenError> {
    if let Some(data) = builtin(name) {
        return Ok(Some(pictures(Source::Builtin, data, String::new())));
    }
    let Some(toy) = toy(name) else { return Ok(None) };
    let table = toy.table(options.points, options.seed)?;
    let table = if options.classes { table } else { table.without_labels() };
    Ok(Some(rows(Source::Toy, table, format!("points, {}", toy.about()))))
}

fn open_path(path: &Path, options: &ReadOptions) -> Result<Opened, OpenError> {
    let name = path.to_owned();
    if !path.exists() {
        return Err(match path.to_str().and_then(how_to_get) {
            Some(how) => OpenError::Elsewhere { name, how },
            None => OpenError::Unknown { name },
        });
    }
    // Reading a pipe could wait for ever.
    if !path.is_file() && !path.is_dir() {
        return Err(OpenError::Special { name });
    }
    if is_idx(path) || begins_as_idx(path) {
        let data = read_idx(path)?;
        let classes = match data.class_names().len() {
            0 => String::new(),
            classes => format!(", {}", counted(classes, "class")),
        };
        let decided = format!("IDX, {}{classes}", counted(data.len(), "picture"));
        Ok(Opened::Loaded(pictures(Source::Idx, data, decided)))
    } else if path.is_dir() || is_picture(path) {
        let folder = PictureFolder::open(path, &options.pictures)?;
        Ok(Opened::Pictures { folder, here: String::new() })
    } else if is_array(path) {
        let arrays = read_arrays(path)?;
        if arrays.is_rows() {
            let (table, decided) = arrays.into_table()?;
            return Ok(Opened::Loaded(rows(Source::Array, table, decided)));
        }
        let are_real = arrays.kind() == NumberKind::Reals;
        let PictureSet { data, decided, .. } = arrays.into_pictures()?;
        let warning = are_real.then(|| half_range(&data)).flatten();
        let loaded = pictures(Source::Array, data, decided);
        Ok(Opened::Loaded(Loaded { warning, ..loaded }))
    } else {
        let (sheet, decided) = read_described(path)?;
        let (table, left_out) = sheet.table(&options.tables)?;
        let decided = [vec![decided], left_out].concat().join(", ");
        let loaded = rows(Source::Csv, table, decided);
        Ok(Opened::Loaded(Loaded { sheet: Some(sheet), ..loaded }))
    }
}

/// Whether a file is packed as IDX files are, or begins as one of a kind that is not read: the IDX
/// reader reports what is wrong with it.
fn begins_as_idx(path: &Path) -> bool {
    let mut head = [0; 4];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && matches!(head, [0x1f, 0x8b, ..] | [0, 0, 8..=14, 1..=4])
}

/// Whether a file begins as a `.npy` file or as a zip archive, or should by its name.
fn is_array(path: &Path) -> bool {
    let named = path.extension().is_some_and(|suffix| {
        ["npy", "npz"].iter().any(|known| suffix.eq_ignore_ascii_case(known))
    });
    let mut head = [0; 6];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    named || read.is_ok() && (head == *b"\x93NUMPY" || head.starts_with(b"PK\x03\x04"))
}

/// Warns of pictures with values between 0 and 1, as other programs store them.
fn half_range(data: &Dataset) -> Option<String> {
    data.rows().iter().all(|value| (0.0..=1.0).contains(value)).then(|| {
        "no value is below 0, but black is -1 here: samples will be pale; if 0 is black in this array, \
         store 2 * x - 1 in place of x"
            .to_owned()
    })
}

fn pictures(source: Source, data: Dataset, decided: String) -> Loaded {
    let (skipped, left_out) = (Vec::new(), Vec::new());
    Loaded { source, data, columns: None, sheet: None, decided, warning: None, skipped, left_out }
}

fn rows(source: Source, table: Table, decided: String) -> Loaded {
    let (data, columns) = table.into_parts();
    Loaded { columns: Some(columns), ..pictures(source, data, decided) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Channels, Raster, save_bytes, write_npy, write_png};
    use std::fs;

    /// Shape and number of the rows, whether they are a table, and where they are from.
    fn opened(path: &Path) -> (Vec<usize>, usize, bool, Source) {
        let Loaded { source, data, columns, .. } =
            open(path.to_str().unwrap(), &ReadOptions::default()).unwrap();
        (data.shape().to_vec(), data.len(), columns.is_some(), source)
    }

    #[test]
    fn the_kind_of_a_file_is_told_by_its_contents() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        write_npy(&at("rows.bin"), &[4, 3], &[0.5; 12]).unwrap();
        assert_eq!(opened(&at("rows.bin")), (vec![3], 4, true, Source::Array));
        write_npy(&at("grey.npy"), &[2, 4, 5], &[0.5; 40]).unwrap();
        assert_eq!(opened(&at("grey.npy")), (vec![1, 4, 5], 2, false, Source::Array));
        save_bytes(&at("people.txt"), b"a,b\n1,2\n3,5\n").unwrap();
        assert_eq!(opened(&at("people.txt")), (vec![2], 2, true, Source::Csv));
        let raster = Raster::new(3, 2, Channels::Rgb, vec![7; 18]).unwrap();
        write_png(&at("one"), &raster, &[]).unwrap();
        assert_eq!(opened(&at("one")), (vec![3, 2, 3], 1, false, Source::Pictures));
        let idx = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4];
        save_bytes(&at("idx"), &idx).unwrap();
        assert_eq!(opened(&at("idx")), (vec![1, 2, 2], 1, false, Source::Idx));
        assert_eq!(opened(folder.path()), (vec![3, 2, 3], 1, false, Source::Pictures));
    }

    #[test]
    fn pictures_that_never_go_below_0_are_warned_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        for (low, high, is_half) in [
            (0.0, 1.0, true),
            (0.1, 0.5, true),
            (-0.01, 1.0, false),
            (0.0, 1.01, false),
            (0.0, 255.0, false),
        ] {
            write_npy(&path, &[2, 1, 2], &[low, high, high, low]).unwrap();
            let Loaded { warning, .. } = open(&path, &ReadOptions::default()).unwrap();
            assert_eq!(warning.is_some(), is_half, "{low} to {high}");
            let how = "store 2 * x - 1 in place of x";
            assert!(warning.is_none_or(|warning| warning.ends_with(how)));
            // Columns of tables are standardised, whatever their range.
            write_npy(&path, &[2, 2], &[low, high, high, low]).unwrap();
            assert_eq!(open(&path, &ReadOptions::default()).unwrap().warning, None);
        }
    }

    #[test]
    #[cfg(unix)]
    fn a_device_is_no_data() {
        let message = open("/dev/null", &ReadOptions::default()).unwrap_err().to_string();
        assert!(message.contains("not a pipe or a device"), "{message}");
    }

    #[test]
    fn of_two_of_one_name_the_path_is_read_unless_a_run_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let options = ReadOptions { points: 20, ..ReadOptions::default() };
        for name in BUILTIN.iter().chain(TOYS) {
            let path = folder.path().join(name);
            let open = || open_either(name, &path, &options).unwrap().read().unwrap();
            let built_in = open();
            assert!(matches!(built_in.source, Source::Builtin | Source::Toy), "{name}");
            save_bytes(&path, b"a,b\n1,2\n3,5\n").unwrap();
            let file = open();
            assert_eq!((file.source, file.data.len()), (Source::Csv, 2));
            assert!(file.decided.starts_with("the file here, not the built-in set; 2 rows"));
            fs::remove_file(&path).unwrap();
            fs::create_dir(&path).unwrap();
            let raster = Raster::new(3, 2, Channels::Rgb, vec![7; 18]).unwrap();
            write_png(&path.join("1.png"), &raster, &[]).unwrap();
            assert!(open().decided.starts_with("the folder here, not the built-in set; 1 pict"));
            save_bytes(&path.join("model_index.json"), b"{}").unwrap();
            assert_eq!(open().data, built_in.data);
            assert_eq!(open().decided, "the built-in set; the folder here holds a model");
        }
    }

    #[test]
    fn what_is_not_there_names_what_is() {
        let message = open("moon", &ReadOptions::default()).unwrap_err().to_string();
        assert!(message.contains("data \"moon\": no such file or folder"), "{message}");
        assert!(message.contains("digits, moons, swiss-roll"), "{message}");
        for name in ["emoji", "fashion-mnist"] {
            let message = open(name, &ReadOptions::default()).unwrap_err().to_string();
            assert!(message.starts_with(&format!("data {name:?} were not found: ")), "{message}");
            assert!(message.contains(&format!("then: ancestral train {name}")), "{message}");
        }
    }
}
