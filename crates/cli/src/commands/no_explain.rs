//! `ancestral explain`, in builds that cannot read data.

use anyhow::{Result, bail};

use crate::args::ExplainArgs;

pub fn run(_: &ExplainArgs) -> Result<()> {
    bail!("explain: this build cannot read data: build with `--features pictures`")
}
