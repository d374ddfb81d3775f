//! How fast the average of the weights moves.

/// The share of the average that an update keeps, after `updates` earlier updates.
///
/// # Formula
/// ```text
/// average ← average + (1 − d_k)(weight − average),     d_k = min(target, (1 + k)/(10 + k)), d_0 = 0
/// ```
/// with k the number of updates already made: a young average forgets its start quickly.
/// # Source
/// The warm-up is that of TensorFlow's `ExponentialMovingAverage` and of diffusers' `EMAModel`,
/// whose step counter is k + 1.
///
/// # Example
/// ```
/// assert!((ancestral_learn::ema_decay(0.9999, 1) - 2.0 / 11.0).abs() < 1e-15);
/// ```
#[must_use]
pub fn ema_decay(target: f64, updates: u64) -> f64 {
    let k = updates as f64;
    if updates == 0 { 0.0 } else { target.min((1.0 + k) / (10.0 + k)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decays_after_1_2_9_90_and_many_updates() {
        let decays = [0, 1, 2, 9, 90, 1_000_000].map(|updates| ema_decay(0.9999, updates));
        let expected = [0.0, 0.181_818, 0.25, 0.526_316, 0.91, 0.9999];
        for (decay, expected) in decays.iter().zip(expected) {
            assert!((decay - expected).abs() < 5e-7, "{decay} {expected}");
        }
    }
}
