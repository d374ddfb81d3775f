//! `ancestral eval`, in builds that cannot read data.

use anyhow::{Result, bail};

use crate::args::EvalArgs;

pub fn run(_: &EvalArgs) -> Result<()> {
    bail!("eval: this build cannot read data: build with `--features pictures`")
}
