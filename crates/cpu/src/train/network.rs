//! A planned network as training calls it.

use ancestral_format::{Layout, NetworkConfig};

use super::memory::Values;
use super::mlp::Mlp;
use super::run::Run;
use super::unet::UNet;
use crate::error::LoadError;
use crate::map::{Arena, Shape};
use crate::parameters::requested_on;
use crate::shapes::Shapes;
use crate::threads;
use crate::tiles::{Precision, Tiles};

/// Some noisy samples that go through a network together.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The samples, channels first: `[rows, channels, height, width]` or `[rows, columns]`.
    pub x: &'a [f32],
    /// The training timestep of each row.
    pub timesteps: &'a [f64],
    /// The label of each row, if the network takes labels.
    pub labels: Option<&'a [u32]>,
    /// Rows of a leaf. Gradients are summed over the rows of each leaf first, and then over the
    /// leaves in pairs, so that equal leaves give equal bits however a batch is cut into passes.
    pub leaf: usize,
}

/// A network that is planned for training on the CPU: its parameters are one vector, in the order of
/// its [`Layout`], and so are their gradients. Memory is taken once.
///
/// # Numerics
/// f32, or [`Precision::Bf16`]: then both factors of large products are rounded, forward and backward;
/// weights, gradients, sums and maps between layers are f32. A row's prediction has the same
/// bits in every batch; a gradient has the same bits for every number of threads, and is a fixed tree of
/// sums over the leaves of a pass.
#[derive(Debug)]
pub struct TrainingNetwork {
    network: AnyNetwork,
    layout: Layout,
    shapes: Shapes,
    values: Values,
    arena: Arena,
}

#[derive(Debug)]
enum AnyNetwork {
    UNet(Box<UNet>),
    Mlp(Box<Mlp>),
}

impl TrainingNetwork {
    /// Plans the network of a config for training.
    ///
    /// # Errors
    /// If the config describes no network, or this machine does not compute in the precision.
    pub fn new(precision: Precision, config: &NetworkConfig) -> Result<Self, LoadError> {
        Self::on(precision.tiles()?, config)
    }

    /// The same on tiles, if there are any.
    pub(crate) fn on(tiles: Option<Tiles>, config: &NetworkConfig) -> Result<Self, LoadError> {
        let (shapes, values, (network, parameters)) = match config {
            NetworkConfig::UNet(config) => {
                let shapes = crate::unet::UNet::shapes(config)?;
                let size = [shapes.input[1], shapes.input[2]];
                let (unet, parameters) =
                    requested_on(tiles, |named| UNet::new(config, size, named));
                let [height, width] = size;
                let input = Shape { height, width, channels: config.in_channels };
                let values = Values::of_unet(config, input);
                (shapes, values, (AnyNetwork::UNet(Box::new(unet)), parameters))
            }
            NetworkConfig::Mlp(config) => {
                let shapes = crate::mlp::Mlp::shapes(config)?;
                let (mlp, parameters) = requested_on(tiles, |named| Mlp::new(config, named));
                let values = Values::of_mlp(config);
                (shapes, values, (AnyNetwork::Mlp(Box::new(mlp)), parameters))
            }
        };
        Ok(Self { network, layout: Layout::new(parameters), shapes, values, arena: Arena::new() })
    }

    /// The parameters of the network.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What the network takes and gives.
    #[must_use]
    pub fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// Bytes that a pass of so many rows takes at the most, beside the weights and their gradients: an
    /// estimate from the network's plan.
    #[must_use]
    pub fn memory(&self, rows: usize) -> u64 {
        self.values.bytes(rows)
    }

    /// Bytes that passes have taken beside weights and gradients.
    #[must_use]
    pub fn arena_bytes(&self) -> usize {
        self.arena.bytes()
    }

    /// Predicts each row of a pass, gives the predictions to `loss`, which writes the loss's
    /// gradients with respect to them, and from those writes the gradients of all weights, summed
    /// over the rows.
    ///
    /// # Shapes
    /// `weights`, `gradients`: [`Layout::len`] values. `loss` is called once, with two slices as long
    /// as the network's outputs for all rows, channels first.
    ///
    /// # Panics
    /// If a slice has another length than that, or labels or timesteps do not fit the network: see
    /// [`Shapes::check`].
    pub fn gradients(
        &self,
        weights: &[f32],
        pass: Pass<'_>,
        loss: &mut (dyn FnMut(&[f32], &mut [f32]) + Send),
        gradients: &mut [f32],
    ) {
        let rows = pass.timesteps.len();
        assert!(rows > 0 && pass.leaf > 0, "a pass has rows, and so have its leaves");
        let length = rows * self.shapes.input.iter().product::<usize>();
        assert_eq!(pass.x.len(), length, "values of all rows");
        assert_eq!([weights.len(), gradients.len()], [self.layout.len(); 2], "all parameters");
        assert!(pass.labels.is_none_or(|labels| labels.len() == rows), "a label a row");
        if let Err(error) = self.shapes.check(pass.timesteps, pass.labels) {
            panic!("{error}");
        }
        let run = Run { weights, leaf: pass.leaf, arena: &self.arena };
        // Within the pool: from outside, each parallel part would wake a thread and wait for it.
        threads::scope(|_| match &self.network {
            AnyNetwork::UNet(network) => network.gradients(run, pass, loss, gradients),
            AnyNetwork::Mlp(network) => network.gradients(run, pass, loss, gradients),
        });
    }
}

#[cfg(test)]
mod tests;
