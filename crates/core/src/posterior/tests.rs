use super::*;
use crate::grid::{Grid, Point};
use crate::level::Level;
use crate::prediction::Prediction;
use crate::schedule::{Betas, Cosine, Schedule};

fn unit_hops(schedule: &Schedule) -> Vec<Hop> {
    let all: Vec<usize> = (0..schedule.len()).rev().collect();
    Grid::from_timesteps(schedule, &all).unwrap().hops().collect()
}

#[test]
fn at_the_first_two_timesteps_as_published() {
    let hops = unit_hops(&Schedule::linear_1000());
    let last = Posterior::of(&hops[999]);
    assert_eq!((last.on_x0, last.on_x_from, last.beta_tilde), (1.0, 0.0, 0.0));
    assert!((last.beta - 1e-4).abs() < 1e-18);
    let second = Posterior::of(&hops[998]);
    assert!((second.on_x0 - 0.545_291_5).abs() < 5e-8, "{second:?}");
    assert!((second.on_x_from - 0.454_708_5).abs() < 5e-8, "{second:?}");
    assert!((second.beta_tilde / 5.4532e-5 - 1.0).abs() < 1e-5);
}

#[test]
fn its_precision_is_that_of_the_step_plus_that_of_the_marginal() {
    // 1/β̃ = α_t/β_t + 1/(1−ᾱ_{t−1}), by Bayes' rule; betas of the linear schedule from its formula.
    let schedule = Schedule::linear_1000();
    let mut alpha_bar = 1.0;
    for (t, hop) in unit_hops(&schedule).iter().rev().enumerate() {
        let beta = 1e-4 + t as f64 * (0.02 - 1e-4) / 999.0;
        if t > 0 {
            let precision = (1.0 - beta) / beta + 1.0 / (1.0 - alpha_bar);
            let found = Posterior::of(hop).beta_tilde;
            // 1 − ᾱ of the naive product is what limits the digits here.
            assert!((found * precision - 1.0).abs() < 1e-11, "t = {t}: {found}");
        }
        alpha_bar *= 1.0 - beta;
    }
}

#[test]
fn the_mean_is_the_one_of_bayes_rule_for_any_hop() {
    let schedule = Cosine::default().schedule(1000).unwrap();
    for (t, s) in [(999, 998), (999, 10), (500, 499), (500, 3), (2, 0)] {
        let grid = Grid::from_timesteps(&schedule, &[t, s]).unwrap();
        let found = Posterior::of(&grid.hops().next().unwrap());
        let (t, s) = (schedule.level(t).alpha_bar(), schedule.level(s).alpha_bar());
        // Prior x_s ~ N(√ᾱ_s x0, 1−ᾱ_s), likelihood x_t ~ N(√(ᾱ_t/ᾱ_s) x_s, 1−ᾱ_t/ᾱ_s).
        let (prior, likelihood) = (1.0 / (1.0 - s), (t / s) / (1.0 - t / s));
        let variance = 1.0 / (prior + likelihood);
        let on_x0 = variance * prior * s.sqrt();
        let on_x = variance * (t / s).sqrt() / (1.0 - t / s);
        assert!((found.beta_tilde / variance - 1.0).abs() < 1e-9);
        assert!((found.on_x0 / on_x0 - 1.0).abs() < 1e-9, "{found:?} {on_x0}");
        assert!((found.on_x_from / on_x - 1.0).abs() < 1e-9, "{found:?} {on_x}");
    }
}

#[test]
fn the_three_predictions_give_the_same_mean_at_every_timestep() {
    for hop in unit_hops(&Schedule::linear_1000()) {
        let (x0, eps) = (0.6, -0.9);
        let level = hop.from().level;
        let x = level.alpha() * x0 + level.sigma() * eps;
        let posterior = Posterior::of(&hop);
        let mean = |prediction: Prediction| {
            let (a, b) = prediction.target(level);
            posterior.on_x0 * prediction.x0(&x, a * x0 + b * eps, level) + posterior.on_x_from * x
        };
        let truth = mean(Prediction::X0);
        for prediction in Prediction::ALL {
            assert!((mean(prediction) - truth).abs() < 1e-12, "{prediction:?} at {level:?}");
        }
        // The paper's own form for ε, eq. 11.
        let timestep = hop.from().timestep.unwrap();
        let beta = 1e-4 + timestep * (0.02 - 1e-4) / 999.0;
        let eq_11 = (x - beta / level.sigma() * eps) / (1.0 - beta).sqrt();
        assert!((eq_11 - truth).abs() < 1e-11, "{eq_11} {truth}");
    }
}

#[test]
fn both_ends_of_the_scale() {
    let hop = |from, to| Hop::between(Point::off_grid(from), Point::off_grid(to));
    let half = Level::from_alpha_bar(0.36).unwrap();
    let from_noise = Posterior::of(&hop(Level::NOISE, half));
    assert_eq!((from_noise.on_x_from, from_noise.beta), (0.0, 1.0));
    assert!((from_noise.on_x0 - 0.6).abs() < 1e-15 && (from_noise.beta_tilde - 0.64).abs() < 1e-15);
    let at_once = Posterior::of(&hop(Level::NOISE, Level::CLEAN));
    assert_eq!((at_once.on_x0, at_once.on_x_from, at_once.beta_tilde), (1.0, 0.0, 0.0));
}

#[test]
fn tiny_hops_lose_no_digits() {
    // λ 0.5 → 0.5 + 1e-10: β̃ = σ_s² · 2e-10 (1 − 1e-10 + …).
    let level = |lambda| Point::off_grid(Level::from_lambda(lambda).unwrap());
    let h = (0.5 + 1e-10) - 0.5;
    let posterior = Posterior::of(&Hop::between(level(0.5), level(0.5 + 1e-10)));
    let expected = level(0.5 + 1e-10).level.sigma_squared() * 2.0 * h * (1.0 - h);
    assert!((posterior.beta_tilde / expected - 1.0).abs() < 1e-14);
}
