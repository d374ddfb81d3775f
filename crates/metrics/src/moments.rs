//! Mean and covariance of rows, read in batches.

use rayon::prelude::*;

use crate::product::column_products;
use crate::{MetricError, Rows};

/// The rows that are added in one matrix product.
const BATCH: usize = 256;

/// The columns of one tile of the covariance.
const TILE: usize = 256;

/// The mean and the covariance of a set of rows: all that the Fréchet distance needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    pub(crate) mean: Vec<f64>,
    /// Row after row; symmetric.
    pub(crate) covariance: Vec<f64>,
    pub(crate) rows: Option<usize>,
}

impl Moments {
    /// The moments of all rows.
    ///
    /// # Errors
    /// [`MetricError::Rows`] if there are fewer than 2 rows.
    pub fn of<T: Copy + Into<f64>>(rows: Rows<T>) -> Result<Self, MetricError> {
        let mut sums = MomentSums::new(rows.row_len());
        sums.add(rows)?;
        sums.moments()
    }

    /// Moments from a file of reference statistics, as those of pytorch-fid and of ADM's evaluator.
    ///
    /// # Shapes
    /// `covariance`: `[d, d]` for a mean of d values, row after row, with n − 1 below the fraction.
    ///
    /// # Errors
    /// [`MetricError::Moments`] for another number of values, values that are not finite, negative
    /// variances, and a covariance that is not symmetric within 1e-6 of its largest variance.
    pub fn from_parts(mean: Vec<f64>, covariance: Vec<f64>) -> Result<Self, MetricError> {
        let d = mean.len();
        let refused = MetricError::Moments { mean: d, covariance: covariance.len() };
        let is_finite = mean.iter().chain(&covariance).all(|x| x.is_finite());
        if d == 0 || d.checked_mul(d) != Some(covariance.len()) || !is_finite {
            return Err(refused);
        }
        let variances = (0..d).map(|i| covariance[i * d + i]);
        let (least, largest) = variances
            .fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)));
        let is_even = |i: usize, j: usize| {
            (covariance[i * d + j] - covariance[j * d + i]).abs() <= 1e-6 * largest
        };
        if least < 0.0 || !(0..d).all(|i| (0..i).all(|j| is_even(i, j))) {
            return Err(refused);
        }
        Ok(Self { mean, covariance, rows: None })
    }

    /// The number of values in a row.
    #[must_use]
    pub fn dimensions(&self) -> usize {
        self.mean.len()
    }

    /// The number of rows, if known.
    #[must_use]
    pub fn rows(&self) -> Option<usize> {
        self.rows
    }

    /// The mean row.
    #[must_use]
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// The unbiased covariance, `[d, d]`, row after row.
    #[must_use]
    pub fn covariance(&self) -> &[f64] {
        &self.covariance
    }
}

/// Sums from which [`Moments`] are computed, so that the rows need not be in memory together.
///
/// # Numerics
/// Batches of 256 rows are centred in f64 and combined by the update of Chan, Golub and LeVeque 1983
/// (doi:10.1080/00031305.1983.10483115). Rows wait until a batch is full, so the bits depend neither on
/// how the rows are divided over calls nor on the number of threads. Memory: about 4 d² bytes.
///
/// # Example
/// ```
/// use ancestral_metrics::{MomentSums, Rows};
///
/// let mut sums = MomentSums::new(1);
/// for batch in [[1.0, 2.0], [3.0, 6.0]] {
///     sums.add(Rows::new(&batch, 1)?)?;
/// }
/// let moments = sums.moments()?;
/// // Squares about 3: 4 + 1 + 0 + 9, over 3.
/// assert_eq!((moments.mean()[0], moments.covariance()[0]), (3.0, 14.0 / 3.0));
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MomentSums {
    count: usize,
    mean: Vec<f64>,
    /// Σ (x − mean)(x − mean)ᵀ in tiles, see [`tiles`].
    scatter: Vec<Vec<f64>>,
    /// Rows of the batch that is not full yet.
    waiting: Vec<f64>,
}

impl MomentSums {
    /// Sums of no rows yet.
    ///
    /// # Panics
    /// If a row has no values.
    #[must_use]
    pub fn new(dimensions: usize) -> Self {
        assert!(dimensions > 0, "rows without values have no moments");
        let tiles = tiles(dimensions).into_iter();
        let scatter = tiles.map(|(left, right)| vec![0.0; left.len() * right.len()]).collect();
        Self { count: 0, mean: vec![0.0; dimensions], scatter, waiting: Vec::new() }
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`MetricError::RowLengths`] if they have another length than the rows before.
    pub fn add<T: Copy + Into<f64>>(&mut self, rows: Rows<T>) -> Result<(), MetricError> {
        let dimensions = self.mean.len();
        if rows.row_len() != dimensions {
            return Err(MetricError::RowLengths { first: dimensions, second: rows.row_len() });
        }
        for index in 0..rows.count() {
            self.waiting.extend(rows.row(index).iter().map(|&x| x.into()));
            if self.waiting.len() == BATCH * dimensions {
                self.flush();
            }
        }
        Ok(())
    }

    /// The number of rows so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count + self.waiting.len() / self.mean.len()
    }

    /// The moments of all rows so far. Rows that are added later begin a new batch.
    ///
    /// # Errors
    /// [`MetricError::Rows`] if there are fewer than 2 rows.
    pub fn moments(&mut self) -> Result<Moments, MetricError> {
        self.flush();
        if self.count < 2 {
            return Err(MetricError::Rows { found: self.count, least: 2 });
        }
        let d = self.mean.len();
        let mut covariance = vec![0.0; d * d];
        for ((left, right), tile) in tiles(d).into_iter().zip(&self.scatter) {
            for (i, line) in left.zip(tile.chunks_exact(right.len())) {
                for (j, sum) in right.clone().zip(line) {
                    let value = sum / (self.count - 1) as f64;
                    covariance[i * d + j] = value;
                    covariance[j * d + i] = value;
                }
            }
        }
        Ok(Moments { mean: self.mean.clone(), covariance, rows: Some(self.count) })
    }

    /// Adds the rows that wait.
    fn flush(&mut self) {
        let d = self.mean.len();
        let mut batch = std::mem::take(&mut self.waiting);
        let (old, new) = (self.count as f64, (batch.len() / d) as f64);
        if batch.is_empty() {
            return;
        }
        let mut mean = vec![0.0; d];
        for row in batch.chunks_exact(d) {
            mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
        }
        for sum in &mut mean {
            *sum /= new;
        }
        for row in batch.chunks_exact_mut(d) {
            row.iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        }
        let apart: Vec<f64> = mean.iter().zip(&self.mean).map(|(new, old)| new - old).collect();
        let weight = old * new / (old + new);
        self.scatter.par_iter_mut().zip(tiles(d)).for_each(|(sums, (left, right))| {
            let mut products = Vec::new();
            column_products(&batch, d, left.clone(), right.clone(), &mut products);
            let lines = sums.chunks_exact_mut(right.len());
            for ((i, line), products) in left.zip(lines).zip(products.chunks_exact(right.len())) {
                for ((sum, product), other) in
                    line.iter_mut().zip(products).zip(&apart[right.clone()])
                {
                    *sum += product + weight * apart[i] * other;
                }
            }
        });
        for (mean, apart) in self.mean.iter_mut().zip(&apart) {
            *mean += apart * new / (old + new);
        }
        self.count += batch.len() / d;
        batch.clear();
        self.waiting = batch;
    }
}

/// Ranges of columns whose products make the lower half of a symmetric matrix.
fn tiles(dimensions: usize) -> Vec<(std::ops::Range<usize>, std::ops::Range<usize>)> {
    let range = |first: usize| first..(first + TILE).min(dimensions);
    let firsts = || (0..dimensions).step_by(TILE);
    let of_left = |left: usize| {
        firsts()
            .take_while(move |&right| right <= left)
            .map(move |right| (range(left), range(right)))
    };
    firsts().flat_map(of_left).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    #[test]
    fn batches_and_threads_change_no_bit() {
        let values: Vec<f32> = normals(1, 700 * 300).iter().map(|x| x + 1000.0).collect();
        let of = |batch: usize, threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| {
                let mut sums = MomentSums::new(300);
                for part in values.chunks(batch * 300) {
                    sums.add(Rows::new(part, 300).unwrap()).unwrap();
                }
                assert_eq!(sums.count(), 700);
                sums.moments().unwrap()
            })
        };
        let found = of(700, 1);
        assert_eq!(found, of(19, 3));
        // By two passes.
        let column = |i: usize| values.chunks(300).map(move |row| f64::from(row[i]));
        let mean = |i: usize| column(i).sum::<f64>() / 700.0;
        for (i, j) in [(0, 0), (5, 290), (299, 299), (290, 5)] {
            let (m, n) = (mean(i), mean(j));
            let sum: f64 = column(i).zip(column(j)).map(|(x, y)| (x - m) * (y - n)).sum();
            assert!((found.mean[i] - m).abs() < 1e-10);
            assert!((found.covariance[i * 300 + j] - sum / 699.0).abs() < 1e-12);
        }
    }

    #[test]
    fn rows_can_be_added_after_moments_were_asked_for() {
        let values = normals(7, 500 * 3);
        let rows =
            |range: std::ops::Range<usize>| Rows::new(&values[range.start * 3..range.end * 3], 3);
        let mut sums = MomentSums::new(3);
        sums.add(rows(0..300).unwrap()).unwrap();
        assert_eq!(sums.moments(), Moments::of(rows(0..300).unwrap()));
        sums.add(rows(300..500).unwrap()).unwrap();
        let (found, all) = (sums.moments().unwrap(), Moments::of(rows(0..500).unwrap()).unwrap());
        assert_eq!(found.rows(), Some(500));
        let both = found.covariance.iter().zip(&all.covariance);
        assert!(both.into_iter().all(|(found, all)| (found - all).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn statistics_from_files_are_checked() {
        let parts = |mean: &[f64], covariance: &[f64]| {
            Moments::from_parts(mean.to_vec(), covariance.to_vec())
        };
        assert_eq!(parts(&[1.0, 2.0], &[2.0, 1.0, 1.0, 3.0]).unwrap().rows(), None);
        for covariance in [
            [2.0, 1.0, 1.0].as_slice(),
            &[2.0, 1.0, 0.0, 3.0],
            &[2.0, 0.0, 0.0, -3.0],
            &[2.0, f64::NAN, f64::NAN, 3.0],
        ] {
            let error = MetricError::Moments { mean: 2, covariance: covariance.len() };
            assert_eq!(parts(&[1.0, 2.0], covariance), Err(error));
        }
        assert!(parts(&[], &[]).is_err());
    }

    #[test]
    fn one_row_has_no_covariance() {
        let one = Moments::of(Rows::new(&[1.0, 2.0], 2).unwrap());
        assert_eq!(one, Err(MetricError::Rows { found: 1, least: 2 }));
        let mut sums = MomentSums::new(3);
        let error = MetricError::RowLengths { first: 3, second: 2 };
        assert_eq!(sums.add(Rows::new(&[1.0, 2.0], 2).unwrap()), Err(error));
    }
}
