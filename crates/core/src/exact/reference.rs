//! Mixtures of the plane that samplers are measured on, by name.

use super::mixture::{Component, Mixture};

/// The names that [`reference_mixture`] knows.
pub const REFERENCE_MIXTURES: [&str; 2] = ["blobs", "ring"];

/// The mixture of that name, or `None` if there is no such name in [`REFERENCE_MIXTURES`].
///
/// `blobs`: three of different size and share. `ring`: eight equal ones on the unit circle.
///
/// # Example
/// ```
/// use ancestral::exact::{REFERENCE_MIXTURES, reference_mixture};
/// assert!(REFERENCE_MIXTURES.iter().all(|name| reference_mixture(name).is_some()));
/// assert!(reference_mixture("square").is_none());
/// ```
#[must_use]
pub fn reference_mixture(name: &str) -> Option<Mixture> {
    let components = match name {
        "blobs" => {
            vec![
                blob(0.5, [1.0, 0.5], 0.3),
                blob(0.3, [-1.2, 0.3], 0.4),
                blob(0.2, [0.2, -1.1], 0.25),
            ]
        }
        "ring" => [0, 1, 2, 3, 4, 5, 6, 7].map(on_the_circle).to_vec(),
        _ => return None,
    };
    Mixture::new(components).ok()
}

fn on_the_circle(eighth: u8) -> Component {
    let angle = f64::from(eighth) * std::f64::consts::FRAC_PI_4;
    blob(1.0, [angle.cos(), angle.sin()], 0.3)
}

fn blob(weight: f64, mean: [f64; 2], std: f64) -> Component {
    Component { weight, mean: mean.to_vec(), std }
}
