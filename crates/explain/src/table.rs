//! Arrays in a page: little-endian bytes in base64, with their shape.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// An array in the page. `value = (stored − zero) · unit`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Table {
    #[serde(rename = "type")]
    kind: &'static str,
    shape: Vec<usize>,
    unit: f64,
    zero: i32,
    bytes: String,
}

impl Table {
    /// Numbers that are read: f32.
    #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is the purpose")]
    pub fn single(shape: &[usize], values: impl IntoIterator<Item = f64>) -> Self {
        let bytes = values.into_iter().flat_map(|value| (value as f32).to_le_bytes()).collect();
        Self::new("f32", shape, (1.0, 0), bytes)
    }

    /// Places of points that are only drawn: steps of 1/4096, which no screen resolves.
    #[expect(clippy::cast_possible_truncation, reason = "a cast from f64 saturates")]
    pub fn drawn(shape: &[usize], values: impl IntoIterator<Item = f64>) -> Self {
        let stored = |value: f64| ((value * 4096.0).round() as i16).to_le_bytes();
        Self::new("i16", shape, (1.0 / 4096.0, 0), values.into_iter().flat_map(stored).collect())
    }

    /// Values of pictures that are only drawn: steps of 1/64 from −2 to 2. Black is −1 and white 1, so
    /// what is beyond is not seen.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from f64 saturates"
    )]
    pub fn pixels(shape: &[usize], values: impl IntoIterator<Item = f64>) -> Self {
        let stored = |value: f64| (value * 64.0 + 128.0).round() as u8;
        Self::new("u8", shape, (1.0 / 64.0, 128), values.into_iter().map(stored).collect())
    }

    /// Whole numbers below 65536.
    ///
    /// # Panics
    /// If one is larger.
    pub fn whole(shape: &[usize], values: impl IntoIterator<Item = usize>) -> Self {
        let stored = |value| u16::try_from(value).expect("a number below 65536").to_le_bytes();
        Self::new("u16", shape, (1.0, 0), values.into_iter().flat_map(stored).collect())
    }

    fn new(kind: &'static str, shape: &[usize], (unit, zero): (f64, i32), bytes: Vec<u8>) -> Self {
        let size = match kind {
            "f32" => 4,
            "u8" => 1,
            _ => 2,
        };
        assert_eq!(bytes.len(), size * shape.iter().product::<usize>(), "{kind} of {shape:?}");
        Self { kind, shape: shape.to_vec(), unit, zero, bytes: STANDARD.encode(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_stored_in_their_type() {
        assert_eq!(Table::single(&[1], [1.5]).bytes, "AADAPw==");
        assert_eq!(Table::drawn(&[2], [1.0, -9.0]).bytes, "ABAAgA==");
        assert_eq!(Table::pixels(&[3], [-1.0, 0.0, 5.0]).bytes, STANDARD.encode([64, 128, 255]));
        assert_eq!(Table::whole(&[1], [258]).bytes, "AgE=");
    }

    #[test]
    #[should_panic(expected = "f32 of [2]")]
    fn the_shape_is_that_of_the_values() {
        let _ = Table::single(&[2], [1.0]);
    }
}
