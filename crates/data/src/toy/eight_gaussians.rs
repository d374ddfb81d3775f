//! Eight round heaps on a circle.
//!
//! ```text
//! t = k π/4,   k ∈ {0 … 7}
//! (x, y) = (4 (cos t, sin t) + z/2)/1.414,   z ~ N(0, I)
//! ```

use super::{Draw, Toy};
use std::f64::consts::FRAC_PI_4;

pub(super) const TOY: Toy = Toy {
    name: "eight-gaussians",
    about: "eight round heaps on a circle",
    class_names: &[
        "east",
        "northeast",
        "north",
        "northwest",
        "west",
        "southwest",
        "south",
        "southeast",
    ],
    point,
};

fn point(draw: &mut Draw) -> ([f64; 2], u32) {
    let class = draw.below(8);
    let (sin, cos) = (FRAC_PI_4 * f64::from(class)).sin_cos();
    (draw.blur([4.0 * cos, 4.0 * sin], 0.5).map(|coordinate| coordinate / 1.414), class)
}
