//! Denoisers that can be asked both with a condition and without one.

use super::{Denoised, Denoiser, Network, NetworkDenoiser};
use crate::batch::Batch;
use crate::grid::Point;

/// A denoiser that knows a condition, such as a class, and can leave it away: what guidance needs.
///
/// A pair of denoisers is one: the first knows the condition, the second does not. A network that
/// learned both is one by [`ClassConditional`], which asks it once for the two.
pub trait Conditional<X> {
    /// Why a call can fail.
    type Error;

    /// The clean estimate under the condition.
    ///
    /// # Errors
    /// As the denoiser below says.
    fn conditional(&mut self, x: &X, at: Point) -> Result<Denoised<X>, Self::Error>;

    /// The clean estimates under the condition and without it, in this order.
    ///
    /// # Errors
    /// As the denoiser below says.
    fn both(&mut self, x: &X, at: Point) -> Result<[Denoised<X>; 2], Self::Error>;
}

impl<X, C, U> Conditional<X> for (C, U)
where
    C: Denoiser<X>,
    U: Denoiser<X, Error = C::Error>,
{
    type Error = C::Error;

    fn conditional(&mut self, x: &X, at: Point) -> Result<Denoised<X>, C::Error> {
        self.0.denoise(x, at)
    }

    fn both(&mut self, x: &X, at: Point) -> Result<[Denoised<X>; 2], C::Error> {
        Ok([self.0.denoise(x, at)?, self.1.denoise(x, at)?])
    }
}

/// A network that was trained with classes and, by label dropout, without: one of its labels, the
/// null label, means "none".
///
/// Both estimates are one call of the network, on twice the rows: the first half with their
/// classes, the second with the null label.
#[derive(Clone, Debug)]
pub struct ClassConditional<N> {
    inner: NetworkDenoiser<N>,
    labels: Vec<u32>,
    null: u32,
}

impl<N: Network> NetworkDenoiser<N> {
    /// Gives each row of the batches to come its class, and names the label that means "none".
    #[must_use]
    pub fn conditional_on(self, labels: Vec<u32>, null: u32) -> ClassConditional<N> {
        ClassConditional { inner: self, labels, null }
    }
}

impl<N: Network> Conditional<Batch> for ClassConditional<N> {
    type Error = N::Error;

    /// # Panics
    /// As [`NetworkDenoiser`].
    fn conditional(&mut self, x: &Batch, at: Point) -> Result<Denoised<Batch>, N::Error> {
        self.inner.ask(x, at, Some(&self.labels))
    }

    /// # Panics
    /// As [`NetworkDenoiser`].
    fn both(&mut self, x: &Batch, at: Point) -> Result<[Denoised<Batch>; 2], N::Error> {
        let rows = x.rows();
        let labels = [self.labels.as_slice(), &vec![self.null; rows]].concat();
        let Denoised { x0, raw_variance } =
            self.inner.ask(&Batch::stack([x, x]), at, Some(&labels))?;
        let part = |range: std::ops::Range<usize>| Denoised {
            x0: x0.slice(range.clone()),
            raw_variance: raw_variance.as_ref().map(|half| half.slice(range)),
        };
        Ok([part(0..rows), part(rows..2 * rows)])
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::prediction::Prediction;
    use crate::schedule::Schedule;

    /// Says the label of each row, and remembers how many rows it was asked about.
    struct Says(Vec<usize>);

    impl Network for Says {
        type Error = Infallible;

        fn predict(
            &mut self,
            x: &Batch,
            timesteps: &[f64],
            labels: Option<&[u32]>,
        ) -> Result<Batch, Infallible> {
            assert_eq!(timesteps.len(), x.rows());
            self.0.push(x.rows());
            let labels = labels.unwrap();
            #[expect(clippy::cast_possible_truncation, reason = "small labels")]
            let value = |i: usize| f64::from(labels[i]) as f32 + x.row(i)[0];
            Ok(Batch::new(vec![1], (0..x.rows()).map(value).collect()))
        }
    }

    #[test]
    fn both_estimates_are_one_call_and_one_estimate_is_half_of_it() {
        let schedule = Schedule::linear_1000();
        let at = schedule.point(10);
        let x = Batch::new(vec![1], vec![0.25, 0.5]);
        let inner = NetworkDenoiser::new(Says(Vec::new()), Prediction::X0, schedule).unwrap();
        let mut classes = inner.conditional_on(vec![3, 7], 10);
        let Ok([with, without]) = classes.both(&x, at);
        assert_eq!(with.x0.data(), [3.25, 7.5]);
        assert_eq!(without.x0.data(), [10.25, 10.5]);
        let Ok(alone) = classes.conditional(&x, at);
        assert_eq!(alone, with);
    }
}
