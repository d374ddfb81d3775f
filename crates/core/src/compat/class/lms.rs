//! `LMSDiscreteScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::{combination, zip};
use crate::compat::kit::runnable::runnable;
use crate::compat::kit::sigma_grid::{EulerGrid, SigmaGrid};
use crate::compat::kit::sigmas::{Sigmas, Spread};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "LMSDiscreteScheduler";

/// The order of the method.
const ORDER: usize = 4;

/// `LMSDiscreteScheduler` of diffusers.
///
/// # Formula
/// ```text
/// x' = x + Σ_j c_j d_j,     d = (x − x̂₀)/σ of this and up to three earlier steps
/// c_j = ∫ over σ … σ' of the j-th Lagrange polynomial through those σ
/// ```
/// of `x = x₀ + σ ε`, of which the network sees `x/√(σ² + 1)`. Coefficients are exact here; the
/// diffusers' quadrature of polynomials of degree 3 in f32 is within its rounding of that.
///
/// # Source
/// The linear multistep method of Adams and Bashforth on steps of unequal length; of diffusion
/// models, Liu et al. 2022, arXiv:2202.09778.
#[derive(Clone, Debug, PartialEq)]
pub struct LmsDiscreteScheduler {
    plan: Plan,
}

impl LmsDiscreteScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the spread or the number of steps can't be, or diffusers has no such run.
    pub fn new(config: Config, spread: Spread, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: false, clip: false, threshold: false, x0: true };
        config.check_known(CLASS, has)?;
        spread.check_not_lu(CLASS)?;
        let table = config.table()?;
        let laid = EulerGrid { spread, ..EulerGrid::default() };
        let (timesteps, at) = laid.lay(&config, &Sigmas::of(&table), steps)?;
        let timesteps = timesteps.into_iter().map(|t| f64::from(f32::from_f64(t))).collect();
        let sigmas = at.into_iter().map(f32::from_f64).chain([0.0]).collect();
        let grid = SigmaGrid { timesteps, sigmas };
        runnable(Self { plan: Plan::unscaled(CLASS, config, table, grid) })
    }

    /// The coefficients at `index`, of the latest slope first.
    fn coefficients(&self, index: usize) -> Vec<f32> {
        let order = ORDER.min(index + 1);
        let nodes: Vec<f64> =
            (0..order).map(|age| f64::from(self.plan.sigma(index - age))).collect();
        let (from, to) = (nodes[0], f64::from(self.plan.sigma(index + 1)));
        let basis = |j: usize, at: f64| -> f64 {
            let others = nodes.iter().enumerate().filter(|(k, _)| *k != j);
            others.map(|(_, node)| (at - node) / (nodes[j] - node)).product()
        };
        (0..order).map(|j| f32::from_f64(integral(from, to, |at| basis(j, at)))).collect()
    }
}

/// The integral of a polynomial of degree 3 or less, by Gauss's two points.
fn integral(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    let (middle, half) = (0.5 * (from + to), 0.5 * (to - from));
    let offset = half / 3.0_f64.sqrt();
    half * (f(middle - offset) + f(middle + offset))
}

impl Scheduler for LmsDiscreteScheduler {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        history: &mut History,
        _noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, _) = split(x, output);
        let sigma = self.plan.sigma(index);
        let x0 = self.plan.config.x0_of_sigma(sigma, sigma, &output, x);
        history.remember(zip(x, &x0, |x, x0| (x - x0) / sigma), ORDER);
        let slopes = history.estimates.iter().rev();
        // After a start within the list there are fewer slopes than coefficients.
        let terms: Vec<_> = std::iter::zip(self.coefficients(index), slopes).collect();
        Stepped { x: zip(x, &combination(&terms), |x, change| x + change), x0 }
    }
}
