//! The commands, one a file.

#[cfg(feature = "pictures")]
pub mod calibrate;
pub mod compare;
pub mod convert;
#[cfg(feature = "pictures")]
pub mod eval;
#[cfg(feature = "pictures")]
pub mod explain;
pub mod inspect;
pub mod invert;
pub mod sample;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "train")]
pub mod train;

use std::io::{self, Write as _};

use anyhow::Result;

use crate::failure::{Failed, is_unread};

/// A command that needs a feature that this build lacks.
#[cfg(not(all(feature = "pictures", feature = "serve", feature = "train")))]
pub fn absent(command: &str, feature: &str) -> Result<()> {
    let why =
        if feature == "pictures" { "this build cannot read data" } else { "not in this build" };
    Err(anyhow::anyhow!("{command}: {why}: build with `--features {feature}`"))
}

/// Prints a result. A reader that closed stdout, or a closed terminal, is not an error.
pub fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match printed {
        Err(error) if !is_unread(&error) => {
            Err(Failed(anyhow::Error::new(error).context("standard output")).into())
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
