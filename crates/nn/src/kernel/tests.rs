//! Each kernel against the operations of Burn's that it stands for, gradients included.

use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};

use super::*;
use crate::{device, parameters};

/// Inputs by formula as leaves, one a size.
fn leaves(sizes: &[usize]) -> Vec<Tensor<1>> {
    let leaf = |(i, &size): (usize, &usize)| {
        let value = |k: usize| (0.37 * k as f32 + i as f32).sin() + 0.2 * i as f32;
        let data = TensorData::new((0..size).map(value).collect::<Vec<_>>(), [size]);
        Tensor::from_data(data, &device::cpu()).autodiff().require_grad()
    };
    sizes.iter().enumerate().map(leaf).collect()
}

/// The result of `f`, and the gradients of all inputs along some direction.
fn computed(sizes: &[usize], f: impl Fn(&[Tensor<1>]) -> Tensor<1>) -> Vec<Vec<f32>> {
    let inputs = leaves(sizes);
    let y = f(&inputs);
    let weights = leaves(&[y.dims()[0]]).remove(0).detach();
    let gradients = (y.clone() * weights).sum().backward();
    let gradient = |x: &Tensor<1>| parameters::values(x.grad(&gradients).expect("a gradient"));
    [parameters::values(y)].into_iter().chain(inputs.iter().map(gradient)).collect()
}

/// f32 sums in another order: within 1e-5 of the largest value.
fn assert_same(
    what: &str,
    sizes: &[usize],
    kernel: impl Fn(&[Tensor<1>]) -> Tensor<1>,
    composed: impl Fn(&[Tensor<1>]) -> Tensor<1>,
) {
    let (found, expected) = (computed(sizes, kernel), computed(sizes, composed));
    for (which, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{what} {which}");
        let largest = expected.iter().fold(0.0, |most: f32, x| most.max(x.abs()));
        assert!(largest > 0.0, "{what} {which}: nothing to compare");
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= 1e-5 * largest, "{what} {which}: {a}, not {b} ({largest})");
        }
    }
}

#[test]
fn silu_is_that_of_burn() {
    let flat = |x: &[Tensor<1>]| x[0].clone();
    assert_same("silu", &[1000], |x| silu(flat(x)), |x| burn::tensor::activation::silu(flat(x)));
}

#[test]
fn a_linear_layer_is_a_product_and_a_sum() {
    let parts = |x: &[Tensor<1>]| {
        let matrix = |i: usize, shape: [usize; 2]| x[i].clone().reshape(shape);
        (matrix(0, [70, 9]), matrix(1, [20, 9]), x[2].clone(), matrix(3, [70, 20]))
    };
    assert_same(
        "linear",
        &[70 * 9, 20 * 9, 20, 70 * 20],
        |x| {
            let (x, weight, bias, residual) = parts(x);
            linear(x, weight, bias, Some(residual)).reshape([70 * 20])
        },
        |x| {
            let (x, weight, bias, residual) = parts(x);
            (x.matmul(weight.transpose()) + bias.unsqueeze() + residual).reshape([70 * 20])
        },
    );
}

#[test]
fn group_normalisation_is_that_of_its_formula() {
    for activated in [false, true] {
        let kind = NormKind { groups: 3, epsilon: 1e-5, silu: activated };
        assert_same(
            &format!("{kind:?}"),
            &[2 * 12 * 6, 6, 6],
            |x| {
                let map = x[0].clone().reshape([2, 3, 4, 6]);
                group_norm(map, x[1].clone(), x[2].clone(), kind).reshape([2 * 12 * 6])
            },
            |x| {
                let map: Tensor<4> = x[0].clone().reshape([2, 12, 3, 2]);
                let mean = |x: Tensor<4>| x.mean_dim(3).mean_dim(1);
                let centred = map.clone() - mean(map);
                let root = (mean(centred.clone().square()) + 1e-5).sqrt();
                let of_channels = |x: &Tensor<1>| x.clone().reshape([1, 1, 3, 2]);
                let y = centred / root * of_channels(&x[1]) + of_channels(&x[2]);
                let y = if activated { burn::tensor::activation::silu(y) } else { y };
                y.reshape([2 * 12 * 6])
            },
        );
    }
}

#[test]
fn attention_is_that_of_its_formula() {
    let size = 2 * 10 * 8;
    let all = |x: &[Tensor<1>]| [0, 1, 2].map(|i| x[i].clone().reshape([2, 10, 8]));
    assert_same(
        "attention",
        &[size; 3],
        |x| attention(all(x), 2).reshape([size]),
        |x| {
            let split = |x: Tensor<3>| x.reshape([2, 10, 2, 4]).swap_dims(1, 2);
            let [q, k, v] = all(x).map(split);
            let p = softmax(q.matmul(k.swap_dims(2, 3)) / 2.0, 3);
            p.matmul(v).swap_dims(1, 2).reshape([size])
        },
    );
}

#[test]
fn other_numbers_are_not_served() {
    let x = Tensor::<1>::from_floats([1.0], &device::cpu());
    assert!(serves(&x) && serves(&x.clone().autodiff()));
    assert!(!serves(&x.cast(DType::F64)));
}

#[test]
fn an_update_is_that_of_burn() {
    use ancestral_cpu::train::Update;
    use burn::optim::{AdamWConfig, Optimizer};

    let [w, g, average] = <[_; 3]>::try_from(leaves(&[100; 3])).expect("three").map(Tensor::inner);
    let rule = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.1).build();
    let (first, state) = rule.step(1e-2, w.clone(), g.clone() * 0.5, None);
    let (second, state) = rule.step(1e-2, first, g.clone() * 0.5, state);
    let momentum = state.expect("a state").momentum;
    let zeros = || Tensor::zeros([100], &device::cpu());
    let mut kept = Kept { weight: w, first: zeros(), second: zeros(), average };
    for number in [1, 2] {
        let plan = Update {
            factor: 0.5,
            rate: 1e-2,
            betas: [0.9, 0.999],
            epsilon: 1e-8,
            weight_decay: 0.1,
            number,
            share: 1.0,
        };
        kept = update(kept, g.clone(), plan);
    }
    let pairs = [
        (kept.weight.clone(), second),
        (kept.first, momentum.moment_1),
        (kept.second, momentum.moment_2),
        (kept.average, kept.weight),
    ];
    for (found, expected) in pairs {
        for (a, b) in parameters::values(found).into_iter().zip(parameters::values(expected)) {
            // Burn's 1 − β₂ᵏ is rounded to f32: 6e-5 of a step of 1e-2.
            assert!((a - b).abs() <= 1e-6 * b.abs().max(1.0), "{a}, not {b}");
        }
    }
}
