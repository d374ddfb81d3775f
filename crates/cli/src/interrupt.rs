//! Ctrl-C while work is going on that must not be lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Signals that ask to stop: the first is noted, a second one ends the program at once.
#[derive(Debug)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
    at_once: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to watch for SIGINT (Ctrl-C) and SIGTERM.
    pub fn watch() -> Result<Self> {
        let watch = Self { signal: Arc::default(), at_once: Arc::default() };
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal must not find the mark that it leaves.
            flag::register_conditional_shutdown(
                signal,
                exit_code(signal),
                Arc::clone(&watch.at_once),
            )
            .and_then(|_| flag::register(signal, Arc::clone(&watch.at_once)))
            .and_then(|_| {
                let number = usize::try_from(signal).unwrap_or_default();
                flag::register_usize(signal, Arc::clone(&watch.signal), number)
            })
            .context("signals can't be watched")?;
        }
        Ok(watch)
    }

    /// With which code to stop, if a signal came.
    pub fn came(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(128 + signal).ok(),
        }
    }
}

impl Drop for Interrupt {
    /// Nothing is left that could be lost: from now on the first signal ends the program.
    fn drop(&mut self) {
        self.at_once.store(true, Ordering::Relaxed);
    }
}

/// As shells count: 128 and the signal.
fn exit_code(signal: i32) -> i32 {
    128 + signal
}
