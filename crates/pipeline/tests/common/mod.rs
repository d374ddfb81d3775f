//! What the tests share.

use ancestral_pipeline::{Pipeline, Plan, Poll, Samples, Settings};

/// Runs a plan by hand, a call at a time, and counts the calls of each batch.
pub fn by_hand(pipeline: &Pipeline, plan: &Plan) -> (Samples, usize) {
    let mut calls = 0;
    let mut batches = Vec::new();
    for indices in plan.batches() {
        let mut trajectory = plan.trajectory(indices);
        loop {
            match trajectory.poll() {
                Poll::Call(call) => {
                    calls += 1;
                    let prediction = pipeline.predict(call).unwrap();
                    trajectory.answer(prediction).unwrap();
                }
                Poll::Step(_) => {}
                Poll::Done(samples) => {
                    batches.push(samples);
                    break;
                }
            }
        }
    }
    (Samples::joined(&batches), calls)
}

/// Settings as JSON.
pub fn settings(text: &str) -> Settings {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub fn bits(samples: &Samples) -> Vec<u32> {
    samples.x.data().iter().map(|x| x.to_bits()).collect()
}
