//! The field of the denoised estimate: x̂₀ on a lattice of the plane, from pure noise to clean data.

use ancestral::exact::Mixture;
use ancestral::{Batch, Denoiser, Level, Point};

/// The lattice: this many nodes each way, from −REACH to REACH.
pub const NODES: usize = 21;
/// How far the lattice reaches.
pub const REACH: f64 = 3.0;
/// Number of levels.
const LEVELS: usize = 25;
/// λ of the noisiest and of the cleanest level.
const ENDS: (f64, f64) = (-5.0, 4.0);

/// The field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its levels, noisiest first.
    pub levels: Vec<Level>,
    /// x̂₀ at each level and node; the nodes line by line, x fastest.
    pub x0: Vec<Batch<f64>>,
}

impl Field {
    /// The field of a data set of the plane.
    ///
    /// # Panics
    /// Never: the levels are finite.
    #[must_use]
    pub fn new(data: &Mixture) -> Self {
        let share = |i: usize| ENDS.0 + (ENDS.1 - ENDS.0) * i as f64 / (LEVELS - 1) as f64;
        let level = |i| Level::from_lambda(share(i)).expect("a finite number");
        let levels: Vec<Level> = (0..LEVELS).map(level).collect();
        let (nodes, mut denoiser) = (nodes(), data.clone());
        let estimate = |level: &Level| {
            let Ok(denoised) = denoiser.denoise(&nodes, Point::off_grid(*level));
            denoised.x0
        };
        let x0 = levels.iter().map(estimate).collect();
        Self { levels, x0 }
    }
}

/// The nodes.
fn nodes() -> Batch<f64> {
    let place = |i: usize| REACH * (2.0 * i as f64 / (NODES - 1) as f64 - 1.0);
    let line = |y| (0..NODES).flat_map(move |x| [place(x), place(y)]);
    Batch::new(vec![2], (0..NODES).flat_map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_goes_from_the_mean_to_the_nearest_point() {
        let data = Mixture::data_set(&Batch::new(vec![2], vec![1.0, 0.0, -1.0, 1.0])).unwrap();
        let field = Field::new(&data);
        assert!((field.levels[0].lambda() + 5.0).abs() < 1e-15);
        let middle = NODES * NODES / 2;
        let [x, y] = field.x0[0].row(middle) else { panic!("two columns") };
        assert!(x.abs() < 0.01 && (y - 0.5).abs() < 0.01);
        // The last node is (3, 3), nearer to the first point by α times the data.
        assert_eq!(nodes().row(NODES * NODES - 1), [3.0, 3.0]);
        let [.., last] = &field.x0[..] else { panic!("levels") };
        assert_eq!(last.row(NODES - 1), [1.0, 0.0], "at (3, −3)");
    }
}
