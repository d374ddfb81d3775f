use ancestral_cluster::on_threads;
use ancestral_format::{AboutData, Array, UNetConfig, VarianceType};

use super::*;
use crate::toy::{self, Toy};
use crate::{Decay, LearningRate, Loss, TimestepSampler, Warmup, initial};

fn about() -> About {
    let data = AboutData { name: "toy".into(), shape: vec![3], ..AboutData::default() };
    About { data, ..About::default() }
}

fn request(change: impl FnOnce(&mut Settings)) -> Request {
    let mut request = toy::request();
    change(&mut request.training);
    request
}

fn trainer(request: &Request) -> Trainer<Toy> {
    Trainer::new(request, Toy::default(), toy::data()).unwrap()
}

fn losses(trainer: &mut Trainer<Toy>, steps: usize) -> Vec<f64> {
    (0..steps).map(|_| trainer.step().unwrap().loss).collect()
}

/// All values that a run consists of; the bits, since NaN differs from itself.
fn bits(trainer: &Trainer<Toy>) -> Vec<u32> {
    let Vectors { weights, average, first, second } = &trainer.vectors;
    [weights, average, first, second].into_iter().flatten().map(|x| x.to_bits()).collect()
}

#[test]
fn one_seed_gives_one_run_for_any_number_of_threads() {
    let run = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = trainer(&request(|settings| settings.seed = seed));
            (losses(&mut trainer, 4), trainer.state().unwrap())
        })
    };
    let first = run(1, 3);
    assert!(first == run(1, 3) && first == run(2, 3) && first == run(3, 3));
    assert_ne!(first.0, run(1, 4).0);
}

#[test]
fn one_large_batch_is_several_small_ones_bit_for_bit() {
    for rows in [64, 60, 7, 1] {
        let run = |batch: usize, accumulate: usize| {
            let request =
                request(|settings| (settings.batch, settings.accumulate) = (batch, accumulate));
            let mut trainer = trainer(&request);
            let losses = losses(&mut trainer, 3);
            assert!(trainer.engine.passes.iter().all(|pass| *pass <= batch.max(4)), "{batch}");
            (losses, bits(&trainer))
        };
        let whole = run(rows, 1);
        let parts = (1..=rows).filter(|batch| rows.is_multiple_of(*batch));
        for batch in parts {
            assert!(run(batch, rows / batch) == whole, "{rows} rows in batches of {batch}");
        }
    }
}

#[test]
fn rate_and_average_step_once_an_update() {
    let mut trainer = trainer(&request(|settings| settings.accumulate = 4));
    let rates: Vec<_> = (0..3).map(|_| trainer.step().unwrap().learning_rate).collect();
    assert_eq!(rates, [1e-3 / 3.0, 2e-3 / 3.0, 1e-3]);
    assert_eq!((trainer.steps(), trainer.updates()), (3, 3));
    // The first update copies the weights into the average.
    let mut trainer = self::trainer(&toy::request());
    trainer.step().unwrap();
    assert_eq!(trainer.weights(), trainer.average().unwrap());
    let before = trainer.vectors.average.clone();
    trainer.step().unwrap();
    let Vectors { weights, average, .. } = &trainer.vectors;
    for ((average, before), weight) in average.iter().zip(before).zip(weights) {
        assert!((average - (2.0 / 11.0 * before + 9.0 / 11.0 * weight)).abs() < 1e-7);
    }
}

#[test]
fn one_step_of_adamw_by_hand() {
    // The first update moves a weight by rate · g/(|g| + ε) after decaying it.
    let rate = 1e-2;
    let mut trainer = trainer(&request(|settings| {
        settings.learning_rate =
            LearningRate { peak: rate, warmup: Warmup::Steps(0), decay: Decay::Constant };
        settings.weight_decay = 0.1;
        settings.clip_norm = Some(1e-3);
    }));
    let before = trainer.vectors.weights.clone();
    let report = trainer.step().unwrap();
    let Vectors { weights, first, second, .. } = &trainer.vectors;
    let mut norm_squared = 0.0;
    for (((m, v), w), new) in first.iter().zip(second).zip(&before).zip(weights) {
        let [m, v, w, new] = [*m, *v, *w, *new].map(f64::from);
        let g = m / 0.1;
        norm_squared += g * g;
        assert!((v - 0.001 * g * g).abs() <= 1e-4 * v + 1e-30);
        let expected = w * (1.0 - rate * 0.1) - rate * g / (g.abs() + 1e-8);
        assert!((new - expected).abs() < 1e-6, "{new} instead of {expected}");
    }
    assert!(report.gradient_norm > 1e-3);
    assert!((norm_squared.sqrt() / 1e-3 - 1.0).abs() < 1e-5, "clipped to {}", norm_squared.sqrt());
}

#[test]
fn a_step_that_is_not_finite_changes_nothing_and_ten_end_the_run() {
    let mut trainer = trainer(&toy::request());
    losses(&mut trainer, 2);
    let healthy = trainer.vectors.weights.clone();
    let bias = trainer.engine.layout().find("linear.bias").unwrap();
    trainer.vectors.weights[bias.start] = f32::NAN;
    let before = bits(&trainer);
    for step in 2..11 {
        let report = trainer.step().unwrap();
        assert!(report.skipped && report.loss.is_nan() && report.step == step);
    }
    assert_eq!(bits(&trainer), before);
    let message = trainer.step().unwrap_err().to_string();
    assert_eq!(
        message,
        "step 12: the gradient of linear.weight is not finite; 10 steps in a row were skipped"
    );
    assert_eq!(bits(&trainer), before);
    assert_eq!((trainer.updates(), trainer.skipped_in_a_row), (2, 10));

    trainer.vectors.weights = healthy;
    assert!(!trainer.step().unwrap().skipped);
    assert_eq!((trainer.updates(), trainer.skipped_in_a_row), (3, 0));
}

#[test]
fn an_absurd_learning_rate_ends_the_run_with_finite_weights() {
    let learning_rate =
        LearningRate { peak: 1e30, warmup: Warmup::Steps(0), decay: Decay::Constant };
    let mut trainer = trainer(&request(|settings| settings.learning_rate = learning_rate));
    let end = (0..100).try_for_each(|_| trainer.step().map(drop));
    assert!(matches!(end, Err(TrainError::NonFinite { in_a_row: 10, .. })), "{end:?}");
    assert!(bits(&trainer).into_iter().all(|bits| f32::from_bits(bits).is_finite()));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let refused = |request: &Request, engine: Toy| {
        Trainer::new(request, engine, toy::data()).unwrap_err().to_string()
    };
    let changed = |change: fn(&mut Shapes)| refused(&toy::request(), Toy::with_shapes(change));
    assert_eq!(
        changed(|shapes| shapes.input = vec![3, 4, 8]),
        "the network takes samples of shape [3, 4, 8], the data have [3]"
    );
    assert_eq!(
        changed(|shapes| shapes.output = vec![6]),
        "the network predicts shape [6], but with variance fixed-small [3] is needed"
    );
    assert_eq!(
        changed(|shapes| shapes.labels = Labels::Classes(2)),
        "the network takes 2 labels where the data need 3 labels"
    );
    assert_eq!(
        changed(|shapes| shapes.labels = Labels::None),
        "the network takes no labels where the data need 3 labels"
    );
    assert_eq!(
        changed(|shapes| shapes.timesteps = Some(999)),
        "the network has 999 timesteps, but the schedule has 1000"
    );
    let network = UNetConfig { dropout: 0.1, ..UNetConfig::default() }.into();
    assert_eq!(
        refused(&Request { network, ..toy::request() }, Toy::default()),
        "dropout 0.1 cannot be trained: only 0 can"
    );
    assert_eq!(
        refused(&request(|settings| settings.accumulate = 0), Toy::default()),
        "accumulate must be at least 1, not 0"
    );
    assert_eq!(
        refused(&request(|settings| settings.flip = true), Toy::default()),
        "samples of shape [3] cannot be mirrored: only pictures, of three axes, can"
    );
}

#[test]
fn the_end_of_a_plan_ends_the_run() {
    let learning_rate = LearningRate { peak: 1e-3, warmup: Warmup::Steps(0), decay: Decay::Cosine };
    let mut trainer = trainer(&request(|settings| {
        (settings.learning_rate, settings.steps) = (learning_rate, 1);
    }));
    trainer.step().unwrap();
    assert_eq!(trainer.step(), Err(TrainError::PastTheEnd { step: 2, total: 1 }));
    assert_eq!(trainer.steps(), 1);
}

#[test]
fn a_run_that_was_interrupted_continues_as_if_it_had_not_been() {
    let learning_rate = LearningRate { peak: 1e-3, warmup: Warmup::Steps(3), decay: Decay::Cosine };
    let request = request(|settings| {
        (settings.steps, settings.learning_rate) = (9, learning_rate);
        (settings.batch, settings.accumulate) = (3, 2);
    });
    let mut whole = trainer(&request);
    let expected = losses(&mut whole, 9);
    for stop in [0, 1, 4, 9] {
        let mut first = trainer(&request);
        let mut seen = losses(&mut first, stop);
        // Through a checkpoint.
        let state = first.checkpoint(about(), toy::data().sha256().unwrap()).unwrap().into_state();
        assert_eq!(state, first.state().unwrap());
        let mut second = Trainer::resume(&request, Toy::default(), toy::data(), &state).unwrap();
        assert_eq!(second.state().unwrap(), state);
        seen.extend(losses(&mut second, 9 - stop));
        assert_eq!(seen, expected, "stopped after {stop}");
        assert!(second.state().unwrap() == whole.state().unwrap(), "stopped after {stop}");
    }
}

#[test]
fn skipped_steps_are_counted_on_after_an_interruption() {
    let mut first = trainer(&toy::request());
    losses(&mut first, 1);
    let state = TrainState { steps: 5, skipped_in_a_row: 9, ..first.state().unwrap() };
    let mut broken = state.clone();
    broken.weights.insert("linear.bias", Array::from_f32(vec![3], &[f32::NAN; 3]).unwrap());
    let resume = |state: &TrainState| {
        Trainer::resume(&toy::request(), Toy::default(), toy::data(), state).unwrap()
    };
    let error = resume(&broken).step().unwrap_err();
    assert!(matches!(error, TrainError::NonFinite { step: 6, in_a_row: 10, .. }), "{error}");
    assert_eq!(resume(&state).step().unwrap().step, 5);
}

#[test]
fn the_state_of_another_network_is_refused_by_name() {
    let other = trainer(&toy::request());
    let resume = |change: &dyn Fn(&mut TrainState)| {
        let mut state = other.state().unwrap();
        change(&mut state);
        let resumed = Trainer::resume(&toy::request(), Toy::default(), toy::data(), &state);
        resumed.unwrap_err().to_string()
    };
    let extra = || Array::from_f32(vec![1], &[0.0]).unwrap();
    let in_moments = resume(&|state| drop(state.moments[1].insert("conv_9.bias", extra())));
    let in_average = resume(&|state| drop(state.average.insert("conv_9.bias", extra())));
    for message in [in_moments, in_average] {
        assert!(message.ends_with("unexpected: conv_9.bias"), "{message}");
    }
}

#[test]
fn a_training_starts_from_the_initial_values_and_learns() {
    let mut trainer = trainer(&request(|settings| {
        settings.learning_rate =
            LearningRate { peak: 3e-2, warmup: Warmup::Steps(0), decay: Decay::Constant };
        settings.steps = 300;
        settings.label_dropout = 0.0;
        settings.batch = 64;
    }));
    assert_eq!(trainer.vectors.weights, initial(trainer.engine.layout(), 3));
    let losses = losses(&mut trainer, 300);
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let (start, end) = (mean(&losses[..5]), mean(&losses[280..]));
    assert!(end < 0.5 * start, "{start} {end}");
}

#[test]
fn judging_changes_nothing_and_depends_on_no_batch() {
    let judged = |batch: usize| {
        let mut trainer = trainer(&request(|settings| settings.batch = batch));
        losses(&mut trainer, 3);
        let before = bits(&trainer);
        let [held_out, seen] = trainer.judge(&toy::data()).unwrap();
        assert_eq!(bits(&trainer), before);
        // The same data, with the same noise.
        assert_eq!(held_out, seen);
        let mean = held_out.bands.iter().sum::<f64>() / held_out.bands.len() as f64;
        assert!((mean - held_out.mean).abs() < 1e-12, "{held_out:?}");
        assert!(held_out.bands.iter().all(|loss| *loss > 0.0));
        // Weights of nothing predict 0, so that a loss is what the targets are.
        trainer.vectors.average.fill(0.0);
        let [still, _] = trainer.judge(&toy::data()).unwrap();
        let batch =
            trainer.source.evenly(&toy::data(), judgement::ROWS, 0..judgement::ROWS).unwrap();
        let squares = batch.target.iter().map(|x| f64::from(*x).powi(2));
        let expected = squares.sum::<f64>() / batch.target.len() as f64;
        assert!((still.mean - expected).abs() < 1e-9 * expected, "{} {expected}", still.mean);
        still
    };
    assert_eq!(judged(64), judged(7));
}

/// A request to train the toy with a variance half.
fn learned(loss: Loss, change: impl FnOnce(&mut Settings)) -> Request {
    let mut request = request(|settings| settings.loss = loss);
    request.scheduler.variance_type = VarianceType::LearnedRange;
    change(&mut request.training);
    request
}

/// A request whose timesteps are drawn by their losses, from the third step on.
fn resampled(loss: Loss) -> Request {
    let mut request = learned(loss, |settings| {
        settings.timestep_sampler = TimestepSampler::SecondMoment;
        (settings.batch, settings.accumulate) = (40, 2);
    });
    request.scheduler.num_train_timesteps = 4;
    request
}

fn doubled(request: &Request) -> Trainer<Toy> {
    Trainer::new(request, Toy::doubled(), toy::data()).unwrap()
}

#[test]
fn a_learned_variance_trains_all_outputs_and_labels_reach_both_halves() {
    for loss in [Loss::Hybrid, Loss::Vlb] {
        let mut trainer = doubled(&learned(loss, |settings| settings.label_dropout = 0.0));
        let (_, gradients, _) = trainer.gradients().unwrap();
        assert!(gradients[..24].iter().all(|slope| *slope != 0.0), "{loss}");
        // Both classes, and not the label that means "none".
        assert!(gradients[24..36].iter().all(|slope| *slope != 0.0), "{loss}");
        assert!(gradients[36..].iter().all(|slope| *slope == 0.0), "{loss}");
    }
}

#[test]
fn losses_of_learned_variances_do_not_depend_on_batches_and_threads() {
    for loss in [Loss::Hybrid, Loss::Vlb] {
        let run = |batch: usize, threads: usize| {
            let mut request = resampled(loss);
            (request.training.batch, request.training.accumulate) = (batch, 80 / batch);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut trainer = doubled(&request);
                (losses(&mut trainer, 6), trainer.state().unwrap())
            })
        };
        let whole = run(80, 1);
        for (batch, threads) in [(80, 2), (80, 3), (40, 2), (16, 3), (1, 1)] {
            assert!(run(batch, threads) == whole, "{loss}: batches of {batch}, {threads} threads");
        }
    }
}

#[test]
fn timesteps_follow_their_losses_after_an_interruption_too() {
    let request = resampled(Loss::Vlb);
    let mut whole = doubled(&request);
    let expected = losses(&mut whole, 8);
    assert!(!whole.state().unwrap().timestep_losses.is_empty());
    for stop in [0, 1, 5, 8] {
        let mut first = doubled(&request);
        let mut seen = losses(&mut first, stop);
        let state = first.checkpoint(about(), toy::data().sha256().unwrap()).unwrap().into_state();
        assert_eq!(state, first.state().unwrap());
        let mut second = Trainer::resume(&request, Toy::doubled(), toy::data(), &state).unwrap();
        seen.extend(losses(&mut second, 8 - stop));
        assert_eq!(seen, expected, "stopped after {stop}");
        assert!(second.state().unwrap() == whole.state().unwrap(), "stopped after {stop}");
    }
}

#[test]
fn the_losses_of_a_skipped_step_are_not_kept() {
    let mut trainer = doubled(&resampled(Loss::Hybrid));
    losses(&mut trainer, 4);
    let (before, bias) =
        (trainer.state().unwrap().timestep_losses, trainer.vectors.weights.len() - 1);
    let healthy = std::mem::replace(&mut trainer.vectors.weights[bias], f32::NAN);
    assert!(trainer.step().unwrap().skipped);
    assert_eq!(trainer.state().unwrap().timestep_losses, before);
    trainer.vectors.weights[bias] = healthy;
    assert!(!trainer.step().unwrap().skipped);
    assert_ne!(trainer.state().unwrap().timestep_losses, before);
}

#[test]
fn drawing_by_losses_leaves_the_mean_gradient_as_it_is() {
    // The gradient is a mean over timesteps: were samples not weighted, it would lean to the timesteps
    // that are drawn more often.
    let gradient = |trainer: &mut Trainer<Toy>| {
        let mut sum = vec![0.0; trainer.parameters()];
        for _ in 0..40 {
            let (_, gradients, _) = trainer.gradients().unwrap();
            sum.iter_mut().zip(gradients.iter()).for_each(|(sum, x)| *sum += f64::from(*x) / 40.0);
            trainer.step += 1;
        }
        sum
    };
    let settings = |sampler| {
        let mut request = resampled(Loss::Vlb);
        request.training.timestep_sampler = sampler;
        (request.training.batch, request.training.accumulate) = (4000, 1);
        request
    };
    let mut uniform = doubled(&settings(TimestepSampler::Uniform));
    let mut by_loss = doubled(&settings(TimestepSampler::SecondMoment));
    let sampler = by_loss.source.second_moment.as_mut().unwrap();
    sampler.record((0..4).flat_map(|t| [(t, 1.0 + t as f64); 10]));
    let (expected, found) = (gradient(&mut uniform), gradient(&mut by_loss));
    let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
    let off: Vec<f64> = expected.iter().zip(&found).map(|(a, b)| a - b).collect();
    assert!(norm(&off) < 0.02 * norm(&expected), "{} of {}", norm(&off), norm(&expected));
}

#[test]
fn timestep_losses_that_do_not_go_with_the_request_are_refused() {
    let request = resampled(Loss::Hybrid);
    let state = doubled(&request).state().unwrap();
    let refused = |request: &Request, state: &TrainState| {
        Trainer::resume(request, Toy::doubled(), toy::data(), state).unwrap_err().to_string()
    };
    let without = TrainState { timestep_losses: Weights::default(), ..state.clone() };
    assert!(refused(&request, &without).contains("losses"), "{}", refused(&request, &without));
    let mut uniform = request;
    uniform.training.timestep_sampler = TimestepSampler::Uniform;
    assert!(refused(&uniform, &state).ends_with("unexpected: losses"));
}

#[test]
fn any_number_of_ranks_and_threads_gives_the_run_of_one_process() {
    const STEPS: usize = 12;
    let request = learned(Loss::Vlb, |settings| {
        settings.timestep_sampler = TimestepSampler::SecondMoment;
        (settings.batch, settings.accumulate, settings.steps) = (11, 2, STEPS as u64);
    });
    let run = |cluster: &Cluster, threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut trainer = Trainer::new(&request, Toy::doubled(), toy::data()).unwrap();
            trainer = trainer.in_cluster(cluster).unwrap();
            let reports: Vec<_> = (0..STEPS).map(|_| trainer.step().unwrap()).collect();
            let judged = trainer.judge(&toy::data()).unwrap();
            (reports, trainer.state().unwrap(), judged)
        })
    };
    let alone = run(&Cluster::alone(), 1);
    // 22 rows are 6 leaves.
    for (ranks, threads) in [(1, 2), (2, 1), (3, 2), (5, 1), (6, 1)] {
        for found in on_threads(ranks, |cluster| run(&cluster, threads)) {
            assert!(found == alone, "{ranks} ranks of {threads} threads");
        }
    }
}

#[test]
fn the_training_of_rank_0_is_that_of_all_though_it_was_resumed_there_alone() {
    let request = request(|settings| (settings.batch, settings.steps) = (20, 9));
    let mut whole = trainer(&request);
    losses(&mut whole, 4);
    let state = whole.state().unwrap();
    let expected = (losses(&mut whole, 5), whole.state().unwrap());
    let found = on_threads(3, |cluster| {
        let mut trainer = if cluster.leads() {
            Trainer::resume(&request, Toy::default(), toy::data(), &state).unwrap()
        } else {
            trainer(&request)
        };
        trainer = trainer.in_cluster(&cluster).unwrap();
        (losses(&mut trainer, 5), trainer.state().unwrap())
    });
    assert!(found.iter().all(|found| *found == expected));
}

#[test]
fn ranks_skip_the_same_steps_and_name_the_same_parameter() {
    let request = request(|settings| (settings.batch, settings.steps) = (20, 30));
    let run = |cluster: Cluster| {
        let mut trainer = trainer(&request).in_cluster(&cluster).unwrap();
        losses(&mut trainer, 1);
        // A bias, which all predictions have.
        trainer.vectors.weights[10] = f32::INFINITY;
        let error = (0..20).find_map(|_| trainer.step().err()).unwrap();
        (trainer.steps(), error.to_string())
    };
    let alone = run(Cluster::alone());
    assert!(alone.1.contains("not finite"), "{}", alone.1);
    for ranks in [2, 3] {
        assert!(on_threads(ranks, run).iter().all(|found| *found == alone), "{ranks}");
    }
}

#[test]
fn each_rank_sends_what_the_cost_model_says() {
    let request = request(|settings| (settings.batch, settings.steps) = (64, 9));
    let sent = on_threads(2, |cluster| {
        let mut trainer = trainer(&request).in_cluster(&cluster).unwrap();
        losses(&mut trainer, 1);
        let before = cluster.sent();
        losses(&mut trainer, 1);
        let (sent, own) = (cluster.sent(), trainer.split.own().len());
        (sent.messages - before.messages, sent.bytes - before.bytes, own)
    });
    // Gradients that the other owns, 32 rows of losses, a piece of squares, own weights: 4 messages; the
    // one piece is rank 0's, which sums the rest of it too.
    let [(first, of_first, own), (second, of_second, others)] = sent[..] else {
        panic!("two ranks")
    };
    let all = own + others;
    assert_eq!((first, of_first), (4, 4 * others as u64 + 32 * 24 + 4 + 4 * own as u64));
    assert_eq!((second, of_second), (3, 4 * all as u64 + 32 * 24 + 4 * others as u64));
}
