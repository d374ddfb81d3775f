//! The state of a training.

use ancestral_format::Weights;

/// All that a training consists of besides its request and its data.
///
/// A training that is resumed from here, with the same request and data, continues as if it had
/// never stopped, bit for bit: everything random follows from the seed and the numbers of the samples
/// to come, and the learning rate from the number of the step.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainState {
    /// How many steps were made, skipped ones too; the number of the next step.
    pub steps: u64,
    /// How many updates were made, of the weights and of their average.
    pub updates: u64,
    /// How many steps in a row were skipped, up to the last one.
    pub skipped_in_a_row: u32,
    /// The weights as trained.
    pub weights: Weights,
    /// The averaged weights.
    pub average: Weights,
    /// First and second moments of the optimiser, by the names of their parameters.
    pub moments: [Weights; 2],
    /// The last losses of each timestep, by which timesteps are drawn; empty if all are drawn alike.
    pub timestep_losses: Weights,
}
