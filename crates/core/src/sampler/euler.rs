//! Euler's method in σ/α, with churn.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::ddim::deterministic;
use crate::sampler::kernel::{Churn, Churned, begin};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// Euler's method for the probability flow in k = σ/α; without churn it is [`Ddim`](crate::sampler::Ddim)
/// with η = 0, to the last bit.
///
/// # Formula
/// With y = x/α, over a hop from k to k′:
/// ```text
/// y′ = y + (k′ − k) (y − x̂₀)/k
/// ```
/// # Source
/// Karras et al. 2022, arXiv:2206.00364, algorithm 2 without its corrector;
/// `EulerDiscreteScheduler` in diffusers.
///
/// # Example
/// ```
/// use ancestral::sampler::{Churn, Euler};
/// use ancestral::AnySampler;
/// let euler = Euler::new(Churn::new(10.0)?.between(0.0, 50.0)?);
/// assert_eq!("euler:churn=10,max=50".parse(), Ok(AnySampler::Euler(euler)));
/// # Ok::<(), ancestral::options::OptionError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Euler {
    /// Noise added before each step; none by default.
    pub(crate) churn: Churn,
}

impl Euler {
    /// With noise added before each step.
    #[must_use]
    pub fn new(churn: Churn) -> Self {
        Self { churn }
    }
}

impl Sampler for Euler {
    type History<X: Sample> = Churned;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "euler",
            about: "Euler's method in sigma/alpha; without churn the same as ddim",
            order: 1,
            stochastic: self.churn.is_on(),
            calls_per_hop: 1,
            exact_for_a_point: self.churn.is_exact(),
            options: Churn::OPTIONS,
        }
    }

    fn start<X: Sample>(&self, grid: &Grid) -> Churned {
        Churned::start(grid)
    }

    fn step<X, D, N>(
        &self,
        run: &mut Churned,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        let (x, hop) = self.churn.raise(run, hop, x, noise);
        let x0 = match begin(&hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        Ok(Stepped { x: deterministic(&hop, &x, &x0), x0 })
    }
}

impl NamedSampler for Euler {
    fn values(&self) -> Vec<String> {
        self.churn.values()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        Ok(Self { churn: Churn::from_options(options)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::AnySampler;
    use crate::sampler::Ddim;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};

    #[test]
    fn by_hand() {
        // 8 → 4: d = (3 − 1)/8, y = 3 − 4/4 = 2. 4 → 1: d = (2 − 0)/4, y = 2 − 3/2.
        let known = run(&Euler::default(), &[8.0, 4.0, 1.0], 3.0, &[1.0, 0.0], &[]);
        assert_close(&known.y, &[2.0, 0.5]);
    }

    #[test]
    fn by_hand_with_churn() {
        // None at the start of the grid. Then γ = 0.75/3, k: 4 → 5, y = 2 + √(25 − 16) = 5, d = 1,
        // y = 5 − 4.
        let churn = Churn { amount: 0.75, ..Churn::default() };
        let known = run(&Euler { churn }, &[8.0, 4.0, 1.0], 3.0, &[1.0, 0.0], &[1.0]);
        assert_close(known.asked.as_flattened(), &[8.0, 3.0, 5.0, 5.0]);
        assert_close(&known.y, &[2.0, 1.0]);
    }

    #[test]
    fn without_churn_it_is_ddim() {
        let (k, x0) = ([9.0, 5.0, 0.3, 0.2], [1.0, -0.4, 0.6]);
        let euler = run(&Euler::default(), &k, 3.0, &x0, &[]);
        assert_eq!(euler.y, run(&Ddim::default(), &k, 3.0, &x0, &[]).y);
    }

    #[test]
    fn conforms_with_churn() {
        for noise in [1.0, 1.003] {
            conformance::check(&Euler { churn: Churn { amount: 20.0, noise, ..Churn::default() } });
        }
    }

    #[test]
    fn options_are_read_and_refused_by_name() {
        let parse = |text: &str| text.parse::<AnySampler>().map_err(|error| error.to_string());
        let churn = Churn { amount: 40.0, min: 0.05, max: 50.0, noise: 1.003 };
        assert_eq!(
            parse("euler:churn=40,min=0.05,max=50,noise=1.003"),
            Ok(AnySampler::Euler(Euler { churn }))
        );
        let error = |text| parse(text).unwrap_err();
        assert_eq!(error("euler:churn=-1"), "option churn=-1 of euler: expected a number from 0");
        assert_eq!(error("euler:noise=0"), "option noise=0 of euler: expected a number above 0");
        assert!(parse("euler:max=inf").is_ok() && parse("euler:max=nan").is_err());
        assert_eq!(
            error("euler:eta=1"),
            "euler has no option \"eta\": it takes churn, min, max, noise"
        );
    }
}
