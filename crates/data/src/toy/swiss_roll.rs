//! A spiral of one turn and a half.
//!
//! ```text
//! t = 3π/2 · (1 + 2u),   u ~ U(0, 1)
//! (x, y) = (t (cos t, sin t) + z)/5,   z ~ N(0, I)
//! ```

use super::{Draw, Toy};
use std::f64::consts::PI;

pub(super) const TOY: Toy =
    Toy { name: "swiss-roll", about: "a spiral that winds outwards", class_names: &[], point };

fn point(draw: &mut Draw) -> ([f64; 2], u32) {
    let t = 1.5 * PI * (1.0 + 2.0 * draw.uniform());
    let (sin, cos) = t.sin_cos();
    (draw.blur([t * cos, t * sin], 1.0).map(|coordinate| coordinate / 5.0), 0)
}
