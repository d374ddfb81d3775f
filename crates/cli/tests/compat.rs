//! `ancestral sample --compat diffusers`: diffusers' numbers from the command line.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use ancestral_data::read_npy;
use common::{Folder, png_texts};
use serde_json::Value;

/// What `tools/golden/digits.py` writes.
const GOLDEN: &str = include_str!("golden/digits.json");

fn sample(folder: &Folder, flags: &str) -> Vec<f32> {
    folder.run(&format!("sample {flags} --force -o x.npy"));
    read_npy(&folder.path("x.npy")).unwrap().data().to_vec()
}

#[test]
fn the_built_in_model_draws_what_it_draws_in_diffusers() {
    let folder = Folder::new();
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let flags = case["flags"].as_str().unwrap();
        let found = sample(&folder, &format!("--compat diffusers {flags}"));
        let expected: Vec<f32> = serde_json::from_value(case["x"].clone()).unwrap();
        assert_eq!(found.len(), expected.len(), "{flags}");
        // Two networks in f32 agree to 1e-6; over a few steps that grows to 1e-4 at most.
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 5e-4, "{flags}: {found} {expected}");
        }
    }
}

#[test]
fn calls_of_the_network_are_cut_without_cutting_the_noise() {
    let folder = Folder::new();
    for compat in ["", "--compat diffusers"] {
        let run = |flags: &str| sample(&folder, &format!("-n 5 --steps 4 {compat} {flags}"));
        let whole = run("--rng torch --seed 3");
        assert_eq!(run("--rng torch --seed 3 --batch 2 --threads 1"), whole);
        assert_ne!(run("--rng torch --seed 4"), whole);
        let each = run("--rng torch-each --seed 3");
        assert_eq!(run("--rng torch-each --seed 3 --batch 2"), each);
        // A generator a sample: each can be made alone.
        let third = sample(
            &folder,
            &format!("-n 1 --first 2 --steps 4 {compat} --rng torch-each --seed 3"),
        );
        assert_eq!(third, each[2 * 64..3 * 64]);
    }
}

/// The lists of diffusers' `PNDMScheduler`, which visits one timestep twice.
#[test]
fn pndm_visits_the_timesteps_of_diffusers() {
    let folder = Folder::new();
    folder.run("convert digits -o m");
    let draw = |offset: usize, steps: usize| {
        let config = format!(
            "{{\"_class_name\": \"PNDMScheduler\", \"num_train_timesteps\": 1000, \
             \"skip_prk_steps\": true, \"steps_offset\": {offset}}}"
        );
        folder.write("m/scheduler/scheduler_config.json", config);
        let flags = format!("--compat diffusers --sampler pndm --steps {steps}");
        folder.run(&format!("sample m -n 1 --class 3 {flags} --force -o x.png"));
        let texts = png_texts(&folder.path("x.png"));
        let found = texts.into_iter().find(|(key, _)| key == "timesteps").unwrap().1;
        found.split(' ').map(|timestep| timestep.parse().unwrap()).collect::<Vec<usize>>()
    };
    let rest = (1..=851).rev().step_by(50);
    assert_eq!(draw(1, 20), [951, 901, 901].into_iter().chain(rest).collect::<Vec<_>>());
    assert_eq!(draw(0, 7), [852, 710, 710, 568, 426, 284, 142, 0]);
}

#[test]
fn few_hops_of_pndm_are_finite() {
    let folder = Folder::new();
    for hops in 1..=3 {
        let x = sample(&folder, &format!("-n 1 --sampler pndm --steps {hops}"));
        assert!(x.iter().all(|value| value.is_finite()), "{hops} hops");
    }
}

#[test]
fn pictures_say_how_to_draw_them_again() {
    let folder = Folder::new();
    folder.run("sample -n 2 --steps 3 --compat diffusers --rng torch --eta 0.5 -o many");
    let texts = png_texts(&folder.path("many/000001.png"));
    for (key, value) in [
        ("sampler", "ddim:eta=0.5,use_clipped_model_output=false"),
        ("compat", "diffusers 0.42.1 DDIMScheduler"),
        ("rng", "torch"),
        ("index", "1"),
        ("count", "2"),
    ] {
        assert!(texts.contains(&(key.to_owned(), value.to_owned())), "{key} in {texts:?}");
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let folder = Folder::new();
    for (flags, message) in [
        ("--rng torch --first 2", "--first 2: --rng torch draws the noise of all samples as one"),
        ("--compat diffusers --steps 1001", "1001 steps asked of a schedule of 1000 timesteps"),
        ("--compat diffusers --steps 0", "expected a whole number from 1 to 1000000"),
        (
            "--compat diffusers --sampler dpmpp-sde",
            "--sampler dpmpp-sde: diffusers has no scheduler of that kind",
        ),
        (
            "--compat diffusers --sampler euler:churn=4",
            "euler has no option \"churn\": it takes none",
        ),
        (
            "--compat diffusers --sampler heun --visit 900,10",
            "--visit: the HeunDiscreteScheduler of diffusers takes no list of timesteps",
        ),
        (
            "--compat diffusers --sampler euler --variance learned",
            "--variance learned: the sampler euler:churn=0,min=0,max=inf,noise=1 has no variance to choose",
        ),
        (
            "--compat diffusers --sampler dpm-solver --spacing leading",
            "--spacing leading: the DPMSolverSinglestepScheduler of diffusers has no such choice",
        ),
        ("--compat diffusers --sampler pndm --steps 3", "PNDMScheduler: it makes at least 4"),
        (
            "--compat diffusers --sampler dpmpp-2m --spacing karras",
            "DPMSolverMultistepScheduler begins at timestep 998 and comes there again",
        ),
        (
            "--compat diffusers --sampler ddim --visit 900,10",
            "--visit: the DDIMScheduler of diffusers takes no list of timesteps",
        ),
        (
            "--compat diffusers --sampler ddim:use_clipped_model_output=2",
            "option use_clipped_model_output=2 of ddim: expected true or false",
        ),
        (
            "--compat diffusers --variance learned",
            "--variance learned: the network of model built-in digits predicts no variance",
        ),
        ("--visit 10,900", "timesteps must descend, but 900 (entry 1) follows 10"),
        ("--visit 1000", "timestep 1000 (entry 0) is outside 0..1000"),
    ] {
        let refused = folder.refused(&format!("sample {flags} -o x.npy"));
        assert!(refused.contains(message), "{flags}: {refused}");
    }
}

/// The built-in model with another scheduler.
fn with_scheduler(folder: &Folder, json: &str) {
    folder.run("convert digits -o model --force");
    folder.write("model/scheduler/scheduler_config.json", json);
}

#[test]
fn a_folder_of_another_class_goes_the_way_of_its_own_config() {
    let folder = Folder::new();
    let run = |flags: &str| {
        folder.run(&format!("sample model --class 3 -n 2 --steps 6 --force {flags} -o many"));
        png_texts(&folder.path("many/000001.png"))
    };
    for (json, sampler, class, steps) in [
        (
            r#"{"_class_name": "HeunDiscreteScheduler", "beta_schedule": "squaredcos_cap_v2",
                "timestep_spacing": "leading", "use_karras_sigmas": true}"#,
            "heun:churn=0,min=0,max=inf,noise=1",
            "HeunDiscreteScheduler",
            "11",
        ),
        (
            r#"{"_class_name": "DPMSolverMultistepScheduler", "beta_schedule": "squaredcos_cap_v2",
                "solver_order": 3, "lambda_min_clipped": -Infinity, "thresholding": true}"#,
            "dpmpp-3m",
            "DPMSolverMultistepScheduler",
            "6",
        ),
    ] {
        with_scheduler(&folder, json);
        let texts = run("--compat diffusers");
        for (key, value) in [
            ("sampler", sampler),
            ("compat", &format!("diffusers 0.42.1 {class}")),
            ("steps", steps),
        ] {
            assert!(texts.contains(&(key.to_owned(), value.to_owned())), "{key} in {texts:?}");
        }
        let texts = run("--compat diffusers --eta 0");
        let compat = ("compat".to_owned(), "diffusers 0.42.1 DDIMScheduler".to_owned());
        assert!(texts.contains(&compat), "{texts:?}");
    }
}

#[test]
fn without_compat_the_sampler_and_grid_that_answer_to_the_class() {
    let folder = Folder::new();
    let stderr = |flags: &str| {
        let output = folder
            .try_run(&format!("sample model --class 3 -n 1 --steps 4 --force {flags} -o x.npy"));
        assert!(output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    for (keys, words) in [
        (
            r#""DPMSolverMultistepScheduler", "use_karras_sigmas": true"#,
            "dpmpp-2m:slope=midpoint over karras",
        ),
        (
            r#""DPMSolverMultistepScheduler", "use_lu_lambdas": true"#,
            "dpmpp-2m:slope=midpoint over exponential",
        ),
        (
            r#""DPMSolverSinglestepScheduler", "solver_order": 3"#,
            "dpm-solver:order=3,form=data over linspace",
        ),
        (
            r#""UniPCMultistepScheduler", "predict_x0": false"#,
            "unipc:order=2,variant=bh2,form=noise",
        ),
        (
            r#""DEISMultistepScheduler", "timestep_spacing": "trailing""#,
            "deis:order=2 over trailing",
        ),
        (r#""KDPM2AncestralDiscreteScheduler""#, "dpm2-ancestral"),
        (r#""LMSDiscreteScheduler""#, "lms"),
        (r#""LCMScheduler""#, "lcm over trailing"),
    ] {
        with_scheduler(
            &folder,
            &format!(r#"{{"_class_name": {keys}, "beta_schedule": "linear"}}"#),
        );
        let notes = stderr("");
        assert!(notes.contains(words), "{keys}: {notes}");
        assert_eq!(notes.matches("computes as diffusers does").count(), 1, "{notes}");
        assert!(
            !stderr("--sampler euler").contains("computes as diffusers"),
            "the user has chosen"
        );
    }
}
