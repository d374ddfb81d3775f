//! Pictures as rows, in builds that read none.

use ancestral::Batch;
use ancestral_data::Channels;
use anyhow::{Result, bail};

use super::Source;

pub fn read(source: Source<'_>, _: Channels, _: [usize; 2], _: bool) -> Result<Batch> {
    bail!(
        "{source}: this build reads no pictures: give an array in .npy, or build it with `--features pictures`"
    )
}
