//! A Burn module as the network that samplers call.

use std::sync::Arc;

use ancestral::{Batch, Network};
use ancestral_format::Labels;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use thiserror::Error;

use crate::diffusion_module::DiffusionModule;
use crate::parameters::values;
use crate::shards::{Workers, cut, most_parts};

/// Why a network call failed.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// The network gave a number that is none.
    #[error("the network predicts {value} at timestep {timestep}, in row {row} of the batch")]
    NonFinite {
        /// What it gave.
        value: f32,
        /// The timestep of the row.
        timestep: f64,
        /// The row.
        row: usize,
    },
    /// The network got labels and takes none, or the other way round, or takes vectors.
    #[error("the network takes {expected}, but {} given", if *given { "numbers were" } else { "none were" })]
    Labels {
        /// What it takes.
        expected: Labels,
        /// Whether numbers were given.
        given: bool,
    },
    /// The network has not learned that time.
    #[error("timestep {timestep} in row {row} is not in 0 to {}, which the network knows", count - 1)]
    Timestep {
        /// The timestep.
        timestep: f64,
        /// The row.
        row: usize,
        /// How many timesteps the network knows.
        count: usize,
    },
    /// A label is too large.
    #[error("label {label} in row {row} is not below {count}")]
    Label {
        /// The label.
        label: u32,
        /// The row.
        row: usize,
        /// How many the network distinguishes.
        count: usize,
    },
}

/// A module on any device, as the network that samplers call.
///
/// Rows are in host memory: a call copies them to the device and the prediction back. On the CPU
/// the parts of a large batch are computed side by side, which changes no bit.
#[derive(Debug, Clone)]
pub struct BurnNetwork<M> {
    module: M,
    device: Device,
    workers: Arc<Workers>,
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
        let device = device.without_autodiff();
        Self { workers: Arc::new(Workers::new(most_parts(&device))), device, module }
    }

    /// The module.
    #[must_use]
    pub fn module(&self) -> &M {
        &self.module
    }

    fn outputs(&self, x: &Batch, timesteps: &[f64], labels: Option<&[u32]>) -> Vec<f32> {
        let (size, device) = (x.row_len(), &self.device);
        let parts =
            cut(x.rows(), self.module.rows_worth_a_pass(), device).into_iter().map(|rows| {
                let values = x.data()[rows.start * size..rows.end * size].to_vec();
                (self.module.clone(), rows, values)
            });
        let outputs = self.workers.map(parts.collect(), |(module, rows, x)| {
            let x = Tensor::from_data(TensorData::new(x, [rows.len(), size]), device);
            let labels = labels.map(|labels| label_tensor(&labels[rows.clone()], device));
            values(module.predict(x, timestep_tensor(&timesteps[rows], device), labels))
        });
        outputs.concat()
    }

    fn check_labels(&self, labels: Option<&[u32]>) -> Result<(), NetworkError> {
        match (self.module.labels(), labels) {
            (Labels::None, None) | (Labels::Times, Some(_)) => Ok(()),
            (Labels::Classes(count), Some(labels)) => {
                let wrong = labels.iter().position(|&label| label as usize >= count);
                wrong.map_or(Ok(()), |row| {
                    Err(NetworkError::Label { label: labels[row], row, count })
                })
            }
            (
                expected @ (Labels::None | Labels::Classes(_) | Labels::Times | Labels::Vectors),
                given,
            ) => Err(NetworkError::Labels { expected, given: given.is_some() }),
        }
    }

    fn check_timesteps(&self, timesteps: &[f64]) -> Result<(), NetworkError> {
        let Some(count) = self.module.timesteps() else { return Ok(()) };
        let known = -0.5..count as f64 - 0.5; // they are rounded
        let wrong = timesteps.iter().position(|timestep| !known.contains(timestep));
        wrong.map_or(Ok(()), |row| {
            Err(NetworkError::Timestep { timestep: timesteps[row], row, count })
        })
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
        let rows = x.rows();
        assert_eq!(x.shape(), self.module.input_shape(), "shapes of a row and of the network's");
        assert_eq!(timesteps.len(), rows, "numbers of timesteps and of rows");
        if let Some(labels) = labels {
            assert_eq!(labels.len(), rows, "numbers of labels and of rows");
        }
        self.check_labels(labels)?;
        self.check_timesteps(timesteps)?;
        let output = Batch::new(self.module.output_shape(), self.outputs(x, timesteps, labels));
        let bad = output.data().iter().position(|value| !value.is_finite());
        bad.map_or(Ok(()), |index| {
            let row = index / output.row_len();
            let value = output.data()[index];
            Err(NetworkError::NonFinite { value, timestep: timesteps[row], row })
        })?;
        Ok(output)
    }
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
