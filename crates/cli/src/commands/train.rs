//! `ancestral train`: data → a model, and pictures of what it learned.

mod flags;
mod front;
mod resume;

use std::path::{Path, PathBuf};

use ancestral_cluster::Cluster;
use ancestral_run::{Front, Limits, Order, Outcome, Run, Task, data_name, dismiss};
use anyhow::Result;

use crate::args::TrainArgs;
use crate::failure::{Interrupted, note};
use crate::flags::raised;
use crate::open::{engine_on, on_threads};
use crate::ranks::on_ranks;
use front::Terminal;

pub use front::command;

pub fn run(args: &TrainArgs) -> Result<()> {
    on_ranks(args.ranks, |cluster| {
        on_threads(&args.compute, || {
            if cluster.leads() { lead(args, &cluster) } else { follow(args, cluster) }
        })
    })
}

/// Trains, with the ranks that follow.
fn lead(args: &TrainArgs, cluster: &Cluster) -> Result<()> {
    let mut front = Terminal::new(args.compute.quiet, args.show);
    let run = begin(args, cluster.clone(), &mut front)?;
    front.watch(cluster)?;
    let outcome = run.run(&mut front).map_err(raised)?;
    dismiss(cluster).map_err(raised)?;
    let (steps, resume) =
        (run.request().training.steps, || front.command(Task::Resume(run.folder())));
    match outcome {
        Outcome::Finished => {}
        Outcome::Stopped { after } => note(
            args.compute.quiet,
            format_args!("stopped after step {after} of {steps}; continue with: {}", resume()),
        ),
        Outcome::Interrupted { after } => {
            let message =
                format!("interrupted after step {after} of {steps}; continue with: {}", resume());
            return Err(Interrupted { code: front.stopped.unwrap_or_default(), message }.into());
        }
    }
    super::print(&format!("{}\n", run.folder().path().display()))
}

/// Does what rank 0 does, without a word. Signals are rank 0's to see.
fn follow(args: &TrainArgs, cluster: Cluster) -> Result<()> {
    let mut front = Terminal::new(true, None);
    front.watch(&cluster)?;
    let precision = args.compute.precision.unwrap_or_default();
    let engine = engine_on(&args.compute, precision)?.in_cluster(cluster);
    ancestral_run::follow(engine, args.reading.memory, &mut front).map_err(raised)
}

/// The run that the flags describe, begun before or new.
pub fn begin(args: &TrainArgs, cluster: Cluster, front: &mut dyn Front) -> Result<Run> {
    if args.resume.is_some() {
        resume::resumed(args, cluster, front)
    } else {
        begun(args, cluster, front)
    }
}

fn begun(args: &TrainArgs, cluster: Cluster, front: &mut dyn Front) -> Result<Run> {
    let precision = args.compute.precision.unwrap_or_default();
    let engine = engine_on(&args.compute, precision)?.in_cluster(cluster);
    let data = args.data.clone().unwrap_or_default();
    let folder = args.output.clone().unwrap_or_else(|| folder_of(&data));
    let (reading, recipe) = (flags::reading(&args.reading), flags::recipe(args));
    let order = Order { data, folder, force: args.force, reading, recipe, limits: limits(args) };
    order.begin(engine, front).map_err(raised)
}

fn limits(args: &TrainArgs) -> Limits {
    Limits { time: args.budget.time, stop_at: args.budget.stop_at }
}

/// The folder of a run if none is named.
fn folder_of(data: &Path) -> PathBuf {
    Path::new("runs").join(data_name(data))
}
