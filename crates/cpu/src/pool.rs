//! Memory that is used again, and never much more of it than was needed at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gemm::Packed;
use crate::tiles::Line;

/// How many times as large as needed something may be that is used again.
const WASTE: usize = 4;
/// Values from which on that counts.
const SMALL: usize = 4096;

/// A piece of memory that a pool lends.
pub(crate) trait Piece {
    /// Values that it has room for.
    fn room(&self) -> usize;

    /// Notes how many values it is lent for.
    fn lend(&mut self, _length: usize) {}

    /// Values that are needed of it while it is lent: all, if it does not note how many.
    fn needed(&self) -> usize {
        self.room()
    }
}

impl Piece for Vec<Line> {
    fn room(&self) -> usize {
        self.len()
    }
}

impl Piece for Packed {
    fn room(&self) -> usize {
        self.capacity()
    }
}

/// Pieces of memory of any size.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    state: Mutex<State<T>>,
    /// How many times as much may be free as was ever needed at once.
    keep: f64,
}

#[derive(Debug)]
struct State<T> {
    /// The piece that has been free longest is first.
    free: Vec<T>,
    /// Values that are free.
    spare: usize,
    /// Values that are needed now, and the most that were.
    needed: usize,
    most: usize,
}

impl<T> Pool<T> {
    /// One in which so many times as much may be free as was ever needed at once.
    pub(crate) const fn new(keep: f64) -> Self {
        let state = State { free: Vec::new(), spare: 0, needed: 0, most: 0 };
        Self { state: Mutex::new(state), keep }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Piece> Pool<T> {
    /// The smallest piece that is free and has room for `length` values, unless it is many times as
    /// large; else a new one.
    ///
    /// A new piece takes the place of the largest that is free and too small: otherwise batches that
    /// grow would leave pieces of every size behind.
    pub(crate) fn take(&self, length: usize, new: impl FnOnce() -> T) -> T {
        let mut state = self.state();
        let fits = length..=(WASTE * length).max(SMALL);
        let rooms = || state.free.iter().map(Piece::room).enumerate();
        let best = rooms().filter(|(_, room)| fits.contains(room)).min_by_key(|(_, room)| *room);
        if let Some((at, _)) = best {
            let mut piece = state.remove(at);
            piece.lend(length);
            state.need(&piece);
            return piece;
        }
        let too_small = rooms().filter(|(_, room)| *room < length).max_by_key(|(_, room)| *room);
        let replaced = too_small.map(|(at, _)| state.remove(at));
        drop(state);
        drop(replaced);
        let mut piece = new();
        piece.lend(length);
        self.state().need(&piece);
        piece
    }

    /// Gives a piece back. If more is free than may be, the longest free is given up.
    pub(crate) fn give(&self, piece: T) {
        let mut state = self.state();
        state.needed -= piece.needed();
        state.spare += piece.room();
        state.free.push(piece);
        while state.spare as f64 > self.keep * state.most as f64 {
            state.remove(0);
        }
    }

    /// Values that are free.
    pub(crate) fn free(&self) -> usize {
        self.state().spare
    }
}

impl<T: Piece> State<T> {
    fn remove(&mut self, at: usize) -> T {
        let piece = self.free.remove(at);
        self.spare -= piece.room();
        piece
    }

    fn need(&mut self, piece: &T) {
        self.needed += piece.needed();
        self.most = self.most.max(self.needed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values in memory; only a part of them is needed.
    struct Part(Vec<f32>, usize);

    impl Piece for Part {
        fn room(&self) -> usize {
            self.0.len()
        }

        fn lend(&mut self, length: usize) {
            self.1 = length;
        }

        fn needed(&self) -> usize {
            self.1
        }
    }

    fn take(pool: &Pool<Part>, length: usize) -> Part {
        let part = pool.take(length, || Part(vec![0.0; length], 0));
        assert!(part.room() >= length && part.needed() == length);
        part
    }

    #[test]
    fn sizes_that_change_leave_no_more_than_may_be_kept_of_the_most() {
        let pool = Pool::new(1.25);
        for rows in (1..65).chain((1..65).rev()).chain([7, 50, 2, 33, 64, 5]) {
            let parts = [1000, 3000, 1000].map(|size| take(&pool, size * rows));
            for part in parts {
                pool.give(part);
            }
        }
        let most = 64 * 5000;
        assert!(pool.free() >= most && 4 * pool.free() <= 5 * most, "{}", pool.free());
    }

    #[test]
    fn a_new_piece_takes_the_place_of_one_that_is_too_small() {
        let pool = Pool::new(100.0);
        for length in [10_000, 11_000, 30_000] {
            let part = take(&pool, length);
            assert_eq!(part.room(), length);
            pool.give(part);
            assert_eq!(pool.free(), length);
        }
        // Far too large for this one, and kept.
        pool.give(take(&pool, 5000));
        assert_eq!(pool.free(), 35_000);
    }

    #[test]
    fn equal_passes_take_nothing_new() {
        let pool = Pool::new(1.25);
        let mut made = 0;
        for _ in 0..3 {
            made = 0;
            let sizes = [50_000, 9, 4_000_000, 50_000, 100];
            let pieces = sizes.map(|size| {
                pool.take(size, || {
                    made += 1;
                    Part(vec![0.0; size], 0)
                })
            });
            for piece in pieces {
                pool.give(piece);
            }
        }
        assert_eq!(made, 0);
    }
}
