//! The gradient of all parameters together.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use crate::kernel;
use crate::parameters::{Path, values};

/// The length of a gradient, and where it is not finite.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GradientNorm {
    /// The Euclidean norm over all parameters.
    pub norm: f64,
    /// The first parameter whose gradient is not finite.
    pub bad: Option<String>,
}

/// The norm of the gradients of a module.
///
/// # Formula
/// ```text
/// √ Σ_parameters Σ_elements g²
/// ```
/// # Numerics
/// Sums within a parameter in f32 on its device, between parameters in f64; elements above 1e19
/// count as not finite. One copy to the host.
pub(super) fn global_norm<M: Module>(module: &M, gradients: &GradientsParams) -> GradientNorm {
    let mut squares =
        Squares { path: Path::default(), gradients, names: Vec::new(), sums: Vec::new() };
    module.visit(&mut squares);
    let sums =
        if squares.sums.is_empty() { Vec::new() } else { values(Tensor::cat(squares.sums, 0)) };
    let bad = sums.iter().position(|sum| !sum.is_finite());
    GradientNorm {
        norm: sums.iter().map(|&sum| f64::from(sum)).sum::<f64>().sqrt(),
        bad: bad.map(|i| squares.names.swap_remove(i)),
    }
}

/// What the gradients are multiplied by so that their norm is at most `limit`.
///
/// # Source
/// PyTorch's `clip_grad_norm_`, without its 1e-6 in the denominator.
pub(super) fn clip_factor(norm: f64, limit: Option<f64>) -> f64 {
    limit.map_or(1.0, |limit| if norm > limit { limit / norm } else { 1.0 })
}

struct Squares<'a> {
    path: Path,
    gradients: &'a GradientsParams,
    names: Vec<String>,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        self.path.enter(name, container);
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        self.path.exit(container);
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            self.names.push(self.path.dotted());
            self.sums.push(if kernel::serves(&gradient) {
                kernel::sum_of_squares(gradient)
            } else {
                gradient.square().sum()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Initializer, device, layer::Linear};

    fn norm_of(weight: [[f32; 2]; 1], bias: [f32; 1]) -> GradientNorm {
        let device = device::cpu();
        let layer = Linear::new(&Initializer::new(0, &device), 2, 1);
        let mut gradients = GradientsParams::new();
        gradients.register(layer.weight.id, Tensor::<2>::from_floats(weight, &device));
        gradients.register(layer.bias.id, Tensor::<1>::from_floats(bias, &device));
        global_norm(&layer, &gradients)
    }

    #[test]
    fn the_norm_is_over_all_parameters_together() {
        // 2² + 3² + 6² = 7²
        assert_eq!(norm_of([[2.0, -3.0]], [6.0]), GradientNorm { norm: 7.0, bad: None });
        assert!((clip_factor(7.0, Some(1.0)) - 1.0 / 7.0).abs() < 1e-16);
        assert_eq!((clip_factor(0.5, Some(1.0)), clip_factor(7.0, None)), (1.0, 1.0));
    }

    #[test]
    fn the_first_bad_parameter_is_named() {
        let bad = norm_of([[2.0, 1.0]], [f32::NAN]);
        assert!(bad.norm.is_nan());
        assert_eq!(bad.bad.as_deref(), Some("bias"));
    }
}
