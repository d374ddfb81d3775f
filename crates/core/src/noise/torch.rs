//! The noise of PyTorch, draw for draw.

mod box_muller;
mod cephes;
mod generator;

pub use generator::TorchGenerator;

use crate::batch::{Batch, Scalar};
use crate::noise::Noise;

/// The noise that diffusers draws on the CPU: with its seed, a run of a pipeline can be replayed.
///
/// A batch is a tensor [rows, …] in row-major order, and each draw is one call of `torch.randn`:
/// of the whole tensor from one generator, or of each row [1, …] from a generator of its own. Draws
/// follow each other, so that a row depends on what was drawn before and, with one generator, on
/// the rows beside it: [`SampleNoise`](crate::SampleNoise) has no such ties and is the one to take
/// where nothing need be replayed.
///
/// # Numerics
/// Those of [`TorchGenerator`]: bit for bit PyTorch 2.15 on x86-64 with AVX2 or AVX-512.
///
/// # Source
/// `randn_tensor` of diffusers 0.42.1.
///
/// # Example
/// ```
/// use ancestral::noise::TorchNoise;
/// // randn_tensor((2, 1, 4, 4), generator=[Generator().manual_seed(seed) for seed in (0, 1)])
/// let x_t = TorchNoise::each([0, 1]).start(2, vec![1, 4, 4]);
/// assert_eq!(x_t.row(0)[..2], [-1.1258398, -1.1523602]);
/// assert_eq!(x_t.row(0), TorchNoise::whole(0).start(1, vec![1, 4, 4]).row(0));
/// ```
#[derive(Clone, Debug)]
pub struct TorchNoise {
    generators: Vec<TorchGenerator>,
}

impl TorchNoise {
    /// One generator for all rows: `generator=torch.Generator().manual_seed(seed)`.
    #[must_use]
    pub fn whole(seed: u64) -> Self {
        Self::each([seed])
    }

    /// A generator a row: `generator=[torch.Generator().manual_seed(seed) for seed in seeds]`. A
    /// list of one is [`whole`](Self::whole), as it is in diffusers.
    ///
    /// # Panics
    /// If there is no seed.
    #[must_use]
    pub fn each(seeds: impl IntoIterator<Item = u64>) -> Self {
        let generators: Vec<_> = seeds.into_iter().map(TorchGenerator::new).collect();
        assert!(!generators.is_empty(), "noise needs at least one seed");
        Self { generators }
    }

    /// x_T, as `rows` rows of `shape`: the next draw, which is the first of a new object.
    ///
    /// # Panics
    /// If there are several generators, and not one a row.
    pub fn start(&mut self, rows: usize, shape: Vec<usize>) -> Batch {
        self.draw(&Batch::zeros(rows, shape))
    }

    fn draw_with<T: Scalar>(
        &mut self,
        like: &Batch<T>,
        fill: impl Fn(&mut TorchGenerator, &mut [T]),
    ) -> Batch<T> {
        let mut noise = Batch::zeros(like.rows(), like.row_shape().to_vec());
        if let [generator] = &mut self.generators[..] {
            fill(generator, noise.data_mut());
        } else {
            assert_eq!(like.rows(), self.generators.len(), "rows of the batch and generators");
            for (row, generator) in noise.iter_rows_mut().zip(&mut self.generators) {
                fill(generator, row);
            }
        }
        noise
    }
}

impl Noise<Batch> for TorchNoise {
    /// # Panics
    /// If there are several generators, and not one a row.
    fn draw(&mut self, like: &Batch) -> Batch {
        self.draw_with(like, TorchGenerator::fill_normals_f32)
    }
}

impl Noise<Batch<f64>> for TorchNoise {
    /// # Panics
    /// If there are several generators, and not one a row.
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        self.draw_with(like, TorchGenerator::fill_normals_f64)
    }
}

impl Noise<f64> for TorchNoise {
    /// # Panics
    /// If there is more than one generator.
    fn draw(&mut self, _like: &f64) -> f64 {
        assert_eq!(self.generators.len(), 1, "a number is one sample");
        let mut out = [0.0];
        self.generators[0].fill_normals_f64(&mut out);
        out[0]
    }
}

#[cfg(test)]
mod tests;
