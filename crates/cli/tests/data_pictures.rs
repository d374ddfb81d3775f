//! Training on pictures as people have them.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use ancestral_data::read_npy;
use common::Folder;

/// A network that is made in no time.
const TINY: &str = "--width 8 --layers 1 --batch 4 --timesteps 25 --steps 2 --preview-every 0";

/// The shape of a sample of the model in `run`.
fn shape(folder: &Folder, run: &str) -> Vec<usize> {
    folder.run(&format!("sample {run} -n 3 --steps 2 -o {run}.npy --force"));
    read_npy(&folder.path(&format!("{run}.npy"))).unwrap().shape()[1..].to_vec()
}

/// Refuses, and leaves nothing behind.
fn refused(folder: &Folder, flags: &str) -> String {
    let message = folder.refused(&format!("train {flags} {TINY} -o no"));
    assert!(!folder.path("no").exists(), "{flags}");
    message
}

#[test]
fn grey_and_colour_together_are_colour_and_it_says_so() {
    let folder = Folder::new();
    for (i, channels) in [1, 3, 3, 1, 1].into_iter().enumerate() {
        folder.write_picture(&format!("mixed/{i}.png"), [8, 8], channels, 3);
    }
    // Five pictures are fewer than a batch.
    let stderr = folder.stderr(&format!("train mixed {TINY} --batch 8 -o run"));
    let about: Vec<&str> = stderr.lines().filter(|line| line.contains("3 channels")).collect();
    assert_eq!(about, ["mixed: 5 pictures, 3 channels (3 grey repeated), 8x8"]);
    assert!(stderr.contains("a batch of 8 is larger than the data, 5 in all"), "{stderr}");
    assert_eq!(folder.text("run/log.jsonl").lines().count(), 2);
    assert_eq!(shape(&folder, "run"), [3, 8, 8]);
    // --channels overrides the default.
    for channels in [1, 3, 4] {
        folder.run(&format!("train mixed {TINY} --channels {channels} -o c{channels} --quiet"));
        assert_eq!(shape(&folder, &format!("c{channels}")), [channels, 8, 8]);
    }
    let stderr = folder.stderr(&format!("train mixed {TINY} --channels 1 -o grey"));
    assert!(stderr.contains("1 channel (luma of 2 in colour)"), "{stderr}");
}

#[test]
fn one_picture_trains_whatever_it_is_called() {
    let folder = Folder::new();
    folder.write_picture("IMG.JPG", [8, 8], 1, 3);
    let stderr = folder.stderr(&format!("train IMG.JPG {TINY} --batch 16 -o run"));
    assert!(stderr.contains("a batch of 16 is larger than the data, 1 in all"), "{stderr}");
    assert_eq!(shape(&folder, "run"), [1, 8, 8]);
    folder.write_picture("many/A.PNG", [8, 8], 1, 3);
    folder.write_picture("many/b.jpeg", [8, 8], 1, 5);
    folder.write_picture("many/no-suffix", [8, 8], 1, 7);
    folder.write("many/notes.txt", "no picture");
    let stderr = folder.stderr(&format!("train many {TINY} -o three"));
    assert!(stderr.contains("many: 3 pictures") && stderr.contains("1 other file"), "{stderr}");
}

#[test]
fn one_picture_is_learned_by_heart() {
    let folder = Folder::new();
    folder.write_picture("one.png", [4, 4], 1, 3);
    folder.run(
        "train one.png --width 8 --layers 1 --batch 16 --timesteps 25 --prediction x0 \
         --steps 60 --lr 0.01 --ema 0.5 --preview-every 0 --checkpoint-every 0 --quiet -o run",
    );
    folder.run("sample run -n 2 --sampler ddim --steps 5 -o x.npy");
    let samples = read_npy(&folder.path("x.npy")).unwrap();
    // What is in the file, by the rule for bytes.
    let byte = |i: usize| u8::try_from(i * 37 % 251).unwrap().wrapping_mul(3);
    let truth: Vec<f32> = (0..16).map(|i| (2.0 * f32::from(byte(i)) - 255.0) / 255.0).collect();
    for sample in samples.data().chunks(16) {
        let errors = std::iter::zip(sample, &truth).map(|(x, truth)| (x - truth).abs());
        let error = errors.sum::<f32>() / 16.0;
        assert!(error < 0.15, "a mean error of {error}");
    }
}

#[test]
fn damaged_pictures_are_named_at_once_or_skipped_and_counted() {
    let folder = Folder::new();
    for i in 0..4 {
        folder.write_picture(&format!("photos/{i}.png"), [8, 8], 1, 3);
    }
    let whole = folder.read("photos/2.png");
    folder.write("photos/2.png", &whole[..whole.len() / 2]);
    let message = refused(&folder, "photos");
    assert!(message.contains("1 of 4 pictures cannot be read"), "{message}");
    assert!(message.contains("photos/2.png"), "{message}");
    let stderr = folder.stderr(&format!("train photos {TINY} --skip-bad -o run"));
    assert!(stderr.contains("skipped photos/2.png: "), "{stderr}");
    assert!(
        stderr.contains("3 pictures") && stderr.contains("1 damaged picture skipped"),
        "{stderr}"
    );
    assert!(folder.path("run/model_index.json").exists());

    folder.write("bad/1.png", &whole[..whole.len() / 2]);
    let message = refused(&folder, "bad --skip-bad");
    assert!(message.contains("1 of 1 picture cannot be read: bad/1.png"), "{message}");
    // Several are on lines of their own, which their names do not break.
    folder.write("bad/2\n\u{1b}[2J.png", &whole[..whole.len() / 2]);
    let message = refused(&folder, "bad");
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines[0], "error: 2 of 2 pictures cannot be read:");
    assert!(
        lines[1].starts_with("  bad/1.png: ") && lines[2].starts_with(r"  bad/2\n\u{1b}[2J.png: ")
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn sizes_that_can_not_be_halved_name_the_nearest_that_can() {
    let folder = Folder::new();
    folder.write_picture("large/1.png", [300, 300], 1, 3);
    let message = folder.refused("train large --steps 1 -o no");
    assert!(message.contains("--size: pictures of 300x300 cannot be halved 3"), "{message}");
    assert!(message.contains("296 and 304"), "{message}");
    let message = folder.refused("train large --width 8,8,8,8 --steps 1 -o no");
    assert!(message.contains("296 and 304"), "{message}");
    assert!(!folder.path("no").exists());
    let stderr = folder.stderr(&format!("train large {TINY} --size 8x16 -o run"));
    assert!(stderr.contains("1 sample of 1x8x16"), "{stderr}");
    assert_eq!(shape(&folder, "run"), [1, 8, 16]);
}

#[test]
fn sub_folders_are_classes_when_asked_for_and_can_be_drawn_by_name() {
    let folder = Folder::new();
    folder.write_picture("pets/cat/1.png", [8, 8], 1, 3);
    folder.write_picture("pets/cat/2.png", [8, 8], 1, 5);
    folder.write_picture("pets/dog/1.png", [8, 8], 1, 7);
    let stderr = folder.stderr(&format!("train pets {TINY} --classes -o run"));
    assert!(stderr.contains("3 samples of 1x8x8, 2 classes"), "{stderr}");
    let draw = |class: &str| {
        folder.run(&format!("sample run -n 2 --steps 2 -o x.npy --force {class}"));
        folder.read("x.npy")
    };
    assert_eq!(draw("--class dog"), draw("--class dog --seed 0"));
    assert_ne!(draw("--class dog"), draw("--class cat"));
    assert_ne!(draw("--class dog"), draw(""));
    let message = folder.refused("sample run --class bird -o y.npy");
    assert!(message.contains("--class bird") && message.contains("cat, dog"), "{message}");

    let stderr = folder.stderr(&format!("train pets {TINY} -o plain"));
    assert!(stderr.contains("3 samples of 1x8x8, 0 classes"), "{stderr}");
    let message = folder.refused("sample plain --class dog -o y.npy");
    assert!(message.contains("model plain has no classes"), "{message}");

    folder.write_picture("pets/loose.png", [8, 8], 1, 7);
    let message = refused(&folder, "pets --classes");
    assert!(message.contains("pets/loose.png is in no class"), "{message}");
}

#[test]
#[cfg(unix)]
fn a_linked_folder_is_a_class_and_a_hidden_one_is_none() {
    let folder = Folder::new();
    for (i, place) in ["elsewhere", "pets/cat", "pets/.ipynb_checkpoints"].into_iter().enumerate() {
        let key = 3 + u8::try_from(i).unwrap();
        folder.write_picture(&format!("{place}/1.png"), [8, 8], 1, key);
        folder.write_picture(&format!("{place}/2.png"), [8, 8], 1, 2 * key);
    }
    std::os::unix::fs::symlink("../elsewhere", folder.path("pets/dog")).unwrap();
    let stderr = folder.stderr(&format!("train pets {TINY} --classes -o run"));
    assert!(stderr.contains("4 samples of 1x8x8, 2 classes"), "{stderr}");
    assert!(stderr.contains("1 hidden folder passed over"), "{stderr}");
    folder.run("sample run -n 1 --steps 2 --class dog -o x.npy");
    // Another name for a class is no class.
    for (target, link) in [("cat", "feline"), ("../elsewhere", "puppy")] {
        std::os::unix::fs::symlink(target, folder.path(&format!("pets/{link}"))).unwrap();
    }
    let stderr = folder.stderr(&format!("train pets {TINY} --classes -o again"));
    assert!(stderr.contains("4 samples of 1x8x8, 2 classes"), "{stderr}");
    assert!(stderr.contains("2 links to what is read already"), "{stderr}");
    std::os::unix::fs::symlink("missing", folder.path("pets/bird")).unwrap();
    let message = refused(&folder, "pets --classes");
    assert!(message.contains("cannot read pets/bird: No such file"), "{message}");
}

#[test]
fn places_without_pictures_are_refused() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("empty")).unwrap();
    folder.write("texts/a.txt", "text");
    let message = refused(&folder, "empty");
    assert!(message.contains("no picture in empty"), "{message}");
    let message = refused(&folder, "texts");
    assert!(message.contains("no picture in texts") && message.contains("1 other"), "{message}");
    let message = refused(&folder, "no/such/folder");
    assert!(message.contains("\"no/such/folder\": no such file or folder"), "{message}");
    folder.write_picture("one.png", [8, 8], 1, 3);
    let message = refused(&folder, "one.png --classes");
    assert!(message.contains("one.png is a file: classes need a folder"), "{message}");
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    let folder = Folder::new();
    folder.write("people.csv", common::people(40));
    folder.write_picture("photos/1.png", [8, 8], 1, 3);
    folder.write("x-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9]);
    ancestral_data::write_npy(&folder.path("a.npy"), &[2, 4, 4], &[0.5; 32]).unwrap();
    for (flags, expected) in [
        ("people.csv --flip", "--flip: people.csv is a table, expected pictures"),
        ("moons --flip", "--flip: moons is a toy set, expected pictures"),
        ("people.csv --classes", "--classes: people.csv is a table, expected a folder of"),
        ("moons --skip-bad", "--skip-bad: moons is a toy set, expected a picture or"),
        ("a.npy --size 8", "--size: a.npy is an array, expected a picture or"),
        ("x-idx3-ubyte --channels 3", "--channels: x-idx3-ubyte is in IDX files, expected a"),
        ("digits --fit letterbox", "--fit: digits is built in, expected a picture or"),
        ("digits --background black", "--background: digits is built in, expected a picture"),
        ("digits --points 9", "--points: digits is built in, expected a toy set"),
        ("photos --points 9", "--points: photos is pictures, expected a toy set"),
        ("people.csv --points 9", "--points: people.csv is a table, expected a toy set"),
    ] {
        let message = refused(&folder, flags);
        assert!(message.contains(expected), "{flags}: {message}");
    }
    // Where they do something, they are taken.
    for flags in ["a.npy --flip", "digits --flip", "photos --fit letterbox --size 4"] {
        folder.run(&format!("train {flags} {TINY} --stop-at 1 --quiet -o yes"));
        std::fs::remove_dir_all(folder.path("yes")).unwrap();
    }
}

#[test]
fn pictures_that_are_read_as_they_are_needed_change_nothing() {
    let folder = Folder::new();
    for i in 0..12_u8 {
        folder.write_picture(&format!("many/{i:02}.png"), [8, 8], 3, 3 + i);
    }
    // 2304 bytes in all: two megabytes hold them.
    let stderr = folder.stderr(&format!("train many {TINY} --flip --memory 2MB -o held"));
    assert!(!stderr.contains("--memory"), "{stderr}");
    let stderr = folder.stderr(&format!("train many {TINY} --flip --memory 0MB -o read"));
    assert!(
        stderr.contains("many: larger than 0 MB: pictures are read from their files"),
        "{stderr}"
    );
    let weights = "unet/diffusion_pytorch_model.safetensors";
    assert_eq!(folder.read(&format!("held/{weights}")), folder.read(&format!("read/{weights}")));
    // A run continues either way, also in another folder.
    let three = TINY.replace("--steps 2", "--steps 3");
    folder.run(&format!("train many {three} --stop-at 1 --memory 0MB -o one --quiet"));
    std::fs::rename(folder.path("many"), folder.path("moved")).unwrap();
    folder.run("train moved --resume one --quiet");
    folder.run(&format!("train moved {three} -o two --quiet"));
    assert_eq!(folder.read(&format!("one/{weights}")), folder.read(&format!("two/{weights}")));
    // A picture that is lost during training ends the run when it is needed, and is named.
    folder.run(&format!("train moved {three} --stop-at 1 --memory 0MB -o lost --quiet"));
    std::fs::write(folder.path("moved/03.png"), "no picture").unwrap();
    let message = folder.refused("train --resume lost moved --memory 0MB");
    assert!(message.contains("03.png"), "{message}");
    for size in ["two", "2 lb", "MB", "99999999999999GB"] {
        let mut command = folder.command("train moved -o x --memory");
        let output = command.arg(size).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{size}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("such as 500MB"), "{size}");
    }
}

#[test]
fn pictures_without_classes_are_learned_in_groups_of_alike_ones() {
    let folder = Folder::new();
    let picture = |name: &str, shade: u8, i: u8| {
        let pixels = (0..64).map(|place| shade + i % 7 + place % 3).collect();
        let raster = ancestral_data::Raster::new(8, 8, ancestral_data::Channels::Grey, pixels);
        folder.write(name, "");
        ancestral_data::write_png(&folder.path(name), &raster.unwrap(), &[]).unwrap();
    };
    // Two heaps of twenty: nearly black and nearly white ones.
    for i in 0..40 {
        let shade = if i % 2 == 0 { 10 } else { 230 };
        picture(&format!("heaps/{i:02}.png"), shade, i);
        picture(&format!("odd/{i:02}.png"), shade, i);
    }
    // And a third that is too small.
    (40..43).for_each(|i| picture(&format!("odd/{i}.png"), 120, i));
    let stderr = folder.stderr(&format!("train heaps {TINY} --groups 2 -o run"));
    assert!(stderr.contains("2 groups of similar ones"), "{stderr}");
    let about = folder.text("run/ancestral.json");
    assert!(about.contains("group-1") && about.contains("20,"), "{about}");
    folder.run("sample run -n 2 --steps 2 -o a.npy");
    folder.run("sample run --class group-0 -n 2 --steps 2 -o b.npy");
    // The command that makes it again is in the model, and a resumed run has its groups.
    assert!(about.contains("--groups 2"), "{about}");
    let message = folder.refused("train --resume run --groups 3");
    assert!(message.contains("begun with --groups 2"), "{message}");
    folder.run("train --resume run --steps 3 --quiet");
    // The requested number is kept, though fewer groups are found.
    let stderr = folder.stderr(&format!("train odd {TINY} --groups 3 -o fewer"));
    assert!(stderr.contains("2 groups of similar ones"), "{stderr}");
    assert!(folder.text("fewer/ancestral.json").contains("--groups 3"));
    folder.run("train --resume fewer --steps 3 --quiet");
    // Forty are too few for groups unasked.
    let stderr = folder.stderr(&format!("train heaps {TINY} -o plain"));
    assert!(stderr.contains("0 classes"), "{stderr}");
    let message = folder.refused("train moons --groups 2 -o x");
    assert!(message.contains("--groups: moons is not a set of pictures"), "{message}");
    let message = folder.refused("train digits --groups 2 -o x");
    assert!(message.contains("--groups: digits has classes"), "{message}");
}
