//! DPM-Solver++(3M): third order, one network call a hop.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, lambda};
use crate::sampler::{Sampler, SamplerInfo, Stepped};

/// DPM-Solver++(3M) with the true third term: the clean estimate as a parabola through its last
/// three values, integrated exactly. It is UniP-3.
///
/// # Formula
/// With y = x/α and m(u) the parabola through the estimates at u = 0, −h₁, −h₁ − h₂:
/// ```text
/// y′ = e^(−h) y + ∫₀ʰ e^(u − h) m(u) du
///    = e^(−h) y + (1 − e^(−h)) m + φ₂ D₁ + (1 − 2 φ₂/h) D₂,    φ₂ = 1 − (1 − e^(−h))/h
/// ```
/// where D₁ and D₂ are the coefficients of u/h and (u/h)². The published code has half the term of
/// D₂ and converges with order 2: [`compat::Dpmpp3m`](crate::compat::Dpmpp3m). The first two hops
/// go through one and two estimates.
/// # Source
/// Lu et al. 2022, arXiv:2211.01095, for three estimates; Zhao et al. 2023,
/// arXiv:2302.04867 (UniP-3). "3M" of k-diffusion and `DPMSolverMultistepScheduler` of order 3 in
/// diffusers, but for the factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Dpmpp3m;

impl Sampler for Dpmpp3m {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpmpp-3m",
            about: "DPM-Solver++(3M), third order with one call a step",
            order: 3,
            stochastic: false,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: &[],
        }
    }

    fn values(&self) -> Vec<String> {
        Vec::new()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        options.finish(&[])?;
        Ok(Self)
    }

    fn start<X: Sample>(&self, _grid: &Grid) -> History<X> {
        History::new(3)
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
        Multistep { form: Form::Data, eta: 0.0, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}
