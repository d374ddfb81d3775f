//! `ancestral compare`: samplers × network calls.

mod exact;
#[cfg_attr(not(feature = "pictures"), path = "compare/no_model.rs")]
mod model;
mod report;

use ancestral::{AnySampler, Sampler};
use anyhow::{Context, Result, bail};

use crate::args::CompareArgs;
use report::Destination;

pub fn run(args: &CompareArgs) -> Result<()> {
    let samplers = chosen(args)?;
    let mut calls = args.calls.clone();
    calls.sort_unstable();
    calls.dedup();
    let destination = args.output.as_deref().map(|path| Destination::new(path, args.force));
    let destination = destination.transpose()?;
    let report = match &args.model {
        None => exact::compare(args, &samplers, &calls)?,
        Some(_) => model::compare(args, &samplers, &calls)?,
    };
    if report.plotted().is_none() {
        bail!("--calls: too few for one step of any of these samplers; raise --calls");
    }
    // Files are written first, so that nothing is lost if the reader closes stdout.
    if let Some(destination) = destination {
        report.write(&destination)?;
    }
    super::print(&report.text())
}

/// A sampler: the user's text, and its parsed value.
type Named = (String, AnySampler);

/// The named samplers, or all that converge with more network calls.
fn chosen(args: &CompareArgs) -> Result<Vec<Named>> {
    let Some(text) = &args.samplers else {
        let all = AnySampler::all().into_iter().filter(|sampler| sampler.info().order > 0);
        return Ok(all.map(|sampler| (sampler.info().name.to_owned(), sampler)).collect());
    };
    let mut named: Vec<Named> = Vec::new();
    for text in names(text) {
        let sampler = text.parse().context("--samplers")?;
        if named.iter().any(|(known, _)| *known == text) {
            bail!("--samplers: {text} appears twice");
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
