//! What a training is, whatever computes the gradients.

mod engine;

pub use engine::{Engine, Pass};
