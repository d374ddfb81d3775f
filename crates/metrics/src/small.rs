//! A small network for the features of small pictures.

use crate::network::{Convolution, Image, Window, average};
use rayon::prelude::*;

/// The values of one row of features.
pub const FEATURES: usize = 64;

/// The channels between the layers, and the stride of each layer.
const CHANNELS: [usize; 5] = [3, 16, 32, 64, FEATURES];
const STRIDES: [usize; 4] = [1, 2, 2, 1];
/// Of each layer weights `[out, in, 3, 3]` and biases, in float32, little-endian.
const WEIGHTS: &[u8] = include_bytes!("small/weights.bin");

/// A small network for pictures of 28 to 64 pixels, which is built in: four convolutions and a mean over
/// the places. It was trained to tell clothes (Fashion-MNIST), digits, and emoji apart, so its
/// features see shapes and colours that pixels compared one by one do not. A Fréchet distance of its
/// features is no FID, and comparable only with distances of the same features.
///
/// # Numerics
/// In f32; the features of a picture depend on nothing but the picture.
///
/// # Example
/// ```
/// use ancestral_metrics::small::{FEATURES, SmallNetwork};
///
/// let black = vec![-1.0; 3 * 28 * 28];
/// assert_eq!(SmallNetwork::new().features(&black, 28, 28).len(), FEATURES);
/// ```
#[derive(Debug)]
pub struct SmallNetwork {
    layers: [Convolution; 4],
}

impl SmallNetwork {
    /// The network.
    ///
    /// # Panics
    /// Never, in a build that passes its tests.
    #[must_use]
    pub fn new() -> Self {
        let (values, rest) = WEIGHTS.as_chunks();
        assert!(rest.is_empty(), "whole values");
        let mut values = values.iter().map(|bytes| f32::from_le_bytes(*bytes));
        let layers = [0, 1, 2, 3].map(|layer| {
            let [from, to] = [CHANNELS[layer], CHANNELS[layer + 1]];
            let weights = values.by_ref().take(9 * from * to).collect();
            let bias = values.by_ref().take(to).collect();
            let window = Window { size: [3; 2], stride: STRIDES[layer], padding: [1; 2] };
            Convolution { weights, bias, window }
        });
        assert!(values.next().is_none(), "as many values as the layers take");
        Self { layers }
    }

    /// The features of pictures: [`FEATURES`] values each.
    ///
    /// # Shapes
    /// `pictures`: `[count, 3, height, width]`, from −1 to 1.
    ///
    /// # Panics
    /// If the values are not whole pictures.
    #[must_use]
    pub fn features(&self, pictures: &[f32], height: usize, width: usize) -> Vec<f32> {
        let len = 3 * height * width;
        assert!(
            len > 0 && pictures.len().is_multiple_of(len),
            "{} values are no pictures of 3 x {height} x {width}",
            pictures.len()
        );
        let of = |picture: &[f32]| {
            let image = Image::new([3, height, width], picture.to_vec());
            average(&self.layers.iter().fold(image, |image, layer| layer.apply(&image)))
        };
        pictures.par_chunks_exact(len).map(of).collect::<Vec<_>>().concat()
    }
}

impl Default for SmallNetwork {
    fn default() -> Self {
        Self::new()
    }
}
