//! No tiles on this platform.

use pulp::Simd;

use crate::tiles::NoTiles;
use crate::tiles::kernel::{Chains, Factors, Kernel, Sums};
use crate::tiles::lines::{Line, PAIRS, VALUES};

/// A type without values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Amx {}

impl Amx {
    pub(in crate::tiles) fn of_machine() -> Result<Self, NoTiles> {
        Err(NoTiles::Platform)
    }

    pub(in crate::tiles) fn rounded(self, _: &[f32; VALUES]) -> Line {
        match self {}
    }

    pub(in crate::tiles) fn pairs(self, _: &[f32; PAIRS], _: &[f32; PAIRS]) -> Line {
        match self {}
    }

    pub(in crate::tiles) fn transpose(self, _: &mut [Line; PAIRS]) {
        match self {}
    }

    pub(in crate::tiles) fn configured(self) -> impl Kernel {
        self
    }
}

impl Kernel for Amx {
    fn sums<S: Simd, const ROWS: usize>(&self, _: S, _: Factors<'_, ROWS>, _: &mut Sums) {
        match *self {}
    }

    fn chains<S: Simd>(&self, _: S, _: Chains<'_>, _: &mut Sums) {
        match *self {}
    }
}
