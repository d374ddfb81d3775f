//! The kernel distance: the maximum mean discrepancy with a cubic kernel.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardUniform};
use rayon::prelude::*;

use crate::estimate::Estimate;
use crate::product::products_f64;
use crate::rows::check;
use crate::{MetricError, Rows};

/// The rows of one matrix product on each side.
const BLOCK: usize = 256;

/// How [`kernel_distance`] averages over subsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KernelSubsets {
    /// The number of subsets: 100 by default.
    pub count: usize,
    /// The rows of each, drawn without replacement: 1000 by default.
    pub size: usize,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for KernelSubsets {
    fn default() -> Self {
        Self { count: 100, size: 1000, seed: 0 }
    }
}

/// The kernel distance of subsets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KernelDistance {
    /// The mean over subsets: it has no bias, and so can be below 0.
    pub mean: f64,
    /// The standard deviation over subsets, divided by their number: what papers print after ±.
    /// It falls with the size of subsets, not with their number, and is not the error of the mean.
    pub standard_deviation: f64,
}

/// The kernel distance (KID of features of a network): the mean of [`squared_mmd`] over random subsets
/// of both sets.
///
/// # Formula
/// ```text
/// MMD²(X, Y) = mean over i ≠ j of k(x_i, x_j) + mean over i ≠ j of k(y_i, y_j)
///              − 2 mean over i, j of k(x_i, y_j),          k(x, y) = (x·y/d + 1)³
/// ```
/// for rows of d values.
///
/// # Source
/// Bińkowski et al. 2018, arXiv:1801.01401, §4; defaults and standard deviation as in torch-fidelity
/// (100 subsets of 1000 rows). Differs from torch-fidelity in which subsets are drawn.
///
/// # Errors
/// [`MetricError`] if the rows differ in length, or a subset is larger than a set.
///
/// # Example
/// ```
/// use ancestral_metrics::{KernelSubsets, Rows, kernel_distance};
///
/// // k = (x y + 1)³. Within: k(0, 1) = 1 and k(1, 2) = 27; across: 1, 1, 8, 27, whose mean is 37/4.
/// let (a, b) = (Rows::new(&[0.0, 1.0], 1)?, Rows::new(&[1.0, 2.0], 1)?);
/// let all = KernelSubsets { size: 2, ..KernelSubsets::default() };
/// let found = kernel_distance(a, b, all)?;
/// assert_eq!((found.mean, found.standard_deviation), (1.0 + 27.0 - 2.0 * 37.0 / 4.0, 0.0));
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn kernel_distance(
    a: Rows,
    b: Rows,
    subsets: KernelSubsets,
) -> Result<KernelDistance, MetricError> {
    check(&a, &b, 1)?;
    let (KernelSubsets { count, size, seed }, rows) = (subsets, a.count().min(b.count()));
    if count == 0 || size < 2 || size > rows {
        return Err(MetricError::Subsets { subsets: count, size, rows });
    }
    let mmd = |subset| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(subset);
        let (a, b) = (gather(a, size, &mut rng), gather(b, size, &mut rng));
        Sums::of(&a, &b, size).squared_mmd()
    };
    let found: Vec<f64> = (0..count as u64).into_par_iter().map(mmd).collect();
    let mean = found.iter().sum::<f64>() / count as f64;
    let squares: f64 = found.iter().map(|x| (x - mean).powi(2)).sum();
    Ok(KernelDistance { mean, standard_deviation: (squares / count as f64).sqrt() })
}

/// The unbiased squared maximum mean discrepancy of all rows, with the kernel of [`kernel_distance`].
///
/// # Formula
/// That of [`kernel_distance`]; sets may differ in size.
///
/// # Numerics
/// In f64. The standard error is the delete-one jackknife's over both sets. Where the distributions
/// are equal it is too large on average, by a factor of about √2.
///
/// # Source
/// Gretton et al. 2012, JMLR 13, lemma 6; the error: Arvesen 1969, doi:10.1214/aoms/1177697287.
///
/// # Errors
/// [`MetricError`] if the rows differ in length, or a set has fewer than 3 rows.
pub fn squared_mmd(a: Rows, b: Rows) -> Result<Estimate, MetricError> {
    check(&a, &b, 3)?;
    let wide = |rows: Rows| rows.values().iter().map(|&x| f64::from(x)).collect::<Vec<_>>();
    let sums = Sums::of_sets(&wide(a), &wide(b), a.row_len());
    Ok(Estimate { value: sums.squared_mmd(), standard_error: sums.jackknife() })
}

/// Random rows without replacement, in f64.
fn gather(rows: Rows, size: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut indices: Vec<usize> = (0..rows.count()).collect();
    let mut values = Vec::with_capacity(size * rows.row_len());
    for place in 0..size {
        let left = indices.len() - place;
        let uniform: f64 = StandardUniform.sample(rng);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 0 and below the number of rows"
        )]
        let other = place + ((uniform * left as f64) as usize).min(left - 1);
        indices.swap(place, other);
        values.extend(rows.row(indices[place]).iter().map(|&x| f64::from(x)));
    }
    values
}

/// For each row of both sets, the sums of its kernels with all other rows of its set, and with all
/// rows of the other.
struct Sums {
    within_a: Vec<f64>,
    within_b: Vec<f64>,
    a_to_b: Vec<f64>,
    b_to_a: Vec<f64>,
}

impl Sums {
    fn of(a: &[f64], b: &[f64], size: usize) -> Self {
        Self::of_sets(a, b, a.len() / size)
    }

    fn of_sets(a: &[f64], b: &[f64], row_len: usize) -> Self {
        Self {
            within_a: kernel_sums(a, a, row_len, true),
            within_b: kernel_sums(b, b, row_len, true),
            a_to_b: kernel_sums(a, b, row_len, false),
            b_to_a: kernel_sums(b, a, row_len, false),
        }
    }

    fn squared_mmd(&self) -> f64 {
        let (n, m) = (self.within_a.len() as f64, self.within_b.len() as f64);
        let total = |sums: &[f64]| sums.iter().sum::<f64>();
        total(&self.within_a) / (n * (n - 1.0)) + total(&self.within_b) / (m * (m - 1.0))
            - 2.0 * total(&self.a_to_b) / (n * m)
    }

    /// √( Σ over sets of (n − 1)/n Σ_i (θ_i − mean θ)² ), with θ_i computed without row i.
    fn jackknife(&self) -> f64 {
        let variance = variance_of_one(&self.within_a, &self.a_to_b, self.within_b.len())
            + variance_of_one(&self.within_b, &self.b_to_a, self.within_a.len());
        variance.sqrt()
    }
}

/// The jackknife's part of one set; the terms without its rows cancel.
fn variance_of_one(within: &[f64], across: &[f64], others: usize) -> f64 {
    let (n, m) = (within.len() as f64, others as f64);
    let totals = (within.iter().sum::<f64>(), across.iter().sum::<f64>());
    let without = |(own, to_others): (&f64, &f64)| {
        (totals.0 - 2.0 * own) / ((n - 1.0) * (n - 2.0))
            - 2.0 * (totals.1 - to_others) / ((n - 1.0) * m)
    };
    let without: Vec<f64> = within.iter().zip(across).map(without).collect();
    let mean = without.iter().sum::<f64>() / n;
    (n - 1.0) / n * without.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
}

/// For each row of `a` the sum of its kernels with all rows of `b`, if they are the same set without
/// the row itself.
fn kernel_sums(a: &[f64], b: &[f64], row_len: usize, is_own: bool) -> Vec<f64> {
    let block = BLOCK * row_len;
    let sums = a.par_chunks(block).enumerate().map(|(index, rows)| {
        let mut sums = vec![0.0; rows.len() / row_len];
        let mut products = Vec::new();
        for (other, others) in b.chunks(block).enumerate() {
            products_f64(rows, others, row_len, &mut products);
            let lines = products.chunks_exact(others.len() / row_len);
            for (row, (sum, line)) in sums.iter_mut().zip(lines).enumerate() {
                let kernel = |product: &f64| (product / row_len as f64 + 1.0).powi(3);
                let all: f64 = line.iter().map(kernel).sum();
                *sum += if is_own && other == index { all - kernel(&line[row]) } else { all };
            }
        }
        sums
    });
    sums.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    fn kernel(x: &[f32], y: &[f32]) -> f64 {
        let product: f64 = x.iter().zip(y).map(|(&x, &y)| f64::from(x) * f64::from(y)).sum();
        (product / x.len() as f64 + 1.0).powi(3)
    }

    fn without<'a>(all: &[&'a [f32]], index: usize) -> Vec<&'a [f32]> {
        [&all[..index], &all[index + 1..]].concat()
    }

    /// By the definition.
    fn by_hand(a: &[&[f32]], b: &[&[f32]]) -> f64 {
        let mean = |a: &[&[f32]], b: &[&[f32]], is_own: bool| {
            let (mut sum, mut count) = (0.0, 0.0);
            for (i, x) in a.iter().enumerate() {
                for (j, y) in b.iter().enumerate().filter(|(j, _)| !is_own || *j != i) {
                    assert!(!is_own || i != j);
                    sum += kernel(x, y);
                    count += 1.0;
                }
            }
            sum / count
        };
        mean(a, a, true) + mean(b, b, true) - 2.0 * mean(a, b, false)
    }

    #[test]
    fn all_rows_have_the_mmd_and_the_jackknife_of_the_definition() {
        let (a, b) = (normals(1, 7 * 3), normals(2, 5 * 3));
        let rows = |values| Rows::new(values, 3).unwrap();
        let found = squared_mmd(rows(&a), rows(&b)).unwrap();
        let (a, b): (Vec<_>, Vec<_>) = (a.chunks(3).collect(), b.chunks(3).collect());
        assert!((found.value - by_hand(&a, &b)).abs() < 1e-12);
        let of_a: Vec<f64> = (0..7).map(|i| by_hand(&without(&a, i), &b)).collect();
        let of_b: Vec<f64> = (0..5).map(|i| by_hand(&a, &without(&b, i))).collect();
        let part = |all: &[f64]| {
            let n = all.len() as f64;
            let mean = all.iter().sum::<f64>() / n;
            (n - 1.0) / n * all.iter().map(|x| (x - mean).powi(2)).sum::<f64>()
        };
        let error = (part(&of_a) + part(&of_b)).sqrt();
        assert!((found.standard_error - error).abs() < 1e-12, "{} {error}", found.standard_error);
    }

    #[test]
    fn of_one_distribution_it_is_0_within_its_error() {
        let mut all = Vec::new();
        for seed in 0..200 {
            let (a, b) = (normals(2 * seed, 40 * 2), normals(2 * seed + 1, 30 * 2));
            let rows = |values| Rows::new(values, 2).unwrap();
            all.push(squared_mmd(rows(&a), rows(&b)).unwrap());
        }
        let values = Estimate::of_mean(&all.iter().map(|x| x.value).collect::<Vec<_>>());
        assert!(values.value.abs() < 4.0 * values.standard_error, "{values:?}");
        let deviation = values.standard_error * 200.0_f64.sqrt();
        let square = all.iter().map(|x| x.standard_error.powi(2)).sum::<f64>() / 200.0;
        let ratio = square.sqrt() / deviation;
        assert!((0.9..2.0).contains(&ratio), "{ratio}");
    }

    #[test]
    fn blocks_and_threads_change_nothing() {
        let (a, b) = (normals(3, 600 * 4), normals(4, 300 * 4));
        let rows = |values| Rows::new(values, 4).unwrap();
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let subsets = KernelSubsets { count: 7, size: 50, seed: 3 };
                let distance = kernel_distance(rows(&a), rows(&b), subsets).unwrap();
                (distance, squared_mmd(rows(&a), rows(&b)).unwrap())
            })
        };
        let (distance, mmd) = with(1);
        assert_eq!((distance, mmd), with(3));
        let (a, b): (Vec<_>, Vec<_>) = (a.chunks(4).collect(), b.chunks(4).collect());
        assert!((mmd.value - by_hand(&a, &b)).abs() < 1e-11);
        assert!(distance.standard_deviation > 0.0);
    }

    #[test]
    fn subsets_are_drawn_without_replacement() {
        let values: Vec<f32> = (0..20_u8).map(f32::from).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut found = gather(Rows::new(&values, 1).unwrap(), 20, &mut rng);
        assert_ne!(found[..3], [0.0, 1.0, 2.0]);
        found.sort_unstable_by(f64::total_cmp);
        assert_eq!(found, (0..20).map(f64::from).collect::<Vec<_>>());
    }

    #[test]
    fn subsets_that_cannot_be_drawn_are_refused() {
        let rows = Rows::new(&[1.0, 2.0, 3.0], 1).unwrap();
        for (count, size) in [(0, 2), (1, 1), (1, 4)] {
            let subsets = KernelSubsets { count, size, seed: 0 };
            let error = MetricError::Subsets { subsets: count, size, rows: 3 };
            assert_eq!(kernel_distance(rows, rows, subsets), Err(error));
        }
    }
}
