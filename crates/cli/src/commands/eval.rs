//! `ancestral eval`: how likely data are under a model.

use ancestral::likelihood::{Bins, Decoder};
use ancestral_eval::{Flow, Reference, decoder_of, flow_likelihood, variational_bound};
use ancestral_pipeline::{Pipeline, Settings};
use anyhow::{Context, Result};
use serde::Serialize;

use crate::args::EvalArgs;
use crate::failure::note;
use crate::flags::{evaluated, flagged};
use crate::open::{Wanted, engine};
use crate::progress::shown;
use crate::report::ReportFolder;

/// Rows that are measured by default.
const COUNT: usize = 256;

pub fn run(args: &EvalArgs) -> Result<()> {
    let files = ["curve.csv", "curve.png"];
    let folder = args.output.as_deref().map(|path| ReportFolder::new(path, files, args.force));
    let folder = folder.transpose()?;
    let engine = engine(&args.compute)?;
    let quiet = args.compute.quiet;
    let (path, variant) = (Some(args.model.as_path()), args.variant.as_deref());
    let wanted = Wanted { path, variant, size: None, quiet };
    let model = wanted.model()?;
    let (data, tell) = (args.data.as_deref(), |line| note(quiet, line));
    let data = Reference::read(data, &model, wanted.is_built_in(), tell).map_err(evaluated)?;
    let decoder = match args.bins {
        Some(bins) => Decoder::Bins(Bins::new(u32::try_from(bins)?).context("--bins")?),
        None if args.density || model.columns().is_some() => Decoder::Density,
        None => decoder_of(&data.rows),
    };
    let data = data.spread(args.count.unwrap_or(COUNT));
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    let settings = settings(args, &pipeline);
    let mut progress = shown("evaluating", quiet);
    if args.flow {
        let mut flow = Flow::of(data.rows.row_len());
        flow.steps = args.flow_steps.unwrap_or(flow.steps);
        let probes = args.probes.map(u32::try_from).transpose()?;
        flow.probes = probes.or(flow.probes);
        let report = flow_likelihood(&pipeline, &settings, &data, decoder, flow, &mut progress);
        let report = report.map_err(evaluated)?;
        return print(&report, args.json, || report.text());
    }
    let report = variational_bound(&pipeline, &settings, &data, decoder, &mut progress);
    let report = report.map_err(evaluated)?;
    // Files are written first, so that nothing is lost if the reader closes stdout.
    if let Some(folder) = folder {
        folder.write(&report.csv(), report.plot().map_err(evaluated)?.as_ref())?;
    }
    print(&report, args.json, || report.text())
}

fn print(report: &impl Serialize, as_json: bool, text: impl FnOnce() -> String) -> Result<()> {
    super::print(&if as_json { serde_json::to_string_pretty(report)? + "\n" } else { text() })
}

fn settings(args: &EvalArgs, pipeline: &Pipeline) -> Settings {
    let mut settings = Settings::new();
    settings.steps = Some(args.steps.unwrap_or(pipeline.model().schedule().len()));
    settings.spacing.clone_from(&args.spacing);
    settings.variance.clone_from(&args.variance);
    settings.clip = (args.clip || args.no_clip).then_some(args.clip);
    (settings.seed, settings.batch) = (args.seed.unwrap_or_default(), args.batch);
    settings
}
