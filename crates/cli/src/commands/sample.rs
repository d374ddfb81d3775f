//! `ancestral sample`: noise → data.

use ancestral_cluster::Cluster;
use ancestral_pipeline::{Pipeline, Plan, Samples, Steps, View, collect};
use anyhow::{Result, bail};

use crate::args::SampleArgs;
use crate::failure::{Failed, note};
use crate::flags::{flagged, spelled};
use crate::open::{Wanted, engine};
use crate::output::Output;
use crate::progress::Progress;
use crate::ranks::{after_the_first, on_ranks};
use crate::screen::Screen;

pub fn run(args: &SampleArgs) -> Result<()> {
    on_ranks(args.ranks, |cluster| {
        let quiet = args.compute.quiet || !cluster.leads();
        let prepared = after_the_first(&cluster, || prepared(args, &cluster, quiet))?;
        draw(prepared, &args.files(), &cluster, quiet)
    })
}

/// Samples that are about to be drawn, and where they go.
struct Prepared<'a> {
    steps: Steps,
    output: Output<'a>,
    screen: Option<Screen>,
}

fn prepared<'a>(args: &'a SampleArgs, cluster: &Cluster, quiet: bool) -> Result<Prepared<'a>> {
    let view = match (args.trajectory, args.steering.interpolate) {
        (true, _) => View::Trajectories,
        (false, Some(_)) => View::Row,
        (false, None) => View::Samples,
    };
    let output = Output::new(&args.output, view)?;
    let engine = engine(&args.compute)?.in_cluster(cluster.clone());
    if args.show.is_some() && output.is_stdout() {
        bail!("--show: samples and pictures would both go to standard output; name a file with -o");
    }
    let screen = Screen::new(args.show, quiet);
    let wanted = Wanted {
        path: args.model.as_deref(),
        variant: args.variant.as_deref(),
        size: args.size,
        quiet,
    };
    let (model, weights) = wanted.model()?.into_parts();
    let settings = args.settings(&model)?.snapshots(output.snapshots());
    // All input errors are reported before the network is built.
    let plan = Plan::new(&model, &settings).map_err(flagged)?;
    if cluster.leads() {
        output.check(&model, plan.indices(), plan.hops(), args.force)?;
    }
    for notice in plan.notices() {
        note(quiet, spelled(&notice.to_string()));
    }
    if let Some(rest) = output.rest(&plan.indices(), args.force) {
        note(quiet, format_args!("note: {rest}"));
    }
    let pipeline = Pipeline::with_weights(model, weights, &engine).map_err(flagged)?;
    let steps = pipeline.run_share(plan).map_err(flagged)?;
    Ok(Prepared { steps, output, screen })
}

/// Draws the samples, and writes them on rank 0.
fn draw(
    prepared: Prepared<'_>,
    files: &[(String, String)],
    cluster: &Cluster,
    quiet: bool,
) -> Result<()> {
    let Prepared { mut steps, output, mut screen } = prepared;
    let plan = steps.plan().clone();
    let mut write = |samples: &Samples| {
        let written = output.write(samples, &plan, files);
        written.map_err(|error| anyhow::Error::new(Failed(error)))?;
        // Of several batches only the first.
        let screen = screen.take().map(|screen| screen.show_samples(plan.model(), &samples.x));
        screen.unwrap_or(Ok(()))
    };
    let (hops, batches) = (plan.hops(), steps.batches());
    let mut progress = Progress::new("sampling", 0..steps.total() as u64, quiet);
    let (mut done, mut own) = (0_usize, Vec::new());
    while let Some(step) = steps.next() {
        step.map_err(flagged)?;
        done += 1;
        progress.at(done as u64, || format!("batch {}/{batches}", done.div_ceil(hops)));
        if output.is_by_batch() && cluster.leads() {
            steps.finished().iter().try_for_each(&mut write)?;
        } else {
            own.extend(steps.finished());
        }
    }
    drop(progress);
    let mut all = Vec::new();
    collect(cluster, &plan, Ok(own), |samples| {
        if output.is_by_batch() {
            return write(&samples);
        }
        all.push(samples);
        anyhow::Ok(())
    })?;
    if output.is_by_batch() || !cluster.leads() {
        return Ok(());
    }
    write(&Samples::joined(&all))
}
