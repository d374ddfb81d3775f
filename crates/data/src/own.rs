//! Folders that this program wrote, which nobody means as data.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The log of a run, the start of each line, and a word that each line contains.
const LOG: &str = "log.jsonl";
const START: &[u8] = br#"{"step":"#;
const KEY: &[u8] = br#","gradient_norm":"#;
/// As many bytes have both.
const HEAD: u64 = 128;
/// Made before the log is.
const PREVIEWS: &str = "previews";
/// What every model folder has, by whichever program.
const MODEL: &str = "model_index.json";

/// What a folder holds in place of data.
///
/// Its previews and samples are pictures, but not data to learn from: they change during the run, and
/// the data would no longer be those that the run was begun with.
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
    /// A run of `ancestral train`: its log.
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

/// Other programs may well write a `log.jsonl`, so its first line counts. A run that was stopped
/// before its first step has none.
fn is_run(folder: &Path) -> bool {
    let path = folder.join(LOG);
    let mut head = Vec::new();
    // Opening a pipe would wait for a writer.
    let is_read = path.is_file()
        && File::open(&path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).is_ok();
    let has_key = || head.windows(KEY.len()).any(|window| window == KEY);
    is_read
        && if head.is_empty() {
            folder.join(PREVIEWS).is_dir()
        } else {
            head.starts_with(START) && has_key()
        }
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
        let line = r#"{"step":1,"loss":0.9180534482002258,"gradient_norm":2.0152955055236816,"l"#;
        assert_eq!(of(&[("previews/", ""), ("log.jsonl", "")]), Some(Own::Run));
        assert_eq!(of(&[("log.jsonl", line)]), Some(Own::Run));
        let skipped = r#"{"step":17,"loss":null,"gradient_norm":null,"learning_rate":0.1}"#;
        assert_eq!(of(&[("checkpoints/", ""), ("log.jsonl", skipped)]), Some(Own::Run));
        let done = [("previews/", ""), ("log.jsonl", line), ("model_index.json", "{}")];
        assert_eq!(of(&done), Some(Own::Run));
        assert_eq!(of(&[("model_index.json", "{}"), ("unet/", "")]), Some(Own::Model));
    }

    #[test]
    fn what_others_write_is_data() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("previews/", ""), ("1.png", "")]), None);
        assert_eq!(of(&[("log.jsonl", ""), ("checkpoints/", "")]), None);
        assert_eq!(of(&[("log.jsonl", r#"{"step":1,"loss":1}"#), ("previews/", "")]), None);
        assert_eq!(of(&[("log.jsonl", r#"{"epoch":1}"#), ("checkpoints/", "")]), None);
        assert_eq!(of(&[("log.jsonl/", ""), ("checkpoints/", "")]), None);
        assert_eq!(Own::of("no/such/folder".as_ref()), None);
    }
}
