//! What computes networks: our own engine on the CPU, Burn on other devices.

use ancestral::{Batch, Network};
use ancestral_cluster::Cluster;
use ancestral_cpu::{CpuNetwork, NetworkError, Precision, Threads};
use ancestral_format::{NetworkConfig, Weights};

use crate::device::{self, CPU};
use crate::error::{Error, ModelError, Notice, Problem, SettingError};
use crate::settings::Setting;

/// What computes a network: where, in what numbers, on which threads, and with which other processes.
#[derive(Clone, Debug)]
pub struct Engine {
    on: On,
    /// Threads of its own; without, the current ones of rayon.
    threads: Option<Threads>,
    cluster: Cluster,
}

#[derive(Clone, Debug)]
enum On {
    /// Our own, on the CPU.
    Cpu(Precision),
    /// Burn, on another device.
    #[cfg(feature = "burn")]
    Burn(device::Opened),
}

impl Default for Engine {
    /// The CPU, in f32, on as many threads as it has cores.
    fn default() -> Self {
        Self { on: On::Cpu(Precision::F32), threads: None, cluster: Cluster::alone() }
    }
}

impl Engine {
    /// The engine for a device, `cpu` or the name of a card (see [`devices`](crate::devices())), in a
    /// precision.
    ///
    /// # Errors
    /// If the device or the precision is not there.
    pub fn new(name: &str, precision: Precision) -> Result<Self, SettingError> {
        let on = match name {
            CPU => {
                precision.check().map_err(|problem| {
                    let problem = Problem::Precision(problem);
                    SettingError::of(Setting::Precision, precision, problem)
                })?;
                On::Cpu(precision)
            }
            #[cfg(feature = "burn")]
            name => On::Burn(device::open(name, precision)?),
            #[cfg(not(feature = "burn"))]
            name => {
                let problem = Problem::Device(device::refused(name));
                return Err(SettingError::new(Setting::Device, problem));
            }
        };
        Ok(Self { on, ..Self::default() })
    }

    /// The same on `threads` threads of its own, at most as many as there are cores: more change
    /// nothing but the time that it takes.
    ///
    /// # Errors
    /// If there is to be none, or the system starts none.
    pub fn with_threads(self, threads: usize) -> Result<Self, SettingError> {
        let refused = |problem| SettingError::of(Setting::Threads, threads, problem);
        if threads == 0 {
            return Err(refused(Problem::Zero));
        }
        let cores = std::thread::available_parallelism().map_or(threads, usize::from);
        let own = Threads::new(threads.min(cores));
        let own = own.map_err(|error| refused(Problem::Threads(error)))?;
        Ok(Self { threads: Some(own), ..self })
    }

    /// The same in another precision.
    ///
    /// # Errors
    /// If this machine does not compute in it.
    pub fn in_precision(self, precision: Precision) -> Result<Self, SettingError> {
        let on = if self.is_cpu() { Self::new(CPU, precision)?.on } else { self.on };
        Ok(Self { on, ..self })
    }

    /// The same as one rank of a cluster. Each rank has an engine of its own, with as many threads as it
    /// likes, but of one device and precision.
    #[must_use]
    pub fn in_cluster(self, cluster: Cluster) -> Self {
        Self { cluster, ..self }
    }

    /// The ranks that compute together.
    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Whether it is the CPU.
    #[must_use]
    pub fn is_cpu(&self) -> bool {
        match self.on {
            On::Cpu(_) => true,
            #[cfg(feature = "burn")]
            On::Burn(_) => false,
        }
    }

    /// The precision of large products.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match &self.on {
            On::Cpu(precision) => *precision,
            #[cfg(feature = "burn")]
            On::Burn(opened) => opened.precision,
        }
    }

    /// What the user should know of its device.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        match &self.on {
            On::Cpu(_) => &[],
            #[cfg(feature = "burn")]
            On::Burn(opened) => &opened.notices,
        }
    }

    /// Burn's device, if it is one.
    #[cfg(feature = "burn")]
    #[must_use]
    pub fn device(&self) -> Option<&ancestral_nn::device::Device> {
        match &self.on {
            On::Cpu(_) => None,
            On::Burn(opened) => Some(&opened.device),
        }
    }

    /// Runs `work` on its threads.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.threads {
            Some(threads) => threads.run(work),
            None => work(),
        }
    }

    /// The network of `config` with these weights.
    ///
    /// # Errors
    /// If the weights don't fit the config.
    pub(crate) fn network(
        &self,
        model: &str,
        config: &NetworkConfig,
        weights: Weights,
    ) -> Result<AnyNetwork, Error> {
        let model = || model.to_owned();
        self.run(|| match &self.on {
            On::Cpu(precision) => {
                let network = CpuNetwork::load_in(*precision, config, weights);
                let refused = |source| ModelError::Load { model: model(), source };
                Ok(AnyNetwork::Cpu(network.map_err(refused)?))
            }
            #[cfg(feature = "burn")]
            On::Burn(device::Opened { device, precision, .. }) => {
                let network = ancestral_nn::AnyNetwork::load(config, &weights, device, *precision);
                let network = network.map_err(|error| ModelError::Device {
                    model: model(),
                    reason: error.to_string(),
                })?;
                Ok(AnyNetwork::Burn(Box::new(network)))
            }
        })
    }
}

/// A network on whichever engine.
#[derive(Clone, Debug)]
pub(crate) enum AnyNetwork {
    Cpu(CpuNetwork),
    #[cfg(feature = "burn")]
    Burn(Box<ancestral_nn::AnyNetwork>),
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
