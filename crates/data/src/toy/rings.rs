//! Four circles around one centre.
//!
//! ```text
//! r ∈ {3/4, 3/2, 9/4, 3},   t ~ U(0, 2π)
//! (x, y) = r (cos t, sin t) + 0.08 z,   z ~ N(0, I)
//! ```

use super::{Draw, Toy};
use std::f64::consts::TAU;

pub(super) const TOY: Toy = Toy {
    name: "rings",
    about: "four circles around one centre",
    class_names: &["first", "second", "third", "fourth"],
    point,
};

fn point(draw: &mut Draw) -> ([f64; 2], u32) {
    let class = draw.below(4);
    let radius = 0.75 * f64::from(class + 1);
    let (sin, cos) = (TAU * draw.uniform()).sin_cos();
    (draw.blur([radius * cos, radius * sin], 0.08), class)
}
