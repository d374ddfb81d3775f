//! What to explain.

use std::path::PathBuf;

use clap::Parser;

/// Show the reverse process of DATA in one HTML file of interactive figures.
///
/// The exact denoiser of the data takes the place of a network, so nothing is trained: particles drift
/// from noise to data, for each choice of schedule, number of hops and noise, beside the formulas. The
/// file needs no network access and no server: open it in a browser.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  ancestral explain\n  ancestral explain digits -o digits.html\n  \
                        ancestral explain people.csv -o people.html"
)]
pub struct ExplainArgs {
    /// A built-in name (digits, moons, swiss-roll, …), a folder of pictures, or a file: .csv, .npy,
    /// .npz, IDX. Of a table the first two columns of numbers are shown; large pictures are made smaller
    #[arg(value_name = "DATA", default_value = "moons")]
    pub data: PathBuf,
    /// Output: NAME.html
    #[arg(short, long, value_name = "NAME.html", default_value = "report.html")]
    pub output: PathBuf,
    /// Replace what is already there
    #[arg(long)]
    pub force: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
}
