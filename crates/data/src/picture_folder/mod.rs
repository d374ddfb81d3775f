//! Pictures as people have them: a folder of files of any mode and size becomes a data set.

use crate::{Channels, Dataset, Own};
use std::path::{Path, PathBuf};

mod decided;
mod decode;
mod error;
mod files;
mod float_tiff;
mod folder;
mod format;
mod jpeg;
mod picture;
mod plan;
mod render;
mod resample;
mod several;
mod survey;
mod whole;

pub use error::PictureSetError;
pub use folder::PictureFolder;
pub(crate) use format::is_picture;
pub(crate) use picture::from_byte;

/// How pictures are read: the options of [`read_pictures`].
///
/// # Example
/// ```
/// use ancestral_data::{Fit, PictureOptions};
///
/// let options = PictureOptions { size: Some([32, 32]), ..PictureOptions::default() };
/// assert_eq!((options.fit, options.background), (Fit::Crop, [255, 255, 255]));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureOptions {
    /// The channels of every row. `None`: grey if every file stores grey, RGB otherwise.
    pub channels: Option<Channels>,
    /// `[height, width]` of every row. `None`: that of the pictures if they agree, otherwise a
    /// square as long as the smallest shorter side, rounded down to a multiple of 8, 8 to 64.
    pub size: Option<[usize; 2]>,
    /// How a picture of another shape is brought to the size.
    pub fit: Fit,
    /// Red, green and blue of what shines through transparent pixels and fills letterboxes.
    pub background: [u8; 3],
    /// Whether the sub-folders of the first level are the classes, sorted by name.
    pub classes: bool,
    /// Whether damaged files are left out and reported; otherwise one is an error.
    pub skip_bad: bool,
    /// Where this program will write: files there are left out.
    pub output: Option<PathBuf>,
}

impl Default for PictureOptions {
    fn default() -> Self {
        Self {
            channels: None,
            size: None,
            fit: Fit::Crop,
            background: [255; 3],
            classes: false,
            skip_bad: false,
            output: None,
        }
    }
}

/// How a picture is brought to another shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The shorter side is resized to fit; the excess of the longer side is cropped equally on both ends.
    Crop,
    /// The longer side is resized to fit; the rest is filled with opaque background.
    Letterbox,
}

/// What [`read_pictures`] read.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureSet {
    /// The pictures: rows `[channels, height, width]`, −1 (black) to 1 (white).
    pub data: Dataset,
    /// One line on what was found and what was decided about it; sizes are height x width.
    pub decided: String,
    /// The damaged files that were left out, each with the reason.
    pub skipped: Vec<(PathBuf, String)>,
    /// The folders that were left out because this program wrote them.
    pub left_out: Vec<(PathBuf, Own)>,
}

/// Reads one picture file, or every picture in a folder and its sub-folders, as one data set.
///
/// PNG, JPEG, WebP, GIF, BMP, TIFF and PNM are known by their contents, whatever their names. Of
/// an animation the first frame is taken, of several pages the first, which
/// [`PictureSet::decided`] reports; an EXIF orientation is applied. Files that are not pictures, hidden
/// pictures and hidden folders are passed over and counted in `decided` as well. Links to folders are
/// followed, but each folder is read once (once a class), and links back up are passed over. A file
/// with the name of a picture and other contents counts as damaged, and so does a broken link.
///
/// Folders of runs and models ([`Own`]) are not looked into, so that the data of a run in a folder
/// of pictures stay the same while it runs.
///
/// Every file is decoded once before anything is decided, and damaged ones are reported together.
///
/// # Shapes
/// Rows are `[channels, height, width]`, in the order of their paths, byte by byte. Range: −1
/// (black) to 1 (white); opacity likewise, −1 is transparent.
///
/// # Formula
/// ```text
/// value = (2 s − max) / max,     s = 0 … max;   max = 255 or 65535: all 16 bits are kept;
///                                               max = 1 for floating-point samples
/// grey  = 0.299 r + 0.587 g + 0.114 b           (luma of ITU-R BT.601)
/// value = a c + (1 − a) background              (opacity a = 0 … 1, with 1 or 3 channels)
/// ```
/// # Numerics
/// A picture that has the size already keeps its exact values. Others are resized in `f32` with
/// an antialiased triangle filter, which never leaves the range; colours are weighted by opacity.
///
/// # Errors
/// [`PictureSetError`], which names the files: there is no picture, a damaged one (with
/// `skip_bad`: only damaged ones), one outside the class folders, one of more than 65 535
/// pixels a side or 256 MiB of decoded samples, or one of floating-point samples outside [0, 1];
/// or the folder is that of a run. Decoding takes at most about four times that for
/// each thread.
///
/// # Panics
/// Never: rows are whole, their values bounded, and their labels those of the folders.
///
/// # Example
/// ```no_run
/// use ancestral_data::{PictureOptions, read_pictures};
///
/// let pictures = read_pictures("holiday".as_ref(), &PictureOptions::default())?;
/// println!("{}", pictures.decided);
/// # Ok::<(), ancestral_data::PictureSetError>(())
/// ```
pub fn read_pictures(path: &Path, options: &PictureOptions) -> Result<PictureSet, PictureSetError> {
    PictureFolder::open(path, options)?.read_all()
}

/// One picture of the bytes of a file, which errors call `name`, as [`read_pictures`] reads a file that
/// stands alone.
///
/// # Errors
/// As [`read_pictures`].
///
/// # Example
/// ```
/// use ancestral_data::{Channels, PictureOptions, Raster, decode_picture, encode_png};
///
/// let png = encode_png(&Raster::new(2, 1, Channels::Grey, vec![0, 255])?, &[])?;
/// let row = decode_picture("mask", &png, &PictureOptions::default())?;
/// assert_eq!((row.shape(), row.rows()), (&[1, 1, 2][..], &[-1.0, 1.0][..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Panics
/// Never: the row is whole, and its values are bounded.
pub fn decode_picture(
    name: &str,
    bytes: &[u8],
    options: &PictureOptions,
) -> Result<Dataset, PictureSetError> {
    if let Some(size) = options.size {
        plan::check_size(size)?;
    }
    let picture = decode::decode(bytes).map_err(|flaw| PictureSetError::Bad {
        bad: vec![(name.into(), flaw.to_string())],
        total: 1,
    })?;
    let plan = plan::Plan::of_one(&picture, options);
    let mut row = vec![0.0; plan.shape().iter().product()];
    render::render(&picture, &plan, &mut row);
    Ok(Dataset::new(plan.shape().to_vec(), row).expect("a whole row of bounded values"))
}
