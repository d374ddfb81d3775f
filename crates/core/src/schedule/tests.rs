use super::*;
use crate::batch::Batch;
use crate::denoiser::Clipped;
use crate::grid::{Grid, Spacing};
use crate::noise::{Noise, SampleNoise};
use crate::sampler::{Ddpm, Sampler};

fn named(text: &str, timesteps: usize) -> Result<Schedule, ScheduleError> {
    AnySchedule::parse(text, timesteps)?.schedule(timesteps)
}

#[test]
fn alpha_bar_as_the_peer_has_it() {
    // diffusers 0.42.1 (f32 tables; 5e-7 relative is their rounding), timesteps 0, 500, 999.
    for (name, expected) in [
        ("linear", [0.999_899_983, 0.077_796_652_9, 4.035_830_35e-5]),
        ("scaled-linear", [0.999_149_978, 0.276_332_468, 4.660_095_09e-3]),
        ("cosine", [0.999_958_694, 0.492_285_043, 2.428_734_99e-9]),
        ("sigmoid", [0.999_850_81, 0.298_887_581, 3.968_182_14e-5]),
        ("laplace", [0.978_846_252, 0.707_283_437, 0.031_622_774_9]),
    ] {
        let schedule = named(name, 1000).unwrap();
        for (timestep, expected) in std::iter::zip([0, 500, 999], expected) {
            let found = schedule.level(timestep).alpha_bar();
            // In f32 one step of the table is 6e-8, of which the cumulative product makes 2e-5 at
            // the noisy end of the cosine.
            assert!((found / expected - 1.0).abs() < 2e-5, "{name} at {timestep}: {found}");
        }
    }
}

#[test]
fn cosine_betas_as_computed_in_exact_arithmetic() {
    let betas = Cosine::default().betas(1000);
    assert!((betas[0] / 4.128_422e-5 - 1.0).abs() < 2e-7);
    assert!((betas[1] / 4.614_175e-5 - 1.0).abs() < 2e-7);
    assert_eq!(betas.iter().filter(|beta| **beta == 0.999).count(), 1);
    let schedule = Cosine::default().schedule(1000).unwrap();
    assert!((schedule.level(0).alpha_bar() - 0.999_958_716).abs() < 5e-10);
    assert!((schedule.level(999).alpha_bar() / 2.428_767e-9 - 1.0).abs() < 5e-7);
    for (timestep, lambda) in
        [(995, -5.078), (996, -5.365), (997, -5.771), (998, -6.464), (999, -9.918)]
    {
        assert!((schedule.level(timestep).lambda() - lambda).abs() < 6e-4, "{timestep}");
    }
    let short = Cosine::default().schedule(250).unwrap();
    assert!(short.level(0).alpha_bar() < 1.0 && short.level(0).sigma() > 0.0);
}

#[test]
fn laplace_betas_as_the_peer_has_them() {
    // diffusers 0.42.1: f64, rounded once to f32.
    let betas = Laplace::default().betas(1000);
    for (timestep, expected) in [
        (0, 0.021_153_757_348_656_654),
        (1, 0.008_747_813_291_847_706),
        (249, 0.000_414_714_013_459_160_9),
        (499, 0.000_250_156_212_132_424_1),
        (500, 0.000_250_031_385_803_595_2),
        (749, 0.000_584_204_157_348_722_2),
        (998, 0.151_629_656_553_268_43),
        (999, 0.847_252_607_345_581),
    ] {
        let found = betas[timestep];
        assert!((found / expected - 1.0).abs() < 6e-8, "{timestep}: {found} is not {expected}");
    }
    for timesteps in [1, 2, 3, 50, 4000] {
        assert!(Laplace::default().schedule(timesteps).is_ok(), "{timesteps}");
    }
}

#[test]
fn betas_come_back_from_the_levels() {
    for name in ["linear", "cosine", "sigmoid", "scaled-linear", "laplace"] {
        let family = AnySchedule::parse(name, 1000).unwrap();
        let betas = match &family {
            AnySchedule::Linear(f) => f.betas(1000),
            AnySchedule::ScaledLinear(f) => f.betas(1000),
            AnySchedule::Cosine(f) => f.betas(1000),
            AnySchedule::Sigmoid(f) => f.betas(1000),
            AnySchedule::Laplace(f) => f.betas(1000),
        };
        let schedule = family.schedule(1000).unwrap();
        for (timestep, beta) in betas.iter().enumerate() {
            let found = schedule.beta(timestep);
            assert!((found / beta - 1.0).abs() < 1e-11, "{name} {timestep}: {found} is not {beta}");
        }
    }
}

#[test]
fn zero_terminal_snr_as_published() {
    let schedule = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
    assert_eq!(schedule.noisiest(), Level::NOISE);
    assert!((schedule.level(0).alpha_bar() - 0.9999).abs() < 1e-15);
    assert!((schedule.level(500).alpha_bar() - 0.075_246_2).abs() < 5e-8);
    assert!((schedule.level(998).alpha_bar() / 4.2133e-9 - 1.0).abs() < 2e-5);
    assert_eq!(schedule.beta(999), 1.0);
    let one = Schedule::from_betas(&[0.5]).unwrap();
    let error = one.rescale_zero_terminal_snr().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a schedule of 1 timestep can't be rescaled to zero terminal SNR: it needs at least 2"
    );
}

#[test]
fn default_betas_are_scaled_to_the_number_of_timesteps() {
    for (timesteps, alpha_bar) in [(100, 2.0390e-5), (50, 7.7e-6), (1000, 4.0358e-5)] {
        let found = named("linear", timesteps).unwrap().noisiest().alpha_bar();
        assert!((found / alpha_bar - 1.0).abs() < 1e-2, "T = {timesteps}: {found}");
    }
    let error = named("linear", 20).unwrap_err().to_string();
    assert!(error.contains("20 timesteps") && error.contains("at least 21"), "{error}");
    assert!(named("linear", 21).is_ok());
    // The user's own betas are kept.
    let own = named("linear:start=1e-4,end=0.02", 100).unwrap();
    assert!((own.noisiest().alpha_bar() - 0.3636).abs() < 1e-4);
}

#[test]
fn betas_out_of_range_are_refused_by_place_and_value() {
    let error = |betas: &[f64]| Schedule::from_betas(betas).unwrap_err().to_string();
    assert_eq!(error(&[0.1, 1.02, 0.1]), "beta 1.02 at timestep 1 is outside (0, 1)");
    assert_eq!(error(&[0.0]), "beta 0.0 at timestep 0 is outside (0, 1)");
    assert_eq!(error(&[1.0, 0.5]), "beta 1.0 at timestep 0 is outside (0, 1)");
    assert!(error(&[f64::NAN]).contains("NaN"));
    assert_eq!(error(&[]), "a schedule has at least 1 timestep, found 0");
    assert_eq!(Schedule::from_betas(&[0.5, 1.0]).unwrap().noisiest(), Level::NOISE);
}

#[test]
fn names_and_options_are_refused_by_name() {
    let error = |text| named(text, 1000).unwrap_err().to_string();
    assert_eq!(
        error("cosin"),
        "unknown schedule \"cosin\": expected one of linear, scaled-linear, cosine, sigmoid, \
         laplace"
    );
    assert_eq!(error("cosine:start=1"), "cosine has no option \"start\": it takes none");
    assert_eq!(error("linear:end=2"), "option end=2 of linear: expected a beta in (0, 1)");
}

#[test]
fn a_level_between_two_timesteps_has_a_fraction() {
    let schedule = Schedule::linear_1000();
    let (a, b) = (schedule.level(41).lambda(), schedule.level(42).lambda());
    let level = Level::from_lambda(0.25 * a + 0.75 * b).unwrap();
    assert!((schedule.timestep(level) - 41.75).abs() < 1e-9);
    assert!((schedule.timestep(schedule.level(7)) - 7.0).abs() < 1e-12);
    assert_eq!(schedule.timestep(Level::CLEAN), 0.0);
    assert_eq!(schedule.timestep(Level::NOISE), 999.0);
}

#[test]
fn levels_near_pure_noise_have_timesteps_too() {
    let schedule = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
    assert_eq!(schedule.timestep(Level::NOISE), 999.0);
    for timestep in 0..1000 {
        assert_eq!(schedule.timestep(schedule.level(timestep)), timestep as f64);
    }
    // Half the signal of timestep 998 is half way to 999.
    let half = Level::from_alpha_bar(schedule.level(998).alpha_bar() / 4.0).unwrap();
    assert!((schedule.timestep(half) - 998.5).abs() < 1e-9);
    // Also where the signal of the neighbour is below the least f64.
    let faint = Schedule::from_levels(vec![Level::from_lambda(-800.0).unwrap(), Level::NOISE]);
    assert_eq!(faint.unwrap().timestep(Level::NOISE), 1.0);
}

#[test]
fn near_clean_data_noise_is_never_lost() {
    // At t = 0 .. 9 an ᾱ in half precision is 1; σ must be √(1−ᾱ), to rounding.
    let schedule = Schedule::linear_1000();
    let mut alpha_bar = 1.0;
    for timestep in 0..10 {
        alpha_bar *= 1.0 - (1e-4 + timestep as f64 * (0.02 - 1e-4) / 999.0);
        let sigma = schedule.level(timestep).sigma();
        assert!((sigma / f64::sqrt(1.0 - alpha_bar) - 1.0).abs() < 1e-11);
    }
}

#[test]
fn a_network_of_zeros_on_the_cosine_schedule_stays_in_range_when_clipped() {
    let schedule = Cosine::default().schedule(1000).unwrap();
    let amplification = 1.0 / schedule.noisiest().alpha();
    assert!((amplification / 20_291.0 - 1.0).abs() < 1e-4, "{amplification}");
    let grid = Grid::new(&schedule, Spacing::Trailing, 1000).unwrap();
    let epsilon_0 = |x: &Batch, at: Point| crate::Sample::combine(&[(1.0 / at.level.alpha(), x)]);
    let mut noise = SampleNoise::new(1, 0..4);
    let x = noise.draw(&Batch::zeros(4, vec![8]));
    let mut denoiser = Clipped::new(crate::from_fn(epsilon_0), 1.0).unwrap();
    let Ok(last) = Ddpm::default().run(&grid, x, &mut denoiser, &mut noise).last().unwrap();
    assert!(last.x.data().iter().all(|x| x.abs() <= 1.0), "{:?}", last.x);
}

#[test]
fn every_family_reads_back_from_its_text() {
    for family in AnySchedule::all() {
        for timesteps in [10, 1000] {
            let text = family.to_string();
            assert_eq!(AnySchedule::parse(&text, timesteps).as_ref(), Ok(&family), "{text}");
        }
        let name = family.info().name;
        assert_eq!(AnySchedule::parse(name, 1000).as_ref(), Ok(&family), "{name}");
    }
    let half = AnySchedule::parse("linear:end=0.5", 1000).unwrap();
    assert_eq!(half.to_string(), "linear:start=0.0001,end=0.5");
}
