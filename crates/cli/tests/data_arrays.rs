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

/// A `.npy` file of bytes or of 64-bit integers, as NumPy writes it.
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

/// Two pictures of each of three classes, as bytes, and the labels 4, 5 and 9 as integers, under these
/// names.
fn archive(names: [&str; 2]) -> Vec<u8> {
    let pictures: Vec<u8> = (0..6 * 16).map(|i| u8::try_from(i).unwrap()).collect();
    let labels: Vec<u8> = [4_i64, 5, 9, 4, 5, 9].iter().flat_map(|y| y.to_le_bytes()).collect();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in
        [(names[0], npy("|u1", "(6, 4, 4)", &pictures)), (names[1], npy("<i8", "(6,)", &labels))]
    {
        archive
            .start_file(format!("{name}.npy"), zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

#[test]
fn an_archive_trains_with_the_labels_in_it() {
    let folder = Folder::new();
    for names in [["arr_0", "arr_1"], ["x_train", "y_train"]] {
        folder.write("letters.npz", archive(names));
        let stderr = folder.stderr(&format!("train letters.npz {TINY} -o run --force"));
        assert!(stderr.contains("6 samples of 1x4x4, 3 classes"), "{stderr}");
        assert!(stderr.contains(&format!("labels from {}", names[1])), "{stderr}");
    }
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
    let stderr = folder.stderr(&format!("train good.npy {TINY} -o good"));
    assert!(stderr.contains("2 samples of 3x4x4") && !stderr.contains("outside"), "{stderr}");
    folder.run("sample good -n 5 --steps 2 -o x.npy");
    assert_eq!(shape(&folder, "x.npy"), [5, 3, 4, 4]);

    values[..24].fill(200.0);
    write_npy(&folder.path("wide.npy"), &[2, 3, 4, 4], &values).unwrap();
    let stderr = folder.stderr(&format!("train wide.npy {TINY} --stop-at 1 -o wide"));
    assert!(stderr.contains("warning: 25.0 % of the data are outside [-1, 1]"), "{stderr}");
    assert!(!stderr.contains("black is -1"), "{stderr}");
}

#[test]
fn pictures_from_0_to_1_are_warned_of_and_what_is_advised_is_right() {
    let folder = Folder::new();
    let values: [f32; 32] = std::array::from_fn(|i| i as f32 / 31.0);
    write_npy(&folder.path("unit.npy"), &[2, 4, 4], &values).unwrap();
    let stderr = folder.stderr(&format!("train unit.npy {TINY} -o unit"));
    let warning =
        stderr.lines().find(|line| line.starts_with("warning: unit.npy: no value is below"));
    assert!(
        warning.is_some_and(|line| line.ends_with("store 2 * x - 1 in place of x")),
        "{stderr}"
    );
    write_npy(&folder.path("whole.npy"), &[2, 4, 4], &values.map(|x| 2.0 * x - 1.0)).unwrap();
    let stderr = folder.stderr(&format!("train whole.npy {TINY} -o whole"));
    assert!(
        stderr.contains("values as they are: -1 to 1") && !stderr.contains("warning"),
        "{stderr}"
    );
}

#[test]
fn signals_are_refused_with_both_ways_on() {
    let folder = Folder::new();
    let signals: Vec<f32> = (0..4 * 3 * 64_u16).map(|i| (f32::from(i) / 9.0).sin()).collect();
    write_npy(&folder.path("signals.npy"), &[4, 3, 64], &signals).unwrap();
    let message = folder.refused(&format!("train signals.npy {TINY} -o no"));
    assert!(
        message.contains("signals.npy has the shape [4, 3, 64], which may be sig"),
        "{message}"
    );
    assert!(!folder.path("no").exists());
    // Each of them.
    write_npy(&folder.path("pictures.npy"), &[4, 1, 3, 64], &signals).unwrap();
    let stderr = folder.stderr(&format!("train pictures.npy {TINY} -o pictures"));
    assert!(stderr.contains("4 samples of 1x3x64"), "{stderr}");
    write_npy(&folder.path("table.npy"), &[4, 192], &signals).unwrap();
    let stderr = folder.stderr(&format!("train table.npy {TINY} -o table"));
    assert!(stderr.contains("4 samples of 192"), "{stderr}");
}

/// Pictures that know their values are drawn as these: out of range they are cut off, not wrapped.
#[test]
fn values_out_of_range_are_cut_off_where_they_become_bytes() {
    let folder = Folder::new();
    let mut values = [0.0; 64];
    values[..8].copy_from_slice(&[-1.3, -0.5, 0.0, 0.5, 1.004, 1.5, -1.01, 1.0]);
    write_npy(&folder.path("values.npy"), &[1, 1, 8, 8], &values).unwrap();
    write_npy(&folder.path("ones.npy"), &[1, 8, 8], &[1.0; 64]).unwrap();
    folder.run("sample digits -n 1 --steps 2 --no-clip --inpaint values.npy --mask ones.npy -o w/");
    let (_, file) = folder.files("w").pop_first().unwrap();
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut bytes).unwrap();
    assert_eq!(bytes[..8], [0, 64, 128, 191, 255, 255, 0, 255]);
    assert!(bytes[8..].iter().all(|byte| *byte == 128));
}

#[test]
fn a_folder_of_idx_files_trains_with_its_labels() {
    let folder = Folder::new();
    let pictures: Vec<u8> = (0..128).collect();
    folder.write("mnist/train-images-idx3-ubyte", idx(&[4, 4, 8], &pictures));
    folder.write("mnist/train-labels-idx1-ubyte", idx(&[4], &[0, 2, 1, 2]));
    let stderr = folder.stderr(&format!("train mnist {TINY} -o run"));
    assert!(stderr.contains("IDX, 4 pictures, 3 classes"), "{stderr}");
    folder.run("sample run -n 2 --steps 2 --class 2 -o x.npy");
    assert_eq!(shape(&folder, "x.npy"), [2, 1, 4, 8]);

    let message = folder.refused(&format!("train mnist/train-labels-idx1-ubyte {TINY} -o no"));
    assert!(message.contains("train-labels-idx1-ubyte"), "{message}");
    assert!(!folder.path("no").exists());
}
