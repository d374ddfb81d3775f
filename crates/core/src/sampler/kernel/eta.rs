//! The option η, which many samplers have.

use crate::options::{OptionError, OptionInfo, Options};

/// η of a sampler that is ancestral by default.
pub(crate) const ANCESTRAL: &[OptionInfo] = &[OptionInfo { default: "1", ..ETA }];

/// η of one that is deterministic by default.
pub(crate) const DETERMINISTIC: &[OptionInfo] = &[ETA];

const ETA: OptionInfo =
    OptionInfo { name: "eta", default: "0", about: "share of ancestral noise, 0 to 1" };

const EXPECTED: &str = "a number from 0 to 1";

fn fits(eta: f64) -> bool {
    (0.0..=1.0).contains(&eta)
}

/// The η among `options`.
pub(crate) fn take(options: &mut Options) -> Result<Option<f64>, OptionError> {
    options.take("eta", EXPECTED, |eta| fits(*eta))
}

/// `eta` of the sampler called `owner`, if it is one.
pub(crate) fn checked(owner: &str, eta: f64) -> Result<f64, OptionError> {
    OptionError::check(owner, "eta", eta, EXPECTED, fits)
}

/// The η of a sampler that is ancestral by default and has no other option.
pub(crate) fn ancestral(mut options: Options) -> Result<f64, OptionError> {
    let eta = take(&mut options)?;
    options.finish(ANCESTRAL)?;
    Ok(eta.unwrap_or(1.0))
}
