//! A device beside the CPU's own engine: `device NAME [PRECISION] MODEL ROWS CALLS`.
//!
//! NAME is a card as `ancestral inspect devices` lists it, or `cpu` for Burn's own CPU; PRECISION f32
//! (unless given), bf16 or f16; MODEL a model folder, or `blocks` for a small network with every kind of
//! block. It prints, a line each, by how much the outputs differ at most, over the largest output; by how
//! much the gradients do, over each parameter's largest one, unless that is a hundred thousand times
//! smaller than the network's; and how long a call and the gradients of a batch take, at first and then.

use std::path::Path;
use std::time::Instant;

use ancestral::{Batch, Network};
use ancestral_cpu::train::TrainingNetwork;
use ancestral_cpu::{CpuNetwork, Precision, Shapes};
use ancestral_format::{Labels, ModelFolder, NetworkConfig, UNetConfig, Weights};
use ancestral_learn::{Engine, Pass};
use ancestral_nn::device::{self, Api, Device};
use ancestral_nn::{AnyNetwork, computes_in, training};
use ancestral_testing::unet::formula_weights;

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, precision, [model, rows, calls]) = match &arguments[..] {
        [name, model, rows, calls] => (name, "f32", [model, rows, calls]),
        [name, precision, model, rows, calls] => (name, &**precision, [model, rows, calls]),
        _ => return Err("usage: device NAME [PRECISION] MODEL ROWS CALLS".into()),
    };
    let precisions = [Precision::F32, Precision::Bf16, Precision::F16];
    let precision = precisions.into_iter().find(|known| known.to_string() == precision);
    let precision = precision.ok_or("PRECISION is f32, bf16 or f16")?;
    let device = opened(name)?;
    if !computes_in(&device, precision) {
        return Err(format!("{name} does not compute in {precision}").into());
    }
    let check = Check::new(model, rows.parse()?, calls.parse()?)?;
    check.outputs(&device, precision)?;
    if precision != Precision::F16 {
        check.gradients(&device, precision)?;
    }
    Ok(())
}

fn opened(name: &str) -> Result<Device, AnyError> {
    if name == "cpu" {
        return Ok(device::cpu());
    }
    let mut cards = Api::ALL.into_iter().flat_map(Api::cards);
    let card = cards.find(|card| card.to_string() == name);
    let card = card.ok_or_else(|| format!("no card is called {name}"))?;
    #[cfg(feature = "kernels")]
    let _ = device::keep_kernels(&card);
    Ok(card.open()?)
}

/// A network, and rows for it.
struct Check {
    config: NetworkConfig,
    weights: Weights,
    shapes: Shapes,
    x: Batch,
    timesteps: Vec<f64>,
    labels: Option<Vec<u32>>,
    calls: usize,
}

impl Check {
    fn new(model: &str, rows: usize, calls: usize) -> Result<Self, AnyError> {
        let (config, weights) = if model == "blocks" {
            with_every_block()?
        } else {
            let model = ModelFolder::read(Path::new(model))?.model;
            (model.network, model.weights)
        };
        let shapes = TrainingNetwork::new(Precision::F32, &config)?.shapes().clone();
        let count = rows * shapes.input.iter().product::<usize>();
        let x = (0..count).map(|i| 1.5 * (i as f32 * 0.37).sin()).collect();
        let labels = match shapes.labels {
            Labels::Classes(count) => {
                let count = u32::try_from(count)?;
                Some((0..rows).zip((0..count).cycle()).map(|(_, label)| label).collect())
            }
            Labels::None | Labels::Times | Labels::Vectors => None,
        };
        let timesteps = (0..rows).map(|i| (i * 997 % 1000) as f64).collect();
        let x = Batch::new(shapes.input.clone(), x);
        Ok(Self { config, weights, shapes, x, timesteps, labels, calls })
    }

    fn outputs(&self, device: &Device, precision: Precision) -> Result<(), AnyError> {
        let mut cpu = CpuNetwork::load_in(Precision::F32, &self.config, self.weights.clone())?;
        let mut other = AnyNetwork::load(&self.config, &self.weights, device, precision)?;
        let labels = self.labels.as_deref();
        let expected = cpu.predict(&self.x, &self.timesteps, labels)?;
        let (found, times) = self.timed(|| other.predict(&self.x, &self.timesteps, labels));
        let error = difference(found?.data(), expected.data()) / largest(expected.data());
        print(format_args!("output      off by {error:.1e} of the largest; {times} a call"));
        Ok(())
    }

    fn gradients(&self, device: &Device, precision: Precision) -> Result<(), AnyError> {
        let mut cpu = TrainingNetwork::new(Precision::F32, &self.config)?;
        let mut other = training(&self.config, device, precision)?;
        let (layout, other_layout) = (cpu.layout().clone(), other.layout().clone());
        let (expected, _) = self.timed(|| self.gradients_of(&mut cpu));
        let (found, times) = self.timed(|| self.gradients_of(&mut *other));
        let (expected, found) = (expected?, found?);
        let floor = 1e-5 * largest(&expected);
        let errors = layout.iter().map(|(name, _, at)| {
            // The same parameters, each engine in an order of its own.
            let found = other_layout.find(name).map_or(&[][..], |at| &found[at]);
            let expected = &expected[at];
            (difference(found, expected) / largest(expected).max(floor), name)
        });
        let (error, name) = errors.fold((0.0, ""), |a, b| if b.0 > a.0 { b } else { a });
        print(format_args!(
            "gradients   off by {error:.1e} of a parameter's largest ({name}); {times} a batch"
        ));
        Ok(())
    }

    /// The gradients of the mean square of the outputs.
    fn gradients_of(&self, engine: &mut dyn Engine) -> Result<Vec<f32>, AnyError> {
        let layout = engine.layout().clone();
        let pass = Pass {
            x: self.x.data(),
            timesteps: &self.timesteps,
            labels: self.labels.as_deref(),
            leaf: 1,
        };
        let count: usize = self.shapes.output.iter().product::<usize>() * self.timesteps.len();
        let mut slopes = |outputs: &[f32], slopes: &mut [f32]| {
            for (slope, output) in slopes.iter_mut().zip(outputs) {
                *slope = 2.0 * output / count as f32;
            }
        };
        let mut found = vec![f32::NAN; layout.len()];
        engine.gradients(&layout.values(&self.weights)?, pass, &mut slopes, &mut found)?;
        Ok(found)
    }

    /// The first result, and the times that it and the median of the others took.
    fn timed<T>(&self, mut work: impl FnMut() -> T) -> (T, String) {
        let mut clock = Instant::now();
        let first = work();
        let at_first = clock.elapsed().as_secs_f64();
        let mut times = vec![];
        for _ in 0..self.calls {
            clock = Instant::now();
            work();
            times.push(clock.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        let then = times.get(times.len() / 2).map(|time| format!(", then {time:.2} ms"));
        (first, format!("{at_first:.2} s at first{}", then.unwrap_or_default()))
    }
}

/// A small network with every kind of block, and weights by formula.
fn with_every_block() -> Result<(NetworkConfig, Weights), AnyError> {
    use ancestral_format::DownBlock::{
        AttnDownBlock2D, AttnSkipDownBlock2D, DownBlock2D, ResnetDownsampleBlock2D, SkipDownBlock2D,
    };
    use ancestral_format::UpBlock::{
        AttnSkipUpBlock2D, AttnUpBlock2D, ResnetUpsampleBlock2D, SkipUpBlock2D, UpBlock2D,
    };
    let config = NetworkConfig::from(UNetConfig {
        sample_size: Some([16, 16]),
        block_out_channels: vec![32, 32, 32, 64, 64],
        // Skip blocks carry a picture, and are not below others.
        down_block_types: vec![
            SkipDownBlock2D,
            AttnSkipDownBlock2D,
            ResnetDownsampleBlock2D,
            AttnDownBlock2D,
            DownBlock2D,
        ],
        up_block_types: vec![
            UpBlock2D,
            AttnUpBlock2D,
            ResnetUpsampleBlock2D,
            AttnSkipUpBlock2D,
            SkipUpBlock2D,
        ],
        layers_per_block: 1,
        norm_num_groups: Some(8),
        num_class_embeds: Some(5),
        ..UNetConfig::default()
    });
    let network = TrainingNetwork::new(Precision::F32, &config)?;
    let shapes = network.layout().iter();
    let shapes = shapes.map(|(name, shape, _)| (name.to_owned(), shape.to_vec())).collect();
    Ok((config, formula_weights(&shapes)))
}

fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, x| most.max(x.abs()))
}

/// The largest difference; infinite if there is one that is not a number.
fn difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len());
    let differences = left.iter().zip(right).map(|(left, right)| (left - right).abs());
    differences.map(|d| if d.is_nan() { f32::INFINITY } else { d }).fold(0.0, f32::max)
}

fn print(line: std::fmt::Arguments<'_>) {
    #[expect(clippy::print_stdout, reason = "the result")]
    {
        println!("{line}");
    }
}
