//! How the program ends after an error: a sentence on stderr, and the exit code.

use std::fmt;
#[cfg(unix)]
use std::fs::File;
use std::io::{self, ErrorKind, Write};

/// The exit code of errors of usage and of input.
pub const USAGE: u8 = 2;

/// An error that is not the user's: a check failed, numbers became non-finite, a disk is full. The
/// program ends with code 1; for any other error, of usage or input, with code 2.
#[derive(Debug)]
pub struct Failed(pub anyhow::Error);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Failed {}

/// A signal to stop: the program ends with 128 plus the signal.
#[derive(Debug)]
pub struct Interrupted {
    /// The exit code.
    pub code: u8,
    /// The state of the work, and how to continue.
    pub message: String,
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Interrupted {}

/// Prints a note, unless `--quiet` is given. A closed stderr is no reason to stop.
pub fn note(quiet: bool, text: impl fmt::Display) {
    if !quiet {
        let _ = writeln!(io::stderr(), "{}", on_its_line(&text.to_string()));
    }
}

/// The same text with control characters escaped: names in files must not control the terminal.
pub fn on_its_line(text: &str) -> String {
    let escaped = |c: char| c.is_control().then(|| c.escape_debug().to_string());
    text.chars().map(|c| escaped(c).unwrap_or_else(|| c.to_string())).collect()
}

/// Whether standard output failed because its reader closed the pipe or the terminal.
pub fn is_unread(error: &io::Error) -> bool {
    /// The error of a closed terminal, and of a failing disk.
    const EIO: i32 = 5;
    error.kind() == ErrorKind::BrokenPipe
        || cfg!(unix) && error.raw_os_error() == Some(EIO) && !is_a_file()
}

/// Whether standard output is a file.
#[cfg(unix)]
fn is_a_file() -> bool {
    use std::os::fd::AsFd;
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    stdout.and_then(|fd| File::from(fd).metadata()).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(not(unix))]
fn is_a_file() -> bool {
    false
}

/// Prints the error and returns the exit code. A reader that closed our stdout is not an error.
pub fn report(error: &anyhow::Error) -> u8 {
    let closed = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == ErrorKind::BrokenPipe)
    };
    let cause = error.downcast_ref::<Failed>().map_or(error, |Failed(cause)| cause);
    if cause.chain().any(closed) {
        return 0;
    }
    // If stderr is closed too, there is nothing to do.
    if let Some(Interrupted { code, message }) = error.downcast_ref() {
        let _ = writeln!(io::stderr(), "{message}");
        return *code;
    }
    let text = format!("{error:#}");
    let lines: Vec<_> = if lists_files(error) { text.lines().collect() } else { vec![&*text] };
    let text = lines.into_iter().map(on_its_line).collect::<Vec<_>>().join("\n");
    let _ = writeln!(io::stderr(), "error: {text}");
    if error.is::<Failed>() || error.chain().any(lacks_room) { 1 } else { USAGE }
}

/// Whether the disk or the user's quota is full.
fn lacks_room(cause: &(dyn std::error::Error + 'static)) -> bool {
    let kind = cause.downcast_ref().map(io::Error::kind);
    matches!(
        kind,
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
    )
}

/// Whether the text has one line for each of several files, with names that are already escaped.
#[cfg(feature = "pictures")]
fn lists_files(error: &anyhow::Error) -> bool {
    use ancestral_data::{OpenError, PictureSetError};
    let opened = || match error.downcast_ref() {
        Some(OpenError::Pictures(error)) => Some(error),
        _ => None,
    };
    let pictures = error.downcast_ref().or_else(opened);
    matches!(pictures, Some(PictureSetError::Bad { .. }))
}

#[cfg(not(feature = "pictures"))]
fn lists_files(_: &anyhow::Error) -> bool {
    false
}
