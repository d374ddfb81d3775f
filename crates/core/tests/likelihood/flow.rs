//! The density by the probability flow, of data whose density is known.

use std::convert::Infallible;
use std::f64::consts::LN_2;

use ancestral::batch::Scalar;
use ancestral::exact::{Component, Gaussian, Mixture};
use ancestral::likelihood::{
    Bins, Divergence, Estimate, FlowError, FlowLikelihood, bits_per_dimension,
};
use ancestral::noise::{Purpose, Streams};
use ancestral::schedule::{Betas, Cosine};
use ancestral::{Batch, Denoiser, Schedule};

use crate::data::{mixture, mixture_log_density, unwrap};

/// Bits of each row by the flow.
fn flow_bits<T: Scalar, D>(flow: &FlowLikelihood, x0: &Batch<T>, denoiser: &mut D) -> Vec<f64>
where
    D: Denoiser<Batch<T>, Error = Infallible>,
{
    let indices: Vec<u64> = (0..x0.rows() as u64).collect();
    let mut run = flow.run(x0, &indices, denoiser);
    assert_eq!(run.densities(), None);
    let hops = run.by_ref().map(unwrap).count();
    assert!(hops > 0);
    let densities = run.densities().unwrap();
    densities.iter().map(|density| bits_per_dimension(-density.mean(), x0.row_len())).collect()
}

fn flow(hops: usize) -> FlowLikelihood {
    FlowLikelihood::new(&Schedule::linear_1000(), hops, Divergence::Exact).unwrap()
}

#[test]
fn the_flow_finds_the_density_of_a_gaussian() {
    let x0 = Batch::new(vec![1], vec![0.65, 0.1]);
    let mut data = Gaussian { mean: 0.3, std: 0.2 };
    let bits = flow_bits(&flow(200), &x0, &mut data);
    // −log₂ of N(0.3, 0.2²), by hand.
    for (found, expected) in bits.iter().zip([1.212_946_8, -0.274_832_5]) {
        assert!((found - expected).abs() < 2e-7, "{found} is not {expected}");
    }
    // Schedules with other ends.
    let zero = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
    for schedule in [zero, Cosine::default().schedule(100).unwrap()] {
        let flow = FlowLikelihood::new(&schedule, 400, Divergence::Exact).unwrap();
        for (found, expected) in flow_bits(&flow, &x0, &mut data).iter().zip(&bits) {
            assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
        }
    }
    let rounded = Batch::new(vec![1], vec![0.65_f32, 0.1]);
    for (found, expected) in flow_bits(&flow(60), &rounded, &mut data).iter().zip(bits) {
        assert!((found - expected).abs() < 2e-4, "in f32 {found} is not {expected}");
    }
}

#[test]
fn the_flow_finds_the_density_of_a_mixture() {
    let values = [-1.1, -0.5, -0.2, 0.05, 0.2, 0.7, 1.5];
    let expected = values.map(|x| -mixture_log_density(x) / LN_2);
    let x0 = Batch::new(vec![1], values.to_vec());
    let worst = |found: Vec<f64>| {
        found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    let errors = [30, 60, 120].map(|hops| worst(flow_bits(&flow(hops), &x0, &mut mixture())));
    assert!(errors[1] < 1e-3 && errors[2] < 1e-3, "{errors:?}");
    #[expect(clippy::cast_possible_truncation, reason = "rounded to f32")]
    let rounded = Batch::new(vec![1], values.map(|x| x as f32).to_vec());
    let error = worst(flow_bits(&flow(60), &rounded, &mut mixture()));
    assert!(error < 1e-3, "in f32: {error}");
}

#[test]
fn hops_of_the_flow_leave_an_error_of_fourth_order() {
    let x0 = Batch::new(vec![1], vec![-0.2, 0.05]);
    let bits = [25, 50, 100, 400].map(|hops| flow_bits(&flow(hops), &x0, &mut mixture()));
    let error = |i: usize| (bits[i][0] - bits[3][0]).abs().max((bits[i][1] - bits[3][1]).abs());
    assert!(error(0) > 8.0 * error(1) && error(1) > 8.0 * error(2), "{:?}", [0, 1, 2].map(error));
}

#[test]
fn probes_estimate_the_divergence_and_know_their_error() {
    let component = |weight, mean: [f64; 3], std| Component { weight, mean: mean.to_vec(), std };
    let mut data = Mixture::new(vec![
        component(0.5, [0.4, -0.2, 0.1], 0.25),
        component(0.5, [-0.6, 0.3, 0.2], 0.4),
    ])
    .unwrap();
    let x0 = Batch::new(vec![3], vec![0.3, -0.1, 0.3, -0.2, 0.1, 0.15]);
    let exact = flow_bits(&flow(40), &x0, &mut data);
    let probes = Divergence::Probes { count: 40, seed: 8 };
    let flow = FlowLikelihood::new(&Schedule::linear_1000(), 40, probes).unwrap();
    let mut run = flow.run(&x0, &[0, 1], &mut data);
    assert_eq!(run.by_ref().map(unwrap).collect::<Vec<_>>(), (0..40).collect::<Vec<_>>());
    for (density, exact) in run.densities().unwrap().iter().zip(exact) {
        let (off, error) =
            (bits_per_dimension(-density.mean(), 3) - exact, density.standard_error());
        let error = bits_per_dimension(error.unwrap(), 3);
        assert!(off.abs() < 3.5 * error && error < 0.2, "off by {off} with an error of {error}");
    }
}

#[test]
fn dequantised_bytes_take_bits_above_0() {
    // Data of one byte: all that can be said of them takes no bits, and their densities no fewer.
    let streams = Streams::new(9, Purpose::Evaluation);
    let x = Batch::new(vec![1], vec![Bins::BYTES.value(100); 64]);
    let indices: Vec<u64> = (0..64).collect();
    let dequantised = Bins::BYTES.dequantised(&x, &streams, &indices, 0);
    let half = 0.5 * Bins::BYTES.width();
    assert!(dequantised.data().iter().all(|y| (y - x.data()[0]).abs() <= half));
    assert_ne!(dequantised.data()[0], dequantised.data()[1]);
    let mut point = Gaussian { mean: x.data()[0], std: 0.0 };
    let bits = flow_bits(&flow(40), &dequantised, &mut point);
    let mean: Estimate = bits.iter().map(|bits| bits - Bins::BYTES.width().log2()).collect();
    assert!(mean.mean() > 0.0, "{mean:?}");
}

#[test]
fn flows_that_are_impossible_are_refused() {
    let schedule = Schedule::linear_1000();
    let none = Divergence::Probes { count: 0, seed: 0 };
    assert_eq!(FlowLikelihood::new(&schedule, 9, none).err(), Some(FlowError::NoProbes));
    let refused =
        |schedule: &Schedule, hops| FlowLikelihood::new(schedule, hops, Divergence::Exact).err();
    assert_eq!(refused(&schedule, 0), Some(FlowError::NoHops));
    let one = Schedule::from_betas(&[0.1]).unwrap();
    assert_eq!(refused(&one, 9), Some(FlowError::OneLevel));
    assert_eq!(refused(&schedule.rescale_zero_terminal_snr().unwrap(), 9), None);
}
