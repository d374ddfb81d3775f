//! `ancestral sample`: noise → data.

use ancestral_pipeline::{Pipeline, Plan, Samples, View};
use anyhow::{Result, bail};

use crate::args::SampleArgs;
use crate::failure::{Failed, note};
use crate::flags::{flagged, spelled};
use crate::open::{Wanted, engine};
use crate::output::Output;
use crate::progress::Progress;
use crate::screen::Screen;

pub fn run(args: &SampleArgs) -> Result<()> {
    let view = match (args.trajectory, args.steering.interpolate) {
        (true, _) => View::Trajectories,
        (false, Some(_)) => View::Row,
        (false, None) => View::Samples,
    };
    let output = Output::new(&args.output, view)?;
    let engine = engine(&args.compute)?;
    let quiet = args.compute.quiet;
    if args.show.is_some() && output.is_stdout() {
        bail!("--show: samples and pictures would both go to standard output; name a file with -o");
    }
    let mut screen = Screen::new(args.show, quiet);
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
    output.check(&model, plan.indices(), plan.hops(), args.force)?;
    for notice in plan.notices() {
        note(quiet, spelled(&notice.to_string()));
    }
    if let Some(rest) = output.rest(&plan.indices(), args.force) {
        note(quiet, format_args!("note: {rest}"));
    }
    let pipeline = Pipeline::with_weights(model, weights, &engine).map_err(flagged)?;
    let mut steps = pipeline.run(plan);
    let files = args.files();
    let mut write = |samples: &Samples, plan: &Plan| {
        let written = output.write(samples, plan, &files);
        written.map_err(|error| anyhow::Error::new(Failed(error)))?;
        // Of several batches only the first.
        let screen = screen.take().map(|screen| screen.show_samples(plan.model(), &samples.x));
        screen.unwrap_or(Ok(()))
    };
    let (hops, batches) = (steps.plan().hops(), steps.plan().batches().len());
    let mut progress = Progress::new("sampling", 0..steps.total() as u64, quiet);
    let mut done = 0_usize;
    while let Some(step) = steps.next() {
        step.map_err(flagged)?;
        done += 1;
        progress.at(done as u64, || format!("batch {}/{batches}", done.div_ceil(hops)));
        if output.is_by_batch() {
            for batch in steps.finished() {
                write(&batch, steps.plan())?;
            }
        }
    }
    drop(progress);
    if output.is_by_batch() {
        return Ok(());
    }
    let all = Samples::joined(&steps.finished());
    write(&all, steps.plan())
}
