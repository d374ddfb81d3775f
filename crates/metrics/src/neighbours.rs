//! Nearest neighbours, exactly.

use crate::pairs::{Bounds, Fold, fold_pairs};
use crate::rows::{check, squared_distance};
use crate::{MetricError, Rows};

/// One neighbour of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Its index in the set that was searched.
    pub index: usize,
    /// Its Euclidean distance: 0 for an exact copy alone.
    pub distance: f64,
}

/// The `k` nearest rows of `set` for each row of `queries`, nearest first; of equally near rows the
/// one with the smaller index is first.
///
/// # Numerics
/// The distances of candidates from a matrix product in f32 are computed again in f64, so neighbours
/// and distances are exact to f64, and the same for any number of threads.
/// [`Work::neighbours`](crate::Work::neighbours) estimates the time.
///
/// # Errors
/// [`MetricError`] if the rows differ in length, or `k` is 0 or more than the rows of `set`.
///
/// # Example
/// ```
/// use ancestral_metrics::{Rows, nearest};
///
/// let set = Rows::new(&[0.0, 5.0, 2.0], 1)?;
/// let found = nearest(Rows::new(&[4.0], 1)?, set, 2)?;
/// let found: Vec<_> = found[0].iter().map(|n| (n.index, n.distance)).collect();
/// assert_eq!(found, [(1, 1.0), (2, 2.0)]);
/// # Ok::<(), ancestral_metrics::MetricError>(())
/// ```
pub fn nearest(queries: Rows, set: Rows, k: usize) -> Result<Vec<Vec<Neighbour>>, MetricError> {
    check(&queries, &set, 1)?;
    if k == 0 || k > set.count() {
        return Err(MetricError::Rows { found: set.count(), least: k.max(1) });
    }
    Ok(fold_pairs(queries, set, &Nearest { queries, set, k, is_own: false }))
}

/// The `k` nearest *other* rows of the same set for each of its rows: a row is not its own neighbour,
/// an equal row is.
///
/// # Errors
/// [`MetricError::Neighbours`] if `k` is 0, or there are not more than `k` rows.
pub fn nearest_others(set: Rows, k: usize) -> Result<Vec<Vec<Neighbour>>, MetricError> {
    if k == 0 || k >= set.count() {
        return Err(MetricError::Neighbours { k, rows: set.count() });
    }
    Ok(fold_pairs(set, set, &Nearest { queries: set, set, k, is_own: true }))
}

struct Nearest<'a> {
    queries: Rows<'a>,
    set: Rows<'a>,
    k: usize,
    /// Whether the queries are the set, each without itself.
    is_own: bool,
}

#[derive(Clone, Copy)]
struct Candidate {
    index: usize,
    squared: Bounds,
}

struct Candidates {
    list: Vec<Candidate>,
    /// At least `k` rows are this near.
    limit: f64,
}

impl Nearest<'_> {
    fn most(&self) -> usize {
        4 * self.k + 64
    }

    /// Drops what is further away than `k` others.
    fn shrink(&self, candidates: &mut Candidates, query: usize) {
        candidates.cut(self.k);
        if 2 * candidates.list.len() > self.most() {
            self.resolve(candidates, query);
        }
    }

    /// Leaves the `k` nearest, by their exact distances.
    fn resolve(&self, candidates: &mut Candidates, query: usize) {
        for Candidate { index, squared } in &mut candidates.list {
            // What was resolved before is exact.
            if squared.low != squared.high {
                let exact = squared_distance(self.queries.row(query), self.set.row(*index));
                *squared = Bounds { low: exact, high: exact };
            }
        }
        let by_distance = |a: &Candidate, b: &Candidate| {
            a.squared.low.total_cmp(&b.squared.low).then(a.index.cmp(&b.index))
        };
        candidates.list.sort_unstable_by(by_distance);
        candidates.list.truncate(self.k);
        if let [.., last] = candidates.list[..]
            && candidates.list.len() == self.k
        {
            candidates.limit = last.squared.high;
        }
    }
}

impl Candidates {
    fn cut(&mut self, k: usize) {
        let mut highs: Vec<f64> = self.list.iter().map(|c| c.squared.high).collect();
        let (_, &mut limit, _) = highs.select_nth_unstable_by(k - 1, f64::total_cmp);
        self.limit = self.limit.min(limit);
        self.list.retain(|candidate| candidate.squared.low <= self.limit);
    }
}

impl Fold for Nearest<'_> {
    type State = Candidates;
    type Output = Vec<Neighbour>;

    fn start(&self) -> Candidates {
        Candidates { list: Vec::new(), limit: f64::INFINITY }
    }

    fn see(&self, candidates: &mut Candidates, query: usize, other: usize, squared: Bounds) {
        if squared.low > candidates.limit || (self.is_own && query == other) {
            return;
        }
        candidates.list.push(Candidate { index: other, squared });
        if candidates.list.len() == self.most() {
            self.shrink(candidates, query);
        }
    }

    fn finish(&self, mut candidates: Candidates, query: usize) -> Vec<Neighbour> {
        candidates.cut(self.k);
        self.resolve(&mut candidates, query);
        let neighbour = |c: Candidate| Neighbour { index: c.index, distance: c.squared.low.sqrt() };
        candidates.list.into_iter().map(neighbour).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::normals;

    /// Without a matrix product.
    fn by_hand(queries: Rows, set: Rows, k: usize, is_own: bool) -> Vec<Vec<Neighbour>> {
        let of = |query: usize| {
            let mut all: Vec<Neighbour> = (0..set.count())
                .filter(|&index| !is_own || index != query)
                .map(|index| {
                    let squared = squared_distance(queries.row(query), set.row(index));
                    Neighbour { index, distance: squared.sqrt() }
                })
                .collect();
            all.sort_by(|a, b| a.distance.total_cmp(&b.distance));
            all.truncate(k);
            all
        };
        (0..queries.count()).map(of).collect()
    }

    #[test]
    fn they_are_those_of_a_full_search() {
        let (a, mut b) = (normals(1, 60 * 12), normals(2, 1100 * 12));
        // Copies, and rows that f32 products cannot tell apart.
        b[12_000..12_024].copy_from_slice(&a[..24]);
        b[12_024..12_048].copy_from_slice(&a[..24]);
        b[12_024] += 1e-6;
        let (a, b) = (Rows::new(&a, 12).unwrap(), Rows::new(&b, 12).unwrap());
        for k in [1, 3, 100, 1100] {
            assert_eq!(nearest(a, b, k).unwrap(), by_hand(a, b, k, false));
        }
        assert_eq!(nearest_others(b, 5).unwrap(), by_hand(b, b, 5, true));
        assert_eq!(nearest(a, b, 1).unwrap()[1][0], Neighbour { index: 1001, distance: 0.0 });
    }

    #[test]
    fn many_equal_rows_are_taken_in_order() {
        let set = vec![1.0; 3 * 2000];
        let set = Rows::new(&set, 3).unwrap();
        let found = nearest_others(set, 2).unwrap();
        let index = |row: usize| [found[row][0].index, found[row][1].index];
        assert_eq!([index(0), index(1), index(1999)], [[1, 2], [0, 2], [0, 1]]);
        assert!(found.iter().flatten().all(|neighbour| neighbour.distance == 0.0));
    }

    #[test]
    fn as_many_neighbours_as_rows_are_refused() {
        let set = Rows::new(&[1.0, 2.0, 3.0], 1).unwrap();
        for k in [0, 3, 4] {
            assert_eq!(nearest_others(set, k), Err(MetricError::Neighbours { k, rows: 3 }));
        }
        assert!(nearest(set, set, 0).is_err() && nearest(set, set, 4).is_err());
    }

    #[test]
    fn threads_change_nothing() {
        let (a, b) = (normals(3, 200 * 6), normals(4, 700 * 6));
        let (a, b) = (Rows::new(&a, 6).unwrap(), Rows::new(&b, 6).unwrap());
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| nearest(a, b, 4).unwrap())
        };
        assert_eq!(with(1), with(3));
    }
}
