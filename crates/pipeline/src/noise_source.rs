//! Sources of noise.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use ancestral::noise::TorchNoise;
use ancestral::{Batch, Noise, SampleNoise};
use serde::{Deserialize, Serialize};

/// A source of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoiseSource {
    /// Ours: a sample depends on the seed and its own index alone.
    #[default]
    Ancestral,
    /// PyTorch's CPU generator, one for all samples: as `torch.Generator().manual_seed(SEED)` with
    /// `batch_size` N in diffusers.
    Torch,
    /// PyTorch's CPU generator, one a sample, seeded SEED, SEED + 1, …: as a list of generators in
    /// diffusers.
    TorchEach,
}

/// The noise of some samples.
#[derive(Clone)]
pub(crate) enum RowNoise {
    Ours(Box<SampleNoise>),
    Torch(Box<TorchNoise>),
    /// That of the caller; clones draw from it in turn.
    Given(Arc<Mutex<dyn Noise<Batch> + Send>>),
}

impl fmt::Debug for RowNoise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ours(_) => "Ours",
            Self::Torch(_) => "Torch",
            Self::Given(_) => "Given",
        })
    }
}

impl Noise<Batch> for RowNoise {
    fn draw(&mut self, like: &Batch) -> Batch {
        match self {
            Self::Ours(noise) => noise.draw(like),
            Self::Torch(noise) => noise.draw(like),
            Self::Given(noise) => noise.lock().unwrap_or_else(PoisonError::into_inner).draw(like),
        }
    }
}

impl NoiseSource {
    /// Whether the noise of all samples is drawn as one, so that they must be made together.
    #[must_use]
    pub fn is_of_all(self) -> bool {
        self == Self::Torch
    }

    /// The name, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ancestral => "ancestral",
            Self::Torch => "torch",
            Self::TorchEach => "torch-each",
        }
    }

    /// The noise of the samples `indices`; `is_started`: without the draw of x_T.
    pub(crate) fn noise(self, seed: u64, indices: Range<u64>, is_started: bool) -> RowNoise {
        let ours = || SampleNoise::new(seed, indices.clone());
        let torch = |noise| RowNoise::Torch(Box::new(noise));
        match (self, is_started) {
            (Self::Ancestral, false) => RowNoise::Ours(Box::new(ours())),
            (Self::Ancestral, true) => RowNoise::Ours(Box::new(ours().after_start())),
            (Self::Torch, _) => torch(TorchNoise::whole(seed)),
            (Self::TorchEach, _) => torch(TorchNoise::each(indices.map(|index| seed + index))),
        }
    }
}
