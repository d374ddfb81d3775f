//! Where noise comes from.

use std::ops::Range;

use ancestral::{Batch, Noise, SampleNoise, TorchNoise};
use clap::ValueEnum;

/// A source of noise, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, ValueEnum)]
pub enum Randomness {
    /// Ours: a sample depends on the seed and its own index alone
    #[default]
    Ancestral,
    /// PyTorch's CPU generator, one for all samples: as torch.Generator().manual_seed(SEED) with
    /// batch_size N in diffusers
    Torch,
    /// PyTorch's CPU generator, one a sample, seeded SEED, SEED + 1, …: as a list of generators in
    /// diffusers
    TorchEach,
}

impl Randomness {
    /// Whether the noise of all samples is drawn as one, so that they must be made together.
    pub fn is_of_all(self) -> bool {
        self == Self::Torch
    }

    /// The noise of the samples `indices`; `is_started`: x_T is none of it.
    pub fn noise(self, seed: u64, indices: Range<u64>, is_started: bool) -> Box<dyn Noise<Batch>> {
        match (self, is_started) {
            (Self::Ancestral, false) => Box::new(SampleNoise::new(seed, indices)),
            (Self::Ancestral, true) => Box::new(SampleNoise::new(seed, indices).after_start()),
            (Self::Torch, _) => Box::new(TorchNoise::whole(seed)),
            (Self::TorchEach, _) => Box::new(TorchNoise::each(indices.map(|index| seed + index))),
        }
    }
}
