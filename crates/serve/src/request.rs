//! The body of a request for samples.

use std::sync::Arc;

use ancestral_pipeline::{Model, Plan, Setting, Settings};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::arrays::{Array, Arrays, Cells};
use crate::limits::Limits;
use crate::problem::{Problem, ProblemKind};
use crate::strict;

/// Steps that are shown of a run, if the request does not say.
const PREVIEWS: usize = 10;

/// Network calls that a step may take: samplers take up to three, and diffusers' up to four.
const CALLS_A_STEP: usize = 4;

/// The fields that concern serving, and those that hold arrays; the rest are [`Settings`].
const OWN: [&str; 9] =
    ["model", "wait", "previews", "seed", "init", "from", "given", "inpaint", "mask"];

/// A request for samples: the pipeline's [`Settings`], and what concerns serving.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SampleRequest {
    /// Which of the server's models.
    pub model: Option<String>,
    /// Whether the answer has the samples, or the place where they will be.
    pub wait: bool,
    /// Of how many steps an event is sent.
    pub previews: usize,
    /// The seed, if the request says one.
    pub seed: Option<u64>,
    /// What is drawn and how, without the arrays.
    pub settings: Settings,
    pub(crate) arrays: Arrays,
}

impl SampleRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// If it is not a JSON object, has an unknown field or the same one twice, or a value is not valid.
    pub fn parse(body: &[u8]) -> Result<Self, Problem> {
        let mut request = Self {
            model: None,
            wait: true,
            previews: PREVIEWS,
            seed: None,
            settings: Settings::new(),
            arrays: Arrays::default(),
        };
        let mut settings = Map::new();
        for (name, value) in strict::object(body)? {
            let arrays = &mut request.arrays;
            match name.as_str() {
                "model" => request.model = optional(&name, value)?,
                "wait" => request.wait = typed(&name, value)?,
                "previews" => request.previews = typed(&name, value)?,
                "seed" => request.seed = seed(&name, &value)?,
                "init" => arrays.init = array(&name, value)?,
                "from" => arrays.from = array(&name, value)?,
                "given" if value.is_null() => arrays.given = None,
                "given" => arrays.given = Some(Cells::parse(&name, value)?),
                "inpaint" => arrays.inpaint = array(&name, value)?,
                "mask" => arrays.mask = array(&name, value)?,
                _ => {
                    check_setting(&name, &value)?;
                    settings.insert(name, value);
                }
            }
        }
        request.settings = Settings::deserialize(Value::Object(settings))
            .map_err(|error| Problem::new(ProblemKind::Invalid, error.to_string()))?;
        Ok(request)
    }

    /// The run of a request, by a model; all that can be refused is. Without a seed it is that of 0.
    ///
    /// # Errors
    /// If a setting is not valid or above a limit, or an array does not fit.
    pub fn plan(self, model: &Arc<Model>, limits: &Limits) -> Result<Plan, Problem> {
        self.check(limits)?;
        let Self { seed, mut settings, arrays, .. } = self;
        settings.seed = seed.unwrap_or_default();
        lower(&mut settings, model, limits);
        arrays.apply(model, &mut settings)?;
        let plan = Plan::new(model, &settings)?;
        if plan.count() > limits.count {
            return Err(Problem::above("count", plan.count(), limits.count));
        }
        let (hops, most_calls) = (plan.hops(), limits.steps.saturating_mul(CALLS_A_STEP));
        if hops > limits.steps || plan.calls() > most_calls {
            return Err(Problem::above("steps", hops, limits.steps));
        }
        Ok(plan)
    }

    /// Refuses numbers that are above the limits of the server, before anything follows from them.
    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Problem> {
        let settings = &self.settings;
        let numbers = [
            ("count", settings.count, limits.count),
            ("batch", settings.batch, limits.count),
            // Two more are the ends.
            ("interpolate", settings.interpolate, limits.count.saturating_sub(2)),
            ("steps", settings.steps, limits.steps),
            ("calls", settings.calls, limits.steps),
            ("visit", settings.visit.as_ref().map(Vec::len), limits.steps),
            ("snapshots", Some(settings.snapshots), limits.previews),
            ("previews", Some(self.previews), limits.previews),
        ];
        let above = |(name, number, limit): (&str, Option<usize>, usize)| {
            number.filter(|number| *number > limit).map(|found| Problem::above(name, found, limit))
        };
        numbers.into_iter().find_map(above).map_or(Ok(()), Err)
    }
}

/// Lowers the model's defaults to the limits of the server.
fn lower(settings: &mut Settings, model: &Model, limits: &Limits) {
    let defaults = model.defaults();
    if defaults.count > limits.count && settings.interpolate.is_none() {
        settings.count.get_or_insert(limits.count);
    }
    let says_steps = settings.calls.is_some() || settings.visit.is_some();
    if defaults.steps > limits.steps && !says_steps {
        settings.steps.get_or_insert(limits.steps);
    }
}

/// The names of all fields.
pub(crate) fn field_names() -> Vec<&'static str> {
    let settings = Setting::ALL.iter().map(|setting| setting.name());
    // What a model is opened with is the server's own business.
    let others =
        [Setting::Variant, Setting::Size, Setting::Device, Setting::Precision, Setting::Threads];
    let of_request = settings.filter(|name| others.iter().all(|setting| setting.name() != *name));
    let own = OWN.into_iter().filter(|name| Setting::ALL.iter().all(|s| s.name() != *name));
    own.chain(of_request).collect()
}

/// Refuses a field that is none of [`Settings`], or has not its type.
fn check_setting(name: &str, value: &Value) -> Result<(), Problem> {
    if !field_names().contains(&name) {
        let known = field_names().join(", ");
        return Err(Problem::field(name, format!("unknown field; expected one of {known}")));
    }
    let alone = Map::from_iter([(name.to_owned(), value.clone())]);
    match Settings::deserialize(Value::Object(alone)) {
        Ok(_) => Ok(()),
        Err(error) => Err(mistyped(name, &error)),
    }
}

fn mistyped(name: &str, error: &serde_json::Error) -> Problem {
    let words = [
        ("usize", "a whole number, 0 or more"),
        ("u64", "a whole number from 0 to 18446744073709551615"),
        ("u32", "a whole number from 0 to 4294967295"),
        ("f64", "a number"),
    ];
    let text = error.to_string();
    let text = words.iter().fold(text, |text, (rust, plain)| {
        text.replace(&format!("expected {rust}"), &format!("expected {plain}"))
    });
    Problem::field(name, text)
}

fn typed<T: for<'de> Deserialize<'de>>(name: &str, value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| mistyped(name, &error))
}

fn optional<T: for<'de> Deserialize<'de>>(name: &str, value: Value) -> Result<Option<T>, Problem> {
    typed(name, value)
}

fn array(name: &str, value: Value) -> Result<Option<Array>, Problem> {
    if value.is_null() { Ok(None) } else { Array::parse(name, value).map(Some) }
}

/// A seed, as a number or as text: many programs read numbers beyond 2⁵³ as others.
pub(crate) fn seed(name: &str, value: &Value) -> Result<Option<u64>, Problem> {
    let seed = match value {
        Value::Null => return Ok(None),
        Value::Number(number) => number.as_u64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let expected = "expected a whole number from 0 to 18446744073709551615, or its digits as text";
    seed.map(Some).ok_or_else(|| Problem::field(name, format!("{}: {expected}", shown(value))))
}

/// A value in a message, which may be long.
fn shown(value: &Value) -> String {
    const MOST: usize = 40;
    let text = value.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SampleRequest, Problem> {
        SampleRequest::parse(text.as_bytes())
    }

    #[test]
    fn every_field_is_of_the_request_or_of_settings() {
        for name in field_names() {
            if OWN.contains(&name) {
                continue;
            }
            let problem = parse(&format!(r#"{{"{name}": {{}}}}"#)).unwrap_err();
            assert!(!problem.detail().contains("unknown"), "{}", problem.detail());
        }
    }

    #[test]
    fn seeds_keep_their_digits() {
        let seed =
            |text: &str| parse(&format!(r#"{{"seed": {text}}}"#)).map(|request| request.seed);
        for found in [0, 7, 9_007_199_254_740_993, u64::MAX] {
            assert_eq!(seed(&found.to_string()).unwrap(), Some(found));
            assert_eq!(seed(&format!("\"{found}\"")).unwrap(), Some(found));
        }
        assert_eq!(seed("null").unwrap(), None);
        assert_eq!(parse("{}").unwrap().seed, None);
        for text in ["-1", "1.5", "1e3", "18446744073709551616", "\"\"", "\"-1\"", "\"+1\"", "true"]
        {
            let problem = seed(text).unwrap_err();
            assert_eq!(problem.pointer(), Some("/seed"), "{text}");
        }
    }

    #[test]
    fn what_is_not_valid_is_named() {
        for (text, pointer, words) in [
            (r#"{"step": 5}"#, "/step", "unknown field; expected one of model, wait"),
            (r#"{"steps": -3}"#, "/steps", "expected a whole number, 0 or more"),
            (r#"{"steps": 2.5}"#, "/steps", "expected a whole number"),
            (r#"{"steps": "5"}"#, "/steps", "expected a whole number"),
            (r#"{"guidance": "much"}"#, "/guidance", "expected a number"),
            (r#"{"rng": "clock"}"#, "/rng", "expected one of"),
            (r#"{"wait": 1}"#, "/wait", "expected a boolean"),
            (r#"{"variant": "raw"}"#, "/variant", "unknown field"),
            (r#"{"init": "x.npy"}"#, "/init", "expected an object"),
        ] {
            let problem = parse(text).unwrap_err();
            assert_eq!(problem.pointer(), Some(pointer), "{text}");
            assert!(problem.detail().contains(words), "{text}: {}", problem.detail());
        }
    }

    #[test]
    fn numbers_above_the_limits_are_named_with_the_limit() {
        let limits = Limits::default();
        for text in [
            r#"{"count": 1025}"#,
            r#"{"steps": 1001}"#,
            r#"{"previews": 51}"#,
            r#"{"interpolate": 1023}"#,
            r#"{"interpolate": 18446744073709551615}"#,
        ] {
            let problem = parse(text).unwrap().check(&limits).unwrap_err();
            assert!(problem.json().contains("\"limit\":"), "{text}: {}", problem.json());
        }
        assert!(parse(r#"{"count": 1024, "steps": 1000}"#).unwrap().check(&limits).is_ok());
    }
}
