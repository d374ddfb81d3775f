//! Runs the program in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(dead_code, reason = "not every test program uses all of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A temporary folder to run in.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Runs it, and says how it ended.
    pub fn try_run(&self, args: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_ancestral"))
            .current_dir(self.0.path())
            .args(args.split_whitespace())
            .output()
            .unwrap()
    }

    /// Runs it and expects it to succeed; gives what it printed.
    pub fn run(&self, args: &str) -> String {
        let output = self.try_run(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ancestral {args}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it and expects it to be refused with code 2; gives what it said.
    pub fn refused(&self, args: &str) -> String {
        let output = self.try_run(args);
        assert_eq!(output.status.code(), Some(2), "ancestral {args}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Text chunks of a PNG file, as pairs.
pub fn png_texts(path: &Path) -> Vec<(String, String)> {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    let info = reader.info();
    let latin = info.uncompressed_latin1_text.iter();
    let utf8 = info.utf8_text.iter();
    latin
        .map(|chunk| (chunk.keyword.clone(), chunk.text.clone()))
        .chain(utf8.map(|chunk| (chunk.keyword.clone(), chunk.get_text().unwrap())))
        .collect()
}
