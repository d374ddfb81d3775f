//! diffusers' noise levels as σ of `x = x₀ + σ ε`, and where they lie in a run.

use super::elementwise::{ln, numpy_ln};
use crate::batch::Scalar;
use crate::compat::error::CompatError;
use crate::compat::table::Table;
use crate::quantile::symmetric_beta_quantile;

/// How the levels of a run are spread (`use_karras_sigmas` and its like).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Spread {
    /// At the timesteps of the spacing, between the levels of training where these are fractions.
    #[default]
    Timesteps,
    /// `use_karras_sigmas`: σ^{1/7} evenly spaced (Karras et al. 2022, arXiv:2206.00364, eq. 5).
    Karras,
    /// `use_exponential_sigmas`: ln σ evenly spaced.
    Exponential,
    /// `use_beta_sigmas`: σ at quantiles of Beta(0.6, 0.6) (Lee et al. 2024, arXiv:2407.12173).
    Beta,
    /// `use_lu_lambdas`: ln σ evenly spaced, with timesteps rounded (Lu et al. 2022,
    /// arXiv:2206.00927).
    Lu,
}

/// Where a run ends (`final_sigmas_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FinalSigma {
    /// `zero`: at clean data.
    #[default]
    Zero,
    /// `sigma_min`: at the cleanest level of training.
    SigmaMin,
}

impl Spread {
    /// `steps` levels from `max` to `min`; the caller has those of [`Spread::Timesteps`].
    pub(in crate::compat) fn between(self, max: f64, min: f64, steps: usize) -> Vec<f64> {
        let last = steps.saturating_sub(1).max(1) as f64;
        let ramp = (0..steps).map(|i| if i + 1 == steps && i > 0 { 1.0 } else { i as f64 / last });
        match self {
            Self::Karras => {
                let (from, to) = (max.powf(1.0 / 7.0), min.powf(1.0 / 7.0));
                ramp.map(|u| (from + u * (to - from)).powf(7.0)).collect()
            }
            Self::Timesteps | Self::Exponential => {
                let (from, to) = (max.ln(), min.ln());
                ramp.map(|u| (from + u * (to - from)).exp()).collect()
            }
            Self::Lu => {
                let [from, to] = [max, min].map(|sigma| f64::from(numpy_ln(f32::from_f64(sigma))));
                ramp.map(|u| (from + u * (to - from)).exp()).collect()
            }
            Self::Beta => {
                ramp.map(|u| min + symmetric_beta_quantile(1.0 - u) * (max - min)).collect()
            }
        }
    }

    /// Refuses `use_lu_lambdas`, which only `class`es that know it do not.
    pub(in crate::compat) fn check_not_lu(self, class: &'static str) -> Result<(), CompatError> {
        match self {
            Self::Lu => Err(CompatError::Unknown {
                class,
                setting: "use_lu_lambdas",
                found: "true",
                expected: "false",
            }),
            Self::Timesteps | Self::Karras | Self::Exponential | Self::Beta => Ok(()),
        }
    }
}

/// The levels of training.
#[derive(Clone, Debug)]
pub(in crate::compat) struct Sigmas {
    /// σ of every timestep.
    values: Vec<f32>,
    /// ln σ of every timestep.
    logs: Vec<f32>,
}

impl Sigmas {
    pub(in crate::compat) fn of(table: &Table) -> Self {
        let sigma = |alpha_bar: &f32| ((1.0 - alpha_bar) / alpha_bar).sqrt();
        let values: Vec<f32> = table.alphas_cumprod().iter().map(sigma).collect();
        let logs = values.iter().map(|value| numpy_ln(*value)).collect();
        Self { values, logs }
    }

    /// σ of timestep 0.
    pub(in crate::compat) fn cleanest(&self) -> f32 {
        self.values[0]
    }

    /// σ of the last timestep.
    pub(in crate::compat) fn noisiest(&self) -> f32 {
        self.values[self.values.len() - 1]
    }

    /// σ at `timestep`, linear between two whole ones; outside, that of the nearer end.
    pub(in crate::compat) fn at(&self, timestep: f64) -> f64 {
        let last = self.values.len() - 1;
        if timestep <= 0.0 {
            return self.values[0].into();
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in 0..T")]
        let below = timestep.min(last as f64) as usize;
        let low = f64::from(self.values[below]);
        let past = timestep - below as f64;
        if below == last || past == 0.0 {
            return low;
        }
        let high = f64::from(self.values[below + 1]);
        (high - low) * past + low
    }

    /// The timestep of `sigma`: linear in ln σ between two whole ones, within those of training.
    pub(in crate::compat) fn timestep(&self, sigma: f64) -> f64 {
        let at = sigma.max(1e-10).ln();
        let Some((below, low, high)) = self.around(at) else { return 0.0 };
        let weight = ((f64::from(low) - at) / f64::from(low - high)).clamp(0.0, 1.0);
        (1.0 - weight) * below as f64 + weight * (below + 1) as f64
    }

    /// The same in f32.
    pub(in crate::compat) fn timestep_f32(&self, sigma: f32) -> f32 {
        let at = numpy_ln(sigma.max(1e-10));
        let Some((below, low, high)) = self.around(at.into()) else { return 0.0 };
        let weight = ((low - at) / (low - high)).clamp(0.0, 1.0);
        (1.0 - weight) * f32::from_f64(below as f64) + weight * f32::from_f64((below + 1) as f64)
    }

    /// The timestep below the logarithm `at`, and the logarithms there and at the next one.
    fn around(&self, at: f64) -> Option<(usize, f32, f32)> {
        let most = self.logs.len().checked_sub(2)?;
        // The last of them, where a level of a rescaled schedule is out of order.
        let below = self.logs.iter().rposition(|log| f64::from(*log) <= at).unwrap_or(0).min(most);
        Some((below, self.logs[below], self.logs[below + 1]))
    }
}

/// A level as α and σ with α² + σ² = 1, and λ = ln(α/σ).
#[derive(Clone, Copy, Debug)]
pub(in crate::compat) struct Vp {
    pub(in crate::compat) alpha: f32,
    pub(in crate::compat) sigma: f32,
    pub(in crate::compat) lambda: f32,
}

impl Vp {
    /// Of σ of `x = x₀ + σ ε`.
    pub(in crate::compat) fn of(sigma: f32) -> Self {
        let alpha = 1.0 / (sigma * sigma + 1.0).sqrt();
        let sigma = sigma * alpha;
        let lambda = ln(alpha) - ln(sigma);
        Self { alpha, sigma, lambda }
    }

    pub(in crate::compat) fn scales(self) -> (f32, f32) {
        (self.alpha, self.sigma)
    }
}
