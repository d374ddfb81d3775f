//! Runs, a step at a time.

use std::ops::Range;
use std::sync::Arc;
use std::vec::IntoIter;

use ancestral_data::{GridLayout, Pictures, encode_csv_with, encode_npy, encode_png, grid};
use ancestral_pipeline::{Pipeline, Plan, Poll, Samples, Trajectory};

use crate::exchange::{Failure, put_doubles, reply, text};
use crate::held::{get, hold, with};
use crate::model::{batch, put_floats};
use crate::settings::Planned;

/// A run, batch by batch.
struct Run {
    pipeline: Option<Pipeline>,
    plan: Arc<Plan>,
    batches: IntoIter<Range<u64>>,
    current: Option<Trajectory>,
    /// Rows of the call that the host has to answer.
    waiting: usize,
    finished: Vec<Samples>,
}

/// All steps are made.
const DONE: i32 = 0;
/// The output is a step.
const STEP: i32 = 1;
/// The output is what the host's network has to answer.
const CALL: i32 = 2;

/// Holds the run of a plan.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn run(plan: u32) -> i32 {
    reply(|_, _| {
        let Planned { opened, plan } = get(plan)?;
        let batches = plan.batches().collect::<Vec<_>>().into_iter();
        let pipeline = opened.pipeline;
        hold(Run { pipeline, plan, batches, current: None, waiting: 0, finished: Vec::new() })
    })
}

/// What is next for a run: 0 nothing, all steps are made; 1 a step; 2 a call of the host's network.
///
/// The output of a step has four f64 numbers: how many hops are done, of how many, the index of its first sample, and
/// how many samples there are; then as f32 numbers x and the clean estimates. That of a call has the number of rows,
/// how many labels there are, and the timestep of each row; then x as f32 numbers, and the labels as u32.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn poll(run: u32) -> i32 {
    reply(|_, output| with(run, |run: &mut Run| run.poll(output)))
}

/// Gives a run the prediction of the host's network for its call, as f32 numbers.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn answer(run: u32) -> i32 {
    reply(|input, _| {
        with(run, |run: &mut Run| {
            let refused = |error: &dyn std::error::Error| Failure::chain("prediction", error);
            let mut shape = run.plan.shape().to_vec();
            // With a variance there is twice as much.
            let sizes = 4 * run.waiting * shape.iter().product::<usize>();
            if input.len() == 2 * sizes {
                shape[0] *= 2;
            }
            let prediction = batch("prediction", &input, run.waiting, shape)?;
            let Some(current) = &mut run.current else {
                return Err(Failure::of("", "an answer that no call waits for"));
            };
            current.answer(prediction).map_err(|error| refused(&error))?;
            run.waiting = 0;
            Ok(0)
        })
    })
}

/// The samples of a run that has made all its steps, as f32 numbers in model space.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn samples(run: u32) -> i32 {
    reply(|_, output| {
        with(run, |run: &mut Run| {
            put_floats(output, run.samples()?.x.data());
            Ok(0)
        })
    })
}

/// The same as the bytes of a file of the kind that the input names: the bytes that the command line writes for equal
/// samples.
#[cfg_attr(target_family = "wasm", unsafe(no_mangle))]
pub extern "C" fn encode(run: u32) -> i32 {
    reply(|input, output| {
        let kind = text("kind", input)?;
        with(run, |run: &mut Run| {
            let samples = run.samples()?;
            *output = encoded(&kind, &samples, &run.plan)?;
            Ok(0)
        })
    })
}

fn encoded(kind: &str, samples: &Samples, plan: &Plan) -> Result<Vec<u8>, Failure> {
    let refused = |error: &dyn std::error::Error| Failure::chain("kind", error);
    let (x, columns) = (&samples.x, plan.model().columns());
    match (kind, columns) {
        ("png", None) => {
            let pictures = Pictures::new(x.data(), x.row_shape());
            let pictures = pictures.map_err(|error| refused(&error))?;
            let raster =
                grid(&pictures, &GridLayout::default()).map_err(|error| refused(&error))?;
            encode_png(&raster, &plan.provenance_of_all()).map_err(|error| refused(&error))
        }
        ("npy", None) => Ok(encode_npy(&[&[x.rows()], x.row_shape()].concat(), x.data())),
        ("csv", Some(columns)) => Ok(encode_csv_with(columns, x.data(), &samples.given)),
        (_, None) => Err(Failure::of("kind", format!("{kind:?}: expected png or npy"))),
        (_, Some(_)) => Err(Failure::of("kind", format!("{kind:?}: expected csv"))),
    }
}

impl Run {
    fn poll(&mut self, output: &mut Vec<u8>) -> Result<i32, Failure> {
        loop {
            let Some(current) = &mut self.current else {
                let Some(indices) = self.batches.next() else { return Ok(DONE) };
                self.current = Some(self.plan.trajectory(indices));
                continue;
            };
            match (current.poll(), &self.pipeline) {
                (Poll::Done(samples), _) => {
                    self.finished.push(samples);
                    self.current = None;
                }
                (Poll::Step(step), _) => {
                    let head = [step.done, step.of].map(|number| number as f64);
                    put_doubles(output, &head);
                    put_doubles(output, &[step.indices.start as f64, step.x.rows() as f64]);
                    put_floats(output, step.x.data());
                    put_floats(output, step.x0.data());
                    return Ok(STEP);
                }
                (Poll::Call(call), Some(pipeline)) => {
                    let predicted = pipeline.predict(call);
                    let predicted = predicted.map_err(|error| Failure::chain("", &error))?;
                    let answered = current.answer(predicted);
                    answered.map_err(|error| Failure::chain("", &error))?;
                }
                (Poll::Call(call), None) => {
                    let labels = call.labels.as_deref().unwrap_or_default();
                    self.waiting = call.x.rows();
                    put_doubles(output, &[call.x.rows() as f64, labels.len() as f64]);
                    put_doubles(output, &call.timesteps);
                    put_floats(output, call.x.data());
                    output.extend(labels.iter().flat_map(|label| label.to_le_bytes()));
                    return Ok(CALL);
                }
            }
        }
    }

    fn samples(&self) -> Result<Samples, Failure> {
        if self.current.is_some() || self.batches.len() > 0 || self.finished.is_empty() {
            return Err(Failure::of("", "there are steps left"));
        }
        Ok(Samples::joined(&self.finished))
    }
}
