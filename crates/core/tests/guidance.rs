//! Guidance of given estimates.

use ancestral::denoiser::{Guidance, Guided, from_fn};
use ancestral::{Batch, Denoiser, Level, Point};

/// By hand: x = u + 3 (c − u), then x (0.7 s_c/s + 0.3) with the deviations s of each row.
#[test]
fn each_row_is_rescaled_by_its_own_spread() {
    let estimate = |rows: [f64; 8]| {
        from_fn(move |_: &Batch<f64>, _: Point| Batch::new(vec![4], rows.to_vec()))
    };
    let with = estimate([1.0, 0.0, -1.0, 2.0, 0.2, 0.4, 0.0, -0.6]);
    let without = estimate([0.5, 0.5, -0.5, 0.5, 0.1, 0.1, 0.1, 0.1]);
    let guidance = Guidance::new(3.0).and_then(|guidance| guidance.with_rescale(0.7));
    let mut guided = Guided::new((with, without), guidance.expect("a valid guidance"));
    let x = Batch::zeros(2, vec![4]);
    let Ok(found) =
        guided.denoise(&x, Point::off_grid(Level::from_alpha_bar(0.5).expect("a level")));
    let expected = [
        1.171_547_6,
        -0.585_773_8,
        -1.171_547_6,
        2.928_869_0,
        0.213_333_3,
        0.533_333_3,
        -0.106_666_7,
        -1.066_666_7,
    ];
    for (found, expected) in found.x0.data().iter().zip(expected) {
        assert!((found - expected).abs() < 1e-7, "{found} is not {expected}");
    }
}
