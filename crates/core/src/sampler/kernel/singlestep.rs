//! Singlestep methods: several network calls within a hop, none of the hops behind.

use super::exponential::{Form, Update};
use crate::denoiser::Denoiser;
use crate::grid::Hop;
use crate::sample::Sample;

/// A singlestep exponential integrator of order 1, 2 or 3, with as many network calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Singlestep {
    pub(crate) form: Form,
    pub(crate) order: u32,
}

/// Estimates, each with its weight.
pub(crate) type Weighted<X> = Vec<(f64, X)>;

impl Singlestep {
    /// The update over `hop` of `x`, whose clean estimate is `x0`, and its weighted estimates.
    pub(crate) fn update<X, D>(
        self,
        hop: &Hop,
        x: &X,
        x0: &X,
        denoiser: &mut D,
    ) -> Result<(Update, Weighted<X>), D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
    {
        let update = Update::over(hop, self.form);
        let first = self.form.estimate(hop.from().level, x, x0);
        let mut at = |part: &Hop, weighted: &[(f64, &X)]| {
            let x = Update::over(part, self.form).apply(x, weighted.iter().copied(), None);
            let x0 = denoiser.denoise(&x, part.to())?.x0;
            Ok(self.form.estimate(part.to().level, &x, &x0))
        };
        let whole = |part: &Hop| Update::over(part, self.form).whole();
        let estimates = match self.order {
            0 | 1 => vec![(update.whole(), first)],
            2 => {
                let half = hop.part(0.5);
                vec![(update.whole(), at(&half, &[(whole(&half), &first)])?)]
            }
            _ => {
                let (third, two_thirds) = (hop.part(1.0 / 3.0), hop.part(2.0 / 3.0));
                let second = at(&third, &[(whole(&third), &first)])?;
                let w = Update::over(&two_thirds, self.form).exact(&[0.0, 0.5]);
                let last = at(&two_thirds, &[(w[0], &first), (w[1], &second)])?;
                let w = update.exact(&[0.0, 2.0 / 3.0]);
                vec![(w[0], first), (w[1], last)]
            }
        };
        Ok((update, estimates))
    }
}
