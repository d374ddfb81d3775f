//! Where samples go: what kind of file follows from the name.

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};

use ancestral::Batch;
use ancestral_data::{
    Channels, Columns, GridLayout, Pictures, Raster, grid, png_name, write_csv, write_npy,
    write_png, write_png_folder,
};
use anyhow::{Context, Result, bail};

use crate::model::Model;
use crate::sampling::Samples;
use crate::show::{Show, picture};

/// Moments of the way that an animation shows.
const FRAMES: usize = 50;
/// Moments of the way that a picture of it shows.
const COLUMNS: usize = 10;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Png,
    Gif,
    Npy,
    Csv,
    Folder,
}

/// A place for samples.
#[derive(Debug)]
pub struct Output<'a> {
    path: &'a Path,
    kind: Kind,
    /// Whether the whole way is wanted, not only where it ends.
    trajectory: bool,
    /// Whether pictures of samples stand side by side.
    is_row: bool,
}

/// What pictures say of themselves, by the index of the sample, if they show one.
pub type Metadata<'a> = &'a dyn Fn(Option<u64>) -> Vec<(String, String)>;

impl<'a> Output<'a> {
    /// The output of that name.
    pub fn new(path: &'a Path, trajectory: bool) -> Result<Self> {
        let expected = "expected a name in .png, .gif, .npy or .csv, or a folder, which has no dot \
                        or a / at its end";
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let kind = match extension.as_deref() {
            _ if path.to_string_lossy().ends_with('/') => Kind::Folder,
            Some("png") => Kind::Png,
            Some("gif") => Kind::Gif,
            Some("npy") => Kind::Npy,
            Some("csv") => Kind::Csv,
            None if !path.to_string_lossy().ends_with(['.', ' ']) && !is_bare_extension(path) => {
                Kind::Folder
            }
            Some(_) if path.is_dir() => Kind::Folder,
            None | Some(_) => bail!("output {}: {expected}", path.display()),
        };
        // Without a / at its end, by which a file would not be found.
        Ok(Self { path: path.components().as_path(), kind, trajectory, is_row: false })
    }

    /// The same with the pictures of samples in one row, if `is_row`.
    pub fn in_a_row(self, is_row: bool) -> Self {
        Self { is_row, ..self }
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        self.kind == Kind::Npy
    }

    /// Whether samples can be written batch by batch.
    pub fn is_by_batch(&self) -> bool {
        self.kind == Kind::Folder && !self.trajectory
    }

    /// Whether it says of itself how it was made.
    pub fn has_metadata(&self) -> bool {
        matches!(self.kind, Kind::Png | Kind::Folder)
    }

    /// How many moments of the way it needs to be kept.
    pub fn moments(&self) -> usize {
        match (self.kind, self.trajectory) {
            (Kind::Png, true) => COLUMNS,
            (Kind::Gif, false) => FRAMES,
            (Kind::Gif | Kind::Npy | Kind::Csv | Kind::Folder, true) => usize::MAX,
            (Kind::Png | Kind::Npy | Kind::Csv | Kind::Folder, false) => 0,
        }
    }

    /// Checks, before the work is done, that the samples `indices` of `model` can be written there
    /// after a run of `hops`.
    pub fn check(
        &self,
        model: &Model,
        indices: Range<u64>,
        hops: usize,
        force: bool,
    ) -> Result<()> {
        let (path, shape) = (self.path, model.shape()?);
        let at = || format!("output {}", path.display());
        match model.columns {
            None => self.check_pictures(shape[0]).with_context(at)?,
            Some(ref columns) => self.check_rows(columns).with_context(at)?,
        }
        if let Some(taken) = self.taken(indices.clone(), hops)?.filter(|_| !force) {
            bail!("{} is already there: replace it with --force", taken.display());
        }
        self.can_be_written().with_context(at)?;
        if model.columns.is_some() {
            return Ok(());
        }
        // Pictures are drawn once for nothing, which is quick, to know that they are not too large.
        let rows = usize::try_from(indices.end - indices.start).context("samples")?;
        let blank = |rows| Batch::zeros(rows, shape.clone());
        match (self.kind, self.trajectory) {
            (Kind::Npy | Kind::Csv, _) | (Kind::Folder, false) => {}
            (Kind::Png, true) => {
                rows_of_ways(&vec![blank(rows); hops.min(COLUMNS) + 1])?;
            }
            (Kind::Png, false) if self.is_row => {
                picture_row(&blank(rows))?;
            }
            (Kind::Png, false) | (Kind::Gif, _) | (Kind::Folder, true) => {
                picture(&blank(rows))?;
            }
        }
        Ok(())
    }

    /// Whether pictures of so many channels can go there.
    fn check_pictures(&self, channels: usize) -> Result<()> {
        if self.kind == Kind::Csv {
            bail!("samples are pictures, not rows of a table: expected a name in .png or .npy");
        }
        if self.kind != Kind::Npy && Channels::from_count(channels).is_none() {
            bail!(
                "samples of {channels} channels are no pictures (1, 3 or 4 are): expected a name \
                 in .npy"
            );
        }
        Ok(())
    }

    /// Whether rows of a table can go there.
    fn check_rows(&self, columns: &Columns) -> Result<()> {
        match (self.kind, self.trajectory) {
            (Kind::Gif, _) if !Show::can_move(Some(columns)) => {
                bail!(
                    "samples are rows of {} columns, which no animation shows: expected a name in \
                     .png, .csv or .npy",
                    columns.len()
                )
            }
            (Kind::Folder, _) => {
                bail!(
                    "samples are points or rows of a table: expected a name in .png, .csv or .npy"
                )
            }
            (Kind::Png | Kind::Csv, true) => {
                bail!("--trajectory of points or rows of a table: expected a name in .npy or .gif")
            }
            (Kind::Png | Kind::Csv, false) | (Kind::Gif | Kind::Npy, _) => Ok(()),
        }
    }

    /// The first file that would be replaced.
    fn taken(&self, indices: Range<u64>, hops: usize) -> Result<Option<PathBuf>> {
        let path = self.path;
        let in_folder = |mut names: Range<u64>| {
            names.find_map(|name| Some(path.join(png_name(name))).filter(|file| is_there(file)))
        };
        Ok(match self.kind {
            Kind::Folder if is_there(path) && !path.is_dir() => {
                bail!("output {}: {}, expected a folder", path.display(), no_folder(path))
            }
            // A folder can be filled further, by other samples of a seed.
            Kind::Folder if !self.trajectory => in_folder(indices),
            Kind::Folder => in_folder(0..hops as u64 + 1),
            Kind::Png | Kind::Gif | Kind::Npy | Kind::Csv if path.is_dir() => {
                bail!("output {}: a folder, expected a file (or a / at its end)", path.display())
            }
            Kind::Png | Kind::Gif | Kind::Npy | Kind::Csv => {
                Some(path.to_owned()).filter(|path| is_there(path))
            }
        })
    }

    /// Tries whether a file can be made where the output is to be.
    fn can_be_written(&self) -> Result<()> {
        self.path.try_exists()?; // no name at all, if it is too long
        if self.kind == Kind::Folder {
            // It is made, with the folders above it, when the first picture is.
            return try_to_write(self.path);
        }
        let folder = parent(self.path);
        if !folder.is_dir() {
            bail!("no such folder {}", folder.display());
        }
        try_to_write(folder)
    }

    /// Writes samples of `model`.
    pub fn write(&self, samples: &Samples, model: &Model, metadata: Metadata<'_>) -> Result<()> {
        let path = self.path;
        let columns = model.columns.as_ref();
        let show = Show { columns, behind: None, title: &model.name };
        match (self.kind, self.trajectory) {
            (Kind::Png, false) if self.is_row && columns.is_none() => {
                write_png(path, &picture_row(&samples.x)?, &metadata(None))?;
            }
            (Kind::Png, false) => write_png(path, &show.still(&samples.x)?, &metadata(None))?,
            (Kind::Png, true) => write_png(path, &rows_of_ways(&samples.way)?, &metadata(None))?,
            (Kind::Gif, _) => show.write_animation(path, &samples.way)?,
            (Kind::Npy, false) => {
                write_npy(path, &shape(&samples.x), &values(&samples.x, columns))?;
            }
            (Kind::Npy, true) => {
                let mut shape = shape(&samples.x);
                shape.insert(0, samples.way.len());
                let data: Vec<f32> =
                    samples.way.iter().flat_map(|moment| values(moment, columns)).collect();
                write_npy(path, &shape, &data)?;
            }
            (Kind::Csv, _) => {
                let columns = columns.context("pictures are no rows of a table")?;
                write_csv(path, columns, samples.x.data())?;
            }
            (Kind::Folder, false) => {
                let pictures = Pictures::new(samples.x.data(), samples.x.shape())?;
                write_png_folder(path, &pictures, samples.first, |index| metadata(Some(index)))?;
            }
            (Kind::Folder, true) => {
                fs::create_dir_all(path)
                    .with_context(|| format!("cannot make the folder {}", path.display()))?;
                for (step, moment) in std::iter::zip(0.., &samples.way) {
                    write_png(&path.join(png_name(step)), &picture(moment)?, &metadata(None))?;
                }
            }
        }
        Ok(())
    }
}

/// Tries whether a file can be made in a folder, or in the nearest above it that is there.
pub fn try_to_write(folder: &Path) -> Result<()> {
    let mut folder = folder;
    while !folder.exists() {
        folder = parent(folder);
    }
    if !folder.is_dir() {
        bail!("{} is a file, expected a folder", folder.display());
    }
    let probe = folder.join(format!(".ancestral-{}", std::process::id()));
    let cannot = || format!("no file can be made in {}", folder.display());
    File::create_new(&probe).with_context(cannot)?;
    fs::remove_file(&probe).with_context(cannot)
}

/// Whether something has that name, if only a link that leads nowhere.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// What is there that is no folder.
pub fn no_folder(path: &Path) -> &'static str {
    if path.exists() { "a file" } else { "a link that leads nowhere" }
}

/// Whether a file name is only an ending, such as `.png`.
fn is_bare_extension(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    [".png", ".gif", ".npy", ".csv"].iter().any(|ending| name.as_deref() == Some(ending))
}

/// The folder that a path is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Samples in the data's own units.
#[expect(clippy::cast_possible_truncation, reason = "arrays are float32")]
fn values(samples: &Batch, columns: Option<&Columns>) -> Vec<f32> {
    match columns {
        None => samples.data().to_vec(),
        Some(columns) => {
            columns.from_model_rows(samples.data()).into_iter().map(|value| value as f32).collect()
        }
    }
}

/// A row a sample, from noise at the left to data at the right.
fn rows_of_ways(way: &[Batch]) -> Result<Raster> {
    let data = (0..way[0].rows()).flat_map(|row| way.iter().map(move |moment| moment.row(row)));
    let data: Vec<f32> = data.flatten().copied().collect();
    in_columns(&Pictures::new(&data, way[0].shape())?, way.len())
}

/// Samples side by side.
fn picture_row(samples: &Batch) -> Result<Raster> {
    in_columns(&Pictures::new(samples.data(), samples.shape())?, samples.rows())
}

fn in_columns(pictures: &Pictures<'_>, columns: usize) -> Result<Raster> {
    let layout = GridLayout { columns: NonZeroUsize::new(columns), ..GridLayout::default() };
    Ok(grid(pictures, &layout)?)
}

fn shape(batch: &Batch) -> Vec<usize> {
    std::iter::once(batch.rows()).chain(batch.shape().iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_the_name() {
        let kind = |name: &str| Output::new(Path::new(name), false).map(|output| output.kind);
        assert_eq!(kind("a/b.PNG").unwrap(), Kind::Png);
        assert_eq!(kind("b.gif").unwrap(), Kind::Gif);
        assert_eq!(kind("b.npy").unwrap(), Kind::Npy);
        assert_eq!(kind("b.Csv").unwrap(), Kind::Csv);
        for folder in ["many", "many/", "a.b/", "digits.png/", "../x", ".hidden"] {
            assert_eq!(kind(folder).unwrap(), Kind::Folder, "{folder}");
        }
        for name in ["b.jpg", ".png", "a/.npy", "b."] {
            let message = kind(name).unwrap_err().to_string();
            assert!(message.contains(&format!("output {name}: expected")), "{message}");
        }
    }

    #[test]
    fn a_way_is_drawn_a_row_a_sample() {
        let moment = |a, b| Batch::new(vec![1, 40, 40], [vec![a; 1600], vec![b; 1600]].concat());
        let raster =
            rows_of_ways(&[moment(-1.0, 1.0), moment(0.0, 1.0), moment(1.0, -1.0)]).unwrap();
        assert_eq!((raster.width(), raster.height()), (124, 82));
        let pixel = |column: usize, row: usize| {
            raster.data()[(row * 42 + 1) * usize::from(raster.width()) + column * 42 + 1]
        };
        assert_eq!([pixel(0, 0), pixel(1, 0), pixel(2, 0)], [0, 128, 255]);
        assert_eq!([pixel(0, 1), pixel(1, 1), pixel(2, 1)], [255, 255, 0]);
    }
}
