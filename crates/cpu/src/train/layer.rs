//! Layers whose weights change: each file has a layer's forward pass and its backward pass.

pub(crate) mod activation;
pub(crate) mod attention;
pub(crate) mod conv3;
mod mix;
pub(crate) mod norm;
pub(crate) mod pointwise;
