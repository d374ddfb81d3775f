//! Starting values of parameters.

use std::fmt::Display;

use ancestral::{Purpose, Streams};
use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;

/// Gives each parameter its starting value, from a stream of its own.
///
/// A value depends on the seed and the parameter's path alone: not on the device, nor on which
/// other parameters a network has or in which order they are made. The identity by which an
/// optimiser knows the parameter follows from the path as well, so it is the same in every process.
/// Values are made when they are first asked for: a network whose weights are loaded never makes
/// them.
#[derive(Debug, Clone)]
pub struct Initializer {
    seed: u64,
    device: Device,
    path: String,
}

impl Initializer {
    /// Values for a whole network, on `device`.
    #[must_use]
    pub fn new(seed: u64, device: &Device) -> Self {
        Self { seed, device: device.clone(), path: String::new() }
    }

    /// The same for the part of a network called `name`.
    #[must_use]
    pub fn child(&self, name: impl Display) -> Self {
        Self { path: self.join(name), ..self.clone() }
    }

    /// Uniform values in [−bound, bound).
    pub(crate) fn uniform<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        bound: f64,
    ) -> Param<Tensor<D>> {
        let streams = self.streams();
        self.parameter(name, shape, move |hash, count| {
            let mut rng = streams.rng(hash, 0);
            let value = |_| {
                // 24 bits: every step of the grid is exact in f32.
                let unit = f64::from(rng.next_u32() >> 8) / f64::from(1 << 24);
                to_f32((2.0 * unit - 1.0) * bound)
            };
            (0..count).map(value).collect()
        })
    }

    /// Normal values about 0.
    pub(crate) fn normal<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        deviation: f32,
    ) -> Param<Tensor<D>> {
        let streams = self.streams();
        self.parameter(name, shape, move |hash, count| {
            let mut values = vec![0.0; count];
            streams.normals(hash, 0, &mut values);
            values.into_iter().map(|value: f32| value * deviation).collect()
        })
    }

    /// One value everywhere.
    pub(crate) fn constant<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        value: f32,
    ) -> Param<Tensor<D>> {
        self.parameter(name, shape, move |_, count| vec![value; count])
    }

    fn parameter<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        values: impl FnOnce(u64, usize) -> Vec<f32> + Send + Sync + 'static,
    ) -> Param<Tensor<D>> {
        let hash = path_hash(&self.join(name));
        let init = move |device: &Device, gradients: bool| {
            let values = values(hash, shape.iter().product());
            let value = Tensor::from_data(TensorData::new(values, shape), device);
            if gradients { value.require_grad() } else { value }
        };
        Param::uninitialized(ParamId::from(hash), init, self.device.clone(), true, shape.into())
    }

    fn streams(&self) -> Streams {
        Streams::new(self.seed, Purpose::Initialization)
    }

    fn join(&self, name: impl Display) -> String {
        if self.path.is_empty() { name.to_string() } else { format!("{}.{name}", self.path) }
    }
}

/// FNV-1a of a parameter's dotted path, 64 bits.
///
/// # Source
/// Fowler, Noll, Vo; RFC 9923.
fn path_hash(path: &str) -> u64 {
    path.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
fn to_f32(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device;

    fn values<const D: usize>(param: &Param<Tensor<D>>) -> Vec<f32> {
        crate::parameters::values(param.val())
    }

    #[test]
    fn fnv_1a_has_its_published_values() {
        assert_eq!(path_hash(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(path_hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(path_hash("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_parameter_depends_on_seed_and_path_alone() {
        let init = Initializer::new(1, &device::cpu());
        let (a, b) = (init.child("x").child(0), init.child("x").child(1));
        let first = a.uniform("weight", [3, 4], 1.0);
        let _ = b.normal("weight", [5], 1.0);
        let again = a.uniform("weight", [3, 4], 1.0);
        assert_eq!((values(&first), first.id), (values(&again), again.id));
        let others = [b.uniform("weight", [3, 4], 1.0), a.uniform("bias", [3, 4], 1.0)];
        for other in others {
            assert_ne!((values(&first), first.id), (values(&other), other.id));
        }
        let reseeded = Initializer::new(2, &device::cpu()).child("x").child(0);
        let reseeded = reseeded.uniform("weight", [3, 4], 1.0);
        assert_ne!(values(&first), values(&reseeded));
        assert_eq!(first.id, reseeded.id);
    }

    #[test]
    fn uniform_and_normal_have_their_moments() {
        let init = Initializer::new(3, &device::cpu());
        let moments = |values: &[f32]| {
            let n = values.len() as f64;
            let sum = |power: i32| values.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>();
            (sum(1) / n, sum(2) / n)
        };
        let uniform = values(&init.uniform("u", [100, 100], 0.5));
        assert!(uniform.iter().all(|x| (-0.5..0.5).contains(x)));
        let (mean, square) = moments(&uniform);
        // Variance 1/12; standard errors 0.003 and 0.0007.
        assert!(mean.abs() < 0.012 && (square - 1.0 / 12.0).abs() < 0.003);
        let (mean, square) = moments(&values(&init.normal("n", [100, 100], 1.0)));
        assert!(mean.abs() < 0.04 && (square - 1.0).abs() < 0.06);
    }

    #[test]
    fn parameters_can_be_trained_though_they_start_without_gradients() {
        use burn::module::Module;
        let init = Initializer::new(3, &device::cpu());
        let layer = crate::layer::Linear::new(&init, 2, 2);
        assert!(!layer.weight.val().is_require_grad());
        assert!(layer.train().weight.val().is_require_grad());
    }
}
