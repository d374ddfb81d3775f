//! The result as a table, a CSV file and a plot.

use std::fmt::Write as _;

use ancestral_data::{ErrorLine, Raster, error_chart};

use crate::EvalError;

/// The error of one sampler with so many network calls.
#[derive(Debug)]
pub struct Cell {
    /// The calls that were allowed.
    pub calls: usize,
    /// The calls that were made.
    pub made: usize,
    /// The distance, or the mean over seeds.
    pub distance: f64,
    /// The standard error of the mean over seeds, if there are several.
    pub standard_error: Option<f64>,
}

/// One sampler, with a cell for each number of calls that suffices for one hop.
#[derive(Debug)]
pub struct Row {
    /// Its name, with options.
    pub sampler: String,
    /// The order of convergence that it claims, if these distances can show it.
    pub order: Option<u32>,
    /// The cells, by rising number of calls.
    pub cells: Vec<Cell>,
}

impl Row {
    /// The order from one cell to the next: the factor by which twice the calls reduce the distance,
    /// as a power of 2.
    fn order_at(&self, i: usize) -> Option<f64> {
        self.order?;
        let (before, cell) = (self.cells.get(i.checked_sub(1)?)?, self.cells.get(i)?);
        let nearer = (before.distance / cell.distance).ln();
        Some(nearer / (cell.made as f64 / before.made as f64).ln()).filter(|p| p.is_finite())
    }

    /// The order between the last two cells.
    fn last_order(&self) -> Option<f64> {
        self.order_at(self.cells.len().checked_sub(1)?)
    }
}

/// Rows with the same kind of distance.
#[derive(Debug)]
pub struct Block {
    /// The kind of distance, in a few words.
    pub measure: &'static str,
    /// What is measured, in a line or two.
    pub about: String,
    /// The samplers.
    pub rows: Vec<Row>,
}

/// The whole result.
#[derive(Debug)]
pub struct Report {
    /// What the plot shows.
    pub title: String,
    /// The first that has rows is plotted.
    pub blocks: Vec<Block>,
}

impl Report {
    /// The rows that are plotted, if there are any.
    pub(super) fn plotted(&self) -> Option<&Block> {
        self.blocks.iter().find(|block| !block.rows.is_empty())
    }

    /// As tables for the terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let blocks = self.blocks.iter().filter(|block| !block.rows.is_empty());
        blocks.map(Block::text).collect::<Vec<_>>().join("\n")
    }

    /// As comma-separated values, at full precision.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = "sampler,calls,calls_made,measure,distance,standard_error,order_claimed,\
                        order_seen\n"
            .to_owned();
        for block in &self.blocks {
            for row in &block.rows {
                for (i, cell) in row.cells.iter().enumerate() {
                    let sampler = quoted(&row.sampler);
                    let Cell { calls, made, distance, standard_error } = cell;
                    let error = written(*standard_error, |error| error.to_string());
                    let claimed = written(row.order, |order| order.to_string());
                    let seen = written(row.order_at(i), |order| format!("{order:.3}"));
                    let measure = block.measure;
                    let _ = writeln!(
                        text,
                        "{sampler},{calls},{made},{measure},{distance},{error},{claimed},{seen}"
                    );
                }
            }
        }
        text
    }

    /// As a plot, if there is a distance above 0.
    ///
    /// # Errors
    /// If the plot can't be drawn.
    pub fn plot(&self) -> Result<Option<Raster>, EvalError> {
        let Some(block) = self.plotted() else { return Ok(None) };
        let lines: Vec<ErrorLine> = block.rows.iter().map(line).collect();
        if lines.iter().all(|line| line.points.is_empty()) {
            return Ok(None);
        }
        Ok(Some(error_chart(&self.title, ["network calls", block.measure], &lines)?))
    }
}

/// A name as one value of a CSV file.
fn quoted(name: &str) -> String {
    if name.contains(',') { format!("\"{name}\"") } else { name.to_owned() }
}

/// The points of a row that a logarithmic axis can show.
fn line(row: &Row) -> ErrorLine {
    let points = row.cells.iter().map(|cell| (cell.made as f64, cell.distance));
    let points = points.filter(|(_, distance)| *distance > 0.0 && distance.is_finite());
    ErrorLine { name: row.sampler.clone(), points: points.collect() }
}

impl Block {
    fn text(&self) -> String {
        let mut calls: Vec<usize> =
            self.rows.iter().flat_map(|row| row.cells.iter().map(|cell| cell.calls)).collect();
        calls.sort_unstable();
        calls.dedup();
        let has_orders = self.rows.iter().any(|row| row.order.is_some());
        let mut header = vec!["sampler".to_owned()];
        header.extend(calls.iter().map(ToString::to_string));
        if has_orders {
            header.extend(["order claimed", "seen"].map(str::to_owned));
        }
        let mut lines = vec![header];
        for row in &self.rows {
            let cell = |calls: &usize| row.cells.iter().find(|cell| cell.calls == *calls);
            let mut line = vec![row.sampler.clone()];
            line.extend(calls.iter().map(|calls| written(cell(calls), Cell::text)));
            if has_orders {
                line.push(written(row.order, |order| order.to_string()));
                line.push(written(row.last_order(), |order| format!("{order:.2}")));
            }
            lines.push(line);
        }
        format!("{}\n\n{}", self.about, aligned(&lines))
    }
}

impl Cell {
    fn text(&self) -> String {
        let distance = match self.standard_error {
            Some(error) => format!("{:.3} ± {error:.3}", self.distance),
            None if self.distance < 0.01 => format!("{:.2e}", self.distance),
            None => format!("{:.4}", self.distance),
        };
        // A hop more is nearly always too many; where it is not, the column's head would mislead.
        if 10 * self.made < 9 * self.calls {
            format!("{distance} ({} calls)", self.made)
        } else {
            distance
        }
    }
}

/// A value that may be missing.
fn written<T>(value: Option<T>, text: impl FnOnce(T) -> String) -> String {
    value.map_or_else(String::new, text)
}

/// Lines with equal numbers of cells, the first aligned left and the others right.
fn aligned(lines: &[Vec<String>]) -> String {
    let width = |i: usize| lines.iter().map(|line| line[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for line in lines {
        let mut joined = String::new();
        for (i, (cell, width)) in std::iter::zip(line, &widths).enumerate() {
            match i {
                0 => write!(joined, "{cell:<width$}"),
                _ => write!(joined, "  {cell:>width$}"),
            }
            .expect("writing to a string does not fail");
        }
        text += joined.trim_end();
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(distances: &[(usize, f64)]) -> Row {
        let cell = |&(made, distance): &(usize, f64)| Cell {
            calls: made + 1,
            made,
            distance,
            standard_error: None,
        };
        let cells = distances.iter().map(cell).collect();
        Row { sampler: "dpm-solver:order=2,form=data".to_owned(), order: Some(2), cells }
    }

    #[test]
    fn the_order_is_the_slope_over_the_calls_that_were_made() {
        let row = row(&[(4, 1.0), (8, 0.25), (24, 0.25 / 27.0)]);
        assert_eq!(row.order_at(0), None);
        assert!((row.order_at(1).unwrap() - 2.0).abs() < 1e-12);
        assert!((row.order_at(2).unwrap() - 3.0).abs() < 1e-12);
        assert_eq!(row.last_order(), row.order_at(2));
        assert_eq!(Row { order: None, ..row }.last_order(), None);
    }

    #[test]
    fn names_with_commas_are_quoted() {
        let block = Block { measure: "rms", about: String::new(), rows: vec![row(&[(4, 0.5)])] };
        let csv = Report { title: String::new(), blocks: vec![block] }.csv();
        let line = csv.lines().nth(1).unwrap();
        assert_eq!(line, "\"dpm-solver:order=2,form=data\",5,4,rms,0.5,,2,");
    }
}
