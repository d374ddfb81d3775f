//! The data sets that the program carries, by name.

use crate::{Dataset, digits};

/// The names that [`builtin()`] knows.
pub const BUILTIN: &[&str] = &["digits"];

/// The built-in data set of that name, or `None` if there is no such name in [`BUILTIN`].
///
/// # Example
/// ```
/// use ancestral_data::{BUILTIN, builtin};
///
/// assert!(BUILTIN.iter().all(|name| builtin(name).is_some()));
/// assert!(builtin("letters").is_none());
/// ```
#[must_use]
pub fn builtin(name: &str) -> Option<Dataset> {
    match name {
        "digits" => Some(digits()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_in_the_list_and_no_other_is_known() {
        assert!(BUILTIN.iter().all(|name| builtin(name).is_some()));
        assert!(builtin("").is_none() && builtin("Digits").is_none());
    }
}
