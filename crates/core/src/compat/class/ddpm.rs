//! `DDPMScheduler` of diffusers.

use crate::batch::Batch;
use crate::compat::Scheduler;
use crate::compat::config::Config;
use crate::compat::differences::{self, Difference};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::{sum, zip};
use crate::compat::kit::spacing::{descending, signed};
use crate::compat::kit::variance::{Scale, VarianceType, Variances};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::grid::GridError;
use crate::noise::Noise;
use crate::sampler::Stepped;

/// Which timesteps a [`DdpmScheduler`] visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// All, T−1 down to 0: what diffusers does before `set_timesteps`.
    All,
    /// That many, as the spacing lays them: `set_timesteps(n)`.
    Steps(usize),
    /// These, strictly descending: `set_timesteps(timesteps=…)`.
    List(Vec<usize>),
}

/// `DDPMScheduler` of diffusers.
///
/// # Formula
/// ```text
/// x_s = √ᾱ_s β/(1−ᾱ_t) x̂₀ + √(ᾱ_t/ᾱ_s) (1−ᾱ_s)/(1−ᾱ_t) x_t + √Σ z,   β = 1 − ᾱ_t/ᾱ_s
/// ```
/// s is the next entry of the list, ᾱ = 1 behind the last. Noise is drawn if t > 0, on the last
/// step too: there x is x̂₀ with noise of variance Σ, which for `fixed_large` is 1 − ᾱ_t.
#[derive(Clone, Debug, PartialEq)]
pub struct DdpmScheduler {
    plan: Plan,
    variance: VarianceType,
    /// Those of the plan, whole as they are.
    timesteps: Vec<i64>,
}

impl DdpmScheduler {
    /// The scheduler of a configuration, over the timesteps of `visit`.
    ///
    /// # Errors
    /// If the configuration or the timesteps can't be, or ε is predicted and the schedule ends in
    /// pure noise.
    pub fn new(config: Config, variance: VarianceType, visit: &Visit) -> Result<Self, CompatError> {
        let table = config.table()?;
        let timesteps = match visit {
            Visit::All => (0..signed(config.timesteps)).rev().collect(),
            Visit::Steps(steps) => descending(config.spacing, config.timesteps, *steps)?,
            Visit::List(list) => checked(list, config.timesteps)?,
        };
        let plan = Plan::at("DDPMScheduler", config, table, &timesteps);
        Ok(Self { plan, variance, timesteps })
    }

    /// Its variance type.
    #[must_use]
    pub fn variance(&self) -> VarianceType {
        self.variance
    }

    /// ᾱ where the step from entry `index` of the list ends; behind the last, that of clean data.
    fn alpha_bar_to(&self, index: usize) -> f32 {
        self.plan.table.at_or(self.timesteps.get(index + 1).copied().unwrap_or(-1), 1.0)
    }

    pub(in crate::compat) fn variances(&self, index: usize) -> Variances {
        Variances::of(self.plan.table.at(self.timesteps[index]), self.alpha_bar_to(index))
    }
}

/// The user's own list, checked.
fn checked(list: &[usize], total: usize) -> Result<Vec<i64>, GridError> {
    if list.is_empty() {
        return Err(GridError::NoPoints);
    }
    if let Some((index, &timestep)) = list.iter().enumerate().find(|(_, t)| **t >= total) {
        return Err(GridError::Timestep { timestep, index, total });
    }
    if let Some(i) = list.windows(2).position(|pair| pair[0] <= pair[1]) {
        return Err(GridError::NotDescending { first: list[i], second: list[i + 1], index: i + 1 });
    }
    Ok(list.iter().map(|t| signed(*t)).collect())
}

impl Scheduler for DdpmScheduler {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    /// # Panics
    /// Also if the variance is learned and `output` has no variance half.
    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        _history: &mut History,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, half) = split(x, output);
        let timestep = self.timesteps[index];
        let (alpha_bar, alpha_bar_to) = (self.plan.table.at(timestep), self.alpha_bar_to(index));
        let (sigma2, sigma2_to) = (1.0 - alpha_bar, 1.0 - alpha_bar_to);
        let alpha = alpha_bar / alpha_bar_to;
        let x0 = self.plan.config.limit(self.plan.config.x0(alpha_bar, &output, x));
        let on_x0 = alpha_bar_to.sqrt() * (1.0 - alpha) / sigma2;
        let on_x = alpha.sqrt() * sigma2_to / sigma2;
        let mean = sum(on_x0, &x0, on_x, x);
        if timestep <= 0 {
            // diffusers adds 0 here, which makes a zero of −0.
            return Stepped { x: zip(&mean, &mean, |mean, _| mean + 0.0), x0 };
        }
        let scale = self.variances(index).scale(self.variance);
        let scaled = scale.apply(half.as_ref(), &noise.draw(x));
        Stepped { x: sum(1.0, &mean, 1.0, &scaled), x0 }
    }

    fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::from_iter(differences::of_list(&self.timesteps, &self.plan.config));
        let last = self.timesteps.len() - 1;
        let timestep = self.timesteps[last];
        if timestep > 0 {
            let std = match self.variances(last).scale(self.variance) {
                Scale::Std(std) => Some(std),
                Scale::HalfExp | Scale::Range { .. } => None,
            };
            found.extend(Difference::last_noise(timestep, std));
        }
        found.extend(differences::from_pure_noise(&self.timesteps, &self.plan.table));
        match self.variance {
            VarianceType::FixedLargeLog | VarianceType::Learned => {
                found.push(Difference::NotANumber { variance: self.variance });
            }
            VarianceType::FixedSmall
            | VarianceType::FixedSmallLog
            | VarianceType::FixedLarge
            | VarianceType::LearnedRange => {}
        }
        found
    }
}
