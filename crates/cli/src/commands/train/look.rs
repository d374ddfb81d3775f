//! Samples of what was learned: previews, and the pictures at the end.

use ancestral_data::{energy_distance, save_bytes, write_csv, write_png};
use ancestral_learn::{Judgement, Log, Saving, verdict};
use ancestral_pipeline::{Defaults, Model, Pipeline, Samples, Settings, Show};
use anyhow::Result;

use super::job::{Job, Trainer};
use crate::failure::{Failed, note};
use crate::flags::flagged;
use crate::looks::{Amount, Looks, MOMENTS};
use crate::progress::Progress;

/// Rows of the data that samples are compared with on the way.
const COMPARED: usize = 500;
/// If one in so many samples is a copy, it is said.
const MOST_COPIES: usize = 20;

/// How to look at a model.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    sampler: &'static str,
    amount: Amount,
    /// Moments of the way to keep.
    moments: usize,
    /// Samples in one network call.
    batch: usize,
}

impl Look {
    /// At the end: samples, and the way to them.
    pub fn last(job: &Job, amount: Amount) -> Self {
        Self { sampler: "ddpm", amount, moments: MOMENTS, batch: batch(job) }
    }

    /// On the way.
    pub fn preview(job: &Job, amount: Amount) -> Self {
        Self { sampler: "ddim", amount, moments: 0, batch: batch(job) }
    }

    /// The same in so many steps, without the way.
    pub fn of_steps(self, steps: usize) -> Self {
        Self { amount: Amount { steps, ..self.amount }, moments: 0, ..self }
    }
}

/// Samples in one network call: where memory is scarce no more than in a pass of training.
fn batch(job: &Job) -> usize {
    let Defaults { batch, .. } = Defaults::of(job.data.is_pictures());
    let ancestral_learn::Settings { accumulate, batch: pass, .. } = job.request.training;
    if accumulate > 1 { batch.min(pass) } else { batch }
}

impl Job {
    /// How much is drawn on the way and at the end, of a training of so many steps in all.
    pub fn looks(&self, steps: u64) -> Looks {
        let Self { data, request, .. } = self;
        let rows = steps as f64 * request.training.rows() as f64;
        self.all_looks().within_memory(data.set.row_len()).beside(&request.network, rows)
    }

    fn all_looks(&self) -> Looks {
        Looks::all(self.data.is_pictures())
    }

    /// Says so if that is less than usual.
    pub fn note_looks(&self) {
        let Saving { preview_every, .. } = self.request.saving;
        let (less, draw) = (self.looks(self.request.training.steps), self.command(&["sample"]));
        if let Some(text) = self.all_looks().note(less, preview_every > 0, &draw) {
            note(self.budget.quiet, text);
        }
    }

    /// Samples of the averaged weights, always from the same noise, and what they show.
    pub fn preview(&self, trainer: &mut Trainer, log: &mut Log) -> Result<()> {
        let judgement = self.judged(trainer)?;
        let model = self.model(trainer, None)?;
        let look = Look::preview(self, self.looks(self.request.training.steps).preview);
        let (samples, metadata) = self.sample(&model, look)?;
        self.judge(judgement, &samples, log)?;
        let picture = self.show(&model).still(&samples.x)?;
        Ok(write_png(&self.folder.preview(trainer.steps()), &picture, &metadata)?)
    }

    /// The losses of what is held out, and of what is seen.
    pub fn judged(&self, trainer: &mut Trainer) -> Result<Judgement> {
        let losses = self.held_out.as_ref().map(|held_out| trainer.judge(held_out)).transpose()?;
        let (held_out, seen) = losses.map(|[held_out, seen]| (held_out, seen)).unzip();
        Ok(Judgement { step: trainer.steps(), distance: None, held_out, seen })
    }

    /// Puts into the log how good the training is, and says what is new in that.
    fn judge(&self, judgement: Judgement, samples: &Samples, log: &mut Log) -> Result<()> {
        let set = self.held_out.as_ref().unwrap_or(&self.data.set);
        let stride = set.len().div_ceil(COMPARED);
        let mut rows = Vec::new();
        for index in (0..set.len()).step_by(stride) {
            rows.extend_from_slice(&set.row(index)?);
        }
        // Of one sample there is no distance, nor of a network that has blown up.
        let distance = energy_distance(samples.x.data(), &rows, set.row_len()).ok();
        self.warn_of(log.judge(Judgement { distance, ..judgement }));
        if let Some(verdict) = verdict(log.judgements()) {
            note(self.budget.quiet, format_args!("note: {verdict}"));
        }
        Ok(())
    }

    /// Says so if samples are copies of what training saw.
    fn note_copies(&self, samples: &Samples) -> Result<()> {
        let set = &self.data.set;
        if !self.data.is_pictures() || set.is_elsewhere() {
            return Ok(());
        }
        let (copies, count) = (set.copies(samples.x.data())?, samples.x.rows());
        // Single samples are near to a row by chance, where there are few.
        if copies * MOST_COPIES > count {
            note(
                self.budget.quiet,
                format_args!(
                    "note: {copies} of {count} samples are copies of pictures of the data, three times \
                     nearer to one than to any other: fewer steps, a smaller network or more \
                     pictures would make them new"
                ),
            );
        }
        Ok(())
    }

    /// The samples at the end, and the way to them.
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

    /// How samples are drawn: points and tables over their data.
    fn show<'a>(&'a self, model: &'a Model) -> Show<'a> {
        Show { behind: self.data.set.values(), ..Show::of(model) }
    }

    /// Samples, and what pictures of them say of themselves.
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
            .snapshots(look.moments);
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
