//! Runs the program in a folder of its own.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(dead_code, reason = "not every test program uses all of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use ancestral_data::{Channels, Raster, write_png};

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
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Writes a file, and makes the folders above it.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    /// Writes a PNG of so many channels, whatever its name, with something in it that follows from
    /// `key`.
    pub fn write_picture(&self, name: &str, [height, width]: [u16; 2], channels: usize, key: u8) {
        self.write(name, "");
        let channels = Channels::from_count(channels).unwrap();
        let count = usize::from(height) * usize::from(width) * channels.count();
        let samples = (0..count).map(|i| u8::try_from(i * 37 % 251).unwrap().wrapping_mul(key));
        let raster = Raster::new(width, height, channels, samples.collect()).unwrap();
        write_png(&self.path(name), &raster, &[]).unwrap();
    }

    /// Every file below a folder and what is in it, by its path from there.
    pub fn files(&self, name: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.path(name)).unwrap() {
            let entry = entry.unwrap();
            let file = entry.file_name().into_string().unwrap();
            let path = format!("{name}/{file}");
            if entry.path().is_dir() {
                let below = self.files(&path).into_iter();
                files.extend(below.map(|(below, bytes)| (format!("{file}/{below}"), bytes)));
            } else {
                files.insert(file, self.read(&path));
            }
        }
        files
    }

    /// The command of the program in this folder.
    pub fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ancestral"));
        command.current_dir(self.0.path()).args(args.split_whitespace());
        command
    }

    /// Runs it, and returns its output.
    pub fn try_run(&self, args: &str) -> Output {
        self.command(args).output().unwrap()
    }

    /// Starts it; its output is kept until it ends.
    pub fn start(&self, args: &str) -> Child {
        self.command(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// Runs it and expects it to succeed; returns its stderr.
    pub fn stderr(&self, args: &str) -> String {
        let output = self.try_run(args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "ancestral {args}: {stderr}");
        stderr
    }

    /// Runs it and expects it to succeed; returns its stdout.
    pub fn run(&self, args: &str) -> String {
        let output = self.try_run(args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ancestral {args}: {stderr}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs it and expects an error with code 2; returns its stderr.
    pub fn refused(&self, args: &str) -> String {
        let output = self.try_run(args);
        assert_eq!(output.status.code(), Some(2), "ancestral {args}");
        String::from_utf8(output.stderr).unwrap()
    }
}

/// Compares all files of two folders; only what differs is named, not what is in it.
pub fn assert_same(found: &BTreeMap<String, Vec<u8>>, expected: &BTreeMap<String, Vec<u8>>) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected));
    let differing = found.iter().filter(|(name, bytes)| expected[*name] != **bytes);
    let differing: Vec<&String> = differing.map(|(name, _)| name).collect();
    assert!(differing.is_empty(), "these differ: {differing:?}");
}

/// A table of three columns: whole numbers, two values, and reals.
pub fn people(rows: usize) -> String {
    let row = |i: usize| format!("{},{},{}\n", 20 + i * 7 % 61, i * i % 3 % 2, 0.25 * i as f64);
    std::iter::once("age,member,score\n".to_owned()).chain((0..rows).map(row)).collect()
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
