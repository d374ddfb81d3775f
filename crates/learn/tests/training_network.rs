//! Trainings on the network of the CPU.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::{About, AboutData, Weights, safetensors};
use ancestral_learn::{Recipe, Request, Source, TrainState, Trainer, TrainingSet, initial};
use sha2::{Digest, Sha256};

/// Pictures of two classes.
fn pictures() -> TrainingSet {
    let values = (0..5 * 64).map(|i| (i as f32 * 0.7).sin()).collect();
    let set = TrainingSet::new(vec![1, 8, 8], values).unwrap();
    set.with_labels(vec![0, 1, 1, 0, 1], 2).unwrap()
}

/// Points of two classes.
fn points() -> TrainingSet {
    let values = (0..100).map(|i| (i as f32 * 0.7).sin()).collect();
    let set = TrainingSet::new(vec![2], values).unwrap();
    set.with_labels((0..50).map(|i| i % 2).collect(), 2).unwrap()
}

fn request(recipe: Recipe, data: &TrainingSet) -> Request {
    let width = Some(if data.is_pictures() { vec![8, 16] } else { vec![16] });
    let recipe = Recipe { steps: Some(6), width, ..recipe };
    recipe.request(Source::plain("test"), data).unwrap()
}

fn network(request: &Request) -> TrainingNetwork {
    TrainingNetwork::new(request.training.precision, &request.network).unwrap()
}

fn trainer(request: &Request, data: &TrainingSet) -> Trainer<TrainingNetwork> {
    Trainer::new(request, network(request), data.clone()).unwrap()
}

fn losses(trainer: &mut Trainer<TrainingNetwork>, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| trainer.step().unwrap().loss).collect()
}

#[test]
fn a_unet_starts_as_every_version_started_it() {
    let labels = (0..10).collect();
    let digits = TrainingSet::new(vec![1, 8, 8], vec![0.0; 640]).unwrap();
    let digits = digits.with_labels(labels, 10).unwrap();
    let network = network(&request(Recipe::default(), &digits));
    let layout = network.layout();
    let weights: Weights = layout.to_weights(&initial(layout, 0));
    assert_eq!(
        format!("{:x}", Sha256::digest(safetensors::to_bytes(&weights).unwrap())),
        "f84d9da3946419eb9bfc50edaf95e65a4ec9391bf43dbc1a244c4c9a31c84add"
    );
}

#[test]
fn one_large_batch_is_several_small_ones_bit_for_bit() {
    for (data, rows) in [(pictures(), 24), (points(), 72)] {
        let run = |batch: usize, threads: usize| {
            let (batch, accumulate) = (Some(batch), Some(rows / batch));
            let request = request(Recipe { batch, accumulate, ..Recipe::default() }, &data);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut trainer = trainer(&request, &data);
                (losses(&mut trainer, 3), trainer.state().unwrap())
            })
        };
        let whole = run(rows, 2);
        for (batch, threads) in [(rows, 1), (rows / 2, 1), (rows / 3, 3), (8, 2), (1, 1)] {
            assert!(run(batch, threads) == whole, "batches of {batch} on {threads} threads");
        }
    }
}

#[test]
fn a_run_that_was_interrupted_continues_as_if_it_had_not_been() {
    let about = || {
        let (name, shape) = ("test".to_owned(), vec![1, 8, 8]);
        let data = AboutData { name, shape, ..AboutData::default() };
        About { data, ..About::default() }
    };
    for data in [pictures(), points()] {
        let request = request(Recipe { batch: Some(6), ..Recipe::default() }, &data);
        let mut whole = trainer(&request, &data);
        let expected = losses(&mut whole, 6);
        let mut first = trainer(&request, &data);
        let mut seen = losses(&mut first, 2);
        let state: TrainState =
            first.checkpoint(about(), data.sha256().unwrap()).unwrap().into_state();
        let mut second =
            Trainer::resume(&request, network(&request), data.clone(), &state).unwrap();
        seen.extend(losses(&mut second, 4));
        assert_eq!(seen, expected);
        assert!(second.state().unwrap() == whole.state().unwrap());
    }
}

#[test]
fn a_small_network_learns_two_pictures_by_their_labels() {
    let values = (0..2 * 64).map(|i| (i as f32 * 0.7).sin()).collect();
    let data = TrainingSet::new(vec![1, 8, 8], values).unwrap().with_labels(vec![0, 1], 2).unwrap();
    let recipe = Recipe {
        batch: Some(8),
        learning_rate: Some(3e-3),
        constant_rate: true,
        prediction: Some(ancestral::Prediction::X0),
        label_dropout: Some(0.0),
        ..Recipe::default()
    };
    let mut trainer = trainer(&request(recipe, &data), &data);
    let losses = losses(&mut trainer, 200);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (start, end) = (mean(&losses[..5]), mean(&losses[180..]));
    assert!(end < 0.05 * start, "{start} {end}");
}
