//! How far p(x_s | x_t) is from Gaussians with its mean.

use ancestral::grid::{Grid, Hop};
use ancestral::likelihood::Estimate;
use ancestral::{Level, Point, Posterior};

use crate::Failure;
use crate::ideal::Kind;
use crate::table::Cell;
use crate::truth::{Part, Truth, log_normal, moments};

/// λ = ln(α/σ) of the levels that hops begin at.
const LAMBDAS: [f64; 3] = [-2.0, 0.0, 2.0];
/// β of the hops, as parts of the largest, which leads into clean data.
const PARTS: [f64; 9] = [0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95];
/// Draws of x_t in the plane.
const DRAWS: usize = 200;

/// Whether a curve is in the plot: those on the line, of the best Gaussian of each x_t and of the best shared
/// variance.
pub fn is_drawn(curve: &str) -> bool {
    let is_best = curve.ends_with("best Gaussian") || curve.ends_with(Kind::Optimal.name());
    curve.starts_with("line") && is_best
}

/// The mean divergence for every level, β and variance.
pub fn measure(name: &str, truth: &Truth) -> Result<Vec<Cell>, Failure> {
    let nodes = nodes(truth.dimensions());
    let mut cells = Vec::new();
    for lambda in LAMBDAS {
        let from = Level::from_lambda(lambda)?;
        let starts = starts(truth, from);
        for part in PARTS {
            let beta = part * from.sigma_squared();
            let to = Level::from_alpha_bar(from.alpha_bar() / (1.0 - beta))?;
            let grid = Grid::from_points(vec![Point::off_grid(from), Point::off_grid(to)])?;
            let hop = grid.hops().next().ok_or("a grid has a hop")?;
            let found = divergences(truth, &hop, &starts, &nodes);
            cells.extend(found.into_iter().map(|(variance, value, standard_error)| Cell {
                curve: format!("{name} λ={lambda} {variance}"),
                x: beta,
                value,
                standard_error,
            }));
        }
    }
    Ok(cells)
}

/// x_t with their weights: nodes of a quadrature on the line, draws in the plane.
struct Starts {
    rows: Vec<(Vec<f64>, f64)>,
    are_draws: bool,
}

fn starts(truth: &Truth, level: Level) -> Starts {
    if truth.dimensions() == 1 {
        let (count, reach) = (401, 6.0);
        let step = 2.0 * reach / f64::from(count - 1);
        let node = |i: i32| {
            let x = vec![-reach + step * f64::from(i)];
            let weight = step * truth.log_density(&x, level).exp();
            (x, weight)
        };
        return Starts { rows: (0..count).map(node).collect(), are_draws: false };
    }
    let draws = truth.draws(level, DRAWS, 1);
    let rows = draws.iter_rows().map(|row| (row.to_vec(), 1.0 / DRAWS as f64)).collect();
    Starts { rows, are_draws: true }
}

/// Name, mean and standard error of KL(p || N(m, Σ)) in nats: for Σ the covariance of p(x_s | x_t), and
/// for each variance.
///
/// # Formula
/// ```text
/// KL(p || N(m, v I)) = KL(p || N(m, C)) + ½ (d ln v − ln |C| + tr C/v − d)
/// ```
fn divergences(
    truth: &Truth,
    hop: &Hop,
    starts: &Starts,
    nodes: &[(Vec<f64>, f64)],
) -> Vec<(&'static str, f64, Option<f64>)> {
    let posterior = Posterior::of(hop);
    let size = truth.dimensions();
    let found: Vec<(f64, Steps)> = starts
        .rows
        .iter()
        .map(|(x, weight)| (*weight, Steps::of(truth, hop, &posterior, x, nodes)))
        .collect();
    let mean = |of: &dyn Fn(&Steps) -> f64| {
        let value = found.iter().map(|(weight, steps)| weight * of(steps)).sum();
        let estimate: Estimate = found.iter().map(|(_, steps)| of(steps)).collect();
        (value, estimate.standard_error().filter(|_| starts.are_draws))
    };
    let shared = mean(&|steps| steps.variances.iter().sum::<f64>() / size as f64).0;
    let with = |kind: Kind| {
        mean(&|steps| {
            let of_element = |variance: &f64| {
                let ratio = match kind {
                    Kind::Small => variance / posterior.beta_tilde,
                    Kind::Large => variance / posterior.beta,
                    Kind::Optimal => variance / shared,
                    Kind::Own => 1.0,
                };
                0.5 * (ratio - 1.0 - ratio.ln())
            };
            let too_wide: f64 = steps.variances.iter().map(of_element).sum();
            steps.best + steps.correlation + too_wide
        })
    };
    let (best, error) = mean(&|steps| steps.best);
    let named = Kind::ALL.map(|kind| (kind.name(), with(kind).0, with(kind).1));
    [("best Gaussian", best, error)].into_iter().chain(named).collect()
}

/// p(x_s | x_t) for one x_t.
struct Steps {
    /// KL from the Gaussian of the same mean and covariance.
    best: f64,
    /// What it costs to leave out the covariances: ½ (Σ ln C_ii − ln |C|).
    correlation: f64,
    /// C_ii.
    variances: Vec<f64>,
}

impl Steps {
    fn of(
        truth: &Truth,
        hop: &Hop,
        posterior: &Posterior,
        x: &[f64],
        nodes: &[(Vec<f64>, f64)],
    ) -> Self {
        let Posterior { on_x0, on_x_from, beta_tilde, .. } = *posterior;
        let mut parts = truth.clean(x, hop.from().level);
        for part in &mut parts {
            std::iter::zip(&mut part.mean, x).for_each(|(m, x)| *m = on_x0 * *m + on_x_from * x);
            part.variance = beta_tilde + on_x0 * on_x0 * part.variance;
        }
        let (mean, covariance) = moments(&parts);
        let root = cholesky(&covariance);
        let variances: Vec<f64> = (0..x.len()).map(|i| covariance[i][i]).collect();
        let of_element = |i: usize| 0.5 * variances[i].ln() - root[i][i].ln();
        Self {
            best: divergence(&parts, &mean, &root, nodes),
            correlation: (0..x.len()).map(of_element).sum(),
            variances,
        }
    }
}

/// KL(p || N(mean, L Lᵀ)) = E[r ln r − r + 1] over the Gaussian, with r the ratio of the densities.
///
/// # Numerics
/// The form with r − 1 keeps the digits of tiny divergences.
fn divergence(parts: &[Part], mean: &[f64], root: &[Vec<f64>], nodes: &[(Vec<f64>, f64)]) -> f64 {
    let log_root: f64 = (0..mean.len()).map(|i| root[i][i].ln()).sum();
    let at = |(z, weight): &(Vec<f64>, f64)| {
        let row = |i: usize| mean[i] + (0..=i).map(|j| root[i][j] * z[j]).sum::<f64>();
        let y: Vec<f64> = (0..mean.len()).map(row).collect();
        let base = log_normal(z, std::iter::repeat(0.0), 1.0) - log_root;
        let of_part = |part: &Part| {
            part.share * (log_normal(&y, part.mean.iter().copied(), part.variance) - base).exp()
        };
        let excess = parts.iter().map(of_part).sum::<f64>() - 1.0;
        let slope = if excess > -1.0 { (1.0 + excess) * excess.ln_1p() } else { 0.0 };
        weight * (slope - excess)
    };
    nodes.iter().map(at).sum()
}

/// The lower triangular root of a positive matrix.
fn cholesky(matrix: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let size = matrix.len();
    let mut root = vec![vec![0.0; size]; size];
    for i in 0..size {
        for j in 0..=i {
            let rest = matrix[i][j] - (0..j).map(|k| root[i][k] * root[j][k]).sum::<f64>();
            root[i][j] = if i == j { rest.sqrt() } else { rest / root[j][j] };
        }
    }
    root
}

/// Nodes of a quadrature over a standard normal, with their weights: the trapezoidal rule, which is
/// exact to rounding for functions as smooth as these.
fn nodes(dimensions: usize) -> Vec<(Vec<f64>, f64)> {
    let (step, half) = if dimensions == 1 { (0.02_f64, 750) } else { (0.16, 50) };
    let line: Vec<f64> = (-half..=half).map(|i| step * f64::from(i)).collect();
    let mut places = vec![Vec::new()];
    for _ in 0..dimensions {
        let longer = |place: &Vec<f64>| {
            let place = place.clone();
            line.iter().map(move |z| [place.as_slice(), &[*z]].concat()).collect::<Vec<_>>()
        };
        places = places.iter().flat_map(longer).collect();
    }
    let weight = |z: &[f64]| {
        let cell = step.powi(i32::try_from(dimensions).expect("one or two"));
        cell * log_normal(z, std::iter::repeat(0.0), 1.0).exp()
    };
    places.into_iter().map(|z| (weight(&z), z)).map(|(weight, z)| (z, weight)).collect()
}
