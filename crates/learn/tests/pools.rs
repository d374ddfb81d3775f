//! Trainings run in the thread pool of their caller.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;

use ancestral_cpu::train::TrainingNetwork;
use ancestral_learn::{Optimizer, Reader, Recipe, Source, Trainer, TrainingSet};
use rayon::ThreadPoolBuilder;

/// Pictures by formula.
#[derive(Debug)]
struct Waves;

impl Reader for Waves {
    fn rows(&self) -> usize {
        40
    }

    fn are_bytes(&self) -> bool {
        false
    }

    fn read(&self, index: usize, row: &mut [f32]) -> Result<(), String> {
        let values = row.iter_mut().enumerate();
        values.for_each(|(i, value)| *value = (0.3 * (index + i) as f32).sin());
        Ok(())
    }

    fn checksum(&self) -> Option<[u8; 32]> {
        None
    }
}

/// The losses of a training whose rows are in memory, or read by threads ahead of it.
fn losses(are_in_memory: bool) -> Vec<u64> {
    let budget = if are_in_memory { u64::MAX } else { 0 };
    let data = TrainingSet::read(vec![1, 8, 8], Arc::new(Waves), budget).unwrap();
    let recipe = Recipe {
        steps: Some(3),
        batch: Some(6),
        width: Some(vec![8, 16]),
        optimizer: Some(Optimizer::Muon),
        groups: Some(4),
        hold_out: 0.1,
        ..Recipe::default()
    };
    let data = recipe.grouped(data).unwrap();
    let request = recipe.request(Source::plain("test"), &data).unwrap();
    let network = TrainingNetwork::new(request.training.precision, &request.network).unwrap();
    let mut trainer = Trainer::new(&request, network, data).unwrap();
    (0..3).map(|_| trainer.step().unwrap().loss.to_bits()).collect()
}

#[test]
fn trainings_run_in_the_pool_of_their_caller_and_give_the_same_bits_in_every_pool() {
    let run = |threads: usize| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| [losses(true), losses(false)])
    };
    let one = run(1);
    assert_eq!(one[0], one[1]);
    assert!(one == run(2) && one == run(3));
    // Had anything run in the global pool, it would be there already.
    ThreadPoolBuilder::new().num_threads(1).build_global().unwrap();
}
