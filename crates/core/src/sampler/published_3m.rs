//! The third-order multistep method as it is published in code.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::OptionError;
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, eta, lambda};
use crate::sampler::{Sampler, SamplerInfo, Stepped};

/// [`Dpmpp3m`](crate::sampler::Dpmpp3m) and [`Dpmpp3mSde`](crate::sampler::Dpmpp3mSde) with half the weight of the
/// second difference, as it stands in diffusers and k-diffusion: it converges with order 2.
///
/// # Formula
/// ```text
/// y′ = e^(−h) y + (1 − e^(−h)) m + φ₂ D₁ + ½ (1 − 2 φ₂/h) D₂
/// ```
/// where the integral of the parabola has no ½. With few steps it is not worse.
/// # Numerics
/// A sampler like the others, in f64; not the f32 of diffusers' classes.
/// # Source
/// `multistep_dpm_solver_third_order_update` in diffusers 0.42.1 and in the code of Lu et al. 2022,
/// arXiv:2211.01095; `sample_dpmpp_3m_sde` in k-diffusion, whose second hop goes through a line as
/// here.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct PublishedDpmpp3m {
    /// The share of noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
}

impl PublishedDpmpp3m {
    /// With the share `eta` of noise, 0 to 1.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("published-3m", eta)? })
    }
}

impl Sampler for PublishedDpmpp3m {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "published-3m",
            about: "DPM-Solver++(3M) with the third term of diffusers",
            order: 2,
            stochastic: self.eta > 0.0,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: eta::DETERMINISTIC,
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
        Multistep { form: Form::Data, eta: self.eta, measure: lambda, weights: &weights }
            .step(history, hop, &x, denoiser, noise)
    }
}

/// The exact weights, less half of what they make of the second difference.
fn weights(update: &Update, nodes: &[f64]) -> Vec<f64> {
    let mut weights = update.exact(nodes);
    if let [a, b, c] = *nodes {
        let half = 0.5 * update.curvature();
        weights[0] -= half / ((a - b) * (a - c));
        weights[1] -= half / ((b - a) * (b - c));
        weights[2] -= half / ((c - a) * (c - b));
    }
    weights
}

#[cfg(test)]
mod tests {
    use std::f64::consts::LN_2 as L;

    use super::*;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand_in_the_form_of_the_peers() {
        // 8 → 4 → 1 → ½: r₀ = 2, r₁ = 1 hops of L. E = e^(−h) − 1 = −½.
        let m = [1.0, 0.25, -1.0];
        let known = run(&PublishedDpmpp3m::default(), &[8.0, 4.0, 1.0, 0.5], 3.0, &m, &[]);
        let (r0, r1, e) = (2.0, 1.0, -0.5);
        let (a, b) = ((m[2] - m[1]) / r0, (m[1] - m[0]) / r1);
        let d1 = a + r0 / (r0 + r1) * (a - b);
        let d2 = (a - b) / (r0 + r1);
        let y3 = 0.5 * known.y[1] - e * m[2] + (e / L + 1.0) * d1 - ((e + L) / (L * L) - 0.5) * d2;
        assert_close(&known.y[2..], &[y3]);
    }

    #[test]
    fn conforms_with_order_2() {
        for eta in [0.0, 1.0] {
            conformance::check(&PublishedDpmpp3m { eta });
        }
    }
}
