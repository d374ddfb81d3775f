//! Folders that this program wrote, which nobody means as data.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The log of a run, and how each of its lines begins.
const LOG: (&str, &[u8]) = ("log.jsonl", br#"{"step":"#);
/// One of these is made before the log is.
const FOLDERS_OF_RUNS: [&str; 2] = ["previews", "checkpoints"];
/// What every model folder has, by whichever program.
const MODEL: &str = "model_index.json";

/// What a folder holds in place of data.
///
/// Its previews and samples look like pictures. They are none to learn from: they change while the
/// run goes on, so that its data would no longer be those that it was begun with.
///
/// # Example
/// ```
/// use ancestral_data::Own;
///
/// let folder = tempfile::tempdir()?;
/// assert_eq!(Own::of(folder.path()), None);
/// std::fs::write(folder.path().join("model_index.json"), "{}")?;
/// assert_eq!(Own::of(folder.path()), Some(Own::Model));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// A run of `ancestral train`: its log, with checkpoints or previews beside it.
    Run,
    /// A model in the layout of diffusers.
    Model,
}

impl Own {
    /// What the folder at `path` holds, known by its files; `None` if it may hold data.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        if is_run(path) {
            return Some(Self::Run);
        }
        path.join(MODEL).is_file().then_some(Self::Model)
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run => "a run of ancestral",
            Self::Model => "a model",
        })
    }
}

/// Other programs may well write a `log.jsonl`, so its first bytes count. A run that was stopped
/// before its first step has none.
fn is_run(folder: &Path) -> bool {
    let (name, start) = LOG;
    let path = folder.join(name);
    let mut head = Vec::new();
    // Opening a pipe would wait for a writer.
    let is_read = path.is_file()
        && File::open(&path)
            .and_then(|file| file.take(start.len() as u64).read_to_end(&mut head))
            .is_ok();
    let has_folder = || FOLDERS_OF_RUNS.iter().any(|name| folder.join(name).is_dir());
    is_read && (head.is_empty() || head == start) && has_folder()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A folder with these files; those that end in `/` are folders.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, contents) in files {
            let path = folder.path().join(name);
            if name.ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::write(path, contents).unwrap();
            }
        }
        folder
    }

    fn of(files: &[(&str, &str)]) -> Option<Own> {
        Own::of(folder(files).path())
    }

    #[test]
    fn runs_are_known_from_their_first_moment_on() {
        let line = r#"{"step":1,"loss":0.9}"#;
        assert_eq!(of(&[("previews/", ""), ("log.jsonl", "")]), Some(Own::Run));
        assert_eq!(of(&[("checkpoints/", ""), ("log.jsonl", line)]), Some(Own::Run));
        let done = [("previews/", ""), ("log.jsonl", line), ("model_index.json", "{}")];
        assert_eq!(of(&done), Some(Own::Run));
        assert_eq!(of(&[("model_index.json", "{}"), ("unet/", "")]), Some(Own::Model));
    }

    #[test]
    fn what_others_write_is_data() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("previews/", ""), ("1.png", "")]), None);
        assert_eq!(of(&[("log.jsonl", r#"{"step":1}"#), ("1.png", "")]), None);
        assert_eq!(of(&[("log.jsonl", r#"{"epoch":1}"#), ("checkpoints/", "")]), None);
        assert_eq!(of(&[("log.jsonl/", ""), ("checkpoints/", "")]), None);
        assert_eq!(Own::of("no/such/folder".as_ref()), None);
    }
}
