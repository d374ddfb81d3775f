//! A Burn module as the network that samplers call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ancestral::{Batch, Network};
use ancestral_cpu::{NetworkError, Shapes, check_finite};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};

use crate::diffusion_module::DiffusionModule;
use crate::parameters::f32s;

/// A module on any device, as the network that samplers call.
///
/// Rows are in host memory: a call copies them to the device and the prediction back.
///
/// A call has as many rows on the device as the largest before it, so that a run, whose last call may be a
/// smaller one, has one number of rows: kernels are chosen, compiled and measured for each.
#[derive(Debug, Clone)]
pub struct BurnNetwork<M> {
    module: M,
    device: Device,
    /// The rows of the largest call, of all clones.
    rows: Arc<AtomicUsize>,
}

impl<M: DiffusionModule> BurnNetwork<M> {
    /// Takes a module, on whatever device it is.
    ///
    /// # Panics
    /// If the module has no parameters.
    #[must_use]
    pub fn new(module: &M) -> Self {
        let module = Module::valid(module);
        let device = module.devices().into_iter().next().expect("a network has parameters");
        Self { device: device.without_autodiff(), module, rows: Arc::default() }
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &M {
        &self.module
    }
}

/// What a module takes and gives.
pub(crate) fn shapes<M: DiffusionModule>(module: &M) -> Shapes {
    Shapes {
        input: module.input_shape(),
        output: module.output_shape(),
        labels: module.labels(),
        timesteps: module.timesteps(),
    }
}

impl<M: DiffusionModule> Network for BurnNetwork<M> {
    type Error = NetworkError;

    /// # Errors
    /// If labels or timesteps do not fit the network, or it predicts something that is not finite.
    ///
    /// # Panics
    /// If the rows have another shape than the network's, or there is not one timestep (and one
    /// label, if any) a row.
    fn predict(
        &mut self,
        x: &Batch,
        timesteps: &[f64],
        labels: Option<&[u32]>,
    ) -> Result<Batch, NetworkError> {
        let (rows, shapes) = (x.rows(), shapes(&self.module));
        assert_eq!(
            x.row_shape(),
            shapes.input,
            "shape of a row (without the number of rows), and of the network's"
        );
        assert_eq!(timesteps.len(), rows, "numbers of timesteps and of rows");
        if let Some(labels) = labels {
            assert_eq!(labels.len(), rows, "numbers of labels and of rows");
        }
        shapes.check(timesteps, labels)?;
        let on_device = self.rows.fetch_max(rows, Ordering::Relaxed).max(rows);
        let data =
            TensorData::new(padded(x.data(), x.row_len(), on_device), [on_device, x.row_len()]);
        let output = self.module.predict(
            Tensor::from_data(data, &self.device),
            timestep_tensor(&padded(timesteps, 1, on_device), &self.device),
            labels.map(|labels| label_tensor(&padded(labels, 1, on_device), &self.device)),
        );
        let output = output.try_into_data();
        let mut output = f32s(output.map_err(|error| NetworkError::Device(error.to_string()))?);
        output.truncate(rows * shapes.output.iter().product::<usize>());
        let output = Batch::new(shapes.output, output);
        check_finite(&output, timesteps)?;
        Ok(output)
    }
}

/// Rows of so many values with the last one repeated until there are `rows`.
fn padded<T: Copy>(values: &[T], width: usize, rows: usize) -> Vec<T> {
    let mut values = values.to_vec();
    while let Some(last) = values.len().checked_sub(width)
        && values.len() < rows * width
    {
        values.extend_from_within(last..);
    }
    values
}

#[expect(clippy::cast_possible_truncation, reason = "networks take their times as f32")]
pub(crate) fn timestep_tensor(timesteps: &[f64], device: &Device) -> Tensor<1> {
    let values: Vec<f32> = timesteps.iter().map(|&t| t as f32).collect();
    Tensor::from_data(TensorData::new(values, [timesteps.len()]), device)
}

pub(crate) fn label_tensor(labels: &[u32], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = labels.iter().map(|&label| i64::from(label)).collect();
    Tensor::from_data(TensorData::new(values, [labels.len()]), device)
}

#[cfg(test)]
mod tests;
