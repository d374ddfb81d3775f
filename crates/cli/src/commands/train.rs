//! `ancestral train`: data → a model, and pictures of what it learned.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use ancestral::{AnySampler, Grid, Spacing};
use ancestral_data::{BUILTIN, Dataset, builtin, loss_chart, write_png};
use ancestral_format::{About, AboutData, AboutTraining, ModelFolder};
use ancestral_nn::device::Device;
use ancestral_nn::train::{StepReport, TrainError, Trainer, TrainingSet};
use ancestral_nn::unet::UNet;
use ancestral_nn::{BurnNetwork, Initializer, parameters};
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::json;

use super::joined;
use super::sample::STEPS;
use crate::args::TrainArgs;
use crate::failure::{Failed, note};
use crate::model::Model;
use crate::output::{picture, write_animation};
use crate::progress::Progress;
use crate::recipe::{Recipe, default_schedule};
use crate::sampling::{Plan, Samples};

/// Samples of what was learned.
struct Look {
    sampler: &'static str,
    count: u64,
    steps: usize,
    /// Moments of the way to keep.
    moments: usize,
}

/// The pictures at the end, and the frames of the animation.
const FINAL: Look = Look { sampler: "ddpm", count: 64, steps: STEPS, moments: 50 };
/// Previews: no more than it takes to see how far training is.
const PREVIEW: Look = Look { sampler: "ddim", count: 36, steps: 25, moments: 0 };
/// By this a run folder is known.
const LOG: &str = "log.jsonl";
/// Pictures of the end, which would mislead beside the log of another run.
const PICTURES: [&str; 3] = ["samples.png", "denoising.gif", "loss.png"];
/// Previews of a run, if the user does not say how often.
const PREVIEWS_BY_DEFAULT: u64 = 5;
/// Where previews go.
const PREVIEWS: &str = "previews";

pub fn run(args: &TrainArgs) -> Result<()> {
    let clock = Instant::now();
    let device = super::compute(&args.compute)?;
    let data = data(&args.data)?;
    let quiet = args.compute.quiet;
    let (family, schedule) = super::schedule(&args.schedule, default_schedule(&data), quiet)?;
    let recipe = Recipe::new(&data, args, &family, schedule)?;
    if data.labels().is_some() && args.label_dropout == 0.0 {
        note(
            quiet,
            "warning: --label-dropout 0: the network never learns to do without a label, as \
             previews and samples without --class ask it to",
        );
    }
    let folder = args.output.clone().unwrap_or_else(|| Path::new("runs").join(&args.data));
    let job = Job { args, device, data, recipe };
    let steps = job.steps(clock)?;
    // All that can be refused has been; from here on something is written.
    let mut trainer = job.trainer(steps)?;
    make_run_folder(&folder, args.force)?;
    job.announce(parameters::to_weights(&trainer.module()).parameters(), steps, &folder);
    job.train(&mut trainer, steps, &folder)?;
    Ok(writeln!(io::stdout(), "{}", folder.display())?)
}

/// The data set of that name.
fn data(name: &str) -> Result<Dataset> {
    builtin(name).with_context(|| {
        format!("data {name:?}: expected one of the built-in sets: {}", BUILTIN.join(", "))
    })
}

/// Makes the run folder, or with `force` rids it of an earlier run's pictures: its log goes when
/// the new one is begun, its model when the new one is written. What is not a run's is never
/// touched.
fn make_run_folder(folder: &Path, force: bool) -> Result<()> {
    let at = || format!("run folder {}", folder.display());
    let taken = folder.exists() && fs::read_dir(folder).with_context(at)?.next().is_some();
    if taken && !force {
        bail!(
            "{} is already there: choose another with -o, or replace the run in it with --force",
            at()
        );
    }
    if taken && !folder.join(LOG).exists() {
        bail!("{} holds no run (no {LOG}): choose another with -o", at());
    }
    let previews = folder.join(PREVIEWS);
    fs::create_dir_all(&previews).with_context(at)?;
    let old_previews = fs::read_dir(&previews).with_context(at)?;
    let old_previews = old_previews.filter_map(|entry| Some(entry.ok()?.path()));
    let is_preview = |path: &PathBuf| {
        path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with("step-") && name.ends_with(".png")
        })
    };
    let pictures = PICTURES.map(|name| folder.join(name)).into_iter().filter(|file| file.exists());
    for file in old_previews.filter(is_preview).chain(pictures) {
        fs::remove_file(&file).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// One training, as it was asked for.
struct Job<'a> {
    args: &'a TrainArgs,
    device: Device,
    data: Dataset,
    recipe: Recipe,
}

impl Job<'_> {
    fn trainer(&self, steps: u64) -> Result<Trainer<UNet>> {
        let Self { args, device, data, recipe } = self;
        let mut set = TrainingSet::new(data.shape().to_vec(), data.rows().to_vec())?;
        if let Some(labels) = data.labels() {
            let classes = u32::try_from(data.class_names().len()).context("classes")?;
            set = set.with_labels(labels.to_vec(), classes)?;
        }
        let mut config = recipe.config.clone();
        config.learning_rate = recipe.learning_rate(steps);
        let unet = UNet::new(&recipe.unet, &Initializer::new(args.seed, device))?;
        Ok(Trainer::new(unet, recipe.schedule.clone(), set, config)?)
    }

    /// How many updates to make: as asked, as the data asks, or as many as fit into the time.
    fn steps(&self, clock: Instant) -> Result<u64> {
        match (self.args.steps, self.args.time) {
            (Some(steps), _) => Ok(steps),
            (None, None) => Ok(self.recipe.steps),
            (None, Some(time)) => self.steps_within(time, clock),
        }
    }

    /// Measures a few updates and network calls, to tell how many updates fit into `time` seconds
    /// beside the sampling at the end and the previews.
    fn steps_within(&self, time: f64, clock: Instant) -> Result<u64> {
        const MEASURED: u32 = 4;
        let mut trainer = self.trainer(1000)?;
        trainer.step()?; // the first one is slower
        let start = Instant::now();
        for _ in 0..MEASURED {
            trainer.step()?;
        }
        let update = start.elapsed().as_secs_f64() / f64::from(MEASURED);
        let model = self.model(&trainer, MEASURED.into(), None)?;
        let look = Look { steps: 2, moments: 0, ..FINAL };
        let start = Instant::now();
        self.sample(&model, &BurnNetwork::new(&trainer.module()), &look)?;
        let call = start.elapsed().as_secs_f64() / 2.0;
        let preview = call * PREVIEW.steps as f64;
        let (update, previews) = match self.args.preview_every {
            None => (update, PREVIEWS_BY_DEFAULT as f64 * preview),
            Some(0) => (update, 0.0),
            Some(every) => (update + preview / every as f64, 0.0),
        };
        let sampling = call * FINAL.steps as f64 + previews;
        let left = time - clock.elapsed().as_secs_f64() - sampling;
        // A reserve for what else the machine may do.
        let steps = (0.95 * left / update).floor();
        if steps < 1.0 {
            bail!(
                "--time {time}: not one update fits (an update takes {update:.2} s, sampling at \
                 the end {sampling:.1} s)"
            );
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 1, and a time has far fewer updates than 2^53"
        )]
        Ok(steps as u64)
    }

    fn announce(&self, parameters: usize, steps: u64, folder: &Path) {
        let Self { args, data, recipe, .. } = self;
        let rate = recipe.learning_rate(steps);
        let line = format!(
            "{}: {} samples of {}, {} classes; U-Net {}, {parameters} weights; {steps} steps of \
             {}, learning rate {} {}; {} schedule over {} timesteps, predicts {}; seed {}; into {}",
            args.data,
            data.len(),
            joined(data.shape(), "x"),
            data.class_names().len(),
            joined(&recipe.unet.block_out_channels, "-"),
            args.batch * args.accumulate,
            rate.peak,
            if args.constant_lr { "constant" } else { "cosine" },
            recipe.scheduler.beta_schedule,
            args.schedule.timesteps,
            recipe.scheduler.prediction_type,
            args.seed,
            folder.display(),
        );
        note(args.compute.quiet, line);
    }

    fn train(&self, trainer: &mut Trainer<UNet>, steps: u64, folder: &Path) -> Result<()> {
        let every = self.args.preview_every.unwrap_or(steps.div_ceil(PREVIEWS_BY_DEFAULT));
        let mut log = Log::create(folder.join(LOG), self.args.compute.quiet)?;
        let mut progress = Progress::new("training", steps, self.args.compute.quiet);
        while trainer.steps() < steps {
            let report = trainer.step().map_err(failed)?;
            log.write(&report);
            progress.at(report.step + 1, || log.details());
            let done = report.step + 1;
            if every > 0 && done % every == 0 && done < steps {
                // A preview that can't be made is no reason to lose a training.
                if let Err(error) = self.preview(trainer, done, folder) {
                    note(self.args.compute.quiet, format_args!("warning: no preview: {error:#}"));
                }
            }
        }
        drop(progress);
        log.finish();
        let model = self.model(trainer, steps, log.final_loss())?;
        model.folder.write(folder).map_err(|error| Failed(error.into()))?;
        self.pictures(&model, folder, &log)
    }

    /// Samples of the averaged weights, always from the same noise.
    fn preview(&self, trainer: &Trainer<UNet>, steps: u64, folder: &Path) -> Result<()> {
        let model = self.model(trainer, steps, None)?;
        let network = BurnNetwork::new(trainer.ema().module());
        let (samples, metadata) = self.sample(&model, &network, &PREVIEW)?;
        let path = folder.join(PREVIEWS).join(format!("step-{steps:06}.png"));
        Ok(write_png(&path, &picture(&samples.x)?, &metadata)?)
    }

    /// The pictures at the end.
    fn pictures(&self, model: &Model, folder: &Path, log: &Log) -> Result<()> {
        let (samples, metadata) = self.sample(model, &model.network(&self.device)?, &FINAL)?;
        let write = || -> Result<()> {
            write_png(&folder.join("samples.png"), &picture(&samples.x)?, &metadata)?;
            write_animation(&folder.join("denoising.gif"), &samples.way)?;
            let title = format!("{}: training loss", self.args.data);
            write_png(&folder.join("loss.png"), &loss_chart(&title, &log.losses)?, &[])?;
            Ok(())
        };
        write().map_err(|error| Failed(error).into())
    }

    /// Samples, and what pictures of them say of themselves.
    fn sample(
        &self,
        model: &Model,
        network: &BurnNetwork<UNet>,
        look: &Look,
    ) -> Result<(Samples, Vec<(String, String)>)> {
        let sampler: AnySampler = look.sampler.parse()?;
        let steps = look.steps.min(model.schedule.len());
        let plan = Plan {
            sampler: &sampler,
            grid: &Grid::new(&model.schedule, Spacing::Trailing, steps)?,
            clip: model.folder.scheduler.clip_sample,
            label: model.label(None)?,
            seed: self.args.seed,
            batch: self.args.batch,
            moments: look.moments,
            quiet: self.args.compute.quiet,
        };
        let mut metadata = plan.metadata(model);
        metadata.push(("data".to_owned(), self.args.data.clone()));
        Ok((plan.run(model, network, 0..look.count, None)?, metadata))
    }

    /// The command that makes the same weights again, with everything said that is there to say.
    fn command(&self, steps: u64) -> String {
        let Self { args, data, recipe, .. } = self;
        let schedule = args.schedule.schedule.as_deref().unwrap_or(default_schedule(data));
        let prediction = args.prediction.to_possible_value();
        let prediction = prediction.expect("no choice is hidden");
        let mut command = format!(
            "ancestral train {} --steps {steps} --batch {} --accumulate {} --lr {} \
             --prediction {} --schedule {schedule} --timesteps {} --channels {} \
             --layers {} --ema {} --label-dropout {} --seed {}",
            args.data,
            args.batch,
            args.accumulate,
            recipe.learning_rate(steps).peak,
            prediction.get_name(),
            args.schedule.timesteps,
            joined(&recipe.unet.block_out_channels, ","),
            args.layers,
            recipe.config.ema_decay,
            args.label_dropout,
            args.seed,
        );
        for (flag, is_set) in
            [("--constant-lr", args.constant_lr), ("--zero-snr", args.schedule.zero_snr)]
        {
            if is_set {
                command.extend([" ", flag]);
            }
        }
        command
    }

    /// What was learned so far, as a model.
    fn model(&self, trainer: &Trainer<UNet>, steps: u64, final_loss: Option<f64>) -> Result<Model> {
        let Self { args, data, recipe, .. } = self;
        let weights = parameters::to_weights(trainer.ema().module());
        let about = About {
            data: AboutData {
                name: args.data.clone(),
                shape: data.shape().to_vec(),
                class_names: data.labels().map(|_| data.class_names().to_vec()),
            },
            training: Some(AboutTraining {
                steps,
                batch: args.batch * args.accumulate,
                seed: args.seed,
                prediction: recipe.scheduler.prediction_type,
                parameters: weights.parameters(),
                final_loss,
                command: self.command(steps),
            }),
        };
        let folder = ModelFolder {
            unet: recipe.unet.clone(),
            scheduler: recipe.scheduler.clone(),
            raw_weights: Some(parameters::to_weights(&trainer.module())),
            weights,
            about: Some(about),
        };
        Model::new(args.data.clone(), folder)
    }
}

fn failed(error: TrainError) -> anyhow::Error {
    if matches!(error, TrainError::NonFinite { .. }) {
        return Failed(error.into()).into();
    }
    error.into()
}

/// `log.jsonl`, and the losses in it.
struct Log {
    path: PathBuf,
    /// None once it can't be written any more, which is no reason to lose a training.
    file: Option<BufWriter<File>>,
    quiet: bool,
    start: Instant,
    /// Step, counted from 1, and loss, where it was finite.
    losses: Vec<(u64, f64)>,
}

impl Log {
    fn create(path: PathBuf, quiet: bool) -> Result<Self> {
        let file = File::create(&path).with_context(|| path.display().to_string())?;
        let (file, start) = (Some(BufWriter::new(file)), Instant::now());
        Ok(Self { path, file, quiet, start, losses: Vec::new() })
    }

    fn write(&mut self, report: &StepReport) {
        let step = report.step + 1;
        if report.loss.is_finite() {
            self.losses.push((step, report.loss));
        }
        let line = json!({
            "step": step,
            "loss": report.loss,
            "gradient_norm": report.gradient_norm,
            "learning_rate": report.learning_rate,
            "skipped": report.skipped,
            "seconds": (self.start.elapsed().as_secs_f64() * 1e3).round() / 1e3,
        });
        self.with_file(|file| {
            writeln!(file, "{line}")?;
            if step.is_multiple_of(20) { file.flush() } else { Ok(()) }
        });
    }

    fn finish(&mut self) {
        self.with_file(BufWriter::flush);
    }

    fn with_file(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = write(file) {
            self.file = None;
            let path = self.path.display();
            note(self.quiet, format_args!("warning: {path} ends here, training goes on: {error}"));
        }
    }

    /// Loss and speed of late, for people.
    fn details(&self) -> String {
        let speed = self.losses.len() as f64 / self.start.elapsed().as_secs_f64();
        format!("loss {:.4}, {speed:.1} steps/s", self.mean_of_last(50).unwrap_or(f64::NAN))
    }

    /// The mean loss of the last twentieth of the steps.
    fn final_loss(&self) -> Option<f64> {
        self.mean_of_last(self.losses.len().div_ceil(20))
    }

    fn mean_of_last(&self, count: usize) -> Option<f64> {
        let last = &self.losses[self.losses.len().saturating_sub(count)..];
        let sum: f64 = last.iter().map(|(_, loss)| loss).sum();
        (!last.is_empty()).then(|| sum / last.len() as f64)
    }
}
