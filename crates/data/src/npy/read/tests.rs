use super::super::NumberKind;
use super::super::tests::file;
use super::*;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use tempfile::TempDir;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn npz(entries: &[(&str, Vec<u8>)], method: CompressionMethod) -> Vec<u8> {
    let mut archive = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        let options = SimpleFileOptions::default().compression_method(method);
        archive.start_file(format!("{name}.npy"), options).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn folder(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("array");
    fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn read(bytes: &[u8]) -> Result<Arrays, NpyError> {
    let (_folder, path) = folder(bytes);
    read_arrays(&path)
}

/// The error about a file or one of its entries, without the folder.
fn refusal<T: std::fmt::Debug>(result: Result<T, NpyError>) -> String {
    let words = result.unwrap_err().to_string();
    let without_folder = |word: &str| {
        let start =
            if word.starts_with('/') { word.find("/array").map_or(0, |i| i + 1) } else { 0 };
        word[start..].to_owned()
    };
    let words = words.split(' ').map(without_folder);
    words.collect::<Vec<_>>().join(" ")
}

fn values(bytes: &[u8]) -> Vec<f64> {
    read(bytes).unwrap().values().collect()
}

fn bytes_array(shape: &str, bytes: &[u8]) -> Vec<u8> {
    file("'|u1'", false, shape, bytes)
}

#[test]
fn numbers_of_every_kind_are_read_in_both_orders() {
    assert_eq!(values(&file("'>i2'", false, "(2,)", &[0xff, 0xfe, 0, 7])), [-2.0, 7.0]);
    assert_eq!(values(&file("'|b1'", false, "(3,)", &[0, 1, 1])), [0.0, 1.0, 1.0]);
    assert_eq!(values(&file("'<f2'", false, "(1,)", &[0, 0x3c])), [1.0]);
    // Columns first: a[i][j] = 10 i + j.
    let columns = file("'|u1'", true, "(2, 3)", &[0, 10, 1, 11, 2, 12]);
    assert_eq!(values(&columns), [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
    let arrays = read(&columns).unwrap();
    assert!(arrays.is_rows() && arrays.labels().is_none());
    assert_eq!((arrays.kind(), arrays.shape()), (NumberKind::Bytes, [2, 3].as_slice()));
}

#[test]
fn pictures_lie_in_any_of_three_layouts() {
    // One picture of 1 × 2 pixels: red 0 and 51, green 102 and 153, blue 204 and 255.
    let by_hand = [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0];
    let channels_first = bytes_array("(1, 3, 1, 2)", &[0, 51, 102, 153, 204, 255]);
    let channels_last = bytes_array("(1, 1, 2, 3)", &[0, 102, 204, 51, 153, 255]);
    let last_in_fortran = file("'|u1'", true, "(1, 1, 2, 3)", &[0, 51, 102, 153, 204, 255]);
    for (bytes, layout) in [
        (channels_first, "[n, c, h, w]"),
        // One row of pixels is also one channel; channels first wins.
        (bytes_array("(1, 1, 2, 3)", &[0, 51, 102, 153, 204, 255]), "[n, c, h, w]"),
    ] {
        let set = read(&bytes).unwrap().into_pictures().unwrap();
        assert_eq!(set.data.row(0), by_hand);
        assert!(set.decided.ends_with(&format!("1 picture {layout}")), "{}", set.decided);
    }
    let set = read(&channels_last).unwrap().into_pictures().unwrap();
    assert_eq!(set.data.shape(), [1, 2, 3]);
    assert_eq!(read(&last_in_fortran).unwrap().into_pictures().unwrap().data, set.data);

    // Two rows of pixels: a[0][y][x][c] = 6 y + 3 x + c, which is at [c][y][x].
    let last = bytes_array("(1, 2, 2, 3)", &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    let set = read(&last).unwrap().into_pictures().unwrap();
    assert_eq!(set.data.shape(), [3, 2, 2]);
    let stored: Vec<u8> = set.data.row(0).iter().map(|&value| crate::to_byte(value)).collect();
    assert_eq!(stored, [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
    assert!(set.decided.ends_with("[n, h, w, c]"));

    let grey = read(&bytes_array("(2, 1, 3)", &[0, 51, 102, 153, 204, 255])).unwrap();
    let set = grey.into_pictures().unwrap();
    assert_eq!((set.data.shape(), set.data.row(1)), ([1, 1, 3].as_slice(), &by_hand[3..]));
}

#[test]
fn every_kind_has_its_range() {
    let row = |descr: &str, shape: &str, bytes: &[u8]| {
        let set = read(&file(descr, false, shape, bytes)).unwrap().into_pictures().unwrap();
        (set.data.row(0).to_vec(), set.decided)
    };
    let words: Vec<u8> =
        [0_u16, 257, 32768, 65535].into_iter().flat_map(u16::to_le_bytes).collect();
    let (words, _) = row("'<u2'", "(1, 1, 4)", &words);
    for (value, expected) in words.iter().zip([-1.0, -0.992_156_9, 1.525_902e-5, 1.0_f32]) {
        assert!((value - expected).abs() <= 1e-6 * expected.abs(), "{value}");
    }
    assert_eq!(row("'|b1'", "(1, 1, 2)", &[0, 1]).0, [-1.0, 1.0]);
    let reals: Vec<u8> = [-0.5_f32, 3.0].into_iter().flat_map(f32::to_le_bytes).collect();
    let (values, decided) = row("'<f4'", "(1, 1, 2)", &reals);
    assert_eq!(values, [-0.5, 3.0]);
    assert!(decided.ends_with("values as they are: -0.5 to 3"), "{decided}");
    let integers = read(&file("'<i4'", false, "(1, 1, 1)", &[1, 0, 0, 0])).unwrap();
    assert_eq!(
        refusal(integers.into_pictures()),
        "array holds integers of unknown range: store pictures as uint8 (0 to 255), or as float32 \
         (-1 to 1)"
    );
}

#[test]
fn what_is_not_the_shape_of_pictures_is_refused() {
    for shape in ["(4,)", "(2, 2)", "(1, 2, 2, 1, 1)", "()"] {
        let count = if shape == "()" { 1 } else { 4 };
        let arrays = read(&bytes_array(shape, &vec![0; count])).unwrap();
        assert!(refusal(arrays.into_pictures()).contains("but pictures are [n, h, w]"), "{shape}");
    }
    let two_channels = read(&bytes_array("(1, 2, 2, 2)", &[0; 8])).unwrap();
    assert!(refusal(two_channels.into_pictures()).starts_with("array has the shape [1, 2, 2, 2]"));
    let none = read(&bytes_array("(0, 2, 2)", &[])).unwrap();
    assert_eq!(refusal(none.into_pictures()), "array is not a data set");
    let huge = read(&bytes_array("(4611686018427387904, 0, 8, 4)", &[])).unwrap();
    assert_eq!(refusal(huge.into_pictures()), "array is not a data set");
}

#[test]
fn an_archive_gives_values_and_labels() {
    let images = bytes_array("(3, 1, 2)", &[0, 0, 255, 255, 0, 255]);
    let labels = file("'>i4'", false, "(3, 1)", &[0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 7]);
    let test = bytes_array("(1, 1, 2)", &[1, 2]);
    for (values, labelled) in [("x_train", "y_train"), ("TRAIN_images", "train_labels")] {
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let entries = [
                ("x_test", test.clone()),
                (labelled, labels.clone()),
                (values, images.clone()),
                ("notes", file("'<U2'", false, "()", &[0; 8])),
            ];
            let arrays = read(&npz(&entries, method)).unwrap();
            assert_eq!(arrays.labels(), Some([7, -1, 7].as_slice()));
            let described = arrays.described();
            let ending = format!("labels from {labelled}, left out: x_test, notes");
            assert!(described.starts_with(&format!("{values} of /")), "{described}");
            assert!(described.ends_with(&ending), "{described}");
            let data = arrays.into_pictures().unwrap().data;
            assert_eq!(data.labels(), Some([1, 0, 1].as_slice()));
            assert_eq!(data.class_names(), ["-1", "7"]);
            assert_eq!(data.row(1), [1.0, 1.0]);
        }
    }
}

#[test]
fn the_only_array_is_taken_whatever_its_name() {
    let points = bytes_array("(2, 2)", &[1, 2, 3, 4]);
    let labels = bytes_array("(2,)", &[0, 1]);
    let alone = [("points", points.clone())];
    let arrays = read(&npz(&alone, CompressionMethod::Stored)).unwrap();
    assert_eq!(arrays.values().collect::<Vec<_>>(), [1.0, 2.0, 3.0, 4.0]);
    let both = [("classes", labels.clone()), ("points", points.clone())];
    let arrays = read(&npz(&both, CompressionMethod::Stored)).unwrap();
    assert_eq!(arrays.labels(), Some([0, 1].as_slice()));
    let three = [("a", points.clone()), ("b", labels), ("c", points)];
    assert_eq!(
        refusal(read(&npz(&three, CompressionMethod::Stored))),
        "no array of array is named x, images, data, samples or arr_0; it holds: \
         a '|u1' [2, 2], b '|u1' [2], c '|u1' [2, 2]"
    );
    assert!(refusal(read(&npz(&[], CompressionMethod::Stored))).ends_with("it holds: no array"));
}

/// A name, and integers of eight bytes.
fn integers(name: &str, numbers: &[i64]) -> (String, Vec<u8>) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    (name.to_owned(), file("'<i8'", false, &format!("({},)", numbers.len()), &bytes))
}

#[test]
fn integers_beside_the_values_are_labels_whatever_their_name() {
    let pictures = |name: &str| (name.to_owned(), bytes_array("(4, 1, 2)", &[0; 8]));
    let read = |entries: &[(String, Vec<u8>)]| {
        let entries: Vec<_> = entries.iter().map(|(name, b)| (name.as_str(), b.clone())).collect();
        let arrays = read(&npz(&entries, CompressionMethod::Stored)).unwrap();
        (arrays.labels().map(<[i64]>::to_vec), arrays.described().to_owned())
    };
    let numbers = [3, 3, 7, 7];
    let found = Some(numbers.to_vec());
    // As numpy.savez names them, and by any names.
    for (x, y) in [("arr_0", "arr_1"), ("pixels", "digit"), ("x", "digit")] {
        let (labels, described) = read(&[pictures(x), integers(y, &numbers)]);
        assert_eq!(labels, found, "{described}");
        assert!(described.ends_with(&format!(", labels from {y}")), "{described}");
    }
    let (labels, described) =
        read(&[pictures("arr_0"), pictures("arr_2"), integers("arr_1", &numbers)]);
    assert_eq!(labels, found);
    assert!(described.ends_with("labels from arr_1, left out: arr_2"), "{described}");
    // Not as many, numbers of the rows, or two of them.
    let hint = " (labels of classes are named labels or y)";
    for (others, expected) in [
        (vec![integers("arr_1", &[3, 3, 7])], "left out: arr_1".to_owned()),
        (vec![integers("arr_1", &[0, 1, 2, 3])], format!("left out: arr_1{hint}")),
        (vec![integers("arr_1", &[0, 0, 0, i64::MAX])], format!("left out: arr_1{hint}")),
        (
            vec![integers("arr_1", &numbers), integers("arr_2", &numbers)],
            format!("left out: arr_1, arr_2{hint}"),
        ),
    ] {
        let (labels, described) = read(&[vec![pictures("arr_0")], others].concat());
        assert_eq!(labels, None);
        assert!(described.ends_with(&expected), "{described}");
    }
}

#[test]
fn words_and_one_hot_rows_are_labels_of_that_name() {
    let points = ("points", file("'<f4'", false, "(3, 2)", &[0; 24]));
    let read = |descr: &str, shape: &str, bytes: &[u8]| {
        let labels = ("y", file(descr, false, shape, bytes));
        let arrays = read(&npz(&[points.clone(), labels], CompressionMethod::Stored)).unwrap();
        let described = arrays.described().to_owned();
        let (table, _) = arrays.into_table().unwrap();
        let names = table.data().class_names().to_vec();
        (table.data().labels().map(<[u32]>::to_vec), names, described)
    };
    let (labels, names, described) = read("'|S3'", "(3,)", b"dogcatdog");
    assert_eq!((labels, names), (Some(vec![1, 0, 1]), vec!["cat".to_owned(), "dog".to_owned()]));
    assert!(described.ends_with("labels from y"), "{described}");
    let hot = [0, 0, 1, 1, 0, 0, 0, 0, 1];
    let (labels, names, _) = read("'|u1'", "(3, 3)", &hot);
    assert_eq!((labels, names), (Some(vec![1, 0, 1]), vec!["0".to_owned(), "2".to_owned()]));
    let (labels, ..) = read("'|b1'", "(3, 1)", &[1, 0, 1]);
    assert_eq!(labels, Some(vec![1, 0, 1]));
    let reason = "left out: y ('|u1' [3, 3]: labels are integers or words, one a row, or one-hot)";
    for not_hot in [[1, 0, 1, 1, 0, 0, 0, 0, 1], [2, 0, 0, 1, 0, 0, 0, 0, 1]] {
        let (labels, _, described) = read("'|u1'", "(3, 3)", &not_hot);
        assert_eq!(labels, None);
        assert!(described.ends_with(reason), "{described}");
    }
    let (labels, _, described) = read("'<f4'", "(3,)", &[0; 12]);
    assert_eq!(labels, None);
    assert!(described.contains("y ('<f4' [3]: labels are"), "{described}");
}

#[test]
fn long_rows_of_three_axes_are_no_pictures_unasked() {
    let array = |[n, h, w]: [usize; 3]| {
        read(&bytes_array(&format!("({n}, {h}, {w})"), &vec![0; n * h * w])).unwrap()
    };
    for shape in [[64, 3, 128], [2, 128, 3], [5, 1, 9], [1, 12, 500], [300, 200, 3]] {
        let message = refusal(array(shape).into_pictures());
        let [_, h, w] = shape;
        assert!(
            message.starts_with(&format!("array has the shape {shape:?}, which may be signals"))
        );
        assert!(message.contains(&format!("pictures of {h}x{w}, store x[:, None]")), "{message}");
        assert!(message.ends_with("store x.reshape(len(x), -1)"), "{message}");
    }
    for shape in [[100, 28, 28], [64, 48, 64], [3, 32, 128], [2, 28, 7]] {
        let data = array(shape).into_pictures().unwrap().data;
        assert_eq!((data.len(), data.shape()), (shape[0], [1, shape[1], shape[2]].as_slice()));
    }
    let with_channels = read(&bytes_array("(2, 1, 3, 128)", &[0; 768])).unwrap();
    assert_eq!(with_channels.into_pictures().unwrap().data.shape(), [1, 3, 128]);
}

#[test]
fn labels_have_to_fit() {
    let entries = [("x", bytes_array("(2, 2)", &[0; 4])), ("y", bytes_array("(3,)", &[0; 3]))];
    let error = refusal(read(&npz(&entries, CompressionMethod::Stored)));
    assert_eq!(error, "array/y.npy holds 3 labels for 2 rows");
    let large = file("'<i8'", false, "(1,)", &i64::MAX.to_le_bytes());
    let entries = [("x", bytes_array("(1, 1)", &[0])), ("y", large)];
    let error = refusal(read(&npz(&entries, CompressionMethod::Stored)));
    assert_eq!(error, "label 9223372036854776000 of row 1 in array/y.npy is beyond 2^53");
}

#[test]
fn an_entry_that_unpacks_to_more_than_its_shape_is_refused() {
    let mut bomb = bytes_array("(2, 2)", &[0; 4]);
    bomb.extend(vec![0; 50_000_000]);
    let error = refusal(read(&npz(&[("x", bomb)], CompressionMethod::Deflated)));
    assert_eq!(error, "array/x.npy continues after the 4 bytes of its shape [2, 2]");
    let short = bytes_array("(2, 2)", &[0; 3]);
    let error = refusal(read(&npz(&[("x", short)], CompressionMethod::Deflated)));
    assert_eq!(error, "array/x.npy has 3 bytes of data, but its shape [2, 2] calls for 4");
}

#[test]
fn what_is_no_array_is_refused() {
    assert!(refusal(read(b"<html>")).starts_with("array is not a .npy file"));
    let whole = npz(&[("x", bytes_array("(2, 2)", &[0; 4]))], CompressionMethod::Stored);
    for length in 2..whole.len() {
        assert_eq!(
            refusal(read(&whole[..length])),
            "the .npz archive array is damaged",
            "{length}"
        );
    }
    let words = read(&file("'<U2'", false, "(1,)", &[0; 8]));
    assert_eq!(
        refusal(words),
        "array holds values of dtype '<U2', but bool, integers and floats of 1 to 8 bytes are supported"
    );
    let error = read_arrays(Path::new("missing.npz")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read missing.npz");
}
