//! What computes a network's predictions and the gradients of its weights.

use ancestral_cpu::Shapes;
use ancestral_format::Layout;

/// Some noisy samples that go through the network together.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    /// The samples, channels first: `[rows, channels, height, width]` or `[rows, columns]`.
    pub x: &'a [f32],
    /// The training timestep of each row.
    pub timesteps: &'a [f64],
    /// The label of each row, if the network takes labels.
    pub labels: Option<&'a [u32]>,
    /// Rows of a leaf. Gradients are summed over the rows of each leaf first, and then over the
    /// leaves in pairs, so that equal leaves give equal bits however a batch is cut into passes.
    pub leaf: usize,
}

/// A network whose weights, and the gradients of them, are vectors in the order of one [`Layout`].
///
/// An engine keeps no weights between calls. What the loss is, and what becomes of the gradients, it
/// does not know.
pub trait Engine {
    /// The parameters of the network.
    fn layout(&self) -> &Layout;

    /// What the network takes and gives.
    fn shapes(&self) -> &Shapes;

    /// Bytes that a pass of so many rows takes at the most, beside the weights and their gradients.
    fn memory(&self, rows: usize) -> u64;

    /// Predicts each row of a pass, gives the predictions to `loss`, which writes the loss's
    /// gradients with respect to them, and from those writes the gradients of all weights, summed
    /// over the rows.
    ///
    /// # Shapes
    /// `weights`, `gradients`: [`Layout::len`] values. `loss` is called once, with two slices as long
    /// as the network's outputs for all rows, channels first.
    ///
    /// # Panics
    /// If a slice has another length than that, or labels or timesteps do not fit the network: see
    /// [`Shapes::check`].
    fn gradients(
        &mut self,
        weights: &[f32],
        pass: Pass<'_>,
        loss: &mut dyn FnMut(&[f32], &mut [f32]),
        gradients: &mut [f32],
    );
}
