//! Grids that begin on the way: image-to-image.

use crate::grid::{Grid, GridError};

impl Grid {
    /// The last part of the grid: `round(strength · n)` of its n points, at least one.
    ///
    /// A run over it from data that were noised to its first level
    /// ([`Level::noised`](crate::Level::noised)) draws a variation of them: the greater the strength, the less of the data
    /// is left. At strength 1 it is the grid itself, and the run a full one, which begins with noise
    /// alone.
    ///
    /// # Source
    /// Meng et al. 2022, arXiv:2108.01073 (SDEdit), algorithm 2; strength as in diffusers, which
    /// rounds down.
    ///
    /// # Errors
    /// If `strength` is not in (0, 1].
    ///
    /// # Example
    /// ```
    /// use ancestral::exact::Gaussian;
    /// use ancestral::sampler::Ddpm;
    /// use ancestral::{Grid, Noise, SampleNoise, Sampler, Schedule, Spacing};
    ///
    /// let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 50)?.cut(0.3)?;
    /// assert_eq!(grid.points().len(), 15);
    /// let mut noise = SampleNoise::new(7, [0]);
    /// let (picture, z) = (0.4, noise.draw(&0.0));
    /// let x = grid.points()[0].level.noised(&picture, &z);
    /// let mut data = Gaussian { mean: 0.3, std: 0.2 };
    /// assert_eq!(Ddpm::default().run(&grid, x, &mut data, &mut noise).count(), 15);
    /// # Ok::<(), ancestral::grid::GridError>(())
    /// ```
    pub fn cut(&self, strength: f64) -> Result<Self, GridError> {
        if !(strength > 0.0 && strength <= 1.0) {
            return Err(GridError::Strength { strength });
        }
        let points = self.points();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count between 0 and that of the points"
        )]
        let kept = (strength * points.len() as f64).round() as usize;
        Ok(Self { points: points[points.len() - kept.max(1)..].to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::Spacing;
    use crate::schedule::Schedule;

    #[test]
    fn the_share_that_is_kept_is_the_cleaner_end() {
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 100).unwrap();
        let kept = |strength| grid.cut(strength).unwrap().points().to_vec();
        assert_eq!(grid.cut(1.0), Ok(grid.clone()));
        // 0.29 · 100 is below 29 in binary.
        for (strength, count) in [(0.29, 29), (0.5, 50), (0.994, 99), (0.001, 1)] {
            assert_eq!(kept(strength), grid.points()[100 - count..], "{strength}");
        }
    }

    #[test]
    fn no_strength_is_refused_with_its_value() {
        let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, 10).unwrap();
        for strength in [0.0, -0.5, 1.01, f64::NAN] {
            let refused = grid.cut(strength).unwrap_err().to_string();
            assert_eq!(refused, format!("strength {strength} is outside (0, 1]"));
        }
    }
}
