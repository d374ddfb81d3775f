//! Likelihoods against closed forms and other code.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod bound;
mod data;
mod decoder;
mod flow;
mod guided_diffusion;
mod optimal_variance;
