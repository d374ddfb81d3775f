//! What is to be drawn, and how: one type for flags, JSON and keyword arguments.

use std::fmt;

use ancestral::Batch;
use serde::{Deserialize, Serialize};

use crate::given::Given;
use crate::noise_source::NoiseSource;

/// What is to be drawn, and how. All of it may be left out: the rest follows from the model.
///
/// As JSON it has the names of its fields, and unknown names are refused.
///
/// # Example
/// ```
/// use ancestral_pipeline::Settings;
///
/// let settings = Settings::new().count(16).seed(7).steps(50).sampler("dpmpp-2m");
/// let json = r#"{"count": 16, "seed": 7, "steps": 50, "sampler": "dpmpp-2m"}"#;
/// assert_eq!(serde_json::from_str::<Settings>(json)?, settings);
/// assert!(serde_json::from_str::<Settings>(r#"{"step": 50}"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// How many samples [default: as many as rows are given, else 64, of points and tables 1000].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
    /// Index of the first sample of the seed.
    pub first: u64,
    /// Seed of the noise.
    pub seed: u64,
    /// The source of noise.
    pub rng: NoiseSource,
    /// Class of all samples, by its name; by its number if the classes have no names. "none" is no
    /// class [default: each class as often as in the data].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The label that means "none" to the network, of models that don't say it themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_label: Option<u32>,
    /// Samples in one network call; changes nothing but speed and memory [default: 64, of points and
    /// tables 1024].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// The sampler with its options, as [`AnySampler`](ancestral::AnySampler) reads it [default: that
    /// of the model's scheduler].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sampler: Option<String>,
    /// Short for the sampler `ddim:eta=…`, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eta: Option<f64>,
    /// The variance of ancestral hops, as [`Variance`](ancestral::Variance) reads it [default: that of
    /// the model].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance: Option<String>,
    /// Hops from noise to data [default: 100, of points and tables 250].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// As many hops as take at most so many network calls, in place of steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calls: Option<usize>,
    /// How steps are spaced, as [`AnySpacing`](ancestral::AnySpacing) reads it [default: as the model's
    /// scheduler].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spacing: Option<String>,
    /// The timesteps that are visited, descending, in place of steps and spacing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visit: Option<Vec<usize>>,
    /// Whether clean estimates are clipped or thresholded [default: as the model says].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<bool>,
    /// Another program whose numbers are wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compat: Option<Compat>,
    /// Weight of classifier-free guidance, 0 to a million; 1 means no guidance.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    /// How much of the spread that guidance adds is taken back, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance_rescale: Option<f64>,
    /// The noise levels σ/α between which guidance works, the lower first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance_interval: Option<[f64; 2]>,
    /// Share of the steps that are taken from the data of `from`, above 0 and up to 1 [default: 0.5].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Draw the first two samples (or those of the two rows of `init`) and so many between them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interpolate: Option<usize>,
    /// How many snapshots of the trajectory are kept with the samples, the start not counted; at most
    /// a step each.
    pub snapshots: usize,
    /// x_T of each sample, in model space.
    #[serde(skip)]
    pub init: Option<Batch>,
    /// Clean data to begin with, noised, in model space: one row for all, or one a sample.
    #[serde(skip)]
    pub from: Option<Batch>,
    /// What is given of the samples, put into every clean estimate: quick, and the rest follows it too little.
    #[serde(skip)]
    pub inpaint: Option<Given>,
    /// What is given of the samples, with the rest drawn from its distribution given that.
    #[serde(skip)]
    pub given: Option<Given>,
}

/// Another program whose numbers are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Compat {
    /// Hugging Face's diffusers.
    Diffusers,
}

/// Makes setters that can be chained.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $Type:ty => $value:expr;)*) => {
        impl Settings {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(mut self, $name: $Type) -> Self {
                self.$name = $value;
                self
            })*
        }
    };
}

setters! {
    /// Sets how many samples.
    count: usize => Some(count);
    /// Sets the index of the first sample.
    first: u64 => first;
    /// Sets the seed.
    seed: u64 => seed;
    /// Sets the source of noise.
    rng: NoiseSource => rng;
    /// Sets the class of all samples.
    class: impl Into<String> => Some(class.into());
    /// Sets the label that means "none".
    null_label: u32 => Some(null_label);
    /// Sets how many samples are in one network call.
    batch: usize => Some(batch);
    /// Sets the sampler, with its options.
    sampler: impl Into<String> => Some(sampler.into());
    /// Sets the sampler `ddim:eta=…`.
    eta: f64 => Some(eta);
    /// Sets the variance of ancestral hops.
    variance: impl Into<String> => Some(variance.into());
    /// Sets how many hops there are.
    steps: usize => Some(steps);
    /// Sets how many network calls there are at most.
    calls: usize => Some(calls);
    /// Sets how steps are spaced.
    spacing: impl Into<String> => Some(spacing.into());
    /// Sets the timesteps that are visited.
    visit: Vec<usize> => Some(visit);
    /// Sets whether clean estimates are clipped.
    clip: bool => Some(clip);
    /// Sets the program whose numbers are wanted.
    compat: Compat => Some(compat);
    /// Sets the weight of guidance.
    guidance: f64 => Some(guidance);
    /// Sets how much of its spread is taken back.
    guidance_rescale: f64 => Some(guidance_rescale);
    /// Sets between which noise levels it works.
    guidance_interval: [f64; 2] => Some(guidance_interval);
    /// Sets the share of the steps that are taken from data.
    strength: f64 => Some(strength);
    /// Sets how many samples are drawn between two.
    interpolate: usize => Some(interpolate);
    /// Sets how many snapshots of the trajectory are kept.
    snapshots: usize => snapshots;
    /// Sets x_T of each sample.
    init: Batch => Some(init);
    /// Sets the data to begin with.
    from: Batch => Some(from);
    /// Sets what is given of the samples.
    inpaint: impl Into<Given> => Some(inpaint.into());
    /// Sets what is given of the samples, with the rest drawn from its distribution given that.
    given: impl Into<Given> => Some(given.into());
}

impl Settings {
    /// All as the model says.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Gives the enum its names.
macro_rules! named_settings {
    ($($(#[$doc:meta])* $Name:ident = $name:literal,)*) => {
        /// Something that can be set: a field of [`Settings`], or of what a model is opened with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Setting {
            $($(#[$doc])* $Name,)*
        }

        impl Setting {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Name),*];

            /// Its name: the name of the field, the JSON key and the keyword argument; the flag has
            /// hyphens.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$Name => $name,)* }
            }
        }
    };
}

named_settings! {
    /// [`Settings::count`].
    Count = "count",
    /// [`Settings::first`].
    First = "first",
    /// [`Settings::seed`].
    Seed = "seed",
    /// [`Settings::rng`].
    Rng = "rng",
    /// [`Settings::class`].
    Class = "class",
    /// [`Settings::null_label`].
    NullLabel = "null_label",
    /// [`Settings::batch`].
    Batch = "batch",
    /// [`Settings::sampler`].
    Sampler = "sampler",
    /// [`Settings::eta`].
    Eta = "eta",
    /// [`Settings::variance`].
    Variance = "variance",
    /// [`Settings::steps`].
    Steps = "steps",
    /// [`Settings::calls`].
    Calls = "calls",
    /// [`Settings::spacing`].
    Spacing = "spacing",
    /// [`Settings::visit`].
    Visit = "visit",
    /// [`Settings::clip`].
    Clip = "clip",
    /// [`Settings::compat`].
    Compat = "compat",
    /// [`Settings::guidance`].
    Guidance = "guidance",
    /// [`Settings::guidance_rescale`].
    GuidanceRescale = "guidance_rescale",
    /// [`Settings::guidance_interval`].
    GuidanceInterval = "guidance_interval",
    /// [`Settings::strength`].
    Strength = "strength",
    /// [`Settings::interpolate`].
    Interpolate = "interpolate",
    /// [`Settings::snapshots`].
    Snapshots = "snapshots",
    /// [`Settings::init`].
    Init = "init",
    /// [`Settings::from`].
    From = "from",
    /// [`Settings::inpaint`].
    Inpaint = "inpaint",
    /// [`Settings::given`].
    Given = "given",
    /// Which weights of a model folder.
    Variant = "variant",
    /// The size of pictures.
    Size = "size",
    /// Where to compute.
    Device = "device",
    /// In what numbers.
    Precision = "precision",
    /// On how many threads.
    Threads = "threads",
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
