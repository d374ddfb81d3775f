//! What can go wrong in training.

use ancestral::Variance;
use ancestral::denoiser::ZeroTerminalSnrError;
use ancestral::schedule::ScheduleError;
use ancestral_cluster::ClusterError;
use ancestral_format::{Labels, Mismatch, counted};
use thiserror::Error;

use crate::{EngineError, LossError};

/// Why training cannot start or continue.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting is outside its range.
    #[error("{key} must be {allowed}, not {value}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// Its value.
        value: f64,
        /// The range.
        allowed: &'static str,
    },
    /// The rows are not a whole number of samples, or there are none.
    #[error("{values} values are not a whole, positive number of samples of shape {shape:?}")]
    Rows {
        /// How many values there are.
        values: usize,
        /// The shape of a sample.
        shape: Vec<usize>,
    },
    /// A value of the training data is not finite.
    #[error("the training data contain {value} in sample {sample}")]
    Data {
        /// The value.
        value: f32,
        /// The sample, counted from 0.
        sample: usize,
    },
    /// A row of the training data cannot be read.
    #[error("{reason}")]
    Reading {
        /// What is wrong, and where.
        reason: String,
    },
    /// What computes the gradients failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Not a sample is left for each of two sets.
    #[error("a share of {share} of {} leaves none to train on", counted(samples, "sample"))]
    HoldOut {
        /// The share that is held out.
        share: f64,
        /// How many samples there are.
        samples: usize,
    },
    /// There is not one label a sample.
    #[error("{} for {}", counted(labels, "label"), counted(samples, "sample"))]
    LabelCount {
        /// How many labels there are.
        labels: usize,
        /// How many samples there are.
        samples: usize,
    },
    /// A label is too large.
    #[error("label {label} of sample {sample} is not below the number of classes, {classes}")]
    Label {
        /// The label.
        label: u32,
        /// The sample, counted from 0.
        sample: usize,
        /// The number of classes.
        classes: u32,
    },
    /// Categories that are not among the values of a sample.
    #[error("categories take values up to number {end} of samples of {length}")]
    Categories {
        /// Where they end.
        end: usize,
        /// The number of values.
        length: usize,
    },
    /// The network does not take what the data are.
    #[error("the network takes samples of shape {network:?}, the data have {data:?}")]
    Shape {
        /// What the network takes.
        network: Vec<usize>,
        /// What the data are.
        data: Vec<usize>,
    },
    /// The network predicts something else than one value for each value of a sample, or two if the
    /// variance is learned.
    #[error(
        "the network predicts shape {found:?}, but with variance {variance} {expected:?} is needed"
    )]
    Output {
        /// What it predicts.
        found: Vec<usize>,
        /// The variance.
        variance: Variance,
        /// What is trained with that variance.
        expected: Vec<usize>,
    },
    /// The loss is not for the variance, or has another weight.
    #[error(transparent)]
    Loss(#[from] LossError),
    /// The schedule ends too near to pure noise for the variational bound of a prediction of ε.
    #[error(transparent)]
    TooNoisy(#[from] ZeroTerminalSnrError),
    /// The network's table of labels does not belong to the data.
    #[error("the network takes {found} where the data need {expected}")]
    Labels {
        /// What the network takes.
        found: Labels,
        /// One for each class and one for "no label", if the data have labels.
        expected: Labels,
    },
    /// The network knows fewer timesteps than are to be trained.
    #[error("the network has {found} timesteps, but the schedule has {expected}")]
    Timesteps {
        /// Rows of the network's table of times.
        found: usize,
        /// Timesteps of the schedule.
        expected: usize,
    },
    /// The network drops activations.
    #[error("dropout {0} cannot be trained: only 0 can")]
    Dropout(f64),
    /// Only pictures can be mirrored.
    #[error("samples of shape {shape:?} cannot be mirrored: only pictures, of three axes, can")]
    Flip {
        /// The shape of a sample.
        shape: Vec<usize>,
    },
    /// The schedule of the request is not valid.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The state to resume from is another network's.
    #[error(transparent)]
    State(#[from] Mismatch),
    /// The learning rate has reached zero.
    #[error("step {step} is past the end of the learning-rate plan of {total} steps")]
    PastTheEnd {
        /// The step, counted from 1 as people count.
        step: u64,
        /// How many steps are planned.
        total: u64,
    },
    /// Some ranks would have nothing to do.
    #[error(
        "{ranks} ranks: an update of {} has {}, so at most {leaves} ranks can share it",
        counted(*rows, "sample"),
        if *leaves == 1 { "1 leaf".to_owned() } else { format!("{leaves} leaves") }
    )]
    Ranks {
        /// The ranks.
        ranks: usize,
        /// Samples of an update.
        rows: usize,
        /// Its leaves.
        leaves: usize,
    },
    /// Another rank has ended, or is elsewhere.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// Too many updates in a row had to be skipped.
    #[error("step {step}: {what} is not finite; {in_a_row} steps in a row were skipped")]
    NonFinite {
        /// The last step that was skipped, counted from 1 as people count.
        step: u64,
        /// What was not finite in it: the loss, or the gradient of a parameter.
        what: String,
        /// How many were skipped in a row.
        in_a_row: u32,
    },
}
