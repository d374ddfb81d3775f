//! A planned network as the one that samplers call.

use std::sync::Arc;

use ancestral::{Batch, Network};
use ancestral_format::{Labels, Mismatch, NetworkConfig, UNetConfigError, Weights};
use thiserror::Error;

use crate::map::Arena;
use crate::mlp::Mlp;
use crate::parameters::{asked, made};
use crate::tiles::{NoTiles, Precision, Tiles};
use crate::unet::UNet;

/// Why config and weights make no network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The config describes no U-Net.
    #[error(transparent)]
    UNet(#[from] UNetConfigError),
    /// The config describes no multilayer perceptron.
    #[error(transparent)]
    Mlp(#[from] ancestral_format::MlpConfigError),
    /// The config of a U-Net does not say how large its pictures are.
    #[error("sample_size is not set: give height and width")]
    NoSize,
    /// Labels are vectors, which samplers do not give.
    #[error("class_embed_type is identity: labels are vectors, which cannot be given here")]
    Vectors,
    /// The weights are another network's.
    #[error(transparent)]
    Weights(#[from] Mismatch),
    /// This machine does not compute in bf16.
    #[error("bf16 is computed on AMX tiles: {0}")]
    Tiles(#[from] NoTiles),
}

/// Why a network call failed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The network gave a number that is none.
    #[error("the network predicts {value} at timestep {timestep}, in row {row} of the batch")]
    NonFinite {
        /// What it gave.
        value: f32,
        /// The timestep of the row.
        timestep: f64,
        /// The row.
        row: usize,
    },
    /// The network got labels and takes none, or the other way round, or takes vectors.
    #[error("the network takes {expected}, but {} given", if *given { "numbers were" } else { "none were" })]
    Labels {
        /// What it takes.
        expected: Labels,
        /// Whether numbers were given.
        given: bool,
    },
    /// The network has not learned that time.
    #[error("timestep {timestep} in row {row} is not in 0 to {}, which the network knows", count - 1)]
    Timestep {
        /// The timestep.
        timestep: f64,
        /// The row.
        row: usize,
        /// How many timesteps the network knows.
        count: usize,
    },
    /// A label is too large.
    #[error("label {label} in row {row} is not below {count}")]
    Label {
        /// The label.
        label: u32,
        /// The row.
        row: usize,
        /// How many the network distinguishes.
        count: usize,
    },
}

/// What a network takes and gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Shapes {
    /// Of a row that goes in: `[channels, height, width]` or `[columns]`.
    pub input: Vec<usize>,
    /// Of a row that comes out; twice the channels if a variance is predicted too.
    pub output: Vec<usize>,
    /// What labels it takes.
    pub labels: Labels,
    /// How many timesteps it knows; `None` if it knows any time.
    pub timesteps: Option<usize>,
}

impl Shapes {
    /// Checks what a call gives.
    ///
    /// # Errors
    /// If labels or timesteps are none that the network takes.
    pub fn check(&self, timesteps: &[f64], labels: Option<&[u32]>) -> Result<(), NetworkError> {
        self.check_labels(labels)?;
        let Some(count) = self.timesteps else { return Ok(()) };
        let known = -0.5..count as f64 - 0.5; // they are rounded
        let wrong = timesteps.iter().position(|timestep| !known.contains(timestep));
        wrong.map_or(Ok(()), |row| {
            Err(NetworkError::Timestep { timestep: timesteps[row], row, count })
        })
    }

    fn check_labels(&self, labels: Option<&[u32]>) -> Result<(), NetworkError> {
        match (self.labels, labels) {
            (Labels::None, None) | (Labels::Times, Some(_)) => Ok(()),
            (Labels::Classes(count), Some(labels)) => {
                let wrong = labels.iter().position(|&label| label as usize >= count);
                wrong.map_or(Ok(()), |row| {
                    Err(NetworkError::Label { label: labels[row], row, count })
                })
            }
            (
                expected @ (Labels::None | Labels::Classes(_) | Labels::Times | Labels::Vectors),
                given,
            ) => Err(NetworkError::Labels { expected, given: given.is_some() }),
        }
    }
}

/// The first number of a prediction that is none.
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
                let network = made(tiles, |named| UNet::assemble(config, size, named), weights)?;
                (AnyNetwork::UNet(Box::new(network)), shapes)
            }
            NetworkConfig::Mlp(config) => {
                let shapes = Mlp::shapes(config)?;
                let network = made(tiles, |named| Mlp::assemble(config, named), weights)?;
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
                asked(|named| UNet::assemble(config, size, named)).1
            }
            NetworkConfig::Mlp(config) => {
                config.validate()?;
                asked(|named| Mlp::assemble(config, named)).1
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

    /// Bytes that passes have taken for what is between the layers.
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
        assert_eq!(x.shape(), shapes.input, "shapes of a row and of the network's");
        assert_eq!(timesteps.len(), x.rows(), "numbers of timesteps and of rows");
        if let Some(labels) = labels {
            assert_eq!(labels.len(), x.rows(), "numbers of labels and of rows");
        }
        shapes.check(timesteps, labels)?;
        if x.rows() == 0 {
            return Ok(Batch::zeros(0, shapes.output.clone()));
        }
        // Within the pool: from outside, each parallel part would wake a thread and wait for it.
        let output = rayon::scope(|_| match network {
            AnyNetwork::UNet(network) => network.predict(x.data(), timesteps, labels, &self.arena),
            AnyNetwork::Mlp(network) => network.predict(x.data(), timesteps, labels, &self.arena),
        });
        let output = Batch::new(shapes.output.clone(), output);
        check_finite(&output, timesteps)?;
        Ok(output)
    }
}
