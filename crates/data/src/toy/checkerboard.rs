//! The black squares of a board of 4 × 4, each of side 2.
//!
//! ```text
//! a ~ U(−2, 2),   b = u − 2c + (⌊a⌋ mod 2),   u ~ U(0, 1),   c ∈ {0, 1}
//! (x, y) = 2 (a, b)
//! ```

use super::{Draw, Toy};

pub(super) const TOY: Toy = Toy {
    name: "checkerboard",
    about: "the black squares of a board of 4 by 4",
    class_names: &[],
    point,
};

fn point(draw: &mut Draw) -> ([f64; 2], u32) {
    let a = 4.0 * draw.uniform() - 2.0;
    let b = draw.uniform() - 2.0 * f64::from(draw.below(2)) + a.floor().rem_euclid(2.0);
    ([2.0 * a, 2.0 * b], 0)
}
