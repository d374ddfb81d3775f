//! What fits into a time budget: how many updates, of which network size.

use std::time::{Duration, Instant};

use ancestral_format::counted;
use ancestral_learn::{Budget, Recipe};

use super::prepare;
use crate::error::{Problem, RunError, SettingError};
use crate::front::{Front, Notice};
use crate::ranks::Trainer;
use crate::run::{Look, Run};

/// The least and the most updates that are measured, after one that is not, and for how long.
const LEAST: u64 = 4;
const MOST: u64 = 100;
const MEASURED: Duration = Duration::from_millis(500);
/// The gain from twice the time, as measured in docs/training.md.
const GAIN: &str = ", which took a third off the distance to the data on Fashion-MNIST";
/// Network calls that are measured.
const CALLS: usize = 2;

/// Chooses the size of the network, if the recipe leaves it open, and the number of updates, so that
/// the run ends `time` seconds after `clock`.
pub(super) fn plan(
    time: f64,
    clock: Instant,
    run: &mut Run,
    recipe: &mut Recipe,
    front: &mut dyn Front,
) -> Result<(), RunError> {
    let every = recipe.preview_every;
    let mut steps = steps_within(time, clock, run, every, front)?;
    let mut next = recipe.larger(&run.data.set);
    let is_open = next.is_some();
    while let Some(size) = next.filter(|size| size.pays_after() <= steps) {
        let larger = Recipe { size, ..recipe.clone() };
        let fit = prepare(run, &larger).and_then(|_| steps_within(time, clock, run, every, front));
        let Some(fit) = fit.ok().filter(|fit| size.pays_after() <= *fit) else { break };
        (*recipe, steps) = (larger, fit);
        next = recipe.larger(&run.data.set);
    }
    recipe.steps = Some(steps);
    let why = next.map_or_else(String::new, |size| {
        let updates = size.pays_after();
        format!(" (a larger one is better from about {updates} updates on)")
    });
    let name = recipe.size.name();
    let network = if is_open { format!(" of the {name} network{why}") } else { String::new() };
    let gain = if is_open { GAIN } else { "" };
    let updates = counted(steps, "update");
    let plan = format!("plan: {time} s allow {updates}{network}; twice the time would allow");
    front.tell(Notice::line(format_args!("{plan} {}{gain}", 2 * steps)));
    Ok(())
}

/// Measures a few updates and network calls, and returns how many updates fit into `time` seconds
/// since `clock`, beside the sampling at the end and the previews.
pub(crate) fn steps_within(
    time: f64,
    clock: Instant,
    run: &Run,
    preview_every: Option<u64>,
    front: &mut dyn Front,
) -> Result<u64, RunError> {
    let mut request = run.request.clone();
    request.training.steps = MOST + 1;
    let mut trainer = Trainer::new(run, &request, None)?;
    trainer.step()?; // the first one is slower
    let (start, mut updates) = (Instant::now(), 0);
    while updates < LEAST || updates < MOST && start.elapsed() < MEASURED {
        trainer.step()?;
        updates += 1;
    }
    let update = start.elapsed().as_secs_f64() / updates as f64;
    let model = run.model(&trainer, None, front)?;
    drop(trainer);
    let budget = Budget {
        left: time - clock.elapsed().as_secs_f64(),
        update,
        preview: 0.0,
        preview_every,
        sampling: 0.0,
    };
    // The amount for a training that takes all of the time: at least as much as will be drawn.
    let looks = run.looks(run.done() + budget.steps().unwrap_or(1));
    let start = Instant::now();
    run.sample(&model, Look::last(run, looks.last).of_steps(CALLS), front)?;
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
    let problem = Problem::TooShort { update, sampling: budget.sampling };
    Err(SettingError::of("time", &time, problem).into())
}
