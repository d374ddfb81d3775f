//! Why an evaluation fails.

use std::path::PathBuf;

use ancestral::exact::REFERENCE_MIXTURES;
use ancestral::grid::GridError;
use ancestral::level::LevelError;
use ancestral::likelihood::FlowError;
use ancestral::options::OptionError;
use ancestral::variance::OptimalVarianceError;
use ancestral_cluster::ClusterError;
use ancestral_data::{ChartError, SheetError};
use ancestral_metrics::MetricError;
use ancestral_pipeline::NetworkError;
use thiserror::Error;

/// The settings that texts of this crate mention, as they stand there in backticks.
pub const SETTINGS: [&str; 9] =
    ["calls", "data", "exact", "features", "reference", "resize", "samplers", "spacing", "target"];

/// Why an evaluation fails.
///
/// Settings in its text are in backticks, by the names of [`SETTINGS`], so that a front can spell
/// them as flags or arguments.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A rank has ended.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// There is no such sampler or spacing.
    #[error("`{setting}`")]
    Option {
        /// The setting.
        setting: &'static str,
        /// Why.
        source: OptionError,
    },
    /// There is no such mixture.
    #[error("`exact`: no mixture {name:?}, expected {}", REFERENCE_MIXTURES.join(" or "))]
    Mixture {
        /// The name found.
        name: String,
    },
    /// A sampler is named twice.
    #[error("`samplers`: {0} appears twice")]
    Twice(String),
    /// No run is long enough for one step.
    #[error("`calls`: too few for one step of any of these samplers; raise `calls`")]
    TooFewCalls,
    /// The reference run is refused.
    #[error("`reference`")]
    Reference(#[source] ancestral_pipeline::Error),
    /// The model or a setting is refused.
    #[error(transparent)]
    Pipeline(#[from] ancestral_pipeline::Error),
    /// The weights of a network for features can't be used.
    #[error("`features` {}: {reason}", path.display())]
    Features {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Features of pictures are asked for, of other rows.
    #[error("`features`: rows of {shape:?} are not pictures")]
    NotPictures {
        /// The shape of a row.
        shape: Vec<usize>,
    },
    /// The small network does not resize.
    #[error("`resize`: the small network takes pictures as they are")]
    Resized,
    /// The network failed.
    #[error("evaluating {model}")]
    Network {
        /// The model.
        model: String,
        /// Why.
        source: NetworkError,
    },
    /// The settings ask for a scheduler of diffusers, which has no likelihood here.
    #[error("a likelihood is of our own reverse process, not of a scheduler of diffusers")]
    NotAncestral,
    /// The flow can't be followed.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// The network's values make no optimal variance.
    #[error(transparent)]
    Optimal(#[from] OptimalVarianceError),
    /// There is no such grid.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// There is no such level.
    #[error(transparent)]
    Level(#[from] LevelError),
    /// There is no such column to predict.
    #[error("`target`: unknown column {found:?}, expected one of {}", expected.join(", "))]
    Target {
        /// The name found.
        found: String,
        /// The columns.
        expected: Vec<String>,
    },
    /// There is nothing to predict a column from.
    #[error("`target`: {column:?} is the only column, which nothing predicts")]
    OnlyTarget {
        /// The column.
        column: String,
    },
    /// A column that is the same in every row.
    #[error("`target`: {column:?} is constant, expected a column with something to predict")]
    ConstantTarget {
        /// The column.
        column: String,
    },
    /// There is no distance between these rows.
    #[error(transparent)]
    Distance(#[from] MetricError),
    /// The chart can't be drawn.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// The data can't be read.
    #[cfg(feature = "datasets")]
    #[error("`data`")]
    Open(#[from] ancestral_data::OpenError),
    /// No data are named.
    #[error("`data`: name the data to compare the samples of model {model} with")]
    NoData {
        /// The model.
        model: String,
    },
    /// A class that the model lacks.
    #[error(
        "`data`: model {model} has no class {class}, and no label that means no class: name that label \
         with `null_label`"
    )]
    Class {
        /// The class of the data.
        class: String,
        /// The model.
        model: String,
    },
    /// A label for a model without labels.
    #[error("`null_label`: model {model} has no classes")]
    NoClasses {
        /// The model.
        model: String,
    },
    /// Rows of another shape.
    #[error("`data` {source_name}: rows of {found}, expected {expected} as of model {model}")]
    Shape {
        /// The data.
        source_name: String,
        /// Their shape.
        found: String,
        /// The shape of the model's samples.
        expected: String,
        /// The model.
        model: String,
    },
    /// Rows of another shape than others.
    #[error("`data` {source_name}: rows of {found}, expected {expected} as in {model}")]
    OtherShape {
        /// The data.
        source_name: String,
        /// Their shape.
        found: String,
        /// The shape of the others.
        expected: String,
        /// The others.
        model: String,
    },
    /// A table with cells that the model's columns cannot have.
    #[error("`data` {source_name}")]
    Sheet {
        /// The table.
        source_name: String,
        /// Which cell, and why.
        source: Box<SheetError>,
    },
    /// Columns of an array, where the others hold words or dates.
    #[error(
        "`data` {source_name}: column {column:?} holds words or dates: give a table in a file with commas"
    )]
    Words {
        /// The data.
        source_name: String,
        /// The first such column.
        column: String,
    },
    /// Columns of other names.
    #[error("`data` {source_name}: columns {found}, expected {expected}")]
    Columns {
        /// The data.
        source_name: String,
        /// Their columns.
        found: String,
        /// The columns of the model.
        expected: String,
    },
}
