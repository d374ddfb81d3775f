use super::*;
use proptest::prelude::*;

const NAME: &str = "a.npy";

/// A version 1.0 file as `NumPy` lays it out: magic, version, header length, header padded with
/// spaces to a multiple of 64 and ended by a line feed, data.
pub(super) fn file(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    let dict = format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}");
    raw_file(&dict, data)
}

fn raw_file(dict: &str, data: &[u8]) -> Vec<u8> {
    let padded = (10 + dict.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(padded).unwrap().to_le_bytes());
    bytes.extend(format!("{dict:<0$}\n", padded - 1).bytes());
    bytes.extend(data);
    bytes
}

fn f4(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn f8(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn read(bytes: &[u8]) -> Result<Array, NpyError> {
    parse(Path::new(NAME), bytes)
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

/// The bytes of `np.save("a.npy", np.array([[1, -2], [0.5, 0]], "<f4"))`.
#[test]
fn a_file_of_numpy_is_read() {
    let golden = b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4', 'fortran_order': False, \
        'shape': (2, 2), }                                                          \n\
        \x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x3f\x00\x00\x00\x00";
    assert_eq!(golden.len(), 128 + 16);
    let array = read(golden).unwrap();
    assert_eq!(array.shape(), [2, 2]);
    assert_eq!(array.data(), [1.0, -2.0, 0.5, 0.0]);
}

#[test]
fn a_written_file_has_the_layout_of_numpy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(NAME);
    write_npy(&path, &[3, 1], &[1.0, -2.0, 0.5]).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes[..8], *b"\x93NUMPY\x01\x00");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    assert_eq!((10 + header) % 64, 0);
    let text = str::from_utf8(&bytes[10..10 + header]).unwrap();
    for entry in ["'descr': '<f4'", "'fortran_order': False", "'shape': (3, 1, )"] {
        assert!(text.contains(entry), "{entry} is not in {text}");
    }
    assert!(text.ends_with('\n'));
    assert_eq!(bytes[10 + header..], f4(&[1.0, -2.0, 0.5]));
}

#[test]
fn doubles_are_rounded_and_too_large_ones_refused() {
    let array = read(&file("'<f8'", false, "(3,)", &f8(&[0.1, -1e-50, f64::INFINITY]))).unwrap();
    assert_eq!(array.data(), [0.1_f32, 0.0, f32::INFINITY]);
    let error = refusal(&file("'<f8'", false, "(2,)", &f8(&[0.0, 1e39])));
    assert_eq!(error, "value 1e39 at position 1 of a.npy is too large for float32");
}

#[test]
fn fortran_order_becomes_c_order() {
    // a[i][j] = 10 i + j, columns first.
    let data = f4(&[0.0, 10.0, 1.0, 11.0, 2.0, 12.0]);
    let array = read(&file("'<f4'", true, "(2, 3)", &data)).unwrap();
    assert_eq!(array.into_parts(), (vec![2, 3], vec![0.0, 1.0, 2.0, 10.0, 11.0, 12.0]));
    // a[i][j][k] = 100 i + 10 j + k
    let mut data = Vec::new();
    for k in 0..2_u8 {
        for j in 0..3_u8 {
            data.extend((0..2_u8).map(|i| f64::from(100 * i + 10 * j + k)));
        }
    }
    let array = read(&file("'<f8'", true, "(2, 3, 2)", &f8(&data))).unwrap();
    let by_hand = [0_u8, 1, 10, 11, 20, 21, 100, 101, 110, 111, 120, 121].map(f32::from);
    assert_eq!(array.data(), by_hand);
}

#[test]
fn a_single_number_and_an_empty_array_are_arrays() {
    for fortran in [false, true] {
        let array = read(&file("'<f4'", fortran, "()", &f4(&[7.0]))).unwrap();
        assert_eq!(array.into_parts(), (vec![], vec![7.0]));
        let array = read(&file("'<f4'", fortran, "(4, 0, 2)", &[])).unwrap();
        assert_eq!(array.into_parts(), (vec![4, 0, 2], vec![]));
    }
}

#[test]
fn numbers_of_any_dtype_keep_their_kind_and_all_digits() {
    let read = |bytes: &[u8]| numbers::parse(Path::new(NAME), bytes);
    let mask = read(&file("'|b1'", false, "(2, 2)", &[1, 0, 0, 1])).unwrap();
    assert_eq!((mask.kind(), mask.values()), (NumberKind::Bools, &[1.0, 0.0, 0.0, 1.0][..]));
    assert_eq!(mask.of_mask(), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(mask.of_pictures().unwrap(), [1.0, -1.0, -1.0, 1.0]);
    let bytes = |values: &[u8; 4]| read(&file("'|u1'", false, "(4,)", values)).unwrap();
    assert_eq!(bytes(&[0, 1, 1, 0]).of_mask(), [0.0, 1.0, 1.0, 0.0]);
    assert_eq!(bytes(&[0, 1, 51, 255]).of_mask(), [0.0, 1.0 / 255.0, 0.2, 1.0]);
    assert_eq!(bytes(&[0, 51, 204, 255]).of_pictures().unwrap(), [-1.0, -0.6, 0.6, 1.0]);
    let wide = read(&file("'<i2'", false, "(2,)", &[0, 0, 1, 0])).unwrap();
    assert_eq!((wide.of_pictures(), wide.of_mask()), (None, vec![0.0, 1.0]));
    let bytes = read(&file("'|u1'", true, "(2, 2)", &[0, 1, 2, 255])).unwrap();
    assert_eq!(bytes.into_parts(), (vec![2, 2], vec![0.0, 2.0, 1.0, 255.0]));
    let wide = read(&file("'<f8'", false, "(2,)", &f8(&[0.1, 1e300]))).unwrap();
    assert_eq!((wide.kind(), wide.values()), (NumberKind::Reals, &[0.1, 1e300][..]));
    let back = read(&encode_npy_fitting(&[2], &[0.1, 1e300])).unwrap();
    assert_eq!(back, wide);
    let error = read(&file("'<U5'", false, "(1,)", &[0; 20])).unwrap_err().to_string();
    assert!(error.contains("dtype '<U5', but bool, integers and floats"), "{error}");
}

#[test]
fn an_array_is_as_wide_as_its_values() {
    let values = [0.1, -0.0, f64::NEG_INFINITY];
    assert_eq!(
        encode_npy_fitting(&[3], &values),
        encode_npy(&[3], &[0.1, -0.0, f32::NEG_INFINITY])
    );
    for beyond in [1e39, -1e300, 1e-60, 1e-40] {
        let bytes = encode_npy_fitting(&[2], &[0.5, beyond]);
        let numbers = numbers::parse(Path::new(NAME), &bytes).unwrap();
        assert_eq!(numbers.values(), [0.5, beyond]);
    }
}

#[test]
fn another_dtype_is_refused_by_name() {
    for descr in ["'>f4'", "'<i4'", "'|u1'", "'<f2'", "'|O'", "[('x', '<f4')]"] {
        let error = refusal(&file(descr, false, "(1,)", &[0; 8]));
        assert!(error.starts_with("a.npy holds values of dtype "), "{error}");
        assert!(
            error.contains(descr.trim_matches(['[', ']'])) && error.contains("'<f4' or '<f8'"),
            "{error}"
        );
    }
}

#[test]
fn truncated_and_overlong_data_are_refused() {
    let whole = file("'<f4'", false, "(2, 2)", &f4(&[1.0; 4]));
    assert_eq!(
        refusal(&whole[..whole.len() - 1]),
        "a.npy has 15 bytes of data, but its shape [2, 2] calls for 16"
    );
    let longer = [whole.as_slice(), &[0]].concat();
    assert!(refusal(&longer).contains("has 17 bytes"));
    for length in 0..128 {
        let error = refusal(&whole[..length]);
        assert!(error.contains(NAME), "{error}");
    }
}

#[test]
fn a_page_of_html_is_refused_by_its_beginning() {
    let error = refusal(b"<!DOCTYPE html><html>Not found</html>");
    assert_eq!(error, "a.npy is not a .npy file: it begins with \"<!DOCTYPE html><\"");
    assert!(refusal(b"").contains("begins with \"\""));
}

#[test]
fn damaged_headers_are_refused() {
    let dicts = [
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': 'f', 'fortran_order': False, 'shape': (1,)}",
        "not a dict",
    ];
    for dict in dicts {
        assert_eq!(refusal(&raw_file(dict, &[0; 4])), "the .npy header of a.npy is damaged");
    }
}

/// Why a header is refused.
fn cause(bytes: &[u8]) -> String {
    let error = read(bytes).unwrap_err();
    std::error::Error::source(&error).unwrap().to_string()
}

#[test]
fn what_is_expected_of_a_header_is_said() {
    let refused = |dict: &str| cause(&raw_file(dict, &[0; 4]));
    assert_eq!(
        refused("{'descr': '<f4', 'fortran_order': False}"),
        "expected the keys descr, fortran_order and shape"
    );
    assert_eq!(
        refused("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}"),
        "expected a shape such as (2, 3)"
    );
    assert_eq!(refused("[1, 2]"), "expected a dictionary of Python");
    assert_eq!(cause(b"\x93NUMPY\x09\x00\x02\x00{}"), "version 9, expected 1 to 3");
    assert_eq!(cause(b"\x93NUMPY\x01\x00\x20\x00{}"), "2 bytes, 32 expected");
    assert_eq!(cause(b"\x93NUMPY\x01\x00"), "it ends before its length");
}

/// As `numpy.lib.format` reads them: spaces, other quotes, another order of keys, marks of Python 2, versions
/// with longer headers.
#[test]
fn headers_that_python_would_read_are_read() {
    for dict in [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1)}",
        "{ \"shape\" :( 2L, 1L ,) ,'fortran_order':False,'descr':\"<f4\" }",
    ] {
        let array = read(&raw_file(dict, &f4(&[1.0, 2.0]))).unwrap();
        assert_eq!((array.shape(), array.data()), (&[2, 1][..], &[1.0, 2.0][..]), "{dict}");
    }
    let dict = "{'descr': '<f4', 'fortran_order': False, 'shape': ()}\n";
    for version in [2, 3] {
        let mut bytes = vec![0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
        bytes.extend(u32::try_from(dict.len()).unwrap().to_le_bytes());
        bytes.extend(dict.bytes());
        bytes.extend(f4(&[7.0]));
        assert_eq!(read(&bytes).unwrap().into_parts(), (vec![], vec![7.0]));
    }
    let fields =
        "{'descr': [('a', '<f4'), ('b', '<i4', (2,))], 'fortran_order': False, 'shape': (1,)}";
    let refused = refusal(&raw_file(fields, &[0; 12]));
    assert!(refused.contains("[('a', '<f4'), ('b', '<i4', (2,))]"), "{refused}");
}

#[test]
fn headers_that_would_exhaust_stack_or_memory_are_refused() {
    let deep = format!("{{'descr': {}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(cause(&raw_file(&deep, &[])), "expected the keys descr, fortran_order and shape");
    let long = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}";
    assert_eq!(cause(long), "4294967295 bytes, more than 65536");
}

#[test]
fn a_shape_beyond_memory_is_refused() {
    let error = refusal(&file("'<f4'", false, "(4611686018427387904,)", &[]));
    assert_eq!(error, "the shape [4611686018427387904] of a.npy is too large");
}

#[test]
fn a_missing_file_is_named() {
    let error = read_npy(Path::new("missing.npy")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read missing.npy");
}

#[test]
#[should_panic(expected = "3 values for the shape [2, 2]")]
fn writing_too_few_values_panics() {
    let _ = write_npy(Path::new(NAME), &[2, 2], &[0.0; 3]);
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        shape in prop::collection::vec(0_usize..5, 0..5),
        bits in prop::collection::vec(any::<u32>(), 625),
    ) {
        let len = shape.iter().product();
        // Of the many NaN one: arithmetic changes the others.
        let value = |bits| Some(f32::from_bits(bits)).filter(|x| !x.is_nan()).unwrap_or(f32::NAN);
        let data: Vec<f32> = bits.into_iter().map(value).take(len).collect();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAME);
        write_npy(&path, &shape, &data).unwrap();
        let (read_shape, read_data) = read_npy(&path).unwrap().into_parts();
        prop_assert_eq!(read_shape, shape);
        prop_assert_eq!(f4(&read_data), f4(&data));
    }

    #[test]
    fn damaged_bytes_never_panic(
        damage in prop::collection::vec((0_usize..144, any::<u8>()), 1..4),
    ) {
        let mut bytes = file("'<f4'", true, "(2, 2)", &f4(&[1.0; 4]));
        for (place, byte) in damage {
            bytes[place] = byte;
        }
        let _ = read(&bytes);
    }
}
