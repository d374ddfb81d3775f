//! Timesteps at quantiles of a beta distribution: dense at both ends.

use crate::quantile::symmetric_beta_quantile;

/// `steps` timesteps of `0..total`, descending, for 1 ≤ steps ≤ total.
///
/// # Formula
/// ```text
/// t_i = round((T − 1) q(1 − i/n)),     q the quantile function of Beta(0.6, 0.6)
/// ```
/// Ties are rounded down. Where two would be the same, as with nearly as many steps as timesteps, the
/// later one is a timestep lower.
/// # Source
/// Lee et al. 2024, arXiv:2407.12173; as the scheduler "beta" of stable-diffusion-webui. diffusers'
/// `use_beta_sigmas` takes the quantiles over σ in place of timesteps.
pub(super) fn timesteps(total: usize, steps: usize) -> Vec<usize> {
    let mut highest = total - 1;
    let mut next = |i: usize| {
        let place = (total - 1) as f64 * symmetric_beta_quantile(1.0 - i as f64 / steps as f64);
        // Below it there is room for those that follow.
        let timestep = rounded_down(place).clamp(steps - 1 - i, highest);
        highest = timestep.saturating_sub(1);
        timestep
    };
    (0..steps).map(&mut next).collect()
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "timesteps are small and not negative"
)]
fn rounded_down(value: f64) -> usize {
    (value - 0.5).ceil().max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_web_ui() {
        assert_eq!(timesteps(1000, 8), [999, 942, 823, 670, 499, 329, 176, 57]);
        assert_eq!(timesteps(1000, 10), [999, 959, 876, 765, 637, 499, 362, 234, 123, 40]);
        assert_eq!(timesteps(1000, 1), [999]);
    }

    #[test]
    fn any_number_of_steps_descends_within_the_schedule() {
        for total in [1, 2, 7, 1000] {
            for steps in 1..=total {
                let found = timesteps(total, steps);
                assert_eq!((found.len(), found[0]), (steps, total - 1));
                assert!(found.is_sorted_by(|a, b| a > b), "{steps} of {total}: {found:?}");
            }
        }
    }
}
