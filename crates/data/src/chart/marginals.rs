//! The columns of a table as small histograms.

mod bins;

use super::ChartError;
use super::axis::Axis;
use super::canvas::{Area, DrawError, mesh, px, render, title};
use super::window::check_present;
use crate::{Column, Columns, Raster};
use bins::Bins;
use plotters::prelude::*;

/// More columns than this are not shown.
const MAX_PANELS: usize = 64;
/// The size of a panel in pixels, if there are few, and if there are many.
const LARGE_PANEL: (u16, u16) = (340, 240);
const SMALL_PANEL: (u16, u16) = (210, 160);
const FEW: usize = 4;
const TITLE_HEIGHT: u16 = 36;
/// Longer names are cut.
const MAX_NAME: usize = 22;

const OUTLINE: RGBColor = RGBColor(24, 78, 160);
const FILL: RGBColor = RGBColor(205, 219, 240);
const REFERENCE: RGBColor = RGBColor(210, 213, 219);

/// Draws a histogram of each column, in a grid: of `rows` as a blue outline, over that of
/// `reference` in grey, if there is one.
///
/// Rows are in data units, one after another. A category has a bar for each label, a column of integers
/// whole numbers in each bar. At most 64 columns are shown; the title reports it. Values
/// far outside the middle 98 % of both sets are not, and neither are holes (NaN).
///
/// # Errors
/// [`ChartError`] if there are no rows, or a value is beyond ±10³⁰⁰.
///
/// # Panics
/// If the values do not fill whole rows.
///
/// # Example
/// ```
/// use ancestral_data::{marginals, toy};
///
/// let (data, columns) = toy("moons").expect("moons are compiled in").table(500, 7)?.into_parts();
/// let rows = columns.from_model_rows(data.rows());
/// let image = marginals("moons", &columns, &rows, None)?;
/// assert_eq!(image.width(), 2 * 340);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn marginals(
    title: &str,
    columns: &Columns,
    rows: &[f64],
    reference: Option<&[f64]>,
) -> Result<Raster, ChartError> {
    for values in [Some(rows), reference].into_iter().flatten() {
        let width = columns.len();
        assert!(
            values.len().is_multiple_of(width),
            "{} values for rows of {width} columns",
            values.len()
        );
        if values.is_empty() {
            return Err(ChartError::NoRows);
        }
        check_present(values, width)?;
    }
    let every = columns.as_slice().iter().enumerate().take(MAX_PANELS);
    let panels = every.map(|(i, column)| {
        let of = |rows: &[f64]| -> Vec<f64> {
            let values = rows.iter().skip(i).step_by(columns.len()).copied();
            values.filter(|value| !value.is_nan()).collect()
        };
        Panel::new(column, &of(rows), reference.map(of).as_deref())
    });
    let title = match columns.len() {
        count if count > MAX_PANELS => format!("{title} ({MAX_PANELS} of {count} columns)"),
        _ => title.to_owned(),
    };
    Ok(draw(&title, &panels.collect::<Vec<_>>()))
}

/// The histograms of one column.
struct Panel {
    name: String,
    bins: Bins,
    /// The share of the rows in each bin.
    rows: Vec<f64>,
    reference: Option<Vec<f64>>,
}

impl Panel {
    fn new(column: &Column, rows: &[f64], reference: Option<&[f64]>) -> Self {
        let both: Vec<f64> = reference.into_iter().chain([rows]).flatten().copied().collect();
        let bins = Bins::new(column, &both);
        Self {
            name: cut(column.name()),
            rows: bins.shares(rows),
            reference: reference.map(|values| bins.shares(values)),
            bins,
        }
    }

    fn draw(&self, area: &Area<'_>) -> Result<(), DrawError> {
        title(area, &self.name, 13, 5)?;
        let filled = self.reference.as_ref().unwrap_or(&self.rows);
        let highest = self.rows.iter().chain(filled).copied().fold(0.0, f64::max);
        let top = if highest > 0.0 { 1.06 * highest } else { 1.0 };
        let y = Axis { range: 0.0..top, ticks: Vec::new(), label: Box::new(|_| String::new()) };
        let mut chart = ChartBuilder::on(area)
            .margin(px(14))
            .margin_bottom(px(4))
            .margin_top(px(26))
            .x_label_area_size(px(24))
            .build_cartesian_2d(self.bins.axis(), y)?;
        let fill = if self.reference.is_some() { REFERENCE } else { FILL };
        chart.draw_series(self.bins.spans().zip(filled).map(|([from, to], &share)| {
            Rectangle::new([(from, 0.0), (to, share)], fill.filled())
        }))?;
        let tops = self.bins.spans().zip(&self.rows);
        let steps = tops.flat_map(|([from, to], &share)| [(from, share), (to, share)]);
        let axis = self.bins.range();
        let outline = [(axis.start, 0.0)].into_iter().chain(steps).chain([(axis.end, 0.0)]);
        chart.draw_series([PathElement::new(
            outline.collect::<Vec<_>>(),
            ShapeStyle::from(OUTLINE).stroke_width(px(1) + 1),
        )])?;
        mesh(&mut chart, ["", ""], false)
    }
}

fn draw(text: &str, panels: &[Panel]) -> Raster {
    let (width, height) = if panels.len() <= FEW { LARGE_PANEL } else { SMALL_PANEL };
    let columns = (1..=MAX_PANELS).find(|n| n * n >= panels.len()).expect("there are few panels");
    let rows = panels.len().div_ceil(columns);
    let side = |count: usize| u16::try_from(count).expect("there are few panels");
    let size = (side(columns) * width, side(rows) * height + TITLE_HEIGHT);
    render(size.0, size.1, |canvas| {
        let area = canvas.area();
        title(&area, text, 17, 9)?;
        let (_, below) = area.split_vertically(px(TITLE_HEIGHT));
        let places = below.split_evenly((rows, columns));
        places.iter().zip(panels).try_for_each(|(place, panel)| panel.draw(place))
    })
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    fn columns(count: usize, rows: &[f64]) -> Columns {
        let names: Vec<_> = (0..count).map(|i| format!("column {i}")).collect();
        Table::new(&names, rows).unwrap().into_parts().1
    }

    #[test]
    fn panels_fill_a_grid() {
        for (count, size) in [(1, (340, 276)), (3, (680, 516)), (7, (630, 516)), (65, (1680, 1316))]
        {
            let rows: Vec<f64> = (0..3 * count).map(|i| 0.5 * i as f64).collect();
            let image = marginals("", &columns(count, &rows), &rows, Some(&rows)).unwrap();
            assert_eq!((image.width(), image.height()), size);
        }
    }

    #[test]
    fn bars_stand_where_the_rows_are() {
        let columns = columns(1, &[0.0, 1.0].repeat(10));
        let shades = |rows: &[f64], reference: Option<&[f64]>| {
            let image = marginals("", &columns, rows, reference).unwrap();
            // Halfway up the bars of 0 and of 1.
            let at = |x: usize| image.data()[(150 * usize::from(image.width()) + x) * 3];
            [at(90), at(250)]
        };
        assert_eq!(shades(&[0.0], None), [FILL.0, 255]);
        assert_eq!(shades(&[1.0, 1.0, 1.0, 0.0], None), [255, FILL.0]);
        assert_eq!(shades(&[0.0], Some(&[1.0])), [255, REFERENCE.0]);
    }

    #[test]
    fn constant_and_extreme_columns_are_drawn() {
        for rows in [[0.0; 4], [1e300, -1e300, 0.5, 3.0], [1e-310, 0.0, 1e9, 1e9 + 1e-6]] {
            let columns = columns(2, &rows);
            assert!(marginals("", &columns, &rows, None).is_ok());
            assert!(marginals("", &columns, &rows[..2], Some(&rows)).is_ok());
        }
    }

    #[test]
    fn holes_and_words_are_drawn() {
        let sheet = "a,b,c\nred,,2020-01-01\nred,,2020-01-02\ngreen,,2020-01-04\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, sheet).unwrap();
        let table = crate::read_csv(&path).unwrap();
        let (columns, values) = (table.columns(), table.values());
        assert!(marginals("", columns, values, Some(values)).is_ok());
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let columns = columns(2, &[1.0, 2.0]);
        assert_eq!(marginals("", &columns, &[], None), Err(ChartError::NoRows));
        let error = marginals("", &columns, &[1.0, 2.0, 3.0, f64::INFINITY], None).unwrap_err();
        assert!(matches!(error, ChartError::Value { row: 1, .. }));
    }
}
