use super::*;
use crate::grid::Grid;
use crate::point::Point;
use crate::schedule::Schedule;
use proptest::prelude::*;

/// The hops at these ᾱ; the last one ends at clean data.
fn hops(alpha_bars: &[f64]) -> Vec<Hop> {
    let level = |alpha_bar: &f64| Level::from_alpha_bar(*alpha_bar).unwrap();
    let points = alpha_bars.iter().map(level).map(Point::off_grid).collect();
    Grid::from_points(points).unwrap().hops().collect()
}

fn assert_close(found: &[f64], by_hand: &[f64]) {
    assert_eq!(found.len(), by_hand.len());
    let is_close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-14;
    assert!(found.iter().zip(by_hand).all(is_close), "{found:?}, by hand {by_hand:?}");
}

#[test]
fn shares_by_hand() {
    // ᾱ_t = 1/4, ᾱ_s = 1/2, so β = 1/2: a = (2/3, 1/6, 1/6) from state 0.
    let posterior = CategoricalPosterior::of(&hops(&[0.25, 0.5])[0]);
    // b = (2/3, 1/6, 1/6): products 16, 1, 1 of 36, and z = 1/4 + 1/4.
    assert_close(&posterior.shares(0, &[1.0, 0.0, 0.0]), &[8.0 / 9.0, 1.0 / 18.0, 1.0 / 18.0]);
    // b = (1/6, 2/3, 1/6): products 4, 4, 1 of 36, and z = 1/4.
    assert_close(&posterior.shares(0, &[0.0, 1.0, 0.0]), &[4.0 / 9.0, 4.0 / 9.0, 1.0 / 9.0]);
    // Half of each.
    assert_close(&posterior.shares(0, &[0.5, 0.5, 0.0]), &[2.0 / 3.0, 0.25, 1.0 / 12.0]);
}

#[test]
fn at_both_ends() {
    let x0 = [0.5, 0.3, 0.2];
    let [noisiest, last] = hops(&[0.0, 0.5])[..] else { panic!("two levels are two hops") };
    // The state at pure noise is forgotten, and clean data are x₀.
    let forward = noised(Level::from_alpha_bar(0.5).unwrap(), &x0);
    assert_close(&forward, &[5.0 / 12.0, 19.0 / 60.0, 4.0 / 15.0]);
    for state in 0..3 {
        assert_close(&CategoricalPosterior::of(&noisiest).shares(state, &x0), &forward);
        assert_close(&CategoricalPosterior::of(&last).shares(state, &x0), &x0);
    }
    assert_close(&noised(Level::CLEAN, &x0), &x0);
}

#[test]
#[should_panic(expected = "state 3 of 3")]
fn a_state_that_is_not_there_panics() {
    let _ = CategoricalPosterior::of(&hops(&[0.5])[0]).shares(3, &[0.5, 0.3, 0.2]);
}

#[test]
fn a_reverse_process_with_the_exact_probabilities_ends_at_the_data() {
    // p(x₀ | x_t) by Bayes' rule; the shares of x_t follow hop by hop without any draw.
    let data = [0.7, 0.25, 0.04, 0.01];
    let grid = Grid::from_timesteps(&Schedule::linear_1000(), &[999, 700, 300, 50, 3]).unwrap();
    let mut shares = noised(grid.points()[0].level, &data);
    for hop in grid.hops() {
        let posterior = CategoricalPosterior::of(&hop);
        let mut next = vec![0.0; 4];
        for (state, share) in shares.iter().enumerate() {
            let likelihood = |j: usize| {
                let one: Vec<f64> = (0..4).map(|k| f64::from(u8::from(k == j))).collect();
                data[j] * noised(hop.from().level, &one)[state]
            };
            let joint: Vec<f64> = (0..4).map(likelihood).collect();
            let all: f64 = joint.iter().sum();
            let x0: Vec<f64> = joint.iter().map(|part| part / all).collect();
            for (next, to) in next.iter_mut().zip(posterior.shares(state, &x0)) {
                *next += share * to;
            }
        }
        assert_close(&next, &noised(hop.to().level, &data));
        shares = next;
    }
}

proptest! {
    #[test]
    fn shares_are_those_of_bayes_rule(
        parts in prop::collection::vec(0.0..1.0_f64, 2..9), t in 0.0..1.0_f64, gap in 0.01..1.0_f64, i in 0_usize..9
    ) {
        let (count, s) = (parts.len(), t + (0.999_999 - t) * gap);
        let i = i % count;
        let posterior = CategoricalPosterior::of(&hops(&[t, s])[0]);
        let all: f64 = parts.iter().sum::<f64>() + 1e-9;
        let x0: Vec<f64> = parts.iter().map(|part| (part + 1e-9 / count as f64) / all).collect();
        let step = |from: usize, to: usize, kept: f64| {
            kept * f64::from(u8::from(from == to)) + (1.0 - kept) / count as f64
        };
        let found = posterior.shares(i, &x0);
        for (k, found) in found.iter().enumerate() {
            let of = |j: usize| x0[j] * step(j, k, s) * step(k, i, t / s) / step(j, i, t);
            let by_rule: f64 = (0..count).map(of).sum();
            prop_assert!((found - by_rule).abs() < 1e-9, "{found} {by_rule}");
        }
        prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    }
}
