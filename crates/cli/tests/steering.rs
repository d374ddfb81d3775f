//! Guidance, inpainting, image-to-image, inversion and interpolation, with the built-in model.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::path::Path;

use ancestral_data::{read_npy, write_npy};
use common::{Folder, people, png_texts};

/// Draws to a file, and gives what is in it.
fn sample(folder: &Folder, flags: &str) -> Vec<f32> {
    folder.run(&format!("sample {flags} --quiet --force -o x.npy"));
    read_npy(&folder.path("x.npy")).unwrap().data().to_vec()
}

/// Writes digits of the data set, as an array.
fn pictures(folder: &Folder, name: &str, count: usize) -> Vec<f32> {
    let digits = ancestral_data::builtin("digits").unwrap();
    let data = digits.rows()[..count * 64].to_vec();
    write_npy(&folder.path(name), &[count, 1, 8, 8], &data).unwrap();
    data
}

/// A mask whose upper half is 1.
fn mask(folder: &Folder, name: &str) {
    let shares: Vec<f32> = (0..64).map(|i| if i < 32 { 1.0 } else { 0.0 }).collect();
    write_npy(&folder.path(name), &[8, 8], &shares).unwrap();
}

fn mean_distance(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    #[expect(clippy::cast_precision_loss, reason = "few values")]
    let count = a.len() as f32;
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / count
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_batch_and_number_of_threads() {
    let folder = Folder::new();
    pictures(&folder, "five.npy", 5);
    mask(&folder, "mask.npy");
    let commands = [
        "sample -n 5 --class 3 --guidance 3 --guidance-rescale 0.5 --steps 4",
        "sample -n 5 --class 3 --guidance 3 --guidance-interval 0.3,2 --steps 8",
        "sample --inpaint five.npy --mask mask.npy --steps 4",
        "sample --from five.npy --strength 0.6 --steps 6",
        "sample --from five.npy --inpaint five.npy --mask mask.npy --class 3 --guidance 2 --steps 6",
        "sample --interpolate 3 --steps 4",
        "invert digits five.npy --class 3 --steps 4",
    ];
    for command in commands {
        let run = |flags: &str| {
            folder.run(&format!("{command} {flags} --quiet --force -o x.npy"));
            folder.read("x.npy")
        };
        let truth = run("");
        for flags in ["--batch 1 --threads 1", "--batch 2 --threads 2", "--batch 5 --threads 1"] {
            assert_eq!(run(flags), truth, "{command} {flags}");
        }
    }
}

#[test]
fn guidance_of_weight_1_is_none_and_more_draws_another_sample() {
    let folder = Folder::new();
    let draw = |flags: &str| sample(&folder, &format!("-n 3 --class 3 --steps 6 {flags}"));
    let truth = draw("");
    assert_eq!(draw("--guidance 1 --guidance-rescale 0.7"), truth);
    // Cleaner than the cleanest level, sigma/alpha = 0.01: nothing is guided.
    assert_eq!(draw("--guidance 4 --guidance-interval 0,0.001"), truth);
    let four = draw("--guidance 4");
    assert_eq!(draw("--guidance 4 --guidance-interval 0,inf"), four);
    assert_ne!(four, truth);
    assert_ne!(draw("--guidance 4 --guidance-interval 0.2,2"), four);
    assert_ne!(draw("--guidance 4 --guidance-rescale 0.7"), four);
    // Weight 0 leaves the class away.
    assert_eq!(draw("--guidance 0"), sample(&folder, "-n 3 --class none --steps 6"));
}

#[test]
fn what_is_known_is_kept_to_the_bit_and_the_rest_is_drawn() {
    let folder = Folder::new();
    let given = pictures(&folder, "one.npy", 1);
    mask(&folder, "mask.npy");
    for sampler in ["ddpm", "dpmpp-2m", "heun"] {
        let flags = format!("-n 3 --inpaint one.npy --mask mask.npy --steps 5 --sampler {sampler}");
        let drawn = sample(&folder, &flags);
        for row in drawn.chunks(64) {
            assert_eq!(row[..32], given[..32], "{sampler}");
            assert_ne!(row[32..], given[32..], "{sampler}");
        }
        assert_ne!(drawn[32..64], drawn[96..128], "each is drawn again by {sampler}");
    }
    // A row each, and a picture for a mask: white is kept.
    let given = pictures(&folder, "two.npy", 2);
    folder.run("sample --inpaint two.npy --mask mask.npy -n 2 --steps 5 -o x.npy --force --quiet");
    let drawn = read_npy(&folder.path("x.npy")).unwrap().data().to_vec();
    assert_eq!(drawn[64..96], given[64..96]);
    let white: Vec<f32> = (0..64).map(|i| if i < 32 { 1.0 } else { -1.0 }).collect();
    let raster = ancestral_data::Pictures::new(&white, &[1, 8, 8]).unwrap().raster(0);
    ancestral_data::write_png(&folder.path("mask.png"), &raster, &[]).unwrap();
    assert_eq!(sample(&folder, "--inpaint two.npy --mask mask.png --steps 5"), drawn);
}

#[test]
fn strength_1_is_a_full_run_and_less_stays_nearer() {
    let folder = Folder::new();
    let given = pictures(&folder, "one.npy", 1);
    let from = |strength: &str| {
        sample(&folder, &format!("-n 1 --seed 9 --steps 20 --from one.npy --strength {strength}"))
    };
    assert_eq!(from("1"), sample(&folder, "-n 1 --seed 9 --steps 20"));
    pictures(&folder, "two.npy", 2);
    let two = sample(&folder, "--seed 9 --steps 20 --from two.npy --strength 1");
    assert_eq!(two, sample(&folder, "-n 2 --seed 9 --steps 20"), "a sample for each row");
    let apart = ["0.05", "0.3", "0.6"].map(|strength| mean_distance(&from(strength), &given));
    // One hop of twenty, from sigma/alpha = 0.08, changes little of values from −1 to 1.
    assert!(apart[0] < 0.05 && apart[0] < apart[1] && apart[1] < apart[2], "{apart:?}");
    assert_eq!(from("0.5"), sample(&folder, "-n 1 --seed 9 --steps 20 --from one.npy"));
    let way = "-n 1 --steps 20 --from one.npy --strength 0.29 --trajectory --quiet -o way.npy";
    folder.run(&format!("sample {way}"));
    assert_eq!(read_npy(&folder.path("way.npy")).unwrap().shape(), [1 + 6, 1, 1, 8, 8]);
}

#[test]
fn data_lead_to_noise_and_back() {
    let folder = Folder::new();
    let given = pictures(&folder, "three.npy", 3);
    folder.run("invert digits three.npy --steps 50 --quiet -o x_T.npy");
    let noise = read_npy(&folder.path("x_T.npy")).unwrap();
    assert_eq!(noise.shape(), [3, 1, 8, 8]);
    let back = sample(&folder, "--init x_T.npy --sampler ddim --steps 50");
    // Of values from −1 to 1; the mean of a hundred digits is 0.0008 (docs/steering.md).
    assert!(mean_distance(&back, &given) < 0.003, "{}", mean_distance(&back, &given));
    // Pictures and folders of them are read as well, and every row is inverted alone.
    folder.run("sample --init x_T.npy --sampler ddim --steps 50 --quiet -o many");
    folder.run("invert digits many --steps 5 --quiet -o all.npy");
    folder.run("invert digits many/000002.png many/000000.png --steps 5 --quiet -o two.npy");
    let read = |name: &str| read_npy(&folder.path(name)).unwrap().data().to_vec();
    let (all, two) = (read("all.npy"), read("two.npy"));
    assert_eq!((&two[..64], &two[64..]), (&all[128..], &all[..64]));
}

#[test]
fn between_two_samples_lie_others_and_the_ends_are_exact() {
    let folder = Folder::new();
    let row = sample(&folder, "--seed 7 --first 4 --interpolate 3 --steps 6");
    let ends = sample(&folder, "--class none --seed 7 --first 4 -n 2 --steps 6 --sampler ddim");
    assert_eq!((&row[..64], &row[4 * 64..]), (&ends[..64], &ends[64..]));
    let apart = |i: usize| mean_distance(&row[i * 64..(i + 1) * 64], &row[..64]);
    assert!(apart(1) > 0.0 && apart(1) < apart(4), "{} {}", apart(1), apart(4));
    // Two rows that are given are the ends as well.
    folder.run("sample --seed 7 --first 4 -n 2 --steps 6 --trajectory --quiet -o way.npy");
    let way = read_npy(&folder.path("way.npy")).unwrap();
    write_npy(&folder.path("two.npy"), &[2, 1, 8, 8], &way.data()[..128]).unwrap();
    assert_eq!(sample(&folder, "--init two.npy --interpolate 3 --steps 6"), row);
    // One row of five pictures, 8 pixels enlarged five times, 2 between them.
    folder.run("sample --interpolate 3 --steps 2 -o row.png");
    let file = std::io::BufReader::new(std::fs::File::open(folder.path("row.png")).unwrap());
    let size = png::Decoder::new(file).read_info().unwrap().info().size();
    assert_eq!(size, (5 * 40 + 4 * 2, 40));
}

#[test]
fn pictures_say_how_they_were_steered() {
    let folder = Folder::new();
    pictures(&folder, "one.npy", 1);
    mask(&folder, "mask.npy");
    folder.run(
        "sample -n 1 --class 3 --guidance 2.5 --guidance-rescale 0.5 --guidance-interval 0.1,4 \
         --from one.npy --strength 0.5 --inpaint one.npy --mask mask.npy --steps 4 -o x.png",
    );
    let texts = png_texts(&folder.path("x.png"));
    for (key, value) in [
        ("guidance", "2.5"),
        ("guidance-rescale", "0.5"),
        ("guidance-interval", "0.1,4"),
        ("from", "one.npy"),
        ("strength", "0.5"),
        ("inpaint", "one.npy"),
        ("mask", "mask.npy"),
        ("timesteps", "499 249"),
    ] {
        assert!(texts.contains(&(key.to_owned(), value.to_owned())), "{key} in {texts:?}");
    }
}

#[test]
fn what_does_not_fit_is_refused_by_flag_and_file() {
    let folder = Folder::new();
    pictures(&folder, "three.npy", 3);
    pictures(&folder, "two.npy", 2);
    mask(&folder, "mask.npy");
    write_npy(&folder.path("masks.npy"), &[3, 1, 8, 8], &[1.0; 192]).unwrap();
    write_npy(&folder.path("wide.npy"), &[1, 1, 8, 9], &[0.0; 72]).unwrap();
    write_npy(&folder.path("high.npy"), &[8, 8], &[1.5; 64]).unwrap();
    write_npy(&folder.path("nan.npy"), &[1, 8, 8], &[f32::NAN; 64]).unwrap();
    write_npy(&folder.path("none.npy"), &[0, 1, 8, 8], &[]).unwrap();
    folder.write("page.png", "<html></html>");
    folder.write("bytes.npy", array("|u1", "(1, 1, 8, 8)", &[0; 64]));
    let inpaint = "--inpaint two.npy --mask";
    for (flags, message) in [
        ("--inpaint two.npy", "--inpaint two.npy: give the known region with --mask"),
        ("--inpaint wide.npy --mask mask.npy", "--inpaint wide.npy: shape [1, 1, 8, 9], expected"),
        ("--inpaint no.png --mask mask.npy", "--inpaint: cannot read no.png"),
        ("--inpaint page.png --mask mask.npy", "page.png"),
        (
            &format!("{inpaint} wide.npy"),
            "--mask wide.npy: shape [1, 1, 8, 9], expected [n, 1, 8, 8]",
        ),
        (
            &format!("{inpaint} high.npy"),
            "--mask high.npy: value 0 is 1.5, expected a share from 0",
        ),
        (&format!("{inpaint} masks.npy"), "--mask masks.npy: a mask of 3 rows for data of 2"),
        (&format!("{inpaint} mask.npy -n 3"), "-n 3: --inpaint has 2 rows"),
        (&format!("{inpaint} mask.npy --from three.npy"), "--inpaint: has 2 rows, --from has 3"),
        ("--from nan.npy", "--from nan.npy: value 0 is NaN"),
        ("--from none.npy", "--from none.npy: no rows"),
        ("--from page.png", "--from: "),
        ("--init bytes.npy", "--init bytes.npy: whole numbers, expected noise as float32"),
        ("--init three.npy --interpolate 2", "--interpolate 2: --init has 3 rows, expected 2"),
        (
            "--interpolate 2 --sampler ddpm",
            "--interpolate 2: ddpm:variance=fixed-small draws noise",
        ),
        ("--interpolate 2 --eta 0.5", "--interpolate 2: ddim:eta=0.5 draws noise in its steps"),
    ] {
        let refused = folder.refused(&format!("sample {flags} --steps 2 -o never.npy"));
        assert!(refused.contains(message), "{flags}: {refused}");
    }
    for (args, message) in [
        ("digits three.npy -o never.png", "output never.png: expected a name ending in .npy"),
        ("digits wide.npy -o never.npy", "data wide.npy: shape [1, 1, 8, 9]"),
        ("digits three.npy -o two.npy", "two.npy already exists: replace it with --force"),
        (
            "digits three.npy --class x -o never.npy",
            "--class x: model built-in digits has no such class",
        ),
        (
            "digits three.npy --steps 0 -o never.npy",
            "'--steps <N>': expected a whole number from 1",
        ),
    ] {
        let refused = folder.refused(&format!("invert {args}"));
        assert!(refused.contains(message), "{args}: {refused}");
    }
    assert!(!folder.path("never.npy").exists() && !folder.path("never.png").exists());
}

#[test]
fn a_model_that_knows_no_label_for_none_is_not_guided() {
    let folder = Folder::new();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipeline/models/digits");
    for name in [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    ] {
        folder.write(&format!("m/{name}"), std::fs::read(built_in.join(name)).unwrap());
    }
    // Without the names of its classes, it is unknown that the eleventh label means no class.
    let message = folder.refused("sample m --class 3 --guidance 2 -n 1 --steps 2 -o x.npy");
    let expected = "--guidance 2: model m does not say which label means no class";
    assert!(message.contains(expected), "{message}");
    // Once the label is given, samples are those of the model with class names.
    let flags = "--class 3 --guidance 2 -n 2 --steps 2";
    folder.run(&format!("sample m {flags} --null-label 10 -o named.npy"));
    folder.run(&format!("sample digits {flags} -o known.npy"));
    assert_eq!(folder.read("named.npy"), folder.read("known.npy"));
    folder.run("sample m --class none --null-label 10 -n 1 --steps 2 -o none.npy");
    for (flags, expected) in [
        ("--class 3 --null-label 11", "--null-label 11: model m has the labels 0 to 10"),
        (
            "",
            "choose one, 0 to 10; if one of these labels means no class, name it with --null-label",
        ),
        ("--class none", "does not say which label means no class: name it with --null-label"),
        ("--class ten --null-label 10", "no such class: expected 0 to 9, or none"),
        ("--class 10 --null-label 10", "no such class: expected 0 to 9, or none"),
        ("--class 4 --null-label 4", "no such class: expected 0 to 10 but 4, or none"),
        ("--guidance 2 --null-label 10", "--guidance 2: towards which class? name it with --class"),
        ("--class 3 --null-label ten", "expected a whole number from 0 to 4294967295"),
    ] {
        let message = folder.refused(&format!("sample m {flags} -n 2 --steps 2 -o x.npy"));
        assert!(message.contains(expected), "{flags}: {message}");
    }
}

/// A `.npy` file of the dtype, and of these bytes.
fn array(descr: &str, shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let header = format!("{header:<117}\n");
    [&b"\x93NUMPY\x01\x00\x76\x00"[..], header.as_bytes(), bytes].concat()
}

const TINY: &str =
    "--width 8 --layers 1 --batch 4 --timesteps 25 --steps 2 --preview-every 0 --quiet";

#[test]
fn what_is_given_of_a_table_is_kept_to_its_last_digit() {
    let folder = Folder::new();
    // Values far from 0 beside their spread: f32 has no digits left for what is given here.
    let row = |i: u32| format!("{},{},{}\n", f64::from(i) * 0.37 + 1e6, i % 2, 20 + i * 7 % 61);
    folder.write("data.csv", format!("a,b,c\n{}", (0..60).map(row).collect::<String>()));
    folder.run(&format!("train data.csv {TINY} -o run"));
    folder.write("given.csv", "c,a\n33,1000002.1234567\n");
    folder.run("sample run -n 5 --batch 2 --steps 3 --given given.csv -o x.csv");
    let text = folder.text("x.csv");
    let cells: Vec<Vec<&str>> = text.lines().skip(1).map(|row| row.split(',').collect()).collect();
    assert_eq!(cells.len(), 5);
    assert!(cells.iter().all(|row| row[0] == "1000002.1234567" && row[2] == "33"), "{text}");
    // A row each, of values that the columns do not have.
    folder.write("rows.csv", "b,a\n0,2\n1,-1.99999993\n0,2e-7\n");
    folder.run("sample run --batch 2 --steps 3 --given rows.csv -o y.csv");
    let text = folder.text("y.csv");
    let starts = ["2,0,", "-1.99999993,1,", "0.0000002,0,"];
    for (row, start) in text.lines().skip(1).zip(starts) {
        assert!(row.starts_with(start), "{text}");
    }
    assert_eq!(text.lines().count(), 4);
    // As an array, in which NaN is drawn.
    let cells = [f32::NAN, 1.0, 33.0];
    write_npy(&folder.path("cells.npy"), &[1, 3], &cells).unwrap();
    folder.write("cells.csv", "b,c\n1,33\n");
    for given in ["cells.npy", "cells.csv"] {
        folder.run(&format!("sample run -n 3 --steps 3 --given {given} -o {given}.out.csv"));
    }
    assert_eq!(folder.text("cells.npy.out.csv"), folder.text("cells.csv.out.csv"));
    write_npy(&folder.path("none.npy"), &[1, 3], &[f32::NAN, 0.5, f32::NAN]).unwrap();
    let refused = folder.refused("sample run -n 1 --steps 2 --given none.npy -o none.csv");
    assert!(
        refused.contains("value 1 is 0.5, which is none of the numbers of column \"b\""),
        "{refused}"
    );
    // Kept, but said to be none of the data.
    folder.write("far.csv", "a,c\n1e9,33.5\n");
    let said = folder.stderr("sample run -n 1 --steps 2 --given far.csv -o far.out.csv");
    assert!(folder.text("far.out.csv").contains("1000000000,"));
    let words = "--given: 1000000000 is no value of the column \"a\", as the model learned it (1 more cell is so)";
    assert!(said.contains(words), "{said}");
    // As an array, with a mask of any dtype.
    let values = [1_000_002.1_f32, 0.3, 41.0];
    write_npy(&folder.path("row.npy"), &[1, 3], &values).unwrap();
    folder.write("mask.npy", array("|b1", "(1, 3)", &[1, 0, 1]));
    let masked = "sample run -n 2 --steps 3 --inpaint row.npy --mask";
    folder.run(&format!("{masked} mask.npy --trajectory -o way.npy"));
    let way = read_npy(&folder.path("way.npy")).unwrap();
    for row in way.data()[3 * 6..].chunks(3) {
        assert_eq!([row[0], row[2]], [values[0], values[2]]);
    }
    folder.run(&format!("{masked} mask.npy -o z.npy"));
    assert_eq!(read_npy(&folder.path("z.npy")).unwrap().data(), &way.data()[3 * 6..]);
}

#[test]
fn tables_beyond_float32_are_written_and_read_as_float64() {
    let folder = Folder::new();
    let row = |i: i32| format!("{:e},{:e}\n", f64::from(i) * 1e200, f64::from(i * i) * 1e-60);
    folder.write("data.csv", format!("large,small\n{}", (1..60).map(row).collect::<String>()));
    folder.run(&format!("train data.csv {TINY} -o run"));
    folder.run("sample run -n 3 --steps 2 -o x.npy");
    let values = ancestral_data::read_numbers(&folder.path("x.npy")).unwrap().into_parts().1;
    assert!(values.iter().all(|value| value.is_finite() && *value != 0.0), "{values:?}");
    folder.run("sample run --from x.npy --strength 0.5 --steps 2 -o y.csv");
    assert_eq!(folder.text("y.csv").lines().count(), 4);
    folder.run("invert run x.npy --steps 2 -o x_T.npy");
    let noise = ancestral_data::read_numbers(&folder.path("x_T.npy")).unwrap().into_parts().1;
    assert!(noise.iter().all(|value| value.is_finite()), "{noise:?}");
    // What not even the scaled space holds is named.
    folder.write("far.csv", "small\n1e200\n");
    let refused = folder.refused("sample run -n 1 --steps 2 --given far.csv -o no.csv");
    assert!(refused.contains("--given far.csv: value 1 is 1e200, too large"), "{refused}");
}

#[test]
fn masks_of_any_dtype_are_masks() {
    let folder = Folder::new();
    pictures(&folder, "five.npy", 1);
    mask(&folder, "mask.npy");
    let flags = "-n 2 --inpaint five.npy --steps 3 --mask";
    let expected = sample(&folder, &format!("{flags} mask.npy"));
    for (descr, one) in [("|b1", 1), ("|u1", 1), ("|u1", 255), ("|i1", 1)] {
        let bytes: Vec<u8> = (0..64).map(|i| if i < 32 { one } else { 0 }).collect();
        folder.write("other.npy", array(descr, "(8, 8)", &bytes));
        assert_eq!(sample(&folder, &format!("{flags} other.npy")), expected, "{descr} {one}");
    }
    // Pictures as bytes are those of −1 to 1.
    folder.write("bytes.npy", array("|u1", "(1, 8, 8)", &[255; 64]));
    folder.write("ones.npy", array("|b1", "(8, 8)", &[1; 64]));
    assert_eq!(sample(&folder, "-n 1 --inpaint bytes.npy --mask ones.npy --steps 1"), [1.0; 64]);
    let mut wide = vec![0; 64 * 8];
    wide[8..16].copy_from_slice(&1e300_f64.to_le_bytes());
    folder.write("wide.npy", array("<f8", "(1, 8, 8)", &wide));
    folder.write("words.npy", array("<U1", "(8, 8)", &[0; 256]));
    folder.write("int.npy", array("<i2", "(1, 8, 8)", &[0; 128]));
    for (flags, message) in [
        ("--inpaint wide.npy --mask mask.npy", "--inpaint wide.npy: value 1 is 1e300, too large"),
        (
            "--inpaint five.npy --mask wide.npy",
            "--mask wide.npy: value 1 is 1e300, expected a share",
        ),
        ("--inpaint five.npy --mask words.npy", "words.npy holds values of dtype '<U1'"),
        ("--inpaint int.npy --mask mask.npy", "--inpaint int.npy: integers of unknown range"),
    ] {
        let refused = folder.refused(&format!("sample -n 1 --steps 1 {flags} -o no.npy"));
        assert!(refused.contains(message), "{flags}: {refused}");
    }
}

#[test]
fn no_class_is_no_direction_and_may_be_a_name() {
    let folder = Folder::new();
    for weight in ["2", "0.5"] {
        let refused = folder.refused(&format!("sample --class none --guidance {weight} -o x.png"));
        let expected = format!("--guidance {weight}: --class none is no class to guide towards");
        assert!(refused.contains(&expected), "{refused}");
    }
    for (i, class) in ["none", "some"].into_iter().enumerate() {
        let key = 3 + u8::try_from(i).unwrap();
        folder.write_picture(&format!("pets/{class}/1.png"), [8, 8], 1, key);
        folder.write_picture(&format!("pets/{class}/2.png"), [8, 8], 1, 2 * key);
    }
    folder.run(&format!("train pets --classes {TINY} -o run"));
    let draw =
        |flags: &str| folder.stderr(&format!("sample run -n 1 --steps 2 {flags} -o y.npy --force"));
    let note = "note: --class none is the class of that name here; --guidance 0";
    assert!(draw("--class none").contains(note));
    assert!(!draw("--class some").contains(note));
    // It can be guided towards.
    draw("--class none --guidance 2");
}

#[test]
fn tables_are_steered_by_their_columns() {
    let folder = Folder::new();
    folder.write("people.csv", people(60));
    folder.run(
        "train people.csv --width 8 --layers 1 --batch 4 --timesteps 25 --steps 2 \
         --prediction v --preview-every 0 --quiet -o run",
    );
    folder.write("given.csv", "member,age\n1,33\n");
    folder.run("sample run -n 7 --steps 5 --given given.csv -o x.csv");
    let text = folder.text("x.csv");
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert_eq!(rows.len(), 7);
    assert!(rows.iter().all(|row| row.starts_with("33,1,")), "{text}");
    let different: std::collections::HashSet<_> = rows.iter().collect();
    assert!(different.len() > 3, "{text}");

    folder.write("row.csv", "age,member,score\n33,1,4.5\n");
    folder.run("sample run -n 3 --steps 5 --from row.csv --strength 0.2 -o y.csv");
    assert_eq!(folder.text("y.csv").lines().count(), 4);
    folder.run("invert run row.csv --steps 20 -o x_T.npy");
    let noise = read_npy(&folder.path("x_T.npy")).unwrap();
    assert_eq!(noise.shape(), [1, 3]);
    assert_ne!(noise.data()[0].fract(), 0.0, "noise is not rounded to whole numbers");
    folder.run("sample run --init x_T.npy --sampler ddim --steps 20 -o z.csv");
    let back = folder.text("z.csv");
    let score = back.lines().nth(1).unwrap().strip_prefix("33,1,");
    let score: f64 = score.unwrap_or_else(|| panic!("{back}")).parse().unwrap();
    // A hundredth of the deviation of that column.
    assert!((score - 4.5).abs() < 0.04, "{back}");

    for (flags, message) in [
        ("--from given.csv", "--from given.csv: column \"score\" is missing"),
        (
            "--inpaint row.csv --mask x_T.npy",
            "--inpaint row.csv: samples are rows of a table: use --given",
        ),
        ("--given given.csv --sampler heun", "--given: samples are completed by ddpm, not by heun"),
        (
            "--given given.csv --from row.csv",
            "'--given <TABLE>' cannot be used with '--from <IMAGE>'",
        ),
        (
            "--given given.csv --mask x_T.npy",
            "'--given <TABLE>' cannot be used with '--mask <MASK>'",
        ),
        ("--given things.csv", "unknown column \"size\", expected some of age, member"),
        (
            "--inpaint x_T.npy --mask row.csv",
            "--mask row.csv: expected a .npy array of shape [n, 3]",
        ),
    ] {
        folder.write("things.csv", "size\n3\n");
        let refused = folder.refused(&format!("sample run {flags} --steps 2 -o never.csv"));
        assert!(refused.contains(message), "{flags}: {refused}");
    }
}
