//! The config of the multilayer perceptron: `mlp/config.json`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::bounds::{
    MOST_CHANNELS, MOST_CLASSES, MOST_LAYERS, OutOfRange, check_count, check_freq_shift,
};
use crate::config::{self, ConfigError, Parsed};

pub(crate) const CLASS: &str = "ResidualMlp";

/// The config of a residual multilayer perceptron, for points and tables.
///
/// Diffusers has no such network; keys with the same meaning as in diffusers have the same name.
/// The four sizes have no defaults: a missing size counts as 0, which is refused by name.
///
/// # Example
/// ```
/// use ancestral_format::MlpConfig;
///
/// let json = br#"{"_class_name": "ResidualMlp",
///     "columns": 2, "width": 128, "blocks": 3, "time_embed_dim": 64}"#;
/// let config = MlpConfig::from_json(json)?.config;
/// assert_eq!((config.columns, config.num_class_embeds), (2, None));
/// # Ok::<(), ancestral_format::MlpConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MlpConfig {
    /// Values of a row.
    pub columns: usize,
    /// Values of a row between the blocks.
    pub width: usize,
    /// Residual blocks.
    pub blocks: usize,
    /// Width of the time embedding, sinusoids and all: at least 2, a sine and a cosine.
    pub time_embed_dim: usize,
    /// Rows of the table of labels; `None`: the network takes no labels.
    pub num_class_embeds: Option<usize>,
    /// Whether the cosines come before the sines.
    pub flip_sin_to_cos: bool,
    /// Frequency i is 10000^(−i/(half − `freq_shift`)), i = 0..half.
    pub freq_shift: u32,
    /// Whether the prediction has a variance half: as many values again, after those of a row.
    pub predicts_variance: bool,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self {
            columns: 0,
            width: 0,
            blocks: 0,
            time_embed_dim: 0,
            num_class_embeds: None,
            flip_sin_to_cos: true,
            freq_shift: 0,
            predicts_variance: false,
        }
    }
}

impl MlpConfig {
    /// Reads `mlp/config.json`.
    ///
    /// # Errors
    /// If it is not the JSON config of a `ResidualMlp`, if a value is of the wrong type, or if
    /// [`validate`](Self::validate) refuses it.
    pub fn from_json(json: &[u8]) -> Result<Parsed<Self>, MlpConfigError> {
        let parsed: Parsed<Self> = config::from_json(json, &[CLASS])?;
        parsed.config.validate()?;
        Ok(parsed)
    }

    /// The text of `mlp/config.json`.
    #[must_use]
    pub fn to_json(&self) -> String {
        config::to_json(self, CLASS)
    }

    /// Values of the prediction for a row.
    #[must_use]
    pub fn outputs(&self) -> usize {
        if self.predicts_variance { 2 * self.columns } else { self.columns }
    }

    /// Checks that a network of this config can be built and run.
    ///
    /// # Errors
    /// If a size is too small or beyond all reason, or the time embedding is too narrow for
    /// `freq_shift`.
    pub fn validate(&self) -> Result<(), MlpConfigError> {
        let counts = [
            ("columns", self.columns, 1..=MOST_CHANNELS),
            ("width", self.width, 1..=MOST_CHANNELS),
            ("blocks", self.blocks, 1..=MOST_LAYERS),
            ("time_embed_dim", self.time_embed_dim, 2..=MOST_CHANNELS),
            ("num_class_embeds", self.num_class_embeds.unwrap_or(1), 1..=MOST_CLASSES),
        ];
        for (key, count, range) in counts {
            check_count(key, count, &range)?;
        }
        check_freq_shift(self.freq_shift, self.time_embed_dim, "time_embed_dim")?;
        Ok(())
    }
}

/// Why the config of a multilayer perceptron is refused.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MlpConfigError {
    /// It cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value is out of range.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

#[cfg(test)]
mod tests;
