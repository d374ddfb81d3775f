use ancestral_format::{BetaSchedule, NetworkConfig, PredictionType, VarianceType};

use super::*;
use crate::TrainingSet;

fn pictures(side: usize) -> TrainingSet {
    TrainingSet::new(vec![1, side, side], vec![0.0; side * side]).unwrap()
}

fn points(count: usize) -> TrainingSet {
    TrainingSet::new(vec![2], vec![0.0; 2 * count]).unwrap()
}

fn request(recipe: &Recipe, data: &TrainingSet) -> Request {
    recipe.request(Source::plain("x"), data).unwrap()
}

fn refused(recipe: &Recipe, data: &TrainingSet) -> String {
    recipe.request(Source::plain("x"), data).unwrap_err().to_string()
}

#[test]
fn defaults_follow_from_the_data() {
    let open = Recipe::default();
    let (small, large) = (request(&open, &pictures(8)), request(&open, &pictures(128)));
    assert_eq!((small.training.steps, small.training.batch), (2000, 64));
    assert_eq!(small.scheduler.beta_schedule, BetaSchedule::SquaredCosine);
    assert_eq!(large.scheduler.beta_schedule, BetaSchedule::Linear);
    assert!(small.scheduler.clip_sample);
    let rate = LearningRate { peak: 2e-3, warmup: COSINE_WARMUP, decay: Decay::Cosine };
    assert_eq!(small.training.learning_rate, rate);
    assert_eq!(small.saving, Saving { preview_every: 400, checkpoint_every: 200, keep: 2 });
    assert_eq!((large.training.steps, large.training.batch), (6000, 16));
    let steps = [10, 1000, 100_000].map(|n| request(&open, &points(n)).training.steps);
    assert_eq!(steps, [500, 1171, 8000]);
    let table = request(&open, &points(10));
    assert_eq!(table.training.batch, 256);
    assert_eq!(table.scheduler.variance_type, VarianceType::FixedLarge);
    assert!(!table.scheduler.clip_sample);
    let wide = |columns| TrainingSet::new(vec![columns], vec![0.0; columns]).unwrap();
    let predicted = [2, 3, 4, 100].map(|n| request(&open, &wide(n)).scheduler.prediction_type);
    let (epsilon, v) = (PredictionType::Epsilon, PredictionType::VPrediction);
    assert_eq!(predicted, [epsilon, epsilon, v, v]);
    for request in [small, large, table] {
        request.training.check().unwrap();
        request.network.validate().unwrap();
    }
}

#[test]
fn networks_grow_where_their_channels_are_open() {
    let widths = |recipe: &Recipe, side| match request(recipe, &pictures(side)).network {
        NetworkConfig::UNet(network) => network.block_out_channels,
        NetworkConfig::Mlp(_) => panic!("pictures have a U-Net"),
    };
    let mut recipe = Recipe::default();
    let mut found = vec![widths(&recipe, 32)];
    while let Some(size) = recipe.larger(&pictures(32)) {
        assert!(size.pays_after() > recipe.size.pays_after());
        recipe.size = size;
        found.push(widths(&recipe, 32));
    }
    assert_eq!(found, [[16, 32, 64, 64], [32, 64, 128, 128], [64, 128, 128, 128]]);
    // Small pictures, points and channels that are named have one size.
    let named = Recipe { width: Some(vec![8]), ..Recipe::default() };
    assert_eq!(named.larger(&pictures(32)), None);
    let open = Recipe::default();
    assert_eq!((open.larger(&pictures(16)), open.larger(&points(9))), (None, None));
    assert_eq!(widths(&recipe, 8), [32, 64]);
}

#[test]
fn groups_follow_from_the_number_of_pictures() {
    let set = |count: usize| {
        // Each picture a colour of its own.
        let rows = (0..count).flat_map(|i| vec![i as f32 / count as f32; 16]).collect();
        TrainingSet::new(vec![1, 4, 4], rows).unwrap()
    };
    let groups = |recipe: &Recipe, count| recipe.grouped(set(count)).unwrap().groups();
    let open = Recipe::default();
    let found = [50, 199, 400, 5000].map(|count| groups(&open, count));
    assert_eq!(found[..2], [0, 0]);
    assert!((2..=4).contains(&found[2]) && (20..=40).contains(&found[3]), "{found:?}");
    assert_eq!(groups(&Recipe { groups: Some(0), ..open }, 400), 0);
    let requested = Recipe { groups: Some(2), ..Recipe::default() };
    assert_eq!(groups(&requested, 400), 2);
    let grouped = requested.grouped(set(400)).unwrap();
    assert_eq!(request(&requested, &grouped).training.groups, 2);
}

#[test]
fn what_is_chosen_is_taken() {
    let recipe = Recipe {
        steps: Some(7),
        precision: Precision::Bf16,
        batch: Some(3),
        accumulate: Some(2),
        learning_rate: Some(0.5),
        constant_rate: true,
        prediction: Some(Prediction::V),
        variance: Some(Variance::Learned),
        loss: Some(Loss::Hybrid),
        loss_weight: Some(LossWeight::MinSnr { gamma: 3.0 }),
        timestep_sampler: TimestepSampler::SecondMoment,
        optimizer: Some(Optimizer::AdamW),
        schedule: Some("linear:start=0.001,end=0.02".to_owned()),
        timesteps: Some(50),
        zero_snr: true,
        width: Some(vec![16, 8]),
        layers: Some(2),
        ema: Some(0.25),
        label_dropout: Some(0.125),
        hold_out: 0.25,
        groups: Some(4),
        size: NetworkSize::Large,
        flip: true,
        seed: 9,
        preview_every: Some(0),
        checkpoint_every: Some(4),
        keep: Some(5),
    };
    let Request { network, scheduler, training, saving, .. } = request(&recipe, &pictures(8));
    let NetworkConfig::UNet(network) = network else { panic!("pictures have a U-Net") };
    assert_eq!((network.block_out_channels, network.layers_per_block), (vec![16, 8], 2));
    assert_eq!((scheduler.beta_start, scheduler.num_train_timesteps), (0.001, 50));
    assert!(scheduler.rescale_betas_zero_snr);
    assert_eq!(scheduler.prediction_type, PredictionType::VPrediction);
    let learning_rate =
        LearningRate { peak: 0.5, warmup: Warmup::Steps(100), decay: Decay::Constant };
    let expected = Settings {
        steps: 7,
        precision: Precision::Bf16,
        batch: 3,
        accumulate: 2,
        loss: Loss::Hybrid,
        loss_weight: LossWeight::MinSnr { gamma: 3.0 },
        timestep_sampler: TimestepSampler::SecondMoment,
        optimizer: Optimizer::AdamW,
        learning_rate,
        betas: [0.9, 0.999],
        epsilon: 1e-8,
        weight_decay: 1e-6,
        clip_norm: Some(1.0),
        ema_decay: 0.25,
        label_dropout: 0.125,
        hold_out: 0.25,
        groups: 0,
        flip: true,
        seed: 9,
    };
    assert_eq!(training, expected);
    assert_eq!(saving, Saving { preview_every: 0, checkpoint_every: 4, keep: 5 });
}

#[test]
fn a_learned_variance_doubles_the_outputs_and_has_the_hybrid_loss() {
    let recipe = |variance| Recipe { variance: Some(variance), ..Recipe::default() };
    for (data, outputs) in [(pictures(8), vec![2, 8, 8]), (points(4), vec![4])] {
        for variance in [Variance::LearnedRange, Variance::Learned] {
            let request = request(&recipe(variance), &data);
            assert_eq!(request.network.output_shape().unwrap(), outputs);
            assert_eq!(request.scheduler.variance(), variance);
            assert_eq!(request.training.loss, Loss::Hybrid);
        }
        let fixed = request(&recipe(Variance::FixedLarge), &data);
        assert_eq!(fixed.network.output_shape(), fixed.network.sample_shape());
        assert_eq!(fixed.training.loss, Loss::Simple);
        assert_eq!(fixed.scheduler.variance(), Variance::FixedLarge);
    }
    let simple = Recipe { loss: Some(Loss::Simple), ..recipe(Variance::Learned) };
    assert_eq!(
        refused(&simple, &points(4)),
        "loss simple does not go with variance learned: expected hybrid or vlb"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let width = |width: &[usize]| Recipe { width: Some(width.to_vec()), ..Recipe::default() };
    assert_eq!(refused(&width(&[30, 60]), &pictures(8)), "30 is not a multiple of 8");
    assert_eq!(refused(&width(&[8, 8]), &points(4)), "8,8: points and tables take a single width");
    let epsilon = Some(Prediction::Epsilon);
    let pure = Recipe { zero_snr: true, prediction: epsilon, ..Recipe::default() };
    assert!(refused(&pure, &pictures(8)).ends_with("predict v or x0"));
    let line = TrainingSet::new(vec![2, 3], vec![0.0; 6]).unwrap();
    assert_eq!(refused(&width(&[8]), &line), "samples of shape [2, 3]: expected pictures or rows");
}
