//! The levels that a run visits, as σ of `x = x₀ + σ ε`.

use super::sigmas::{FinalSigma, Sigmas, Spread};
use super::spacing::{above_clean, fractional, round_even};
use crate::batch::Scalar;
use crate::compat::config::Config;
use crate::compat::error::CompatError;
use crate::compat::table::Table;
use crate::grid::Spacing;

/// The levels of a run, and what the network is told at each.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::compat) struct SigmaGrid {
    /// One a call.
    pub(in crate::compat) timesteps: Vec<f64>,
    /// One a call, and that of the end.
    pub(in crate::compat) sigmas: Vec<f32>,
}

/// How the classes that hold x as `x₀ + σ ε` lay their levels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::compat) struct EulerGrid {
    pub(in crate::compat) spread: Spread,
    /// In place of the noisiest level of the spacing, for a spread.
    pub(in crate::compat) max: Option<f64>,
    /// In place of the cleanest one.
    pub(in crate::compat) min: Option<f64>,
}

impl EulerGrid {
    /// The levels without the last, in f64, and their timesteps.
    pub(in crate::compat) fn lay(
        self,
        config: &Config,
        sigmas: &Sigmas,
        steps: usize,
    ) -> Result<(Vec<f64>, Vec<f64>), CompatError> {
        let timesteps = fractional(config.spacing, config.timesteps, steps)?;
        let at: Vec<f64> = timesteps.iter().map(|t| sigmas.at(*t)).collect();
        Ok(self.spread(timesteps, at, sigmas, steps))
    }

    /// The levels `at` spread between their ends, if they are to be.
    pub(in crate::compat) fn spread(
        self,
        timesteps: Vec<f64>,
        at: Vec<f64>,
        sigmas: &Sigmas,
        steps: usize,
    ) -> (Vec<f64>, Vec<f64>) {
        if self.spread == Spread::Timesteps {
            return (timesteps, at);
        }
        let max = self.max.unwrap_or(at[0]);
        let min = self.min.unwrap_or(at[at.len() - 1]);
        let at = self.spread.between(max, min, steps);
        (at.iter().map(|sigma| sigmas.timestep(*sigma)).collect(), at)
    }
}

/// How the classes that hold x as `α x₀ + σ ε` lay their levels: from all of training.
#[derive(Clone, Copy, Debug)]
pub(in crate::compat) struct DpmGrid {
    pub(in crate::compat) spread: Spread,
    pub(in crate::compat) spacing: Spacing,
    /// Levels of a smaller λ are left out (`lambda_min_clipped`).
    pub(in crate::compat) lambda_min: f64,
    /// Whether the timesteps of [`Spread::Karras`] and [`Spread::Lu`] are rounded before their
    /// fractions are cut off, as those of all others are.
    pub(in crate::compat) round: bool,
    pub(in crate::compat) end: End,
}

/// The last level of a [`DpmGrid`].
#[derive(Clone, Copy, Debug)]
pub(in crate::compat) enum End {
    /// Clean data, or the cleanest level of training.
    Given(FinalSigma),
    /// The same, but the last level of a spread once more in place of the cleanest.
    Repeated(FinalSigma),
}

impl DpmGrid {
    pub(in crate::compat) fn lay(
        self,
        config: &Config,
        table: &Table,
        steps: usize,
    ) -> Result<SigmaGrid, CompatError> {
        let sigmas = Sigmas::of(table);
        let last = config.timesteps - clipped(table, self.lambda_min).min(config.timesteps - 1);
        let timesteps = above_clean(self.spacing, config.timesteps, last, steps)?;
        let (timesteps, at): (Vec<i64>, Vec<f64>) = match self.spread {
            Spread::Timesteps => timesteps.iter().map(|t| (*t, sigmas.at(*t as f64))).unzip(),
            spread @ (Spread::Karras | Spread::Exponential | Spread::Beta | Spread::Lu) => {
                let (max, min) = (sigmas.noisiest().into(), sigmas.cleanest().into());
                let at = spread.between(max, min, steps).into_iter();
                at.map(|sigma| (self.whole(sigmas.timestep(sigma)), sigma)).unzip()
            }
        };
        let repeated = f32::from_f64(at[at.len() - 1]);
        let end = match self.end {
            End::Given(FinalSigma::Zero) | End::Repeated(FinalSigma::Zero) => 0.0,
            End::Repeated(FinalSigma::SigmaMin) if self.spread != Spread::Timesteps => repeated,
            End::Given(FinalSigma::SigmaMin) | End::Repeated(FinalSigma::SigmaMin) => {
                sigmas.cleanest()
            }
        };
        Ok(SigmaGrid {
            timesteps: super::spacing::floats(&timesteps),
            sigmas: at.into_iter().map(f32::from_f64).chain([end]).collect(),
        })
    }

    #[expect(clippy::cast_possible_truncation, reason = "as in diffusers, to 64-bit integers")]
    fn whole(self, timestep: f64) -> i64 {
        match self.spread {
            Spread::Karras | Spread::Lu if self.round => round_even(timestep),
            Spread::Karras
            | Spread::Lu
            | Spread::Timesteps
            | Spread::Exponential
            | Spread::Beta => timestep.trunc() as i64,
        }
    }
}

/// How many of the noisiest timesteps have a λ below `least`.
fn clipped(table: &Table, least: f64) -> usize {
    let lambda = |alpha_bar: &f32| {
        super::elementwise::ln(alpha_bar.sqrt()) - super::elementwise::ln((1.0 - alpha_bar).sqrt())
    };
    let below = |alpha_bar: &&f32| f64::from(lambda(alpha_bar)) < least;
    table.alphas_cumprod().iter().rev().take_while(below).count()
}
