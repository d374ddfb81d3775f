//! `ancestral explain`: the exact reverse process of some data as a page.

use std::ffi::OsStr;
use std::path::Path;

use ancestral_data::{Loaded, ReadOptions, findings, open};
use ancestral_explain::{Explanation, Subject};
use ancestral_files::{is_there, parent, try_to_write};
use anyhow::{Context, Result, bail};

use crate::args::ExplainArgs;
use crate::failure::{Failed, note};
use crate::output::save;

/// Points of a toy set: as many as a page shows.
const POINTS: usize = 300;

pub fn run(args: &ExplainArgs) -> Result<()> {
    let (output, quiet) = (args.output.as_path(), args.quiet);
    check(output, args.force).with_context(|| format!("output {}", output.display()))?;
    let options = ReadOptions { points: POINTS, ..ReadOptions::default() };
    let loaded = open(&args.data, &options)?;
    let Loaded { data, columns, decided, skipped, left_out, .. } = loaded;
    let name = args.data.display().to_string();
    for finding in findings(&name, &skipped, &left_out, &decided) {
        note(quiet, finding);
    }
    let subject = Subject::new(&name, &data, columns.as_ref())?;
    if let Some(notice) = subject.notice() {
        note(quiet, format_args!("{name}: {notice}"));
    }
    let html = Explanation::new(subject).html();
    save(output, html.as_bytes()).map_err(Failed)?;
    note(quiet, format_args!("{}: open it in a browser", output.display()));
    Ok(())
}

/// Checks, before any work, that the page can be written there.
fn check(output: &Path, force: bool) -> Result<()> {
    let is_page =
        |ending: &OsStr| ["html", "htm"].iter().any(|page| ending.eq_ignore_ascii_case(page));
    if !output.extension().is_some_and(is_page) {
        bail!("expected a name ending in .html");
    }
    if output.is_dir() {
        bail!("a folder, expected a file");
    }
    if is_there(output) && !force {
        bail!("already exists: replace it with --force");
    }
    let folder = parent(output);
    if !folder.is_dir() {
        bail!("no such folder {}", folder.display());
    }
    Ok(try_to_write(folder)?)
}
