//! Where samples go: what kind of file follows from the name.

use std::num::NonZeroUsize;
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

/// What pictures say of themselves, by the index of the sample.
pub type Metadata<'a> = &'a dyn Fn(Option<u64>) -> Vec<(String, String)>;

impl<'a> Output<'a> {
    /// The output of that name.
    pub fn new(path: &'a Path, trajectory: bool) -> Result<Self> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let kind = match extension.as_deref() {
            Some("png") => Kind::Png,
            Some("gif") => Kind::Gif,
            Some("npy") => Kind::Npy,
            None => Kind::Folder,
            Some(_) => bail!(
                "output {}: expected a name in .png, .gif or .npy, or a folder, which has no dot",
                path.display()
            ),
        };
        Ok(Self { path, kind, trajectory })
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

    /// Checks, before the work is done, that the samples can be written there.
    pub fn check(&self, channels: usize, indices: std::ops::Range<u64>, force: bool) -> Result<()> {
        let path = self.path;
        if self.kind != Kind::Npy && Channels::from_count(channels).is_none() {
            bail!(
                "output {}: samples of {channels} channels are no pictures (1, 3 or 4 are): \
                 expected a name in .npy",
                path.display()
            );
        }
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty() && !p.is_dir()) {
            bail!("output {}: no such folder {}", path.display(), parent.display());
        }
        let taken: Option<PathBuf> = match self.kind {
            Kind::Folder if path.is_file() => {
                bail!("output {}: a file of this name is there", path.display())
            }
            // A folder can be filled further, by other samples of a seed.
            Kind::Folder if !self.trajectory => {
                indices.map(|index| path.join(png_name(index))).find(|name| name.exists())
            }
            Kind::Folder => Some(path.join(png_name(0))).filter(|name| name.exists()),
            Kind::Png | Kind::Gif | Kind::Npy => Some(path.to_owned()).filter(|p| p.exists()),
        };
        match taken {
            Some(taken) if !force => {
                bail!("{} is already there: replace it with --force", taken.display())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Writes samples, the first of which has index `first`.
    pub fn write(&self, samples: &Samples, first: u64, metadata: Metadata<'_>) -> Result<()> {
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
                write_png_folder(path, &pictures, first, |index| metadata(Some(index)))?;
            }
            (Kind::Folder, true) => {
                std::fs::create_dir_all(path)
                    .with_context(|| format!("cannot make the folder {}", path.display()))?;
                for (step, moment) in std::iter::zip(0.., &samples.way) {
                    write_png(&path.join(png_name(step)), &picture(moment)?, &metadata(None))?;
                }
            }
        }
        Ok(())
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
        assert_eq!(kind("many").unwrap(), Kind::Folder);
        assert_eq!(kind("many/").unwrap(), Kind::Folder);
        assert!(kind("b.jpg").unwrap_err().to_string().contains("output b.jpg: expected"));
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
