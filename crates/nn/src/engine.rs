//! A Burn module as the engine that trainers call.

use ancestral_cpu::Shapes;
use ancestral_format::Layout;
use ancestral_learn::{Engine, Pass};
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};

use crate::diffusion_module::DiffusionModule;
use crate::network::{label_tensor, shapes, timestep_tensor};
use crate::parameters::{self, values};

/// A module on any device, as the engine that trainers call.
///
/// Weights and gradients are in host memory: a pass copies them to the device and back.
///
/// # Numerics
/// Gradients are summed as Burn sums them, not by the tree of the trainer's passes: batches that are
/// cut otherwise give other roundings.
#[derive(Debug)]
pub struct BurnEngine<M> {
    module: M,
    device: Device,
    layout: Layout,
    shapes: Shapes,
}

impl<M: DiffusionModule> BurnEngine<M> {
    /// Takes a module, on whatever device it is. Its weights are of no account.
    ///
    /// # Panics
    /// If the module has no parameters.
    #[must_use]
    pub fn new(module: M) -> Self {
        let device = module.devices().into_iter().next().expect("a network has parameters");
        let (layout, shapes) = (parameters::layout(&module), shapes(&module));
        Self { module, device: device.without_autodiff(), layout, shapes }
    }
}

impl<M: DiffusionModule> Engine for BurnEngine<M> {
    fn layout(&self) -> &Layout {
        &self.layout
    }

    fn shapes(&self) -> &Shapes {
        &self.shapes
    }

    /// Nothing: what a device has is not known.
    fn memory(&self, _rows: usize) -> u64 {
        0
    }

    fn gradients(
        &mut self,
        weights: &[f32],
        pass: Pass<'_>,
        loss: &mut (dyn FnMut(&[f32], &mut [f32]) + Send),
        gradients: &mut [f32],
    ) {
        let Pass { x, timesteps, labels, leaf: _ } = pass;
        let module = parameters::with_values(self.module.clone(), &self.layout, weights).train();
        let tensor = |values: Vec<f32>| {
            let shape = [timesteps.len(), values.len() / timesteps.len()];
            Tensor::<2>::from_data(TensorData::new(values, shape), &self.device)
        };
        let output = module.predict(
            tensor(x.to_vec()),
            timestep_tensor(timesteps, &self.device),
            labels.map(|labels| label_tensor(labels, &self.device)),
        );
        let found = values(output.clone());
        let mut slopes = vec![0.0; found.len()];
        loss(&found, &mut slopes);
        // The gradient of Σ output · slopes is that of the loss.
        let all = (output * tensor(slopes)).sum().backward();
        let tensors = GradientsParams::from_grads(all, &module);
        let mut reader = Reader { tensors, gradients, next: 0 };
        module.visit(&mut reader);
        assert_eq!(reader.next, self.layout.len(), "gradients of all parameters");
    }
}

/// Writes the gradients of parameters one after the other.
struct Reader<'a> {
    tensors: GradientsParams,
    gradients: &'a mut [f32],
    next: usize,
}

impl ModuleVisitor for Reader<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let place = &mut self.gradients[self.next..][..param.shape().num_elements()];
        self.next += place.len();
        match self.tensors.remove::<D>(param.id) {
            Some(gradient) => place.copy_from_slice(&values(gradient)),
            // Frequencies that are not learned have none.
            None => place.fill(0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device, layer::Linear};

    #[test]
    fn the_layout_is_that_of_the_module() {
        let layer = Linear::new(&device::cpu(), 3, 2);
        let layout = parameters::layout(&layer);
        let expected = [("weight", [2, 3].as_slice(), 0..6), ("bias", [2].as_slice(), 6..8)];
        assert!(layout.iter().eq(expected));
        let values: Vec<f32> = (0..8_u8).map(f32::from).collect();
        let layer = parameters::with_values(layer, &layout, &values);
        assert_eq!(parameters::to_weights(&layer), layout.to_weights(&values));
    }
}
