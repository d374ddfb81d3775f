//! DEIS: exponential integrator of the noise, with a polynomial in ln σ/α.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, lambda};
use crate::sampler::{Sampler, SamplerInfo, Stepped};

/// DEIS in ln ρ (ρ = σ/α): the noise ε̂ as a polynomial in λ through its last values, integrated
/// exactly. It is DPM-Solver in its noise form, multistep.
///
/// # Formula
/// With y = x/α and e(u) the polynomial through the estimates ε̂ at this point and those behind:
/// ```text
/// y′ = y + ∫ e dk = y − k′ ∫₀ʰ e^(h − u) e(u) du
/// ```
/// The first hops go through fewer estimates.
/// # Source
/// Zhang & Chen 2023, arXiv:2204.13902, section 3.3 and appendix (the basis in log ρ);
/// `DEISMultistepScheduler` in diffusers.
///
/// # Example
/// ```
/// use ancestral::{AnySampler, Deis};
/// assert_eq!("deis:order=2".parse(), Ok(AnySampler::Deis(Deis { order: 2 })));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deis {
    /// Its order, the number of estimates: 1, 2 or 3. What is below counts as 1, above as 3.
    pub order: u32,
}

impl Default for Deis {
    fn default() -> Self {
        Self { order: 3 }
    }
}

const OPTIONS: &[OptionInfo] = &[OptionInfo { name: "order", default: "3", about: "1, 2 or 3" }];

impl Sampler for Deis {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "deis",
            about: "DEIS, the noise as a polynomial in log sigma/alpha, one call a step",
            order: self.order.clamp(1, 3),
            stochastic: false,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: OPTIONS,
        }
    }

    fn values(&self) -> Vec<String> {
        vec![self.order.to_string()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let order = options.take("order", "1, 2 or 3", |order: &u32| (1..=3).contains(order))?;
        options.finish(OPTIONS)?;
        Ok(Self { order: order.unwrap_or(Self::default().order) })
    }

    fn start<X: Sample>(&self, _grid: &Grid) -> History<X> {
        History::new(self.order.clamp(1, 3) as usize)
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
        let weights = Update::exact;
        Multistep { form: Form::Noise, eta: 0.0, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}
