//! Follows a run step by step, and stops once the clean estimates hardly change.

use ancestral_pipeline::{Pipeline, Settings};

pub(crate) fn steps_needed(within: f32) -> Result<usize, ancestral_pipeline::Error> {
    let settings = Settings::new().count(4).sampler("ddim").steps(100);
    let mut before: Option<Vec<f32>> = None;
    for step in Pipeline::built_in()?.steps(&settings)? {
        let (done, x0) = step.map(|step| (step.done, step.x0.into_data()))?;
        let largest =
            |old: Vec<f32>| old.iter().zip(&x0).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        if before.map(largest).is_some_and(|change| change < within) {
            return Ok(done); // the other steps are not made
        }
        before = Some(x0);
    }
    Ok(settings.steps.unwrap_or_default())
}

fn main() -> Result<(), ancestral_pipeline::Error> {
    let steps = steps_needed(0.05)?;
    eprintln!("after {steps} of 100 steps no pixel changes by more than 0.05 in a step");
    Ok(())
}
