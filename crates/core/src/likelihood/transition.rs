//! One transition of the reverse process as a term of the bound, with its slope.

use super::decoder::Decoder;
use super::normal::Normal;
use super::units::bits_per_dimension;
use crate::batch::{Batch, Scalar};
use crate::denoiser::Denoised;
use crate::grid::{Grid, Hop, Point};
use crate::level::Level;
use crate::posterior::Posterior;
use crate::prediction::Prediction;
use crate::schedule::Schedule;
use crate::variance::{NoiseScale, ReverseVariance};

/// One hop of a grid as a term of the variational bound: how far the reverse transition
/// p(x_s | x_t) is from the posterior q(x_s | x_t, x₀); into clean data, how unlikely x₀ is under it.
///
/// # Formula
/// ```text
/// L = KL(q(x_s | x_t, x₀) || p(x_s | x_t))     s > 0:  N(μ̃(x₀, x_t), β̃) from N(μ̃(x̂₀, x_t), Σ)
/// L = −ln p(x₀ | x_t)                          s = 0:  N(x̂₀, Σ) at x₀
/// ```
/// with Σ of the [`Variance`](crate::Variance). Into clean data β̃ is 0, so fixed-small takes the β̃ of the hop before
/// there, and learned-range begins at it; a grid of one hop takes β. An optimal variance needs it only
/// where it is 0 itself.
/// # Source
/// Ho et al. 2020, arXiv:2006.11239, eq. 5 and 13. The β̃ of the last hop: `posterior_log_variance_clipped`
/// of openai/improved-diffusion and openai/guided-diffusion. Differs from them: their fixed-large has this
/// β̃ on the last hop, ours β, with which the bound of data N(0, I) is tight.
///
/// # Example
/// ```
/// use ancestral::likelihood::{Decoder, Slopes, TrainingRow, Transition};
/// use ancestral::{Prediction, Schedule, Variance};
///
/// let transitions = Transition::of_schedule(&Schedule::linear_1000(), Variance::LearnedRange);
/// let row =
///     TrainingRow { x0: &[-0.4], target: &[0.8], prediction: &[0.6], raw_variance: &[0.25] };
/// let mut slope = [0.0];
/// let mut slopes = Slopes { raw_variance: &mut slope, prediction: None };
/// let nats = transitions[3].loss(&row, Prediction::Epsilon, Decoder::Density, &mut slopes);
/// assert!((nats - 0.019_289_2).abs() < 1e-7);
/// assert!((slope[0] - 0.017_547_0).abs() < 1e-7);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Transition {
    from: Level,
    on_x0: f64,
    /// Of the posterior; `None` into clean data, where it has no spread.
    log_beta_tilde: Option<f64>,
    log_variance: LogVariance,
}

/// ln Σ = a + b f, with f the network's variance half.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LogVariance {
    a: f64,
    b: f64,
}

/// What training knows of one row at a timestep, all of one length.
#[derive(Clone, Copy, Debug)]
pub struct TrainingRow<'a> {
    /// The clean data x₀.
    pub x0: &'a [f32],
    /// What the network should have predicted.
    pub target: &'a [f32],
    /// What it predicted.
    pub prediction: &'a [f32],
    /// Its raw variance half.
    pub raw_variance: &'a [f32],
}

/// Where the derivatives of a row's term are written, one for each element.
#[derive(Debug)]
pub struct Slopes<'a> {
    /// With respect to the raw variance half.
    pub raw_variance: &'a mut [f32],
    /// With respect to the prediction, through the mean; `None` if the mean is held fixed, as in the
    /// hybrid loss of improved DDPM, which is L_simple + 0.001 T L.
    pub prediction: Option<&'a mut [f32]>,
}

/// The term of one value, in nats, and its derivatives.
struct Term {
    nats: f64,
    /// With respect to ln Σ.
    on_log_variance: f64,
    /// With respect to x̂₀.
    on_x0: f64,
}

impl Transition {
    /// The transitions of the hops of `grid`, in their order.
    #[must_use]
    pub fn of_grid(grid: &Grid, variance: impl Into<ReverseVariance>) -> Vec<Self> {
        Self::of_hops(grid.hops(), &variance.into())
    }

    /// The transitions of single timesteps: number t leads from timestep t to t − 1, number 0 into
    /// clean data. They are what training draws from.
    #[must_use]
    pub fn of_schedule(schedule: &Schedule, variance: impl Into<ReverseVariance>) -> Vec<Self> {
        let clean = Point::off_grid(Level::CLEAN);
        let to = |t: usize| t.checked_sub(1).map_or(clean, |to| schedule.point(to));
        let hops = (0..schedule.len()).rev().map(|t| Hop::between(schedule.point(t), to(t)));
        let mut transitions = Self::of_hops(hops, &variance.into());
        transitions.reverse();
        transitions
    }

    /// Those of hops that follow each other.
    fn of_hops(hops: impl Iterator<Item = Hop>, variance: &ReverseVariance) -> Vec<Self> {
        let mut before = None;
        let of_hop = |hop: Hop| {
            let posterior = Posterior::of(&hop);
            let least = if hop.is_last() { before } else { Some(posterior.beta_tilde) };
            before = Some(posterior.beta_tilde);
            Self::new(&hop, posterior, least.unwrap_or(posterior.beta), variance)
        };
        hops.map(of_hop).collect()
    }

    fn new(hop: &Hop, posterior: Posterior, least: f64, variance: &ReverseVariance) -> Self {
        let scale = match variance {
            ReverseVariance::Named(variance) => {
                variance.noise_scale(&Posterior { beta_tilde: least, ..posterior })
            }
            ReverseVariance::Optimal(table) => {
                let variance = table.variance(hop.from().level, &posterior);
                let variance = if variance == 0.0 { least } else { variance };
                NoiseScale::Std(variance.sqrt())
            }
        };
        let log_variance = match scale {
            NoiseScale::Std(std) => LogVariance { a: 2.0 * std.ln(), b: 0.0 },
            NoiseScale::Exp { a, b } => LogVariance { a: 2.0 * a, b: 2.0 * b },
        };
        Self {
            from: hop.from().level,
            on_x0: posterior.on_x0,
            log_beta_tilde: (!hop.is_last()).then(|| posterior.beta_tilde.ln()),
            log_variance,
        }
    }

    /// Whether it leads into clean data, where the decoder judges.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.log_beta_tilde.is_none()
    }

    /// Σ, where the network's raw variance half is `raw`; a fixed variance does not depend on it.
    #[must_use]
    pub fn variance(&self, raw: f64) -> f64 {
        self.log_variance.at(raw).exp()
    }

    /// L of a row in nats, summed over its elements; its derivatives in `slopes`.
    ///
    /// # Numerics
    /// In f64. What is needed of the mean is x̂₀ − x₀, which is a multiple of prediction − target;
    /// x_t, whose rounding would be divided by α, is not needed.
    /// # Source
    /// Nichol & Dhariwal 2021, arXiv:2102.09672, eq. 16. Their code takes bits, L/ln 2, averaged over
    /// the elements of a row.
    ///
    /// # Panics
    /// If the slices differ in length, or the prediction is ε at pure noise.
    pub fn loss(
        &self,
        row: &TrainingRow<'_>,
        prediction: Prediction,
        decoder: Decoder,
        slopes: &mut Slopes<'_>,
    ) -> f64 {
        let size = row.x0.len();
        let lengths = [row.target, row.prediction, row.raw_variance].map(<[f32]>::len);
        assert!(
            lengths == [size; 3] && slopes.lengths().all(|length| length == size),
            "a row of {size} elements has target, prediction and raw variance of {lengths:?} and {} \
             slopes",
            slopes.raw_variance.len()
        );
        let (_, on_prediction) = prediction.to_x0(self.from);
        assert!(on_prediction.is_finite(), "epsilon says nothing about x0 at pure noise");
        let mut nats = 0.0;
        for i in 0..size {
            let [x0, target, predicted, raw] =
                [row.x0, row.target, row.prediction, row.raw_variance].map(|v| f64::from(v[i]));
            let term = self.term(x0, on_prediction * (predicted - target), raw, decoder);
            nats += term.nats;
            slopes.raw_variance[i] = f32::from_f64(self.log_variance.b * term.on_log_variance);
            if let Some(slopes) = &mut slopes.prediction {
                slopes[i] = f32::from_f64(on_prediction * term.on_x0);
            }
        }
        nats
    }

    /// L of each row of `x0` in bits per dimension, where the denoiser made `denoised` of x_t.
    ///
    /// # Panics
    /// If it has no variance half, and Σ depends on it.
    pub(super) fn bits<T: Scalar>(
        &self,
        x0: &Batch<T>,
        denoised: &Denoised<Batch<T>>,
        decoder: Decoder,
    ) -> Vec<f64> {
        let half = denoised.raw_variance.as_ref();
        assert!(
            self.log_variance.b == 0.0 || half.is_some(),
            "a learned variance needs a network that predicts it"
        );
        let of_row = |(index, row): (usize, &[T])| {
            let (x0_hat, half) = (denoised.x0.row(index), half.map(|half| half.row(index)));
            let of_value = |(i, x0): (usize, &T)| {
                let raw = half.map_or(0.0, |half| half[i].to_f64());
                self.term(x0.to_f64(), x0_hat[i].to_f64() - x0.to_f64(), raw, decoder).nats
            };
            bits_per_dimension(row.iter().enumerate().map(of_value).sum(), row.len())
        };
        x0.iter_rows().enumerate().map(of_row).collect()
    }

    /// The term of one value whose clean estimate is `error` above the truth.
    fn term(&self, x0: f64, error: f64, raw: f64, decoder: Decoder) -> Term {
        let log_variance = self.log_variance.at(raw);
        if let Some(log_beta_tilde) = self.log_beta_tilde {
            let q = Normal { mean: 0.0, log_variance: log_beta_tilde };
            let p = Normal { mean: self.on_x0 * error, log_variance };
            let spread = (log_beta_tilde - log_variance).exp();
            let precision = (-log_variance).exp();
            let on_log_variance = 0.5 * (1.0 - spread - p.mean.powi(2) * precision);
            let on_x0 = self.on_x0 * p.mean * precision;
            Term { nats: q.divergence(&p), on_log_variance, on_x0 }
        } else {
            let decoded = decoder.decode(x0, &Normal { mean: x0 + error, log_variance });
            Term {
                nats: -decoded.log_likelihood,
                on_log_variance: -decoded.on_log_variance,
                on_x0: -decoded.on_mean,
            }
        }
    }
}

impl Slopes<'_> {
    fn lengths(&self) -> impl Iterator<Item = usize> {
        let prediction = self.prediction.as_ref().map(|slopes| slopes.len());
        [self.raw_variance.len()].into_iter().chain(prediction)
    }
}

impl LogVariance {
    fn at(self, raw: f64) -> f64 {
        self.a + self.b * raw
    }
}

#[cfg(test)]
mod tests;
