//! Against real data, in builds that read none.

use anyhow::{Result, bail};

use super::Named;
use super::report::Report;
use crate::args::CompareArgs;

pub fn compare(_args: &CompareArgs, _samplers: &[Named], _calls: &[usize]) -> Result<Report> {
    bail!("MODEL: this build reads no data to compare with: build it with `--features pictures`")
}
