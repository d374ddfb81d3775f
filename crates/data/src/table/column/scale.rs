//! Numbers in model space: standardised, or as normal scores.

use super::ColumnError;

/// The most knots of a quantile transform.
const MOST_KNOTS: usize = 129;
/// Fewer values show no skewness.
const FEWEST_SKEWED: usize = 30;
/// Values of a larger skewness, or of a larger excess kurtosis, are turned into normal scores.
const MOST_SKEWNESS: f64 = 1.0;
const MOST_KURTOSIS: f64 = 3.0;

/// How numbers are scaled for the model.
///
/// # Numerics
/// In f64; model space is f32. Moments are of values shifted and scaled to 0 … 1: a large offset costs
/// no digits, and nothing overflows.
#[derive(Debug, Clone, PartialEq)]
pub enum Scale {
    /// `model = (value − mean)/deviation`, the deviation that of the population.
    Standard {
        /// The mean.
        mean: f64,
        /// The deviation, above 0.
        deviation: f64,
    },
    /// `model = Φ⁻¹(F(value))`, F the distribution function of the values: straight lines between
    /// knots that are evenly spaced in model space, and on beyond the outer ones.
    ///
    /// With n values the outer knots are at ±Φ⁻¹(1 − 1/2n), the smallest and the largest value. So of
    /// n normal numbers about one half is expected beyond each of them: no value piles up there.
    Scores {
        /// The model's number for the largest value; its negative is that of the smallest.
        edge: f64,
        /// The value at each knot, not descending; the first is smaller than the last.
        values: Vec<f64>,
    },
}

impl Scale {
    /// The scale of values, at least one; those that are all equal are only shifted.
    pub(crate) fn fit(values: &[f64]) -> Self {
        let moments = Moments::of(values);
        let is_skewed = moments.skewness.abs() > MOST_SKEWNESS || moments.kurtosis > MOST_KURTOSIS;
        if values.len() >= FEWEST_SKEWED && is_skewed { scores(values) } else { moments.standard() }
    }

    /// The same without a quantile transform.
    #[cfg(any(test, not(target_family = "wasm")))]
    pub(crate) fn standard(values: &[f64]) -> Self {
        Moments::of(values).standard()
    }

    /// What is wrong with it, if anything.
    pub(super) fn check(&self, name: &str) -> Result<(), ColumnError> {
        let name = name.to_owned();
        match self {
            Self::Standard { mean, deviation } => {
                if mean.is_finite() && deviation.is_finite() && *deviation > 0.0 {
                    return Ok(());
                }
                Err(ColumnError::Scale { name, mean: *mean, deviation: *deviation })
            }
            Self::Scores { edge, values } => {
                let ascend = values.windows(2).all(|pair| pair[0] <= pair[1]);
                let finite = values.iter().all(|value| value.is_finite());
                let differ = values.first() < values.last();
                if ascend && finite && differ && edge.is_finite() && *edge > 0.0 {
                    return Ok(());
                }
                Err(ColumnError::Values { name, values: values.clone() })
            }
        }
    }

    /// A value in model space.
    pub(super) fn encode(&self, value: f64) -> f64 {
        match self {
            Self::Standard { mean, deviation } => (value - mean) / deviation,
            Self::Scores { edge, values } => {
                let at = |knot: f64| knot * step(*edge, values) - edge;
                let first = values.partition_point(|knot| *knot < value);
                let end = values.partition_point(|knot| *knot <= value);
                let [low, high] = slopes(*edge, values);
                if first < end {
                    // All knots from first to end − 1 have this value.
                    at(f64::midpoint(first as f64, (end - 1) as f64))
                } else if first == 0 {
                    -edge + (value - values[0]) / low
                } else if first == values.len() {
                    edge + (value - values[first - 1]) / high
                } else {
                    let (from, to) = (values[first - 1], values[first]);
                    at((first - 1) as f64 + (value - from) / (to - from))
                }
            }
        }
    }

    /// The value that the model means.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between knots")]
    pub(super) fn decode(&self, model: f64) -> f64 {
        match self {
            Self::Standard { mean, deviation } => mean + deviation * model,
            Self::Scores { edge, values } => {
                let place = (model + edge) / step(*edge, values);
                let last = values.len() - 1;
                let [low, high] = slopes(*edge, values);
                if place < 0.0 {
                    values[0] + (model + edge) * low
                } else if place >= last as f64 {
                    values[last] + (model - edge) * high
                } else if place.is_nan() {
                    f64::NAN
                } else {
                    let knot = place as usize;
                    let (from, to) = (values[knot], values[knot + 1]);
                    from + (to - from) * (place - knot as f64)
                }
            }
        }
    }

    /// How far values are spread: the deviation, or a quarter of the range of the knots.
    pub(super) fn spread(&self) -> f64 {
        match self {
            Self::Standard { deviation, .. } => *deviation,
            Self::Scores { values, .. } => {
                // The middle half: the ends of skewed values are far out.
                let quarter = values.len().div_ceil(4);
                let middle = values[values.len() - 1 - quarter] - values[quarter];
                let all = values[values.len() - 1] / 4.0 - values[0] / 4.0;
                if middle > 0.0 { middle / 1.5 } else { all }
            }
        }
    }
}

/// How far knots are apart in model space.
fn step(edge: f64, values: &[f64]) -> f64 {
    2.0 * edge / (values.len() - 1) as f64
}

/// Value per number of the model, beyond the first and the last knot.
fn slopes(edge: f64, values: &[f64]) -> [f64; 2] {
    let mut rises = values.windows(2).map(|pair| pair[1] - pair[0]).filter(|rise| *rise > 0.0);
    let low = rises.next().expect("the first knot is below the last");
    [low, rises.next_back().unwrap_or(low)].map(|rise| rise / step(edge, values))
}

/// The quantile transform of values that are not all equal.
fn scores(values: &[f64]) -> Scale {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (n, last) = (sorted.len() as f64, sorted.len() - 1);
    let edge = normal_quantile(1.0 - 0.5 / n);
    let knots = MOST_KNOTS.min(sorted.len());
    let value = |knot: usize| {
        if knot == knots - 1 {
            return sorted[last];
        }
        let score = edge * (2.0 * knot as f64 / (knots - 1) as f64 - 1.0);
        let place = (normal_share(score) * n - 0.5).clamp(0.0, last as f64);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let from = place as usize;
        let [low, high] = [sorted[from], sorted[(from + 1).min(last)]];
        low + (high - low) * (place - from as f64)
    };
    Scale::Scores { edge, values: (0..knots).map(value).collect() }
}

/// The share of normal numbers below `x`.
fn normal_share(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

/// The number below which a share of normal numbers is, by bisection.
fn normal_quantile(share: f64) -> f64 {
    let halve = |[low, high]: [f64; 2], _| {
        let middle = f64::midpoint(low, high);
        if normal_share(middle) < share { [middle, high] } else { [low, middle] }
    };
    (0..60).fold([-9.0, 9.0], halve)[1]
}

/// Moments of values.
struct Moments {
    mean: f64,
    deviation: f64,
    skewness: f64,
    kurtosis: f64,
}

impl Moments {
    fn of(values: &[f64]) -> Self {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let span = values.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low;
        if span == 0.0 {
            return Self { mean: low, deviation: 1.0, skewness: 0.0, kurtosis: 0.0 };
        }
        let n = values.len() as f64;
        // From here on all is between 0 and 1.
        let parts = || values.iter().map(|value| (value - low) / span);
        let mean = parts().sum::<f64>() / n;
        let central = |power| parts().map(|part| (part - mean).powi(power)).sum::<f64>() / n;
        let (variance, third, fourth) = (central(2), central(3), central(4));
        Self {
            mean: low + span * mean,
            deviation: span * variance.sqrt(),
            skewness: third / variance.powf(1.5),
            kurtosis: fourth / (variance * variance) - 3.0,
        }
    }

    fn standard(&self) -> Scale {
        Scale::Standard { mean: self.mean, deviation: self.deviation }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(scale: &Scale) -> [f64; 2] {
        match scale {
            Scale::Standard { mean, deviation } => [*mean, *deviation],
            Scale::Scores { .. } => panic!("not standardised"),
        }
    }

    /// exp of evenly spaced normal numbers.
    fn skewed(n: usize) -> Vec<f64> {
        (0..n).map(|i| normal_quantile((i as f64 + 0.5) / n as f64).exp()).collect()
    }

    #[test]
    fn moments_are_those_by_hand() {
        let [mean, deviation] = parts(&Scale::fit(&[1.0, 2.0, 4.0, 9.5]));
        assert!((mean - 4.125).abs() < 1e-14);
        // Σ(x − 4.125)² = 9.765625 + 4.515625 + 0.015625 + 28.890625 = 43.1875
        assert!((deviation - (43.1875_f64 / 4.0).sqrt()).abs() < 1e-14);
        assert_eq!(parts(&Scale::fit(&[7.0; 3])), [7.0, 1.0]);
    }

    #[test]
    fn a_large_offset_costs_no_digits() {
        let values: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i) / 1024.0).collect();
        // Of 0 … n − 1 the variance is (n² − 1)/12.
        let by_hand = (999_999.0_f64 / 12.0).sqrt() / 1024.0;
        let [_, deviation] = parts(&Scale::fit(&values));
        assert!((deviation - by_hand).abs() < 1e-12 * by_hand, "{deviation}");
    }

    #[test]
    fn the_largest_and_the_smallest_numbers_have_moments() {
        for scale in [1e300, f64::MIN_POSITIVE] {
            let fitted = Scale::fit(&[-scale, scale, 0.25 * scale]);
            let [_, deviation] = parts(&fitted);
            assert!(deviation > 0.5 * scale && deviation < scale);
            assert!((fitted.encode(scale) - 1.111).abs() < 1e-3);
        }
    }

    #[test]
    fn normal_quantiles_are_those_of_tables() {
        for (share, by_table) in [(0.5, 0.0), (0.975, 1.959_963_984_540_054), (0.9999, 3.719_016)] {
            assert!((normal_quantile(share) - by_table).abs() < 1e-6);
        }
    }

    #[test]
    fn skewed_values_become_normal() {
        let values = skewed(1000);
        let scale = Scale::fit(&values);
        assert!(matches!(scale, Scale::Scores { .. }));
        for value in values {
            // exp of a normal number: its score is its logarithm.
            assert!((scale.encode(value) - value.ln()).abs() < 0.02, "{value}");
        }
        assert!(matches!(Scale::fit(&[0.0, 1.0].repeat(50)), Scale::Standard { .. }));
    }

    #[test]
    fn beyond_the_knots_lines_go_on() {
        let scale = Scale::Scores { edge: 2.0, values: vec![0.0, 0.0, 1.0, 4.0, 4.0] };
        // Knots at −2, −1, 0, 1, 2; the first rise is 1 and the last 3 per number of the model.
        assert_eq!([-3.0, 3.0].map(|model| scale.decode(model)), [-1.0, 7.0]);
        assert_eq!([-1.0, 7.0].map(|value| scale.encode(value)), [-3.0, 3.0]);
        // Equal knots are one value, in the middle of them.
        assert_eq!([0.0, 0.5, 1.0, 2.5, 4.0].map(|x| scale.encode(x)), [-1.5, -0.5, 0.0, 0.5, 1.5]);
        assert_eq!([-1.5, -0.5, 0.5, 1.5].map(|z| scale.decode(z)), [0.0, 0.5, 2.5, 4.0]);
        assert!(scale.decode(f64::NAN).is_nan());
    }

    proptest! {
        #[test]
        fn values_come_back(
            values in prop::collection::vec(-1e6..1e6_f64, 2..80), power in 1_i32..6
        ) {
            let values: Vec<f64> = values.iter().map(|x| x.powi(power)).collect();
            for scale in [Scale::standard(&values), scores(&values)] {
                let span = values.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
                for value in &values {
                    let back = scale.decode(scale.encode(*value));
                    prop_assert!((back - value).abs() <= 1e-12 * span, "{value} {back}");
                }
            }
        }
    }
}
