//! Round numbers along an axis, and how they are written.

use std::ops::Range;

/// Multiples of 1, 2 or 5 times a power of ten in `range`, at most `count` + 1 of them.
pub(super) fn even_ticks(range: Range<f64>, count: usize) -> Vec<f64> {
    let rough = (range.end - range.start) / count as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(10.0 * power);
    let first = (range.start / step).ceil();
    let ticks = (0..=count).map(|i| (first + i as f64) * step);
    ticks.take_while(|tick| *tick <= range.end).collect()
}

/// Writes evenly spaced ticks with enough digits to distinguish them.
pub(super) fn even_labels(ticks: &[f64]) -> impl Fn(f64) -> String + use<> {
    let largest = ticks.iter().fold(0.0, |size: f64, tick| size.max(tick.abs()));
    let step = ticks.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
    let step = if step.is_finite() { step } else { largest };
    // A step of 0.1 may be a little less.
    let power = |value: f64| (value * (1.0 + 1e-9)).log10().floor();
    let plain = (1e-4..1e6).contains(&step) && largest < 1e6;
    let digits = if plain { -power(step) } else { power(largest) - power(step) };
    let digits = clamped(digits);
    move |tick| match tick {
        0.0 => "0".to_owned(),
        _ if plain => format!("{tick:.digits$}"),
        _ => format!("{tick:.digits$e}"),
    }
}

/// A number of digits: none below 0, and not more than a float64 has.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
fn clamped(digits: f64) -> usize {
    digits.clamp(0.0, 17.0) as usize
}

/// Exponents (base ten) of round numbers whose exponents are in `range`: powers of ten, or also
/// their multiples by 2 and 5 where these are few, or evenly spaced numbers in a narrow range.
pub(super) fn log_ticks(range: Range<f64>, count: usize) -> Vec<f64> {
    let decades = range.end - range.start;
    if decades < 1.0 {
        let values = 10_f64.powf(range.start)..10_f64.powf(range.end);
        return even_ticks(values, count).into_iter().map(f64::log10).collect();
    }
    let multiples: &[f64] = if 3.0 * decades > count as f64 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    let stride = (decades / count as f64).ceil().max(1.0);
    let first = (range.start / stride).floor() * stride;
    let powers = (0..=count + 1).map(|i| first + i as f64 * stride);
    let ticks = powers.flat_map(|power| multiples.iter().map(move |m| power + m.log10()));
    ticks.filter(|tick| range.contains(tick)).collect()
}

/// A number rounded to three digits, in scientific form if it is very small or large.
pub(super) fn short(value: f64) -> String {
    let scientific = format!("{value:.2e}");
    let rounded: f64 = scientific.parse().unwrap_or(value);
    let plain = rounded == 0.0 || (1e-3..1e4).contains(&rounded.abs());
    if plain { rounded.to_string() } else { format!("{rounded:e}") }
}

/// A whole number with its digits in groups of three; a broken one as it is.
pub(super) fn group(value: f64) -> String {
    let text = value.to_string();
    if value < 10_000.0 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text;
    }
    let mut grouped = String::new();
    for (i, digit) in text.chars().enumerate() {
        if i > 0 && (text.len() - i).is_multiple_of(3) {
            grouped.push('\u{202f}'); // a narrow space that does not break
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_ticks_are_round() {
        assert_eq!(even_ticks(0.0..100.0, 5), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(even_ticks(1.0..3000.0, 8), [500.0, 1000.0, 1500.0, 2000.0, 2500.0, 3000.0]);
        assert_eq!(even_ticks(7.0..8.0, 2), [7.0, 7.5, 8.0]);
    }

    #[test]
    fn labels_tell_ticks_apart() {
        let labels = |ticks: &[f64]| -> Vec<String> {
            ticks.iter().copied().map(even_labels(ticks)).collect()
        };
        assert_eq!(labels(&[-0.5, 0.0, 0.5]), ["-0.5", "0", "0.5"]);
        assert_eq!(labels(&[0.1, 0.2, 0.1 + 0.2]), ["0.1", "0.2", "0.3"]);
        assert_eq!(labels(&[0.0, 20.0, 40.0]), ["0", "20", "40"]);
        assert_eq!(labels(&[1e9, 1e9 + 5e6]), ["1.000e9", "1.005e9"]);
        assert_eq!(labels(&[2e-7, 4e-7]), ["2e-7", "4e-7"]);
        assert_eq!((labels(&[3.0]), labels(&[])), (vec!["3".to_owned()], vec![]));
    }

    #[test]
    fn log_ticks_suit_the_width_of_the_range() {
        let values = |range, count| -> Vec<String> {
            log_ticks(range, count).into_iter().map(|tick| short(10_f64.powf(tick))).collect()
        };
        assert_eq!(values(-2.1..0.1, 8), ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(values(-3.5..2.5, 8), ["0.001", "0.01", "0.1", "1", "10", "100"]);
        assert_eq!(values(-20.5..20.5, 4), ["1e-11", "1", "1e11"]);
        // 0.2 to 0.4
        assert_eq!(values(-0.699..-0.3979, 5), ["0.2", "0.25", "0.3", "0.35", "0.4"]);
    }

    #[test]
    fn numbers_are_written_short() {
        let shorts = [0.1 + 0.2, 0.001, 0.0005, 0.0, -1.0, 9990.0, 12345.6].map(short);
        assert_eq!(shorts, ["0.3", "0.001", "5e-4", "0", "-1", "9990", "1.23e4"]);
        let groups = [0.0, 9999.0, 20_000.0, 1_234_567.0, 0.5].map(group);
        assert_eq!(groups, ["0", "9999", "20\u{202f}000", "1\u{202f}234\u{202f}567", "0.5"]);
    }
}
