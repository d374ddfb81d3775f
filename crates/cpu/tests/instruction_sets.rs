//! The same network by every instruction set that the machine has.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]
#![allow(clippy::print_stdout, reason = "the output is read by the other process")]

use std::process::Command;

use ancestral::{Batch, Network};
use ancestral_cpu::{CpuNetwork, instruction_set};
use ancestral_format::NetworkConfig;
use ancestral_testing::unet::cases;

/// Networks that between them have every kernel.
const NAMES: [&str; 4] = ["ddpm_style", "one_channel_rect", "ncsnpp_style", "base"];

/// Prints the instruction set and the outputs of the networks: the other test runs this in processes of
/// their own, as the set is chosen once a process.
#[test]
#[ignore = "run by the other test"]
fn outputs() {
    let cases = cases();
    println!("set {}", instruction_set());
    for name in NAMES {
        let case = &cases[name];
        let config = NetworkConfig::from(case.config.clone());
        let mut network = CpuNetwork::load(&config, case.weights()).unwrap();
        let shape = network.shapes().input.clone();
        let output = network.predict(&Batch::new(shape, case.input(2)), &[7.0, 810.0], None);
        let bits =
            output.unwrap().data().iter().map(|x| x.to_bits().to_string()).collect::<Vec<_>>();
        println!("out {}", bits.join(" "));
    }
}

/// The report of this program with that instruction set: its name, and the outputs.
fn run(set: &str) -> (String, Vec<Vec<f32>>) {
    let program = std::env::current_exe().unwrap();
    let mut command = Command::new(program);
    command.args(["--ignored", "--exact", "outputs", "--nocapture"]).env("ANCESTRAL_SIMD", set);
    let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let lines = |key: &str| {
        let lines = text.lines().filter_map(|line| line.split_once(key));
        lines.map(|(_, rest)| rest.to_owned()).collect::<Vec<_>>()
    };
    let floats =
        |line: String| line.split(' ').map(|x| f32::from_bits(x.parse().unwrap())).collect();
    (lines("set ").remove(0), lines("out ").into_iter().map(floats).collect())
}

#[test]
fn instruction_sets_agree() {
    let (best, expected) = run("");
    assert_eq!(best, instruction_set());
    assert_eq!(expected.len(), NAMES.len());
    for set in ["scalar", "avx2", "avx512", "neon"] {
        let (found, outputs) = run(set);
        if found != set {
            assert_ne!(set, "scalar", "every machine has it");
            continue;
        }
        for ((name, output), expected) in NAMES.iter().zip(&outputs).zip(&expected) {
            let largest = expected.iter().fold(0.0, |max: f32, x| max.max(x.abs()));
            let apart = output.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart <= 1e-5 * largest, "{name} by {set}: {apart} of {largest}");
        }
    }
}
