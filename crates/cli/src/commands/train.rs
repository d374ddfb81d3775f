//! `ancestral train`: data → a model, and pictures of what it learned.

mod begin;
mod flags;
mod gradients;
mod job;
mod look;
mod plan;
mod resume;
mod updates;

use anyhow::Result;

use crate::args::TrainArgs;
use crate::open::on_threads;

pub fn run(args: &TrainArgs) -> Result<()> {
    on_threads(&args.compute, || {
        let job = if args.resume.is_some() { resume::resumed(args)? } else { begin::begun(args)? };
        job.run()?;
        super::print(&format!("{}\n", job.folder.path().display()))
    })
}
