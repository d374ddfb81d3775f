//! A planned network as the one that samplers call.

use std::sync::Arc;

use ancestral::{Batch, Network};
use ancestral_format::{Mismatch, NetworkConfig, Weights};

use crate::error::{LoadError, NetworkError};
use crate::map::Arena;
use crate::mlp::Mlp;
use crate::parameters::{build, requested};
use crate::shapes::Shapes;
use crate::threads;
use crate::tiles::{Precision, Tiles};
use crate::unet::UNet;

/// The first value of a prediction that is not finite.
///
/// # Errors
/// If there is one.
pub fn check_finite(output: &Batch, timesteps: &[f64]) -> Result<(), NetworkError> {
    let bad = output.data().iter().position(|value| !value.is_finite());
    bad.map_or(Ok(()), |index| {
        let row = index / output.row_len();
        let value = output.data()[index];
        Err(NetworkError::NonFinite { value, timestep: timesteps[row], row })
    })
}

/// A network that is planned for the CPU: weights packed once, memory taken once.
///
/// # Numerics
/// f32, or [`Precision::Bf16`]. A row gives the same bits in every batch and on every number of
/// threads.
///
/// # Example
/// ```no_run
/// use std::path::Path;
///
/// use ancestral::{Batch, Network};
/// use ancestral_cpu::CpuNetwork;
/// use ancestral_format::ModelFolder;
///
/// let model = ModelFolder::read(Path::new("ddpm-cifar10-32"))?.model;
/// let mut network = CpuNetwork::load(&model.network, model.weights)?;
/// let epsilon = network.predict(&Batch::zeros(4, vec![3, 32, 32]), &[999.0; 4], None)?;
/// assert_eq!(epsilon.rows(), 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CpuNetwork {
    plan: Arc<Plan>,
    arena: Arc<Arena>,
}

#[derive(Debug)]
struct Plan {
    network: AnyNetwork,
    shapes: Shapes,
}

#[derive(Debug)]
enum AnyNetwork {
    UNet(Box<UNet>),
    Mlp(Box<Mlp>),
}

impl CpuNetwork {
    /// Plans the network of a config with these weights, which are used up, in f32.
    ///
    /// # Errors
    /// If the config describes no network, or the weights are another's.
    pub fn load(config: &NetworkConfig, weights: Weights) -> Result<Self, LoadError> {
        Self::load_in(Precision::F32, config, weights)
    }

    /// The same in a precision of choice.
    ///
    /// # Errors
    /// As [`load`](Self::load), and if this machine does not compute in that precision.
    pub fn load_in(
        precision: Precision,
        config: &NetworkConfig,
        weights: Weights,
    ) -> Result<Self, LoadError> {
        Self::load_on(precision.tiles()?, config, weights)
    }

    /// The same with large products on tiles, if there are any.
    pub(crate) fn load_on(
        tiles: Option<Tiles>,
        config: &NetworkConfig,
        weights: Weights,
    ) -> Result<Self, LoadError> {
        let (network, shapes) = match config {
            NetworkConfig::UNet(config) => {
                let shapes = UNet::shapes(config)?;
                let size = [shapes.input[1], shapes.input[2]];
                let network = build(tiles, |named| UNet::assemble(config, size, named), weights)?;
                (AnyNetwork::UNet(Box::new(network)), shapes)
            }
            NetworkConfig::Mlp(config) => {
                let shapes = Mlp::shapes(config)?;
                let network = build(tiles, |named| Mlp::assemble(config, named), weights)?;
                (AnyNetwork::Mlp(Box::new(network)), shapes)
            }
        };
        Ok(Self { plan: Arc::new(Plan { network, shapes }), arena: Arc::new(Arena::new()) })
    }

    /// Checks that `weights` are those of the network of `config`, without loading them. The size of
    /// its pictures may be open.
    ///
    /// # Errors
    /// If the config describes no network, or the weights are another's.
    pub fn check(config: &NetworkConfig, weights: &Weights) -> Result<(), LoadError> {
        let parameters = match config {
            NetworkConfig::UNet(config) => {
                config.validate()?;
                // The least that can be halved as often: weights do not depend on it.
                let least = [1 << config.levels().saturating_sub(1).min(16); 2];
                let size = config.sample_size.unwrap_or(least);
                requested(|named| UNet::assemble(config, size, named)).1
            }
            NetworkConfig::Mlp(config) => {
                config.validate()?;
                requested(|named| Mlp::assemble(config, named)).1
            }
        };
        Ok(Mismatch::check(&parameters, weights)?)
    }

    /// What it takes and gives.
    #[must_use]
    pub fn shapes(&self) -> &Shapes {
        &self.plan.shapes
    }

    /// The plan: each part and how it is computed, a line each.
    #[must_use]
    pub fn describe(&self) -> Vec<String> {
        match &self.plan.network {
            AnyNetwork::UNet(network) => network.describe(),
            AnyNetwork::Mlp(network) => network.describe(),
        }
    }

    /// Bytes that passes have taken for the maps between layers.
    #[must_use]
    pub fn arena_bytes(&self) -> usize {
        self.arena.bytes()
    }
}

impl Network for CpuNetwork {
    type Error = NetworkError;

    /// # Errors
    /// If labels or timesteps do not fit the network, or it predicts something that is not finite.
    ///
    /// # Panics
    /// If the rows have another shape than the network's, or there is not one timestep (and one
    /// label, if any) a row.
    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, NetworkError> {
        let Plan { network, shapes } = &*self.plan;
        assert_eq!(
            x.row_shape(),
            shapes.input,
            "shape of a row (without the number of rows), and of the network's"
        );
        assert_eq!(timesteps.len(), x.rows(), "numbers of timesteps and of rows");
        if let Some(labels) = labels {
            assert_eq!(labels.len(), x.rows(), "numbers of labels and of rows");
        }
        shapes.check(timesteps, labels)?;
        if x.rows() == 0 {
            return Ok(Batch::zeros(0, shapes.output.clone()));
        }
        // Within the pool: from outside, each parallel part would wake a thread and wait for it.
        let output = threads::scope(|_| match network {
            AnyNetwork::UNet(network) => network.predict(x.data(), timesteps, labels, &self.arena),
            AnyNetwork::Mlp(network) => network.predict(x.data(), timesteps, labels, &self.arena),
        });
        let output = Batch::new(shapes.output.clone(), output);
        check_finite(&output, timesteps)?;
        Ok(output)
    }
}
