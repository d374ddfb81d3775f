//! Times training steps of a model folder's network: `steps FOLDER BATCH` makes a step for each
//! line on its standard input and answers with the milliseconds that it took.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use ancestral::{Purpose, Schedule, Streams};
use ancestral_cpu::Precision;
use ancestral_cpu::train::{Pass, Slot, TrainingNetwork, Update, sum_of_squares};
use ancestral_format::{Labels, ModelFolder};

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, batch] = &arguments[..] else {
        return Err("usage: steps FOLDER BATCH".into());
    };
    let model = ModelFolder::read(Path::new(folder))?.model;
    let batch: usize = batch.parse()?;
    let network = TrainingNetwork::new(Precision::F32, &model.network)?;
    let mut weights = network.layout().values(&model.weights)?;
    let [mut first, mut second, mut gradients] = [(); 3].map(|()| vec![0.0; weights.len()]);
    let mut average = weights.clone();
    let shape = network.shapes().input.clone();
    let size: usize = shape.iter().product();
    let data: Vec<f32> = (0..2 * batch * size).map(|i| (i as f32 * 0.37).sin()).collect();
    let schedule = Schedule::linear_1000();
    let noise = Streams::new(0, Purpose::TrainingNoise);
    let labels = match network.shapes().labels {
        Labels::Classes(_) => Some((0..batch as u32).map(|i| i % 10).collect::<Vec<_>>()),
        _ => None,
    };
    let mut out = std::io::stdout().lock();
    for (step, line) in std::io::stdin().lock().lines().enumerate() {
        line?;
        let start = Instant::now();
        let mut x = vec![0.0; batch * size];
        let mut eps = vec![0.0; batch * size];
        let mut times = Vec::new();
        for row in 0..batch {
            let sample = (step * batch + row) as u64;
            let t = (sample * 7919 % 1000) as usize;
            let level = schedule.level(t);
            let (alpha, sigma) = (level.alpha() as f32, level.sigma() as f32);
            let at = row * size..(row + 1) * size;
            noise.normals(sample, 0, &mut eps[at.clone()]);
            for i in at {
                x[i] = alpha * data[i] + sigma * eps[i];
            }
            times.push(t as f64);
        }
        let pass = Pass {
            x: &x,
            timesteps: &times,
            labels: labels.as_deref(),
            leaf: batch.div_ceil(16).max(4),
        };
        let mut total = 0.0_f64;
        network.gradients(
            &weights,
            pass,
            &mut |y, dy| {
                for ((y, dy), e) in y.iter().zip(dy).zip(&eps) {
                    let d = y - e;
                    total += f64::from(d * d);
                    *dy = 2.0 * d / (batch * size) as f32;
                }
            },
            &mut gradients,
        );
        let norm = sum_of_squares(&gradients).sqrt();
        let update = Update {
            factor: (1.0 / norm).min(1.0),
            rate: 1e-4,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 1e-6,
            number: step + 1,
            share: 1e-3,
        };
        update.apply(Slot {
            weight: &mut weights,
            gradient: &gradients,
            first: &mut first,
            second: &mut second,
            average: &mut average,
        });
        let taken = start.elapsed().as_secs_f64() * 1e3;
        if std::env::var("LOSS").is_ok() {
            writeln!(
                out,
                "{taken:.3} {} {} {}",
                total / (batch * size) as f64,
                norm,
                network.arena_bytes() / 1_000_000
            )?;
        } else {
            writeln!(out, "{taken:.3}")?;
        }
        out.flush()?;
    }
    Ok(())
}
