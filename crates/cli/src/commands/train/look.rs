//! Samples of what was learned: previews, and the pictures at the end.

use std::num::NonZeroUsize;

use ancestral::{Grid, Spacing};
use ancestral_data::{write_csv, write_png};
use ancestral_learn::Settings;
use anyhow::Result;

use super::job::{Job, Trainer};
use crate::commands::sample::Defaults;
use crate::failure::Failed;
use crate::model::Model;
use crate::process::Process;
use crate::randomness::Randomness;
use crate::sampling::{Plan, Samples};
use crate::show::Show;
use crate::start::Start;
use crate::steering::Steering;

/// How to look at a model.
#[derive(Clone, Debug)]
pub struct Look {
    sampler: &'static str,
    count: u64,
    pub steps: usize,
    /// Moments of the way to keep.
    moments: usize,
    /// Samples in one network call.
    batch: usize,
}

/// Bytes that the moments of the way may take.
const MOST_BYTES: usize = 1 << 30;
/// Moments that are kept of the way, if they fit.
const MOMENTS: usize = 50;

impl Look {
    /// At the end: samples, and the way to them; of large pictures fewer.
    pub fn last(job: &Job) -> Self {
        let Defaults { steps, count, .. } = Defaults::of(job.data.is_pictures());
        let sample = job.data.set.row_len() * size_of::<f32>();
        let count = count.min(MOST_BYTES / (sample * (MOMENTS + 1))).max(1);
        let moments = MOMENTS.min(MOST_BYTES / (sample * count));
        Self { sampler: "ddpm", count: count as u64, steps, moments, batch: batch(job) }
    }

    /// On the way: no more than it takes to see how far training is.
    pub fn preview(job: &Job) -> Self {
        let count = if job.data.is_pictures() { 36 } else { 500 };
        Self { sampler: "ddim", count, steps: 25, moments: 0, batch: batch(job) }
    }

    /// The same in so many steps, without the way.
    pub fn of_steps(&self, steps: usize) -> Self {
        Self { steps, moments: 0, ..self.clone() }
    }
}

/// Samples in one network call: where memory is scarce no more than in a pass of training.
fn batch(job: &Job) -> usize {
    let Defaults { batch, .. } = Defaults::of(job.data.is_pictures());
    let Settings { accumulate, batch: pass, .. } = job.request.training;
    if accumulate > 1 { batch.min(pass) } else { batch }
}

impl Job {
    /// Samples of the averaged weights, always from the same noise.
    pub fn preview(&self, trainer: &Trainer) -> Result<()> {
        let model = self.model(trainer, None)?;
        let (samples, metadata) = self.sample(&model, &Look::preview(self))?;
        let picture = self.show(&model).still(&samples.x)?;
        Ok(write_png(&self.folder.preview(trainer.steps()), &picture, &metadata)?)
    }

    /// The samples at the end, and the way to them.
    pub fn look(&self, model: &Model) -> Result<()> {
        let (samples, metadata) = self.sample(model, &Look::last(self))?;
        let show = self.show(model);
        let write = || -> Result<()> {
            write_png(&self.folder.file("samples.png"), &show.still(&samples.x)?, &metadata)?;
            if let Some(columns) = &model.columns {
                write_csv(&self.folder.file("samples.csv"), columns, samples.x.data())?;
            }
            if Show::can_move(model.columns.as_ref()) {
                show.write_animation(&self.folder.file("denoising.gif"), &samples.way)?;
            }
            Ok(())
        };
        write().map_err(|error| Failed(error).into())
    }

    /// How samples are drawn: points and tables over their data.
    fn show<'a>(&'a self, model: &'a Model) -> Show<'a> {
        Show {
            columns: model.columns.as_ref(),
            behind: Some(self.data.set.values()),
            title: &model.name,
        }
    }

    /// Samples, and what pictures of them say of themselves.
    pub fn sample(&self, model: &Model, look: &Look) -> Result<(Samples, Vec<(String, String)>)> {
        let steps = look.steps.min(model.schedule.len());
        let process = Process::Own {
            sampler: look.sampler.parse()?,
            grid: Grid::new(&model.schedule, Spacing::Trailing, steps)?,
            clip: model.folder.scheduler.clip_sample,
        };
        let plan = Plan {
            process: &process,
            label: model.label(None)?,
            start: &Start::Noise,
            steering: &Steering::default(),
            seed: self.request.training.seed,
            randomness: Randomness::Ancestral,
            batch: NonZeroUsize::new(look.batch).unwrap_or(NonZeroUsize::MIN),
            moments: look.moments,
            quiet: self.budget.quiet,
        };
        let mut metadata = plan.metadata(model);
        metadata.push(("data".to_owned(), self.data.name.clone()));
        let network = model.clone().take_network(&self.engine)?;
        Ok((plan.run(model, &network, 0..look.count)?, metadata))
    }
}
