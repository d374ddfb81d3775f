//! Pictures as rows, in builds that read none.

use ancestral_data::Channels;
use ancestral_pipeline::Batch;
use anyhow::{Result, bail};

use super::Source;

pub fn read(source: Source<'_>, _: Channels, _: [usize; 2], _: bool) -> Result<Batch> {
    refuse(source)
}

pub fn read_mask(source: Source<'_>, _: [usize; 2], _: bool) -> Result<Batch> {
    refuse(source)
}

fn refuse(source: Source<'_>) -> Result<Batch> {
    bail!(
        "{source}: this build reads no pictures: give an array in .npy, or build it with \
         `--features pictures`"
    )
}
