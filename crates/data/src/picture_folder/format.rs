//! Whether a file is a picture, and of which format: by its contents, then by its name.

use image::ImageFormat;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// This many bytes distinguish all formats.
const HEAD: u64 = 16;

/// Suffixes of pictures that the decoders do not know even by name.
const FOREIGN: [&str; 5] = ["heic", "heif", "jxl", "jp2", "psd"];

/// Whether the file at `path` is a picture by its contents, or should be one by its name. A link that
/// leads nowhere should be: it may have led to many.
pub(crate) fn is_picture(path: &Path) -> bool {
    let leads_nowhere = path.is_symlink() && fs::metadata(path).is_err();
    leads_nowhere || is_named_picture(path) || head(path).is_ok_and(|head| format(&head).is_some())
}

fn head(path: &Path) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    // Opening a pipe would wait for a writer.
    if fs::metadata(path)?.is_file() {
        File::open(path)?.take(HEAD).read_to_end(&mut head)?;
    }
    Ok(head)
}

fn is_named_picture(path: &Path) -> bool {
    let foreign = |suffix: &str| FOREIGN.iter().any(|known| suffix.eq_ignore_ascii_case(known));
    let suffix = path.extension().and_then(|suffix| suffix.to_str());
    // A pipe would wait for a writer.
    let is_none = fs::metadata(path).is_ok_and(|metadata| !metadata.is_file());
    !is_none && (ImageFormat::from_path(path).is_ok() || suffix.is_some_and(foreign))
}

/// The format of the picture that begins with `bytes`, if they begin one.
pub(super) fn format(bytes: &[u8]) -> Option<ImageFormat> {
    let format = image::guess_format(bytes).ok()?;
    // These two begin with two letters, as many a text does: the next fields have to agree.
    let confirmed = if format == ImageFormat::Pnm {
        bytes.get(2).is_some_and(u8::is_ascii_whitespace)
    } else {
        format != ImageFormat::Bmp || bytes.get(6..10) == Some(&[0; 4])
    };
    confirmed.then_some(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_begin_like_pictures_are_none() {
        assert_eq!(format(b"P5 3 2 255\n"), Some(ImageFormat::Pnm));
        assert_eq!(format(b"P5: the fifth patient"), None);
        assert_eq!(format(b"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0"), Some(ImageFormat::Bmp));
        assert_eq!(format(b"BMW, Audi, Fiat"), None);
        assert_eq!(format(b""), None);
    }
}
