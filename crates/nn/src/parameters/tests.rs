use ancestral_format::{Array, Dtype};

use super::*;
use crate::{Initializer, device, layer::Linear};

fn layer() -> Linear {
    Linear::new(&Initializer::new(1, &device::cpu()), 3, 2)
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let weights = Weights::from_iter([
        ("weight".to_owned(), Array::from_f32(vec![3, 2], &[0.0; 6]).unwrap()),
        ("scale".to_owned(), Array::from_f32(vec![1], &[0.0]).unwrap()),
    ]);
    assert_eq!(
        load(layer(), &weights).unwrap_err().to_string(),
        "the weights do not fit the network: missing: bias; unexpected: scale; weight has shape \
         [3, 2] instead of [2, 3]"
    );
}

#[test]
fn every_stored_format_loads_as_f32() {
    let original = to_weights(&layer());
    for dtype in Dtype::ALL {
        let stored = original.cast(dtype);
        let loaded = load(layer(), &stored).unwrap();
        assert_eq!(loaded.weight.val().dtype(), burn::tensor::DType::F32, "{dtype:?}");
        assert_eq!(to_weights(&loaded), stored.cast(Dtype::F32), "{dtype:?}");
    }
}

#[test]
fn loading_keeps_identity_and_gradients() {
    for module in [layer(), layer().train()] {
        let (id, tracked) = (module.weight.id, module.weight.val().is_require_grad());
        let weights = to_weights(&module);
        let loaded = load(module, &weights).unwrap();
        assert_eq!(loaded.weight.id, id);
        assert_eq!(loaded.weight.val().is_require_grad(), tracked);
        assert!(loaded.train().weight.val().is_require_grad());
    }
}
