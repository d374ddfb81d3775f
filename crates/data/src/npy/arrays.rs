//! Arrays of any numbers, perhaps with labels.

use super::header::MAX_HEADER;
use super::number::{Number, NumberKind};
use super::words::Words;
use super::{Header, NpyError, checked_shape, strided};
use crate::counted::counted;
use crate::{Channels, Dataset, PictureSet, Table};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest ratio of the sides of a picture without an axis of channels.
const LONGEST: usize = 4;

/// An array of numbers as a file holds it, with a label for each row if there are labels.
///
/// # Example
/// ```no_run
/// let arrays = ancestral_data::read_arrays("digits.npz".as_ref())?;
/// println!("{}: shape {:?}", arrays.described(), arrays.shape());
/// let pictures = arrays.into_pictures()?;
/// # Ok::<(), ancestral_data::NpyError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Arrays {
    path: PathBuf,
    number: Number,
    shape: Vec<usize>,
    /// How far apart neighbours along each axis are stored, in numbers.
    strides: Vec<usize>,
    bytes: Vec<u8>,
    labels: Option<Vec<i64>>,
    /// The words that labels are the ranks of, if they are.
    words: Option<Vec<String>>,
    described: String,
}

impl Arrays {
    /// The length of each axis; empty for a single number.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// What the numbers are.
    #[must_use]
    pub fn kind(&self) -> NumberKind {
        self.number.kind()
    }

    /// The values in C order: as many as the product of the shape. Integers beyond 2⁵³ are
    /// rounded; false is 0, true 1.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.values_in_order(&self.shape, &self.strides)
    }

    /// The label of each row, as the file has it; of words, the rank among all of them.
    #[must_use]
    pub fn labels(&self) -> Option<&[i64]> {
        self.labels.as_deref()
    }

    /// Which file or entry the values are from, which the labels, and what was left out.
    #[must_use]
    pub fn described(&self) -> &str {
        &self.described
    }

    /// Whether the array is a table or a single column: one or two axes.
    #[must_use]
    pub fn is_rows(&self) -> bool {
        matches!(self.shape.len(), 1 | 2)
    }

    /// The array as pictures: `[n, h, w]`, no side more than four times the other; `[n, c, h, w]`, or
    /// else `[n, h, w, c]`, with 1, 3 or 4 channels. The class names are the distinct labels in
    /// ascending order.
    ///
    /// # Formula
    /// ```text
    /// bytes: (2 v − 255) / 255     words: (2 v − 65535) / 65535     bools: ±1     reals: v
    /// ```
    /// # Shapes
    /// A row is `[channels, height, width]`. Range: −1 to 1; reals are taken as they are.
    ///
    /// # Errors
    /// [`NpyError`] for another shape, for three axes that rather are signals, no picture at all, a value
    /// that is not finite or beyond f32, and integers other than uint8 and uint16, whose range nobody
    /// knows.
    pub fn into_pictures(self) -> Result<PictureSet, NpyError> {
        if self.kind() == NumberKind::Integers {
            return Err(NpyError::Range { path: self.path });
        }
        if let [n, channels, length] = self.shape[..]
            && channels.max(length) > LONGEST.saturating_mul(channels.min(length))
        {
            return Err(NpyError::Signals { path: self.path, shape: [n, channels, length] });
        }
        if let Some((position, value)) = self.too_large() {
            return Err(NpyError::TooLarge { path: self.path, value, position });
        }
        let Some((shape, axes, layout)) = layout(&self.shape) else {
            return Err(NpyError::NoPictures { path: self.path, shape: self.shape });
        };
        let strides: Vec<usize> =
            axes.iter().map(|axis| axis.map_or(0, |axis| self.strides[axis])).collect();
        let (kind, [n, c, h, w]) = (self.kind(), shape);
        let values = self.values_in_order(&shape, &strides);
        #[allow(clippy::cast_possible_truncation, reason = "model space is f32")]
        let values = values.map(|value| kind.in_model_space(value) as f32);
        // The iterator does not know its length, and growing would take twice the memory.
        let size = shape.into_iter().try_fold(1, usize::checked_mul);
        let mut rows = Vec::with_capacity(size.unwrap_or(0));
        rows.extend(values);
        let reals = if kind == NumberKind::Reals { range(&rows) } else { String::new() };
        let unsound = |source| NpyError::Dataset { path: self.path.clone(), source };
        let data = Dataset::new(vec![c, h, w], rows).map_err(unsound)?;
        let data = match self.classes() {
            Some((labels, names)) => data.with_labels(labels, names).map_err(unsound)?,
            None => data,
        };
        let decided = format!("{}, {} {layout}{reals}", self.described, counted(n, "picture"));
        Ok(PictureSet { data, decided, skipped: Vec::new(), left_out: Vec::new() })
    }

    /// Makes a table of these rows, `[n]` or `[n, columns]`, with the columns 1, 2, …, and the labels
    /// as [`into_pictures`](Self::into_pictures) has them. Also reports what was read as what.
    ///
    /// # Errors
    /// [`NpyError::Table`] if a value is not finite, or there are no rows or no columns.
    pub fn into_table(self) -> Result<(Table, String), NpyError> {
        let names: Vec<String> =
            (1..=self.shape.get(1).copied().unwrap_or(1)).map(|i| i.to_string()).collect();
        let rows: Vec<f64> = self.values().collect();
        let unfit = |source| NpyError::Table { path: self.path.clone(), source };
        let mut table = Table::new(&names, &rows).map_err(unfit)?;
        if let Some((labels, class_names)) = self.classes() {
            let unsound = |source| NpyError::Dataset { path: self.path.clone(), source };
            table = table.with_labels(labels, class_names).map_err(unsound)?;
        }
        let size = table.size();
        Ok((table, format!("{}, {size}", self.described)))
    }

    /// The first finite value that is beyond f32, and its place.
    #[allow(clippy::cast_possible_truncation, reason = "model space is f32")]
    fn too_large(&self) -> Option<(usize, f64)> {
        let is_lost = |value: f64| value.is_finite() && (value as f32).is_infinite();
        self.values().enumerate().find(|(_, value)| is_lost(*value))
    }

    pub(super) fn set_labels(&mut self, labels: Vec<i64>) {
        self.labels = Some(labels);
    }

    /// Sets the ranks of these words as labels, and the words as names of classes.
    pub(super) fn set_words(&mut self, words: &[String]) {
        let distinct: Vec<String> = BTreeSet::from_iter(words).into_iter().cloned().collect();
        let rank = |word: &String| distinct.partition_point(|known| known < word);
        let rank = |word| i64::try_from(rank(word)).expect("words that fit into memory");
        self.labels = Some(words.iter().map(rank).collect());
        self.words = Some(distinct);
    }

    /// The class of each row, and the names of the classes.
    fn classes(&self) -> Option<(Vec<u32>, Vec<String>)> {
        let (labels, names) = classes(self.labels.as_deref()?);
        Some((labels, self.words.clone().unwrap_or(names)))
    }

    pub(super) fn describe(&mut self, described: String) {
        self.described = described;
    }

    fn values_in_order(&self, shape: &[usize], strides: &[usize]) -> impl Iterator<Item = f64> {
        let width = self.number.width();
        let value = move |place| self.number.value(&self.bytes[place * width..][..width]);
        strided::places(shape, strides).map(value)
    }
}

/// `[n, c, h, w]`, the axis that each of them is (`None`: there is none), and the layout in words.
type Layout = ([usize; 4], [Option<usize>; 4], &'static str);

fn layout(shape: &[usize]) -> Option<Layout> {
    let are_channels = |axis| Channels::from_count(axis).is_some();
    match *shape {
        [n, h, w] => Some(([n, 1, h, w], [Some(0), None, Some(1), Some(2)], "[n, h, w]")),
        [n, c, h, w] if are_channels(c) => {
            Some(([n, c, h, w], [Some(0), Some(1), Some(2), Some(3)], "[n, c, h, w]"))
        }
        [n, h, w, c] if are_channels(c) => {
            Some(([n, c, h, w], [Some(0), Some(3), Some(1), Some(2)], "[n, h, w, c]"))
        }
        _ => None,
    }
}

/// Reals are taken as they are: whoever stored 0 to 255 should see it.
fn range(rows: &[f32]) -> String {
    let low = rows.iter().copied().fold(f32::INFINITY, f32::min);
    let high = rows.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    format!(", values as they are: {low} to {high}")
}

/// The rank of each label among the distinct labels, and these as names, ascending.
fn classes(labels: &[i64]) -> (Vec<u32>, Vec<String>) {
    let distinct: Vec<i64> = BTreeSet::from_iter(labels).into_iter().copied().collect();
    #[allow(clippy::cast_possible_truncation, reason = "fewer than 2^32 labels fit into memory")]
    let class = |label: &i64| distinct.partition_point(|known| known < label) as u32;
    (labels.iter().map(class).collect(), distinct.iter().map(i64::to_string).collect())
}

/// The header before the values.
pub(super) struct Head {
    header: Header,
    shape: Vec<usize>,
    /// The number of bytes of all values.
    len: usize,
    number: Option<Number>,
    words: Option<Words>,
}

impl Head {
    pub(super) fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub(super) fn number(&self) -> Option<Number> {
        self.number
    }

    pub(super) fn words(&self) -> Option<Words> {
        self.words
    }

    pub(super) fn descr(&self) -> &str {
        &self.header.descr
    }
}

/// Reads the header, and a little more: the bytes of values that came along.
pub(super) fn read_head(path: &Path, file: &mut impl Read) -> Result<(Head, Vec<u8>), NpyError> {
    let unreadable = |source| NpyError::Io { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    file.take(MAX_HEADER as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    let (header, rest) = Header::parse(path, &bytes)?;
    let (number, words) = (Number::from_descr(&header.descr), Words::from_descr(&header.descr));
    let width = number.map(Number::width).or(words.map(Words::width));
    let (shape, len) = checked_shape(path, &header, width.unwrap_or(1))?;
    Ok((Head { header, shape, len, number, words }, rest.to_vec()))
}

/// Reads an array of words, `None` if it is none.
pub(super) fn read_words(
    path: &Path,
    mut file: impl Read,
) -> Result<Option<Vec<String>>, NpyError> {
    let (head, bytes) = read_head(path, &mut file)?;
    let Some(words) = head.words else { return Ok(None) };
    let (_, bytes) = read_rest(path, head, bytes, file)?;
    Ok(Some(bytes.chunks_exact(words.width()).map(|bytes| words.text(bytes)).collect()))
}

/// Reads the bytes after `bytes`, of which there must be as many as the header states.
fn read_rest(
    path: &Path,
    head: Head,
    mut bytes: Vec<u8>,
    file: impl Read,
) -> Result<(Header, Vec<u8>), NpyError> {
    let unreadable = |source| NpyError::Io { path: path.to_owned(), source };
    let missing = (head.len as u64).saturating_add(1).saturating_sub(bytes.len() as u64);
    file.take(missing).read_to_end(&mut bytes).map_err(unreadable)?;
    let Head { header, shape, len: expected, .. } = head;
    let (path, found) = (path.to_owned(), bytes.len());
    if found < expected {
        return Err(NpyError::Length { path, shape, expected, found });
    }
    if found > expected {
        return Err(NpyError::TooLong { path, shape, expected });
    }
    Ok((header, bytes))
}

/// Reads one array, and no more bytes than its header states and one.
pub(super) fn read_one(path: &Path, mut file: impl Read) -> Result<Arrays, NpyError> {
    let (head, bytes) = read_head(path, &mut file)?;
    let Some(number) = head.number else {
        return Err(NpyError::NoNumbers { path: path.to_owned(), found: head.header.descr });
    };
    let (path, shape) = (path.to_owned(), head.shape.clone());
    let (header, bytes) = read_rest(&path, head, bytes, file)?;
    let strides = strided::strides(&shape, header.is_fortran);
    let described = path.display().to_string();
    Ok(Arrays { path, number, shape, strides, bytes, labels: None, words: None, described })
}
