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
    /// Rows of a leaf; the last one may have fewer. Gradients are summed over the rows of each leaf
    /// first, and then over the leaves in pairs, by a tree that is split at the largest power of two
    /// below their number, as are its parts. So equal leaves give equal bits however a batch is cut
    /// into passes ([`Passes`](crate::Passes)).
    pub leaf: usize,
}

/// A network whose weights, and the gradients of them, are vectors in the order of one [`Layout`].
///
/// An engine keeps no weights between calls. It does not know what the loss is, nor what happens to the
/// gradients.
pub trait Engine {
    /// The parameters of the network.
    fn layout(&self) -> &Layout;

    /// What the network takes and gives.
    fn shapes(&self) -> &Shapes;

    /// Bytes that a pass of so many rows takes at the most, beside the weights and their gradients.
    fn memory(&self, rows: usize) -> u64;

    /// Predicts each row of a pass, gives the predictions to `loss`, which writes the loss's
    /// gradients with respect to them, and from those writes the gradients of all weights, summed
    /// over the rows. What `gradients` held before has no effect.
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

impl<E: Engine + ?Sized> Engine for Box<E> {
    fn layout(&self) -> &Layout {
        (**self).layout()
    }

    fn shapes(&self) -> &Shapes {
        (**self).shapes()
    }

    fn memory(&self, rows: usize) -> u64 {
        (**self).memory(rows)
    }

    fn gradients(
        &mut self,
        weights: &[f32],
        pass: Pass<'_>,
        loss: &mut dyn FnMut(&[f32], &mut [f32]),
        gradients: &mut [f32],
    ) {
        (**self).gradients(weights, pass, loss, gradients);
    }
}
