//! Samplers × network calls.

mod exact;
#[cfg(feature = "datasets")]
mod model;
mod report;

use ancestral::{AnySampler, Sampler};

use crate::EvalError;

#[cfg(feature = "datasets")]
pub use model::Trials;
pub use report::{Block, Cell, Report, Row};

/// Samplers to be compared by numbers of network calls.
#[derive(Clone, Debug)]
pub struct Comparison {
    samplers: Vec<Named>,
    calls: Vec<usize>,
    /// Samples for each seed; by default 800, or 2000 with an exact denoiser.
    pub count: Option<usize>,
    /// The spacing of the steps: a name, perhaps with options.
    pub spacing: Option<String>,
}

/// A sampler: the user's text, and its parsed value.
type Named = (String, AnySampler);

impl Comparison {
    /// The samplers of a text such as `ddim,unipc:order=3,form=noise`, or all that converge with more
    /// network calls; each with these numbers of network calls.
    ///
    /// # Errors
    /// If there is no such sampler, or one is named twice.
    pub fn new(samplers: Option<&str>, calls: &[usize]) -> Result<Self, EvalError> {
        let mut calls = calls.to_vec();
        calls.sort_unstable();
        calls.dedup();
        Ok(Self { samplers: chosen(samplers)?, calls, count: None, spacing: None })
    }

    /// The report, unless no run was long enough for one step.
    fn checked(report: Report) -> Result<Report, EvalError> {
        if report.plotted().is_none() { Err(EvalError::TooFewCalls) } else { Ok(report) }
    }
}

/// The named samplers, or all that converge with more network calls.
fn chosen(text: Option<&str>) -> Result<Vec<Named>, EvalError> {
    let Some(text) = text else {
        let all = AnySampler::all().into_iter().filter(|sampler| sampler.info().order > 0);
        return Ok(all.map(|sampler| (sampler.info().name.to_owned(), sampler)).collect());
    };
    let mut named: Vec<Named> = Vec::new();
    for text in names(text) {
        let of = |source| EvalError::Option { setting: "samplers", source };
        let sampler = text.parse().map_err(of)?;
        if named.iter().any(|(known, _)| *known == text) {
            return Err(EvalError::Twice(text));
        }
        named.push((text, sampler));
    }
    Ok(named)
}

/// Splits at commas, but not at those between options: `unipc:order=3,form=noise,ddim` are two.
fn names(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split(',') {
        match names.last_mut() {
            Some(last) if part.contains('=') && !part.contains(':') => {
                *last = format!("{last},{part}");
            }
            _ => names.push(part.trim().to_owned()),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_stay_with_their_sampler() {
        let found = names("ddim,dpm-solver:order=2,form=data,unipc:order=3, heun");
        assert_eq!(found, ["ddim", "dpm-solver:order=2,form=data", "unipc:order=3", "heun"]);
    }
}
