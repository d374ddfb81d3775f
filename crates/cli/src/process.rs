//! The way from noise to data: by our own samplers, or as the peer goes.

mod correspondence;
mod own;
mod peer;

use ancestral::compat::{self, Scheduler};
use ancestral::{
    AnySampler, Batch, Chunked, Clipped, Denoiser, Grid, Guided, Inpainted, Inversion, Known,
    Level, NetworkDenoiser, Noise, Thresholded,
};
use ancestral_cpu::NetworkError;
use ancestral_format::{DIFFUSERS_VERSION, SchedulerConfig};
use anyhow::{Context, Result};

use crate::args::ProcessArgs;
use crate::engine::AnyNetwork;
use crate::model::Model;
use crate::steering::Steering;
pub use own::{Laid, affordable, laid};

/// A way from noise to data.
#[derive(Debug)]
pub enum Process {
    /// By our own sampler.
    Own {
        sampler: AnySampler,
        grid: Grid,
        /// Whether estimates are clipped or thresholded as the model's config says.
        clip: bool,
    },
    /// By one of the peer's schedulers, number by number.
    Peer {
        scheduler: Box<dyn Scheduler>,
        /// What it is called here, with its options.
        sampler: String,
    },
}

/// A network, and what it is told of each row.
#[derive(Debug)]
pub struct Told {
    pub network: Chunked<AnyNetwork>,
    /// The class of each.
    pub labels: Option<Vec<u32>>,
    pub steering: Steering,
}

/// A denoiser of samples of the program.
type AnyDenoiser = Box<dyn Denoiser<Batch, Error = NetworkError>>;

impl Process {
    /// Our own way that the flags name; what they leave open, the model says.
    pub fn own(args: &ProcessArgs, model: &Model, quiet: bool) -> Result<Self> {
        own::process(args, model, quiet)
    }

    /// The peer's way that the flags name; what they leave open, the model says.
    pub fn peer(args: &ProcessArgs, model: &Model) -> Result<Self> {
        peer::process(args, model)
    }

    /// Where a run of the peer with the same settings would differ.
    ///
    /// # Errors
    /// If the peer has no such run.
    pub fn differences(
        &self,
        args: &ProcessArgs,
        model: &Model,
    ) -> Result<Vec<compat::Difference>> {
        match self {
            Self::Peer { scheduler, .. } => Ok(scheduler.differences()),
            Self::Own { .. } => {
                let mut found = peer::scheduler(args, model, self.hops())?.0.differences();
                // A list of the user's begins where it begins, in our run too.
                let is_ours = |found: &_| matches!(found, compat::Difference::SingleStep { .. });
                found.retain(|found| args.visit.is_none() || !is_ours(found));
                Ok(found)
            }
        }
    }

    /// How many hops it makes, the calls of the network in one.
    pub fn hops(&self) -> usize {
        match self {
            Self::Own { grid, .. } => grid.points().len(),
            Self::Peer { scheduler, .. } => scheduler.timesteps().len(),
        }
    }

    /// How often it calls the network, if it is ours.
    pub fn calls(&self) -> Option<usize> {
        match self {
            Self::Own { sampler, grid, .. } => Some(sampler.calls(grid)),
            Self::Peer { .. } => None,
        }
    }

    /// The sampler, with its options.
    pub fn sampler(&self) -> String {
        match self {
            Self::Own { sampler, .. } => sampler.to_string(),
            Self::Peer { sampler, .. } => sampler.clone(),
        }
    }

    /// Whether it draws noise on the way.
    pub fn is_stochastic(&self) -> bool {
        match self {
            Self::Own { sampler, .. } => sampler.info().stochastic,
            Self::Peer { .. } => true,
        }
    }

    /// What tells it from other ways.
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        let joined = |timesteps: Vec<String>| timesteps.join(" ");
        let (timesteps, clips) = match self {
            Self::Own { grid, clip, .. } => {
                let known = grid.points().iter().filter_map(|point| point.timestep);
                let timesteps = known.map(|timestep| timestep.to_string()).collect();
                (timesteps, *clip)
            }
            Self::Peer { scheduler, .. } => {
                let timesteps = scheduler.timesteps().iter().map(ToString::to_string).collect();
                let config = scheduler.config();
                (timesteps, config.clip.is_some() || config.threshold.is_some())
            }
        };
        let compat = match self {
            Self::Own { .. } => None,
            Self::Peer { scheduler, .. } => {
                Some(("compat", format!("diffusers {DIFFUSERS_VERSION} {}", scheduler.class())))
            }
        };
        let own = [
            ("sampler", self.sampler()),
            ("steps", self.hops().to_string()),
            ("timesteps", joined(timesteps)),
            ("clip", if clips { "yes" } else { "no" }.to_owned()),
        ];
        own.into_iter().chain(compat).collect()
    }

    /// Leaves of the way the last part, as [`Grid::cut`] does, and says where that begins.
    pub fn cut(&mut self, strength: f64) -> Result<Level> {
        match self {
            Self::Own { grid, .. } => {
                *grid = grid.cut(strength).context("--strength")?;
                Ok(grid.points()[0].level)
            }
            Self::Peer { .. } => {
                anyhow::bail!("--strength {strength}: not with --compat diffusers")
            }
        }
    }

    /// Goes the way of DDIM over the grid back, from the clean `x0` to the noise that leads there.
    pub fn invert(
        &self,
        inversion: Inversion,
        model: &Model,
        told: Told,
        x0: Batch,
        each: impl FnMut(usize, &Batch),
    ) -> Result<Result<Batch, NetworkError>> {
        match self {
            Self::Own { grid, clip, .. } => {
                let mut denoiser = denoiser(model, told, *clip)?;
                let steps = inversion.run(grid, x0, &mut *denoiser).context("--steps")?;
                Ok(followed(steps.map(|step| step.map(|step| step.x)), each))
            }
            Self::Peer { .. } => anyhow::bail!("invert: not with --compat diffusers"),
        }
    }

    /// Goes the way from `x_t`; `each` sees how many hops are done, and where that is.
    pub fn run(
        &self,
        model: &Model,
        told: Told,
        x_t: Batch,
        noise: &mut dyn Noise<Batch>,
        each: impl FnMut(usize, &Batch),
    ) -> Result<Result<Batch, NetworkError>> {
        match self {
            Self::Own { sampler, grid, clip } => {
                let mut denoiser = denoiser(model, told, *clip)?;
                let steps = sampler.run(grid, x_t, &mut *denoiser, noise);
                Ok(followed(steps.map(|step| step.map(|step| step.x)), each))
            }
            Self::Peer { scheduler, .. } => {
                let Told { mut network, labels, .. } = told;
                let mut run = compat::Run::new(&**scheduler, x_t, &mut network, noise);
                if let Some(labels) = labels {
                    run = run.with_labels(labels);
                }
                Ok(followed(run.map(|step| step.map(|step| step.x)), each))
            }
        }
    }
}

/// The last of `steps`.
fn followed<E>(
    steps: impl Iterator<Item = Result<Batch, E>>,
    mut each: impl FnMut(usize, &Batch),
) -> Result<Batch, E> {
    let mut last = None;
    for (step, x) in steps.enumerate() {
        let x = x?;
        each(step + 1, &x);
        last = Some(x);
    }
    Ok(last.expect("a way has at least one hop"))
}

fn denoiser(model: &Model, told: Told, clip: bool) -> Result<AnyDenoiser> {
    let config = &model.folder.scheduler;
    let Told { network, labels, steering: Steering { guidance, known } } = told;
    let inner = NetworkDenoiser::new(network, config.prediction(), model.schedule.clone())
        .with_context(|| format!("model {}", model.name))?;
    let config = clip.then_some(config);
    Ok(match (labels, guidance) {
        (Some(labels), Some((guidance, null))) => {
            clipped(Guided::new(inner.conditional_on(labels, null), guidance), config, known)
        }
        (Some(labels), None) => clipped(inner.with_labels(labels), config, known),
        (None, _) => clipped(inner, config, known),
    })
}

/// The denoiser, clipped or thresholded if there is a config that says how; what is known is not.
fn clipped<D>(inner: D, config: Option<&SchedulerConfig>, known: Option<Known>) -> AnyDenoiser
where
    D: Denoiser<Batch, Error = NetworkError> + 'static,
{
    match config {
        None => inpainted(inner, known),
        Some(config) if config.thresholding => {
            let (ratio, max) = (config.dynamic_thresholding_ratio, config.sample_max_value);
            inpainted(Thresholded::new(inner, ratio, max), known)
        }
        Some(config) => inpainted(Clipped::new(inner, config.clip_sample_range), known),
    }
}

fn inpainted<D>(inner: D, known: Option<Known>) -> AnyDenoiser
where
    D: Denoiser<Batch, Error = NetworkError> + 'static,
{
    match known {
        None => Box::new(inner),
        Some(known) => Box::new(Inpainted::new(inner, known)),
    }
}

/// Whether the flags and the model want clean estimates clipped or thresholded.
fn clips(args: &ProcessArgs, model: &Model) -> Result<bool> {
    let config = &model.folder.scheduler;
    let clip = args.clip || ((config.clip_sample || config.thresholding) && !args.no_clip);
    if clip && !config.thresholding && config.clip_sample_range <= 0.0 {
        let (range, name) = (config.clip_sample_range, &model.name);
        anyhow::bail!("--clip: clip_sample_range of model {name} is {range}, expected above 0");
    }
    Ok(clip)
}

/// The sampler that the flags name, or else the one that the model's scheduler is.
fn named(args: &ProcessArgs, model: &Model) -> (&'static str, String) {
    match (args.eta, &args.sampler) {
        (Some(eta), _) => ("--eta", format!("ddim:eta={eta}")),
        (None, Some(text)) => ("--sampler", text.clone()),
        (None, None) => ("the model's scheduler", correspondence::sampler(&model.folder.scheduler)),
    }
}

/// Refuses a variance that the network would have to predict, and does not.
fn check_variance(name: &str, is_learned: bool, model: &Model) -> Result<()> {
    if is_learned && !model.predicts_variance() {
        anyhow::bail!(
            "variance {name}: the network of model {} predicts none; take fixed-small or \
             fixed-large",
            model.name
        );
    }
    Ok(())
}
