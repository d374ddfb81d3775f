//! One training: the setup before the first step, and the results after the last.

use std::ffi::OsString;
use std::fs;

use ancestral_data::{loss_chart, write_png};
use ancestral_format::{About, AboutData, AboutTraining, NetworkConfig, counted};
use ancestral_learn::{
    Decay, Engine as Gradients, Judgement, Log, LogError, Request, TrainState, TrainingSet,
};
use ancestral_pipeline::{Engine, Model, columns_for_folder};
use anyhow::{Result, bail};

use super::flags;
use super::gradients::gradients;
use crate::commands::joined;
use crate::data::Data;
use crate::failure::{Failed, note};
use crate::flags::flagged;
use crate::interrupt::Interrupt;
use crate::lock::LOCK;
use crate::run_folder::RunFolder;

/// A trainer on any engine.
pub type Trainer = ancestral_learn::Trainer<Box<dyn Gradients>>;

/// One training.
pub struct Job {
    pub folder: RunFolder,
    pub data: Data,
    /// The rows that are held out to measure the loss.
    pub held_out: Option<TrainingSet>,
    pub data_sha256: String,
    pub request: Request,
    /// What computes samples and gradients.
    pub engine: Engine,
    /// The state of the checkpoint, if the training is resumed.
    pub state: Option<TrainState>,
    pub budget: Budget,
}

/// Settings that are chosen each time a training is begun or resumed.
pub struct Budget {
    /// The step to stop after, before the last one.
    pub stop_at: Option<u64>,
    /// Whether an existing run is replaced.
    pub force: bool,
    pub quiet: bool,
}

impl Job {
    /// Trains, and draws the samples at the end.
    pub fn run(&self) -> Result<()> {
        let (steps, done) = (self.request.training.steps, self.done());
        if steps < done {
            bail!("--steps {steps}: the run has already made {done}; give a larger number");
        }
        if let Some(stop) = self.budget.stop_at.filter(|stop| *stop < done) {
            bail!("--stop-at {stop}: the run has already made {done}; give a larger number");
        }
        let interrupt = Interrupt::watch()?;
        // All input errors are reported before anything is written.
        let mut trainer = self.trainer()?;
        let mut log = self.log()?;
        self.announce(trainer.parameters());
        self.note_looks();
        let until = self.budget.stop_at.map_or(steps, |stop| stop.min(steps));
        self.train(&mut trainer, until, &mut log, &interrupt)?;
        if until < steps {
            let text = format!("stopped after step {until} of {steps}; {}", self.resuming());
            note(self.budget.quiet, text);
            return Ok(());
        }
        let judgement = self.judged(&mut trainer)?;
        let model = self.model(&trainer, log.final_loss())?;
        drop(trainer);
        model.folder().write(self.folder.path()).map_err(|error| Failed(error.into()))?;
        let (lock, message) = (self.folder.file(LOCK), self.without_pictures());
        let _last_words = interrupt.end_after(move || {
            let _ = fs::remove_file(lock);
            message
        });
        self.look(&model, judgement, &mut log)?;
        self.chart(&log)
    }

    /// Steps that were made before this process.
    pub fn done(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.steps)
    }

    fn trainer(&self) -> Result<Trainer> {
        let engine = gradients(&self.engine, &self.request.network)?;
        let (request, set) = (&self.request, self.data.set.clone());
        Ok(match &self.state {
            None => Trainer::new(request, engine, set)?,
            Some(state) => Trainer::resume(request, engine, set, state)?,
        })
    }

    /// Prepares the run folder for the steps to come.
    fn log(&self) -> Result<Log> {
        let (folder, done) = (&self.folder, self.done());
        if self.state.is_none() {
            folder.begin(self.budget.force, self.budget.quiet)?;
            return Log::create(&folder.log()).map_err(unwritten);
        }
        folder.checkpoints(self.request.saving.keep).tidy(done)?;
        folder.go_back_to(done)?;
        // Pictures of the end mislead while the run continues.
        let judged = if folder.preview(done).exists() { done } else { done.saturating_sub(1) };
        Log::resume(&folder.log(), done, judged).map_err(unwritten)
    }

    /// Prints one line about the training.
    fn announce(&self, parameters: usize) {
        let Self { data, request, .. } = self;
        let Request { network, scheduler, training, .. } = request;
        let (rate, done) = (training.learning_rate, self.done());
        let (network, width) = match network {
            NetworkConfig::UNet(config) => ("U-Net", joined(&config.block_out_channels, "-")),
            NetworkConfig::Mlp(config) => ("MLP", format!("{}x{}", config.blocks, config.width)),
        };
        let from = if done > 0 { format!("from step {done} on, ") } else { String::new() };
        let line = format!(
            "{}: {} of {}, {}; {network} {width}, {}; {from}{} of {}, learning rate {} {}; \
             {} schedule over {} timesteps, predicts {}; seed {}; into {}",
            data.name,
            counted(data.set.len(), "sample"),
            joined(data.set.shape(), "x"),
            classes(&data.set),
            counted(parameters, "weight"),
            counted(training.steps, "step"),
            training.rows(),
            rate.peak,
            if rate.decay == Decay::Constant { "constant" } else { "cosine" },
            scheduler.beta_schedule,
            scheduler.num_train_timesteps,
            scheduler.prediction_type,
            training.seed,
            self.folder.path().display(),
        );
        note(self.budget.quiet, line);
    }

    /// How to resume the run.
    pub fn resuming(&self) -> String {
        format!("continue with: {}", self.command(&["train", "--resume"]))
    }

    /// The message for an interruption after the model was written: what exists, and how to get the rest.
    fn without_pictures(&self) -> String {
        format!(
            "interrupted while the last samples were drawn; the model is written: draw samples with: {} \
             (or all pictures of the run with: {})",
            self.command(&["sample"]),
            self.command(&["train", "--resume"])
        )
    }

    /// The shell command on the run folder.
    pub fn command(&self, words: &[&str]) -> String {
        let folder = flags::operand(self.folder.path());
        let words = words.iter().map(OsString::from).chain([folder]);
        flags::shell(&words.collect::<Vec<_>>())
    }

    /// The model learned so far.
    pub fn model(&self, trainer: &Trainer, final_loss: Option<f64>) -> Result<Model> {
        let about = self.about(trainer, final_loss);
        Model::from_folder(self.data.name.clone(), trainer.model(about)).map_err(flagged)
    }

    /// The record of the training so far in a model folder.
    pub fn about(&self, trainer: &Trainer, final_loss: Option<f64>) -> About {
        let Self { data, request, .. } = self;
        About {
            data: AboutData {
                name: data.name.clone(),
                shape: data.set.shape().to_vec(),
                class_names: data.class_names.clone(),
                class_counts: data.set.class_counts(),
                columns: data.columns.as_ref().map(columns_for_folder),
            },
            training: Some(AboutTraining {
                steps: trainer.steps(),
                batch: request.training.rows(),
                seed: request.training.seed,
                prediction: request.scheduler.prediction_type,
                parameters: trainer.parameters(),
                final_loss,
                command: flags::command(request, trainer.steps()),
            }),
        }
    }

    /// The chart of the losses.
    fn chart(&self, log: &Log) -> Result<()> {
        // In a short run every step may have been skipped.
        if log.losses().is_empty() {
            return Ok(());
        }
        let title = format!("{}: training loss", self.data.name);
        let loss = |judgement: &Judgement| {
            let mean = judgement.held_out.as_ref()?.mean;
            (mean > 0.0 && mean.is_finite()).then_some((judgement.step, mean))
        };
        let held_out: Vec<_> = log.judgements().iter().filter_map(loss).collect();
        let chart = loss_chart(&title, log.losses(), &held_out)?;
        write_png(&self.folder.file("loss.png"), &chart, &[])
            .map_err(|error| Failed(error.into()).into())
    }
}

/// The folder was writable, so a failure to write a file in it is not an input error.
fn unwritten(error: LogError) -> anyhow::Error {
    Failed(error.into()).into()
}

/// The number of classes, or of groups instead.
fn classes(set: &TrainingSet) -> String {
    match (set.groups(), set.classes()) {
        (0, 1) => "1 class".to_owned(),
        (0, classes) => format!("{classes} classes"),
        (_, found) => format!("{} of similar ones", counted(found, "group")),
    }
}
