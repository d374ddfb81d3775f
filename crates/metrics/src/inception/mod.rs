//! The network whose features the FID compares.

mod mixed;
mod resize;
mod weights;

use crate::network::{Convolution, Image, average, max_pool};
use rayon::prelude::*;

use mixed::{Mixed, mixed};
use weights::Reader;

pub use resize::{Resize, SIDE};
pub use weights::{InceptionError, Tensor};

/// The values of one row of features.
pub const FEATURES: usize = 2048;

/// InceptionV3 as the original FID used it, up to its pool3 features.
///
/// It differs from torchvision's network in its pools: averages leave out the padding, and the last
/// block has a maximum in place of an average.
///
/// # Source
/// Szegedy et al. 2016, arXiv:1512.00567; the weights `pt_inception-2015-12-05` of pytorch-fid, whose
/// inception.py names the parameters.
///
/// # Numerics
/// Batch normalisation is folded into the convolutions in f64; these are matrix products in f32, an
/// image at a time, so the features of an image depend on nothing but the image.
#[derive(Debug)]
pub struct Inception {
    stem: [Convolution; 5],
    mixed: Vec<Mixed>,
}

impl Inception {
    /// The network with weights under pytorch-fid's names, as `Mixed_5b.branch1x1.conv.weight`.
    ///
    /// # Shapes
    /// Convolutions: `[out, in, height, width]`. Other tensors, as the classifier's, are not read.
    ///
    /// # Errors
    /// [`InceptionError`] for a tensor that is missing, has another shape, or is not finite.
    pub fn new<'a>(find: impl Fn(&str) -> Option<Tensor<'a>>) -> Result<Self, InceptionError> {
        let reader = Reader::new(&find);
        let stem = [
            reader.square("Conv2d_1a_3x3", [3, 32], 3, 2, 0)?,
            reader.square("Conv2d_2a_3x3", [32, 32], 3, 1, 0)?,
            reader.square("Conv2d_2b_3x3", [32, 64], 3, 1, 1)?,
            reader.square("Conv2d_3b_1x1", [64, 80], 1, 1, 0)?,
            reader.square("Conv2d_4a_3x3", [80, 192], 3, 1, 0)?,
        ];
        Ok(Self { stem, mixed: mixed(&reader)? })
    }

    /// The features of pictures: [`FEATURES`] values each.
    ///
    /// # Shapes
    /// `pictures`: `[count, 3, height, width]`, from −1 to 1. [`Resize::apply`] makes them
    /// [`SIDE`] × [`SIDE`], which the FID prescribes.
    ///
    /// # Panics
    /// If the values are not whole pictures, or a side is below 75.
    #[must_use]
    pub fn features(&self, pictures: &[f32], height: usize, width: usize) -> Vec<f32> {
        assert!(height.min(width) >= 75, "{height} x {width} is too small: a side has 75 or more");
        let len = 3 * height * width;
        assert!(pictures.len().is_multiple_of(len), "{} values for {len} each", pictures.len());
        let all = pictures.par_chunks_exact(len).map(|picture| {
            let image = Image::new([3, height, width], picture.to_vec());
            self.features_of(&image)
        });
        all.collect::<Vec<_>>().concat()
    }

    fn features_of(&self, image: &Image) -> Vec<f32> {
        let [first, second, third, fourth, fifth] = &self.stem;
        let image = third.apply(&second.apply(&first.apply(image)));
        let image = fifth.apply(&fourth.apply(&max_pool(&image, 2, 0)));
        let mut image = max_pool(&image, 2, 0);
        for block in &self.mixed {
            image = block.apply(&image);
        }
        average(&image)
    }
}
