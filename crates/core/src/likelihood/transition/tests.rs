use std::f64::consts::LN_2;

use super::*;
use crate::likelihood::Bins;
use crate::variance::Variance;

/// The loss of one value, and its slopes in the raw variance half and in the prediction.
fn loss(t: usize, values: [f32; 4], decoder: Decoder) -> (f64, [f64; 2]) {
    let transitions = Transition::of_schedule(&Schedule::linear_1000(), Variance::LearnedRange);
    let [x0, target, prediction, raw] = values.map(|value| [value]);
    let row = TrainingRow { x0: &x0, target: &target, prediction: &prediction, raw_variance: &raw };
    let [mut raw_variance, mut prediction] = [[0.0]; 2];
    let mut slopes = Slopes { raw_variance: &mut raw_variance, prediction: Some(&mut prediction) };
    let nats = transitions[t].loss(&row, Prediction::Epsilon, decoder, &mut slopes);
    (nats, [raw_variance, prediction].map(|slope| f64::from(slope[0])))
}

#[test]
fn a_learned_variance_by_hand() {
    // x0 = −0.4, eps = 0.8, predicted 0.6; eq. 15 and 16 in f64.
    let transitions = Transition::of_schedule(&Schedule::linear_1000(), Variance::LearnedRange);
    for (raw, variance, nats, hybrid, in_bits, slope) in [
        (-1.0, 1.106_395_2e-4, 0.008_883_9, 0.048_883_9, 0.052_816_8, -0.001_632_0),
        (0.25, 1.391_981_6e-4, 0.019_289_2, 0.059_289_2, 0.067_828_4, 0.017_547_0),
        (1.0, 1.597_597_6e-4, 0.036_117_8, 0.076_117_8, 0.092_107_0, 0.027_109_8),
    ] {
        let found = loss(3, [-0.4, 0.8, 0.6, raw], Decoder::Density);
        assert!((transitions[3].variance(f64::from(raw)) / variance - 1.0).abs() < 1e-7);
        assert!((found.0 - nats).abs() < 1e-7 && (found.1[0] - slope).abs() < 1e-7, "{found:?}");
        // L_simple = 0.04, and 0.001 T is 1.
        assert!((0.04 + found.0 - hybrid).abs() < 1e-7);
        assert!((0.04 + found.0 / LN_2 - in_bits).abs() < 1e-7);
    }
    for (raw, hybrid) in [(-1.0, 0.040_220_6), (0.25, 0.040_220_5), (1.0, 0.040_220_6)] {
        let (nats, _) = loss(500, [-0.4, 0.8, 0.6, raw], Decoder::Density);
        assert!((0.04 + nats - hybrid).abs() < 1e-7, "{nats}");
    }
}

#[test]
fn slopes_are_those_of_the_loss() {
    let bins = Decoder::Bins(Bins::BYTES);
    for (t, decoder) in [(0, Decoder::Density), (0, bins), (1, bins), (3, bins), (900, bins)] {
        for (x0, raw) in [(-0.4, -1.5), (1.0, 0.25), (-1.0, 1.0), (0.2, 0.0)] {
            let at = |prediction, raw| loss(t, [x0, 0.8, prediction, raw], decoder);
            let (prediction, h) = (0.625, 1.0 / 1024.0);
            let (_, slopes) = at(prediction, raw);
            let differences = [
                at(prediction, raw + h).0 - at(prediction, raw - h).0,
                at(prediction + h, raw).0 - at(prediction - h, raw).0,
            ];
            for (slope, difference) in std::iter::zip(slopes, differences) {
                let expected = difference / f64::from(2.0 * h);
                let error = (slope - expected).abs();
                assert!(error < 2e-6 * (1.0 + slope.abs()), "{t} {x0} {raw}: {slope} {expected}");
            }
        }
    }
}

#[test]
fn every_prediction_of_the_same_estimate_has_the_same_loss() {
    let schedule = Schedule::linear_1000();
    let (x0, epsilon, wrong): (f64, f64, f64) = (-0.4, 0.8, 0.6);
    for t in [0, 3, 500] {
        let level = schedule.level(t);
        let transition = Transition::of_schedule(&schedule, Variance::LearnedRange)[t];
        let x_t = level.alpha() * x0 + level.sigma() * epsilon;
        let found = Prediction::ALL.map(|prediction| {
            let (on_x0, on_epsilon) = prediction.target(level);
            let target = on_x0 * x0 + on_epsilon * epsilon;
            let off = (x_t - level.sigma() * wrong) / level.alpha();
            let predicted = on_x0 * off + on_epsilon * wrong;
            let [x0, target, predicted] = [x0, target, predicted].map(|v| [f32::from_f64(v)]);
            let row = TrainingRow {
                x0: &x0,
                target: &target,
                prediction: &predicted,
                raw_variance: &[0.3],
            };
            let mut slopes = Slopes { raw_variance: &mut [0.0], prediction: None };
            transition.loss(&row, prediction, Decoder::Density, &mut slopes)
        });
        for nats in found {
            assert!((nats - found[0]).abs() < 2e-5 * found[0].abs(), "{t}: {found:?}");
        }
    }
}

#[test]
fn into_clean_data_the_variances_are_those_of_the_decoder() {
    let schedule = Schedule::linear_1000();
    let last = |variance| Transition::of_schedule(&schedule, variance)[0];
    // β_0 = 1e-4, and β̃_1 in place of 0.
    let (beta, beta_tilde) = (1e-4, 5.453_187_7e-5);
    for (variance, raw, expected) in [
        (Variance::FixedSmall, 0.7, beta_tilde),
        (Variance::FixedLarge, 0.7, beta),
        (Variance::LearnedRange, -1.0, beta_tilde),
        (Variance::LearnedRange, 1.0, beta),
        (Variance::Learned, -3.0, (-3.0_f64).exp()),
    ] {
        let found = last(variance).variance(raw);
        assert!((found / expected - 1.0).abs() < 1e-6, "{variance}: {found}");
        assert!(last(variance).is_last());
    }
    let one = Grid::from_timesteps(&schedule, &[400]).unwrap();
    let only = Transition::of_grid(&one, Variance::FixedSmall)[0];
    assert!((only.variance(0.0) - schedule.level(400).sigma_squared()).abs() < 1e-15);
}

#[test]
fn slopes_are_finite_where_the_estimate_is_far_off() {
    for t in [0, 1, 999] {
        for decoder in [Decoder::Density, Decoder::Bins(Bins::BYTES)] {
            let (nats, slopes) = loss(t, [1.0, 0.0, 1e4, -1.0], decoder);
            let are_finite = slopes.iter().all(|slope| slope.is_finite());
            assert!(nats.is_finite() && are_finite, "{t}: {nats} {slopes:?}");
        }
    }
}

#[test]
#[should_panic(
    expected = "a row of 2 elements has target, prediction and raw variance of [2, 1, 2] \
                           and 2 slopes"
)]
fn slices_of_other_lengths_are_refused() {
    let transition = Transition::of_schedule(&Schedule::linear_1000(), Variance::LearnedRange)[3];
    let two = [0.0; 2];
    let row = TrainingRow { x0: &two, target: &two, prediction: &[0.0], raw_variance: &two };
    let mut slopes = Slopes { raw_variance: &mut [0.0; 2], prediction: None };
    transition.loss(&row, Prediction::Epsilon, Decoder::Density, &mut slopes);
}
