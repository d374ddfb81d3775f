//! AMX by inline assembly, as there are no intrinsics.

#![expect(unsafe_code, reason = "there are no safe calls for tiles")]

use std::arch::asm;
use std::arch::x86_64::{
    __cpuid, __cpuid_count, __m512i, _mm512_setzero_si512, _mm512_shuffle_i32x4,
    _mm512_unpackhi_epi32, _mm512_unpackhi_epi64, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use std::cell::Cell;
use std::marker::PhantomData;

use pulp::Simd;

use crate::tiles::NoTiles;
use crate::tiles::kernel::{Chains, Factors, Kernel, Sums};
use crate::tiles::lines::{Line, PAIRS, VALUES};

/// The right to use tiles: the CPU has them, and the system has allowed them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Amx {
    _allowed: (),
}

impl Amx {
    /// Detects tiles, and requests them from the system: for the whole process, future threads
    /// included.
    pub(in crate::tiles) fn of_machine() -> Result<Self, NoTiles> {
        let has_leaf = __cpuid(0).eax >= 7;
        let features = if has_leaf { __cpuid_count(7, 0).edx } else { 0 };
        let has_rounding = std::is_x86_feature_detected!("avx512bf16");
        let lacks = match (features >> 24 & 1, features >> 22 & 1) {
            (0, 0) => "amx-tile and amx-bf16",
            (0, _) => "amx-tile",
            (_, 0) => "amx-bf16",
            _ if !has_rounding => "avx512-bf16",
            _ => "",
        };
        if !lacks.is_empty() {
            return Err(NoTiles::Cpu { lacks });
        }
        let has_xgetbv = __cpuid(1).ecx >> 27 & 1 == 1;
        if has_xgetbv && kept_state() & TILES == TILES && is_allowed() {
            Ok(Self { _allowed: () })
        } else {
            Err(NoTiles::System)
        }
    }

    /// The nearest values, of two the even one.
    #[expect(clippy::unused_self, reason = "its existence proves that the CPU has the instruction")]
    #[inline(always)]
    pub(in crate::tiles) fn rounded(self, values: &[f32; VALUES]) -> Line {
        let mut line = Line::default();
        // SAFETY: the CPU has the instruction, as `self` exists. It reads 32 values and writes a line.
        unsafe {
            asm!(
                "vmovups zmm0, [{values} + 64]",
                "vcvtne2ps2bf16 zmm0, zmm0, [{values}]",
                "vmovups [{line}], zmm0",
                values = in(reg) values.as_ptr(),
                line = in(reg) &raw mut line,
                out("xmm0") _,
                options(nostack),
            );
        }
        line
    }

    /// The nearest values of both, side by side as pairs.
    #[expect(clippy::unused_self, reason = "its existence proves that the CPU has the instruction")]
    #[inline(always)]
    pub(in crate::tiles) fn pairs(self, first: &[f32; PAIRS], second: &[f32; PAIRS]) -> Line {
        /// The places of the halves of each pair after rounding: all first values, then all second ones.
        static ORDER: Order = Order::new();
        let mut line = Line::default();
        // SAFETY: the CPU has the instructions, as `self` exists. They read 16 values of both and the
        // order, and write a line.
        unsafe {
            asm!(
                "vmovups zmm0, [{second}]",
                "vmovdqa64 zmm1, [{order}]",
                "vcvtne2ps2bf16 zmm0, zmm0, [{first}]",
                "vpermw zmm0, zmm1, zmm0",
                "vmovups [{line}], zmm0",
                first = in(reg) first.as_ptr(),
                second = in(reg) second.as_ptr(),
                order = in(reg) &raw const ORDER,
                line = in(reg) &raw mut line,
                out("xmm0") _,
                out("xmm1") _,
                options(nostack),
            );
        }
        line
    }

    /// Makes columns of rows, a pair for a pair.
    #[expect(
        clippy::unused_self,
        reason = "its existence proves that the CPU has the instructions"
    )]
    #[inline]
    pub(in crate::tiles) fn transpose(self, lines: &mut [Line; PAIRS]) {
        // SAFETY: the CPU has the instructions, as those of tiles are found with AVX-512 only.
        unsafe { transpose(lines) }
    }

    /// Configures the tiles of this thread, until the last of what is returned is dropped.
    pub(in crate::tiles) fn configured(self) -> Configured {
        if USERS.get() == 0 {
            let config = Config::WHOLE;
            // SAFETY: there are tiles, as `self` exists; a configuration of palette 1 with at most 16
            // rows of 64 bytes is valid. It changes nothing that compiled code knows of.
            unsafe {
                asm!("ldtilecfg [{}]", in(reg) &raw const config, options(nostack, readonly));
            }
        }
        USERS.set(USERS.get() + 1);
        Configured { _amx: self, _of_a_thread: PhantomData }
    }
}

/// Indices of 16 pairs' halves.
#[repr(C, align(64))]
struct Order([u16; VALUES]);

impl Order {
    const fn new() -> Self {
        let mut order = [0; VALUES];
        let (mut at, mut pair) = (0, 0);
        while at < VALUES {
            order[at] = pair;
            order[at + 1] = pair + 16;
            (at, pair) = (at + 2, pair + 1);
        }
        Self(order)
    }
}

/// The transpose of 16 × 16 pairs: within 4 × 4 of them by unpacking, then of fours.
#[target_feature(enable = "avx512f")]
fn transpose(lines: &mut [Line; PAIRS]) {
    const EVEN: i32 = 0b10_00_10_00;
    const ODD: i32 = 0b11_01_11_01;
    let mut rows = [_mm512_setzero_si512(); PAIRS];
    for (row, line) in rows.iter_mut().zip(&*lines) {
        // SAFETY: both are 64 bytes of which any bits are a value.
        *row = unsafe { std::mem::transmute::<Line, __m512i>(*line) };
    }
    for four in rows.as_chunks_mut::<4>().0 {
        let [a, b, c, d] = *four;
        let [low, high] = [_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b)];
        let [low2, high2] = [_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d)];
        *four = [
            _mm512_unpacklo_epi64(low, low2),
            _mm512_unpackhi_epi64(low, low2),
            _mm512_unpacklo_epi64(high, high2),
            _mm512_unpackhi_epi64(high, high2),
        ];
    }
    for j in 0..4 {
        let [a, b, c, d] = [rows[j], rows[4 + j], rows[8 + j], rows[12 + j]];
        let even = [_mm512_shuffle_i32x4::<EVEN>(a, b), _mm512_shuffle_i32x4::<EVEN>(c, d)];
        let odd = [_mm512_shuffle_i32x4::<ODD>(a, b), _mm512_shuffle_i32x4::<ODD>(c, d)];
        rows[j] = _mm512_shuffle_i32x4::<EVEN>(even[0], even[1]);
        rows[4 + j] = _mm512_shuffle_i32x4::<EVEN>(odd[0], odd[1]);
        rows[8 + j] = _mm512_shuffle_i32x4::<ODD>(even[0], even[1]);
        rows[12 + j] = _mm512_shuffle_i32x4::<ODD>(odd[0], odd[1]);
    }
    for (line, row) in lines.iter_mut().zip(rows) {
        // SAFETY: as above.
        *line = unsafe { std::mem::transmute::<__m512i, Line>(row) };
    }
}

/// The state of tiles, configuration and data, among what the system keeps of a thread.
const TILES: u64 = 0b11 << 17;

/// What the system keeps of a thread when it runs another.
fn kept_state() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: only called where the CPU reports that the system has enabled the instruction.
    unsafe {
        asm!("xgetbv", in("ecx") 0, out("eax") low, out("edx") high, options(nomem, nostack));
    }
    u64::from(high) << 32 | u64::from(low)
}

/// Requests permission from the system to use the data of tiles in this process.
fn is_allowed() -> bool {
    const ARCH_PRCTL: i64 = 158;
    const ARCH_REQ_XCOMP_PERM: u64 = 0x1023;
    const XTILEDATA: u64 = 18;
    let code: i64;
    // SAFETY: this call of the system's takes two numbers and touches no memory of ours; the
    // instruction overwrites rcx and r11.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => code,
            in("rdi") ARCH_REQ_XCOMP_PERM,
            in("rsi") XTILEDATA,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    code == 0
}

/// The shapes of the tiles of a thread, as the CPU reads them.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    bytes_of_a_row: [u16; 16],
    rows: [u8; 16],
}

impl Config {
    /// Eight tiles of 16 rows of 64 bytes.
    const WHOLE: Self = Self {
        palette: 1,
        start_row: 0,
        reserved: [0; 14],
        bytes_of_a_row: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
        rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
    };
}

const _: () = assert!(size_of::<Config>() == 64);

thread_local! {
    /// How many [`Configured`] this thread has.
    static USERS: Cell<usize> = const { Cell::new(0) };
}

/// The tiles of a thread, ready to be used.
#[derive(Debug)]
pub(in crate::tiles) struct Configured {
    _amx: Amx,
    _of_a_thread: PhantomData<*const ()>,
}

impl Drop for Configured {
    fn drop(&mut self) {
        USERS.set(USERS.get() - 1);
        if USERS.get() == 0 {
            // SAFETY: there are tiles, as `self` exists; afterwards none is in use.
            unsafe {
                asm!("tilerelease", options(nomem, nostack));
            }
        }
    }
}

/// The loop of a kernel: over the planes of the left side, and in each over its taps. tmm0 to tmm3 are
/// the sums, tmm4 and tmm5 lines of the left side, tmm6 and tmm7 of the right.
macro_rules! kernel {
    (
        $factors:ident, $sums:ident, second: $second:expr,
        clear: [$($clear:literal)*], step: [$($step:literal)*], store: [$($store:literal)*]
    ) => {
        asm!(
            $($clear,)*
            "2:",
            "mov {tap}, {taps}",
            "3:",
            "mov {at}, [{end} + 8 * {tap}]",
            "shl {at}, 6",
            "add {at}, {start}",
            $($step,)*
            "add {panel}, 2048",
            "inc {tap}",
            "jnz 3b",
            "add {start}, {plane}",
            "dec {blocks}",
            "jnz 2b",
            $($store,)*
            start = inout(reg) $factors.lines[$factors.starts[0]..].as_ptr() => _,
            second = in(reg) 64 * ($second as isize),
            at = out(reg) _,
            tap = out(reg) _,
            // Counted up to 0.
            taps = in(reg) -$factors.taps.len().cast_signed(),
            end = in(reg) $factors.taps.as_ptr_range().end,
            stride = in(reg) 64 * $factors.stride,
            line = in(reg) 64_usize,
            plane = in(reg) 64 * $factors.plane,
            blocks = inout(reg) $factors.blocks => _,
            panel = inout(reg) $factors.panel.as_ptr() => _,
            sums = in(reg) $sums.0.as_mut_ptr(),
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        )
    };
}

impl Kernel for Configured {
    #[inline]
    fn sums<S: Simd, const ROWS: usize>(&self, _: S, factors: Factors<'_, ROWS>, sums: &mut Sums) {
        const { assert!(ROWS == 1 || ROWS == 2, "one tile of rows, or two") };
        factors.check();
        if ROWS == 1 {
            // SAFETY: the tiles of this thread are configured, as `self` exists and is of this
            // thread. All lines that are read are within `lines` and `panel`, as checked; there
            // is at least one tap and one block. `sums` has room for four tiles.
            unsafe {
                kernel!(
                    factors, sums, second: 0_isize,
                    clear: ["tilezero tmm0" "tilezero tmm1"],
                    step: [
                        "tileloadd tmm4, [{at} + {stride}]"
                        "tileloadd tmm6, [{panel} + {line}]"
                        "tileloadd tmm7, [{panel} + {line} + 1024]"
                        "tdpbf16ps tmm0, tmm4, tmm6"
                        "tdpbf16ps tmm1, tmm4, tmm7"
                        "add {at}, {second}"
                    ],
                    store: [
                        "tilestored [{sums} + {line}], tmm0"
                        "tilestored [{sums} + {line} + 1024], tmm1"
                    ]
                );
            }
        } else {
            let second = factors.starts[1].cast_signed() - factors.starts[0].cast_signed();
            // SAFETY: as above.
            unsafe {
                kernel!(
                    factors, sums, second: second,
                    clear: ["tilezero tmm0" "tilezero tmm1" "tilezero tmm2" "tilezero tmm3"],
                    step: [
                        "tileloadd tmm4, [{at} + {stride}]"
                        "add {at}, {second}"
                        "tileloadd tmm5, [{at} + {stride}]"
                        "tileloadd tmm6, [{panel} + {line}]"
                        "tileloadd tmm7, [{panel} + {line} + 1024]"
                        "tdpbf16ps tmm0, tmm4, tmm6"
                        "tdpbf16ps tmm1, tmm4, tmm7"
                        "tdpbf16ps tmm2, tmm5, tmm6"
                        "tdpbf16ps tmm3, tmm5, tmm7"
                    ],
                    store: [
                        "tilestored [{sums} + {line}], tmm0"
                        "tilestored [{sums} + {line} + 1024], tmm1"
                        "tilestored [{sums} + {line} + 2048], tmm2"
                        "tilestored [{sums} + {line} + 3072], tmm3"
                    ]
                );
            }
        }
    }

    #[inline]
    fn chains<S: Simd>(&self, _: S, chains: Chains<'_>, sums: &mut Sums) {
        let blocks = chains.blocks();
        let Chains { left, right } = chains;
        // SAFETY: the tiles of this thread are configured, as `self` exists and is of this thread.
        // All four sides have `blocks` whole tiles, at least one. `sums` has room for
        // four tiles.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{near} + {line}]",
                "tileloadd tmm6, [{right} + {line}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm7, [{beside} + {line}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{far} + {line}]",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {near}, 1024",
                "add {far}, 1024",
                "add {right}, 1024",
                "add {beside}, 1024",
                "dec {blocks}",
                "jnz 2b",
                "tilestored [{sums} + {line}], tmm0",
                "tilestored [{sums} + {line} + 1024], tmm1",
                "tilestored [{sums} + {line} + 2048], tmm2",
                "tilestored [{sums} + {line} + 3072], tmm3",
                near = inout(reg) left[0].as_ptr() => _,
                far = inout(reg) left[1].as_ptr() => _,
                right = inout(reg) right[0].as_ptr() => _,
                beside = inout(reg) right[1].as_ptr() => _,
                blocks = inout(reg) blocks => _,
                line = in(reg) 64_usize,
                sums = in(reg) sums.0.as_mut_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_stay_configured_until_their_last_user_is_dropped() {
        let Ok(amx) = Amx::of_machine() else {
            eprintln!("left out: no AMX tiles here");
            return;
        };
        let outer = amx.configured();
        drop(amx.configured());
        let ones = &[Line([0x3f80_3f80; PAIRS]); PAIRS][..];
        let mut sums = Sums([[f32::NAN; PAIRS]; 4 * PAIRS]);
        let chains = Chains { left: [ones; 2], right: [ones; 2] };
        outer.chains(pulp::Scalar::new(), chains, &mut sums);
        assert!(sums.0.iter().flatten().all(|sum| *sum == 32.0));
    }
}
