//! Trainings of networks that predict their variance.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral::noise::{Purpose, Streams};
use ancestral::variance::NoiseScale;
use ancestral::{Batch, Grid, LossWeight, Network, Posterior, Prediction, Schedule, Variance};
use ancestral_cpu::CpuNetwork;
use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::{About, AboutData};
use ancestral_learn::{
    Checkpoints, Loss, Recipe, Request, Source, TimestepSampler, Trainer, TrainingSet,
};

fn pictures() -> TrainingSet {
    let values = (0..5 * 64).map(|i| (i as f32 * 0.7).sin()).collect();
    let set = TrainingSet::new(vec![1, 8, 8], values).unwrap();
    set.with_labels(vec![0, 1, 1, 0, 1], 2).unwrap()
}

fn points() -> TrainingSet {
    let values = (0..100).map(|i| (i as f32 * 0.7).sin()).collect();
    TrainingSet::new(vec![2], values).unwrap()
}

/// Trainings with every setting that a learned variance meets. Losses of 25 timesteps are drawn by after
/// a few steps.
fn recipes(data: &TrainingSet) -> [Recipe; 2] {
    let small = Recipe {
        steps: Some(8),
        timesteps: Some(25),
        width: Some(if data.is_pictures() { vec![8, 16] } else { vec![16] }),
        batch: Some(96),
        ..Recipe::default()
    };
    let hybrid = Recipe {
        variance: Some(Variance::LearnedRange),
        loss_weight: Some(LossWeight::MinSnr { gamma: 5.0 }),
        timestep_sampler: TimestepSampler::SecondMoment,
        prediction: Some(Prediction::V),
        zero_snr: true,
        ..small.clone()
    };
    let vlb = Recipe {
        variance: Some(Variance::Learned),
        loss: Some(Loss::Vlb),
        timestep_sampler: TimestepSampler::SecondMoment,
        ..small
    };
    [hybrid, vlb]
}

fn trainer(recipe: &Recipe, data: &TrainingSet) -> Trainer<TrainingNetwork> {
    let request = recipe.request(Source::plain("test"), data).unwrap();
    Trainer::new(&request, network(&request), data.clone()).unwrap()
}

fn network(request: &Request) -> TrainingNetwork {
    TrainingNetwork::new(request.training.precision, &request.network).unwrap()
}

fn losses(trainer: &mut Trainer<TrainingNetwork>, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| trainer.step().unwrap().loss).collect()
}

#[test]
fn threads_and_passes_change_no_bit() {
    for data in [pictures(), points()] {
        for recipe in recipes(&data) {
            let run = |batch: usize, threads: usize| {
                let (batch, accumulate) = (Some(batch), Some(96 / batch));
                let recipe = Recipe { batch, accumulate, ..recipe.clone() };
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let mut trainer = trainer(&recipe, &data);
                    (losses(&mut trainer, 8), trainer.state().unwrap())
                })
            };
            let whole = run(96, 1);
            for (batch, threads) in [(96, 2), (48, 3), (12, 2)] {
                assert!(run(batch, threads) == whole, "{batch} {threads} {recipe:?}");
            }
        }
    }
}

#[test]
fn a_run_continues_from_the_files_of_its_checkpoint() {
    for data in [pictures(), points()] {
        let about = AboutData { shape: data.shape().to_vec(), ..AboutData::default() };
        let about = About { data: about, ..About::default() };
        for recipe in recipes(&data) {
            let mut whole = trainer(&recipe, &data);
            let expected = losses(&mut whole, 8);
            let mut first = trainer(&recipe, &data);
            // The last step before the losses of all timesteps are there, and one after.
            let mut seen = losses(&mut first, 6);
            let folder = tempfile::tempdir().unwrap();
            let checkpoints = Checkpoints::new(folder.path().to_owned(), 1);
            let checkpoint = first.checkpoint(about.clone(), data.sha256().unwrap()).unwrap();
            checkpoints.save(&checkpoint).unwrap();
            let read = checkpoints.newest().unwrap().unwrap().checkpoint;
            assert_eq!(read, checkpoint);
            let (request, state) = (read.request.clone(), read.into_state());
            let mut second =
                Trainer::resume(&request, network(&request), data.clone(), &state).unwrap();
            seen.extend(losses(&mut second, 2));
            assert_eq!(seen, expected);
            assert!(second.state().unwrap() == whole.state().unwrap());
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

/// Standard deviations of the two columns of normal data.
const DEVIATIONS: [f64; 2] = [0.4, 0.6];

fn normal_points(count: usize) -> TrainingSet {
    let mut values = vec![0.0; 2 * count];
    Streams::new(1, Purpose::TrainingNoise).normals(u64::from(u32::MAX), 7, &mut values);
    for (value, deviation) in values.iter_mut().zip(DEVIATIONS.into_iter().cycle()) {
        *value = to_f32(f64::from(*value) * deviation);
    }
    TrainingSet::new(vec![2], values).unwrap()
}

/// The hop from a timestep to the one below it.
fn posterior(schedule: &Schedule, t: usize) -> Posterior {
    let grid = Grid::from_timesteps(schedule, &[t, t - 1]).unwrap();
    Posterior::of(&grid.hops().next().unwrap())
}

/// The mean log-variances of both columns that a training predicts at a timestep.
fn log_variances(trainer: &Trainer<TrainingNetwork>, data: &TrainingSet, t: usize) -> [f64; 2] {
    const ROWS: usize = 500;
    let scheduler = &trainer.request().scheduler;
    let level = trainer.schedule().level(t);
    let mut noise = vec![0.0; 2 * ROWS];
    Streams::new(2, Purpose::TrainingNoise).normals(0, 0, &mut noise);
    let clean = (0..ROWS).flat_map(|i| data.row(i).unwrap().to_vec());
    let noisy = |(x0, eps): (f32, f32)| {
        to_f32(level.alpha() * f64::from(x0) + level.sigma() * f64::from(eps))
    };
    let x = Batch::new(vec![2], clean.zip(noise).map(noisy).collect());
    let config = &trainer.request().network;
    let mut network = CpuNetwork::load(config, trainer.average().unwrap()).unwrap();
    let output = network.predict(&x, &[t as f64; ROWS], None).unwrap();
    let NoiseScale::Exp { a, b } =
        scheduler.variance().noise_scale(&posterior(trainer.schedule(), t))
    else {
        panic!("the variance is learned")
    };
    [2, 3].map(|column| {
        let raw = output.iter_rows().map(|row| f64::from(row[column]));
        raw.map(|raw| 2.0 * (a + b * raw)).sum::<f64>() / ROWS as f64
    })
}

/// For data N(0, s²) the variance of x_s given x_t is known: β̃, and what x₀ is not known exactly.
#[test]
fn a_learned_variance_is_nearer_to_the_optimum_than_both_fixed_ones() {
    const STEPS: usize = 1200;
    let data = normal_points(4096);
    // What is left of the distance of the better fixed variance. With so few timesteps the hybrid loss
    // counts the bound by a hundredth.
    for (variance, loss, left) in [
        (Variance::LearnedRange, Loss::Hybrid, 0.8),
        (Variance::LearnedRange, Loss::Vlb, 0.2),
        (Variance::Learned, Loss::Hybrid, 0.8),
        (Variance::Learned, Loss::Vlb, 0.2),
    ] {
        let recipe = Recipe {
            steps: Some(STEPS as u64),
            batch: Some(256),
            learning_rate: Some(1e-2),
            variance: Some(variance),
            loss: Some(loss),
            prediction: Some(Prediction::V),
            schedule: Some("linear:start=0.05,end=0.6".to_owned()),
            timesteps: Some(10),
            width: Some(vec![32]),
            layers: Some(2),
            ema: Some(0.99),
            ..Recipe::default()
        };
        let mut trainer = trainer(&recipe, &data);
        losses(&mut trainer, STEPS);
        for t in [2, 3, 4] {
            let level = trainer.schedule().level(t);
            let Posterior { on_x0, beta, beta_tilde, .. } = posterior(trainer.schedule(), t);
            let found = log_variances(&trainer, &data, t);
            for (s, found) in DEVIATIONS.into_iter().zip(found) {
                let (alpha, sigma) = (level.alpha(), level.sigma());
                let unknown = (s * sigma).powi(2) / ((alpha * s).powi(2) + sigma.powi(2));
                let optimum = (beta_tilde + on_x0.powi(2) * unknown).ln();
                let off = |log_variance: f64| (log_variance - optimum).abs();
                let fixed = off(beta.ln()).min(off(beta_tilde.ln()));
                assert!(
                    off(found) < left * fixed,
                    "{variance} {loss} {t} {s}: off by {}, fixed by {fixed}",
                    off(found)
                );
            }
        }
    }
}
