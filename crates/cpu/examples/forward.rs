//! Times the forward pass of a model folder's network: `forward FOLDER ROWS ROUNDS` prints the
//! median milliseconds of a pass at timestep 500, with the last of the classes.
//!
//! `forward FOLDER ROWS ROUNDS INPUT OUTPUT` reads the input from a file of little-endian f32,
//! and writes the output to another. `tools/bench/forward.py` compares this with other engines.
//!
//! `forward bf16 …` computes in bf16, where the CPU has AMX tiles.

use std::path::Path;
use std::time::Instant;

use ancestral::{Batch, Network};
use ancestral_cpu::{CpuNetwork, Precision};
use ancestral_format::{Labels, ModelFolder};

type AnyError = Box<dyn std::error::Error>;

fn main() -> Result<(), AnyError> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (precision, arguments) = match &arguments[..] {
        [first, rest @ ..] if first == "bf16" => (Precision::Bf16, rest),
        all => (Precision::F32, all),
    };
    let (folder, rows, rounds, files) = match arguments {
        [folder, rows, rounds] => (folder, rows, rounds, None),
        [folder, rows, rounds, input, output] => (folder, rows, rounds, Some((input, output))),
        _ => return Err("usage: forward [bf16] FOLDER ROWS ROUNDS [INPUT OUTPUT]".into()),
    };
    let (rows, rounds): (usize, usize) = (rows.parse()?, rounds.parse()?);
    let model = ModelFolder::read(Path::new(folder))?.model;
    let mut network = CpuNetwork::load_in(precision, &model.network, model.weights)?;
    let shape = network.shapes().input.clone();
    let x = if let Some((input, _)) = files {
        let bytes = std::fs::read(input)?;
        let (values, _) = bytes.as_chunks::<4>();
        values.iter().map(|&value| f32::from_le_bytes(value)).collect()
    } else {
        let count = rows * shape.iter().product::<usize>();
        (0..count).map(|i| (i as f32 * 0.37).sin()).collect()
    };
    let x = Batch::new(shape, x);
    let labels = match network.shapes().labels {
        Labels::Classes(count) => Some(vec![u32::try_from(count)? - 1; rows]),
        Labels::None | Labels::Times | Labels::Vectors => None,
    };
    let mut pass = || network.predict(&x, &vec![500.0; rows], labels.as_deref());
    let first = pass()?;
    let mut times = Vec::new();
    for _ in 0..rounds.max(1) {
        let begun = Instant::now();
        pass()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    #[expect(clippy::print_stdout, reason = "the result")]
    {
        println!("{:.3}", times[times.len() / 2]);
    }
    if let Some((_, output)) = files {
        let bytes: Vec<u8> = first.data().iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(output, bytes)?;
    }
    Ok(())
}
