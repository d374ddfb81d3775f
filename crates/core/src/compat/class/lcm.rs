//! `LCMScheduler` of diffusers.

use crate::batch::{Batch, Scalar};
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::sum;
use crate::compat::kit::spacing::{check_steps, signed};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "LCMScheduler";

/// What an [`LcmScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LcmOptions {
    /// `original_inference_steps`: the number of timesteps of the distillation.
    pub original_steps: usize,
    /// `timestep_scaling`: what t is multiplied by in the boundary condition.
    pub timestep_scaling: f64,
}

impl Default for LcmOptions {
    /// That of diffusers.
    fn default() -> Self {
        Self { original_steps: 50, timestep_scaling: 10.0 }
    }
}

/// `LCMScheduler` of diffusers, of latent consistency models.
///
/// # Formula
/// ```text
/// x̂ = c_out x̂₀ + c_skip x,     c_skip = ¼/(s² + ¼),  c_out = s/√(s² + ¼),  s = 10 t
/// x_s = √ᾱ_s x̂ + √(1 − ᾱ_s) z
/// ```
/// Timesteps are some of those of the distillation, `k ⌊T/50⌋ − 1`; the last step ends at x̂. A
/// spacing it has not.
///
/// # Source
/// Luo et al. 2023, arXiv:2310.04378, algorithm 3.
#[derive(Clone, Debug, PartialEq)]
pub struct LcmScheduler {
    plan: Plan,
    options: LcmOptions,
    /// Those of the plan, whole as they are.
    timesteps: Vec<i64>,
}

impl LcmScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration, the options or the number of steps can't be: there are at most
    /// [`original_steps`](LcmOptions::original_steps), and these at most T.
    pub fn new(config: Config, options: LcmOptions, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: true, clip: true, threshold: true, x0: true };
        config.check_known(CLASS, has)?;
        let table = config.table()?;
        let (original, total) = (options.original_steps, config.timesteps);
        check_steps(total, original)?;
        check_steps(original, steps)?;
        let share = original as f64 / steps as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the list")]
        let skipped = |i: usize| (i as f64 * share).floor() as usize;
        let timestep = |i| signed((original - skipped(i)) * total.div_euclid(original)) - 1;
        let timesteps: Vec<i64> = (0..steps).map(timestep).collect();
        let plan = Plan::at(CLASS, config, table, &timesteps);
        Ok(Self { plan, options, timesteps })
    }

    /// c_skip and c_out.
    fn boundary(&self, timestep: i64) -> (f32, f32) {
        let scaled = timestep as f32 * f32::from_f64(self.options.timestep_scaling);
        let below = scaled * scaled + 0.25;
        (0.25 / below, scaled / below.sqrt())
    }
}

impl Scheduler for LcmScheduler {
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
        let x0 =
            self.plan.config.limit(self.plan.config.x0(self.plan.table.at(timestep), &output, x));
        let (on_x, on_x0) = self.boundary(timestep);
        let denoised = sum(on_x0, &x0, on_x, x);
        let Some(&to) = self.timesteps.get(index + 1) else {
            return Stepped { x: denoised, x0 };
        };
        let alpha_bar = self.plan.table.at(to);
        Stepped {
            x: sum(alpha_bar.sqrt(), &denoised, (1.0 - alpha_bar).sqrt(), &noise.draw(x)),
            x0,
        }
    }
}
