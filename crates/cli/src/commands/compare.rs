//! `ancestral compare`: samplers × network calls.

use std::path::{Path, PathBuf};

use ancestral_data::{save_bytes, write_png};
use ancestral_eval::{Comparison, Report};
use anyhow::{Context, Result, bail};

use crate::args::CompareArgs;
use crate::failure::Failed;
use crate::flags::evaluated;
use crate::progress::Progress;

pub fn run(args: &CompareArgs) -> Result<()> {
    let comparison = Comparison::new(args.samplers.as_deref(), &args.calls);
    let mut comparison = comparison.map_err(evaluated)?;
    comparison.count = args.count;
    comparison.spacing.clone_from(&args.spacing);
    let destination = args.output.as_deref().map(|path| Destination::new(path, args.force));
    let destination = destination.transpose()?;
    let mut bar: Option<Progress> = None;
    let mut progress = |done: u64, total: u64, details: &str| {
        let new = || Progress::new("comparing", 0..total, args.compute.quiet);
        bar.get_or_insert_with(new).at(done, || details.to_owned());
    };
    let report = if args.model.is_none() {
        comparison.with_exact(args.exact.as_deref(), &mut progress).map_err(evaluated)?
    } else {
        with_model(args, &comparison, &mut progress)?
    };
    drop(bar);
    // Files are written first, so that nothing is lost if the reader closes stdout.
    if let Some(destination) = destination {
        destination.write(&report)?;
    }
    super::print(&report.text())
}

#[cfg(feature = "pictures")]
fn with_model(
    args: &CompareArgs,
    comparison: &Comparison,
    progress: ancestral_eval::Progress<'_>,
) -> Result<Report> {
    use ancestral_eval::{Reference, Trials};
    use ancestral_pipeline::Pipeline;

    use crate::failure::note;
    use crate::flags::flagged;
    use crate::open::{Wanted, engine};

    let engine = engine(&args.compute)?;
    let quiet = args.compute.quiet;
    let (path, variant) = (args.model.as_deref(), args.variant.as_deref());
    let wanted = Wanted { path, variant, size: None, quiet };
    let model = wanted.model()?;
    let (data, tell) = (args.data.as_deref(), |line| note(quiet, line));
    let data = Reference::read(data, &model, wanted.is_built_in(), tell).map_err(evaluated)?;
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    let (reference, batch) = (args.reference, args.batch);
    let seeds = args.seeds.unwrap_or(Trials::default().seeds);
    let trials = Trials { seeds, reference, batch };
    comparison.with_model(&pipeline, &data, trials, progress).map_err(evaluated)
}

#[cfg(not(feature = "pictures"))]
fn with_model(_: &CompareArgs, _: &Comparison, _: ancestral_eval::Progress<'_>) -> Result<Report> {
    bail!("MODEL: this build cannot read data to compare with: build with `--features pictures`")
}

/// The files that are written.
#[derive(Debug)]
struct Destination {
    folder: PathBuf,
    table: PathBuf,
    plot: PathBuf,
}

impl Destination {
    /// The files in `folder`, which need not exist yet; existing files are an error without `force`.
    fn new(folder: &Path, force: bool) -> Result<Self> {
        if folder.exists() && !folder.is_dir() {
            bail!("output {}: a file, expected a folder", folder.display());
        }
        let [table, plot] = ["table.csv", "plot.png"].map(|name| folder.join(name));
        if let Some(taken) = [&table, &plot].into_iter().find(|file| file.exists() && !force) {
            bail!("{} already exists: replace it with --force", taken.display());
        }
        Ok(Self { folder: folder.to_owned(), table, plot })
    }

    /// Writes the table, and the plot if there is one.
    fn write(&self, report: &Report) -> Result<()> {
        let Self { folder, table, plot } = self;
        std::fs::create_dir_all(folder).with_context(|| format!("output {}", folder.display()))?;
        save_bytes(table, report.csv().as_bytes()).map_err(|error| Failed(error.into()))?;
        if let Some(chart) = report.plot().map_err(evaluated)? {
            write_png(plot, &chart, &[]).map_err(|error| Failed(error.into()))?;
        }
        Ok(())
    }
}
