//! The schedulers of diffusers, number by number.
//!
//! What a model folder was made for can be run as the peer runs it: same timesteps, same
//! coefficients in f32, same noise at the same steps, its quirks included. One file a class of the
//! peer's; nothing outside of this module knows of a quirk. For what is right rather than equal,
//! take the [samplers](crate::sampler); [`Scheduler::differences`] says where the two part.
//!
//! [`Dpmpp3m`] is a sampler like those, with the third term that the peers have.
//!
//! # Numerics
//! Scalars and elements are f32, one rounding an operation, in the peer's order, measured against
//! diffusers 0.42.1 and PyTorch 2.15.0 on x86-64. With the same network output and the same noise,
//! every step of every class and setting is equal bit for bit to that of a PyTorch which rounds
//! square roots, exponentials and logarithms to nearest, as is done here.
//!
//! PyTorch built with MKL does not: one square root in seven, one logarithm in twelve and one
//! exponential in a hundred is a unit in the last place off, not the same ones everywhere. Against
//! it the elements of a step are at most 1e-6 off, relative to the largest of x and x̂₀ (or to 1),
//! except where differences cancel: 1e-3 from almost pure noise with η = 1, and 2e-5 at the
//! cleanest timesteps of a schedule rescaled to zero terminal SNR.
//!
//! Where the peer's result is no number, the one that was meant is computed:
//!
//! - `fixed_large_log`: noise of std `exp(½ ln β)`; the peer takes √(ln β).
//! - `learned`: noise of std `exp(½ f)`, f being the network's variance half; the peer takes √f.
//! - DDIM's `√(1 − ᾱ_s − c²)` where rounding has left less than 0, from pure noise with η = 1: 0.
//! - An output of twice the sample's length where no variance is learned: its first half; the peer
//!   fails.
//!
//! # Source
//! diffusers 0.42.1, `DDPMScheduler`, `DDIMScheduler`, `DDIMInverseScheduler`; their formulas are
//! those of Ho et al. 2020, arXiv:2006.11239, eq. 7, and Song et al. 2021, arXiv:2010.02502, eq. 12
//! and 16.
//!
//! # Example
//! ```
//! use ancestral::compat::{Config, Ddim, DdimOptions, Scheduler};
//! use ancestral::{Batch, NoNoise};
//!
//! let scheduler = Ddim::new(Config::default(), DdimOptions::default(), 10)?;
//! assert_eq!(scheduler.timesteps()[..2], [900, 800]);
//! let (x, epsilon) = (Batch::new(vec![1], vec![2.0]), Batch::new(vec![1], vec![0.0]));
//! // x₀ is clipped to 1, but ε stays what the network said.
//! let stepped = scheduler.step(500, epsilon, &x, &mut NoNoise);
//! assert_eq!(stepped.x0.data(), [1.0]);
//! assert!((stepped.x.data()[0] - 0.439_968).abs() < 5e-7);
//! # Ok::<(), ancestral::compat::CompatError>(())
//! ```

use crate::batch::Batch;
use crate::noise::Noise;
use crate::sampler::Stepped;

mod config;
mod ddim;
mod ddim_inverse;
mod ddpm;
mod differences;
mod dpmpp_3m;
mod elementwise;
mod error;
mod estimate;
mod run;
mod spacing;
mod table;
mod variance;

pub use config::{BetaCurve, Config, Threshold};
pub use ddim::{Ddim, DdimOptions};
pub use ddim_inverse::DdimInverse;
pub use ddpm::{Ddpm, Visit};
pub use differences::Difference;
pub use dpmpp_3m::Dpmpp3m;
pub use error::CompatError;
pub use run::{Run, Step};
pub use table::Table;
pub use variance::VarianceType;

/// One of the peer's schedulers, with the timesteps it is to visit.
pub trait Scheduler: std::fmt::Debug {
    /// The peer's name of the class.
    fn class(&self) -> &'static str;

    /// What it was configured with.
    fn config(&self) -> &Config;

    /// Its betas and ᾱ.
    fn table(&self) -> &Table;

    /// The timesteps in the order of the visit. The last may be −1: the peer's `trailing` has one
    /// entry too many for some numbers of steps, and reads the noisiest level there.
    fn timesteps(&self) -> &[i64];

    /// Takes `x` from `timestep` to where the peer goes from there; `output` is what the network
    /// said of `x` at `timestep`, with the variance half behind it, if it has one.
    ///
    /// # Panics
    /// If `timestep` is none of the schedule's, or `output` has neither the shape of `x` nor twice
    /// the length along the first axis of a row.
    fn step(
        &self,
        timestep: i64,
        output: Batch,
        x: &Batch,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch>;

    /// Where a run would differ from that of our own sampler of the same name and settings, over
    /// as many steps.
    fn differences(&self) -> Vec<Difference>;
}

#[cfg(test)]
mod tests;
