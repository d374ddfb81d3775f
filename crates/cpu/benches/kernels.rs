//! How long the kernels take, on all threads.
//!
//! `cargo bench -p ancestral-cpu` prints, of each kernel and shape, the median time and how many
//! billion operations a second that is, counted by the definition: a convolution by Winograd's method
//! does fewer, so that its figure may be above what the machine can do. The first line is the limit: a
//! product of matrices that stay in the caches. Whole networks, beside other engines:
//! `tools/bench/forward.py`.

#![allow(clippy::print_stdout, reason = "a benchmark prints its results")]

use std::time::Instant;

use ancestral_cpu::train::conv3::{Added, Conv3};
use ancestral_cpu::train::{Attention, GroupNorm, Linear, Motion, Slot, Update};

fn main() {
    println!("{} instructions, {} threads", ancestral_cpu::instruction_set(), threads());
    linear(Linear { rows: 4096, from: 256, to: 256 });
    for (size, channels) in [(32, 128), (16, 256), (8, 256), (4, 256), (32, 32), (8, 64)] {
        convolution(size, channels, Motion::Same);
    }
    convolution(16, 256, Motion::Repeated);
    convolution(32, 128, Motion::Halved { before: 0 });
    for (size, channels) in [(32, 128), (16, 256)] {
        normalisation(size * size, channels);
    }
    attention(Attention { rows: 8, positions: 256, heads: 1, width: 256 });
    attention(Attention { rows: 64, positions: 16, heads: 8, width: 8 });
    update(35_746_307);
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Rows of every batch but where a line says another number.
const ROWS: usize = 8;

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.37).sin()).collect()
}

/// Times `f`, which does `operations`.
fn time(name: &str, operations: usize, mut f: impl FnMut()) {
    f();
    let times = (0..9).map(|_| {
        let begun = Instant::now();
        f();
        begun.elapsed().as_secs_f64()
    });
    let mut times: Vec<f64> = times.collect();
    times.sort_by(f64::total_cmp);
    let median = times[times.len() / 2];
    println!("{name:58} {:9.3} ms {:8.1}", median * 1e3, operations as f64 / median / 1e9);
}

fn linear(layer: Linear) {
    let Linear { rows, from, to } = layer;
    let (x, weight, bias) = (numbers(rows * from), numbers(from * to), numbers(to));
    let mut out = vec![0.0; rows * to];
    time(&format!("linear {rows} × {from} → {to}"), 2 * rows * from * to, || {
        layer.forward(&x, &weight, &bias, None, &mut out);
    });
}

fn convolution(size: usize, channels: usize, motion: Motion) {
    let conv =
        Conv3 { rows: ROWS, height: size, width: size, from: channels, to: channels, motion };
    let [height, width] = conv.output();
    let x = numbers(ROWS * size * size * channels);
    let mut y = numbers(ROWS * height * width * channels);
    let mut weight = numbers(9 * channels * channels);
    let (bias, mut dx) = (numbers(channels), x.clone());
    let operations = 2 * 9 * channels * channels * ROWS * height * width;
    let name = format!("3×3 {channels} → {channels} of {size}×{size} {motion:?}");
    time(&format!("{name}, forward"), operations, || {
        conv.forward(&x, &weight, &bias, Added::default(), &mut y);
    });
    time(&format!("{name}, input"), operations, || conv.input_gradient(&weight, &y, &mut dx));
    time(&format!("{name}, weights"), operations, || conv.weight_gradient(&x, &y, &mut weight));
}

fn normalisation(positions: usize, channels: usize) {
    let norm = GroupNorm { rows: ROWS, positions, channels, groups: 32, epsilon: 1e-6, silu: true };
    let x = numbers(ROWS * positions * channels);
    let (gamma, beta) = (numbers(channels), numbers(channels));
    let (mut standard, mut out) = (vec![0.0; ROWS * 2 * channels], x.clone());
    // Two sums, and a product, an exponential and a quotient, for which ten are counted.
    time(&format!("group norm and silu, {positions} × {channels}"), 14 * x.len(), || {
        norm.forward(&x, &gamma, &beta, &mut standard, &mut out);
    });
}

fn attention(attention: Attention) {
    let Attention { rows, positions, heads, width } = attention;
    let x = numbers(rows * positions * heads * width);
    let mut out = x.clone();
    let name = format!("attention {rows} × {positions} positions, {heads} × {width}");
    time(&name, 4 * positions * x.len(), || attention.forward([&x, &x, &x], &mut out));
}

fn update(count: usize) {
    let gradient = numbers(count);
    let [mut weight, mut first, mut second, mut average] = [(); 4].map(|()| vec![0.01; count]);
    let update = Update {
        factor: 1.0,
        rate: 1e-4,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 1e-6,
        number: 10,
        share: 1e-4,
    };
    time(&format!("AdamW and average of {count} weights"), 15 * count, || {
        update.apply(Slot {
            weight: &mut weight,
            gradient: &gradient,
            first: &mut first,
            second: &mut second,
            average: &mut average,
        });
    });
}
