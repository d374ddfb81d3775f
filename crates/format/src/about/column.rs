//! A column of a table.

use serde::{Deserialize, Serialize};

use crate::bounds::{OutOfRange, check};

/// A column of a table, and how the network sees it.
///
/// # Formula
/// ```text
/// standardised = (value − mean) / deviation
/// ```
/// It is undone on output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutColumn {
    /// What the table calls it.
    pub name: String,
    /// Which values it can have.
    pub kind: AboutColumnKind,
    /// The mean of its values.
    pub mean: f64,
    /// The standard deviation of its values; 1 if they are all the same.
    pub deviation: f64,
}

/// Which values a column can have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AboutColumnKind {
    /// Any number.
    Real,
    /// Whole numbers.
    Integer,
    /// One of these.
    Discrete(Vec<f64>),
    /// The mean and nothing else.
    Constant,
}

impl AboutColumn {
    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        check(self.mean.is_finite(), "mean", self.mean, "finite")?;
        let positive = self.deviation > 0.0 && self.deviation.is_finite();
        check(positive, "deviation", self.deviation, "positive and finite")?;
        match &self.kind {
            AboutColumnKind::Discrete(values) => {
                let finite = !values.is_empty() && values.iter().all(|value| value.is_finite());
                check(finite, "discrete", format_args!("{values:?}"), "finite values, at least one")
            }
            AboutColumnKind::Real | AboutColumnKind::Integer | AboutColumnKind::Constant => Ok(()),
        }
    }
}
