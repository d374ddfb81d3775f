//! Single 3 × 3 convolutions of eight maps, ours and candle's, in turn on the same values:
//!
//! ```text
//! RUSTFLAGS="-C target-cpu=native" cargo run --release --manifest-path tools/bench/convolutions/Cargo.toml
//! ```
//! (candle is compiled for the CPU that it is built on, ours chooses when it runs.) Prints the medians in
//! milliseconds, the ratio of ours to candle's, and the largest difference over the largest output. Ours
//! packs or transforms its weights in each call here, as training does; inference does it once.

use std::time::Instant;

use ancestral_cpu::train::Motion;
use ancestral_cpu::train::conv3::{Added, Conv3};
use candle_core::{Device, Tensor};

const ROWS: usize = 8;
const ROUNDS: usize = 9;

fn main() -> candle_core::Result<()> {
    println!("{} instructions; candle 0.11.1", ancestral_cpu::instruction_set());
    println!("{:24}{:>9}{:>9}{:>8}{:>9}", "", "candle", "ours", "ratio", "off");
    for (size, channels) in [(32, 128), (16, 256), (8, 256), (4, 256), (32, 32), (8, 64)] {
        one(size, channels)?;
    }
    Ok(())
}

fn one(size: usize, channels: usize) -> candle_core::Result<()> {
    let numbers = |count: usize, step: f32| -> Vec<f32> {
        (0..count).map(|i| (i as f32 * step).sin()).collect()
    };
    let weight = numbers(9 * channels * channels, 0.37);
    let x = numbers(ROWS * channels * size * size, 0.73);
    // Channels first for candle, last for ours.
    let input = Tensor::from_vec(x, (ROWS, channels, size, size), &Device::Cpu)?;
    let kernel = Tensor::from_slice(&weight, (channels, channels, 3, 3), &Device::Cpu)?;
    let x = input.permute((0, 2, 3, 1))?.contiguous()?.flatten_all()?.to_vec1::<f32>()?;
    let bias = vec![0.0; channels];
    let motion = Motion::Same;
    let conv =
        Conv3 { rows: ROWS, height: size, width: size, from: channels, to: channels, motion };
    let mut out = vec![0.0; x.len()];
    let mut peer = input.conv2d(&kernel, 1, 1, 1, 1)?;
    conv.forward(&x, &weight, &bias, Added::default(), &mut out);
    let mut times = [vec![], vec![]];
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        peer = input.conv2d(&kernel, 1, 1, 1, 1)?;
        times[0].push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        conv.forward(&x, &weight, &bias, Added::default(), &mut out);
        times[1].push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let [peers, ours] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    let peer = peer.permute((0, 2, 3, 1))?.contiguous()?.flatten_all()?.to_vec1::<f32>()?;
    let largest = peer.iter().fold(0.0_f32, |most, y| most.max(y.abs()));
    let off = peer.iter().zip(&out).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
    println!(
        "{:24}{peers:>9.2}{ours:>9.2}{:>8.2}{:>9.1e}",
        format!("{channels} channels, {size}×{size}"),
        ours / peers,
        off / largest
    );
    Ok(())
}
