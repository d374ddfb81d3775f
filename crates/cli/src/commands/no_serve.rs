//! `ancestral serve`, in builds without it.

use anyhow::{Result, bail};

use crate::args::ServeArgs;

pub fn run(_args: &ServeArgs) -> Result<()> {
    bail!("serve: not in this build: build with `--features serve`")
}
