//! The header of an array: a dictionary of Python, as text.

use std::io::{self, Write};
use std::path::Path;

use super::NpyError;

/// A header as long as this is none of an array of numbers.
pub(super) const MAX_HEADER: usize = 1 << 16;

/// What is said of an array before its values.
#[derive(Debug)]
pub(super) struct Header {
    /// The dtype as it is written, a word in single quotes: `'<f4'`.
    pub descr: String,
    /// Whether the first axis runs fastest.
    pub is_fortran: bool,
    /// The length of each axis.
    pub shape: Vec<u64>,
}

impl Header {
    /// The header, and the bytes after it.
    pub(super) fn parse<'a>(path: &Path, bytes: &'a [u8]) -> Result<(Self, &'a [u8]), NpyError> {
        if !bytes.starts_with(b"\x93NUMPY") {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(16)]).into_owned();
            return Err(NpyError::NotNpy { path: path.to_owned(), start });
        }
        let damaged = |problem: String| NpyError::Header {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::InvalidData, problem),
        };
        // Version 1.0 states the length of its header in two bytes, later versions in four.
        let (length, rest) = match bytes[6..] {
            [1, _, low, high, ref rest @ ..] => {
                (usize::from(u16::from_le_bytes([low, high])), rest)
            }
            [2 | 3, _, a, b, c, d, ref rest @ ..] => {
                (u32::from_le_bytes([a, b, c, d]) as usize, rest)
            }
            [] | [1..=3, ..] => return Err(damaged("it ends before its length".to_owned())),
            [version, ..] => return Err(damaged(format!("version {version}, expected 1 to 3"))),
        };
        if length > MAX_HEADER {
            return Err(damaged(format!("{length} bytes, more than {MAX_HEADER}")));
        }
        let (text, values) = rest
            .split_at_checked(length)
            .ok_or_else(|| damaged(format!("{} bytes, {length} expected", rest.len())))?;
        let text = String::from_utf8_lossy(text);
        let header = Text(&text).dictionary();
        Ok((header.map_err(|expected| damaged(format!("expected {expected}")))?, values))
    }

    /// Writes the header of an array in C order, padded so that values begin at a multiple of 64 bytes.
    pub(super) fn write(mut file: impl Write, descr: &str, shape: &[usize]) -> io::Result<()> {
        let axes = shape.iter().fold(String::new(), |axes, axis| format!("{axes}{axis}, "));
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({axes}), }}");
        let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
        // Even 64 axes of 20 digits are shorter.
        let stated = u16::try_from(length).map_err(io::Error::other)?;
        file.write_all(b"\x93NUMPY\x01\x00")?;
        file.write_all(&stated.to_le_bytes())?;
        writeln!(file, "{text:<0$}", length - 1)
    }
}

/// What is left of a header's text. Errors are what was expected.
struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    fn dictionary(mut self) -> Result<Header, &'static str> {
        let (mut descr, mut order, mut shape) = (None, None, None);
        self.mark('{')?;
        while !self.takes('}') {
            let key = self.quoted().ok_or("a key in quotes")?;
            self.mark(':')?;
            match key {
                "descr" => descr = Some(self.dtype()?),
                "fortran_order" => order = Some(self.truth()?),
                "shape" => shape = Some(self.shape()?),
                _ => return Err("the keys descr, fortran_order and shape"),
            }
            if !self.takes(',') {
                self.mark('}')?;
                break;
            }
        }
        if !self.0.trim().is_empty() {
            return Err("nothing after the dictionary");
        }
        let missing = "the keys descr, fortran_order and shape";
        Ok(Header {
            descr: descr.ok_or(missing)?,
            is_fortran: order.ok_or(missing)?,
            shape: shape.ok_or(missing)?,
        })
    }

    /// Takes a character after spaces, if it comes next.
    fn takes(&mut self, mark: char) -> bool {
        let rest = self.0.trim_start().strip_prefix(mark);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn mark(&mut self, mark: char) -> Result<(), &'static str> {
        self.takes(mark).then_some(()).ok_or("a dictionary of Python")
    }

    fn quoted(&mut self) -> Option<&'a str> {
        let quote = ['\'', '"'].into_iter().find(|quote| self.takes(*quote))?;
        let (text, rest) = self.0.split_once(quote)?;
        self.0 = rest;
        Some(text)
    }

    /// A dtype: a word, or, of several values in one, a list, which stays as it is written.
    fn dtype(&mut self) -> Result<String, &'static str> {
        if let Some(word) = self.quoted() {
            let is_whole = word.starts_with(['<', '>', '|', '=']) && word.len() > 1;
            return is_whole.then(|| format!("'{word}'")).ok_or("a dtype such as '<f4'");
        }
        let text = self.0.trim_start();
        let mut depth = 0_usize;
        for (place, byte) in text.bytes().enumerate() {
            match byte {
                b'(' | b'[' => depth += 1,
                b')' | b']' if depth == 1 => {
                    let (list, rest) = text.split_at(place + 1);
                    self.0 = rest;
                    return Ok(list.to_owned());
                }
                b')' | b']' => depth = depth.saturating_sub(1),
                _ if depth == 0 => break,
                _ => {}
            }
        }
        Err("a dtype")
    }

    fn truth(&mut self) -> Result<bool, &'static str> {
        let text = self.0.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = text.strip_prefix(word) {
                self.0 = rest;
                return Ok(value);
            }
        }
        Err("fortran_order True or False")
    }

    fn shape(&mut self) -> Result<Vec<u64>, &'static str> {
        const EXPECTED: &str = "a shape such as (2, 3)";
        if !self.takes('(') {
            return Err(EXPECTED);
        }
        let (axes, rest) = self.0.split_once(')').ok_or(EXPECTED)?;
        self.0 = rest;
        let axes = axes.trim();
        if axes.is_empty() {
            return Ok(Vec::new());
        }
        // (3) would be a number; a comma may follow the last axis; Python 2 marked whole numbers with an L.
        let listed = axes.strip_suffix(',').unwrap_or(axes);
        if listed == axes && !axes.contains(',') {
            return Err(EXPECTED);
        }
        let axis = |text: &str| text.trim().trim_end_matches('L').parse().map_err(|_| EXPECTED);
        listed.split(',').map(axis).collect()
    }
}
