//! A network that is somewhere else.

use super::Suspended;
use crate::batch::Batch;
use crate::denoiser::Network;

/// One call of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The rows.
    pub x: Batch,
    /// The timestep of each row.
    pub timesteps: Vec<f64>,
    /// The label of each row, if the network has classes.
    pub labels: Option<Vec<u32>>,
}

/// A [`Network`] that notes what it is called with, and stops the caller until it has the answer.
///
/// At the bottom of a denoiser it turns "call the network" into a value: [`Remote::run`] makes the
/// denoiser work as far as the answers go, [`Remote::call`] is what it needs next, and
/// [`Remote::answer`] gives it that. Calls of several runs can so be answered by one call of a real
/// network, on another thread or machine.
///
/// # Example
/// ```
/// use ancestral::suspend::{Pending, Remote, Waiting};
/// use ancestral::{AnySampler, Batch, Denoiser, Grid, NetworkDenoiser, Prediction, SampleNoise, Schedule, Spacing};
///
/// let schedule = Schedule::linear_1000();
/// let grid = Grid::new(&schedule, Spacing::Trailing, 10)?;
/// let mut noise = SampleNoise::new(7, 0..4);
/// let x = noise.start(vec![2]);
/// let sampler: AnySampler = "heun".parse()?;
/// let mut run = Waiting::new(sampler, &grid, x, noise);
/// let mut remote = Remote::default();
/// let mut calls = 0;
/// loop {
///     if let Some(call) = remote.call() {
///         let v = Batch::zeros(call.x.rows(), vec![2]); // the network, wherever it is
///         remote.answer(v);
///         calls += 1;
///     }
///     match run.poll() {
///         Pending::Estimate { x, at } => {
///             let denoised = remote.run(|network| {
///                 let denoiser = NetworkDenoiser::new(network, Prediction::V, schedule.clone());
///                 denoiser.expect("no zero SNR").denoise(x, at)
///             });
///             denoised.into_iter().for_each(|denoised| run.answer(denoised));
///         }
///         Pending::Step(step) => assert_eq!(step.x.rows(), 4),
///         Pending::Done => break,
///     }
/// }
/// assert_eq!(calls, 19); // two a hop, one on the last
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Remote {
    call: Option<Call>,
    answers: Vec<Batch>,
    next: usize,
}

impl Remote {
    /// Runs `work` with the network, from its start; `None` if it needs a call that is not answered.
    /// Once it is done, its answers are forgotten.
    pub fn run<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, Suspended>) -> Option<T> {
        self.next = 0;
        let done = work(self).ok();
        if done.is_some() {
            self.answers.clear();
        }
        done
    }

    /// The call that is not answered yet.
    #[must_use]
    pub fn call(&self) -> Option<&Call> {
        self.call.as_ref()
    }

    /// Gives it the prediction of the network for [`call`](Self::call).
    ///
    /// # Panics
    /// If there is no such call.
    pub fn answer(&mut self, prediction: Batch) {
        assert!(self.call.take().is_some(), "an answer that nothing asked for");
        self.answers.push(prediction);
    }
}

impl Network for Remote {
    type Error = Suspended;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, Suspended> {
        if let Some(answer) = self.answers.get(self.next) {
            self.next += 1;
            return Ok(answer.clone());
        }
        let (timesteps, labels) = (timesteps.to_vec(), labels.map(<[u32]>::to_vec));
        self.call = Some(Call { x: x.clone(), timesteps, labels });
        Err(Suspended)
    }
}
