use ancestral_cpu::Precision;
use ancestral_format::{Array, Labels, UNetConfig};

use super::*;
use crate::unet::UNet;
use crate::{device, parameters};

fn unet(labels: Option<usize>) -> UNet {
    let config = UNetConfig {
        sample_size: Some([4, 4]),
        in_channels: 1,
        out_channels: 2,
        block_out_channels: vec![8],
        down_block_types: vec![ancestral_format::DownBlock::DownBlock2D],
        up_block_types: vec![ancestral_format::UpBlock::UpBlock2D],
        layers_per_block: 1,
        norm_num_groups: Some(4),
        num_class_embeds: labels,
        ..UNetConfig::default()
    };
    parameters::seeded(UNet::new(&config, &device::cpu()).unwrap(), 0)
}

fn rows(n: usize) -> Batch {
    Batch::new(vec![1, 4, 4], (0..16 * n).map(|i| (i as f32 * 0.3).sin()).collect())
}

#[test]
fn a_call_gives_one_row_of_the_output_shape_for_each_row() {
    let mut network = BurnNetwork::new(&unet(None));
    let both = network.predict(&rows(2), &[3.0, 700.0], None).unwrap();
    assert_eq!((both.rows(), both.row_shape()), (2, [2, 4, 4].as_slice()));
    let second = Batch::new(vec![1, 4, 4], rows(2).row(1).to_vec());
    let alone = network.predict(&second, &[700.0], None).unwrap();
    for (alone, both) in alone.row(0).iter().zip(both.row(1)) {
        assert!((alone - both).abs() < 1e-5, "{alone} {both}");
    }
    assert_ne!(network.predict(&second, &[3.0], None).unwrap().row(0), both.row(1));
}

#[test]
fn a_smaller_call_is_filled_up_with_its_last_row() {
    assert_eq!(padded(&[1, 2, 3, 4], 2, 4), [1, 2, 3, 4, 3, 4, 3, 4]);
    assert_eq!(padded(&[1, 2], 1, 2), [1, 2]);
    assert!(padded(&[] as &[u8], 1, 3).is_empty());
    let mut network = BurnNetwork::new(&unet(Some(3)));
    let all = network.predict(&rows(3), &[3.0, 700.0, 20.0], Some(&[0, 1, 2])).unwrap();
    // Of a clone, as runs make one a call.
    let first = network.clone().predict(&rows(1), &[3.0], Some(&[0])).unwrap();
    assert_eq!((first.rows(), first.row(0)), (1, all.row(0)));
}

#[test]
fn products_in_16_bits_are_near_those_in_32() {
    for (precision, most) in [(Precision::Bf16, 2e-2), (Precision::F16, 3e-3)] {
        let module = unet(None);
        let weights = parameters::to_weights(&module);
        let found = parameters::load_in(precision, module.clone(), &weights).unwrap();
        let x = rows(2);
        let [found, exact] = [found, module].map(|module| {
            BurnNetwork::new(&module).predict(&x, &[3.0, 700.0], None).unwrap().into_data()
        });
        let largest = exact.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let error = found.iter().zip(&exact).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
        assert!(error > 0.0 && error < most * largest, "{precision}: {error} of {largest}");
    }
}

#[test]
fn labels_must_fit() {
    let mut plain = BurnNetwork::new(&unet(None));
    let mut labelled = BurnNetwork::new(&unet(Some(3)));
    let mut call = |labels: Option<&[u32]>| labelled.predict(&rows(2), &[1.0, 1.0], labels);
    assert_eq!(
        call(None),
        Err(NetworkError::Labels { expected: Labels::Classes(3), given: false })
    );
    assert_eq!(call(Some(&[0, 3])), Err(NetworkError::Label { label: 3, row: 1, count: 3 }));
    let same_picture = call(Some(&[0, 2])).unwrap();
    assert_ne!(call(Some(&[0, 1])).unwrap().row(1), same_picture.row(1));
    assert_eq!(
        plain.predict(&rows(1), &[1.0], Some(&[0])),
        Err(NetworkError::Labels { expected: Labels::None, given: true })
    );
}

#[test]
fn what_is_not_finite_is_an_error_with_its_place() {
    let module = unet(None);
    let mut weights = parameters::to_weights(&module);
    weights.insert("conv_out.bias", Array::from_f32(vec![2], &[0.0, f32::INFINITY]).unwrap());
    let mut network = BurnNetwork::new(&parameters::load(module, &weights).unwrap());
    assert_eq!(
        network.predict(&rows(1), &[17.0], None).unwrap_err().to_string(),
        "the network predicts inf at timestep 17, in row 0 of the batch"
    );
}

#[test]
#[should_panic(expected = "shape of a row (without the number of rows)")]
fn another_shape_panics() {
    let x = Batch::zeros(1, vec![1, 4, 5]);
    let _ = BurnNetwork::new(&unet(None)).predict(&x, &[1.0], None);
}
