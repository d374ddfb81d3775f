//! Runs that diffusers can't make, refused before they begin.

use std::convert::Infallible;

use crate::batch::Batch;
use crate::compat::error::CompatError;
use crate::compat::{Scheduler, SchedulerRun};
use crate::denoiser::Network;
use crate::noise::Noise;

/// `scheduler`, if diffusers finds where its list begins, and a run has a number at every step.
///
/// Where there is none, that comes of the coefficients alone: a run of a single number, whose
/// network and noise are always ½, meets it as well.
pub(in crate::compat) fn runnable<S: Scheduler>(scheduler: S) -> Result<S, CompatError> {
    let (class, timesteps) = (scheduler.class(), scheduler.timesteps());
    if let [timestep, ref rest @ ..] = timesteps[..]
        && rest.contains(&timestep)
    {
        return Err(CompatError::TwiceAtStart { class, timestep });
    }
    let (mut network, mut noise) = (Half, Half);
    for step in
        SchedulerRun::new(&scheduler, Batch::new(vec![1], vec![1.0]), &mut network, &mut noise)
    {
        let Ok(step) = step;
        if !step.x.data()[0].is_finite() {
            let (call, calls) = (step.index + 1, timesteps.len());
            return Err(CompatError::NotANumber { class, call, calls });
        }
    }
    Ok(scheduler)
}

/// A network, and a noise, that is ½ everywhere.
struct Half;

impl Network for Half {
    type Error = Infallible;

    fn predict(
        &mut self,
        x: &Batch,
        _timesteps: &[f64],
        _labels: Option<&[u32]>,
    ) -> Result<Batch, Infallible> {
        Ok(self.draw(x))
    }
}

impl Noise<Batch> for Half {
    fn draw(&mut self, like: &Batch) -> Batch {
        super::elementwise::map(like, |_| 0.5)
    }
}
