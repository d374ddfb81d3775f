//! The columns of tables: as the data have them, and as model folders keep them.

use ancestral::categorical::{self, Categories};
use ancestral_data::{
    Category, Column, ColumnError, ColumnKind, Columns, Date, DateFormat, Decimals, Notation,
    Number, Scale,
};
use ancestral_format::{
    AboutCategory, AboutColumn, AboutColumnKind, AboutDate, AboutNotation, AboutNumber, AboutScale,
    ModelFolder,
};

use crate::error::{Error, ModelError};

type BoxedError = Box<dyn std::error::Error + Send + Sync>;

/// As a model folder keeps them.
#[must_use]
pub fn columns_for_folder(columns: &Columns) -> Vec<AboutColumn> {
    let column = |column: &Column| AboutColumn {
        name: column.name().to_owned(),
        width: column.width(),
        hole: column.hole().map(ToOwned::to_owned),
        notation: about_notation(column.notation()),
        kind: match column.kind() {
            ColumnKind::Number(number) => AboutColumnKind::Number(about_number(number)),
            ColumnKind::Category(category) => AboutColumnKind::Category(AboutCategory {
                labels: category.labels().to_vec(),
                are_numbers: category.numbers().is_some(),
                shares: category.shares().to_vec(),
            }),
            ColumnKind::Date(date) => AboutColumnKind::Date(AboutDate {
                format: date.format().to_string(),
                parts: date.parts().iter().map(about_number).collect(),
                step: date.step(),
            }),
            ColumnKind::Constant(text) => AboutColumnKind::Constant(text.clone()),
        },
    };
    columns.as_slice().iter().map(column).collect()
}

fn about_notation(notation: &Notation) -> Option<AboutNotation> {
    (!notation.is_plain()).then(|| AboutNotation {
        before: notation.before().to_owned(),
        after: notation.after().to_owned(),
        thousands: notation.thousands(),
        decimal: notation.decimal(),
    })
}

fn about_number(number: &Number) -> AboutNumber {
    let (Decimals { most, least }, [min, max]) = (number.decimals(), number.bounds());
    AboutNumber {
        scale: match number.scale().clone() {
            Scale::Standard { mean, deviation } => AboutScale::Standard { mean, deviation },
            Scale::Scores { edge, values } => AboutScale::Scores { edge, values },
        },
        decimals: most,
        padding: least,
        min,
        max,
        masses: number.masses().to_vec(),
        shares: number.shares().to_vec(),
    }
}

/// As they were kept.
///
/// # Errors
/// If a column is invalid, or takes another number of dimensions than its folder has.
pub fn columns_of_folder(columns: &[AboutColumn]) -> Result<Columns, BoxedError> {
    Ok(Columns::new(columns.iter().map(column).collect::<Result<_, _>>()?)?)
}

fn column(about: &AboutColumn) -> Result<Column, BoxedError> {
    let AboutColumn { name, width, hole, notation, kind } = about;
    let kind = match kind {
        AboutColumnKind::Number(about) => ColumnKind::Number(number(name, about)?),
        AboutColumnKind::Category(AboutCategory { labels, are_numbers, shares }) => {
            let (labels, shares) = (labels.clone(), shares.clone());
            ColumnKind::Category(Category::new(name, labels, *are_numbers, shares)?)
        }
        AboutColumnKind::Date(AboutDate { format, parts, step }) => {
            let pattern = DateFormat::from_pattern(format);
            let pattern = pattern.ok_or_else(|| {
                format!("column {name:?}: format {format:?} must be as YYYY-MM-DD hh:mm:ss")
            })?;
            let parts = parts.iter().map(|part| number(name, part)).collect::<Result<_, _>>()?;
            ColumnKind::Date(Date::new(name, pattern, parts, *step)?)
        }
        AboutColumnKind::Constant(text) => ColumnKind::Constant(text.clone()),
    };
    let notation = match notation {
        None => Notation::default(),
        Some(AboutNotation { before, after, thousands, decimal }) => {
            Notation::new(before, after, *thousands, *decimal)
                .ok_or_else(|| format!("column {name:?}: notation must be one of numbers"))?
        }
    };
    let column = Column::new(name, kind, hole.clone())?.written_in(notation)?;
    let found = column.width();
    if found != *width {
        return Err(format!("column {name:?}: width {width} must be {found}").into());
    }
    Ok(column)
}

fn number(name: &str, about: &AboutNumber) -> Result<Number, ColumnError> {
    let scale = match about.scale.clone() {
        AboutScale::Standard { mean, deviation } => Scale::Standard { mean, deviation },
        AboutScale::Scores { edge, values } => Scale::Scores { edge, values },
    };
    let decimals = Decimals { most: about.decimals, least: about.padding };
    let (masses, shares) = (about.masses.clone(), about.shares.clone());
    Number::new(name, scale, decimals, [about.min, about.max], masses, shares)
}

/// The categories in these columns, of which a network predicts logits: one-hot states together, and each bit.
///
/// # Panics
/// Never: states have positive shares, so their numbers differ, and columns stand one after the other.
#[must_use]
pub fn categories_of(columns: &Columns) -> Categories {
    let categories = columns.codes().flat_map(|(first, codes)| {
        let off_on = codes.off_on();
        if codes.are_one_hot() {
            vec![categorical::Category::new(first, off_on)]
        } else {
            let bit = |(i, pair)| categorical::Category::new(first + i, vec![pair]);
            off_on.into_iter().enumerate().map(bit).collect()
        }
    });
    let categories = categories.collect::<Result<_, _>>().and_then(Categories::new);
    categories.expect("states of positive shares, one column after the other")
}

/// Columns of which nothing is known: their values are those of model space.
fn unscaled(count: usize) -> Result<Columns, BoxedError> {
    let column = |i| Column::unscaled(&format!("column {i}"));
    Ok(Columns::new((1..=count).map(column).collect())?)
}

/// Those of a model whose network has `expected` numbers in a row.
pub(super) fn of(model: &str, expected: usize, folder: &ModelFolder) -> Result<Columns, Error> {
    let known = folder.about.as_ref().and_then(|about| about.data.columns.as_deref());
    let columns = known.map_or_else(|| unscaled(expected), columns_of_folder);
    let columns =
        columns.map_err(|source| ModelError::Column { model: model.to_owned(), source })?;
    if columns.width() != expected {
        let (model, found) = (model.to_owned(), columns.width());
        return Err(ModelError::Columns { model, found, expected }.into());
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use ancestral_data::read_csv;

    use super::*;

    const TABLE: &str = "colour,amount,day,seen,same,size\n";

    #[test]
    fn columns_of_every_kind_are_kept() {
        let rows = (0..60_usize).map(|i| {
            let colour = ["red", "green", "\"a,b\""][i % 3];
            let amount = if i % 2 == 0 { "0".to_owned() } else { format!("{}.5", i * i * i) };
            let size = if i % 7 == 0 { "NA".to_owned() } else { format!("{}.25", 3 * i) };
            let (day, hour) = (i % 28 + 1, i % 24);
            format!("{colour},{amount},2020-01-{day:02},{hour:02}:30,x,{size}\n")
        });
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, TABLE.to_owned() + &rows.collect::<String>()).unwrap();
        let table = read_csv(&path).unwrap();
        let about = columns_for_folder(table.columns());
        let kinds: Vec<&str> = about
            .iter()
            .map(|column| match &column.kind {
                AboutColumnKind::Number(_) => "number",
                AboutColumnKind::Category(_) => "category",
                AboutColumnKind::Date(_) => "date",
                AboutColumnKind::Constant(_) => "constant",
            })
            .collect();
        let expected = ["category", "number", "date", "date", "constant", "number"];
        assert_eq!(kinds, expected);
        assert_eq!(about[5].hole.as_deref(), Some("NA"));
        assert_eq!(&columns_of_folder(&about).unwrap(), table.columns());
        let wrong = AboutColumn { width: 2, ..about[0].clone() };
        let message = columns_of_folder(&[wrong]).unwrap_err().to_string();
        assert_eq!(message, "column \"colour\": width 2 must be 3");
    }
}
