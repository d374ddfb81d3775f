//! What to inspect.

use std::path::PathBuf;

use ancestral_pipeline::Precision;
use clap::{Parser, Subcommand};

use super::choice::choice;
use super::process::ProcessArgs;
use super::schedule::ScheduleArgs;

/// Show what is in a model, the table of a schedule, or the devices that compute.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub struct InspectArgs {
    /// Model folder, or `digits` for the built-in model, where no folder has that name
    #[arg(value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Print how this CPU computes its network, and why, one layer per line
    #[arg(long, conflicts_with = "json")]
    pub plan: bool,
    /// Print what the columns of a model of tables are, as a schema for `train --columns`
    #[arg(long, conflicts_with_all = ["json", "plan"])]
    pub columns: bool,
    /// The precision of --plan [default: f32]
    #[arg(long, value_name = "PRECISION", requires = "plan", value_parser = choice::<Precision>())]
    pub precision: Option<Precision>,
    /// Which weights of a model folder: those named diffusion_pytorch_model.NAME.safetensors
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    #[command(flatten)]
    pub process: ProcessArgs,
    #[command(subcommand)]
    pub what: Option<InspectWhat>,
}

#[derive(Debug, Subcommand)]
pub enum InspectWhat {
    Schedule(InspectScheduleArgs),
    Devices(InspectDevicesArgs),
}

/// List the devices of this machine, as --device takes them, and those that this build lacks.
///
/// One row per device: its name, its kind (cpu, discrete, integrated, virtual; software is a driver that
/// computes on the CPU), its model, and its driver.
#[derive(Debug, Parser)]
pub struct InspectDevicesArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Print a schedule as a table.
///
/// One row per timestep t, 0 the cleanest: beta, alpha = 1 − beta, alpha_bar, beta_tilde, SNR, and
/// the coefficients of x0 and x_t in the mean of the posterior q(x_(t−1) | x_t, x0).
#[derive(Debug, Parser)]
pub struct InspectScheduleArgs {
    #[command(flatten)]
    pub schedule: ScheduleArgs,
    /// Print comma-separated values, at full precision
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
    /// Print JSON, at full precision
    #[arg(long)]
    pub json: bool,
    /// Draw the curves of signal, noise, their ratio and the variances in place of the table:
    /// NAME.svg or NAME.png
    #[arg(long, value_name = "FILE", conflicts_with_all = ["csv", "json"])]
    pub plot: Option<PathBuf>,
    /// Replace the file of --plot
    #[arg(long, requires = "plot")]
    pub force: bool,
}
