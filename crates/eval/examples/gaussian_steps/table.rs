//! What was measured: as Markdown, as CSV, and as a plot.

use std::fmt::Write as _;
use std::path::Path;

use ancestral_data::{ErrorLine, error_chart, save_bytes, write_png};

use crate::Failure;

/// One value, of the curve of this name.
pub struct Cell {
    pub curve: String,
    pub x: f64,
    pub value: f64,
    /// Where the value is an estimate.
    pub standard_error: Option<f64>,
}

/// Curves of one kind.
pub struct Table {
    pub name: &'static str,
    pub axes: [&'static str; 2],
    pub cells: Vec<Cell>,
}

impl Table {
    /// Prints the table; writes NAME.csv, and gaussian-steps-NAME.png with the curves that `is_drawn`.
    pub fn write(
        &self,
        folder: &Path,
        title: &str,
        is_drawn: impl Fn(&str) -> bool,
    ) -> Result<(), Failure> {
        println!("## {}\n\n{}", self.name, self.markdown()?);
        save_bytes(&folder.join(format!("{}.csv", self.name)), self.csv()?.as_bytes())?;
        let lines: Vec<ErrorLine> =
            self.curves().into_iter().filter(|name| is_drawn(name)).map(|n| self.line(n)).collect();
        let chart = error_chart(title, self.axes, &lines)?;
        write_png(&folder.join(format!("gaussian-steps-{}.png", self.name)), &chart, &[])?;
        Ok(())
    }

    fn curves(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for cell in &self.cells {
            if !names.contains(&&*cell.curve) {
                names.push(&cell.curve);
            }
        }
        names
    }

    /// The points that chance cannot have made: others have no place on a logarithmic axis.
    fn line(&self, curve: &str) -> ErrorLine {
        let is_sure = |cell: &&Cell| cell.value > 2.0 * cell.standard_error.unwrap_or_default();
        let cells = self.cells.iter().filter(|cell| cell.curve == curve).filter(is_sure);
        ErrorLine { name: curve.to_owned(), points: cells.map(|c| (c.x, c.value)).collect() }
    }

    fn csv(&self) -> Result<String, std::fmt::Error> {
        let [x, value] = self.axes;
        let mut csv = format!("curve,{x},{value},standard error\n");
        for Cell { curve, x, value, standard_error } in &self.cells {
            let error = standard_error.map_or_else(String::new, |error| format!("{error:.3e}"));
            writeln!(csv, "{curve},{x:.6},{value:.6e},{error}")?;
        }
        Ok(csv)
    }

    fn markdown(&self) -> Result<String, std::fmt::Error> {
        let [x, value] = self.axes;
        let mut text = format!("| curve | {x} | {value} |\n|---|---|---|\n");
        for Cell { curve, x, value, standard_error } in &self.cells {
            let error = standard_error.map_or_else(String::new, |error| format!(" ± {error:.1e}"));
            writeln!(text, "| {curve} | {x:.4} | {value:.3e}{error} |")?;
        }
        Ok(text)
    }
}
