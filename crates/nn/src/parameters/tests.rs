use ancestral_format::{Array, Dtype};

use super::*;
use crate::{device, layer::Linear};

fn layer() -> Linear {
    Linear::new(&device::cpu(), 3, 2)
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let weights = Weights::from_iter([
        ("weight".to_owned(), Array::from_f32(vec![3, 2], &[0.0; 6]).unwrap()),
        ("scale".to_owned(), Array::from_f32(vec![1], &[0.0]).unwrap()),
    ]);
    assert_eq!(
        load(layer(), &weights).unwrap_err().to_string(),
        "the weights do not fit the network: missing: bias; unexpected: scale; wrong shape: \
         weight is [3, 2] instead of [2, 3]"
    );
}

#[test]
fn names_are_said_with_the_nearest_match_and_not_without_end() {
    let array = || Array::from_f32(vec![2], &[0.0; 2]).unwrap();
    let mut weights = to_weights(&layer());
    weights = weights.into_iter().filter(|(name, _)| name != "bias").collect();
    weights.insert("biass", array());
    assert_eq!(
        load(layer(), &weights).unwrap_err().to_string(),
        "the weights do not fit the network: missing: bias (there is biass); unexpected: biass \
         (expected bias)"
    );
    let many = (0..50).map(|i| (format!("extra.{i}"), array())).chain(to_weights(&layer()));
    let error = load(layer(), &many.collect()).unwrap_err();
    assert_eq!(error.unexpected.len(), 50);
    let message = error.to_string();
    assert!(message.ends_with("and 30 more") && message.len() < 400, "{message}");
}

#[test]
fn every_stored_format_loads_as_f32() {
    // 1, −2 and 0.5, which every format has.
    let values: [f64; 3] = [1.0, -2.0, 0.5];
    let stored = [
        (Dtype::F16, [0x3c00_u16, 0xc000, 0x3800].map(u16::to_le_bytes).concat()),
        (Dtype::BF16, [0x3f80_u16, 0xc000, 0x3f00].map(u16::to_le_bytes).concat()),
        (Dtype::F32, [1.0_f32, -2.0, 0.5].map(f32::to_le_bytes).concat()),
        (Dtype::F64, values.map(f64::to_le_bytes).concat()),
    ];
    for (dtype, bytes) in stored {
        let layer = Linear::new(&device::cpu(), 3, 1);
        let mut weights = to_weights(&layer);
        weights.insert("weight", Array::new(dtype, vec![1, 3], bytes).unwrap());
        let loaded = load(layer, &weights).unwrap();
        assert_eq!(loaded.weight.val().dtype(), burn::tensor::DType::F32, "{dtype:?}");
        assert_eq!(to_weights(&loaded).get("weight").unwrap().to_f32(), [1.0, -2.0, 0.5]);
    }
}

#[test]
fn a_network_that_does_not_fit_is_never_allocated() {
    let huge = Linear::new(&device::cpu(), 1 << 22, 1 << 22); // 64 TiB
    let message = load(huge, &to_weights(&layer())).unwrap_err().to_string();
    assert!(message.contains("weight is [2, 3] instead of [4194304, 4194304]"), "{message}");
}

#[test]
fn loading_makes_no_values_to_begin_with() {
    let layer = layer();
    let start = layer.clone();
    let weights = to_weights(&self::layer());
    let loaded = load(layer, &weights).unwrap();
    assert!(loaded.weight.is_initialized() && !start.weight.is_initialized());
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
