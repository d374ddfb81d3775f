//! The variational bound of a row.

use std::f64::consts::LN_2;

use ancestral::denoiser::ZeroTerminalSnrError;
use ancestral::likelihood::{Bins, Decoder, Slopes, TrainingRow, Transition};
use ancestral::{Prediction, Schedule, Variance};

use super::to_f32;
use crate::micro_batch::Row;

/// The terms of the variational bound of all timesteps.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    transitions: Vec<Transition>,
    prediction: Prediction,
    decoder: Decoder,
}

/// What of the network a term trains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trained {
    Variance,
    All,
}

impl Bound {
    /// That of a network that predicts `prediction` and this variance. Pictures are bytes.
    ///
    /// # Errors
    /// If ε is predicted at pure noise.
    pub(super) fn new(
        schedule: &Schedule,
        prediction: Prediction,
        variance: Variance,
        are_pictures: bool,
    ) -> Result<Self, ZeroTerminalSnrError> {
        ZeroTerminalSnrError::check(prediction, schedule)?;
        let decoder = if are_pictures { Decoder::Bins(Bins::BYTES) } else { Decoder::Density };
        let transitions = Transition::of_schedule(schedule, variance);
        Ok(Self { transitions, prediction, decoder })
    }

    /// The number of timesteps.
    pub(super) fn timesteps(&self) -> f64 {
        self.transitions.len() as f64
    }

    /// The term of a row in bits for each value. `slopes` become those of `factor` times the term; that of
    /// the prediction only if all is trained.
    pub(super) fn term(
        &self,
        row: &Row<'_>,
        output: &[f32],
        (trained, factor): (Trained, f64),
        slopes: &mut [f32],
    ) -> f64 {
        let (prediction, raw_variance) = output.split_at(row.target.len());
        let (on_prediction, on_raw_variance) = slopes.split_at_mut(row.target.len());
        let training = TrainingRow { x0: row.clean, target: row.target, prediction, raw_variance };
        let mut slopes = Slopes {
            raw_variance: on_raw_variance,
            prediction: (trained == Trained::All).then_some(on_prediction),
        };
        let nats = self.transitions[row.timestep].loss(
            &training,
            self.prediction,
            self.decoder,
            &mut slopes,
        );
        let bits = 1.0 / (LN_2 * row.target.len() as f64);
        let factor = to_f32(factor * bits);
        let all = slopes.prediction.into_iter().flatten().chain(slopes.raw_variance);
        all.for_each(|slope| *slope *= factor);
        nats * bits
    }
}
