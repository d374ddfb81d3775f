use proptest::prelude::*;

use super::*;

fn f64s(values: &[f64]) -> Array {
    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Array::new(Dtype::F64, vec![values.len()], bytes).unwrap()
}

fn halves(array: &Array) -> Vec<u16> {
    elements(array.bytes(), u16::from_le_bytes)
}

/// 2 to the power of `exponent`.
fn two(exponent: i32) -> f64 {
    2_f64.powi(exponent)
}

#[test]
fn f16_by_hand() {
    let cases = [
        (1.0, 0x3c00),
        (-2.0, 0xc000),
        (-0.0, 0x8000),
        (65504.0, 0x7bff),                   // the largest
        (65519.999, 0x7bff),                 // just under half way to the next
        (65520.0, 0x7c00),                   // half way: to even, which is infinity
        (two(-24), 0x0001),                  // the smallest
        (two(-25), 0x0000),                  // half of it: to even
        (two(-25) + two(-70), 0x0001),       // a hair more
        (1.0 + two(-11), 0x3c00),            // half way up from 1: to even
        (1.0 + 3.0 * two(-11), 0x3c02),      // half way again: to even, upwards
        (1.0 + two(-11) + two(-45), 0x3c01), // a hair more than half way
        (f64::NEG_INFINITY, 0xfc00),
    ];
    let (values, expected): (Vec<f64>, Vec<u16>) = cases.into_iter().unzip();
    assert_eq!(halves(&f64s(&values).cast(Dtype::F16)), expected);
}

#[test]
fn bf16_by_hand() {
    let cases = [
        (1.0, 0x3f80),
        (-0.5, 0xbf00),
        (3.140_625, 0x4049),
        (1.0 + two(-8), 0x3f80),            // half way: to even
        (1.0 + 3.0 * two(-8), 0x3f82),      // half way: to even, upwards
        (1.0 + two(-8) + two(-45), 0x3f81), // a hair more than half way
        (f64::from(f32::MAX), 0x7f80),      // more than half way from the largest to 2^128
        (1e300, 0x7f80),
        (two(-133), 0x0001), // the smallest
    ];
    let (values, expected): (Vec<f64>, Vec<u16>) = cases.into_iter().unzip();
    assert_eq!(halves(&f64s(&values).cast(Dtype::BF16)), expected);
}

#[test]
fn halves_by_hand_to_f32() {
    let f16 = Array::new(Dtype::F16, vec![3], vec![0x00, 0x3c, 0x01, 0x00, 0xff, 0x7b]).unwrap();
    assert_eq!(f16.to_f32(), [1.0, 5.960_464_5e-8, 65504.0]);
    let bf16 = Array::new(Dtype::BF16, vec![2], vec![0x49, 0x40, 0x80, 0xff]).unwrap();
    assert_eq!(bf16.to_f32(), [3.140_625, f32::NEG_INFINITY]);
}

#[test]
fn f64_is_rounded_to_the_nearest_f32() {
    let array = f64s(&[0.1, 1.0 + two(-24), 1.0 + two(-24) + two(-50)]);
    assert_eq!(array.to_f32(), [0.1, 1.0, 1.0 + f32::EPSILON]);
    assert_eq!(array.cast(Dtype::F32).to_f32(), array.to_f32());
}

#[test]
fn nan_stays_nan() {
    for dtype in Dtype::ALL {
        assert!(f64s(&[f64::NAN]).cast(dtype).to_f32()[0].is_nan(), "{dtype:?}");
    }
}

#[test]
fn f32_is_kept_little_endian_in_order() {
    let array = Array::from_f32(vec![1, 2], &[1.0, -2.0]).unwrap();
    assert_eq!(array.bytes(), [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    assert_eq!((array.dtype(), array.shape(), array.len()), (Dtype::F32, &[1, 2][..], 2));
}

#[test]
fn shape_and_length_must_agree() {
    let error = Array::new(Dtype::F16, vec![2, 3], vec![0; 10]).unwrap_err();
    assert_eq!(error.to_string(), "shape [2, 3] asks for 12 bytes, but there are 10");
    let error = Array::from_f32(vec![2], &[0.0]).unwrap_err();
    assert_eq!(error.to_string(), "shape [2] asks for 2 values, but there are 1");
}

#[test]
fn shapes_beyond_counting_are_refused() {
    let shape = vec![usize::MAX, 2];
    let error = Array::new(Dtype::F16, shape.clone(), vec![]).unwrap_err();
    assert_eq!(error, ArrayError::Overflow { shape: shape.clone() });
    assert_eq!(Array::from_f32(shape.clone(), &[]), Err(ArrayError::Overflow { shape }));
}

#[test]
fn scalars_and_empty_arrays() {
    assert_eq!(Array::from_f32(vec![], &[3.0]).unwrap().len(), 1);
    let empty = Array::from_f32(vec![2, 0], &[]).unwrap();
    assert!(empty.is_empty() && empty.to_f32().is_empty());
}

proptest! {
    #[test]
    fn a_wider_format_and_back_changes_nothing(bits in any::<u16>(), wide in 2_usize..4) {
        for narrow in [Dtype::F16, Dtype::BF16] {
            let array = Array::new(narrow, vec![1], bits.to_le_bytes().to_vec()).unwrap();
            prop_assume!(!array.to_f32()[0].is_nan());
            prop_assert_eq!(array.cast(Dtype::ALL[wide]).cast(narrow), array);
        }
    }

    #[test]
    fn the_nearest_half_is_taken(value in -70000.0..70000.0_f64) {
        for (narrow, infinity) in [(Dtype::F16, 0x7c00_u16), (Dtype::BF16, 0x7f80)] {
            let bits = halves(&f64s(&[value]).cast(narrow))[0];
            let decode = |bits: u16| {
                let array = Array::new(narrow, vec![1], bits.to_le_bytes().to_vec()).unwrap();
                f64::from(array.to_f32()[0])
            };
            prop_assume!(bits & 0x7fff < infinity - 1);
            let error = (decode(bits) - value).abs();
            prop_assert!(error <= (decode(bits + 1) - value).abs());
            if bits & 0x7fff > 0 {
                prop_assert!(error <= (decode(bits - 1) - value).abs());
            }
        }
    }
}
