//! Which instructions the machine has.

use std::sync::OnceLock;

use pulp::Arch;

/// The best instruction set of this machine that kernels are compiled for; `ANCESTRAL_SIMD=scalar`
/// in the environment takes the portable one.
pub(crate) fn arch() -> Arch {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    *ARCH.get_or_init(|| match std::env::var("ANCESTRAL_SIMD").as_deref() {
        Ok("scalar") => Arch::Scalar,
        _ => Arch::new(),
    })
}
