//! The option order, which many samplers have.

use std::ops::RangeInclusive;

use crate::options::{OptionError, Options};

/// The orders that a method has.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    /// From the least to the greatest.
    pub(crate) range: RangeInclusive<u32>,
    /// What is expected of one.
    pub(crate) expected: &'static str,
}

/// Up to a parabola.
pub(crate) const TO_3: Orders = Orders { range: 1..=3, expected: "1, 2 or 3" };

/// Up to a cubic.
pub(crate) const TO_4: Orders = Orders { range: 1..=4, expected: "1, 2, 3 or 4" };

impl Orders {
    /// The order among `options`.
    pub(crate) fn take(&self, options: &mut Options) -> Result<Option<u32>, OptionError> {
        options.take("order", self.expected, |order: &u32| self.range.contains(order))
    }

    /// `order` of the sampler called `owner`, if it is one of these.
    pub(crate) fn checked(&self, owner: &str, order: u32) -> Result<u32, OptionError> {
        OptionError::check(owner, "order", order, self.expected, |order| {
            self.range.contains(&order)
        })
    }
}
