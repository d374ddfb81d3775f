//! What was measured of a network, for its optimal variance.

use serde::{Deserialize, Serialize};

/// The mean squared noise that a network predicts on data, by level: its optimal variance follows from it
/// (Bao et al. 2022, arXiv:2201.06503).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutCalibration {
    /// The name of the data.
    pub data: String,
    /// How many rows of them were used.
    pub rows: u64,
    /// λ = ln(α/σ) of each level.
    pub lambda: Vec<f64>,
    /// The mean square of an element of the predicted noise at each level.
    pub squared_noise: Vec<f64>,
}

impl AboutCalibration {
    /// What is wrong, if the numbers are no such table.
    pub(super) fn problem(&self) -> Option<String> {
        let (levels, values) = (self.lambda.len(), self.squared_noise.len());
        if levels != values || levels == 0 {
            return Some(format!(
                "lambda has {levels} values and squared_noise {values}, expected as many of each, at \
                 least 1"
            ));
        }
        if let Some(lambda) = self.lambda.iter().find(|lambda| !lambda.is_finite()) {
            return Some(format!("lambda {lambda}, expected a finite number"));
        }
        let is_no_mean = |value: &&f64| !(value.is_finite() && **value >= 0.0);
        let value = self.squared_noise.iter().find(is_no_mean)?;
        Some(format!("squared_noise {value}, expected a number from 0"))
    }
}
