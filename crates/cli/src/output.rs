//! The output of samples: its name decides the kind of file.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use ancestral_data::{Channels, Pictures, png_name, save_bytes, write_png, write_png_folder};
use ancestral_files::{is_there, no_folder, parent, try_to_write};
use ancestral_format::counted;
use ancestral_pipeline::{Format, Model, Plan, Samples, Show, View, picture};
use anyhow::{Context, Result, bail};

/// Standard output, as a name.
const STDOUT: &str = "-";

/// The kind of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A file.
    File(Format),
    /// A PNG, or the CSV of a table, on standard output.
    Stdout,
    /// A folder of PNGs.
    Folder,
}

/// An output for samples.
#[derive(Debug)]
pub struct Output<'a> {
    path: &'a Path,
    kind: Kind,
    view: View,
}

impl<'a> Output<'a> {
    /// The output of that name.
    pub fn new(path: &'a Path, view: View) -> Result<Self> {
        let expected = "expected a name ending in .png, .gif, .apng, .npy, .npz or .csv, a folder (a name without a dot or with a \
                        / at its end), or - for standard output (PNG; points and tables: CSV)";
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        let kind = match extension.as_deref() {
            _ if path == Path::new(STDOUT) => Kind::Stdout,
            _ if path.to_string_lossy().ends_with('/') => Kind::Folder,
            Some("png") => Kind::File(Format::Png),
            Some("gif") => Kind::File(Format::Gif),
            Some("apng") => Kind::File(Format::Apng),
            Some("npy") => Kind::File(Format::Npy),
            Some("npz") => Kind::File(Format::Npz),
            Some("csv") => Kind::File(Format::Csv),
            None if !path.to_string_lossy().ends_with(['.', ' ']) && !is_bare_extension(path) => {
                Kind::Folder
            }
            Some(_) if path.is_dir() => Kind::Folder,
            None | Some(_) => bail!("output {}: {expected}", path.display()),
        };
        // Without a / at its end, so that a file of that name is found.
        Ok(Self { path: path.components().as_path(), kind, view })
    }

    /// Whether it is standard output.
    pub fn is_stdout(&self) -> bool {
        self.kind == Kind::Stdout
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        self.kind == Kind::File(Format::Npy)
    }

    /// Whether samples can be written batch by batch.
    pub fn is_by_batch(&self) -> bool {
        self.kind == Kind::Folder && self.view != View::Trajectories
    }

    /// Whether the output has metadata.
    fn has_metadata(&self) -> bool {
        matches!(self.kind, Kind::File(Format::Png | Format::Apng) | Kind::Stdout | Kind::Folder)
    }

    /// How many snapshots of trajectories it needs.
    pub fn snapshots(&self) -> usize {
        match (self.kind, self.view) {
            (Kind::File(format), view) => format.snapshots(view),
            (Kind::Stdout, view) => Format::Png.snapshots(view),
            (Kind::Folder, View::Trajectories) => usize::MAX,
            (Kind::Folder, _) => 0,
        }
    }

    /// Checks, before any work, that `count` samples of `model` from index `first` on can be written
    /// there after a run of `hops`.
    pub fn check(
        &self,
        model: &Model,
        indices: Range<u64>,
        hops: usize,
        force: bool,
    ) -> Result<()> {
        let shape = model.shape().map_err(crate::flags::flagged)?;
        let count = usize::try_from(indices.end - indices.start).context("samples")?;
        let at = || format!("output {}", self.path.display());
        let format = match self.kind {
            Kind::File(format) => format,
            Kind::Stdout => on_stdout(model),
            Kind::Folder => {
                Self::check_folder(model, &shape).with_context(at)?;
                Format::Png
            }
        };
        let view = if self.kind == Kind::Folder { View::Samples } else { self.view };
        // A folder has single pictures.
        let together = if self.is_by_batch() { 1 } else { count };
        format.check(view, model, &shape, together, hops).with_context(at)?;
        if let Some(taken) = self.taken(indices, hops)?.filter(|_| !force) {
            bail!("{} already exists: replace it with --force", taken.display());
        }
        if self.kind == Kind::Stdout && format == Format::Png && io::stdout().is_terminal() {
            bail!("output -: a terminal shows no PNG: redirect it, as in -o - > samples.png");
        }
        self.can_be_written().with_context(at)
    }

    /// What the user should know of pictures that are in the folder and stay there: how many, and the
    /// first.
    pub fn rest(&self, indices: &Range<u64>, force: bool) -> Option<String> {
        if !self.is_by_batch() || !force {
            return None;
        }
        let entries = fs::read_dir(self.path).ok()?.flatten();
        let number = |name: std::ffi::OsString| {
            let name = name.into_string().ok()?;
            let number = name.strip_suffix(".png")?.parse().ok()?;
            (png_name(number) == name && !indices.contains(&number)).then_some(number)
        };
        let others: Vec<u64> = entries.filter_map(|entry| number(entry.file_name())).collect();
        let first = png_name(*others.iter().min()?);
        let pictures = counted(others.len(), "other picture");
        Some(format!("{}: keeps {pictures}, from {first} on", self.path.display()))
    }

    /// Whether pictures of samples can go into a folder.
    fn check_folder(model: &Model, shape: &[usize]) -> Result<()> {
        if model.columns().is_some() {
            bail!(
                "samples are points or rows of a table: expected a name ending in .png, .csv or .npy"
            );
        }
        if Channels::from_count(shape[0]).is_none() {
            bail!(
                "samples of {} are not pictures: expected a name ending in .npy",
                counted(shape[0], "channel")
            );
        }
        Ok(())
    }

    /// The first file that would be replaced.
    fn taken(&self, indices: Range<u64>, hops: usize) -> Result<Option<PathBuf>> {
        let path = self.path;
        let in_folder = |mut names: Range<u64>| {
            names.find_map(|name| Some(path.join(png_name(name))).filter(|file| is_there(file)))
        };
        Ok(match self.kind {
            Kind::Stdout => None,
            Kind::Folder if is_there(path) && !path.is_dir() => {
                bail!("output {}: {}, expected a folder", path.display(), no_folder(path))
            }
            // Other samples of a seed can be added to a folder.
            Kind::Folder if self.is_by_batch() => in_folder(indices),
            Kind::Folder => in_folder(0..hops as u64 + 1),
            Kind::File(_) if path.is_dir() => {
                bail!("output {}: a folder, expected a file (or a / at its end)", path.display())
            }
            Kind::File(_) => Some(path.to_owned()).filter(|path| is_there(path)),
        })
    }

    /// Checks that a file can be created at the place of the output.
    fn can_be_written(&self) -> Result<()> {
        match self.kind {
            Kind::Stdout => Ok(()),
            Kind::Folder => {
                self.path.try_exists()?; // no name at all, if it is too long
                // The folder and its parents are created with the first picture.
                Ok(try_to_write(self.path)?)
            }
            Kind::File(_) => {
                self.path.try_exists()?;
                check_folder_of(&target(self.path))
            }
        }
    }

    /// Removes left-over pictures of an earlier, longer trajectory.
    fn remove_rest(&self, first: u64) -> Result<()> {
        for path in (first..).map(|step| self.path.join(png_name(step))) {
            match fs::remove_file(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error).context(path.display().to_string()),
            }
        }
        Ok(())
    }

    /// Writes samples of a plan. The metadata of pictures are the settings that draw them again, and
    /// the given files.
    pub fn write(&self, samples: &Samples, plan: &Plan, files: &[(String, String)]) -> Result<()> {
        let with_files = |pairs: Vec<_>| [&pairs[..], files].concat();
        let of_all = || {
            let has_it = self.has_metadata();
            if has_it { with_files(plan.provenance_of_all()) } else { Vec::new() }
        };
        let show = Show::of(plan.model());
        match self.kind {
            Kind::File(format) => {
                let bytes = show.encode(samples, format, self.view, &of_all())?;
                save(self.path, &bytes)?;
            }
            Kind::Stdout => {
                let bytes = show.encode(samples, on_stdout(plan.model()), self.view, &of_all())?;
                let mut out = io::stdout().lock();
                out.write_all(&bytes).and_then(|()| out.flush()).context("standard output")?;
            }
            Kind::Folder if self.view == View::Trajectories => {
                fs::create_dir_all(self.path)
                    .with_context(|| format!("cannot create the folder {}", self.path.display()))?;
                for (step, snapshot) in std::iter::zip(0.., &samples.snapshots) {
                    let path = self.path.join(png_name(step));
                    write_png(&path, &picture(snapshot)?, &of_all())?;
                }
                self.remove_rest(samples.snapshots.len() as u64)?;
            }
            Kind::Folder => {
                let pictures = Pictures::new(samples.x.data(), samples.x.row_shape())?;
                write_png_folder(self.path, &pictures, samples.first, |index| {
                    with_files(plan.provenance_of(index))
                })?;
            }
        }
        Ok(())
    }
}

/// Writes a file. The target of a link is replaced or created, not the link.
pub fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(save_bytes(&target(path), bytes)?)
}

/// What a path leads to, over links, whether anything is there or not.
fn target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    // A circle of links was refused before.
    while let Ok(link) = fs::read_link(&target) {
        target = parent(&target).join(link);
    }
    target
}

/// Checks, before any work, that a file with one of these endings can be written there.
pub fn check_file(path: &Path, endings: &[&str], force: bool) -> Result<()> {
    let fits = |found: &OsStr| endings.iter().any(|ending| found.eq_ignore_ascii_case(ending));
    if !path.extension().is_some_and(fits) {
        let endings: Vec<_> = endings.iter().map(|ending| format!(".{ending}")).collect();
        bail!("expected a name ending in {}", endings.join(" or "));
    }
    if path.is_dir() {
        bail!("a folder, expected a file");
    }
    if is_there(path) && !force {
        bail!("already exists: replace it with --force");
    }
    check_folder_of(path)
}

/// Refuses a file whose folder is missing or can't be written to.
fn check_folder_of(file: &Path) -> Result<()> {
    let folder = parent(file);
    if !folder.is_dir() {
        bail!("no such folder {}", folder.display());
    }
    Ok(try_to_write(folder)?)
}

/// The format of standard output.
fn on_stdout(model: &Model) -> Format {
    if model.columns().is_some() { Format::Csv } else { Format::Png }
}

/// Whether a file name is only an ending, such as `.png`.
fn is_bare_extension(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase());
    [".png", ".gif", ".apng", ".npy", ".npz", ".csv"]
        .iter()
        .any(|ending| name.as_deref() == Some(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_the_name() {
        let kind =
            |name: &str| Output::new(Path::new(name), View::Samples).map(|output| output.kind);
        assert_eq!(kind("a/b.PNG").unwrap(), Kind::File(Format::Png));
        assert_eq!(kind("b.gif").unwrap(), Kind::File(Format::Gif));
        assert_eq!(kind("b.apng").unwrap(), Kind::File(Format::Apng));
        assert_eq!(kind("b.npy").unwrap(), Kind::File(Format::Npy));
        assert_eq!(kind("b.Csv").unwrap(), Kind::File(Format::Csv));
        for folder in ["many", "many/", "a.b/", "digits.png/", "../x", ".hidden"] {
            assert_eq!(kind(folder).unwrap(), Kind::Folder, "{folder}");
        }
        for name in ["b.jpg", ".png", "a/.npy", "b."] {
            let message = kind(name).unwrap_err().to_string();
            assert!(message.contains(&format!("output {name}: expected")), "{message}");
        }
    }
}
