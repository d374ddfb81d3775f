//! Models, from a folder, from memory or from this library itself.

#[cfg(feature = "digits")]
mod built_in;
mod classes;
mod columns;
mod rows;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use ancestral::categorical::Categories;
use ancestral::denoiser::ZeroTerminalSnrError;
use ancestral::level::LevelError;
use ancestral::variance::OptimalVariance;
use ancestral::{Level, Schedule};
use ancestral_data::Columns;
use ancestral_format::{
    AboutReading, BetaSchedule, Loaded, ModelFolder, NetworkConfig, SchedulerConfig, UNetConfig,
    Weights, safetensors,
};
use sha2::{Digest, Sha256};

use crate::error::{Error, ModelError, Noted, Notice, Problem, SettingError};
use crate::settings::Setting;

#[cfg(feature = "digits")]
pub use built_in::BUILT_IN;
pub use classes::Classes;
pub use columns::{categories_of, columns_for_folder, columns_of_folder};

/// A model that can be sampled from.
#[derive(Clone)]
pub struct Model {
    name: String,
    folder: ModelFolder,
    schedule: Schedule,
    columns: Option<Columns>,
    categories: Categories,
    classes: Classes,
    digest: OnceLock<String>,
    /// What was chosen when it was opened, as pairs of a setting and a value.
    chosen: Vec<(&'static str, String)>,
}

/// What the network of a model predicts, for people.
#[must_use]
pub fn predicted(scheduler: &SchedulerConfig, categories: &Categories) -> String {
    let of_categories = if categories.is_empty() { "" } else { ", logits of categories" };
    format!("{}{of_categories}", scheduler.prediction_type)
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Model").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a model needs that the user need not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Defaults {
    /// Hops from noise to data: enough for every sampler to be good.
    pub steps: usize,
    /// Samples.
    pub count: usize,
    /// Samples in one network call.
    pub batch: usize,
}

impl Defaults {
    /// Those for pictures, or for rows: they are cheap, and their spread is seen.
    #[must_use]
    pub fn of(are_pictures: bool) -> Self {
        if are_pictures {
            Self { steps: 100, count: 64, batch: 64 }
        } else {
            Self { steps: 250, count: 1000, batch: 1024 }
        }
    }
}

/// What is to be known of a network that is not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnNetwork {
    /// Channels, height and width of a sample.
    pub shape: [usize; 3],
    /// How many labels it has, if it takes any.
    pub classes: Option<usize>,
    /// Whether it predicts twice as many channels as a sample has, the second half for the variance.
    pub predicts_variance: bool,
}

/// A checksum that can be written to.
struct Hash(Sha256);

impl io::Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Model {
    /// Opens the model folder at `path`, with the weights called `variant` if one is named: those in
    /// `diffusion_pytorch_model.VARIANT.safetensors`, such as fp16, or raw (before averaging).
    ///
    /// # Errors
    /// If there is no such folder, or it is no model.
    pub fn open(path: &Path, variant: Option<&str>) -> Result<Noted<Self>, Error> {
        if !path.is_dir() {
            let path = path.to_owned();
            let error = if path.exists() { ModelError::File } else { ModelError::Missing };
            return Err(error(path).into());
        }
        if path.join("checkpoints").is_dir() && !path.join("model_index.json").exists() {
            return Err(ModelError::Unfinished(path.to_owned()).into());
        }
        let Loaded { model, notices } =
            ModelFolder::read_variant(path, variant).map_err(ModelError::from)?;
        let notices = notices.iter().map(|notice| Notice::warning(notice.to_string())).collect();
        let mut value = Self::from_folder(path.display().to_string(), model)?;
        value.chosen.extend(variant.map(|variant| ("variant", variant.to_owned())));
        Ok(Noted { value, notices })
    }

    /// The model of a folder's content, which may be in memory alone. It is called `name` in messages.
    ///
    /// # Errors
    /// If its betas are no schedule, or its columns don't fit its network.
    pub fn from_folder(name: impl Into<String>, folder: ModelFolder) -> Result<Self, Error> {
        let name = name.into();
        let scheduler = &folder.scheduler;
        let schedule = scheduler.schedule().map_err(|source| ModelError::Schedule {
            model: name.clone(),
            keys: beta_keys(scheduler),
            source,
        })?;
        let columns = match &folder.network {
            NetworkConfig::UNet(_) => None,
            NetworkConfig::Mlp(config) => Some(columns::of(&name, config.columns, &folder)?),
        };
        let categories = columns.as_ref().map(categories_of).unwrap_or_default();
        let classes = Classes::of(&folder);
        let (digest, chosen) = (OnceLock::new(), Vec::new());
        Ok(Self { name, folder, schedule, columns, categories, classes, digest, chosen })
    }

    /// A model whose network is the caller's, who answers the calls of its trajectories: it has no
    /// weights. Its samples have `shape`, `[channels, height, width]`.
    ///
    /// # Errors
    /// If its betas are no schedule.
    ///
    /// # Example
    /// ```
    /// use std::sync::Arc;
    /// use ancestral_format::SchedulerConfig;
    /// use ancestral_pipeline::{Batch, Model, OwnNetwork, Plan, Poll, Settings};
    ///
    /// let network = OwnNetwork { shape: [2, 1, 1], classes: None, predicts_variance: false };
    /// let model = Model::without_network("mine", SchedulerConfig::default(), network)?;
    /// let plan = Plan::new(&Arc::new(model), &Settings::new().count(4).steps(10))?;
    /// let mut trajectory = plan.trajectory(0..4);
    /// let Poll::Call(call) = trajectory.poll() else { panic!("the first step needs the network") };
    /// assert_eq!((call.x.rows(), call.timesteps[0]), (4, 900.0));
    /// # Ok::<(), ancestral_pipeline::Error>(())
    /// ```
    pub fn without_network(
        name: impl Into<String>,
        scheduler: SchedulerConfig,
        network: OwnNetwork,
    ) -> Result<Self, Error> {
        let OwnNetwork { shape: [channels, height, width], classes, predicts_variance } = network;
        let network = NetworkConfig::UNet(Box::new(UNetConfig {
            sample_size: Some([height, width]),
            in_channels: channels,
            out_channels: if predicts_variance { 2 * channels } else { channels },
            num_class_embeds: classes,
            ..UNetConfig::default()
        }));
        let weights = Weights::default();
        let folder = ModelFolder { network, scheduler, weights, raw_weights: None, about: None };
        Self::from_folder(name, folder)
    }

    /// The model that is compiled in: digits of 8 × 8, in ten classes.
    #[cfg(feature = "digits")]
    #[must_use]
    pub fn built_in() -> Self {
        built_in::digits()
    }

    /// The same for pictures of another size, `[height, width]`, than the network was trained on.
    ///
    /// # Errors
    /// If it is of tables, or its network can't halve such pictures as often as it does.
    pub fn with_size(mut self, size: [usize; 2]) -> Result<Self, Error> {
        let refused = |problem| {
            let [height, width] = size;
            SettingError::of(Setting::Size, format!("{height}x{width}"), problem)
        };
        let model = self.name.clone();
        let NetworkConfig::UNet(config) = &mut self.folder.network else {
            return Err(refused(Problem::NotPictures { model }).into());
        };
        let levels = config.block_out_channels.len() - 1;
        let step = 1_usize << levels;
        if size.iter().any(|side| *side == 0 || !side.is_multiple_of(step)) {
            let nearest = size.map(|side| (side + step / 2).div_euclid(step).max(1) * step);
            return Err(refused(Problem::Size { model, levels, step, nearest }).into());
        }
        config.sample_size = Some(size);
        self.chosen.push(("size", size.map(|side| side.to_string()).join("x")));
        Ok(self)
    }

    /// Where it is from, for people.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How the data of its training were read, and other data for it are.
    #[must_use]
    pub fn reading(&self) -> AboutReading {
        let about = self.folder.about.as_ref();
        about.map(|about| about.data.reading.clone()).unwrap_or_default()
    }

    /// What was chosen when it was opened: the variant of its weights, another size.
    pub(crate) fn chosen(&self) -> &[(&'static str, String)] {
        &self.chosen
    }

    /// What is in its folder. Of a model that a [`Pipeline`](crate::Pipeline) holds, without the
    /// weights.
    #[must_use]
    pub fn folder(&self) -> &ModelFolder {
        &self.folder
    }

    /// The noise levels that it was trained on.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How the columns of its samples are scaled; `None` for pictures.
    #[must_use]
    pub fn columns(&self) -> Option<&Columns> {
        self.columns.as_ref()
    }

    /// The categories among the numbers of its samples, of which its network predicts logits.
    #[must_use]
    pub fn categories(&self) -> &Categories {
        &self.categories
    }

    /// The optimal variance of its reverse process, if it was measured.
    #[must_use]
    pub fn optimal_variance(&self) -> Option<OptimalVariance> {
        let calibration = self.folder.about.as_ref()?.calibration.as_ref()?;
        let levels = calibration.lambda.iter().map(|lambda| Level::from_lambda(*lambda));
        let norms = levels.zip(&calibration.squared_noise);
        let norms: Result<Vec<_>, LevelError> =
            norms.map(|(level, norm)| Ok((level?, *norm))).collect();
        // A level may be there twice, in a folder that another program wrote.
        OptimalVariance::new(norms.ok()?).ok()
    }

    /// The classes of its samples.
    #[must_use]
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// What follows from it alone.
    #[must_use]
    pub fn defaults(&self) -> Defaults {
        Defaults::of(self.columns.is_none())
    }

    /// SHA-256 of the weights, as a safetensors file; computed on first use.
    ///
    /// # Panics
    /// Never: a network's list of tensors is far below the format's limit.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| {
            let mut hash = Hash(Sha256::new());
            safetensors::write(&self.folder.weights, &mut hash)
                .expect("a network's list of tensors is far below the format's limit of 100 MB");
            format!("{:x}", hash.0.finalize())
        })
    }

    /// Shape of one sample: `[channels, height, width]` or `[columns]`.
    ///
    /// # Errors
    /// If the network is for pictures of any size and says none.
    pub fn shape(&self) -> Result<Vec<usize>, Error> {
        let no_size = || ModelError::NoSize { model: self.name.clone() };
        Ok(self.folder.network.sample_shape().ok_or_else(no_size)?)
    }

    /// Whether its network predicts twice as many channels as a sample has.
    #[must_use]
    pub fn predicts_variance(&self) -> bool {
        let network = &self.folder.network;
        let channels = |shape: Option<Vec<usize>>| shape.map(|shape| shape[0]);
        let (from, to) = (channels(network.sample_shape()), channels(network.output_shape()));
        from.zip(to).is_some_and(|(from, to)| to == 2 * from)
    }

    /// Refuses a network that says nothing where its schedule ends.
    pub(crate) fn check_end(&self) -> Result<(), Error> {
        let checked =
            ZeroTerminalSnrError::check(self.folder.scheduler.prediction(), &self.schedule);
        checked.map_err(|source| {
            ModelError::ZeroTerminalSnr { model: self.name.clone(), source }.into()
        })
    }

    /// The model without its weights, which is enough for a [`Plan`](crate::Plan), and the weights for
    /// the network of [`Pipeline::with_weights`](crate::Pipeline::with_weights). The digest stays.
    #[must_use]
    pub fn into_parts(mut self) -> (Arc<Self>, Weights) {
        let _ = self.digest();
        self.folder.raw_weights = None;
        let weights = std::mem::take(&mut self.folder.weights);
        (Arc::new(self), weights)
    }
}

/// The keys that the betas of a scheduler follow from.
fn beta_keys(scheduler: &SchedulerConfig) -> &'static str {
    match (&scheduler.trained_betas, scheduler.beta_schedule) {
        (Some(_), _) => "trained_betas",
        (None, BetaSchedule::SquaredCosine | BetaSchedule::Laplace) => "beta_schedule",
        (None, BetaSchedule::Linear | BetaSchedule::ScaledLinear | BetaSchedule::Sigmoid) => {
            "beta_start and beta_end"
        }
    }
}
