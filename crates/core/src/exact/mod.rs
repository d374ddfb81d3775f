//! Exact denoisers: data whose E\[x₀ | x_t\] has a closed form.
//!
//! They are a reverse process with no network at all: the truth that samplers are tested against,
//! and a way to see what diffusion does.

mod flow;
mod gaussian;
mod mixture;
mod reference;

pub use flow::probability_flow;
pub use gaussian::Gaussian;
pub use mixture::{Component, Mixture, MixtureError};
pub use reference::{REFERENCE_MIXTURES, reference_mixture};
