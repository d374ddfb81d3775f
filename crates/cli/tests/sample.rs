//! `ancestral sample`, with the built-in model.

mod common;

use ancestral_data::read_npy;
use common::{Folder, png_texts};

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_batch_and_number_of_threads() {
    let folder = Folder::new();
    for sampler in ["ddpm", "ddim", "ddim:eta=0.5", "ddpm:variance=fixed-large"] {
        let run = |flags: &str| {
            let common = "sample -n 8 --steps 3 -o x.npy --force --sampler";
            folder.run(&format!("{common} {sampler} {flags}"));
            folder.read("x.npy")
        };
        let truth = run("--seed 7");
        for flags in ["--batch 1 --threads 1", "--batch 3 --threads 2", "--batch 8 --threads 1"] {
            assert_eq!(run(&format!("--seed 7 {flags}")), truth, "{sampler} {flags}");
        }
        assert_ne!(run("--seed 8"), truth);
    }
}

#[test]
fn bf16_is_refused_by_name_where_the_cpu_has_no_tiles() {
    let folder = Folder::new();
    let run = folder.try_run("sample -n 1 --steps 1 --precision bf16 -o x.npy");
    let stderr = String::from_utf8(run.stderr).unwrap();
    match ancestral_cpu::Precision::Bf16.check() {
        Ok(()) => assert!(run.status.success(), "{stderr}"),
        Err(reason) => {
            assert_eq!(run.status.code(), Some(2));
            assert!(stderr.contains(&format!("error: --precision bf16: {reason}")), "{stderr}");
            assert!(!folder.path("x.npy").exists());
        }
    }
}

#[test]
fn samples_in_bf16_are_near_those_in_f32_and_the_same_for_any_batch() {
    let folder = Folder::new();
    let draw = |flags: &str| {
        let common = "sample -n 8 --class 3 --sampler ddim --steps 10 -o x.npy --force";
        let mut command = folder.command(&format!("{common} {flags}"));
        // On any CPU: to the same bits as on tiles.
        let output = command.env("ANCESTRAL_SIMD", "soft-tiles").output().unwrap();
        assert!(output.status.success(), "{flags}");
        read_npy(&folder.path("x.npy")).unwrap().data().to_vec()
    };
    let (plain, found) = (draw(""), draw("--precision bf16"));
    for flags in ["--batch 1 --threads 1", "--batch 3 --threads 2"] {
        assert_eq!(draw(&format!("--precision bf16 {flags}")), found, "{flags}");
    }
    let squares: f32 = plain.iter().zip(&found).map(|(a, b)| (a - b).powi(2)).sum();
    // Of values from −1 to 1. A prediction is 1e-3 off; what is left of that in a sample varies.
    let apart = (squares / plain.len() as f32).sqrt();
    assert!(apart > 0.0 && apart < 0.05, "{apart}");
}

#[test]
fn calls_of_the_network_can_be_counted_and_levels_laid() {
    let folder = Folder::new();
    // Two calls a hop, but one on a hop that is too long for two, and one into clean data.
    for (sampler, calls, steps) in [("heun", 10, 6), ("heun", 9, 5), ("dpmpp-2m", 8, 8)] {
        let way = format!("sample -n 1 --sampler {sampler} --spacing karras --trajectory --force");
        folder.run(&format!("{way} --calls {calls} -o way.npy"));
        let shape = read_npy(&folder.path("way.npy")).unwrap().shape().to_vec();
        assert_eq!(shape[0], steps + 1, "{sampler} in {calls}");
    }
}

#[test]
fn any_sample_can_be_made_alone() {
    let folder = Folder::new();
    folder.run("sample --seed 7 -n 8 --steps 4 -o all.npy");
    folder.run("sample --seed 7 --first 5 -n 1 --steps 4 -o sixth.npy");
    let all = read_npy(&folder.path("all.npy")).unwrap();
    let sixth = read_npy(&folder.path("sixth.npy")).unwrap();
    assert_eq!(all.shape(), [8, 1, 8, 8]);
    assert_eq!(sixth.shape(), [1, 1, 8, 8]);
    assert_eq!(all.data()[5 * 64..6 * 64], *sixth.data());

    folder.run("sample --seed 7 -n 8 --steps 4 -o many");
    folder.run("sample --seed 7 --first 5 -n 1 --steps 4 -o one");
    assert_eq!(folder.read("many/000005.png"), folder.read("one/000005.png"));
    let texts = png_texts(&folder.path("one/000005.png"));
    for (key, value) in [("seed", "7"), ("index", "5"), ("steps", "4")] {
        assert!(texts.contains(&(key.to_owned(), value.to_owned())), "{key} in {texts:?}");
    }
    let sampler = ("sampler".to_owned(), "ddpm:variance=fixed-small".to_owned());
    assert!(texts.contains(&sampler), "{texts:?}");
}

#[test]
fn a_way_can_be_kept_and_taken_up_again() {
    let folder = Folder::new();
    folder.run("sample --class none --seed 3 -n 2 --steps 4 --trajectory -o way.npy");
    folder.run("sample --class none --seed 3 -n 2 --steps 4 -o end.npy");
    let way = read_npy(&folder.path("way.npy")).unwrap();
    let end = read_npy(&folder.path("end.npy")).unwrap();
    assert_eq!(way.shape(), [5, 2, 1, 8, 8]);
    assert_eq!(way.data()[4 * 128..], *end.data());

    // From the same x_T and the same noise, the same sample.
    let start = &way.data()[..128];
    ancestral_data::write_npy(&folder.path("start.npy"), &[2, 1, 8, 8], start).unwrap();
    folder.run("sample --seed 3 --init start.npy --steps 4 --batch 1 -o again.npy");
    assert_eq!(read_npy(&folder.path("again.npy")).unwrap().data(), end.data());
    let message = folder.refused("sample --init start.npy -n 3 -o x.npy");
    assert!(message.contains("-n 3: --init has 2 rows"), "{message}");
}

#[test]
fn every_kind_of_output_is_written_and_nothing_is_replaced_unasked() {
    let folder = Folder::new();
    for (output, file) in [
        ("a.png", "a.png"),
        ("a.gif", "a.gif"),
        ("a.apng", "a.apng"),
        ("a.npy", "a.npy"),
        ("many", "many/000002.png"),
        ("--trajectory b.png", "b.png"),
        ("--trajectory steps", "steps/000002.png"),
    ] {
        let (flag, name) = output.rsplit_once(' ').unwrap_or(("", output));
        let command = format!("sample -n 3 --steps 2 {flag} -o {name}");
        folder.run(&command);
        let written = folder.read(file);
        let message = folder.refused(&command);
        assert!(message.contains("already exists: replace it with --force"), "{message}");
        assert_eq!(folder.read(file), written);
        folder.run(&format!("{command} --force"));
    }
}

#[test]
fn classes_and_clipping_change_what_is_drawn() {
    let folder = Folder::new();
    let run = |flags: &str| {
        folder.run(&format!("sample -n 1 --steps 5 -o x.npy --force {flags}"));
        read_npy(&folder.path("x.npy")).unwrap().data().to_vec()
    };
    let plain = run("");
    assert_eq!(run("--clip"), plain);
    assert_ne!(run("--class 7"), plain);
    assert_ne!(run("--class 7"), run("--class 8"));
    assert!(plain.iter().all(|x| x.abs() <= 1.0));
    let free = run("--no-clip");
    assert_ne!(free, plain);
}

#[test]
fn a_damaged_start_is_refused_by_file() {
    let folder = Folder::new();
    std::fs::write(folder.path("page.npy"), "<html></html>").unwrap();
    let message = folder.refused("sample --init page.npy -o x.npy");
    assert!(message.contains("page.npy"), "{message}");
    ancestral_data::write_npy(&folder.path("wide.npy"), &[1, 1, 8, 9], &[0.0; 72]).unwrap();
    let message = folder.refused("sample --init wide.npy -o x.npy");
    assert!(message.contains("shape [1, 1, 8, 9], expected [n, 1, 8, 8]"), "{message}");
    let mut values = [0.0; 64];
    values[9] = f32::NAN;
    ancestral_data::write_npy(&folder.path("nan.npy"), &[1, 1, 8, 8], &values).unwrap();
    let message = folder.refused("sample --init nan.npy -o x.npy");
    assert!(message.contains("value 9 is NaN"), "{message}");
    assert!(!folder.path("x.npy").exists());
}

#[test]
fn files_of_another_kind_are_never_written_over() {
    let folder = Folder::new();
    // Samples 2 and the third step of a way have the same name.
    folder.run("sample --first 2 -n 1 --steps 2 -o many");
    let written = folder.read("many/000002.png");
    let message = folder.refused("sample -n 1 --steps 2 --trajectory -o many");
    assert!(message.contains("000002.png already exists"), "{message}");
    assert_eq!(folder.read("many/000002.png"), written);
    // A folder is not a file, even with --force.
    std::fs::create_dir(folder.path("d.png")).unwrap();
    let message = folder.refused("sample -n 1 --steps 2 -o d.png --force");
    assert!(message.contains("d.png: a folder, expected a file"), "{message}");
    folder.run("sample -n 1 --steps 2 -o d.png/");
    assert!(folder.path("d.png/000000.png").exists());
    let left: Vec<_> = std::fs::read_dir(folder.path(".")).unwrap().collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn classes_and_models_go_by_name() {
    let folder = Folder::new();
    folder.run("sample -n 1 --steps 2 --class 7 -o a.npy");
    // A name is a name: this is not the number 7.
    assert!(folder.refused("sample --class 07 -o x.npy").contains("no such class"));
    folder.run("sample digits -n 1 --steps 2 --class 7 -o b.npy");
    assert_eq!(folder.read("a.npy"), folder.read("b.npy"));
    std::fs::write(folder.path("note.txt"), "").unwrap();
    let message = folder.refused("sample note.txt");
    assert!(message.contains("note.txt: a file, expected a model folder"), "{message}");
}

#[test]
fn without_clipping_it_says_what_to_expect() {
    let folder = Folder::new();
    let output = folder.try_run("sample -n 1 --steps 2 --no-clip -o a.npy");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && message.contains("20291 times"), "{message}");
    let output = folder.try_run("sample -n 1 --steps 2 --no-clip -o b.npy --quiet");
    assert!(output.status.success() && output.stderr.is_empty());
}

#[test]
fn a_damaged_model_is_refused_by_file_and_key() {
    let folder = Folder::new();
    folder.run(
        "train digits --width 8,8 --batch 2 --steps 1 --preview-every 0 --quiet -o run \
         --prediction epsilon --schedule linear",
    );
    let config = folder.path("run/scheduler/scheduler_config.json");
    let good = std::fs::read_to_string(&config).unwrap();
    let refused = |from: &str, to: &str, expected: &str| {
        let damaged = good.replace(from, to);
        assert_ne!(damaged, good, "{from}");
        std::fs::write(&config, damaged).unwrap();
        let message = folder.refused("sample run -n 1 -o x.npy");
        assert!(message.contains(expected), "{message}");
        assert!(!folder.path("x.npy").exists());
    };
    // epsilon does not determine x0 where the schedule ends in pure noise.
    let zero = "\"rescale_betas_zero_snr\": false";
    refused(zero, &zero.replace("false", "true"), "predicts v or x0");
    refused("\"epsilon\"", "\"flow\"", "scheduler_config.json");
    refused("1000", "0", "scheduler_config.json");
    refused("\"clip_sample_range\": 1.0", "\"clip_sample_range\": 0", "clip_sample_range");
}

#[test]
fn quiet_success_and_no_carriage_return_in_logs() {
    let folder = Folder::new();
    let output = folder.try_run("sample -n 1 --steps 2");
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    assert!(folder.path("samples.png").exists());
}

#[test]
fn without_a_class_samples_are_of_each_as_often_as_the_data() {
    let folder = Folder::new();
    let draw = |flags: &str| {
        folder.run(&format!("sample --seed 5 --steps 4 {flags} --force --quiet -o x.npy"));
        read_npy(&folder.path("x.npy")).unwrap().data().to_vec()
    };
    folder.run("sample --seed 5 --steps 4 -n 12 -o all");
    let all = draw("-n 12");
    let mut seen = Vec::new();
    for index in 0..12 {
        // The metadata of each picture name its class, which draws it again alone, and so does its index.
        let texts = png_texts(&folder.path(&format!("all/{index:06}.png")));
        let (_, class) = texts.into_iter().find(|(key, _)| key == "class").unwrap();
        let one = &all[index * 64..][..64];
        assert_eq!(draw(&format!("--first {index} -n 1 --class {class}")), one);
        assert_eq!(draw(&format!("--first {index} -n 1")), one);
        assert_ne!(draw(&format!("--first {index} -n 1 --class none")), one);
        seen.push(class);
    }
    seen.sort();
    seen.dedup();
    assert!(seen.len() >= 9, "twelve samples of ten classes: {seen:?}");
    // Another seed begins with another class, or the next samples differ.
    assert!(folder.refused("sample --class eleven -o x.npy").contains("expected one of 0, 1"));
}

#[test]
#[cfg(not(feature = "mpi"))]
fn a_build_without_mpi_names_what_to_build() {
    for command in ["sample -n 1 -o x.png", "train digits -o run", "eval digits"] {
        let folder = Folder::new();
        assert_eq!(
            folder.refused(&format!("{command} --mpi")),
            "error: --mpi: not in this build: build it with `--features mpi`, which needs Open MPI or MPICH \
             (Debian: libopenmpi-dev, openmpi-bin and libclang-dev)\n"
        );
    }
}
