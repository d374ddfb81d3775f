//! Damaged files of every format: no reader may panic or take memory out of proportion.
//!
//! A case is a valid file, damaged by one to four changes that its seed decides. Ten thousand cases
//! are run; for an hour of others, and to see one again:
//!
//! ```text
//! ANCESTRAL_MUTATION_SECONDS=3600 cargo test -p ancestral-data --test mutated -- --nocapture
//! ANCESTRAL_MUTATION_SEED=4711 cargo test -p ancestral-data --test mutated
//! ```

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_data::{
    PictureOptions, is_idx, read_arrays, read_csv, read_idx, read_npy, read_pictures,
};
use peak_alloc::PeakAlloc;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Cases without `ANCESTRAL_MUTATION_SECONDS`.
const CASES: u64 = 10_000;

/// What one case may take: a picture of 256 MiB of samples, as large as a file may state, decoded,
/// turned, with what its decoder needs beside it.
const MAX_PEAK: usize = 1 << 30;

/// A table with all that its reader knows: a byte order mark, quotes, spaces, blank lines and both
/// line ends.
const CSV: &[u8] = "\u{feff}age;\"weight; \"\"net\"\"\"; größe\r\n\
    36;80.5; 1.83\r\n\
    \"41\";7.25e1;-1e300\n\
    \n\
    28;\"64\";0.9\n\
    36;80.5;+1.71"
    .as_bytes();

/// A valid file, and the reader that it is for.
struct Format {
    name: &'static str,
    bytes: Vec<u8>,
    read: fn(&Path),
}

fn formats() -> Vec<Format> {
    let picture = |name| Format { name, bytes: golden(name), read: pictures };
    vec![
        picture("rgba.png"),
        picture("palette-transparent.png"),
        picture("interlaced.png"),
        picture("rgb16.png"),
        picture("UPPER.JPG"),
        picture("progressive.jpg"),
        picture("cmyk.jpg"),
        picture("exif-6.jpg"),
        picture("alpha.webp"),
        picture("lossy.webp"),
        picture("animated.webp"),
        picture("animated.gif"),
        picture("rgb.bmp"),
        picture("rgb.tiff"),
        picture("two-pages.tiff"),
        picture("grey-float.tiff"),
        picture("planar-float.tiff"),
        picture("turned-float.tiff"),
        picture("animated.png"),
        picture("grey.pgm"),
        Format { name: "images-idx3", bytes: idx(), read: idx_file },
        Format { name: "images-idx3.gz", bytes: gzip(&idx()), read: idx_file },
        Format { name: "a.npy", bytes: npy(), read: arrays },
        Format { name: "a.npz", bytes: npz(), read: arrays },
        Format { name: "people.csv", bytes: CSV.to_vec(), read: table },
    ]
}

fn pictures(path: &Path) {
    let options = PictureOptions { size: Some([8, 8]), ..PictureOptions::default() };
    let _ = read_pictures(path, &options);
}

fn idx_file(path: &Path) {
    let _ = (is_idx(path), read_idx(path));
}

fn arrays(path: &Path) {
    let _ = read_npy(path);
    if let Ok(arrays) = read_arrays(path) {
        assert_eq!(arrays.values().count(), arrays.shape().iter().product::<usize>());
        let _ = arrays.into_pictures();
    }
}

fn table(path: &Path) {
    if let Ok(table) = read_csv(path) {
        let (data, columns) = (table.data(), table.columns());
        assert_eq!(data.rows().len(), data.len() * columns.width());
        assert!(data.rows().iter().all(|value| value.is_finite()));
    }
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures");
    fs::read(folder.join(name)).unwrap()
}

fn idx() -> Vec<u8> {
    [&[0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6][..], &[128; 120]].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn npy() -> Vec<u8> {
    let header = "{'descr': '<u2', 'fortran_order': True, 'shape': (4, 3, 5, 6), }";
    let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
    bytes.extend(format!("{header:<117}\n").bytes());
    bytes.extend([7; 4 * 3 * 5 * 6 * 2]);
    bytes
}

fn npz() -> Vec<u8> {
    let labels = [
        &npy()[..10],
        format!(
            "{:<117}\n",
            "{'descr': '|u1', 'fortran_order': False, \
        'shape': (4,), }"
        )
        .as_bytes(),
        &[0, 1, 2, 1],
    ]
    .concat();
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in [("x.npy", npy()), ("y.npy", labels)] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(&bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Damages a file as files are damaged or forged.
fn mutate(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        return;
    }
    let place = random.random_range(0..bytes.len());
    let other = random.random_range(0..bytes.len());
    let length = random.random_range(0..=(bytes.len() - place).min(64));
    match random.random_range(0..7) {
        0 => bytes[place] ^= 1 << random.random_range(0..8),
        1 => bytes[place] = random.random(),
        2 => bytes.truncate(place),
        // A field of two or four bytes, as a length is: nothing, all, or a little less.
        3 => {
            let width = if random.random() { 2 } else { 4 };
            let value = [0_u8, 1, 0x7f, 0x80, 0xff][random.random_range(0..5)];
            bytes.iter_mut().skip(place).take(width).for_each(|byte| *byte = value);
        }
        4 => drop(bytes.drain(place..place + length)),
        5 => {
            let block = bytes[place..place + length].to_vec();
            bytes.splice(other..other, block);
        }
        _ => {
            let block = bytes[place..place + length].to_vec();
            let end = (other + length).min(bytes.len());
            bytes.splice(other..end, block);
        }
    }
}

/// Runs one case: the most bytes that it took at a time, or what is wrong with it.
fn case(formats: &[Format], seed: u64, folder: &Path) -> Result<usize, String> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let format = &formats[random.random_range(0..formats.len())];
    let mut bytes = format.bytes.clone();
    for _ in 0..random.random_range(1..=4) {
        mutate(&mut bytes, &mut random);
    }
    let path: PathBuf = folder.join(format.name);
    fs::write(&path, bytes).unwrap();
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let panicked = catch_unwind(AssertUnwindSafe(|| (format.read)(&path))).is_err();
    let peak = MEMORY.peak_usage().saturating_sub(before);
    if panicked {
        return Err(format!("{} panics", format.name));
    }
    if peak > MAX_PEAK {
        return Err(format!("{} takes {peak} bytes", format.name));
    }
    Ok(peak)
}

fn number(variable: &str) -> Option<u64> {
    env::var(variable).ok().map(|value| value.parse().expect("a whole number"))
}

#[test]
fn damaged_files_are_refused_or_read() {
    let (formats, folder) = (formats(), tempfile::tempdir().unwrap());
    let start = Instant::now();
    let more = |seed: u64| match number("ANCESTRAL_MUTATION_SECONDS") {
        Some(seconds) => start.elapsed() < Duration::from_secs(seconds),
        None => seed < CASES,
    };
    let only = number("ANCESTRAL_MUTATION_SEED");
    let seeds = only.map_or(0..u64::MAX, |seed| seed..seed + 1);
    let (mut cases, mut largest) = (0, 0);
    for seed in seeds.take_while(|&seed| only.is_some() || more(seed)) {
        match case(&formats, seed, folder.path()) {
            Ok(peak) => largest = largest.max(peak),
            Err(fault) => panic!("ANCESTRAL_MUTATION_SEED={seed}: {fault}"),
        }
        cases += 1;
    }
    println!("{cases} cases in {:?}, at most {largest} bytes", start.elapsed());
}
