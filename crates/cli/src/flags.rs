//! Errors and notices of the pipeline, with the names of flags instead of settings.

use std::borrow::Cow;

use ancestral_pipeline::{Error, Setting, SettingError};

use crate::failure::Failed;

/// The flag of a setting.
fn flag(setting: Setting) -> Cow<'static, str> {
    if setting == Setting::Count {
        "-n".into()
    } else {
        format!("--{}", setting.name().replace('_', "-")).into()
    }
}

/// A text with its settings, in backticks, replaced by flags.
pub fn spelled(text: &str) -> String {
    Setting::ALL.iter().fold(text.to_owned(), |text, setting| {
        text.replace(&format!("`{}`", setting.name()), &flag(*setting))
    })
}

/// The error with flags instead of settings.
pub fn flagged(error: impl Into<Error>) -> anyhow::Error {
    let error = error.into();
    if let Error::Setting(SettingError { setting, value, problem }) = error {
        let value = value.map(|value| format!(" {value}")).unwrap_or_default();
        return anyhow::anyhow!("{}{value}: {}", flag(setting), spelled(&problem.to_string()));
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
