//! The settings of a run from the flags.

use ancestral_pipeline::{Model, Settings};
use anyhow::Result;

use crate::args::{ProcessArgs, SampleArgs, SteeringArgs, Wrapped};
use crate::rows::Source;

impl ProcessArgs {
    /// Puts these flags into settings.
    pub fn settings(&self) -> Settings {
        let Self { steps, calls, sampler, eta, variance, spacing, visit, clip, no_clip } = self;
        let mut settings = Settings::new();
        (settings.steps, settings.calls) = (*steps, *calls);
        settings.sampler.clone_from(sampler);
        settings.eta = *eta;
        settings.variance.clone_from(variance);
        settings.spacing.clone_from(spacing);
        settings.visit.clone_from(visit);
        settings.clip = (*clip || *no_clip).then_some(*clip);
        settings
    }
}

impl SampleArgs {
    /// All flags as settings, with the data of files.
    pub fn settings(&self, model: &Model) -> Result<Settings> {
        let quiet = self.compute.quiet;
        let mut settings = self.process.settings();
        (settings.count, settings.first, settings.seed) = (self.count, self.first, self.seed);
        (settings.batch, settings.null_label) = (self.batch, self.null_label);
        settings.class.clone_from(&self.class);
        (settings.rng, settings.compat) = (self.rng, self.compat);
        let SteeringArgs {
            guidance,
            guidance_rescale,
            guidance_interval,
            given,
            inpaint,
            mask,
            from,
            strength,
            interpolate,
        } = &self.steering;
        (settings.guidance, settings.guidance_rescale) = (*guidance, *guidance_rescale);
        settings.guidance_interval = guidance_interval.map(|Wrapped(interval)| interval);
        (settings.strength, settings.interpolate) = (*strength, *interpolate);
        let source = |flag, path| Source { flag, path };
        let init = self.init.as_deref().map(|path| source("--init", path).noise(model));
        settings.init = init.transpose()?;
        let from = from.as_deref().map(|path| source("--from", path).rows(model, quiet));
        settings.from = from.transpose()?;
        let mask = mask.as_deref().map(|path| source("--mask", path));
        let inpaint = inpaint.as_deref().map(|path| source("--inpaint", path));
        let known = inpaint.map(|inpaint| inpaint.known(mask, model, quiet));
        settings.inpaint = known.transpose()?;
        let given = given.as_deref().map(|path| source("--given", path).given(model));
        settings.given = given.transpose()?;
        Ok(settings)
    }

    /// The files that the flags name, for the metadata of pictures.
    pub fn files(&self) -> Vec<(String, String)> {
        let SteeringArgs { given, inpaint, mask, from, .. } = &self.steering;
        let files = [
            ("init", &self.init),
            ("given", given),
            ("inpaint", inpaint),
            ("mask", mask),
            ("from", from),
        ];
        let named = files.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?)));
        named.map(|(key, path)| (key.to_owned(), path.display().to_string())).collect()
    }
}
