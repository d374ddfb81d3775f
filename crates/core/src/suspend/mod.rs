//! Runs that wait: each says what it needs next, and goes on when it has it.
//!
//! A sampler calls its denoiser in the middle of a step. To leave such a step and come back to it
//! later, without a thread for every run, the step is made again from its start, with the answers and
//! the noise that it got before. That is right because samplers and denoisers keep no state of their
//! own, and cheap because what lies between two calls of a network is a few sums over x.

mod remote;
mod waiting;

pub use remote::{Call, Remote};
pub use waiting::{Pending, Waiting};

/// Why a step or a denoiser stops: it needs an answer that is not there yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer to a call is not there yet")]
pub struct Suspended;
