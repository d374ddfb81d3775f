use super::*;

fn f64s(values: &[f64]) -> Array {
    let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    Array::new(Dtype::F64, vec![values.len()], bytes).unwrap()
}

/// 2 to the power of `exponent`.
fn two(exponent: i32) -> f64 {
    2_f64.powi(exponent)
}

fn halves(dtype: Dtype, bits: &[u16]) -> Vec<f64> {
    let bytes = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let array = Array::new(dtype, vec![bits.len()], bytes).unwrap();
    array.to_f32().into_iter().map(f64::from).collect()
}

#[test]
fn f16_by_hand() {
    let bits = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x3c01, 0xfc00];
    let expected = [1.0, -2.0, 65504.0, two(-24), two(-14), 1.0 + two(-10), f64::NEG_INFINITY];
    assert_eq!(halves(Dtype::F16, &bits), expected);
    assert!(halves(Dtype::F16, &[0x8000])[0].is_sign_negative());
}

#[test]
fn bf16_by_hand() {
    let bits = [0x3f80, 0xbf00, 0x4049, 0x0001, 0x3f81, 0xff80];
    let expected = [1.0, -0.5, 3.140_625, two(-133), 1.0 + two(-7), f64::NEG_INFINITY];
    assert_eq!(halves(Dtype::BF16, &bits), expected);
}

#[test]
fn f64_is_rounded_to_the_nearest_f32() {
    let array = f64s(&[0.1, 1.0 + two(-24), 1.0 + two(-24) + two(-50)]);
    assert_eq!(array.to_f32(), [0.1, 1.0, 1.0 + f32::EPSILON]);
}

#[test]
fn nan_stays_nan() {
    assert!(halves(Dtype::F16, &[0x7e00])[0].is_nan());
    assert!(halves(Dtype::BF16, &[0x7fc0])[0].is_nan());
    assert!(f64s(&[f64::NAN]).to_f32()[0].is_nan());
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
    assert_eq!(error.to_string(), "shape [2, 3] needs 12 bytes, found 10");
    let error = Array::from_f32(vec![2], &[0.0]).unwrap_err();
    assert_eq!(error.to_string(), "shape [2] needs 2 values, found 1");
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
