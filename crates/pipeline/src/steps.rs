//! A run, step by step.

use std::ops::Range;
use std::sync::Arc;

use ancestral_cpu::{shared, threads};

use crate::error::Error;
use crate::pipeline::Pipeline;
use crate::plan::Plan;
use crate::samples::Samples;
use crate::trajectory::{Poll, Step, Trajectory};

/// The steps of a run, batch by batch: an iterator. Dropping it stops the run.
///
/// # Example
/// ```
/// use ancestral_pipeline::{Pipeline, Settings};
///
/// let mut steps = Pipeline::built_in()?.steps(&Settings::new().count(2).steps(10))?;
/// for step in steps.by_ref().take(3) {
///     let step = step?;
///     assert_eq!((step.x0.rows(), step.of), (2, 10));
/// }
/// drop(steps); // the other seven are not made
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Steps {
    pipeline: Pipeline,
    plan: Arc<Plan>,
    /// The batches that are left, and how many there are in all.
    batches: std::vec::IntoIter<Range<u64>>,
    all_batches: usize,
    /// The parts of the batch that is drawn now.
    current: Vec<Trajectory>,
    finished: Vec<Samples>,
}

impl Steps {
    /// The steps of some samples of a plan.
    pub(crate) fn new(pipeline: Pipeline, plan: Plan, indices: Range<u64>) -> Self {
        let batches: Vec<_> = plan.batches_of(indices).collect();
        let (all_batches, batches) = (batches.len(), batches.into_iter());
        let (plan, current, finished) = (Arc::new(plan), Vec::new(), Vec::new());
        Self { pipeline, plan, batches, all_batches, current, finished }
    }

    /// What is run.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// How many steps it has in all.
    #[must_use]
    pub fn total(&self) -> usize {
        self.batches() * self.plan.hops()
    }

    /// How many batches are drawn, one after the other.
    #[must_use]
    pub fn batches(&self) -> usize {
        self.all_batches
    }

    /// Takes the batches that are finished so far and were not taken yet.
    pub fn finished(&mut self) -> Vec<Samples> {
        std::mem::take(&mut self.finished)
    }

    /// Makes all steps that are left, and returns the samples that were not taken.
    ///
    /// # Errors
    /// If the network fails.
    ///
    /// # Panics
    /// If all batches were taken.
    pub fn samples(mut self) -> Result<Samples, Error> {
        for step in &mut self {
            step?;
        }
        Ok(Samples::joined(&self.finished()))
    }

    fn step(&mut self) -> Result<Option<Step>, Error> {
        let Self { pipeline, plan, current, .. } = self;
        if current.is_empty() {
            let Some(batch) = self.batches.next() else { return Ok(None) };
            // Another device takes whole batches.
            let engine = pipeline.engine();
            let threads = if engine.is_cpu() { engine.run(threads) } else { 1 };
            let parts = plan.parts_of(batch, threads);
            *current = parts.into_iter().map(|part| plan.trajectory(part)).collect();
        }
        let advance = |part: &mut Trajectory| advance(part, pipeline, plan);
        let steps = pipeline.engine().run(|| shared(current, advance));
        let step = Step::joined(&steps.into_iter().collect::<Result<Vec<_>, _>>()?);
        if step.done == step.of {
            self.finish();
        }
        Ok(Some(step))
    }

    /// Keeps the samples of the trajectories, which have made their last step.
    fn finish(&mut self) {
        let samples = |mut part: Trajectory| {
            let Poll::Done(samples) = part.poll() else {
                unreachable!("after its last step a trajectory has its samples")
            };
            samples
        };
        let parts: Vec<Samples> = self.current.drain(..).map(samples).collect();
        self.finished.push(Samples::joined(&parts));
    }
}

/// Takes a trajectory to its next step.
fn advance(trajectory: &mut Trajectory, pipeline: &Pipeline, plan: &Plan) -> Result<Step, Error> {
    loop {
        match trajectory.poll() {
            Poll::Step(step) => return Ok(step),
            Poll::Call(call) => {
                let prediction = pipeline.predict_within(call, plan.rows_of_a_call());
                let prediction =
                    prediction.map_err(|source| pipeline.failed("sampling from", source))?;
                trajectory.answer(prediction).expect("the network's own prediction");
            }
            Poll::Done(_) => unreachable!("a trajectory with its samples is finished"),
        }
    }
}

impl Iterator for Steps {
    type Item = Result<Step, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step();
        if step.is_err() {
            // After an error it is over.
            (self.current, self.batches) = (Vec::new(), Vec::new().into_iter());
        }
        step.transpose()
    }
}
