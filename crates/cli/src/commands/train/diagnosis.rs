//! What may be wrong with a training, in words, while it is young.

use std::time::{Duration, Instant};

use ancestral_nn::train::StepReport;

/// By then a loss has fallen, if it ever will: whichever comes first.
const TIME: Duration = Duration::from_mins(1);
const STEPS: usize = 500;
/// So many steps are needed to tell.
const LEAST_STEPS: usize = 40;
/// A loss below this was learned already.
const UNTRAINED: f64 = 0.3;
/// The share of the loss at the start that is left if nothing is learned.
const NOT_FALLEN: f64 = 0.95;

/// A watch on the first minute.
#[derive(Debug)]
pub struct Diagnosis {
    start: Instant,
    /// Whether the loss has been judged.
    judged: bool,
    /// Whether a skipped step has been spoken of.
    skipped: bool,
}

impl Diagnosis {
    /// A watch on a training that has made `steps` steps; one that goes on is not young.
    pub fn new(steps: u64) -> Self {
        Self { start: Instant::now(), judged: steps > 0, skipped: false }
    }

    /// What there is to say after a step; `losses` are all so far.
    pub fn of(&mut self, report: &StepReport, losses: &[(u64, f64)]) -> Option<String> {
        if report.skipped && !self.skipped {
            self.skipped = true;
            return Some(format!(
                "warning: step {} changed nothing: its loss or gradient is not finite; if this \
                 goes on, take a smaller --lr",
                report.step + 1
            ));
        }
        let is_time = losses.len() >= STEPS || self.start.elapsed() > TIME;
        if self.judged || losses.len() < LEAST_STEPS || !is_time {
            return None;
        }
        self.judged = true;
        not_falling(losses)
    }
}

/// Says so if the loss is about where it began.
fn not_falling(losses: &[(u64, f64)]) -> Option<String> {
    let mean = |part: &[(u64, f64)]| part.iter().map(|(_, l)| l).sum::<f64>() / part.len() as f64;
    let share = (losses.len() / 10).max(10);
    let (first, last) = (mean(&losses[..share]), mean(&losses[losses.len() - share..]));
    (first > UNTRAINED && last > NOT_FALLEN * first).then(|| {
        format!(
            "warning: the loss has not fallen in {} steps ({first:.3} to {last:.3}): the learning \
             rate may be too small or too large (--lr), or the data may be noise",
            losses.len()
        )
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
    fn a_loss_that_stays_is_spoken_of_once() {
        let flat = losses(|i| 1.0 - i as f64 * 1e-5);
        let mut diagnosis = Diagnosis::new(0);
        assert_eq!(diagnosis.of(&report(9, false), &flat[..100]), None);
        let text = diagnosis.of(&report(499, false), &flat).unwrap();
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
    fn the_first_skipped_step_is_spoken_of() {
        let mut diagnosis = Diagnosis::new(0);
        assert!(diagnosis.of(&report(3, true), &[]).unwrap().contains("step 4 changed nothing"));
        assert_eq!(diagnosis.of(&report(4, true), &[]), None);
    }
}
