//! Spherical interpolation: from one x_T to another without leaving what noise looks like.

use crate::batch::{Batch, Scalar};
use crate::sample::Sample;

/// The row at the share `u` of the great circle from each row of `a` to that of `b`.
///
/// # Formula
/// ```text
/// sin((1−u) θ)/sin θ a + sin(u θ)/sin θ b,     θ the angle between a and b
/// ```
/// Noise of many dimensions lies close to a sphere; a straight line would pass well within it, where
/// no noise is, and the middle would come out as a grey mean.
/// # Numerics
/// Exact at both ends. θ is `2 atan2(|â − b̂|, |â + b̂|)` of the unit vectors, which loses no digit of
/// small angles; rows in one line, whose circle is none, are joined by a straight line.
/// # Source
/// Shoemake 1985, section 3.3; between x_T: Song et al. 2021, arXiv:2010.02502, appendix D.5.
///
/// # Panics
/// If the batches differ in shape, or `u` is outside [0, 1].
///
/// # Example
/// ```
/// use ancestral::{Batch, slerp};
/// let point = |x, y| Batch::new(vec![2], vec![x, y]);
/// let half = slerp(&point(1.0, 0.0), &point(0.0, 1.0), 0.5);
/// assert!(half.data().iter().all(|x: &f64| (x - 0.5_f64.sqrt()).abs() < 1e-15));
/// ```
#[must_use]
pub fn slerp<T: Scalar>(a: &Batch<T>, b: &Batch<T>, u: f64) -> Batch<T> {
    assert!((0.0..=1.0).contains(&u), "a share of the way is in [0, 1], found {u}");
    assert_eq!((a.row_shape(), a.rows()), (b.row_shape(), b.rows()), "shapes of the two ends");
    let rows = (0..a.rows()).map(|row| {
        let (a, b) = (a.slice(row..row + 1), b.slice(row..row + 1));
        let angle = angle(a.data(), b.data());
        let sine = angle.sin();
        // Opposite ends have no angle whose sine is exactly 0, but one of rounding alone.
        let share = |u: f64| if sine > 1e-15 { (u * angle).sin() / sine } else { u };
        Batch::combine(&[(share(1.0 - u), &a), (share(u), &b)])
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() { a.clone() } else { Batch::stack(&rows) }
}

/// The angle between two vectors; 0 if one of them has no direction.
fn angle<T: Scalar>(a: &[T], b: &[T]) -> f64 {
    let norm = |x: &[T]| x.iter().map(|x| x.to_f64().powi(2)).sum::<f64>().sqrt();
    let (of_a, of_b) = (norm(a), norm(b));
    if of_a == 0.0 || of_b == 0.0 {
        return 0.0;
    }
    let (mut apart, mut together) = (0.0, 0.0);
    for (a, b) in std::iter::zip(a, b) {
        let (a, b) = (a.to_f64() / of_a, b.to_f64() / of_b);
        apart += (a - b).powi(2);
        together += (a + b).powi(2);
    }
    2.0 * f64::atan2(apart.sqrt(), together.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::SampleNoise;

    fn row(values: &[f64]) -> Batch<f64> {
        Batch::new(vec![values.len()], values.to_vec())
    }

    #[test]
    fn both_ends_are_exact() {
        let noise = |index| SampleNoise::new(5, [index]).start(vec![3, 8, 8]);
        let (a, b) = (noise(0), noise(1));
        assert_eq!(slerp(&a, &b, 0.0), a);
        assert_eq!(slerp(&a, &b, 1.0), b);
    }

    #[test]
    fn the_way_keeps_its_distance_and_its_speed() {
        // On the unit circle: (cos uθ, sin uθ).
        for angle in [1e-9, 1e-4, 0.7, 3.0] {
            let b = row(&[f64::cos(angle), f64::sin(angle)]);
            for u in [0.25, 0.5, 0.9] {
                let found = slerp(&row(&[1.0, 0.0]), &b, u);
                let truth = [f64::cos(u * angle), f64::sin(u * angle)];
                for (found, truth) in std::iter::zip(found.data(), truth) {
                    assert!((found - truth).abs() < 1e-14, "{angle} {u}: {found} is not {truth}");
                }
            }
        }
    }

    #[test]
    fn rows_in_one_line_are_joined_by_it() {
        let a = row(&[0.1, -0.2, 0.3]);
        let scaled = |by: f64| Batch::combine(&[(by, &a)]);
        let near = |found: &Batch<f64>, by: f64| {
            std::iter::zip(found.data(), scaled(by).data()).all(|(a, b)| (a - b).abs() < 1e-15)
        };
        assert!(near(&slerp(&a, &a, 0.3), 1.0));
        assert!(near(&slerp(&a, &scaled(3.0), 0.25), 1.5));
        assert!(near(&slerp(&a, &scaled(-1.0), 0.5), 0.0));
        assert!(near(&slerp(&a, &scaled(0.0), 0.5), 0.5));
    }

    #[test]
    fn each_row_has_its_own_angle() {
        let a = Batch::new(vec![2], vec![1.0, 0.0, 2.0, 0.0]);
        let b = Batch::new(vec![2], vec![0.0, 1.0, 4.0, 0.0]);
        let found = slerp(&a, &b, 0.5);
        assert_eq!(found.row(1), [3.0, 0.0]);
        assert!((found.row(0)[0] - 0.5_f64.sqrt()).abs() < 1e-15);
    }
}
