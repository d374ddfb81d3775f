//! Which colour channels a pixel has.

/// The channels of a pixel, in the order in which they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channels {
    /// One channel: grey.
    Grey,
    /// Three channels: red, green, blue.
    Rgb,
    /// Four channels: red, green, blue, and opacity, which is not multiplied in.
    Rgba,
}

impl Channels {
    /// The channels that `count` values a pixel stand for, or `None` if that is not 1, 3 or 4.
    ///
    /// # Example
    /// ```
    /// use ancestral_data::Channels;
    ///
    /// assert_eq!(Channels::from_count(3), Some(Channels::Rgb));
    /// assert_eq!(Channels::from_count(2), None);
    /// ```
    #[must_use]
    pub const fn from_count(count: usize) -> Option<Self> {
        match count {
            1 => Some(Self::Grey),
            3 => Some(Self::Rgb),
            4 => Some(Self::Rgba),
            _ => None,
        }
    }

    /// The number of values a pixel: 1, 3 or 4.
    #[must_use]
    pub const fn count(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
            Self::Rgba => 4,
        }
    }
}
