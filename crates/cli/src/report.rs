//! Reports as files: a table and a plot in a folder.

use std::path::{Path, PathBuf};

use ancestral_data::{Raster, encode_png};
use anyhow::{Context, Result, bail};

use crate::failure::Failed;
use crate::output::save;

/// A folder for a table and a plot.
#[derive(Debug)]
pub struct ReportFolder {
    folder: PathBuf,
    table: PathBuf,
    plot: PathBuf,
}

impl ReportFolder {
    /// The folder, which need not exist yet, with files of these names; existing files are an error
    /// without `force`.
    pub fn new(folder: &Path, [table, plot]: [&str; 2], force: bool) -> Result<Self> {
        if folder.exists() && !folder.is_dir() {
            bail!("output {}: a file, expected a folder", folder.display());
        }
        let [table, plot] = [table, plot].map(|name| folder.join(name));
        if let Some(taken) = [&table, &plot].into_iter().find(|file| file.exists() && !force) {
            bail!("{} already exists: replace it with --force", taken.display());
        }
        Ok(Self { folder: folder.to_owned(), table, plot })
    }

    /// Writes the table, and the plot if there is one.
    pub fn write(&self, table: &str, plot: Option<&Raster>) -> Result<()> {
        let folder = &self.folder;
        std::fs::create_dir_all(folder).with_context(|| format!("output {}", folder.display()))?;
        save(&self.table, table.as_bytes()).map_err(Failed)?;
        if let Some(plot) = plot {
            save(&self.plot, &encode_png(plot, &[])?).map_err(Failed)?;
        }
        Ok(())
    }
}
