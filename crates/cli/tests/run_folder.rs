//! What a user may do to a run without meaning to: the wrong folder, two at once, data and runs in
//! one place, a terminal that is closed.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::fs;

use ancestral_data::{BUILTIN, TOYS};
use common::{Folder, assert_same, people};

/// A network that learns 40 people in no time.
const TINY: &str = "--width 8 --layers 1 --batch 4 --timesteps 25 --checkpoint-every 3";
/// One for pictures.
const PICTURES: &str = "--width 8,8 --layers 1 --batch 4 --timesteps 25 --checkpoint-every 2 \
                        --preview-every 2 --size 8";

fn with_people() -> Folder {
    let folder = Folder::new();
    folder.write("people.csv", people(40));
    folder
}

fn photos(folder: &Folder) {
    for i in 0..4 {
        folder.write_picture(&format!("photos/{i}.png"), [8, 8], 1, 3 + i);
    }
}

#[test]
fn a_run_among_its_data_goes_on() {
    let folder = Folder::new();
    photos(&folder);
    let inside = |args: &str| {
        let mut command = folder.command(args);
        let output = command.current_dir(folder.path("photos")).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "ancestral {args}: {stderr}");
        stderr
    };
    let stderr = inside(&format!("train . {PICTURES} --steps 8 --stop-at 4"));
    assert!(stderr.contains(".: 4 pictures") && !stderr.contains("left out"), "{stderr}");
    let stderr = inside("train --resume runs/photos");
    assert!(stderr.contains("left out ./runs/photos: a run of ancestral\n"), "{stderr}");
    assert!(stderr.contains(".: 4 pictures") && stderr.contains("from step 4 on"), "{stderr}");
    // From another folder, by a link, with classes, and again.
    let stderr = folder.stderr("train photos --resume -o photos/runs/photos --steps 9");
    assert!(stderr.contains("left out photos/runs/photos: a run"), "{stderr}");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("photos", folder.path("link")).unwrap();
        folder.stderr("train link --resume -o photos/runs/photos --steps 10");
    }
    let stderr = folder.stderr(&format!("train photos {PICTURES} --steps 2 -o photos/again"));
    assert!(stderr.contains("photos: 4 pictures"), "{stderr}");
    folder.run(&format!("train photos {PICTURES} --steps 2 -o photos/again --force --quiet"));
    folder.run(&format!("train photos {PICTURES} --steps 2 -o elsewhere --quiet"));
    let model = "unet/diffusion_pytorch_model.safetensors";
    let weights = |run: &str| folder.read(&format!("{run}/{model}"));
    assert_eq!(weights("photos/again"), weights("elsewhere"));
}

#[test]
fn a_run_is_no_data() {
    let folder = with_people();
    folder.run(&format!("train people.csv {TINY} --steps 3 --quiet -o run"));
    let message = folder.refused(&format!("train run {TINY} --steps 3 -o other"));
    assert!(message.contains("run holds a run of ancestral, not data"), "{message}");
    assert!(!folder.path("other").exists());
}

#[test]
fn built_in_sets_are_taken_where_nothing_else_has_their_name() {
    for name in BUILTIN.iter().chain(TOYS) {
        let folder = with_people();
        let tiny = if TOYS.contains(name) { TINY } else { PICTURES.trim_end_matches("--size 8") };
        folder.stderr(&format!("train {name} {tiny} --steps 2 --stop-at 1 -o {name}"));
        // The run's own folder has the name now.
        let stderr = folder.stderr(&format!("train --resume {name} --stop-at 1"));
        let expected =
            format!("{name}: the built-in set; the folder here holds a run of ancestral");
        assert!(stderr.contains(&expected), "{stderr}");
        fs::remove_dir_all(folder.path(name)).unwrap();
        fs::rename(folder.path("people.csv"), folder.path(name)).unwrap();
        let stderr = folder.stderr(&format!("train {name} {TINY} --steps 2 --stop-at 1 -o run"));
        let expected = format!("{name}: the file here, not the built-in set; 40 rows");
        assert!(stderr.contains(&expected), "{stderr}");
    }
}

/// Each is refused before anything is read or written.
#[test]
fn places_where_no_run_can_be_are_refused_and_nothing_is_touched() {
    let folder = with_people();
    photos(&folder);
    folder.write("file", "text");
    folder.write("mine/samples.png", "mine");
    folder.write("mine/log.jsonl", "{\"epoch\": 1}\n");
    folder.write("mine/checkpoints/step-1/weights", "mine");
    folder.write("mine/previews/step-000001.png", "mine");
    folder.run("convert digits -o model");
    let before = folder.files(".");
    let refused = |flags: &str, expected: &str| {
        let message = folder.refused(&format!("train people.csv {TINY} --steps 1 {flags}"));
        assert!(message.contains(expected), "{flags}: {message}");
        assert_same(&folder.files("."), &before);
        assert!(!folder.path("runs").exists());
    };
    refused("-o file", "run folder file: a file, expected a folder: choose another with -o");
    refused("-o people.csv", "run folder people.csv: a file, expected a folder");
    refused("-o file/run", "run folder file/run: file is a file, expected a folder");
    refused("-o photos", "run folder photos already exists");
    refused("-o .", "run folder . already exists");
    for theirs in ["photos", ".", "mine", "model"] {
        let expected = format!("run folder {theirs} is not a run folder (no valid log.jsonl)");
        refused(&format!("-o {theirs} --force"), &expected);
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nowhere", folder.path("link")).unwrap();
        let message = folder.refused(&format!("train people.csv {TINY} --steps 1 -o link"));
        assert!(message.contains("run folder link: a broken link"), "{message}");
        fs::remove_file(folder.path("link")).unwrap();
    }
    #[cfg(target_os = "linux")]
    refused("-o /proc/run", "run folder /proc/run: cannot create a file in /proc");
}

#[test]
fn what_a_killed_process_left_hinders_nobody() {
    let folder = with_people();
    folder.write("run/.lock", "4711\n");
    folder.run(&format!("train people.csv {TINY} --steps 3 --stop-at 2 --quiet -o run"));
    assert!(!folder.path("run/.lock").exists());
    folder.write("run/.lock", "4711\n");
    folder.run("train --resume run --quiet");
    assert!(!folder.path("run/.lock").exists());
}

#[cfg(unix)]
mod processes {
    use super::*;
    use std::process::{Child, Command, Stdio};
    use std::thread::sleep;
    use std::time::{Duration, Instant};

    const LONG: &str = "--constant-lr --checkpoint-every 20 --preview-every 0 --steps 1000000";

    /// Waits until `is` holds of the process that runs.
    fn wait(child: &mut Child, is: impl Fn() -> bool) {
        let start = Instant::now();
        while !is() {
            assert_eq!(child.try_wait().unwrap(), None, "it ended");
            assert!(start.elapsed() < Duration::from_secs(100), "nothing in 100 s");
            sleep(Duration::from_millis(2));
        }
    }

    fn begun(folder: &Folder) -> Child {
        let mut child = folder.start(&format!("train people.csv {TINY} {LONG} -o run"));
        wait(&mut child, || saved(folder).is_some());
        child
    }

    /// The step of the newest checkpoint.
    fn saved(folder: &Folder) -> Option<u64> {
        let names = fs::read_dir(folder.path("run/checkpoints")).ok()?;
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter_map(|name| name.strip_prefix("step-")?.parse().ok()).max()
    }

    fn send(signal: &str, child: &Child) {
        let id = child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    fn ended(child: Child) -> (Option<i32>, String) {
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    }

    #[test]
    fn a_second_process_in_a_run_folder_is_refused_and_the_first_is_named() {
        let folder = with_people();
        let mut child = begun(&folder);
        let id = child.id();
        let begin = format!("train people.csv {TINY} --steps 3 -o run");
        for command in ["train --resume run", &begin, &format!("{begin} --force")] {
            let message = folder.refused(command);
            let expected = format!("run folder run: process {id} is writing to it; wait until");
            assert!(message.contains(&expected), "{command}: {message}");
        }
        // However it ends, the next one may have it.
        child.kill().unwrap();
        child.wait().unwrap();
        let steps = saved(&folder).unwrap();
        folder.run(&format!("train --resume run --steps {} --quiet", steps + 1));
        assert!(!folder.path("run/.lock").exists());
        let steps: Vec<_> = folder.text("run/log.jsonl").lines().map(str::to_owned).collect();
        assert!(steps.last().unwrap().starts_with(&format!("{{\"step\":{},", steps.len())));
    }

    /// Whether these tests run where the signal is ignored, as under nohup: what they start inherits it.
    fn ignores_hangups() -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        mask.is_some_and(|mask| mask & 1 == 1)
    }

    #[test]
    fn a_closed_terminal_saves_as_an_interruption_does_also_if_it_is_said_twice() {
        if ignores_hangups() {
            return eprintln!("skipped: SIGHUP is ignored here");
        }
        let folder = with_people();
        let child = begun(&folder);
        send("-HUP", &child);
        send("-HUP", &child);
        let (code, stderr) = ended(child);
        assert_eq!(code, Some(129), "{stderr}");
        let (_, after) = stderr.split_once("interrupted after step ").unwrap();
        let done: u64 = after.split_once(' ').unwrap().0.parse().unwrap();
        assert_eq!(saved(&folder), Some(done));
        assert!(!folder.path("run/.lock").exists());
    }

    #[test]
    fn what_nohup_ignores_stays_ignored() {
        let folder = with_people();
        let train = format!("train people.csv {TINY} --steps 60 --preview-every 0 --quiet -o run");
        let script = format!("trap '' HUP; exec {} {train}", env!("CARGO_BIN_EXE_ancestral"));
        let mut command = Command::new("sh");
        command.args(["-c", &script]).current_dir(folder.path("")).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        wait(&mut child, || folder.path("run/log.jsonl").exists());
        send("-HUP", &child);
        let (code, stderr) = ended(child);
        assert_eq!(code, Some(0), "{stderr}");
        assert!(folder.path("run/model_index.json").exists());
    }

    /// The pictures at the end take a while; a message lists what is lost without them.
    #[test]
    fn an_interruption_while_the_last_samples_are_drawn_says_what_there_is() {
        let folder = with_people();
        let run = "train people.csv --width 128 --layers 4 --batch 2 --steps 1 --preview-every 0";
        let mut child = folder.start(&format!("{run} -o run"));
        wait(&mut child, || folder.path("run/model_index.json").exists());
        send("-INT", &child);
        let (code, stderr) = ended(child);
        assert_eq!(code, Some(130), "{stderr}");
        assert!(
            stderr.contains("the model is written: draw samples with: ancestral sample run"),
            "{stderr}"
        );
        assert!(!folder.path("run/samples.png").exists());
        assert!(!folder.path("run/.lock").exists());
        folder.run("sample run -n 2 --steps 2 -o x.csv");
        folder.run("train --resume run --quiet");
        assert!(folder.path("run/samples.png").exists());
    }

    /// Nobody reads what is printed: the other ends of both pipes are closed.
    #[test]
    fn a_reader_that_is_gone_is_no_reason_to_stop() {
        let folder = with_people();
        let mut child =
            folder.start(&format!("train people.csv {TINY} --steps 30 --preview-every 0 -o run"));
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(folder.path("run/samples.png").exists());
    }
}
