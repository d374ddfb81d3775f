//! LMS: the linear multistep method in σ/α.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop, Point};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Update, integrals, order};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// The linear multistep method (Adams–Bashforth) in k = σ/α: the noise ε̂ as a polynomial in k
/// through its last values.
///
/// # Formula
/// With y = x/α and e(k) the polynomial through the estimates ε̂ at this point and those behind:
/// ```text
/// y′ = y + ∫ e(κ) dκ from k to k′
/// ```
/// On any grid: the weights are integrals of the Lagrange basis, not the numbers for even ones. The
/// first hops go through fewer estimates.
/// # Source
/// "LMS" of k-diffusion, `LMSDiscreteScheduler` in diffusers, which integrate numerically; here the
/// integrals are those of polynomials, exact. The same as ρAB-DEIS (Zhang & Chen 2023,
/// arXiv:2204.13902).
///
/// # Example
/// ```
/// use ancestral::sampler::Lms;
/// use ancestral::AnySampler;
/// assert_eq!("lms:order=2".parse(), Ok(AnySampler::Lms(Lms::new(2)?)));
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lms {
    /// Its order, the number of estimates: 1 to 4.
    pub(crate) order: u32,
}

impl Default for Lms {
    fn default() -> Self {
        Self { order: 4 }
    }
}

const OPTIONS: &[OptionInfo] = &[OptionInfo { name: "order", default: "4", about: "1, 2, 3 or 4" }];

impl Lms {
    /// Of `order` 1 to 4.
    ///
    /// # Errors
    /// If `order` is not 1 to 4.
    pub fn new(order: u32) -> Result<Self, OptionError> {
        Ok(Self { order: order::TO_4.checked("lms", order)? })
    }
}

impl Sampler for Lms {
    type History<X: Sample> = History<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "lms",
            about: "linear multistep method in sigma/alpha, one call a step",
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
        let weights = &|update: &Update, nodes: &[f64]| {
            let whole = update.whole();
            integrals(0.0, nodes).into_iter().map(|weight| whole * weight).collect()
        };
        let measure = |point: Point| point.level.karras_sigma();
        Multistep { form: Form::Noise, eta: 0.0, measure, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Lms {
    fn values(&self) -> Vec<String> {
        vec![self.order.to_string()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let order = order::TO_4.take(&mut options)?;
        options.finish(OPTIONS)?;
        Ok(Self { order: order.unwrap_or(Self::default().order) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand() {
        // 8 → 4 → 1 → ½ → ¼ with Newton's divided differences in k.
        let m = [1.0, 0.25, -1.0, 0.5];
        let known = run(&Lms::default(), &[8.0, 4.0, 1.0, 0.5, 0.25], 3.0, &m, &[]);
        let (e0, y1) = (0.25, 2.0);
        let e1 = (y1 - m[1]) / 4.0;
        // ∫ e₁ + (κ − 4) [e₁, e₀] dκ from 4 to 1.
        let d10 = (e1 - e0) / (4.0 - 8.0);
        let y2 = y1 - 3.0 * e1 + 4.5 * d10;
        let e2 = y2 - m[2];
        // With v = κ − 1 from 0 to −½: v, v (v − 3).
        let d21 = (e2 - e1) / (1.0 - 4.0);
        let d210 = (d21 - d10) / (1.0 - 8.0);
        let y3 = y2 - 0.5 * e2 + 0.125 * d21 + (-0.125 / 3.0 - 1.5 * 0.25) * d210;
        let e3 = (y3 - m[3]) / 0.5;
        // With v = κ − ½ from 0 to −¼: v, v (v − ½), v (v − ½) (v − 3½).
        let d32 = (e3 - e2) / (0.5 - 1.0);
        let d321 = (d32 - d21) / (0.5 - 4.0);
        let d3210 = (d321 - d210) / (0.5 - 8.0);
        let v = -0.25_f64;
        let (v2, v3, v4) = (v.powi(2), v.powi(3), v.powi(4));
        let y4 = y3
            + v * e3
            + v2 / 2.0 * d32
            + (v3 / 3.0 - v2 / 4.0) * d321
            + (v4 / 4.0 - 4.0 * v3 / 3.0 + 0.875 * v2) * d3210;
        assert_close(&known.y, &[y1, y2, y3, y4]);
    }

    #[test]
    fn conforms_in_every_order() {
        for order in [1, 2, 3] {
            conformance::check(&Lms { order });
        }
    }
}
