//! `ancestral sample`: noise → data.

use std::cell::LazyCell;

use ancestral::{AnySampler, Batch, Grid, Options, Prediction, Spacing, Variance};
use ancestral_data::read_npy;
use anyhow::{Context, Result, bail};

use crate::args::SampleArgs;
use crate::failure::{Failed, note};
use crate::model::Model;
use crate::output::Output;
use crate::sampling::Plan;

/// What the user need not say.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// Enough for every sampler to be good.
    pub steps: usize,
    pub count: usize,
    /// Samples in one network call.
    pub batch: usize,
}

impl Defaults {
    /// Those for pictures, or for rows: they are cheap, and their spread is seen.
    pub fn of(are_pictures: bool) -> Self {
        if are_pictures {
            Self { steps: 100, count: 64, batch: 64 }
        } else {
            Self { steps: 250, count: 1000, batch: 1024 }
        }
    }
}

pub fn run(args: &SampleArgs) -> Result<()> {
    let output = Output::new(&args.output, args.trajectory)?;
    let device = super::compute(&args.compute)?;
    let quiet = args.compute.quiet;
    let model = Model::read(args.model.as_deref(), quiet)?;
    let sampler = sampler(args, &model)?;
    let Defaults { steps, count, batch } = Defaults::of(model.columns.is_none());
    let steps = args.steps.unwrap_or(steps.min(model.schedule.len()));
    let grid = grid(args, steps, &model)?;
    let start = start(args, &model)?;
    let count = start.as_ref().map_or(args.count.unwrap_or(count), Batch::rows);
    let indices = indices(args, count)?;
    let hops = grid.points().len();
    output.check(&model, indices.clone(), hops, args.force)?;
    let config = &model.folder.scheduler;
    let clip = args.clip || ((config.clip_sample || config.thresholding) && !args.no_clip);
    if !clip && model.columns.is_none() {
        warn_of_amplification(&grid, config.prediction(), quiet);
    } else if clip && !config.thresholding && config.clip_sample_range <= 0.0 {
        let (range, name) = (config.clip_sample_range, &model.name);
        bail!("--clip: clip_sample_range of model {name} is {range}, expected above 0");
    }
    let plan = Plan {
        sampler: &sampler,
        grid: &grid,
        clip,
        label: model.label(args.class.as_deref())?,
        seed: args.seed,
        batch: args.batch.unwrap_or(batch),
        moments: output.moments(),
        quiet,
    };
    let network = model.network(&device)?;
    // Made for pictures alone: the checksum of a large model takes its time.
    let common = LazyCell::new(|| plan.metadata(&model));
    let metadata = |index: Option<u64>| {
        let of_samples = match index {
            Some(index) => vec![("index", index.to_string())],
            None => vec![("first", args.first.to_string()), ("count", count.to_string())],
        };
        let class = args.class.clone().map(|class| ("class", class));
        let init = args.init.as_ref().map(|path| ("init", path.display().to_string()));
        let own = of_samples.into_iter().chain(class).chain(init);
        common.iter().cloned().chain(own.map(|(key, value)| (key.to_owned(), value))).collect()
    };
    let write = |samples: &_| {
        output.write(samples, &model, &metadata).map_err(|error| anyhow::Error::new(Failed(error)))
    };
    if output.is_by_batch() {
        return plan.run_batches(&model, &network, indices, start.as_ref(), |batch| write(&batch));
    }
    write(&plan.run(&model, &network, indices, start.as_ref())?)
}

/// Says so if the first estimate of an epsilon network is a difference of huge numbers.
fn warn_of_amplification(grid: &Grid, prediction: Prediction, quiet: bool) {
    let amplification = 1.0 / grid.points()[0].level.alpha();
    if prediction == Prediction::Epsilon && amplification > 1000.0 {
        note(
            quiet,
            format_args!(
                "warning: without clipping, the first clean estimate has {amplification:.0} times \
                 the error of the network's epsilon"
            ),
        );
    }
}

/// The sampler that the flags name, with the model's variance where they leave it open.
fn sampler(args: &SampleArgs, model: &Model) -> Result<AnySampler> {
    if let Some(eta) = args.eta {
        return format!("ddim:eta={eta}").parse().context("--eta");
    }
    let text = &args.sampler;
    let has_variance = text.parse::<AnySampler>().context("--sampler")?.value("variance").is_some();
    let (name, mut options) = Options::split(text)?;
    match &args.variance {
        Some(variance) if !has_variance => {
            bail!("--variance {variance}: the sampler {text} has no variance to choose")
        }
        Some(variance) if options.has("variance") => {
            bail!("--variance {variance}: --sampler {text} names one already")
        }
        Some(variance) => options.add("variance", variance)?,
        None if has_variance && !options.has("variance") => {
            options.add("variance", model.folder.scheduler.variance().name())?;
        }
        None => {}
    }
    let sampler = AnySampler::from_options(&name, options)?;
    let chosen: Option<Variance> =
        sampler.value("variance").map(|name| name.parse()).transpose()?;
    if let Some(variance) = chosen.filter(|variance| variance.is_learned())
        && !predicts_variance(model)
    {
        bail!(
            "variance {variance}: the network of model {} predicts none; take fixed-small or \
             fixed-large",
            model.name
        );
    }
    Ok(sampler)
}

/// Whether the network predicts twice as many channels as a sample has.
fn predicts_variance(model: &Model) -> bool {
    let network = &model.folder.network;
    let channels = |shape: Option<Vec<usize>>| shape.map(|shape| shape[0]);
    let (from, to) = (channels(network.sample_shape()), channels(network.output_shape()));
    from.zip(to).is_some_and(|(from, to)| to == 2 * from)
}

fn grid(args: &SampleArgs, steps: usize, model: &Model) -> Result<Grid> {
    let schedule = &model.schedule;
    let spacing = match &args.spacing {
        Some(name) => name.parse().context("--spacing")?,
        None => model.folder.scheduler.spacing(),
    };
    if steps == 1 && spacing != Spacing::Trailing {
        let last = schedule.len() - 1;
        note(
            args.compute.quiet,
            format_args!("note: a single step starts at timestep {last}, under every spacing"),
        );
    }
    Grid::new(schedule, spacing, steps).context("--steps")
}

fn start(args: &SampleArgs, model: &Model) -> Result<Option<Batch>> {
    let Some(path) = &args.init else { return Ok(None) };
    let (shape, data) = read_npy(path).context("--init")?.into_parts();
    let expected = model.shape()?;
    if shape.len() != expected.len() + 1 || shape[1..] != expected {
        let expected = super::joined(&expected, ", ");
        bail!("--init {}: shape {shape:?}, expected [n, {expected}]", path.display());
    }
    if let Some(bad) = data.iter().position(|x| !x.is_finite()) {
        bail!("--init {}: value {bad} is {}, expected a finite number", path.display(), data[bad]);
    }
    if let Some(count) = args.count.filter(|count| *count != shape[0]) {
        bail!("-n {count}: --init {} has {} rows", path.display(), shape[0]);
    }
    if shape[0] == 0 {
        bail!("--init {}: no rows", path.display());
    }
    let data = match &model.columns {
        None => data,
        // As in every array of rows, these are in the data's own units.
        Some(columns) => {
            columns.to_model_rows(&data.into_iter().map(f64::from).collect::<Vec<_>>())
        }
    };
    Ok(Some(Batch::new(expected, data)))
}

fn indices(args: &SampleArgs, count: usize) -> Result<std::ops::Range<u64>> {
    let first = args.first;
    let end = first.checked_add(count as u64);
    let end = end.with_context(|| {
        format!("--first {first}: the last of {count} samples would be above {}", u64::MAX - 1)
    })?;
    Ok(first..end)
}
