//! Times training steps of a model folder's network on all ranks: `steps FOLDER BATCH THREADS COUNT` makes
//! COUNT steps after a first one, and rank 0 prints the milliseconds of the median one, and what it sent
//! in each. Without `mpirun` it is one process.
//!
//! The data are noise: what a step costs does not depend on them.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use ancestral_cpu::Precision;
use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::ModelFolder;
use ancestral_learn::{Recipe, Source, Trainer, TrainingSet};
use ancestral_mpi::World;
use rayon::ThreadPoolBuilder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, batch, threads, count] = &arguments[..] else {
        return Err("usage: steps FOLDER BATCH THREADS COUNT".into());
    };
    let world = World::join()?;
    let cluster = world.cluster();
    ThreadPoolBuilder::new().num_threads(threads.parse()?).build_global()?;
    let model = ModelFolder::read(Path::new(folder))?.model;
    let recipe = Recipe { steps: Some(100_000), batch: Some(batch.parse()?), ..Recipe::default() };
    let network = TrainingNetwork::new(Precision::F32, &model.network)?;
    let shape = network.shapes().input.clone();
    let values = 256 * shape.iter().product::<usize>();
    let data = TrainingSet::new(shape, (0..values).map(|i| (i as f32 * 0.37).sin()).collect())?;
    let mut request = recipe.request(Source::plain("noise"), &data)?;
    request.network = model.network;
    let mut trainer = Trainer::new(&request, network, data)?.in_cluster(&cluster)?;
    trainer.step()?;
    let before = cluster.sent();
    let mut times = Vec::new();
    for _ in 0..count.parse()? {
        let start = Instant::now();
        trainer.step()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (after, steps) = (cluster.sent(), times.len() as u64);
    times.sort_by(f64::total_cmp);
    if cluster.leads() {
        writeln!(
            std::io::stdout(),
            "{:.1} ms, {} messages, {} bytes, {} weights",
            times[times.len().div_euclid(2)],
            (after.messages - before.messages).div_euclid(steps),
            (after.bytes - before.bytes).div_euclid(steps),
            trainer.parameters()
        )?;
    }
    Ok(())
}
