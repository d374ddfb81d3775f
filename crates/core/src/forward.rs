//! The forward process: how data become noise, in one jump.

use crate::grid::Hop;
use crate::level::Level;
use crate::posterior::Posterior;
use crate::sample::Sample;

impl Level {
    /// A sample of q(x_t | x₀): clean data brought to this level.
    ///
    /// # Formula
    /// ```text
    /// x_t = α x₀ + σ z
    /// ```
    /// # Source
    /// Ho et al. 2020, arXiv:2006.11239, eq. 4.
    ///
    /// # Example
    /// ```
    /// use ancestral::Level;
    /// let level = Level::from_alpha_bar(0.25)?;
    /// assert!((level.noised(&2.0, &0.0) - 1.0).abs() < 1e-15);
    /// # Ok::<(), ancestral::level::LevelError>(())
    /// ```
    #[must_use]
    pub fn noised<X: Sample>(self, x0: &X, noise: &X) -> X {
        X::combine(&[(self.alpha(), x0), (self.sigma(), noise)])
    }
}

impl Hop {
    /// A sample of q(x_from | x_to): what is at the cleaner end of this hop brought to its noisier
    /// end.
    ///
    /// # Formula
    /// ```text
    /// x_t = α_t/α_s x_s + √β z,     β = 1 − ᾱ_t/ᾱ_s
    /// ```
    /// # Source
    /// Ho et al. 2020, arXiv:2006.11239, eq. 2, for any pair of levels.
    #[must_use]
    pub fn noised<X: Sample>(&self, x_to: &X, noise: &X) -> X {
        let kept = self.from().level.alpha() / self.to().level.alpha();
        X::combine(&[(kept, x_to), (Posterior::of(self).beta.sqrt(), noise)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Grid;
    use crate::schedule::Schedule;

    #[test]
    fn two_jumps_are_one() {
        // Mean and variance of a jump to 300 and one from there to 900, and of one jump to 900.
        let schedule = Schedule::linear_1000();
        let grid = Grid::from_timesteps(&schedule, &[900, 300]).unwrap();
        let hop = grid.hops().next().unwrap();
        let (near, far) = (schedule.level(300), schedule.level(900));
        let mean = hop.noised(&near.noised(&0.7, &0.0), &0.0);
        assert!((mean - far.noised(&0.7, &0.0)).abs() < 1e-15);
        let (first, second) = (hop.noised(&near.noised(&0.0, &1.0), &0.0), hop.noised(&0.0, &1.0));
        let variance = f64::powi(first, 2) + f64::powi(second, 2);
        assert!((variance - far.sigma_squared()).abs() < 1e-15);
    }

    #[test]
    fn to_pure_noise_nothing_is_left() {
        let schedule = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
        let hop = Grid::from_timesteps(&schedule, &[999, 10]).unwrap().hops().next().unwrap();
        assert_eq!(hop.noised(&3.0, &0.5), 0.5);
        assert_eq!(Level::NOISE.noised(&3.0, &0.5), 0.5);
    }
}
