//! Toy sets: any number of points of the plane, each from its own random stream.

mod draw;

use crate::{Table, TableError};
use draw::Draw;

/// A density in the plane that points are drawn from.
///
/// The sets are those of the field's usual toy code; [`about`](Self::about) describes each,
/// and [`TOYS`] names them all.
///
/// # Numerics
/// Point i depends on (name, seed, i) alone: the first k of n points are the same as k points.
/// It is made in f64 by ChaCha8, with the key seed (8 bytes, little endian) ‖ "toy" ‖ zeros and
/// stream i. Sines are those of the platform's library, which may differ in the last digit.
/// # Source
/// Grathwohl et al. 2019, arXiv:1810.01367, `toy_data.py` of its code, which takes moons and
/// swiss-roll from scikit-learn. Differs from it: angles and classes are drawn independently for
/// every point, where the original spaces some of them evenly over the requested points.
/// # Example
/// ```
/// use ancestral_data::toy;
///
/// let moons = toy("moons").expect("moons are compiled in");
/// let points = moons.points(2000, 7);
/// assert_eq!(points[..10], moons.points(10, 7));
/// assert_eq!(moons.table(2000, 7)?.data().shape(), [2]);
/// # Ok::<(), ancestral_data::TableError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Toy {
    name: &'static str,
    about: &'static str,
    class_names: &'static [&'static str],
    /// A point and its class, which is 0 where there are no classes.
    point: fn(&mut Draw) -> ([f64; 2], u32),
}

/// The one list of toy sets: names, look-up and tests come from here.
macro_rules! toys {
    ($($module:ident),* $(,)?) => {
        $(mod $module;)*

        const ALL: &[Toy] = &[$($module::TOY),*];

        /// The names that [`toy()`] knows.
        pub const TOYS: &[&str] = &[$($module::TOY.name),*];
    };
}

toys! { moons, swiss_roll, checkerboard, rings, eight_gaussians, two_spirals, pinwheel }

/// The toy set of that name, or `None` if there is no such name in [`TOYS`].
///
/// # Example
/// ```
/// use ancestral_data::{TOYS, toy};
///
/// assert!(TOYS.iter().all(|name| toy(name).is_some()));
/// assert!(toy("suns").is_none());
/// ```
#[must_use]
pub fn toy(name: &str) -> Option<Toy> {
    ALL.iter().find(|toy| toy.name == name).copied()
}

impl Toy {
    /// The name, as in [`TOYS`].
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What the set looks like, in a few words.
    #[must_use]
    pub fn about(&self) -> &'static str {
        self.about
    }

    /// The name of each class; empty where the set falls into no classes.
    #[must_use]
    pub fn class_names(&self) -> &'static [&'static str] {
        self.class_names
    }

    /// Points 0 … `count` − 1 of `seed`, as drawn: not standardised.
    #[must_use]
    pub fn points(&self, count: usize, seed: u64) -> Vec<[f64; 2]> {
        self.draws(count, seed).map(|(point, _)| point).collect()
    }

    /// The same points as a table with the columns x and y, and with labels if there are classes.
    ///
    /// # Errors
    /// [`TableError::Empty`] if `count` is 0.
    ///
    /// # Panics
    /// Never: every class has a name.
    pub fn table(&self, count: usize, seed: u64) -> Result<Table, TableError> {
        let rows = self.points(count, seed).into_flattened();
        let table = Table::new(&["x", "y"], &rows)?;
        if self.class_names.is_empty() {
            return Ok(table);
        }
        let labels = self.draws(count, seed).map(|(_, class)| class).collect();
        let class_names = self.class_names.iter().map(ToString::to_string).collect();
        Ok(table.with_labels(labels, class_names).expect("every class has a name"))
    }

    fn draws(&self, count: usize, seed: u64) -> impl Iterator<Item = ([f64; 2], u32)> {
        let Self { point, .. } = *self;
        (0..count as u64).map(move |i| point(&mut Draw::new(seed, i)))
    }
}

#[cfg(test)]
mod tests;
