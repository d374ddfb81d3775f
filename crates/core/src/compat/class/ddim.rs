//! `DDIMScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::Config;
use crate::compat::differences::{self, Difference};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::{sum, zip};
use crate::compat::kit::estimate::epsilon_of;
use crate::compat::kit::spacing::{descending, signed};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "DDIMScheduler";

/// What a [`DdimScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DdimOptions {
    /// Whether the last step ends at ᾱ = 1, else at ᾱ₀.
    pub set_alpha_to_one: bool,
    /// The share of ancestral noise, 0 ≤ η ≤ 1.
    pub eta: f64,
    /// Whether ε follows a clipped x̂₀.
    pub use_clipped_model_output: bool,
}

impl Default for DdimOptions {
    /// That of diffusers.
    fn default() -> Self {
        Self { set_alpha_to_one: true, eta: 0.0, use_clipped_model_output: false }
    }
}

/// `DDIMScheduler` of diffusers.
///
/// # Formula
/// ```text
/// x_s = √ᾱ_s x̂₀ + √(1 − ᾱ_s − c²) ε̂ + c z,     c² = η² (1−ᾱ_s)/(1−ᾱ_t) (1 − ᾱ_t/ᾱ_s)
/// ```
/// s = t − ⌊T/n⌋ whatever the list says, and ᾱ_s that of the end if s < 0. ε̂ is what the network
/// said, also where x̂₀ was clipped, unless `use_clipped_model_output`. With η > 0 noise is drawn
/// at every step.
#[derive(Clone, Debug, PartialEq)]
pub struct DdimScheduler {
    plan: Plan,
    options: DdimOptions,
    /// Those of the plan, whole as they are.
    timesteps: Vec<i64>,
    stride: i64,
}

impl DdimScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the options or the number of steps can't be, or ε is predicted and
    /// the schedule ends in pure noise.
    pub fn new(config: Config, options: DdimOptions, steps: usize) -> Result<Self, CompatError> {
        config.check_curve(CLASS)?;
        let table = config.table()?;
        if !(0.0..=1.0).contains(&options.eta) {
            return Err(CompatError::Eta { found: options.eta });
        }
        let timesteps = descending(config.spacing, config.timesteps, steps)?;
        let stride = signed(config.timesteps.div_euclid(steps));
        let plan = Plan::at(CLASS, config, table, &timesteps);
        Ok(Self { plan, options, timesteps, stride })
    }

    /// Its own options.
    #[must_use]
    pub fn options(&self) -> DdimOptions {
        self.options
    }

    fn to(&self, timestep: i64) -> i64 {
        timestep - self.stride
    }

    /// ᾱ at the end of the step from `timestep`.
    fn alpha_bar_to(&self, timestep: i64) -> f32 {
        let end = if self.options.set_alpha_to_one { 1.0 } else { self.plan.table.at(0) };
        self.plan.table.at_or(self.to(timestep), end)
    }

    /// c: the standard deviation of the noise of the step from `timestep`.
    fn std(&self, timestep: i64) -> f32 {
        f32::from_f64(self.options.eta)
            * variance(self.plan.table.at(timestep), self.alpha_bar_to(timestep)).sqrt()
    }

    /// 1 − ᾱ_s − c²: the square of what ε̂ is multiplied by.
    fn on_epsilon2(&self, timestep: i64) -> f32 {
        let std = self.std(timestep);
        1.0 - self.alpha_bar_to(timestep) - std * std
    }
}

/// β̃ of the hop.
pub(in crate::compat) fn variance(alpha_bar: f32, alpha_bar_to: f32) -> f32 {
    (1.0 - alpha_bar_to) / (1.0 - alpha_bar) * (1.0 - alpha_bar / alpha_bar_to)
}

impl Scheduler for DdimScheduler {
    fn plan(&self) -> &Plan {
        &self.plan
    }

    fn advance(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        _history: &mut History,
        noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, _) = split(x, output);
        let timestep = self.timesteps[index];
        let (alpha_bar, alpha_bar_to) = (self.plan.table.at(timestep), self.alpha_bar_to(timestep));
        let x0 = self.plan.config.limit(self.plan.config.x0(alpha_bar, &output, x));
        let epsilon = if self.options.use_clipped_model_output {
            epsilon_of(alpha_bar, &x0, x)
        } else {
            self.plan.config.epsilon(alpha_bar, &output, x)
        };
        let std = self.std(timestep);
        // From pure noise with η = 1 rounding can leave less than 0, and diffusers no number.
        let on_epsilon = self.on_epsilon2(timestep).max(0.0).sqrt();
        let mut to = sum(alpha_bar_to.sqrt(), &x0, on_epsilon, &epsilon);
        if self.options.eta > 0.0 {
            to = zip(&to, &noise.draw(x), |mean, z| mean + std * z);
        }
        Stepped { x: to, x0 }
    }

    fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::from_iter(differences::of_list(&self.timesteps, &self.plan.config));
        found.extend(differences::stride(&self.timesteps, |t| self.to(t)));
        if let Some(&timestep) = self.timesteps.last() {
            found.extend(Difference::not_clean(timestep, self.alpha_bar_to(timestep)));
            found.extend(Difference::last_noise(timestep, Some(self.std(timestep))));
        }
        if self.options.eta > 0.0 {
            found.extend(differences::from_pure_noise(&self.timesteps, &self.plan.table));
        }
        let limited = self.plan.config.clip.is_some() || self.plan.config.threshold.is_some();
        if limited && !self.options.use_clipped_model_output {
            found.push(Difference::KeptEpsilon);
        }
        // PyTorch's roots are not all rounded to nearest, so that its 0 may be another.
        let is_rounding = |t: &i64| self.std(*t) > 0.0 && self.on_epsilon2(*t) < f32::EPSILON;
        let timestep = self.timesteps.iter().copied().find(is_rounding);
        found.extend(timestep.map(|timestep| Difference::MaybeNotANumber { timestep }));
        found
    }
}
