//! Noise streams: every draw of every sample can be made alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use crate::batch::{Batch, Scalar};

mod torch;

pub use torch::{TorchGenerator, TorchNoise};

/// What a stream of random numbers is for. Streams of different purposes never overlap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// x_T and the noise of a sampler's hops.
    Sampling,
    /// Which class each sample is of, where none is asked for.
    SampleClass,
    /// Initial weights of a network.
    Initialization,
    /// The order in which training visits its data.
    DataOrder,
    /// The timesteps that training asks about.
    TrainingTime,
    /// The noise that training adds.
    TrainingNoise,
    /// Which labels training hides.
    LabelDropout,
    /// How training varies its data.
    Augmentation,
    /// Where groups of alike data are looked for.
    Groups,
    /// Which data are held out.
    HoldOut,
    /// The noise that data are evaluated with, and their dequantisation.
    Evaluation,
    /// The directions in which a divergence is estimated.
    Probes,
}

impl Purpose {
    fn tag(self) -> [u8; 8] {
        *match self {
            Self::Sampling => b"sampling",
            Self::SampleClass => b"class\0\0\0",
            Self::Initialization => b"initial\0",
            Self::DataOrder => b"order\0\0\0",
            Self::TrainingTime => b"time\0\0\0\0",
            Self::TrainingNoise => b"noise\0\0\0",
            Self::LabelDropout => b"labels\0\0",
            Self::Augmentation => b"augment\0",
            Self::Groups => b"groups\0\0",
            Self::HoldOut => b"held-out",
            Self::Evaluation => b"evaluate",
            Self::Probes => b"probes\0\0",
        }
    }
}

/// The random streams of one seed and purpose.
///
/// Draw `j` of stream `i` depends on (seed, purpose, i, j) alone: ChaCha8 with the key
/// seed (8 bytes, little endian) ‖ purpose (8 bytes) ‖ zeros, stream `i`, and word position
/// `j · 2³⁶`. So one sample of a batch can be remade alone, and batch size, threads and machines
/// change nothing, bit for bit.
///
/// # Example
/// ```
/// use ancestral::noise::{Purpose, Streams};
/// let streams = Streams::new(7, Purpose::Sampling);
/// let (mut a, mut b) = ([0.0_f32; 4], [0.0_f32; 4]);
/// streams.normals(3, 0, &mut a);
/// streams.normals(3, 0, &mut b);
/// assert_eq!(a, b);
/// ```
#[derive(Clone, Debug)]
pub struct Streams {
    origin: ChaCha8Rng,
}

impl Streams {
    /// The streams of `seed` for `purpose`.
    #[must_use]
    pub fn new(seed: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.tag());
        Self { origin: ChaCha8Rng::from_seed(key) }
    }

    /// A generator at the start of draw `draw` of stream `stream`.
    #[must_use]
    pub fn rng(&self, stream: u64, draw: u32) -> ChaCha8Rng {
        let mut rng = self.origin.clone();
        // In this order: the other way round fills the generator's buffer twice.
        rng.set_word_pos(u128::from(draw) << 36);
        rng.set_stream(stream);
        rng
    }

    /// Fills `out` with standard normals of draw `draw` of stream `stream`.
    pub fn normals<T: Scalar>(&self, stream: u64, draw: u32, out: &mut [T]) {
        let mut rng = self.rng(stream, draw);
        for value in out {
            let z: f64 = StandardNormal.sample(&mut rng);
            *value = T::from_f64(z);
        }
    }
}

/// A source of standard normal noise for samples of type `X`.
pub trait Noise<X> {
    /// Fresh noise of the shape of `like`.
    fn draw(&mut self, like: &X) -> X;
}

impl<X, N: Noise<X> + ?Sized> Noise<X> for &mut N {
    fn draw(&mut self, like: &X) -> X {
        (**self).draw(like)
    }
}

impl<X, N: Noise<X> + ?Sized> Noise<X> for Box<N> {
    fn draw(&mut self, like: &X) -> X {
        (**self).draw(like)
    }
}

/// The noise of a batch of trajectories: one sample index a row, and a count of draws.
///
/// Draw 0 is x_T. The same index gives the same row, whatever stands beside it.
///
/// # Example
/// ```
/// use ancestral::SampleNoise;
/// let three = SampleNoise::new(7, 0..3).start(vec![1, 8, 8]);
/// let last = SampleNoise::new(7, [2]).start(vec![1, 8, 8]);
/// assert_eq!(three.row(2), last.row(0));
/// ```
#[derive(Clone, Debug)]
pub struct SampleNoise {
    streams: Streams,
    indices: Vec<u64>,
    draws: u32,
}

impl SampleNoise {
    /// The noise of the samples `indices` of `seed`; the next draw is draw 0.
    #[must_use]
    pub fn new(seed: u64, indices: impl IntoIterator<Item = u64>) -> Self {
        Self::of_streams(Streams::new(seed, Purpose::Sampling), indices)
    }

    /// The noise of the samples `indices` of these streams; the next draw is draw 0.
    #[must_use]
    pub fn of_streams(streams: Streams, indices: impl IntoIterator<Item = u64>) -> Self {
        Self { streams, indices: indices.into_iter().collect(), draws: 0 }
    }

    /// The same noise with draw 0 passed over: for trajectories whose x_T comes from elsewhere.
    #[must_use]
    pub fn after_start(mut self) -> Self {
        self.draws = 1;
        self
    }

    /// x_T of each sample, as rows of `shape`: the next draw, which is draw 0 of a new object.
    pub fn start(&mut self, shape: Vec<usize>) -> Batch {
        self.draw(&Batch::zeros(self.indices.len(), shape))
    }

    fn next_draw(&mut self) -> u32 {
        let draw = self.draws;
        self.draws = draw.checked_add(1).expect("a trajectory makes fewer than 2^32 draws");
        draw
    }
}

impl<T: Scalar> Noise<Batch<T>> for SampleNoise {
    /// # Panics
    /// If the batch has not one row an index.
    fn draw(&mut self, like: &Batch<T>) -> Batch<T> {
        assert_eq!(like.rows(), self.indices.len(), "rows of the batch and sample indices");
        let draw = self.next_draw();
        let mut noise = Batch::zeros(like.rows(), like.row_shape().to_vec());
        for (row, &index) in noise.iter_rows_mut().zip(&self.indices) {
            self.streams.normals(index, draw, row);
        }
        noise
    }
}

impl Noise<f64> for SampleNoise {
    /// # Panics
    /// If there is not exactly one sample index.
    fn draw(&mut self, _like: &f64) -> f64 {
        assert_eq!(self.indices.len(), 1, "a number is one sample");
        let draw = self.next_draw();
        let mut out = [0.0];
        self.streams.normals(self.indices[0], draw, &mut out);
        out[0]
    }
}

/// A source that is never drawn from, and panics if it is: for deterministic samplers, and to show
/// that they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct NeverDrawn;

impl<X> Noise<X> for NeverDrawn {
    /// # Panics
    /// Always.
    fn draw(&mut self, _like: &X) -> X {
        panic!("a deterministic sampler asked for noise")
    }
}

#[cfg(test)]
mod tests;
