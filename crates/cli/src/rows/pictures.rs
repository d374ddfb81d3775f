//! Pictures as rows.

use ancestral_data::{Channels, PictureOptions, PictureSet, findings, read_pictures};
use ancestral_eval::picture_options;
use ancestral_pipeline::{Batch, Model};
use anyhow::{Context, Result};

use super::Source;
use crate::failure::note;

/// Pictures, read as those of the model's training, in the size of its samples. One that cannot be read is
/// an error: each stands for a sample.
pub fn read(source: Source<'_>, model: &Model, quiet: bool) -> Result<Batch> {
    read_with(source, &PictureOptions { skip_bad: false, ..picture_options(model) }, quiet)
}

/// Masks, scaled to a size: white is kept; black and transparent parts are drawn.
pub fn read_mask(source: Source<'_>, size: [usize; 2], quiet: bool) -> Result<Batch> {
    let (channels, background) = (Some(Channels::Grey), [0; 3]);
    let options =
        PictureOptions { channels, size: Some(size), background, ..PictureOptions::default() };
    read_with(source, &options, quiet)
}

fn read_with(source: Source<'_>, options: &PictureOptions, quiet: bool) -> Result<Batch> {
    let read = read_pictures(source.path, options).context(source.flag.to_owned())?;
    let PictureSet { data, decided, skipped, left_out } = read;
    for line in findings(source, &skipped, &left_out, &decided) {
        note(quiet, line);
    }
    let shape = data.shape().to_vec();
    Ok(Batch::new(shape, data.into_parts().0))
}
