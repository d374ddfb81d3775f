//! `ancestral invert`: data → the noise that leads to the data.

use std::ops::ControlFlow;
use std::sync::Arc;

use ancestral_data::{encode_npy, encode_npy_fitting};
use ancestral_format::counted;
use ancestral_pipeline::{Batch, Pipeline, Plan, Settings, View};
use anyhow::{Result, bail};

use crate::args::InvertArgs;
use crate::failure::Failed;
use crate::flags::flagged;
use crate::open::{Wanted, engine};
use crate::output::{Output, save};
use crate::progress::Progress;
use crate::rows::Source;

pub fn run(args: &InvertArgs) -> Result<()> {
    let output = Output::new(&args.output, View::Samples)?;
    if !output.is_array() {
        bail!("output {}: expected a name ending in .npy", args.output.display());
    }
    let engine = engine(&args.compute)?;
    let quiet = args.compute.quiet;
    let (path, variant) = (Some(args.model.as_path()), args.variant.as_deref());
    let model = Arc::new(Wanted { path, variant, size: args.size, quiet }.model()?);
    let settings = settings(args);
    // Noise in a column of words or with holes has no value of its own.
    if model.columns().is_some_and(|columns| !columns.are_lines()) {
        bail!(
            "model {}: expected a table of numbers only, without categories, holes and values of a mass of their own",
            model.name()
        );
    }
    // Errors in the settings are reported before errors in the data.
    Plan::new(&model, &settings.clone().sampler("ddim")).map_err(flagged)?;
    let data = args.data.iter().map(|path| Source { flag: "data", path }.rows(&model, quiet));
    let x0 = Batch::stack(&data.collect::<Result<Vec<_>>>()?);
    output.check(&model, 0..x0.rows() as u64, 1, args.force)?;
    let pipeline = Pipeline::new(Arc::unwrap_or_clone(model), &engine).map_err(flagged)?;
    let mut progress = None;
    let x_t = pipeline.invert(&settings, &x0, |done, of| {
        progress
            .get_or_insert_with(|| Progress::new("inverting", 0..of as u64, quiet))
            .at(done as u64, || counted(x0.rows(), "row"));
        ControlFlow::Continue(())
    });
    drop(progress);
    let x_t = x_t.map_err(flagged)?;
    let shape = [&[x_t.rows()], x_t.row_shape()].concat();
    let bytes = match pipeline.model().columns() {
        None => encode_npy(&shape, x_t.data()),
        Some(columns) => {
            // Neither rounded nor bounded: noise in a column of whole numbers is not whole.
            encode_npy_fitting(
                &shape,
                &columns.from_model_rows_loosely(x_t.data()).unwrap_or_default(),
            )
        }
    };
    save(&args.output, &bytes).map_err(|error| Failed(error).into())
}

fn settings(args: &InvertArgs) -> Settings {
    let mut settings = Settings::new();
    // Without --class there is no label, although `sample` would draw all classes.
    settings.class.clone_from(&args.class);
    (settings.steps, settings.batch) = (args.steps, args.batch);
    settings.spacing.clone_from(&args.spacing);
    settings
}
