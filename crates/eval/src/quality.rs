//! How good samples are, beside real data.

mod features;
mod report;

use std::time::{Duration, Instant};

use ancestral_metrics::{
    KernelSubsets, Moments, Rows, Work, frechet_distance, kernel_distance, manifold, memorisation,
    nearest, sliced_wasserstein, two_sample,
};
use ancestral_pipeline::Batch;

use crate::{EvalError, Progress};

pub use features::Features;
pub use report::{Measure, QualityReport};

/// Rows of a subset for the kernel distance, and how many subsets are drawn.
const SUBSET: usize = 1000;
const SUBSETS: usize = 20;
/// Rows that the speed of this machine is measured with.
const TRIAL: [usize; 2] = [256, 1024];
/// Rows of the picture of nearest neighbours.
const PICTURED: usize = 8;

/// What samples are compared with, and how.
#[derive(Debug)]
pub struct Quality<'a> {
    /// Real rows, which the samples should be like.
    pub real: &'a Batch,
    /// The rows that the model was trained on, if `real` were held out; to find copies.
    pub training: Option<&'a Batch>,
    /// What is compared of a row.
    pub features: &'a Features,
    /// The radius of balls about rows, in neighbours, for precision, recall, density and coverage.
    pub neighbours: usize,
}

/// The values of one comparison; `None` where they make no sense.
struct Values {
    frechet: f64,
    kernel: f64,
    sliced: f64,
    precision: f64,
    recall: f64,
    density: f64,
    coverage: f64,
    accuracy: f64,
    memorisation: Option<[f64; 2]>,
    /// Of the values that have one.
    errors: [f64; 5],
    few_rows: bool,
}

impl Quality<'_> {
    /// Compares sets of samples with the real rows. With several sets, values are means over them, and
    /// errors their spread. `progress` counts sets.
    ///
    /// The last column of the report is what two halves of the real rows give, if there are enough of
    /// them: the best that samples can have.
    ///
    /// # Errors
    /// If there are too few rows, or rows of another length.
    pub fn compare(
        &self,
        samples: &[Batch],
        progress: Progress<'_>,
    ) -> Result<QualityReport, EvalError> {
        let count = samples.iter().map(Batch::rows).min().unwrap_or(0);
        let halves = (self.real.rows() >= 2 * count).then(|| halves(self.real, count));
        let total = samples.len() as u64 + u64::from(halves.is_some());
        let real = self.features.of(self.real);
        let mut done = 0;
        let mut found = Vec::new();
        for samples in samples {
            found.push(self.values(&real, samples, self.training)?);
            done += 1;
            progress(done, total, "sets compared");
        }
        let floor = halves
            .map(|[one, other]| self.values(&self.features.of(&one), &other, None))
            .transpose()?;
        progress(total, total, "sets compared");
        Ok(report::report(self, samples, &found, floor.as_ref()))
    }

    fn values(
        &self,
        real: &[f32],
        samples: &Batch,
        training: Option<&Batch>,
    ) -> Result<Values, EvalError> {
        let length = self.features.length(self.real);
        let drawn = self.features.of(samples);
        let (all, drawn) = (Rows::new(real, length)?, Rows::new(&drawn, length)?);
        let frechet = frechet_distance(&Moments::of(all)?, &Moments::of(drawn)?)?;
        let size = SUBSET.min(all.count()).min(drawn.count());
        let subsets = KernelSubsets { count: SUBSETS, size, seed: 0 };
        let kernel = kernel_distance(all, drawn, subsets)?;
        let sliced = sliced_wasserstein(all, drawn)?;
        // Balls are as large in both sets if the sets are.
        let real = spread(all, drawn.count());
        let real = Rows::new(&real, length)?;
        let balls = manifold(real, drawn, self.neighbours)?;
        let accuracy = two_sample(real, drawn)?.accuracy;
        let memorisation = training.map(|training| self.memorisation(training, samples));
        let few_rows = frechet.warning.is_some();
        Ok(Values {
            frechet: frechet.distance,
            kernel: kernel.mean,
            sliced,
            precision: balls.precision.value,
            recall: balls.recall.value,
            density: balls.density.value,
            coverage: balls.coverage.value,
            accuracy: accuracy.value,
            memorisation: memorisation.transpose()?,
            errors: [
                balls.precision.standard_error,
                balls.recall.standard_error,
                balls.density.standard_error,
                balls.coverage.standard_error,
                accuracy.standard_error,
            ],
            few_rows,
        })
    }

    /// The share of samples nearer to the training rows than held-out rows are, and of exact copies, by
    /// the rows themselves.
    fn memorisation(&self, training: &Batch, samples: &Batch) -> Result<[f64; 2], EvalError> {
        let rows = |batch| Rows::new(Batch::data(batch), self.real.row_len());
        let found = memorisation(rows(training)?, rows(samples)?, rows(self.real)?)?;
        Ok([found.nearer.value, found.copies as f64 / samples.rows() as f64])
    }

    /// Samples, each with its nearest rows of the training data (of the real ones, if these are not
    /// given): one picture in each row of the grid, then its neighbours.
    ///
    /// # Errors
    /// If there are fewer rows than neighbours.
    pub fn neighbours_of(&self, samples: &Batch) -> Result<Batch, EvalError> {
        let set = self.training.unwrap_or(self.real);
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

    /// About how long a comparison with so many sets of `count` samples takes, by the speed of this
    /// machine. The features of a network are not counted.
    ///
    /// # Errors
    /// If there is no real row.
    pub fn time(&self, sets: usize, count: usize) -> Result<Duration, EvalError> {
        let length = self.features.length(self.real);
        let [few, many] = TRIAL.map(|rows| rows.min(self.real.rows()));
        let values = vec![0.5_f32; many * length];
        let (a, b) = (Rows::new(&values[..few * length], length)?, Rows::new(&values, length)?);
        let start = Instant::now();
        nearest(a, b, 1)?;
        let second = start.elapsed().as_secs_f64().max(1e-6);
        let speed = Work::neighbours(few, many, length).operations() / second;
        let real = count.min(self.real.rows());
        let mut work = Work::manifold(real, count, length) + Work::two_sample(real, count, length);
        if let Some(training) = self.training {
            let held_out = self.real.rows();
            let row_len = self.real.row_len();
            work = work + Work::memorisation(training.rows(), count, held_out, row_len);
        }
        let covariances = 2.0 * (count + self.real.rows()) as f64 * (length * length) as f64;
        let seconds = sets as f64 * (work.operations() + covariances) / speed;
        Ok(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
    }
}

/// `count` rows spread evenly over all.
fn spread(rows: Rows, count: usize) -> Vec<f32> {
    let (all, count) = (rows.count(), count.min(rows.count()));
    (0..count).flat_map(|i| rows.row(i * all / count)).copied().collect()
}

/// Two sets of `count` rows with none in common, each spread evenly over all.
fn halves(rows: &Batch, count: usize) -> [Batch; 2] {
    let of = |offset: usize| {
        let chosen = (0..count).map(|i| (2 * i + offset) * rows.rows() / (2 * count));
        let values = chosen.flat_map(|row| rows.row(row).iter().copied()).collect();
        Batch::new(rows.row_shape().to_vec(), values)
    };
    [of(0), of(1)]
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
        let quality = Quality { real: &real, training: None, features: &features, neighbours: 3 };
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
        let quality = Quality { real: &real, training: None, features: &features, neighbours: 3 };
        let draws = [normal(2, 400), normal(3, 400), normal(4, 400)];
        let report = quality.compare(&draws, &mut |_, _, _| ()).unwrap();
        // The standard error of a share of 400 rows is at most 0.025, here times 1.5.
        let accuracy = value(&report, "two_sample_accuracy");
        assert!((accuracy - 0.5).abs() < 4.0 * 0.0375 / 3.0_f64.sqrt(), "{accuracy}");
        for measure in &report.measures {
            assert!(measure.floor.is_some(), "{measure:?}");
        }
        assert!(report.text().contains("two halves of the data"));
    }

    #[test]
    fn copies_of_the_training_rows_are_found() {
        let (training, held_out) = (normal(1, 300), normal(2, 300));
        let features = Features::Values;
        let quality = Quality {
            real: &held_out,
            training: Some(&training),
            features: &features,
            neighbours: 3,
        };
        let copies = training.slice(0..100);
        let report = quality.compare(std::slice::from_ref(&copies), &mut |_, _, _| ()).unwrap();
        assert_eq!(value(&report, "copies"), 1.0);
        assert_eq!(value(&report, "nearer_to_training"), 1.0);
        let pictured = quality.neighbours_of(&copies).unwrap();
        assert_eq!(pictured.row(0), pictured.row(1));
        assert_eq!(pictured.rows(), 64);
    }
}
