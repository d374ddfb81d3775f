//! DPM-Solver++(3M) for the reverse SDE.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, eta, lambda};
use crate::sampler::{Sampler, SamplerInfo, Stepped};

/// [`Dpmpp3m`](crate::Dpmpp3m) with fresh noise: from deterministic (η = 0) to the reverse SDE
/// (η = 1).
///
/// # Formula
/// With y = x/α and the parabola m(u) of [`Dpmpp3m`](crate::Dpmpp3m), integrated exactly:
/// ```text
/// x′ = (σ′/σ) e^(−ηh) x + α′ ∫₀ʰ (1 + η) e^((1 + η)(u − h)) m(u) du + σ′ √(1 − e^(−2ηh)) z
/// ```
/// Range: 0 ≤ η ≤ 1.
/// # Source
/// "DPM++ 3M SDE" of k-diffusion, whose third term lacks the same factor 2 as the deterministic
/// one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dpmpp3mSde {
    /// The share of noise, 0 ≤ η ≤ 1.
    pub eta: f64,
}

impl Default for Dpmpp3mSde {
    fn default() -> Self {
        Self { eta: 1.0 }
    }
}

impl Sampler for Dpmpp3mSde {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpmpp-3m-sde",
            about: "DPM-Solver++(3M) with fresh noise after each step",
            order: 2,
            stochastic: self.eta > 0.0,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: eta::ANCESTRAL,
        }
    }

    fn values(&self) -> Vec<String> {
        vec![self.eta.to_string()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let eta = eta::take(&mut options)?.unwrap_or(Self::default().eta);
        options.finish(eta::ANCESTRAL)?;
        Ok(Self { eta })
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
        Multistep { form: Form::Data, eta: self.eta, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}
