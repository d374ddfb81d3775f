use proptest::prelude::*;

use super::*;
use crate::array::{Array, Dtype};
use crate::impostor::Impostor;

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
        "tensor \"bad\": shape [3] of F32 needs 12 bytes, but the header gives it 8"
    );
}

#[test]
fn a_file_without_metadata_is_read() {
    let header = EXAMPLE_HEADER.replace(r#""__metadata__":{"format":"pt"},"#, "");
    let data = [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0, 0x00, 0x3c];
    assert_eq!(from_bytes(&file(&header, &data)).unwrap(), example());
}

#[test]
fn headers_that_cannot_be_are_refused_by_tensor() {
    let tensor = |name: &str, shape: &str, [from, to]: [u64; 2]| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let a = tensor("a", "[2]", [0, 8]);
    for (rest, message) in [
        (
            tensor("b", "[1]", [12, 16]),
            "bytes 8 to 12 of the data, before tensor \"b\", belong to no tensor",
        ),
        (
            tensor("b", "[1]", [4, 8]),
            "tensor \"b\" begins at byte 4 of the data, inside tensor \"a\"",
        ),
        (
            tensor("b", "[1]", [0, 8]),
            "tensor \"b\" begins at byte 0 of the data, inside tensor \"a\"",
        ),
        (
            tensor("b", "[1]", [12, 8]),
            "tensor \"b\" begins at byte 12 of the data, but ends at byte 8",
        ),
        (tensor("a", "[1]", [8, 12]), "the header names tensor \"a\" twice"),
        (
            tensor("b", "[4611686018427387904,4]", [8, 12]),
            "tensor \"b\": shape [4611686018427387904, 4] needs more bytes than can be counted",
        ),
        (
            tensor("b", "[2,2]", [8, 12]),
            "tensor \"b\": shape [2, 2] of F32 needs 16 bytes, but the header gives it 4",
        ),
        (
            tensor("b", "[1,1,1,1,1,1,1,1,1]", [8, 12]),
            "the header is not that of a safetensors file: tensor \"b\": invalid length 9, \
             expected a list of at most 8 values at line 1 column 100",
        ),
        (
            tensor("b", "[-1]", [8, 12]),
            "the header is not that of a safetensors file: tensor \"b\": invalid value: integer \
             \"-1\", expected usize at line 1 column 84",
        ),
        (
            tensor("b", "[1]", [8, 12]).replace("F32", "F3"),
            "the header is not that of a safetensors file: tensor \"b\": unknown variant \"F3\", \
             expected one of \"BOOL\"",
        ),
        (
            tensor(&"b".repeat(1025), "[1]", [8, 12]),
            "the header is not that of a safetensors file: a tensor's name takes 1025 bytes, \
             expected at most 1024",
        ),
    ] {
        let refusal = refusal(&format!("{{{a},{rest}}}"), &[0; 12]);
        assert!(refusal.starts_with(message), "{refusal}");
    }
}

#[test]
fn a_file_of_another_length_says_both_lengths() {
    let whole = to_bytes(&example()).unwrap();
    let refusal = |bytes: &[u8]| from_bytes(bytes).unwrap_err().to_string();
    assert_eq!(refusal(b""), "expected a safetensors file, found an empty file");
    for length in 1..whole.len() {
        let expected = match length {
            1 => "too short for a safetensors file, 1 byte: truncated?".to_owned(),
            ..8 => format!("too short for a safetensors file, {length} bytes: truncated?"),
            8..168 => format!("the header takes 168 bytes, but the file has {length}: truncated?"),
            _ => format!("the header describes 178 bytes, but the file has {length}: truncated?"),
        };
        assert_eq!(refusal(&whole[..length]), expected);
    }
    assert_eq!(
        refusal(&[&whole[..], &[0]].concat()),
        "the header describes 178 bytes, but the file has 179: what follows the last tensor?"
    );
}

#[test]
fn a_file_that_shrinks_while_it_is_read_is_refused() {
    let whole = to_bytes(&example()).unwrap();
    let length = whole.len() as u64;
    for shorter in [0, 100, 170, 177] {
        assert!(from_reader(&whole[..shorter], length).is_err());
    }
    assert_eq!(from_reader(&whole[..], length).unwrap(), example());
}

#[test]
fn other_files_are_called_what_they_are() {
    let convert = "pickles are never executed; where the file is trusted, convert it in Python: \
        UNet2DModel.from_pretrained(FOLDER).save_pretrained(FOLDER, safe_serialization=True)";
    let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
    let pad = |start: &[u8]| [start, &[0x61; 40]].concat();
    for (bytes, found) in [
        (
            lfs.to_vec(),
            "a Git LFS pointer instead of the file: run `git lfs pull` in the cloned \
             repository",
        ),
        (pad(b"<!DOCTYPE html>"), "an HTML page: was it a download that failed?"),
        (pad(b"PK\x03\x04"), &format!("a zip archive, as PyTorch's checkpoints are: {convert}")),
        (pad(b"\x80\x02"), &format!("a Python pickle, as old checkpoints are: {convert}")),
        (pad(b"\x1f\x8b\x08"), "a gzip archive: unpack it first"),
        (pad(b"GGUF"), "a GGUF file, a format that is not supported"),
    ] {
        let refusal = from_bytes(&bytes).unwrap_err().to_string();
        assert_eq!(refusal, format!("expected a safetensors file, found {found}"));
    }
    assert_eq!(
        from_bytes(&pad(b"")).unwrap_err().to_string(),
        "not a safetensors file, or a damaged one: the header would take 7016996765293437281 \
         bytes, expected at most 16777216"
    );
}

#[test]
fn a_sound_file_may_begin_like_another() {
    // A header of 128 bytes: its length is the first byte of a pickle.
    let header = format!("{:<128}", r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#);
    let bytes = file(&header, &[0; 4]);
    assert_eq!(Impostor::of(&bytes), Some(Impostor::Pickle));
    assert_eq!(from_bytes(&bytes).unwrap().len(), 1);
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
