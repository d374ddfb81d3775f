//! Settings as JSON, with arrays beside them.

use std::sync::Arc;

use ancestral_pipeline::{Error, Model, Plan, RowsError, Settings};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::exchange::{Failure, doubles, reply, text_and_rest};
use crate::held::{get, hold, with};
use crate::model::{Opened, said};

/// Settings, and the arrays of some of them.
#[derive(Debug, Default)]
struct Drawing {
    settings: Settings,
    arrays: Vec<(Head, Vec<f64>)>,
}

/// What the values of an array are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    /// `init`, `from`, `inpaint` or `mask`.
    name: String,
    shape: Vec<usize>,
}

/// What is to be drawn from a model.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub(crate) opened: Opened,
    pub(crate) plan: Arc<Plan>,
}

/// An error of the pipeline, with the setting that it is about.
pub(crate) fn failure(error: &Error) -> Failure {
    let setting = match error {
        Error::Setting(error) => error.setting.name(),
        Error::Model(_) | Error::Network { .. } | Error::Stopped { .. } | _ => "",
    };
    let Failure { setting, message } = Failure::chain(setting, error);
    Failure { setting, message: message.replace('`', "") }
}

/// Holds the settings in the input: JSON with the names that they have everywhere.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn settings() -> i32 {
    reply(|input, _| {
        let fields: Map<String, Value> =
            serde_json::from_slice(&input).map_err(|error| Failure::chain("", &error))?;
        // One by one first, so that an error names its setting.
        for (name, value) in &fields {
            serde_json::from_value::<Settings>(json!({ name: value }))
                .map_err(|error| Failure::of(name, format!("{name}: {error}")))?;
        }
        let settings = serde_json::from_value(Value::Object(fields));
        let settings = settings.map_err(|error| Failure::chain("", &error))?;
        hold(Drawing { settings, arrays: Vec::new() })
    })
}

/// Puts an array beside settings: `init`, `from`, `inpaint` or `mask`. The input has its name and its shape as
/// JSON of `length` bytes, and then its values.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn array(settings: u32, length: usize) -> i32 {
    reply(|input, _| {
        let (head, values) = text_and_rest(input, length)?;
        let head: Head =
            serde_json::from_slice(head.as_bytes()).map_err(|error| Failure::chain("", &error))?;
        let (values, name) = (doubles(&values), &head.name);
        let expected = head.shape.iter().try_fold(1_usize, |size, axis| size.checked_mul(*axis));
        if expected != Some(values.len()) {
            let text = format!("{name}: {} values for the shape {:?}", values.len(), head.shape);
            return Err(Failure::of(name, text));
        }
        with(settings, |drawing: &mut Drawing| {
            drawing.arrays.push((head, values));
            Ok(0)
        })
    })
}

/// Holds what is drawn from a model by settings. All that can be refused is refused here.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn plan(model: u32, settings: u32) -> i32 {
    reply(|_, _| {
        let opened: Opened = get(model)?;
        let drawing = with(settings, |drawing: &mut Drawing| drawing.of(&opened.model))?;
        let plan = Plan::new(&opened.model, &drawing).map_err(|error| failure(&error))?;
        hold(Planned { opened, plan: Arc::new(plan) })
    })
}

impl Drawing {
    /// The settings for a model, whose samples say what arrays may be.
    fn of(&self, model: &Model) -> Result<Settings, Failure> {
        let mut settings = self.settings.clone();
        let (mut inpaint, mut mask) = (None, None);
        for (Head { name, shape }, values) in &self.arrays {
            let refused = |error: RowsError| refused(name, &error);
            match &**name {
                "init" => {
                    settings.init = Some(model.rows_of_array(shape, values).map_err(refused)?);
                }
                "from" => {
                    settings.from = Some(model.rows_of_array(shape, values).map_err(refused)?);
                }
                "inpaint" => inpaint = Some((shape, values)),
                "mask" => mask = Some(model.mask_of_array(shape, values).map_err(refused)?),
                other => {
                    let text = format!("{other}: expected init, from, inpaint or mask");
                    return Err(Failure::of(other, text));
                }
            }
        }
        settings.inpaint = match (inpaint, mask) {
            (None, None) => None,
            (Some((shape, values)), Some(mask)) => {
                let given = model.given_of_array(shape, values, &mask);
                Some(given.map_err(|error| refused("inpaint", &error))?)
            }
            (None, Some(_)) => return Err(Failure::of("mask", "mask: needs inpaint")),
            (Some(_), None) => return Err(Failure::of("inpaint", "inpaint: needs mask")),
        };
        Ok(settings)
    }
}

fn refused(name: &str, error: &RowsError) -> Failure {
    let Failure { setting, message } = Failure::chain(name, error);
    Failure { message: format!("{name}: {}", message.replace('`', "")), setting }
}

/// What a plan is, as JSON.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn plan_about(plan: u32) -> i32 {
    reply(|_, output| {
        let Planned { plan, .. } = get(plan)?;
        let chosen = plan.settings().class.as_deref();
        let class = |index| chosen.or_else(|| plan.class(index)).map(str::to_owned);
        let about = json!({
            "first": plan.indices().start,
            "count": plan.count(),
            "shape": plan.shape(),
            "hops": plan.hops(),
            "calls": plan.calls(),
            "batch": plan.batch(),
            "sampler": plan.sampler(),
            "classes": plan.indices().map(class).collect::<Vec<_>>(),
            "notices": said(plan.notices()),
            "provenance": plan.provenance_of_all(),
        });
        output.extend(about.to_string().as_bytes());
        Ok(0)
    })
}
