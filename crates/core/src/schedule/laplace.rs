//! ᾱ on a Laplace distribution of the log-SNR.

use super::{Betas, NamedBetas, ScheduleError, ScheduleInfo};
use crate::options::Options;

/// `β_t = min(1 − a((t+1)/T)/a(t/T), 0.999)` with `a(u) = √(snr/(1 + snr))`, `ln snr = L(u)`:
///
/// ```text
/// L(u) = −½ sign(½ − u) ln(1 − 2|½ − u| + 1e-6)
/// ```
/// Most timesteps are spent about log-SNR 0; both ends are steep, and the first β is 0.02.
///
/// # Numerics
/// `1 − a(v)/a(u) = −expm1(½ (g(v) − g(u)))` with `g = ln(snr/(1 + snr)) = −ln_1p(e^(−L))`.
/// # Source
/// Hang et al. 2024, arXiv:2407.03297, whose curve it is but for the scale; `laplace` in
/// diffusers, which takes √ᾱ for ᾱ, as here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Laplace {}

impl Betas for Laplace {
    fn betas(&self, timesteps: usize) -> Vec<f64> {
        let log_alpha_bar = |t: usize| 0.5 * log_curve(t as f64 / timesteps as f64);
        (0..timesteps)
            .map(|t| (-(log_alpha_bar(t + 1) - log_alpha_bar(t)).exp_m1()).min(0.999))
            .collect()
    }
}

impl NamedBetas for Laplace {
    const INFO: ScheduleInfo = ScheduleInfo {
        name: "laplace",
        about: "log-SNR on a Laplace distribution: steep at both ends, beta capped at 0.999",
        options: &[],
    };

    fn values(&self) -> Vec<String> {
        Vec::new()
    }

    fn from_options(options: Options, _timesteps: usize) -> Result<Self, ScheduleError> {
        options.finish(Self::INFO.options)?;
        Ok(Self {})
    }
}

/// ln(snr/(1 + snr)) at u.
fn log_curve(u: f64) -> f64 {
    let from_middle = 0.5 - u;
    let log_snr = -0.5_f64.copysign(from_middle) * (1.0 - 2.0 * from_middle.abs() + 1e-6).ln();
    -(-log_snr).exp().ln_1p()
}
