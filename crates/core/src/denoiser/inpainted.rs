//! Plain inpainting: what is known takes its place in every clean estimate.

use super::{Denoised, Denoiser};
use crate::batch::{Batch, Scalar};
use crate::grid::Point;
use crate::inpainting::Known;

/// A denoiser whose x̂₀ is the known data where they are known.
///
/// # Formula
/// ```text
/// x̂₀ ← m ⊙ x₀ + (1 − m) ⊙ x̂₀
/// ```
/// Where the mask m is 1, a run ends with the known x₀ exactly, and every x_t on the way has the
/// forward marginal there. The rest is drawn by an unchanged sampler at no further cost; but a
/// denoiser that takes x_t for all that is known trusts the known part too little while there is
/// much noise, so the rest goes with it less well than it should:
/// [`Repaint`](crate::repaint::Repaint) lets the two agree.
/// # Source
/// Song et al. 2021, arXiv:2011.13456, appendix I.2, with the known data in x̂₀ in place of x_t.
///
/// # Example
/// ```
/// use ancestral::exact::Gaussian;
/// use ancestral::denoiser::Inpainted;
/// use ancestral::inpainting::Known;
/// use ancestral::sampler::Ddpm;
/// use ancestral::{Batch, Grid, SampleNoise, Sampler, Schedule, Spacing};
///
/// let row = |a, b| Batch::new(vec![2], vec![a, b]);
/// let known = Known::new(row(0.25_f32, 0.0), row(1.0, 0.0))?; // the first of two columns
/// let mut denoiser = Inpainted::new(Gaussian { mean: 0.0, std: 1.0 }, known);
/// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 20)?;
/// let mut noise = SampleNoise::new(7, 0..3);
/// let x = noise.start(vec![2]);
/// let Some(Ok(last)) = Ddpm::default().run(&grid, x, &mut denoiser, &mut noise).last() else {
///     unreachable!("an exact denoiser does not fail")
/// };
/// assert!(last.x.iter_rows().all(|row| row[0] == 0.25));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Inpainted<D, T = f32> {
    inner: D,
    known: Known<T>,
}

impl<D, T> Inpainted<D, T> {
    /// Puts `known` into the estimates of `inner`.
    #[must_use]
    pub fn new(inner: D, known: Known<T>) -> Self {
        Self { inner, known }
    }
}

impl<T: Scalar, D: Denoiser<Batch<T>>> Denoiser<Batch<T>> for Inpainted<D, T> {
    type Error = D::Error;

    /// # Panics
    /// If the rows of `x` are not those that something is known of, by shape or number.
    fn denoise(&mut self, x: &Batch<T>, at: Point) -> Result<Denoised<Batch<T>>, D::Error> {
        let Denoised { mut x0, raw_variance } = self.inner.denoise(x, at)?;
        self.known.blend(&mut x0, 1.0, None);
        Ok(Denoised { x0, raw_variance })
    }
}
