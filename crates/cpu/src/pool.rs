//! Memory that is used again, and never much more of it than was needed at once.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::gemm::Packed;
use crate::tiles::Line;

/// How many times as large as needed something may be that is used again.
const WASTE: usize = 4;
/// Values from which on that counts.
const SMALL: usize = 4096;

/// What has room for values.
pub(crate) trait Room {
    /// So many.
    fn room(&self) -> usize;
}

impl Room for Vec<f32> {
    fn room(&self) -> usize {
        self.len()
    }
}

impl Room for Vec<Line> {
    fn room(&self) -> usize {
        self.len()
    }
}

impl Room for Packed {
    fn room(&self) -> usize {
        self.capacity()
    }
}

/// Pieces of memory of any size.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    state: Mutex<State<T>>,
    /// How many times as much as was ever in use at once may be free.
    slack: usize,
}

#[derive(Debug)]
struct State<T> {
    /// The longest free comes first.
    free: Vec<T>,
    /// Values that are free.
    spare: usize,
    /// Values in use, and the most there were.
    used: usize,
    most: usize,
}

impl<T> Pool<T> {
    /// One in which so many times as much may be free as was ever in use at once.
    pub(crate) const fn new(slack: usize) -> Self {
        let state = State { free: Vec::new(), spare: 0, used: 0, most: 0 };
        Self { state: Mutex::new(state), slack }
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Room> Pool<T> {
    /// The smallest piece that is free and has room for `length` values, unless it is many times as
    /// large; else a new one.
    pub(crate) fn take(&self, length: usize, new: impl FnOnce() -> T) -> T {
        let mut state = self.state();
        let fits = length..=(WASTE * length).max(SMALL);
        let sizes = state.free.iter().map(Room::room).enumerate();
        let best = sizes.filter(|(_, size)| fits.contains(size)).min_by_key(|(_, size)| *size);
        let found = best.map(|(at, _)| state.free.remove(at));
        state.spare -= found.as_ref().map_or(0, Room::room);
        state.used += found.as_ref().map_or(length, Room::room);
        state.most = state.most.max(state.used);
        drop(state);
        found.unwrap_or_else(new)
    }

    /// Gives a piece back. If more is free than may be, the longest free is given up.
    pub(crate) fn give(&self, piece: T) {
        let mut state = self.state();
        state.used = state.used.saturating_sub(piece.room());
        state.spare += piece.room();
        state.free.push(piece);
        while state.spare > self.slack * state.most {
            state.spare -= state.free.remove(0).room();
        }
    }

    /// Values that are free.
    pub(crate) fn free(&self) -> usize {
        self.state().spare
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_that_change_never_leave_more_than_twice_the_most() {
        let pool = Pool::new(1);
        for rows in (1..65).chain((1..65).rev()) {
            let pieces: Vec<Vec<f32>> = [1000, 3000, 1000]
                .map(|size| pool.take(size * rows, || vec![0.0; size * rows]))
                .into();
            assert!(pieces.iter().zip([1000, 3000, 1000]).all(|(p, size)| p.len() >= size * rows));
            for piece in pieces {
                pool.give(piece);
            }
        }
        let most = 64 * 5000;
        assert!(pool.free() <= 2 * most, "{}", pool.free());
    }

    #[test]
    fn equal_passes_take_nothing_new() {
        let pool = Pool::new(1);
        let mut made = 0;
        for _ in 0..3 {
            made = 0;
            let sizes = [50_000, 9, 4_000_000, 50_000, 100];
            let pieces = sizes.map(|size| {
                pool.take(size, || {
                    made += 1;
                    vec![0.0; size]
                })
            });
            for piece in pieces {
                pool.give(piece);
            }
        }
        assert_eq!(made, 0);
    }
}
