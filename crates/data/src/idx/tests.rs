use super::*;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use tempfile::TempDir;

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

fn idx(shape: &[u32], bytes: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, u8::try_from(shape.len()).unwrap()];
    file.extend(shape.iter().flat_map(|axis| axis.to_be_bytes()));
    file.extend(bytes);
    file
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn folder(files: &[(&str, Vec<u8>)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

/// The error about a file, without its folder.
fn refusal(bytes: Vec<u8>) -> String {
    let folder = folder(&[("a", bytes)]);
    let error = read_idx(&folder.path().join("a")).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

fn two_pictures() -> Vec<u8> {
    idx(&[2, 2, 3], &[0, 51, 102, 153, 204, 255, 128, 0, 0, 0, 0, 127])
}

#[test]
fn pictures_are_read_with_the_labels_beside_them() {
    let labels = idx(&[2], &[2, 0]);
    let packed = format!("{LABELS}.gz");
    let pairs = [
        [(IMAGES, two_pictures()), (LABELS, labels.clone())],
        [(IMAGES, two_pictures()), (&packed, gz(&labels))],
        [("train-images-idx3-ubyte.gz", gz(&two_pictures())), (LABELS, labels.clone())],
        [("train-images-idx3-ubyte.gz", gz(&two_pictures())), (&packed, gz(&labels))],
    ];
    for files in pairs {
        let folder = folder(&files);
        for path in [folder.path().join(files[0].0), folder.path().to_owned()] {
            assert!(is_idx(&path));
            let data = read_idx(&path).unwrap();
            assert_eq!((data.len(), data.shape()), (2, [1, 2, 3].as_slice()));
            assert_eq!(data.row(0), [-1.0, -0.6, -0.2, 0.2, 0.6, 1.0]);
            assert!((data.row(1)[0] - 0.003_921_57).abs() < 1e-8);
            assert_eq!(data.labels(), Some([2, 0].as_slice()));
            assert_eq!(data.class_names(), ["0", "1", "2"]);
        }
    }
}

#[test]
fn pictures_alone_have_no_labels() {
    let folder = folder(&[("digits", two_pictures())]);
    assert_eq!(read_idx(&folder.path().join("digits")).unwrap().labels(), None);
    assert!(!is_idx(folder.path()));
    let error = read_idx(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("holds no IDX file named …train-images…, and 0 of other images"));
}

#[test]
fn labels_have_to_fit() {
    let folder = folder(&[(IMAGES, two_pictures()), (LABELS, idx(&[3], &[0, 1, 2]))]);
    let error = read_idx(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("train-labels-idx1-ubyte holds 3 labels for 2 pictures"), "{error}");
    fs::write(folder.path().join(LABELS), two_pictures()).unwrap();
    let error = read_idx(folder.path()).unwrap_err().to_string();
    assert!(error.ends_with("has the shape [2, 2, 3], but [count] is expected"), "{error}");
}

#[test]
fn labels_alone_are_refused() {
    let error = refusal(idx(&[2], &[0, 1]));
    assert_eq!(
        error,
        "a holds only labels: give the file of pictures; the labels are found beside it"
    );
}

#[test]
fn what_is_not_idx_is_refused_by_its_beginning() {
    let error = refusal(b"<html>".to_vec());
    assert!(error.starts_with("a is not an IDX file: it begins with [3c, 68, 74, 6d], but"));
    assert!(refusal(vec![]).contains("begins with []"));
    assert!(refusal(vec![0, 0, 8, 5]).contains("begins with [00, 00, 08, 05]"));
    let floats = refusal(vec![0, 0, 13, 3, 0, 0, 0, 0]);
    assert_eq!(floats, "a holds values of kind 0x0d, but only unsigned bytes, 0x08, are supported");
    let colour = refusal(idx(&[1, 1, 1, 3], &[1, 2, 3]));
    assert_eq!(colour, "a has the shape [1, 1, 1, 3], but [count, height, width] is expected");
}

#[test]
fn fewer_and_more_bytes_than_stated_are_refused() {
    for packed in [false, true] {
        let refusal = |bytes: &[u8]| refusal(if packed { gz(bytes) } else { bytes.to_vec() });
        let whole = two_pictures();
        assert_eq!(
            refusal(&whole[..whole.len() - 1]),
            "a is cut short: its shape [2, 2, 3] calls for 12 bytes, but 11 are there"
        );
        assert_eq!(
            refusal(&[whole.as_slice(), &vec![0; 100_000]].concat()),
            "a continues after the 12 bytes of its shape [2, 2, 3]"
        );
        assert_eq!(refusal(&whole[..15]), "a ends before the lengths of its 3 axes");
        let huge = idx(&[u32::MAX; 3], &[0; 10]);
        assert!(refusal(&huge).ends_with("of a is too large"));
        let empty = idx(&[0, 28, 28], &[]);
        assert_eq!(refusal(&empty), "a is not a data set");
    }
}

#[test]
fn damaged_gzip_is_refused() {
    let whole = gz(&two_pictures());
    let message = "the gzip data of a are damaged or cut short";
    for length in 2..whole.len() {
        assert_eq!(refusal(whole[..length].to_vec()), message, "{length}");
    }
    // The checksum.
    let mut damaged = whole.clone();
    damaged[whole.len() - 8] ^= 1;
    assert_eq!(refusal(damaged), message);
}

#[test]
fn a_missing_file_is_named() {
    let error = read_idx(Path::new("missing")).unwrap_err();
    assert_eq!(error.to_string(), "cannot read missing");
}
