//! What samples are to be, beyond their class: guided towards it, and partly known.

use ancestral::{Guidance, Known, Level};
use anyhow::{Context, Result};

use crate::args::{SteeringArgs, Wrapped};
use crate::model::Model;
use crate::rows::Source;

/// What estimates are steered by.
#[derive(Clone, Debug, Default)]
pub struct Steering {
    /// How to guide, and the label that means "none".
    pub guidance: Option<(Guidance, u32)>,
    /// What is known of the samples.
    pub known: Option<Known>,
}

impl Steering {
    /// As the flags say.
    pub fn new(args: &SteeringArgs, model: &Model, quiet: bool) -> Result<Self> {
        let guidance = args.guidance.map(|weight| guidance(weight, args, model)).transpose()?;
        let source = |flag, path| Source { flag, path };
        let mask = args.mask.as_deref().map(|path| source("--mask", path));
        let inpaint = args.inpaint.as_deref().map(|path| source("--inpaint", path));
        let known = inpaint.map(|inpaint| inpaint.known(mask, model, quiet)).transpose()?;
        Ok(Self { guidance, known })
    }

    /// What it is of the samples `range`.
    pub fn slice(&self, range: std::ops::Range<usize>) -> Self {
        Self { known: self.known.as_ref().map(|known| known.slice(range)), ..self.clone() }
    }
}

fn guidance(weight: f64, args: &SteeringArgs, model: &Model) -> Result<(Guidance, u32)> {
    let null = model.null_label().with_context(|| {
        format!(
            "--guidance {weight}: model {} knows no label that means none, which one trained with \
             label dropout does",
            model.name
        )
    })?;
    let mut guidance = Guidance::new(weight).context("--guidance")?;
    if let Some(share) = args.guidance_rescale {
        guidance = guidance.with_rescale(share).context("--guidance-rescale")?;
    }
    if let Some(Wrapped([low, high])) = args.guidance_interval {
        let level = |sigma: f64| Level::from_lambda(-sigma.ln());
        guidance = guidance.within(level(high)?, level(low)?).context("--guidance-interval")?;
    }
    Ok((guidance, null))
}

/// What tells runs that are steered so from others.
pub fn metadata(args: &SteeringArgs) -> Vec<(&'static str, String)> {
    let number = |value: Option<f64>| value.map(|value| value.to_string());
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|p| p.display().to_string());
    let interval = args.guidance_interval.map(|Wrapped([low, high])| format!("{low},{high}"));
    let pairs = [
        ("guidance", number(args.guidance)),
        ("guidance-rescale", number(args.guidance_rescale)),
        ("guidance-interval", interval),
        ("inpaint", path(&args.inpaint)),
        ("mask", path(&args.mask)),
        ("from", path(&args.from)),
        ("strength", number(args.strength)),
        ("interpolate", args.interpolate.map(|between| between.to_string())),
    ];
    pairs.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
}
