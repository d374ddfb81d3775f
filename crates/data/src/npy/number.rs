//! The numbers that an array may hold, as its dtype names them.

use half::f16;

/// What the numbers of an array are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// Unsigned integers of one byte, 0 to 255.
    Bytes,
    /// Unsigned integers of two bytes, 0 to 65535.
    Words,
    /// Other integers: signed ones of any width, unsigned ones of four and eight bytes.
    Integers,
    /// Floating-point numbers of two, four or eight bytes.
    Reals,
    /// False and true.
    Bools,
}

impl NumberKind {
    /// A value of a picture, from −1 (black) to 1 (white); reals are taken as they are, and so are integers
    /// of unknown range.
    pub(super) fn in_model_space(self, value: f64) -> f64 {
        match self {
            Self::Bytes => (2.0 * value - 255.0) / 255.0,
            Self::Words => (2.0 * value - 65535.0) / 65535.0,
            Self::Bools => 2.0 * value - 1.0,
            Self::Reals | Self::Integers => value,
        }
    }
}

/// How one number is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    class: Class,
    width: usize,
    is_big_endian: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Bool,
    Unsigned,
    Signed,
    Float,
}

impl Number {
    /// The number that a dtype such as `'<f4'` names, quotes included.
    pub(super) fn from_descr(descr: &str) -> Option<Self> {
        let name = descr.strip_prefix('\'')?.strip_suffix('\'')?;
        let (order, name) = name.split_at_checked(1)?;
        let (class, width) = match name {
            "b1" => (Class::Bool, 1),
            "u1" => (Class::Unsigned, 1),
            "u2" => (Class::Unsigned, 2),
            "u4" => (Class::Unsigned, 4),
            "u8" => (Class::Unsigned, 8),
            "i1" => (Class::Signed, 1),
            "i2" => (Class::Signed, 2),
            "i4" => (Class::Signed, 4),
            "i8" => (Class::Signed, 8),
            "f2" => (Class::Float, 2),
            "f4" => (Class::Float, 4),
            "f8" => (Class::Float, 8),
            _ => return None,
        };
        Some(Self { class, width, is_big_endian: order == ">" })
    }

    /// The number of bytes.
    pub(super) fn width(self) -> usize {
        self.width
    }

    pub(super) fn kind(self) -> NumberKind {
        match (self.class, self.width) {
            (Class::Bool, _) => NumberKind::Bools,
            (Class::Unsigned, 1) => NumberKind::Bytes,
            (Class::Unsigned, 2) => NumberKind::Words,
            (Class::Unsigned | Class::Signed, _) => NumberKind::Integers,
            (Class::Float, _) => NumberKind::Reals,
        }
    }

    /// The value of one number. Integers beyond 2⁵³ are rounded.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "the bits are cut to the width that was read"
    )]
    pub(super) fn value(self, bytes: &[u8]) -> f64 {
        let push = |bits: u64, byte: &u8| (bits << 8) | u64::from(*byte);
        let bits = if self.is_big_endian {
            bytes.iter().fold(0, push)
        } else {
            bytes.iter().rev().fold(0, push)
        };
        // Moved to the top and back, a negative number keeps its sign.
        let unused = 64 - 8 * self.width;
        match (self.class, self.width) {
            (Class::Bool, _) => f64::from(u8::from(bits != 0)),
            (Class::Unsigned, _) => bits as f64,
            (Class::Signed, _) => (((bits << unused) as i64) >> unused) as f64,
            (Class::Float, 2) => f16::from_bits(bits as u16).to_f64(),
            (Class::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Class::Float, _) => f64::from_bits(bits),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(descr: &str, bytes: &[u8]) -> f64 {
        let number = Number::from_descr(descr).unwrap();
        assert_eq!(number.width(), bytes.len());
        number.value(bytes)
    }

    #[test]
    fn every_number_has_its_value_in_both_orders() {
        assert_eq!(value("'|b1'", &[1]), 1.0);
        assert_eq!(value("'|u1'", &[255]), 255.0);
        assert_eq!(value("'<u2'", &[0x34, 0x12]), 4660.0);
        assert_eq!(value("'>u2'", &[0x12, 0x34]), 4660.0);
        assert_eq!(value("'>u4'", &[0xff, 0, 0, 0]), 4_278_190_080.0);
        assert_eq!(value("'<u8'", &[0, 0, 0, 0, 0, 0, 0, 0x80]), 9_223_372_036_854_775_808.0);
        assert_eq!(value("'|i1'", &[0x80]), -128.0);
        assert_eq!(value("'>i2'", &[0xff, 0xfe]), -2.0);
        assert_eq!(value("'<i4'", &[0xff, 0xff, 0xff, 0xff]), -1.0);
        assert_eq!(value("'<i8'", &[0, 0, 0, 0, 0, 0, 0, 0x80]), -9_223_372_036_854_775_808.0);
        assert_eq!(value("'<f2'", &[0x00, 0xc0]), -2.0);
        assert_eq!(value("'>f4'", &[0x3f, 0xc0, 0, 0]), 1.5);
        assert_eq!(value("'<f8'", &[0, 0, 0, 0, 0, 0, 0xe0, 0x3f]), 0.5);
    }

    #[test]
    fn what_is_no_number_is_none() {
        for descr in ["'<c8'", "'|O'", "'<U5'", "'<M8[D]'", "'|S4'", "[('x', '<f4')]", "'", "''"] {
            assert_eq!(Number::from_descr(descr), None);
        }
    }
}
