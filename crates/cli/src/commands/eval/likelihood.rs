//! How likely data are under a model.

use ancestral::likelihood::{Bins, Decoder};
use ancestral_eval::{Flow, decoder_of, flow_likelihood, is_among, variational_bound};
use ancestral_pipeline::Pipeline;
use anyhow::{Context, Result, bail};

use super::{is_samples, opened, print, settings};
use crate::args::{EvalArgs, LikelihoodArgs};
use crate::failure::note;
use crate::flags::{flagged, measured};
use crate::open::engine;
use crate::progress::shown;
use crate::report::ReportFolder;

/// Rows that are measured by default.
const COUNT: usize = 256;

pub fn run(args: &EvalArgs) -> Result<()> {
    let files = ["curve.csv", "curve.png"];
    let folder = args.output.as_deref().map(|path| ReportFolder::new(path, files, args.force));
    let folder = folder.transpose()?;
    if is_samples(&args.model) {
        bail!("{}: samples have no likelihood, expected a model folder", args.model.display());
    }
    let engine = engine(&args.compute)?;
    let (model, data, _) = opened(args)?;
    let LikelihoodArgs { bins, density, flow, probes, flow_steps, .. } = &args.likelihood;
    let decoder = match bins {
        Some(bins) => Decoder::Bins(Bins::new(u32::try_from(*bins)?).context("--bins")?),
        None if *density || model.columns().is_some() => Decoder::Density,
        None => decoder_of(&data.rows),
    };
    for (flag, is_given) in [("--probes", probes.is_some()), ("--flow-steps", flow_steps.is_some())]
    {
        if is_given && !flow {
            bail!("{flag}: only with --flow");
        }
    }
    if let (Some(bins), Decoder::Bins(found)) = (bins, decoder)
        && !is_among(&data.rows, found)
    {
        note(
            args.compute.quiet,
            format_args!(
                "warning: --bins {bins}: the data are not among {bins} evenly spaced values"
            ),
        );
    }
    let data = data.spread(args.count.unwrap_or(COUNT));
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    let mut settings = settings(args);
    settings.steps.get_or_insert(pipeline.model().schedule().len());
    let mut progress = shown("evaluating", args.compute.quiet);
    if *flow {
        // Where estimates are clipped, the flow squeezes space to nothing.
        settings.clip = Some(false);
        let mut flow = Flow::of(data.rows.row_len());
        flow.steps = flow_steps.unwrap_or(flow.steps);
        flow.probes = probes.map(u32::try_from).transpose()?.or(flow.probes);
        let report = flow_likelihood(&pipeline, &settings, &data, decoder, flow, &mut progress);
        let report = report.map_err(measured)?;
        drop(progress);
        return print(&report, args.json, || report.text());
    }
    let report = variational_bound(&pipeline, &settings, &data, decoder, &mut progress);
    let report = report.map_err(measured)?;
    drop(progress);
    // Files are written first, so that nothing is lost if the reader closes stdout.
    if let Some(folder) = folder {
        folder.write(&report.csv(), report.plot().map_err(measured)?.as_ref())?;
    }
    print(&report, args.json, || report.text())
}
