//! The random numbers of one point.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal, StandardUniform};

/// The random stream of one point.
pub(super) struct Draw(ChaCha8Rng);

impl Draw {
    /// Stream `index` of `seed`. The key separates these streams from other uses of `seed`.
    pub(super) fn new(seed: u64, index: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..11].copy_from_slice(b"toy");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(index);
        Self(rng)
    }

    /// Uniform over 0 ≤ u < 1.
    pub(super) fn uniform(&mut self) -> f64 {
        StandardUniform.sample(&mut self.0)
    }

    /// Standard normal.
    pub(super) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    /// Uniform over the whole numbers 0 … `count` − 1, for a small `count`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the product is at least 0 and below `count`"
    )]
    pub(super) fn below(&mut self, count: u32) -> u32 {
        (self.uniform() * f64::from(count)) as u32
    }

    /// The point with normal noise of the given deviation added to both coordinates.
    pub(super) fn blur(&mut self, point: [f64; 2], deviation: f64) -> [f64; 2] {
        point.map(|coordinate| coordinate + deviation * self.normal())
    }
}
