//! How likely data are under a model.

use ancestral::likelihood::{Bins, Decoder};
use ancestral_cluster::Cluster;
use ancestral_eval::{Flow, Reference, decoder_of, flow_likelihood, is_among, variational_bound};
use ancestral_pipeline::Pipeline;
use anyhow::{Context, Result, bail};

use super::{is_samples, opened, print, settings};
use crate::args::{EvalArgs, LikelihoodArgs};
use crate::failure::note;
use crate::flags::{flagged, measured};
use crate::open::engine;
use crate::progress::shown;
use crate::ranks::after_the_first;
use crate::report::ReportFolder;

/// Rows that are measured by default.
const COUNT: usize = 256;

pub fn run(args: &EvalArgs, cluster: &Cluster) -> Result<()> {
    let quiet = args.compute.quiet || !cluster.leads();
    let prepared = after_the_first(cluster, || prepared(args, cluster, quiet))?;
    measure(args, prepared, quiet)
}

/// What is measured, and where it goes.
struct Prepared {
    folder: Option<ReportFolder>,
    pipeline: Pipeline,
    data: Reference,
    decoder: Decoder,
}

fn prepared(args: &EvalArgs, cluster: &Cluster, quiet: bool) -> Result<Prepared> {
    let files = ["curve.csv", "curve.png"];
    let folder = args.output.as_deref().filter(|_| cluster.leads());
    let folder = folder.map(|path| ReportFolder::new(path, files, args.force)).transpose()?;
    if is_samples(&args.model) {
        bail!("{}: samples have no likelihood, expected a model folder", args.model.display());
    }
    let engine = engine(&args.compute)?.in_cluster(cluster.clone());
    let (model, data, _) = opened(args, quiet)?;
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
            quiet,
            format_args!(
                "warning: --bins {bins}: the data are not among {bins} evenly spaced values"
            ),
        );
    }
    let data = data.spread(args.count.unwrap_or(COUNT));
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    Ok(Prepared { folder, pipeline, data, decoder })
}

/// Measures this rank's rows; rank 0 prints what was measured of all.
fn measure(args: &EvalArgs, prepared: Prepared, quiet: bool) -> Result<()> {
    let Prepared { folder, pipeline, data, decoder } = prepared;
    let LikelihoodArgs { flow, probes, flow_steps, .. } = &args.likelihood;
    let leads = pipeline.cluster().leads();
    let mut settings = settings(args);
    settings.steps.get_or_insert(pipeline.model().schedule().len());
    let mut progress = shown("evaluating", quiet);
    if *flow {
        // Where estimates are clipped, the flow squeezes space to nothing.
        settings.clip = Some(false);
        let mut flow = Flow::of(data.rows.row_len());
        flow.steps = flow_steps.unwrap_or(flow.steps);
        flow.probes = probes.map(u32::try_from).transpose()?.or(flow.probes);
        let report = flow_likelihood(&pipeline, &settings, &data, decoder, flow, &mut progress);
        let report = report.map_err(measured)?;
        drop(progress);
        return if leads { print(&report, args.json, || report.text()) } else { Ok(()) };
    }
    let report = variational_bound(&pipeline, &settings, &data, decoder, &mut progress);
    let report = report.map_err(measured)?;
    drop(progress);
    if !leads {
        return Ok(());
    }
    // Files are written first, so that nothing is lost if the reader closes stdout.
    if let Some(folder) = folder {
        folder.write(&report.csv(), report.plot().map_err(measured)?.as_ref())?;
    }
    print(&report, args.json, || report.text())
}
