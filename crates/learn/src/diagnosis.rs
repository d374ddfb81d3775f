//! What may be wrong with a training in its first steps.

use std::fmt;
use std::time::{Duration, Instant};

use crate::StepReport;

/// A loss that will ever fall has fallen by then: after so many steps or so much time, whichever is first.
const TIME: Duration = Duration::from_mins(1);
const STEPS: usize = 500;
/// Steps needed for a judgement.
const LEAST_STEPS: usize = 40;
/// A loss below this counts as learned.
const UNTRAINED: f64 = 0.3;
/// If this share of the initial loss is left, nothing was learned.
const NOT_FALLEN: f64 = 0.95;

/// What may be wrong with a training.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// For the first time a step was skipped.
    Skipped {
        /// The step, counted from 1.
        step: u64,
    },
    /// The loss has hardly changed.
    NotFalling {
        /// After so many steps.
        steps: usize,
        /// The mean loss of the first steps.
        first: f64,
        /// The mean loss of the last steps.
        last: f64,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Skipped { step } => write!(
                f,
                "step {step} changed nothing: its loss or gradient is not finite; if this continues, \
                 choose a smaller learning rate"
            ),
            Self::NotFalling { steps, first, last } => write!(
                f,
                "the loss has not fallen in {steps} steps ({first:.3} to {last:.3}): the learning \
                 rate may be too small or too large, or the data may be noise"
            ),
        }
    }
}

/// Watches the first minute.
#[derive(Debug)]
pub struct Diagnosis {
    start: Instant,
    /// Whether the loss has been judged.
    judged: bool,
    /// Whether a skipped step was found.
    skipped: bool,
}

impl Diagnosis {
    /// A watch on a training that has made `steps` steps; one that was resumed is not young.
    #[must_use]
    pub fn new(steps: u64) -> Self {
        Self { start: Instant::now(), judged: steps > 0, skipped: false }
    }

    /// What is found after a step; `losses` are all so far. Each finding is found once.
    pub fn of(&mut self, report: &StepReport, losses: &[(u64, f64)]) -> Option<Finding> {
        if report.skipped && !self.skipped {
            self.skipped = true;
            return Some(Finding::Skipped { step: report.step + 1 });
        }
        let is_time = losses.len() >= STEPS || self.start.elapsed() > TIME;
        if self.judged || losses.len() < LEAST_STEPS || !is_time {
            return None;
        }
        self.judged = true;
        not_falling(losses)
    }
}

fn not_falling(losses: &[(u64, f64)]) -> Option<Finding> {
    let mean = |part: &[(u64, f64)]| part.iter().map(|(_, l)| l).sum::<f64>() / part.len() as f64;
    let share = (losses.len() / 10).max(10);
    let (first, last) = (mean(&losses[..share]), mean(&losses[losses.len() - share..]));
    let steps = losses.len();
    (first > UNTRAINED && last > NOT_FALLEN * first).then_some(Finding::NotFalling {
        steps,
        first,
        last,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: u64, skipped: bool) -> StepReport {
        StepReport { step, loss: 1.0, gradient_norm: 1.0, learning_rate: 1.0, skipped }
    }

    fn losses(of: impl Fn(usize) -> f64) -> Vec<(u64, f64)> {
        (0..STEPS).map(|i| (i as u64 + 1, of(i))).collect()
    }

    #[test]
    fn a_loss_that_stays_is_found_once() {
        let flat = losses(|i| 1.0 - i as f64 * 1e-5);
        let mut diagnosis = Diagnosis::new(0);
        assert_eq!(diagnosis.of(&report(9, false), &flat[..100]), None);
        let text = diagnosis.of(&report(499, false), &flat).unwrap().to_string();
        assert!(text.contains("has not fallen in 500 steps (1.000 to 0.995)"), "{text}");
        assert_eq!(diagnosis.of(&report(500, false), &flat), None);
    }

    #[test]
    fn a_loss_that_falls_or_was_low_or_is_an_old_runs_is_not() {
        for losses in [losses(|i| 1.0 / (1.0 + i as f64)), losses(|_| 0.2)] {
            assert_eq!(Diagnosis::new(0).of(&report(499, false), &losses), None);
        }
        assert_eq!(Diagnosis::new(1).of(&report(499, false), &losses(|_| 1.0)), None);
    }

    #[test]
    fn the_first_skipped_step_is_found() {
        let mut diagnosis = Diagnosis::new(0);
        assert_eq!(diagnosis.of(&report(3, true), &[]), Some(Finding::Skipped { step: 4 }));
        assert_eq!(diagnosis.of(&report(4, true), &[]), None);
    }
}
