//! A file of lines, each a JSON object with a step.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use ancestral_format::write_file;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::LogError;

/// Lines are written to the disk at the latest after so many steps.
const FLUSH_EVERY: u64 = 20;

/// The content of a line.
pub(super) trait Line: Serialize + DeserializeOwned {
    /// The step that it is about, counted from 1.
    fn step(&self) -> u64;
}

/// A file of lines.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    /// `None` once it cannot be written any more.
    file: Option<BufWriter<File>>,
}

impl Lines {
    /// An empty file; an earlier one is replaced.
    pub(super) fn create(path: PathBuf) -> Result<Self, LogError> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file: Some(BufWriter::new(file)) }),
            Err(reason) => Err(LogError { path, reason }),
        }
    }

    /// A file as it was after `steps` steps, and what is in it: later lines are removed.
    pub(super) fn resume<T: Line>(path: PathBuf, steps: u64) -> Result<(Self, Vec<T>), LogError> {
        match reopened(&path, steps) {
            Ok((file, lines)) => Ok((Self { path, file: Some(BufWriter::new(file)) }, lines)),
            Err(reason) => Err(LogError { path, reason }),
        }
    }

    /// Adds a line.
    pub(super) fn add(&mut self, line: &impl Line) -> Result<(), LogError> {
        self.with_file(|file| {
            serde_json::to_writer(&mut *file, line)?;
            file.write_all(b"\n")?;
            if line.step().is_multiple_of(FLUSH_EVERY) { file.flush() } else { Ok(()) }
        })
    }

    /// Puts all lines on the disk.
    pub(super) fn sync(&mut self) -> Result<(), LogError> {
        self.with_file(|file| {
            file.flush()?;
            file.get_ref().sync_data()
        })
    }

    fn with_file(
        &mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), LogError> {
        let Some(file) = &mut self.file else { return Ok(()) };
        write(file).map_err(|reason| {
            self.file = None;
            LogError { path: self.path.clone(), reason }
        })
    }
}

fn reopened<T: Line>(path: &PathBuf, steps: u64) -> io::Result<(File, Vec<T>)> {
    let text = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    // The last line may be incomplete.
    let lines = text.lines().map_while(|text| {
        let line: T = serde_json::from_str(text).ok()?;
        (line.step() <= steps).then_some((line, text))
    });
    let (lines, kept): (Vec<T>, Vec<&str>) = lines.unzip();
    let kept: String = kept.iter().flat_map(|text| [*text, "\n"]).collect();
    write_file(path, kept.as_bytes())?;
    Ok((OpenOptions::new().append(true).open(path)?, lines))
}
