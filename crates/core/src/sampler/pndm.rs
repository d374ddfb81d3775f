//! PNDM: pseudo linear multistep, after pseudo Runge–Kutta.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop, Point};
use crate::level::Level;
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Update, begin, integrals, lambda};
use crate::sampler::{Sampler, SamplerInfo, Stepped};

/// Hops that are taken by Runge–Kutta, before there are estimates enough; each costs four calls.
const WARM_UP: usize = 3;

/// PNDM: the transfer of DDIM, with an ε̂ averaged over the hop. The first three hops average by
/// the classical Runge–Kutta method (four network calls each), the others by Adams–Bashforth over
/// four estimates.
///
/// # Formula
/// With the transfer φ(x, ε) = (α_s/α_t) x − σ_s (e^h − 1) ε over a hop, and over its first half:
/// ```text
/// x_s = φ(x_t, ē),    ē = (e₁ + 2 e₂ + 2 e₃ + e₄)/6,    then ē = (55 e − 59 e₁ + 37 e₂ − 9 e₃)/24
/// ```
/// The numbers are those of even timesteps. Of uneven ones the integrals of the same polynomial are
/// taken, and on a grid that is not of trained timesteps, its integrals in λ. Converges with order 2: ē has no weight
/// under which the transfer would be of its order 4.
/// # Source
/// Liu et al. 2022, arXiv:2202.09778, algorithm 2 (F-PNDM); `PNDMScheduler` in diffusers. Differs
/// from the paper: on uneven grids, where it keeps its order, and in the middle of a hop, which is
/// that of λ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Pndm;

impl Sampler for Pndm {
    type History<X: Sample> = Estimates<X>;

    fn info(&self) -> SamplerInfo {
        SamplerInfo {
            name: "pndm",
            about: "pseudo linear multistep; four calls in each of the first three steps",
            order: 2,
            stochastic: false,
            calls_per_hop: 1,
            exact_for_a_point: true,
            options: &[],
        }
    }

    fn calls(&self, grid: &Grid) -> usize {
        let inner = grid.hops().filter(|hop| !hop.is_last() && hop.from().level != Level::NOISE);
        grid.points().len() + 3 * inner.count().min(WARM_UP)
    }

    fn values(&self) -> Vec<String> {
        Vec::new()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        options.finish(&[])?;
        Ok(Self)
    }

    fn start<X: Sample>(&self, grid: &Grid) -> Estimates<X> {
        let trained = |point: &Point| point.timestep.is_some_and(|t| t.fract() == 0.0);
        let trained = grid.points().iter().all(trained);
        Estimates { behind: History::new(WARM_UP + 1), clock: if trained { timestep } else { lambda } }
    }

    fn step<X, D, N>(
        &self,
        history: &mut Estimates<X>,
        hop: &Hop,
        x: X,
        denoiser: &mut D,
        _noise: &mut N,
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
        let Estimates { behind, clock } = history;
        let first = Form::Noise.estimate(hop.from().level, &x, &x0);
        let warming_up = behind.len() < WARM_UP;
        behind.push(clock(hop.from()), first.clone());
        let x = if warming_up {
            runge_kutta(hop, &x, &first, denoiser)?
        } else {
            let update = Update::over(hop, Form::Noise);
            let weights = integrals(0.0, &behind.nodes(clock(hop.to())));
            let weights = weights.into_iter().map(|weight| update.whole() * weight).collect();
            update.apply(&x, behind.weighted(weights), None)
        };
        Ok(Stepped { x, x0 })
    }
}

/// The estimates ε̂ at the last points, and what the time between them is measured in.
#[derive(Clone, Debug)]
pub struct Estimates<X> {
    behind: History<X>,
    clock: fn(Point) -> f64,
}

fn timestep(point: Point) -> f64 {
    point.timestep.expect("every point of the grid has a timestep")
}

/// The hop from `x`, whose estimate is `first`, with the average of the classical method.
fn runge_kutta<X, D>(hop: &Hop, x: &X, first: &X, denoiser: &mut D) -> Result<X, D::Error>
where
    X: Sample,
    D: Denoiser<X> + ?Sized,
{
    let mut at = |part: &Hop, estimate: &X| {
        let update = Update::over(part, Form::Noise);
        let x = update.apply(x, [(update.whole(), estimate)], None);
        let x0 = denoiser.denoise(&x, part.to())?.x0;
        Ok(Form::Noise.estimate(part.to().level, &x, &x0))
    };
    let half = hop.part(0.5);
    let second = at(&half, first)?;
    let third = at(&half, &second)?;
    let fourth = at(hop, &third)?;
    let update = Update::over(hop, Form::Noise);
    let sixth = update.whole() / 6.0;
    let weights = [sixth, 2.0 * sixth, 2.0 * sixth, sixth];
    Ok(update.apply(x, std::iter::zip(weights, [first, &second, &third, &fourth]), None))
}
