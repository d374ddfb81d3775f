//! Where samples go: what kind of file follows from the name.

use std::fs::{self, File};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ancestral::Batch;
use ancestral_data::{
    Channels, GridLayout, Pictures, Raster, grid, png_name, write_gif, write_npy, write_png,
    write_png_folder,
};
use anyhow::{Context, Result, bail};

use crate::sampling::Samples;

/// Moments of the way that an animation shows.
const FRAMES: usize = 50;
/// Moments of the way that a picture of it shows.
const COLUMNS: usize = 10;
/// Time from frame to frame.
const FRAME_DELAY: Duration = Duration::from_millis(80);

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Png,
    Gif,
    Npy,
    Folder,
}

/// A place for samples.
#[derive(Debug)]
pub struct Output<'a> {
    path: &'a Path,
    kind: Kind,
    /// Whether the whole way is wanted, not only where it ends.
    trajectory: bool,
}

/// What pictures say of themselves, by the index of the sample, if they show one.
pub type Metadata<'a> = &'a dyn Fn(Option<u64>) -> Vec<(String, String)>;

impl<'a> Output<'a> {
    /// The output of that name.
    pub fn new(path: &'a Path, trajectory: bool) -> Result<Self> {
        let expected = "expected a name in .png, .gif or .npy, or a folder, which has no dot or a \
                        / at its end";
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let kind = match extension.as_deref() {
            _ if path.to_string_lossy().ends_with('/') => Kind::Folder,
            Some("png") => Kind::Png,
            Some("gif") => Kind::Gif,
            Some("npy") => Kind::Npy,
            None if !path.to_string_lossy().ends_with(['.', ' ']) && !is_bare_extension(path) => {
                Kind::Folder
            }
            Some(_) if path.is_dir() => Kind::Folder,
            None | Some(_) => bail!("output {}: {expected}", path.display()),
        };
        Ok(Self { path, kind, trajectory })
    }

    /// Whether samples can be written batch by batch.
    pub fn is_by_batch(&self) -> bool {
        self.kind == Kind::Folder && !self.trajectory
    }

    /// How many moments of the way it needs to be kept.
    pub fn moments(&self) -> usize {
        match (self.kind, self.trajectory) {
            (Kind::Png, true) => COLUMNS,
            (Kind::Gif, false) => FRAMES,
            (Kind::Gif | Kind::Npy | Kind::Folder, true) => usize::MAX,
            (Kind::Png | Kind::Npy | Kind::Folder, false) => 0,
        }
    }

    /// Checks, before the work is done, that samples of `shape` can be written there after a run
    /// of `hops`.
    pub fn check(
        &self,
        shape: [usize; 3],
        indices: Range<u64>,
        hops: usize,
        force: bool,
    ) -> Result<()> {
        let path = self.path;
        if self.kind != Kind::Npy && Channels::from_count(shape[0]).is_none() {
            bail!(
                "output {}: samples of {} channels are no pictures (1, 3 or 4 are): expected a \
                 name in .npy",
                path.display(),
                shape[0]
            );
        }
        if let Some(taken) = self.taken(indices.clone(), hops)?.filter(|_| !force) {
            bail!("{} is already there: replace it with --force", taken.display());
        }
        self.can_be_written().with_context(|| format!("output {}", path.display()))?;
        // Pictures are drawn once for nothing, which is quick, to know that they are not too large.
        let rows = usize::try_from(indices.end - indices.start).context("samples")?;
        let blank = |rows| Batch::zeros(rows, shape.to_vec());
        match (self.kind, self.trajectory) {
            (Kind::Npy, _) | (Kind::Folder, false) => {}
            (Kind::Png, true) => {
                rows_of_ways(&vec![blank(rows); hops.min(COLUMNS) + 1])?;
            }
            (Kind::Png, false) | (Kind::Gif, _) | (Kind::Folder, true) => {
                picture(&blank(rows))?;
            }
        }
        Ok(())
    }

    /// The first file that would be replaced.
    fn taken(&self, indices: Range<u64>, hops: usize) -> Result<Option<PathBuf>> {
        let path = self.path;
        let in_folder = |mut names: Range<u64>| {
            names.find_map(|name| Some(path.join(png_name(name))).filter(|file| file.exists()))
        };
        Ok(match self.kind {
            Kind::Folder if path.exists() && !path.is_dir() => {
                bail!("output {}: a file, expected a folder", path.display())
            }
            // A folder can be filled further, by other samples of a seed.
            Kind::Folder if !self.trajectory => in_folder(indices),
            Kind::Folder => in_folder(0..hops as u64 + 1),
            Kind::Png | Kind::Gif | Kind::Npy if path.is_dir() => {
                bail!("output {}: a folder, expected a file (or a / at its end)", path.display())
            }
            Kind::Png | Kind::Gif | Kind::Npy => Some(path.to_owned()).filter(|p| p.exists()),
        })
    }

    /// Tries whether a file can be made where the output is to be.
    fn can_be_written(&self) -> Result<()> {
        let mut folder = match self.kind {
            Kind::Folder => self.path,
            Kind::Png | Kind::Gif | Kind::Npy => parent(self.path),
        };
        if self.kind == Kind::Folder {
            // It is made, with the folders above it, when the first picture is.
            while !folder.exists() {
                folder = parent(folder);
            }
        }
        if !folder.is_dir() {
            bail!("no such folder {}", folder.display());
        }
        let probe = folder.join(format!(".ancestral-{}", std::process::id()));
        let cannot = || format!("no file can be made in {}", folder.display());
        File::create_new(&probe).with_context(cannot)?;
        fs::remove_file(&probe).with_context(cannot)
    }

    /// Writes samples.
    pub fn write(&self, samples: &Samples, metadata: Metadata<'_>) -> Result<()> {
        let path = self.path;
        match (self.kind, self.trajectory) {
            (Kind::Png, false) => write_png(path, &picture(&samples.x)?, &metadata(None))?,
            (Kind::Png, true) => write_png(path, &rows_of_ways(&samples.way)?, &metadata(None))?,
            (Kind::Gif, _) => write_animation(path, &samples.way)?,
            (Kind::Npy, false) => write_npy(path, &shape(&samples.x), samples.x.data())?,
            (Kind::Npy, true) => {
                let mut shape = shape(&samples.x);
                shape.insert(0, samples.way.len());
                let data: Vec<f32> = samples.way.iter().flat_map(Batch::data).copied().collect();
                write_npy(path, &shape, &data)?;
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

/// Whether a file name is only an ending, such as `.png`.
fn is_bare_extension(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    [".png", ".gif", ".npy"].iter().any(|ending| name.as_deref() == Some(ending))
}

/// The folder that a path is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

/// Samples as one grid.
pub fn picture(samples: &Batch) -> Result<Raster> {
    let pictures = Pictures::new(samples.data(), samples.shape())?;
    Ok(grid(&pictures, &GridLayout::default())?)
}

/// The way from noise to data as an animation.
pub fn write_animation(path: &Path, way: &[Batch]) -> Result<()> {
    let frames: Vec<Raster> = way.iter().map(picture).collect::<Result<_>>()?;
    Ok(write_gif(path, &frames, FRAME_DELAY)?)
}

/// A row a sample, from noise at the left to data at the right.
fn rows_of_ways(way: &[Batch]) -> Result<Raster> {
    let data = (0..way[0].rows()).flat_map(|row| way.iter().map(move |moment| moment.row(row)));
    let data: Vec<f32> = data.flatten().copied().collect();
    let layout = GridLayout { columns: NonZeroUsize::new(way.len()), ..GridLayout::default() };
    Ok(grid(&Pictures::new(&data, way[0].shape())?, &layout)?)
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
