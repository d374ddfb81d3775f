//! Pictures in the terminal.

use std::env;
use std::io::{self, IsTerminal as _};

use ancestral_data::{Raster, TerminalGraphics};
use ancestral_pipeline::{Batch, Model, Show};
use anyhow::Result;

use crate::args::ShowArg;
use crate::commands::print;
use crate::failure::note;

/// The width of a terminal that does not say it.
const COLUMNS: u16 = 80;
/// As many samples are shown.
const MOST_SHOWN: usize = 64;

/// A terminal that shows pictures.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    graphics: TerminalGraphics,
    columns: u16,
}

impl Screen {
    /// The terminal of standard output, if pictures are wanted. Prints a note if it shows none.
    pub fn new(wanted: Option<ShowArg>, quiet: bool) -> Option<Self> {
        let graphics = match wanted? {
            ShowArg::Kitty => TerminalGraphics::Kitty,
            ShowArg::Sixel => TerminalGraphics::Sixel,
            ShowArg::Blocks => TerminalGraphics::Blocks,
            ShowArg::Auto if !io::stdout().is_terminal() => {
                note(quiet, "note: --show: standard output is not a terminal");
                return None;
            }
            ShowArg::Auto => {
                let found = TerminalGraphics::by(|name| env::var(name).ok());
                if found.is_none() {
                    let ways = "kitty, sixel or blocks, as in --show=blocks, if it does";
                    note(
                        quiet,
                        format_args!(
                            "note: --show: no terminal known to show pictures; name {ways}"
                        ),
                    );
                }
                found?
            }
        };
        let columns = terminal_size::terminal_size().map_or(COLUMNS, |(width, _)| width.0);
        Some(Self { graphics, columns })
    }

    /// Shows a picture.
    pub fn show(self, picture: &Raster) -> Result<()> {
        print(&self.graphics.draw(picture, self.columns))
    }

    /// Shows the first samples of a model; points and tables in one plot.
    pub fn show_samples(self, model: &Model, samples: &Batch) -> Result<()> {
        let is_pictures = model.columns().is_none();
        let shown = if is_pictures { samples.rows().min(MOST_SHOWN) } else { samples.rows() };
        self.show(&Show::of(model).still(&samples.slice(0..shown))?)
    }
}
