//! bf16 products on matrix tiles (AMX).
//!
//! A tile holds 16 lines of 32 bf16 values, or of 16 f32 sums. One instruction, TDPBF16PS, adds the
//! product of two tiles to a third. Weights are packed as it reads them while they are loaded;
//! activations are rounded as a layer reads them, and are f32 between layers.
//!
//! # Numerics
//! Both factors of each product are rounded to bf16 (8 bits of mantissa); sums are f32. An element
//! of a result is one chain over blocks of 32 k, first to last, with each block summed as the
//! instruction does (see [`soft`]): its bits depend on its row and its column alone.

mod amx;
mod attention;
mod conv;
mod kernel;
mod kernel_gradient;
mod linear;
mod lines;
mod outer;
mod product;
#[cfg(not(target_family = "wasm"))]
mod soft;

use std::fmt;
use std::sync::OnceLock;

use thiserror::Error;

pub(crate) use amx::Amx;
pub(crate) use attention::{Head, Strided};
pub(crate) use conv::Conv;
pub(crate) use kernel_gradient::kernel_gradient;
pub(crate) use linear::Linear;
use lines::{PAIRS, VALUES};

pub(crate) use lines::Line;
pub(crate) use outer::{Sum, outer};
pub(crate) use product::ROWS;

/// The precision of the large products of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// f32 throughout.
    #[default]
    F32,
    /// Factors of 8 bits of mantissa, sums in f32, on matrix tiles: for CPUs with AMX. What is small
    /// (normalisation, softmax, sums, conditioning, layers of few channels) stays f32.
    Bf16,
    /// Factors of 11 bits of mantissa and a narrow range, 6e-5 to 65504: for GPUs.
    F16,
}

/// Why this machine computes nothing on tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NoTiles {
    /// The CPU has no such instructions.
    #[error("this CPU has no AMX tiles (it lacks {lacks})")]
    Cpu {
        /// What it lacks, by the names of features.
        lacks: &'static str,
    },
    /// The operating system keeps no state of tiles, or does not let this process use it.
    #[error("this system does not let programs use AMX tiles")]
    System,
    /// Tiles are used on Linux on x86-64 only.
    #[error("AMX tiles are used on Linux on x86-64 only")]
    Platform,
    /// Tiles are of bf16.
    #[error("CPUs compute in f32 or bf16, GPUs in f16")]
    Half,
}

/// Its name: `f32`, `bf16`, `f16`.
impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}

impl Precision {
    /// Checks that this machine computes in it.
    ///
    /// # Errors
    /// For [`Bf16`](Self::Bf16), if there are no tiles here; for [`F16`](Self::F16) always.
    pub fn check(self) -> Result<(), NoTiles> {
        self.tiles().map(|_| ())
    }

    /// The engine of its tiles; `None` for f32.
    pub(crate) fn tiles(self) -> Result<Option<Tiles>, NoTiles> {
        match self {
            Self::F32 => Ok(None),
            Self::Bf16 => Tiles::of_machine().map(Some),
            Self::F16 => Err(NoTiles::Half),
        }
    }
}

/// What computes tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tiles {
    /// The CPU's own.
    Amx(Amx),
    /// The same arithmetic by vectors: the same bits, slowly. Not in WebAssembly, where it would be code that nobody
    /// can ask for.
    #[cfg(not(target_family = "wasm"))]
    Soft,
}

/// The fewest channels that fill a tile well enough, on either side.
const LEAST: usize = 16;

impl Tiles {
    /// The CPU's tiles, requested from the system once; with `ANCESTRAL_SIMD=soft-tiles` in the
    /// environment, the same by vectors, on any machine.
    fn of_machine() -> Result<Self, NoTiles> {
        static TILES: OnceLock<Result<Tiles, NoTiles>> = OnceLock::new();
        *TILES.get_or_init(|| match std::env::var("ANCESTRAL_SIMD").as_deref() {
            #[cfg(not(target_family = "wasm"))]
            Ok("soft-tiles") => Ok(Self::Soft),
            _ => Amx::of_machine().map(Self::Amx),
        })
    }

    /// These, if a product of so many channels is worth them.
    pub(crate) fn worth(self, from: usize, to: usize) -> Option<Self> {
        (from.min(to) >= LEAST).then_some(self)
    }

    /// Rounds values into as many lines as they take, `stride` apart, with zeros behind them.
    #[inline(always)]
    fn round(self, values: &[f32], out: &mut [Line], stride: usize) {
        let (whole, rest) = values.as_chunks::<VALUES>();
        let mut lines = out.iter_mut().step_by(stride);
        for (values, line) in whole.iter().zip(&mut lines) {
            *line = self.line(values);
        }
        if !rest.is_empty() {
            let mut values = [0.0; VALUES];
            values[..rest.len()].copy_from_slice(rest);
            *lines.next().expect("room for the last values") = self.line(&values);
        }
    }

    #[inline(always)]
    fn line(self, values: &[f32; VALUES]) -> Line {
        match self {
            Self::Amx(amx) => amx.rounded(values),
            #[cfg(not(target_family = "wasm"))]
            Self::Soft => Line::rounded(values),
        }
    }

    /// Rounds at most 16 values of both as pairs, padded with zeros.
    #[inline(always)]
    fn pairs(self, first: &[f32], second: &[f32]) -> Line {
        match (first.first_chunk(), second.first_chunk()) {
            (Some(first), Some(second)) => self.whole_pairs(first, second),
            _ => self.whole_pairs(&filled(first), &filled(second)),
        }
    }

    #[inline(always)]
    fn whole_pairs(self, first: &[f32; PAIRS], second: &[f32; PAIRS]) -> Line {
        match self {
            Self::Amx(amx) => amx.pairs(first, second),
            #[cfg(not(target_family = "wasm"))]
            Self::Soft => Line::pairs(first, second),
        }
    }

    /// Makes columns of rows, a pair for a pair.
    #[inline(always)]
    fn transpose(self, lines: &mut [Line; PAIRS]) {
        match self {
            Self::Amx(amx) => amx.transpose(lines),
            #[cfg(not(target_family = "wasm"))]
            Self::Soft => Line::transpose(lines),
        }
    }

    /// How they compute, for a plan.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Amx(_) => "bf16 on AMX tiles",
            #[cfg(not(target_family = "wasm"))]
            Self::Soft => "bf16 as on AMX tiles, by vectors",
        }
    }
}

/// Values with zeros behind them.
#[inline(always)]
fn filled(values: &[f32]) -> [f32; PAIRS] {
    let mut out = [0.0; PAIRS];
    out.iter_mut().zip(values).for_each(|(out, value)| *out = *value);
    out
}

#[cfg(test)]
pub(crate) mod tests;
