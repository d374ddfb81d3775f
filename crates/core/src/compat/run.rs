//! The sampling loop of the peer's schedulers, as an iterator.

use super::Scheduler;
use super::elementwise::map;
use super::history::History;
use crate::batch::Batch;
use crate::denoiser::Network;
use crate::noise::Noise;

/// One call of the network, and what the scheduler made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Which entry of the scheduler's list, from 0.
    pub index: usize,
    /// The timestep that the network was asked about.
    pub timestep: f64,
    /// The sample as the scheduler leaves it; after the last call, the result.
    pub x: Batch,
    /// The clean estimate that led there.
    pub x0: Batch,
}

/// A run of one of the peer's schedulers. After an error it is over.
///
/// # Example
/// ```
/// use std::convert::Infallible;
/// use ancestral::compat::{Config, Ddpm, Run, VarianceType, Visit};
/// use ancestral::{Batch, Network, SampleNoise};
///
/// struct Zero;
/// impl Network for Zero {
///     type Error = Infallible;
///     fn predict(&mut self, x: &Batch, _: &[f64], _: Option<&[u32]>) -> Result<Batch, Infallible> {
///         Ok(Batch::zeros(x.rows(), x.shape().to_vec()))
///     }
/// }
///
/// let scheduler = Ddpm::new(Config::default(), VarianceType::FixedSmall, &Visit::Steps(50))?;
/// let mut noise = SampleNoise::new(7, 0..4);
/// let x = noise.start(vec![2]);
/// let mut network = Zero;
/// let run = Run::new(&scheduler, x, &mut network, &mut noise);
/// let Some(Ok(last)) = run.last() else { unreachable!("this network does not fail") };
/// assert_eq!((last.index, last.timestep), (49, 0.0));
/// # Ok::<(), ancestral::compat::CompatError>(())
/// ```
pub struct Run<'a, N: ?Sized> {
    scheduler: &'a dyn Scheduler,
    timesteps: Vec<f64>,
    index: usize,
    x: Option<Batch>,
    history: History,
    labels: Option<Vec<u32>>,
    network: &'a mut N,
    noise: &'a mut dyn Noise<Batch>,
}

impl<N: ?Sized> std::fmt::Debug for Run<'_, N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("scheduler", &self.scheduler.class())
            .field("steps_left", &self.left())
            .finish_non_exhaustive()
    }
}

impl<'a, N: ?Sized> Run<'a, N> {
    /// The run of `network` over all timesteps of `scheduler`, from standard normal noise `x`,
    /// which is scaled as the scheduler wants it.
    #[must_use]
    pub fn new(
        scheduler: &'a dyn Scheduler,
        x: Batch,
        network: &'a mut N,
        noise: &'a mut dyn Noise<Batch>,
    ) -> Self {
        let std = scheduler.start_std();
        let x = if std == 1.0 { x } else { map(&x, |x| x * std) };
        let (timesteps, history) = (scheduler.timesteps(), History::default());
        Self { scheduler, timesteps, index: 0, x: Some(x), history, labels: None, network, noise }
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
        (self.index, self.x) = (count, Some(x));
        self
    }

    fn left(&self) -> usize {
        self.timesteps.len().saturating_sub(self.index)
    }
}

impl<N: Network + ?Sized> Iterator for Run<'_, N> {
    type Item = Result<Step, N::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let x = self.x.take()?;
        let &timestep = self.timesteps.get(self.index)?;
        let timesteps = vec![timestep; x.rows()];
        let scale = self.scheduler.input_scale(self.index);
        let scaled = (scale != 1.0).then(|| map(&x, |x| x / scale));
        let seen = scaled.as_ref().unwrap_or(&x);
        let output = match self.network.predict(seen, &timesteps, self.labels.as_deref()) {
            Ok(output) => output,
            Err(error) => return Some(Err(error)),
        };
        let stepped = self.scheduler.step(self.index, output, &x, &mut self.history, self.noise);
        self.history.calls += 1;
        let step = Step { index: self.index, timestep, x: stepped.x, x0: stepped.x0 };
        self.x = Some(step.x.clone());
        self.index += 1;
        Some(Ok(step))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left()))
    }
}
