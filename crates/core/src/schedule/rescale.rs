//! Zero terminal SNR: a schedule stretched until its last level is pure noise.

use super::{Schedule, ScheduleError};
use crate::level::Level;

impl Schedule {
    /// The schedule with its last level moved to pure noise and its first kept.
    ///
    /// A network that predicts ε can't be used with it: at pure noise ε says nothing about x₀.
    ///
    /// # Formula
    /// ```text
    /// √ᾱ_t ← (√ᾱ_t − √ᾱ_{T−1}) · √ᾱ_0/(√ᾱ_0 − √ᾱ_{T−1})
    /// ```
    /// # Errors
    /// If the schedule has a single timestep, which can't be both kept and moved.
    /// # Source
    /// Lin et al. 2023, arXiv:2305.08891, algorithm 1.
    pub fn rescale_zero_terminal_snr(&self) -> Result<Self, ScheduleError> {
        let (first, last) = (self.level(0).alpha(), self.noisiest().alpha());
        if self.len() == 1 {
            return Err(ScheduleError::RescaleOne);
        }
        let scale = first / (first - last);
        let mut levels = vec![self.level(0)];
        for (timestep, level) in self.levels().iter().enumerate().skip(1) {
            let alpha_bar = ((level.alpha() - last) * scale).powi(2);
            let stretched = Level::from_alpha_bar(alpha_bar);
            levels.push(stretched.map_err(|_| ScheduleError::NotFalling { alpha_bar, timestep })?);
        }
        Self::from_levels(levels)
    }
}
