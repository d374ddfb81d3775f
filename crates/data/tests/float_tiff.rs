//! TIFF files of floating-point samples, held against Pillow and numpy.
//!
//! `tools/data/pictures.py` writes the files in `pictures/`, and their samples in `floats.txt`.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_data::{Channels, PictureOptions, read_pictures};
use std::fs;
use std::path::{Path, PathBuf};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name)
}

/// One line of `floats.txt`: samples from 0 to 1, those of a pixel side by side.
struct Expected {
    name: String,
    /// Height, width, channels.
    shape: [usize; 3],
    samples: Vec<f32>,
}

fn expectation(line: &str) -> Expected {
    let fields: Vec<&str> = line.split(' ').collect();
    let [name, width, height, channels, samples @ ..] = &fields[..] else { panic!("{line}") };
    Expected {
        name: (*name).to_owned(),
        shape: [height, width, channels].map(|number| number.parse().unwrap()),
        samples: samples.iter().map(|sample| sample.parse().unwrap()).collect(),
    }
}

#[test]
fn every_kind_of_floats_is_seen_to_the_last_bit() {
    let text = fs::read_to_string(golden("floats.txt")).unwrap();
    let expectations: Vec<Expected> = text.lines().map(expectation).collect();
    assert_eq!(expectations.len(), 9);
    for Expected { name, shape: [height, width, channels], samples } in expectations {
        let four = PictureOptions { channels: Some(Channels::Rgba), ..PictureOptions::default() };
        let set = read_pictures(&golden(&name), &four).unwrap();
        assert_eq!(set.data.shape(), [4, height, width], "{name}");
        assert!(set.decided.contains("1 in floating point (0 is black, 1 is white)"), "{name}");
        let is_grey = channels <= 2;
        let has_opacity = channels.is_multiple_of(2);
        for (i, value) in set.data.row(0).iter().enumerate() {
            let (channel, place) = (i / (height * width), i % (height * width));
            let sample = |channel: usize| samples[place * channels + channel];
            let expected = match channel {
                3 if has_opacity => sample(channels - 1),
                3 => 1.0,
                _ if is_grey => sample(0),
                _ => sample(channel),
            };
            assert!((value - (2.0 * expected - 1.0)).abs() < 1e-7, "{name}, value {i}: {value}");
        }
    }
}

#[test]
fn grey_floats_are_grey() {
    let set = read_pictures(&golden("grey-float.tiff"), &PictureOptions::default()).unwrap();
    assert_eq!(set.data.shape(), [1, 12, 16]);
    let set = read_pictures(&golden("turned-float.tiff"), &PictureOptions::default()).unwrap();
    let about = "1 picture, 1 channel (all are grey), 16x12, 1 EXIF-turned, 1 in floating point (0 \
                 is black, 1 is white)";
    assert_eq!(set.decided, about);
}

/// The error for a picture with another first sample, by place in the file.
fn refusal(name: &str, sample: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tiff");
    let mut bytes = fs::read(golden(name)).unwrap();
    bytes[8..8 + sample.len()].copy_from_slice(sample);
    fs::write(&path, bytes).unwrap();
    read_pictures(&path, &PictureOptions::default()).unwrap_err().to_string()
}

#[test]
fn what_is_not_from_0_to_1_is_refused_with_what_was_found() {
    let low = refusal("rgb-float.tiff", &(-0.25_f32).to_le_bytes());
    assert!(low.contains("a.tiff: holds floating-point samples from -0.25 to 0.72"), "{low}");
    assert!(low.contains("expected 0 (black) to 1 (white): scale them"), "{low}");
    let high = refusal("double.tiff", &255.0_f64.to_le_bytes());
    assert!(high.contains(" to 255, expected 0 (black) to 1 (white)"), "{high}");
    let missing = refusal("rgb-float.tiff", &f32::NAN.to_le_bytes());
    assert!(missing.contains("holds the sample NaN, expected numbers from 0"), "{missing}");
}

#[test]
fn rounding_is_no_reason_to_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tiff");
    let mut bytes = fs::read(golden("rgb-float.tiff")).unwrap();
    bytes[8..12].copy_from_slice(&1.000_000_1_f32.to_le_bytes());
    bytes[12..16].copy_from_slice(&(-1e-7_f32).to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let set = read_pictures(&path, &PictureOptions::default()).unwrap();
    assert_eq!((set.data.row(0)[0], set.data.row(0)[192]), (1.0, -1.0));
}

#[test]
fn signed_integers_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tiff");
    let bytes = fs::read(golden("half.tiff")).unwrap();
    // The tag of the sample format, a short, once: 3, floats, becomes 2, signed integers.
    let tag = [0x53, 0x01, 3, 0, 1, 0, 0, 0, 3];
    let place = bytes.windows(tag.len()).position(|window| window == tag).unwrap();
    let mut changed = bytes.clone();
    changed[place + 8] = 2;
    fs::write(&path, changed).unwrap();
    let message = read_pictures(&path, &PictureOptions::default()).unwrap_err().to_string();
    assert!(message.contains("holds signed integers of colour type Gray(16)"), "{message}");
    assert!(message.contains("save it with 8 or 16 bits"), "{message}");
}

#[test]
fn no_half_is_taken_for_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(golden("floats.txt")).unwrap();
    for Expected { name, .. } in text.lines().map(expectation) {
        let whole = fs::read(golden(&name)).unwrap();
        let path = folder.path().join("half.tiff");
        for length in [10, whole.len() / 4, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            let error = read_pictures(&path, &PictureOptions::default());
            assert!(error.is_err(), "{name} cut to {length}");
        }
    }
}
