//! DEIS: exponential integrator of the noise, with a polynomial in ln σ/α.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, lambda, order};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

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
/// use ancestral::sampler::Deis;
/// use ancestral::AnySampler;
/// assert_eq!("deis:order=2".parse(), Ok(AnySampler::Deis(Deis::new(2)?)));
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deis {
    /// Its order, the number of estimates: 1, 2 or 3.
    pub(crate) order: u32,
}

impl Default for Deis {
    fn default() -> Self {
        Self { order: 3 }
    }
}

const OPTIONS: &[OptionInfo] = &[OptionInfo { name: "order", default: "3", about: "1, 2 or 3" }];

impl Deis {
    /// Of `order` 1 to 3.
    ///
    /// # Errors
    /// If `order` is not 1 to 3.
    pub fn new(order: u32) -> Result<Self, OptionError> {
        Ok(Self { order: order::TO_3.checked("deis", order)? })
    }
}

impl Sampler for Deis {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "deis",
            about: "DEIS, the noise as a polynomial in log sigma/alpha, one call a step",
            order: self.order,
            stochastic: false,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: OPTIONS,
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) -> History<X> {
        History::new(self.order as usize)
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
        Multistep { form: Form::Noise, eta: 0.0, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Deis {
    fn values(&self) -> Vec<String> {
        vec![self.order.to_string()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let order = order::TO_3.take(&mut options)?;
        options.finish(OPTIONS)?;
        Ok(Self { order: order.unwrap_or(Self::default().order) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};
    use std::f64::consts::LN_2 as L;

    #[test]
    fn by_hand() {
        // 8 → 4 → 1 → ½. Under e^(h − u): u/h has ψ₂ = (e^h − 1 − h)/h, (u/h)² has
        // ψ₃ = (2 (e^h − 1 − h) − h²)/h².
        let m = [1.0, 0.25, -1.0];
        let known = run(&Deis::default(), &[8.0, 4.0, 1.0, 0.5], 3.0, &m, &[]);
        let (e0, y1) = (0.25, 2.0);
        let e1 = (y1 - m[1]) / 4.0;
        let y2 = y1 - 3.0 * e1 - (3.0 - 2.0 * L) / (2.0 * L) * 2.0 * (e1 - e0);
        let e2 = y2 - m[2];
        let a = (e2 - e1) / 2.0;
        let d2 = (a - (e1 - e0)) / 3.0;
        let (psi_2, psi_3) = ((1.0 - L) / L, (2.0 * (1.0 - L) - L * L) / (L * L));
        let y3 = y2 - 0.5 * (e2 + psi_2 * (a + 2.0 * d2) + psi_3 * d2);
        assert_close(&known.y, &[y1, y2, y3]);
        let known = run(&Deis { order: 2 }, &[8.0, 4.0, 1.0], 3.0, &m[..2], &[]);
        assert_close(&known.y, &[y1, y2]);
    }

    #[test]
    fn conforms_in_every_order() {
        for order in [1, 2] {
            conformance::check(&Deis { order });
        }
    }
}
