//! Errors and notices of libraries, with the names of flags instead of settings.

use std::borrow::Cow;

use ancestral_eval::EvalError;
use ancestral_pipeline::{Error, Setting, SettingError};

use crate::failure::Failed;

/// The flag of a setting.
fn flag(setting: &str) -> Cow<'static, str> {
    match setting {
        "count" => "-n".into(),
        "output" => "-o".into(),
        _ => format!("--{}", setting.replace('_', "-")).into(),
    }
}

/// A text with its settings, in backticks, replaced by flags.
pub fn spelled(text: &str) -> String {
    let settings = Setting::ALL.iter().map(|setting| setting.name());
    #[cfg(feature = "train")]
    let settings = settings.chain(ancestral_run::SETTINGS);
    let settings = settings.chain(ancestral_eval::SETTINGS);
    settings.fold(text.to_owned(), |text, setting| {
        text.replace(&format!("`{setting}`"), &flag(setting))
    })
}

/// The error of an evaluation with flags instead of settings.
pub fn evaluated(error: EvalError) -> anyhow::Error {
    if let EvalError::Pipeline(error) = error {
        return flagged(error);
    }
    // Its text may list files.
    #[cfg(feature = "pictures")]
    if let EvalError::Open(error) = error {
        return anyhow::Error::new(error).context("--data");
    }
    reworded(anyhow::Error::new(error))
}

/// The same, where the data are an argument without a flag.
pub fn measured(error: EvalError) -> anyhow::Error {
    #[cfg(feature = "pictures")]
    if let EvalError::Open(error) = error {
        return error.into();
    }
    let error = evaluated(error);
    let text = format!("{error:#}");
    text.strip_prefix("--data ").map_or(error, |text| anyhow::anyhow!("{text}"))
}

/// The error with flags instead of settings.
fn reworded(error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    let spelled = spelled(&text);
    // Only the error itself tells whether the disk is full, and whether its text lists files.
    if spelled == text { error } else { anyhow::anyhow!(spelled) }
}

/// The error of a run with flags instead of settings, and as one of the program's.
#[cfg(feature = "train")]
pub fn raised(error: ancestral_run::RunError) -> anyhow::Error {
    use ancestral_run::RunError;

    match error {
        RunError::Pipeline(error) => flagged(error),
        // Its text may list files.
        RunError::Data(error) => anyhow::Error::new(*error),
        RunError::DataOfRun { source } => {
            raised(*source).context("the data of the run; if they were moved, give their new path")
        }
        RunError::Failed(error) => Failed(anyhow::Error::from_boxed(error)).into(),
        error @ (RunError::Setting(_)
        | RunError::Folder(_)
        | RunError::Held(_)
        | RunError::OtherData { .. }
        | RunError::Classes(_)
        | RunError::Train(_)
        | RunError::Recipe(_)
        | RunError::Schedule(_)
        | RunError::Network(_)
        | RunError::Memory { .. }
        | RunError::Checkpoint(_)
        | RunError::NoFolder(_)
        | RunError::NoCheckpoint(_)
        | _) => reworded(anyhow::Error::new(error)),
    }
}

/// The error with flags instead of settings.
pub fn flagged(error: impl Into<Error>) -> anyhow::Error {
    let error = error.into();
    if let Error::Setting(SettingError { setting, value, problem }) = error {
        let value = value.map(|value| format!(" {value}")).unwrap_or_default();
        return anyhow::anyhow!(
            "{}{value}: {}",
            flag(setting.name()),
            spelled(&problem.to_string())
        );
    }
    let is_of_network = matches!(error, Error::Network { .. });
    let text = spelled(&format!("{:#}", anyhow::Error::new(error)));
    if is_of_network { Failed(anyhow::anyhow!(text)).into() } else { anyhow::anyhow!(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_spelled_as_flags() {
        assert_eq!(spelled("take `rng` torch-each"), "take --rng torch-each");
        assert_eq!(spelled("lower `count` or `batch`"), "lower -n or --batch");
        assert_eq!(
            spelled("`guidance_rescale` needs `guidance`"),
            "--guidance-rescale needs --guidance"
        );
        assert_eq!(spelled("a `word`"), "a `word`");
    }
}
