//! What a page is about: the rows of a data set, as the exact denoiser takes them.

use ancestral::Batch;
use ancestral_data::{Column, ColumnKind, Columns, Dataset, Number};
use thiserror::Error;

/// The most rows of points and of pictures: the exact denoiser compares every particle with every row at
/// each of thousands of hops, and the page holds them all.
const MOST_POINTS: usize = 300;
const MOST_PICTURES: usize = 500;
/// The most values of a picture. A page under 2 MB has no room for the runs of larger ones.
const MOST_VALUES: usize = 200;

/// The data set that a page explains.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) rows: Batch<f64>,
    pub(crate) notice: Option<String>,
}

/// The kind of a subject's rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Points of the plane.
    Points {
        /// The names of x and y.
        columns: [String; 2],
    },
    /// Pictures, `[channels, height, width]`.
    Pictures([usize; 3]),
}

/// A data set that no page can show.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum SubjectError {
    /// A table that has no two columns for the plane.
    #[error(
        "{name}: expected two columns of numbers, which become x and y; found {}",
        found_columns(columns)
    )]
    NoPlane {
        /// The name of the data.
        name: String,
        /// The columns of that kind.
        columns: Vec<String>,
    },
    /// Neither a table nor pictures.
    #[error(
        "{name} has rows of shape {shape:?}: expected pictures of 1 or 3 channels, or a table of two \
         columns or more"
    )]
    Shape {
        /// The name of the data.
        name: String,
        /// The shape of a row.
        shape: Vec<usize>,
    },
}

impl Subject {
    /// The data set called `name`; `columns` if it is a table. Of a long table or a large set of pictures
    /// some rows are taken, at equal distances; of a table its first two columns of numbers, where both are
    /// given; large pictures are made smaller. [`notice`](Self::notice) reports it.
    ///
    /// # Errors
    /// If the rows are neither points nor pictures.
    pub fn new(
        name: &str,
        data: &Dataset,
        columns: Option<&Columns>,
    ) -> Result<Self, SubjectError> {
        match columns {
            Some(columns) => Self::points(name, data, columns),
            None => Self::pictures(name, data),
        }
    }

    fn points(name: &str, data: &Dataset, columns: &Columns) -> Result<Self, SubjectError> {
        let axes: Vec<Axis<'_>> = Axis::all(columns);
        let [x, y, ..] = &axes[..] else {
            let columns = axes.iter().map(|axis| axis.column.name().to_owned()).collect();
            return Err(SubjectError::NoPlane { name: name.to_owned(), columns });
        };
        let point = |i| Some([x.place(data.row(i))?, y.place(data.row(i))?]);
        let points: Vec<[f64; 2]> = (0..data.len()).filter_map(point).collect();
        let holes = data.len() - points.len();
        if points.is_empty() {
            return Err(SubjectError::NoPlane { name: name.to_owned(), columns: Vec::new() });
        }
        let (taken, fewer) = thinned(points.len(), MOST_POINTS, "rows");
        let rows = Batch::new(vec![2], taken.into_iter().flat_map(|i| points[i]).collect());
        let names = [x, y].map(|axis| axis.column.name().to_owned());
        let without =
            (holes > 0).then(|| format!("rows without one of the two are left out: {holes}"));
        let others = (columns.len() > 2).then(|| {
            format!("of its {} columns the page shows {} and {}", columns.len(), names[0], names[1])
        });
        let kind = Kind::Points { columns: names };
        let notice = joined([fewer, others, without]);
        Ok(Self { name: name.to_owned(), kind, rows, notice })
    }

    fn pictures(name: &str, data: &Dataset) -> Result<Self, SubjectError> {
        let &[channels @ (1 | 3), height, width] = data.shape() else {
            let (name, shape) = (name.to_owned(), data.shape().to_vec());
            return Err(SubjectError::Shape { name, shape });
        };
        let (taken, fewer) = thinned(data.len(), MOST_PICTURES, "pictures");
        let factor = shrinking(channels, height, width);
        let size = [channels, height.div_ceil(factor), width.div_ceil(factor)];
        let shape = [channels, height, width];
        let values = taken.into_iter().flat_map(|i| shrunk(data.row(i), shape, factor));
        let rows = Batch::new(size.to_vec(), values.collect());
        let smaller = (factor > 1)
            .then(|| format!("the pictures are reduced to {} x {} pixels", size[1], size[2]));
        let kind = Kind::Pictures(size);
        Ok(Self { name: name.to_owned(), kind, rows, notice: joined([fewer, smaller, None]) })
    }

    /// What was left out of the data, if anything was.
    #[must_use]
    pub fn notice(&self) -> Option<&str> {
        self.notice.as_deref()
    }

    /// Its rows, in model space.
    #[must_use]
    pub fn rows(&self) -> &Batch<f64> {
        &self.rows
    }
}

/// A column of numbers as an axis.
struct Axis<'a> {
    column: &'a Column,
    /// Where it begins in a row.
    start: usize,
    /// The same numbers without holes, and without values that have a mass of their own.
    plain: Column,
}

impl<'a> Axis<'a> {
    /// The columns that can be one.
    fn all(columns: &'a Columns) -> Vec<Self> {
        let axis = |(column, start): (&'a Column, usize)| {
            let ColumnKind::Number(number) = column.kind() else { return None };
            let (name, scale) = (column.name(), number.scale().clone());
            let plain = Number::new(name, scale, number.decimals(), [None; 2], vec![], vec![1.0]);
            let plain = Column::new(name, ColumnKind::Number(plain.ok()?), None).ok()?;
            Some(Self { column, start, plain })
        };
        columns.as_slice().iter().zip(columns.starts()).filter_map(axis).collect()
    }

    /// Where a row is, in model space; `None` if its cell is empty.
    fn place(&self, row: &[f32]) -> Option<f64> {
        let cell = &row[self.start..self.start + self.column.width()];
        if self.column.is_line() {
            return Some(f64::from(cell[0]));
        }
        let value = self.column.decode(cell);
        let mut place = Vec::new();
        self.plain.encode(value, &mut place);
        (!value.is_nan()).then(|| f64::from(place[0]))
    }
}

fn found_columns(columns: &[String]) -> String {
    if columns.is_empty() { "none".to_owned() } else { format!("{:?} alone", columns.concat()) }
}

/// At most `most` of `count` rows, at equal distances, and what there is to report of it.
fn thinned(count: usize, most: usize, rows: &str) -> (Vec<usize>, Option<String>) {
    if count <= most {
        return ((0..count).collect(), None);
    }
    let taken = (0..most).map(|i| i * count / most).collect();
    (taken, Some(format!("the page takes {most} of its {count} {rows}")))
}

/// By how much pictures are made smaller, each way.
fn shrinking(channels: usize, height: usize, width: usize) -> usize {
    let values = |factor: usize| channels * height.div_ceil(factor) * width.div_ceil(factor);
    (1..=height.max(width))
        .find(|factor| values(*factor) <= MOST_VALUES)
        .expect("one pixel is small enough")
}

/// A picture with each block of `factor` x `factor` pixels averaged to one.
fn shrunk(row: &[f32], [channels, height, width]: [usize; 3], factor: usize) -> Vec<f64> {
    let mut values = Vec::new();
    for channel in 0..channels {
        for top in (0..height).step_by(factor) {
            for left in (0..width).step_by(factor) {
                let (bottom, right) = (height.min(top + factor), width.min(left + factor));
                let lines = (top..bottom).map(|y| (channel * height + y) * width);
                let block = lines.flat_map(|line| &row[line + left..line + right]);
                let (sum, count) = block
                    .fold((0.0, 0.0), |(sum, count), value| (sum + f64::from(*value), count + 1.0));
                values.push(sum / count);
            }
        }
    }
    values
}

fn joined(parts: [Option<String>; 3]) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ancestral_data::toy;

    fn table(name: &str, names: &[&str], values: &[f64]) -> Result<Subject, SubjectError> {
        let columns = Columns::fit(names, values).unwrap();
        let rows = columns.to_model_rows(values);
        Subject::new(name, &Dataset::new(vec![names.len()], rows).unwrap(), Some(&columns))
    }

    #[test]
    fn a_long_table_gives_rows_at_equal_distances() {
        let (data, columns) = toy("moons").unwrap().table(1500, 0).unwrap().into_parts();
        let subject = Subject::new("moons", &data, Some(&columns)).unwrap();
        assert_eq!(subject.rows.rows(), 300);
        assert_eq!(
            subject.rows.row(2),
            data.row(10).iter().map(|x| f64::from(*x)).collect::<Vec<_>>()
        );
        assert_eq!(subject.notice(), Some("the page takes 300 of its 1500 rows"));
    }

    #[test]
    fn of_a_wide_table_two_columns_are_shown() {
        let subject =
            table("people.csv", &["a", "b", "c"], &[1.0, 2.0, 3.0, 4.0, 7.0, 9.0]).unwrap();
        assert_eq!(subject.rows.row_shape(), [2]);
        assert_eq!(subject.notice(), Some("of its 3 columns the page shows a and b"));
    }

    #[test]
    fn categories_are_no_axes_and_rows_with_holes_no_points() {
        // Two values in ten rows each are a category; a third of the amounts are 0, and have a mass.
        let amount = |i: u32| if i.is_multiple_of(3) { 0.0 } else { f64::from(i * i) };
        let hole = |i: u32| if i == 4 { f64::NAN } else { f64::from(i) + 0.5 };
        let rows: Vec<f64> = (0..60)
            .flat_map(|i| [f64::from(i % 2), amount(i), hole(i), f64::from(i) * 1.5])
            .collect();
        let columns = Columns::fit(&["kind", "amount", "a", "b"], &rows).unwrap();
        let data = Dataset::new(vec![columns.width()], columns.to_model_rows(&rows)).unwrap();
        let subject = Subject::new("t.csv", &data, Some(&columns)).unwrap();
        assert_eq!(subject.kind, Kind::Points { columns: ["amount", "a"].map(str::to_owned) });
        let notice = "of its 4 columns the page shows amount and a; rows without one of the two are left out: 1";
        assert_eq!((subject.rows.rows(), subject.notice()), (59, Some(notice)));
        // The scale is that of the amounts above 0: 3481 is the largest, and 0 is below all others.
        let amounts: Vec<f64> = subject.rows.iter_rows().map(|row| row[0]).collect();
        assert!(amounts[0] == amounts[3] && amounts[0] < amounts[1] && amounts[1] < amounts[2]);
        assert!(amounts.iter().all(|amount| *amount <= amounts[58]));
    }

    #[test]
    fn a_single_column_is_refused_by_its_name() {
        let error = table("ages.csv", &["age"], &[1.0, 2.0]).unwrap_err();
        let message =
            "ages.csv: expected two columns of numbers, which become x and y; found \"age\" alone";
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn large_pictures_are_averaged_over_blocks() {
        // 3 x 40 x 32 pixels: blocks of 5 give 3 x 8 x 7 values, the last ones of 2 columns.
        let value = |i: usize| if i % 32 < 4 || i % 32 == 31 { 1.0 } else { -1.0 };
        let rows = (0..3 * 40 * 32).map(value).collect();
        let data = Dataset::new(vec![3, 40, 32], rows).unwrap();
        let subject = Subject::new("photos", &data, None).unwrap();
        assert_eq!(subject.kind, Kind::Pictures([3, 8, 7]));
        assert_eq!(subject.rows.row(0)[..7], [0.6, -1.0, -1.0, -1.0, -1.0, -1.0, 0.0]);
        assert_eq!(subject.notice(), Some("the pictures are reduced to 8 x 7 pixels"));
    }

    #[test]
    fn other_shapes_are_refused() {
        let data = Dataset::new(vec![2, 4, 4], vec![0.0; 32]).unwrap();
        assert!(matches!(Subject::new("x", &data, None), Err(SubjectError::Shape { .. })));
    }
}
