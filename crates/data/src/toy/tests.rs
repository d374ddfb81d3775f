//! Facts that follow from the definitions, checked on many points.

use super::*;

const COUNT: usize = 40_000;

/// Points and classes of seed 3.
fn drawn(name: &str) -> (Vec<[f64; 2]>, Vec<u32>) {
    toy(name).unwrap().draws(COUNT, 3).unzip()
}

/// The mean of `f`, which must be `expected` within five standard errors.
fn assert_mean(name: &str, expected: f64, f: impl Fn([f64; 2], u32) -> f64) {
    let (points, classes) = drawn(name);
    let values: Vec<f64> = points.iter().zip(classes).map(|(&p, class)| f(p, class)).collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    let limit = 5.0 * (variance / n).sqrt() + 1e-12;
    assert!((mean - expected).abs() <= limit, "{name}: {mean} is not {expected} ± {limit}");
}

fn square_distance([x, y]: [f64; 2], [a, b]: [f64; 2]) -> f64 {
    (x - a).powi(2) + (y - b).powi(2)
}

#[test]
fn every_name_in_the_list_and_no_other_is_known() {
    assert!(TOYS.iter().all(|name| toy(name).unwrap().name() == *name));
    assert!(toy("").is_none() && toy("Moons").is_none());
    let names: std::collections::HashSet<_> = TOYS.iter().collect();
    assert_eq!(names.len(), TOYS.len());
}

#[test]
fn a_point_depends_on_the_seed_and_its_index_alone() {
    for toy in ALL {
        let points = toy.points(500, 7);
        assert_eq!(points[..20], toy.points(20, 7), "{}", toy.name);
        assert_ne!(points[0], toy.points(1, 8)[0], "{}", toy.name);
        assert_ne!(points[0], points[1], "{}", toy.name);
    }
}

#[test]
fn points_stay_in_the_plane_that_is_shown_and_classes_are_even() {
    for toy in ALL {
        let (points, labels) = drawn(toy.name);
        assert!(points.as_flattened().iter().all(|v| v.abs() < 8.0), "{}", toy.name);
        let classes = toy.class_names.len().max(1);
        for class in 0..u32::try_from(classes).unwrap() {
            let share = labels.iter().filter(|&&label| label == class).count() * classes;
            assert!(share.abs_diff(COUNT) < COUNT / 20, "{} {class}", toy.name);
        }
    }
}

#[test]
fn a_table_has_the_points_and_their_classes() {
    let table = toy("rings").unwrap().table(300, 1).unwrap();
    let names: Vec<_> = table.columns().as_slice().iter().map(crate::Column::name).collect();
    assert_eq!(names, ["x", "y"]);
    assert_eq!(table.data().class_names().len(), 4);
    assert_eq!(table.data().labels().unwrap().len(), 300);
    let back = table.columns().from_model_rows(table.data().rows());
    let points = toy("rings").unwrap().points(300, 1);
    assert!(back.iter().zip(points.as_flattened()).all(|(a, b)| (a - b).abs() < 1e-6));
    assert_eq!(toy("swiss-roll").unwrap().table(1, 1).unwrap().data().labels(), None);
    assert!(matches!(toy("moons").unwrap().table(0, 1), Err(TableError::Empty)));
}

#[test]
fn moons_lie_on_two_half_circles() {
    // The halves are centred on x = −1 and x = 1; the mean of a sine over half a turn is 2/π.
    let above = 2.0 * 2.0 / std::f64::consts::PI;
    assert_mean("moons", 0.0, |[x, _], _| x);
    assert_mean("moons", 0.8, |[_, y], c| if c == 0 { y - above + 1.0 } else { y + above });
    // Of a circle of radius 2, the square distance of a blurred point is 4 + 2 · 0.2².
    assert_mean("moons", 4.08, |point, class| match class {
        0 => square_distance(point, [-1.0, -0.2]),
        _ => square_distance(point, [1.0, 0.8]),
    });
}

#[test]
fn the_swiss_roll_keeps_its_radius() {
    // E t² over t ~ U(1.5π, 4.5π) is π² (4.5³ − 1.5³)/9 = 9.75 π²; the noise adds 2; then /25.
    let pi = std::f64::consts::PI;
    assert_mean("swiss-roll", (9.75 * pi * pi + 2.0) / 25.0, |p, _| square_distance(p, [0.0; 2]));
}

#[test]
fn the_checkerboard_fills_every_second_square_evenly() {
    // The lower left edge of a square is at −4, −2, 0 or 2.
    let column = |v: f64| [-2.0, 0.0, 2.0].iter().filter(|edge| v >= **edge).count();
    let mut counts = [0_usize; 16];
    for [x, y] in drawn("checkerboard").0 {
        counts[4 * column(y) + column(x)] += 1;
    }
    for (i, count) in counts.into_iter().enumerate() {
        let black = (i % 4 + i / 4) % 2 == 0;
        let expected = if black { COUNT / 8 } else { 0 };
        assert!(expected.abs_diff(count) < COUNT / 100, "{i}: {count}");
        assert!(black || count == 0);
    }
}

#[test]
fn rings_and_heaps_and_arms_have_their_size() {
    // E r² = 0.75² (1 + 4 + 9 + 16)/4; noise 0.08 in each direction.
    assert_mean("rings", 0.5625 * 7.5 + 2.0 * 0.0064, |p, _| square_distance(p, [0.0; 2]));
    // (4² + 2 · 0.5²)/1.414²
    let scale = 1.414_f64.powi(2);
    assert_mean("eight-gaussians", 16.5 / scale, |p, _| square_distance(p, [0.0; 2]));
    assert_mean("eight-gaussians", 0.5 / scale, |point, class| {
        let (sin, cos) = (f64::from(class) * std::f64::consts::FRAC_PI_4).sin_cos();
        square_distance(point, [4.0 / 1.414 * cos, 4.0 / 1.414 * sin])
    });
    // 4 (1 + 0.3² + 0.1²)
    assert_mean("pinwheel", 4.4, |p, _| square_distance(p, [0.0; 2]));
}

#[test]
fn the_spirals_are_each_other_turned() {
    // Along the arm E t² = (3π)²/2; an arm is shifted by (1/4, 1/4) on average.
    for class in [0, 1] {
        let sign = if class == 0 { 1.0 } else { -1.0 };
        let turned = |[x, y]: [f64; 2]| [sign * x, sign * y];
        let (points, classes) = drawn("two-spirals");
        let arm = points.iter().zip(classes).filter(|(_, c)| *c == class);
        let radii: Vec<f64> =
            arm.map(|(&p, _)| square_distance(turned(p), [0.25 / 3.0; 2])).collect();
        let mean = radii.iter().sum::<f64>() / radii.len() as f64;
        // The box of side 1/2 has variance 1/48 in each direction, the noise 1/100; then /9.
        let by_hand = (4.5 * std::f64::consts::PI.powi(2) + 2.0 / 48.0) / 9.0 + 0.02;
        assert!((mean - by_hand).abs() < 0.1, "{mean} {by_hand}");
    }
}
