//! How far two distributions of one value are apart.

/// The Kolmogorov-Smirnov distance of two sets of numbers: the largest difference of their distribution
/// functions, from 0 to 1.
///
/// # Formula
/// ```text
/// sup_x |F(x) − G(x)|
/// ```
/// Two draws of n and m numbers from one distribution are about 0.87 √(1/n + 1/m) apart.
/// # Panics
/// If a set is empty.
///
/// # Example
/// ```
/// use ancestral_metrics::kolmogorov_smirnov;
///
/// // Up to 2 are two thirds of the first, and none of the second.
/// assert_eq!(kolmogorov_smirnov(&[1.0, 2.0, 4.0], &[3.0, 5.0]), 2.0 / 3.0);
/// ```
#[must_use]
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    assert!(!a.is_empty() && !b.is_empty(), "{} and {} numbers", a.len(), b.len());
    let [a, b] = [a, b].map(|values| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    });
    let share = |sorted: &[f64], x: f64| {
        sorted.partition_point(|value| *value <= x) as f64 / sorted.len() as f64
    };
    let difference = |x: &f64| (share(&a, *x) - share(&b, *x)).abs();
    a.iter().chain(&b).map(difference).fold(0.0, f64::max)
}

/// The total variation distance of two distributions over the same states, of which so many were counted:
/// from 0 to 1.
///
/// # Formula
/// ```text
/// Σ |p − q|/2,    p = a/Σ a,    q = b/Σ b
/// ```
/// # Panics
/// If the states are not as many, or nothing was counted.
///
/// # Example
/// ```
/// use ancestral_metrics::total_variation;
///
/// // A half, a quarter, a quarter; a quarter, a quarter, a half.
/// assert_eq!(total_variation(&[2, 1, 1], &[1, 1, 2]), 0.25);
/// ```
#[must_use]
pub fn total_variation(a: &[usize], b: &[usize]) -> f64 {
    assert_eq!(a.len(), b.len(), "states");
    let [all_a, all_b] = [a, b].map(|counts| counts.iter().sum::<usize>() as f64);
    assert!(all_a > 0.0 && all_b > 0.0, "nothing was counted");
    let part = |(a, b): (&usize, &usize)| (*a as f64 / all_a - *b as f64 / all_b).abs();
    a.iter().zip(b).map(part).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    fn numbers(seed: u64, count: usize) -> Vec<f64> {
        normals(seed, count).into_iter().map(f64::from).collect()
    }

    #[test]
    fn a_shift_of_normal_numbers_has_a_closed_form() {
        let (a, b) = (numbers(1, 20_000), numbers(2, 20_000));
        let shifted: Vec<f64> = b.iter().map(|x| x + 1.0).collect();
        // The largest difference is in the middle: 2 Φ(1/2) − 1 = 0.382925.
        assert!((kolmogorov_smirnov(&a, &shifted) - 0.382_925).abs() < 0.015);
        assert!(kolmogorov_smirnov(&a, &b) < 0.017); // exceeded once in 160
        assert_eq!(kolmogorov_smirnov(&a, &a), 0.0);
    }

    #[test]
    fn ties_count_on_both_sides() {
        assert_eq!(kolmogorov_smirnov(&[0.0, 0.0, 1.0, 1.0], &[0.0, 1.0, 1.0, 1.0]), 0.25);
        assert_eq!(kolmogorov_smirnov(&[1.0], &[2.0]), 1.0);
    }

    #[test]
    fn states_that_one_side_lacks_count() {
        assert_eq!(total_variation(&[3, 0], &[0, 5]), 1.0);
        assert_eq!(total_variation(&[3, 1, 0], &[6, 2, 0]), 0.0);
    }
}
