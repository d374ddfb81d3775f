//! What computes networks: our own engine on the CPU, Burn on other devices.

use ancestral::{Batch, Network};
use ancestral_cpu::{CpuNetwork, NetworkError, Precision};
use ancestral_format::{NetworkConfig, Weights};
use anyhow::{Context, Result};

use crate::args::{ComputeArgs, PrecisionArg};

/// What the CPU is called as a device.
const CPU: &str = "cpu";

/// What computes a network, and where.
#[derive(Clone, Debug)]
pub enum Engine {
    /// Our own, on the CPU.
    Cpu(Precision),
    /// Burn, on another device.
    #[cfg(feature = "burn")]
    Burn(ancestral_nn::device::Device),
}

impl Engine {
    /// The engine for the device and precision that the flags name. Sets the number of threads.
    pub fn new(args: &ComputeArgs) -> Result<Self> {
        Self::in_precision(args, args.precision.unwrap_or_default())
    }

    /// The same in this precision, whatever the flags name.
    pub fn in_precision(args: &ComputeArgs, precision: PrecisionArg) -> Result<Self> {
        if let Some(threads) = args.threads {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build_global().context("--threads")?;
        }
        match args.device.as_str() {
            CPU => Ok(Self::Cpu(checked(precision)?)),
            device => burn::engine(device, precision),
        }
    }

    /// The network of `config` with these weights.
    pub fn network(&self, config: &NetworkConfig, weights: Weights) -> Result<AnyNetwork> {
        Ok(match self {
            Self::Cpu(precision) => {
                AnyNetwork::Cpu(CpuNetwork::load_in(*precision, config, weights)?)
            }
            #[cfg(feature = "burn")]
            Self::Burn(device) => {
                AnyNetwork::Burn(ancestral_nn::AnyNetwork::load(config, &weights, device)?)
            }
        })
    }

    /// What computes the gradients of the network of `config`.
    #[cfg(feature = "train")]
    pub fn training(&self, config: &NetworkConfig) -> Result<Box<dyn ancestral_learn::Engine>> {
        Ok(match self {
            Self::Cpu(precision) => {
                Box::new(ancestral_cpu::train::TrainingNetwork::new(*precision, config)?)
            }
            #[cfg(feature = "burn")]
            Self::Burn(device) => ancestral_nn::training(config, device)?,
        })
    }
}

/// A precision, if this machine computes in it.
pub fn checked(precision: PrecisionArg) -> Result<Precision> {
    let precision = Precision::from(precision);
    precision.check().context("--precision bf16")?;
    Ok(precision)
}

/// Devices other than the CPU.
mod burn {
    use anyhow::{Result, bail};

    use super::{Engine, PrecisionArg};

    #[cfg(feature = "burn")]
    pub fn engine(device: &str, precision: PrecisionArg) -> Result<Engine> {
        use anyhow::Context;

        let on = ancestral_nn::device::parse(device).context("--device")?;
        if precision != PrecisionArg::F32 {
            bail!("--precision bf16: only --device cpu computes in it, not {device}");
        }
        Ok(Engine::Burn(on))
    }

    #[cfg(not(feature = "burn"))]
    pub fn engine(device: &str, _precision: PrecisionArg) -> Result<Engine> {
        let (kind, _) = device.split_once(':').unwrap_or((device, ""));
        match kind {
            "cuda" | "metal" | "wgpu" => bail!(
                "--device: device {device:?} is not in this build: build it with `--features {kind}`"
            ),
            _ => bail!("--device: unknown device {device:?} (known: cpu, cuda[:N], wgpu, metal)"),
        }
    }
}

/// A network on whichever engine.
#[derive(Clone, Debug)]
pub enum AnyNetwork {
    Cpu(CpuNetwork),
    #[cfg(feature = "burn")]
    Burn(ancestral_nn::AnyNetwork),
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
            Self::Cpu(network) => network.predict(x, timesteps, labels),
            #[cfg(feature = "burn")]
            Self::Burn(network) => network.predict(x, timesteps, labels),
        }
    }
}
