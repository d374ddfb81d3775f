//! What is compared of a row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::Path;

use ancestral_format::safetensors;
use ancestral_metrics::inception::{self, Inception, Resize, SIDE, Tensor};
use ancestral_metrics::small::{self, SmallNetwork};
use ancestral_pipeline::Batch;

use crate::EvalError;

/// Pictures whose features are computed together.
const BATCH: usize = 32;
/// The sides of pictures that the small network is for.
const SMALL_SIDES: RangeInclusive<usize> = 28..=64;

/// What is compared of a row.
#[derive(Debug)]
pub enum Features {
    /// Its values: pixels or columns.
    Values,
    /// The features of a small network for pictures of 28 to 64 pixels, which is built in.
    Small(Box<SmallNetwork>),
    /// The pool3 features of InceptionV3: of these the Fréchet distance is the FID.
    Inception {
        /// The network.
        network: Box<Inception>,
        /// How pictures are resized for it.
        resize: Resize,
    },
}

impl Features {
    /// Those of a name: `values`, `small` unless a file is called so, or a file with the weights of InceptionV3.
    /// Only for InceptionV3 pictures are resized, as clean-fid does unless `resize` says otherwise.
    ///
    /// # Errors
    /// If there is no such file, or it is of another network; if the small network is to resize.
    pub fn named(name: &Path, resize: Option<Resize>) -> Result<Self, EvalError> {
        match name.to_str() {
            Some("values") => Ok(Self::Values),
            Some("small") if !name.exists() => match resize {
                Some(_) => Err(EvalError::Resized),
                None => Ok(Self::Small(Box::default())),
            },
            _ => Self::inception(name, resize.unwrap_or(Resize::Clean)),
        }
    }

    /// The features of InceptionV3 with weights from a safetensors file, under pytorch-fid's names.
    ///
    /// # Errors
    /// If the file can't be read, or is of another network.
    pub fn inception(path: &Path, resize: Resize) -> Result<Self, EvalError> {
        let failed = |reason: String| EvalError::Features { path: path.to_owned(), reason };
        let bytes = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
        let weights = safetensors::from_bytes(&bytes).map_err(|error| failed(error.to_string()))?;
        let values: BTreeMap<&str, (&[usize], Vec<f32>)> = weights
            .iter()
            .map(|(name, array)| (name.as_str(), (array.shape(), array.to_f32())))
            .collect();
        let find = |name: &str| values.get(name).map(|(shape, values)| Tensor { shape, values });
        let network = Inception::new(find).map_err(|error| failed(error.to_string()))?;
        Ok(Self::Inception { network: Box::new(network), resize })
    }

    /// Refuses rows that are no pictures, where a network takes pictures.
    pub(super) fn check(&self, rows: &Batch) -> Result<(), EvalError> {
        let shape = rows.row_shape();
        if self.are_values() || shape.len() == 3 {
            return Ok(());
        }
        Err(EvalError::NotPictures { shape: shape.to_vec() })
    }

    fn are_values(&self) -> bool {
        matches!(self, Self::Values)
    }

    /// What makes the features of such rows doubtful.
    pub(super) fn doubt(&self, rows: &Batch) -> Option<String> {
        let (Self::Small(_), [_, height, width]) = (self, rows.row_shape()) else { return None };
        let (least, most) = (SMALL_SIDES.start(), SMALL_SIDES.end());
        let fits = [height, width].into_iter().all(|side| SMALL_SIDES.contains(side));
        (!fits).then(|| {
            format!(
                "the small network is for pictures of {least} to {most} pixels, and these have \
                 {height}x{width}"
            )
        })
    }

    /// Values of a row's features, for rows like these.
    #[must_use]
    pub fn length(&self, rows: &Batch) -> usize {
        match self {
            Self::Values => rows.row_len(),
            Self::Small(_) => small::FEATURES,
            Self::Inception { .. } => inception::FEATURES,
        }
    }

    /// The features of all rows.
    ///
    /// # Panics
    /// If a network takes pictures and the rows are none.
    #[must_use]
    pub fn of<'a>(&self, rows: &'a Batch) -> Cow<'a, [f32]> {
        if let Self::Values = self {
            return rows.data().into();
        }
        let &[channels, height, width] = rows.row_shape() else {
            panic!("rows of shape {:?} are no pictures", rows.row_shape())
        };
        let mut features = Vec::with_capacity(rows.rows() * self.length(rows));
        for from in (0..rows.rows()).step_by(BATCH) {
            let batch = rows.slice(from..rows.rows().min(from + BATCH));
            let colour = in_colour(batch.data(), channels, height * width);
            features.extend(match self {
                Self::Values => colour,
                Self::Small(network) => network.features(&colour, height, width),
                Self::Inception { network, resize } => {
                    network.features(&resize.apply(&colour, height, width), SIDE, SIDE)
                }
            });
        }
        features.into()
    }
}

/// Pictures of three channels; of those of one it is repeated, of those of four the opacity is left out.
fn in_colour(pictures: &[f32], channels: usize, pixels: usize) -> Vec<f32> {
    let picture = |picture: &[f32]| -> Vec<f32> {
        let channel = |c: usize| picture[c.min(channels - 1) * pixels..][..pixels].iter().copied();
        (0..3).flat_map(channel).collect()
    };
    pictures.chunks_exact(channels * pixels).flat_map(picture).collect()
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Values => "values",
            Self::Small(_) => "features of the small network (no FID)",
            Self::Inception { resize: Resize::Clean, .. } => {
                "features of InceptionV3, resized as clean-fid does"
            }
            Self::Inception { resize: Resize::Pytorch, .. } => {
                "features of InceptionV3, resized as pytorch-fid does"
            }
        })
    }
}
