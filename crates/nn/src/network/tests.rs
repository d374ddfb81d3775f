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
