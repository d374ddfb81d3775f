//! A resumed training equals a training that never stopped.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use common::{Folder, assert_same, people};

/// A network for a table of 40 rows; all that could differ after a pause is switched on.
const TABLE: &str = "people.csv --width 8 --layers 1 --batch 4 --timesteps 25 --accumulate 2 \
                     --ema 0.3 --checkpoint-every 3 --preview-every 4 --seed 5";

fn with_people() -> Folder {
    let folder = Folder::new();
    folder.write("people.csv", people(40));
    folder
}

/// One field of every line of a run's log.
fn logged(folder: &Folder, run: &str, field: &str) -> Vec<f64> {
    let number = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        line[field].as_f64().unwrap()
    };
    folder.text(&format!("{run}/log.jsonl")).lines().map(number).collect()
}

fn halve(folder: &Folder, file: &str) {
    let bytes = folder.read(file);
    folder.write(file, &bytes[..bytes.len() / 2]);
}

#[test]
fn pictures_that_stopped_and_went_on_are_the_whole_run() {
    let folder = Folder::new();
    let common = "train digits --width 8,8 --layers 1 --batch 4 --timesteps 25 --accumulate 2 \
                  --ema 0.3 --checkpoint-every 3 --preview-every 4";
    let whole = |name: &str, flags: &str| {
        folder.run(&format!("{common} --steps 10 --quiet {flags} -o {name}"));
        folder.files(name)
    };
    let truth = whole("whole", "--flip");
    assert_eq!(logged(&folder, "whole", "step"), (1..=10).map(f64::from).collect::<Vec<_>>());
    for file in ["previews/step-000004.png", "previews/step-000008.png", "denoising.gif"] {
        assert!(truth.contains_key(file), "{file}");
    }

    let stderr = folder.stderr(&format!("{common} --flip --steps 10 --stop-at 5 -o run"));
    assert!(stderr.contains("stopped after step 5 of 10"), "{stderr}");
    assert!(stderr.contains("continue with: ancestral train --resume run"), "{stderr}");
    assert!(!folder.path("run/model_index.json").exists());
    let stderr = folder.stderr("train --resume run");
    assert!(stderr.contains("from step 5 on, 10 steps of 8"), "{stderr}");
    assert_same(&folder.files("run"), &truth);

    // The files distinguish runs: the options have an effect.
    let model = "unet/diffusion_pytorch_model.safetensors";
    for flags in ["", "--flip --label-dropout 0", "--flip --ema 0.4", "--flip --accumulate 1"] {
        let other = whole("other", &format!("{flags} --preview-every 0 --force"));
        assert!(other[model] != truth[model], "{flags}");
    }
}

#[test]
fn points_that_stopped_twice_and_went_on_are_the_whole_run() {
    let folder = Folder::new();
    let common = "train moons --points 100 --width 8 --layers 1 --batch 4 --timesteps 25 \
                  --accumulate 2 --ema 0.3 --checkpoint-every 3 --preview-every 4 --quiet";
    folder.run(&format!("{common} --steps 10 -o whole"));
    folder.run(&format!("{common} --steps 10 --stop-at 4 -o run"));
    let stderr = folder.stderr("train moons -o run --resume --stop-at 6");
    assert!(!stderr.contains("ends before"), "{stderr}");
    assert_eq!(logged(&folder, "run", "step"), (1..=6).map(f64::from).collect::<Vec<_>>());
    let stderr = folder.stderr("train moons -o run --resume --stop-at 11");
    assert!(
        stderr.contains("warning: --stop-at 11: the run ends before, after 10 steps"),
        "{stderr}"
    );
    assert_same(&folder.files("run"), &folder.files("whole"));
}

#[test]
fn a_run_in_bf16_goes_on_in_bf16() {
    let folder = Folder::new();
    let run = |command: &str| {
        // On any CPU: to the same bits as on tiles.
        let output = folder.command(command).env("ANCESTRAL_SIMD", "soft-tiles").output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
    };
    let common = "train moons --points 100 --width 32 --layers 1 --batch 16 --timesteps 25 --steps 4 --quiet";
    run(&format!("{common} --precision bf16 -o whole"));
    run(&format!("{common} --precision bf16 --stop-at 2 --threads 1 -o run"));
    run("train --resume run --quiet");
    assert_same(&folder.files("run"), &folder.files("whole"));
    run(&format!("{common} -o plain"));
    let [plain, whole] = ["plain", "whole"].map(|run| folder.files(run));
    let model = whole.keys().find(|name| name.ends_with("safetensors")).expect("a model");
    assert!(plain[model] != whole[model]);
}

#[test]
fn previews_and_checkpoints_change_no_weight_no_loss_and_no_sample() {
    let folder = with_people();
    let run = |name: &str, flags: &str| {
        folder.run(&format!("train {TABLE} --steps 7 --quiet {flags} -o {name}"));
        let mut files = folder.files(name);
        let of_looks = ["checkpoints", "previews", "judgements.jsonl"];
        files.retain(|file, _| !of_looks.iter().any(|name| file.starts_with(name)));
        files
    };
    let truth = run("often", "--preview-every 1 --checkpoint-every 1");
    assert_same(&run("never", "--preview-every 0 --checkpoint-every 0 --keep 9"), &truth);
    let names = |folder_of: &str| folder.files(folder_of).into_keys().collect::<Vec<_>>();
    assert_eq!(names("often/previews").len(), 6);
    assert!(names("never/previews").is_empty());
    let steps = |names: Vec<String>| {
        let mut steps: Vec<String> =
            names.iter().map(|name| name.split('/').next().unwrap().to_owned()).collect();
        steps.dedup();
        steps
    };
    assert_eq!(steps(names("often/checkpoints")), ["step-6", "step-7"]);
    assert_eq!(steps(names("never/checkpoints")), ["step-7"]);
}

#[test]
fn a_damaged_newest_checkpoint_is_passed_over() {
    let folder = with_people();
    folder.run(&format!("train {TABLE} --steps 10 --quiet -o whole"));
    folder.run(&format!("train {TABLE} --steps 10 --stop-at 6 --quiet -o run"));
    halve(&folder, "run/checkpoints/step-6/moment_1.safetensors");
    // What a process leaves that was killed while it saved.
    folder.write("run/checkpoints/.step-9.partial/unet/config.json", "{");
    let stderr = folder.stderr("train --resume run");
    assert!(stderr.contains("step-6 is not whole"), "{stderr}");
    assert!(stderr.contains("moment_1.safetensors"), "{stderr}");
    assert!(stderr.contains("from step 3 on"), "{stderr}");
    assert_same(&folder.files("run"), &folder.files("whole"));
}

#[test]
fn a_longer_run_at_a_constant_rate_is_a_shorter_one_that_went_on() {
    let folder = with_people();
    let common = format!("train {TABLE} --constant-lr --keep 1 --preview-every 2 --quiet");
    folder.run(&format!("{common} --checkpoint-every 1 --steps 10 -o run"));
    folder.run(&format!("{common} --checkpoint-every 1 --steps 13 -o whole"));
    assert!(logged(&folder, "run", "learning_rate").iter().all(|rate| *rate > 0.0));
    folder.run("train --resume run --steps 13 --quiet");
    assert_same(&folder.files("run"), &folder.files("whole"));
}

#[test]
fn the_newest_checkpoint_is_the_one_with_the_largest_number() {
    let folder = with_people();
    folder
        .run(&format!("train {TABLE} --checkpoint-every 1 --steps 12 --stop-at 10 --quiet -o run"));
    assert!(folder.path("run/checkpoints/step-9").is_dir());
    let stderr = folder.stderr("train --resume run");
    assert!(stderr.contains("from step 10 on"), "{stderr}");
    assert_eq!(logged(&folder, "run", "step"), (1..=12).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn a_cosine_that_is_made_longer_goes_on_as_if_it_had_been_so_long() {
    let folder = with_people();
    folder.run(&format!("train {TABLE} --steps 10 --lr 0.01 --quiet -o run"));
    folder.run("train --resume run --steps 40 --quiet");
    let rates = logged(&folder, "run", "learning_rate");
    // Two of 40 steps are warm-up, where 10 have one; then half a cosine over the other 38.
    let planned = |k: u32| 0.005 * (1.0 + (std::f64::consts::PI * f64::from(k - 2) / 38.0).cos());
    for k in 10..40 {
        let rate = rates[k as usize];
        assert!(rate > 0.0 && (rate - planned(k)).abs() < 1e-12, "step {}: {rate}", k + 1);
    }
    assert_eq!(rates.len(), 40);
}

#[test]
fn what_can_not_go_on_is_refused_and_nothing_is_touched() {
    let folder = with_people();
    folder.run(&format!("train {TABLE} --steps 10 --stop-at 6 --quiet -o run"));
    std::fs::create_dir(folder.path("empty")).unwrap();
    let before = folder.files(".");
    let refused = |command: &str, expected: &[&str]| {
        let message = folder.refused(command);
        for part in expected {
            assert!(message.contains(part), "{command}: {message}");
        }
        assert_same(&folder.files("."), &before);
        assert!(!folder.path("nowhere").exists() && !folder.path("runs").exists());
    };
    refused("train --resume nowhere", &["--resume: there is no run folder nowhere"]);
    refused("train people.csv --resume", &["no run folder runs/people"]);
    refused("train --resume empty", &["no checkpoint in empty", "checkpoints/step-N"]);
    refused("train --resume run -o other", &["--resume run", "-o, other"]);
    refused(&format!("train {TABLE} --steps 10 -o run"), &["run already exists", "--resume"]);
    refused("train --resume run --force", &["--resume", "--force"]);
    refused("train --resume run --steps 5", &["--steps 5: the run has already made 6"]);
    refused("train --resume run --stop-at 4", &["--stop-at 4: the run has already made 6"]);
    for (flag, stored) in [
        ("--lr 0.01", "with --lr 0.002"),
        ("--batch 5", "with --batch 4"),
        ("--accumulate 1", "with --accumulate 2"),
        ("--width 16", "with --width 8"),
        ("--layers 2", "with --layers 1"),
        ("--seed 6", "with --seed 5"),
        ("--ema 0.5", "with --ema 0.3"),
        ("--constant-lr", "without --constant-lr"),
        ("--prediction v", "with --prediction epsilon"),
        ("--schedule cosine", "with --schedule linear"),
        ("--schedule linear:end=0.5", "with --schedule linear"),
        ("--timesteps 30", "with --timesteps 25"),
        ("--zero-snr", "without --zero-snr"),
        ("--label-dropout 0.5", "with --label-dropout 0.1"),
        ("--loss-weight snr", "with --loss-weight uniform"),
        ("--flip", "without --flip"),
    ] {
        let flag_only = flag.split(' ').next().unwrap();
        let message = format!("the run was begun {stored}");
        refused(&format!("train --resume run {flag}"), &[&message, flag_only]);
    }
    refused(
        "train --resume run --size 8",
        &["--size 8x8: the data of the run are read without it"],
    );
    // The same as before is no other; nor is what changes no result.
    let same = "--lr 0.002 --batch 4 --seed 5 --schedule linear --width 8 --keep 3 --threads 1 \
                --stop-at 6";
    folder.run(&format!("train --resume run {same} --quiet"));
    assert_same(&folder.files("."), &before);
}

#[test]
fn other_data_are_refused_and_the_same_data_elsewhere_are_not() {
    let folder = with_people();
    folder.run(&format!("train {TABLE} --steps 10 --stop-at 6 --quiet -o run"));
    let good = folder.text("people.csv");
    folder.write("people.csv", good.replacen("20,", "21,", 1));
    let before = folder.files(".");
    let message = folder.refused("train --resume run");
    assert!(
        message.contains("people.csv: the data differ from the data that the run"),
        "{message}"
    );
    assert_same(&folder.files("."), &before);
    folder.write("elsewhere/people.csv", good);
    folder.run("train elsewhere/people.csv --resume -o run --quiet");
    assert_eq!(logged(&folder, "run", "step").len(), 10);
}

#[test]
fn pictures_are_read_again_as_they_were_read_at_first() {
    let folder = Folder::new();
    folder.write_picture("photos/a.png", [20, 30], 3, 3);
    folder.write_picture("photos/b.png", [17, 9], 1, 5);
    folder.write("photos/bad.png", "no picture");
    let common = "train photos --skip-bad --width 8 --batch 2 --timesteps 25 --steps 4 --quiet";
    folder.run(&format!("{common} -o whole"));
    folder.run(&format!("{common} --stop-at 2 -o run"));
    folder.run("train --resume run --quiet");
    assert_same(&folder.files("run"), &folder.files("whole"));
    for (flag, stored) in [
        ("--size 16", "--size 16x16: the run was begun with --size 8x8"),
        ("--channels 1", "--channels 1: the run was begun with --channels 3"),
        ("--fit letterbox", "--fit letterbox: the run was begun with --fit crop"),
        ("--background 000000", "the run was begun with --background ffffff"),
        ("--classes", "--classes: the run was begun without --classes"),
    ] {
        let message = folder.refused(&format!("train --resume run {flag}"));
        assert!(message.contains(stored), "{flag}: {message}");
    }
    folder.run("train --resume run --size 8 --channels auto --fit crop --background white --quiet");
}

#[test]
fn a_checkpoint_of_another_format_is_refused_by_name() {
    let folder = with_people();
    folder.run(&format!("train {TABLE} --steps 10 --stop-at 3 --quiet -o run"));
    let file = "run/checkpoints/step-3/training.json";
    let text = folder.text(file);
    folder.write(file, text.replacen("\"format\": 2", "\"format\": 1", 1));
    let message = folder.refused("train --resume run");
    assert!(message.contains("training.json: format 1 is not supported"), "{message}");
    folder.write(file, text.replacen("\"flip\"", "\"flop\": true, \"flip\"", 1));
    let message = folder.refused("train --resume run");
    assert!(message.contains("training.json: unknown field `flop`"), "{message}");
}

#[test]
fn a_run_of_which_no_checkpoint_is_whole_is_refused_by_file() {
    let folder = with_people();
    folder.run(&format!("train {TABLE} --steps 10 --stop-at 6 --quiet -o run"));
    halve(&folder, "run/checkpoints/step-6/mlp/diffusion_pytorch_model.raw.safetensors");
    std::fs::remove_file(folder.path("run/checkpoints/step-3/training.json")).unwrap();
    let before = folder.files(".");
    let message = folder.refused("train --resume run");
    assert!(message.contains("step-6/mlp/diffusion_pytorch_model.raw.safetensors"), "{message}");
    assert_same(&folder.files("."), &before);
}

#[test]
fn after_a_training_that_blew_up_the_last_checkpoint_can_be_used() {
    let folder = Folder::new();
    let output = folder.try_run(
        "train digits --width 8 --layers 1 --batch 4 --timesteps 25 --steps 100 --lr 1e7 \
         --optimizer adamw --checkpoint-every 1 --preview-every 0 -o run",
    );
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("10 steps in a row were skipped"), "{message}");
    let steps = logged_steps(&folder, "run");
    folder.run(&format!("sample run/checkpoints/step-{steps} -n 2 --steps 2 -o x.npy"));
    // To go on with it fails in the same way, not in another.
    let output = folder.try_run("train --resume run --quiet");
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
}

/// How many steps a log has, some of them perhaps without a loss.
fn logged_steps(folder: &Folder, run: &str) -> usize {
    folder.text(&format!("{run}/log.jsonl")).lines().count()
}

#[cfg(unix)]
mod signals {
    use super::*;
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    /// A run so long that it is never done before it is interrupted.
    const LONG: &str = "--constant-lr --checkpoint-every 20 --preview-every 1 --keep 1 --steps";

    /// Starts a long run, and waits for its first checkpoint.
    fn begun(folder: &Folder) -> Child {
        let mut child = folder.start(&format!("train {TABLE} {LONG} 1000000 -o run"));
        let start = Instant::now();
        while newest(folder).is_none() {
            assert_eq!(child.try_wait().unwrap(), None, "it ended");
            assert!(start.elapsed() < Duration::from_secs(100), "no checkpoint in 100 s");
            std::thread::sleep(Duration::from_millis(2));
        }
        child
    }

    fn send(signal: &str, child: &Child) {
        let pid = child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// The step of the newest checkpoint.
    fn newest(folder: &Folder) -> Option<usize> {
        let names = std::fs::read_dir(folder.path("run/checkpoints")).ok()?;
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter_map(|name| name.strip_prefix("step-")?.parse().ok()).max()
    }

    /// Sends a signal once, and returns how the program ended and after which step.
    fn interrupted(folder: &Folder, signal: &str) -> (Option<i32>, usize) {
        let child = begun(folder);
        send(signal, &child);
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(message.contains("continue with: ancestral train --resume run\n"), "{message}");
        assert!(!message.contains("error") && output.stdout.is_empty(), "{message}");
        let (_, after) = message.split_once("interrupted after step ").unwrap();
        (output.status.code(), after.split_once(' ').unwrap().0.parse().unwrap())
    }

    #[test]
    fn an_interrupted_run_goes_on_as_if_it_had_not_been() {
        let folder = with_people();
        let (code, done) = interrupted(&folder, "-INT");
        assert_eq!(code, Some(130));
        assert!(folder.path(&format!("run/checkpoints/step-{done}/training.json")).exists());
        assert_eq!(logged_steps(&folder, "run"), done);
        let steps = done + 3;
        folder.run(&format!("train --resume run --steps {steps} --quiet"));
        folder.run(&format!("train {TABLE} {LONG} {steps} --quiet -o whole"));
        assert_same(&folder.files("run"), &folder.files("whole"));
    }

    #[test]
    fn being_asked_to_end_is_no_other_than_an_interruption() {
        let folder = with_people();
        let (code, done) = interrupted(&folder, "-TERM");
        assert_eq!(code, Some(143));
        let stderr = folder.stderr(&format!("train --resume run --steps {}", done + 1));
        assert!(stderr.contains(&format!("from step {done} on")), "{stderr}");
    }

    #[test]
    fn a_second_signal_ends_it_at_once_and_loses_no_checkpoint() {
        let folder = with_people();
        let child = begun(&folder);
        send("-INT", &child);
        send("-INT", &child);
        // Either it was done before the second one came, or not.
        assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
        // The newest checkpoint is whole, but the steps after it may be lost.
        let newest = newest(&folder).unwrap();
        let stderr = folder.stderr(&format!("train --resume run --steps {}", newest + 1));
        assert!(stderr.contains(&format!("from step {newest} on")), "{stderr}");
        assert!(!stderr.contains("not whole"), "{stderr}");
    }
}

#[test]
#[cfg(unix)]
fn a_log_for_which_the_disk_is_too_full_is_no_fault_of_the_user() {
    let folder = Folder::new();
    folder.run(
        "train moons --points 20 --width 8 --layers 1 --batch 4 --timesteps 25 --steps 2 --stop-at 1 \
         --preview-every 0 --quiet -o run",
    );
    // It is written again when the run is resumed, and no file can be longer than some kilobytes.
    folder.write("run/log.jsonl", folder.text("run/log.jsonl").repeat(600));
    let program = env!("CARGO_BIN_EXE_ancestral");
    let script = format!("trap '' XFSZ; ulimit -f 64; exec {program} train --resume run");
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &script]).current_dir(folder.path("")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("run/log.jsonl: "), "{stderr}");
}
