//! `ancestral train`, on a network too small to learn much.

mod common;

use common::Folder;

const TINY: &str = "train digits --width 8,8 --layers 1 --batch 4 --steps 5 --preview-every 2";

#[test]
fn a_run_leaves_a_model_and_pictures() {
    let folder = Folder::new();
    let printed = folder.run(&format!("{TINY} --timesteps 50 --prediction v -o run"));
    assert_eq!(printed, "run\n");
    for file in [
        "model_index.json",
        "ancestral.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
        "unet/diffusion_pytorch_model.raw.safetensors",
        "samples.png",
        "denoising.gif",
        "loss.png",
        "previews/step-000002.png",
        "previews/step-000004.png",
    ] {
        assert!(!folder.read(&format!("run/{file}")).is_empty(), "{file}");
    }
    let log = String::from_utf8(folder.read("run/log.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 5);
    for (i, line) in log.lines().enumerate() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["step"], i + 1);
        assert!(line["loss"].as_f64().unwrap() > 0.0);
    }
    let about = folder.run("inspect run");
    assert!(about.contains("v_prediction") && about.contains("T = 50"), "{about}");
    assert!(about.contains("5 steps of 4"), "{about}");
    let json: serde_json::Value = serde_json::from_str(&folder.run("inspect run --json")).unwrap();
    assert_eq!(json["unet"]["num_class_embeds"], 11);
    assert_eq!(json["scheduler"]["num_train_timesteps"], 50);
    // What it printed as its own command makes the same weights.
    let command = json["about"]["training"]["command"].as_str().unwrap();
    folder.run(&format!("{} -o again --quiet", command.strip_prefix("ancestral ").unwrap()));
    let weights =
        |run: &str| folder.read(&format!("{run}/unet/diffusion_pytorch_model.safetensors"));
    assert_eq!(weights("run"), weights("again"));
    // And its model samples.
    folder.run("sample run -n 2 --class 3 -o x.npy");
}

#[test]
fn one_seed_gives_one_model_whatever_the_threads_and_previews() {
    let folder = Folder::new();
    let run = |name: &str, flags: &str| {
        folder.run(&format!("{TINY} --quiet {flags} -o {name}"));
        let part = |file| folder.read(&format!("{name}/unet/diffusion_pytorch_model{file}"));
        (part(".safetensors"), part(".raw.safetensors"))
    };
    let truth = run("a", "--threads 1");
    assert_eq!(run("b", "--threads 2"), truth);
    assert_ne!(run("c", "--seed 1"), truth);
}

#[test]
fn a_run_is_replaced_only_when_asked_and_nothing_else_ever() {
    let folder = Folder::new();
    folder.run(&format!("{TINY} --quiet -o run"));
    std::fs::write(folder.path("run/notes.txt"), "mine").unwrap();
    let message = folder.refused(&format!("{TINY} -o run"));
    assert!(message.contains("run folder run already exists"), "{message}");
    folder.run(&format!("{TINY} --quiet --force -o run"));
    assert_eq!(folder.read("run/notes.txt"), b"mine");
    std::fs::create_dir(folder.path("photos")).unwrap();
    std::fs::write(folder.path("photos/samples.png"), "mine").unwrap();
    let message = folder.refused(&format!("{TINY} --force -o photos"));
    assert!(message.contains("is not a run folder"), "{message}");
    assert_eq!(folder.read("photos/samples.png"), b"mine");
}

#[test]
fn a_training_that_blows_up_ends_with_code_1_and_names_the_step() {
    let folder = Folder::new();
    let output = folder.try_run(
        "train digits --width 8,8 --layers 1 --batch 4 --steps 300 --lr 1e30 --quiet -o run",
    );
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("10 steps in a row were skipped"), "{message}");
    assert!(!folder.path("run/model_index.json").exists());
}

#[test]
fn a_model_is_not_lost_to_a_training_that_fails() {
    let folder = Folder::new();
    folder.run(&format!("{TINY} --quiet -o run"));
    let model = || folder.read("run/unet/diffusion_pytorch_model.safetensors");
    let good = model();
    let failing = "train digits --width 8,8 --batch 4 --steps 90 --lr 1e30 --force -o run";
    assert_eq!(folder.try_run(failing).status.code(), Some(1));
    assert_eq!(model(), good);
    folder.run("sample run -n 1 --steps 2 -o x.npy");
}

#[test]
fn a_reader_that_closes_the_pipe_is_no_error() {
    let folder = Folder::new();
    let output = std::process::Command::new("sh")
        .current_dir(folder.path("."))
        .args(["-c", "\"$0\" inspect schedule | head -n 1; exit ${PIPESTATUS:-0}"])
        .arg(env!("CARGO_BIN_EXE_ancestral"))
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn what_would_take_long_to_draw_beside_few_steps_is_drawn_less_and_said() {
    let folder = Folder::new();
    folder.write_picture("long/a.png", [640, 40], 1, 3);
    let common =
        "train long --channels 1 --size 640x40 --width 8,8,8,8 --layers 1 --batch 1 --force";
    let stderr = |args: &str| folder.stderr(&format!("{common} --stop-at 1 -o run {args}"));
    let few = stderr("--steps 2 --preview-every 2");
    for part in
        [", not 64 in 100 steps (for a preview ", "; draw more with: ancestral sample run\n"]
    {
        assert!(few.contains(part), "{part}: {few}");
    }
    assert!(!stderr("--steps 2 --preview-every 0").contains("preview"));
    assert!(!stderr("--steps 50000").contains("samples drawn"));
}

#[test]
fn what_is_held_out_judges_the_run() {
    let folder = Folder::new();
    let tiny = "--steps 6 --batch 8 --preview-every 2 --timesteps 25";
    folder.run(&format!("train moons --points 200 --holdout 0.25 {tiny} --quiet -o run"));
    let lines: Vec<serde_json::Value> = folder
        .text("run/judgements.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let steps: Vec<_> = lines.iter().map(|line| line["step"].as_u64().unwrap()).collect();
    assert_eq!(steps, [2, 4, 6]);
    for line in &lines {
        assert!(line["distance"].is_number(), "{line}");
        for part in ["held_out", "seen"] {
            assert!(line[part]["mean"].as_f64().unwrap() > 0.0, "{line}");
            assert_eq!(line[part]["bands"].as_array().unwrap().len(), 10, "{line}");
        }
    }
    // It is part of the run: one that is resumed has the same, byte for byte.
    let stopped = format!("train moons --points 200 --holdout 0.25 {tiny} --quiet -o two");
    folder.run(&format!("{stopped} --stop-at 3"));
    folder.run("train --resume two --quiet");
    for file in ["judgements.jsonl", "loss.png", "unet/diffusion_pytorch_model.safetensors"] {
        let [one, two] = ["run", "two"].map(|run| folder.path(run).join(file).exists());
        assert_eq!(one, two, "{file}");
        if one {
            assert_eq!(folder.read(&format!("run/{file}")), folder.read(&format!("two/{file}")));
        }
    }
    let message = folder.refused("train --resume run --holdout 0.5");
    assert!(message.contains("begun with --holdout 0.25"), "{message}");
    // Without, samples are compared with what was seen.
    folder.run(&format!("train moons --points 200 {tiny} --quiet -o plain"));
    let text = folder.text("plain/judgements.jsonl");
    assert!(text.contains("distance") && !text.contains("held_out"), "{text}");
    let message = folder.refused(&format!("train moons --points 2 --holdout 0.9 {tiny} -o none"));
    assert!(message.contains("--holdout: a share of 0.9 of 2 samples leaves none"), "{message}");
}

#[test]
fn a_run_that_copies_its_data_says_so() {
    let folder = Folder::new();
    folder.write_picture("data/one.png", [4, 4], 1, 3);
    folder.write_picture("data/two.png", [4, 4], 1, 200);
    let stderr = folder.stderr(
        "train data --width 8 --layers 1 --batch 16 --timesteps 25 --prediction x0 --steps 80 \
         --lr 0.01 --ema 0.5 --preview-every 0 --checkpoint-every 0 -o run",
    );
    assert!(stderr.contains("samples are copies of pictures of the data"), "{stderr}");
}
