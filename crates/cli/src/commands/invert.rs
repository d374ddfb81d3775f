//! `ancestral invert`: data → the noise that leads to them.

use std::num::NonZeroUsize;

use ancestral::{Batch, Chunked, Inversion};
use ancestral_data::{Column, Columns, write_npy};
use anyhow::{Context, Result, bail};

use super::sample::Defaults;
use crate::args::{InvertArgs, ProcessArgs};
use crate::classes::Classes;
use crate::engine::{AnyNetwork, Engine};
use crate::failure::Failed;
use crate::model::Model;
use crate::output::Output;
use crate::process::{Process, Told};
use crate::progress::Progress;
use crate::rows::Source;
use crate::sampling::failed;
use crate::steering::Steering;

/// Network calls a hop: of fourth order, and on 100 hops of the built-in model what is lost is a
/// thousandth of the range (docs/steering.md).
const CALLS: NonZeroUsize = NonZeroUsize::new(4).expect("4 is not 0");

pub fn run(args: &InvertArgs) -> Result<()> {
    let output = Output::new(&args.output, false)?;
    if !output.is_array() {
        bail!("output {}: expected a name in .npy", args.output.display());
    }
    let engine = Engine::new(&args.compute)?;
    let quiet = args.compute.quiet;
    let mut model = Model::read(Some(&args.model), args.variant.as_deref(), quiet)?;
    let process = Process::own(&ddim(args), &model, quiet)?;
    let classes = model.one_class(args.class.as_deref())?;
    let data = args.data.iter().map(|path| Source { flag: "data", path }.rows(&model, quiet));
    let x0 = Batch::stack(&data.collect::<Result<Vec<_>>>()?);
    output.check(&model, 0..x0.rows() as u64, process.hops(), args.force)?;
    let network = model.take_network(&engine)?;
    let x_t = inverted(args, &model, &process, &network, &classes, &x0)?;
    let shape = [&[x_t.rows()], x_t.shape()].concat();
    let values = match &model.columns {
        None => x_t.into_data(),
        Some(columns) => unrounded(columns, x_t.data()),
    };
    write_npy(&args.output, &shape, &values).map_err(|error| Failed(error.into()).into())
}

/// The flags of the way that is gone back.
fn ddim(args: &InvertArgs) -> ProcessArgs {
    ProcessArgs {
        steps: args.steps,
        sampler: Some("ddim".to_owned()),
        spacing: args.spacing.clone(),
        ..ProcessArgs::default()
    }
}

/// x_T of all rows, batch by batch.
fn inverted(
    args: &InvertArgs,
    model: &Model,
    process: &Process,
    network: &AnyNetwork,
    classes: &Classes,
    x0: &Batch,
) -> Result<Batch> {
    let Defaults { batch, .. } = Defaults::of(model.columns.is_none());
    let size = NonZeroUsize::new(args.batch.unwrap_or(batch)).context("--batch 0")?;
    let starts: Vec<usize> = (0..x0.rows()).step_by(size.get()).collect();
    let (batches, hops) = (starts.len() as u64, process.hops() as u64);
    let mut progress = Progress::new("inverting", 0..batches * hops, args.compute.quiet);
    let mut found = Vec::new();
    for (number, start) in (0..).zip(starts) {
        let rows = x0.slice(start..x0.rows().min(start + size.get()));
        let told = Told {
            network: Chunked::new(network.clone(), size),
            labels: classes.labels(0..rows.rows() as u64),
            steering: Steering::default(),
        };
        let inversion = Inversion { calls: CALLS };
        let x_t = process.invert(inversion, model, told, rows, |done, _| {
            let batch = || format!("batch {}/{batches}", number + 1);
            progress.at(number * hops + done as u64, batch);
        })?;
        found.push(x_t.map_err(|error| failed("inverting by", &error, model))?);
    }
    Ok(Batch::stack(&found))
}

/// Rows in the data's own units, where noise is not of a column's kind: whole numbers are not kept
/// whole.
#[expect(clippy::cast_possible_truncation, reason = "arrays are float32")]
fn unrounded(columns: &Columns, rows: &[f32]) -> Vec<f32> {
    let value =
        |(x, column): (&f32, &Column)| (column.mean() + column.deviation() * f64::from(*x)) as f32;
    rows.iter().zip(columns.as_slice().iter().cycle()).map(value).collect()
}
