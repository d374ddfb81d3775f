//! Trainings of networks of the CPU on several ranks, which are threads here.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ancestral_cluster::{Cluster, on_threads};
use ancestral_cpu::train::TrainingNetwork;
use ancestral_learn::{
    Optimizer, Reader, Recipe, Request, Source, StepReport, TrainState, Trainer, TrainingSet,
};
use rayon::ThreadPoolBuilder;

const STEPS: u64 = 60;

/// Pictures by formula, whose reads are counted.
#[derive(Debug, Default)]
struct Waves {
    read: AtomicUsize,
}

impl Reader for Waves {
    fn rows(&self) -> usize {
        40
    }

    fn are_bytes(&self) -> bool {
        false
    }

    fn read(&self, index: usize, row: &mut [f32]) -> Result<(), String> {
        self.read.fetch_add(1, Ordering::Relaxed);
        let values = row.iter_mut().enumerate();
        values.for_each(|(i, value)| *value = (0.3 * (index + i) as f32).sin());
        Ok(())
    }

    fn checksum(&self) -> Option<[u8; 32]> {
        None
    }
}

/// Pictures that are read as they are needed.
fn pictures(waves: &Arc<Waves>) -> TrainingSet {
    TrainingSet::read(vec![1, 8, 8], Arc::clone(waves) as Arc<dyn Reader>, 0).unwrap()
}

fn request(data: &TrainingSet, recipe: Recipe) -> Request {
    let recipe = Recipe { steps: Some(STEPS), width: Some(vec![8, 8]), ..recipe };
    recipe.request(Source::plain("test"), data).unwrap()
}

/// Trains up to a step, from the start or, on rank 0, from a state.
fn trained(
    cluster: &Cluster,
    threads: usize,
    request: &Request,
    from: Option<&TrainState>,
    until: u64,
) -> (Vec<StepReport>, TrainState) {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let data = pictures(&Arc::default());
        let network = TrainingNetwork::new(request.training.precision, &request.network).unwrap();
        let trainer = match from.filter(|_| cluster.leads()) {
            None => Trainer::new(request, network, data),
            Some(state) => Trainer::resume(request, network, data, state),
        };
        let mut trainer = trainer.unwrap().in_cluster(cluster).unwrap();
        let mut reports = Vec::new();
        while trainer.steps() < until {
            reports.push(trainer.step().unwrap());
        }
        (reports, trainer.state().unwrap())
    })
}

#[test]
fn sixty_steps_have_the_bits_of_one_process_on_any_number_of_ranks_and_threads() {
    for optimizer in [Optimizer::AdamW, Optimizer::Muon] {
        // 20 rows are 5 leaves; no pass has more than 8 of them.
        let recipe = Recipe {
            batch: Some(10),
            accumulate: Some(2),
            optimizer: Some(optimizer),
            ..Recipe::default()
        };
        let request = request(&pictures(&Arc::default()), recipe);
        let whole = trained(&Cluster::alone(), 1, &request, None, STEPS);
        let half = trained(&Cluster::alone(), 2, &request, None, STEPS / 2).1;
        for (ranks, threads) in [(2, 1), (3, 2), (5, 1)] {
            for found in
                on_threads(ranks, |cluster| trained(&cluster, threads, &request, None, STEPS))
            {
                assert!(found == whole, "{optimizer}, {ranks} ranks of {threads} threads");
            }
            // And what another number of ranks began.
            let resumed = on_threads(ranks, |cluster| {
                trained(&cluster, threads, &request, Some(&half), STEPS).1
            });
            assert!(resumed.iter().all(|state| *state == whole.1), "{optimizer}, {ranks}, resumed");
        }
    }
}

#[test]
fn a_rank_reads_the_rows_of_its_leaves() {
    const MADE: usize = 20;
    // 12 rows are 3 leaves of 4; rows are read a few updates ahead.
    let recipe = Recipe { batch: Some(12), ..Recipe::default() };
    let request = request(&pictures(&Arc::default()), recipe);
    let read = on_threads(3, |cluster| {
        let waves = Arc::new(Waves::default());
        let network = TrainingNetwork::new(request.training.precision, &request.network).unwrap();
        let trainer = Trainer::new(&request, network, pictures(&waves)).unwrap();
        let mut trainer = trainer.in_cluster(&cluster).unwrap();
        for _ in 0..MADE {
            trainer.step().unwrap();
        }
        waves.read.load(Ordering::Relaxed)
    });
    assert!(read.iter().all(|read| (4 * MADE..=4 * (MADE + 5)).contains(read)), "{read:?}");
}
