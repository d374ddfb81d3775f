use super::*;
use crate::scheduler_config::SchedulerClass;

fn of(family: &AnySchedule, timesteps: usize) -> SchedulerConfig {
    let (prediction, variance) = (Prediction::Epsilon, Variance::FixedSmall);
    SchedulerConfig::of(family, timesteps, prediction, variance, Spacing::Trailing).unwrap()
}

fn alpha_bars(config: &SchedulerConfig) -> [f64; 3] {
    let schedule = config.schedule().unwrap();
    [0, 500, 999].map(|t| schedule.level(t).alpha_bar())
}

fn assert_near(found: [f64; 3], expected: [f64; 3]) {
    for (found, expected) in std::iter::zip(found, expected) {
        // Diffusers' single precision: 1e-6 at the ends, where it multiplies 1000 roundings.
        assert!((found - expected).abs() <= 2e-5 * expected, "{found} is not {expected}");
    }
}

#[test]
fn the_schedules_of_diffusers_have_its_values() {
    let linear = SchedulerConfig::default();
    let scaled = SchedulerConfig {
        beta_schedule: BetaSchedule::ScaledLinear,
        beta_start: 0.00085,
        beta_end: 0.012,
        ..SchedulerConfig::default()
    };
    let cosine = SchedulerConfig {
        beta_schedule: BetaSchedule::SquaredCosine,
        ..SchedulerConfig::default()
    };
    let sigmoid =
        SchedulerConfig { beta_schedule: BetaSchedule::Sigmoid, ..SchedulerConfig::default() };
    let laplace =
        SchedulerConfig { beta_schedule: BetaSchedule::Laplace, ..SchedulerConfig::default() };
    let rescaled = SchedulerConfig { rescale_betas_zero_snr: true, ..linear.clone() };
    assert_near(alpha_bars(&linear), [0.999_899_983, 0.077_796_652_9, 4.035_830_35e-5]);
    assert_near(alpha_bars(&scaled), [0.999_149_978, 0.276_332_468, 4.660_095_09e-3]);
    assert_near(alpha_bars(&cosine), [0.999_958_694, 0.492_285_043, 2.428_734_99e-9]);
    assert_near(alpha_bars(&sigmoid), [0.999_850_81, 0.298_887_581, 3.968_182_14e-5]);
    assert_near(alpha_bars(&laplace), [0.978_846_252, 0.707_283_437, 0.031_622_774_9]);
    assert_near(alpha_bars(&rescaled), [0.999_899_983, 0.075_246_2, 0.0]);
}

#[test]
fn every_family_comes_back_as_the_schedule_it_was() {
    for info in AnySchedule::all().iter().map(AnySchedule::info) {
        for timesteps in [25, 1000] {
            let family = AnySchedule::parse(info.name, timesteps).unwrap();
            let config = of(&family, timesteps);
            config.validate().unwrap();
            let read = SchedulerConfig::from_json(config.to_json().as_bytes()).unwrap().config;
            assert_eq!(read.schedule().unwrap(), family.schedule(timesteps).unwrap());
        }
    }
}

#[test]
fn families_that_diffusers_knows_keep_their_names() {
    let family = AnySchedule::ScaledLinear(ScaledLinear { start: 0.001, end: 0.01 });
    let config = of(&family, 1000);
    assert_eq!(config.beta_schedule.name(), "scaled_linear");
    assert_eq!((config.beta_start, config.beta_end), (0.001, 0.01));
    assert_eq!(config.trained_betas, None);
}

#[test]
fn trained_betas_win_over_the_named_schedule() {
    let betas = vec![0.1, 0.2, 0.5];
    let config = SchedulerConfig {
        num_train_timesteps: 3,
        trained_betas: Some(betas.clone()),
        ..SchedulerConfig::default()
    };
    let schedule = config.schedule().unwrap();
    assert!((schedule.level(2).alpha_bar() - 0.9 * 0.8 * 0.5).abs() < 1e-15);
    let wrong = SchedulerConfig { trained_betas: Some(vec![0.1, 1.5, 0.5]), ..config };
    assert!(wrong.schedule().unwrap_err().to_string().contains("1.5"));
}

#[test]
fn keys_of_diffusers_and_back() {
    for &prediction in PredictionType::ALL {
        assert_eq!(PredictionType::from(Prediction::from(prediction)), prediction);
    }
    assert_eq!(Prediction::from(PredictionType::Sample), Prediction::X0);
    let variances = VarianceType::ALL.iter().map(|&variance| Variance::from(variance));
    assert_eq!(
        variances.collect::<Vec<_>>(),
        [
            Variance::FixedSmall,
            Variance::FixedSmall,
            Variance::FixedLarge,
            Variance::FixedLarge,
            Variance::Learned,
            Variance::LearnedRange
        ]
    );
    for variance in [Variance::FixedSmall, Variance::FixedLarge, Variance::LearnedRange] {
        assert_eq!(Variance::from(VarianceType::from(variance)), variance);
    }
}

#[test]
fn ddim_has_the_posteriors_variance_whatever_the_key_says() {
    let config = SchedulerConfig {
        class: SchedulerClass::Ddim,
        variance_type: VarianceType::FixedLarge,
        ..SchedulerConfig::default()
    };
    assert_eq!(config.variance(), Variance::FixedSmall);
}

#[test]
fn spacings_carry_their_offset() {
    let family = AnySchedule::parse("linear", 1000).unwrap();
    for spacing in [
        Spacing::Leading { offset: 0 },
        Spacing::Leading { offset: 1 },
        Spacing::Linspace,
        Spacing::Trailing,
    ] {
        let (v, range) = (Prediction::V, Variance::LearnedRange);
        let config = SchedulerConfig::of(&family, 1000, v, range, spacing).unwrap();
        assert_eq!(config.spacing(), spacing);
        assert_eq!((config.prediction(), config.variance()), (v, range));
    }
}
