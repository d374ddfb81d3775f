//! What computes a network's predictions and the gradients of its weights.

use ancestral_cpu::Shapes;
use ancestral_cpu::train::TrainingNetwork;
use ancestral_format::Layout;
use thiserror::Error;

pub use ancestral_cpu::train::Pass;

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
    /// # Errors
    /// If the device fails.
    ///
    /// # Panics
    /// If a slice has another length than that, or labels or timesteps do not fit the network: see
    /// [`Shapes::check`].
    fn gradients(
        &mut self,
        weights: &[f32],
        pass: Pass<'_>,
        loss: &mut (dyn FnMut(&[f32], &mut [f32]) + Send),
        gradients: &mut [f32],
    ) -> Result<(), EngineError>;
}

/// A device that computes no longer: it was lost, or has no more memory.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the device failed: {0}")]
pub struct EngineError(pub String);

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
        loss: &mut (dyn FnMut(&[f32], &mut [f32]) + Send),
        gradients: &mut [f32],
    ) -> Result<(), EngineError> {
        (**self).gradients(weights, pass, loss, gradients)
    }
}

/// The network on the CPU.
impl Engine for TrainingNetwork {
    fn layout(&self) -> &Layout {
        TrainingNetwork::layout(self)
    }

    fn shapes(&self) -> &Shapes {
        TrainingNetwork::shapes(self)
    }

    fn memory(&self, rows: usize) -> u64 {
        TrainingNetwork::memory(self, rows)
    }

    fn gradients(
        &mut self,
        weights: &[f32],
        pass: Pass<'_>,
        loss: &mut (dyn FnMut(&[f32], &mut [f32]) + Send),
        gradients: &mut [f32],
    ) -> Result<(), EngineError> {
        TrainingNetwork::gradients(self, weights, pass, loss, gradients);
        Ok(())
    }
}
