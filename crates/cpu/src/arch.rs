//! Which instructions the machine has.

#[cfg(not(target_family = "wasm"))]
use std::sync::OnceLock;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
use pulp::Arch;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use vectors::Arch;

/// The best instruction set of this machine that kernels are compiled for; or the one that
/// `ANCESTRAL_SIMD` in the environment names, if the machine has it.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn arch() -> Arch {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    *ARCH.get_or_init(|| {
        let name = std::env::var("ANCESTRAL_SIMD").ok();
        name.and_then(|name| named(&name)).unwrap_or_default()
    })
}

/// That of the module.
#[cfg(target_family = "wasm")]
pub(crate) fn arch() -> Arch {
    Arch::new()
}

/// In place of `pulp::Arch`, which chooses at every call: a module that is compiled with vectors runs nowhere
/// without, so it needs no kernels without.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vectors {
    use pulp::wasm::Simd128;
    use pulp::{Simd, WithSimd};

    #[derive(Clone, Copy)]
    pub(crate) enum Arch {
        Simd128(Simd128),
    }

    impl Arch {
        #[allow(unsafe_code, reason = "the only maker of a token that asks nothing at run time")]
        pub(crate) fn new() -> Self {
            // SAFETY: this function exists only where the whole module is compiled for these instructions.
            Self::Simd128(unsafe { Simd128::new_unchecked() })
        }

        #[inline(always)]
        pub(crate) fn dispatch<Op: WithSimd>(self, op: Op) -> Op::Output {
            let Self::Simd128(simd) = self;
            Simd::vectorize(simd, op)
        }
    }
}

#[cfg(not(target_family = "wasm"))]
fn named(name: &str) -> Option<Arch> {
    match name {
        "scalar" => Some(Arch::Scalar),
        #[cfg(target_arch = "x86_64")]
        "avx2" => pulp::x86::V3::try_new().map(Arch::V3),
        #[cfg(target_arch = "x86_64")]
        "avx512" => pulp::x86::V4::try_new().map(Arch::V4),
        #[cfg(target_arch = "aarch64")]
        "neon" => pulp::aarch64::Neon::try_new().map(Arch::Neon),
        _ => None,
    }
}

/// The instruction set that kernels use here: `avx512`, `avx2`, `neon`, `simd128` (WebAssembly) or `scalar`
/// (any CPU). The best that there is; `ANCESTRAL_SIMD=NAME` in the environment takes another, which gives results
/// that differ in their last digits. `ANCESTRAL_SIMD=soft-tiles` is for trying
/// [`Precision::Bf16`](crate::Precision::Bf16) on a CPU without tiles: with the best vectors that there
/// are, slowly, to the same bits.
#[must_use]
pub fn instruction_set() -> &'static str {
    match arch() {
        #[cfg(target_arch = "x86_64")]
        Arch::V3(_) => "avx2",
        #[cfg(target_arch = "x86_64")]
        Arch::V4(_) => "avx512",
        #[cfg(target_arch = "aarch64")]
        Arch::Neon(_) => "neon",
        #[cfg(target_arch = "wasm32")]
        Arch::Simd128(_) => "simd128",
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        Arch::Scalar => "scalar",
        #[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
        _ => "other",
    }
}
