//! diffusers' betas and ᾱ, in f32.

use std::f64::consts::PI;

use super::config::{BetaCurve, Config};
use super::error::CompatError;
use crate::batch::Scalar;
use crate::denoiser::ZeroTerminalSnrError;
use crate::prediction::Prediction;

/// Betas and ᾱ of every timestep, bit for bit those of diffusers.
///
/// # Numerics
/// betas are f32: the linear ones from the nearer end with one rounding, the others by diffusers'
/// formula. ᾱ is summed up from `1 − β` in f64 and rounded at every timestep.
///
/// # Example
/// ```
/// use ancestral::compat::{Config, Table};
/// let table = Table::new(&Config::default())?;
/// assert_eq!(table.betas()[0].to_bits(), 0x38d1_b717);
/// assert_eq!(table.alphas_cumprod()[0].to_bits(), 0x3f7f_f972);
/// # Ok::<(), ancestral::compat::CompatError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    betas: Vec<f32>,
    alphas_cumprod: Vec<f32>,
}

impl Table {
    /// The table of a configuration.
    ///
    /// # Errors
    /// If there is no timestep, `trained_betas` are not one a timestep, or ᾱ does not fall within
    /// (0, 1); 0 is allowed at the last timestep.
    pub fn new(config: &Config) -> Result<Self, CompatError> {
        let timesteps = config.timesteps;
        if timesteps == 0 {
            return Err(CompatError::NoTimesteps);
        }
        let mut betas = config.betas.values(timesteps);
        if betas.len() != timesteps {
            return Err(CompatError::Betas { found: betas.len(), timesteps });
        }
        if config.rescale_zero_snr {
            betas = rescaled(&betas);
        }
        let alphas_cumprod = alphas_cumprod(&betas);
        check(&alphas_cumprod)?;
        Ok(Self { betas, alphas_cumprod })
    }

    /// The same with 2⁻²⁴ for an ᾱ of 0 at the end of a rescaled schedule.
    pub(super) fn above_zero(mut self) -> Self {
        if let Some(last) = self.alphas_cumprod.last_mut().filter(|last| **last == 0.0) {
            *last = 2.0_f32.powi(-24);
        }
        self
    }

    /// β₀ … β_{T−1}.
    #[must_use]
    pub fn betas(&self) -> &[f32] {
        &self.betas
    }

    /// ᾱ₀ … ᾱ_{T−1}.
    #[must_use]
    pub fn alphas_cumprod(&self) -> &[f32] {
        &self.alphas_cumprod
    }

    /// ᾱ of `timestep`; that of −1 is the last one, as a list is read from its end in Python.
    pub(super) fn at(&self, timestep: i64) -> f32 {
        let last = self.alphas_cumprod.len() - 1;
        self.alphas_cumprod[usize::try_from(timestep).unwrap_or(last)]
    }

    /// ᾱ of `timestep`, or `end` if it is below 0.
    pub(super) fn at_or(&self, timestep: i64, end: f32) -> f32 {
        usize::try_from(timestep).map_or(end, |t| self.alphas_cumprod[t])
    }

    /// ᾱ of the noisiest timestep.
    pub(super) fn noisiest(&self) -> f32 {
        self.at(-1)
    }
}

impl Config {
    /// The table, if everything that all classes share can be.
    pub(super) fn table(&self) -> Result<Table, CompatError> {
        self.check_range()?;
        let table = Table::new(self)?;
        if self.prediction == Prediction::Epsilon && table.noisiest() == 0.0 {
            return Err(ZeroTerminalSnrError { timestep: self.timesteps - 1, alpha: 0.0 }.into());
        }
        Ok(table)
    }

    /// The table of a class that ends a rescaled schedule just above ᾱ = 0.
    pub(super) fn table_above_zero(&self) -> Result<Table, CompatError> {
        self.check_range()?;
        Ok(Table::new(self)?.above_zero())
    }
}

impl BetaCurve {
    fn values(&self, timesteps: usize) -> Vec<f32> {
        match self {
            Self::Linear { start, end } => linspace(*start, *end, timesteps).collect(),
            Self::ScaledLinear { start, end } => {
                linspace(start.sqrt(), end.sqrt(), timesteps).map(|root| root * root).collect()
            }
            Self::SquaredCosine => {
                from_curve(timesteps, |u| ((u + 0.008) / 1.008 * PI / 2.0).cos().powi(2))
            }
            Self::Sigmoid { start, end } => {
                let (width, start) = (f32::from_f64(end - start), f32::from_f64(*start));
                linspace(-6.0, 6.0, timesteps)
                    .map(|u| 1.0 / (1.0 + vector_exp(-u)) * width + start)
                    .collect()
            }
            Self::Laplace => from_curve(timesteps, |u| {
                let half_log_snr =
                    -0.5_f64.copysign(0.5 - u) * (1.0 - 2.0 * (0.5 - u).abs() + 1e-6).ln();
                let snr = half_log_snr.exp();
                (snr / (1.0 + snr)).sqrt()
            }),
            Self::Given(betas) => betas.iter().map(|beta| f32::from_f64(*beta)).collect(),
        }
    }
}

/// Betas of a curve ᾱ(u), u = 0 … 1, in f64, at most 0.999.
fn from_curve(timesteps: usize, alpha_bar: impl Fn(f64) -> f64) -> Vec<f32> {
    let at = |t: usize| alpha_bar(t as f64 / timesteps as f64);
    (0..timesteps).map(|t| f32::from_f64((1.0 - at(t + 1) / at(t)).min(0.999))).collect()
}

/// `torch.linspace`: counted from the nearer end, with fused multiply-adds.
pub(super) fn linspace(start: f64, end: f64, count: usize) -> impl Iterator<Item = f32> {
    let (start, end) = (f32::from_f64(start), f32::from_f64(end));
    let last = count - 1;
    let step = if last == 0 { 0.0 } else { (end - start) / last as f32 };
    (0..count).map(move |i| {
        // The middle one of an odd count belongs to the second half.
        if 2 * i + 1 < count || last == 0 {
            step.mul_add(i as f32, start)
        } else {
            (-step).mul_add((last - i) as f32, end)
        }
    })
}

/// `e^x` as PyTorch's sigmoid has it on every CPU (SLEEF's `expf` to 1 unit in the last place):
/// x = q ln 2 + s, and a polynomial in s. For |x| of a few tens.
fn vector_exp(x: f32) -> f32 {
    const POWERS: [f32; 6] =
        [1.985_276_2e-4, 1.393_043_6e-3, 8.333_361e-3, 4.166_648_5e-2, 1.666_666_7e-1, 0.5];
    let q = (x * std::f32::consts::LOG2_E).round_ties_even();
    let s = q.mul_add(-1.428_606_8e-6, q.mul_add(-0.693_145_75, x));
    let u = POWERS.iter().skip(1).fold(POWERS[0], |u, &power| u.mul_add(s, power));
    (1.0 + (s * s).mul_add(u, s)) * q.exp2()
}

fn alphas_cumprod(betas: &[f32]) -> Vec<f32> {
    let mut product = 1.0;
    betas
        .iter()
        .map(|beta| {
            product *= f64::from(1.0 - beta);
            f32::from_f64(product)
        })
        .collect()
}

/// Betas with √ᾱ moved to 0 at the end and kept at the start; see
/// [`Schedule::rescale_zero_terminal_snr`](crate::Schedule::rescale_zero_terminal_snr).
fn rescaled(betas: &[f32]) -> Vec<f32> {
    let roots: Vec<f32> = alphas_cumprod(betas).iter().map(|value| value.sqrt()).collect();
    let (first, last) = (roots[0], roots[roots.len() - 1]);
    let scale = first / (first - last);
    let alpha_bars = roots.iter().map(|root| {
        let moved = (root - last) * scale;
        moved * moved
    });
    let mut before = 1.0;
    alpha_bars
        .map(|alpha_bar| {
            let beta = 1.0 - alpha_bar / before;
            before = alpha_bar;
            beta
        })
        .collect()
}

fn check(alphas_cumprod: &[f32]) -> Result<(), CompatError> {
    let last = alphas_cumprod.len() - 1;
    let mut before = 1.0;
    for (timestep, &found) in alphas_cumprod.iter().enumerate() {
        let least = found > 0.0 || (found == 0.0 && timestep == last);
        if !(least && found < 1.0 && found <= before) {
            return Err(CompatError::AlphaBar { found, timestep, before });
        }
        before = found;
    }
    Ok(())
}
