//! Times the forward pass of a model folder's network: `forward FOLDER ROWS ROUNDS` prints the
//! median milliseconds of a pass. With `plan` behind it, the plan first, on stderr.

use std::path::Path;
use std::time::Instant;

use ancestral::{Batch, Network};
use ancestral_cpu::CpuNetwork;
use ancestral_format::{Labels, ModelFolder};

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, rows, rounds, rest @ ..] = &arguments[..] else {
        return Err("usage: forward FOLDER ROWS ROUNDS [plan]".into());
    };
    let (rows, rounds): (usize, usize) = (rows.parse()?, rounds.parse()?);
    let begun = Instant::now();
    let model = ModelFolder::read(Path::new(folder))?.model;
    let mut network = CpuNetwork::load(&model.network, model.weights)?;
    if rest.first().is_some_and(|word| word == "plan") {
        network.describe().iter().for_each(|line| eprintln!("{line}"));
        eprintln!("loaded in {:.0} ms", begun.elapsed().as_secs_f64() * 1e3);
    }
    let shape = network.shapes().input.clone();
    let count = rows * shape.iter().product::<usize>();
    let x = Batch::new(shape, (0..count).map(|i| (i as f32 * 0.37).sin()).collect());
    let labels = match network.shapes().labels {
        Labels::Classes(count) => Some(vec![u32::try_from(count)? - 1; rows]),
        Labels::None | Labels::Times | Labels::Vectors => None,
    };
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let begun = Instant::now();
        network.predict(&x, &vec![500.0; rows], labels.as_deref())?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    #[expect(clippy::print_stdout, reason = "the result")]
    {
        println!("{:.3}", times[times.len() / 2]);
    }
    if rest.first().is_some_and(|word| word == "plan") {
        eprintln!("between the layers: {:.1} MB", network.arena_bytes() as f64 / 1e6);
    }
    Ok(())
}
