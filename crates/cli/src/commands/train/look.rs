//! Samples of what was learned: previews, and the pictures at the end.

use std::num::NonZeroUsize;

use ancestral::{Grid, Spacing};
use ancestral_data::{write_csv, write_png};
use ancestral_nn::train::TrainState;
use anyhow::Result;

use super::Job;
use crate::commands::sample::Defaults;
use crate::data::Data;
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

impl Look {
    /// At the end: samples, and the way to them.
    pub fn last(data: &Data) -> Self {
        let Defaults { steps, count, batch } = Defaults::of(data.is_pictures());
        Self { sampler: "ddpm", count: count as u64, steps, moments: 50, batch }
    }

    /// On the way: no more than it takes to see how far training is.
    pub fn preview(data: &Data) -> Self {
        let Defaults { batch, .. } = Defaults::of(data.is_pictures());
        let count = if data.is_pictures() { 36 } else { 500 };
        Self { sampler: "ddim", count, steps: 25, moments: 0, batch }
    }

    /// The same in so many steps, without the way.
    pub fn of_steps(&self, steps: usize) -> Self {
        Self { steps, moments: 0, ..self.clone() }
    }
}

impl Job {
    /// Samples of the averaged weights, always from the same noise.
    pub(super) fn preview(&self, state: &TrainState, steps: u64) -> Result<()> {
        let model = self.model(state, steps, None)?;
        let (samples, metadata) = self.sample(&model, &Look::preview(&self.data))?;
        let picture = self.show(&model).still(&samples.x)?;
        Ok(write_png(&self.folder.preview(steps), &picture, &metadata)?)
    }

    /// The samples at the end, and the way to them.
    pub(super) fn look(&self, model: &Model) -> Result<()> {
        let (samples, metadata) = self.sample(model, &Look::last(&self.data))?;
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
    pub(super) fn sample(
        &self,
        model: &Model,
        look: &Look,
    ) -> Result<(Samples, Vec<(String, String)>)> {
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
            seed: self.args.seed,
            randomness: Randomness::Ancestral,
            batch: NonZeroUsize::new(look.batch).unwrap_or(NonZeroUsize::MIN),
            moments: look.moments,
            quiet: self.args.compute.quiet,
        };
        let mut metadata = plan.metadata(model);
        metadata.push(("data".to_owned(), self.data.name.clone()));
        let network = model.clone().take_network(&self.engine)?;
        Ok((plan.run(model, &network, 0..look.count)?, metadata))
    }
}
