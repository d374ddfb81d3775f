//! DPM-Solver++(2M): second order, one network call a hop.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Multistep, Slope, Update, lambda};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// DPM-Solver++(2M): the clean estimate as a line through its last two values.
///
/// # Formula
/// With y = x/α, m and m₁ the estimates at the start of this hop and of the one behind, of lengths
/// h and h₁ in λ:
/// ```text
/// y′ = e^(−h) y + (1 − e^(−h)) (m + ½ (h/h₁) (m − m₁))
/// ```
/// with the weight of the slope as [`Slope`] says. Midpoint is UniP-2 of variant bh2. The first hop
/// is that of [`Ddim`](crate::sampler::Ddim).
/// # Source
/// Lu et al. 2022, arXiv:2211.01095, algorithm 2; "DPM++ 2M" of k-diffusion,
/// `DPMSolverMultistepScheduler` in diffusers.
///
/// # Example
/// ```
/// use ancestral::sampler::Slope;
/// use ancestral::sampler::Dpmpp2m;
/// use ancestral::AnySampler;
/// assert_eq!(
///     "dpmpp-2m:slope=heun".parse(),
///     Ok(AnySampler::Dpmpp2m(Dpmpp2m::new(Slope::Heun)))
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Dpmpp2m {
    /// How the slope of the line is weighed.
    pub(crate) slope: Slope,
}

const OPTIONS: &[OptionInfo] =
    &[OptionInfo { name: "slope", default: "midpoint", about: Slope::CHOICE }];

impl Dpmpp2m {
    /// With the slope of the line weighed as `slope` says.
    #[must_use]
    pub fn new(slope: Slope) -> Self {
        Self { slope }
    }
}

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
        let weights = &|update: &Update, nodes: &[f64]| self.slope.weights(update, nodes);
        Multistep { form: Form::Data, eta: 0.0, measure: lambda, weights }
            .step(history, hop, &x, denoiser, noise)
    }
}

impl NamedSampler for Dpmpp2m {
    fn values(&self) -> Vec<String> {
        vec![self.slope.name().to_owned()]
    }

    fn from_options(mut options: Options) -> Result<Self, OptionError> {
        let slope = options.take("slope", Slope::CHOICE, |_: &Slope| true)?;
        options.finish(OPTIONS)?;
        Ok(Self { slope: slope.unwrap_or_default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exact::Gaussian;
    use crate::grid::Spacing;
    use crate::noise::NeverDrawn;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};
    use crate::schedule::Schedule;
    use std::f64::consts::LN_2 as L;

    #[test]
    fn by_hand() {
        // 8 → 4: y = 3/2 + ½. 4 → 1 (h/h₁ = 2): y = 2/4 + ¾ (¼ − ¾) = ⅛.
        // 1 → ½ (h/h₁ = ½): y = 1/16 + ½ (−1 − ¼·1.25).
        let k = [8.0, 4.0, 1.0, 0.5];
        let x0 = [1.0, 0.25, -1.0];
        let known = run(&Dpmpp2m::default(), &k, 3.0, &x0, &[]);
        assert_close(&known.y, &[2.0, 0.125, -0.593_75]);
        // Heun: φ₂ = 1 − ¾/(2 L) weighs the slope, −¾ over half a hop.
        let known = run(&Dpmpp2m { slope: Slope::Heun }, &k[..3], 3.0, &x0[..2], &[]);
        assert_close(&known.y, &[2.0, 0.5 + 0.75 * 0.25 - 1.5 * (1.0 - 0.375 / L)]);
    }

    #[test]
    fn the_exact_gaussian_has_the_published_spread() {
        // N(0.3, 0.2²), linear, trailing; computed in f64 apart from here. A run is affine in x_T.
        for (steps, std) in [(10, 0.099_875), (20, 0.149_194), (40, 0.182_659), (80, 0.196_871)] {
            let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, steps).unwrap();
            let end = |x: f64| {
                let mut data = Gaussian { mean: 0.3, std: 0.2 };
                let Ok(last) =
                    Dpmpp2m::default().run(&grid, x, &mut data, &mut NeverDrawn).last().unwrap();
                last.x
            };
            let found = end(1.0) - end(0.0);
            assert!((found - std).abs() < 1e-6, "{steps} steps: {found}");
        }
    }

    #[test]
    fn conforms_with_either_slope() {
        conformance::check(&Dpmpp2m { slope: Slope::Heun });
    }
}
