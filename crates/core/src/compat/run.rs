//! The sampling loop of diffusers' schedulers, as an iterator, and what it does between two calls of
//! the network.

use std::borrow::Cow;

use super::Scheduler;
use super::history::History;
use super::kit::elementwise::map;
use crate::batch::Batch;
use crate::denoiser::Network;
use crate::noise::Noise;

/// One call of the network, and what the scheduler made of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SchedulerStep {
    /// Which entry of the scheduler's list, from 0.
    pub index: usize,
    /// The timestep that the network was asked about.
    pub timestep: f64,
    /// The sample as the scheduler leaves it; after the last call, the result.
    pub x: Batch,
    /// The clean estimate that led there.
    pub x0: Batch,
}

/// A run of one of diffusers' schedulers. After an error it is over.
///
/// # Example
/// ```
/// use std::convert::Infallible;
/// use ancestral::compat::{Config, DdpmScheduler, SchedulerRun, VarianceType, Visit};
/// use ancestral::{Batch, Network, SampleNoise};
///
/// struct Zero;
/// impl Network for Zero {
///     type Error = Infallible;
///     fn predict(&mut self, x: &Batch, _: &[f64], _: Option<&[u32]>) -> Result<Batch, Infallible> {
///         Ok(Batch::zeros(x.rows(), x.row_shape().to_vec()))
///     }
/// }
///
/// let scheduler = DdpmScheduler::new(Config::default(), VarianceType::FixedSmall, &Visit::Steps(50))?;
/// let mut noise = SampleNoise::new(7, 0..4);
/// let x = noise.start(vec![2]);
/// let mut network = Zero;
/// let run = SchedulerRun::new(&scheduler, x, &mut network, &mut noise);
/// let Some(Ok(last)) = run.last() else { unreachable!("this network does not fail") };
/// assert_eq!((last.index, last.timestep), (49, 0.0));
/// # Ok::<(), ancestral::compat::CompatError>(())
/// ```
pub struct SchedulerRun<'a, N: ?Sized> {
    scheduler: &'a dyn Scheduler,
    position: Option<Position>,
    labels: Option<Vec<u32>>,
    network: &'a mut N,
    noise: &'a mut dyn Noise<Batch>,
}

impl<N: ?Sized> std::fmt::Debug for SchedulerRun<'_, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("scheduler", &self.scheduler.class())
            .field("steps_left", &self.left())
            .finish_non_exhaustive()
    }
}

impl<'a, N: ?Sized> SchedulerRun<'a, N> {
    /// The run of `network` over all timesteps of `scheduler`, from standard normal noise `x`,
    /// which is scaled as the scheduler wants it.
    #[must_use]
    pub fn new(
        scheduler: &'a dyn Scheduler,
        x: Batch,
        network: &'a mut N,
        noise: &'a mut dyn Noise<Batch>,
    ) -> Self {
        let position = Some(Position::new(scheduler, x));
        Self { scheduler, position, labels: None, network, noise }
    }

    /// Gives each row its class.
    #[must_use]
    pub fn with_labels(mut self, labels: Vec<u32>) -> Self {
        self.labels = Some(labels);
        self
    }

    /// The same run without its first `count` calls, from `x` as it is, at the timestep behind them.
    #[must_use]
    pub fn after(mut self, count: usize, x: Batch) -> Self {
        self.position = self.position.map(|start| Position { index: count, x, ..start });
        self
    }

    fn left(&self) -> usize {
        self.position.as_ref().map_or(0, |at| at.timesteps.len().saturating_sub(at.index))
    }
}

impl<N: Network + ?Sized> Iterator for SchedulerRun<'_, N> {
    type Item = Result<SchedulerStep, N::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut position = self.position.take()?;
        let timestep = position.timestep()?;
        let timesteps = vec![timestep; position.x.rows()];
        let seen = position.input(self.scheduler);
        let output = match self.network.predict(&seen, &timesteps, self.labels.as_deref()) {
            Ok(output) => output,
            Err(error) => return Some(Err(error)),
        };
        let step = position.advance(self.scheduler, output, self.noise);
        self.position = Some(position);
        Some(Ok(step))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left()))
    }
}

/// Where a run of a scheduler is between two calls of the network: for loops of one's own, which may
/// wait for the network as long as they like.
///
/// # Example
/// ```
/// use ancestral::compat::{Config, DdimScheduler, DdimOptions, Position};
/// use ancestral::{Batch, NeverDrawn};
///
/// let scheduler = DdimScheduler::new(Config::default(), DdimOptions::default(), 10)?;
/// let mut position = Position::new(&scheduler, Batch::new(vec![1], vec![0.5]));
/// while let Some(timestep) = position.timestep() {
///     assert!(timestep <= 900.0);
///     let x = position.input(&scheduler);
///     let epsilon = Batch::zeros(x.rows(), x.row_shape().to_vec()); // the network's part
///     position.advance(&scheduler, epsilon, &mut NeverDrawn);
/// }
/// assert!(position.x().data()[0].is_finite());
/// # Ok::<(), ancestral::compat::CompatError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Position {
    timesteps: Vec<f64>,
    index: usize,
    x: Batch,
    history: History,
}

impl Position {
    /// The start of a run of `scheduler` from standard normal noise `x`, which is scaled as the
    /// scheduler wants it.
    #[must_use]
    pub fn new(scheduler: &dyn Scheduler, x: Batch) -> Self {
        let std = scheduler.start_std();
        let x = if std == 1.0 { x } else { map(&x, |x| x * std) };
        Self { timesteps: scheduler.timesteps(), index: 0, x, history: History::default() }
    }

    /// The timestep of the next call of the network; none if the run is over.
    #[must_use]
    pub fn timestep(&self) -> Option<f64> {
        self.timesteps.get(self.index).copied()
    }

    /// The sample as it is now; after the last call, the result.
    #[must_use]
    pub fn x(&self) -> &Batch {
        &self.x
    }

    /// What the next call of the network is given of it (`scale_model_input`).
    #[must_use]
    pub fn input(&self, scheduler: &dyn Scheduler) -> Cow<'_, Batch> {
        let scale = scheduler.input_scale(self.index);
        if scale == 1.0 { Cow::Borrowed(&self.x) } else { Cow::Owned(map(&self.x, |x| x / scale)) }
    }

    /// Makes the step that the network's `output` leads to.
    ///
    /// # Panics
    /// If the run is over, and as [`Scheduler::step`].
    pub fn advance(
        &mut self,
        scheduler: &dyn Scheduler,
        output: Batch,
        noise: &mut dyn Noise<Batch>,
    ) -> SchedulerStep {
        let (index, timestep) = (self.index, self.timesteps[self.index]);
        let stepped = scheduler.step(index, output, &self.x, &mut self.history, noise);
        self.x = stepped.x.clone();
        self.index += 1;
        SchedulerStep { index, timestep, x: stepped.x, x0: stepped.x0 }
    }
}
