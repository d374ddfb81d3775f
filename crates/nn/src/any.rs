//! Whichever network a model folder describes.

use ancestral::{Batch, Network};
use ancestral_cpu::{NetworkError, Precision};
use ancestral_format::{Mismatch, MlpConfigError, NetworkConfig, Weights};
use ancestral_learn::Engine;
use burn::tensor::Device;
use thiserror::Error;

use crate::engine::BurnEngine;
use crate::mlp::Mlp;
use crate::network::BurnNetwork;
use crate::parameters;
use crate::unet::{UNet, UNetError};

/// The network of a model folder, whichever it is.
#[derive(Debug, Clone)]
pub enum AnyNetwork {
    /// A U-Net, for pictures.
    UNet(Box<BurnNetwork<UNet>>),
    /// A residual multilayer perceptron, for points and tables.
    Mlp(Box<BurnNetwork<Mlp>>),
}

/// Why config and weights make no network.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The config describes no U-Net.
    #[error(transparent)]
    UNet(#[from] UNetError),
    /// The config describes no multilayer perceptron.
    #[error(transparent)]
    Mlp(#[from] MlpConfigError),
    /// The weights are another network's.
    #[error(transparent)]
    Weights(#[from] Mismatch),
}

impl AnyNetwork {
    /// The network of a config, with these weights, on `device`, with its products in `precision`.
    ///
    /// # Errors
    /// If the config describes no network, or the weights are another's.
    pub fn load(
        config: &NetworkConfig,
        weights: &Weights,
        device: &Device,
        precision: Precision,
    ) -> Result<Self, LoadError> {
        Ok(match config {
            NetworkConfig::UNet(config) => {
                let module = parameters::load_in(precision, UNet::new(config, device)?, weights)?;
                Self::UNet(Box::new(BurnNetwork::new(&module)))
            }
            NetworkConfig::Mlp(config) => {
                let module = parameters::load_in(precision, Mlp::new(config, device)?, weights)?;
                Self::Mlp(Box::new(BurnNetwork::new(&module)))
            }
        })
    }
}

/// What computes the gradients of the network of a config, on `device`, with products in `precision`.
///
/// # Errors
/// If the config describes no network.
pub fn training(
    config: &NetworkConfig,
    device: &Device,
    precision: Precision,
) -> Result<Box<dyn Engine>, LoadError> {
    Ok(match config {
        NetworkConfig::UNet(config) => {
            Box::new(BurnEngine::new(precision, UNet::new(config, device)?))
        }
        NetworkConfig::Mlp(config) => {
            Box::new(BurnEngine::new(precision, Mlp::new(config, device)?))
        }
    })
}

impl Network for AnyNetwork {
    type Error = NetworkError;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, NetworkError> {
        match self {
            Self::UNet(network) => network.predict(x, timesteps, labels),
            Self::Mlp(network) => network.predict(x, timesteps, labels),
        }
    }
}
