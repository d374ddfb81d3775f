//! Groups of similar pictures, for data without classes.

use ancestral::noise::{Purpose, Streams};
use rayon::prelude::*;

use crate::data_order::unit;
use crate::{TrainError, TrainingSet};

/// Pictures are compared as means over cells of at most so many a side.
const CELLS: usize = 8;
/// The groups are found among at most so many rows.
const MOST_ROWS: usize = 20_000;
/// How often their centres are moved at the most.
const ROUNDS: usize = 25;
/// A group has so many rows, or is joined to others: one of its own would be learned by heart.
const LEAST: usize = 16;

impl TrainingSet {
    /// The same pictures, with at most so many groups of similar ones instead of classes.
    ///
    /// A network that is conditioned on the group has less to guess in deep noise, and learns
    /// more from as much time. Samples are drawn of each group as often as the data are of it. Data
    /// that have labels, and fewer than two groups, are left as they are.
    ///
    /// # Formula
    /// k-means over the means of cells of the picture, 8 × 8 of each channel: rows of a group are
    /// nearer to its mean than to that of any other. It begins with rows that are drawn one after the
    /// other, each as likely as its squared distance to those before is large.
    /// # Numerics
    /// It follows from the rows and the seed alone, bit for bit. With more than 20 000 rows, groups are
    /// found among as many, evenly spread.
    /// # Source
    /// Bao et al. 2022, arXiv:2212.00362, and Hu et al. 2023, arXiv:2210.06462, for diffusion;
    /// Arthur and Vassilvitskii 2007 (k-means++) for the start.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn with_groups(self, groups: usize, seed: u64) -> Result<Self, TrainError> {
        let &[channels, height, width] = self.shape() else { return Ok(self) };
        if groups < 2 || self.labels().is_some() {
            return Ok(self);
        }
        let cells = |row: usize| Ok(cells(&self.row(row)?, [channels, height, width]));
        let features: Result<Vec<Vec<f32>>, TrainError> =
            (0..self.len()).into_par_iter().map(cells).collect();
        let features = features?;
        let stride = self.len().div_ceil(MOST_ROWS);
        let some: Vec<&[f32]> = features.iter().step_by(stride).map(Vec::as_slice).collect();
        let mut centres = started(&some, groups, seed);
        for _ in 0..ROUNDS {
            let nearest = all_nearest(&some, &centres);
            let moved = means(&some, &nearest, &centres);
            if moved == centres {
                break;
            }
            centres = moved;
        }
        let all: Vec<&[f32]> = features.iter().map(Vec::as_slice).collect();
        let sizes = sizes(&all_nearest(&all, &centres), centres.len());
        let is_large = |i: usize| sizes[i] >= LEAST.min(self.len());
        let centres: Vec<_> = centres
            .iter()
            .enumerate()
            .filter(|(i, _)| is_large(*i))
            .map(|(_, c)| c.clone())
            .collect();
        if centres.len() < 2 {
            return Ok(self);
        }
        let labels = all_nearest(&all, &centres);
        Ok(self.with_group_labels(labels, centres.len(), groups))
    }
}

/// The mean of each cell of each channel.
fn cells(row: &[f32], [channels, height, width]: [usize; 3]) -> Vec<f32> {
    let [down, across] = [height, width].map(|side| side.min(CELLS));
    let range = |i: usize, side: usize, cells: usize| i * side / cells..(i + 1) * side / cells;
    let mut means = Vec::with_capacity(channels * down * across);
    for plane in row.chunks_exact(height * width) {
        for i in 0..down {
            for j in 0..across {
                let (lines, columns) = (range(i, height, down), range(j, width, across));
                let count = lines.len() * columns.len();
                let sum: f32 =
                    lines.map(|y| plane[y * width..][columns.clone()].iter().sum::<f32>()).sum();
                means.push(sum / count as f32);
            }
        }
    }
    means
}

/// The initial centres; fewer than requested if there are fewer different rows.
fn started(rows: &[&[f32]], groups: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut rng = Streams::new(seed, Purpose::Groups).rng(0, 0);
    let mut centres = vec![rows[0].to_vec()];
    let mut distances: Vec<f64> = vec![f64::INFINITY; rows.len()];
    while centres.len() < groups {
        let last = centres.last().expect("at least one").as_slice();
        distances.par_iter_mut().zip(rows).for_each(|(distance, row)| {
            *distance = distance.min(f64::from(squared_distance(row, last)));
        });
        let mut left = unit(&mut rng) * distances.iter().sum::<f64>();
        let chosen = distances.iter().position(|distance| {
            left -= distance;
            left < 0.0
        });
        let Some(chosen) = chosen else { break };
        centres.push(rows[chosen].to_vec());
    }
    centres
}

/// In eight sums side by side, which a processor adds at once.
pub(crate) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0_f32; 8];
    for (a, b) in a.iter().zip(b) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += (a - b) * (a - b);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| (a - b) * (a - b));
    sums.iter().copied().chain(rest).sum()
}

/// The centre that is nearest to each row.
fn all_nearest(rows: &[&[f32]], centres: &[Vec<f32>]) -> Vec<u32> {
    let nearest = |row: &&[f32]| {
        let distances = centres.iter().map(|centre| squared_distance(row, centre));
        let nearest = (0_u32..).zip(distances).min_by(|a, b| a.1.total_cmp(&b.1));
        nearest.expect("at least one centre").0
    };
    rows.par_iter().map(nearest).collect()
}

fn sizes(nearest: &[u32], groups: usize) -> Vec<usize> {
    let mut sizes = vec![0; groups];
    for group in nearest {
        sizes[*group as usize] += 1;
    }
    sizes
}

/// The mean of the rows of each group; a group without rows stays where it is.
#[expect(clippy::cast_possible_truncation, reason = "means are kept as rows are")]
fn means(rows: &[&[f32]], nearest: &[u32], centres: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let mut sums = vec![vec![0.0_f64; centres[0].len()]; centres.len()];
    for (row, group) in rows.iter().zip(nearest) {
        for (sum, value) in sums[*group as usize].iter_mut().zip(*row) {
            *sum += f64::from(*value);
        }
    }
    let sizes = sizes(nearest, centres.len());
    let mean = |((sum, size), centre): ((Vec<f64>, usize), &Vec<f32>)| match size {
        0 => centre.clone(),
        size => sum.iter().map(|sum| (sum / size as f64) as f32).collect(),
    };
    sums.into_iter().zip(sizes).zip(centres).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of 16 × 16 in three heaps: a bright corner each, and a little of their own.
    fn heaps(count: usize) -> TrainingSet {
        let mut values = Vec::new();
        for i in 0..count {
            let mut row = vec![-1.0_f32; 256];
            let (y, x) = [(0, 0), (0, 8), (8, 8)][i % 3];
            (0..64).for_each(|k| row[(y + k / 8) * 16 + x + k % 8] = 1.0);
            row[i % 256] += 0.3;
            values.extend(row);
        }
        TrainingSet::new(vec![1, 16, 16], values).unwrap()
    }

    #[test]
    fn heaps_are_found() {
        for seed in 0..5 {
            let set = heaps(120).with_groups(3, seed).unwrap();
            let labels = set.labels().unwrap();
            assert!((3..120).all(|i| labels[i] == labels[i % 3]), "seed {seed}");
            assert_eq!((set.groups(), set.class_counts()), (3, Some(vec![40; 3])));
        }
    }

    #[test]
    fn groups_have_many_rows_or_are_none() {
        // 30 rows: three heaps of 10 are joined.
        assert_eq!(heaps(30).with_groups(3, 0), Ok(heaps(30)));
        // One row unlike all others is not a group either.
        let mut values = heaps(120).row(0).unwrap().repeat(60);
        values.extend(heaps(120).row(1).unwrap().repeat(60));
        values.extend(vec![1.0; 256]);
        let set = TrainingSet::new(vec![1, 16, 16], values).unwrap().with_groups(3, 0).unwrap();
        let counts = set.class_counts().unwrap();
        assert_eq!((counts.len(), counts.iter().sum::<u64>()), (2, 121));
        // By the number that was looked for, the same are found again.
        assert_eq!(set.groups(), 3);
    }

    #[test]
    fn labels_points_and_few_different_rows_stay() {
        let labelled = heaps(60).with_labels(vec![0; 60], 1).unwrap();
        assert_eq!(labelled.clone().with_groups(3, 0), Ok(labelled));
        let points = TrainingSet::new(vec![2], vec![0.5; 80]).unwrap();
        assert_eq!(points.clone().with_groups(3, 0), Ok(points));
        let equal = TrainingSet::new(vec![1, 4, 4], vec![0.5; 16 * 50]).unwrap();
        assert_eq!(equal.clone().with_groups(3, 0), Ok(equal));
    }

    #[test]
    fn cells_are_means_by_hand() {
        let row: Vec<f32> = (0..20 * 9).map(|i| (i / 9) as f32).collect();
        let found = cells(&row, [1, 20, 9]);
        assert_eq!(found.len(), 64);
        // Lines 0 and 1, then 2 to 4.
        assert_eq!((found[0], found[8]), (0.5, 3.0));
        assert_eq!(cells(&[1.0, 2.0, 3.0, 4.0], [2, 1, 2]), [1.0, 2.0, 3.0, 4.0]);
    }
}
