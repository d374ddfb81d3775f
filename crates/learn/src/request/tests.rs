use ancestral::{AnySchedule, Prediction, Spacing, Variance};
use ancestral_format::{MlpConfig, UNetConfig};
use serde_json::Value;

use super::*;
use crate::toy;

fn pictures() -> Request {
    let family = AnySchedule::parse("sigmoid", 300).unwrap();
    let (small, trailing) = (Variance::FixedLarge, Spacing::Trailing);
    let scheduler = SchedulerConfig::of(&family, 300, Prediction::V, small, trailing).unwrap();
    let reading = Reading::Pictures {
        channels: 3,
        size: [32, 48],
        fit: Fit::Letterbox,
        background: [255, 0, 128],
        classes: true,
        skip_bad: false,
    };
    Request {
        source: Source { name: "my photos".into(), reading },
        network: UNetConfig { sample_size: Some([32, 48]), ..UNetConfig::default() }.into(),
        scheduler,
        ..toy::request()
    }
}

fn json(request: &Request) -> Value {
    serde_json::to_value(request).unwrap()
}

#[test]
fn a_request_is_what_it_was_after_a_round_trip() {
    for request in [toy::request(), pictures()] {
        let text = serde_json::to_string_pretty(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request, "{text}");
    }
}

#[test]
#[cfg(unix)]
fn a_path_that_is_not_utf_8_is_an_array_of_bytes() {
    use std::os::unix::ffi::OsStringExt;
    let mut request = pictures();
    assert_eq!(json(&request).pointer("/source/name"), Some(&"my photos".into()));
    request.source.name = std::ffi::OsString::from_vec(b"caf\xe9".to_vec());
    let value = json(&request);
    assert_eq!(value.pointer("/source/name"), Some(&serde_json::json!([99, 97, 102, 233])));
    assert_eq!(serde_json::from_value::<Request>(value).unwrap(), request);
}

#[test]
fn a_request_has_every_key_and_no_other() {
    /// The paths of all keys of objects.
    fn keys(value: &Value, path: &str, paths: &mut Vec<String>) {
        for (key, value) in value.as_object().into_iter().flatten() {
            let path = format!("{path}/{key}");
            keys(value, &path, paths);
            paths.push(path);
        }
    }
    let whole = json(&pictures());
    let mut paths = Vec::new();
    keys(&whole, "", &mut paths);
    // The keys of configs of models have defaults, which are those of diffusers. Two more have the only
    // values that there were before there were these keys.
    let has_default = |path: &String| {
        ["/network/unet/", "/scheduler/", "/training/loss", "/training/timestep_sampler"]
            .iter()
            .any(|start| path.starts_with(start))
            && path != "/training/loss_weight"
    };
    let ours = paths.iter().filter(|path| !has_default(path));
    for path in ours {
        let (parent, key) = path.rsplit_once('/').unwrap();
        let mut without = whole.clone();
        without.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
        assert!(serde_json::from_value::<Request>(without).is_err(), "without {path}");
    }
    let objects = paths.iter().filter(|path| whole.pointer(path).unwrap().is_object());
    for path in objects.map(String::as_str).chain([""]) {
        let mut with = whole.clone();
        with.pointer_mut(path).unwrap()["unknown"] = 1.into();
        let message = serde_json::from_value::<Request>(with).unwrap_err().to_string();
        let is_named = ["unknown", "expected one network", "expected map with a single key"];
        assert!(is_named.iter().any(|part| message.contains(part)), "{path}: {message}");
    }
}

#[test]
fn configs_that_are_refused_say_why() {
    let message = |pointer: &str, value: Value| {
        let mut changed = json(&pictures());
        *changed.pointer_mut(pointer).unwrap() = value;
        serde_json::from_value::<Request>(changed).unwrap_err().to_string()
    };
    assert_eq!(
        message("/network", serde_json::json!({"dit": {}})),
        "unknown variant `dit`, expected `unet` or `mlp`"
    );
    assert!(message("/network/unet/in_channels", 0.into()).starts_with("in_channels 0 must be"));
    assert!(message("/scheduler/beta_schedule", "x".into()).contains("beta_schedule"));
    let mlp: NetworkConfig = MlpConfig::default().into();
    let other: Value = serde_json::from_str(&mlp.to_json()).unwrap();
    assert!(message("/network/unet", other).contains("_class_name"));
}

#[test]
fn previews_and_checkpoints_are_due_every_so_many_steps() {
    let saving = Saving { preview_every: 4, checkpoint_every: 3, keep: 1 };
    let previews = (0..=8).filter(|done| saving.wants_preview(*done, 8)).collect::<Vec<_>>();
    let checkpoints = (1..=8).filter(|done| saving.wants_checkpoint(*done, 8)).collect::<Vec<_>>();
    assert_eq!((previews, checkpoints), (vec![4], vec![3, 6, 8]));
    let never = Saving { preview_every: 0, checkpoint_every: 0, keep: 1 };
    assert!((0..=8).all(|done| !never.wants_preview(done, 8)));
    assert!((1..=8).all(|done| never.wants_checkpoint(done, 8) == (done == 8)));
}
