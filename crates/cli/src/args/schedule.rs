//! The noise levels of training.

use clap::Parser;

use super::help::schedule_help;
use super::value::{MOST_TIMESTEPS, count};

/// The noise levels of the training timesteps.
#[derive(Clone, Debug, Parser)]
pub struct ScheduleArgs {
    #[arg(long, value_name = "NAME[:option=value,…]", help = schedule_help())]
    pub schedule: Option<String>,
    /// Number of timesteps, T [default: 1000]
    #[arg(long, value_name = "T", value_parser = count(MOST_TIMESTEPS))]
    pub timesteps: Option<usize>,
    /// Rescale the schedule so that it ends in pure noise (zero terminal SNR); not for networks
    /// that predict epsilon
    #[arg(long)]
    pub zero_snr: bool,
}
