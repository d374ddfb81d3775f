//! `ancestral calibrate`: the optimal variance of a model.

use ancestral_eval::{Calibration, Reference, calibrate};
use ancestral_files::try_to_write;
use ancestral_format::{About, AboutData, counted, write_file};
use ancestral_pipeline::{Model, Pipeline, Settings, columns_for_folder};
use anyhow::{Context, Result, bail};

use crate::args::CalibrateArgs;
use crate::failure::{Failed, note};
use crate::flags::{flagged, measured};
use crate::open::{Wanted, engine};
use crate::progress::shown;

/// Rows that are measured with by default.
const COUNT: usize = 1000;
/// A warning is printed above this relative error.
const LARGE: f64 = 0.02;
/// Above this relative error a calibration is useless.
const USELESS: f64 = 0.5;

pub fn run(args: &CalibrateArgs) -> Result<()> {
    let engine = engine(&args.compute)?;
    let quiet = args.compute.quiet;
    let wanted = Wanted { path: Some(&args.model), variant: None, size: None, quiet };
    if wanted.is_built_in() {
        bail!("the built-in model has its optimal variance already; name a model folder");
    }
    let model = wanted.model()?;
    // Before any work, as the result is written there.
    try_to_write(&args.model).with_context(|| args.model.display().to_string())?;
    let about = model.folder().about.clone();
    let tell = |line| note(quiet, line);
    let data = Reference::read(Some(&args.data), &model, false, args.null_label, tell)
        .map_err(measured)?;
    let data = data.spread(args.count.unwrap_or(COUNT));
    let mut about = about.unwrap_or_else(|| about_model(&model, &data));
    let pipeline = Pipeline::new(model, &engine).map_err(flagged)?;
    let mut settings = Settings::new();
    (settings.steps, settings.batch) = (args.levels, args.batch);
    settings.seed = args.seed.unwrap_or_default();
    let mut progress = shown("calibrating", quiet);
    let calibration = calibrate(&pipeline, &settings, &data, &mut progress).map_err(measured)?;
    drop(progress);
    let Calibration { about: measured, largest_error, .. } = calibration;
    if largest_error.is_nan() || largest_error > USELESS {
        let rows = counted(data.rows.rows(), "row");
        bail!(
            "{rows} of {} are too few to measure with: take more (-n), or fewer --levels",
            data.name
        );
    }
    if largest_error > LARGE {
        note(
            quiet,
            format_args!(
                "warning: the least exact value has an error of {:.1} %: use more rows (-n)",
                100.0 * largest_error
            ),
        );
    }
    about.calibration = Some(measured);
    let path = args.model.join("ancestral.json");
    write_file(&path, about.to_json().as_bytes())
        .with_context(|| path.display().to_string())
        .map_err(Failed)?;
    super::print(&format!("{}\n", path.display()))
}

/// The record of a model that has none, as those of other programs.
fn about_model(model: &Model, data: &Reference) -> About {
    let columns = model.columns().map(columns_for_folder);
    let shape = data.rows.row_shape().to_vec();
    let data = AboutData { name: data.name.clone(), shape, columns, ..AboutData::default() };
    About { data, ..About::default() }
}
