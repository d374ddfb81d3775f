//! What computes the gradients of a network.

use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::NetworkConfig;
use ancestral_learn::Engine as Gradients;
use ancestral_pipeline::Engine;

use crate::RunError;

/// The gradients of the network of `config` on an engine.
pub(crate) fn gradients(
    engine: &Engine,
    config: &NetworkConfig,
) -> Result<Box<dyn Gradients>, RunError> {
    #[cfg(feature = "burn")]
    if let Some(device) = engine.device() {
        return ancestral_nn::training(config, device, engine.precision())
            .map_err(|error| RunError::Network(error.into()));
    }
    let network = TrainingNetwork::new(engine.precision(), config);
    Ok(Box::new(network.map_err(|error| RunError::Network(error.into()))?))
}
