//! A column of a table.

use serde::{Deserialize, Deserializer, Serialize};

use crate::bounds::{AtMost, MOST_CHANNELS, OutOfRange, check, check_count};

/// No column has as many labels, or knots.
const MOST_LABELS: usize = 100_000;

/// A column of a table, and how the network sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutColumn {
    /// What the table calls it.
    pub name: String,
    /// How many numbers of a row of the network it takes.
    pub width: usize,
    /// How an empty cell is written; `None` if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hole: Option<String>,
    /// How numbers are written; `None`: as programs write them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notation: Option<AboutNotation>,
    /// What it holds.
    pub kind: AboutColumnKind,
}

/// How the numbers of a column are written: `$1,234.50`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutNotation {
    /// What is before the digits.
    pub before: String,
    /// What is after them.
    pub after: String,
    /// The mark between thousands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thousands: Option<char>,
    /// The decimal mark.
    pub decimal: char,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AboutColumnKind {
    /// Numbers.
    Number(AboutNumber),
    /// One of several words or numbers.
    Category(AboutCategory),
    /// Dates and times.
    Date(AboutDate),
    /// This text and nothing else.
    Constant(String),
}

/// Numbers, some of which may have a mass of their own.
///
/// The network sees a scaled number (0 for a mass and for a hole), and which state the cell is in: any other
/// number, one of the masses, or a hole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutNumber {
    /// How they are scaled.
    pub scale: AboutScale,
    /// To how many decimals they are rounded; `None` if they are not.
    pub decimals: Option<u32>,
    /// How many decimals are written at least.
    pub padding: u32,
    /// The smallest that is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// The largest that is drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    /// Values that have a mass of their own.
    #[serde(deserialize_with = "at_most")]
    pub masses: Vec<f64>,
    /// The share of each state.
    #[serde(deserialize_with = "at_most")]
    pub shares: Vec<f64>,
}

/// How numbers are scaled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AboutScale {
    /// `(value − mean)/deviation`.
    Standard {
        /// The mean of the values.
        mean: f64,
        /// Their standard deviation; 1 if they are all the same.
        deviation: f64,
    },
    /// Normal scores: straight lines between knots, evenly spaced from −edge to edge.
    Scores {
        /// The last knot.
        edge: f64,
        /// The value at each knot.
        #[serde(deserialize_with = "at_most")]
        values: Vec<f64>,
    },
}

/// One of several words or numbers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutCategory {
    /// As the table has them, ascending.
    #[serde(deserialize_with = "at_most")]
    pub labels: Vec<String>,
    /// Whether they are numbers, and ascend as such.
    pub are_numbers: bool,
    /// The share of each, and that of holes if there are some.
    #[serde(deserialize_with = "at_most")]
    pub shares: Vec<f64>,
}

/// Dates and times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AboutDate {
    /// The pattern of all of them, such as `YYYY-MM-DD hh:mm:ss` or `D.M.YYYY`.
    pub format: String,
    /// Days since 1970-01-01, units since midnight, or both.
    #[serde(deserialize_with = "at_most")]
    pub parts: Vec<AboutNumber>,
    /// The units of which all times of day are multiples.
    #[serde(default = "one")]
    pub step: i64,
}

fn one() -> i64 {
    1
}

/// Reads no more entries than a column has.
fn at_most<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    AtMost::<MOST_LABELS, T>::deserialize(from).map(|AtMost(list)| list)
}

impl AboutColumn {
    pub(super) fn validate(&self) -> Result<(), OutOfRange> {
        check_count("width", self.width, &(1..=MOST_CHANNELS))?;
        match &self.kind {
            AboutColumnKind::Number(number) => number.validate(),
            AboutColumnKind::Category(AboutCategory { labels, shares, .. }) => {
                check(!labels.is_empty(), "labels", "[]", "words, at least one")?;
                check_finite("shares", shares)
            }
            AboutColumnKind::Date(date) => date.parts.iter().try_for_each(AboutNumber::validate),
            AboutColumnKind::Constant(_) => Ok(()),
        }
    }
}

impl AboutNumber {
    fn validate(&self) -> Result<(), OutOfRange> {
        match &self.scale {
            AboutScale::Standard { mean, deviation } => {
                check(mean.is_finite(), "mean", mean, "finite")?;
                let positive = *deviation > 0.0 && deviation.is_finite();
                check(positive, "deviation", deviation, "positive and finite")?;
            }
            AboutScale::Scores { edge, values } => {
                check(*edge > 0.0 && edge.is_finite(), "edge", edge, "positive and finite")?;
                check_finite("values", values)?;
            }
        }
        let bounds: Vec<f64> = [self.min, self.max].into_iter().flatten().collect();
        check_finite("min and max", &bounds)?;
        check_finite("masses", &self.masses)?;
        check_finite("shares", &self.shares)
    }
}

fn check_finite(key: &'static str, values: &[f64]) -> Result<(), OutOfRange> {
    let unfit = values.iter().find(|value| !value.is_finite());
    unfit.map_or(Ok(()), |value| check(false, key, value, "finite"))
}
