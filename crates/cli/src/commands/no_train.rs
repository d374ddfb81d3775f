//! `ancestral train`, in builds that cannot.

use anyhow::{Result, bail};
use clap::ArgMatches;

use crate::args::TrainArgs;

pub fn run(_args: &TrainArgs, _matches: &ArgMatches) -> Result<()> {
    bail!("train: not in this build: build it with `--features burn`")
}
