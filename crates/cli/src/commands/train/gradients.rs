//! What computes the gradients of a network.

use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::NetworkConfig;
use ancestral_pipeline::Engine;
use anyhow::Result;

/// The gradients of the network of `config` on an engine.
pub fn gradients(
    engine: &Engine,
    config: &NetworkConfig,
) -> Result<Box<dyn ancestral_learn::Engine>> {
    #[cfg(feature = "burn")]
    if let Some(device) = engine.device() {
        return Ok(ancestral_nn::training(config, device)?);
    }
    Ok(Box::new(TrainingNetwork::new(engine.precision().unwrap_or_default(), config)?))
}
