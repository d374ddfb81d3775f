//! The schedulers of diffusers, number by number.
//!
//! What a model folder was made for can be run as diffusers runs it: same timesteps, same
//! coefficients in f32, same noise at the same steps, its quirks included. One file a class of
//! diffusers; nothing outside of this module knows of a quirk. For what is right rather than equal,
//! take the [samplers](crate::sampler); [`Scheduler::differences`] says where the two part.
//!
//! # Numerics
//! Scalars and elements are f32, one rounding an operation, in diffusers' order, measured against
//! diffusers 0.42.1, PyTorch 2.15.0 and NumPy 2.4.6 on x86-64. With the same network output and the
//! same noise, every step of every class and setting is equal bit for bit to that of a PyTorch which
//! rounds square roots, exponentials and logarithms to nearest, as is done here; but for 1e-5 of the
//! largest value of a run where equations are solved (UniPC) or integrals taken (LMS). Logarithms that
//! NumPy takes in f32 (of timesteps between two, and in DEIS) are as it has them with AVX2. Without,
//! they are a unit in the last place off here and there, which third-order DEIS may magnify to any
//! size where levels are near each other, and which may cut a timestep one lower.
//!
//! PyTorch built with MKL does not: one square root in seven, one logarithm in twelve and one
//! exponential in a hundred is a unit in the last place off, not the same ones everywhere. Against
//! it the elements of a step are at most 1e-6 off, relative to the largest of x and x̂₀ (or to 1),
//! except where differences cancel: 1e-3 from almost pure noise with η = 1, and 2e-5 at the
//! cleanest timesteps of a schedule rescaled to zero terminal SNR. Over whole runs one in forty is
//! more than 2e-5 of its largest value off: from almost pure noise up to 3e-2, third-order DEIS up to
//! 1e-3, and UniPC of ε by any amount.
//!
//! Where diffusers' result is no number, the one that was meant is computed:
//!
//! - `fixed_large_log`: noise of std `exp(½ ln β)`; diffusers takes √(ln β).
//! - `learned`: noise of std `exp(½ f)`, f being the network's variance half; diffusers takes √f.
//! - DDIM's `√(1 − ᾱ_s − c²)` where rounding has left less than 0, from pure noise with η = 1: 0.
//! - UniPC's step to clean data with `bh1`, where diffusers multiplies infinity by 0.
//! - An output of twice the sample's length where no variance is learned: its first half; diffusers
//!   fails.
//!
//! Other runs in which diffusers fails, or gives NaN, are refused when the scheduler is made, by the
//! name of the setting or the call of the network where it happens.
//!
//! # Source
//! diffusers 0.42.1, `schedulers/`. The formulas of `DDPMScheduler`, `DDIMScheduler` and
//! `DDIMInverseScheduler` are those of Ho et al. 2020, arXiv:2006.11239, eq. 7, and Song et al. 2021,
//! arXiv:2010.02502, eq. 12 and 16; the others name theirs.
//!
//! # Example
//! ```
//! use ancestral::compat::{Config, DdimScheduler, DdimOptions, History, Scheduler};
//! use ancestral::{Batch, NeverDrawn};
//!
//! let scheduler = DdimScheduler::new(Config::default(), DdimOptions::default(), 10)?;
//! assert_eq!(scheduler.timesteps()[..5], [900.0, 800.0, 700.0, 600.0, 500.0]);
//! let (x, epsilon) = (Batch::new(vec![1], vec![2.0]), Batch::new(vec![1], vec![0.0]));
//! // x₀ is clipped to 1, but ε stays what the network said.
//! let stepped = scheduler.step(4, epsilon, &x, &mut History::default(), &mut NeverDrawn);
//! assert_eq!(stepped.x0.data(), [1.0]);
//! assert!((stepped.x.data()[0] - 0.439_968).abs() < 5e-7);
//! # Ok::<(), ancestral::compat::CompatError>(())
//! ```

use crate::batch::Batch;
use crate::noise::Noise;
use crate::sampler::Stepped;

mod class;
mod config;
mod differences;
mod error;
mod history;
mod kit;
mod plan;
mod run;
mod table;

pub use class::ddim::{DdimOptions, DdimScheduler};
pub use class::ddim_inverse::{DdimInverseOptions, DdimInverseScheduler};
pub use class::ddpm::{DdpmScheduler, Visit};
pub use class::deis::{DeisMultistepScheduler, DeisOptions};
pub use class::dpm_multistep::{DpmMultistepOptions, DpmSolverMultistepScheduler};
pub use class::dpm_singlestep::{DpmSinglestepOptions, DpmSolverSinglestepScheduler};
pub use class::euler::{EulerChurn, EulerDiscreteScheduler, EulerOptions};
pub use class::euler_ancestral::EulerAncestralDiscreteScheduler;
pub use class::heun::HeunDiscreteScheduler;
pub use class::kdpm2::Kdpm2DiscreteScheduler;
pub use class::kdpm2_ancestral::Kdpm2AncestralDiscreteScheduler;
pub use class::lcm::{LcmOptions, LcmScheduler};
pub use class::lms::LmsDiscreteScheduler;
pub use class::pndm::{PndmOptions, PndmScheduler};
pub use class::unipc::{UniPcMultistepScheduler, UniPcOptions};
pub use config::{BetaCurve, Config, Threshold};
pub use differences::Difference;
pub use error::CompatError;
pub use history::History;
pub use kit::dpm::{Algorithm, Solver};
pub use kit::sigmas::{FinalSigma, Spread};
pub use kit::variance::VarianceType;
pub use plan::Plan;
pub use run::{Position, SchedulerRun, SchedulerStep};
pub use table::Table;

/// One of diffusers' schedulers, with the timesteps it is to visit.
///
/// The classes of this module are all there are: [`Plan`] can't be made outside of it.
pub trait Scheduler: std::fmt::Debug + Send + Sync {
    /// What it has beside its step; the methods below say it one by one.
    fn plan(&self) -> &Plan;

    /// The name of the class in diffusers.
    fn class(&self) -> &'static str {
        self.plan().class
    }

    /// What it was configured with.
    fn config(&self) -> &Config {
        &self.plan().config
    }

    /// Its betas and ᾱ.
    fn table(&self) -> &Table {
        &self.plan().table
    }

    /// The timesteps that the network is asked about, in order: one a call, so that a timestep may
    /// stand there twice, or be no whole number. The last may be −1: diffusers' `trailing` has one
    /// entry too many for some numbers of steps, and reads the noisiest level there.
    fn timesteps(&self) -> Vec<f64> {
        self.plan().timesteps.clone()
    }

    /// The standard deviation of the noise that a run starts from (`init_noise_sigma`).
    fn start_std(&self) -> f32 {
        self.plan().start_std
    }

    /// What x is divided by before the network sees it at entry `index` of the list
    /// (`scale_model_input`).
    fn input_scale(&self, index: usize) -> f32 {
        self.plan().input_scale(index)
    }

    /// Takes `x` from entry `index` of the list to the next; `output` is the network's prediction
    /// for `x` there, with the variance half behind it, if it has one. `history` is that of the run:
    /// new at its start, and handed to every step of it in order.
    ///
    /// # Panics
    /// If `index` is outside the list, or `output` has neither the shape of `x` nor twice the length
    /// along the first axis of a row.
    fn step(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        history: &mut History,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let stepped = self.advance(index, output, x, history, noise);
        history.calls += 1;
        stepped
    }

    /// The step of the class; [`step`](Self::step) also counts it, so call that.
    #[doc(hidden)]
    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        history: &mut History,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch>;

    /// Where a run would differ from that of our own sampler of the same name and settings, over
    /// as many steps; by itself, that they were not compared.
    fn differences(&self) -> Vec<Difference> {
        vec![Difference::NotCompared { class: self.class() }]
    }
}

#[cfg(test)]
mod tests;
