//! Network calls of a bounded size.

use std::num::NonZeroUsize;

use super::Network;
use crate::batch::Batch;

/// A [`Network`] that is asked about at most so many rows at a time: a bound on its memory where
/// the batch itself cannot be cut, as its noise is drawn as one.
///
/// # Example
/// ```
/// use std::{convert::Infallible, num::NonZeroUsize};
/// use ancestral::denoiser::Chunked;
/// use ancestral::{Batch, Network};
///
/// struct Counts(Vec<usize>);
/// impl Network for Counts {
///     type Error = Infallible;
///     fn predict(&mut self, x: &Batch, _: &[f64], _: Option<&[u32]>) -> Result<Batch, Infallible> {
///         self.0.push(x.rows());
///         Ok(x.clone())
///     }
/// }
///
/// let mut counts = Counts(Vec::new());
/// let x = Batch::new(vec![1], vec![1.0, 2.0, 3.0, 4.0, 5.0]);
/// let two = NonZeroUsize::new(2).expect("2 is not 0");
/// let Ok(y) = Chunked::new(&mut counts, two).predict(&x, &[7.0; 5], None);
/// assert_eq!(y, x);
/// assert_eq!(counts.0, [2, 2, 1]);
/// ```
#[derive(Clone, Debug)]
pub struct Chunked<N> {
    network: N,
    rows: NonZeroUsize,
}

impl<N> Chunked<N> {
    /// Asks `network` about at most `rows` rows at a time.
    #[must_use]
    pub fn new(network: N, rows: NonZeroUsize) -> Self {
        Self { network, rows }
    }
}

impl<N: Network> Network for Chunked<N> {
    type Error = N::Error;

    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, N::Error> {
        let rows = self.rows.get();
        if x.rows() <= rows {
            return self.network.predict(x, timesteps, labels);
        }
        let mut outputs = Vec::new();
        for first in (0..x.rows()).step_by(rows) {
            let range = first..x.rows().min(first + rows);
            let labels = labels.map(|labels| &labels[range.clone()]);
            let part = x.slice(range.clone());
            outputs.push(self.network.predict(&part, &timesteps[range], labels)?);
        }
        Ok(Batch::stack(&outputs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Doubles its rows, and says where it was asked: errors are passed on.
    struct Echo;

    impl Network for Echo {
        type Error = f64;

        fn predict(&mut self, x: &Batch, t: &[f64], labels: Option<&[u32]>) -> Result<Batch, f64> {
            if let Some(t) = t.iter().find(|t| **t < 0.0) {
                return Err(*t);
            }
            #[expect(clippy::cast_possible_truncation, reason = "small test values")]
            let rows = x
                .iter_rows()
                .zip(t)
                .zip(labels.unwrap_or_default())
                .flat_map(|((row, t), label)| [row[0], *t as f32 + 100.0 * *label as f32]);
            Ok(Batch::new(vec![2], rows.collect()))
        }
    }

    #[test]
    fn each_row_keeps_its_timestep_and_label() {
        let x = Batch::new(vec![1], vec![1.0, 2.0, 3.0, 4.0, 5.0]);
        let (t, labels) = ([1.0, 2.0, 3.0, 4.0, 5.0], [5, 4, 3, 2, 1]);
        let whole = Echo.predict(&x, &t, Some(&labels)).unwrap();
        for rows in 1..7 {
            let mut chunked = Chunked::new(Echo, NonZeroUsize::new(rows).unwrap());
            assert_eq!(chunked.predict(&x, &t, Some(&labels)), Ok(whole.clone()));
            let failing = [1.0, 2.0, 3.0, -4.0, 5.0];
            assert_eq!(chunked.predict(&x, &failing, Some(&labels)), Err(-4.0));
        }
    }
}
