//! A denoiser over a raw network.

use thiserror::Error;

use super::{Denoised, Denoiser, Network};
use crate::batch::Batch;
use crate::categorical::Categories;
use crate::grid::Point;
use crate::prediction::Prediction;
use crate::schedule::Schedule;

/// An ε-network on a schedule that ends in pure noise, or so close to it that `1/α`, which
/// x̂₀ = (x_t − σ ε)/α needs, is no finite f32.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[error(
    "an epsilon prediction says nothing about x0 where this schedule ends (at timestep {timestep} \
     alpha is {alpha:?}, and x0 = (x - sigma epsilon)/alpha is beyond f32): use a network that \
     predicts v or x0, or a schedule without zero terminal SNR"
)]
pub struct ZeroTerminalSnrError {
    /// The noisiest timestep.
    pub timestep: usize,
    /// Its signal scale α.
    pub alpha: f64,
}

impl ZeroTerminalSnrError {
    /// Whether a network that predicts `prediction` says something of x₀ on all of `schedule`.
    ///
    /// # Errors
    /// If it predicts ε and the schedule ends in pure noise, or so close to it that `1/α` is no
    /// finite f32.
    pub fn check(prediction: Prediction, schedule: &Schedule) -> Result<(), Self> {
        let alpha = schedule.noisiest().alpha();
        if prediction == Prediction::Epsilon && 1.0 / alpha > f64::from(f32::MAX) {
            return Err(Self { timestep: schedule.len() - 1, alpha });
        }
        Ok(())
    }
}

/// A [`Denoiser`] over a [`Network`]: knows what the network predicts, splits off its variance
/// half, finds the timestep of points off the grid, hands each row its label, and takes logits of categories.
#[derive(Clone, Debug)]
pub struct NetworkDenoiser<N> {
    network: N,
    prediction: Prediction,
    schedule: Schedule,
    labels: Option<Vec<u32>>,
    categories: Categories,
}

impl<N: Network> NetworkDenoiser<N> {
    /// The denoiser of a network that predicts `prediction` and was trained on `schedule`.
    ///
    /// # Errors
    /// If the network predicts ε and the schedule ends in pure noise, or so close to it that `1/α`
    /// is no finite f32.
    pub fn new(
        network: N,
        prediction: Prediction,
        schedule: Schedule,
    ) -> Result<Self, ZeroTerminalSnrError> {
        ZeroTerminalSnrError::check(prediction, &schedule)?;
        let (labels, categories) = (None, Categories::default());
        Ok(Self { network, prediction, schedule, labels, categories })
    }

    /// Gives each row of the batches to come its class.
    #[must_use]
    pub fn with_labels(mut self, labels: Vec<u32>) -> Self {
        self.labels = Some(labels);
        self
    }

    /// Takes the network's output for these categories as logits.
    #[must_use]
    pub fn with_categories(mut self, categories: Categories) -> Self {
        self.categories = categories;
        self
    }

    /// The clean estimate of `x`, whose rows have the classes `labels`.
    pub(super) fn ask(
        &mut self,
        x: &Batch,
        at: Point,
        labels: Option<&[u32]>,
    ) -> Result<Denoised<Batch>, N::Error> {
        let timestep = at.timestep.unwrap_or_else(|| self.schedule.timestep(at.level));
        let timesteps = vec![timestep; x.rows()];
        if let Some(labels) = labels {
            assert_eq!(labels.len(), x.rows(), "labels and rows of the batch");
        }
        let output = self.network.predict(x, &timesteps, labels)?;
        let (prediction, raw_variance) = split(x, output);
        if self.categories.is_empty() {
            return Ok(Denoised { x0: self.prediction.x0(x, prediction, at.level), raw_variance });
        }
        let mut x0 = self.prediction.x0(x, prediction.clone(), at.level);
        self.categories.estimate(&prediction, &mut x0);
        Ok(Denoised { x0, raw_variance })
    }
}

impl<N: Network> Denoiser<Batch> for NetworkDenoiser<N> {
    type Error = N::Error;

    /// # Panics
    /// If the network returns rows that have neither the shape of those of `x` nor twice their
    /// length along the first axis, or the labels are not one a row.
    fn denoise(&mut self, x: &Batch, at: Point) -> Result<Denoised<Batch>, N::Error> {
        let labels = self.labels.take();
        let denoised = self.ask(x, at, labels.as_deref());
        self.labels = labels;
        denoised
    }
}

/// Splits a network's output into the prediction and, if rows are twice as long, the variance
/// half: along the first axis of a row, whatever its length.
pub(crate) fn split(x: &Batch, output: Batch) -> (Batch, Option<Batch>) {
    if output.row_shape() == x.row_shape() {
        return (output, None);
    }
    let doubled: Vec<usize> = x
        .row_shape()
        .iter()
        .enumerate()
        .map(|(axis, n)| if axis == 0 { 2 * n } else { *n })
        .collect();
    assert!(
        output.row_shape() == doubled,
        "a network returned rows of {:?} for rows of {:?}: expected the same, or {doubled:?}",
        output.row_shape(),
        x.row_shape()
    );
    let half = |part: usize| {
        let rows = output.iter_rows().flat_map(|row| {
            row.chunks_exact(x.row_len()).nth(part).expect("rows are twice as long").iter().copied()
        });
        Batch::new(x.row_shape().to_vec(), rows.collect())
    };
    (half(0), Some(half(1)))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::grid::{Grid, LevelSpacing, Spacing};
    use crate::level::Level;
    use crate::noise::SampleNoise;
    use crate::sampler::{AnySampler, Sampler};

    /// Says what it was asked, in its output.
    struct Echo {
        doubled: bool,
    }

    impl Network for Echo {
        type Error = Infallible;

        fn predict(
            &mut self,
            x: &Batch,
            timesteps: &[f64],
            labels: Option<&[u32]>,
        ) -> Result<Batch, Infallible> {
            let mut shape = x.row_shape().to_vec();
            let mut out = Vec::new();
            for (i, row) in x.iter_rows().enumerate() {
                out.extend_from_slice(row);
                if self.doubled {
                    #[expect(clippy::cast_possible_truncation, reason = "a small test value")]
                    out.extend(row.iter().map(|_| {
                        timesteps[i] as f32 + labels.map_or(0.0, |labels| 1e4 * labels[i] as f32)
                    }));
                }
            }
            shape[0] *= if self.doubled { 2 } else { 1 };
            Ok(Batch::new(shape, out))
        }
    }

    fn x() -> Batch {
        Batch::new(vec![3, 2], (0..12_u8).map(f32::from).collect())
    }

    #[test]
    fn a_doubled_output_is_split_by_channels_for_every_prediction() {
        let schedule = Schedule::linear_1000();
        for prediction in Prediction::ALL {
            let at = schedule.point(300);
            let denoise = |doubled| {
                NetworkDenoiser::new(Echo { doubled }, prediction, schedule.clone())
                    .unwrap()
                    .with_labels(vec![7, 9])
                    .denoise(&x(), at)
                    .unwrap()
            };
            let (plain, split) = (denoise(false), denoise(true));
            assert_eq!(plain.x0, split.x0);
            assert_eq!(plain.raw_variance, None);
            let half = split.raw_variance.unwrap();
            assert_eq!(half.row(0), [70_300.0; 6]);
            assert_eq!(half.row(1), [90_300.0; 6]);
        }
    }

    #[test]
    fn a_whole_run_does_not_see_a_variance_half_it_has_no_use_for() {
        let schedule = Schedule::linear_1000();
        let grid = Grid::new(&schedule, Spacing::Trailing, 10).unwrap();
        let start = SampleNoise::new(3, 0..2).start(vec![3, 2, 2]);
        for sampler in AnySampler::all() {
            for prediction in Prediction::ALL {
                let end = |doubled| {
                    let mut denoiser =
                        NetworkDenoiser::new(Echo { doubled }, prediction, schedule.clone())
                            .unwrap();
                    let mut noise = SampleNoise::new(3, 0..2).after_start();
                    let run = sampler.run(&grid, start.clone(), &mut denoiser, &mut noise);
                    run.map(|step| step.unwrap().x).collect::<Vec<_>>()
                };
                assert_eq!(end(false), end(true), "{sampler} {prediction:?}");
            }
        }
    }

    #[test]
    fn points_off_the_grid_get_the_timestep_of_their_level() {
        let schedule = Schedule::linear_1000();
        let off = Point::off_grid(schedule.level(123));
        let mut denoiser =
            NetworkDenoiser::new(Echo { doubled: true }, Prediction::X0, schedule).unwrap();
        let half = denoiser.denoise(&x(), off).unwrap().raw_variance.unwrap();
        assert!(half.data().iter().all(|t| (t - 123.0).abs() < 1e-4));
    }

    #[test]
    fn fractional_timesteps_of_a_grid_over_levels_reach_the_network_as_they_are() {
        struct Asked(Vec<f64>);
        impl Network for Asked {
            type Error = Infallible;
            fn predict(
                &mut self,
                x: &Batch,
                timesteps: &[f64],
                _: Option<&[u32]>,
            ) -> Result<Batch, Infallible> {
                self.0.push(timesteps[0]);
                Ok(x.clone())
            }
        }
        let schedule = Schedule::linear_1000();
        let spacing = LevelSpacing::Karras { rho: 7.0 };
        let grid = Grid::new(&schedule, spacing, 10).unwrap();
        let mut denoiser = NetworkDenoiser::new(Asked(vec![]), Prediction::V, schedule).unwrap();
        let (start, mut noise) = (x(), SampleNoise::new(3, 0..2));
        let sampler = AnySampler::all().swap_remove(0);
        assert_eq!(sampler.run(&grid, start, &mut denoiser, &mut noise).count(), 10);
        let points: Vec<f64> = grid.points().iter().filter_map(|point| point.timestep).collect();
        assert_eq!(denoiser.network.0, points);
        assert!(points[4].fract() != 0.0, "{points:?}");
    }

    #[test]
    fn epsilon_with_zero_terminal_snr_is_refused_with_advice() {
        let schedule = Schedule::linear_1000().rescale_zero_terminal_snr().unwrap();
        let echo = || Echo { doubled: false };
        let refused =
            NetworkDenoiser::new(echo(), Prediction::Epsilon, schedule.clone()).err().unwrap();
        assert_eq!(refused, ZeroTerminalSnrError { timestep: 999, alpha: 0.0 });
        let text = refused.to_string();
        assert!(text.contains("epsilon") && text.contains("predicts v or x0"), "{text}");
        for prediction in [Prediction::V, Prediction::X0] {
            let mut denoiser = NetworkDenoiser::new(echo(), prediction, schedule.clone()).unwrap();
            let x0 = denoiser.denoise(&x(), schedule.point(999)).unwrap().x0;
            assert!(x0.data().iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn epsilon_is_refused_where_one_over_alpha_is_beyond_f32() {
        // The greatest f32 is e^88.72.
        let on = |lambda| {
            let levels = [0.0, lambda].map(|lambda| Level::from_lambda(lambda).unwrap());
            let schedule = Schedule::from_levels(levels.to_vec()).unwrap();
            NetworkDenoiser::new(Echo { doubled: false }, Prediction::Epsilon, schedule).err()
        };
        assert_eq!(on(-88.5), None);
        let refused = on(-89.0).unwrap();
        assert!(refused.to_string().contains("at timestep 1 alpha is 2.2"), "{refused}");
        assert!(on(-400.0).is_some());
    }
}
