use ancestral::compat::{
    DeisOptions, DpmMultistepOptions, DpmSinglestepOptions, EulerOptions, LcmOptions, PndmOptions,
    UniPcOptions,
};

use super::*;
use crate::config::Parsed;
use crate::scheduler_config::{SchedulerClass, SchedulerConfig};

fn parse(
    class: SchedulerClass,
    keys: &str,
) -> Result<Parsed<SchedulerConfig>, SchedulerConfigError> {
    let comma = if keys.is_empty() { "" } else { "," };
    let json = format!(r#"{{"_class_name":"{class}"{comma}{keys}}}"#);
    SchedulerConfig::from_json(json.as_bytes())
}

fn config(class: SchedulerClass, keys: &str) -> SchedulerConfig {
    parse(class, keys).unwrap().config
}

fn refusal(class: SchedulerClass, keys: &str) -> String {
    parse(class, keys).unwrap_err().to_string()
}

#[test]
fn default_options_are_those_of_diffusers() {
    use SchedulerClass::{Deis, DpmMultistep, DpmSinglestep, Euler, Lcm, Pndm, UniPc};
    let defaults = |class: SchedulerClass| config(class, "");
    assert_eq!(DpmMultistepOptions::from(&defaults(DpmMultistep)), DpmMultistepOptions::default());
    assert_eq!(
        DpmSinglestepOptions::from(&defaults(DpmSinglestep)),
        DpmSinglestepOptions::default()
    );
    assert_eq!(UniPcOptions::from(&defaults(UniPc)), UniPcOptions::default());
    assert_eq!(DeisOptions::from(&defaults(Deis)), DeisOptions::default());
    assert_eq!(EulerOptions::from(&defaults(Euler)), EulerOptions::default());
    assert_eq!(PndmOptions::from(&defaults(Pndm)), PndmOptions::default());
    assert_eq!(LcmOptions::from(&defaults(Lcm)), LcmOptions::default());
}

#[test]
fn every_key_of_a_multistep_solver_counts() {
    let keys = r#""solver_order":3,"algorithm_type":"sde-dpmsolver++","solver_type":"heun",
        "lower_order_final":false,"euler_at_final":true,"use_lu_lambdas":true,
        "final_sigmas_type":"sigma_min","lambda_min_clipped":-5.1"#;
    let expected = DpmMultistepOptions {
        order: 3,
        algorithm: Algorithm::SdeDpmSolverPlusPlus,
        solver: Solver::Heun,
        lower_order_final: false,
        euler_at_final: true,
        spread: Spread::Lu,
        final_sigma: FinalSigma::SigmaMin,
        lambda_min: -5.1,
    };
    let read = config(SchedulerClass::DpmMultistep, keys);
    assert_eq!(DpmMultistepOptions::from(&read), expected);
    // As in diffusers.
    let both = r#""use_lu_lambdas":true,"use_karras_sigmas":true"#;
    assert_eq!(config(SchedulerClass::DpmMultistep, both).solver.spread(), Spread::Karras);
}

#[test]
fn keys_of_the_others_count() {
    let keys = r#""solver_order":4,"solver_type":"bh1","predict_x0":false,"disable_corrector":[0,2],
        "use_beta_sigmas":true"#;
    let unipc = UniPcOptions::from(&config(SchedulerClass::UniPc, keys));
    assert_eq!(
        (unipc.order, unipc.variant, unipc.predict_x0),
        (4, ancestral::sampler::UnipcVariant::Bh1, false)
    );
    assert_eq!((unipc.disable_corrector, unipc.spread), (vec![0, 2], Spread::Beta));
    let keys = r#""interpolation_type":"log_linear","timestep_type":"continuous","sigma_min":0.1,
        "sigma_max":20,"use_exponential_sigmas":true"#;
    let euler = EulerOptions::from(&config(SchedulerClass::Euler, keys));
    assert_eq!((euler.log_linear, euler.continuous), (true, true));
    assert_eq!((euler.sigma_min, euler.sigma_max), (Some(0.1), Some(20.0)));
    assert_eq!(euler.spread, Spread::Exponential);
    let keys = r#""skip_prk_steps":true,"set_alpha_to_one":true"#;
    let pndm = PndmOptions::from(&config(SchedulerClass::Pndm, keys));
    assert_eq!((pndm.skip_prk_steps, pndm.set_alpha_to_one), (true, true));
    let keys = r#""original_inference_steps":100,"timestep_scaling":5"#;
    let lcm = LcmOptions::from(&config(SchedulerClass::Lcm, keys));
    assert_eq!((lcm.original_steps, lcm.timestep_scaling), (100, 5.0));
}

#[test]
fn a_solver_of_another_class_is_that_of_the_class() {
    // What diffusers saves after `from_config` of another class's config.
    let foreign = r#""algorithm_type":"deis","solver_type":"logrho""#;
    let dpm = config(SchedulerClass::DpmMultistep, foreign).solver;
    assert_eq!(
        (dpm.algorithm_type, dpm.solver_type),
        (AlgorithmType::DpmSolverPlusPlus, SolverType::Midpoint)
    );
    let foreign = r#""algorithm_type":"dpmsolver++","solver_type":"midpoint""#;
    let deis = config(SchedulerClass::Deis, foreign).solver;
    assert_eq!((deis.algorithm_type, deis.solver_type), (AlgorithmType::Deis, SolverType::LogRho));
    let unipc = config(SchedulerClass::UniPc, r#""solver_type":"heun""#).solver;
    assert_eq!(unipc.solver_type, SolverType::Bh2);
}

#[test]
fn minus_infinity_is_read_as_python_writes_it() {
    let read = |keys: &str| config(SchedulerClass::DpmMultistep, keys).solver.lambda_min_clipped;
    assert_eq!(read(r#""lambda_min_clipped": -Infinity"#), None);
    assert_eq!(read(r#""lambda_min_clipped": null"#), None);
    assert_eq!(read(r#""lambda_min_clipped": -5"#), Some(-5.0));
    let written = config(SchedulerClass::DpmMultistep, "").to_json();
    assert!(!written.contains("lambda_min_clipped"), "{written}");
    // In no other place, and not within a string.
    let refused = refusal(SchedulerClass::DpmMultistep, r#""beta_end":-Infinity"#);
    assert!(refused.starts_with("not a JSON object"), "{refused}");
    let note = r#""\"lambda_min_clipped\": -Infinity":1"#;
    let note = parse(SchedulerClass::DpmMultistep, note).unwrap();
    assert_eq!(note.unknown, ["\"lambda_min_clipped\": -Infinity"]);
    let other = refusal(SchedulerClass::DpmMultistep, r#""lambda_min_clipped":"low""#);
    assert!(other.starts_with("lambda_min_clipped: invalid value: string \"low\""), "{other}");
}

#[test]
fn a_variance_that_was_not_said_is_null() {
    let multistep = SchedulerClass::DpmMultistep;
    assert!(config(multistep, "").to_json().contains(r#""variance_type": null"#));
    let json = config(multistep, r#""variance_type":"fixed_large""#).to_json();
    assert!(json.contains(r#""variance_type": "fixed_large""#), "{json}");
}

#[test]
fn values_out_of_range_are_refused_by_key() {
    use SchedulerClass::{DpmMultistep, DpmSinglestep, Euler, Lcm, UniPc};
    let flows = "must be false: levels of flows are not supported";
    let cases = [
        (DpmMultistep, r#""solver_order":4"#, "solver_order 4 must be 1 to 3"),
        (UniPc, r#""solver_order":0"#, "solver_order 0 must be 1 to 4"),
        (UniPc, r#""sigma_min":0.1"#, "sigma_min 0.1 must be null in a UniPCMultistepScheduler"),
        (UniPc, r#""solver_p":{}"#, "solver_p: invalid type: map, expected one of: null"),
        (
            DpmSinglestep,
            r#""algorithm_type":"sde-dpmsolver""#,
            "algorithm_type: \"sde-dpmsolver\" is not supported by DPMSolverSinglestepScheduler \
             (supported: dpmsolver, dpmsolver++, sde-dpmsolver++)",
        ),
        (
            DpmMultistep,
            r#""solver_type":"rk4""#,
            "solver_type: \"rk4\" is not supported (supported: midpoint, heun, bh1, bh2, logrho)",
        ),
        (
            Euler,
            r#""use_karras_sigmas":true,"use_beta_sigmas":true"#,
            "use_karras_sigmas and use_beta_sigmas are both true: set only one of them",
        ),
        (Euler, r#""sigma_max":-1"#, "sigma_max -1 must be positive"),
        (Lcm, r#""original_inference_steps":0"#, "original_inference_steps 0 must be 1 to 1000000"),
    ];
    for (class, keys, expected) in cases {
        assert_eq!(refusal(class, keys), expected);
    }
    let flow = refusal(DpmMultistep, r#""use_flow_sigmas":true"#);
    assert_eq!(flow, format!("use_flow_sigmas true {flows}"));
    let flow = refusal(UniPc, r#""use_dynamic_shifting":true"#);
    assert_eq!(flow, format!("use_dynamic_shifting true {flows}"));
}

#[test]
fn every_class_comes_back_as_it_was_written() {
    for &class in SchedulerClass::ALL {
        let mut config = class.as_far_from_its_defaults();
        config.unset = Vec::new();
        let read = SchedulerConfig::from_json(config.to_json().as_bytes()).unwrap();
        assert_eq!(SchedulerConfig { unset: Vec::new(), ..read.config }, config, "{class}");
        assert_eq!(read.unknown, Vec::<String>::new());
    }
}

impl SchedulerClass {
    fn as_far_from_its_defaults(self) -> SchedulerConfig {
        let far = SolverKeys {
            solver_order: 1,
            lower_order_final: true,
            euler_at_final: true,
            predict_x0: false,
            disable_corrector: vec![1],
            use_karras_sigmas: true,
            final_sigmas_type: FinalSigmasType::SigmaMin,
            lambda_min_clipped: Some(-4.5),
            sigma_max: Some(9.0),
            skip_prk_steps: true,
            original_inference_steps: 20,
            timestep_scaling: 4.0,
            interpolation_type: InterpolationType::LogLinear,
            timestep_type: TimestepType::Continuous,
            time_shift_type: TimeShiftType::Linear,
            flow_shift: 2.0,
            ..self.defaults().solver
        };
        // Through a class that has a key, so that what this one lacks stays as it is.
        let all = SchedulerConfig { class: self, solver: far, ..self.defaults() };
        let mut kept = all.as_class(self);
        if self == SchedulerClass::UniPc {
            kept.solver.sigma_max = None;
        }
        kept
    }
}
