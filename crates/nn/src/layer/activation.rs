//! The activation functions of the networks.

use ancestral_format::Activation;
use burn::tensor::{Tensor, activation};

/// Beyond this the exponential is cut off, so that its gradient stays finite.
const LARGEST_EXPONENT: f32 = 80.0;

/// The sigmoid linear unit.
///
/// # Formula
/// ```text
/// silu(x) = x / (1 + e^−x)
/// ```
/// # Shapes
/// Any; element by element.
/// # Numerics
/// Relative error below 4e-7; for x < −80 the result is x e^−80, at most 1e-32 from the right one
/// as long as x > −1e3. NaN stays NaN.
#[must_use]
pub fn silu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let exponential = (-x.clone()).clamp_max(LARGEST_EXPONENT).exp();
    x / (exponential + 1.0)
}

/// The activation function that a config names.
///
/// # Numerics
/// Gelu is the exact one, with the error function.
#[must_use]
pub fn activate<const D: usize>(function: Activation, x: Tensor<D>) -> Tensor<D> {
    match function {
        Activation::Silu | Activation::Swish => silu(x),
        Activation::Mish => activation::mish(x),
        Activation::Gelu => activation::gelu(x),
        Activation::Relu => activation::relu(x),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{device, parameters::values};

    const POINTS: [f32; 8] = [-300.0, -81.0, -20.0, -1.0, 0.0, 0.5, 3.0, 300.0];

    #[test]
    fn values_and_slopes_are_those_of_the_formula() {
        let device = device::cpu();
        let x = Tensor::<1>::from_floats(POINTS, &device).autodiff().require_grad();
        let y = silu(x.clone());
        let slopes = x.grad(&y.clone().sum().backward()).unwrap();
        let found = values(y.inner()).into_iter().zip(values(slopes));
        for (x, (y, slope)) in POINTS.into_iter().map(f64::from).zip(found) {
            let sigmoid = 1.0 / (1.0 + (-x).exp());
            let expected = [x * sigmoid, sigmoid * (1.0 + x * (1.0 - sigmoid))];
            for (found, expected) in [y, slope].into_iter().map(f64::from).zip(expected) {
                assert!((found - expected).abs() <= 4e-7 * expected.abs() + 1e-31, "{x}: {found}");
            }
        }
    }

    #[test]
    fn what_is_not_a_number_stays_so() {
        let x = Tensor::<1>::from_floats([f32::NAN, f32::INFINITY], &device::cpu());
        let y = values(silu(x));
        assert!(y[0].is_nan() && y[1] == f32::INFINITY);
    }
}
