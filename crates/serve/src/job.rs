//! A request while it waits, while it is drawn, and afterwards.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use ancestral_pipeline::{Batch, Plan, Samples, Step, View};
use tokio::sync::watch;

use crate::again::Again;
use crate::offer::Offer;
use crate::problem::{Problem, ProblemKind};

/// Copies of a sample that a run holds at once, at the most: where a step begins and ends, the estimate,
/// what is asked of the network and its answer, what was drawn, and what multistep samplers remember.
const COPIES: usize = 12;

/// A request that was taken on.
#[derive(Debug)]
pub(crate) struct Job {
    /// What it is called, for those who know: 128 random bits.
    pub(crate) id: String,
    /// What the engine calls it.
    pub(crate) number: u64,
    /// The client, for fairness.
    pub(crate) owner: u64,
    pub(crate) offer: Arc<Offer>,
    /// The place of the model among the server's.
    pub(crate) place: usize,
    pub(crate) plan: Plan,
    pub(crate) seed: u64,
    pub(crate) view: View,
    /// After which steps there are events.
    pub(crate) previews: Vec<usize>,
    /// The command and the call that draw the same again, unless arrays are needed for that.
    pub(crate) again: Option<Again>,
    pub(crate) accepted: Instant,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

/// What a job has come to.
#[derive(Clone, Debug)]
pub(crate) enum Phase {
    Waiting,
    Running,
    Done(Arc<Samples>),
    /// Cancelled, or failed.
    Ended(Problem),
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// Steps that are done, over all groups of samples.
    steps: usize,
    /// Groups that are done.
    parts: Vec<Samples>,
    log: Vec<Arc<Happening>>,
    started: Option<Instant>,
    ended: Option<Instant>,
}

/// Something that happened to a job, for its events.
#[derive(Debug)]
pub(crate) enum Happening {
    /// It was taken on, with so many ahead.
    Accepted { ahead: usize },
    /// A group of samples made a step.
    Step { first: u64, done: usize, of: usize, x0: Batch },
    /// A group of samples is done.
    Part(Samples),
    /// All are.
    Done,
    /// It was cancelled, or has failed.
    Ended(Problem),
}

/// A look at a job.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) phase: Phase,
    pub(crate) steps: usize,
    pub(crate) of: usize,
    /// From acceptance to the end, or until now.
    pub(crate) milliseconds: f64,
}

/// What a job is made of.
pub(crate) struct Parts {
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) owner: u64,
    pub(crate) offer: Arc<Offer>,
    pub(crate) place: usize,
    pub(crate) plan: Plan,
    pub(crate) seed: u64,
    pub(crate) view: View,
    pub(crate) previews: usize,
    pub(crate) again: Option<Again>,
}

impl Job {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { number, id, owner, offer, place, plan, seed, view, previews, again } = parts;
        let previews = spread(previews, plan.hops());
        let state = State {
            phase: Phase::Waiting,
            steps: 0,
            parts: Vec::new(),
            log: Vec::new(),
            started: None,
            ended: None,
        };
        Self {
            id,
            number,
            owner,
            offer,
            place,
            plan,
            seed,
            view,
            previews,
            again,
            accepted: Instant::now(),
            state: Mutex::new(state),
            changed: watch::Sender::new(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Told at each change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Rows of the network that it needs in all.
    pub(crate) fn work(&self) -> f64 {
        let a_sample = self.plan.rows_of_a_call().get() / self.plan.batch().get();
        (self.plan.count() * self.plan.calls() * a_sample) as f64
    }

    /// Seconds of the network that are left of it, at the pace of its model.
    pub(crate) fn seconds_left(&self) -> f64 {
        let look = self.look();
        let left = match look.phase {
            Phase::Waiting | Phase::Running => 1.0 - look.steps as f64 / look.of.max(1) as f64,
            Phase::Done(_) | Phase::Ended(_) => 0.0,
        };
        self.work() * left * self.offer.pace().seconds()
    }

    /// Bytes that it needs while it runs.
    pub(crate) fn bytes_running(&self) -> usize {
        // A call may have more rows than samples: with particles, each has many.
        let rows_a_sample = self.plan.rows_of_a_call().get().div_ceil(self.plan.batch().get());
        self.numbers(COPIES * rows_a_sample + self.plan.snapshots().len() + self.previews.len())
    }

    /// Bytes that are kept of it.
    pub(crate) fn bytes_kept(&self) -> usize {
        /// What every job takes, roughly: its plan, its texts, its place in maps.
        const OVERHEAD: usize = 16 << 10;
        let previews = self.previews.len();
        let copies = match self.state().phase {
            // The samples are there as groups, for the events, and as a whole.
            Phase::Done(_) => 2 + 2 * self.plan.snapshots().len() + previews,
            Phase::Waiting | Phase::Running | Phase::Ended(_) => previews,
        };
        OVERHEAD + self.numbers(copies)
    }

    fn numbers(&self, copies: usize) -> usize {
        let sample: usize = self.plan.shape().iter().product();
        let sizes = [self.plan.count(), copies, sample, size_of::<f32>()];
        sizes.iter().fold(1, |a: usize, b| a.saturating_mul(*b))
    }

    fn groups(&self) -> usize {
        self.plan.batches().len()
    }

    pub(crate) fn look(&self) -> Look {
        let state = self.state();
        Look {
            phase: state.phase.clone(),
            steps: state.steps,
            of: self.groups() * self.plan.hops(),
            milliseconds: (state.ended.unwrap_or_else(Instant::now) - self.accepted).as_secs_f64()
                * 1e3,
        }
    }

    /// Whether it is over.
    pub(crate) fn has_ended(&self) -> bool {
        match self.state().phase {
            Phase::Waiting | Phase::Running => false,
            Phase::Done(_) | Phase::Ended(_) => true,
        }
    }

    /// What happened after the first `seen` happenings.
    pub(crate) fn since(&self, seen: usize) -> Vec<Arc<Happening>> {
        self.state().log.get(seen..).unwrap_or_default().to_vec()
    }

    /// Notes that it was taken on.
    pub(crate) fn accept(&self, ahead: usize) {
        self.note(&mut self.state(), Happening::Accepted { ahead });
    }

    /// Notes that its first turn is next; `false` if it is over already.
    pub(crate) fn start(&self) -> bool {
        let mut state = self.state();
        let waits = matches!(state.phase, Phase::Waiting);
        if waits {
            state.phase = Phase::Running;
            state.started = Some(Instant::now());
            self.changed.send_replace(());
        }
        waits
    }

    /// Takes a step of a group.
    pub(crate) fn step(&self, step: Step) {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Running) {
            return;
        }
        state.steps += 1;
        let Step { done, of, indices, x0, .. } = step;
        if self.previews.contains(&done) {
            self.note(&mut state, Happening::Step { first: indices.start, done, of, x0 });
        }
    }

    /// Takes the samples of a group; `true` if they were the last that lacked.
    pub(crate) fn part(&self, samples: Samples) -> bool {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Running) {
            return false;
        }
        state.parts.push(samples.clone());
        self.note(&mut state, Happening::Part(samples));
        if state.parts.len() < self.groups() {
            return false;
        }
        let mut parts = std::mem::take(&mut state.parts);
        parts.sort_by_key(|part| part.first);
        state.phase = Phase::Done(Arc::new(Samples::joined(&parts)));
        state.ended = Some(Instant::now());
        self.note(&mut state, Happening::Done);
        true
    }

    /// Ends it without samples; `false` if it was over already.
    pub(crate) fn end(&self, problem: Problem) -> bool {
        let mut state = self.state();
        match state.phase {
            Phase::Done(_) | Phase::Ended(_) => return false,
            Phase::Waiting | Phase::Running => {}
        }
        state.phase = Phase::Ended(problem.clone());
        state.ended = Some(Instant::now());
        state.parts.clear();
        // What was seen on the way to nothing is of no use any more, but numbers of events stay.
        self.note(&mut state, Happening::Ended(problem));
        true
    }

    /// How it ended, in a word.
    pub(crate) fn outcome(&self) -> &'static str {
        match self.state().phase {
            Phase::Waiting => "waiting",
            Phase::Running => "running",
            Phase::Done(_) => "done",
            Phase::Ended(ref problem) if problem.kind() == ProblemKind::Failed => "failed",
            Phase::Ended(_) => "cancelled",
        }
    }

    /// How long it waited for its first turn, if it had one.
    pub(crate) fn waited(&self) -> Option<f64> {
        self.state().started.map(|started| (started - self.accepted).as_secs_f64())
    }

    fn note(&self, state: &mut State, happening: Happening) {
        state.log.push(Arc::new(happening));
        self.changed.send_replace(());
    }

    /// Waits until it is over.
    pub(crate) async fn ended(&self) -> Phase {
        let mut changes = self.changes();
        loop {
            match self.look().phase {
                Phase::Waiting | Phase::Running => {}
                phase @ (Phase::Done(_) | Phase::Ended(_)) => return phase,
            }
            if changes.changed().await.is_err() {
                return self.look().phase;
            }
        }
    }
}

/// So many of `hops` steps, counted from 1, evenly spread, the first and the last among them; the last
/// alone if it is one.
fn spread(count: usize, hops: usize) -> Vec<usize> {
    match count.min(hops) {
        0 => Vec::new(),
        1 => vec![hops],
        count => (0..count).map(|i| 1 + (i * (hops - 1)).div_euclid(count - 1)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn previews_are_spread_from_the_first_step_to_the_last() {
        assert!(spread(0, 5).is_empty());
        assert_eq!(spread(1, 5), [5]);
        assert_eq!(spread(3, 9), [1, 5, 9]);
        assert_eq!(spread(4, 100), [1, 34, 67, 100]);
        assert_eq!(spread(50, 3), [1, 2, 3]);
    }
}
