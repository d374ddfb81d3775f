//! Classifier-free guidance: away from what any data look like, towards those of a class.

use thiserror::Error;

use super::{Conditional, Denoised, Denoiser};
use crate::batch::{Batch, Scalar};
use crate::grid::Point;
use crate::level::Level;
use crate::sample::Sample;

/// How strongly to guide, and where.
///
/// # Formula
/// ```text
/// ε̂ = ε_u + w (ε_c − ε_u),        so also   x̂ = x_u + w (x_c − x_u)
/// x̂ ← φ (s_c/s) x̂ + (1 − φ) x̂    s, s_c: standard deviations of the elements of x̂ and of x_c
/// ```
/// with the estimates c under the condition and u without it. w = 0 leaves the condition away, w = 1
/// is the condition alone, and w > 1 goes further: fewer kinds of samples, each more of its class.
/// Outside the interval of noise levels w is 1.
/// # Source
/// Ho & Salimans 2022, arXiv:2207.12598, eq. 6, whose w is ours minus 1. Rescaling: Lin et al. 2023,
/// arXiv:2305.08891, eq. 14 to 16, there of whatever the network predicts, here of x̂₀, so that it
/// means the same for every prediction. Interval: Kynkäänniemi et al. 2024, arXiv:2404.07724.
///
/// # Example
/// ```
/// use ancestral::denoiser::{Guidance, GuidanceInterval};
/// use ancestral::Level;
/// let interval = GuidanceInterval::new(Level::from_lambda(-1.0)?, Level::from_lambda(2.0)?)?;
/// let guidance = Guidance::new(3.0)?.with_rescale(0.7)?.within(interval);
/// assert!(guidance.acts_at(interval.to()));
/// assert!(!guidance.acts_at(Level::NOISE));
/// assert!(Guidance::new(f64::NAN).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guidance {
    weight: f64,
    rescale: f64,
    interval: GuidanceInterval,
}

/// The noise levels at which guidance acts, in the direction of a run: from a noisier level to a
/// cleaner one, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuidanceInterval {
    from: Level,
    to: Level,
}

impl GuidanceInterval {
    /// All levels.
    pub const ALL: Self = Self { from: Level::NOISE, to: Level::CLEAN };

    /// The levels `from` the noisiest `to` the cleanest.
    ///
    /// # Errors
    /// If `from` is cleaner than `to`.
    pub fn new(from: Level, to: Level) -> Result<Self, GuidanceError> {
        if from > to {
            return Err(GuidanceError::Interval { from: from.lambda(), to: to.lambda() });
        }
        Ok(Self { from, to })
    }

    /// The noisiest level.
    #[must_use]
    pub fn from(self) -> Level {
        self.from
    }

    /// The cleanest level.
    #[must_use]
    pub fn to(self) -> Level {
        self.to
    }

    /// Whether `level` is one of its levels.
    #[must_use]
    pub fn contains(self, level: Level) -> bool {
        (self.from..=self.to).contains(&level)
    }
}

/// Estimates of greater weights are no f32 where little signal is left.
const MOST_WEIGHT: f64 = 1e6;

/// Guidance that cannot be.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum GuidanceError {
    /// A weight that is none.
    #[error("a guidance weight is a number from 0 to {MOST_WEIGHT}, found {0}")]
    Weight(f64),
    /// A share of rescaling that is none.
    #[error("the share of guidance that is rescaled is in [0, 1], found {0}")]
    Rescale(f64),
    /// An interval whose noisiest level is cleaner than its cleanest.
    #[error("a guidance interval ends at a cleaner level than it begins: lambda {from} to {to}")]
    Interval {
        /// λ of the level that was to be the noisiest.
        from: f64,
        /// λ of the level that was to be the cleanest.
        to: f64,
    },
}

impl Guidance {
    /// Guidance of weight w at every level, without rescaling.
    ///
    /// # Errors
    /// If the weight is not from 0 to a million, beyond which estimates are no f32.
    pub fn new(weight: f64) -> Result<Self, GuidanceError> {
        if !(0.0..=MOST_WEIGHT).contains(&weight) {
            return Err(GuidanceError::Weight(weight));
        }
        Ok(Self { weight, rescale: 0.0, interval: GuidanceInterval::ALL })
    }

    /// The same with the share φ of rescaling, in [0, 1].
    ///
    /// # Errors
    /// If φ is outside [0, 1].
    pub fn with_rescale(self, rescale: f64) -> Result<Self, GuidanceError> {
        if !(0.0..=1.0).contains(&rescale) {
            return Err(GuidanceError::Rescale(rescale));
        }
        Ok(Self { rescale, ..self })
    }

    /// The same at the levels of `interval` alone.
    #[must_use]
    pub fn within(self, interval: GuidanceInterval) -> Self {
        Self { interval, ..self }
    }

    /// Whether the estimate without the condition is needed at `level`.
    #[must_use]
    pub fn acts_at(&self, level: Level) -> bool {
        self.weight != 1.0 && self.interval.contains(level)
    }

    /// The guided estimate, of those under the condition and without it.
    fn estimate<T: Scalar>(&self, with: &Batch<T>, without: &Batch<T>) -> Batch<T> {
        let mut x0 = Batch::combine(&[(self.weight, with), (1.0 - self.weight, without)]);
        if self.rescale > 0.0 {
            for (row, with) in x0.iter_rows_mut().zip(with.iter_rows()) {
                let spread = deviation(row);
                // What is the same everywhere has no contrast to restore.
                if spread > 0.0 {
                    let scale = self.rescale * deviation(with) / spread + (1.0 - self.rescale);
                    for x in row {
                        *x = T::from_f64(scale * x.to_f64());
                    }
                }
            }
        }
        x0
    }
}

/// Standard deviation of the elements of a row.
fn deviation<T: Scalar>(row: &[T]) -> f64 {
    let count = row.len() as f64;
    let mean = row.iter().map(|x| x.to_f64()).sum::<f64>() / count;
    (row.iter().map(|x| (x.to_f64() - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// A denoiser that guides a [`Conditional`] one. Where guidance does not act it is asked for the
/// estimate under the condition alone, which is returned as it is.
///
/// A learned variance is that under the condition. Clipping belongs outside: the guided estimate is
/// what leaves the range.
///
/// # Example
/// ```
/// use ancestral::exact::Gaussian;
/// use ancestral::denoiser::{Guidance, Guided};
/// use ancestral::{Batch, Denoiser, Level, Point};
/// // Data N(0, 1), of which those of the class are all 0.5.
/// let class = (Gaussian { mean: 0.5, std: 0.0 }, Gaussian { mean: 0.0, std: 1.0 });
/// let mut guided = Guided::new(class, Guidance::new(3.0)?);
/// let x = Batch::new(vec![1], vec![0.0_f64]);
/// let Ok(guess) = guided.denoise(&x, Point::off_grid(Level::from_lambda(0.0)?));
/// assert_eq!(guess.x0.data(), [1.5]); // 0 + 3 (0.5 − 0)
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Guided<D> {
    inner: D,
    guidance: Guidance,
}

impl<D> Guided<D> {
    /// Guides the estimates of `inner`.
    #[must_use]
    pub fn new(inner: D, guidance: Guidance) -> Self {
        Self { inner, guidance }
    }
}

impl<T: Scalar, D: Conditional<Batch<T>>> Denoiser<Batch<T>> for Guided<D> {
    type Error = D::Error;

    fn denoise(&mut self, x: &Batch<T>, at: Point) -> Result<Denoised<Batch<T>>, D::Error> {
        if !self.guidance.acts_at(at.level) {
            return self.inner.conditional(x, at);
        }
        let [with, without] = self.inner.both(x, at)?;
        let x0 = self.guidance.estimate(&with.x0, &without.x0);
        Ok(Denoised { x0, raw_variance: with.raw_variance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::from_fn;
    use crate::exact::{Component, Mixture};
    use crate::grid::{Grid, Spacing};
    use crate::noise::SampleNoise;
    use crate::sampler::{Ddpm, Sampler};
    use crate::schedule::Schedule;

    const CLASSES: [[f64; 2]; 2] = [[1.0, -0.5], [-0.8, 0.3]];
    const STD: f64 = 0.4;

    fn mixture(means: &[[f64; 2]]) -> Mixture {
        let component = |mean: &[f64; 2]| Component { weight: 1.0, mean: mean.to_vec(), std: STD };
        Mixture::new(means.iter().map(component).collect()).unwrap()
    }

    /// The first class, and both.
    fn classes() -> (Mixture, Mixture) {
        (mixture(&CLASSES[..1]), mixture(&CLASSES))
    }

    fn at(lambda: f64) -> Point {
        Point::off_grid(Level::from_lambda(lambda).unwrap())
    }

    /// ln p(x_t) of the mixture of these classes, but for a constant.
    fn log_density(x: [f64; 2], level: Level, means: &[[f64; 2]]) -> f64 {
        let (alpha, v) = (level.alpha(), (level.alpha() * STD).powi(2) + level.sigma_squared());
        let density = |m: &[f64; 2]| {
            let far = (x[0] - alpha * m[0]).powi(2) + (x[1] - alpha * m[1]).powi(2);
            (-far / (2.0 * v)).exp()
        };
        means.iter().map(density).sum::<f64>().ln()
    }

    #[test]
    fn the_guided_estimate_follows_the_score_of_the_tilted_density() {
        // Tweedie: α x̂₀ = x + σ² ∇ ln p, of p_c^w p_u^(1−w). The gradient is a central difference,
        // whose error is below 1e-9 at this step for densities as smooth as these.
        let (x, step) = ([0.3, 0.2], 1e-5);
        for weight in [0.0, 0.5, 2.0, 7.5] {
            for lambda in [-2.0, 0.0, 0.7] {
                let level = at(lambda).level;
                let tilted = |x| {
                    weight * log_density(x, level, &CLASSES[..1])
                        + (1.0 - weight) * log_density(x, level, &CLASSES)
                };
                let mut guided = Guided::new(classes(), Guidance::new(weight).unwrap());
                let batch = Batch::new(vec![2], x.to_vec());
                let Ok(found) = guided.denoise(&batch, at(lambda));
                for axis in 0..2 {
                    let moved = |by: f64| {
                        let mut x = x;
                        x[axis] += by;
                        tilted(x)
                    };
                    let score = (moved(step) - moved(-step)) / (2.0 * step);
                    let truth = (x[axis] + level.sigma_squared() * score) / level.alpha();
                    let found = found.x0.data()[axis];
                    assert!((found - truth).abs() < 1e-7, "w = {weight}: {found} is not {truth}");
                }
            }
        }
    }

    #[test]
    fn weight_1_and_levels_outside_the_interval_are_no_guidance_bit_for_bit() {
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 12).unwrap();
        let run = |denoiser: &mut dyn Denoiser<Batch, Error = std::convert::Infallible>| {
            let mut noise = SampleNoise::new(3, 0..4);
            let x = noise.start(vec![2]);
            let sampler = Ddpm::default();
            sampler
                .run(&grid, x, denoiser, &mut noise)
                .map(|step| step.unwrap().x)
                .collect::<Vec<_>>()
        };
        let truth = run(&mut classes().0);
        let one = Guidance::new(1.0).unwrap().with_rescale(0.5).unwrap();
        assert_eq!(run(&mut Guided::new(classes(), one)), truth);
        let three = Guidance::new(3.0).unwrap();
        // No point of the grid is as clean as that.
        let nowhere = three.within(GuidanceInterval::new(at(20.0).level, Level::CLEAN).unwrap());
        assert_eq!(run(&mut Guided::new(classes(), nowhere)), truth);
        assert_ne!(run(&mut Guided::new(classes(), three)), truth);
    }

    #[test]
    fn the_interval_ends_where_it_says_and_asks_for_no_more_than_it_needs() {
        /// Counts the calls without the condition.
        struct Counts(usize);
        impl Denoiser<Batch> for Counts {
            type Error = std::convert::Infallible;
            fn denoise(&mut self, x: &Batch, _: Point) -> Result<Denoised<Batch>, Self::Error> {
                self.0 += 1;
                Ok(Denoised { x0: x.clone(), raw_variance: None })
            }
        }
        let interval = |from: f64, to: f64| GuidanceInterval::new(at(from).level, at(to).level);
        let guidance = Guidance::new(2.0).unwrap().within(interval(-1.0, 1.0).unwrap());
        let mut guided = Guided::new((Counts(0), Counts(0)), guidance);
        let x = Batch::zeros(1, vec![1]);
        for (lambda, without) in [(-1.5, 0), (-1.0, 1), (0.0, 2), (1.0, 3), (1.5, 3)] {
            let Ok(_) = guided.denoise(&x, at(lambda));
            assert_eq!(guided.inner.1.0, without, "calls without the condition at {lambda}");
        }
        assert_eq!(guided.inner.0.0, 5);
        assert_eq!(interval(1.0, -1.0), Err(GuidanceError::Interval { from: 1.0, to: -1.0 }));
    }

    #[test]
    fn rescaling_brings_back_the_spread_by_its_share() {
        // x_c = (1, 3), x_u = (0, 0): x̂ = 4 x_c, whose deviation is 4 times that of x_c.
        let (with, without) = ([1.0, 3.0], [0.0, 0.0]);
        let constant = |values: [f64; 2]| {
            from_fn(move |_: &Batch<f64>, _: Point| Batch::new(vec![2], values.to_vec()))
        };
        for (share, expected) in [(0.0, [4.0, 12.0]), (1.0, [1.0, 3.0]), (0.5, [2.5, 7.5])] {
            let guidance = Guidance::new(4.0).unwrap().with_rescale(share).unwrap();
            let mut guided = Guided::new((constant(with), constant(without)), guidance);
            let Ok(found) = guided.denoise(&Batch::zeros(1, vec![2]), at(0.0));
            assert_eq!(found.x0.data(), expected);
        }
        // Without contrast there is nothing to scale.
        let guidance = Guidance::new(4.0).unwrap().with_rescale(1.0).unwrap();
        let mut guided = Guided::new((constant([1.0, 1.0]), constant([0.0, 0.0])), guidance);
        let Ok(found) = guided.denoise(&Batch::zeros(1, vec![2]), at(0.0));
        assert_eq!(found.x0.data(), [4.0, 4.0]);
    }

    #[test]
    fn nonsense_is_refused_with_its_value() {
        for weight in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(Guidance::new(weight).is_err(), "{weight}");
        }
        let refused = Guidance::new(2.0).unwrap().with_rescale(1.1).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the share of guidance that is rescaled is in [0, 1], found 1.1"
        );
    }
}
