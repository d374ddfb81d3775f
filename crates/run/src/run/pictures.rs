//! Samples of what was learned: previews, and the pictures at the end.

use std::error::Error;

use ancestral_data::{Raster, save_bytes, write_csv, write_png};
use ancestral_learn::{Judgement, Log, Saving, verdict};
use ancestral_metrics::{Rows, energy_distance};
use ancestral_pipeline::{Defaults, Model, Pipeline, Samples, Settings, Show, collect};

use super::Run;
use super::updates::warn_of;
use crate::error::RunError;
use crate::front::{Front, Notice, Task, Work};
use crate::looks::{Amount, Looks, SNAPSHOTS};
use crate::ranks::Trainer;

/// Rows of the data that samples are compared with during training.
const COMPARED: usize = 500;
/// If more than one in so many samples is a copy, a note is printed.
const MOST_COPIES: usize = 20;

/// How samples of a model are drawn for its pictures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    sampler: &'static str,
    amount: Amount,
    /// Snapshots of the trajectory to keep.
    snapshots: usize,
    /// Samples in one network call.
    batch: usize,
}

impl Look {
    /// At the end: samples, and their trajectory.
    pub(crate) fn last(run: &Run, amount: Amount) -> Self {
        Self { sampler: "ddpm", amount, snapshots: SNAPSHOTS, batch: batch(run) }
    }

    /// During training.
    pub(crate) fn preview(run: &Run, amount: Amount) -> Self {
        Self { sampler: "ddim", amount, snapshots: 0, batch: batch(run) }
    }

    /// The same in so many steps, without the trajectory.
    pub(crate) fn of_steps(self, steps: usize) -> Self {
        Self { amount: Amount { steps, ..self.amount }, snapshots: 0, ..self }
    }
}

/// Samples in one network call; on the CPU no more than in a pass of training, which fits into memory.
fn batch(run: &Run) -> usize {
    let Defaults { batch, .. } = Defaults::of(run.data.is_pictures());
    let ancestral_learn::Settings { accumulate, batch: pass, .. } = run.request.training;
    if accumulate > 1 { batch.min(pass) } else { batch }
}

impl Run {
    /// How much is drawn during and at the end of a training of so many steps in all.
    pub(crate) fn looks(&self, steps: u64) -> Looks {
        let Self { data, request, .. } = self;
        let rows = steps as f64 * request.training.rows() as f64;
        self.all_looks().within_memory(data.set.row_len()).beside(&request.network, rows)
    }

    fn all_looks(&self) -> Looks {
        Looks::all(self.data.is_pictures())
    }

    /// Prints a note if that is less than usual.
    pub(super) fn note_looks(&self, front: &mut dyn Front) {
        let Saving { preview_every, .. } = self.request.saving;
        let less = self.looks(self.request.training.steps);
        let draw = front.command(Task::Sample(&self.folder));
        if let Some(text) = self.all_looks().note(less, preview_every > 0, &draw) {
            front.tell(Notice::note(text));
        }
    }

    /// Samples of the averaged weights, always from the same noise, and the judgement of them.
    pub(super) fn preview(
        &self,
        trainer: &mut Trainer,
        log: &mut Log,
        front: &mut dyn Front,
    ) -> Result<(), RunError> {
        let judgement = self.judged(trainer)?;
        let model = self.model(trainer, None, front)?;
        let look = Look::preview(self, self.looks(self.request.training.steps).preview);
        let (samples, metadata) = self.sample(&model, look, front)?;
        self.judge(judgement, &samples, log, front)?;
        let picture = self.show(&model).still(&samples.x).map_err(RunError::failed)?;
        let path = self.folder.preview(trainer.steps());
        write_png(&path, &picture, &metadata).map_err(RunError::failed)?;
        front.drew(&picture);
        Ok(())
    }

    /// The losses of the held-out rows and of the rows seen in training.
    pub(super) fn judged(&self, trainer: &mut Trainer) -> Result<Judgement, RunError> {
        let losses = self.held_out.as_ref().map(|held_out| trainer.judge(held_out)).transpose()?;
        let (held_out, seen) = losses.map(|[held_out, seen]| (held_out, seen)).unzip();
        Ok(Judgement { step: trainer.steps(), distance: None, held_out, seen })
    }

    /// Adds a judgement of the training to the log, and prints what is new in it.
    fn judge(
        &self,
        judgement: Judgement,
        samples: &Samples,
        log: &mut Log,
        front: &mut dyn Front,
    ) -> Result<(), RunError> {
        let set = self.held_out.as_ref().unwrap_or(&self.data.set);
        let stride = set.len().div_ceil(COMPARED);
        let mut rows = Vec::new();
        for index in (0..set.len()).step_by(stride) {
            rows.extend_from_slice(&set.row(index)?);
        }
        // There is no distance for a single sample or for values that are not finite.
        let rows_of = |values| Rows::new(values, set.row_len());
        let (drawn, real) = (rows_of(samples.x.data()), rows_of(&rows));
        let distance = drawn.and_then(|drawn| energy_distance(drawn, real?)).ok();
        warn_of(log.judge(Judgement { distance, ..judgement }), front);
        if let Some(verdict) = verdict(log.judgements()) {
            front.tell(Notice::note(verdict));
        }
        Ok(())
    }

    /// Prints a note if samples are copies of the training data.
    fn note_copies(&self, samples: &Samples, front: &mut dyn Front) -> Result<(), RunError> {
        let set = &self.data.set;
        if !self.data.is_pictures() || set.is_elsewhere() {
            return Ok(());
        }
        let (copies, count) = (set.copies(samples.x.data())?, samples.x.rows());
        // A few samples are near to a row by chance.
        if copies * MOST_COPIES > count {
            front.tell(Notice::note(format_args!(
                "{copies} of {count} samples are copies of pictures of the data (three times nearer to \
                 one than to any other): use fewer steps, a smaller network or more pictures"
            )));
        }
        Ok(())
    }

    /// The samples at the end, and their trajectory.
    pub(super) fn look(
        &self,
        model: &Model,
        judgement: Judgement,
        log: &mut Log,
        front: &mut dyn Front,
    ) -> Result<(), RunError> {
        let look = Look::last(self, self.looks(self.request.training.steps).last);
        let (samples, metadata) = self.sample(model, look, front)?;
        self.judge(judgement, &samples, log, front)?;
        self.note_copies(&samples, front)?;
        front.drew(&self.write(model, &samples, &metadata).map_err(RunError::Failed)?);
        Ok(())
    }

    /// Returns the picture of the samples.
    fn write(
        &self,
        model: &Model,
        samples: &Samples,
        metadata: &[(String, String)],
    ) -> Result<Raster, Box<dyn Error + Send + Sync>> {
        let show = self.show(model);
        let picture = show.still(&samples.x)?;
        write_png(&self.folder.file("samples.png"), &picture, metadata)?;
        if let Some(columns) = model.columns() {
            write_csv(&self.folder.file("samples.csv"), columns, samples.x.data())?;
        }
        if Show::can_move(model.columns()) {
            let animation = show.animation(&samples.snapshots)?;
            save_bytes(&self.folder.file("denoising.gif"), &animation)?;
        }
        Ok(picture)
    }

    /// How samples are shown: points and tables over their data.
    fn show<'a>(&'a self, model: &'a Model) -> Show<'a> {
        Show { behind: self.data.set.values(), ..Show::of(model) }
    }

    /// Samples, and the metadata of their pictures.
    pub(crate) fn sample(
        &self,
        model: &Model,
        look: Look,
        front: &mut dyn Front,
    ) -> Result<(Samples, Vec<(String, String)>), RunError> {
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
        let pipeline = Pipeline::new(model.clone(), &self.engine)?;
        let plan = pipeline.plan(&settings)?;
        let mut metadata = plan.provenance();
        metadata.push(("data".to_owned(), self.data.name.clone()));
        self.tell_to_draw(&settings)?;
        let mut steps = pipeline.run_share(plan.clone())?;
        front.begin(Work::Sampling, 0..steps.total() as u64);
        let drawn = steps.by_ref().zip(1..).try_for_each(|(step, done)| {
            let step = step?;
            front.at(done, &|| format!("step {}/{}", step.done, step.of));
            Ok(())
        });
        front.end();
        let own = drawn.map_err(RunError::Pipeline).map(|()| steps.finished());
        let mut all = Vec::new();
        collect(self.engine.cluster(), &plan, own, |samples| {
            all.push(samples);
            Ok::<_, RunError>(())
        })?;
        Ok((Samples::joined(&all), metadata))
    }
}
