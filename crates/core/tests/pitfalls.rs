//! Small inputs on which solvers of diffusion models are known to fail, for every sampler that they
//! concern.

use std::convert::Infallible;

use ancestral::denoiser::Clipped;
use ancestral::exact::Gaussian;
use ancestral::grid::LevelSpacing;
use ancestral::sampler::{Ddim, Ddpm, Dpmpp2m, Step};
use ancestral::schedule::{Betas, Cosine};
use ancestral::{
    AnySampler, Batch, Grid, Level, Network, NeverDrawn, Noise, Point, Prediction, Sample,
    SampleNoise, Sampler, Schedule, Spacing, Variance, compat, from_fn,
};

const DATA: Gaussian = Gaussian { mean: 0.3, std: 0.2 };
const KARRAS: LevelSpacing = LevelSpacing::Karras { rho: 7.0 };

fn steps<X>(run: impl Iterator<Item = Result<Step<X>, Infallible>>) -> Vec<Step<X>> {
    run.map(|step| step.unwrap_or_else(|never| match never {})).collect()
}

fn cosine() -> Schedule {
    Cosine::default().schedule(1000).expect("betas of the family are valid")
}

/// Grids of every kind on schedules with and without pure noise at their end.
fn grids(count: usize) -> Vec<Grid> {
    let linear = Schedule::linear_1000();
    let to_noise = linear.rescale_zero_terminal_snr().expect("1000 timesteps");
    let on = |schedule: &Schedule| {
        let timesteps = Spacing::ALL.map(|spacing| Grid::new(schedule, spacing, count));
        let levels = LevelSpacing::ALL.map(|spacing| Grid::new(schedule, spacing, count));
        timesteps.into_iter().chain(levels).map(|grid| grid.expect("few steps")).collect::<Vec<_>>()
    };
    [linear, to_noise, cosine()].iter().flat_map(on).collect()
}

fn bits(steps: &[Step<Batch>]) -> Vec<u32> {
    steps.iter().flat_map(|step| step.x.data().iter().map(|x| x.to_bits())).collect()
}

#[test]
fn singlestep_with_counts_that_are_no_multiple_of_the_order() {
    for order in 1..=3 {
        for form in ["noise", "data"] {
            let text = format!("dpm-solver:order={order},form={form}");
            let AnySampler::DpmSolver(solver) = text.parse().unwrap() else { unreachable!() };
            assert_eq!(solver.info().order, order);
            for count in [5, 8, 11, 14] {
                let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, count).unwrap();
                let (mut data, mut noise) = (DATA, NeverDrawn);
                let steps = steps(solver.run(&grid, 0.9_f64, &mut data, &mut noise));
                assert!(steps.iter().all(|step| step.x.is_finite()), "{text}, {count} steps");
                assert_eq!(steps[count - 1].x, steps[count - 1].x0, "{text}, {count} steps");
            }
        }
    }
}

/// A network that says ½ x, whatever it is asked.
struct Halves;

impl Network for Halves {
    type Error = Infallible;

    fn predict(
        &mut self,
        x: &Batch,
        _timesteps: &[f64],
        _labels: Option<&[u32]>,
    ) -> Result<Batch, Infallible> {
        Ok(Batch::combine(&[(0.5, x)]))
    }
}

#[test]
fn the_peers_singlestep_list_with_counts_that_are_no_multiple_of_the_order() {
    for count in [5, 8, 11, 14] {
        let config = compat::Config { clip: None, ..compat::Config::default() };
        let options =
            compat::DpmSinglestepOptions { order: 3, ..compat::DpmSinglestepOptions::default() };
        let scheduler = compat::DpmSolverSinglestepScheduler::new(config, options, count).unwrap();
        let (x, mut noise) = (Batch::new(vec![2], vec![0.9, -1.4]), NeverDrawn);
        let steps: Vec<compat::SchedulerStep> =
            compat::SchedulerRun::new(&scheduler, x, &mut Halves, &mut noise)
                .map(Result::unwrap)
                .collect();
        let is_finite = |step: &compat::SchedulerStep| step.x.data().iter().all(|x| x.is_finite());
        assert!(steps.len() == count && steps.iter().all(is_finite), "{count} steps: {steps:?}");
        assert_eq!(steps[count - 1].x, steps[count - 1].x0, "{count} steps");
    }
}

#[test]
fn a_cosine_schedule_with_karras_levels_has_as_many_points_as_were_asked_for() {
    // Cut to integers the first nine of these timesteps would be one.
    let grid = Grid::new(&cosine(), KARRAS, 20).unwrap();
    let mut asked = Vec::new();
    let mut denoiser = from_fn(|x: &f64, at: Point| {
        asked.push(at);
        0.5 * x
    });
    let mut noise = NeverDrawn;
    let steps = steps(Dpmpp2m::default().run(&grid, 1.0, &mut denoiser, &mut noise));
    assert_eq!((asked.len(), asked.as_slice()), (20, grid.points()));
    let sigmas: Vec<f64> = grid
        .points()
        .iter()
        .map(|point| point.level.karras_sigma())
        .chain([steps[19].hop.to().level.karras_sigma()])
        .collect();
    assert!(sigmas.windows(2).all(|pair| pair[0] > pair[1]), "{sigmas:?}");
    assert_eq!(sigmas[20], 0.0);
}

#[test]
fn two_runs_of_one_object_are_the_same() {
    for sampler in AnySampler::all() {
        for grid in grids(7) {
            let run = || {
                let mut noise = SampleNoise::new(3, 0..2);
                let start = noise.start(vec![2]);
                let mut data = DATA;
                bits(&steps(sampler.run(&grid, start, &mut data, &mut noise)))
            };
            assert_eq!(run(), run(), "{sampler}");
        }
    }
}

#[test]
fn one_and_two_steps_are_finite_and_end_on_the_clean_estimate() {
    for sampler in AnySampler::all() {
        for count in [1, 2] {
            for grid in grids(count) {
                let mut noise = SampleNoise::new(5, [0]);
                let mut data = DATA;
                let steps = steps(sampler.run(&grid, 1.1_f64, &mut data, &mut noise));
                assert_eq!(steps.len(), count);
                assert!(steps.iter().all(|step| step.x.is_finite()), "{sampler}: {steps:?}");
                assert_eq!(steps[count - 1].x, steps[count - 1].x0, "{sampler}");
            }
        }
    }
}

#[test]
fn every_step_changes_the_sample_and_no_level_is_visited_twice() {
    let grid = Grid::new(&Schedule::linear_1000(), KARRAS, 10).unwrap();
    let levels: Vec<f64> = grid.hops().map(|hop| hop.to().level.karras_sigma()).collect();
    assert!(levels.windows(2).all(|pair| pair[0] > pair[1]) && levels[9] == 0.0, "{levels:?}");
    for sampler in AnySampler::all() {
        let mut noise = SampleNoise::new(5, [0]);
        let (mut data, mut before) = (DATA, 1.1_f64);
        for step in steps(sampler.run(&grid, before, &mut data, &mut noise)) {
            assert!(step.x != before, "{sampler}: {step:?}");
            before = step.x;
        }
    }
}

#[test]
fn from_timestep_0_ddim_ends_on_the_clean_estimate_and_the_peer_where_it_is_told() {
    let schedule = Schedule::linear_1000();
    let (x, epsilon) = (0.8_f32, -0.6_f32);
    let alpha_bar = schedule.level(0).alpha_bar();
    let x0 = (f64::from(x) - (1.0 - alpha_bar).sqrt() * f64::from(epsilon)) / alpha_bar.sqrt();
    let grid = Grid::from_timesteps(&schedule, &[0]).unwrap();
    let mut denoiser = from_fn(|_: &f64, _: Point| x0);
    let mut noise = NeverDrawn;
    let last = steps(Ddim::default().run(&grid, f64::from(x), &mut denoiser, &mut noise));
    assert_eq!(last[0].x, x0);

    let batch = |value| Batch::new(vec![1], vec![value]);
    for (set_alpha_to_one, expected) in
        [(true, x0), (false, x0 * alpha_bar.sqrt() + f64::from(epsilon) * (1.0 - alpha_bar).sqrt())]
    {
        use compat::Scheduler;
        let config = compat::Config { clip: None, ..compat::Config::default() };
        let options = compat::DdimOptions { set_alpha_to_one, ..compat::DdimOptions::default() };
        let theirs = compat::DdimScheduler::new(config, options, 10).unwrap();
        let mut history = compat::History::default();
        // 900, 800, … 0.
        let found = theirs.step(9, batch(epsilon), &batch(x), &mut history, &mut NeverDrawn);
        let found = found.x.data()[0];
        assert!((f64::from(found) - expected).abs() < 1e-6, "{set_alpha_to_one}: {found}");
        // Diffusers' own end is said to be one.
        assert_eq!(theirs.differences().is_empty(), set_alpha_to_one, "{:?}", theirs.differences());
    }
}

#[test]
fn noise_at_the_cleanest_timesteps_of_data_in_half_precision() {
    // bf16 keeps 8 bits: cast to it, ᾱ is 1 at all of these timesteps, and nothing would be added.
    const COUNT: u16 = 20_000;
    let bf16 = |value: f32| f32::from_bits(value.to_bits() & 0xffff_0000);
    let data = (0..COUNT).map(|i| bf16(2.0 * f32::from(i) / f32::from(COUNT) - 1.0));
    let data = Batch::new(vec![usize::from(COUNT)], data.collect());
    let schedule = Schedule::linear_1000();
    for timestep in 0..10 {
        let level = schedule.level(timestep);
        assert_eq!(level, Schedule::linear_1000().level(timestep), "a second call");
        let z: Batch = SampleNoise::new(1, [timestep as u64]).draw(&data);
        let x = Batch::combine(&[(level.alpha(), &data), (level.sigma(), &z)]);
        let added = std::iter::zip(x.data(), data.data())
            .map(|(x, x0)| f64::from(*x) - level.alpha() * f64::from(*x0));
        let std = (added.map(|noise| noise * noise).sum::<f64>() / f64::from(COUNT)).sqrt();
        // The standard deviation of 20000 normals is known to 0.5 %; the seeds are fixed.
        let truth = (1.0 - level.alpha_bar()).sqrt();
        assert!((std / truth - 1.0).abs() < 0.01, "timestep {timestep}: {std}, not {truth}");
    }
    assert!((schedule.level(0).sigma() - 0.01).abs() < 1e-8);
}

#[test]
fn a_cosine_schedule_and_a_network_that_knows_nothing_stay_within_a_clip() {
    let schedule = cosine();
    // What multiplies any error of ε in the first clean estimate.
    let amplification = 1.0 / schedule.noisiest().alpha();
    assert!((amplification - 20_291.0).abs() < 1.0, "{amplification}");
    let grid = Grid::new(&schedule, Spacing::Trailing, 1000).unwrap();
    let nothing = |x: &Batch, at: Point| Prediction::Epsilon.x0(x, zeros(x), at.level);
    for variance in [Variance::FixedSmall, Variance::FixedLarge] {
        let mut noise = SampleNoise::new(2, 0..4);
        let start = noise.start(vec![3]);
        let mut clipped = Clipped::new(from_fn(nothing), 1.0).unwrap();
        let steps = steps(Ddpm::new(variance).run(&grid, start, &mut clipped, &mut noise));
        assert!(steps[999].x.data().iter().all(|x| x.abs() <= 1.0), "{:?}", steps[999].x);
    }
}

fn zeros(x: &Batch) -> Batch {
    Batch::zeros(x.rows(), x.row_shape().to_vec())
}

#[test]
fn where_there_is_no_signal_nothing_of_v_is_undefined() {
    let level = Level::NOISE;
    assert_eq!(level.snr(), 0.0);
    // The weight of a loss on v that is held to SNR γ: min(SNR, γ)/(SNR + 1).
    assert_eq!(level.snr().min(5.0) / (level.snr() + 1.0), 0.0);
    let (on_x0, on_epsilon) = Prediction::V.target(level);
    assert_eq!((on_x0, on_epsilon), (-1.0, 0.0));
    assert_eq!(Prediction::V.x0(&0.7, -0.4, level), 0.4);
}
