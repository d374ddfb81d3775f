//! The variational bound as a table, as CSV, and as a plot.

use std::fmt::{self, Write as _};

use ancestral::Grid;
use ancestral::grid::Hop;
use ancestral::likelihood::{Bound, Decoder, Estimate};
use ancestral_data::{ErrorLine, Raster, error_chart};
use ancestral_pipeline::Model;
use serde::Serialize;

use crate::{EvalError, Reference};

/// Groups of hops whose bits the text shows.
const SHOWN: usize = 10;

/// What bits are counted of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Units {
    /// One of so many evenly spaced values.
    Values(u32),
    /// The density in model space; they may be negative.
    Density,
}

impl From<Decoder> for Units {
    fn from(decoder: Decoder) -> Self {
        match decoder {
            Decoder::Bins(bins) => Self::Values(bins.count()),
            Decoder::Density => Self::Density,
        }
    }
}

impl fmt::Display for Units {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Values(count) => write!(f, "of {count} values"),
            Self::Density => f.write_str("of the density in model space"),
        }
    }
}

/// The variational bound of some data.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct LikelihoodReport {
    /// The model.
    pub model: String,
    /// The data.
    pub data: String,
    /// Rows of the data.
    pub rows: u64,
    /// What bits are counted of.
    pub units: Units,
    /// The variance of the reverse process.
    pub variance: &'static str,
    /// Bits per dimension: the whole bound, the mean over rows.
    pub bits: f64,
    /// Its standard error over rows.
    pub standard_error: Option<f64>,
    /// The prior term.
    pub prior: f64,
    /// The term of each hop, the noisiest first; of the last hop the decoder's.
    pub hops: Vec<HopBits>,
}

/// The term of one hop.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct HopBits {
    /// The timestep that it begins at, if it is one.
    pub timestep: Option<f64>,
    /// λ = ln(α/σ) there; `None` at pure noise.
    pub lambda: Option<f64>,
    /// Bits per dimension: the mean over rows.
    pub bits: f64,
    /// Its standard error over rows.
    pub standard_error: Option<f64>,
}

impl LikelihoodReport {
    pub(super) fn new(
        model: &Model,
        data: &Reference,
        decoder: Decoder,
        variance: &'static str,
        grid: &Grid,
        bound: &Bound,
    ) -> Self {
        let hop = |(hop, bits): (Hop, &Estimate)| HopBits {
            timestep: hop.from().timestep,
            lambda: Some(hop.from().level.lambda()).filter(|lambda| lambda.is_finite()),
            bits: bits.mean(),
            standard_error: bits.standard_error(),
        };
        Self {
            model: model.name().to_owned(),
            data: data.name.clone(),
            rows: bound.total().count(),
            units: decoder.into(),
            variance,
            bits: bound.total().mean(),
            standard_error: bound.total().standard_error(),
            prior: bound.prior().mean(),
            hops: grid.hops().zip(bound.hops()).map(hop).collect(),
        }
    }

    /// As text for a terminal: the bound, and where it comes from.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { model, data, rows, units, variance, bits, prior, hops, .. } = self;
        let error = self.standard_error.map_or_else(String::new, |error| format!(" ± {error:.4}"));
        let mut text = format!(
            "{model} on {data}, {rows} rows: at most {bits:.4}{error} bits per dimension ({units}; \
             variance {variance}, {} hops)\n\n",
            hops.len()
        );
        let mut line = |what: &str, bits: f64| {
            let _ = writeln!(text, "{what:<24}{bits:>10.4}");
        };
        line("prior", *prior);
        if let Some((last, others)) = hops.split_last() {
            for hops in others.chunks(others.len().div_ceil(SHOWN).max(1)) {
                let ends = [&hops[0], &hops[hops.len() - 1]].map(HopBits::place);
                let what = format!("from t = {} to {}", ends[0], ends[1]);
                line(&what, hops.iter().map(|hop| hop.bits).sum());
            }
            line("decoder", last.bits);
        }
        text
    }

    /// The curve by hop as comma-separated values, at full precision.
    #[must_use]
    pub fn csv(&self) -> String {
        let written = |value: Option<f64>| value.map_or_else(String::new, |v| v.to_string());
        let mut text = "hop,timestep,lambda,bits,standard_error\n".to_owned();
        for (index, hop) in self.hops.iter().enumerate() {
            let HopBits { timestep, lambda, bits, standard_error } = hop;
            let [timestep, lambda] = [*timestep, *lambda].map(written);
            let error = written(*standard_error);
            let _ = writeln!(text, "{index},{timestep},{lambda},{bits},{error}");
        }
        text
    }

    /// The curve by hop as a plot: the bits of each hop by its timestep. `None` if there is nothing
    /// that logarithmic axes can show.
    ///
    /// # Errors
    /// If the plot can't be drawn.
    pub fn plot(&self) -> Result<Option<Raster>, EvalError> {
        let point = |hop: &HopBits| Some((hop.timestep? + 1.0, hop.bits));
        let points = self.hops.iter().rev().filter_map(point);
        let points: Vec<_> = points.filter(|(_, bits)| *bits > 0.0 && bits.is_finite()).collect();
        if points.is_empty() {
            return Ok(None);
        }
        let title = format!("{} on {}: {:.3} bits per dimension", self.model, self.data, self.bits);
        let line = ErrorLine { name: self.variance.to_owned(), points };
        Ok(Some(error_chart(&title, ["timestep + 1", "bits per dimension of a hop"], &[line])?))
    }
}

impl HopBits {
    fn place(&self) -> String {
        self.timestep.map_or_else(|| "?".to_owned(), |timestep| timestep.to_string())
    }
}
