//! LCM: multistep consistency sampling.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::begin;
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

/// Takes the estimate for clean data, and noises it anew to the end of each hop.
///
/// For consistency models, whose output is where the flow ends: then every x_s has exactly the
/// forward marginal. With an ordinary denoiser, whose output is a mean, samples come out too smooth,
/// however many hops there are.
///
/// # Formula
/// ```text
/// x_s = α_s f(x_t) + σ_s z,     f(x_t) on the hop into clean data
/// ```
/// # Source
/// Song et al. 2023, arXiv:2303.01469, algorithm 1; Luo et al. 2023, arXiv:2310.04378;
/// `LCMScheduler` in diffusers. Its skip and output scales of the network, which are 0 and 1 to
/// 0.0025 from timestep 1 up, belong to the model: f is what the denoiser returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Lcm {}

impl Sampler for Lcm {
    type History<X: Sample> = ();

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "lcm",
            about: "noises each estimate anew, for consistency models (LCM) alone",
            order: 0,
            stochastic: true,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: &[],
        }
    }

    fn start<X: Sample>(&self, _grid: &Grid) {}

    fn step<X, D, N>(
        &self,
        _history: &mut (),
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
        let x0 = match begin(hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let (to, z) = (hop.to().level, noise.draw(&x));
        let x = X::combine(&[(to.alpha(), &x0), (to.sigma(), &z)]);
        Ok(Stepped { x, x0 })
    }
}

impl NamedSampler for Lcm {
    fn values(&self) -> Vec<String> {
        Vec::new()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        options.finish(&[])?;
        Ok(Self {})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Batch;
    use crate::exact::Gaussian;
    use crate::grid::{Point, Spacing};
    use crate::level::Level;
    use crate::sampler::conformance;
    use crate::sampler::known::{assert_close, run};
    use crate::schedule::Schedule;

    #[test]
    fn by_hand() {
        let known = run(&Lcm::default(), &[4.0, 2.0, 0.5], 3.0, &[1.0, -0.25], &[0.5, 3.0]);
        assert_close(&known.y, &[1.0 + 2.0 * 0.5, -0.25 + 0.5 * 3.0]);
    }

    #[test]
    fn with_an_exact_consistency_function_every_hop_has_the_exact_marginal() {
        let data = Gaussian { mean: 0.3, std: 0.2 };
        let consistency = |x: &Batch<f64>, at: Point| {
            let ends = x.data().iter().map(|x| data.flow(*x, at.level, Level::CLEAN));
            Batch::new(vec![1], ends.collect())
        };
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 4).unwrap();
        let start = grid.points()[0].level;
        let start = (start.alpha() * data.mean, data.std_at(start));
        let moments = conformance::moments(&Lcm::default(), &grid, start, crate::from_fn(consistency));
        for (hop, (mean, variance)) in std::iter::zip(grid.hops(), moments) {
            let level = hop.to().level;
            assert!((mean - level.alpha() * data.mean).abs() < 1e-14, "{mean}");
            assert!((variance - data.std_at(level).powi(2)).abs() < 1e-14, "{variance}");
        }
    }
}
