//! What computes networks: our own engine for CPUs, or Burn.

use ancestral::{Batch, Network};
use ancestral_cpu::{CpuNetwork, NetworkError, Precision};
use ancestral_format::{NetworkConfig, Weights};
use anyhow::{Context, Result, bail};

use crate::args::{ComputeArgs, EngineArg, PrecisionArg};

/// What the CPU is called as a device.
const CPU: &str = "cpu";

/// What computes a network, and where.
#[derive(Clone, Debug)]
pub enum Engine {
    /// Our own, on the CPU.
    Cpu(Precision),
    /// Burn, on some device.
    #[cfg(feature = "burn")]
    Burn(ancestral_nn::device::Device),
}

impl Engine {
    /// The engine that the flags name: by default our own if the device is the CPU. Sets the number
    /// of threads.
    pub fn new(args: &ComputeArgs) -> Result<Self> {
        if let Some(threads) = args.threads {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build_global().context("--threads")?;
        }
        match (args.engine, args.device.as_str()) {
            (None | Some(EngineArg::Cpu), CPU) => Ok(Self::Cpu(checked(args.precision)?)),
            (None | Some(EngineArg::Burn), _) if args.precision != PrecisionArg::F32 => {
                bail!("--precision bf16: only --engine cpu on --device cpu computes in it")
            }
            (None | Some(EngineArg::Burn), device) => Self::burn(device),
            (Some(EngineArg::Cpu), device) => {
                bail!("--engine cpu: it computes on the CPU, not on --device {device}")
            }
        }
    }

    #[cfg(feature = "burn")]
    fn burn(device: &str) -> Result<Self> {
        Ok(Self::Burn(ancestral_nn::device::parse(device).context("--device")?))
    }

    #[cfg(not(feature = "burn"))]
    fn burn(device: &str) -> Result<Self> {
        let (flag, feature) = match device {
            CPU => ("--engine burn".to_owned(), "burn"),
            _ => (format!("--device {device}"), "cuda, wgpu or metal"),
        };
        bail!("{flag}: not in this build: build it with `--features {feature}`")
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
}

/// A precision, if this machine computes in it.
pub fn checked(precision: PrecisionArg) -> Result<Precision> {
    let precision = Precision::from(precision);
    precision.check().context("--precision bf16")?;
    Ok(precision)
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
