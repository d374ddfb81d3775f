//! From noise to data: by our own samplers, or as diffusers does it.

mod denoiser;
mod diffusers;
mod own;

use std::sync::Arc;

use ancestral::compat::{self, Scheduler};
use ancestral::options::{OptionError, Options};
use ancestral::variance::ReverseVariance;
use ancestral::{AnySampler, AnySpacing, Grid, Level, Sampler, Variance};
use ancestral_format::{DIFFUSERS_VERSION, SchedulerClass};

use crate::error::{Error, Noted, Notice, Problem, SettingError};
use crate::model::Model;
use crate::settings::{Compat, Setting, Settings};

pub(crate) use denoiser::{Limit, Stack};

/// From noise to data, as settings and a model say it; a [`Plan`](crate::Plan) also says of which
/// samples.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Process {
    /// By our own sampler.
    Own {
        /// The sampler.
        sampler: AnySampler,
        /// The points that it visits.
        grid: Grid,
        /// Whether estimates are clipped or thresholded as the model's config says.
        clip: bool,
    },
    /// By one of diffusers' schedulers, number by number.
    Diffusers {
        /// The scheduler.
        scheduler: Arc<dyn Scheduler>,
        /// What it is called here, with its options.
        sampler: String,
    },
}

impl Process {
    /// That of the settings; what they leave open, the model says.
    ///
    /// # Errors
    /// If a setting is invalid.
    pub fn new(settings: &Settings, model: &Model) -> Result<Noted<Self>, Error> {
        check_together(settings)?;
        let mut notices = Vec::new();
        let value = match settings.compat {
            Some(Compat::Diffusers) => diffusers::process(settings, model),
            None => own::process(settings, model, &mut notices),
        }?;
        notices.extend(note_distillation(&value, model));
        Ok(Noted { value, notices })
    }

    /// Where a run of diffusers with the same settings would differ.
    ///
    /// # Errors
    /// If diffusers has no such run.
    pub fn differences(
        &self,
        settings: &Settings,
        model: &Model,
    ) -> Result<Vec<compat::Difference>, Error> {
        match self {
            Self::Diffusers { scheduler, .. } => Ok(scheduler.differences()),
            Self::Own { .. } => {
                let scheduler = diffusers::scheduler(settings, model, self.hops())?.0;
                let mut found = scheduler.differences();
                // A list of the user's begins where it begins, in our run too.
                let is_ours = |found: &_| matches!(found, compat::Difference::SingleStep { .. });
                found.retain(|found| settings.visit.is_none() || !is_ours(found));
                Ok(found)
            }
        }
    }

    /// How many hops it makes, the network calls in one.
    #[must_use]
    pub fn hops(&self) -> usize {
        match self {
            Self::Own { grid, .. } => grid.points().len(),
            Self::Diffusers { scheduler, .. } => scheduler.timesteps().len(),
        }
    }

    /// How often it calls the network.
    #[must_use]
    pub fn calls(&self) -> usize {
        match self {
            Self::Own { sampler, grid, .. } => sampler.calls(grid),
            Self::Diffusers { scheduler, .. } => scheduler.timesteps().len(),
        }
    }

    /// The sampler, with its options.
    #[must_use]
    pub fn sampler(&self) -> String {
        match self {
            Self::Own { sampler, .. } => sampler.to_string(),
            Self::Diffusers { sampler, .. } => sampler.clone(),
        }
    }

    /// Whether its steps draw noise.
    #[must_use]
    pub fn is_stochastic(&self) -> bool {
        match self {
            Self::Own { sampler, .. } => sampler.info().stochastic,
            Self::Diffusers { .. } => true,
        }
    }

    /// Sampler, steps and timesteps, as pairs of a key and a value. `steps` are those before it was
    /// [cut](Self::cut).
    pub(crate) fn provenance(&self, steps: usize) -> Vec<(&'static str, String)> {
        let joined = |timesteps: Vec<String>| timesteps.join(" ");
        let (timesteps, clips) = match self {
            Self::Own { grid, clip, .. } => {
                let known = grid.points().iter().filter_map(|point| point.timestep);
                let timesteps = known.map(|timestep| timestep.to_string()).collect();
                (timesteps, *clip)
            }
            Self::Diffusers { scheduler, .. } => {
                let timesteps = scheduler.timesteps().iter().map(ToString::to_string).collect();
                let config = scheduler.config();
                (timesteps, config.clip.is_some() || config.threshold.is_some())
            }
        };
        let compat = match self {
            Self::Own { .. } => None,
            Self::Diffusers { scheduler, .. } => {
                Some(("compat", format!("diffusers {DIFFUSERS_VERSION} {}", scheduler.class())))
            }
        };
        let own = [
            ("sampler", self.sampler()),
            ("steps", steps.to_string()),
            ("timesteps", joined(timesteps)),
            ("clip", if clips { "yes" } else { "no" }.to_owned()),
        ];
        own.into_iter().chain(compat).collect()
    }

    /// Leaves the last part of it, as [`Grid::cut`] does, and returns where that begins.
    pub(crate) fn cut(&mut self, strength: f64) -> Result<Level, Error> {
        match self {
            Self::Own { grid, .. } => {
                let cut = grid.cut(strength);
                *grid = cut.map_err(|problem| SettingError::new(Setting::Strength, problem))?;
                Ok(grid.points()[0].level)
            }
            Self::Diffusers { .. } => {
                let error = SettingError::of(Setting::Strength, strength, Problem::NotInCompat);
                Err(error.into())
            }
        }
    }
}

/// Says so if a sampler is for models of another kind.
fn note_distillation(process: &Process, model: &Model) -> Option<Notice> {
    let is_lcm = match process {
        Process::Own { sampler, .. } => matches!(sampler, AnySampler::Lcm(_)),
        Process::Diffusers { scheduler, .. } => scheduler.class() == SchedulerClass::Lcm.name(),
    };
    (is_lcm && model.folder().scheduler.class != SchedulerClass::Lcm).then(|| {
        Notice::warning(format!(
            "lcm is for models distilled to it, which predict clean data in a single step; model {} is \
             made for {}",
            model.name(),
            model.folder().scheduler.class
        ))
    })
}

/// Refuses settings that say the same thing in two ways.
fn check_together(settings: &Settings) -> Result<(), SettingError> {
    let pairs = [
        (Setting::Calls, settings.calls.is_some(), Setting::Steps, settings.steps.is_some()),
        (Setting::Calls, settings.calls.is_some(), Setting::Visit, settings.visit.is_some()),
        (Setting::Visit, settings.visit.is_some(), Setting::Steps, settings.steps.is_some()),
        (Setting::Visit, settings.visit.is_some(), Setting::Spacing, settings.spacing.is_some()),
        (Setting::Eta, settings.eta.is_some(), Setting::Variance, settings.variance.is_some()),
        (Setting::From, settings.from.is_some(), Setting::Init, settings.init.is_some()),
        (Setting::Given, settings.given.is_some(), Setting::Init, settings.init.is_some()),
        (Setting::Given, settings.given.is_some(), Setting::From, settings.from.is_some()),
        (Setting::Given, settings.given.is_some(), Setting::Inpaint, settings.inpaint.is_some()),
        (
            Setting::Given,
            settings.given.is_some(),
            Setting::Interpolate,
            settings.interpolate.is_some(),
        ),
        (
            Setting::From,
            settings.from.is_some(),
            Setting::Interpolate,
            settings.interpolate.is_some(),
        ),
        (
            Setting::Count,
            settings.count.is_some(),
            Setting::Interpolate,
            settings.interpolate.is_some(),
        ),
    ];
    if let Some((one, _, other, _)) = pairs.into_iter().find(|(_, one, _, other)| *one && *other) {
        return Err(SettingError::new(one, Problem::Together { other: other.name() }));
    }
    if settings.strength.is_some() && settings.from.is_none() {
        let other = Setting::From.name();
        return Err(SettingError::new(Setting::Strength, Problem::Needs { other }));
    }
    let own_alone = [
        (Setting::Guidance, settings.guidance.is_some()),
        (Setting::Inpaint, settings.inpaint.is_some()),
        (Setting::Given, settings.given.is_some()),
        (Setting::From, settings.from.is_some()),
        (Setting::Interpolate, settings.interpolate.is_some()),
    ];
    match own_alone.into_iter().find(|(_, is_given)| *is_given && settings.compat.is_some()) {
        Some((setting, _)) => Err(SettingError::new(setting, Problem::NotInCompat)),
        None => Ok(()),
    }
}

/// Whether the settings and the model want clean estimates clipped or thresholded.
pub(crate) fn clips(settings: &Settings, model: &Model) -> Result<bool, Error> {
    let config = &model.folder().scheduler;
    let clip = settings.clip.unwrap_or(config.clip_sample || config.thresholding);
    if clip && !config.thresholding && config.clip_sample_range <= 0.0 {
        let (range, model) = (config.clip_sample_range, model.name().to_owned());
        return Err(SettingError::new(Setting::Clip, Problem::Unclippable { model, range }).into());
    }
    Ok(clip)
}

/// The name of a sampler with its options, and the setting that says it; `None` if the settings leave
/// it to the model. η alone is DDIM's.
fn named(settings: &Settings) -> Result<Option<(Setting, String, Options)>, SettingError> {
    let split = |setting: Setting, text: &str| {
        let (name, options) =
            Options::split(text).map_err(|problem| SettingError::new(setting, problem))?;
        Ok((setting, name, options))
    };
    let Some(eta) = settings.eta else {
        return settings.sampler.as_ref().map(|text| split(Setting::Sampler, text)).transpose();
    };
    match settings.sampler.as_deref() {
        None | Some("ddim") => split(Setting::Eta, &format!("ddim:eta={eta}")).map(Some),
        Some(text) => {
            let problem = Problem::EtaTwice { sampler: text.to_owned(), eta };
            Err(SettingError::of(Setting::Eta, eta, problem))
        }
    }
}

/// Refuses a variance that the network would have to predict, and does not.
fn check_variance(name: &str, is_learned: bool, model: &Model) -> Result<(), SettingError> {
    if is_learned && !model.predicts_variance() {
        let problem = Problem::NotPredicted { model: model.name().to_owned() };
        return Err(SettingError::of(Setting::Variance, name, problem));
    }
    let own = model.folder().scheduler.variance();
    if is_learned && own.is_learned() && own.name() != name {
        let problem = Problem::OtherLearned { model: model.name().to_owned(), own };
        return Err(SettingError::of(Setting::Variance, name, problem));
    }
    Ok(())
}

/// The spacing that is set.
fn spacing(settings: &Settings) -> Result<Option<AnySpacing>, SettingError> {
    let parsed = settings.spacing.as_ref().map(|text| text.parse()).transpose();
    parsed.map_err(|problem: OptionError| SettingError::new(Setting::Spacing, problem))
}

/// The name of the variance that was measured for a model.
const OPTIMAL: &str = "optimal";

/// The variance that is set.
fn variance(settings: &Settings, model: &Model) -> Result<Option<ReverseVariance>, SettingError> {
    let Some(name) = &settings.variance else { return Ok(None) };
    if name == OPTIMAL {
        let found = model.optimal_variance().ok_or_else(|| {
            let problem = Problem::NotCalibrated { model: model.name().to_owned() };
            SettingError::of(Setting::Variance, name, problem)
        })?;
        return Ok(Some(found.into()));
    }
    let named = name.parse::<Variance>();
    named.map(|variance| Some(variance.into())).map_err(|_| {
        SettingError::new(Setting::Variance, Problem::NoSuchVariance { name: name.clone() })
    })
}
