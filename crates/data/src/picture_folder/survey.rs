//! What is learnt from decoding every file once, before anything is decided.

use super::PictureSetError;
use super::decode::decode;
use super::files::{Found, PictureFile};
use super::picture::{Picture, Remarks};
use rayon::prelude::*;
use std::path::PathBuf;

/// Every picture that can be read, at least one, and what there is to know about each.
#[derive(Debug)]
pub(super) struct Survey {
    pub files: Vec<PictureFile>,
    /// One for each file.
    pub facts: Vec<Facts>,
    /// Names, sorted; empty without classes.
    pub classes: Vec<String>,
    /// How many files are no pictures.
    pub others: usize,
}

/// What decides about channels and size, and what the user should know.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub width: usize,
    pub height: usize,
    pub is_grey: bool,
    pub is_transparent: bool,
    pub has_floats: bool,
    pub remarks: Remarks,
}

impl Facts {
    fn new(picture: &Picture) -> Self {
        Self {
            width: picture.width,
            height: picture.height,
            is_grey: picture.is_grey(),
            is_transparent: picture.is_transparent(),
            has_floats: picture.has_floats(),
            remarks: picture.remarks,
        }
    }
}

/// Damaged files, each with the reason.
type Skipped = Vec<(PathBuf, String)>;

impl Survey {
    /// Decodes every file. The damaged ones come back beside the survey, or are an error.
    pub(super) fn new(found: Found, skip_bad: bool) -> Result<(Self, Skipped), PictureSetError> {
        let Found { root, files, classes, others, .. } = found;
        let total = files.len();
        let probe = |file: &PictureFile| decode(&file.path).map(|picture| Facts::new(&picture));
        let probed: Vec<_> = files.par_iter().map(probe).collect();
        let mut survey = Self { files: Vec::new(), facts: Vec::new(), classes, others };
        let mut bad = Vec::new();
        for (file, probed) in files.into_iter().zip(probed) {
            match probed {
                Ok(facts) => {
                    survey.files.push(file);
                    survey.facts.push(facts);
                }
                Err(flaw) => bad.push((file.path, flaw.to_string())),
            }
        }
        if survey.files.is_empty() || !(bad.is_empty() || skip_bad) {
            return Err(PictureSetError::Bad { bad, total });
        }
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

    /// How many pictures are as asked.
    pub(super) fn count(&self, is: impl Fn(&Facts) -> bool) -> usize {
        self.facts.iter().filter(|facts| is(facts)).count()
    }
}
