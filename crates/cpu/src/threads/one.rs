//! What this crate calls of rayon, by its names, in one thread: iterators that are parallel there are plain here.

pub(crate) fn current_num_threads() -> usize {
    1
}

pub(crate) fn scope<T>(work: impl FnOnce(&()) -> T) -> T {
    work(&())
}

pub(crate) fn join<A, B>(first: impl FnOnce() -> A, second: impl FnOnce() -> B) -> (A, B) {
    (first(), second())
}

pub(crate) mod prelude {
    use std::slice::{Chunks, ChunksExact, ChunksExactMut, ChunksMut};

    pub(crate) trait IntoParallelIterator: IntoIterator + Sized {
        fn into_par_iter(self) -> Self::IntoIter {
            self.into_iter()
        }
    }

    impl<I: IntoIterator> IntoParallelIterator for I {}

    pub(crate) trait IndexedParallelIterator: Iterator + Sized {
        fn with_max_len(self, _most: usize) -> Self {
            self
        }
    }

    impl<I: Iterator> IndexedParallelIterator for I {}

    pub(crate) trait ParallelSlice<T> {
        fn par_chunks(&self, length: usize) -> Chunks<'_, T>;
        fn par_chunks_exact(&self, length: usize) -> ChunksExact<'_, T>;
    }

    impl<T> ParallelSlice<T> for [T] {
        fn par_chunks(&self, length: usize) -> Chunks<'_, T> {
            self.chunks(length)
        }

        fn par_chunks_exact(&self, length: usize) -> ChunksExact<'_, T> {
            self.chunks_exact(length)
        }
    }

    pub(crate) trait ParallelSliceMut<T> {
        fn par_chunks_mut(&mut self, length: usize) -> ChunksMut<'_, T>;
        fn par_chunks_exact_mut(&mut self, length: usize) -> ChunksExactMut<'_, T>;
    }

    impl<T> ParallelSliceMut<T> for [T] {
        fn par_chunks_mut(&mut self, length: usize) -> ChunksMut<'_, T> {
            self.chunks_mut(length)
        }

        fn par_chunks_exact_mut(&mut self, length: usize) -> ChunksExactMut<'_, T> {
            self.chunks_exact_mut(length)
        }
    }
}
