//! Samplers: the ways from noise to data. One a file, all of them in one list.
//!
//! What holds for all of them:
//!
//! - The hop into clean data returns the clean estimate itself, with no noise.
//! - The hop from pure noise (λ = −∞, zero terminal SNR) is that of [`Ddim`] with η = 0.
//! - **Whole hops**: into clean data, from pure noise, and where a long hop starts near pure noise
//!   (σ/α from more than 20 to less than a twentieth of it), a sampler with several calls a hop makes
//!   one, and takes the hop by the estimate at its start alone.
//! - Multistep samplers go through fewer estimates while there are not enough behind, and where a hop
//!   is more than 2½ times as long as those behind are in the mean, in the measure of the sampler:
//!   what they know does not reach so far.

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop};
use crate::noise::Noise;
use crate::options::{OptionError, OptionInfo, Options};
use crate::sample::Sample;
use kernel::is_whole;

mod any;
pub mod conformance;
pub mod history;
pub(crate) mod kernel;
#[cfg(test)]
pub(crate) mod known;
mod path;
mod published_3m;
mod run;

use any::samplers;
pub(crate) use ddim::deterministic;
pub use kernel::{Churn, Form, Slope};
pub use path::Path;
pub use published_3m::PublishedDpmpp3m;
pub use run::{Run, Step};
pub use unipc::Variant as UnipcVariant;

/// What a sampler is, with the options it has.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct SamplerInfo {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    /// Order of convergence to the exact flow (deterministic) or of the moments (stochastic); 0
    /// where more hops come no nearer, as of consistency sampling.
    pub order: u32,
    /// Whether it draws noise.
    pub stochastic: bool,
    /// Network calls a hop; [`Sampler::calls`] has the hops that take more or fewer.
    pub calls_per_hop: u32,
    /// For data that is a single point: whether every x_t on the way has exactly the forward
    /// marginal N(α x₀, σ²).
    pub exact_for_a_point: bool,
    /// What it takes after a colon.
    pub options: &'static [OptionInfo],
}

impl SamplerInfo {
    /// A deterministic sampler without options that makes one network call a hop; its fields say what
    /// is otherwise.
    #[must_use]
    pub const fn new(name: &'static str, about: &'static str, order: u32) -> Self {
        Self {
            name,
            about,
            order,
            stochastic: false,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: &[],
        }
    }
}

/// A way from noise to data: takes a sample one [`Hop`] at a time.
///
/// A sampler is a value without state: whatever it remembers of a run is in its `History`, so two
/// runs from one object are the same.
pub trait Sampler {
    /// What it remembers of the hops behind; `()` for one-step samplers.
    type History<X: Sample>: Clone;

    /// Its name, order and cost, with the options it has.
    fn info(&self) -> SamplerInfo;

    /// Network calls of a run over `grid`: one on each [whole hop](self), elsewhere
    /// [`SamplerInfo::calls_per_hop`], unless the sampler says otherwise.
    fn calls(&self, grid: &Grid) -> usize {
        let calls = |hop| if is_whole(&hop) { 1 } else { self.info().calls_per_hop as usize };
        grid.hops().map(calls).sum()
    }

    /// What is remembered at the start of a run over `grid`.
    fn start<X: Sample>(&self, grid: &Grid) -> Self::History<X>;

    /// Takes `x` over `hop`. A hop into clean data returns the clean estimate itself, with no
    /// noise, whatever the timestep it starts from.
    ///
    /// # Errors
    /// As the denoiser says.
    fn step<X, D, N>(
        &self,
        history: &mut Self::History<X>,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        noise: &mut N,
    ) -> Result<Stepped<X>, D::Error>
    where
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized;

    /// The run from `x`, which is at the first point of `grid`, to clean data.
    ///
    /// # Example
    /// ```
    /// use ancestral::exact::Gaussian;
    /// use ancestral::sampler::Ddpm;
    /// use ancestral::{Grid, SampleNoise, Sampler, Schedule, Spacing};
    ///
    /// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 50)?;
    /// let mut data = Gaussian { mean: 0.3, std: 0.2 };
    /// let mut noise = SampleNoise::new(7, 0..8); // seed 7, samples 0 to 7
    /// let x = noise.start(vec![2]); // x_T: eight points in the plane
    /// let Some(Ok(last)) = Ddpm::default().run(&grid, x, &mut data, &mut noise).last() else {
    ///     unreachable!("an exact denoiser does not fail")
    /// };
    /// assert!(last.hop.is_last());
    /// assert_eq!(last.x.rows(), 8);
    /// # Ok::<(), ancestral::grid::GridError>(())
    /// ```
    fn run<'a, X, D, N>(
        &'a self,
        grid: &Grid,
        x: X,
        denoiser: &'a mut D,
        noise: &'a mut N,
    ) -> Run<'a, Self, X, D, N>
    where
        Self: Sized,
        X: Sample,
        D: Denoiser<X> + ?Sized,
        N: Noise<X> + ?Sized,
    {
        Run::new(self, grid, x, denoiser, noise)
    }
}

/// A sampler that can be chosen by its name, with options in text.
pub trait NamedSampler: Sampler + Default {
    /// The value that each of its options has, in the order of [`SamplerInfo::options`].
    fn values(&self) -> Vec<String>;

    /// Reads its options, the rest by default.
    ///
    /// # Errors
    /// If an option is unknown or its value does not fit.
    fn from_options(options: Options) -> Result<Self, OptionError>;
}

/// What one step leaves.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Stepped<X> {
    /// The sample at the end of the hop.
    pub x: X,
    /// The clean estimate that led there.
    pub x0: X,
}

impl<X> Stepped<X> {
    /// The sample `x` at the end of a hop, and the clean estimate `x0` that led there.
    #[must_use]
    pub fn new(x: X, x0: X) -> Self {
        Self { x, x0 }
    }
}

samplers! {
    ddpm::Ddpm,
    ddim::Ddim,
    euler::Euler,
    euler_ancestral::EulerAncestral,
    heun::Heun,
    dpm2::Dpm2,
    dpm2_ancestral::Dpm2Ancestral,
    dpm_solver::DpmSolver,
    dpmpp_2m::Dpmpp2m,
    dpmpp_3m::Dpmpp3m,
    dpmpp_2m_sde::Dpmpp2mSde,
    dpmpp_3m_sde::Dpmpp3mSde,
    dpmpp_2s_ancestral::Dpmpp2sAncestral,
    dpmpp_sde::DpmppSde,
    unipc::Unipc,
    deis::Deis,
    lms::Lms,
    pndm::Pndm,
    lcm::Lcm,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::from_fn;
    use crate::grid::{Point, Spacing};
    use crate::noise::SampleNoise;
    use crate::schedule::{Betas, Cosine, Schedule};

    #[test]
    fn from_near_pure_noise_come_samples_of_the_size_of_the_data() {
        // σ/α from 20 000 on; data of variance ¼, and a network whose ε̂ is off by a tenth there.
        let schedule = Cosine::default().schedule(1000).unwrap();
        let mut denoiser = from_fn(|x: &f64, at: Point| {
            let (alpha, sigma) = (at.level.alpha(), at.level.sigma());
            if sigma > 20.0 * alpha {
                (0.1 * x / alpha).clamp(-1.0, 1.0)
            } else {
                0.25 * alpha / (0.25 * alpha * alpha + sigma * sigma) * x
            }
        });
        for (sampler, steps) in
            AnySampler::all().into_iter().flat_map(|s| [(s.clone(), 5), (s, 10)])
        {
            let grid = Grid::new(&schedule, Spacing::Trailing, steps).unwrap();
            for seed in 0..8 {
                let mut noise = SampleNoise::new(seed, [0]);
                let x_t = noise.draw(&0.0);
                let run = sampler.run(&grid, x_t, &mut denoiser, &mut noise);
                let x = run.last().unwrap().unwrap().x;
                assert!(x.abs() < 4.0, "{sampler}, {steps} steps: {x}");
            }
        }
    }

    #[test]
    fn every_count_of_steps_asks_as_often_at_timesteps_that_were_trained() {
        let schedule = Schedule::linear_1000();
        let spacings = Spacing::ALL.into_iter().chain([Spacing::Leading { offset: 1 }]);
        for (spacing, sampler) in
            spacings.flat_map(|s| AnySampler::all().into_iter().map(move |sampler| (s, sampler)))
        {
            for steps in 1..=200 {
                let grid = Grid::new(&schedule, spacing, steps).unwrap();
                let mut asked = Vec::new();
                let mut denoiser = from_fn(|x: &f64, at: Point| {
                    asked.push(at.timestep.unwrap_or_else(|| schedule.timestep(at.level)));
                    0.5 * x
                });
                let mut noise = SampleNoise::new(1, [0]);
                let run = sampler.run(&grid, 1.0, &mut denoiser, &mut noise);
                assert!(run.map(Result::unwrap).all(|step| step.x.is_finite()));
                let what = format!("{sampler}, {} {steps}", spacing.name());
                assert!(asked.iter().all(|t| (0.0..=999.0).contains(t)), "{what}: {asked:?}");
                assert_eq!(asked.len(), sampler.calls(&grid), "network calls of {what}");
                if sampler.info().order == 1 {
                    assert_eq!(asked.len(), steps, "network calls of {what}");
                }
            }
        }
    }

    #[test]
    fn every_sampler_reads_back_from_its_text() {
        for sampler in AnySampler::all() {
            let text = sampler.to_string();
            assert_eq!(text.parse().as_ref(), Ok(&sampler), "{text}");
            for option in sampler.info().options {
                let value = sampler.value(option.name).unwrap();
                assert_eq!(value, option.default, "the default of {} in {text}", option.name);
            }
            assert_eq!(sampler.value("no such option"), None);
        }
        let sampler: AnySampler = "ddim:eta=0.25".parse().unwrap();
        assert_eq!(sampler.to_string(), "ddim:eta=0.25");
    }

    #[test]
    fn options_out_of_range_are_refused_by_name_value_and_range() {
        let refused = Ddim::new(1.5).unwrap_err().to_string();
        assert_eq!(refused, "option eta=1.5 of ddim: expected a number from 0 to 1");
        let refused = Lms::new(5).unwrap_err().to_string();
        assert_eq!(refused, "option order=5 of lms: expected 1, 2, 3 or 4");
        assert!([0, 4].iter().all(|order| Deis::new(*order).is_err()));
        assert!(Dpm2Ancestral::new(-0.1).is_err() && Dpmpp2sAncestral::new(f64::NAN).is_err());
        let churn = Churn::new(40.0).unwrap();
        assert!(Churn::new(f64::INFINITY).is_err() && churn.with_noise(0.0).is_err());
        assert!(churn.between(-1.0, 2.0).is_err());
        let text = AnySampler::Heun(Heun::new(churn.between(0.5, 10.0).unwrap())).to_string();
        assert_eq!(text, "heun:churn=40,min=0.5,max=10,noise=1");
    }
}
