//! What a Burn module must be to be trained and sampled from.

use ancestral_format::Labels;
use burn::module::Module;
use burn::tensor::{Int, Tensor};

/// A network that predicts from a noisy sample and its time.
///
/// Rows are flattened, so that pictures and tables look the same from outside.
pub trait DiffusionModule: Module {
    /// The shape of an input row: `[channels, height, width]` or `[columns]`.
    fn input_shape(&self) -> Vec<usize>;

    /// The shape of an output row; twice the channels if a variance is predicted too.
    fn output_shape(&self) -> Vec<usize>;

    /// What labels the network takes.
    ///
    /// The last one of a table means "no label" in networks trained here.
    fn labels(&self) -> Labels {
        Labels::None
    }

    /// How many timesteps the network knows; `None` if it knows any time.
    fn timesteps(&self) -> Option<usize> {
        None
    }

    /// Predicts each row.
    ///
    /// # Shapes
    /// `[batch, inputs]`, `[batch]`, `[batch]` → `[batch, outputs]`.
    ///
    /// # Panics
    /// If shapes do not fit, or if labels are given to a network that takes none, or not given
    /// to one that does.
    fn predict(
        &self,
        x: Tensor<2>,
        timesteps: Tensor<1>,
        labels: Option<Tensor<1, Int>>,
    ) -> Tensor<2>;
}
