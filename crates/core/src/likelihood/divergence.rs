//! The divergence of a denoiser, by central differences.

use rand_chacha::rand_core::Rng;

use crate::batch::{Batch, Scalar};
use crate::denoiser::Denoiser;
use crate::grid::Point;
use crate::noise::{Purpose, Streams};
use crate::sample::Sample;

/// How the trace of the Jacobian of x̂₀ is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divergence {
    /// Element by element of a row: two calls for each. For points and tables.
    Exact,
    /// As the mean over random directions v of vᵀ J v, with elements 1 and −1: two calls for each. Row i
    /// of a batch takes its directions from the stream of its index, the same ones at every level.
    ///
    /// # Source
    /// Hutchinson 1990; Grathwohl et al. 2019, arXiv:1810.01367, section 3.1.
    Probes {
        /// How many directions.
        count: u32,
        /// The seed that they are drawn from.
        seed: u64,
    },
}

/// How far to either side the denoiser is called, in units of σ.
///
/// # Numerics
/// The error of the difference grows with the square of the step: of a mixture of two narrow Gaussians a
/// step of 0.02 leaves 6e-4 bits, 0.01 leaves 1.7e-4. The rounding error of f32 grows with its
/// inverse: at σ = 0.01 a step of 0.005 leaves 1e-4 bits of a single value, random from value to value.
const STEP: f64 = 0.01;

/// The directions of a batch, one batch of them for each probe or element.
pub(super) struct Directions<T> {
    all: Vec<Batch<T>>,
    /// Whether they sum up to one trace, or each gives an estimate of it.
    sum: bool,
}

impl<T: Scalar> Directions<T> {
    /// Those for rows like `like`, whose streams have these `indices`.
    pub(super) fn new(divergence: &Divergence, like: &Batch<T>, indices: &[u64]) -> Self {
        assert_eq!(like.rows(), indices.len(), "rows of the batch and indices");
        let blank = || Batch::zeros(like.rows(), like.row_shape().to_vec());
        match divergence {
            Divergence::Exact => {
                let unit = |element: usize| {
                    let mut direction = blank();
                    direction.iter_rows_mut().for_each(|row| row[element] = T::from_f64(1.0));
                    direction
                };
                Self { all: (0..like.row_len()).map(unit).collect(), sum: true }
            }
            Divergence::Probes { count, seed } => {
                let streams = Streams::new(*seed, Purpose::Probes);
                let signs = |probe: u32| {
                    let mut direction = blank();
                    for (row, &index) in direction.iter_rows_mut().zip(indices) {
                        let mut rng = streams.rng(index, probe);
                        for value in row {
                            let sign = if rng.next_u32() & 1 == 0 { 1.0 } else { -1.0 };
                            *value = T::from_f64(sign);
                        }
                    }
                    direction
                };
                Self { all: (0..*count).map(signs).collect(), sum: false }
            }
        }
    }

    /// How many estimates of a trace there are.
    pub(super) fn estimates(&self) -> usize {
        if self.sum { 1 } else { self.all.len() }
    }

    /// tr ∂x̂₀/∂x at `x`: for each estimate, one value a row.
    pub(super) fn trace<D: Denoiser<Batch<T>> + ?Sized>(
        &self,
        denoiser: &mut D,
        x: &Batch<T>,
        at: Point,
    ) -> Result<Vec<Vec<f64>>, D::Error> {
        let h = STEP * at.level.sigma();
        let mut traces = vec![vec![0.0; x.rows()]; self.estimates()];
        for (i, direction) in self.all.iter().enumerate() {
            let estimate = if self.sum { 0 } else { i };
            let [ahead, behind] = [h, -h].map(|h| Batch::combine(&[(1.0, x), (h, direction)]));
            let mut x0 = |x: &Batch<T>| denoiser.denoise(x, at).map(|denoised| denoised.x0);
            let (x0_ahead, x0_behind) = (x0(&ahead)?, x0(&behind)?);
            for (row, trace) in traces[estimate].iter_mut().enumerate() {
                let difference = |a: &Batch<T>, b: &Batch<T>, i: usize| {
                    a.row(row)[i].to_f64() - b.row(row)[i].to_f64()
                };
                // Divided by the distance that rounding left of 2 h, with the sign of the direction.
                *trace += (0..x.row_len())
                    .filter(|i| direction.row(row)[*i].to_f64() != 0.0)
                    .map(|i| difference(&x0_ahead, &x0_behind, i) / difference(&ahead, &behind, i))
                    .sum::<f64>();
            }
        }
        Ok(traces)
    }
}
