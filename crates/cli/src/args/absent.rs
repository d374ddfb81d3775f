//! The arguments of commands that a build lacks.

use std::ffi::OsString;

use clap::Parser;

/// Not in this build, which says with what it has to be built.
#[derive(Clone, Debug, Parser)]
#[command(disable_help_flag = true)]
pub struct AbsentArgs {
    #[arg(hide = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub all: Vec<OsString>,
}
