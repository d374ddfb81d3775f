//! Two half circles that reach into each other.
//!
//! ```text
//! t ~ U(0, π),   upper: (cos t, sin t),   lower: (1 − cos t, 1/2 − sin t)
//! (x, y) = 2 (half + 0.1 z) − (1, 0.2),   z ~ N(0, I)
//! ```

use super::{Draw, Toy};
use std::f64::consts::PI;

pub(super) const TOY: Toy = Toy {
    name: "moons",
    about: "two half circles that reach into each other",
    class_names: &["upper", "lower"],
    point,
};

fn point(draw: &mut Draw) -> ([f64; 2], u32) {
    let class = draw.below(2);
    let (sin, cos) = (PI * draw.uniform()).sin_cos();
    let half = if class == 0 { [cos, sin] } else { [1.0 - cos, 0.5 - sin] };
    let [x, y] = draw.blur(half, 0.1);
    ([2.0 * x - 1.0, 2.0 * y - 0.2], class)
}
