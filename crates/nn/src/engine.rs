//! A Burn module as the engine that trainers call.

use std::ops::Range;

use ancestral_cpu::{Precision, Shapes};
use ancestral_format::Layout;
use ancestral_learn::{Engine, EngineError, Pass};
use burn::module::{ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData, Transaction};

use crate::diffusion_module::DiffusionModule;
use crate::network::{label_tensor, shapes, timestep_tensor};
use crate::parameters::{self, f32s};

/// A module on any device, as the engine that trainers call.
///
/// Weights and gradients are in host memory: a pass copies them to the device and back.
///
/// # Numerics
/// Gradients are summed as Burn sums them, not by the tree of the trainer's passes: batches that are
/// cut otherwise give other roundings.
#[derive(Debug)]
pub struct BurnEngine<M> {
    precision: Precision,
    module: M,
    device: Device,
    layout: Layout,
    shapes: Shapes,
}

impl<M: DiffusionModule> BurnEngine<M> {
    /// Takes a module, on whatever device it is, for products in `precision`. Its weights are of no
    /// account.
    ///
    /// # Panics
    /// If the module has no parameters.
    #[must_use]
    pub fn new(precision: Precision, module: M) -> Self {
        let device = module.devices().into_iter().next().expect("a network has parameters");
        let (layout, shapes) = (parameters::layout(&module), shapes(&module));
        Self { precision, module, device: device.without_autodiff(), layout, shapes }
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
    ) -> Result<(), EngineError> {
        let Pass { x, timesteps, labels, leaf: _ } = pass;
        let module = self.module.clone();
        let module = parameters::with_values(self.precision, module, &self.layout, weights).train();
        let tensor = |values: Vec<f32>| {
            let shape = [timesteps.len(), values.len() / timesteps.len()];
            Tensor::<2>::from_data(TensorData::new(values, shape), &self.device)
        };
        let output = module.predict(
            tensor(x.to_vec()),
            timestep_tensor(timesteps, &self.device),
            labels.map(|labels| label_tensor(labels, &self.device)),
        );
        let found = f32s(output.clone().try_into_data().map_err(failed)?);
        let mut slopes = vec![0.0; found.len()];
        loss(&found, &mut slopes);
        // The gradient of Σ output · slopes is that of the loss.
        let all = (output * tensor(slopes)).sum().backward();
        let tensors = GradientsParams::from_grads(all, &module);
        let mut reader =
            Reader { tensors, reading: Transaction::default(), places: vec![], end: 0 };
        module.visit(&mut reader);
        assert_eq!(reader.end, self.layout.len(), "gradients of all parameters");
        // Frequencies that are not learned have none.
        gradients.fill(0.0);
        let read = reader.reading.try_execute().map_err(failed)?;
        for (place, read) in reader.places.into_iter().zip(read) {
            gradients[place].copy_from_slice(&f32s(read));
        }
        Ok(())
    }
}

fn failed(error: impl std::fmt::Display) -> EngineError {
    EngineError(error.to_string())
}

/// Collects the gradients of parameters one after the other, to be read at once.
struct Reader {
    tensors: GradientsParams,
    reading: Transaction,
    /// Where the parameters whose gradients are read lie among all.
    places: Vec<Range<usize>>,
    /// Where the last parameter ends.
    end: usize,
}

impl ModuleVisitor for Reader {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let begin = self.end;
        self.end += param.shape().num_elements();
        if let Some(gradient) = self.tensors.remove::<D>(param.id) {
            self.reading = std::mem::take(&mut self.reading).register(gradient);
            self.places.push(begin..self.end);
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
        let layer = parameters::with_values(Precision::F32, layer, &layout, &values);
        assert_eq!(parameters::to_weights(&layer), layout.to_weights(&values));
    }
}
