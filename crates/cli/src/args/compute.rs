//! Where and how to compute.

use ancestral_pipeline::Precision;
use clap::{ArgAction, Parser, ValueEnum};

use super::choice::choice;
use super::value::count;

/// Where and how to compute, and how much to print.
#[derive(Clone, Debug, Parser)]
#[command(next_help_heading = "Computing")]
pub struct ComputeArgs {
    /// cpu, or a card: vulkan, metal, dx12, wgpu (the best of these) or cuda; vulkan:1 is the second that
    /// `inspect devices` lists. Builds have those of their features: docs/gpu.md
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub device: String,
    /// Precision of a network's large products; bf16 needs a CPU with AMX tiles (Linux) or a card that
    /// computes in it, f16 such a card and is not for `train`. Both are faster, and change results a
    /// little; sums and the files of `train` stay f32 [default: f32]
    #[arg(long, value_name = "PRECISION", value_parser = choice::<Precision>())]
    pub precision: Option<Precision>,
    /// Threads of the CPU; affects only speed [default: all cores]
    #[arg(long, value_name = "N", value_parser = count(1024))]
    pub threads: Option<usize>,
    /// Print only results and errors
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub quiet: bool,
}

/// How pictures are shown in the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowArg {
    /// As the terminal understands it, by its environment; nothing if it shows no pictures
    Auto,
    /// The graphics protocol of kitty, which ghostty and Konsole understand too
    Kitty,
    /// Sixels: foot, WezTerm, iTerm2, mintty, mlterm and others
    Sixel,
    /// Half of a character cell a pixel: any terminal of Unicode and 24-bit colours
    Blocks,
}
