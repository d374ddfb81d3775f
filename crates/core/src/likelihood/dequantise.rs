//! Uniform dequantisation: discrete data as a sample of a density.

use rand_distr::{Distribution, Uniform};

use super::decoder::Bins;
use super::units::bits_per_dimension;
use crate::batch::{Batch, Scalar};
use crate::noise::Streams;

impl Bins {
    /// The rows of `x`, each value of them anywhere in its bin; the outer bins are as wide as the
    /// others. Row i takes draw `draw` of stream `indices[i]`.
    ///
    /// # Source
    /// Theis et al. 2016, arXiv:1511.01844, section 3.1: the mean of −log₂ p of these rows is at least
    /// −log₂ of the mass that p has in the bins, so never below 0 in the units of
    /// [`bits`](Self::bits).
    ///
    /// # Panics
    /// If there is not one index a row.
    #[must_use]
    pub fn dequantised<T: Scalar>(
        self,
        x: &Batch<T>,
        streams: &Streams,
        indices: &[u64],
        draw: u32,
    ) -> Batch<T> {
        assert_eq!(x.rows(), indices.len(), "rows of the batch and indices");
        let half = 0.5 * self.width();
        let within = Uniform::new(-half, half).expect("a bin has a width");
        let mut x = x.clone();
        for (row, &index) in x.iter_rows_mut().zip(indices) {
            let mut rng = streams.rng(index, draw);
            for value in row {
                *value = T::from_f64(value.to_f64() + within.sample(&mut rng));
            }
        }
        x
    }

    /// Bits per dimension of the discrete values of a row, whose dequantised values have the
    /// log-density `log_density` in nats: with a bin as the unit of length.
    ///
    /// # Example
    /// ```
    /// use ancestral::likelihood::Bins;
    /// // A uniform density over the 256 bins of bytes.
    /// let density: f64 = 1.0 / (256.0 * Bins::BYTES.width());
    /// assert!((Bins::BYTES.bits(density.ln(), 1) - 8.0).abs() < 1e-14);
    /// ```
    #[must_use]
    pub fn bits(self, log_density: f64, dimensions: usize) -> f64 {
        bits_per_dimension(-log_density, dimensions) - self.width().log2()
    }
}
