//! Inpainting where the truth is known: one of two correlated numbers is given, and the other has a
//! conditional distribution in closed form.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::convert::Infallible;

use ancestral::denoiser::Inpainted;
use ancestral::inpainting::Known;
use ancestral::particles::Particles;
use ancestral::repaint::{Repaint, Resampling};
use ancestral::sampler::{Ddpm, Step};
use ancestral::{
    Batch, Denoised, Denoiser, Grid, Level, Noise, Point, SampleNoise, Sampler, Schedule, Spacing,
    Variance,
};

/// Correlation of the two numbers, of unit variance.
const RHO: f64 = 0.8;
/// What is known of the first.
const GIVEN: f64 = 1.5;
/// The second then has this mean and variance.
const MEAN: f64 = RHO * GIVEN;
const VARIANCE: f64 = 1.0 - RHO * RHO;

/// E[x₀ | x_t] of the pair. Sum and difference are independent, of variance 1 ± ρ each way.
struct Pair;

impl Denoiser<Batch<f64>> for Pair {
    type Error = Infallible;

    fn denoise(&mut self, x: &Batch<f64>, at: Point) -> Result<Denoised<Batch<f64>>, Infallible> {
        let (sum, difference) = gains(at.level);
        let rows = x.iter_rows().flat_map(|row| {
            let (s, d) = (sum * (row[0] + row[1]) / 2.0, difference * (row[0] - row[1]) / 2.0);
            [s + d, s - d]
        });
        Ok(Denoised::new(Batch::new(vec![2], rows.collect())))
    }
}

/// Gains of the estimates of sum and difference.
fn gains(level: Level) -> (f64, f64) {
    let gain = |variance: f64| {
        level.alpha() * variance / (level.alpha_bar() * variance + level.sigma_squared())
    };
    (gain(1.0 + RHO), gain(1.0 - RHO))
}

fn known() -> Known<f64> {
    Known::new(Batch::new(vec![2], vec![GIVEN, 0.0]), Batch::new(vec![2], vec![1.0, 0.0])).unwrap()
}

fn grid() -> Grid {
    Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 50).unwrap()
}

fn repaint(times: usize) -> Repaint<Ddpm, f64> {
    let resampling = Resampling::new(5, times).unwrap();
    Repaint { sampler: Ddpm::default(), known: known(), resampling }
}

/// The end of a run of either kind; `times` 0 is plain inpainting.
fn end<N: Noise<Batch<f64>>>(times: usize, x: Batch<f64>, noise: &mut N) -> Batch<f64> {
    let (grid, repaint) = (grid(), repaint(times.max(1)));
    let last = |steps: &mut dyn Iterator<Item = Result<Step<Batch<f64>>, Infallible>>| {
        steps.last().unwrap().unwrap_or_else(|never| match never {}).x
    };
    if times == 0 {
        let mut denoiser = Inpainted::new(Pair, known());
        return last(&mut Ddpm::default().run(&grid, x, &mut denoiser, noise));
    }
    last(&mut repaint.run(&grid, x, &mut Pair, noise))
}

/// Noise that is 1 in one element of one row a draw, and 0 elsewhere: a run is linear here, so that
/// row 0 ends at the mean and the others at the part of one number drawn.
struct Impulses(usize);

impl Noise<Batch<f64>> for Impulses {
    fn draw(&mut self, like: &Batch<f64>) -> Batch<f64> {
        let mut noise = Batch::zeros(like.rows(), vec![2]);
        for element in 0..2 {
            self.0 += 1;
            // What is beyond the rows is only counted.
            if let Some(value) = noise.data_mut().get_mut(2 * self.0 + element) {
                *value = 1.0;
            }
        }
        noise
    }
}

/// Exact mean and variance of the second number at the end.
fn moments(times: usize) -> (f64, f64) {
    let mut count = Impulses(0);
    let x = count.draw(&Batch::zeros(1, vec![2]));
    end(times, x, &mut count);
    let mut noise = Impulses(0);
    let x = noise.draw(&Batch::zeros(1 + count.0, vec![2]));
    let x = end(times, x, &mut noise);
    assert!(x.iter_rows().all(|row| row[0] == GIVEN), "what is known is exact");
    let mean = x.row(0)[1];
    (mean, x.iter_rows().map(|row| (row[1] - mean).powi(2)).sum())
}

#[test]
fn plain_inpainting_is_biased_as_its_recursion_says() {
    // Means of x_t by eq. 7 of the DDPM paper, with the known number in the estimate's place.
    let mut mean = [0.0, 0.0];
    for hop in grid().hops() {
        let (from, to) = (hop.from().level.alpha_bar(), hop.to().level.alpha_bar());
        let (sum, difference) = gains(hop.from().level);
        let second = sum * (mean[0] + mean[1]) / 2.0 - difference * (mean[0] - mean[1]) / 2.0;
        let beta = 1.0 - from / to;
        let on_x0 = to.sqrt() * beta / (1.0 - from);
        let on_x = (1.0 - beta).sqrt() * (1.0 - to) / (1.0 - from);
        mean = [on_x0 * GIVEN + on_x * mean[0], on_x0 * second + on_x * mean[1]];
    }
    let (found, _) = moments(0);
    assert!((found - mean[1]).abs() < 1e-9, "{found} is not {}", mean[1]);
    // The rest goes along with what is known by little more than half of what it should.
    assert!((0.55..0.65).contains(&(found / MEAN)), "{found} of {MEAN}");
}

#[test]
fn the_more_resamplings_the_nearer_to_the_conditional_mean() {
    let off = |times| MEAN - moments(times).0;
    let found = [0, 1, 2, 3, 5, 10].map(off);
    // Without going back, the two ways of inpainting are the same but for the last hops.
    assert!((found[0] - found[1]).abs() < 1e-3, "{found:?}");
    assert!(found[1..].windows(2).all(|pair| pair[1] < pair[0]), "{found:?}");
    // What is left at r = 10 is of the 50 hops, not of the inpainting: it does not go away.
    assert!(found[5] < found[0] / 4.0 && found[5] > 0.0, "{found:?}");
    let spread = [0, 10].map(|times| (moments(times).1 - VARIANCE).abs());
    assert!(spread[1] < spread[0] / 2.0, "{spread:?}");
}

#[test]
fn samples_have_these_moments() {
    const COUNT: u16 = 4000;
    for times in [0, 3] {
        let mut noise = SampleNoise::new(11, 0..u64::from(COUNT));
        let x = noise.draw(&Batch::<f64>::zeros(COUNT.into(), vec![2]));
        let x = end(times, x, &mut noise);
        let count = f64::from(COUNT);
        let mean = x.iter_rows().map(|row| row[1]).sum::<f64>() / count;
        let variance = x.iter_rows().map(|row| (row[1] - mean).powi(2)).sum::<f64>() / count;
        let (truth, spread) = moments(times);
        // Five standard errors of a mean and of a variance of normal numbers.
        assert!((mean - truth).abs() < 5.0 * (spread / count).sqrt(), "{mean} {truth}");
        assert!((variance - spread).abs() < 5.0 * spread * (2.0 / count).sqrt(), "{variance}");
    }
}

#[test]
fn particles_have_the_conditional_distribution() {
    const COUNT: u16 = 400;
    let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 100).unwrap();
    for variance in [Variance::FixedLarge, Variance::FixedSmall] {
        let particles = Particles::new(known(), 64, variance);
        let mut noise = SampleNoise::new(3, 0..u64::from(COUNT));
        let x = noise.draw(&Batch::<f64>::zeros(COUNT.into(), vec![2]));
        let x = particles.start(&x, &mut noise);
        let mut pair = Pair;
        let last = particles.run(&grid, x, &mut pair, &mut noise).last();
        let x = last.unwrap().unwrap_or_else(|never| match never {}).x;
        assert!(x.rows() == COUNT.into() && x.iter_rows().all(|row| row[0] == GIVEN));
        let count = f64::from(COUNT);
        let mean = x.iter_rows().map(|row| row[1]).sum::<f64>() / count;
        let spread = x.iter_rows().map(|row| (row[1] - mean).powi(2)).sum::<f64>() / count;
        // Four standard errors, and what 100 hops and 64 particles leave.
        assert!((mean - MEAN).abs() < 0.1, "{variance:?}: {mean}");
        assert!((spread - VARIANCE).abs() < 0.1, "{variance:?}: {spread}");
    }
}
