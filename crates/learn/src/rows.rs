//! The rows of a training set: in memory, as numbers or as bytes, or read when they are needed.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use rayon::prelude::*;

use crate::TrainError;

/// Rows outside memory, such as pictures in files.
pub trait Reader: fmt::Debug + Send + Sync {
    /// How many there are.
    fn rows(&self) -> usize;

    /// Whether every value is that of a byte: −1 is 0, and 1 is 255.
    fn are_bytes(&self) -> bool;

    /// Writes a row, in model space. It is called by several threads.
    ///
    /// # Errors
    /// If it cannot be read: what is wrong, and where.
    fn read(&self, index: usize, row: &mut [f32]) -> Result<(), String>;

    /// A fingerprint of these rows, if reading all of them would take too long.
    fn checksum(&self) -> Option<[u8; 32]>;
}

/// Where rows are.
#[derive(Debug)]
pub(crate) enum Rows {
    Floats(Vec<f32>),
    /// A quarter of the memory without any loss: each value is one of 256.
    Bytes(Vec<u8>),
    Elsewhere(Elsewhere),
}

/// Rows that do not fit into memory, and those that were read and do.
#[derive(Debug)]
pub(crate) struct Elsewhere {
    reader: Arc<dyn Reader>,
    kept: Vec<OnceLock<Box<[u8]>>>,
    /// Bytes that are left for rows to be kept in.
    left: AtomicU64,
}

impl Rows {
    /// As bytes if each value is that of a byte.
    pub(crate) fn new(values: Vec<f32>) -> Self {
        let bytes: Option<Vec<u8>> = values.par_iter().map(|value| byte(*value)).collect();
        bytes.map_or(Self::Floats(values), Self::Bytes)
    }

    /// All rows of a reader in memory, if they take no more than `budget` bytes; otherwise as many
    /// as fit once they were read, and the others are read again each time.
    pub(crate) fn read(
        reader: Arc<dyn Reader>,
        row_len: usize,
        budget: u64,
    ) -> Result<Self, TrainError> {
        let values = reader.rows() * row_len;
        let depth = if reader.are_bytes() { 1 } else { size_of::<f32>() };
        if (values as u64).saturating_mul(depth as u64) > budget {
            let kept = (0..reader.rows()).map(|_| OnceLock::new()).collect();
            return Ok(Self::Elsewhere(Elsewhere { reader, kept, left: AtomicU64::new(budget) }));
        }
        let read = |i: usize, row: &mut [f32]| reader.read(i, row).map_err(reading);
        if !reader.are_bytes() {
            let mut all = vec![0.0; values];
            all.par_chunks_mut(row_len).enumerate().try_for_each(|(i, row)| read(i, row))?;
            return Ok(Self::Floats(all));
        }
        let mut all = vec![0_u8; values];
        all.par_chunks_mut(row_len).enumerate().try_for_each_init(
            || vec![0.0; row_len],
            |row, (i, bytes)| {
                read(i, row)?;
                bytes.copy_from_slice(&as_bytes(row));
                Ok::<_, TrainError>(())
            },
        )?;
        Ok(Self::Bytes(all))
    }

    pub(crate) fn count(&self, row_len: usize) -> usize {
        match self {
            Self::Floats(values) => values.len() / row_len,
            Self::Bytes(bytes) => bytes.len() / row_len,
            Self::Elsewhere(elsewhere) => elsewhere.reader.rows(),
        }
    }

    pub(crate) fn row(&self, index: usize, row_len: usize) -> Result<Cow<'_, [f32]>, TrainError> {
        let at = index * row_len..(index + 1) * row_len;
        Ok(match self {
            Self::Floats(values) => Cow::Borrowed(&values[at]),
            Self::Bytes(bytes) => Cow::Owned(values(&bytes[at])),
            Self::Elsewhere(elsewhere) => Cow::Owned(elsewhere.row(index, row_len)?),
        })
    }
}

impl PartialEq for Rows {
    /// Rows outside memory are equal if they are the same object.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Floats(a), Self::Floats(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::Elsewhere(a), Self::Elsewhere(b)) => Arc::ptr_eq(&a.reader, &b.reader),
            _ => false,
        }
    }
}

impl Elsewhere {
    fn row(&self, index: usize, row_len: usize) -> Result<Vec<f32>, TrainError> {
        if let Some(bytes) = self.kept[index].get() {
            return Ok(values(bytes));
        }
        let mut row = vec![0.0; row_len];
        self.reader.read(index, &mut row).map_err(reading)?;
        let size = row_len as u64;
        let take = |left: u64| left.checked_sub(size);
        let fits = || self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if self.reader.are_bytes() && fits() {
            self.kept[index].get_or_init(|| as_bytes(&row).into());
        }
        Ok(row)
    }
}

fn reading(reason: String) -> TrainError {
    TrainError::Reading { reason }
}

/// The value of a byte in model space.
///
/// # Formula
/// ```text
/// x = (2 byte − 255)/255
/// ```
fn value(byte: u8) -> f32 {
    (2.0 * f32::from(byte) - 255.0) / 255.0
}

fn values(bytes: &[u8]) -> Vec<f32> {
    bytes.iter().map(|byte| value(*byte)).collect()
}

/// The byte that has exactly this value.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked")]
fn byte(x: f32) -> Option<u8> {
    let byte = (127.5 * x + 128.0) as u8;
    (value(byte) == x).then_some(byte)
}

fn as_bytes(row: &[f32]) -> Vec<u8> {
    row.iter().map(|value| byte(*value).expect("the reader gives values of bytes")).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Pictures of one colour each, that of their number.
    #[derive(Debug)]
    pub(crate) struct Colours {
        pub count: usize,
        pub are_bytes: bool,
        /// The row that cannot be read.
        pub lost: Option<usize>,
        pub reads: AtomicU64,
    }

    impl Colours {
        pub(crate) fn new(count: usize) -> Self {
            Self { count, are_bytes: true, lost: None, reads: AtomicU64::new(0) }
        }
    }

    impl Reader for Colours {
        fn rows(&self) -> usize {
            self.count
        }

        fn are_bytes(&self) -> bool {
            self.are_bytes
        }

        fn read(&self, index: usize, row: &mut [f32]) -> Result<(), String> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            if self.lost == Some(index) {
                return Err(format!("{index}.png is missing"));
            }
            row.fill(value(u8::try_from(index % 256).unwrap()));
            Ok(())
        }

        fn checksum(&self) -> Option<[u8; 32]> {
            None
        }
    }

    #[test]
    fn every_byte_comes_back_and_nothing_else_is_one() {
        for b in 0..=255_u8 {
            assert_eq!(byte(value(b)), Some(b));
            assert_eq!(byte(value(b) + 1e-4), None);
        }
        assert_eq!([f32::NAN, 1.1, -7.0].map(byte), [None; 3]);
        assert_eq!(Rows::new(vec![-1.0, 1.0]), Rows::Bytes(vec![0, 255]));
        assert_eq!(Rows::new(vec![-1.0, 0.0]), Rows::Floats(vec![-1.0, 0.0]));
    }

    #[test]
    fn what_fits_is_kept_and_the_rest_is_read_again() {
        let colours = Arc::new(Colours::new(10));
        let rows = Rows::read(colours.clone(), 4, 12).unwrap();
        for _ in 0..2 {
            for i in 0..10 {
                let expected = [value(u8::try_from(i).unwrap()); 4];
                assert_eq!(*rows.row(i, 4).unwrap(), expected);
            }
        }
        // Three rows of four bytes are kept.
        assert_eq!(colours.reads.load(Ordering::Relaxed), 10 + 7);
        let all = Rows::read(colours.clone(), 4, 40).unwrap();
        assert!(matches!(all, Rows::Bytes(_)), "{all:?}");
        assert_eq!(all.row(9, 4).unwrap(), rows.row(9, 4).unwrap());
        let deep = Arc::new(Colours { are_bytes: false, ..Colours::new(10) });
        assert!(matches!(Rows::read(deep.clone(), 4, 159).unwrap(), Rows::Elsewhere(_)));
        assert!(matches!(Rows::read(deep, 4, 160).unwrap(), Rows::Floats(_)));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_said() {
        let lost = || Arc::new(Colours { lost: Some(3), ..Colours::new(5) });
        let expected = Err(TrainError::Reading { reason: "3.png is missing".into() });
        assert_eq!(Rows::read(lost(), 2, 100), expected);
        let rows = Rows::read(lost(), 2, 0).unwrap();
        assert_eq!(rows.row(3, 2).map(Cow::into_owned), expected.map(|_: Rows| Vec::new()));
        assert!(rows.row(4, 2).is_ok());
    }
}
