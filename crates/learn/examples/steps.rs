//! Times training steps of a model folder's network: `steps FOLDER BATCH` makes a step for each
//! line on its standard input and answers with the milliseconds that it took; `steps bf16 FOLDER BATCH`
//! computes in bf16, where the CPU has AMX tiles.
//!
//! The optimizer is AdamW, as in the scripts that this is compared with. The data are noise: what a step
//! costs does not depend on them. `tools/bench/training.py` calls this beside PyTorch.

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use ancestral_cpu::Precision;
use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::{Labels, ModelFolder};
use ancestral_learn::{Optimizer, Recipe, Source, Trainer, TrainingSet};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (precision, arguments) = match &arguments[..] {
        [first, rest @ ..] if first == "bf16" => (Precision::Bf16, rest),
        all => (Precision::F32, all),
    };
    let [folder, batch] = arguments else {
        return Err("usage: steps [bf16] FOLDER BATCH".into());
    };
    let model = ModelFolder::read(Path::new(folder))?.model;
    let recipe = Recipe {
        steps: Some(100_000),
        batch: Some(batch.parse()?),
        optimizer: Some(Optimizer::AdamW),
        ..Recipe::default()
    };
    let network = TrainingNetwork::new(precision, &model.network)?;
    let (shape, labels) = (network.shapes().input.clone(), network.shapes().labels);
    let rows = 256;
    let count = rows * shape.iter().product::<usize>();
    let mut data = TrainingSet::new(shape, (0..count).map(|i| (i as f32 * 0.37).sin()).collect())?;
    if let Labels::Classes(count) = labels {
        let classes = u32::try_from(count - 1)?;
        data = data.with_labels((0..256).map(|i| i % classes).collect(), classes)?;
    }
    let mut request = recipe.request(Source::plain("noise"), &data)?;
    request.network = model.network;
    let mut trainer = Trainer::new(&request, network, data)?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        line?;
        let start = Instant::now();
        trainer.step()?;
        writeln!(out, "{:.3}", start.elapsed().as_secs_f64() * 1e3)?;
        out.flush()?;
    }
    Ok(())
}
