//! Learns a ring of points of the program's own, and draws points like them.
//!
//! `cargo run --release -p ancestral-learn --example points` prints the loss after every 100 steps and
//! then how far the drawn points are from the middle: about 1, as the points that were learned. It
//! takes a few seconds on two cores.

use std::f32::consts::TAU;
use std::io::Write;

use ancestral::sampler::Unipc;
use ancestral::{Grid, NetworkDenoiser, SampleNoise, Sampler, Spacing};
use ancestral_cpu::CpuNetwork;
use ancestral_cpu::train::TrainingNetwork;
use ancestral_learn::{Recipe, Source, Trainer, TrainingSet};

/// Points to learn, and points to draw.
const LEARNED: u16 = 1000;
const DRAWN: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::stdout().lock();
    let angle = |i: u16| TAU * f32::from(i) / f32::from(LEARNED);
    let points = (0..LEARNED).flat_map(|i| [angle(i).cos(), angle(i).sin()]).collect();
    let points = TrainingSet::new(vec![2], points)?;

    // Train: what the recipe leaves open follows from the data.
    let recipe = Recipe { steps: Some(500), width: Some(vec![64]), ..Recipe::default() };
    let request = recipe.request(Source::plain("ring"), &points)?;
    let network = TrainingNetwork::new(request.training.precision, &request.network)?;
    let mut trainer = Trainer::new(&request, network, points)?;
    for _ in 0..request.training.steps {
        let report = trainer.step()?;
        if (report.step + 1).is_multiple_of(100) {
            writeln!(out, "step {}: loss {:.3}", report.step + 1, report.loss)?;
        }
    }

    // Sample from the averaged weights.
    let network = CpuNetwork::load(&request.network, trainer.average()?)?;
    let (schedule, prediction) = (trainer.schedule(), request.scheduler.prediction());
    let mut denoiser = NetworkDenoiser::new(network, prediction, schedule.clone())?;
    let grid = Grid::new(schedule, Spacing::Trailing, 30)?;
    let mut noise = SampleNoise::new(1, 0..DRAWN as u64);
    let x_t = noise.start(vec![2]);
    let sampler = Unipc::default();
    let last = sampler.run(&grid, x_t, &mut denoiser, &mut noise).last().expect("30 steps")?;
    let radii: Vec<f32> = last.x.iter_rows().map(|point| point[0].hypot(point[1])).collect();
    let mean = radii.iter().sum::<f32>() / DRAWN as f32;
    let variance = radii.iter().map(|radius| (radius - mean).powi(2)).sum::<f32>() / DRAWN as f32;
    writeln!(out, "{DRAWN} points at {mean:.2} ± {:.2} from the middle", variance.sqrt())?;
    Ok(())
}
