//! A training: the setup before the first step, and the results after the last.

mod pictures;
mod updates;

use ancestral_data::{loss_chart, write_png};
use ancestral_format::{About, AboutData, AboutTraining, NetworkConfig, counted, joined};
use ancestral_learn::{Decay, Judgement, Log, Request, TrainState, TrainingSet};
use ancestral_pipeline::{Engine, Model, columns_for_folder, predicted};

use crate::data::{Data, about_reading};
use crate::error::{Problem, RunError, SettingError};
use crate::folder::RunFolder;
use crate::front::{Front, Notice, Task};
use crate::ranks::Trainer;

pub(crate) use pictures::Look;

/// A training that is settled, and has a folder.
#[derive(Debug)]
pub struct Run {
    pub(crate) folder: RunFolder,
    /// Whether an existing run is replaced.
    pub(crate) force: bool,
    pub(crate) data: Data,
    /// The rows that are held out to measure the loss.
    pub(crate) held_out: Option<TrainingSet>,
    pub(crate) data_sha256: String,
    pub(crate) request: Request,
    /// What computes samples and gradients.
    pub(crate) engine: Engine,
    /// The state of the checkpoint, if the training is resumed.
    pub(crate) state: Option<TrainState>,
    /// The step to stop after, before the last one.
    pub(crate) stop_at: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are made; the model and its pictures are written.
    Finished,
    /// The run was to stop after a step; a checkpoint is written.
    Stopped {
        /// That step.
        after: u64,
    },
    /// The front stopped it; a checkpoint is written.
    Interrupted {
        /// The last step made.
        after: u64,
    },
}

impl Run {
    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// What is learned, and how: complete.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Trains, and draws the samples at the end.
    ///
    /// # Errors
    /// If the run has made more steps than it should, its folder can't be used, or training fails.
    pub fn run(&self, front: &mut dyn Front) -> Result<Outcome, RunError> {
        let (steps, done) = (self.request.training.steps, self.done());
        for (setting, value) in [("steps", Some(steps)), ("stop_at", self.stop_at)] {
            if let Some(value) = value.filter(|value| *value < done) {
                return Err(SettingError::of(setting, &value, Problem::AlreadyMade { done }).into());
            }
        }
        if let Some(stop) = self.stop_at.filter(|stop| *stop > steps) {
            front.tell(Notice::warning(format_args!(
                "`stop_at` {stop}: the run ends before, after {}",
                counted(steps, "step")
            )));
        }
        // All input errors are reported before anything is written.
        let mut trainer = Trainer::new(self, &self.request, self.state.as_ref())?;
        let mut log = self.log(front)?;
        self.announce(trainer.parameters(), front);
        self.note_looks(front);
        let until = self.stop_at.map_or(steps, |stop| stop.min(steps));
        if let Some(outcome) = self.train(&mut trainer, until, &mut log, front)? {
            return Ok(outcome);
        }
        if until < steps {
            return Ok(Outcome::Stopped { after: until });
        }
        let judgement = self.judged(&mut trainer)?;
        let model = self.model(&trainer, log.final_loss(), front)?;
        drop(trainer);
        model.folder().write(self.folder.path()).map_err(RunError::failed)?;
        front.wrote_model(&self.folder);
        self.look(&model, judgement, &mut log, front)?;
        self.chart(&log)?;
        Ok(Outcome::Finished)
    }

    /// Steps that were made before this process.
    pub(crate) fn done(&self) -> u64 {
        self.state.as_ref().map_or(0, |state| state.steps)
    }

    /// Prepares the run folder for the steps to come.
    fn log(&self, front: &mut dyn Front) -> Result<Log, RunError> {
        let (folder, done) = (&self.folder, self.done());
        if self.state.is_none() {
            folder.begin(self.force, front)?;
            return Log::create(&folder.log()).map_err(RunError::failed);
        }
        folder.checkpoints(self.request.saving.keep).tidy(done)?;
        folder.go_back_to(done)?;
        // Pictures of the end mislead while the run continues.
        let judged = if folder.preview(done).exists() { done } else { done.saturating_sub(1) };
        Log::resume(&folder.log(), done, judged).map_err(RunError::failed)
    }

    /// Tells in one line what is trained.
    fn announce(&self, parameters: usize, front: &mut dyn Front) {
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
            predicted(scheduler, data.set.categories()),
            training.seed,
            self.folder.path().display(),
        );
        front.tell(Notice::line(line));
    }

    /// The model learned so far.
    pub(crate) fn model(
        &self,
        trainer: &Trainer,
        final_loss: Option<f64>,
        front: &dyn Front,
    ) -> Result<Model, RunError> {
        let (about, name) = (self.about(trainer, final_loss, front), &self.data.name);
        Ok(Model::from_folder(name.clone(), trainer.model(name, about)?)?)
    }

    /// The record of the training so far in a model folder.
    fn about(&self, trainer: &Trainer, final_loss: Option<f64>, front: &dyn Front) -> About {
        let Self { data, request, .. } = self;
        About {
            data: AboutData {
                name: data.name.clone(),
                shape: data.set.shape().to_vec(),
                class_names: data.class_names.clone(),
                class_counts: data.set.class_counts(),
                columns: data.columns.as_ref().map(columns_for_folder),
                reading: about_reading(&request.source.reading, &data.left_out),
            },
            training: Some(AboutTraining {
                steps: trainer.steps(),
                batch: request.training.rows(),
                seed: request.training.seed,
                prediction: request.scheduler.prediction_type,
                parameters: trainer.parameters(),
                final_loss,
                holdout: (request.training.hold_out > 0.0).then_some(request.training.hold_out),
                command: front.command(Task::Train { request, done: trainer.steps() }),
            }),
            calibration: None,
        }
    }

    /// The chart of the losses.
    fn chart(&self, log: &Log) -> Result<(), RunError> {
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
        let chart = loss_chart(&title, log.losses(), &held_out).map_err(RunError::failed)?;
        write_png(&self.folder.file("loss.png"), &chart, &[]).map_err(RunError::failed)
    }
}

/// The number of classes, or of groups instead.
fn classes(set: &TrainingSet) -> String {
    match (set.groups(), set.classes()) {
        (0, 1) => "1 class".to_owned(),
        (0, classes) => format!("{classes} classes"),
        (_, found) => format!("{} of similar ones", counted(found, "group")),
    }
}
