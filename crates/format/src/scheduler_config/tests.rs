use serde_json::{Value, json};

use super::*;
use crate::config::Parsed;

/// What `tools/golden/scheduler_defaults.py` writes; its head describes the contents.
const GOLDEN: &str = include_str!("../../tests/golden/scheduler_defaults.json");

fn parse_as(
    class: SchedulerClass,
    keys: &str,
) -> Result<Parsed<SchedulerConfig>, SchedulerConfigError> {
    let comma = if keys.is_empty() { "" } else { "," };
    let json = format!(r#"{{"_class_name":"{class}"{comma}{keys}}}"#);
    SchedulerConfig::from_json(json.as_bytes())
}

fn parse(keys: &str) -> Result<Parsed<SchedulerConfig>, SchedulerConfigError> {
    parse_as(SchedulerClass::Ddpm, keys)
}

fn config(keys: &str) -> SchedulerConfig {
    parse(keys).unwrap().config
}

fn refusal(keys: &str) -> String {
    parse(keys).unwrap_err().to_string()
}

fn golden() -> Value {
    serde_json::from_str(GOLDEN).unwrap()
}

fn written(config: &SchedulerConfig) -> Value {
    serde_json::from_str(&config.to_json()).unwrap()
}

/// The same config, with every key set.
fn with_all_keys(config: &SchedulerConfig) -> SchedulerConfig {
    SchedulerConfig { unset: Vec::new(), ..config.clone() }
}

#[test]
fn the_defaults_are_those_of_diffusers() {
    for &class in SchedulerClass::ALL {
        let defaults = class.defaults();
        assert_eq!(written(&defaults), golden()["defaults"][class.name()]);
        let read = parse_as(class, "").unwrap().config;
        assert_eq!(with_all_keys(&read), with_all_keys(&defaults));
        assert_eq!(read.unset, class.keys());
    }
    assert_eq!(SchedulerConfig::default().class, SchedulerClass::Ddpm);
}

#[test]
fn another_class_takes_over_what_it_does_in_diffusers() {
    let class = |name: &Value| SchedulerClass::from_name(name.as_str().unwrap()).unwrap();
    let golden = golden();
    let conversions = golden["conversions"].as_array().unwrap();
    assert!(!conversions.is_empty());
    for conversion in conversions {
        let mut before = conversion["set"].clone();
        before["_class_name"] = conversion["from"].clone();
        let before = SchedulerConfig::from_json(before.to_string().as_bytes()).unwrap().config;
        let after = before.as_class(class(&conversion["to"]));
        assert_eq!(written(&after), conversion["config"]);
        let mut unset = after.unset.clone();
        unset.sort_unstable();
        assert_eq!(json!(unset), conversion["unset"]);
    }
}

#[test]
fn a_key_that_was_changed_after_reading_is_carried_over() {
    let read = config("");
    let ddim = SchedulerConfig { clip_sample: false, ..read }.as_class(SchedulerClass::Ddim);
    assert!(!ddim.clip_sample);
    assert!(!ddim.unset.contains(&"clip_sample"));
    assert!(ddim.unset.contains(&"clip_sample_range"));
}

#[test]
fn what_only_one_class_has_is_gone_on_the_way_back() {
    let ddpm = SchedulerConfig {
        variance_type: VarianceType::FixedLarge,
        steps_offset: 1,
        ..SchedulerConfig::default()
    };
    let back = ddpm.as_class(SchedulerClass::Ddim).as_class(SchedulerClass::Ddpm);
    assert_eq!(back.unset, ["variance_type"]);
    assert_eq!(
        with_all_keys(&back),
        SchedulerConfig { steps_offset: 1, ..SchedulerConfig::default() }
    );
}

#[test]
fn a_schedule_that_the_other_class_lacks_is_refused_there() {
    for name in ["sigmoid", "laplace"] {
        let ddpm = config(&format!(r#""beta_schedule":"{name}""#));
        let ddim = ddpm.as_class(SchedulerClass::Ddim);
        let message = format!(
            "beta_schedule: \"{name}\" is not supported by DDIMScheduler \
             (supported: linear, scaled_linear, squaredcos_cap_v2)"
        );
        assert_eq!(ddim.validate().unwrap_err().to_string(), message);
        let read = SchedulerConfig::from_json(ddim.to_json().as_bytes());
        assert_eq!(read.unwrap_err().to_string(), message);
        // Its name has no effect then.
        let betas = Some(vec![0.1; 1000]);
        SchedulerConfig { trained_betas: betas, ..ddim }.validate().unwrap();
    }
}

#[test]
fn every_class_has_its_pipeline() {
    for &class in SchedulerClass::ALL {
        // Diffusers has none for a single network and one of the others.
        let own = ["DDIMPipeline", "PNDMPipeline"];
        let named =
            own.into_iter().find(|name| name.replace("Pipeline", "Scheduler") == class.name());
        let expected = named.unwrap_or("DDPMPipeline");
        assert_eq!(class.pipeline(), expected);
    }
}

#[test]
fn the_file_has_the_keys_of_the_class_in_its_order() {
    assert_eq!(
        SchedulerClass::Ddim.defaults().to_json(),
        r#"{
  "_class_name": "DDIMScheduler",
  "_diffusers_version": "0.42.1",
  "num_train_timesteps": 1000,
  "beta_start": 0.0001,
  "beta_end": 0.02,
  "beta_schedule": "linear",
  "trained_betas": null,
  "clip_sample": true,
  "set_alpha_to_one": true,
  "steps_offset": 0,
  "prediction_type": "epsilon",
  "thresholding": false,
  "dynamic_thresholding_ratio": 0.995,
  "clip_sample_range": 1.0,
  "sample_max_value": 1.0,
  "timestep_spacing": "leading",
  "rescale_betas_zero_snr": false
}
"#
    );
}

#[test]
fn every_choice_has_the_name_of_diffusers() {
    fn names<T: Copy + std::fmt::Display>(all: &[T]) -> Vec<String> {
        all.iter().map(T::to_string).collect()
    }
    assert_eq!(
        names(BetaSchedule::ALL),
        ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid", "laplace"]
    );
    assert_eq!(
        names(VarianceType::ALL),
        [
            "fixed_small",
            "fixed_small_log",
            "fixed_large",
            "fixed_large_log",
            "learned",
            "learned_range"
        ]
    );
    assert_eq!(names(PredictionType::ALL), ["epsilon", "sample", "v_prediction"]);
    assert_eq!(names(TimestepSpacing::ALL), ["leading", "linspace", "trailing"]);
}

#[test]
fn configs_far_from_the_defaults_round_trip() {
    let ddpm = SchedulerConfig {
        class: SchedulerClass::Ddpm,
        num_train_timesteps: 3,
        beta_start: 0.00085,
        beta_end: 0.012,
        beta_schedule: BetaSchedule::ScaledLinear,
        trained_betas: Some(vec![0.1, 0.2, 1e-7]),
        variance_type: VarianceType::LearnedRange,
        clip_sample: false,
        prediction_type: PredictionType::VPrediction,
        thresholding: true,
        dynamic_thresholding_ratio: 0.9,
        clip_sample_range: 2.5,
        sample_max_value: 3.0,
        timestep_spacing: TimestepSpacing::Trailing,
        steps_offset: 1,
        rescale_betas_zero_snr: true,
        set_alpha_to_one: true,
        solver: SolverKeys::default(),
        unset: Vec::new(),
    };
    let ddim = SchedulerConfig { set_alpha_to_one: false, ..ddpm.as_class(SchedulerClass::Ddim) };
    for far in [ddpm, with_all_keys(&ddim)] {
        let read = SchedulerConfig::from_json(far.to_json().as_bytes()).unwrap();
        assert_eq!(read.config, far);
        assert_eq!(read.unknown, Vec::<String>::new());
    }
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let cases = [
        (
            r#""beta_schedule":"exp""#,
            "beta_schedule: \"exp\" is not supported \
             (supported: linear, scaled_linear, squaredcos_cap_v2, sigmoid, laplace)",
        ),
        (
            r#""variance_type":"big""#,
            "variance_type: \"big\" is not supported (supported: fixed_small, fixed_small_log, \
             fixed_large, fixed_large_log, learned, learned_range)",
        ),
        (
            r#""prediction_type":"flow""#,
            "prediction_type: \"flow\" is not supported \
             (supported: epsilon, sample, v_prediction)",
        ),
        (
            r#""timestep_spacing":"even""#,
            "timestep_spacing: \"even\" is not supported (supported: leading, linspace, trailing)",
        ),
        (r#""num_train_timesteps":0"#, "num_train_timesteps 0 must be 1 to 1000000"),
        (
            r#""num_train_timesteps":1000000000000000"#,
            "num_train_timesteps 1000000000000000 must be 1 to 1000000",
        ),
        (
            r#""num_train_timesteps":999.5"#,
            "num_train_timesteps: invalid type: floating point \"999.5\", expected usize",
        ),
        (
            r#""steps_offset":-1.0"#,
            "steps_offset: invalid type: floating point \"-1.0\", expected usize",
        ),
        (r#""steps_offset":1000001"#, "steps_offset 1000001 must be at most 1000000"),
        (
            r#""trained_betas":[0.1,0.2]"#,
            "trained_betas has 2 values, but num_train_timesteps is 1000",
        ),
        (r#""clip_sample_range":0"#, "clip_sample_range 0 must be positive"),
        (
            r#""thresholding":true,"dynamic_thresholding_ratio":1.5"#,
            "dynamic_thresholding_ratio 1.5 must be in [0, 1]",
        ),
        (r#""thresholding":true,"sample_max_value":-1"#, "sample_max_value -1 must be positive"),
        (r#""clip_sample":1"#, "clip_sample: invalid type: integer \"1\", expected a boolean"),
    ];
    for (keys, message) in cases {
        assert_eq!(refusal(keys), message);
    }
}

#[test]
fn limits_of_clips_that_are_off_do_not_matter() {
    assert!(parse(r#""clip_sample":false,"clip_sample_range":0"#).is_ok());
    assert!(parse(r#""thresholding":true,"clip_sample_range":0"#).is_ok());
    assert!(parse(r#""dynamic_thresholding_ratio":1.5,"sample_max_value":-1"#).is_ok());
}

#[test]
fn betas_that_json_cannot_hold_are_refused() {
    let config = SchedulerConfig { beta_end: f64::NAN, ..SchedulerConfig::default() };
    assert_eq!(config.validate().unwrap_err().to_string(), "beta_end NaN must be finite");
}

#[test]
fn other_schedulers_are_refused_by_name() {
    let cases = [
        (r#"{"_class_name":"IPNDMScheduler"}"#, r#""IPNDMScheduler""#),
        (r#"{"_class_name":["DDPMScheduler"]}"#, r#"["DDPMScheduler"]"#),
        ("{}", "(missing)"),
    ];
    for (json, found) in cases {
        assert_eq!(
            SchedulerConfig::from_json(json.as_bytes()).unwrap_err().to_string(),
            format!(
                "_class_name {found} is not supported (supported: {})",
                SchedulerClass::NAMES.join(", ")
            )
        );
    }
}

#[test]
fn keys_of_other_classes_are_listed_and_have_no_effect() {
    let keys = r#""variance_type":"fixed_large","set_alpha_to_one":false,"skip_prk_steps":true"#;
    let ddpm = parse(keys).unwrap();
    assert_eq!(ddpm.unknown, ["set_alpha_to_one", "skip_prk_steps"]);
    assert_eq!(ddpm.config.variance_type, VarianceType::FixedLarge);
    assert!(ddpm.config.set_alpha_to_one);
    let ddim = parse_as(SchedulerClass::Ddim, keys).unwrap();
    assert_eq!(ddim.unknown, ["skip_prk_steps", "variance_type"]);
    assert_eq!(ddim.config.variance_type, VarianceType::FixedSmall);
    assert!(!ddim.config.set_alpha_to_one);
    // Not even a wrong one.
    let wrong = parse_as(SchedulerClass::Ddim, r#""variance_type":null"#).unwrap();
    assert_eq!(wrong.unknown, ["variance_type"]);
}

#[test]
fn the_first_files_of_diffusers_are_read() {
    // From before clip_sample_range, prediction_type and timestep_spacing were keys.
    let old = parse(
        r#""_diffusers_version":"0.1.1","beta_end":0.02,"beta_schedule":"linear",
        "beta_start":0.0001,"clip_sample":true,"num_train_timesteps":1000,
        "tensor_format":"pt","timestep_values":null,"trained_betas":null,
        "variance_type":"fixed_large""#,
    );
    let old = old.unwrap();
    assert_eq!(old.unknown, ["tensor_format", "timestep_values"]);
    let expected =
        SchedulerConfig { variance_type: VarianceType::FixedLarge, ..SchedulerConfig::default() };
    assert_eq!(with_all_keys(&old.config), expected);

    // Diffusers ignores it too.
    let epsilon = parse(r#""predict_epsilon":false"#).unwrap();
    assert_eq!(epsilon.unknown, ["predict_epsilon"]);
    assert_eq!(epsilon.config.prediction_type, PredictionType::Epsilon);
}

#[test]
fn private_keys_of_diffusers_are_ignored() {
    let read = parse(r#""_use_default_values":["clip_sample"],"_ignore_files":[]"#).unwrap();
    assert_eq!(read.unknown, Vec::<String>::new());
}

#[test]
fn null_is_false_where_a_truth_value_is_wanted() {
    for &class in SchedulerClass::ALL {
        let defaults = written(&class.defaults());
        let flags = class.keys().iter().filter(|key| defaults[key].is_boolean());
        let nulls: Vec<_> = flags.map(|key| format!(r#""{key}":null"#)).collect();
        let read = parse_as(class, &nulls.join(",")).unwrap();
        assert_eq!(read.unknown, Vec::<String>::new());
        let mut expected = written(&class.defaults());
        let values = expected.as_object_mut().unwrap().values_mut();
        values.filter(|value| value.is_boolean()).for_each(|value| *value = false.into());
        assert_eq!(written(&read.config), expected);
        assert!(read.config.unset.contains(&"beta_start"));
        assert!(!read.config.unset.contains(&"clip_sample"));
    }
}

/// Which of them diffusers takes was found by running `from_config`, `set_timesteps(4)` and four steps
/// of diffusers 0.42.1.
#[test]
fn null_is_as_good_as_missing_where_diffusers_does_not_look() {
    let always = ["num_train_timesteps", "prediction_type", "timestep_spacing"];
    let unless = [
        ("beta_start", r#""trained_betas":[0.1],"num_train_timesteps":1"#),
        ("beta_start", r#""beta_schedule":"squaredcos_cap_v2""#),
        ("beta_end", r#""trained_betas":[0.1],"num_train_timesteps":1"#),
        ("beta_end", r#""beta_schedule":"squaredcos_cap_v2""#),
        ("beta_schedule", r#""trained_betas":[0.1],"num_train_timesteps":1"#),
        ("clip_sample_range", r#""clip_sample":false"#),
        ("clip_sample_range", r#""thresholding":true"#),
        ("steps_offset", r#""timestep_spacing":"trailing""#),
    ];
    let only = [
        ("dynamic_thresholding_ratio", r#""thresholding":true"#),
        ("sample_max_value", r#""thresholding":true"#),
    ];
    let refused = |class, key: &str, keys: &str| {
        let comma = if keys.is_empty() { "" } else { "," };
        let error = parse_as(class, &format!(r#""{key}":null{comma}{keys}"#)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{key} is null: give a value, or leave the key out"),
            "{keys}"
        );
    };
    let taken = |class: SchedulerClass, key: &'static str, keys: &str| {
        let comma = if keys.is_empty() { "" } else { "," };
        let read = parse_as(class, &format!(r#""{key}":null{comma}{keys}"#)).unwrap();
        assert_eq!(
            with_all_keys(&read.config),
            with_all_keys(&parse_as(class, keys).unwrap().config)
        );
        assert!(read.config.unset.contains(&key), "{key}");
    };
    for class in [SchedulerClass::Ddpm, SchedulerClass::Ddim] {
        for key in always {
            refused(class, key, "");
        }
        for (key, keys) in unless {
            refused(class, key, "");
            taken(class, key, keys);
        }
        for (key, keys) in only {
            taken(class, key, "");
            refused(class, key, keys);
        }
    }
    taken(SchedulerClass::Ddpm, "variance_type", "");
    taken(SchedulerClass::DpmMultistep, "variance_type", "");
    taken(SchedulerClass::DpmMultistep, "flow_shift", "");
    taken(SchedulerClass::Lcm, "timestep_spacing", "");
    refused(SchedulerClass::DpmMultistep, "solver_order", "");
    refused(SchedulerClass::UniPc, "disable_corrector", "");
    refused(SchedulerClass::Lcm, "timestep_scaling", "");
}

#[test]
fn whole_numbers_may_have_a_point_and_others_none() {
    let read = config(r#""num_train_timesteps":200.0,"steps_offset":1.0,"clip_sample_range":2"#);
    assert_eq!((read.num_train_timesteps, read.steps_offset), (200, 1));
    assert_eq!(read.clip_sample_range.to_bits(), 2_f64.to_bits());
}

#[test]
fn numbers_are_read_back_bit_for_bit() {
    // All digits of 1e-4 · 1000/T and 0.02 · 1000/T count: many have 17 of them.
    for timesteps in 21..=1000 {
        let scale = 1000.0 / timesteps as f64;
        let step = (0.02 - 1e-4) * scale / timesteps as f64;
        let written = SchedulerConfig {
            num_train_timesteps: timesteps,
            beta_start: 1e-4 * scale,
            beta_end: 0.02 * scale,
            trained_betas: Some((0..timesteps).map(|i| 1e-4 * scale + i as f64 * step).collect()),
            ..SchedulerConfig::default()
        };
        let read = SchedulerConfig::from_json(written.to_json().as_bytes()).unwrap().config;
        assert!(read == written, "T = {timesteps}");
    }
}
