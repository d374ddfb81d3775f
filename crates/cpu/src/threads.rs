//! The threads that share work: rayon's. In WebAssembly, which has one thread, the same calls are loops.

#[cfg(target_family = "wasm")]
mod one;

#[cfg(target_family = "wasm")]
pub(crate) use one::{current_num_threads, join, prelude, scope};
#[cfg(not(target_family = "wasm"))]
pub(crate) use rayon::{current_num_threads, join, prelude, scope};

/// How many threads share work here: those of [`Threads::run`] around the call, or all.
#[must_use]
pub fn threads() -> usize {
    current_num_threads()
}

/// What `work` makes of each of `items`, on these threads.
#[allow(clippy::useless_conversion, reason = "in WebAssembly the iterators are plain")]
pub fn shared<T: Send, R: Send>(
    items: &mut [T],
    work: impl Fn(&mut T) -> R + Send + Sync,
) -> Vec<R> {
    use prelude::*;

    items.into_par_iter().map(work).collect()
}

/// Threads of one's own, beside those that rayon starts for everybody.
#[derive(Clone, Debug)]
pub struct Threads {
    #[cfg(not(target_family = "wasm"))]
    pool: std::sync::Arc<rayon::ThreadPool>,
}

#[cfg(not(target_family = "wasm"))]
impl Threads {
    /// So many threads.
    ///
    /// # Errors
    /// In the system's words, if it starts none.
    pub fn new(count: usize) -> Result<Self, String> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
        Ok(Self { pool: pool.map_err(|error| error.to_string())?.into() })
    }

    /// Runs `work` on them.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.install(work)
    }
}

#[cfg(target_family = "wasm")]
impl Threads {
    /// The one thread that there is.
    ///
    /// # Errors
    /// Never.
    pub fn new(_count: usize) -> Result<Self, String> {
        Ok(Self {})
    }

    /// Runs `work` on it.
    pub fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        work()
    }
}
