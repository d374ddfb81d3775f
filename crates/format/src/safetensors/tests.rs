use proptest::prelude::*;

use super::*;

/// A file put together by hand: a header of `json`, padded with spaces, and `data`.
fn file(json: &str, data: &[u8]) -> Vec<u8> {
    let mut header = json.as_bytes().to_vec();
    header.resize(header.len().next_multiple_of(8), b' ');
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    [&length, header.as_slice(), data].concat()
}

fn refusal(json: &str, data: &[u8]) -> String {
    from_bytes(&file(json, data)).unwrap_err().to_string()
}

fn example() -> Weights {
    let mut weights = Weights::new();
    weights.insert("a.bias", Array::new(Dtype::F16, vec![1], vec![0x00, 0x3c]).unwrap());
    weights.insert("b.weight", Array::from_f32(vec![2, 1], &[1.0, -2.0]).unwrap());
    weights
}

const EXAMPLE_HEADER: &str = concat!(
    r#"{"__metadata__":{"format":"pt"},"#,
    r#""b.weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"#,
    r#""a.bias":{"dtype":"F16","shape":[1],"data_offsets":[8,10]}}"#,
);

#[test]
fn a_file_by_hand() {
    let data = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0x00, 0x3c];
    let bytes = file(EXAMPLE_HEADER, &data);
    assert_eq!(bytes[..8], [160, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(to_bytes(&example()).unwrap(), bytes);
    assert_eq!(from_bytes(&bytes).unwrap(), example());
}

#[test]
fn other_number_formats_are_refused_by_name() {
    assert_eq!(
        refusal(r#"{"step":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#, &[0; 8]),
        "tensor \"step\" is I64, which is not supported (supported: F16, BF16, F32, F64)"
    );
}

#[test]
fn a_length_that_does_not_fit_names_the_tensor() {
    let json = concat!(
        r#"{"good":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#,
        r#""bad":{"dtype":"F32","shape":[3],"data_offsets":[4,12]}}"#,
    );
    assert_eq!(
        refusal(json, &[0; 12]),
        "tensor \"bad\": shape [3] of F32 asks for 12 bytes, but the header gives it 8"
    );
}

#[test]
fn a_hole_in_the_data_names_the_tensor() {
    let json = r#"{"late":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    assert!(refusal(json, &[0; 8]).contains("late"));
}

#[test]
fn damaged_bytes_are_refused() {
    let whole = to_bytes(&example()).unwrap();
    for length in 0..whole.len() {
        let error = from_bytes(&whole[..length]).unwrap_err();
        assert!(matches!(error, SafetensorsError::Malformed { .. }), "{length}: {error}");
    }
    assert!(from_bytes(&[whole.as_slice(), &[0]].concat()).is_err());
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    assert!(from_bytes(pointer).is_err());
}

fn array() -> impl Strategy<Value = Array> {
    let shape = prop::collection::vec(0_usize..4, 0..4);
    (0_usize..4, shape).prop_flat_map(|(dtype, shape)| {
        let dtype = Dtype::ALL[dtype];
        let length = dtype.size() * shape.iter().product::<usize>();
        prop::collection::vec(any::<u8>(), length)
            .prop_map(move |bytes| Array::new(dtype, shape.clone(), bytes).unwrap())
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_bit_for_bit(
        arrays in prop::collection::btree_map("[a-z]{1,3}(\\.[0-9])?|ß\"", array(), 0..6),
    ) {
        let weights: Weights = arrays.into_iter().collect();
        let bytes = to_bytes(&weights).unwrap();
        prop_assert_eq!(&from_bytes(&bytes).unwrap(), &weights);
        prop_assert_eq!(byte_size(&weights).unwrap(), bytes.len() as u64);
        prop_assert_eq!(to_bytes(&weights).unwrap(), bytes);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = from_bytes(&bytes);
    }

    #[test]
    fn a_changed_byte_never_panics(index in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = to_bytes(&example()).unwrap();
        let index = index.index(bytes.len());
        bytes[index] = byte;
        let _ = from_bytes(&bytes);
    }
}
