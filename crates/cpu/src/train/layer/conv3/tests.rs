use super::*;
use crate::map::{Arena, Map};
use crate::parameters::requested_on;
use crate::tiles::Tiles;
use crate::tiles::tests::{all, amx, rounded};
use crate::train::check::{
    assert_is_gradient, assert_near, assert_same_for_any_threads, dot, to_f64, wave,
};

/// What a convolution is of.
#[derive(Clone, Copy, Debug)]
struct Shapes {
    rows: usize,
    height: usize,
    width: usize,
    from: usize,
    to: usize,
    motion: Motion,
}

impl Shapes {
    fn input(self) -> Shape {
        Shape { height: self.height, width: self.width, channels: self.from }
    }

    fn output(self) -> [usize; 2] {
        let Shape { height, width, .. } = self.motion.output(self.input());
        [height, width]
    }

    /// y, dx, dw and db by the layer, with leaves of two rows.
    fn computed(
        self,
        tiles: Option<Tiles>,
        [x, w, bias, dy]: [&[f32]; 4],
        after: After<'_>,
    ) -> [Vec<f32>; 4] {
        let new =
            |named: &mut Parameters<'_>| Conv3::new(named, self.input(), self.to, self.motion);
        let (layer, _) = requested_on(tiles, new);
        let arena = Arena::new();
        let weights = [w, bias].concat();
        let run = Run { weights: &weights, leaf: 2, arena: &arena };
        let sources = [View { data: x, shape: self.input() }];
        let input = Input { sources: &sources, before: Before::NOTHING };
        let y = layer.forward(run, input, after);
        let mut map: Map = arena.map(self.rows, layer.output());
        map.data.copy_from_slice(dy);
        let dx = layer.input_gradient(run, &map);
        let mut gradients = vec![f32::NAN; weights.len()];
        layer.parameter_gradients(run, input, &map, &mut gradients);
        let db = gradients.split_off(w.len());
        [y.data.to_vec(), dx.data.to_vec(), gradients, db]
    }
}

/// The formula, one product after the other.
fn terms(conv: &Shapes, mut visit: impl FnMut(usize, usize, usize)) {
    let [height, width] = conv.output();
    let (before, repeat) = match conv.motion {
        Motion::Same => (1, 1),
        Motion::Repeated => (1, 2),
        Motion::Halved { before } => (before, 1),
        Motion::Summed => unreachable!("no layer's"),
    };
    let stride = conv.motion.stride();
    let inside = |at: usize, count: usize| at.checked_sub(before).filter(|at| *at < count * repeat);
    for row in 0..conv.rows {
        for (i, j) in (0..height * width).map(|at| (at / width, at % width)) {
            for (p, q) in (0..9).map(|place| (place / 3, place % 3)) {
                let y = inside(stride * i + p, conv.height);
                let x = inside(stride * j + q, conv.width);
                let (Some(y), Some(x)) = (y, x) else { continue };
                let position = (row * conv.height + y / repeat) * conv.width + x / repeat;
                for o in 0..conv.to {
                    for c in 0..conv.from {
                        let input = position * conv.from + c;
                        let weight = (o * conv.from + c) * 9 + 3 * p + q;
                        visit(((row * height + i) * width + j) * conv.to + o, input, weight);
                    }
                }
            }
        }
    }
}

fn forward(conv: &Shapes, x: &[f64], w: &[f64]) -> Vec<f64> {
    let [height, width] = conv.output();
    let mut out = vec![0.0; conv.rows * height * width * conv.to];
    terms(conv, |output, input, weight| out[output] += x[input] * w[weight]);
    out
}

fn gradients(conv: &Shapes, x: &[f64], w: &[f64], dy: &[f64]) -> [Vec<f64>; 2] {
    let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; w.len()]);
    terms(conv, |output, input, weight| {
        dx[input] += dy[output] * w[weight];
        dw[weight] += dy[output] * x[input];
    });
    [dx, dw]
}

static MOTIONS: [Motion; 4] =
    [Motion::Same, Motion::Repeated, Motion::Halved { before: 0 }, Motion::Halved { before: 1 }];

struct Case {
    conv: Shapes,
    x: Vec<f32>,
    w: Vec<f32>,
    dy: Vec<f32>,
}

fn case(rows: usize, size: [usize; 2], channels: [usize; 2], motion: Motion) -> Case {
    let ([height, width], [from, to]) = (size, channels);
    let conv = Shapes { rows, height, width, from, to, motion };
    let [out_height, out_width] = conv.output();
    Case {
        conv,
        x: wave(rows * height * width * from, 0.1),
        w: wave(9 * from * to, 0.2),
        dy: wave(rows * out_height * out_width * to, 0.3),
    }
}

/// Every method: direct, 2 × 2 and 4 × 4 tiles, whole and odd numbers of channels.
fn cases() -> impl Iterator<Item = Case> {
    let shapes = [
        (3, [4, 6], [5, 3]),
        (2, [8, 8], [17, 33]),
        (3, [16, 16], [20, 16]),
        (2, [8, 16], [16, 40]),
        (5, [2, 2], [40, 33]),
        (1, [16, 32], [3, 24]),
    ];
    // Tiles that reach beyond the edge.
    let ragged = [(2, [7, 7], [17, 33]), (5, [14, 10], [20, 16]), (3, [3, 5], [16, 40])];
    let all = |motions: &'static [Motion]| {
        move |(rows, size, channels)| {
            motions.iter().map(move |motion| case(rows, size, channels, *motion))
        }
    };
    shapes
        .into_iter()
        .flat_map(all(&MOTIONS))
        .chain(ragged.into_iter().flat_map(all(&MOTIONS[..2])))
}

#[test]
fn the_reference_is_the_gradient_of_the_formula() {
    for motion in MOTIONS {
        let Case { conv, x, w, dy } = case(2, [4, 6], [3, 2], motion);
        let [x, w, dy] = [x, w, dy].map(|values| to_f64(&values));
        let [dx, dw] = gradients(&conv, &x, &w, &dy);
        assert_is_gradient("dx", &dx, &x, |x| dot(&forward(&conv, x, &w), &dy));
        assert_is_gradient("dw", &dw, &w, |w| dot(&forward(&conv, &x, w), &dy));
    }
}

/// Compares with the reference; what is in bf16 is that of rounded factors.
fn check(tiles: Option<Tiles>, Case { conv, x, w, dy }: Case) {
    let (bias, time) = (wave(conv.to, 0.4), wave(conv.rows * conv.to, 0.5));
    let residual = wave(dy.len(), 0.6);
    let [height, width] = conv.output();
    let shape = Shape { height, width, channels: conv.to };
    let after = After {
        time: Some((&time, conv.to)),
        residual: Some(View { data: &residual, shape }),
        scale: 1.0,
    };
    let [y, dx, dw, db] = conv.computed(tiles, [&x, &w, &bias, &dy], after);

    let sum = |channel| to_f64(&dy).iter().skip(channel).step_by(conv.to).sum::<f64>();
    let expected_db: Vec<f64> = (0..conv.to).map(sum).collect();
    let [x, w, dy] = [x, w, dy].map(|values| {
        let factor = |x: f32| if tiles.is_some() { rounded(x) } else { x };
        to_f64(&values.into_iter().map(factor).collect::<Vec<_>>())
    });
    let mut expected = forward(&conv, &x, &w);
    let each = expected.len() / conv.rows;
    for (i, y) in expected.iter_mut().enumerate() {
        let channel = i % conv.to;
        *y += f64::from(bias[channel] + time[i / each * conv.to + channel] + residual[i]);
    }
    // 4 × 4 tiles lose a few bits more than a direct sum; dw adds up to 3000 products.
    assert_near(&format!("y {conv:?}"), &y, &expected, 8e-6);
    let [expected_dx, expected_dw] = gradients(&conv, &x, &w, &dy);
    assert_near(&format!("dx {conv:?}"), &dx, &expected_dx, 8e-6);
    assert_near(&format!("dw {conv:?}"), &dw, &expected_dw, 1e-5);
    assert_near(&format!("db {conv:?}"), &db, &expected_db, 1e-5);
}

#[test]
fn values_and_gradients_are_those_of_the_reference() {
    cases().for_each(|case| check(None, case));
}

#[test]
fn in_bf16_they_are_those_of_rounded_factors() {
    for tiles in all() {
        for case in cases() {
            if tiles.worth(case.conv.from, case.conv.to).is_some() {
                check(Some(tiles), case);
            }
        }
    }
}

/// Maps so large that only some of their channels stay near, of two sources.
#[test]
fn in_bf16_large_maps_have_the_gradients_of_small_ones() {
    let (shape, to, leaf, arena) =
        (Shape { height: 24, width: 24, channels: 160 }, 128, 2, Arena::new());
    let values = |channels: usize, phase| -> Vec<f32> {
        wave(3 * 24 * 24 * channels, phase).into_iter().map(rounded).collect()
    };
    let maps = [(40, 0.1), (120, 0.2)].map(|(channels, phase)| (channels, values(channels, phase)));
    let sources: Vec<View<'_>> = maps
        .iter()
        .map(|(channels, data)| View { data, shape: shape.with_channels(*channels) })
        .collect();
    let mut dy = arena.map(3, shape.with_channels(to));
    dy.data.copy_from_slice(&values(to, 0.3));
    let gradient = |tiles| {
        let new = |named: &mut Parameters<'_>| Conv3::new(named, shape, to, Motion::Same);
        let (layer, requested) = requested_on(tiles, new);
        let count = requested.iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        let mut gradients = vec![0.0; count];
        let run = Run { weights: &[], leaf, arena: &arena };
        let input = Input { sources: &sources, before: Before::NOTHING };
        layer.parameter_gradients(run, input, &dy, &mut gradients);
        gradients
    };
    let expected = to_f64(&gradient(None));
    for tiles in all() {
        assert_near("dw", &gradient(Some(tiles)), &expected, 2e-5);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for tiles in all().into_iter().map(Some).chain([None]) {
        for Case { conv, x, w, dy } in cases() {
            assert_same_for_any_threads(&format!("{conv:?}"), || {
                let bias = vec![0.0; conv.to];
                conv.computed(tiles, [&x, &w, &bias, &dy], After::NOTHING).concat()
            });
        }
    }
}

#[test]
fn the_tiles_of_the_cpu_give_the_bits_of_vectors() {
    let Some(amx) = amx() else { return };
    for Case { conv, x, w, dy } in cases() {
        let bias = vec![0.0; conv.to];
        let [hard, soft] = [amx, Tiles::Soft]
            .map(|tiles| conv.computed(Some(tiles), [&x, &w, &bias, &dy], After::NOTHING).concat());
        assert!(hard == soft, "{conv:?}");
    }
}
