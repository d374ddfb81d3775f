//! DPM-Solver++(2M): second order, one network call a hop.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Slope, Update, lambda};
use crate::sampler::{Sampler, SamplerInfo, Stepped};

/// DPM-Solver++(2M): the clean estimate as a line through its last two values.
///
/// # Formula
/// With y = x/α, m and m₁ the estimates at the start of this hop and of the one behind, of lengths
/// h and h₁ in λ:
/// ```text
/// y′ = e^(−h) y + (1 − e^(−h)) (m + ½ (h/h₁) (m − m₁))
/// ```
/// with the weight of the slope as [`Slope`] says. Midpoint is UniP-2 of variant bh2. The first hop
/// is that of [`Ddim`](crate::Ddim).
/// # Source
/// Lu et al. 2022, arXiv:2211.01095, algorithm 2; "DPM++ 2M" of k-diffusion,
/// `DPMSolverMultistepScheduler` in diffusers.
///
/// # Example
/// ```
/// use ancestral::sampler::Slope;
/// use ancestral::{AnySampler, Dpmpp2m};
/// assert_eq!(
///     "dpmpp-2m:slope=heun".parse(),
///     Ok(AnySampler::Dpmpp2m(Dpmpp2m { slope: Slope::Heun }))
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Dpmpp2m {
    /// How the slope of the line is weighed.
    pub slope: Slope,
}

const OPTIONS: &[OptionInfo] =
    &[OptionInfo { name: "slope", default: "midpoint", about: Slope::CHOICE }];

impl Sampler for Dpmpp2m {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpmpp-2m",
            about: "DPM-Solver++(2M), second order with one call a step",
            order: 2,
            stochastic: false,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: OPTIONS,
        }
    }

    fn values(&self) -> Vec<String> {
        vec![self.slope.name().to_owned()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let slope = options.take("slope", Slope::CHOICE, |_: &Slope| true)?;
        options.finish(OPTIONS)?;
        Ok(Self { slope: slope.unwrap_or_default() })
    }

    fn start<X: Sample>(&self, _grid: &Grid) -> History<X> {
        History::new(2)
    }

    fn step<X, D, N>(
        &self,
        history: &mut History<X>,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        let weights = |update: &Update, nodes: &[f64]| self.slope.weights(update, nodes);
        Multistep { form: Form::Data, eta: 0.0, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}
