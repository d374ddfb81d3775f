//! The divergence of a denoiser, by central differences.

use rand_chacha::rand_core::Rng;

use crate::batch::{Batch, Scalar};
use crate::denoiser::Denoiser;
use crate::grid::Point;
use crate::noise::Streams;
use crate::sample::Sample;

/// How the trace of the Jacobian of x̂₀ is computed.
#[derive(Clone, Debug)]
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
        /// Where they are drawn from.
        streams: Streams,
    },
}

/// How far to either side the denoiser is called, in units of σ.
///
/// # Numerics
/// x̂₀ changes over distances of σ/α and more. A denoiser with f32 values has a rounding error of 6e-8/h
/// in each element of J v, the difference an error of (h/σ)²/6 of its third derivative.
const STEP: f64 = 0.02;

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
            Divergence::Probes { count, streams } => {
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
            let mut moved = |h: f64| {
                let moved = Batch::combine(&[(1.0, x), (h, direction)]);
                denoiser.denoise(&moved, at).map(|denoised| denoised.x0)
            };
            let (ahead, behind) = (moved(h)?, moved(-h)?);
            let rows = ahead.iter_rows().zip(behind.iter_rows()).zip(direction.iter_rows());
            for (trace, ((ahead, behind), direction)) in traces[estimate].iter_mut().zip(rows) {
                let slopes = ahead.iter().zip(behind).zip(direction);
                let slopes =
                    slopes.map(|((a, b), v)| v.to_f64() * (a.to_f64() - b.to_f64()) / (2.0 * h));
                *trace += slopes.sum::<f64>();
            }
        }
        Ok(traces)
    }
}
