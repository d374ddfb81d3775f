//! A run that can be made: all that can be refused has been.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use ancestral::compat;
use ancestral::denoiser::Guidance;
use ancestral::particles::Particles;
use ancestral::{AnySampler, Batch, Noise};
use ancestral_data::Column;

use crate::error::{Error, Noted, Notice, Problem, SettingError};
use crate::given::Given;
use crate::guidance::guidance;
use crate::labels::SampleLabels;
use crate::memory;
use crate::model::Model;
use crate::noise_source::{NoiseSource, RowNoise};
use crate::process::{Limit, Process, Stack};
use crate::settings::{Setting, Settings};
use crate::start::Start;
use crate::trajectory::{Beginning, Trajectory};

/// Particles for each sample of which a part is given.
///
/// Of two numbers of correlation 0.8, with one of them at 1.5, the other has mean 1.2 and variance 0.36; 64 particles
/// and 100 hops of an exact denoiser leave 0.03 and 0.01.
const PARTICLES: usize = 64;

/// A run that can be made, of samples of one seed.
#[derive(Clone)]
pub struct Plan {
    model: Arc<Model>,
    process: Process,
    /// Steps before the process was cut to what follows from data.
    steps: usize,
    labels: SampleLabels,
    start: Start,
    guidance: Option<(Guidance, u32)>,
    given: Option<Given>,
    /// Particles for each sample: more than 1 if the rest has to have its distribution given `given`.
    particles: usize,
    settings: Settings,
    shape: Vec<usize>,
    indices: Range<u64>,
    batch: NonZeroUsize,
    notices: Vec<Notice>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("model", &self.model.name())
            .field("sampler", &self.sampler())
            .field("hops", &self.hops())
            .field("indices", &self.indices)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// The plan for settings and a model. Neither weights nor a network are needed.
    ///
    /// # Errors
    /// If a setting is invalid.
    pub fn new(model: &Arc<Model>, settings: &Settings) -> Result<Self, Error> {
        let mut settings = settings.clone();
        if settings.interpolate.is_some() && settings.eta.is_none() {
            // Between two x_T it is a process that follows from x_T alone.
            settings.sampler.get_or_insert_with(|| "ddim".to_owned());
        }
        let Noted { value: mut process, mut notices } = Process::new(&settings, model)?;
        if let (Some(between), true) = (settings.interpolate, process.is_stochastic()) {
            let problem = Problem::Stochastic { sampler: process.sampler() };
            return Err(SettingError::of(Setting::Interpolate, between, problem).into());
        }
        if settings.compat.is_none() {
            model.check_end()?;
        }
        model.null_label(&settings)?;
        let guidance = guidance(&settings, model)?;
        let shape = model.shape()?;
        check_given(&settings, &shape)?;
        let all_hops = process.hops();
        let start = Start::new(&settings, model, &mut process)?;
        notices.extend(note_cut(process.hops(), all_hops));
        let labels = labels(&settings, model, &start)?;
        notices.extend(model.note_class_none(&settings));
        let defaults = model.defaults();
        let count = rows_given(&settings, &start)?.or(settings.count).unwrap_or(defaults.count);
        if count == 0 {
            return Err(SettingError::of(Setting::Count, count, Problem::Zero).into());
        }
        let indices = indices(&settings, count)?;
        let batch = settings.batch.unwrap_or(defaults.batch);
        let zero = || SettingError::of(Setting::Batch, batch, Problem::Zero);
        let batch = NonZeroUsize::new(batch).ok_or_else(zero)?;
        let particles = if settings.given.is_some() { PARTICLES } else { 1 };
        check_particles(&settings, &process)?;
        notices.extend(note_given(&settings, model));
        let rows = batch.get().saturating_mul(particles);
        memory::check(model, count, settings.snapshots.min(process.hops()), rows)?;
        let given = settings.given.take().or(settings.inpaint.take());
        // The start has them.
        (settings.init, settings.from) = (None, None);
        let model = Arc::clone(model);
        let mut plan = Self {
            model,
            process,
            steps: all_hops,
            labels,
            start,
            guidance,
            given,
            particles,
            settings,
            shape,
            indices,
            batch,
            notices,
        };
        plan.note_differences();
        Ok(plan)
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The samples, by their indices.
    #[must_use]
    pub fn indices(&self) -> Range<u64> {
        self.indices.clone()
    }

    /// How many samples there are.
    #[must_use]
    pub fn count(&self) -> usize {
        countable(self.indices.end - self.indices.start)
    }

    /// Shape of one sample.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Hops of each sample from noise to data.
    #[must_use]
    pub fn hops(&self) -> usize {
        self.process.hops()
    }

    /// Network calls of each sample; of guided ones, each is of two rows.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.process.calls()
    }

    /// The sampler, with its options.
    #[must_use]
    pub fn sampler(&self) -> String {
        self.process.sampler()
    }

    /// Samples in one network call.
    #[must_use]
    pub fn batch(&self) -> NonZeroUsize {
        self.batch
    }

    /// Rows in one network call: guidance needs two rows a sample, and a sample of which a part is given has
    /// several particles.
    #[must_use]
    pub fn rows_of_a_call(&self) -> NonZeroUsize {
        let rows =
            self.batch.saturating_mul(self.particles.try_into().unwrap_or(NonZeroUsize::MIN));
        match self.guidance {
            Some(_) => rows.saturating_add(rows.get()),
            None => rows,
        }
    }

    /// What it was made of, without arrays.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the user should know before it is run.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The class of a sample, where samples are of several.
    #[must_use]
    pub fn class(&self, index: u64) -> Option<&str> {
        self.model.classes().name(self.labels.of_several(index)?)
    }

    /// Where a run of diffusers with the same settings would differ.
    ///
    /// # Errors
    /// If diffusers has no such run.
    pub fn differences(&self) -> Result<Vec<compat::Difference>, Error> {
        self.process.differences(&self.settings, &self.model)
    }

    /// What makes the samples again: model, process, seed and all that is set, as pairs of a key and
    /// a value. What is given as an array is not among them.
    #[must_use]
    pub fn provenance(&self) -> Vec<(String, String)> {
        self.provenance_with(&[], None)
    }

    /// The same for the picture of one sample: with its index, and its class.
    #[must_use]
    pub fn provenance_of(&self, index: u64) -> Vec<(String, String)> {
        let index_and_count = [("index", index.to_string()), ("count", self.count().to_string())];
        let needed = if self.settings.rng.is_of_all() { 2 } else { 1 };
        self.provenance_with(&index_and_count[..needed], self.class(index))
    }

    /// The same for a picture of all: with the index of the first, and their count.
    #[must_use]
    pub fn provenance_of_all(&self) -> Vec<(String, String)> {
        let (first, count) = (self.indices.start.to_string(), self.count().to_string());
        self.provenance_with(&[("first", first), ("count", count)], None)
    }

    fn provenance_with(
        &self,
        which: &[(&str, String)],
        class: Option<&str>,
    ) -> Vec<(String, String)> {
        let settings = &self.settings;
        let program = [
            ("Software", format!("ancestral {}", env!("CARGO_PKG_VERSION"))),
            ("model", self.model.name().to_owned()),
            ("weights sha256", self.model.digest().to_owned()),
        ];
        let seed = [("seed", settings.seed.to_string())];
        let rng = Some(settings.rng).filter(|rng| *rng != NoiseSource::Ancestral);
        let number = |value: Option<f64>| value.map(|value| value.to_string());
        let interval = settings.guidance_interval.map(|[low, high]| format!("{low},{high}"));
        let optional = [
            ("spacing", settings.spacing.clone()),
            ("class", settings.class.clone().or(class.map(str::to_owned))),
            ("null-label", settings.null_label.map(|label| label.to_string())),
            ("guidance", number(settings.guidance)),
            ("guidance-rescale", number(settings.guidance_rescale)),
            ("guidance-interval", interval),
            ("strength", number(settings.strength)),
            ("interpolate", settings.interpolate.map(|between| between.to_string())),
        ];
        let chosen = self.model.chosen().iter().cloned();
        let pairs = program.into_iter().chain(chosen);
        let pairs = pairs.chain(self.process.provenance(self.steps)).chain(seed);
        let pairs = pairs.chain(rng.map(|rng| ("rng", rng.name().to_owned())));
        let pairs = pairs.chain(which.iter().cloned());
        let set = optional.into_iter().filter_map(|(key, value)| Some((key, value?)));
        pairs.chain(set).map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// Ranges of indices, each of which can be a trajectory of its own: of the samples of one network
    /// call, but all in one if their noise is drawn as one.
    #[must_use]
    pub fn batches(&self) -> impl ExactSizeIterator<Item = Range<u64>> + use<> {
        self.batches_of(self.indices())
    }

    /// The same of some of the samples.
    pub(crate) fn batches_of(
        &self,
        indices: Range<u64>,
    ) -> impl ExactSizeIterator<Item = Range<u64>> + use<> {
        let (first, end) = (indices.start, indices.end);
        let all = (end - first).max(1);
        let size = if self.settings.rng.is_of_all() { all } else { self.batch.get() as u64 };
        (0..countable((end - first).div_ceil(size))).map(move |number| {
            let start = first + number as u64 * size;
            start..end.min(start.saturating_add(size))
        })
    }

    /// A batch cut for so many threads, each of which takes a part to its end: the samples of tables cost little
    /// beside their noise, and few rows at once are no slower. Pictures are not cut, nor what is drawn as one.
    pub(crate) fn parts_of(&self, batch: Range<u64>, threads: usize) -> Vec<Range<u64>> {
        /// Fewer rows than this are not worth a thread.
        const LEAST: u64 = 64;

        let rows = batch.end - batch.start;
        let is_cut = self.model.columns().is_some() && !self.settings.rng.is_of_all();
        let count = if is_cut { (threads as u64).min(rows / LEAST).max(1) } else { 1 };
        let cut = |part: u64| batch.start + part * rows / count;
        (0..count).map(|part| cut(part)..cut(part + 1)).collect()
    }

    /// The trajectory of the samples `indices`, which are some of the plan's.
    ///
    /// # Panics
    /// If they are not some of the plan's, or not all of them although their noise is drawn as one.
    #[must_use]
    pub fn trajectory(&self, indices: Range<u64>) -> Trajectory {
        let is_given = !self.start.is_drawn();
        let noise = self.settings.rng.noise(self.settings.seed, indices.clone(), is_given);
        self.trajectory_from(indices, noise)
    }

    /// The same with noise of the caller's, in place of that of the seed. A clone of the trajectory draws
    /// from the same source.
    ///
    /// # Panics
    /// As [`trajectory`](Self::trajectory).
    ///
    /// # Example
    /// ```
    /// use ancestral::SampleNoise;
    /// use ancestral_pipeline::{Pipeline, Settings};
    ///
    /// let pipeline = Pipeline::built_in()?;
    /// let plan = pipeline.plan(&Settings::new().count(2).seed(7).steps(5))?;
    /// let mut trajectory = plan.trajectory_with(0..2, SampleNoise::new(7, 0..2));
    /// assert!(format!("{:?}", trajectory.poll()) == format!("{:?}", plan.trajectory(0..2).poll()));
    /// # Ok::<(), ancestral_pipeline::Error>(())
    /// ```
    #[must_use]
    pub fn trajectory_with(
        &self,
        indices: Range<u64>,
        noise: impl Noise<Batch> + Send + 'static,
    ) -> Trajectory {
        self.trajectory_from(indices, RowNoise::Given(Arc::new(Mutex::new(noise))))
    }

    fn trajectory_from(&self, indices: Range<u64>, mut noise: RowNoise) -> Trajectory {
        let all = &self.indices;
        assert!(
            all.start <= indices.start && indices.start < indices.end && indices.end <= all.end,
            "samples {indices:?} of a plan for {all:?}"
        );
        assert!(
            !self.settings.rng.is_of_all() || indices == *all,
            "samples {indices:?}, whose noise is drawn with that of all of {all:?}"
        );
        let place = |index: u64| countable(index - all.start);
        let place = place(indices.start)..place(indices.end);
        let x_t = self.start.x_t(place.clone(), &self.shape, &mut noise);
        let labels = self.labels.of(indices.clone());
        let given = self.given.as_ref().map(|given| given.cells(place.clone()));
        let given = given.unwrap_or_default();
        let start = Beginning { x: x_t, noise, indices, kept: self.snapshots(), given };
        match &self.process {
            Process::Own { sampler, grid, clip } => {
                let config = &self.model.folder().scheduler;
                let known = self.given.as_ref().map(|given| given.known(place));
                let (inpainted, filtered) = match known {
                    Some(known) if self.particles > 1 => (None, Some(known)),
                    known => (known, None),
                };
                let labels = labels.map(|labels| labels.repeat(self.particles));
                let stack = Stack {
                    guidance: self.guidance,
                    limit: clip.then(|| Limit::of(config)),
                    known: inpainted,
                    ..Stack::of(&self.model, labels)
                };
                match (filtered, sampler) {
                    (Some(known), AnySampler::Ddpm(ddpm)) => {
                        let variance = ddpm.variance().clone();
                        let particles = Particles::new(known, self.particles, variance);
                        Trajectory::particles(particles, grid, stack, start)
                    }
                    _ => Trajectory::own(sampler.clone(), grid, stack, start),
                }
            }
            Process::Diffusers { scheduler, .. } => {
                Trajectory::diffusers(scheduler.clone(), labels, start)
            }
        }
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    pub(crate) fn labels(&self) -> &SampleLabels {
        &self.labels
    }

    /// Which snapshots are kept, as counts of hops done: evenly spread, both ends among them.
    #[must_use]
    pub fn snapshots(&self) -> Vec<usize> {
        let hops = self.process.hops();
        match self.settings.snapshots.min(hops) {
            0 => Vec::new(),
            count => (0..=count).map(|i| (i * hops).div_ceil(count)).collect(),
        }
    }

    /// Notes how a run of diffusers would differ, for models that were not made here; with `compat`,
    /// what even that does not reproduce.
    fn note_differences(&mut self) {
        match &self.process {
            Process::Diffusers { scheduler, .. } => {
                let differences = scheduler.differences().into_iter();
                let stay = differences.filter(compat::Difference::stays_in_compat);
                self.notices.extend(stay.map(|difference| Notice::warning(difference.to_string())));
            }
            Process::Own { .. } if self.model.folder().about.is_none() => {
                // Where diffusers would refuse, there is nothing to differ from.
                let mut differences = self.differences().unwrap_or_default();
                differences
                    .retain(|found| !matches!(found, compat::Difference::NotCompared { .. }));
                let notes =
                    differences.iter().map(|difference| Notice::note(difference.to_string()));
                self.notices.extend(notes);
                // Where it returns NaN there is nothing to reproduce.
                match differences.iter().filter(|found| found.stays_in_compat()).count() {
                    stays if stays == differences.len() => {}
                    0 => self.notices.push(Notice::note(
                        "use `compat` diffusers for the numbers of diffusers",
                    )),
                    _ => self.notices.push(Notice::note(
                        "use `compat` diffusers for the numbers of diffusers (except where it returns \
                         NaN)",
                    )),
                }
            }
            Process::Own { .. } => {}
        }
    }
}

/// A number of samples, all of which were counted before.
fn countable(count: u64) -> usize {
    usize::try_from(count).expect("a number of samples that were counted")
}

/// What is given of the samples, and by which setting.
fn given(settings: &Settings) -> Option<(Setting, &Given)> {
    let given = settings.given.as_ref().map(|given| (Setting::Given, given));
    given.or(settings.inpaint.as_ref().map(|given| (Setting::Inpaint, given)))
}

/// Refuses samples that are given in another shape.
fn check_given(settings: &Settings, shape: &[usize]) -> Result<(), SettingError> {
    let Some((setting, given)) = given(settings).filter(|(_, given)| given.row_shape() != shape)
    else {
        return Ok(());
    };
    let found = [&[given.rows().unwrap_or(1)], given.row_shape()].concat();
    let problem = crate::error::RowsError::Shape { found, expected: shape.to_vec() };
    Err(SettingError::new(setting, problem))
}

/// Says so if the process begins in its middle.
fn note_cut(hops: usize, of: usize) -> Option<Notice> {
    let are = if hops == 1 { "is" } else { "are" };
    let note = || Notice::note(format!("{hops} of {of} steps {are} made from the data of `from`"));
    (hops != of).then(note)
}

/// Says so if cells are given that no row of the data has, or by the way that fits them less well.
fn note_given(settings: &Settings, model: &Model) -> Option<Notice> {
    let columns = model.columns()?;
    if settings.inpaint.is_some() {
        return Some(Notice::warning(
            "`inpaint`: what is drawn of a table relies too little on what is known; `given` draws it from \
             its distribution given that",
        ));
    }
    let given = settings.given.as_ref()?;
    let cells = given.cells(0..given.rows().unwrap_or(1));
    let strange =
        |(cell, column): &(Option<f64>, &Column)| cell.is_some_and(|v| !column.can_draw(v));
    let mut strange = cells.into_iter().zip(columns.as_slice().iter().cycle()).filter(strange);
    let (value, column) = strange.next()?;
    let others = match strange.count() {
        0 => String::new(),
        1 => " (1 more cell is so)".to_owned(),
        count => format!(" ({count} more cells are so)"),
    };
    Some(Notice::warning(format!(
        "`given`: {} is no value of the column {:?}, as the model learned it{others}: the rest may not fit it",
        column.exact_text(value?),
        column.name()
    )))
}

/// Refuses to complete samples by another sampler than that of the particles.
fn check_particles(settings: &Settings, process: &Process) -> Result<(), SettingError> {
    match process {
        Process::Own { sampler, .. }
            if settings.given.is_some() && !matches!(sampler, AnySampler::Ddpm(_)) =>
        {
            let sampler = sampler.to_string();
            Err(SettingError::new(Setting::Given, Problem::NotAncestral { sampler }))
        }
        Process::Own { .. } | Process::Diffusers { .. } => Ok(()),
    }
}

/// The label of each sample. What is not drawn out of fresh noise of ours alone may be of any class.
fn labels(settings: &Settings, model: &Model, start: &Start) -> Result<SampleLabels, SettingError> {
    let is_drawn = start.is_noise() && given(settings).is_none();
    let is_ours = settings.compat.is_none() && settings.rng == NoiseSource::Ancestral;
    let labels = if settings.class.is_none() && is_drawn && is_ours {
        model.spread_labels(settings)?
    } else {
        model.one_label(settings)?
    };
    let null = model.null_label(settings)?;
    let is_none = matches!(labels, SampleLabels::One(label) if Some(label) == null);
    let Some(weight) = settings.guidance.filter(|_| is_none) else { return Ok(labels) };
    let unclear = settings.class.as_ref().map_or(Problem::NoDirection, |_| Problem::TowardsNone);
    Err(SettingError::of(Setting::Guidance, weight, unclear))
}

/// How many samples what is given is for, if not for any number.
fn rows_given(settings: &Settings, start: &Start) -> Result<Option<usize>, SettingError> {
    let at = if settings.from.is_some() { Setting::From } else { Setting::Init };
    let to_complete = given(settings).map(|(setting, given)| (setting, given.rows()));
    let given = [Some((at, start.rows())), to_complete].into_iter().flatten();
    let mut given = given.filter_map(|(setting, rows)| Some((setting, rows?)));
    let Some((setting, rows)) = given.next() else { return Ok(None) };
    let what = format!("`{setting}`");
    if let Some((other, found)) = given.find(|(_, found)| *found != rows) {
        let problem = Problem::OtherRows { rows: found, other: what, expected: rows };
        return Err(SettingError::new(other, problem));
    }
    match settings.count.filter(|count| *count != rows) {
        Some(count) => Err(SettingError::of(Setting::Count, count, Problem::Count { what, rows })),
        None => Ok(Some(rows)),
    }
}

fn indices(settings: &Settings, count: usize) -> Result<Range<u64>, SettingError> {
    let first = settings.first;
    if settings.rng.is_of_all() && first != 0 {
        return Err(SettingError::of(Setting::First, first, Problem::FirstOfAll));
    }
    let beyond = || SettingError::of(Setting::First, first, Problem::Beyond { count });
    let end = first.checked_add(count as u64).ok_or_else(beyond)?;
    let index = end.saturating_sub(1);
    if settings.rng == NoiseSource::TorchEach && settings.seed.checked_add(index).is_none() {
        return Err(SettingError::of(Setting::Seed, settings.seed, Problem::Sum { index }));
    }
    Ok(first..end)
}

#[cfg(all(test, feature = "digits"))]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_spread_over_the_trajectory_with_both_ends() {
        let model = Arc::new(Model::built_in());
        let kept = |snapshots, hops| {
            let settings = Settings::new().steps(hops).snapshots(snapshots);
            Plan::new(&model, &settings).unwrap().snapshots()
        };
        assert!(kept(0, 10).is_empty());
        assert_eq!(kept(5, 10), [0, 2, 4, 6, 8, 10]);
        assert_eq!(kept(4, 7), [0, 2, 4, 6, 7]);
        assert_eq!(kept(100, 3), [0, 1, 2, 3]);
        assert_eq!(kept(1, 1), [0, 1]);
    }
}
