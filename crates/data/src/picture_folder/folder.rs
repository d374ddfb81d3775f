//! A folder of pictures that are read when they are needed.

use super::plan::{self, Plan};
use super::survey::Survey;
use super::{PictureOptions, PictureSet, PictureSetError, decided, decode, files, render};
use crate::{Dataset, Own};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Pictures that have been looked at and are read one by one, whenever they are needed: a folder may
/// hold more than fits into memory. Each is what [`read_pictures`](crate::read_pictures) makes of it,
/// rounded to bytes where all files store bytes: they may then be held as such.
///
/// # Example
/// ```no_run
/// use ancestral_data::{PictureFolder, PictureOptions};
///
/// let folder = PictureFolder::open("holiday".as_ref(), &PictureOptions::default())?;
/// let mut row = vec![0.0; folder.shape().iter().product()];
/// folder.read(folder.count() - 1, &mut row)?;
/// # Ok::<(), ancestral_data::PictureSetError>(())
/// ```
#[derive(Debug)]
pub struct PictureFolder {
    survey: Survey,
    plan: Plan,
    has_classes: bool,
    skipped: Vec<(PathBuf, String)>,
    left_out: Vec<(PathBuf, Own)>,
}

impl PictureFolder {
    /// Looks at one picture file, or at every picture in a folder and its sub-folders.
    ///
    /// Every file is decoded once, and damaged ones are reported together; but where they have more
    /// than 512 MiB in all, only their headers are read, and damaged ones are found when
    /// they are read.
    ///
    /// # Errors
    /// As [`read_pictures`](crate::read_pictures).
    pub fn open(path: &Path, options: &PictureOptions) -> Result<Self, PictureSetError> {
        if let Some(size) = options.size {
            plan::check_size(size)?;
        }
        let mut found = files::find(path, options.classes, options.output.as_deref())?;
        let left_out = std::mem::take(&mut found.left_out);
        let (survey, skipped) = Survey::new(found, options.skip_bad)?;
        let plan = Plan::new(&survey, options);
        Ok(Self { survey, plan, has_classes: options.classes, skipped, left_out })
    }

    /// How many pictures there are, at least 1.
    #[must_use]
    pub fn count(&self) -> usize {
        self.survey.files.len()
    }

    /// `[channels, height, width]` of each.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.plan.shape()
    }

    /// The class of each picture and the names of the classes, if there are classes.
    #[must_use]
    pub fn classes(&self) -> Option<(Vec<u32>, Vec<String>)> {
        self.has_classes.then(|| (self.survey.labels(), self.survey.classes.clone()))
    }

    /// Whether every value is that of a byte: all files store bytes, to which [`read`](Self::read)
    /// rounds resized pictures.
    #[must_use]
    pub fn are_bytes(&self) -> bool {
        self.plan.are_bytes
    }

    /// If files were not decoded before, so that damaged ones are not known: SHA-256 of their names
    /// and lengths.
    #[must_use]
    pub fn glance(&self) -> Option<[u8; 32]> {
        self.survey.glance
    }

    /// What was found and decided: see [`PictureSet::decided`].
    #[must_use]
    pub fn decided(&self) -> String {
        decided::line(&self.survey, &self.plan, self.skipped.len())
    }

    /// See [`PictureSet::skipped`].
    #[must_use]
    pub fn skipped(&self) -> &[(PathBuf, String)] {
        &self.skipped
    }

    /// See [`PictureSet::left_out`].
    #[must_use]
    pub fn left_out(&self) -> &[(PathBuf, Own)] {
        &self.left_out
    }

    /// Writes a picture into `row`.
    ///
    /// # Errors
    /// [`PictureSetError::Bad`] if the file is damaged, or is no more what it was.
    ///
    /// # Panics
    /// If there are not that many pictures, or `row` has not the length of one.
    pub fn read(&self, index: usize, row: &mut [f32]) -> Result<(), PictureSetError> {
        assert_eq!(row.len(), self.shape().iter().product::<usize>(), "the values of a picture");
        let path = &self.survey.files[index].path;
        let picture = decode::read(path).and_then(|bytes| decode::decode(&bytes));
        let picture = picture.map_err(|flaw| PictureSetError::Bad {
            bad: vec![(path.clone(), flaw.to_string())],
            total: self.count(),
        })?;
        render::render(&picture, &self.plan, row);
        Ok(())
    }

    /// All pictures, not rounded.
    ///
    /// # Errors
    /// As [`read`](Self::read), and if they do not fit into memory.
    ///
    /// # Panics
    /// Never: rows are whole, their values bounded, and their labels those of the folders.
    pub fn read_all(mut self) -> Result<PictureSet, PictureSetError> {
        self.plan.are_bytes = false;
        let (count, shape) = (self.count(), self.shape());
        let too_large = || PictureSetError::TooLarge { count, shape };
        let row_len = shape.iter().product::<usize>();
        let len = row_len.checked_mul(count).ok_or_else(too_large)?;
        let mut rows = Vec::new();
        rows.try_reserve_exact(len).map_err(|_| too_large())?;
        rows.resize(len, 0.0);
        let pairs = rows.par_chunks_mut(row_len).enumerate();
        pairs.try_for_each(|(index, row)| self.read(index, row))?;
        let mut data = Dataset::new(shape.to_vec(), rows).expect("whole rows of bounded values");
        if let Some((labels, names)) = self.classes() {
            data = data.with_labels(labels, names).expect("every picture is in a class");
        }
        let decided = self.decided();
        let Self { skipped, left_out, .. } = self;
        Ok(PictureSet { data, decided, skipped, left_out })
    }
}
