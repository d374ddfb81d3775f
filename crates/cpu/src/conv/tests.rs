use ancestral_format::{Activation, Array, Weights};

use super::*;
use crate::norm::Norm;
use crate::parameters::build;

/// Numbers of both signs without a pattern, at most 1.
fn numbers(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * 7 + seed * 13) as f32 * 0.618).sin()).collect()
}

fn weights<const N: usize>(arrays: [(&str, &[usize]); N]) -> Weights {
    let array = |(seed, (name, shape)): (usize, (&str, &[usize]))| {
        let values = numbers(shape.iter().product(), seed);
        (name.to_owned(), Array::from_f32(shape.to_vec(), &values).unwrap())
    };
    arrays.into_iter().enumerate().map(array).collect()
}

fn map(arena: &Arena, rows: usize, shape: Shape, seed: usize) -> Map {
    let mut map = arena.map(rows, shape);
    map.data.copy_from_slice(&numbers(rows * shape.len(), seed));
    map
}

fn silu(x: f64) -> f64 {
    x / (1.0 + (-x).exp())
}

/// One output of a convolution by its definition, in f64: `input(y, x, channel)` is defined
/// everywhere.
fn by_definition(
    weight: &[f32],
    from: usize,
    [channel, y, x]: [usize; 3],
    motion: Motion,
    input: impl Fn(isize, isize, usize) -> f64,
) -> f64 {
    let before = match motion {
        Motion::Same | Motion::Repeated => 1,
        Motion::Halved { before } => before,
        Motion::Summed => unreachable!("checked as the adjoint of what repeats"),
    };
    let at =
        |i: usize, tap: usize| (motion.stride() * i + tap).cast_signed() - before.cast_signed();
    let mut sum = 0.0;
    for c in 0..from {
        for tap in 0..9 {
            let value = f64::from(weight[(channel * from + c) * 9 + tap]);
            sum += value * input(at(y, tap / 3), at(x, tap % 3), c);
        }
    }
    sum
}

/// Convolves two sources with all that can be done before and after, and compares a part of the
/// outputs with the definition. The name of the method is returned.
fn check(shape: Shape, sources: [usize; 2], to: usize, motion: Motion) -> String {
    let from = sources[0] + sources[1];
    let shape = shape.with_channels(from);
    let named = weights([("weight", &[to, from, 3, 3]), ("bias", &[to])]);
    let conv = build(None, |named| Conv3::load(named, shape, to, motion), named.clone()).unwrap();
    let norm = weights([("weight", &[from]), ("bias", &[from])]);
    let norm = build(None, |named| Norm::load(named, 1, from, 1e-5), norm).unwrap();
    let (arena, rows) = (Arena::new(), 3);
    let maps = [0, 1].map(|i| map(&arena, rows, shape.with_channels(sources[i]), 40 + i));
    let maps = [&maps[0], &maps[1]];
    let affine = norm.affine(&maps, &arena);
    let before = Before { affine: Some(&affine), activation: Some(Activation::Silu) };
    let time = numbers(rows * to, 50);
    let residual = map(&arena, rows, conv.output(), 51);
    let after = After { time: Some((&time, to)), residual: Some(residual.view()), scale: 2.0 };
    let out = conv.run(&maps, before, after, &arena);
    let weight = named.get("weight").unwrap().to_f32();
    let bias = named.get("bias").unwrap().to_f32();
    let repeat = if motion == Motion::Repeated { 2 } else { 1 };
    let output = conv.output();
    for row in 0..rows {
        let (a, b) = affine.row(row);
        let input = |y: isize, x: isize, c: usize| {
            let inside = |at: isize, end: usize| usize::try_from(at).ok().filter(|at| *at < end);
            let y = inside(y, shape.height * repeat);
            let place = y.zip(inside(x, shape.width * repeat));
            let Some((y, x)) = place else { return 0.0 };
            let (y, x) = (y / repeat, x / repeat);
            let (source, channel) =
                if c < sources[0] { (maps[0], c) } else { (maps[1], c - sources[0]) };
            let at = (y * shape.width + x) * source.shape.channels + channel;
            silu(f64::from(source.row(row)[at]) * f64::from(a[c]) + f64::from(b[c]))
        };
        // All places are tried, in another channel each.
        for place in 0..output.positions() {
            let (y, x) = (place / output.width, place % output.width);
            let channel = place * 5 % to;
            let at = (row * output.positions() + place) * to + channel;
            let sum = by_definition(&weight, from, [channel, y, x], motion, input);
            let added = f64::from(bias[channel]) + f64::from(time[row * to + channel]);
            let expected = (sum + added + f64::from(residual.data[at])) / 2.0;
            let found = f64::from(out.data[at]);
            // Of sums of at most 9 · from products below 1, through F(4×4), which loses two digits.
            let bound = 2e-5 * (from as f64).sqrt();
            assert!((found - expected).abs() < bound, "{motion:?} {place}: {found} {expected}");
        }
    }
    conv.describe()
}

#[test]
fn every_method_is_the_definition() {
    let square = |side| Shape { height: side, width: side, channels: 0 };
    let wide = Shape { height: 6, width: 10, channels: 0 };
    for (shape, motion, method) in [
        (square(16), Motion::Same, "F(4×4"),
        (square(8), Motion::Repeated, "F(4×4"),
        (square(4), Motion::Same, "F(4×4"),
        (square(2), Motion::Repeated, "F(4×4"),
        (square(6), Motion::Same, "F(2×2"),
        (square(3), Motion::Repeated, "F(2×2"),
        (wide, Motion::Same, "F(4×4"),
        (square(5), Motion::Same, "F(2×2"),
        (square(7), Motion::Same, "F(4×4"),
        (square(7), Motion::Repeated, "F(4×4"),
        (square(1), Motion::Same, "direct"),
        (Shape { height: 17, width: 18, channels: 0 }, Motion::Same, "F(4×4"),
        (square(16), Motion::Halved { before: 0 }, "direct"),
        (wide, Motion::Halved { before: 1 }, "direct"),
    ] {
        for (sources, to) in [([16, 8], 20), ([5, 40], 33)] {
            let plan = check(shape, sources, to, motion);
            assert!(plan.contains(method), "{plan}: not {method}");
        }
    }
}

#[test]
fn few_channels_are_convolved_directly() {
    let shape = Shape { height: 16, width: 16, channels: 0 };
    for (sources, to) in [([1, 2], 32), ([16, 16], 3)] {
        let plan = check(shape, sources, to, Motion::Same);
        assert!(plan.contains("direct"), "{plan}");
    }
}
