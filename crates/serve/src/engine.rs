//! The thread that calls the networks, turn by turn.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use ancestral_pipeline::{Batcher, Event};

use crate::job::Job;
use crate::jobs::{Jobs, Next};
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::offer::Offer;
use crate::problem::{Problem, ProblemKind, with_sources};

/// What runs at the moment.
struct Engine {
    jobs: Arc<Jobs>,
    offers: Vec<Arc<Offer>>,
    metrics: Arc<Metrics>,
    limits: Limits,
    /// One a model: two models never share a call.
    batchers: Vec<Batcher<u64>>,
    live: HashMap<u64, Arc<Job>>,
    /// The model whose turn is next.
    next: usize,
}

/// Starts the thread; it ends when the jobs are stopped.
pub(crate) fn start(
    jobs: Arc<Jobs>,
    offers: Vec<Arc<Offer>>,
    metrics: Arc<Metrics>,
    limits: Limits,
) -> std::io::Result<JoinHandle<()>> {
    let engine = Engine::new(jobs, offers, metrics, limits);
    thread::Builder::new().name("networks".to_owned()).spawn(move || engine.run())
}

impl Engine {
    fn new(
        jobs: Arc<Jobs>,
        offers: Vec<Arc<Offer>>,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        let batchers = offers.iter().map(|_| Batcher::new(limits.rows)).collect();
        Self { jobs, offers, metrics, limits, batchers, live: HashMap::new(), next: 0 }
    }

    fn run(mut self) {
        while self.go_on() {}
    }

    /// One turn, when there is something to do; `false` if there is nothing more to come.
    fn go_on(&mut self) -> bool {
        // Whoever gave up is not in the next call.
        self.leave();
        let Next::Turn(begun) = self.jobs.next(!self.live.is_empty()) else { return false };
        for job in begun {
            self.begin(job);
        }
        self.turn();
        true
    }

    /// Takes those out that are over.
    fn leave(&mut self) {
        let Self { live, batchers, .. } = self;
        live.retain(|number, job| {
            let stays = !job.has_ended();
            if !stays {
                batchers[job.place].cancel(number);
            }
            stays
        });
    }

    fn begin(&mut self, job: Arc<Job>) {
        for indices in job.plan.batches() {
            let trajectory = job.plan.trajectory(indices);
            self.batchers[job.place].add_of(job.owner, job.number, trajectory);
        }
        self.live.insert(job.number, job);
    }

    /// One network call of the next model that has something to do.
    fn turn(&mut self) {
        let models = self.batchers.len();
        let Some(place) =
            (0..models).map(|i| (self.next + i) % models).find(|i| !self.batchers[*i].is_empty())
        else {
            return;
        };
        self.next = (place + 1) % models;
        let (offer, metrics) = (Arc::clone(&self.offers[place]), Arc::clone(&self.metrics));
        let batcher = &mut self.batchers[place];
        // A fault of ours takes only those with it that are in the turn.
        let events = catch_unwind(AssertUnwindSafe(|| {
            batcher.turn(|call| {
                let began = Instant::now();
                let prediction = offer.pipeline.predict(call);
                let took = began.elapsed();
                offer.pace().learn(call.x.rows(), took);
                metrics.turn(call.x.rows(), took);
                prediction
            })
        }));
        match events {
            Ok(events) => events.into_iter().for_each(|(number, event)| self.take(number, event)),
            Err(_) => self.fail_all(place),
        }
    }

    fn take(&mut self, number: u64, event: Event) {
        let Some(job) = self.live.get(&number) else { return };
        match event {
            Event::Step(step) => job.step(step),
            Event::Done(samples) => {
                let was_last = job.part(samples);
                if was_last {
                    self.jobs.ended(job);
                }
            }
            Event::Failed(error) => {
                let detail = format!("sampling from {}: {}", job.offer.id(), with_sources(&error));
                if job.end(Problem::new(ProblemKind::Failed, detail)) {
                    self.jobs.ended(job);
                }
            }
            _ => {}
        }
    }

    fn fail_all(&mut self, place: usize) {
        self.batchers[place] = Batcher::new(self.limits.rows);
        for job in self.live.values().filter(|job| job.place == place) {
            if job.end(Problem::new(ProblemKind::Failed, "the server has a fault: see its log")) {
                self.jobs.ended(job);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use crate::form::Form;
    use crate::job::Happening;
    use crate::request::SampleRequest;
    use crate::shared::{Asked, Shared};
    use ancestral_pipeline::Pipeline;

    /// An engine whose turns are taken by hand.
    fn engine(limits: Limits) -> (Engine, Shared) {
        let digits = Offer::new("digits", None, Pipeline::built_in().unwrap());
        let (offers, metrics) = (vec![Arc::new(digits)], Arc::new(Metrics::new()));
        let access = Access::on([127, 0, 0, 1].into());
        let shared = Shared::new(offers.clone(), limits.clone(), access, Arc::clone(&metrics));
        (Engine::new(Arc::clone(&shared.jobs), offers, metrics, limits), shared)
    }

    fn submit(shared: &Shared, owner: u64, body: &str) -> Arc<Job> {
        let request = SampleRequest::parse(body.as_bytes()).unwrap();
        let asked = Asked { request, form: Form::Events, owner, host: String::new() };
        let job = shared.job(asked).unwrap();
        shared.jobs.submit(&job).unwrap();
        job
    }

    fn previews(job: &Job) -> usize {
        let is_step = |happening: &&Arc<Happening>| matches!(***happening, Happening::Step { .. });
        job.since(0).iter().filter(is_step).count()
    }

    #[test]
    fn the_first_preview_comes_within_two_turns_beside_any_crowd() {
        let (mut engine, shared) = engine(Limits::default());
        for seed in 0..40 {
            submit(&shared, 1, &format!(r#"{{"count": 20, "steps": 500, "seed": {seed}}}"#));
        }
        (0..5).for_each(|_| assert!(engine.go_on()));
        for (owner, sampler) in (2..).zip(["ddim", "ddpm", "unipc", "heun", "dpmpp-2m"]) {
            let body = format!(r#"{{"count": 4, "steps": 50, "sampler": "{sampler}"}}"#);
            let job = submit(&shared, owner, &body);
            (0..2).for_each(|_| assert!(engine.go_on()));
            assert_eq!(previews(&job), 1, "{sampler}");
            shared.jobs.cancel(&job, Problem::new(ProblemKind::Cancelled, "")).unwrap();
        }
    }

    #[test]
    fn rows_of_one_that_is_cancelled_are_free_at_the_next_turn() {
        let (mut engine, shared) = engine(Limits::default());
        let cancelled = submit(&shared, 1, r#"{"count": 64, "steps": 500}"#);
        assert!(engine.go_on());
        let other = submit(&shared, 1, r#"{"count": 64, "steps": 500, "sampler": "ddim"}"#);
        shared.jobs.cancel(&cancelled, Problem::new(ProblemKind::Cancelled, "")).unwrap();
        // Each turn is a step of all 64 rows of the other.
        for turn in 1..4 {
            assert!(engine.go_on());
            assert_eq!((cancelled.look().steps, other.look().steps), (1, turn));
        }
    }

    #[test]
    fn one_that_waits_and_is_cancelled_never_starts() {
        let limits = Limits { running: 1, ..Limits::default() };
        let (mut engine, shared) = engine(limits);
        let [first, second, third] = [2, 2, 1]
            .map(|steps| submit(&shared, 1, &format!(r#"{{"count": 1, "steps": {steps}}}"#)));
        assert!(engine.go_on());
        shared.jobs.cancel(&second, Problem::new(ProblemKind::Cancelled, "")).unwrap();
        while !third.has_ended() {
            assert!(engine.go_on());
        }
        assert_eq!(first.outcome(), "done");
        assert_eq!((second.look().steps, second.waited()), (0, None));
        assert!(shared.jobs.cancel(&first, Problem::new(ProblemKind::Cancelled, "")).is_err());
        shared.jobs.stop();
        assert!(!engine.go_on());
    }
}
