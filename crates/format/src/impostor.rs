//! Files that are not what their names promise: Git LFS pointers, HTML pages, pickles …

use std::fmt;

/// What a file really is instead of weights or JSON, after a failed download or a mix-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Impostor {
    /// Nothing at all.
    Empty,
    /// The pointer to a file in a repository that was cloned without Git LFS.
    LfsPointer,
    /// An HTML page, such as a login or an error page.
    Html,
    /// A zip archive; as weights, a checkpoint of PyTorch.
    Zip,
    /// A Python pickle; as weights, an old checkpoint of PyTorch.
    Pickle,
    /// Compressed bytes.
    Gzip,
    /// A model of llama.cpp.
    Gguf,
    /// Text in UTF-16.
    Utf16,
    /// Text behind a byte order mark.
    ByteOrderMark,
}

/// How a user converts a refused file into a supported one.
pub(crate) const CONVERT: &str = "pickles are never executed; where the file is trusted, convert \
    it in Python: UNet2DModel.from_pretrained(FOLDER).save_pretrained(FOLDER, \
    safe_serialization=True)";

/// How many bytes [`Impostor::of`] needs at most.
pub(crate) const PREFIX: usize = 512;

impl Impostor {
    /// Recognises an unexpected file by its first bytes; `None` if unknown. Valid weights may begin with
    /// any bytes, so this is only for files that were refused already.
    pub(crate) fn of(start: &[u8]) -> Option<Self> {
        if start.is_empty() {
            return Some(Self::Empty);
        }
        let magic: [(&[u8], Self); 5] = [
            (b"version https://git-lfs", Self::LfsPointer),
            (b"PK\x03\x04", Self::Zip),
            (b"\x1f\x8b", Self::Gzip),
            (b"GGUF", Self::Gguf),
            (b"\x80", Self::Pickle),
        ];
        let found = magic.into_iter().find(|(magic, _)| start.starts_with(magic));
        let text = || match start {
            _ if is_html(start) => Some(Self::Html),
            [0xef, 0xbb, 0xbf, ..] => Some(Self::ByteOrderMark),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{', 0, ..] | [0, b'{', ..] => {
                Some(Self::Utf16)
            }
            _ => None,
        };
        found.map(|(_, found)| found).or_else(text)
    }
}

fn is_html(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start).trim_ascii_start();
    let begins = |tag: &[u8]| start.get(..tag.len()).is_some_and(|s| s.eq_ignore_ascii_case(tag));
    [&b"<!doctype"[..], b"<html", b"<head", b"<?xml", b"<!--"].into_iter().any(begins)
}

impl fmt::Display for Impostor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an empty file"),
            Self::LfsPointer => f.write_str(
                "a Git LFS pointer instead of the file: run `git lfs pull` in the cloned \
                 repository",
            ),
            Self::Html => f.write_str("an HTML page: was it a download that failed?"),
            Self::Zip => write!(f, "a zip archive, as PyTorch's checkpoints are: {CONVERT}"),
            Self::Pickle => write!(f, "a Python pickle, as old checkpoints are: {CONVERT}"),
            Self::Gzip => f.write_str("a gzip archive: unpack it first"),
            Self::Utf16 => f.write_str("text in UTF-16: store it in UTF-8"),
            Self::ByteOrderMark => f.write_str(
                "text that begins with a byte order mark: store it in UTF-8 without one",
            ),
            Self::Gguf => f.write_str("a GGUF file, a format that is not supported"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_recognised_by_their_first_bytes() {
        let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n";
        for (start, found) in [
            (&b""[..], Some(Impostor::Empty)),
            (lfs, Some(Impostor::LfsPointer)),
            (b"<!DOCTYPE html><html>", Some(Impostor::Html)),
            (b"\xef\xbb\xbf \n<HTML lang=en>", Some(Impostor::Html)),
            (b"PK\x03\x04\0\0", Some(Impostor::Zip)),
            (b"\x80\x02\x8a\x0a", Some(Impostor::Pickle)),
            (b"\x1f\x8b\x08", Some(Impostor::Gzip)),
            (b"GGUF\x03", Some(Impostor::Gguf)),
            (b"\xef\xbb\xbf{}", Some(Impostor::ByteOrderMark)),
            (b"\xff\xfe{\0", Some(Impostor::Utf16)),
            (b"\xfe\xff\0{", Some(Impostor::Utf16)),
            (b"{\0}\0", Some(Impostor::Utf16)),
            (b"{\"a\": 1}", None),
            (b"<", None),
            (b"version 1", None),
        ] {
            assert_eq!(Impostor::of(start), found, "{start:?}");
        }
    }
}
