//! Pictures as rows.

use ancestral::Batch;
use ancestral_data::{Channels, PictureOptions, PictureSet, read_pictures};
use anyhow::{Context, Result};

use super::Source;
use crate::findings::Findings;

/// Pictures, brought to a size.
pub fn read(
    source: Source<'_>,
    channels: Channels,
    size: [usize; 2],
    quiet: bool,
) -> Result<Batch> {
    let options =
        PictureOptions { channels: Some(channels), size: Some(size), ..PictureOptions::default() };
    let read = read_pictures(source.path, &options).context(source.flag.to_owned())?;
    let PictureSet { data, decided, skipped, left_out } = read;
    Findings { skipped: &skipped, left_out: &left_out, decided: &decided }.say(source, quiet);
    let shape = data.shape().to_vec();
    Ok(Batch::new(shape, data.into_parts().0))
}
