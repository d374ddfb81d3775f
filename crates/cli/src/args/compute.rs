//! Where and how to compute.

use ancestral_pipeline::Precision;
use clap::{ArgAction, Parser, ValueEnum};

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
    #[arg(long, value_enum, value_name = "PRECISION")]
    pub precision: Option<PrecisionArg>,
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

/// The precision of a network's large products, as written on the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PrecisionArg {
    /// 32 bits
    #[default]
    F32,
    /// 16 bits, 8 of them mantissa, sums of 32: CPUs with matrix tiles (AMX), some cards
    Bf16,
    /// 16 bits, 11 of them mantissa: most cards
    F16,
}

impl From<PrecisionArg> for Precision {
    fn from(precision: PrecisionArg) -> Self {
        match precision {
            PrecisionArg::F32 => Self::F32,
            PrecisionArg::Bf16 => Self::Bf16,
            PrecisionArg::F16 => Self::F16,
        }
    }
}
