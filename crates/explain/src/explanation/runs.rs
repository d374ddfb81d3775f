//! What a page holds of a run.

use ancestral::exact::Mixture;
use ancestral::{Batch, Level, Posterior, Prediction, Sample as _};
use serde::Serialize;

use super::ends::{off_the_data, spread};
use super::{Explanation, Particles};
use crate::process::{Noise, Process};
use crate::run::{Frame, Run};
use crate::subject::Kind;
use crate::table::Table;

/// How many rows of the data are shown that an estimate is made of.
const PARTS: usize = 6;

/// A run of particles.
#[derive(Debug, Serialize)]
pub(super) struct RunNumbers {
    schedule: &'static str,
    hops: usize,
    noise: &'static str,
    /// x_t of every particle at the start of each kept hop, and the samples.
    x: Table,
    guides: Guides,
    off_the_data: f64,
    spread: f64,
}

/// The particles that can be followed closely: a row a kept hop and particle.
#[derive(Debug, Serialize)]
struct Guides {
    x: Table,
    /// The three predictions at x_t.
    epsilon: Table,
    x0: Table,
    v: Table,
    /// The mean of the posterior.
    mean: Table,
    /// x_s, the end of the hop.
    to: Table,
    /// Of pictures: which rows of the data x̂₀ is made of, and their shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<Parts>,
}

#[derive(Debug, Serialize)]
struct Parts {
    rows: Table,
    shares: Table,
}

impl RunNumbers {
    pub fn of(explanation: &Explanation, process: &Process, run: &Run) -> Self {
        let Explanation { subject, data, particles, .. } = explanation;
        let drawn = match subject.kind {
            Kind::Points { .. } => Table::drawn,
            Kind::Pictures(_) => Table::pixels,
        };
        let states = run.frames.iter().map(|frame| &frame.x).chain([&run.end]);
        let values = states.flat_map(|x| x.data().iter().copied());
        let shape = [run.frames.len() + 1, particles.all, subject.rows.row_len()];
        Self {
            schedule: process.schedule,
            hops: process.hops,
            noise: match process.noise {
                Noise::Small => "small",
                Noise::Large => "large",
                Noise::Zero => "zero",
            },
            x: drawn(&shape, values),
            guides: Guides::of(&subject.kind, data, *particles, &run.frames),
            off_the_data: off_the_data(&run.end, &subject.rows),
            spread: spread(&run.end, &subject.rows),
        }
    }
}

impl Guides {
    fn of(kind: &Kind, data: &Mixture, particles: Particles, frames: &[Frame]) -> Self {
        let count = particles.guides;
        let table = |value: &dyn Fn(&Frame) -> Batch<f64>| {
            let values: Vec<Batch<f64>> =
                frames.iter().map(|frame| value(frame).slice(0..count)).collect();
            let all = Batch::stack(&values);
            let shape = [frames.len(), count, all.row_len()];
            match kind {
                Kind::Points { .. } => Table::single(&shape, all.into_data()),
                Kind::Pictures(_) => Table::pixels(&shape, all.into_data()),
            }
        };
        Self {
            x: table(&|frame| frame.x.clone()),
            epsilon: table(&|frame| predicted(Prediction::Epsilon, frame)),
            x0: table(&|frame| frame.x0.clone()),
            v: table(&|frame| predicted(Prediction::V, frame)),
            mean: table(&mean),
            to: table(&|frame| frame.to.clone()),
            parts: match kind {
                Kind::Points { .. } => None,
                Kind::Pictures(_) => Some(Parts::of(data, count, frames)),
            },
        }
    }
}

/// What a network with this prediction gives where the exact denoiser gives x̂₀.
pub fn predicted(prediction: Prediction, frame: &Frame) -> Batch<f64> {
    let level = frame.hop.from().level;
    let (on_x, on_x0) = Prediction::X0.to_epsilon(level);
    let epsilon = Batch::combine(&[(on_x, &frame.x), (on_x0, &frame.x0)]);
    let (on_x0, on_epsilon) = prediction.target(level);
    Batch::combine(&[(on_x0, &frame.x0), (on_epsilon, &epsilon)])
}

fn mean(frame: &Frame) -> Batch<f64> {
    let posterior = Posterior::of(&frame.hop);
    Batch::combine(&[(posterior.on_x0, &frame.x0), (posterior.on_x_from, &frame.x)])
}

impl Parts {
    fn of(data: &Mixture, guides: usize, frames: &[Frame]) -> Self {
        let of_frame = |frame: &Frame| {
            let level = frame.hop.from().level;
            (0..guides).flat_map(|i| largest(data, frame.x.row(i), level)).collect::<Vec<_>>()
        };
        let all: Vec<(usize, f64)> = frames.iter().flat_map(of_frame).collect();
        let shape = [frames.len(), guides, PARTS.min(data.components().len())];
        let (rows, shares): (Vec<_>, Vec<_>) = all.into_iter().unzip();
        Self { rows: Table::whole(&shape, rows), shares: Table::single(&shape, shares) }
    }
}

/// The rows of the data with the largest shares in x̂₀ at `x`.
fn largest(data: &Mixture, x: &[f64], level: Level) -> Vec<(usize, f64)> {
    let mut shares: Vec<(usize, f64)> =
        data.responsibilities(x, level).into_iter().enumerate().collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares.truncate(PARTS);
    shares
}
