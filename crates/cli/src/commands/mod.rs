//! The commands, one a file.

#[cfg_attr(not(feature = "pictures"), path = "no_calibrate.rs")]
pub mod calibrate;
pub mod compare;
pub mod convert;
#[cfg_attr(not(feature = "pictures"), path = "no_eval.rs")]
pub mod eval;
#[cfg_attr(not(feature = "pictures"), path = "no_explain.rs")]
pub mod explain;
pub mod inspect;
pub mod invert;
pub mod sample;
#[cfg_attr(not(feature = "serve"), path = "no_serve.rs")]
pub mod serve;
#[cfg_attr(not(feature = "train"), path = "no_train.rs")]
pub mod train;

use std::io::{self, Write as _};

use anyhow::Result;

use crate::failure::{Failed, is_unread};

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
