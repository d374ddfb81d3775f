//! DPM-Solver++ for the reverse SDE, singlestep: two network calls a hop.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::ddim::Ddim;
use crate::sampler::kernel::{begin_whole, eta, is_whole};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// An ancestral step to the middle of the hop in λ, and from its start one over the whole hop with
/// the estimate of the middle.
///
/// # Formula
/// Each part is [`Ddim`] of the same η, from x_t:
/// ```text
/// x_m = DDIM(x_t, x̂₀(x_t), z₁) to λ_t + h/2
/// x_s = DDIM(x_t, x̂₀(x_m), z) to λ_t + h,     z = a z₁ + √(1 − a²) z₂
/// a = √(1 − η² (1 − e^(−h))) √((1 − e^(−h))/(1 − e^(−2h)))
/// ```
/// Both noises are those of one path: a is what is left at the end of the noise of the middle, if
/// the path went through it. Of noises that know nothing of each other moments would be of order 1.
/// Range: 0 ≤ η ≤ 1.
/// # Source
/// "DPM++ SDE" of k-diffusion with r = ½, `DPMSolverSDEScheduler` in diffusers. Differs from it in a,
/// which there comes of a Brownian path in the time σ/α.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DpmppSde {
    /// The share of ancestral noise, 0 ≤ η ≤ 1.
    pub(crate) eta: f64,
}

impl Default for DpmppSde {
    fn default() -> Self {
        Self { eta: 1.0 }
    }
}

impl DpmppSde {
    /// With the share `eta` of ancestral noise, 0 to 1.
    ///
    /// # Errors
    /// If `eta` is outside [0, 1].
    pub fn new(eta: f64) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::checked("dpmpp-sde", eta)? })
    }
}

impl Sampler for DpmppSde {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "dpmpp-sde",
            about: "DPM-Solver++ with fresh noise within and after each step, two calls a step",
            order: 2,
            stochastic: self.eta > 0.0,
            calls_per_hop: 2,
            exact_for_a_point: true,
            options: eta::ANCESTRAL,
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) {}

    fn step<X, D, N>(
        &self,
        _history: &mut (),
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
        let x0 = match begin_whole(is_whole(hop), hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let z = (self.eta > 0.0).then(|| [noise.draw(&x), noise.draw(&x)]);
        let half = hop.part(0.5);
        let ddim = Ddim { eta: self.eta };
        let c = ddim.coefficients(&half);
        let mut terms = vec![(c.x_from, &x), (c.x0, &x0)];
        terms.extend(z.iter().map(|[first, _]| (c.noise, first)));
        let middle = denoiser.denoise(&X::combine(&terms), half.to())?.x0;
        let c = ddim.coefficients(hop);
        let kept = self.kept(hop.h());
        let mut terms = vec![(c.x_from, &x), (c.x0, &middle)];
        if let Some([first, second]) = &z {
            terms.push((kept * c.noise, first));
            terms.push(((1.0 - kept * kept).sqrt() * c.noise, second));
        }
        Ok(Stepped { x: X::combine(&terms), x0 })
    }
}

impl NamedSampler for DpmppSde {
    fn values(&self) -> Vec<String> {
        vec![self.eta.to_string()]
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        Ok(Self { eta: eta::ancestral(options)? })
    }
}

impl DpmppSde {
    /// a, of a hop of length `h`.
    fn kept(self, h: f64) -> f64 {
        let half = -(-h).exp_m1();
        (1.0 - self.eta * self.eta * half).sqrt() * (half / -(-2.0 * h).exp_m1()).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand() {
        // η = 1, 4 → 1, middle 2. To the middle: k_up = 2 √¾ = √3, k_down/k = ¼, so
        // y_m = 1 + 2/4 + √3 z₁. To the end: k_up = √(15/16), k_down/k = 1/16, with the estimate of
        // the middle. Of √3 z₁ the path from 2 to 1 leaves a quarter: a = (√3/4)/√(15/16) = √(1/5).
        let known = run(&DpmppSde::default(), &[4.0, 1.0], 3.0, &[1.0, 0.5], &[0.5, -2.0]);
        let root_3 = 3_f64.sqrt();
        assert_close(known.asked.as_flattened(), &[4.0, 3.0, 2.0, 1.5 + 0.5 * root_3]);
        let z = 0.5 * 0.2_f64.sqrt() - 2.0 * 0.8_f64.sqrt();
        assert_close(&known.y, &[0.5 + 2.5 / 16.0 + (15.0_f64 / 16.0).sqrt() * z]);
    }

    #[test]
    fn conforms_with_any_eta() {
        for eta in [0.0, 0.5] {
            conformance::check(&DpmppSde { eta });
        }
    }
}
