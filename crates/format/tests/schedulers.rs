//! The schedulers of all classes: by hand as in a loop, and our samplers for them and back.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::convert::Infallible;

use ancestral::compat::{History, Position, SchedulerRun};
use ancestral::{AnySampler, Batch, Network, SampleNoise, Sampler};
use ancestral_format::{SchedulerClass, SchedulerConfig};

/// A network that is not linear, and depends on the time.
struct Waves;

impl Network for Waves {
    type Error = Infallible;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        _labels: Option<&[u32]>,
    ) -> Result<Batch, Infallible> {
        #[expect(clippy::cast_possible_truncation, reason = "any f32 will do")]
        let t = timesteps[0] as f32 / 1000.0;
        Ok(Batch::new(
            x.row_shape().to_vec(),
            x.data().iter().map(|x| (2.0 * x + t).sin()).collect(),
        ))
    }
}

/// The defaults of each class, and PNDM without its Runge-Kutta steps.
fn configs() -> Vec<SchedulerConfig> {
    let mut skipping = SchedulerClass::Pndm.defaults();
    skipping.solver.skip_prk_steps = true;
    SchedulerClass::ALL.iter().map(|class| class.defaults()).chain([skipping]).collect()
}

#[test]
fn steps_by_hand_are_those_of_a_run() {
    for config in configs() {
        let scheduler = config.scheduler(config.compat(), 10).unwrap();
        let start = || {
            let mut noise = SampleNoise::new(7, 0..3);
            (noise.start(vec![4]), noise)
        };
        let (x, mut noise) = start();
        let mut network = Waves;
        let run = SchedulerRun::new(&*scheduler, x, &mut network, &mut noise);
        let expected: Vec<Batch> = run.map(|step| step.unwrap().x).collect();

        let (x, mut noise) = start();
        let std = f64::from(scheduler.start_std());
        let mut x = ancestral::sample::Elementwise::map(x, |x| x * std);
        let mut history = History::default();
        for (index, timestep) in scheduler.timesteps().into_iter().enumerate() {
            let scale = scheduler.input_scale(index);
            let seen = x.data().iter().map(|x| x / scale).collect();
            let seen = Batch::new(vec![4], seen);
            let Ok(output) = Waves.predict(&seen, &[timestep; 3], None);
            x = scheduler.step(index, output, &x, &mut history, &mut noise).x;
            assert_eq!(x, expected[index], "{} at {timestep}", config.class);
        }

        let (x, mut noise) = start();
        let mut position = Position::new(&*scheduler, x);
        while let Some(timestep) = position.timestep() {
            let seen = position.input(&*scheduler);
            let Ok(output) = Waves.predict(&seen, &[timestep; 3], None);
            position.advance(&*scheduler, output, &mut noise);
        }
        assert_eq!(position.x(), expected.last().unwrap(), "{}", config.class);
    }
}

#[test]
fn our_sampler_for_a_class_leads_back_to_it() {
    for config in configs() {
        let (class, solver) = SchedulerClass::of(&config.sampler()).unwrap();
        assert_eq!(class, config.class);
        if let Some((order, algorithm)) = solver {
            let found = (config.solver.solver_order, config.solver.algorithm_type);
            assert_eq!((order, algorithm), found);
        }
    }
    let without: Vec<_> = AnySampler::all()
        .iter()
        .filter(|sampler| SchedulerClass::of(sampler).is_none())
        .map(|sampler| sampler.info().name)
        .collect();
    assert_eq!(without, ["dpmpp-2s-ancestral", "dpmpp-sde"]);
}
