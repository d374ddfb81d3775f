//! Asking for memory before it is needed.

/// Prefetches memory some distance after `here`. Weights are read once a pass, from end to end; processors
/// foresee that only up to the end of each page.
#[inline(always)]
pub(crate) fn fetch_ahead<T>(here: &T) {
    /// Bytes from the read to the prefetched address: a round trip to memory takes as long as
    /// the products of so much of a right side with a dozen rows.
    const AHEAD: usize = 16_384;
    fetch(here, AHEAD);
}

/// Prefetches the memory this many bytes after `here`.
#[inline(always)]
pub(crate) fn fetch<T>(here: &T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let there = std::ptr::from_ref(here).wrapping_byte_add(bytes);
        #[expect(unsafe_code, reason = "there is no safe call for this")]
        // SAFETY: prefetching reads no value, and is allowed for any address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(there.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (here, bytes);
}
