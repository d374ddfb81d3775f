//! Training on arrays of pictures and on IDX files.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::io::Write;

use ancestral_data::{read_npy, write_npy};
use common::Folder;

const TINY: &str = "--width 8 --layers 1 --batch 4 --timesteps 25 --steps 2 --preview-every 0";

fn shape(folder: &Folder, file: &str) -> Vec<usize> {
    read_npy(&folder.path(file)).unwrap().shape().to_vec()
}

/// A `.npy` file of bytes or of 64-bit integers, the way NumPy writes it.
fn npy(number: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{number}', 'fortran_order': False, 'shape': {shape}, }}");
    // Magic, version and length take 10 bytes; all that is before the data is a multiple of 64.
    let width = (header.len() + 11).next_multiple_of(64) - 11;
    let length = u16::try_from(width + 1).unwrap().to_le_bytes();
    let text = format!("{header:width$}\n");
    [b"\x93NUMPY\x01\x00", length.as_slice(), text.as_bytes(), data].concat()
}

/// An IDX file of bytes.
fn idx(axes: &[u8], data: &[u8]) -> Vec<u8> {
    let lengths: Vec<u8> = axes.iter().flat_map(|axis| [0, 0, 0, *axis]).collect();
    [&[0, 0, 8, u8::try_from(axes.len()).unwrap()], lengths.as_slice(), data].concat()
}

/// Two pictures of each of three classes, as bytes, and the labels 4, 5 and 9 as integers.
fn archive() -> Vec<u8> {
    let pictures: Vec<u8> = (0..6 * 16).map(|i| u8::try_from(i).unwrap()).collect();
    let labels: Vec<u8> = [4_i64, 5, 9, 4, 5, 9].iter().flat_map(|y| y.to_le_bytes()).collect();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [
        ("x_train.npy", npy("|u1", "(6, 4, 4)", &pictures)),
        ("y_train.npy", npy("<i8", "(6,)", &labels)),
    ] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn an_archive_trains_with_the_labels_in_it() {
    let folder = Folder::new();
    folder.write("letters.npz", archive());
    let said = folder.says(&format!("train letters.npz {TINY} -o run"));
    assert!(said.contains("6 samples of 1x4x4, 3 classes"), "{said}");
    folder.run("sample run -n 2 --steps 2 --class 9 -o nines.npy");
    assert_eq!(shape(&folder, "nines.npy"), [2, 1, 4, 4]);
    let message = folder.refused("sample run -n 2 --class 7 -o x.npy");
    assert!(message.contains("4, 5, 9"), "{message}");
}

#[test]
fn an_array_of_reals_is_taken_as_it_is_and_warned_of_outside_the_range() {
    let folder = Folder::new();
    let mut values = [0.25; 2 * 3 * 4 * 4];
    write_npy(&folder.path("good.npy"), &[2, 3, 4, 4], &values).unwrap();
    let said = folder.says(&format!("train good.npy {TINY} -o good"));
    assert!(said.contains("2 samples of 3x4x4") && !said.contains("outside"), "{said}");
    folder.run("sample good -n 5 --steps 2 -o x.npy");
    assert_eq!(shape(&folder, "x.npy"), [5, 3, 4, 4]);

    values[..24].fill(200.0);
    write_npy(&folder.path("wide.npy"), &[2, 3, 4, 4], &values).unwrap();
    let said = folder.says(&format!("train wide.npy {TINY} --stop-at 1 -o wide"));
    assert!(said.contains("warning: 25.0 % of the data are outside [-1, 1]"), "{said}");
}

#[test]
fn a_folder_of_idx_files_trains_with_its_labels() {
    let folder = Folder::new();
    let pictures: Vec<u8> = (0..128).collect();
    folder.write("mnist/train-images-idx3-ubyte", idx(&[4, 4, 8], &pictures));
    folder.write("mnist/train-labels-idx1-ubyte", idx(&[4], &[0, 2, 1, 2]));
    let said = folder.says(&format!("train mnist {TINY} -o run"));
    assert!(said.contains("IDX, 4 pictures, 3 classes"), "{said}");
    folder.run("sample run -n 2 --steps 2 --class 2 -o x.npy");
    assert_eq!(shape(&folder, "x.npy"), [2, 1, 4, 8]);

    let message = folder.refused(&format!("train mnist/train-labels-idx1-ubyte {TINY} -o no"));
    assert!(message.contains("train-labels-idx1-ubyte"), "{message}");
    assert!(!folder.path("no").exists());
}
