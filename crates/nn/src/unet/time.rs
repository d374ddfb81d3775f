//! The conditioning of a network: time and class.

use ancestral_format::{ClassEmbedding as Kind, TimeEmbedding as TimeKind, UNetConfig};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};

use super::builder::{projected_width, time_width};
use crate::layer::{Embedding, Fourier, Sinusoids, TimeEmbedding};

/// What the class of each row of a batch is given as.
#[derive(Debug, Clone)]
pub enum Label {
    /// As a number: a row of a table, or what is embedded as a time is. `[batch]`
    Number(Tensor<1, Int>),
    /// As a vector that is added to the time embedding. `[batch, width]`
    Vector(Tensor<2>),
}

/// How a time becomes a row of numbers, where stored values come in.
#[derive(Module, Debug)]
pub(super) enum TimeProjection {
    /// Sinusoids of stored frequencies.
    Fourier(Fourier),
    /// A table with a row a timestep.
    Learned(Embedding),
}

impl TimeProjection {
    pub(super) fn new(config: &UNetConfig, device: &Device) -> Option<Self> {
        let width = config.block_out_channels[0];
        match config.time_embedding_type {
            TimeKind::Positional => None,
            TimeKind::Fourier => Some(Self::Fourier(Fourier::new(device, width))),
            TimeKind::Learned => {
                let count = config.num_train_timesteps.expect("the config was validated");
                Some(Self::Learned(Embedding::new(device, count, width)))
            }
        }
    }
}

/// Projects a time: by sinusoids of fixed frequencies, unless values are stored.
pub(super) fn project(
    stored: Option<&TimeProjection>,
    fixed: Sinusoids,
    times: Tensor<1>,
) -> Tensor<2> {
    match stored {
        None => fixed.forward(times),
        Some(TimeProjection::Fourier(fourier)) => fourier.forward(times),
        Some(TimeProjection::Learned(table)) => table.forward(times.round().int()),
    }
}

/// How a class becomes a vector.
#[expect(clippy::large_enum_variant, reason = "one a network, and Burn has no modules in boxes")]
#[derive(Module, Debug)]
pub(super) enum ClassEmbedding {
    /// By a table.
    Table(Embedding),
    /// As a time does, with weights of its own.
    Time(TimeEmbedding),
    /// It is one, of this width.
    Identity(usize),
}

impl ClassEmbedding {
    pub(super) fn new(config: &UNetConfig, device: &Device) -> Option<Self> {
        let width = time_width(config);
        match (config.class_embed_type, config.num_class_embeds) {
            (Some(Kind::Timestep), _) => {
                Some(Self::Time(TimeEmbedding::new(device, projected_width(config), width)))
            }
            (Some(Kind::Identity), _) => Some(Self::Identity(width)),
            (None, Some(count)) => Some(Self::Table(Embedding::new(device, count, width))),
            (None, None) => None,
        }
    }

    /// The vectors of `label`; `project` is what times go through first.
    ///
    /// # Panics
    /// If the label is a number where a vector is needed, or vice versa.
    pub(super) fn forward(
        &self,
        label: Label,
        project: impl Fn(Tensor<1>) -> Tensor<2>,
    ) -> Tensor<2> {
        match (self, label) {
            (Self::Table(table), Label::Number(rows)) => table.forward(rows),
            (Self::Time(embedding), Label::Number(times)) => {
                embedding.forward(project(times.float()))
            }
            (Self::Identity(_), Label::Vector(vectors)) => vectors,
            (Self::Table(_) | Self::Time(_), Label::Vector(_)) => {
                panic!("the class of a row must be a number")
            }
            (Self::Identity(width), Label::Number(_)) => {
                panic!("the class of a row must be a vector of {width} numbers")
            }
        }
    }
}
