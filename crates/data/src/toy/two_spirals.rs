//! Two spirals, one the other turned by half a turn.
//!
//! ```text
//! t = 3π √u,   a = t (−cos t, sin t) + (v, w)/2,   u, v, w ~ U(0, 1)
//! (x, y) = ±a/3 + 0.1 z,   z ~ N(0, I)
//! ```

use super::{Draw, Toy};
use std::f64::consts::PI;

pub(super) const TOY: Toy = Toy {
    name: "two-spirals",
    about: "two spirals around one centre",
    class_names: &["first", "second"],
    point,
};

fn point(draw: &mut Draw) -> ([f64; 2], u32) {
    let class = draw.below(2);
    let t = 3.0 * PI * draw.uniform().sqrt();
    let (sin, cos) = t.sin_cos();
    let arm = [-t * cos, t * sin].map(|coordinate| coordinate + 0.5 * draw.uniform());
    let scale = if class == 0 { 3.0 } else { -3.0 };
    (draw.blur(arm.map(|coordinate| coordinate / scale), 0.1), class)
}
