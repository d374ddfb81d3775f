//! What is learnt from looking at every file once, before anything is decided.

use super::PictureSetError;
use super::decode::{decode, glance, length, read};
use super::error::Flaw;
use super::files::{Found, PassedOver, PictureFile};
use super::picture::{Picture, Precision, Remarks};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::path::PathBuf;

/// Files that are longer in all are not decoded before training: it would take more than seconds.
const MOST_DECODED: u64 = 512 << 20;

/// Every picture that can be read, at least one, and what there is to know about each.
#[derive(Debug)]
pub(super) struct Survey {
    pub files: Vec<PictureFile>,
    /// One for each file.
    pub facts: Vec<Facts>,
    /// If no file was decoded, since that would take long, so that damaged ones are not known: SHA-256
    /// of the files' names and lengths.
    pub glance: Option<[u8; 32]>,
    /// Names, sorted; empty without classes.
    pub classes: Vec<String>,
    pub passed_over: PassedOver,
}

/// What decides about channels and size, and what the user should know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub width: usize,
    pub height: usize,
    pub is_grey: bool,
    pub is_transparent: bool,
    pub precision: Precision,
    pub remarks: Remarks,
}

impl Facts {
    pub(super) fn new(picture: &Picture) -> Self {
        Self {
            width: picture.width,
            height: picture.height,
            is_grey: picture.is_grey(),
            is_transparent: picture.is_transparent(),
            precision: picture.precision(),
            remarks: picture.remarks,
        }
    }
}

/// Damaged files, each with the reason.
type Skipped = Vec<(PathBuf, String)>;

impl Survey {
    /// Decodes every file, or only reads their headers if they are long. Damaged files are returned
    /// beside the survey, or are an error.
    pub(super) fn new(found: Found, skip_bad: bool) -> Result<(Self, Skipped), PictureSetError> {
        let Found { root, files: found_files, classes, passed_over, .. } = found;
        let total = found_files.len();
        let lengths: u64 = found_files.par_iter().map(|file| length(&file.path)).sum();
        let is_glance = lengths > MOST_DECODED;
        let probe = |file: &PictureFile| {
            if is_glance {
                return glance(&file.path);
            }
            decode(&read(&file.path)?).map(|picture| Facts::new(&picture))
        };
        let probed: Vec<Result<Facts, Flaw>> = found_files.par_iter().map(probe).collect();
        let mut survey =
            Self { files: Vec::new(), facts: Vec::new(), glance: None, classes, passed_over };
        let (mut bad, mut hash) = (Vec::new(), Sha256::new());
        for (file, probed) in found_files.into_iter().zip(probed) {
            match probed {
                Ok(facts) => {
                    // The path of the folder does not matter.
                    if is_glance {
                        let name = file.path.strip_prefix(&root).unwrap_or(&file.path);
                        hash.update(name.as_os_str().as_encoded_bytes());
                        hash.update([0]);
                        hash.update(length(&file.path).to_le_bytes());
                    }
                    survey.files.push(file);
                    survey.facts.push(facts);
                }
                Err(flaw) => bad.push((file.path, flaw.to_string())),
            }
        }
        if survey.files.is_empty() || !(bad.is_empty() || skip_bad) {
            return Err(PictureSetError::Bad { bad, total });
        }
        survey.glance = is_glance.then(|| hash.finalize().into());
        let labels = survey.labels();
        match (0..).zip(&survey.classes).find(|(class, _)| !labels.contains(class)) {
            Some((_, name)) => Err(PictureSetError::EmptyClass { path: root.join(name) }),
            None => Ok((survey, bad)),
        }
    }

    /// The class of each picture.
    pub(super) fn labels(&self) -> Vec<u32> {
        self.files.iter().map(|file| file.class).collect()
    }

    /// How many pictures satisfy `holds`.
    pub(super) fn count(&self, is: impl Fn(&Facts) -> bool) -> usize {
        self.facts.iter().filter(|facts| is(facts)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_glance_sees_what_decoding_does() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
        let mut seen = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|suffix| suffix == "txt") {
                continue;
            }
            let whole = Facts::new(&decode(&read(&path).unwrap()).unwrap());
            let glanced = glance(&path).unwrap();
            let facts = |facts: &Facts| {
                let Facts { width, height, is_grey, precision, remarks, .. } = *facts;
                (width, height, is_grey, precision, remarks.turned)
            };
            assert_eq!(facts(&glanced), facts(&whole), "{}", path.display());
            // What may shine through is not known before.
            assert!(glanced.is_transparent || !whole.is_transparent, "{}", path.display());
            seen += 1;
        }
        assert!(seen > 40, "{seen} files");
    }
}
