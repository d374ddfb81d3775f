//! `ancestral compare`: samplers × network calls.

use ancestral_eval::{Comparison, Report};
use anyhow::Result;

use crate::args::CompareArgs;
use crate::flags::evaluated;
use crate::progress::shown;
use crate::report::ReportFolder;

pub fn run(args: &CompareArgs) -> Result<()> {
    let comparison = Comparison::new(args.samplers.as_deref(), &args.calls);
    let mut comparison = comparison.map_err(evaluated)?;
    comparison.count = args.count;
    comparison.spacing.clone_from(&args.spacing);
    let files = ["table.csv", "plot.png"];
    let folder = args.output.as_deref().map(|path| ReportFolder::new(path, files, args.force));
    let folder = folder.transpose()?;
    let mut progress = shown("comparing", args.compute.quiet);
    let report = if args.model.is_none() {
        comparison.with_exact(args.exact.as_deref(), &mut progress).map_err(evaluated)?
    } else {
        with_model(args, &comparison, &mut progress)?
    };
    drop(progress);
    // Files are written first, so that nothing is lost if the reader closes stdout.
    if let Some(folder) = folder {
        folder.write(&report.csv(), report.plot().map_err(evaluated)?.as_ref())?;
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
    let data =
        Reference::read(data, &model, wanted.is_built_in(), None, tell).map_err(evaluated)?;
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    let (reference, batch) = (args.reference, args.batch);
    let seeds = args.seeds.unwrap_or(Trials::default().seeds);
    let trials = Trials { seeds, reference, batch };
    comparison.with_model(&pipeline, &data, trials, progress).map_err(evaluated)
}

#[cfg(not(feature = "pictures"))]
fn with_model(_: &CompareArgs, _: &Comparison, _: ancestral_eval::Progress<'_>) -> Result<Report> {
    anyhow::bail!(
        "MODEL: this build cannot read data to compare with: build with `--features pictures`"
    )
}
