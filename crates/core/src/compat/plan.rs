//! What all of diffusers' schedulers have, whatever their step is.

use super::config::Config;
use super::kit::sigma_grid::SigmaGrid;
use super::kit::sigmas::Vp;
use super::kit::spacing::floats;
use super::table::Table;
use crate::grid::Spacing;

/// All of a scheduler but its step: the class, its settings, and the list of its run.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(super) class: &'static str,
    pub(super) config: Config,
    pub(super) table: Table,
    /// One a call.
    pub(super) timesteps: Vec<f64>,
    /// σ of every call, and of the end; none where a class goes by the ᾱ of its timesteps.
    sigmas: Vec<f32>,
    pub(super) start_std: f32,
    /// What x is divided by for the network, a call; none where it is not.
    input_scales: Vec<f32>,
}

impl Plan {
    /// Of a class that holds x as `α x₀ + σ ε`, over levels of its own.
    pub(super) fn over(
        class: &'static str,
        config: Config,
        table: Table,
        SigmaGrid { timesteps, sigmas }: SigmaGrid,
    ) -> Self {
        let input_scales = Vec::new();
        Self { class, config, table, timesteps, sigmas, start_std: 1.0, input_scales }
    }

    /// Of one that holds it as `x₀ + σ ε`.
    pub(super) fn unscaled(
        class: &'static str,
        config: Config,
        table: Table,
        grid: SigmaGrid,
    ) -> Self {
        let max = grid.sigmas.iter().copied().fold(0.0, f32::max);
        let start_std = match config.spacing {
            Spacing::Linspace | Spacing::Trailing => max,
            Spacing::Leading { .. } => (max * max + 1.0).sqrt(),
        };
        let scale = |sigma: &f32| (sigma * sigma + 1.0).sqrt();
        let input_scales = grid.sigmas.iter().map(scale).collect();
        Self { start_std, input_scales, ..Self::over(class, config, table, grid) }
    }

    /// Of one that goes by the ᾱ of `timesteps`.
    pub(super) fn at(class: &'static str, config: Config, table: Table, timesteps: &[i64]) -> Self {
        let grid = SigmaGrid { timesteps: floats(timesteps), sigmas: Vec::new() };
        Self::over(class, config, table, grid)
    }

    /// Calls of the network.
    pub(super) fn calls(&self) -> usize {
        self.timesteps.len()
    }

    /// Steps between its levels, of which a run may not make the last.
    pub(super) fn hops(&self) -> usize {
        self.sigmas.len() - 1
    }

    /// σ at entry `index`.
    pub(super) fn sigma(&self, index: usize) -> f32 {
        self.sigmas[index]
    }

    /// The level there, of `x = α x₀ + σ ε`.
    pub(super) fn level(&self, index: usize) -> Vp {
        Vp::of(self.sigmas[index])
    }

    /// What x is divided by there.
    pub(super) fn input_scale(&self, index: usize) -> f32 {
        self.input_scales.get(index).copied().unwrap_or(1.0)
    }
}
