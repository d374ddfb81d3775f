//! PNDM: pseudo linear multistep, after pseudo Runge–Kutta.

use std::ops::ControlFlow;

use crate::denoiser::Denoiser;
use crate::grid::{Grid, Hop, Point};
use crate::level::Level;
use crate::noise::Noise;
use crate::options::{OptionError, Options};
use crate::sample::Sample;
use crate::sampler::kernel::{Form, History, Update, begin_whole, integrals, is_whole, lambda};
use crate::sampler::{NamedSampler, Sampler, SamplerInfo, Stepped};

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
#[non_exhaustive]
pub struct Pndm {}

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
        let inner = grid.hops().filter(|hop| !is_whole(hop));
        grid.points().len() + 3 * inner.count().min(WARM_UP)
    }

    fn start<X: Sample>(&self, grid: &Grid) -> Estimates<X> {
        let trained = |point: &Point| point.timestep.is_some_and(|t| t.fract() == 0.0);
        let trained = grid.points().iter().all(trained);
        Estimates {
            behind: History::new(WARM_UP + 1),
            clock: if trained { timestep } else { lambda },
        }
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
        let Estimates { behind, clock } = history;
        let warming_up = behind.len() < WARM_UP;
        let whole = hop.from().level == Level::NOISE || warming_up && is_whole(hop);
        let x0 = match begin_whole(whole, hop, &x, denoiser)? {
            ControlFlow::Break(stepped) => return Ok(stepped),
            ControlFlow::Continue(denoised) => denoised.x0,
        };
        let first = Form::Noise.estimate(hop.from().level, &x, &x0);
        behind.push(clock(hop.from()), first.clone());
        let x = if warming_up {
            runge_kutta(hop, &x, &first, denoiser)?
        } else {
            let update = Update::over(hop, Form::Noise);
            let weights = integrals(0.0, &behind.reaching(clock(hop.to())));
            let weights = weights.into_iter().map(|weight| update.whole() * weight).collect();
            update.apply(&x, behind.weighted(weights), None)
        };
        Ok(Stepped { x, x0 })
    }
}

impl NamedSampler for Pndm {
    fn values(&self) -> Vec<String> {
        Vec::new()
    }

    fn from_options(options: Options) -> Result<Self, OptionError> {
        options.finish(&[])?;
        Ok(Self {})
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::denoiser::from_fn;
    use crate::grid::Spacing;
    use crate::noise::NeverDrawn;
    use crate::sampler::known::{assert_close, run};
    use crate::schedule::Schedule;

    /// y and ε̂ of a hop by Runge–Kutta from k to `to` by `middle`, with the estimates m.
    fn runge_kutta_by_hand(y: f64, [k, middle, to]: [f64; 3], m: [f64; 4]) -> (f64, f64) {
        let e1 = (y - m[0]) / k;
        let e2 = (y + (middle - k) * e1 - m[1]) / middle;
        let e3 = (y + (middle - k) * e2 - m[2]) / middle;
        let e4 = (y + (to - k) * e3 - m[3]) / to;
        (y + (to - k) * (e1 + 2.0 * e2 + 2.0 * e3 + e4) / 6.0, e1)
    }

    #[test]
    fn by_hand() {
        let m = [1.0, 0.5, 0.25, 0.75, -1.0, 0.5, 0.0, 0.3, 0.2, 0.6, -0.4, 0.1, 0.7];
        let k = [64.0, 16.0, 4.0, 1.0, 0.5];
        let known = run(&Pndm::default(), &k, 3.0, &m, &[]);
        let four = |i: usize| [m[i], m[i + 1], m[i + 2], m[i + 3]];
        let (y1, e0) = runge_kutta_by_hand(3.0, [64.0, 32.0, 16.0], four(0));
        let (y2, e1) = runge_kutta_by_hand(y1, [16.0, 8.0, 4.0], four(4));
        let (y3, e2) = runge_kutta_by_hand(y2, [4.0, 2.0, 1.0], four(8));
        let e3 = y3 - m[12];
        // Hops of 2, 2, 2, 1 in log₂ k: nodes 0, −2, −4, −6. The averages over [0, 1] of s,
        // s (s + 2), s (s + 2) (s + 4) are ½, 4/3, 25/4.
        let (d32, d21, d10) = ((e3 - e2) / 2.0, (e2 - e1) / 2.0, (e1 - e0) / 2.0);
        let (d321, d210) = ((d32 - d21) / 4.0, (d21 - d10) / 4.0);
        let average = e3 + d32 / 2.0 + 4.0 / 3.0 * d321 + 6.25 * (d321 - d210) / 6.0;
        assert_close(&known.y, &[y1, y2, y3, y3 - 0.5 * average]);
    }

    #[test]
    fn on_even_timesteps_the_numbers_are_those_of_the_paper() {
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Leading { offset: 0 }, 10).unwrap();
        let mut estimates = Vec::new();
        let mut denoiser = from_fn(|x: &f64, at: Point| {
            let x0 = (3.0 * x + at.level.lambda()).sin();
            if at.timestep.is_some() {
                estimates.push((at, (x - at.level.alpha() * x0) / at.level.sigma()));
            }
            x0
        });
        let mut noise = NeverDrawn;
        let pndm = Pndm::default();
        let run = pndm.run(&grid, 0.7, &mut denoiser, &mut noise);
        let steps: Vec<_> = run.map(|step| step.unwrap_or_else(|never| match never {})).collect();
        // The fourth stage of Runge–Kutta is at a point of the grid too; the first stage comes last.
        let at = |point: Point| estimates.iter().rfind(|(at, _)| *at == point).unwrap().1;
        let e: Vec<f64> = grid.points().iter().map(|point| at(*point)).collect();
        for i in 3..9 {
            let (from, to) = (grid.points()[i].level, grid.points()[i + 1].level);
            let average = (55.0 * e[i] - 59.0 * e[i - 1] + 37.0 * e[i - 2] - 9.0 * e[i - 3]) / 24.0;
            let y = steps[i - 1].x / from.alpha();
            let y = y + (to.karras_sigma() - from.karras_sigma()) * average;
            assert!((steps[i].x - to.alpha() * y).abs() < 1e-12, "hop {i}");
        }
    }

    #[test]
    fn a_hop_that_is_too_long_for_stages_is_one_call() {
        let schedule = Schedule::linear_1000();
        let grid = |schedule: &Schedule, n| Grid::new(schedule, Spacing::Trailing, n).unwrap();
        assert_eq!([1, 2, 3, 4, 20].map(|n| Pndm::default().calls(&grid(&schedule, n))), [1, 2, 9, 13, 29]);
        let to_noise = schedule.rescale_zero_terminal_snr().unwrap();
        assert_eq!([1, 2, 3, 20].map(|n| Pndm::default().calls(&grid(&to_noise, n))), [1, 2, 6, 29]);
    }
}
