//! How good samples are, beside real data.

mod features;
mod report;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use ancestral::noise::{Purpose, Streams};
use ancestral_data::Columns;
use ancestral_metrics::{
    KernelSubsets, MomentSums, Moments, Rows, Work, frechet_distance, kernel_distance, manifold,
    memorisation, nearest, sliced_wasserstein, two_sample,
};
use ancestral_pipeline::Batch;
use rand::RngExt;

use crate::{EvalError, Progress, TableComparison};

pub use features::Features;
pub use report::{Measure, QualityReport};

/// Rows of a subset for the kernel distance, and how many subsets are drawn.
const SUBSET: usize = 1000;
const SUBSETS: usize = 20;
/// Rows that the speed of this machine is measured with.
const TRIAL: [usize; 2] = [256, 1024];
/// Rows with more values have no Fréchet distance: each covariance would take more than 128 MB.
const MOST_VALUES: usize = 4096;
/// Rows of the picture of nearest neighbours.
const PICTURED: usize = 8;

/// What samples are compared with.
#[derive(Clone, Debug)]
pub struct Real {
    /// Rows of the data, in model space.
    pub rows: Batch,
    /// The rows that the model was trained on, if `rows` were held out: to find copies.
    pub training: Option<Batch>,
    /// The columns of a table.
    pub columns: Option<Columns>,
}

impl From<Batch> for Real {
    fn from(rows: Batch) -> Self {
        Self { rows, training: None, columns: None }
    }
}

/// What samples are compared with, and how.
#[derive(Debug)]
pub struct Quality<'a> {
    features: &'a Features,
    /// The radius of balls about rows, in neighbours.
    neighbours: usize,
    /// Rows of the data.
    rows: usize,
    /// Of all rows; `None` of rows that are too long for covariances.
    moments: Option<Moments>,
    /// Values of a row's features.
    length: usize,
    /// As many random rows as samples, and their features, if these are others.
    real: Batch,
    near: Option<Vec<f32>>,
    /// The values of rows in place of samples, beside the other rows.
    floor: Option<Values>,
    training: Option<Batch>,
    /// All rows of a table, and its columns.
    table: Option<(Batch, Columns)>,
}

/// The values of one comparison.
#[derive(Clone, Debug)]
struct Values {
    /// `None` of rows that are too long for covariances.
    frechet: Option<f64>,
    kernel: f64,
    sliced: f64,
    precision: f64,
    recall: f64,
    density: f64,
    coverage: f64,
    accuracy: f64,
    /// The shares of samples nearer to the training rows and of copies.
    memorisation: Option<[f64; 2]>,
    /// The errors of the values from `precision` to `accuracy`.
    errors: [f64; 5],
    few_rows: bool,
}

impl<'a> Quality<'a> {
    /// Sets of samples, by default.
    pub const SETS: usize = 3;
    /// Neighbours by default: the radius of balls about rows.
    pub const NEIGHBOURS: usize = 5;

    /// Samples in a set beside so many real rows, by default: 1000, and at most half of the rows, rounded up, so
    /// that rows can be compared with others too.
    #[must_use]
    pub fn count(rows: usize) -> usize {
        rows.div_ceil(2).min(1000)
    }

    /// Compares sets of `count` samples with real rows. `neighbours` is the radius of the balls about rows, for
    /// precision, recall, density and coverage.
    ///
    /// # Errors
    /// If there are too few rows, or they are no pictures where features of pictures are compared.
    pub fn new(
        real: Real,
        count: usize,
        features: &'a Features,
        neighbours: usize,
    ) -> Result<Self, EvalError> {
        let Real { rows: real, training, columns } = real;
        features.check(&real)?;
        let table = columns.map(|columns| (real.clone(), columns));
        let (rows, length) = (real.rows(), features.length(&real));
        let some = count.min(rows);
        let shape = real.row_shape().to_vec();
        let real = shuffled(real, 2 * count);
        let of_network = match features.of(&real) {
            Cow::Borrowed(_) => None,
            Cow::Owned(features) => Some((features, real.slice(0..some))),
        };
        let (mut all, kept) = match of_network {
            Some((features, kept)) => (features, Some(kept)),
            None => (real.into_data(), None),
        };
        let split = if rows < 2 * count { 0 } else { count * length };
        let [moments, others] = moments(&all, length, split)?;
        let floor = if split == 0 {
            None
        } else {
            // The rows of large data take more memory than all that follows from them.
            all.truncate(2 * split);
            all.shrink_to_fit();
            // The first rows in place of samples, beside all others.
            let (own, other) = all.split_at(split);
            let (own, other) = (Rows::new(own, length)?, Rows::new(other, length)?);
            Some(values(others.as_ref(), other, own, neighbours)?)
        };
        all.truncate(some * length);
        all.shrink_to_fit();
        let (real, near) = match kept {
            None => (Batch::new(shape, all), None),
            Some(kept) => (kept, Some(all)),
        };
        Ok(Self { features, neighbours, rows, moments, length, real, near, floor, training, table })
    }

    /// The features of as many real rows as samples.
    fn near(&self) -> Result<Rows<'_>, EvalError> {
        let near = self.near.as_deref().unwrap_or(self.real.data());
        Ok(Rows::new(near, self.features.length(&self.real))?)
    }

    /// The same samples column by column, if the rows are of a table.
    #[must_use]
    pub fn table(&self, samples: &[Batch]) -> Option<TableComparison<'_>> {
        let (real, columns) = self.table.as_ref()?;
        Some(TableComparison::new(columns, real, samples, self.training.as_ref()))
    }

    /// Compares sets of samples with the real rows. With several sets, values are means over them, and
    /// errors come from their spread. `progress` counts sets.
    ///
    /// The report also has the values of real rows in place of samples, if there are twice as many:
    /// the best that samples can have.
    ///
    /// # Errors
    /// If there are too few rows, or rows of another length.
    pub fn compare(
        &self,
        samples: &[Batch],
        progress: Progress<'_>,
    ) -> Result<QualityReport, EvalError> {
        let mut found = Vec::new();
        for (samples_of_set, done) in samples.iter().zip(1..) {
            let drawn = self.features.of(samples_of_set);
            let length = self.features.length(samples_of_set);
            let drawn = Rows::new(&drawn, length)?;
            let values = values(self.moments.as_ref(), self.near()?, drawn, self.neighbours)?;
            let memorisation = self.training.as_ref();
            let memorisation =
                memorisation.map(|training| self.memorisation(training, samples_of_set));
            found.push(Values { memorisation: memorisation.transpose()?, ..values });
            progress(done, samples.len() as u64, "sets compared");
        }
        Ok(report::report(self, samples, &found))
    }

    /// The share of samples nearer to the training rows than held-out rows are, and of exact copies, by
    /// the rows themselves.
    fn memorisation(&self, training: &Batch, samples: &Batch) -> Result<[f64; 2], EvalError> {
        let rows = |batch| Rows::new(Batch::data(batch), self.real.row_len());
        let found = memorisation(rows(training)?, rows(samples)?, rows(&self.real)?)?;
        Ok([found.nearer.value, found.copies as f64 / samples.rows() as f64])
    }

    /// Samples, each with its nearest rows of the training data (of the real ones, if these are not
    /// given): one picture in each row of the grid, then its neighbours.
    ///
    /// # Errors
    /// If there are fewer rows than neighbours.
    pub fn neighbours_of(&self, samples: &Batch) -> Result<Batch, EvalError> {
        let set = self.training.as_ref().unwrap_or(&self.real);
        let samples = samples.slice(0..PICTURED.min(samples.rows()));
        let rows = |batch| Rows::new(Batch::data(batch), self.real.row_len());
        let found = nearest(rows(&samples)?, rows(set)?, PICTURED - 1)?;
        let mut values = Vec::new();
        for (index, neighbours) in found.iter().enumerate() {
            values.extend_from_slice(samples.row(index));
            for near in neighbours {
                values.extend_from_slice(set.row(near.index));
            }
        }
        Ok(Batch::new(self.real.row_shape().to_vec(), values))
    }

    /// About how long a comparison of these `real` rows with so many sets of `count` samples takes, and with
    /// training rows, if there are any, by the speed of this machine. The features of a network are not
    /// counted.
    ///
    /// # Errors
    /// If there is no real row.
    pub fn time(
        real: &Batch,
        features: &Features,
        [sets, count, training]: [usize; 3],
    ) -> Result<Duration, EvalError> {
        let length = features.length(real);
        let [few, many] = TRIAL;
        // Of equal rows the order would be looked at again, which takes longer.
        let value = |i: usize| (i.wrapping_mul(0x9e37_79b9) >> 8 & 0xffff) as f32 / 65_536.0;
        let values: Vec<f32> = (0..many * length).map(value).collect();
        let start = Instant::now();
        nearest(Rows::new(&values[..few * length], length)?, Rows::new(&values, length)?, 1)?;
        let second = start.elapsed().as_secs_f64().max(1e-6);
        let speed = Work::neighbours(few, many, length).operations() / second;
        let subsets = SUBSETS as f64 * 8.0 * (SUBSET.min(count).pow(2) * length) as f64;
        // A covariance has no more directions than rows; singular values take about ten products.
        let (d, directions) = (length as f64, count.min(length) as f64);
        let is_long = length > MOST_VALUES;
        let frechet = if is_long { 0.0 } else { 4.0 * d * directions * (d + 5.0 * directions) };
        let mut work =
            Work::manifold(count, count, length) + Work::two_sample(count, count, length);
        work = work + Work::memorisation(training, count, count, real.row_len());
        let is_floor_known = real.rows() >= 2 * count;
        let sets = sets + usize::from(is_floor_known);
        let moments = if is_long { 0.0 } else { real.rows() as f64 * d * d };
        let seconds = sets as f64 * (work.operations() + subsets + frechet + moments) / speed;
        Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// The values of `drawn` rows beside real ones, whose moments may be of more rows than `near` has.
fn values(
    moments: Option<&Moments>,
    near: Rows,
    drawn: Rows,
    neighbours: usize,
) -> Result<Values, EvalError> {
    let frechet = match moments {
        None => None,
        Some(moments) => Some(frechet_distance(moments, &Moments::of(drawn)?)?),
    };
    let size = SUBSET.min(near.count()).min(drawn.count());
    let kernel = kernel_distance(near, drawn, KernelSubsets { count: SUBSETS, size, seed: 0 })?;
    let balls = manifold(near, drawn, neighbours)?;
    let accuracy = two_sample(near, drawn)?.accuracy;
    Ok(Values {
        frechet: frechet.map(|frechet| frechet.distance),
        kernel: kernel.mean,
        sliced: sliced_wasserstein(near, drawn)?,
        precision: balls.precision.value,
        recall: balls.recall.value,
        density: balls.density.value,
        coverage: balls.coverage.value,
        accuracy: accuracy.value,
        memorisation: None,
        errors: [
            balls.precision.standard_error,
            balls.recall.standard_error,
            balls.density.standard_error,
            balls.coverage.standard_error,
            accuracy.standard_error,
        ],
        few_rows: frechet.is_some_and(|frechet| frechet.warning.is_some()),
    })
}

/// The moments of all rows, and of those after the first ones, which have so many values, if any. `None` of
/// rows that are too long.
fn moments(all: &[f32], length: usize, first: usize) -> Result<[Option<Moments>; 2], EvalError> {
    if length > MOST_VALUES {
        return Ok([None, None]);
    }
    let mut sums = MomentSums::new(length);
    sums.add(Rows::new(&all[first..], length)?)?;
    if first == 0 {
        return Ok([Some(sums.moments()?), None]);
    }
    let others = sums.moments()?;
    sums.add(Rows::new(&all[..first], length)?)?;
    Ok([Some(sums.moments()?), Some(others)])
}

/// The rows with the first `count` drawn at random, always the same. Rows that are spread evenly over sorted
/// data would be more unlike each other than random ones, which biases the kernel distance.
fn shuffled(rows: Batch, count: usize) -> Batch {
    let (shape, total, length) = (rows.row_shape().to_vec(), rows.rows(), rows.row_len());
    let mut values = rows.into_data();
    let mut rng = Streams::new(0, Purpose::Evaluation).rng(0, 0);
    for row in 0..count.min(total.saturating_sub(1)) {
        let other = rng.random_range(row..total);
        if other > row {
            let (head, tail) = values.split_at_mut(other * length);
            head[row * length..][..length].swap_with_slice(&mut tail[..length]);
        }
    }
    Batch::new(shape, values)
}

#[cfg(test)]
mod tests {
    use ancestral::noise::SampleNoise;

    use super::*;

    fn normal(seed: u64, rows: u64) -> Batch {
        SampleNoise::new(seed, 0..rows).start(vec![2])
    }

    fn value(report: &QualityReport, name: &str) -> f64 {
        report.measures.iter().find(|measure| measure.name == name).unwrap().value
    }

    #[test]
    fn a_collapsed_model_is_precise_and_recalls_little() {
        let (real, features) = (normal(1, 400), Features::Values);
        let quality = Quality::new(real.into(), 200, &features, 3).unwrap();
        let mut collapsed = normal(2, 200);
        for row in collapsed.iter_rows_mut() {
            for value in row {
                *value *= 0.1;
            }
        }
        let report = quality.compare(&[collapsed], &mut |_, _, _| ()).unwrap();
        assert!(value(&report, "precision") > 0.9, "{report:?}");
        assert!(value(&report, "recall") < 0.2, "{report:?}");
        assert!(value(&report, "two_sample_accuracy") > 0.7, "{report:?}");
    }

    #[test]
    fn draws_of_one_distribution_are_as_near_as_halves_of_the_data() {
        let (real, features) = (normal(1, 800), Features::Values);
        let quality = Quality::new(real.into(), 400, &features, 3).unwrap();
        let draws = [normal(2, 400), normal(3, 400), normal(4, 400)];
        let report = quality.compare(&draws, &mut |_, _, _| ()).unwrap();
        // The standard error of a share of 400 rows is at most 0.025, here times 1.5.
        let accuracy = value(&report, "two_sample_accuracy");
        assert!((accuracy - 0.5).abs() < 4.0 * 0.0375 / 3.0_f64.sqrt(), "{accuracy}");
        for measure in &report.measures {
            assert!(measure.floor.is_some(), "{measure:?}");
        }
        assert!(report.text().contains("data beside themselves"));
    }

    #[test]
    fn copies_of_the_training_rows_are_found() {
        let (training, held_out) = (normal(1, 300), normal(2, 300));
        let features = Features::Values;
        let real = Real { training: Some(training.clone()), ..held_out.into() };
        let quality = Quality::new(real, 100, &features, 3).unwrap();
        let copies = training.slice(0..100);
        let report = quality.compare(std::slice::from_ref(&copies), &mut |_, _, _| ()).unwrap();
        assert_eq!(value(&report, "copies"), 1.0);
        assert_eq!(value(&report, "nearer_to_training"), 1.0);
        let pictured = quality.neighbours_of(&copies).unwrap();
        assert_eq!(pictured.row(0), pictured.row(1));
        assert_eq!(pictured.rows(), 64);
    }
}
