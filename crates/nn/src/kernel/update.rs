//! One update of a parameter, and the length of its gradient.

use ancestral_cpu::train::{self, Slot, Update};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;

use super::{CpuTensor, in_order, tensor, values};

#[backend_extension(Flex)]
trait Optimise: Backend {
    fn update(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        average: FloatTensor<Self>,
        update: Update,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    fn sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// A tensor whose memory is its values alone, in order: the same one, if it is so already.
fn alone(tensor: CpuTensor) -> CpuTensor {
    let count = tensor.shape().num_elements();
    if tensor.is_contiguous() && tensor.storage::<f32>().len() == count {
        return tensor;
    }
    super::tensor(values(&in_order(&tensor)).to_vec(), tensor.shape())
}

impl Optimise for Flex {
    fn update(
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        average: FloatTensor<Self>,
        update: Update,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let gradient = in_order(&gradient);
        let [mut weight, mut first, mut second, mut average] =
            [weight, first, second, average].map(alone);
        update.apply(Slot {
            weight: weight.storage_mut(),
            gradient: values(&gradient),
            first: first.storage_mut(),
            second: second.storage_mut(),
            average: average.storage_mut(),
        });
        (weight, first, second, average)
    }

    fn sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let sum = train::sum_of_squares(values(&in_order(&x)));
        #[expect(clippy::cast_possible_truncation, reason = "rounding to f32 is what is wanted")]
        let sum = sum as f32;
        tensor(vec![sum], [1])
    }
}

/// What is kept of a parameter.
#[derive(Debug)]
pub(crate) struct Kept<const D: usize> {
    pub weight: Tensor<D>,
    pub first: Tensor<D>,
    pub second: Tensor<D>,
    pub average: Tensor<D>,
}

/// Updates a parameter, where [`serves`](super::serves) says so; in place, if nobody else has its
/// tensors.
pub(crate) fn update<const D: usize>(
    kept: Kept<D>,
    gradient: Tensor<D>,
    update: Update,
) -> Kept<D> {
    let Kept { weight, first, second, average } = kept;
    let [weight, gradient, first, second, average] =
        [weight, gradient, first, second, average].map(Tensor::into_dispatch);
    let (weight, first, second, average) =
        <Dispatch as Optimise>::update(weight, gradient, first, second, average, update);
    let [weight, first, second, average] =
        [weight, first, second, average].map(Tensor::from_dispatch);
    Kept { weight, first, second, average }
}

/// Σ x², where [`serves`](super::serves) says so.
pub(crate) fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as Optimise>::sum_of_squares(x.into_dispatch()))
}
