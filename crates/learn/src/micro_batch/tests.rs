use ancestral::LossWeight;

use super::*;
use crate::toy;

fn data() -> TrainingSet {
    let rows = (0..6).map(|i| i as f32 / 8.0).collect();
    TrainingSet::new(vec![2], rows).unwrap().with_labels(vec![0, 1, 2], 3).unwrap()
}

fn source(prediction: Prediction, seed: u64) -> SampleSource {
    let settings = Settings { label_dropout: 0.25, seed, ..toy::settings() };
    SampleSource::new(data(), Schedule::linear_1000(), prediction, &settings)
}

#[test]
fn samples_do_not_depend_on_how_they_are_cut_into_batches() {
    let whole = source(Prediction::V, 1).micro_batch(5, 8).unwrap();
    let mut parts = source(Prediction::V, 1);
    // Not even on the order in which they are requested.
    let (b, a) = (parts.micro_batch(10, 3).unwrap(), parts.micro_batch(5, 5).unwrap());
    assert_eq!(whole.x, [a.x, b.x].concat());
    assert_eq!(whole.clean, [a.clean, b.clean].concat());
    assert_eq!(whole.target, [a.target, b.target].concat());
    assert_eq!(whole.timesteps, [a.timesteps, b.timesteps].concat());
    assert_eq!(whole.labels, a.labels.zip(b.labels).map(|(a, b)| [a, b].concat()));
    assert_ne!(whole, source(Prediction::V, 2).micro_batch(5, 8).unwrap());
}

#[test]
fn inputs_and_targets_are_the_forward_process() {
    let epsilon = source(Prediction::Epsilon, 1).micro_batch(0, 3).unwrap();
    let clean = source(Prediction::X0, 1).micro_batch(0, 3).unwrap();
    let velocity = source(Prediction::V, 1).micro_batch(0, 3).unwrap();
    assert_eq!((&epsilon.x, &epsilon.x), (&clean.x, &velocity.x));
    assert_eq!([&epsilon.clean, &velocity.clean], [&clean.target; 2]);
    // One epoch: each row of the data once.
    let mut rows: Vec<_> = clean.target.chunks(2).collect();
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    assert_eq!(rows.concat(), (0..6).map(|i| i as f32 / 8.0).collect::<Vec<_>>());
    for i in 0..6 {
        let schedule = Schedule::linear_1000();
        let t = (0..1000).find(|&t| t as f64 == epsilon.timesteps[i / 2]).unwrap();
        let level = schedule.level(t);
        let (x0, eps) = (f64::from(clean.target[i]), f64::from(epsilon.target[i]));
        let x = level.alpha() * x0 + level.sigma() * eps;
        let v = level.alpha() * eps - level.sigma() * x0;
        assert!((x - f64::from(epsilon.x[i])).abs() < 1e-6);
        assert!((v - f64::from(velocity.target[i])).abs() < 1e-6);
    }
}

#[test]
fn times_noise_and_hidden_labels_have_their_frequencies() {
    let n = 4000;
    let batch = source(Prediction::Epsilon, 9).micro_batch(0, n).unwrap();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    // Standard errors: 289/√4000 = 4.6, 1/√8000 = 0.011, √(0.25 · 0.75/4000) = 0.007.
    assert!((mean(&batch.timesteps) - 499.5).abs() < 20.0);
    assert!(batch.timesteps.iter().all(|t| (0.0..1000.0).contains(t) && t.fract() == 0.0));
    let noise: Vec<f64> = batch.target.iter().map(|&eps| f64::from(eps)).collect();
    assert!(mean(&noise).abs() < 0.05);
    assert!((mean(&noise.iter().map(|eps| eps * eps).collect::<Vec<_>>()) - 1.0).abs() < 0.07);
    let hidden = batch.labels.unwrap().iter().filter(|&&label| label == 3).count();
    assert!((hidden as f64 / n as f64 - 0.25).abs() < 0.03);
}

#[test]
fn labels_are_never_or_always_hidden_at_the_ends() {
    for (dropout, hidden) in [(0.0, 0), (1.0, 300)] {
        let settings = Settings { label_dropout: dropout, ..toy::settings() };
        let (schedule, epsilon) = (Schedule::linear_1000(), Prediction::Epsilon);
        let mut source = SampleSource::new(data(), schedule, epsilon, &settings);
        let labels = source.micro_batch(0, 300).unwrap().labels.unwrap();
        assert_eq!(labels.iter().filter(|&&label| label == 3).count(), hidden);
    }
}

#[test]
fn errors_count_by_their_noise_level() {
    let (schedule, v) = (Schedule::linear_1000(), Prediction::V);
    for loss_weight in [LossWeight::Uniform, LossWeight::MinSnr { gamma: 5.0 }] {
        let settings = Settings { loss_weight, ..toy::settings() };
        let batch =
            SampleSource::new(data(), schedule.clone(), v, &settings).micro_batch(7, 20).unwrap();
        let mean =
            schedule.levels().iter().map(|level| loss_weight.at(*level, v)).sum::<f64>() / 1e3;
        for (t, weight) in
            (0..1000).map(|t| (t as f64, loss_weight.at(schedule.level(t), v) / mean))
        {
            let found = batch.timesteps.iter().position(|found| *found == t);
            assert!(
                found.is_none_or(|row| (batch.draws[row].weight - weight).abs() < 1e-12),
                "{t}"
            );
        }
    }
}

#[test]
fn half_of_the_pictures_are_mirrored() {
    let picture = [0.0, 0.25, 0.5, 0.75, 1.0, -1.0];
    let mirrored = [0.5, 0.25, 0.0, -1.0, 1.0, 0.75];
    let data = TrainingSet::new(vec![1, 2, 3], picture.to_vec()).unwrap();
    let settings = Settings { flip: true, ..toy::settings() };
    let mut source = SampleSource::new(data, Schedule::linear_1000(), Prediction::X0, &settings);
    let batch = source.micro_batch(0, 4000).unwrap();
    let rows = || batch.target.chunks(6);
    assert!(rows().all(|row| row == picture || row == mirrored));
    // Standard deviation: √(4000/4) = 32.
    assert!((1870..2130).contains(&rows().filter(|row| *row == mirrored).count()));
}

#[test]
fn rows_that_are_read_as_they_are_needed_change_no_bit() {
    use crate::rows::tests::Colours;
    use std::sync::Arc;

    let source = |budget| {
        let data = TrainingSet::read(vec![1, 2, 2], Arc::new(Colours::new(30)), budget).unwrap();
        assert_eq!(data.is_elsewhere(), budget < 120);
        let settings = Settings { flip: true, ..toy::settings() };
        SampleSource::new(data, Schedule::linear_1000(), Prediction::V, &settings)
    };
    let [mut held, mut partly, mut read] = [120, 50, 0].map(source);
    // In order, and where a run is resumed.
    for (first, rows) in [(0, 7), (7, 30), (37, 40), (500, 3), (503, 3), (11, 2)] {
        let expected = held.micro_batch(first, rows);
        assert_eq!(partly.micro_batch(first, rows), expected);
        assert_eq!(read.micro_batch(first, rows), expected);
    }
}
