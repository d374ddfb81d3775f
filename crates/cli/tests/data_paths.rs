//! Data under names that are hard to write on a command line.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Output};

use common::{Folder, people};

const TINY: &str = "--width 8 --layers 1 --batch 4 --timesteps 25 --steps 2 --preview-every 0";
const WEIGHTS: &str = "mlp/diffusion_pytorch_model.safetensors";

/// Trains on a file of that name by a command line of bytes, and returns its stderr.
fn trained(folder: &Folder, name: &[u8], args: &str) -> String {
    let path = folder.path("").join(OsStr::from_bytes(name));
    std::fs::write(path, people(20)).unwrap();
    let mut command = folder.command(&format!("train {TINY} {args} --"));
    stderr(&command.arg(OsStr::from_bytes(name)).output().unwrap())
}

fn stderr(output: &Output) -> String {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(output.status.success(), "{stderr}");
    stderr
}

/// The command in the record of a run's model.
fn made_by(folder: &Folder, run: &str) -> String {
    let about: serde_json::Value =
        serde_json::from_slice(&folder.read(&format!("{run}/ancestral.json"))).unwrap();
    about.pointer("/training/command").unwrap().as_str().unwrap().to_owned()
}

/// Runs it as a shell does, in place of the run folder `run`.
fn made_again(folder: &Folder, command: &str, run: &str) {
    let command = command.replacen("ancestral", env!("CARGO_BIN_EXE_ancestral"), 1);
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("{command} -o {run} --quiet")]).current_dir(folder.path(""));
    stderr(&shell.output().unwrap());
}

#[test]
fn what_a_run_says_of_itself_works_whatever_its_data_are_called() {
    for name in [b"-x.csv".as_slice(), b"caf\xe9.csv", b"it's a\nb.csv", "naïve.csv".as_bytes()] {
        let folder = Folder::new();
        let stderr = trained(&folder, name, "-o run --stop-at 1");
        assert!(stderr.contains("continue with: ancestral train --resume run"), "{stderr}");
        folder.run("train --resume run --quiet");
        made_again(&folder, &made_by(&folder, "run"), "again");
        let weights = |run: &str| folder.read(&format!("{run}/{WEIGHTS}"));
        assert!(weights("run") == weights("again"), "{name:?}");
    }
}

#[test]
fn a_run_folder_that_looks_like_a_flag_is_none_in_what_is_said() {
    let folder = Folder::new();
    let stderr = trained(&folder, b"x.csv", "-o=-run --stop-at 1");
    assert!(stderr.contains("continue with: ancestral train --resume ./-run"), "{stderr}");
    folder.run("train --resume ./-run --quiet");
}

#[test]
fn names_that_are_not_utf_8_are_read_and_refused_like_others() {
    let folder = Folder::new();
    let mut command = folder.command(&format!("train {TINY} -o no"));
    let output = command.arg(OsStr::from_bytes(b"no\xe9")).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(r#"data "no\xE9": no such file or folder"#), "{message}");
}

#[test]
fn data_of_evaluations_may_have_any_name() {
    let folder = Folder::new();
    trained(&folder, b"p\xe9ople.csv", "-o run --quiet");
    for command in
        ["eval run -n 4 --sets 1 --steps 2 --neighbours 2", "calibrate run -n 18 --levels 2"]
    {
        let mut command = folder.command(command);
        stderr(&command.arg(OsStr::from_bytes(b"p\xe9ople.csv")).output().unwrap());
    }
}
