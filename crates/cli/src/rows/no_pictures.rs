//! Pictures as rows, in builds that cannot read pictures.

use ancestral_pipeline::{Batch, Model};
use anyhow::{Result, bail};

use super::Source;

pub fn read(source: Source<'_>, _: &Model, _: bool) -> Result<Batch> {
    refuse(source)
}

pub fn read_mask(source: Source<'_>, _: [usize; 2], _: bool) -> Result<Batch> {
    refuse(source)
}

fn refuse(source: Source<'_>) -> Result<Batch> {
    bail!(
        "{source}: this build cannot read pictures: give a .npy array, or build with \
         `--features pictures`"
    )
}
