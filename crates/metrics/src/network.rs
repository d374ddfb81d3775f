//! Convolutional networks whose features are compared.

mod image;
mod layer;

pub(crate) use image::Image;
pub(crate) use layer::{Convolution, Window, average, max_pool, mean_pool};
