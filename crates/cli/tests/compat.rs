//! `ancestral sample --compat diffusers`: the peer's numbers from the command line.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use ancestral_data::read_npy;
use common::{Folder, png_texts};
use serde_json::Value;

/// What `tools/golden/digits.py` writes.
const GOLDEN: &str = include_str!("golden/digits.json");

fn sample(folder: &Folder, flags: &str) -> Vec<f32> {
    folder.run(&format!("sample {flags} --force -o x.npy"));
    read_npy(&folder.path("x.npy")).unwrap().data().to_vec()
}

#[test]
fn the_built_in_model_draws_what_it_draws_in_the_peer() {
    let folder = Folder::new();
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    for case in golden["cases"].as_array().unwrap() {
        let flags = case["flags"].as_str().unwrap();
        let found = sample(&folder, &format!("--compat diffusers {flags}"));
        let expected: Vec<f32> = serde_json::from_value(case["x"].clone()).unwrap();
        assert_eq!(found.len(), expected.len(), "{flags}");
        // Two networks in f32 say the same to 1e-6; over a few steps that grows to 1e-4 at most.
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 5e-4, "{flags}: {found} {expected}");
        }
    }
}

#[test]
fn calls_of_the_network_are_cut_without_cutting_the_noise() {
    let folder = Folder::new();
    for compat in ["", "--compat diffusers"] {
        let run = |flags: &str| sample(&folder, &format!("-n 5 --steps 4 {compat} {flags}"));
        let whole = run("--rng torch --seed 3");
        assert_eq!(run("--rng torch --seed 3 --batch 2 --threads 1"), whole);
        assert_ne!(run("--rng torch --seed 4"), whole);
        let each = run("--rng torch-each --seed 3");
        assert_eq!(run("--rng torch-each --seed 3 --batch 2"), each);
        // A generator a sample: each can be made alone.
        let third = sample(
            &folder,
            &format!("-n 1 --first 2 --steps 4 {compat} --rng torch-each --seed 3"),
        );
        assert_eq!(third, each[2 * 64..3 * 64]);
    }
}

#[test]
fn pictures_say_how_to_draw_them_again() {
    let folder = Folder::new();
    folder.run("sample -n 2 --steps 3 --compat diffusers --rng torch --eta 0.5 -o many");
    let texts = png_texts(&folder.path("many/000001.png"));
    for (key, value) in [
        ("sampler", "ddim:eta=0.5,use_clipped_model_output=false"),
        ("compat", "diffusers 0.42.1 DDIMScheduler"),
        ("rng", "torch"),
        ("index", "1"),
        ("count", "2"),
    ] {
        assert!(texts.contains(&(key.to_owned(), value.to_owned())), "{key} in {texts:?}");
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let folder = Folder::new();
    for (flags, message) in [
        ("--rng torch --first 2", "--first 2: --rng torch draws the noise of all samples as one"),
        ("--compat diffusers --steps 1001", "1001 steps asked of a schedule of 1000 timesteps"),
        ("--compat diffusers --steps 0", "0 steps asked of a schedule of 1000 timesteps"),
        ("--compat diffusers --sampler heun", "--sampler heun: --compat diffusers knows ddpm"),
        (
            "--compat diffusers --sampler ddim --visit 900,10",
            "--visit: the peer's DDIMScheduler takes no list of timesteps",
        ),
        (
            "--compat diffusers --sampler ddim:use_clipped_model_output=2",
            "option use_clipped_model_output=2 of ddim: expected true or false",
        ),
        (
            "--compat diffusers --variance learned",
            "variance learned: the network of model built-in digits predicts none",
        ),
        ("--visit 10,900", "timesteps must descend, but 900 (entry 1) follows 10"),
        ("--visit 1000", "timestep 1000 (entry 0) is outside 0..1000"),
    ] {
        let refused = folder.refused(&format!("sample {flags} -o x.npy"));
        assert!(refused.contains(message), "{flags}: {refused}");
    }
}
