//! Five curved arms of a wheel.
//!
//! ```text
//! r = 1 + 0.3 z₁,   s = 0.1 z₂,   t = 2π k/5 + eʳ/4,   z ~ N(0, I),   k ∈ {0 … 4}
//! (x, y) = 2 (r cos t + s sin t, s cos t − r sin t)
//! ```

use super::{Draw, Toy};
use std::f64::consts::TAU;

pub(super) const TOY: Toy = Toy {
    name: "pinwheel",
    about: "five curved arms of a wheel",
    class_names: &["first", "second", "third", "fourth", "fifth"],
    point,
};

fn point(draw: &mut Draw) -> ([f64; 2], u32) {
    let class = draw.below(5);
    let (r, s) = (1.0 + 0.3 * draw.normal(), 0.1 * draw.normal());
    let (sin, cos) = (TAU * f64::from(class) / 5.0 + r.exp() / 4.0).sin_cos();
    ([2.0 * (r * cos + s * sin), 2.0 * (s * cos - r * sin)], class)
}
