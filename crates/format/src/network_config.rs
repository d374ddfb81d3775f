//! The config of a network, whichever it is.

use thiserror::Error;

use crate::config::Parsed;
use crate::mlp_config::{self, MlpConfig, MlpConfigError};
use crate::names::names;
use crate::unet_config::{self, Labels, TimeEmbedding, UNetConfig, UNetConfigError};

names! {
    /// Which network a model has; the name is that of the network's folder and of its entry in
    /// `model_index.json`.
    pub enum NetworkKind {
        /// A U-Net, for pictures.
        UNet = "unet",
        /// A multilayer perceptron, for points and tables.
        Mlp = "mlp",
    }
}

impl NetworkKind {
    /// The class that the config in the network's folder names.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::UNet => unet_config::CLASS,
            Self::Mlp => mlp_config::CLASS,
        }
    }

    /// The network whose config names this class.
    pub(crate) fn of_class(class: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.class() == class)
    }
}

/// The config of a network.
///
/// # Example
/// ```
/// use ancestral_format::{NetworkConfig, NetworkKind, UNetConfig};
///
/// let network: NetworkConfig = UNetConfig { in_channels: 1, ..UNetConfig::default() }.into();
/// assert_eq!(network.kind(), NetworkKind::UNet);
/// assert_eq!(network.sample_shape(), None); // sample_size is not set
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkConfig {
    /// Of a U-Net.
    UNet(Box<UNetConfig>),
    /// Of a multilayer perceptron.
    Mlp(MlpConfig),
}

impl NetworkConfig {
    /// Reads the config of a network of this kind.
    ///
    /// # Errors
    /// As [`UNetConfig::from_json`] and [`MlpConfig::from_json`].
    pub fn from_json(kind: NetworkKind, json: &[u8]) -> Result<Parsed<Self>, NetworkConfigError> {
        Ok(match kind {
            NetworkKind::UNet => UNetConfig::from_json(json)?.map(Self::from),
            NetworkKind::Mlp => MlpConfig::from_json(json)?.map(Self::from),
        })
    }

    /// The text of the config's file.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::UNet(config) => config.to_json(),
            Self::Mlp(config) => config.to_json(),
        }
    }

    /// Checks that a network of this config can be built and run.
    ///
    /// # Errors
    /// As [`UNetConfig::validate`] and [`MlpConfig::validate`].
    pub fn validate(&self) -> Result<(), NetworkConfigError> {
        match self {
            Self::UNet(config) => config.validate()?,
            Self::Mlp(config) => config.validate()?,
        }
        Ok(())
    }

    /// Which network it is.
    #[must_use]
    pub const fn kind(&self) -> NetworkKind {
        match self {
            Self::UNet(_) => NetworkKind::UNet,
            Self::Mlp(_) => NetworkKind::Mlp,
        }
    }

    /// How the network is conditioned on the class of a sample.
    #[must_use]
    pub fn labels(&self) -> Labels {
        match self {
            Self::UNet(config) => config.labels(),
            Self::Mlp(config) => config.num_class_embeds.map_or(Labels::None, Labels::Classes),
        }
    }

    /// How many times a learned table of them has; `None`: the network knows any time.
    #[must_use]
    pub fn learned_times(&self) -> Option<usize> {
        match self {
            Self::UNet(config) if config.time_embedding_type == TimeEmbedding::Learned => {
                config.num_train_timesteps
            }
            Self::UNet(_) | Self::Mlp(_) => None,
        }
    }

    /// The shape of a sample, `[channels, height, width]` or `[columns]`; `None` if a U-Net's
    /// `sample_size` is not set.
    #[must_use]
    pub fn sample_shape(&self) -> Option<Vec<usize>> {
        match self {
            Self::UNet(config) => config.shape(config.in_channels),
            Self::Mlp(config) => Some(vec![config.columns]),
        }
    }

    /// The shape of a prediction: that of a sample, with twice the channels if a variance is
    /// learned.
    #[must_use]
    pub fn output_shape(&self) -> Option<Vec<usize>> {
        match self {
            Self::UNet(config) => config.shape(config.out_channels),
            Self::Mlp(config) => Some(vec![config.outputs()]),
        }
    }
}

impl From<UNetConfig> for NetworkConfig {
    fn from(config: UNetConfig) -> Self {
        Self::UNet(Box::new(config))
    }
}

impl From<MlpConfig> for NetworkConfig {
    fn from(config: MlpConfig) -> Self {
        Self::Mlp(config)
    }
}

/// Why the config of a network is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NetworkConfigError {
    /// That of a U-Net.
    #[error(transparent)]
    UNet(#[from] UNetConfigError),
    /// That of a multilayer perceptron.
    #[error(transparent)]
    Mlp(#[from] MlpConfigError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mlp() -> MlpConfig {
        MlpConfig { columns: 5, width: 8, blocks: 1, time_embed_dim: 4, ..MlpConfig::default() }
    }

    #[test]
    fn each_kind_answers_for_itself() {
        let unet = UNetConfig {
            sample_size: Some([8, 16]),
            out_channels: 6,
            num_class_embeds: Some(11),
            ..UNetConfig::default()
        };
        let mlp = MlpConfig { num_class_embeds: Some(3), ..mlp() };
        let doubled = MlpConfig { predicts_variance: true, ..mlp.clone() };
        let cases: [(NetworkConfig, _, _, &[usize], &[usize]); 3] = [
            (unet.into(), NetworkKind::UNet, 11, &[3, 8, 16], &[6, 8, 16]),
            (mlp.into(), NetworkKind::Mlp, 3, &[5], &[5]),
            (doubled.into(), NetworkKind::Mlp, 3, &[5], &[10]),
        ];
        for (network, kind, classes, sample, output) in cases {
            assert_eq!(network.kind(), kind);
            assert_eq!(network.labels(), Labels::Classes(classes));
            assert_eq!(network.sample_shape().unwrap(), sample);
            assert_eq!(network.output_shape().unwrap(), output);
            network.validate().unwrap();
            let json = network.to_json();
            assert_eq!(NetworkConfig::from_json(kind, json.as_bytes()).unwrap().config, network);
        }
    }

    #[test]
    fn a_size_that_is_not_said_gives_no_shape() {
        let network = NetworkConfig::from(UNetConfig::default());
        assert_eq!((network.sample_shape(), network.output_shape()), (None, None));
    }

    #[test]
    fn what_a_kind_refuses_is_refused_in_its_words() {
        let networks: [(NetworkConfig, _); 2] = [
            (UNetConfig { in_channels: 0, ..UNetConfig::default() }.into(), "in_channels 0 must"),
            (MlpConfig { columns: 0, ..mlp() }.into(), "columns 0 must be 1 to 16384"),
        ];
        for (network, message) in networks {
            let refusal = network.validate().unwrap_err().to_string();
            assert!(refusal.starts_with(message), "{refusal}");
            let json = network.to_json();
            let read = NetworkConfig::from_json(network.kind(), json.as_bytes());
            assert_eq!(read.unwrap_err().to_string(), refusal);
        }
    }
}
