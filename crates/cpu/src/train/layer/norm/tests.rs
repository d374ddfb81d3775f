use super::*;
use crate::map::Shape;
use crate::parameters::requested;
use crate::train::check::{
    assert_is_gradient, assert_near, assert_same_for_any_threads, dot, to_f64, wave,
};

/// What is normalised.
#[derive(Clone, Copy, Debug)]
struct GroupNorm {
    rows: usize,
    positions: usize,
    channels: usize,
    groups: usize,
    epsilon: f64,
    silu: bool,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// x̂ and the root of each value.
fn standard(norm: &GroupNorm, x: &[f64]) -> Vec<(f64, f64)> {
    let mut out = vec![(0.0, 0.0); x.len()];
    let share = norm.channels / norm.groups;
    for (row, group) in (0..norm.rows * norm.groups).map(|i| (i / norm.groups, i % norm.groups)) {
        let places = (0..norm.positions * share).map(|i| {
            let position = row * norm.positions + i / share;
            position * norm.channels + group * share + i % share
        });
        let count = (norm.positions * share) as f64;
        let mean = places.clone().map(|i| x[i]).sum::<f64>() / count;
        let variance = places.clone().map(|i| (x[i] - mean).powi(2)).sum::<f64>() / count;
        let root = 1.0 / (variance + norm.epsilon).sqrt();
        places.for_each(|i| out[i] = ((x[i] - mean) * root, root));
    }
    out
}

fn forward(norm: &GroupNorm, x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    let value = |(i, (x, _)): (usize, (f64, f64))| {
        let z = gamma[i % norm.channels] * x + beta[i % norm.channels];
        if norm.silu { z * sigmoid(z) } else { z }
    };
    standard(norm, x).into_iter().enumerate().map(value).collect()
}

fn gradients(norm: &GroupNorm, [x, gamma, beta, dy]: &[Vec<f64>; 4]) -> [Vec<f64>; 3] {
    let channels = norm.channels;
    let standard = standard(norm, x);
    let (mut dgamma, mut dbeta) = (vec![0.0; channels], vec![0.0; channels]);
    let mut g = dy.clone();
    for (i, g) in g.iter_mut().enumerate() {
        let (c, x) = (i % channels, standard[i].0);
        let z = gamma[c] * x + beta[c];
        let slope = sigmoid(z) * (1.0 + z * (1.0 - sigmoid(z)));
        *g *= if norm.silu { slope } else { 1.0 };
        dgamma[c] += *g * x;
        dbeta[c] += *g;
    }
    // Σ over the group of i, by brute force.
    let share = channels / norm.groups;
    let place = |i: usize| (i / channels / norm.positions, i % channels / share);
    let mean = |i: usize, f: &dyn Fn(usize) -> f64| {
        let same = (0..x.len()).filter(|j| place(*j) == place(i));
        same.map(f).sum::<f64>() / (share * norm.positions) as f64
    };
    let scaled = |j: usize| gamma[j % channels] * g[j];
    let dx = (0..x.len()).map(|i| {
        let (x, root) = standard[i];
        let along = mean(i, &|j| scaled(j) * standard[j].0);
        root * (scaled(i) - mean(i, &scaled) - x * along)
    });
    [dx.collect(), dgamma, dbeta]
}

fn cases() -> impl Iterator<Item = (GroupNorm, [Vec<f32>; 4])> {
    let shapes = [(2, 6, 6, 2), (3, 16, 20, 5), (2, 9, 32, 32), (1, 25, 33, 1)];
    let both = shapes.into_iter().flat_map(|shape| [(shape, false), (shape, true)]);
    both.map(|((rows, positions, channels, groups), silu)| {
        let norm = GroupNorm { rows, positions, channels, groups, epsilon: 1e-5, silu };
        let size = rows * positions * channels;
        let x = wave(size, 0.1).into_iter().map(|x| 2.0 * x + 0.5).collect();
        (norm, [x, wave(channels, 0.2), wave(channels, 0.3), wave(size, 0.4)])
    })
}

fn computed(norm: &GroupNorm, [x, gamma, beta, dy]: &[Vec<f32>; 4]) -> [Vec<f32>; 4] {
    let GroupNorm { rows, positions, channels, groups, epsilon, silu } = *norm;
    let (layer, _) = requested(|named| Norm::new(named, groups, channels, epsilon));
    let weights = [&gamma[..], beta].concat();
    let arena = Arena::new();
    let run = Run { weights: &weights, leaf: 2, arena: &arena };
    // Two maps side by side, as where a map of the down path is joined.
    let widths = [channels / 3, channels - channels / 3];
    let part = |values: &[f32], index: usize| {
        let first = widths[..index].iter().sum::<usize>();
        let mut map =
            arena.map(rows, Shape { height: 1, width: positions, channels: widths[index] });
        let all = values.chunks_exact(channels);
        for (out, values) in map.data.chunks_exact_mut(widths[index]).zip(all) {
            out.copy_from_slice(&values[first..][..widths[index]]);
        }
        map
    };
    let sources = [part(x, 0), part(x, 1)];
    let activation = silu.then_some(Activation::Silu);
    let normed = layer.forward(run, &[&sources[0], &sources[1]], activation);
    let before = normed.before();
    let applied = sources.each_ref().map(|source| source.view());
    let mut y = vec![f32::NAN; x.len()];
    for (at, y) in y.chunks_exact_mut(channels).enumerate() {
        let (row, position) = (at / positions, at % positions);
        let (left, right) = y.split_at_mut(widths[0]);
        for (first, out, source) in [(0, left, &applied[0]), (widths[0], right, &applied[1])] {
            let values = &source.row(row)[position * out.len()..][..out.len()];
            arch().dispatch(Apply { before, out, values, row, first });
        }
    }
    let mut g = arena.map(rows, Shape { height: 1, width: positions, channels });
    g.data.copy_from_slice(dy);
    let mut dx = [part(&vec![0.0; x.len()], 0), part(&vec![0.0; x.len()], 1)];
    let to = Gradients::Add(&mut dx);
    let sums = layer.backward(run, &[&sources[0], &sources[1]], &normed, &mut g, to);
    let mut gradients = vec![f32::NAN; 2 * channels];
    layer.parameter_gradients(run, &sums, &mut gradients);
    let dbeta = gradients.split_off(channels);
    let joined = |at: usize| {
        let row = |map: &Map, width: usize| map.data[at * width..][..width].to_vec();
        [row(&dx[0], widths[0]), row(&dx[1], widths[1])].concat()
    };
    let dx = (0..rows * positions).flat_map(joined).collect();
    [y, dx, gradients, dbeta]
}

struct Apply<'a> {
    before: Before<'a>,
    out: &'a mut [f32],
    values: &'a [f32],
    row: usize,
    first: usize,
}

impl WithSimd for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.before.apply(simd, false, self.out, self.values, (self.row, self.first));
    }
}

#[test]
fn the_reference_is_the_gradient_of_the_formula() {
    for (norm, values) in cases() {
        let values = values.map(|values| to_f64(&values));
        let [dx, dgamma, dbeta] = gradients(&norm, &values);
        let [x, gamma, beta, dy] = &values;
        let loss =
            |x: &[f64], gamma: &[f64], beta: &[f64]| dot(&forward(&norm, x, gamma, beta), dy);
        assert_is_gradient("dx", &dx, x, |x| loss(x, gamma, beta));
        assert_is_gradient("dγ", &dgamma, gamma, |gamma| loss(x, gamma, beta));
        assert_is_gradient("dβ", &dbeta, beta, |beta| loss(x, gamma, beta));
    }
}

#[test]
fn values_and_gradients_are_those_of_the_reference() {
    for (norm, values) in cases() {
        let found = computed(&norm, &values);
        let values = values.map(|values| to_f64(&values));
        let [dx, dgamma, dbeta] = gradients(&norm, &values);
        let [x, gamma, beta, _] = &values;
        let expected = [forward(&norm, x, gamma, beta), dx, dgamma, dbeta];
        for ((what, found), expected) in ["y", "dx", "dγ", "dβ"].iter().zip(&found).zip(&expected)
        {
            assert_near(&format!("{what} {norm:?}"), found, expected, 3e-6);
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for (norm, values) in cases() {
        let run = || computed(&norm, &values).concat();
        assert_same_for_any_threads(&format!("{norm:?}"), run);
    }
}
