//! Folders of pictures as people have them: every mode, every oddity, and what is wrong with some.
//!
//! `tools/data/pictures.py` writes the files in `pictures/` and what Pillow sees in them.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use ancestral_data::{
    Channels, Fit, PictureFolder, PictureOptions, PictureSet, PictureSetError, read_pictures,
};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pictures").join(name)
}

/// A folder with copies of golden files under new names.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (from, to) in files {
        let to = folder.path().join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(golden(from), to).unwrap();
    }
    folder
}

fn with_channels(channels: Channels) -> PictureOptions {
    PictureOptions { channels: Some(channels), ..PictureOptions::default() }
}

fn read(path: &Path) -> PictureSet {
    read_pictures(path, &PictureOptions::default()).unwrap()
}

fn refusal(path: &Path, options: &PictureOptions) -> String {
    read_pictures(path, options).unwrap_err().to_string()
}

/// One line of `expected.txt`: what Pillow sees, in model space, `[4, height, width]`.
struct Expected {
    name: String,
    width: usize,
    height: usize,
    rgba: Vec<f64>,
}

fn expectations() -> Vec<Expected> {
    let text = fs::read_to_string(golden("expected.txt")).unwrap();
    text.lines().map(expectation).collect()
}

fn expectation(line: &str) -> Expected {
    let fields: Vec<&str> = line.split(' ').collect();
    let [name, width, height, bits, samples] = fields[..] else { panic!("{line}") };
    let (width, height): (usize, usize) = (width.parse().unwrap(), height.parse().unwrap());
    let digits = bits.parse::<usize>().unwrap() / 4;
    let largest = f64::from((1_u32 << (4 * digits)) - 1);
    let sample = |i: usize| u32::from_str_radix(&samples[i * digits..][..digits], 16).unwrap();
    let value = |i: usize| f64::from(sample(i)) / (largest / 2.0) - 1.0;
    let planes = (0..4).flat_map(|c| (0..width * height).map(move |place| 4 * place + c));
    Expected { name: name.to_owned(), width, height, rgba: planes.map(value).collect() }
}

/// How many levels of 8 bits another decoder may differ: lossy formats only.
fn tolerance(name: &str) -> f64 {
    match name.rsplit_once('.') {
        _ if name.starts_with("cmyk") || name.starts_with("ycck") => 6.0,
        Some((_, "JPG")) => 3.0,
        Some((_, "jpg")) if name != "png-named.jpg" => 3.0,
        _ if name == "lossy.webp" => 3.0,
        _ => 0.0,
    }
}

#[test]
fn every_oddity_is_seen_as_pillow_sees_it() {
    let expectations = expectations();
    assert!(expectations.len() >= 19);
    for Expected { name, width, height, rgba } in expectations {
        let set = read_pictures(&golden(&name), &with_channels(Channels::Rgba)).unwrap();
        assert_eq!(set.data.shape(), [4, height, width], "{name}");
        let limit = tolerance(&name) / 127.5 + 1e-7;
        for (i, (value, expected)) in set.data.row(0).iter().zip(&rgba).enumerate() {
            let difference = (f64::from(*value) - expected).abs();
            assert!(difference <= limit, "{name}, value {i}: {value} instead of {expected}");
        }
    }
}

#[test]
fn colours_become_luma_and_transparent_ones_the_background() {
    for Expected { name, width, height, rgba } in expectations() {
        let options = PictureOptions { background: [0, 64, 255], ..with_channels(Channels::Grey) };
        let set = read_pictures(&golden(&name), &options).unwrap();
        let area = width * height;
        for (place, value) in set.data.row(0).iter().enumerate() {
            let opacity = rgba[3 * area + place].midpoint(1.0);
            let blend = |channel: usize, background: f64| {
                opacity * rgba[channel * area + place] + (1.0 - opacity) * background
            };
            let (r, g, b) = (blend(0, -1.0), blend(1, 64.0 / 127.5 - 1.0), blend(2, 1.0));
            let expected = 0.299 * r + 0.587 * g + 0.114 * b;
            // What is blended of bytes is rounded to a byte.
            let limit = (tolerance(&name) + 0.5) / 127.5 + 1e-6;
            assert!((f64::from(*value) - expected).abs() <= limit, "{name}: {value}, {expected}");
        }
    }
}

#[test]
fn resizing_is_that_of_pillow_in_floating_point() {
    for line in fs::read_to_string(golden("resized.txt")).unwrap().lines() {
        let numbers: Vec<f32> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let side = |i: usize| format!("{}", numbers[i]).parse::<usize>().unwrap();
        let size = [side(1), side(0)];
        let options = PictureOptions { size: Some(size), ..PictureOptions::default() };
        let set = read_pictures(&golden("grey16.png"), &options).unwrap();
        assert_eq!(set.data.shape(), [1, size[0], size[1]]);
        for (value, expected) in set.data.row(0).iter().zip(&numbers[2..]) {
            assert!((value - expected).abs() < 2e-6, "{size:?}: {value} instead of {expected}");
        }
    }
}

#[test]
fn sixteen_bits_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    let words = vec![0_u16, 257, 32768, 65535];
    image::ImageBuffer::<image::Luma<u16>, _>::from_raw(4, 1, words).unwrap().save(&path).unwrap();
    let set = read(&path);
    let expected = [-1.0, -0.992_156_9, 1.525_9e-5, 1.0];
    for (value, expected) in set.data.row(0).iter().zip(expected) {
        assert!((value - expected).abs() < 1e-9_f32.max(expected.abs() * 1e-6), "{value}");
    }
    image::GrayImage::from_raw(2, 1, vec![128, 255]).unwrap().save(&path).unwrap();
    let set = read(&path);
    assert!((set.data.row(0)[0] - 0.003_921_6).abs() < 1e-7);
    assert_eq!(set.data.row(0)[1], 1.0);
}

#[test]
fn that_only_the_first_of_several_is_taken_is_said() {
    let several = ["animated.gif", "animated.png", "animated.webp", "two-pages.tiff"];
    let single = ["still.gif", "rgb.png", "lossy.webp", "rgb.tiff"];
    for (file, about) in several.iter().zip(["animated", "animated", "animated", "of several"]) {
        let decided = read(&golden(file)).decided;
        assert!(decided.contains(&format!(", 1 {about}")), "{file}: {decided}");
    }
    for file in single {
        let decided = read(&golden(file)).decided;
        assert!(decided.ends_with("12x16"), "{file}: {decided}");
    }
    let files: Vec<_> = several.iter().chain(&single).map(|name| (*name, *name)).collect();
    let set = read(folder(&files).path());
    assert_eq!(
        set.decided,
        "8 pictures, 3 channels, 12x16, 3 animated (the first frame is taken), 1 of several pages \
         (the first is taken)"
    );
}

#[test]
fn grey_among_colour_is_repeated_and_said() {
    let folder = folder(&[("rgb.png", "a.png"), ("grey.png", "b.png"), ("grey.png", "c.png")]);
    let set = read(folder.path());
    assert_eq!(set.decided, "3 pictures, 3 channels (2 grey repeated), 12x16");
    assert_eq!(set.data.shape(), [3, 12, 16]);
    let (red, rest) = set.data.row(1).split_at(192);
    assert_eq!((red, red), rest.split_at(192));
    fs::remove_file(folder.path().join("a.png")).unwrap();
    let set = read(folder.path());
    assert_eq!(set.decided, "2 pictures, 1 channel (all are grey), 12x16");
    assert_eq!(set.data.row(0), red);
}

#[test]
fn four_by_two_on_its_side_is_two_by_four() {
    // Stored: four red, below them four blue.
    let set = read(&golden("exif-6-small.jpg"));
    assert_eq!(set.data.shape(), [3, 4, 2]);
    let (red, blue) = (&set.data.row(0)[..8], &set.data.row(0)[16..]);
    for y in 0..4 {
        assert!(red[2 * y + 1] > 0.9 && red[2 * y] < -0.9, "{red:?}");
        assert!(blue[2 * y + 1] < -0.9 && blue[2 * y] > 0.9, "{blue:?}");
    }
}

/// Orientation 6: what is stored as the first row is seen as the last column.
#[test]
fn a_picture_on_its_side_is_turned_upright() {
    let upright = read(&golden("exif-1.jpg"));
    let turned = read(&golden("exif-6.jpg"));
    assert_eq!(turned.decided, "1 picture, 3 channels, 16x12, 1 EXIF-turned");
    // Row y of what is stored is column 11 − y: its top left is now top right.
    for (y, x) in [(0, 0), (0, 15), (11, 0), (5, 7)] {
        let stored = upright.data.row(0)[y * 16 + x];
        assert_eq!(turned.data.row(0)[x * 12 + (11 - y)], stored);
    }
}

#[test]
fn one_cut_off_jpeg_of_twenty_is_named_or_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(golden("UPPER.JPG")).unwrap();
    for i in 0..20 {
        fs::write(folder.path().join(format!("{i:02}.jpg")), &whole).unwrap();
    }
    let bad = folder.path().join("07.jpg");
    // Half of the picture, all but its last line of blocks, all but the mark of its end.
    for length in [whole.len() / 2, whole.len() - 40, whole.len() - 2] {
        fs::write(&bad, &whole[..length]).unwrap();
        let error = refusal(folder.path(), &PictureOptions::default());
        let reason = format!("{}: is cut short: its end is missing", bad.display());
        assert_eq!(error, format!("1 of 20 pictures cannot be read: {reason}"));
        let options = PictureOptions { skip_bad: true, ..PictureOptions::default() };
        let set = read_pictures(folder.path(), &options).unwrap();
        assert_eq!(set.data.len(), 19);
        assert_eq!(set.decided, "19 pictures, 3 channels, 12x16, 1 damaged picture skipped");
        assert_eq!(set.skipped, [(bad.clone(), "is cut short: its end is missing".to_owned())]);
    }
}

#[test]
fn no_half_of_a_picture_is_taken_for_a_whole_one() {
    let folder = tempfile::tempdir().unwrap();
    // Half of these has the whole of the first frame or page.
    let firsts = ["animated.gif", "two-pages.tiff"];
    for Expected { name, .. } in expectations() {
        if firsts.contains(&name.as_str()) {
            continue;
        }
        let whole = fs::read(golden(&name)).unwrap();
        let path = folder.path().join("half.png");
        for length in [0, 10, whole.len() / 4, whole.len() / 2] {
            fs::write(&path, &whole[..length]).unwrap();
            let error = refusal(&path, &PictureOptions::default());
            assert!(error.contains("half.png"), "{name} cut to {length}: {error}");
        }
    }
}

#[test]
fn twenty_damaged_files_are_listed_and_the_rest_counted() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..23 {
        fs::write(folder.path().join(format!("{i:02}.png")), "not a picture, is it?").unwrap();
    }
    let options = PictureOptions { skip_bad: true, ..PictureOptions::default() };
    let error = refusal(folder.path(), &options);
    let lines: Vec<&str> = error.lines().collect();
    assert_eq!((lines[0], lines.len()), ("23 of 23 pictures cannot be read:", 22));
    let reason = "19.png: is not PNG, JPEG, WebP, GIF, BMP, TIFF or PNM: it begins with \
                  \"not a picture, i\"";
    assert!(lines[20].ends_with(reason), "{}", lines[20]);
    assert_eq!(lines[21], "  … and 3 more");
}

#[test]
fn a_single_damaged_file_is_named_on_the_line_and_names_break_none() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a\nb\u{1b}.png"), "").unwrap();
    let error = refusal(folder.path(), &PictureOptions::default());
    assert!(error.starts_with("1 of 1 picture cannot be read: /"), "{error}");
    assert!(error.ends_with("a\\nb\\u{1b}.png: is empty"), "{error}");
    fs::write(folder.path().join("c.png"), "").unwrap();
    assert_eq!(refusal(folder.path(), &PictureOptions::default()).lines().count(), 3);
}

#[test]
fn what_is_no_picture_is_passed_over_and_counted() {
    let folder = folder(&[("rgb.png", "b/deep/er/x"), ("no-suffix", "a")]);
    for name in ["README.txt", "b/labels.json", ".hidden.png", "b/.DS_Store"] {
        fs::write(folder.path().join(name), "text").unwrap();
    }
    let set = read(folder.path());
    assert_eq!(
        set.decided,
        "2 pictures, 3 channels, 12x16, 2 other files passed over, 1 hidden picture passed over"
    );
    fs::write(folder.path().join("photo.HEIC"), "ftypheic").unwrap();
    assert!(refusal(folder.path(), &PictureOptions::default()).contains("photo.HEIC: is not PNG"));
}

#[test]
fn a_folder_without_pictures_says_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "text").unwrap();
    let error = refusal(folder.path(), &PictureOptions::default());
    let path = folder.path().display();
    assert_eq!(
        error,
        format!(
            "no picture in {path}: looked for PNG, JPEG, WebP, GIF, BMP, TIFF or PNM by content, \
             and found 1 other file"
        )
    );
    let missing = folder.path().join("missing");
    let error = read_pictures(&missing, &PictureOptions::default()).unwrap_err();
    assert!(matches!(error, PictureSetError::Io { .. }));
    assert_eq!(error.to_string(), format!("cannot read {}", missing.display()));
}

#[test]
fn folders_of_the_first_level_are_classes() {
    let files = [("grey.png", "dog/1.png"), ("rgb.png", "cat/deep/2.png"), ("rgb.png", "cat/1")];
    let folder = folder(&files);
    let options = PictureOptions { classes: true, ..PictureOptions::default() };
    let set = read_pictures(folder.path(), &options).unwrap();
    assert_eq!(set.data.class_names(), ["cat", "dog"]);
    assert_eq!(set.data.labels(), Some([0, 0, 1].as_slice()));
    assert_eq!(set.decided, "3 pictures, 2 classes, 3 channels (1 grey repeated), 12x16");

    fs::write(folder.path().join("README"), "text").unwrap();
    assert!(read_pictures(folder.path(), &options).is_ok());
    fs::create_dir(folder.path().join("cow")).unwrap();
    assert!(refusal(folder.path(), &options).ends_with("cow has no picture that can be read"));
    fs::copy(golden("rgb.png"), folder.path().join("stray.png")).unwrap();
    let error = refusal(folder.path(), &options);
    assert!(error.ends_with("stray.png is in no class: put every picture into a sub-folder"));
    assert!(refusal(&golden("rgb.png"), &options).contains("rgb.png is a file"));
}

#[test]
fn five_pictures_are_enough_and_come_in_the_order_of_their_names() {
    let names = ["10.png", "9.png", "B.png", "a.png", "é.png"];
    let folder = tempfile::tempdir().unwrap();
    for (name, value) in names.iter().rev().zip(0..) {
        let path = folder.path().join(name);
        image::GrayImage::from_raw(1, 1, vec![value]).unwrap().save(path).unwrap();
    }
    let set = read(folder.path());
    let bytes: Vec<u8> = set.data.rows().iter().map(|&x| ancestral_data::to_byte(x)).collect();
    assert_eq!(bytes, [4, 3, 2, 1, 0]);
}

#[test]
fn mixed_sizes_become_a_square_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    for (name, width, height) in [("a.png", 30, 40), ("b.png", 64, 64), ("c.png", 100, 50)] {
        let white = image::RgbImage::from_pixel(width, height, image::Rgb([255; 3]));
        white.save(folder.path().join(name)).unwrap();
    }
    let set = read(folder.path());
    assert_eq!(
        set.decided,
        "3 pictures, 3 channels, 24x24 (chosen for the smallest side, 30; centre-cropped from \
         40x30 … 50x100)"
    );
    assert_eq!(set.data.shape(), [3, 24, 24]);
    assert!(set.data.rows().iter().all(|value| (value - 1.0).abs() < 1e-6));
}

/// A grey picture of `side` by `side`, shrunk to 8 by 8.
fn shrunk(side: u32, grey: impl Fn(u32, u32) -> u8) -> Vec<f32> {
    let folder = tempfile::tempdir().unwrap();
    let pixel = |x, y| image::Luma([grey(x, y)]);
    let path = folder.path().join("a.png");
    image::GrayImage::from_fn(side, side, pixel).save(&path).unwrap();
    let options = PictureOptions { size: Some([8, 8]), ..PictureOptions::default() };
    read_pictures(&path, &options).unwrap().data.into_parts().0
}

#[test]
fn what_is_finer_than_the_pixels_becomes_its_mean() {
    // Half black, half white; a filter that skips pixels sees one of them.
    let checkers = shrunk(64, |x, y| if (x + y) % 2 == 0 { 255 } else { 0 });
    assert!(checkers.iter().all(|value| value.abs() < 0.002), "{checkers:?}");
    let stripes = shrunk(64, |x, _| if x % 2 == 0 { 255 } else { 0 });
    assert!(stripes.iter().all(|value| value.abs() < 0.04), "{stripes:?}");
    // By hand: the triangle of radius 3 around the third pixel has 6/9 of its weight left of the edge.
    let edge = shrunk(24, |x, _| if x < 8 { 0 } else { 255 });
    for row in edge.chunks(8) {
        for (value, by_hand) in row.iter().zip([-1.0, -1.0, -1.0 / 3.0, 1.0, 1.0, 1.0, 1.0, 1.0]) {
            assert!((value - by_hand).abs() < 1e-6, "{row:?}");
        }
    }
}

#[test]
fn letterboxes_are_filled_and_crops_are_of_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    image::GrayImage::from_raw(4, 2, vec![0, 51, 102, 255, 0, 51, 102, 255])
        .unwrap()
        .save(&path)
        .unwrap();
    let options = |size, fit| PictureOptions {
        size: Some(size),
        fit,
        background: [255, 255, 255],
        ..PictureOptions::default()
    };
    let crop = read_pictures(&path, &options([2, 2], Fit::Crop)).unwrap();
    assert_eq!(crop.data.row(0), [-0.6, -0.2, -0.6, -0.2]);
    let boxed = read_pictures(&path, &options([4, 4], Fit::Letterbox)).unwrap();
    let (white, line) = ([1.0; 4], [-1.0, -0.6, -0.2, 1.0]);
    assert_eq!(boxed.data.row(0), [white, line, line, white].concat());
    assert_eq!(boxed.decided, "1 picture, 1 channel (all are grey), 4x4 (letterboxed from 2x4)");
}

#[test]
fn hidden_colours_never_show() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.png");
    // Opaque black beside a transparent pixel whose hidden colour is white.
    let pixels = vec![0, 0, 0, 255, 255, 255, 255, 0];
    image::RgbaImage::from_raw(2, 1, pixels).unwrap().save(&path).unwrap();
    let on_black = PictureOptions { background: [0; 3], ..PictureOptions::default() };
    let set = read_pictures(&path, &on_black).unwrap();
    assert_eq!(set.data.row(0), [-1.0; 6]);
    assert!(set.decided.ends_with(", alpha over #000000"));
    let four = PictureOptions { size: Some([1, 1]), ..with_channels(Channels::Rgba) };
    let four = PictureOptions { fit: Fit::Letterbox, ..four };
    // Half of the opacity; read when it is needed, it is that of a byte.
    assert_eq!(read_pictures(&path, &four).unwrap().data.row(0), [-1.0, -1.0, -1.0, 0.0]);
    let mut row = [0.0; 4];
    PictureFolder::open(&path, &four).unwrap().read(0, &mut row).unwrap();
    assert_eq!(row, [-1.0, -1.0, -1.0, 1.0 / 255.0]);
}

#[test]
fn a_bomb_is_refused_by_its_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.png");
    let mut png = fs::read(golden("rgb.png")).unwrap();
    png[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let checksum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&checksum.to_be_bytes());
    fs::write(&path, png).unwrap();
    let error = refusal(&path, &PictureOptions::default());
    let reason = "bomb.png: is 65535 x 65535 pixels, too large: a side is at most 65535, and \
                  samples 256 MiB";
    assert!(error.ends_with(reason), "{error}");
}

/// The checksum of a PNG chunk.
fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[test]
fn impossible_sizes_are_refused() {
    for size in [[0, 8], [8, 70_000]] {
        let options = PictureOptions { size: Some(size), ..PictureOptions::default() };
        let error = refusal(&golden("rgb.png"), &options);
        let stated = format!("the size {} x {} (height x width)", size[0], size[1]);
        assert!(error.starts_with(&stated), "{error}");
    }
}
