//! Progress on stderr: a bar on a terminal, now and then a plain line elsewhere.

use std::io::{self, IsTerminal, Write};
use std::ops::Range;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Nothing is shown for work that ends sooner.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often a log gets a line.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// The progress of one piece of work.
#[derive(Debug)]
pub struct Progress {
    what: &'static str,
    /// The steps done before, and the total.
    range: Range<u64>,
    start: Instant,
    display: Display,
}

#[derive(Debug)]
enum Display {
    Quiet,
    /// When the bar appears.
    Bar(Option<ProgressBar>),
    /// When the last line was written.
    Lines(Instant),
}

impl Progress {
    /// Starts the progress of the steps `range` of `what`.
    pub fn new(what: &'static str, range: Range<u64>, quiet: bool) -> Self {
        let start = Instant::now();
        let display = if quiet {
            Display::Quiet
        } else if io::stderr().is_terminal() {
            Display::Bar(None)
        } else {
            Display::Lines(start)
        };
        Self { what, range, start, display }
    }

    /// Lets something else print, with the bar out of its way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.display {
            Display::Bar(Some(bar)) => bar.suspend(print),
            Display::Quiet | Display::Bar(None) | Display::Lines(_) => print(),
        }
    }

    /// Reports that `done` steps are done; `details` stand beside the count.
    pub fn at(&mut self, done: u64, details: impl FnOnce() -> String) {
        let elapsed = self.start.elapsed();
        let Range { start: before, end: total } = self.range;
        match &mut self.display {
            Display::Bar(bar) if elapsed > PATIENCE => {
                let bar = bar.get_or_insert_with(|| bar_of(self.what, &self.range, elapsed));
                bar.set_position(done);
                bar.set_message(details());
            }
            Display::Lines(last) if last.elapsed() > LOG_EVERY => {
                *last = Instant::now();
                let each = elapsed.as_secs_f64() / (done - before) as f64;
                let left = each * (total - done) as f64;
                let (what, details) = (self.what, details());
                // A closed stderr is no reason to stop.
                let _ =
                    writeln!(io::stderr(), "{what}: {done}/{total}, {details}, {left:.0} s left");
            }
            Display::Quiet | Display::Bar(_) | Display::Lines(_) => {}
        }
    }
}

/// The progress of work whose amount is known only when it begins.
pub fn shown(what: &'static str, quiet: bool) -> impl FnMut(u64, u64, &str) + Send {
    let mut progress = None;
    move |done, total, details| {
        let new = || Progress::new(what, 0..total, quiet);
        progress.get_or_insert_with(new).at(done, || details.to_owned());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Display::Bar(Some(bar)) = &self.display {
            bar.finish_and_clear();
        }
    }
}

fn bar_of(what: &'static str, range: &Range<u64>, elapsed: Duration) -> ProgressBar {
    let style = "{prefix} {bar:30} {pos}/{len}  {msg}  {elapsed} elapsed, {eta} left";
    let style = ProgressStyle::with_template(style).expect("a valid template");
    let bar = ProgressBar::new(range.end).with_elapsed(elapsed).with_position(range.start);
    bar.with_style(style).with_prefix(what)
}
