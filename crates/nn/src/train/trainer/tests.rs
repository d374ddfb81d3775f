use ancestral_format::{Array, DownBlock, UNetConfig, UpBlock};

use super::*;
use crate::train::{Decay, LearningRate};
use crate::unet::UNet;
use crate::{Initializer, device, parameters};

/// A small U-Net with every kind of part: attention, down, up, labels.
fn unet(change: impl FnOnce(&mut UNetConfig)) -> UNet {
    let mut config = unet_config();
    change(&mut config);
    UNet::new(&config, &Initializer::new(5, &device::cpu())).unwrap()
}

fn unet_config() -> UNetConfig {
    UNetConfig {
        sample_size: Some([4, 4]),
        in_channels: 1,
        out_channels: 1,
        block_out_channels: vec![8, 16],
        down_block_types: vec![DownBlock::DownBlock2D, DownBlock::AttnDownBlock2D],
        up_block_types: vec![UpBlock::AttnUpBlock2D, UpBlock::UpBlock2D],
        layers_per_block: 1,
        norm_num_groups: Some(4),
        num_class_embeds: Some(3),
        ..UNetConfig::default()
    }
}

fn data() -> TrainingSet {
    let rows = (0..5 * 16).map(|i| (i as f32 * 0.7).sin()).collect();
    let set = TrainingSet::new(vec![1, 4, 4], rows).unwrap();
    set.with_labels(vec![0, 1, 1, 0, 1], 2).unwrap()
}

fn config() -> TrainConfig {
    let learning_rate = LearningRate { peak: 1e-3, warmup: 2, decay: Decay::Constant };
    TrainConfig { batch: 8, learning_rate, seed: 3, ..TrainConfig::default() }
}

fn trainer(module: UNet, config: TrainConfig) -> Trainer<UNet> {
    Trainer::new(module, Schedule::linear_1000(), data(), config).unwrap()
}

/// All tensors that a run consists of.
fn tensors(trainer: &Trainer<UNet>) -> [Weights; 4] {
    let TrainState { weights, average, moments: [first, second], .. } = trainer.state();
    [weights, average, first, second]
}

fn losses(trainer: &mut Trainer<UNet>, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| trainer.step().unwrap().loss).collect()
}

#[test]
fn one_seed_gives_one_run_for_any_number_of_threads() {
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = trainer(unet(|_| {}), TrainConfig { seed, batch: 40, ..config() });
            (losses(&mut trainer, 4), trainer.state())
        })
    };
    let first = run(1, 3);
    assert!(first == run(1, 3) && first == run(2, 3) && first == run(3, 3));
    assert_ne!(first.0, run(1, 4).0);
}

#[test]
fn accumulated_gradients_are_those_of_one_large_batch() {
    let gradients = |batch, accumulate| {
        let mut trainer = trainer(unet(|_| {}), TrainConfig { batch, accumulate, ..config() });
        let (loss, gradients) = trainer.gradients();
        let norm = global_norm(&trainer.model, &gradients).norm;
        // With no moments yet, the first moment is 0.1 times the gradient.
        trainer.update(gradients, 1.0, 1e-3);
        let [first, _] = trainer.state().moments;
        (loss, norm, first)
    };
    let (loss, norm, large) = gradients(8, 1);
    let (loss_4, norm_4, small) = gradients(2, 4);
    assert!((loss - loss_4).abs() < 1e-6 * loss && (norm - norm_4).abs() < 1e-6 * norm);
    let scale = 0.1 * norm;
    for ((name, a), (_, b)) in large.iter().zip(&small) {
        for (a, b) in a.to_f32().iter().zip(b.to_f32()) {
            assert!(f64::from((a - b).abs()) < 1e-6 * scale, "{name}: {a} {b}");
        }
    }
}

#[test]
fn rate_and_average_step_once_an_update() {
    let mut trainer = trainer(unet(|_| {}), TrainConfig { batch: 2, accumulate: 4, ..config() });
    let rates: Vec<_> = (0..3).map(|_| trainer.step().unwrap().learning_rate).collect();
    assert_eq!(rates, [1e-3 / 3.0, 2e-3 / 3.0, 1e-3]);
    assert_eq!((trainer.steps(), trainer.updates()), (3, 3));
    assert!((trainer.ema().decay() - 4.0 / 13.0).abs() < 1e-15);
}

#[test]
fn one_step_of_adamw_by_hand() {
    // The first update moves a weight by rate · g/(|g| + ε) after decaying it.
    let rate = 1e-2;
    let learning_rate = LearningRate { peak: rate, warmup: 0, decay: Decay::Constant };
    let settings =
        TrainConfig { learning_rate, weight_decay: 0.1, clip_norm: Some(1e-3), ..config() };
    let mut trainer = trainer(unet(|_| {}), settings);
    let before = parameters::to_weights(&trainer.module());
    let report = trainer.step().unwrap();
    let [first, second] = trainer.state().moments;
    let after = parameters::to_weights(&trainer.module());
    let mut norm_squared = 0.0;
    for (name, first) in &first {
        let values = |weights: &Weights| weights.get(name).unwrap().to_f32();
        let all = first.to_f32().into_iter().zip(values(&second)).zip(values(&before));
        for (((m, v), w), new) in all.zip(values(&after)) {
            let [m, v, w, new] = [m, v, w, new].map(f64::from);
            let g = m / 0.1;
            norm_squared += g * g;
            assert!((v - 0.001 * g * g).abs() <= 1e-4 * v + 1e-30, "{name}");
            let expected = w * (1.0 - rate * 0.1) - rate * g / (g.abs() + 1e-8);
            assert!((new - expected).abs() < 1e-6, "{name}: {new} instead of {expected}");
        }
    }
    assert!(report.gradient_norm > 1e-3);
    assert!((norm_squared.sqrt() / 1e-3 - 1.0).abs() < 1e-5, "clipped to {}", norm_squared.sqrt());
}

#[test]
fn a_step_that_is_not_finite_changes_nothing_and_ten_end_the_run() {
    let mut trainer = trainer(unet(|_| {}), config());
    losses(&mut trainer, 2);
    let healthy = trainer.model.clone();
    let mut weights = parameters::to_weights(&healthy);
    weights.insert("conv_out.bias", Array::from_f32(vec![1], &[f32::NAN]).unwrap());
    trainer.model = parameters::load(healthy.clone(), &weights).unwrap();
    let before = tensors(&trainer);
    for step in 2..11 {
        let report = trainer.step().unwrap();
        assert!(report.skipped && report.loss.is_nan() && report.step == step);
    }
    let untouched = |before: &[Weights; 4], after: &[Weights; 4]| {
        // NaN differs from itself: compare the bytes.
        before.iter().zip(after).all(|(before, after)| {
            before.iter().zip(after).all(|((_, a), (_, b))| a.bytes() == b.bytes())
        })
    };
    assert!(untouched(&before, &tensors(&trainer)));
    let message = trainer.step().unwrap_err().to_string();
    assert!(message.starts_with("step 12: the gradient of "), "{message}");
    assert!(message.ends_with(" is not finite; 10 steps in a row were skipped"), "{message}");
    assert!(untouched(&before, &tensors(&trainer)));
    assert_eq!((trainer.updates(), trainer.skipped_in_a_row), (2, 10));

    trainer.model = healthy;
    assert!(!trainer.step().unwrap().skipped);
    assert_eq!((trainer.updates(), trainer.skipped_in_a_row), (3, 0));
}

#[test]
fn an_absurd_learning_rate_ends_the_run_with_finite_weights() {
    let learning_rate = LearningRate { peak: 1e6, warmup: 0, decay: Decay::Constant };
    let mut trainer = trainer(unet(|_| {}), TrainConfig { learning_rate, ..config() });
    let end = (0..100).try_for_each(|_| trainer.step().map(drop));
    assert!(matches!(end, Err(TrainError::NonFinite { in_a_row: 10, .. })), "{end:?}");
    for weights in tensors(&trainer) {
        assert!(weights.iter().all(|(_, array)| array.to_f32().iter().all(|w| w.is_finite())));
    }
}

#[test]
fn a_small_network_learns_two_pictures_by_their_labels() {
    let rows = (0..2 * 16).map(|i| (i as f32 * 0.7).sin()).collect();
    let data = TrainingSet::new(vec![1, 4, 4], rows).unwrap().with_labels(vec![0, 1], 2).unwrap();
    let settings = TrainConfig {
        learning_rate: LearningRate { peak: 3e-3, warmup: 5, decay: Decay::Constant },
        prediction: ancestral::Prediction::X0,
        label_dropout: 0.0,
        ..config()
    };
    let mut trainer = Trainer::new(unet(|_| {}), Schedule::linear_1000(), data, settings).unwrap();
    let losses = losses(&mut trainer, 120);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (start, end) = (mean(&losses[..5]), mean(&losses[100..]));
    assert!(end < 0.02 * start, "{start} {end}");
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let refused = |module: UNet, config: TrainConfig| {
        Trainer::new(module, Schedule::linear_1000(), data(), config).unwrap_err().to_string()
    };
    let changed = |change: fn(&mut UNetConfig)| refused(unet(change), config());
    assert_eq!(
        changed(|c| c.sample_size = Some([4, 8])),
        "the network takes samples of shape [1, 4, 8], the data have [1, 4, 4]"
    );
    assert!(changed(|c| c.out_channels = 2).contains("learned variances cannot be trained yet"));
    assert_eq!(
        changed(|c| c.num_class_embeds = Some(2)),
        "the network takes 2 labels where the data need 3 labels"
    );
    assert_eq!(
        changed(|c| c.num_class_embeds = None),
        "the network takes no labels where the data need 3 labels"
    );
    assert_eq!(changed(|c| c.dropout = 0.1), "dropout 0.1 cannot be trained: only 0 can");
    assert_eq!(
        refused(unet(|_| {}), TrainConfig { accumulate: 0, ..config() }),
        "accumulate must be at least 1, not 0"
    );
}

#[test]
fn the_end_of_a_plan_ends_the_run() {
    let learning_rate = LearningRate { peak: 1e-3, warmup: 0, decay: Decay::Cosine { total: 1 } };
    let mut trainer = trainer(unet(|_| {}), TrainConfig { learning_rate, ..config() });
    trainer.step().unwrap();
    assert_eq!(trainer.step(), Err(TrainError::PastTheEnd { step: 2, total: 1 }));
    assert_eq!(trainer.steps(), 1);
}

#[test]
fn a_run_that_was_interrupted_goes_on_as_if_it_had_not_been() {
    let learning_rate = LearningRate { peak: 1e-3, warmup: 3, decay: Decay::Cosine { total: 9 } };
    let settings = TrainConfig { batch: 3, accumulate: 2, learning_rate, ..config() };
    let mut whole = trainer(unet(|_| {}), settings.clone());
    let expected = losses(&mut whole, 9);
    for stop in [0, 1, 4, 9] {
        let mut first = trainer(unet(|_| {}), settings.clone());
        let mut seen = losses(&mut first, stop);
        // Other starting values: everything must come from the state.
        let module = UNet::new(&unet_config(), &Initializer::new(77, &device::cpu())).unwrap();
        let (schedule, state) = (Schedule::linear_1000(), first.state());
        let mut second =
            Trainer::resume(module, schedule, data(), settings.clone(), &state).unwrap();
        assert_eq!(second.state(), state);
        seen.extend(losses(&mut second, 9 - stop));
        assert_eq!(seen, expected, "stopped after {stop}");
        assert!(second.state() == whole.state(), "stopped after {stop}");
    }
}

#[test]
fn skipped_steps_are_counted_on_after_an_interruption() {
    let mut first = trainer(unet(|_| {}), config());
    losses(&mut first, 1);
    let state = TrainState { steps: 5, skipped_in_a_row: 9, ..first.state() };
    let mut broken = state.clone();
    broken.weights.insert("conv_out.bias", Array::from_f32(vec![1], &[f32::NAN]).unwrap());
    let resume = |state: &TrainState| {
        Trainer::resume(unet(|_| {}), Schedule::linear_1000(), data(), config(), state)
    };
    let error = resume(&broken).unwrap().step().unwrap_err();
    assert!(matches!(error, TrainError::NonFinite { step: 6, in_a_row: 10, .. }), "{error}");
    assert_eq!(resume(&state).unwrap().step().unwrap().step, 5);
}

#[test]
fn the_state_of_another_network_is_refused_by_name() {
    let mut other = trainer(unet(|_| {}), config());
    losses(&mut other, 1);
    let resume = |change: &dyn Fn(&mut TrainState)| {
        let mut state = other.state();
        change(&mut state);
        let schedule = Schedule::linear_1000();
        Trainer::resume(unet(|_| {}), schedule, data(), config(), &state).unwrap_err().to_string()
    };
    let extra = || Array::from_f32(vec![1], &[0.0]).unwrap();
    let in_moments = resume(&|state| drop(state.moments[1].insert("conv_9.bias", extra())));
    let in_average = resume(&|state| drop(state.average.insert("conv_9.bias", extra())));
    for message in [in_moments, in_average] {
        assert!(message.ends_with("unexpected: conv_9.bias"), "{message}");
    }
}
