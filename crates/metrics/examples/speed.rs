//! How fast this machine compares sets: the time of each measure on rows of random numbers.
//!
//! `cargo run --release -p ancestral-metrics --example speed -- 2000 10000 3072` takes about half a minute on two
//! cores: numbers of drawn rows, of real rows, and of values in a row. It prints a line for each
//! measure, and the operations a second that `Work::time` needs.

#![allow(clippy::print_stdout, reason = "an example prints")]

use std::time::Instant;

use ancestral_metrics::{
    KernelSubsets, Moments, Rows, Work, frechet_distance, kernel_distance, manifold, nearest,
    sliced_wasserstein, two_sample,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let sizes: Vec<usize> =
        std::env::args().skip(1).map(|x| x.parse()).collect::<Result<_, _>>()?;
    let &[drawn, real, row_len] = sizes.as_slice() else {
        return Err("three numbers are needed: drawn rows, real rows, values in a row".into());
    };
    let (drawn, real) = (values(drawn * row_len, 1), values(real * row_len, 2));
    let (drawn, real) = (Rows::new(&drawn, row_len)?, Rows::new(&real, row_len)?);
    let timed = |name: &str, run: &dyn Fn() -> Result<(), ancestral_metrics::MetricError>| {
        let start = Instant::now();
        run()?;
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {seconds:.1} s");
        Ok::<_, ancestral_metrics::MetricError>(seconds)
    };
    let seconds = timed("nearest", &|| nearest(drawn, real, 1).map(drop))?;
    let work = Work::neighbours(drawn.count(), real.count(), row_len).operations();
    println!("operations a second: {:.1e}", work / seconds);
    timed("manifold", &|| manifold(real, drawn, 5).map(drop))?;
    timed("two-sample", &|| two_sample(real, drawn).map(drop))?;
    let subsets = KernelSubsets { size: 1000.min(drawn.count()), ..KernelSubsets::default() };
    timed("kernel distance", &|| kernel_distance(real, drawn, subsets).map(drop))?;
    timed("sliced Wasserstein distance", &|| sliced_wasserstein(real, drawn).map(drop))?;
    timed("moments of the real rows", &|| Moments::of(real).map(drop))?;
    let (a, b) = (Moments::of(real)?, Moments::of(drawn)?);
    timed("Fréchet distance of moments", &|| frechet_distance(&a, &b).map(drop))?;
    Ok(())
}

/// Numbers from −1 to 1.
fn values(count: usize, seed: u32) -> Vec<f32> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 8_388_608.0 - 1.0
    };
    (0..count).map(next).collect()
}
