//! The distribution of samples on the line, without sampling: the density of x_t, hop after hop.

use ancestral::grid::Hop;
use ancestral::variance::{OptimalVariance, ReverseVariance};
use ancestral::{Grid, Level, Posterior, Schedule, Spacing};

use crate::Failure;
use crate::ideal::Kind;
use crate::plane::STEPS;
use crate::table::Cell;
use crate::truth::{Truth, log_normal, moments};

/// The density is known at the nodes from −REACH to REACH.
const REACH: f64 = 6.0;
const NODES: usize = 3001;
/// A Gaussian is cut off at so many standard deviations.
const CUT: f64 = 7.5;
/// Places of the distance between two quantile functions.
const QUANTILES: usize = 20_000;

/// The 2-Wasserstein distance of samples to the data, for every number of steps and variance.
pub fn distances(truth: &Truth) -> Result<Vec<Cell>, Failure> {
    let mut cells = Vec::new();
    for kind in Kind::ALL {
        for steps in STEPS {
            let grid = Grid::new(&Schedule::linear_1000(), Spacing::Trailing, steps)?;
            let value = distance(truth, &grid, kind)?;
            let curve = format!("line {}", kind.name());
            cells.push(Cell { curve, x: steps as f64, value, standard_error: None });
        }
    }
    Ok(cells)
}

fn step() -> f64 {
    2.0 * REACH / (NODES - 1) as f64
}

fn place(index: usize) -> f64 {
    -REACH + step() * index as f64
}

/// The last node at or below `x`, within the nodes.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped first")]
fn node_below(x: f64) -> usize {
    ((x + REACH) / step()).clamp(0.0, (NODES - 1) as f64) as usize
}

fn distance(truth: &Truth, grid: &Grid, kind: Kind) -> Result<f64, Failure> {
    let shared = shared(truth, grid, kind)?;
    let noise = |x: f64| log_normal(&[x], std::iter::once(0.0), 1.0).exp();
    let mut density: Vec<f64> = (0..NODES).map(|i| noise(place(i))).collect();
    for hop in grid.hops().filter(|hop| !hop.is_last()) {
        density = after(truth, &hop, shared.as_ref(), &density);
    }
    // The last hop moves each x to x̂₀(x), which ascends with x.
    let from = grid.points()[grid.points().len() - 1].level;
    let samples: Vec<(f64, f64)> = std::iter::zip(shares(&density), 0..)
        .map(|(share, i)| (share, moments(&truth.clean(&[place(i)], from)).0[0]))
        .collect();
    let data = |i| truth.log_density(&[place(i)], Level::CLEAN).exp();
    let data: Vec<f64> = shares(&(0..NODES).map(data).collect::<Vec<_>>());
    let data: Vec<(f64, f64)> = data.into_iter().zip((0..NODES).map(place)).collect();
    let square = |q: f64| (quantile(&samples, q) - quantile(&data, q)).powi(2);
    let places = (0..QUANTILES).map(|i| (i as f64 + 0.5) / QUANTILES as f64);
    Ok((places.map(square).sum::<f64>() / QUANTILES as f64).sqrt())
}

/// The variance, if it is the same for all x_t; the optimal one by quadrature.
fn shared(truth: &Truth, grid: &Grid, kind: Kind) -> Result<Option<ReverseVariance>, Failure> {
    Ok(match kind {
        Kind::Own => None,
        Kind::Small | Kind::Large => Some(kind.reverse(truth, grid)?),
        Kind::Optimal => {
            let norm = |level: Level| {
                let of_node = |i: usize| {
                    let x = [place(i)];
                    let left = moments(&truth.clean(&x, level)).1[0][0];
                    step() * truth.log_density(&x, level).exp() * left
                };
                let left: f64 = (0..NODES).map(of_node).sum();
                (level, 1.0 - left / level.karras_sigma().powi(2))
            };
            let norms = grid.points().iter().map(|point| norm(point.level)).collect();
            Some(OptimalVariance::new(norms)?.into())
        }
    })
}

/// The density after a hop: each node's share, spread by the Gaussian of the hop.
fn after(truth: &Truth, hop: &Hop, shared: Option<&ReverseVariance>, density: &[f64]) -> Vec<f64> {
    let posterior = Posterior::of(hop);
    let Posterior { on_x0, on_x_from, beta_tilde, .. } = posterior;
    let level = hop.from().level;
    let shared = shared.map(|variance| match variance.noise_scale(level, &posterior) {
        ancestral::variance::NoiseScale::Std(std) => std,
        ancestral::variance::NoiseScale::Exp { .. } => unreachable!("none of these is learned"),
    });
    let mut next = vec![0.0; NODES];
    for (i, density) in density.iter().enumerate().filter(|(_, density)| **density > 1e-16) {
        let x = place(i);
        let (x0, left) = moments(&truth.clean(&[x], level));
        let own = || (beta_tilde + on_x0 * on_x0 * left[0][0]).sqrt();
        let std = shared.unwrap_or_else(own);
        let mean = on_x0 * x0[0] + on_x_from * x;
        let reached = node_below(mean - CUT * std)..=node_below(mean + CUT * std);
        for (next, y) in next[reached.clone()].iter_mut().zip(reached) {
            let z = (place(y) - mean) / std;
            *next += density * step() / std * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
        }
    }
    next
}

/// The share of all below each node; of the node's own density half.
fn shares(density: &[f64]) -> Vec<f64> {
    let total: f64 = density.iter().sum();
    let mut below = 0.0;
    let share = |density: &f64| {
        below += density / total;
        below - 0.5 * density / total
    };
    density.iter().map(share).collect()
}

/// Where the share of all below is `q`: linear between pairs of (share, place).
fn quantile(pairs: &[(f64, f64)], q: f64) -> f64 {
    let above = pairs.partition_point(|(share, _)| *share < q).clamp(1, pairs.len() - 1);
    let [(q0, x0), (q1, x1)] = [pairs[above - 1], pairs[above]];
    if q1 > q0 { x0 + (x1 - x0) * ((q - q0) / (q1 - q0)).clamp(0.0, 1.0) } else { x0 }
}
