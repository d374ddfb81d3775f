//! Which arrays of an `.npz` archive are the values and the labels.

use super::arrays::{self, Arrays, Head};
use super::{NpyError, NumberKind};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use zip::ZipArchive;
use zip::result::ZipError;

/// Names of values and of labels; the first that is there is taken.
const VALUES: [&str; 5] = ["x", "images", "data", "samples", "arr_0"];
const LABELS: [&str; 7] = ["labels", "label", "y", "targets", "target", "classes", "class"];

/// An integer beyond this cannot be distinguished from its neighbours.
const LARGEST_LABEL: f64 = 9_007_199_254_740_992.0;

/// One array in the archive.
struct Entry {
    index: usize,
    name: String,
    /// The archive and the entry, for messages.
    path: PathBuf,
    head: Head,
}

/// Labels of rows.
enum Labels {
    Numbers(Vec<i64>),
    Words(Vec<String>),
}

type Archive = ZipArchive<BufReader<File>>;

/// Reads the values and, if there are any, their labels.
pub(super) fn read(path: &Path, file: File) -> Result<Arrays, NpyError> {
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|e| damaged(path, e))?;
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        entries.extend(probe(path, &mut archive, index)?);
    }
    let named_labels = named(&entries, &LABELS, Entry::holds_labels);
    let named_labels = named_labels.or_else(|| named(&entries, &LABELS, |_| entries.len() > 1));
    let others = || entries.iter().filter(|entry| !is_same(named_labels, entry));
    let only = || single(others()).or_else(|| single(others().filter(|e| !e.holds_labels())));
    let Some(values) = named(&entries, &VALUES, |_| true).or_else(only) else {
        return Err(NpyError::NoEntry { path: path.to_owned(), found: list(others()) });
    };
    let mut arrays = load(path, &mut archive, values)?;
    let rows = arrays.shape().first().copied().unwrap_or(1);
    let labels = labels(path, &mut archive, &entries, values, rows)?;
    let labelled = labels.as_ref().map(|(entry, _)| *entry);
    let unfit = named_labels.filter(|entry| labelled.is_none() && entry.index != values.index);
    let left_out = entries.iter().filter(|e| e.index != values.index && !is_same(labelled, e));
    let left_out: Vec<String> = left_out
        .map(|entry| match unfit.filter(|unfit| unfit.index == entry.index) {
            Some(_) => format!("{} ({})", entry.name, entry.why_no_labels()),
            None => entry.name.clone(),
        })
        .collect();
    let is_unsure = labelled.is_none() && values.beside(&entries, rows).next().is_some();
    let how = if is_unsure { " (labels of classes are named labels or y)" } else { "" };
    let parts = [
        Some(format!("{} of {}", values.name, path.display())),
        labelled.map(|entry| format!("labels from {}", entry.name)),
        (!left_out.is_empty()).then(|| format!("left out: {}{how}", left_out.join(", "))),
    ];
    match labels {
        Some((_, Labels::Numbers(labels))) => arrays.set_labels(labels),
        Some((_, Labels::Words(words))) => arrays.set_words(&words),
        None => {}
    }
    arrays.describe(parts.into_iter().flatten().collect::<Vec<_>>().join(", "));
    Ok(arrays)
}

/// The labels, and the array that they are: it is named so, or is the only one that may be.
fn labels<'a>(
    path: &Path,
    archive: &mut Archive,
    entries: &'a [Entry],
    values: &Entry,
    rows: usize,
) -> Result<Option<(&'a Entry, Labels)>, NpyError> {
    if let Some(entry) = named(entries, &LABELS, Entry::holds_labels) {
        let labels = read_labels(path, archive, entry, rows)?;
        return Ok(Some((entry, Labels::Numbers(labels))));
    }
    let is_other = |entry: &Entry| entry.index != values.index;
    if let Some(entry) = named(entries, &LABELS, is_other)
        && let Some(labels) = other_labels(path, archive, entry, rows)?
    {
        return Ok(Some((entry, labels)));
    }
    let Some(entry) = single(values.beside(entries, rows)) else { return Ok(None) };
    match read_labels(path, archive, entry, rows) {
        Err(NpyError::Label { .. }) => Ok(None),
        labels => {
            let labels = Some(labels?).filter(|labels| tell_classes_apart(labels));
            Ok(labels.map(|labels| (entry, Labels::Numbers(labels))))
        }
    }
}

/// Labels that are no integers: words, false and true, or rows with a single 1 (one-hot); `None` if the
/// array is nothing of that.
fn other_labels(
    path: &Path,
    archive: &mut Archive,
    entry: &Entry,
    rows: usize,
) -> Result<Option<Labels>, NpyError> {
    let shape = entry.head.shape();
    let is_single = matches!(shape, [_] | [_, 1]);
    if entry.head.words().is_some() && is_single {
        let words =
            read_words(path, archive, entry)?.filter(|words| !words.iter().any(String::is_empty));
        check_count(entry, shape[0], rows)?;
        return Ok(words.map(Labels::Words));
    }
    let Some(number) = entry.head.number() else { return Ok(None) };
    if number.kind() == NumberKind::Bools && is_single {
        return Ok(Some(Labels::Numbers(read_labels(path, archive, entry, rows)?)));
    }
    let &[count, width] = shape else { return Ok(None) };
    if width < 2 {
        return Ok(None);
    }
    let values: Vec<f64> = load(path, archive, entry)?.values().collect();
    let hot: Option<Vec<i64>> = values.chunks_exact(width).map(hot).collect();
    let Some(hot) = hot else { return Ok(None) };
    check_count(entry, count, rows)?;
    Ok(Some(Labels::Numbers(hot)))
}

/// The place of the 1 in a row of zeros.
fn hot(row: &[f64]) -> Option<i64> {
    let place = row.iter().position(|value| *value == 1.0)?;
    let is_single = row.iter().enumerate().all(|(i, value)| i == place || *value == 0.0);
    i64::try_from(place).ok().filter(|_| is_single)
}

fn check_count(entry: &Entry, labels: usize, rows: usize) -> Result<(), NpyError> {
    if labels == rows {
        return Ok(());
    }
    Err(NpyError::LabelCount { path: entry.path.clone(), labels, rows })
}

fn is_same(entry: Option<&Entry>, other: &Entry) -> bool {
    entry.is_some_and(|entry| entry.index == other.index)
}

/// The first, if there is no other.
fn single<T>(mut items: impl Iterator<Item = T>) -> Option<T> {
    items.next().filter(|_| items.next().is_none())
}

/// Whether numbers may be those of classes: as many as there are rows would be those of the rows.
fn tell_classes_apart(labels: &[i64]) -> bool {
    labels.len() < 2 || BTreeSet::from_iter(labels).len() < labels.len()
}

fn damaged(path: &Path, error: ZipError) -> NpyError {
    NpyError::Archive { path: path.to_owned(), source: error.into() }
}

/// The array at `index`, its header read, or `None` if it is no array.
fn probe(path: &Path, archive: &mut Archive, index: usize) -> Result<Option<Entry>, NpyError> {
    let mut file = archive.by_index(index).map_err(|e| damaged(path, e))?;
    let file_name = file.name().map_err(|e| damaged(path, e))?.into_owned();
    let Some(name) = file_name.strip_suffix(".npy") else {
        return Ok(None);
    };
    let entry = path.join(&file_name);
    let (head, _) = arrays::read_head(&entry, &mut file).map_err(|e| unpacking(path, e))?;
    Ok(Some(Entry { index, name: name.to_owned(), path: entry, head }))
}

fn load(path: &Path, archive: &mut Archive, entry: &Entry) -> Result<Arrays, NpyError> {
    let file = archive.by_index(entry.index).map_err(|e| damaged(path, e))?;
    arrays::read_one(&entry.path, file).map_err(|e| unpacking(path, e))
}

fn read_words(
    path: &Path,
    archive: &mut Archive,
    entry: &Entry,
) -> Result<Option<Vec<String>>, NpyError> {
    let file = archive.by_index(entry.index).map_err(|e| damaged(path, e))?;
    arrays::read_words(&entry.path, file).map_err(|e| unpacking(path, e))
}

/// An entry that cannot be read is an error of the archive, not of the file system.
fn unpacking(path: &Path, error: NpyError) -> NpyError {
    if let NpyError::Io { source, .. } = error {
        return NpyError::Archive { path: path.to_owned(), source };
    }
    error
}

fn read_labels(
    path: &Path,
    archive: &mut Archive,
    entry: &Entry,
    rows: usize,
) -> Result<Vec<i64>, NpyError> {
    let labels = load(path, archive, entry)?;
    check_count(entry, labels.values().count(), rows)?;
    let label = |(row, value): (usize, f64)| {
        if value.abs() > LARGEST_LABEL {
            return Err(NpyError::Label { path: entry.path.clone(), value, row: row + 1 });
        }
        #[allow(clippy::cast_possible_truncation, reason = "an integer of at most 2^53")]
        Ok(value as i64)
    };
    labels.values().enumerate().map(label).collect()
}

impl Entry {
    /// Whether the array is one integer a row: `[n]`, or `[n, 1]` as some data sets have it.
    fn holds_labels(&self) -> bool {
        let kind = self.head.number().map(super::number::Number::kind);
        let is_integer =
            matches!(kind, Some(NumberKind::Bytes | NumberKind::Words | NumberKind::Integers));
        is_integer && matches!(self.head.shape(), [_] | [_, 1])
    }

    /// Why it is not taken for labels, although it is named so.
    fn why_no_labels(&self) -> String {
        let how = if self.head.descr() == "'|O'" { "; store them with astype(str)" } else { "" };
        format!(
            "{} {:?}: labels are integers or words, one a row, or one-hot{how}",
            self.head.descr(),
            self.head.shape()
        )
    }

    /// The other arrays that may be the labels of values with this many rows.
    fn beside<'a>(&self, entries: &'a [Entry], rows: usize) -> impl Iterator<Item = &'a Entry> {
        let index = self.index;
        entries.iter().filter(move |entry| {
            entry.index != index && entry.holds_labels() && entry.head.shape()[0] == rows
        })
    }

    /// The name without case, and without a mark of the training part.
    fn role(&self) -> String {
        let name = self.name.to_lowercase();
        let role = name.strip_prefix("train_").or_else(|| name.strip_suffix("_train"));
        role.unwrap_or(&name).to_owned()
    }
}

fn named<'a>(
    entries: &'a [Entry],
    names: &[&str],
    is: impl Fn(&Entry) -> bool,
) -> Option<&'a Entry> {
    let find = |name: &&str| entries.iter().find(|entry| entry.role() == *name && is(entry));
    names.iter().find_map(find)
}

fn list<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    let entry =
        |entry: &Entry| format!("{} {} {:?}", entry.name, entry.head.descr(), entry.head.shape());
    let entries: Vec<String> = entries.map(entry).collect();
    if entries.is_empty() { "no array".to_owned() } else { entries.join(", ") }
}
