//! Logarithms of the standard normal distribution, right as far out as f64 reaches.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// ln φ(x), the standard normal density.
pub(super) fn log_density(x: f64) -> f64 {
    -0.5 * (x * x + (2.0 * PI).ln())
}

/// Where `erfc` hands over to the continued fraction, which needs few terms from here.
const FAR: f64 = 20.0;
/// Terms of the continued fraction; at [`FAR`] the eleventh no longer changes the last digit.
const TERMS: u8 = 20;

/// ln Q(x), the logarithm of the mass above `x`.
///
/// # Formula
/// ```text
/// Q(x) = ½ erfc(x/√2) = φ(x)/(x + 1/(x + 2/(x + 3/(x + …))))
/// ```
fn log_above(x: f64) -> f64 {
    if x < 0.0 {
        (-0.5 * libm::erfc(-x * FRAC_1_SQRT_2)).ln_1p()
    } else if x < FAR {
        (0.5 * libm::erfc(x * FRAC_1_SQRT_2)).ln()
    } else if x.is_infinite() {
        f64::NEG_INFINITY
    } else {
        let fraction = (1..=TERMS).rev().fold(x, |below, k| x + f64::from(k) / below);
        log_density(x) - fraction.ln()
    }
}

/// The standard normal mass of an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mass {
    /// Its logarithm.
    pub(super) log: f64,
    /// E[x | x in the interval].
    pub(super) mean: f64,
    /// E[x² | x in the interval].
    pub(super) square: f64,
}

/// The mass between `low` < `high`, of which one may be infinite.
///
/// # Numerics
/// Short intervals by Gauss–Legendre quadrature of φ, of which a difference of two tails would leave
/// few digits; long ones by the tails on the side where they are small.
pub(super) fn mass_between(low: f64, high: f64) -> Mass {
    if low + high < 0.0 {
        let mirrored = mass_between(-high, -low);
        return Mass { mean: -mirrored.mean, ..mirrored };
    }
    let (width, middle) = (high - low, 0.5 * (low + high));
    if width.max(width * middle) < 1.0 { short(middle, 0.5 * width) } else { long(low, high) }
}

/// By the tails; `low` is the end nearer to 0.
fn long(low: f64, high: f64) -> Mass {
    let (above_low, above_high) = (log_above(low), log_above(high));
    let log = above_low + (-(above_high - above_low).exp()).ln_1p();
    let density = |x: f64| (log_density(x) - log).exp();
    let at = |x: f64| if x.is_infinite() { 0.0 } else { x * density(x) };
    Mass { log, mean: density(low) - density(high), square: 1.0 + at(low) - at(high) }
}

/// Nodes and weights of the Gauss–Legendre rule of eight points on [−1, 1], one half of them.
const NODES: [(f64, f64); 4] = [
    (0.183_434_642_495_649_8, 0.362_683_783_378_362),
    (0.525_532_409_916_329, 0.313_706_645_877_887_3),
    (0.796_666_477_413_626_7, 0.222_381_034_453_374_48),
    (0.960_289_856_497_536_3, 0.101_228_536_290_376_26),
];

/// By quadrature of φ(middle + t)/φ(middle) = exp(−middle t − ½ t²) over |t| < half.
fn short(middle: f64, half: f64) -> Mass {
    let [mut total, mut mean, mut square] = [0.0; 3];
    for (node, weight) in NODES {
        for t in [node * half, -node * half] {
            let mass = weight * half * (-t * (middle + 0.5 * t)).exp();
            total += mass;
            mean += mass * (middle + t);
            square += mass * (middle + t).powi(2);
        }
    }
    let log = log_density(middle) + total.ln();
    Mass { log, mean: mean / total, square: square / total }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_have_their_values() {
        // ln Q(x) for x = 1, 5, 10, 30, 40, 100: with 40 digits by mpmath.
        for (x, expected) in [
            (1.0, -1.841_021_645_009_264),
            (5.0, -15.064_998_393_988_725),
            (10.0, -53.231_285_150_512_47),
            (30.0, -454.321_243_956_343_2),
            (40.0, -804.608_442_013_753_8),
            (100.0, -5_005.524_208_694_205),
        ] {
            let found = log_above(x);
            assert!((found / expected - 1.0).abs() < 1e-14, "ln Q({x}) = {found}");
        }
        assert_eq!(log_above(-50.0), 0.0);
    }

    #[test]
    fn tails_join_where_the_two_forms_meet() {
        let slope = (log_above(FAR + 1e-9) - log_above(FAR - 1e-9)) / 2e-9;
        // −φ/Q at 20, by the first terms of its series: x + 1/x − 2/x³ + 10/x⁵.
        assert!((slope + 20.049_753).abs() < 2e-4, "{slope}");
    }

    #[test]
    fn short_and_long_agree_where_they_meet() {
        for (middle, width) in [(0.0_f64, 0.99_f64), (0.4, 0.9), (3.0, 0.32), (30.0, 0.033)] {
            let (low, high) = (middle - 0.5 * width, middle + 0.5 * width);
            let (a, b) = (short(middle, 0.5 * width), long(low, high));
            assert!((a.log - b.log).abs() < 1e-12 * a.log.abs(), "{middle}: {a:?} {b:?}");
            assert!((a.square / b.square - 1.0).abs() < 1e-11, "{middle}: {a:?} {b:?}");
        }
    }

    #[test]
    fn the_whole_line_and_halves_of_it() {
        let whole = mass_between(-1e300, f64::INFINITY);
        assert_eq!((whole.log, whole.square), (0.0, 1.0));
        let half = mass_between(0.0, f64::INFINITY);
        assert!((half.log + 2_f64.ln()).abs() < 1e-15 && (half.square - 1.0).abs() < 1e-15);
        assert!((half.mean - (2.0 / PI).sqrt()).abs() < 1e-15);
        let mirrored = Mass { mean: -half.mean, ..half };
        assert_eq!(mass_between(f64::NEG_INFINITY, 0.0), mirrored);
    }
}
