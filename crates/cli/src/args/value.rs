//! Values of arguments: their types, ranges and parsers.

use std::ops::RangeInclusive;

/// Height and width.
pub type SizeArg = Wrapped<[usize; 2]>;
/// Two noise levels σ/α, the lower first.
pub type IntervalArg = Wrapped<[f64; 2]>;
/// A value of one argument that the parser would take for a list of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrapped<T>(pub T);

/// More rows in one pass are a slip of the finger.
pub const MOST_ROWS: u64 = 1 << 16;
/// So are longer sides,
pub const MOST_SIDE: usize = 4096;
/// more timesteps,
pub const MOST_TIMESTEPS: u64 = 1_000_000;
/// more network calls of a run,
pub const MOST_CALLS: u64 = 100_000;
/// and more samples than a folder or a file should hold.
pub const MOST_SAMPLES: u64 = 1_000_000;

/// Reads a whole number of a range.
pub fn whole<T: TryFrom<u64> + Clone + Send + Sync + 'static>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        let (least, most) = (range.start(), range.end());
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// Reads a number of things, from 1 to `most`.
pub fn count(most: u64) -> impl Fn(&str) -> Result<usize, String> + Clone + Send + Sync + 'static {
    whole(1..=most)
}

/// Reads a seed.
pub fn seed(text: &str) -> Result<u64, String> {
    whole(0..=u64::MAX)(text)
}

/// Reads a label.
pub fn label(text: &str) -> Result<u32, String> {
    whole(0..=u32::MAX.into())(text)
}

/// Reads a timestep.
pub fn timestep(text: &str) -> Result<usize, String> {
    whole(0..=MOST_TIMESTEPS - 1)(text)
}

/// Bytes, as a number with a unit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "within the range of u64"
)]
pub fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, f64); 8] = [
        ("", 1.0),
        ("b", 1.0),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("kib", 1024.0),
        ("mib", 1_048_576.0),
        ("gib", 1_073_741_824.0),
    ];
    let place = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(place);
    let unit = UNITS.iter().find(|(name, _)| unit.eq_ignore_ascii_case(name));
    let bytes = unit.and_then(|(_, bytes)| number.trim().parse::<f64>().ok().map(|n| n * bytes));
    match bytes.filter(|bytes| (0.0..1e18).contains(bytes)) {
        Some(bytes) => Ok(bytes as u64),
        None => Err("expected a size such as 500MB, 1.5GB, 512KiB or 4096 (bytes)".to_owned()),
    }
}

#[cfg(feature = "pictures")]
pub fn decay(text: &str) -> Result<f64, String> {
    number(text, "a number in [0, 1)", |x| (0.0..1.0).contains(&x))
}

pub fn share(text: &str) -> Result<f64, String> {
    number(text, "a number in [0, 1]", |x| (0.0..=1.0).contains(&x))
}

pub fn weight(text: &str) -> Result<f64, String> {
    number(text, "a number from 0 to 1000000", |x| (0.0..=1e6).contains(&x))
}

pub fn strength(text: &str) -> Result<f64, String> {
    number(text, "a number in (0, 1]", |x| x > 0.0 && x <= 1.0)
}

pub fn interval(text: &str) -> Result<IntervalArg, String> {
    let ends = text.split_once(',').and_then(|(low, high)| {
        Some([low.trim().parse::<f64>().ok()?, high.trim().parse::<f64>().ok()?])
    });
    let ends = ends.filter(|[low, high]| 0.0 <= *low && low < high);
    ends.map(Wrapped).ok_or_else(|| {
        "expected two levels sigma/alpha, 0 or more, the lower first, such as 0.2,5".to_owned()
    })
}

pub fn size(text: &str) -> Result<SizeArg, String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=MOST_SIDE).contains(side));
    let (height, width) = text.split_once('x').unwrap_or((text, text));
    let sides = side(height).zip(side(width));
    let (height, width) = sides.ok_or_else(|| {
        format!(
            "expected a side, or height x width, such as 32 or 48x64; sides from 1 to {MOST_SIDE}"
        )
    })?;
    Ok(Wrapped([height, width]))
}

pub fn number(text: &str, expected: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number| fits(*number));
    number.ok_or_else(|| format!("expected {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for (text, expected) in [
            ("4096", 4096),
            ("0MB", 0),
            ("500 MB", 500_000_000),
            ("1.5gb", 1_500_000_000),
            ("2KiB", 2048),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "MB", "-1MB", "1TB", "1e30", "nan", "infGB", "5 apples"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }
}
