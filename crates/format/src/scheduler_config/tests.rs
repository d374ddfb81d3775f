use super::*;

fn parse(keys: &str) -> Result<Parsed<SchedulerConfig>, SchedulerConfigError> {
    let comma = if keys.is_empty() { "" } else { "," };
    let json = format!(r#"{{"_class_name":"DDPMScheduler"{comma}{keys}}}"#);
    SchedulerConfig::from_json(json.as_bytes())
}

fn config(keys: &str) -> SchedulerConfig {
    parse(keys).unwrap().config
}

fn refusal(keys: &str) -> String {
    parse(keys).unwrap_err().to_string()
}

#[test]
fn the_defaults_of_the_class() {
    assert_eq!(config(""), SchedulerConfig::default());
    assert_eq!(
        SchedulerConfig::default().to_json(),
        r#"{
  "_class_name": "DDPMScheduler",
  "_diffusers_version": "0.42.1",
  "num_train_timesteps": 1000,
  "beta_start": 0.0001,
  "beta_end": 0.02,
  "beta_schedule": "linear",
  "trained_betas": null,
  "variance_type": "fixed_small",
  "clip_sample": true,
  "prediction_type": "epsilon",
  "thresholding": false,
  "dynamic_thresholding_ratio": 0.995,
  "clip_sample_range": 1.0,
  "sample_max_value": 1.0,
  "timestep_spacing": "leading",
  "steps_offset": 0,
  "rescale_betas_zero_snr": false
}
"#
    );
}

#[test]
fn every_choice_has_the_name_of_the_peer() {
    fn names<T: Copy + std::fmt::Display>(all: &[T]) -> Vec<String> {
        all.iter().map(T::to_string).collect()
    }
    assert_eq!(
        names(BetaSchedule::ALL),
        ["linear", "scaled_linear", "squaredcos_cap_v2", "sigmoid"]
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
fn a_config_far_from_the_defaults_round_trips() {
    let far = SchedulerConfig {
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
    };
    let read = SchedulerConfig::from_json(far.to_json().as_bytes()).unwrap();
    assert_eq!(read.config, far);
    assert_eq!(read.unknown, Vec::<String>::new());
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let cases = [
        (
            r#""beta_schedule":"laplace""#,
            "beta_schedule: \"laplace\" is not supported \
             (supported: linear, scaled_linear, squaredcos_cap_v2, sigmoid)",
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
        (r#""clip_sample":1"#, "clip_sample: invalid type: integer `1`, expected a boolean"),
    ];
    for (keys, message) in cases {
        assert_eq!(refusal(keys), message);
    }
}

#[test]
fn limits_of_clips_that_are_off_do_not_matter() {
    assert!(parse(r#""clip_sample":false,"clip_sample_range":0"#).is_ok());
    assert!(parse(r#""dynamic_thresholding_ratio":1.5,"sample_max_value":-1"#).is_ok());
}

#[test]
fn betas_that_json_cannot_hold_are_refused() {
    let config = SchedulerConfig { beta_end: f64::NAN, ..SchedulerConfig::default() };
    assert_eq!(config.validate().unwrap_err().to_string(), "beta_end NaN must be finite");
}

#[test]
fn other_schedulers_are_refused_by_name() {
    let error = SchedulerConfig::from_json(br#"{"_class_name":"DDIMScheduler"}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "_class_name \"DDIMScheduler\" is not supported (supported: DDPMScheduler)"
    );
}

#[test]
fn unknown_keys_are_listed() {
    assert_eq!(parse(r#""set_alpha_to_one":true"#).unwrap().unknown, ["set_alpha_to_one"]);
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
