//! `PNDMScheduler` of diffusers.

use crate::batch::Batch;
use crate::compat::Scheduler;
use crate::compat::config::{Config, Known};
use crate::compat::error::CompatError;
use crate::compat::history::History;
use crate::compat::kit::elementwise::{combination, map, sum, zip};
use crate::compat::kit::spacing::{descending, signed};
use crate::compat::plan::Plan;
use crate::denoiser::split;
use crate::noise::Noise;
use crate::prediction::Prediction;
use crate::sampler::Stepped;

const CLASS: &str = "PNDMScheduler";

/// The order of both methods.
const ORDER: usize = 4;

/// What a [`PndmScheduler`] has of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct PndmOptions {
    /// `skip_prk_steps`: no Runge-Kutta steps, but lower orders at the start and the second
    /// timestep twice.
    pub skip_prk_steps: bool,
    /// `set_alpha_to_one`: whether the last step ends at ᾱ = 1, else at ᾱ₀.
    pub set_alpha_to_one: bool,
}

/// `PNDMScheduler` of diffusers.
///
/// # Formula
/// ```text
/// x_s = √(ᾱ_s/ᾱ_t) x − (ᾱ_s − ᾱ_t) ε̂ / (ᾱ_t √(1−ᾱ_s) + √(ᾱ_t (1−ᾱ_t) ᾱ_s))
/// ```
/// ε̂ is put together of several: for the first three steps of four calls of the network (classical
/// Runge-Kutta, with the two halves of a step), then of the last four steps (Adams-Bashforth).
/// s = t − ⌊T/n⌋ whatever the list says. Networks that predict x₀ it has not.
///
/// # Source
/// Liu et al. 2022, arXiv:2202.09778, eq. 9 to 13.
#[derive(Clone, Debug, PartialEq)]
pub struct PndmScheduler {
    plan: Plan,
    options: PndmOptions,
    /// Those of the plan, whole as they are.
    timesteps: Vec<i64>,
    /// How many of them are of Runge-Kutta.
    warm_up: usize,
    stride: i64,
}

impl PndmScheduler {
    /// The scheduler of a configuration, over `steps` timesteps.
    ///
    /// # Errors
    /// If the configuration or the number of steps can't be, which is at least 4 with Runge-Kutta
    /// steps.
    pub fn new(config: Config, options: PndmOptions, steps: usize) -> Result<Self, CompatError> {
        let has = Known { rescale: false, clip: false, threshold: false, x0: false };
        config.check_known(CLASS, has)?;
        let table = config.table()?;
        let visited = descending(config.spacing, config.timesteps, steps)?;
        let stride = signed(config.timesteps.div_euclid(steps));
        let warm_up = if options.skip_prk_steps {
            Vec::new()
        } else if steps < ORDER {
            return Err(CompatError::TooFewSteps { class: CLASS, steps, least: ORDER });
        } else {
            runge_kutta(&visited[..ORDER], stride.div_euclid(2))
        };
        let rest =
            if options.skip_prk_steps { twice_second(&visited) } else { visited[3..].to_vec() };
        let (warm_up, timesteps) = (warm_up.len(), [warm_up, rest].concat());
        let plan = Plan::at(CLASS, config, table, &timesteps);
        Ok(Self { plan, options, timesteps, warm_up, stride })
    }

    /// The step from `timestep` to `to` by `output` at `x`.
    fn transfer(&self, x: &Batch, timestep: i64, to: i64, output: &Batch) -> Batch {
        let end = if self.options.set_alpha_to_one { 1.0 } else { self.plan.table.at(0) };
        let (from, to) = (self.plan.table.at(timestep), self.plan.table.at_or(to, end));
        let (sigma2, sigma2_to) = (1.0 - from, 1.0 - to);
        let epsilon = match self.plan.config.prediction {
            Prediction::V => sum(from.sqrt(), output, sigma2.sqrt(), x),
            Prediction::Epsilon | Prediction::X0 => output.clone(),
        };
        let on_x = (to / from).sqrt();
        let below = from * sigma2_to.sqrt() + (from * sigma2 * to).sqrt();
        let difference = to - from;
        zip(x, &epsilon, |x, epsilon| on_x * x - difference * epsilon / below)
    }

    /// A call of a Runge-Kutta step, from where the step began.
    fn runge_kutta(&self, index: usize, output: &Batch, x: &Batch, history: &mut History) -> Batch {
        let call = history.calls;
        let half = if call.is_multiple_of(2) { self.stride.div_euclid(2) } else { 0 };
        let (timestep, to) = (self.timesteps[call - call % 4], self.timesteps[index] - half);
        let weight = if matches!(call % 4, 0 | 3) { 1.0 / 6.0 } else { 1.0 / 3.0 };
        let weighted = map(output, |output| weight * output);
        let so_far = match history.sum.take() {
            Some(sum) => zip(&sum, &weighted, |sum, weighted| sum + weighted),
            None => weighted,
        };
        if call % 4 == 3 {
            let start = history.start.take();
            return self.transfer(start.as_ref().unwrap_or(x), timestep, to, &so_far);
        }
        history.sum = Some(so_far);
        if call.is_multiple_of(4) {
            history.remember(output.clone(), ORDER);
            history.start = Some(x.clone());
        }
        self.transfer(history.start.as_ref().unwrap_or(x), timestep, to, output)
    }

    /// A step of the multistep method.
    fn multistep(&self, index: usize, output: Batch, x: &Batch, history: &mut History) -> Batch {
        let timestep = self.timesteps[index];
        if history.calls == 1 {
            // The first step once more, by the mean of the slopes at its ends.
            let mean = zip(&output, history.estimate(0), f32::midpoint);
            let start = history.start.take();
            let x = start.as_ref().unwrap_or(x);
            return self.transfer(x, timestep + self.stride, timestep, &mean);
        }
        if history.calls == 0 {
            history.start = Some(x.clone());
        }
        history.remember(output, ORDER);
        self.transfer(x, timestep, timestep - self.stride, &extrapolated(history))
    }
}

/// The mean ε̂ of the next step, by as many as there are.
fn extrapolated(history: &History) -> Batch {
    let e = |age: usize| history.estimate(age);
    match history.estimates.len() {
        1 => e(0).clone(),
        2 => map(&combination(&[(3.0, e(0)), (-1.0, e(1))]), |sum| sum / 2.0),
        3 => {
            let terms = [(23.0, e(0)), (-16.0, e(1)), (5.0, e(2))];
            map(&combination(&terms), |sum| sum / 12.0)
        }
        _ => {
            let terms = [(55.0, e(0)), (-59.0, e(1)), (37.0, e(2)), (-9.0, e(3))];
            map(&combination(&terms), |sum| 1.0 / 24.0 * sum)
        }
    }
}

/// Where the network is asked in the steps between the `visited`: at the start, twice in the middle,
/// at the end.
fn runge_kutta(visited: &[i64], half: i64) -> Vec<i64> {
    let steps = visited.windows(2);
    steps.flat_map(|pair| [pair[0], pair[1] + half, pair[1] + half, pair[1]]).collect()
}

/// The `visited` with the second twice.
fn twice_second(visited: &[i64]) -> Vec<i64> {
    let (start, rest) = visited.split_at(visited.len().min(2));
    [start, &start[1..], rest].concat()
}

impl Scheduler for PndmScheduler {
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
        let x0 = self.plan.config.x0(self.plan.table.at(self.timesteps[index]), &output, x);
        let x = if history.calls < self.warm_up {
            self.runge_kutta(index, &output, x, history)
        } else {
            self.multistep(index, output, x, history)
        };
        Stepped { x, x0 }
    }
}
