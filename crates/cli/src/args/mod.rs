//! The arguments of the command line. Nothing is opened or decided here.

#[cfg(not(feature = "train"))]
mod absent;
mod calibrate;
mod choice;
mod compare;
mod compute;
mod convert;
#[cfg(feature = "pictures")]
mod eval;
mod explain;
mod help;
mod inspect;
mod invert;
mod process;
mod ranks;
mod sample;
mod schedule;
mod serve;
#[cfg(feature = "train")]
mod train;
mod value;

use std::ffi::OsString;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

#[cfg(not(feature = "pictures"))]
pub use absent::AbsentArgs as EvalArgs;
#[cfg(not(feature = "train"))]
pub use absent::AbsentArgs as TrainArgs;
pub use calibrate::CalibrateArgs;
pub use choice::Choice;
pub use compare::CompareArgs;
pub use compute::{ComputeArgs, ShowArg};
pub use convert::ConvertArgs;
#[cfg(feature = "pictures")]
pub use eval::{EvalArgs, LikelihoodArgs, QualityArgs};
pub use explain::ExplainArgs;
pub use inspect::{InspectArgs, InspectDevicesArgs, InspectScheduleArgs, InspectWhat};
pub use invert::InvertArgs;
pub use process::ProcessArgs;
pub use ranks::RanksArgs;
pub use sample::{SampleArgs, SteeringArgs};
pub use schedule::ScheduleArgs;
pub use serve::ServeArgs;
#[cfg(feature = "serve")]
pub use serve::{LimitArgs, LogArg};
#[cfg(feature = "train")]
pub use train::{BudgetArgs, ReadingArgs, SavingArgs, TrainArgs};
pub use value::Wrapped;

/// Train diffusion models and draw samples from them.
///
/// A diffusion model destroys data with known steps of noise and learns to undo them. The learned
/// reverse process then turns pure noise, step by step, into new data.
#[derive(Debug, Parser)]
#[command(name = "ancestral", version, arg_required_else_help = true, max_term_width = 100)]
pub struct Args {
    #[command(subcommand)]
    pub command: Command,
}

#[cfg_attr(
    not(feature = "pictures"),
    expect(clippy::large_enum_variant, reason = "there is one in a process")
)]
#[derive(Debug, Subcommand)]
pub enum Command {
    Train(TrainArgs),
    Sample(SampleArgs),
    Invert(InvertArgs),
    Eval(EvalArgs),
    Calibrate(CalibrateArgs),
    Compare(CompareArgs),
    Explain(ExplainArgs),
    Inspect(InspectArgs),
    Convert(ConvertArgs),
    Serve(ServeArgs),
}

impl Args {
    /// Reads the arguments of the command line, of which the first is the name of the program. A number
    /// below 0 is the value of the flag before it, not a flag, so that it is refused by that flag's name.
    pub fn of(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let command = Self::command().mut_subcommands(|command| {
            command.mut_args(|arg| {
                let is_flag = arg.get_long().is_some() && arg.get_action().takes_values();
                if is_flag { arg.allow_negative_numbers(true) } else { arg }
            })
        });
        Self::from_arg_matches(&command.try_get_matches_from(arguments)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }
}
