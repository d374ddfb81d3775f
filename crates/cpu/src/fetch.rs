//! Asking for memory before it is needed.

/// Asks for what lies some way behind `here`. Weights are read once a pass, from end to end; processors
/// foresee that only up to the end of each page.
#[inline(always)]
pub(crate) fn fetch_ahead<T>(here: &T) {
    /// Bytes from what is read to what is asked for: the time to memory and back takes as long as
    /// the products of so much of a right side with a dozen rows.
    const AHEAD: usize = 16_384;
    fetch(here, AHEAD);
}

/// Asks for what lies so many bytes behind `here`.
#[inline(always)]
pub(crate) fn fetch<T>(here: &T, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let there = std::ptr::from_ref(here).wrapping_byte_add(bytes);
        #[expect(unsafe_code, reason = "there is no safe call for this")]
        // SAFETY: asking for memory reads none, and is allowed for any address.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(there.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (here, bytes);
}
