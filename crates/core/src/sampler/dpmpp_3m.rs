//! DPM-Solver++(3M): third order, one network call a hop.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, lambda};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

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
/// D₂ and converges with order 2: [`PublishedDpmpp3m`](crate::sampler::PublishedDpmpp3m). The first two hops
/// go through one and two estimates.
/// # Source
/// Lu et al. 2022, arXiv:2211.01095, for three estimates; Zhao et al. 2023,
/// arXiv:2302.04867 (UniP-3). "3M" of k-diffusion and `DPMSolverMultistepScheduler` of order 3 in
/// diffusers, but for the factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Dpmpp3m {}

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
        let weights = &Update::exact;
        Multistep { form: Form::Data, eta: 0.0, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Dpmpp3m {
    fn values(&self) -> Vec<String> {
        Vec::new()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        options.finish(&[])?;
        Ok(Self {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::known::{assert_close, run};
    use std::f64::consts::LN_2 as L;

    /// y after 8 → 4 → 1 → ½ from y = 3, with estimates m: lengths L, 2 L, L.
    fn by_parabola(m: [f64; 3]) -> [f64; 3] {
        // W = 1 − e^(−h), φ₂ = 1 − W/h, and 1 − 2 φ₂/h weigh 1, u/h, (u/h)².
        let y1 = 1.5 + 0.5 * m[0];
        let y2 = 0.25 * y1 + 0.75 * m[1] + (1.0 - 0.75 / (2.0 * L)) * 2.0 * (m[1] - m[0]);
        // Newton's form in shares of the hop, nodes 0, −2, −3: m + a s + D₂ s (s + 2).
        let a = (m[2] - m[1]) / 2.0;
        let d2 = (a - (m[1] - m[0])) / 3.0;
        let phi_2 = 1.0 - 0.5 / L;
        let y3 = 0.5 * y2 + 0.5 * m[2] + phi_2 * (a + 2.0 * d2) + (1.0 - 2.0 * phi_2 / L) * d2;
        [y1, y2, y3]
    }

    #[test]
    fn by_hand() {
        let m = [1.0, 0.25, -1.0];
        let known = run(&Dpmpp3m::default(), &[8.0, 4.0, 1.0, 0.5], 3.0, &m, &[]);
        assert_close(&known.y, &by_parabola(m));
    }
}
