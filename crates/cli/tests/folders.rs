//! Model folders of other programs, from the command line.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::path::Path;

use ancestral_data::read_npy;
use ancestral_format::{Array, Dtype, ModelFolder, Weights, safetensors};
use common::{Folder, assert_same};

const WEIGHTS: &str = "unet/diffusion_pytorch_model.safetensors";

/// The built-in model as a folder `m` without what is ours alone.
fn foreign() -> Folder {
    let folder = Folder::new();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipeline/models/digits");
    for name in ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json", WEIGHTS]
    {
        folder.write(&format!("m/{name}"), std::fs::read(built_in.join(name)).unwrap());
    }
    folder
}

fn weights(folder: &Folder, name: &str) -> Weights {
    safetensors::from_bytes(&folder.read(name)).unwrap()
}

fn edit(folder: &Folder, name: &str, from: &str, to: &str) {
    let text = folder.text(name);
    assert!(text.contains(from), "{from} in {text}");
    folder.write(name, text.replace(from, to));
}

fn sample(folder: &Folder, model: &str) -> Vec<f32> {
    folder.run(&format!("sample {model} --class 10 -n 2 --steps 3 --force -o x.npy"));
    read_npy(&folder.path("x.npy")).unwrap().data().to_vec()
}

#[test]
fn every_layout_draws_the_same_and_is_converted_to_one() {
    let folder = foreign();
    let truth = sample(&folder, "m");
    let stored = folder.read(&format!("m/{WEIGHTS}"));

    // Everything at the root, as the first DDPM folders have it.
    for (from, to) in [
        ("model_index.json", "model_index.json"),
        ("scheduler/scheduler_config.json", "scheduler_config.json"),
        ("unet/config.json", "config.json"),
        (WEIGHTS, "diffusion_pytorch_model.safetensors"),
    ] {
        folder.write(&format!("root/{to}"), folder.read(&format!("m/{from}")));
    }
    // A variant alone, and attention by its old names, as 1 × 1 convolutions.
    let old = |(name, array): (String, Array)| {
        let names =
            [("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn")];
        let Some((new, old)) = names.into_iter().find(|(new, _)| name.contains(new)) else {
            return (name, array);
        };
        let mut shape = array.shape().to_vec();
        if let [out, from] = shape[..] {
            shape = vec![out, from, 1, 1];
        }
        (name.replace(new, old), array.reshaped(shape).unwrap())
    };
    let renamed: Weights = weights(&folder, &format!("m/{WEIGHTS}")).into_iter().map(old).collect();
    for name in ["model_index.json", "scheduler/scheduler_config.json", "unet/config.json"] {
        folder.write(&format!("old/{name}"), folder.read(&format!("m/{name}")));
    }
    let variant = "old/unet/diffusion_pytorch_model.old.safetensors";
    folder.write(variant, safetensors::to_bytes(&renamed).unwrap());

    for model in ["root", "old"] {
        assert_eq!(sample(&folder, model), truth, "{model}");
        folder.run(&format!("convert {model} -o {model}-clean"));
        assert_eq!(folder.read(&format!("{model}-clean/{WEIGHTS}")), stored, "{model}");
    }
    assert_same(&folder.files("root-clean"), &folder.files("old-clean"));
    let stderr = folder.stderr("convert old --variant old -o requested");
    assert!(stderr.is_empty(), "{stderr}");
    let stderr = folder.stderr("convert old -o default");
    assert!(
        stderr.contains("using the weights of variant old, as there are no others"),
        "{stderr}"
    );
}

#[test]
fn weights_are_stored_in_half_and_computed_in_whole() {
    let folder = foreign();
    folder.run("convert m --dtype f16 -o half");
    folder.run("convert half -o whole");
    folder.run("convert half --dtype f16 -o half-again");
    assert_same(&folder.files("half-again"), &folder.files("half"));
    let half = weights(&folder, &format!("half/{WEIGHTS}"));
    let whole = weights(&folder, &format!("whole/{WEIGHTS}"));
    for ((name, half), (_, whole)) in half.iter().zip(&whole) {
        assert_eq!((half.dtype(), whole.dtype()), (Dtype::F16, Dtype::F32), "{name}");
        assert_eq!(half.to_f32(), whole.to_f32(), "{name}");
    }
    // The same numbers in another format make the same network.
    assert_eq!(sample(&folder, "half"), sample(&folder, "whole"));

    let mut large = weights(&folder, &format!("m/{WEIGHTS}"));
    large.insert("conv_in.bias", Array::from_f32(vec![32], &[1e6; 32]).unwrap());
    folder.write(&format!("m/{WEIGHTS}"), safetensors::to_bytes(&large).unwrap());
    let refused = folder.refused("convert m --dtype f16 -o x");
    assert!(refused.contains("conv_in.bias") && refused.contains("1000000"), "{refused}");
    assert!(!folder.path("x").exists());
}

#[test]
fn nothing_is_replaced_unasked_or_made_of_weights_that_do_not_fit() {
    let folder = foreign();
    folder.run("convert m -o clean");
    let before = folder.files("clean");
    let refused = folder.refused("convert m -o clean");
    assert!(refused.contains("clean already exists: replace it with --force"), "{refused}");
    folder.run("convert m -o clean --force");
    assert_same(&folder.files("clean"), &before);

    let mut wrong = weights(&folder, &format!("m/{WEIGHTS}"));
    let bias = Array::from_f32(vec![32], &[0.0; 32]).unwrap();
    wrong = wrong.into_iter().filter(|(name, _)| name != "conv_in.bias").collect();
    wrong.insert("conv_in.bais", bias);
    folder.write(&format!("m/{WEIGHTS}"), safetensors::to_bytes(&wrong).unwrap());
    for command in ["convert m -o x", "sample m --class 10 -o x.npy"] {
        let refused = folder.refused(command);
        let report = "missing: conv_in.bias (there is conv_in.bais); unexpected: conv_in.bais \
                      (expected conv_in.bias)";
        assert!(refused.contains(report), "{refused}");
    }
    assert!(!folder.path("x").exists());
}

#[test]
fn a_clean_folder_keeps_what_is_ours() {
    let folder = Folder::new();
    folder.run("train moons --steps 20 --points 200 --quiet -o run");
    folder.run("convert run -o clean");
    folder.run("convert run --variant raw -o raw");
    let read = |name: &str| ModelFolder::read(&folder.path(name)).unwrap().model;
    let (run, clean, raw) = (read("run"), read("clean"), read("raw"));
    assert_eq!((&clean.weights, &clean.about), (&run.weights, &run.about));
    assert_eq!(Some(&raw.weights), run.raw_weights.as_ref());
    assert_eq!((clean.raw_weights, raw.raw_weights), (None, None));
    // The weights of a run can be chosen.
    let sample = |flags: &str| {
        folder.run(&format!("sample {flags} -n 5 --steps 3 --force -o x.npy"));
        folder.read("x.npy")
    };
    assert_eq!(sample("run --variant raw"), sample("raw"));
    assert_ne!(sample("run --variant raw"), sample("run"));
}

#[test]
fn a_scheduler_of_another_class_is_run_as_what_it_is() {
    let folder = foreign();
    let scheduler = "m/scheduler/scheduler_config.json";
    folder.write(
        scheduler,
        r#"{"_class_name": "DDIMScheduler", "beta_schedule": "squaredcos_cap_v2",
            "set_alpha_to_one": false, "skip_prk_steps": true, "tensor_format": "pt"}"#,
    );
    let inspected = folder.run("inspect m --steps 10");
    for part in ["scheduler    DDIMScheduler", "10 steps of ddim:eta=0: diffusers differs"] {
        assert!(inspected.contains(part), "{inspected}");
    }
    let stderr = folder.stderr("sample m --class 10 -n 2 --steps 10 -o x.npy");
    for part in [
        "scheduler_config.json: unknown keys, ignored: skip_prk_steps, tensor_format",
        "diffusers ends its last step, from timestep 0, at alpha_bar 0.9999587: a share of 0.0064",
        "use --compat diffusers for the numbers of diffusers",
    ] {
        assert!(stderr.contains(part), "{part}: {stderr}");
    }
    let quiet = folder.stderr("sample m --class 10 -n 2 --steps 10 --quiet -o y.npy");
    assert!(quiet.is_empty(), "{quiet}");
    folder.run("convert m -o clean");
    assert!(folder.text("clean/model_index.json").contains("\"DDIMPipeline\""));
    edit(&folder, scheduler, "squaredcos_cap_v2", "sigmoid");
    let refused = folder.refused("sample m --class 10 -o z.npy");
    assert!(refused.contains("\"sigmoid\" is not supported by DDIMScheduler"), "{refused}");
}

#[test]
fn an_epsilon_network_without_signal_at_the_end_is_refused_with_advice() {
    let folder = foreign();
    let scheduler = "m/scheduler/scheduler_config.json";
    edit(
        &folder,
        scheduler,
        "\"rescale_betas_zero_snr\": false",
        "\"rescale_betas_zero_snr\": true",
    );
    for flags in ["", "--compat diffusers"] {
        let refused = folder.refused(&format!("sample m --class 10 {flags} -o x.npy"));
        assert!(refused.contains("use a network that predicts v or x0"), "{refused}");
    }
    assert!(folder.run("inspect m").contains("not in diffusers"));
}

#[test]
fn a_missing_scheduler_is_named() {
    let folder = foreign();
    std::fs::remove_file(folder.path("m/scheduler/scheduler_config.json")).unwrap();
    let refused = folder.refused("sample m --class 10 -o x.npy");
    assert!(refused.contains("m/scheduler/scheduler_config.json"), "{refused}");
    // A bare network has no schedule; a notice names the assumption.
    let stderr = folder.stderr("sample m/unet --class 10 -n 2 --steps 3 -o x.npy");
    assert!(stderr.contains("using the defaults of DDPMScheduler"), "{stderr}");
}

/// The error of `inspect` and of `sample` after `change` was made to the folder `m`.
fn refused_after(change: impl Fn(&Folder)) -> (Folder, String) {
    let folder = foreign();
    change(&folder);
    let refused = folder.refused("inspect m");
    assert_eq!(folder.refused("sample m --class 3 -n 1 --steps 2 -o x.npy"), refused);
    (folder, refused)
}

#[test]
fn inspect_checks_the_weights_as_sample_does() {
    let (_, refused) = refused_after(|folder| {
        let name = format!("m/{WEIGHTS}");
        let mut wrong = weights(folder, &name);
        let bias = Array::from_f32(vec![3], &[0.0; 3]).unwrap();
        wrong.insert("conv_in.bias", bias.clone());
        wrong.insert("", bias.clone());
        wrong.insert("a\n\u{1b}[31m", bias);
        folder.write(&name, safetensors::to_bytes(&wrong).unwrap());
    });
    let report = "error: model m: the weights do not fit the network: unexpected: \"\", \
                  a\\n\\u{1b}[31m; wrong shape: conv_in.bias is [3] instead of [32]\n";
    assert_eq!(refused, report);
    let (_, refused) = refused_after(|folder| {
        let name = format!("m/{WEIGHTS}");
        let mut wrong = weights(folder, &name);
        wrong.insert("conv_in.bias", Array::from_f32(vec![32], &[f32::NAN; 32]).unwrap());
        folder.write(&name, safetensors::to_bytes(&wrong).unwrap());
    });
    assert!(refused.contains("\"conv_in.bias\": 32 of 32 values are not finite"), "{refused}");
}

#[test]
fn a_variance_that_no_run_has_hides_nothing_else() {
    let folder = foreign();
    let scheduler = "m/scheduler/scheduler_config.json";
    edit(&folder, scheduler, "\"fixed_small\"", "\"learned\"");
    let reason = "--variance learned: the network of model m predicts no variance; take fixed-small \
                  or fixed-large";
    let output = folder.try_run("inspect m");
    assert!(output.status.success());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("warning: {reason}\n"));
    assert!(String::from_utf8(output.stdout).unwrap().contains("variance     learned"));
    let json: serde_json::Value = serde_json::from_str(&folder.run("inspect m --json")).unwrap();
    assert!(json["compat"].is_null());
    folder.run("inspect m --variance fixed-small");
    for flags in ["", "--compat diffusers"] {
        let refused = folder.refused(&format!("sample m --class 3 {flags} -o x.npy"));
        assert_eq!(refused, format!("error: {reason}\n"));
    }
    // Where a flag is at fault it is still refused.
    let refused = folder.refused("inspect m --sampler none");
    assert!(refused.contains("--sampler"), "{refused}");
}

#[test]
fn notes_report_where_diffusers_gives_nan() {
    let folder = foreign();
    let scheduler = "m/scheduler/scheduler_config.json";
    edit(&folder, scheduler, "\"fixed_small\"", "\"fixed_large_log\"");
    let sample = "sample m --class 3 -n 1 --force -o x.npy";
    let stderr = folder.stderr(&format!("{sample} --spacing leading --steps 2"));
    assert!(stderr.contains("diffusers gives NaN for variance_type fixed_large_log"), "{stderr}");
    assert!(!stderr.contains("for the numbers of diffusers"), "{stderr}");
    let stderr = folder.stderr(&format!("{sample} --spacing trailing --steps 2"));
    assert!(
        stderr.contains(
            "--compat diffusers for the numbers of diffusers (except where it returns NaN)"
        ),
        "{stderr}"
    );
    // Ours and diffusers' both begin where the user's own list does.
    edit(&folder, scheduler, "\"fixed_large_log\"", "\"fixed_small\"");
    let stderr = folder.stderr(&format!("{sample} --visit 5"));
    assert!(!stderr.contains("pure noise"), "{stderr}");
    let ddim = "--sampler ddim:eta=1 --spacing trailing --no-clip --compat diffusers";
    let stderr = folder.stderr(&format!("{sample} --steps 5 {ddim}"));
    assert!(stderr.contains("may give NaN on the step from timestep 999"), "{stderr}");
}

#[test]
fn differences_from_diffusers_are_plain_json() {
    let folder = foreign();
    let json = |flags: &str| -> serde_json::Value {
        serde_json::from_str(&folder.run(&format!("inspect m --json {flags}"))).unwrap()
    };
    let compat = &json("--steps 2 --spacing leading --sampler ddpm")["compat"];
    assert_eq!(compat["differences"], serde_json::json!([]));
    assert!(compat["refusal"].is_null());
    let compat = &json("--sampler dpmpp-sde")["compat"];
    assert!(compat["differences"].is_null());
    assert!(compat["refusal"].as_str().unwrap().contains("dpmpp-sde"), "{compat}");
}

#[test]
fn betas_that_cannot_be_name_their_keys() {
    for (change, message) in [
        (
            r#""trained_betas": [1e-45, 2.0], "num_train_timesteps": 2"#,
            "model m, trained_betas of its scheduler: beta 2.0 at timestep 1 is outside",
        ),
        (
            r#""beta_start": -1e-45"#,
            "model m, beta_start and beta_end of its scheduler: beta -1e-45 at timestep 0",
        ),
    ] {
        let (_, refused) = refused_after(|folder| {
            folder.write(
                "m/scheduler/scheduler_config.json",
                format!(r#"{{"_class_name": "DDPMScheduler", {change}}}"#),
            );
        });
        assert!(refused.contains(message), "{refused}");
    }
}

#[test]
fn seeds_of_generators_do_not_wrap_around() {
    let folder = Folder::new();
    let sample = format!("sample --class 3 --steps 1 --rng torch-each --seed {}", u64::MAX);
    folder.run(&format!("{sample} -n 1 -o x.npy"));
    let refused = folder.refused(&format!("{sample} -n 2 -o y.npy"));
    let expected = format!("--seed {0}: --rng torch-each seeds sample 1 with the sum", u64::MAX);
    assert!(refused.contains(&expected), "{refused}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_or_closed_output_ends_the_program_without_a_panic() {
    let program = env!("CARGO_BIN_EXE_ancestral");
    for (pipe, code) in [("> /dev/full", 1), ("| head -c 1 > /dev/null", 0)] {
        for what in ["digits", "digits --json", "schedule"] {
            let script = format!("set -o pipefail; {program} inspect {what} {pipe}");
            let output = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(code), "{what} {pipe}: {stderr}");
            assert_eq!(stderr.is_empty(), code == 0, "{stderr}");
        }
    }
}
