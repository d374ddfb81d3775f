//! Samples of what was learned: previews, and the pictures at the end.

use ancestral_data::{energy_distance, save_bytes, write_csv, write_png};
use ancestral_learn::{Judgement, Log, Saving, verdict};
use ancestral_pipeline::{Defaults, Model, Pipeline, Samples, Settings, Show};
use anyhow::Result;

use super::job::{Job, Trainer};
use crate::failure::{Failed, note};
use crate::flags::flagged;
use crate::looks::{Amount, Looks, SNAPSHOTS};
use crate::progress::Progress;

/// Rows of the data that samples are compared with during training.
const COMPARED: usize = 500;
/// If more than one in so many samples is a copy, a note is printed.
const MOST_COPIES: usize = 20;

/// How samples of a model are drawn for its pictures.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    sampler: &'static str,
    amount: Amount,
    /// Snapshots of the trajectory to keep.
    snapshots: usize,
    /// Samples in one network call.
    batch: usize,
}

impl Look {
    /// At the end: samples, and their trajectory.
    pub fn last(job: &Job, amount: Amount) -> Self {
        Self { sampler: "ddpm", amount, snapshots: SNAPSHOTS, batch: batch(job) }
    }

    /// During training.
    pub fn preview(job: &Job, amount: Amount) -> Self {
        Self { sampler: "ddim", amount, snapshots: 0, batch: batch(job) }
    }

    /// The same in so many steps, without the trajectory.
    pub fn of_steps(self, steps: usize) -> Self {
        Self { amount: Amount { steps, ..self.amount }, snapshots: 0, ..self }
    }
}

/// Samples in one network call; on the CPU no more than in a pass of training, which fits into memory.
fn batch(job: &Job) -> usize {
    let Defaults { batch, .. } = Defaults::of(job.data.is_pictures());
    let ancestral_learn::Settings { accumulate, batch: pass, .. } = job.request.training;
    if accumulate > 1 { batch.min(pass) } else { batch }
}

impl Job {
    /// How much is drawn during and at the end of a training of so many steps in all.
    pub fn looks(&self, steps: u64) -> Looks {
        let Self { data, request, .. } = self;
        let rows = steps as f64 * request.training.rows() as f64;
        self.all_looks().within_memory(data.set.row_len()).beside(&request.network, rows)
    }

    fn all_looks(&self) -> Looks {
        Looks::all(self.data.is_pictures())
    }

    /// Prints a note if that is less than usual.
    pub fn note_looks(&self) {
        let Saving { preview_every, .. } = self.request.saving;
        let (less, draw) = (self.looks(self.request.training.steps), self.command(&["sample"]));
        if let Some(text) = self.all_looks().note(less, preview_every > 0, &draw) {
            note(self.budget.quiet, text);
        }
    }

    /// Samples of the averaged weights, always from the same noise, and the judgement of them.
    pub fn preview(&self, trainer: &mut Trainer, log: &mut Log) -> Result<()> {
        let judgement = self.judged(trainer)?;
        let model = self.model(trainer, None)?;
        let look = Look::preview(self, self.looks(self.request.training.steps).preview);
        let (samples, metadata) = self.sample(&model, look)?;
        self.judge(judgement, &samples, log)?;
        let picture = self.show(&model).still(&samples.x)?;
        Ok(write_png(&self.folder.preview(trainer.steps()), &picture, &metadata)?)
    }

    /// The losses of the held-out rows and of the rows seen in training.
    pub fn judged(&self, trainer: &mut Trainer) -> Result<Judgement> {
        let losses = self.held_out.as_ref().map(|held_out| trainer.judge(held_out)).transpose()?;
        let (held_out, seen) = losses.map(|[held_out, seen]| (held_out, seen)).unzip();
        Ok(Judgement { step: trainer.steps(), distance: None, held_out, seen })
    }

    /// Adds a judgement of the training to the log, and prints what is new in it.
    fn judge(&self, judgement: Judgement, samples: &Samples, log: &mut Log) -> Result<()> {
        let set = self.held_out.as_ref().unwrap_or(&self.data.set);
        let stride = set.len().div_ceil(COMPARED);
        let mut rows = Vec::new();
        for index in (0..set.len()).step_by(stride) {
            rows.extend_from_slice(&set.row(index)?);
        }
        // There is no distance for a single sample or for values that are not finite.
        let distance = energy_distance(samples.x.data(), &rows, set.row_len()).ok();
        self.warn_of(log.judge(Judgement { distance, ..judgement }));
        if let Some(verdict) = verdict(log.judgements()) {
            note(self.budget.quiet, format_args!("note: {verdict}"));
        }
        Ok(())
    }

    /// Prints a note if samples are copies of the training data.
    fn note_copies(&self, samples: &Samples) -> Result<()> {
        let set = &self.data.set;
        if !self.data.is_pictures() || set.is_elsewhere() {
            return Ok(());
        }
        let (copies, count) = (set.copies(samples.x.data())?, samples.x.rows());
        // A few samples are near to a row by chance.
        if copies * MOST_COPIES > count {
            note(
                self.budget.quiet,
                format_args!(
                    "note: {copies} of {count} samples are copies of pictures of the data (three times \
                     nearer to one than to any other): use fewer steps, a smaller network or more \
                     pictures"
                ),
            );
        }
        Ok(())
    }

    /// The samples at the end, and their trajectory.
    pub fn look(&self, model: &Model, judgement: Judgement, log: &mut Log) -> Result<()> {
        let look = Look::last(self, self.looks(self.request.training.steps).last);
        let (samples, metadata) = self.sample(model, look)?;
        self.judge(judgement, &samples, log)?;
        self.note_copies(&samples)?;
        let show = self.show(model);
        let write = || -> Result<()> {
            write_png(&self.folder.file("samples.png"), &show.still(&samples.x)?, &metadata)?;
            if let Some(columns) = model.columns() {
                write_csv(&self.folder.file("samples.csv"), columns, samples.x.data())?;
            }
            if Show::can_move(model.columns()) {
                let animation = show.animation(&samples.snapshots)?;
                save_bytes(&self.folder.file("denoising.gif"), &animation)?;
            }
            Ok(())
        };
        write().map_err(|error| Failed(error).into())
    }

    /// How samples are shown: points and tables over their data.
    fn show<'a>(&'a self, model: &'a Model) -> Show<'a> {
        Show { behind: self.data.set.values(), ..Show::of(model) }
    }

    /// Samples, and the metadata of their pictures.
    pub fn sample(&self, model: &Model, look: Look) -> Result<(Samples, Vec<(String, String)>)> {
        let steps = look.amount.steps.min(model.schedule().len());
        let settings = Settings::new()
            .sampler(look.sampler)
            .spacing("trailing")
            .steps(steps)
            .clip(model.folder().scheduler.clip_sample)
            .count(usize::try_from(look.amount.count).unwrap_or(usize::MAX))
            .batch(look.batch)
            .seed(self.request.training.seed)
            .snapshots(look.snapshots);
        let pipeline = Pipeline::new(model.clone(), &self.engine).map_err(flagged)?;
        let mut steps = pipeline.steps(&settings).map_err(flagged)?;
        let mut metadata = steps.plan().provenance();
        metadata.push(("data".to_owned(), self.data.name.clone()));
        let mut progress = Progress::new("sampling", 0..steps.total() as u64, self.budget.quiet);
        let mut done = 0;
        for step in &mut steps {
            let step = step.map_err(flagged)?;
            done += 1;
            progress.at(done, || format!("step {}/{}", step.done, step.of));
        }
        Ok((Samples::joined(&steps.finished()), metadata))
    }
}
