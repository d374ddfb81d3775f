//! Parts of a batch, computed side by side.

use std::ops::Range;
use std::sync::Mutex;
use std::thread;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor};
use rayon::{ThreadPool, ThreadPoolBuilder};

/// There are at most this many parts, since each has gradients of its own.
const MOST_PARTS: usize = 8;

/// How a batch is cut: by its size and the network alone, so that results do not depend on the
/// machine. A part has at least `least` rows, unless the batch has fewer.
///
/// The CPU's operations use few threads each, so several small passes side by side are faster than
/// one large pass. Other devices want it whole.
pub(crate) fn cut(rows: usize, least: usize, device: &Device) -> Vec<Range<usize>> {
    let parts = (rows / least).clamp(1, most_parts(device));
    (0..parts).map(|i| i * rows / parts..(i + 1) * rows / parts).collect()
}

/// Into how many parts a batch is cut, however large.
pub(crate) fn most_parts(device: &Device) -> usize {
    if *device == crate::device::cpu() { MOST_PARTS } else { 1 }
}

/// Thread pools, one for each part that is computed at the same time.
///
/// Each has its own, so that a part which waits for an operation never begins another part: the
/// automatic differentiation holds a lock meanwhile.
#[derive(Debug)]
pub(crate) struct Workers {
    pools: Vec<ThreadPool>,
}

impl Workers {
    /// Shares the current pool's number of threads among `parts` workers.
    pub(crate) fn new(parts: usize) -> Self {
        let threads = rayon::current_num_threads();
        let count = parts.min(threads);
        let pools = (0..count).filter_map(|i| {
            let share = (i + 1) * threads / count - i * threads / count;
            // A machine that refuses threads gets its results from the caller's.
            ThreadPoolBuilder::new().num_threads(share).build().ok()
        });
        Self { pools: if count > 1 { pools.collect() } else { Vec::new() } }
    }

    /// The results of `f`, in the order of the inputs.
    ///
    /// # Panics
    /// If `f` does.
    pub(crate) fn map<I: Send, T: Send>(
        &self,
        inputs: Vec<I>,
        f: impl Fn(I) -> T + Sync,
    ) -> Vec<T> {
        if inputs.len() == 1 || self.pools.is_empty() {
            return inputs.into_iter().map(f).collect();
        }
        let mut results: Vec<Option<T>> = inputs.iter().map(|_| None).collect();
        let work = Mutex::new(inputs.into_iter().zip(&mut results));
        let next = || work.lock().expect("the holder of the lock does not panic").next();
        thread::scope(|scope| {
            for pool in &self.pools {
                scope.spawn(|| {
                    while let Some((input, result)) = next() {
                        *result = Some(pool.install(|| f(input)));
                    }
                });
            }
        });
        drop(work);
        results.into_iter().map(|result| result.expect("every input was taken")).collect()
    }
}

/// The same weights as the leaves of another graph, which can be differentiated on its own.
pub(crate) fn separate<M: Module>(module: &M) -> M {
    module.clone().map(&mut NewLeaves)
}

struct NewLeaves;

impl ModuleMapper for NewLeaves {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|old| {
            let tracked = old.is_require_grad();
            Tensor::from_inner(old.inner()).set_require_grad(tracked)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device;

    #[test]
    fn every_row_is_in_one_part() {
        for rows in [1, 2, 15, 31, 32, 50, 64, 129, 1000] {
            let parts = cut(rows, 16, &device::cpu());
            assert!(parts.len() <= MOST_PARTS);
            assert!(parts.len() == 1 || parts.iter().all(|part| part.len() >= 16));
            assert!(parts.into_iter().flatten().eq(0..rows), "{rows} rows");
        }
    }

    #[test]
    fn results_come_in_the_order_of_the_inputs() {
        for threads in [1, 2, 5] {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let workers = pool.install(|| Workers::new(3));
            let squares = workers.map((0..20).collect(), |i| i * i);
            assert_eq!(squares, (0..20).map(|i| i * i).collect::<Vec<_>>());
        }
    }
}
