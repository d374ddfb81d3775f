//! The peer's `DDPMScheduler`.

use super::Scheduler;
use super::config::Config;
use super::differences::{self, Difference};
use super::elementwise::{sum, zip};
use super::error::CompatError;
use super::spacing::{descending, signed};
use super::table::Table;
use super::variance::{Scale, VarianceType, Variances};
use crate::batch::Batch;
use crate::denoiser::split;
use crate::grid::GridError;
use crate::noise::Noise;
use crate::sampler::Stepped;

/// Which timesteps a [`Ddpm`] visits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visit {
    /// All, T−1 down to 0: what the peer does before `set_timesteps`.
    All,
    /// That many, as the spacing lays them: `set_timesteps(n)`.
    Steps(usize),
    /// These, strictly descending: `set_timesteps(timesteps=…)`.
    List(Vec<usize>),
}

/// The peer's `DDPMScheduler`.
///
/// # Formula
/// ```text
/// x_s = √ᾱ_s β/(1−ᾱ_t) x̂₀ + √(ᾱ_t/ᾱ_s) (1−ᾱ_s)/(1−ᾱ_t) x_t + √Σ z,   β = 1 − ᾱ_t/ᾱ_s
/// ```
/// s is the next entry of the list, ᾱ = 1 behind the last. Noise is drawn if t > 0, on the last
/// step too: there x is x̂₀ with noise of variance Σ, which for `fixed_large` is 1 − ᾱ_t.
#[derive(Clone, Debug, PartialEq)]
pub struct Ddpm {
    config: Config,
    table: Table,
    variance: VarianceType,
    timesteps: Vec<i64>,
    /// Whether the predecessor of t is t − 1 without a look at the list.
    all: bool,
}

impl Ddpm {
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
        Ok(Self { config, table, variance, timesteps, all: *visit == Visit::All })
    }

    /// Its variance type.
    #[must_use]
    pub fn variance(&self) -> VarianceType {
        self.variance
    }

    /// Where the peer goes from `timestep`; −1 is clean data.
    fn to(&self, timestep: i64) -> i64 {
        if self.all {
            return timestep - 1;
        }
        let at = self.timesteps.iter().position(|t| *t == timestep);
        let at = at.unwrap_or_else(|| panic!("timestep {timestep} is not in the scheduler's list"));
        self.timesteps.get(at + 1).copied().unwrap_or(-1)
    }

    pub(super) fn variances(&self, timestep: i64) -> Variances {
        let to = self.table.at_or(self.to(timestep), 1.0);
        Variances::of(self.table.at(timestep), to)
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

impl Scheduler for Ddpm {
    fn class(&self) -> &'static str {
        "DDPMScheduler"
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn table(&self) -> &Table {
        &self.table
    }

    fn timesteps(&self) -> &[i64] {
        &self.timesteps
    }

    /// # Panics
    /// Also if the variance is learned and `output` has no variance half.
    fn step(
        &self,
        timestep: i64,
        output: Batch,
        x: &Batch,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, half) = split(x, output);
        let alpha_bar = self.table.at(timestep);
        let alpha_bar_to = self.table.at_or(self.to(timestep), 1.0);
        let (sigma2, sigma2_to) = (1.0 - alpha_bar, 1.0 - alpha_bar_to);
        let alpha = alpha_bar / alpha_bar_to;
        let x0 = self.config.limit(self.config.x0(alpha_bar, &output, x));
        let on_x0 = alpha_bar_to.sqrt() * (1.0 - alpha) / sigma2;
        let on_x = alpha.sqrt() * sigma2_to / sigma2;
        let mean = sum(on_x0, &x0, on_x, x);
        if timestep <= 0 {
            // The peer adds 0 here, which makes a zero of −0.
            return Stepped { x: zip(&mean, &mean, |mean, _| mean + 0.0), x0 };
        }
        let scale = self.variances(timestep).scale(self.variance);
        let scaled = scale.apply(half.as_ref(), &noise.draw(x));
        Stepped { x: sum(1.0, &mean, 1.0, &scaled), x0 }
    }

    fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::from_iter(differences::of_list(self));
        if let Some(&timestep) = self.timesteps.last().filter(|t| **t > 0) {
            let std = match self.variances(timestep).scale(self.variance) {
                Scale::Std(std) => Some(std),
                Scale::HalfExp | Scale::Range { .. } => None,
            };
            found.extend(Difference::last_noise(timestep, std));
        }
        found.extend(differences::from_pure_noise(self));
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
