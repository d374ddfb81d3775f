//! Comparison with real data, in builds that cannot read data.

use anyhow::{Result, bail};

use super::Named;
use super::report::Report;
use crate::args::CompareArgs;

pub fn compare(_args: &CompareArgs, _samplers: &[Named], _calls: &[usize]) -> Result<Report> {
    bail!("MODEL: this build cannot read data to compare with: build with `--features pictures`")
}
