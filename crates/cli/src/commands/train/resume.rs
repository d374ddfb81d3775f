//! A resumed run: its stored settings, and those that may be chosen again.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use ancestral::AnySchedule;
use ancestral_cluster::Cluster;
use ancestral_data::Channels;
use ancestral_format::{SchedulerConfig, joined};
use ancestral_learn::{Reading, Request};
use ancestral_run::{Front, Run, RunFolder, Stored};
use anyhow::{Context, Result, bail};

use super::flags::{self, Flag};
use super::{folder_of, limits};
use crate::args::{
    BudgetArgs, Choice, ComputeArgs, ReadingArgs, SavingArgs, ScheduleArgs, TrainArgs,
};
use crate::flags::raised;
use crate::open::engine_on;

/// The run that `args` name, at its newest complete checkpoint.
pub fn resumed(args: &TrainArgs, cluster: Cluster, front: &mut dyn Front) -> Result<Run> {
    let mut stored = Stored::read(RunFolder::new(folder(args)?), front).map_err(raised)?;
    let request = merged(stored.request.clone(), args);
    let checkpoint = stored.checkpoint().display();
    stored.request = request.with_context(|| format!("--resume {checkpoint}"))?;
    let precision = stored.request.training.precision;
    let engine = engine_on(&args.compute, precision)?.in_cluster(cluster);
    stored.resume(engine, limits(args), args.reading.memory, front).map_err(raised)
}

/// The folder of the run.
fn folder(args: &TrainArgs) -> Result<PathBuf> {
    Ok(match (&args.resume, &args.output, &args.data) {
        (Some(Some(run)), None, _) => run.clone(),
        (Some(Some(run)), Some(output), _) if run == output => run.clone(),
        (Some(Some(run)), Some(output), _) => {
            bail!(
                "--resume {}: the run is in the folder of -o, {}; name one of them",
                run.display(),
                output.display()
            )
        }
        (_, Some(output), _) => output.clone(),
        (_, None, data) => folder_of(data.as_deref().unwrap_or(Path::new(""))),
    })
}

/// The request of a run, with the settings that are chosen again. Flags that would change results
/// are refused, unless they equal the run's settings. There is no `..` here, so that no flag is forgotten.
#[expect(clippy::too_many_lines, reason = "one line per flag")]
fn merged(mut request: Request, args: &TrainArgs) -> Result<Request> {
    let TrainArgs {
        data,
        output: _,
        resume: _,
        force: _,
        show: _,
        budget: BudgetArgs { steps, time: _, stop_at: _ },
        batch,
        accumulate,
        lr,
        constant_lr,
        prediction,
        variance,
        loss,
        loss_weight,
        timestep_sampler,
        optimizer,
        schedule: ScheduleArgs { schedule, timesteps, zero_snr },
        width,
        layers,
        ema,
        label_dropout,
        holdout,
        groups,
        seed,
        reading,
        saving: SavingArgs { preview_every, checkpoint_every, keep },
        compute: ComputeArgs { device: _, precision, threads: _, quiet: _ },
        ranks: _,
    } = args;
    let stored = Known(flags::flags(&request));
    stored.check_value("--batch", *batch)?;
    stored.check_value("--accumulate", *accumulate)?;
    stored.check_value("--lr", *lr)?;
    stored.check_switch("--constant-lr", *constant_lr)?;
    stored.check_value("--prediction", prediction.map(Choice::name))?;
    stored.check_value("--variance", variance.as_deref())?;
    stored.check_value("--loss", loss.map(Choice::name))?;
    stored.check_value("--loss-weight", *loss_weight)?;
    stored.check_value("--timestep-sampler", timestep_sampler.map(Choice::name))?;
    stored.check_value("--optimizer", optimizer.map(Choice::name))?;
    stored.check_value("--timesteps", *timesteps)?;
    stored.check_value("--schedule", known_schedule(schedule.as_deref(), &request)?)?;
    stored.check_switch("--zero-snr", *zero_snr)?;
    stored.check_value("--width", width.as_ref().map(|widths| joined(widths, ",")))?;
    stored.check_value("--layers", *layers)?;
    stored.check_value("--ema", *ema)?;
    stored.check_value("--label-dropout", *label_dropout)?;
    stored.check_value("--holdout", *holdout)?;
    stored.check_value("--groups", *groups)?;
    stored.check_value("--seed", *seed)?;
    stored.check_value("--precision", precision.map(Choice::name))?;
    stored.check_reading(reading)?;
    check_schema(reading.columns.as_deref(), &request.source.reading)?;
    if let (Reading::Pictures { skip_bad, .. }, true) =
        (&mut request.source.reading, reading.skip_bad)
    {
        *skip_bad = true;
    }
    let Request { source, training, saving, .. } = &mut request;
    source.name = data.clone().map_or_else(|| source.name.clone(), PathBuf::into_os_string);
    training.steps = steps.unwrap_or(training.steps);
    saving.preview_every = preview_every.unwrap_or(saving.preview_every);
    saving.checkpoint_every = checkpoint_every.unwrap_or(saving.checkpoint_every);
    saving.keep = keep.unwrap_or(saving.keep);
    Ok(request)
}

/// Refuses a schema that was edited since: the run keeps the one that it was begun with.
fn check_schema(file: Option<&Path>, reading: &Reading) -> Result<()> {
    let (Some(file), Reading::Table { schema: Some(schema), .. }) = (file, reading) else {
        return Ok(());
    };
    let at = || format!("--columns {}", file.display());
    if std::fs::read_to_string(file).with_context(at)? != schema.json {
        bail!(
            "{}: the file was edited since the run was begun; leave it out, or begin a new run",
            at()
        );
    }
    Ok(())
}

/// A schedule as it would be stored.
fn known_schedule(text: Option<&str>, request: &Request) -> Result<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    let stored = &request.scheduler;
    let timesteps = stored.num_train_timesteps;
    let family = AnySchedule::parse(text, timesteps).context("--schedule")?;
    let (prediction, variance) = (stored.prediction(), stored.variance());
    let new = SchedulerConfig::of(&family, timesteps, prediction, variance, stored.spacing());
    Ok(Some(flags::schedule(&new.context("--schedule")?)))
}

/// The flags that a run was begun with.
struct Known(Vec<Flag>);

impl Known {
    /// Refuses a value other than the stored one.
    fn check_value(&self, flag: &str, new: Option<impl Display>) -> Result<()> {
        let Some(new) = new.map(|value| value.to_string()) else { return Ok(()) };
        match self.0.iter().find(|(known, _)| *known == flag) {
            Some((_, Some(value))) if *value == new => Ok(()),
            Some((_, Some(value))) => bail!(
                "{flag} {new}: the run was begun with {flag} {value}; leave it out, or begin a new \
                 run"
            ),
            Some((_, None)) | None => {
                bail!("{flag} {new}: the data of the run are read without it; leave it out")
            }
        }
    }

    /// Refuses a switch that was not set.
    fn check_switch(&self, flag: &str, is_set: bool) -> Result<()> {
        if is_set && !self.0.iter().any(|(known, _)| *known == flag) {
            bail!("{flag}: the run was begun without {flag}; leave it out, or begin a new run");
        }
        Ok(())
    }

    /// Refuses to read the data differently; pictures that cannot be read may be skipped.
    fn check_reading(&self, flags: &ReadingArgs) -> Result<()> {
        let ReadingArgs {
            channels,
            size,
            fit,
            background,
            classes,
            flip,
            skip_bad: _,
            columns,
            missing,
            keep_ids,
            points,
            memory: _,
        } = flags;
        let channels = channels.and_then(|channels| channels.0).map(Channels::count);
        self.check_value("--channels", channels)?;
        self.check_value("--size", size.map(|size| joined(&size.0, "x")))?;
        self.check_value("--fit", fit.map(Choice::name))?;
        self.check_value("--background", background.map(|colour| flags::colour(colour.0)))?;
        self.check_value("--columns", columns.as_deref().map(Path::display))?;
        self.check_value("--missing", missing.map(Choice::name))?;
        self.check_switch("--keep-ids", *keep_ids)?;
        self.check_value("--points", *points)?;
        self.check_switch("--classes", *classes)?;
        self.check_switch("--flip", *flip)
    }
}
