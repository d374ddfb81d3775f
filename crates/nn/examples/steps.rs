//! Times training steps of a model folder's network: `steps FOLDER BATCH` makes a step for each
//! line on its standard input and answers with the milliseconds that it took.
//!
//! The data are noise: what a step costs does not depend on them. `tools/bench/training.py` calls
//! this beside PyTorch.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use ancestral::Schedule;
use ancestral_format::{Labels, ModelFolder, NetworkConfig};
use ancestral_nn::mlp::Mlp;
use ancestral_nn::train::{TrainConfig, Trainer, TrainingSet};
use ancestral_nn::unet::UNet;
use ancestral_nn::{DiffusionModule, Initializer, device, parameters};

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, batch] = &arguments[..] else {
        return Err("usage: steps FOLDER BATCH".into());
    };
    let model = ModelFolder::read(Path::new(folder))?.model;
    let (init, batch) = (Initializer::new(0, &device::cpu()), batch.parse()?);
    match &model.network {
        NetworkConfig::UNet(config) => {
            run(parameters::load(UNet::new(config, &init)?, &model.weights)?, batch)
        }
        NetworkConfig::Mlp(config) => {
            run(parameters::load(Mlp::new(config, &init)?, &model.weights)?, batch)
        }
    }
}

fn run<M: DiffusionModule>(network: M, batch: usize) -> Result<(), AnyError> {
    let shape = network.input_shape();
    let rows = 2 * batch;
    let count = rows * shape.iter().product::<usize>();
    let data = (0..count).map(|i| (i as f32 * 0.37).sin()).collect();
    let mut data = TrainingSet::new(shape, data)?;
    if let Labels::Classes(classes) = network.labels() {
        let classes = u32::try_from(classes)? - 1;
        data = data.with_labels((0..classes).cycle().take(rows).collect(), classes)?;
    }
    let config = TrainConfig { batch, ..TrainConfig::default() };
    let mut trainer = Trainer::new(network, Schedule::linear_1000(), data, config)?;
    let mut out = std::io::stdout();
    for line in std::io::stdin().lock().lines() {
        line?;
        let begun = Instant::now();
        trainer.step()?;
        writeln!(out, "{:.3}", begun.elapsed().as_secs_f64() * 1e3)?;
        out.flush()?;
    }
    Ok(())
}
