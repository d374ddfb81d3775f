use std::f64::consts::LN_2;

use ancestral::categorical::Category;
use ancestral::{LossWeight, Prediction, Variance};
use ancestral_format::SchedulerConfig;

use super::*;
use crate::{Settings, toy};

/// The objective of a loss for a prediction and a variance.
fn objective(
    loss: Loss,
    prediction: Prediction,
    variance: Variance,
    data: &TrainingSet,
) -> Objective {
    let request = request(loss, prediction, variance);
    Objective::new(&request, &request.scheduler.schedule().unwrap(), data).unwrap()
}

fn request(loss: Loss, prediction: Prediction, variance: Variance) -> Request {
    let scheduler = SchedulerConfig {
        prediction_type: prediction.into(),
        variance_type: variance.into(),
        ..SchedulerConfig::default()
    };
    let training = Settings { loss, ..toy::settings() };
    Request { scheduler, training, ..toy::request() }
}

fn simple() -> Objective {
    objective(Loss::Simple, Prediction::Epsilon, Variance::FixedLarge, &points())
}

fn points() -> TrainingSet {
    TrainingSet::new(vec![1], vec![0.0]).unwrap()
}

fn pictures() -> TrainingSet {
    TrainingSet::new(vec![1, 1, 1], vec![0.0]).unwrap()
}

fn rows<'a>(clean: &'a [f32], target: &'a [f32], timestep: usize, weights: &[f64]) -> Vec<Row<'a>> {
    let length = target.len().div_euclid(weights.len());
    let values = clean.chunks(length).zip(target.chunks(length)).zip(weights);
    values
        .map(|((clean, target), weight)| Row {
            clean,
            target,
            timestep,
            weight: *weight,
            counts: 1.0,
        })
        .collect()
}

#[test]
fn simple_losses_and_slopes_by_hand() {
    // Errors 1, −2 and 3, 0 in two of four rows of two values; the second counts twice.
    let mut slopes = [0.0; 4];
    let (output, target) = ([2.0, 0.0, 3.0, 1.0], [1.0, 2.0, 0.0, 1.0]);
    let rows = rows(&[0.0; 4], &target, 0, &[1.0, 2.0]);
    let losses = simple().losses(&rows, 4, &output, &mut slopes);
    assert_eq!(losses.iter().map(|row| row.loss).collect::<Vec<_>>(), [2.5, 9.0]);
    assert_eq!(losses.iter().map(|row| row.error).collect::<Vec<_>>(), [2.5, 4.5]);
    assert_eq!(slopes, [0.25, -0.5, 1.5, 0.0]);
}

#[test]
fn a_slope_counts_as_its_row_does_and_the_loss_does_not() {
    let target = [1.0, 2.0];
    let [row] = rows(&[0.0; 2], &target, 0, &[1.5])[..] else { panic!("one row") };
    let mut slopes = [[0.0; 2]; 2];
    let losses = std::iter::zip([1.0, 4.0], &mut slopes)
        .map(|(counts, slopes)| simple().losses(&[Row { counts, ..row }], 1, &[0.5, 0.25], slopes));
    let losses: Vec<_> = losses.collect();
    assert_eq!(losses[0], losses[1]);
    assert_eq!(slopes[1], slopes[0].map(|slope| 4.0 * slope));
}

#[test]
fn what_is_not_finite_shows() {
    let rows = rows(&[0.0; 2], &[0.0; 2], 0, &[1.0; 2]);
    let losses = simple().losses(&rows, 2, &[f32::NAN, 1.0], &mut [0.0; 2]);
    assert!(losses[0].loss.is_nan() && losses[1].loss == 1.0);
    let data = points();
    for loss in [Loss::Hybrid, Loss::Vlb] {
        let objective = objective(loss, Prediction::Epsilon, Variance::LearnedRange, &data);
        for output in [[f32::NAN, 0.0], [0.0, f32::NAN]] {
            let losses = objective.losses(&rows[..1], 2, &output, &mut [0.0; 2]);
            assert!(losses[0].loss.is_nan(), "{loss} {output:?}");
        }
    }
}

/// One value: x₀ = −0.4, ε = 0.8, predicted as 0.6. The numbers are those of eq. 15 and 16 of Nichol &
/// Dhariwal in f64.
#[test]
fn a_hybrid_loss_by_hand() {
    let range = Variance::LearnedRange;
    let hybrid = objective(Loss::Hybrid, Prediction::Epsilon, range, &points());
    let loss = |timestep, raw| {
        let mut slopes = [0.0; 2];
        let rows = rows(&[-0.4], &[0.8], timestep, &[1.0]);
        let losses = hybrid.losses(&rows, 1, &[0.6, raw], &mut slopes);
        (losses[0].loss, slopes.map(f64::from))
    };
    for (raw, in_bits, slope_in_nats) in [
        (-1.0, 0.052_816_8, -0.001_632_0),
        (0.25, 0.067_828_4, 0.017_547_0),
        (1.0, 0.092_107_0, 0.027_109_8),
    ] {
        let (found, [on_prediction, on_raw_variance]) = loss(3, raw);
        assert!((found - in_bits).abs() < 1e-7, "{found} instead of {in_bits}");
        assert!((on_raw_variance * LN_2 - slope_in_nats).abs() < 1e-7, "{on_raw_variance}");
        // The mean of the bound is held fixed.
        assert!((on_prediction + 0.4).abs() < 1e-7, "{on_prediction}");
    }
    for (raw, in_nats) in [(-1.0, 0.040_220_6), (0.25, 0.040_220_5), (1.0, 0.040_220_6)] {
        let (found, [on_prediction, _]) = loss(500, raw);
        assert!((found - (0.04 + (in_nats - 0.04) / LN_2)).abs() < 2e-7, "{found}");
        assert!((on_prediction + 0.4).abs() < 1e-7, "{on_prediction}");
    }
}

#[test]
fn the_bound_counts_by_the_number_of_timesteps() {
    let vlb = |timesteps: usize, loss: Loss| {
        let mut request = request(loss, Prediction::X0, Variance::Learned);
        request.scheduler.num_train_timesteps = timesteps;
        let schedule = request.scheduler.schedule().unwrap();
        let objective = Objective::new(&request, &schedule, &points()).unwrap();
        // Into clean data with variance 1, half a standard deviation off: ½ (¼ + ln 2π) nats.
        let rows = rows(&[0.25], &[0.25], 0, &[1.0]);
        objective.losses(&rows, 1, &[0.75, 0.0], &mut [0.0; 2])[0]
    };
    let bits = 0.5 * (0.25 + (2.0 * std::f64::consts::PI).ln()) / LN_2;
    for timesteps in [500, 1000, 4000] {
        let (vlb, hybrid) = (vlb(timesteps, Loss::Vlb), vlb(timesteps, Loss::Hybrid));
        let scaled = timesteps as f64 * bits;
        assert!((vlb.loss / scaled - 1.0).abs() < 1e-12, "{timesteps}: {vlb:?}");
        assert!((hybrid.loss - 0.25 - 0.001 * scaled).abs() < 1e-12, "{timesteps}: {hybrid:?}");
        assert_eq!((vlb.error, hybrid.error), (0.25, 0.25));
    }
}

/// The slopes of a loss, and the central differences of the mean over the update.
fn slopes_and_differences(
    objective: &Objective,
    rows: &[Row<'_>],
    output: &[f32],
) -> Vec<[f64; 2]> {
    let (total, step) = (5, 1.0 / 1024.0); // exact in f32, as are the sums
    let mut slopes = vec![0.0; output.len()];
    objective.losses(rows, total, output, &mut slopes);
    let loss = |output: &[f32]| {
        let losses = objective.losses(rows, total, output, &mut vec![0.0; output.len()]);
        losses.iter().map(|row| row.loss).sum::<f64>() / total as f64
    };
    let difference = |i: usize| {
        let [mut above, mut below] = [output.to_vec(), output.to_vec()];
        above[i] += step;
        below[i] -= step;
        [f64::from(slopes[i]), (loss(&above) - loss(&below)) / f64::from(2.0 * step)]
    };
    (0..output.len()).map(difference).collect()
}

fn assert_near([slope, expected]: [f64; 2], what: &str) {
    assert!(
        (slope - expected).abs() < 1e-4 * (0.01 + expected.abs()),
        "{what}: {slope} {expected}"
    );
}

#[test]
fn a_slope_is_the_derivative_of_the_mean_loss() {
    // Two rows of three values.
    let clean = [0.25, -0.75, 1.0, -1.0, 0.5, 0.0];
    let target = [0.3, -0.8, 0.1, 1.4, 0.0, -0.6];
    let two = rows(&clean, &target, 0, &[0.5, 3.0]);
    let output = [0.5, -0.25, 0.75, 1.0, -0.5, 0.125];
    for pair in slopes_and_differences(&simple(), &two, &output) {
        assert_near(pair, "simple");
    }
    let output =
        [[0.3125, -0.8125, 0.125, 0.5, -1.25, 0.75], [1.375, 0.015_625, -0.5625, -0.5, 1.0, 0.25]]
            .concat();
    for variance in [Variance::LearnedRange, Variance::Learned] {
        for prediction in Prediction::ALL {
            for (timestep, data) in [(0, points()), (0, pictures()), (3, points()), (500, points())]
            {
                let what = format!("{variance} {prediction:?} at {timestep}");
                let rows = rows(&clean, &target, timestep, &[1.0; 2]);
                let vlb = objective(Loss::Vlb, prediction, variance, &data);
                let pairs = slopes_and_differences(&vlb, &rows, &output);
                let largest = pairs.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
                for [slope, expected] in pairs {
                    assert!(
                        (slope - expected).abs() < 2e-3 * largest,
                        "{what}: {slope} {expected}"
                    );
                }
                let hybrid = objective(Loss::Hybrid, prediction, variance, &data);
                let pairs = slopes_and_differences(&hybrid, &rows, &output);
                let mut by_error = [0.0; 6];
                let predicted = [&output[..3], &output[6..9]].concat();
                simple().losses(&rows, 5, &predicted, &mut by_error);
                for (i, [slope, expected]) in pairs.into_iter().enumerate() {
                    // The prediction has the slopes of the simple loss, the rest its own.
                    let expected = match i % 6 {
                        0..3 => f64::from(by_error[i.div_euclid(6) * 3 + i % 3]),
                        _ => expected,
                    };
                    assert_near([slope, expected], &what);
                }
            }
        }
    }
}

#[test]
fn categories_are_predicted_as_logits() {
    // A number, and a category of two states with a number each.
    let states = Category::new(1, vec![[-0.75, 1.0], [-1.0, 0.5]]).unwrap();
    let data = TrainingSet::new(vec![3], vec![0.0; 3]).unwrap();
    let data = data.with_categories(Categories::new(vec![states]).unwrap()).unwrap();
    let clean = [0.25, -0.75, 0.5, -1.0, 1.0, -1.0];
    let target = [0.3, -0.8, 0.1, 1.4, 0.0, -0.6];
    let output = [0.5, -0.25, 0.75, 1.0, -0.5, 0.125];
    let two = rows(&clean, &target, 3, &[0.5, 3.0]);
    let found = objective(Loss::Simple, Prediction::V, Variance::FixedLarge, &data);
    for pair in slopes_and_differences(&found, &two, &output) {
        assert_near(pair, "simple");
    }
    // Squared error of the number, and −ln of softmax, halved.
    let losses = found.losses(&two, 5, &output, &mut [0.0; 6]);
    let expected = 0.5 * 0.5 * (0.2_f64.powi(2) + (1.0 + (-1.0_f64).exp()).ln());
    assert!((losses[0].loss - expected).abs() < 1e-7, "{losses:?} {expected}");
    let doubled = [&output[..3], &[0.5, -1.25, 0.75], &output[3..], &[-0.5, 1.0, 0.25]].concat();
    for prediction in Prediction::ALL {
        for timestep in [0, 3, 500] {
            let what = format!("{prediction:?} at {timestep}");
            let two = rows(&clean, &target, timestep, &[1.0; 2]);
            let vlb = objective(Loss::Vlb, prediction, Variance::LearnedRange, &data);
            let pairs = slopes_and_differences(&vlb, &two, &doubled);
            let largest = pairs.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
            for [slope, expected] in pairs {
                assert!((slope - expected).abs() < 2e-3 * largest, "{what}: {slope} {expected}");
            }
        }
    }
}

#[test]
fn at_pure_noise_the_bound_of_v_is_finite_and_that_of_epsilon_refused() {
    for variance in [Variance::LearnedRange, Variance::Learned] {
        let new = |prediction| {
            let mut request = request(Loss::Hybrid, prediction, variance);
            request.scheduler.rescale_betas_zero_snr = true;
            Objective::new(&request, &request.scheduler.schedule().unwrap(), &points())
        };
        for prediction in [Prediction::V, Prediction::X0] {
            let mut slopes = [0.0; 2];
            let rows = rows(&[-0.4], &[0.4], 999, &[1.0]);
            let losses = new(prediction).unwrap().losses(&rows, 1, &[0.25, 0.5], &mut slopes);
            assert!(losses[0].loss.is_finite() && slopes.iter().all(|slope| slope.is_finite()));
        }
        let refused = new(Prediction::Epsilon).unwrap_err().to_string();
        assert!(refused.contains("at timestep 999 alpha is 0"), "{refused}");
    }
}

#[test]
fn losses_that_do_not_go_with_the_rest_are_refused() {
    let refused = |loss: Loss, variance: Variance, loss_weight: LossWeight| {
        let mut request = request(loss, Prediction::V, variance);
        request.training.loss_weight = loss_weight;
        Objective::new(&request, &request.scheduler.schedule().unwrap(), &points())
            .unwrap_err()
            .to_string()
    };
    let (uniform, snr) = (LossWeight::Uniform, LossWeight::Snr);
    assert!(refused(Loss::Simple, Variance::Learned, uniform).ends_with("expected hybrid or vlb"));
    assert!(refused(Loss::Hybrid, Variance::FixedSmall, uniform).contains("fixed-small"));
    assert!(refused(Loss::Vlb, Variance::Learned, snr).contains("loss weight snr"));
}
