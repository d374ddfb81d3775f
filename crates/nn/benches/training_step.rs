//! How long one training step of the digits network takes, and its parts.
//!
//! `cargo bench -p ancestral-nn` prints the best and the median of each part, in milliseconds, in
//! about 20 seconds. Whole steps beside PyTorch: `tools/bench/training.py`; figures: `docs/cpu.md`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::time::Instant;

use ancestral::{Batch, Network, Schedule};
use ancestral_format::{DownBlock, UNetConfig, UpBlock};
use ancestral_nn::train::{Ema, TrainConfig, Trainer, TrainingSet};
use ancestral_nn::unet::UNet;
use ancestral_nn::{BurnNetwork, DiffusionModule, Initializer, device};
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Tensor, TensorData};

const BATCH: usize = 64;
/// Rows of a part: four of them make the batch, as many at a time as there are cores.
const PART: usize = 16;
const SIZE: usize = 8;

fn main() {
    let module = digits_network();
    println!("U-Net 1 × {SIZE} × {SIZE}, {} weights, batch {BATCH}", module.num_params());
    whole_step(module.clone());
    parts(module.clone());
    inference(&module);
}

fn digits_network() -> UNet {
    let config = UNetConfig {
        sample_size: Some([SIZE, SIZE]),
        in_channels: 1,
        out_channels: 1,
        block_out_channels: vec![32, 64],
        down_block_types: vec![DownBlock::DownBlock2D, DownBlock::AttnDownBlock2D],
        up_block_types: vec![UpBlock::AttnUpBlock2D, UpBlock::UpBlock2D],
        layers_per_block: 1,
        norm_num_groups: Some(8),
        num_class_embeds: Some(11),
        ..UNetConfig::default()
    };
    UNet::new(&config, &Initializer::new(0, &device::cpu())).expect("the config is a network's")
}

fn rows(count: usize) -> Vec<f32> {
    (0..count * SIZE * SIZE).map(|i| (i as f32 * 0.37).sin()).collect()
}

fn labels(count: u32) -> Vec<u32> {
    (0..count).map(|i| i % 10).collect()
}

/// Calls `f` a few times and prints the best and the median time.
fn time(name: &str, mut f: impl FnMut()) {
    let mut times: Vec<f64> = (0..16)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!("{name:<34} best {:8.2}  median {:8.2}", times[0], times[times.len() / 2]);
}

fn whole_step(module: UNet) {
    let data = TrainingSet::new(vec![1, SIZE, SIZE], rows(1797)).expect("rows are whole");
    let data = data.with_labels(labels(1797), 10).expect("labels are below 10");
    let mut trainer = Trainer::new(module, Schedule::linear_1000(), data, TrainConfig::default())
        .expect("the network fits the data");
    time("training step", || {
        trainer.step().expect("training stays finite");
    });
}

fn parts(module: UNet) {
    let device = device::cpu();
    let mut module = module.train();
    let x = || Tensor::from_data(TensorData::new(rows(PART), [PART, SIZE * SIZE]), &device);
    let forward = |module: &UNet| {
        let timesteps = Tensor::from_floats([500.0; PART], &device);
        let labels = Tensor::from_ints([3; PART], &device);
        module.predict(x(), timesteps, Some(labels)).square().mean()
    };
    time("a part: forward", || drop(forward(&module)));
    time("a part: forward and backward", || drop(forward(&module).backward()));
    let mut optimizer = AdamWConfig::new().init();
    time("a part: forward, backward, AdamW", || {
        let gradients = GradientsParams::from_grads(forward(&module).backward(), &module);
        module = optimizer.step(1e-4, module.clone(), gradients);
    });
    let mut average = Ema::new(&module, 0.999);
    time("averaging the weights", || average.update(&module));
}

fn inference(module: &UNet) {
    let mut network = BurnNetwork::new(module);
    for count in [1, BATCH] {
        let x = Batch::new(vec![1, SIZE, SIZE], rows(count));
        let labels = vec![3; count];
        time(&format!("inference, batch {count}"), || {
            network.predict(&x, &vec![500.0; count], Some(&labels)).expect("finite");
        });
    }
}
