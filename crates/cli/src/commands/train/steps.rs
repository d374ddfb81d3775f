//! How many steps fit into a time.

use std::time::Instant;

use ancestral_learn::{Budget, Trainer};
use anyhow::{Result, bail};

use super::job::Job;
use super::look::Look;

/// Updates that are measured, after one that is not.
const MEASURED: u64 = 4;

/// Measures a few updates and network calls, and returns how many updates fit into `time` seconds
/// since `clock`, beside the sampling at the end and the previews.
pub fn steps_within(
    time: f64,
    clock: Instant,
    job: &Job,
    preview_every: Option<u64>,
) -> Result<u64> {
    let mut request = job.request.clone();
    request.training.steps = MEASURED + 1;
    let engine = job.engine.training(&request.network)?;
    let mut trainer = Trainer::new(&request, engine, job.data.set.clone())?;
    trainer.step()?; // the first one is slower
    let start = Instant::now();
    for _ in 0..MEASURED {
        trainer.step()?;
    }
    let update = start.elapsed().as_secs_f64() / MEASURED as f64;
    let model = job.model(&trainer, None)?;
    drop(trainer);
    let (last, preview) = (Look::last(job), Look::preview(job));
    let start = Instant::now();
    job.sample(&model, &last.of_steps(2))?;
    let call = start.elapsed().as_secs_f64() / 2.0;
    let budget = Budget {
        left: time - clock.elapsed().as_secs_f64(),
        update,
        preview: call * preview.steps as f64,
        preview_every,
        sampling: call * last.steps as f64,
    };
    if let Some(steps) = budget.steps() {
        return Ok(steps);
    }
    bail!(
        "--time {time}: not one update fits (an update takes {update:.2} s, sampling at the end \
         {:.1} s)",
        budget.sampling
    )
}
