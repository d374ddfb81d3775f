//! A Burn module as the network of a sampler: `sample FOLDER [COUNT]` draws samples of a model folder
//! by `dpmpp-2m` in 20 steps, and prints after each hop how large the values are.
//!
//! A module of your own does the same once it implements `DiffusionModule`: `BurnNetwork::new` makes
//! it the `Network` that the library calls.

use std::io::Write;
use std::path::Path;

use ancestral::sampler::Dpmpp2m;
use ancestral::{
    Batch, Grid, NetworkDenoiser, Prediction, SampleNoise, Sampler, Schedule, Spacing,
};
use ancestral_format::{Labels, ModelFolder, NetworkConfig};
use ancestral_nn::mlp::Mlp;
use ancestral_nn::unet::UNet;
use ancestral_nn::{BurnNetwork, DiffusionModule, device, parameters};

type AnyError = Box<dyn std::error::Error>;

const STEPS: usize = 20;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, count) = match &arguments[..] {
        [folder] => (folder, 4),
        [folder, count] => (folder, count.parse()?),
        _ => return Err("usage: sample FOLDER [COUNT]".into()),
    };
    let model = ModelFolder::read(Path::new(folder))?.model;
    let (schedule, prediction) = (model.scheduler.schedule()?, model.scheduler.prediction());
    let device = device::cpu();
    let run = Run { schedule, prediction, count };
    match &model.network {
        NetworkConfig::UNet(config) => {
            run.draw(&parameters::load(UNet::new(config, &device)?, &model.weights)?)
        }
        NetworkConfig::Mlp(config) => {
            run.draw(&parameters::load(Mlp::new(config, &device)?, &model.weights)?)
        }
    }
}

/// The settings from the model folder and the command line.
struct Run {
    schedule: Schedule,
    prediction: Prediction,
    count: usize,
}

impl Run {
    fn draw<M: DiffusionModule>(self, module: &M) -> Result<(), AnyError> {
        let network = BurnNetwork::new(module);
        let mut denoiser = NetworkDenoiser::new(network, self.prediction, self.schedule.clone())?;
        if let Labels::Classes(classes) = module.labels() {
            // The last label of networks that are trained here means "no class".
            denoiser = denoiser.with_labels(vec![u32::try_from(classes)? - 1; self.count]);
        }
        let grid = Grid::new(&self.schedule, Spacing::Trailing, STEPS)?;
        let mut noise = SampleNoise::new(0, 0..self.count as u64);
        let x_t: Batch = noise.start(module.input_shape());
        let sampler = Dpmpp2m::default();
        let mut out = std::io::stdout().lock();
        for (number, step) in sampler.run(&grid, x_t, &mut denoiser, &mut noise).enumerate() {
            let values = step?.x.into_data();
            let squares: f64 = values.iter().map(|x| f64::from(*x).powi(2)).sum();
            let size = (squares / values.len() as f64).sqrt();
            writeln!(out, "step {:>2} of {STEPS}: root mean square {size:.3}", number + 1)?;
        }
        Ok(())
    }
}
