//! `ancestral calibrate`, in builds that cannot read data.

use anyhow::{Result, bail};

use crate::args::CalibrateArgs;

pub fn run(_: &CalibrateArgs) -> Result<()> {
    bail!("calibrate: this build cannot read data: build with `--features pictures`")
}
