//! A training in less memory than it would take.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::process::{Command, Output};

use common::Folder;

/// Runs the program with 800 MB of address space.
fn limited(folder: &Folder, args: &str) -> Output {
    let script = format!("ulimit -v 800000; exec {} {args}", env!("CARGO_BIN_EXE_ancestral"));
    Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_training_that_can_not_fit_is_refused_before_its_first_step() {
    let folder = Folder::new();
    folder.write_picture("big/a.png", [1024, 1024], 3, 3);
    let output = limited(&folder, "train big --size 1024 --steps 2");
    let stderr = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    for part in [
        "pictures of 1024x1024 need too much memory: choose a smaller --size or --width",
        "training needs ",
        " GiB are available",
    ] {
        assert!(stderr.contains(part), "{stderr}");
    }
    assert!(!folder.path("runs").exists(), "something was written");
}

#[test]
fn a_batch_that_can_not_fit_is_refused_with_one_that_does() {
    let folder = Folder::new();
    folder.write_picture("small/a.png", [64, 64], 1, 3);
    let train = |batch: &str| {
        let args = "train small --size 64 --width 8,8,8,8 --layers 1 --steps 2 --stop-at 1 -o run \
                    --preview-every 0 --threads 1";
        limited(&folder, &format!("{args} {batch}"))
    };
    let refused = train("--batch 128");
    let message = stderr(&refused);
    assert_eq!(refused.status.code(), Some(2), "{message}");
    assert!(message.contains("error: --batch 128: training needs "), "{message}");
    let advice = message.split("; ").find(|part| part.starts_with("--batch")).unwrap();
    let advice = advice.split(" gives").next().unwrap();
    assert!(!folder.path("run").exists(), "something was written");
    let output = train(advice);
    assert!(output.status.success(), "{advice}: {}", stderr(&output));
}
