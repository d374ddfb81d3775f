//! The trajectory of some samples from noise to data, which waits for the network.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use ancestral::compat::{Position, Scheduler};
use ancestral::particles::Particles;
use ancestral::sampler::Path;
use ancestral::suspend::{Call, Pending, Remote, Waiting};
use ancestral::{AnySampler, Batch, Grid};
use thiserror::Error;

use crate::noise_source::RowNoise;
use crate::process::Stack;
use crate::samples::Samples;

/// The trajectory of some samples from noise to data.
///
/// It needs no thread and borrows no network: [`poll`](Self::poll) says what is next, and
/// [`answer`](Self::answer) gives it the network's prediction, from wherever that comes. It can be
/// cloned, sent to another thread, or dropped at any time. Its samples are the same bits whatever runs
/// beside it.
///
/// # Example
/// ```
/// use ancestral_pipeline::{Pipeline, Poll, Settings};
///
/// let pipeline = Pipeline::built_in()?;
/// let plan = pipeline.plan(&Settings::new().count(2).seed(7).steps(5))?;
/// let mut trajectory = plan.trajectory(plan.indices());
/// let samples = loop {
///     match trajectory.poll() {
///         Poll::Call(call) => {
///             let prediction = pipeline.predict(call)?;
///             trajectory.answer(prediction)?;
///         }
///         Poll::Step(step) => assert!(step.done <= step.of),
///         Poll::Done(samples) => break samples,
///     }
/// };
/// assert_eq!(samples, pipeline.sample(&Settings::new().count(2).seed(7).steps(5))?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Trajectory {
    run: Run,
    indices: Range<u64>,
    shape: Vec<usize>,
    done: usize,
    of: usize,
    /// After which hops a snapshot is kept.
    kept: Vec<usize>,
    snapshots: Vec<Batch>,
    x: Batch,
    /// The cells that are given, as [`Samples`] has them.
    given: Vec<Option<f64>>,
}

#[derive(Clone)]
enum Run {
    Own(Box<Own<AnySampler>>),
    Particles(Box<Own<Particles>>),
    Diffusers(Box<Diffusers>),
}

/// A run along one of our own paths.
#[derive(Clone)]
struct Own<P: Path<Batch>> {
    run: Waiting<P, Batch, RowNoise>,
    stack: Stack,
    remote: Remote,
}

/// A run of one of diffusers' schedulers.
#[derive(Clone)]
struct Diffusers {
    scheduler: Arc<dyn Scheduler>,
    position: Position,
    noise: RowNoise,
    labels: Option<Vec<u32>>,
    call: Option<Call>,
    answer: Option<Batch>,
}

/// Where a trajectory begins.
pub(crate) struct Beginning {
    /// x_T.
    pub(crate) x: Batch,
    /// The noise of its hops.
    pub(crate) noise: RowNoise,
    pub(crate) indices: Range<u64>,
    /// After which hops a snapshot is kept.
    pub(crate) kept: Vec<usize>,
    /// The cells that are given, as [`Samples`] has them.
    pub(crate) given: Vec<Option<f64>>,
}

/// What is next for a [`Trajectory`].
#[derive(Debug)]
pub enum Poll<'a> {
    /// It waits for the prediction of the network.
    Call(&'a Call),
    /// A hop is done.
    Step(Step),
    /// All are.
    Done(Samples),
}

/// A hop that is done.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// How many hops are done,
    pub done: usize,
    /// of so many.
    pub of: usize,
    /// Of which samples.
    pub indices: Range<u64>,
    /// The samples now.
    pub x: Batch,
    /// The clean estimates that led there.
    pub x0: Batch,
}

impl Step {
    /// The same step of the parts of a batch, at least one.
    pub(crate) fn joined(parts: &[Self]) -> Self {
        let (first, last) = (&parts[0], &parts[parts.len() - 1]);
        if parts.len() == 1 {
            return last.clone();
        }
        let join = |of: fn(&Self) -> &Batch| Batch::stack(parts.iter().map(of));
        let (x, x0) = (join(|part| &part.x), join(|part| &part.x0));
        let Self { done, of, .. } = *last;
        Self { done, of, indices: first.indices.start..last.indices.end, x, x0 }
    }
}

/// A prediction that is not one for the call.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum AnswerError {
    /// No call was waiting.
    #[error("a prediction that no call waits for")]
    NoCall,
    /// The rows are of another shape, or not as many.
    #[error(
        "a prediction of {rows} rows of {shape:?}: expected {expected_rows} rows of {expected:?}, or of \
         twice the length along the first axis"
    )]
    Shape {
        /// Rows found.
        rows: usize,
        /// Their shape.
        shape: Vec<usize>,
        /// Rows of the call.
        expected_rows: usize,
        /// Their shape.
        expected: Vec<usize>,
    },
}

impl fmt::Debug for Trajectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trajectory")
            .field("indices", &self.indices)
            .field("done", &self.done)
            .field("of", &self.of)
            .finish_non_exhaustive()
    }
}

impl Trajectory {
    pub(crate) fn own(sampler: AnySampler, grid: &Grid, stack: Stack, start: Beginning) -> Self {
        let run = Own::new(sampler, grid, stack, start.x.clone(), start.noise.clone());
        let of = run.run.hops();
        Self::new(Run::Own(Box::new(run)), of, start)
    }

    /// Of samples of which a part is given.
    pub(crate) fn particles(
        particles: Particles,
        grid: &Grid,
        stack: Stack,
        start: Beginning,
    ) -> Self {
        let mut noise = start.noise.clone();
        let x = particles.start(&start.x, &mut noise);
        let run = Own::new(particles, grid, stack, x, noise);
        let of = run.run.hops();
        Self::new(Run::Particles(Box::new(run)), of, start)
    }

    pub(crate) fn diffusers(
        scheduler: Arc<dyn Scheduler>,
        labels: Option<Vec<u32>>,
        start: Beginning,
    ) -> Self {
        let position = Position::new(&*scheduler, start.x.clone());
        let of = scheduler.timesteps().len();
        let (call, answer, noise) = (None, None, start.noise.clone());
        let run = Diffusers { scheduler, position, noise, labels, call, answer };
        Self::new(Run::Diffusers(Box::new(run)), of, start)
    }

    fn new(run: Run, of: usize, start: Beginning) -> Self {
        let Beginning { x, indices, kept, given, .. } = start;
        let snapshots = kept.first().map(|_| x.clone()).into_iter().collect();
        let shape = x.row_shape().to_vec();
        Self { run, indices, shape, done: 0, of, kept, snapshots, x, given }
    }

    /// Which samples it is of.
    #[must_use]
    pub fn indices(&self) -> Range<u64> {
        self.indices.clone()
    }

    /// How many hops are done, of how many.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        (self.done, self.of)
    }

    /// What is next: the call that waits for an answer, again until it has one, or a step, or the
    /// samples.
    pub fn poll(&mut self) -> Poll<'_> {
        if let Some(rows) = self.run.advance() {
            // Of several particles the first is shown.
            let [x, x0] = <[Batch; 2]>::from(rows).map(|rows| rows.slice(0..self.x.rows()));
            self.done += 1;
            if self.kept.contains(&self.done) {
                self.snapshots.push(x.clone());
            }
            self.x = x.clone();
            let Self { done, of, .. } = *self;
            return Poll::Step(Step { done, of, indices: self.indices(), x, x0 });
        }
        match self.run.call() {
            Some(call) => Poll::Call(call),
            None => Poll::Done(Samples {
                first: self.indices.start,
                x: self.x.clone(),
                snapshots: self.snapshots.clone(),
                given: self.given.clone(),
            }),
        }
    }

    /// Gives it the prediction of the network for the call that waits.
    ///
    /// # Errors
    /// If no call waits, or the prediction has not the rows and the shape of one. Nothing has changed
    /// then.
    pub fn answer(&mut self, prediction: Batch) -> Result<(), AnswerError> {
        let call = self.run.call().ok_or(AnswerError::NoCall)?;
        let mut doubled = self.shape.clone();
        doubled[0] *= 2;
        let is_one = prediction.row_shape() == self.shape || prediction.row_shape() == doubled;
        if prediction.rows() != call.x.rows() || !is_one {
            return Err(AnswerError::Shape {
                rows: prediction.rows(),
                shape: prediction.row_shape().to_vec(),
                expected_rows: call.x.rows(),
                expected: self.shape.clone(),
            });
        }
        match &mut self.run {
            Run::Own(own) => own.remote.answer(prediction),
            Run::Particles(own) => own.remote.answer(prediction),
            Run::Diffusers(run) => (run.call, run.answer) = (None, Some(prediction)),
        }
        Ok(())
    }
}

impl Run {
    /// The call that waits.
    fn call(&self) -> Option<&Call> {
        match self {
            Self::Own(own) => own.remote.call(),
            Self::Particles(own) => own.remote.call(),
            Self::Diffusers(run) => run.call.as_ref(),
        }
    }

    /// Goes on to the next step, and returns where it led and the estimate; `None` if a call has to be
    /// answered first, or there is no more step.
    fn advance(&mut self) -> Option<(Batch, Batch)> {
        match self {
            Self::Diffusers(run) => run.advance(),
            Self::Own(run) => run.advance(),
            Self::Particles(run) => run.advance(),
        }
    }
}

impl<P: Path<Batch>> Own<P> {
    fn new(path: P, grid: &Grid, stack: Stack, x: Batch, noise: RowNoise) -> Self {
        Self { run: Waiting::new(path, grid, x, noise), stack, remote: Remote::default() }
    }

    fn advance(&mut self) -> Option<(Batch, Batch)> {
        let Self { run, stack, remote } = self;
        while remote.call().is_none() {
            match run.poll() {
                Pending::Done => return None,
                Pending::Step(step) => return Some((step.x, step.x0)),
                Pending::Estimate { x, at } => {
                    let denoised = remote.run(|network| stack.over(network).denoise(x, at));
                    if let Some(denoised) = denoised {
                        run.answer(denoised);
                    }
                }
            }
        }
        None
    }
}

impl Diffusers {
    fn advance(&mut self) -> Option<(Batch, Batch)> {
        if let Some(answer) = self.answer.take() {
            let step = self.position.advance(&*self.scheduler, answer, &mut self.noise);
            return Some((step.x, step.x0));
        }
        if self.call.is_none() {
            let timestep = self.position.timestep()?;
            let x = self.position.input(&*self.scheduler).into_owned();
            let timesteps = vec![timestep; x.rows()];
            self.call = Some(Call { x, timesteps, labels: self.labels.clone() });
        }
        None
    }
}
