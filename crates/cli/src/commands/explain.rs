//! `ancestral explain`: the exact reverse process of some data as a page.

use ancestral_data::{Loaded, ReadOptions, findings, open};
use ancestral_explain::{Explanation, Subject};
use anyhow::{Context, Result};

use crate::args::ExplainArgs;
use crate::failure::{Failed, note};
use crate::output::{check_file, save};

/// Points of a toy set: as many as a page shows.
const POINTS: usize = 300;

pub fn run(args: &ExplainArgs) -> Result<()> {
    let (output, quiet) = (args.output.as_path(), args.quiet);
    check_file(output, &["html", "htm"], args.force)
        .with_context(|| format!("output {}", output.display()))?;
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
