//! Images as PNG files that carry how they were made.

use crate::{Channels, EncodeError, Pictures, Raster, SaveError, save_bytes};
use std::fs;
use std::path::Path;

/// Writes an image as PNG, with pairs of keyword and text in it.
///
/// Text is stored as tEXt if it is ASCII, else as iTXt. A keyword has 1 to 79 Latin-1 characters.
///
/// # Errors
/// [`SaveError`] if a keyword is not allowed or the file system refuses.
///
/// # Example
/// ```no_run
/// use ancestral_data::{Channels, Raster, write_png};
///
/// let raster = Raster::new(1, 1, Channels::Grey, vec![128])?;
/// write_png("dot.png".as_ref(), &raster, &[("seed".to_owned(), "7".to_owned())])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_png(
    path: &Path,
    raster: &Raster,
    metadata: &[(String, String)],
) -> Result<(), SaveError> {
    save_bytes(path, &encode_png(raster, metadata).map_err(|error| error.at(path))?)
}

/// Writes each picture as a PNG of its own at its own size, named by [`png_name`].
///
/// The folder is made if it is missing. `first` is the global index of the first picture, so a
/// run may write its pictures batch by batch; `metadata` is called with the global index of each.
///
/// # Errors
/// [`SaveError`] at the first file that cannot be written; earlier files are written.
///
/// # Example
/// ```no_run
/// use ancestral_data::{Pictures, write_png_folder};
///
/// let values = vec![0.0; 2 * 64];
/// let pictures = Pictures::new(&values, &[1, 8, 8])?;
/// // samples/000005.png and samples/000006.png
/// write_png_folder("samples".as_ref(), &pictures, 5, |index| {
///     vec![("index".to_owned(), index.to_string())]
/// })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_png_folder(
    folder: &Path,
    pictures: &Pictures<'_>,
    first: u64,
    mut metadata: impl FnMut(u64) -> Vec<(String, String)>,
) -> Result<(), SaveError> {
    fs::create_dir_all(folder)
        .map_err(|source| SaveError::Folder { path: folder.to_owned(), source })?;
    (0..pictures.count()).zip(first..).try_for_each(|(i, index)| {
        write_png(&folder.join(png_name(index)), &pictures.raster(i), &metadata(index))
    })
}

/// The file name of a sample: its global index in at least six digits.
///
/// # Example
/// ```
/// assert_eq!(ancestral_data::png_name(5), "000005.png");
/// ```
#[must_use]
pub fn png_name(index: u64) -> String {
    format!("{index:06}.png")
}

/// The bytes that [`write_png`] writes.
///
/// # Errors
/// [`EncodeError`] if a keyword is not allowed.
pub fn encode_png(raster: &Raster, metadata: &[(String, String)]) -> Result<Vec<u8>, EncodeError> {
    encode(raster, metadata).map_err(EncodeError::Png)
}

fn encode(raster: &Raster, metadata: &[(String, String)]) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = encoder(&mut bytes, raster);
    write_metadata(&mut encoder, metadata)?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(raster.data())?;
    writer.finish()?;
    Ok(bytes)
}

/// The encoder of an image of the size and the channels of `raster`.
pub(crate) fn encoder<'a>(
    bytes: &'a mut Vec<u8>,
    raster: &Raster,
) -> png::Encoder<'static, &'a mut Vec<u8>> {
    let (width, height) = (u32::from(raster.width()), u32::from(raster.height()));
    let mut encoder = png::Encoder::new(bytes, width, height);
    encoder.set_color(match raster.channels() {
        Channels::Grey => png::ColorType::Grayscale,
        Channels::Rgb => png::ColorType::Rgb,
        Channels::Rgba => png::ColorType::Rgba,
    });
    encoder.set_depth(png::BitDepth::Eight);
    encoder
}

/// Adds pairs of keyword and text.
pub(crate) fn write_metadata(
    encoder: &mut png::Encoder<'static, &mut Vec<u8>>,
    metadata: &[(String, String)],
) -> Result<(), png::EncodingError> {
    for (keyword, text) in metadata.iter().cloned() {
        if text.is_ascii() {
            encoder.add_text_chunk(keyword, text)?;
        } else {
            encoder.add_itxt_chunk(keyword, text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::io::BufReader;

    type Decoded = ((u32, u32), png::ColorType, Vec<u8>, Vec<(String, String)>);

    fn decode(path: &Path) -> Decoded {
        let decoder = png::Decoder::new(BufReader::new(File::open(path).unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut data).unwrap();
        reader.finish().unwrap();
        let info = reader.info();
        let latin1 = info.uncompressed_latin1_text.iter();
        let utf8 = info.utf8_text.iter().map(|t| (t.keyword.clone(), t.get_text().unwrap()));
        let text = latin1.map(|t| (t.keyword.clone(), t.text.clone())).chain(utf8).collect();
        ((frame.width, frame.height), frame.color_type, data, text)
    }

    fn pair(keyword: &str, text: &str) -> (String, String) {
        (keyword.to_owned(), text.to_owned())
    }

    #[test]
    fn pixels_and_metadata_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let metadata = [pair("sampler", "ddim:eta=0.5"), pair("title", "x̂₀, η = ½")];
        let cases = [
            (Channels::Grey, png::ColorType::Grayscale),
            (Channels::Rgb, png::ColorType::Rgb),
            (Channels::Rgba, png::ColorType::Rgba),
        ];
        for (channels, color) in cases {
            let data: Vec<u8> = (0..=u8::MAX).cycle().take(16 * 16 * channels.count()).collect();
            let raster = Raster::new(16, 16, channels, data.clone()).unwrap();
            write_png(&path, &raster, &metadata).unwrap();
            assert_eq!(decode(&path), ((16, 16), color, data, metadata.to_vec()));
        }
    }

    #[test]
    fn a_keyword_that_png_forbids_is_refused_with_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.png");
        let raster = Raster::new(1, 1, Channels::Grey, vec![0]).unwrap();
        for keyword in [String::new(), "k".repeat(80), "снег".to_owned()] {
            let error = write_png(&path, &raster, &[(keyword, "x".to_owned())]).unwrap_err();
            assert_eq!(error.to_string(), format!("cannot write {} as PNG", path.display()));
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_folder_is_named_by_the_global_index() {
        let folder = tempfile::tempdir().unwrap();
        let samples = folder.path().join("new").join("samples");
        let values = [-1.0, 0.0, 1.0];
        let pictures = Pictures::new(&values, &[1, 1, 1]).unwrap();
        write_png_folder(&samples, &pictures, 999_999, |index| {
            vec![pair("index", &index.to_string())]
        })
        .unwrap();
        let files = [("999999", 0), ("1000000", 128), ("1000001", 255)];
        for (index, byte) in files {
            let (_, _, data, metadata) = decode(&samples.join(format!("{index}.png")));
            assert_eq!((data, metadata), (vec![byte], vec![pair("index", index)]));
        }
        assert_eq!(fs::read_dir(&samples).unwrap().count(), 3);
    }
}
