//! From noise to data.

use ancestral::Variance;
use clap::Parser;
use clap::builder::PossibleValuesParser;

use super::help::{sampler_help, sampler_long_help, spacing_help};
use super::value::{MOST_CALLS, MOST_TIMESTEPS, count, share, timestep};

/// The trajectory from noise to data.
#[derive(Clone, Debug, Default, Parser)]
#[command(next_help_heading = "From noise to data")]
pub struct ProcessArgs {
    /// Number of steps from noise to data [default: 100; points and tables: 250; with --compat as in
    /// diffusers, 1000 for ddpm, 4 for lcm, 50 for all others; at most the number of timesteps]
    #[arg(long, value_name = "N", value_parser = count(MOST_TIMESTEPS))]
    pub steps: Option<usize>,
    /// Take as many steps as N network calls allow, in place of --steps
    #[arg(long, value_name = "N", conflicts_with_all = ["steps", "visit"], value_parser = count(MOST_CALLS))]
    pub calls: Option<usize>,
    #[arg(
        long,
        value_name = "NAME[:option=value,…]",
        help = sampler_help(),
        long_help = sampler_long_help()
    )]
    pub sampler: Option<String>,
    /// Short for --sampler ddim:eta=ETA
    #[arg(long, value_name = "ETA", conflicts_with = "variance", value_parser = share)]
    pub eta: Option<f64>,
    /// Variance of the ancestral steps; optimal needs `calibrate` [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = variances())]
    pub variance: Option<String>,
    #[arg(long, value_name = "NAME[:option=value]", help = spacing_help())]
    pub spacing: Option<String>,
    /// Visit these timesteps, descending, in place of --steps and --spacing
    #[arg(
        long,
        value_name = "T,T,…",
        value_delimiter = ',',
        conflicts_with_all = ["steps", "spacing"],
        value_parser = timestep
    )]
    pub visit: Option<Vec<usize>>,
    /// Clip each clean estimate to the model's range [default: the model's setting]
    #[arg(long, overrides_with = "no_clip")]
    pub clip: bool,
    /// Do not clip (or threshold) the clean estimates
    #[arg(long, overrides_with = "clip")]
    pub no_clip: bool,
}

/// The names of variances.
pub fn variances() -> PossibleValuesParser {
    PossibleValuesParser::new(Variance::NAMES.into_iter().chain(["optimal"]))
}
