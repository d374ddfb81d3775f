//! `ancestral train`, in builds without it.

use anyhow::{Result, bail};

use crate::args::TrainArgs;

pub fn run(_args: &TrainArgs) -> Result<()> {
    bail!("train: not in this build: build with `--features train`")
}
