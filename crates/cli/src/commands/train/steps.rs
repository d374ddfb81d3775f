//! How many steps fit into a time.

use std::time::Instant;

use ancestral_learn::{Budget, Trainer};
use anyhow::{Result, bail};

use super::job::Job;
use super::look::Look;

/// Updates that are measured, after one that is not.
const MEASURED: u64 = 4;
/// Calls of the network that are.
const CALLS: usize = 2;

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
    let budget = Budget {
        left: time - clock.elapsed().as_secs_f64(),
        update,
        preview: 0.0,
        preview_every,
        sampling: 0.0,
    };
    // As much as beside a training that takes all of the time: no less than will be drawn.
    let looks = job.looks(job.done() + budget.steps().unwrap_or(1));
    let start = Instant::now();
    job.sample(&model, Look::last(job, looks.last).of_steps(CALLS))?;
    let row = start.elapsed().as_secs_f64() / (CALLS as f64 * looks.last.count as f64);
    let budget = Budget {
        left: time - clock.elapsed().as_secs_f64(),
        preview: row * looks.preview.rows(),
        sampling: row * looks.last.rows(),
        ..budget
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
