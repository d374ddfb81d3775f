//! `ancestral train`: data → a model, and pictures of what it learned.

mod diagnosis;
mod look;
mod resume;

use std::fs;
use std::path::Path;
use std::time::Instant;

use ancestral_data::{loss_chart, write_png};
use ancestral_format::{About, AboutData, AboutTraining, ModelFolder, NetworkConfig};
use ancestral_nn::device::{self, Device};
use ancestral_nn::mlp::Mlp;
use ancestral_nn::train::{
    Checkpoint, Checkpoints, Counters, RunInfo, TrainError, TrainState, Trainer,
};
use ancestral_nn::unet::UNet;
use ancestral_nn::{DiffusionModule, Initializer, parameters};
use anyhow::{Context, Result, bail};
use clap::{ArgMatches, ValueEnum};

use self::diagnosis::Diagnosis;
use self::look::Look;
use self::resume::Resumed;
use super::joined;
use crate::args::TrainArgs;
use crate::columns;
use crate::data::{self, Data};
use crate::engine::Engine;
use crate::failure::{Failed, Interrupted, note};
use crate::interrupt::Interrupt;
use crate::lock::LOCK;
use crate::log::Log;
use crate::model::Model;
use crate::progress::Progress;
use crate::recipe::{Recipe, default_schedule};
use crate::run_folder::RunFolder;

/// Previews of a run, and its checkpoints, if the user does not say how often.
const PREVIEWS_BY_DEFAULT: u64 = 5;
const CHECKPOINTS_BY_DEFAULT: u64 = 10;

pub fn run(args: &TrainArgs, matches: &ArgMatches) -> Result<()> {
    let clock = Instant::now();
    let source = args.data.as_deref();
    let (folder, args, resumed) = if args.resume.is_some() {
        let Resumed { folder, args, checkpoint } = Resumed::new(args, matches)?;
        (folder, args, Some(checkpoint))
    } else {
        let name = source.map(data::name).unwrap_or_default();
        let path = args.output.clone().unwrap_or_else(|| Path::new("runs").join(name));
        let folder = RunFolder::new(path);
        folder.check(args.force)?;
        (folder, args.clone(), None)
    };
    let source = args.data.clone().unwrap_or_default();
    let engine = Engine::new(&args.compute)?;
    let device = device::parse(&args.compute.device).context("--device")?;
    let quiet = args.compute.quiet;
    let mut data = Data::read(&source, &args, folder.path());
    if resumed.is_some() {
        data = data.context("the data of the run; if they are elsewhere now, name them");
    }
    let data = data?;
    let (family, schedule) = super::schedule(&args.schedule, default_schedule(&data), quiet)?;
    let recipe = Recipe::new(&data, &args, &family, schedule)?;
    warn(&data, &recipe, &args);
    let data_sha256 = data.sha256();
    let job = Job { args, source, engine, device, data, data_sha256, recipe, folder, clock };
    let network = job.recipe.network.clone();
    let init = Initializer::new(job.args.seed, &job.device);
    match &network {
        NetworkConfig::UNet(config) => job.run(&|| Ok(UNet::new(config, &init)?), resumed)?,
        NetworkConfig::Mlp(config) => job.run(&|| Ok(Mlp::new(config, &init)?), resumed)?,
    }
    super::print(&format!("{}\n", job.folder.path().display()))
}

/// Says what is likely to be a mistake.
fn warn(data: &Data, recipe: &Recipe, args: &TrainArgs) {
    let quiet = args.compute.quiet;
    if data.class_names.is_some() && args.label_dropout == 0.0 {
        note(
            quiet,
            "warning: --label-dropout 0: the network never learns to do without a label, as \
             previews and samples without --class ask it to",
        );
    }
    let outside = if recipe.scheduler.clip_sample { data.share_outside() } else { 0.0 };
    if outside > 0.0 {
        note(
            quiet,
            format_args!(
                "warning: {:.1} % of the data are outside [-1, 1], where samples are clipped: \
                 arrays of pictures are expected in [-1, 1], or as bytes",
                100.0 * outside
            ),
        );
    }
    let (batch, len) = (recipe.config.batch, data.set.len());
    if batch > len {
        note(quiet, format_args!("note: a batch of {batch} is more than the data: {len} in all"));
    }
}

/// One training, as it was asked for.
struct Job {
    args: TrainArgs,
    /// The data, as the user names them.
    source: String,
    /// What computes samples.
    engine: Engine,
    /// Where training computes.
    device: Device,
    data: Data,
    data_sha256: String,
    recipe: Recipe,
    folder: RunFolder,
    clock: Instant,
}

impl Job {
    /// Trains the network that `make` makes, from its start or from a checkpoint.
    fn run<M: DiffusionModule>(
        &self,
        make: &dyn Fn() -> Result<M>,
        resumed: Option<Checkpoint>,
    ) -> Result<()> {
        let state = resumed.map(|checkpoint| self.state(checkpoint)).transpose()?;
        let steps = self.steps(make, state.as_ref())?;
        let done = state.as_ref().map_or(0, |state| state.steps);
        if steps < done {
            bail!("--steps {steps}: the run has made {done} already");
        }
        if let Some(stop) = self.args.budget.stop_at.filter(|stop| *stop < done) {
            bail!("--stop-at {stop}: the run has made {done} already");
        }
        let interrupt = Interrupt::watch()?;
        // All that can be refused has been; from here on something is written.
        let mut trainer = self.trainer(make()?, steps, state.as_ref())?;
        let quiet = self.args.compute.quiet;
        let mut log = if state.is_some() {
            self.folder.checkpoints(self.args.saving.keep).tidy(done)?;
            self.folder.go_back_to(done)?;
            Log::resume(self.folder.log(), quiet, done)?
        } else {
            self.folder.begin(self.args.force, quiet)?;
            Log::create(self.folder.log(), quiet)?
        };
        self.announce(parameters::to_weights(&trainer.module()).parameters(), steps, done);
        let until = self.args.budget.stop_at.map_or(steps, |stop| stop.min(steps));
        self.train(&mut trainer, steps, until, &mut log, &interrupt)?;
        if until < steps {
            note(quiet, format_args!("stopped after step {until} of {steps}; {}", self.go_on()));
            return Ok(());
        }
        let model = self.model(&trainer.state(), steps, log.final_loss())?;
        model.folder.write(self.folder.path()).map_err(|error| Failed(error.into()))?;
        let (lock, message) = (self.folder.file(LOCK), self.without_pictures());
        let _last_words = interrupt.end_after(move || {
            let _ = fs::remove_file(lock);
            message
        });
        self.pictures(&model, &log)
    }

    /// Where the run stood, if the data are still those that it was begun with.
    fn state(&self, checkpoint: Checkpoint) -> Result<TrainState> {
        if checkpoint.run.data_sha256 != self.data_sha256 {
            bail!(
                "{}: the data are not those that the run was begun with; to train on others, begin \
                 another run",
                self.source
            );
        }
        Ok(checkpoint.into_state())
    }

    fn trainer<M: DiffusionModule>(
        &self,
        module: M,
        steps: u64,
        state: Option<&TrainState>,
    ) -> Result<Trainer<M>> {
        let Self { data, recipe, .. } = self;
        let mut config = recipe.config.clone();
        config.learning_rate = recipe.learning_rate(steps);
        let (schedule, set) = (recipe.schedule.clone(), data.set.clone());
        Ok(match state {
            None => Trainer::new(module, schedule, set, config)?,
            Some(state) => Trainer::resume(module, schedule, set, config, state)?,
        })
    }

    /// How many updates to make: as asked, as the data ask, or as many as fit into the time.
    fn steps<M: DiffusionModule>(
        &self,
        make: &dyn Fn() -> Result<M>,
        state: Option<&TrainState>,
    ) -> Result<u64> {
        match (self.args.budget.steps, self.args.budget.time) {
            (Some(steps), _) => Ok(steps),
            (None, None) => Ok(self.recipe.steps()),
            (None, Some(time)) => {
                let done = state.map_or(0, |state| state.steps);
                Ok(done + self.steps_within(time, make()?)?)
            }
        }
    }

    /// Measures a few updates and network calls, to tell how many updates fit into `time` seconds
    /// beside the sampling at the end and the previews.
    fn steps_within<M: DiffusionModule>(&self, time: f64, module: M) -> Result<u64> {
        const MEASURED: u64 = 4;
        let mut trainer = self.trainer(module, 1000, None)?;
        trainer.step()?; // the first one is slower
        let start = Instant::now();
        for _ in 0..MEASURED {
            trainer.step()?;
        }
        let update = start.elapsed().as_secs_f64() / MEASURED as f64;
        let model = self.model(&trainer.state(), MEASURED, None)?;
        let (last, preview) = (Look::last(&self.data), Look::preview(&self.data));
        let start = Instant::now();
        self.sample(&model, &last.of_steps(2))?;
        let call = start.elapsed().as_secs_f64() / 2.0;
        let preview = call * preview.steps as f64;
        let (update, previews) = match self.args.saving.preview_every {
            None => (update, PREVIEWS_BY_DEFAULT as f64 * preview),
            Some(0) => (update, 0.0),
            Some(every) => (update + preview / every as f64, 0.0),
        };
        let sampling = call * last.steps as f64 + previews;
        let left = time - self.clock.elapsed().as_secs_f64() - sampling;
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

    fn announce(&self, parameters: usize, steps: u64, done: u64) {
        let Self { args, data, recipe, .. } = self;
        let rate = recipe.learning_rate(steps);
        let (network, width) = match &recipe.network {
            NetworkConfig::UNet(config) => ("U-Net", joined(&config.block_out_channels, "-")),
            NetworkConfig::Mlp(config) => ("MLP", format!("{}x{}", config.blocks, config.width)),
        };
        let from = if done > 0 { format!("from step {done} on, ") } else { String::new() };
        let line = format!(
            "{}: {} samples of {}, {} classes; {network} {width}, {parameters} weights; {from}\
             {steps} steps of {}, learning rate {} {}; {} schedule over {} timesteps, predicts {}; \
             seed {}; into {}",
            data.name,
            data.set.len(),
            joined(data.set.shape(), "x"),
            data.set.classes(),
            recipe.config.batch * args.accumulate,
            rate.peak,
            if args.constant_lr { "constant" } else { "cosine" },
            recipe.scheduler.beta_schedule,
            args.schedule.timesteps,
            recipe.scheduler.prediction_type,
            args.seed,
            self.folder.path().display(),
        );
        note(args.compute.quiet, line);
    }

    /// Makes the updates up to `until`, of `steps` planned ones, and saves on the way.
    fn train<M: DiffusionModule>(
        &self,
        trainer: &mut Trainer<M>,
        steps: u64,
        until: u64,
        log: &mut Log,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let saving = &self.args.saving;
        let quiet = self.args.compute.quiet;
        let previews = saving.preview_every.unwrap_or(steps.div_ceil(PREVIEWS_BY_DEFAULT));
        let saves = saving.checkpoint_every.unwrap_or(steps.div_ceil(CHECKPOINTS_BY_DEFAULT));
        let is_due = |every: u64, done: u64| every > 0 && done.is_multiple_of(every);
        let checkpoints = self.folder.checkpoints(saving.keep);
        let mut diagnosis = Diagnosis::new(trainer.steps());
        let mut progress = Progress::new("training", trainer.steps()..steps, quiet);
        let preview = |trainer: &Trainer<M>| {
            let done = trainer.steps();
            if done == 0 || done == steps || !is_due(previews, done) {
                return;
            }
            // A preview that can't be made is no reason to lose a training.
            if let Err(error) = self.preview(&trainer.state(), done) {
                note(quiet, format_args!("warning: no preview: {error:#}"));
            }
        };
        // An interruption does not wait for the preview of its step: it is made up for here.
        if !self.folder.preview(trainer.steps()).exists() {
            preview(trainer);
        }
        while trainer.steps() < until {
            let report = trainer.step().map_err(failed)?;
            log.write(&report);
            let done = report.step + 1;
            progress.at(done, || log.details());
            diagnosis.of(&report, log.losses()).into_iter().for_each(|text| note(quiet, text));
            let stop = interrupt.came();
            if is_due(saves, done) || done == until || stop.is_some() {
                log.sync();
                self.save(&checkpoints, trainer, steps, log)?;
            }
            if let Some(code) = stop {
                let message = format!("interrupted after step {done} of {steps}; {}", self.go_on());
                return Err(Interrupted { code, message }.into());
            }
            preview(trainer);
        }
        Ok(())
    }

    fn save<M: DiffusionModule>(
        &self,
        checkpoints: &Checkpoints,
        trainer: &Trainer<M>,
        steps: u64,
        log: &Log,
    ) -> Result<()> {
        let TrainState { steps: done, updates, skipped_in_a_row, weights, average, moments } =
            trainer.state();
        let mut arguments = self.settings(steps);
        let saving = &self.args.saving;
        for (flag, value) in [
            ("--preview-every", saving.preview_every),
            ("--checkpoint-every", saving.checkpoint_every),
            ("--keep", Some(saving.keep as u64)),
        ] {
            arguments.extend(value.into_iter().flat_map(|n| [flag.to_owned(), n.to_string()]));
        }
        let checkpoint = Checkpoint {
            model: self.model_folder(average, weights, done, log.final_loss()),
            moments,
            counters: Counters { steps: done, updates, skipped_in_a_row },
            run: RunInfo { arguments, data_sha256: self.data_sha256.clone() },
        };
        checkpoints.save(&checkpoint).map_err(|error| Failed(error.into()).into())
    }

    /// How to go on with the run.
    fn go_on(&self) -> String {
        format!("go on with: {}", self.command_of(&["train", "--resume"]))
    }

    /// What there is when the model is written, and how to have the rest.
    fn without_pictures(&self) -> String {
        format!(
            "interrupted while the last samples were drawn; the model is written: draw with: {} (or \
             all pictures of the run with: {})",
            self.command_of(&["sample"]),
            self.command_of(&["train", "--resume"])
        )
    }

    /// A command on the run folder.
    fn command_of(&self, words: &[&str]) -> String {
        let folder = self.folder.path().to_string_lossy().into_owned();
        command(&words.iter().map(|word| (*word).to_owned()).chain([folder]).collect::<Vec<_>>())
    }

    /// The arguments that make the same weights again, with everything said that is there to say.
    fn settings(&self, steps: u64) -> Vec<String> {
        let Self { args, data, recipe, .. } = self;
        let reading = &args.reading;
        let (width, layers) = match &recipe.network {
            NetworkConfig::UNet(config) => {
                (joined(&config.block_out_channels, ","), config.layers_per_block)
            }
            NetworkConfig::Mlp(config) => (config.width.to_string(), config.blocks),
        };
        let schedule = args.schedule.schedule.as_deref().unwrap_or(default_schedule(data));
        let prediction = recipe.prediction().to_possible_value().expect("no choice is hidden");
        let mut settings = vec!["train".to_owned(), self.source.clone()];
        for (flag, value) in [
            ("--steps", steps.to_string()),
            ("--batch", recipe.config.batch.to_string()),
            ("--accumulate", args.accumulate.to_string()),
            ("--lr", recipe.learning_rate(steps).peak.to_string()),
            ("--prediction", prediction.get_name().to_owned()),
            ("--schedule", schedule.to_owned()),
            ("--timesteps", args.schedule.timesteps.to_string()),
            ("--width", width),
            ("--layers", layers.to_string()),
            ("--ema", recipe.config.ema_decay.to_string()),
            ("--label-dropout", args.label_dropout.to_string()),
            ("--seed", args.seed.to_string()),
        ] {
            settings.extend([flag.to_owned(), value]);
        }
        settings.extend(reading.flags());
        for (flag, is_set) in
            [("--constant-lr", args.constant_lr), ("--zero-snr", args.schedule.zero_snr)]
        {
            settings.extend(is_set.then(|| flag.to_owned()));
        }
        settings
    }

    /// What was learned so far, as a model.
    fn model(&self, state: &TrainState, steps: u64, final_loss: Option<f64>) -> Result<Model> {
        let TrainState { average, weights, .. } = state.clone();
        Model::new(self.data.name.clone(), self.model_folder(average, weights, steps, final_loss))
    }

    fn model_folder(
        &self,
        weights: ancestral_format::Weights,
        raw: ancestral_format::Weights,
        steps: u64,
        final_loss: Option<f64>,
    ) -> ModelFolder {
        let Self { args, data, recipe, .. } = self;
        let about = About {
            data: AboutData {
                name: data.name.clone(),
                shape: data.set.shape().to_vec(),
                class_names: data.class_names.clone(),
                columns: data.columns.as_ref().map(columns::for_folder),
            },
            training: Some(AboutTraining {
                steps,
                batch: recipe.config.batch * args.accumulate,
                seed: args.seed,
                prediction: recipe.scheduler.prediction_type,
                parameters: weights.parameters(),
                final_loss,
                command: command(&self.settings(steps)),
            }),
        };
        ModelFolder {
            network: recipe.network.clone(),
            scheduler: recipe.scheduler.clone(),
            raw_weights: Some(raw),
            weights,
            about: Some(about),
        }
    }

    /// The chart of the losses, beside the looks at the model.
    fn pictures(&self, model: &Model, log: &Log) -> Result<()> {
        self.look(model)?;
        let title = format!("{}: training loss", self.data.name);
        // Every step of a short run may have been skipped.
        if log.losses().is_empty() {
            return Ok(());
        }
        let chart = loss_chart(&title, log.losses())?;
        write_png(&self.folder.file("loss.png"), &chart, &[])
            .map_err(|error| Failed(error.into()).into())
    }
}

/// The program with these arguments, as a shell takes it.
fn command(arguments: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    let word = |argument: &String| {
        if !argument.is_empty() && argument.chars().all(is_plain) {
            return argument.clone();
        }
        format!("'{}'", argument.replace('\'', r"'\''"))
    };
    std::iter::once("ancestral".to_owned())
        .chain(arguments.iter().map(word))
        .collect::<Vec<_>>()
        .join(" ")
}

fn failed(error: TrainError) -> anyhow::Error {
    if matches!(error, TrainError::NonFinite { .. }) {
        return Failed(error.into()).into();
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_written_as_a_shell_reads_them() {
        let words = ["train", "my photos/it's", "--width", "8,16", ""].map(str::to_owned);
        assert_eq!(command(&words), r"ancestral train 'my photos/it'\''s' --width 8,16 ''");
    }
}
