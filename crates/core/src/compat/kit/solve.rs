//! Small systems of linear equations in f32.

/// The solution of `rows x = right`, by Gauss's elimination with the largest pivot of a column.
pub(in crate::compat) fn solve(mut rows: Vec<Vec<f32>>, mut right: Vec<f32>) -> Vec<f32> {
    let count = right.len();
    for column in 0..count {
        let larger = |a: &usize, b: &usize| {
            rows[*a][column].abs().total_cmp(&rows[*b][column].abs()).then(b.cmp(a))
        };
        let pivot = (column..count).max_by(larger).unwrap_or(column);
        rows.swap(column, pivot);
        right.swap(column, pivot);
        let above = rows[column].clone();
        for row in column + 1..count {
            let factor = rows[row][column] / above[column];
            for (value, above) in std::iter::zip(&mut rows[row], &above) {
                *value -= factor * above;
            }
            right[row] -= factor * right[column];
        }
    }
    for row in (0..count).rev() {
        let known: f32 = (row + 1..count).map(|at| rows[row][at] * right[at]).sum();
        right[row] = (right[row] - known) / rows[row][row];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_that_needs_its_rows_swapped() {
        let rows = vec![vec![0.0, 2.0, 1.0], vec![1.0, 1.0, 1.0], vec![4.0, -2.0, 0.0]];
        assert_eq!(solve(rows, vec![7.0, 6.0, 0.0]), [1.0, 2.0, 3.0]);
    }
}
