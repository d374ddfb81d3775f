//! Unusual inputs of `sample`.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::path::Path;
use std::process::Command;

use ancestral_data::{Channels, Raster, read_npy, write_npy, write_png};
use common::{Folder, png_texts};

/// A picture of 8 × 8: the left half opaque white, the right half with opacity `alpha`.
fn mask(folder: &Folder, name: &str, alpha: u8) {
    let pixel = |i: u8| if i % 8 < 4 { [255; 4] } else { [255, 255, 255, alpha] };
    let pixels = (0..64).flat_map(pixel).collect();
    let raster = Raster::new(8, 8, Channels::Rgba, pixels).unwrap();
    write_png(&folder.path(name), &raster, &[]).unwrap();
}

#[test]
fn an_erased_part_of_a_mask_is_drawn() {
    let folder = Folder::new();
    folder.write_picture("known.png", [8, 8], 1, 3);
    mask(&folder, "erased.png", 0);
    mask(&folder, "whole.png", 255);
    let draw = |mask: &str| {
        folder.run(&format!(
            "sample -n 4 --steps 4 --inpaint known.png --mask {mask} --force -o m.npy"
        ));
        read_npy(&folder.path("m.npy")).unwrap().into_parts().1
    };
    let (drawn, kept) = (draw("erased.png"), draw("whole.png"));
    let known = &kept[..64];
    assert!(kept.chunks(64).all(|sample| sample == known), "white is kept");
    for (i, sample) in drawn.chunks(64).enumerate() {
        let left =
            |row: &[f32]| row.chunks(8).flat_map(|line| line[..4].to_vec()).collect::<Vec<_>>();
        assert_eq!(left(sample), left(known), "sample {i}");
        let others = drawn.chunks(64).enumerate().filter(|(j, _)| *j != i);
        assert!(others.into_iter().all(|(_, other)| other != sample), "samples differ");
    }
}

#[test]
fn a_picture_on_standard_output_is_nothing_else() {
    let folder = Folder::new();
    let output = folder.try_run("sample -n 4 --steps 2 -o -");
    assert!(output.status.success());
    assert!(
        output.stdout.starts_with(b"\x89PNG") && output.stdout.ends_with(b"IEND\xae\x42\x60\x82")
    );
    let refused = folder.refused("convert digits -o -");
    assert!(refused.contains("output -: a model is a folder"), "{refused}");
    assert!(!folder.path("-").exists());
    // It is the picture that a file would have.
    folder.run("sample -n 4 --steps 2 -o x.png");
    assert_eq!(output.stdout, folder.read("x.png"));
    // A closed standard output is not an error.
    let program = env!("CARGO_BIN_EXE_ancestral");
    let script = format!("exec {program} sample -n 4 --steps 2 -o - >&-");
    let closed = Command::new("sh").args(["-c", &script]).current_dir(folder.path(".")).output();
    assert!(!String::from_utf8(closed.unwrap().stderr).unwrap().contains("panicked"));
}

#[test]
fn a_share_of_the_steps_is_rounded_and_reported() {
    let folder = Folder::new();
    folder.write_picture("from.png", [8, 8], 1, 3);
    let stderr = |strength: &str, out: &str| {
        folder.stderr(&format!(
            "sample -n 1 --seed 3 --steps 30 --from from.png --strength {strength} --force -o {out}"
        ))
    };
    for (strength, hops) in [("0.849", 25), ("0.866", 26), ("0.867", 26), ("0.01", 1)] {
        let stderr = stderr(strength, "x.npy");
        assert!(stderr.contains(&format!("{hops} of 30 steps")), "{strength}: {stderr}");
    }
    stderr("0.866", "a.npy");
    stderr("0.867", "b.npy");
    assert_eq!(folder.read("a.npy"), folder.read("b.npy"));
    // At 1 nothing of the picture is left.
    assert!(!stderr("1", "whole.npy").contains("steps are made"));
    for class in ["", "--class none"] {
        stderr(&format!("1 {class}"), "whole.npy");
        folder.run(&format!("sample -n 1 --seed 3 --steps 30 {class} --force -o noise.npy"));
        assert_eq!(folder.read("whole.npy"), folder.read("noise.npy"), "{class}");
    }
}

#[test]
fn seeds_of_all_sizes_are_seeds() {
    let folder = Folder::new();
    let seeds = ["0", "4294967295", "4294967296", "9223372036854775808", "18446744073709551615"];
    let mut pictures = Vec::new();
    for seed in seeds {
        folder.run(&format!("sample -n 1 --steps 2 --seed {seed} --force -o w/"));
        let texts = png_texts(&folder.path("w/000000.png"));
        assert!(texts.contains(&("seed".to_owned(), seed.to_owned())), "{texts:?}");
        pictures.push(folder.read("w/000000.png"));
    }
    pictures.sort();
    pictures.dedup();
    assert_eq!(pictures.len(), seeds.len());
    for seed in ["-1", "1e3"] {
        let refused = folder.refused(&format!("sample --seed {seed} -o x.png"));
        assert!(refused.contains("--seed <SEED>") && refused.contains(seed), "{refused}");
        assert!(
            refused.contains("expected a whole number from 0 to 18446744073709551615"),
            "{refused}"
        );
    }
}

#[test]
fn a_network_that_takes_any_size_draws_another() {
    let folder = Folder::new();
    folder.run("sample -n 1 --steps 2 --size 16x24 -o x.npy");
    assert_eq!(read_npy(&folder.path("x.npy")).unwrap().shape(), [1, 1, 16, 24]);
    let refused = folder.refused("sample -n 1 --steps 2 --size 15x24 -o y.npy");
    assert!(
        refused.contains("--size 15x24") && refused.contains("16x24 is the nearest"),
        "{refused}"
    );
    // A folder without a size needs --size.
    folder.run("convert digits -o m");
    let config =
        folder.text("m/unet/config.json").replace("\"sample_size\": 8", "\"sample_size\": null");
    folder.write("m/unet/config.json", config);
    let refused = folder.refused("sample m -n 1 --steps 2 -o y.npy");
    assert!(refused.contains("give a size (--size)"), "{refused}");
    folder.run("sample m -n 2 --steps 2 --size 8 -o y.npy");
    folder.run("sample -n 2 --steps 2 -o z.npy");
    assert_eq!(folder.read("y.npy"), folder.read("z.npy"));
}

#[test]
fn values_beyond_the_range_do_not_wrap_in_pictures() {
    let folder = Folder::new();
    let first = [-1.3, -0.5, 0.0, 0.5, 1.004, 1.5, -1.01, 1.0];
    let row = [&first[..], &[0.0; 56]].concat();
    write_npy(&folder.path("values.npy"), &[1, 1, 8, 8], &row).unwrap();
    write_npy(&folder.path("ones.npy"), &[1, 1, 8, 8], &[1.0; 64]).unwrap();
    folder.run("sample -n 1 --steps 2 --no-clip --inpaint values.npy --mask ones.npy -o w/");
    let decoder = png::Decoder::new(std::io::BufReader::new(
        std::fs::File::open(folder.path("w/000000.png")).unwrap(),
    ));
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut pixels).unwrap();
    assert_eq!(pixels[..8], [0, 64, 128, 191, 255, 255, 0, 255]);
}

#[test]
fn lists_of_timesteps_descend_and_spacing_beta_is_known() {
    let folder = Folder::new();
    for (list, pair) in
        [("200,800,500", "800 (entry 1) follows 200"), ("800,800,500", "follows 800")]
    {
        let refused = folder.refused(&format!("sample -n 1 --visit {list} -o v.npy"));
        assert!(refused.contains(pair), "{refused}");
    }
    let timesteps = |flags: &str| {
        folder.run(&format!("sample -n 1 {flags} --force -o v/"));
        let texts = png_texts(&folder.path("v/000000.png"));
        texts.into_iter().find(|(key, _)| key == "timesteps").unwrap().1
    };
    assert_eq!(timesteps("--visit 800,500,200"), "800 500 200");
    let beta = "999 942 823 670 499 329 176 57";
    assert_eq!(timesteps("--spacing beta --steps 8"), beta);
    // A config with use_beta_sigmas uses it by default.
    folder.run("convert digits -o m");
    folder.write(
        "m/scheduler/scheduler_config.json",
        r#"{"_class_name": "EulerDiscreteScheduler", "use_beta_sigmas": true}"#,
    );
    folder.run("sample m --class 3 -n 1 --steps 8 --force -o v/");
    let texts = png_texts(&folder.path("v/000000.png"));
    assert!(texts.contains(&("timesteps".to_owned(), beta.to_owned())), "{texts:?}");
}

#[test]
fn twins_interpolate_to_equals() {
    let folder = Folder::new();
    let row: Vec<f32> = (0..64_u8).map(|i| f32::from(i % 7) - 3.0).collect();
    write_npy(&folder.path("twins.npy"), &[2, 1, 8, 8], &row.repeat(2)).unwrap();
    folder.run("sample digits --init twins.npy --interpolate 3 --steps 5 -o t.npy");
    let (shape, found) = read_npy(&folder.path("t.npy")).unwrap().into_parts();
    assert_eq!(shape, [5, 1, 8, 8]);
    assert!(found.chunks(64).all(|sample| sample == &found[..64] && sample[0].is_finite()));
}

#[test]
fn eta_means_ddim_with_and_without_its_name() {
    let folder = Folder::new();
    folder.run("sample -n 2 --steps 3 --sampler ddim --eta 1 -o a.npy");
    folder.run("sample -n 2 --steps 3 --eta 1 -o b.npy");
    assert_eq!(folder.read("a.npy"), folder.read("b.npy"));
}

#[test]
fn errors_name_the_flag_and_its_limits() {
    let folder = Folder::new();
    for (flags, expected) in [
        ("--class 3 --guidance 1e308", "'--guidance <W>': expected a number from 0 to 1000000"),
        (
            "--spacing karras:rho=1e-300",
            "--spacing: option rho=1e-300 of karras: expected a number",
        ),
    ] {
        let refused = folder.refused(&format!("sample -n 1 {flags} -o x.npy"));
        assert!(refused.contains(expected), "{refused}");
    }
    // More threads than cores change nothing, and take no longer.
    folder.run("sample -n 2 --steps 3 --threads 1000 -o many.npy");
    folder.run("sample -n 2 --steps 3 --threads 1 -o one.npy");
    assert_eq!(folder.read("many.npy"), folder.read("one.npy"));
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let folder = Folder::new();
    folder.write("real.npy", "old");
    std::os::unix::fs::symlink("real.npy", folder.path("link.npy")).unwrap();
    let refused = folder.refused("sample -n 1 --steps 2 -o link.npy");
    assert!(refused.contains("already exists"), "{refused}");
    folder.run("sample -n 1 --steps 2 --force -o link.npy");
    assert!(folder.path("link.npy").is_symlink());
    assert!(read_npy(&folder.path("real.npy")).is_ok());
    // Also one that is not there yet, at the end of two links.
    std::fs::create_dir(folder.path("sub")).unwrap();
    std::os::unix::fs::symlink("sub/second.npy", folder.path("first.npy")).unwrap();
    std::os::unix::fs::symlink("new.npy", folder.path("sub/second.npy")).unwrap();
    folder.run("sample -n 1 --steps 2 --force -o first.npy");
    assert!(folder.path("first.npy").is_symlink() && folder.path("sub/second.npy").is_symlink());
    assert!(read_npy(&folder.path("sub/new.npy")).is_ok());
    std::os::unix::fs::symlink("gone/new.npy", folder.path("astray.npy")).unwrap();
    let refused = folder.refused("sample -n 1 --steps 2 --force -o astray.npy");
    assert!(refused.contains("output astray.npy: no such folder ./gone"), "{refused}");
}

#[test]
fn pictures_that_stay_in_a_folder_are_reported() {
    let folder = Folder::new();
    folder.write("many/notes.png", "mine");
    folder.run("sample -n 4 --steps 1 -o many/");
    // Others of the seed are added without a word.
    assert_eq!(folder.stderr("sample -n 2 --first 4 --steps 1 -o many/"), "");
    let stderr = folder.stderr("sample -n 2 --steps 1 --force -o many/");
    assert_eq!(stderr, "note: many: keeps 4 other pictures, from 000002.png on\n");
    assert_eq!(folder.stderr("sample -n 6 --steps 1 --force -o many/"), "");
}

#[test]
fn tables_on_standard_output_are_csv() {
    let folder = Folder::new();
    folder.run(
        "train moons --points 50 --width 8 --layers 1 --steps 1 --preview-every 0 --quiet -o run",
    );
    folder.run("sample run -n 5 --steps 2 -o x.csv");
    assert_eq!(folder.run("sample run -n 5 --steps 2 -o -"), folder.text("x.csv"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_terminal_is_spared_the_bytes_of_a_picture() {
    let folder = Folder::new();
    let command = format!("{} sample -n 1 --steps 1 -o -", env!("CARGO_BIN_EXE_ancestral"));
    // `script` runs it on a terminal of its own.
    let mut script = Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).current_dir(folder.path("."));
    let output = script.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("error: output -: a terminal shows no PNG"), "{text}");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_sampler_for_distilled_models_is_pointed_out() {
    let folder = Folder::new();
    let stderr = folder.stderr("sample -n 1 --steps 2 --class 3 --sampler lcm -o x.npy");
    assert!(stderr.contains("warning: lcm is for models distilled to it"), "{stderr}");
    let stderr = folder.stderr("sample -n 1 --steps 2 --class 3 --sampler ddim -o y.npy");
    assert_eq!(stderr, "");
}

#[test]
fn a_shorter_trajectory_leaves_no_picture_of_a_longer_one() {
    let folder = Folder::new();
    folder.run("sample -n 1 --steps 6 --trajectory -o steps/");
    folder.run("sample -n 1 --steps 3 --trajectory --force -o steps/");
    assert_eq!(std::fs::read_dir(folder.path("steps")).unwrap().count(), 4);
}

#[test]
fn the_cache_folder_of_a_hub_and_networks_with_names_are_models() {
    let folder = Folder::new();
    folder.run("convert digits -o models--some--digits/snapshots/0123");
    folder.write("models--some--digits/refs/main", "0123");
    folder.run("sample models--some--digits --class 3 -n 1 --steps 2 -o hub.npy");
    folder.run("convert digits -o m");
    copy(&folder.path("m/unet"), &folder.path("m/unet_ema"));
    let stderr = folder.stderr("sample m --class 3 -n 1 --steps 2 -o x.npy");
    assert!(stderr.contains("as variants: ema"), "{stderr}");
    let stderr = folder.stderr("sample m --variant ema --class 3 -n 1 --steps 2 -o y.npy");
    assert!(!stderr.contains("as variants"), "{stderr}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
