//! What draws the same samples again: a command, and a call.

use ancestral_pipeline::Settings;
use serde_json::{Map, Value, json};

use crate::form::Form;

/// The command and the call that draw the same again.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    /// The command; none for a model that has no name on a command line.
    pub(crate) command: Option<String>,
    pub(crate) curl: String,
}

/// The fields of settings that are not as in [`Settings::default`], with the seed among them.
pub(crate) fn fields(settings: &Settings) -> Map<String, Value> {
    let of = |settings: &Settings| match serde_json::to_value(settings) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    };
    let default = of(&Settings::default());
    let is_set =
        |(name, value): &(String, Value)| name == "seed" || default.get(name) != Some(value);
    of(settings).into_iter().filter(is_set).collect()
}

/// The command line that draws the samples of `settings` from the model that it calls `model`, as a file
/// of a form. The settings have no arrays.
pub(crate) fn command(model: &str, settings: &Settings, form: Form) -> String {
    let mut words = vec!["ancestral sample".to_owned(), quoted(model)];
    for (name, value) in fields(settings) {
        words.extend(flag(&name, &value));
    }
    words.push(format!("-o {}", form.file_name()));
    words.join(" ")
}

/// A setting as a flag; none for what follows from the output.
fn flag(name: &str, value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(Value::to_string).collect::<Vec<_>>().join(","),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    match (name, value) {
        ("snapshots", _) => None,
        ("clip", Value::Bool(true)) => Some("--clip".to_owned()),
        ("clip", Value::Bool(false)) => Some("--no-clip".to_owned()),
        ("count", _) => Some(format!("-n {text}")),
        _ => Some(format!("--{}={}", name.replace('_', "-"), quoted(&text))),
    }
}

/// The call of `curl` that draws them from the server at `host`.
pub(crate) fn curl(host: &str, model: &str, settings: &Settings, form: Form) -> String {
    let mut fields = fields(settings);
    fields.insert("model".to_owned(), json!(model));
    let body = Value::Object(fields).to_string();
    let url = quoted(&format!("http://{host}/v1/samples"));
    format!(
        "curl {url} -H 'Content-Type: application/json' -H 'Accept: {}' -d {} -o {}",
        form.media_type(),
        quoted(&body),
        form.file_name()
    )
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_pipeline::Format;

    #[test]
    fn a_command_has_a_flag_for_each_setting() {
        let settings = Settings::new()
            .count(4)
            .seed(u64::MAX)
            .class("a cat's")
            .guidance(2.5)
            .guidance_interval([0.25, 5.0])
            .clip(false)
            .visit(vec![800, 500])
            .snapshots(3);
        assert_eq!(
            command("my model", &settings, Form::File(Format::Png)),
            "ancestral sample 'my model' --class='a cat'\\''s' --no-clip -n 4 --guidance=2.5 \
             --guidance-interval=0.25,5.0 --seed=18446744073709551615 --visit=800,500 -o samples.png"
        );
        assert_eq!(
            command("digits", &Settings::new(), Form::File(Format::Csv)),
            "ancestral sample digits --seed=0 -o samples.csv"
        );
    }
}
