//! Parameters that are loaded later.

use burn::module::{Param, ParamId};
use burn::tensor::{Device, Tensor};

/// A parameter without values yet. They are zeros if nothing is loaded before they are read; a network
/// whose weights are loaded never makes them.
pub(crate) fn blank<const D: usize>(device: &Device, shape: [usize; D]) -> Param<Tensor<D>> {
    let init = move |device: &Device, gradients: bool| {
        let value = Tensor::zeros(shape, device);
        if gradients { value.require_grad() } else { value }
    };
    Param::uninitialized(ParamId::new(), init, device.clone(), true, shape.into())
}
