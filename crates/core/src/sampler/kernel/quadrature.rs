//! Integrals of interpolating polynomials, with and without an exponential weight.

/// The weight of each of some values at `nodes`, if the polynomial through them is integrated:
///
/// ```text
/// I_j = ∫₀¹ e^(z (s − 1)) ℓ_j(s) ds,     ℓ_j(s) = Π_{i≠j} (s − s_i)/(s_j − s_i)
/// ```
/// For any number of different nodes; z finite.
/// # Numerics
/// Exact for polynomials of degree below the number of nodes; see [`moment`].
pub(crate) fn integrals(z: f64, nodes: &[f64]) -> Vec<f64> {
    let moments: Vec<f64> = (0..nodes.len()).map(|power| moment(z, power)).collect();
    (0..nodes.len())
        .map(|j| {
            let polynomial = basis(nodes, j);
            std::iter::zip(polynomial, &moments).map(|(coefficient, m)| coefficient * m).sum()
        })
        .collect()
}

/// Coefficients of ℓ_j, that of s⁰ first.
fn basis(nodes: &[f64], j: usize) -> Vec<f64> {
    let mut polynomial = vec![1.0];
    for (i, node) in nodes.iter().enumerate().filter(|(i, _)| *i != j) {
        debug_assert!(nodes[j] != *node, "nodes {i} and {j} are the same");
        let scale = 1.0 / (nodes[j] - node);
        polynomial.push(0.0);
        for power in (0..polynomial.len()).rev() {
            let shifted = if power == 0 { 0.0 } else { polynomial[power - 1] };
            polynomial[power] = scale * (shifted - node * polynomial[power]);
        }
    }
    polynomial
}

/// `M_m = ∫₀¹ e^(z (s − 1)) s^m ds`.
///
/// # Numerics
/// `M_0 = (1 − e^(−z))/z`, `M_m = (1 − m M_{m−1})/z`, which loses digits for small z; there the
/// series `Σ (−z)^k m!/(m + k + 1)!`.
pub(super) fn moment(z: f64, power: usize) -> f64 {
    if z.abs() < 2.0 {
        return series(z, power);
    }
    let first = -(-z).exp_m1() / z;
    (1..=power).fold(first, |below, power| (1.0 - power as f64 * below) / z)
}

fn series(z: f64, power: usize) -> f64 {
    let mut term = 1.0 / (power + 1) as f64;
    let mut sum = 0.0;
    for k in 1_u32.. {
        if sum + term == sum {
            break;
        }
        sum += term;
        term *= -z / (power as f64 + 1.0 + f64::from(k));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `∫₀¹ f` by Simpson's rule on 4000 pieces: errors of 1e-15 and the rounding of the sum.
    fn simpson(f: impl Fn(f64) -> f64) -> f64 {
        let h = 1.0 / 8000.0;
        let sum: f64 =
            (1..8000).map(|i| f(f64::from(i) * h) * if i % 2 == 0 { 2.0 } else { 4.0 }).sum();
        (f(0.0) + sum + f(1.0)) * h / 3.0
    }

    #[test]
    fn moments_are_the_integrals_they_stand_for() {
        for z in [-9.0, -2.0, -1.999, -0.3, -1e-9, 0.0, 1e-9, 0.5, 1.999, 2.0, 7.0, 30.0_f64] {
            for power in 0..5 {
                let truth = simpson(|s| (z * (s - 1.0)).exp() * s.powi(power));
                let found = moment(z, usize::try_from(power).unwrap());
                assert!((found / truth - 1.0).abs() < 1e-11, "z {z}, power {power}: {found}");
            }
        }
    }

    #[test]
    fn series_and_recursion_agree_where_they_meet() {
        for z in [-2.0, 2.0_f64] {
            for power in 0..4 {
                let (a, b) = (moment(z, power), series(z, power));
                assert!((a / b - 1.0).abs() < 2e-15, "z {z}, power {power}: {a} {b}");
            }
        }
    }

    #[test]
    fn even_hops_without_a_weight_are_the_adams_bashforth_formulas() {
        let known: [&[f64]; 4] = [
            &[1.0],
            &[1.5, -0.5],
            &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
            &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
        ];
        for expected in known {
            let nodes: Vec<f64> = (0..expected.len()).map(|j| -(j as f64)).collect();
            for (found, expected) in std::iter::zip(integrals(0.0, &nodes), expected) {
                assert!((found - expected).abs() < 1e-14, "{found} is not {expected}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn polynomials_up_to_the_degree_are_integrated_exactly(
            z in -4.0..4.0_f64, a in 0.3..3.0_f64, b in 0.3..3.0_f64, degree in 0..4_i32,
        ) {
            let nodes = [0.0, -a, -a - b, 1.0];
            let weights = integrals(z, &nodes);
            let found: f64 =
                std::iter::zip(nodes, &weights).map(|(s, w)| w * s.powi(degree)).sum();
            let truth = moment(z, usize::try_from(degree).unwrap());
            proptest::prop_assert!((found - truth).abs() < 1e-10 * truth.abs(), "{} {}", found, truth);
        }
    }
}
