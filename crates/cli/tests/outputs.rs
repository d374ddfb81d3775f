//! What is written where something is already, or where there is no room.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Output};

use common::{Folder, assert_same};

/// Runs the program where no file can be longer than some kilobytes, as on a full disk.
fn without_room(folder: &Folder, args: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_ancestral");
    let script = format!("trap '' XFSZ; ulimit -f 64; exec {program} {args}");
    Command::new("sh").args(["-c", &script]).current_dir(folder.path("")).output().unwrap()
}

fn built_in(folder: &Folder, name: &str) {
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../pipeline/models/digits");
    for file in [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "unet/config.json",
        "unet/diffusion_pytorch_model.safetensors",
    ] {
        folder.write(&format!("{name}/{file}"), fs::read(from.join(file)).unwrap());
    }
}

#[test]
fn a_convert_without_room_leaves_all_as_it_was() {
    let folder = Folder::new();
    built_in(&folder, "m");
    built_in(&folder, "old");
    folder.write("old/unet/diffusion_pytorch_model.fp16.safetensors", "old");
    let before = folder.files(".");
    for args in ["convert m -o old --force", "convert m -o m --force", "convert m -o new/er"] {
        let output = without_room(&folder, args);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args}: {stderr}");
        assert!(stderr.contains("cannot write"), "{args}: {stderr}");
        assert_same(&folder.files("."), &before);
        assert!(!folder.path("new").exists());
    }
}

#[test]
fn a_convert_over_another_layout_leaves_a_clean_model() {
    let folder = Folder::new();
    built_in(&folder, "m");
    folder.run("convert m -o clean");
    built_in(&folder, "old");
    let weights = "old/unet/diffusion_pytorch_model.safetensors";
    let shard = "diffusion_pytorch_model-00001-of-00001.safetensors";
    fs::rename(folder.path(weights), folder.path(&format!("old/unet/{shard}"))).unwrap();
    let names = folder.run("inspect m --json");
    let names: serde_json::Value = serde_json::from_str(&names).unwrap();
    let tensors = names["tensors"].as_object().unwrap().keys();
    let map: serde_json::Map<_, _> = tensors.map(|name| (name.clone(), shard.into())).collect();
    let index = serde_json::json!({ "weight_map": map }).to_string();
    folder.write(&format!("{weights}.index.json"), index);
    for name in [".fp16.safetensors", ".bin"] {
        folder.write(&format!("old/unet/diffusion_pytorch_model{name}"), "old");
    }
    folder.write("old/config.json", folder.read("m/unet/config.json"));
    folder.write("old/README.md", "mine");
    for from in ["m", "old"] {
        folder.run(&format!("convert {from} -o old --force"));
        let mut found = folder.files("old");
        assert_eq!(found.remove("README.md").unwrap(), b"mine");
        assert_same(&found, &folder.files("clean"));
    }
}

#[test]
fn a_convert_goes_to_no_file_and_to_no_part_of_its_model() {
    let folder = Folder::new();
    built_in(&folder, "m");
    folder.write("file", "mine");
    symlink("nowhere", folder.path("link")).unwrap();
    let before = folder.files("m");
    for (output, reason) in [
        ("file", "output file: a file, expected a folder"),
        ("link", "output link: a broken link, expected a folder"),
        ("m/unet", "output m/unet: inside the model m, expected a folder outside it"),
    ] {
        let refused = folder.refused(&format!("convert m -o {output} --force"));
        assert!(refused.contains(reason), "{refused}");
    }
    assert_eq!(folder.text("file"), "mine");
    assert_same(&folder.files("m"), &before);
}

#[test]
fn a_link_is_there_though_it_leads_nowhere() {
    let folder = Folder::new();
    for name in ["x.npy", "x.png", "x.gif", "many/000000.png"] {
        fs::create_dir_all(folder.path("many")).unwrap();
        symlink("nowhere", folder.path(name)).unwrap();
        let output = name.strip_suffix("000000.png").unwrap_or(name);
        let sample = format!("sample --class 3 -n 1 --steps 1 -o {output}");
        let refused = folder.refused(&sample);
        assert!(refused.contains(&format!("{name} already exists")), "{refused}");
        assert!(folder.path(name).is_symlink());
        folder.run(&format!("{sample} --force"));
        let is_in_folder = output != name;
        assert_ne!(folder.path(name).is_symlink(), is_in_folder, "a picture of a folder is new");
        let mode = folder.path(if is_in_folder { name } else { "nowhere" });
        let mode = mode.symlink_metadata().unwrap().permissions().mode();
        folder.write("fresh", "");
        assert_eq!(mode, folder.path("fresh").metadata().unwrap().permissions().mode());
        let _ = fs::remove_file(folder.path("nowhere"));
    }
    symlink("nowhere", folder.path("folder")).unwrap();
    let refused = folder.refused("sample --class 3 -n 1 --steps 1 -o folder --force");
    assert!(refused.contains("output folder: a broken link"), "{refused}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_finds_no_memory_is_refused_before_it_is_begun() {
    let folder = Folder::new();
    built_in(&folder, "m");
    let config = folder.text("m/unet/config.json");
    let program = env!("CARGO_BIN_EXE_ancestral");
    let sample = |size: &str| {
        let given = config.replace("\"sample_size\": 8", &format!("\"sample_size\": {size}"));
        assert!(given.contains(size));
        folder.write("m/unet/config.json", given);
        let args = "sample m --class 3 -n 1 --steps 1 -o x.npy";
        let script = format!("ulimit -v 2000000; exec {program} {args}");
        let mut command = Command::new("sh");
        let output = command.args(["-c", &script]).current_dir(folder.path(".")).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let refused = sample("4096");
    assert!(
        refused.contains("GiB of memory") && refused.contains("lower -n or --batch"),
        "{refused}"
    );
    let refused = sample("65536");
    assert!(refused.contains("config.json: sample_size [65536, 65536] must be"), "{refused}");
}
