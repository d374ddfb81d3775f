//! How samples are guided towards their classes.

use ancestral::Level;
use ancestral::denoiser::{Guidance, GuidanceInterval};

use crate::error::{Problem, SettingError};
use crate::model::{Classes, Model};
use crate::settings::{Setting, Settings};

/// How to guide, and the label that means "none"; `None` without guidance.
pub(crate) fn guidance(
    settings: &Settings,
    model: &Model,
) -> Result<Option<(Guidance, u32)>, SettingError> {
    let Some(weight) = settings.guidance else {
        let about = [
            (Setting::GuidanceRescale, settings.guidance_rescale.is_some()),
            (Setting::GuidanceInterval, settings.guidance_interval.is_some()),
        ];
        return match about.into_iter().find(|(_, is_given)| *is_given) {
            Some((setting, _)) => {
                let other = Setting::Guidance.name();
                Err(SettingError::new(setting, Problem::Needs { other }))
            }
            None => Ok(None),
        };
    };
    let no_null = || {
        let name = model.name().to_owned();
        let problem = match model.classes() {
            Classes::None => Problem::NoClasses { model: name },
            Classes::Named { .. }
            | Classes::Numbered { .. }
            | Classes::Numbers
            | Classes::Vectors => Problem::NoNullLabel { model: name },
        };
        SettingError::of(Setting::Guidance, weight, problem)
    };
    let null = model.null_label(settings)?.ok_or_else(no_null)?;
    let at = |setting| move |problem| SettingError::new(setting, Problem::Guidance(problem));
    let mut guidance = Guidance::new(weight).map_err(at(Setting::Guidance))?;
    if let Some(share) = settings.guidance_rescale {
        guidance = guidance.with_rescale(share).map_err(at(Setting::GuidanceRescale))?;
    }
    if let Some([low, high]) = settings.guidance_interval {
        if !(low >= 0.0 && low < high) {
            let (setting, value) = (Setting::GuidanceInterval, format!("{low},{high}"));
            return Err(SettingError::of(setting, value, Problem::Interval));
        }
        let level = |sigma: f64| {
            let level = Level::from_lambda(-sigma.ln());
            level.map_err(|problem| SettingError::new(Setting::GuidanceInterval, problem))
        };
        let interval = GuidanceInterval::new(level(high)?, level(low)?);
        guidance = guidance.within(interval.map_err(at(Setting::GuidanceInterval))?);
    }
    Ok(Some((guidance, null)))
}
