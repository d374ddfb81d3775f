//! Ctrl-C and a closed terminal, during work that must not be lost.

use std::io::{self, IsTerminal, Write};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// How often a signal is checked for while no loop does.
const PAUSE: Duration = Duration::from_millis(50);

/// Signals to stop: the first is noted, a second one ends the program immediately.
///
/// A closed terminal (SIGHUP) is noted too, but does not count as the second: shells and session
/// managers send it beside others, or twice.
#[derive(Debug)]
pub struct Interrupt {
    signal: Arc<AtomicUsize>,
    at_once: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl Interrupt {
    /// Starts watching for SIGINT (Ctrl-C), SIGTERM and SIGHUP (the terminal is closed), unless the
    /// last is ignored, as it is under `nohup`.
    ///
    /// Unless `second_ends`, no second signal ends the program immediately: `mpirun` passes Ctrl-C on to
    /// processes that the terminal has sent it to as well.
    pub fn watch(second_ends: bool) -> Result<Self> {
        let watch = Self { signal: Arc::default(), at_once: Arc::default(), over: Arc::default() };
        for signal in [SIGINT, SIGTERM] {
            if second_ends {
                watch.note(signal, &watch.at_once)?;
                flag::register(signal, Arc::clone(&watch.at_once)).with_context(unwatched)?;
            } else {
                watch.note(signal, &watch.over)?;
            }
        }
        #[cfg(unix)]
        if !hangup::is_ignored() {
            watch.note(signal_hook::consts::SIGHUP, &watch.over)?;
        }
        Ok(watch)
    }

    /// From now on the signal is noted, or ends the program if `ends` is set. `ends` is checked
    /// first, so that the first signal does not see the mark that it sets.
    fn note(&self, signal: i32, ends: &Arc<AtomicBool>) -> Result<()> {
        let number = usize::try_from(signal).unwrap_or_default();
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(ends))
            .and_then(|_| flag::register_usize(signal, Arc::clone(&self.signal), number))
            .map(drop)
            .with_context(unwatched)
    }

    /// The exit code if a signal arrived: 128 plus the signal, as in shells.
    pub fn came(&self) -> Option<u8> {
        match self.signal.load(Ordering::Relaxed) {
            0 => None,
            signal => u8::try_from(128 + signal).ok(),
        }
    }

    /// Watches during work that does not check for signals and may be lost: the first signal ends
    /// the program, after `tidy`, which returns the message about what exists by then.
    pub fn end_after(self, tidy: impl FnOnce() -> String + Send + 'static) -> LastWords {
        let (over, is_over) = mpsc::channel();
        thread::spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = is_over.recv_timeout(PAUSE) {
                if let Some(code) = self.came() {
                    let message = tidy();
                    // Below a progress bar, if there is one; stderr may be closed.
                    let below = if io::stderr().is_terminal() { "\n" } else { "" };
                    let _ = writeln!(io::stderr(), "{below}{message}");
                    process::exit(code.into());
                }
            }
        });
        LastWords { _over: over }
    }
}

impl Drop for Interrupt {
    /// Nothing can be lost any more: from now on the first signal ends the program.
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        self.at_once.store(true, Ordering::Relaxed);
    }
}

/// Until this is dropped, a signal ends the program with a message.
#[derive(Debug)]
pub struct LastWords {
    /// The watch ends when this is dropped.
    _over: Sender<()>,
}

fn unwatched() -> &'static str {
    "cannot watch signals"
}

/// The disposition of SIGHUP that this program inherited.
#[cfg(unix)]
mod hangup {
    use std::fs;
    use std::io::{self, IsTerminal};

    use signal_hook::consts::SIGHUP;

    /// Whether the signal is ignored. Where the system does not report this, a program without a
    /// terminal counts as started by `nohup`.
    pub fn is_ignored() -> bool {
        let status = fs::read_to_string("/proc/self/status").ok();
        status.and_then(|status| in_status(&status)).unwrap_or_else(|| {
            !(io::stdin().is_terminal() || io::stdout().is_terminal() || io::stderr().is_terminal())
        })
    }

    /// The same from the process status on Linux: a mask, in which signal 1 is the lowest bit.
    pub fn in_status(status: &str) -> Option<bool> {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
        let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
        Some(mask >> (SIGHUP - 1) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn an_ignored_hangup_is_known() {
        let status =
            |mask| format!("Name:\tancestral\nSigBlk:\t0000000000000000\nSigIgn:\t{mask}\n");
        assert_eq!(hangup::in_status(&status("0000000000001001")), Some(true));
        assert_eq!(hangup::in_status(&status("0000000000001000")), Some(false));
        assert_eq!(hangup::in_status("Name:\tancestral\n"), None);
    }

    /// One test for all: signals concern the whole process.
    #[test]
    #[cfg(unix)]
    fn a_signal_is_noted_and_a_closed_terminal_may_come_twice() {
        use signal_hook::consts::SIGHUP;
        use signal_hook::low_level::raise;
        if hangup::is_ignored() {
            return;
        }
        let watch = Interrupt::watch(true).unwrap();
        assert_eq!(watch.came(), None);
        raise(SIGHUP).unwrap();
        raise(SIGHUP).unwrap();
        assert_eq!(watch.came(), Some(129));
        raise(SIGTERM).unwrap();
        raise(SIGHUP).unwrap();
        assert_eq!(watch.came(), Some(129));
    }
}
