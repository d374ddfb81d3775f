//! The peer's `KDPM2DiscreteScheduler`.

use super::Scheduler;
use super::config::{Config, Known};
use super::elementwise::{exp, ln, zip};
use super::error::CompatError;
use super::history::History;
use super::runnable::runnable;
use super::sigma_grid::{EulerGrid, SigmaGrid, input_scale, start_std};
use super::sigmas::{Sigmas, Spread};
use super::table::Table;
use crate::batch::{Batch, Scalar};
use crate::denoiser::split;
use crate::noise::Noise;
use crate::sampler::Stepped;

const CLASS: &str = "KDPM2DiscreteScheduler";

/// The peer's `KDPM2DiscreteScheduler`.
///
/// # Formula
/// ```text
/// first call, at σ:    x̃ = x + (x − x̂₀)/σ · (σ_m − σ),     σ_m = √(σ σ')
/// second call, at σ_m: x' = x + (x̃ − x̂₀')/σ_m · (σ' − σ)
/// ```
/// of `x = x₀ + σ ε`, of which the network sees `x/√(σ² + 1)`. The step to clean data has only the
/// first call and goes all the way: 2n − 1 calls for n steps. Networks that predict x₀ it has not.
///
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, with the midpoint of DPM-Solver-2, Lu et al. 2022,
/// arXiv:2206.00927.
#[derive(Clone, Debug, PartialEq)]
pub struct Kdpm2 {
    config: Config,
    table: Table,
    /// One σ a call, that of the middle at every second.
    grid: SigmaGrid,
}

impl Kdpm2 {
    /// The scheduler of a configuration, over `steps` steps of two calls, the last of one.
    ///
    /// # Errors
    /// If the configuration, the spread or the number of steps can't be, or the peer has no such run.
    pub fn new(config: Config, spread: Spread, steps: usize) -> Result<Self, CompatError> {
        let grid = |sigma: f32, to: f32| middle(sigma, to);
        let (table, grid) = two_calls(CLASS, &config, spread, steps, grid)?;
        runnable(Self { config, table, grid })
    }
}

/// The geometric mean, as the peer takes it of logarithms: with a fused multiply-add.
pub(super) fn middle(sigma: f32, other: f32) -> f32 {
    let (log, other) = (ln(sigma), ln(other));
    exp((log - other).mul_add(-0.5, log))
}

/// The levels of a class with a call in the middle of every step but the last.
pub(super) fn two_calls(
    class: &'static str,
    config: &Config,
    spread: Spread,
    steps: usize,
    middle: impl Fn(f32, f32) -> f32,
) -> Result<(Table, SigmaGrid), CompatError> {
    let has = Known { rescale: false, clip: false, threshold: false, x0: false };
    config.check_known(class, has)?;
    spread.check_not_lu(class)?;
    let table = config.table()?;
    let trained = Sigmas::of(&table);
    let laid = EulerGrid { spread, ..EulerGrid::default() };
    let (timesteps, at) = laid.lay(config, &trained, steps)?;
    let at: Vec<f32> = at.into_iter().map(f32::from_f64).collect();
    let mut grid = SigmaGrid { timesteps: Vec::new(), sigmas: Vec::new() };
    for (index, (timestep, sigma)) in std::iter::zip(timesteps, &at).enumerate() {
        grid.timesteps.push(if spread == Spread::Karras {
            timestep.round_ties_even()
        } else {
            timestep
        });
        grid.sigmas.push(*sigma);
        if let Some(to) = at.get(index + 1) {
            let between = middle(*sigma, *to);
            grid.timesteps.push(trained.timestep_f32(between).into());
            grid.sigmas.push(between);
        }
    }
    grid.sigmas.push(0.0);
    Ok((table, grid))
}

impl Scheduler for Kdpm2 {
    fn class(&self) -> &'static str {
        CLASS
    }

    fn config(&self) -> &Config {
        &self.config
    }

    fn table(&self) -> &Table {
        &self.table
    }

    fn timesteps(&self) -> Vec<f64> {
        self.grid.timesteps.clone()
    }

    fn start_std(&self) -> f32 {
        start_std(self.config.spacing, &self.grid.sigmas)
    }

    fn input_scale(&self, index: usize) -> f32 {
        input_scale(self.grid.sigmas[index])
    }

    fn step(
        &self,
        index: usize,
        output: Batch,
        x: &Batch,
        history: &mut History,
        _noise: &mut dyn Noise<Batch>,
    ) -> Stepped<Batch> {
        let (output, _) = split(x, output);
        let sigma = self.grid.sigmas[index];
        let x0 = self.config.x0_of_sigma(sigma, sigma, &output, x);
        let (start, from) = if let Some(start) = history.start.take() {
            (start, self.grid.sigmas[index - 1])
        } else {
            history.start = Some(x.clone());
            (x.clone(), sigma)
        };
        let dt = self.grid.sigmas[index + 1] - from;
        let slope = zip(x, &x0, |x, x0| (x - x0) / sigma);
        Stepped { x: zip(&start, &slope, |x, slope| x + slope * dt), x0 }
    }
}
