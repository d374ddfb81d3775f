//! One training: what is set up before the first step, and what is left after the last.

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

/// A trainer on whichever engine.
pub type Trainer = ancestral_learn::Trainer<Box<dyn Gradients>>;

/// One training.
pub struct Job {
    pub folder: RunFolder,
    pub data: Data,
    /// What is not learned, to judge by.
    pub held_out: Option<TrainingSet>,
    pub data_sha256: String,
    pub request: Request,
    /// What computes samples and gradients.
    pub engine: Engine,
    /// Where the training stood, if it is resumed.
    pub state: Option<TrainState>,
    pub budget: Budget,
}

/// What is chosen anew each time that a training is begun or resumed.
pub struct Budget {
    /// After which step to stop, before the last one.
    pub stop_at: Option<u64>,
    /// Whether a run that is already there is replaced.
    pub force: bool,
    pub quiet: bool,
}

impl Job {
    /// Trains, and draws what was learned.
    pub fn run(&self) -> Result<()> {
        let (steps, done) = (self.request.training.steps, self.done());
        if steps < done {
            bail!("--steps {steps}: the run has made {done} already");
        }
        if let Some(stop) = self.budget.stop_at.filter(|stop| *stop < done) {
            bail!("--stop-at {stop}: the run has made {done} already");
        }
        let interrupt = Interrupt::watch()?;
        // All that can be refused is refused before something is written.
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

    /// How many steps were made before.
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

    /// Sets up the run folder for what is to come.
    fn log(&self) -> Result<Log> {
        let (folder, done) = (&self.folder, self.done());
        if self.state.is_none() {
            folder.begin(self.budget.force, self.budget.quiet)?;
            return Log::create(&folder.log()).map_err(unwritten);
        }
        folder.checkpoints(self.request.saving.keep).tidy(done)?;
        folder.go_back_to(done)?;
        // The end of a run that goes on is none.
        let judged = if folder.preview(done).exists() { done } else { done.saturating_sub(1) };
        Log::resume(&folder.log(), done, judged).map_err(unwritten)
    }

    /// Prints what is trained, in a line.
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
        format!("go on with: {}", self.command(&["train", "--resume"]))
    }

    /// What there is once the model is written, and how to have the rest.
    fn without_pictures(&self) -> String {
        format!(
            "interrupted while the last samples were drawn; the model is written: draw with: {} (or \
             all pictures of the run with: {})",
            self.command(&["sample"]),
            self.command(&["train", "--resume"])
        )
    }

    /// A command on the run folder, as a shell reads it.
    pub fn command(&self, words: &[&str]) -> String {
        let folder = flags::operand(self.folder.path());
        let words = words.iter().map(OsString::from).chain([folder]);
        flags::shell(&words.collect::<Vec<_>>())
    }

    /// What was learned so far, as a model.
    pub fn model(&self, trainer: &Trainer, final_loss: Option<f64>) -> Result<Model> {
        let about = self.about(trainer, final_loss);
        Model::from_folder(self.data.name.clone(), trainer.model(about)).map_err(flagged)
    }

    /// What a model folder says of the training so far.
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
        // Every step of a short run may have been skipped.
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

/// The folder was writable: that a file in it is not is no fault of the user's.
fn unwritten(error: LogError) -> anyhow::Error {
    Failed(error.into()).into()
}

/// How many classes there are, or groups in their place.
fn classes(set: &TrainingSet) -> String {
    match (set.groups(), set.classes()) {
        (0, 1) => "1 class".to_owned(),
        (0, classes) => format!("{classes} classes"),
        (_, found) => format!("{} of alike ones", counted(found, "group")),
    }
}
