//! Valid, faulty and hostile files.

use super::*;
use crate::table::{Column, Missing, Schema, write_csv};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn read(text: &str) -> Result<Table, CsvError> {
    Ok(parse(Path::new("a.csv"), text.as_bytes())?.0.table(&TableOptions::default())?.0)
}

/// The message about a file that is read.
fn decided(text: &str) -> String {
    parse(Path::new("a.csv"), text.as_bytes()).unwrap().1
}

/// The message and its causes, as the program prints them.
fn error(text: &str) -> String {
    let error = read(text).unwrap_err();
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn values(text: &str) -> Vec<f64> {
    let (data, columns) = read(text).unwrap().into_parts();
    columns.from_model_rows(data.rows())
}

#[test]
fn separators_quotes_spaces_and_marks_are_understood() {
    for text in [
        "a,b\n1,2\n3,5\n",
        "\u{feff}a,b\n1,2\n3,5",
        "a;b\r\n1;2\r\n3;5\r\n\r\n\r\n",
        "\n\na\tb\n1\t2\n\n3\t5\n   \n",
        "\"a\" , b \n\"1\" , +2.0 \n3e0,5.\n",
        "\"a\",\"b\"\r1,2\r3,5\r",
    ] {
        assert_eq!(values(text), [1.0, 2.0, 3.0, 5.0], "{text:?}");
        let table = read(text).unwrap();
        let names: Vec<_> = table.columns().as_slice().iter().map(crate::Column::name).collect();
        assert_eq!(names, ["a", "b"], "{text:?}");
    }
}

#[test]
fn the_separator_is_counted_outside_quotes() {
    assert_eq!(read("\"a,b,c\";d\n1;2\n").unwrap().columns().as_slice()[0].name(), "a,b,c");
    assert_eq!(read("a \"\"b\n1\n").unwrap().columns().len(), 1);
    let name = |text: &str| read(text).unwrap().columns().as_slice()[0].name().to_owned();
    assert_eq!(name("name, first\tage\n1\t2\n3\t5\n"), "name, first");
    assert_eq!(name("a;x,b,c\n1,2,3\n4,5,7\n"), "a;x");
    assert_eq!(values("sep=;\r\na,b;c\n1;2\n3;5\n"), [1.0, 2.0, 3.0, 5.0]);
    assert!(error("sep=;\na;b\n1;2;3\n").contains("row 1 (line 3) is 3"));
    assert!(error("sep=;\na;b\n1;\"2\n").contains("line 3 opens a quote"));
}

/// The columns in a line each, and those left out.
fn columns(text: &str) -> Vec<String> {
    let sheet = parse(Path::new("a.csv"), text.as_bytes()).unwrap().0;
    let (table, left_out) = sheet.table(&TableOptions::default()).unwrap();
    let columns = table.columns().as_slice().iter().map(Column::to_string);
    columns.chain(left_out).collect()
}

/// A column of these cells and a column of numbers beside it.
fn beside<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let lines = (0..).zip(cells).map(|(i, cell): (i32, _)| format!("{cell};{}\n", i * i % 77));
    format!("a;b\n{}", lines.collect::<String>())
}

#[test]
fn missing_cells_are_holes() {
    for word in ["", "NaN", "null", "n/a", "None", "\"\"", " ", "?"] {
        let text = format!("a,b\n1,2\n{word},3\n7,5\n");
        let table = read(&text).unwrap();
        assert!(table.values()[2].is_nan(), "{word}");
        let found = columns(&text)[0].clone();
        assert_eq!(found, "a: integer, 1 to 7, 33.3 % missing");
        let written = String::from_utf8(crate::encode_csv(table.columns(), table.data().rows()));
        let bare = if word == "\"\"" { "" } else { word.trim() };
        assert_eq!(written.unwrap(), format!("a,b\n1,2\n{bare},3\n7,5\n"));
    }
    // Of a single column, an empty cell is a blank line; blank lines at the end are none.
    for text in ["a\n1\n\n\n2\n\n", "a\r\n1\r\n\r\n\r\n2\r\n\r\n"] {
        assert_eq!(columns(text), ["a: integer, 1 to 2, 50.0 % missing"]);
    }
    assert_eq!(values("a\r\n1\r\n2\r\n"), [1.0, 2.0]);
    assert_eq!(columns("a,b\n,1\n,3\n"), ["a: constant, 100.0 % missing", "b: integer, 1 to 3"]);
    assert_eq!(columns("a,b\n,\n,\n").len(), 2);
}

#[test]
fn columns_are_what_they_are() {
    let first = |cells: &[&str], times| columns(&beside(cells.repeat(times)))[0].clone();
    assert_eq!(first(&["red", "\"gr,\"\"ün\""], 10), "a: one of 2: gr,\"ün 50.0 %, red 50.0 %");
    assert_eq!(first(&["true", "false", "true"], 4), "a: one of 2: true 66.7 %, false 33.3 %");
    assert_eq!(first(&["x"], 4), "a: constant x");
    assert_eq!(first(&["1.50", "2.25", "1.75"], 1), "a: real, 1.5 to 2.25");
    assert_eq!(
        first(&["2020-01-31", "2019-12-31"], 2),
        "a: date YYYY-MM-DD, 2019-12-31 to 2020-01-31"
    );
    assert_eq!(first(&["08:30", "?"], 2), "a: date hh:mm, 08:30 to 08:30, 50.0 % missing");
    assert_eq!(first(&["007", "123", "456"], 5), "a: one of 3: 007 33.3 %, 123 33.3 %, 456 33.3 %");
    let large = first(&["9007199254740993", "18446744073709551615"], 5);
    assert_eq!(large, "a: one of 2: 18446744073709551615 50.0 %, 9007199254740993 50.0 %");
    assert_eq!(first(&["1", "2", "x"], 5), "a: one of 3: 1 33.3 %, 2 33.3 %, x 33.3 %");
    assert_eq!(first(&["2020-01-31", "x"], 2), "a: one of 2: 2020-01-31 50.0 %, x 50.0 %");
}

#[test]
fn words_that_all_differ_are_left_out() {
    let names: Vec<String> = (0..30).map(|i| format!("person {i}")).collect();
    let text = beside(names.iter().map(String::as_str));
    assert_eq!(
        columns(&text)[1],
        "left out column \"a\", whose words are all different, as names of rows are (\"person 0\" is the \
         first; keep ids to learn it)"
    );
    let schema = Schema::from_json(br#"{"columns": [{"name": "a", "kind": "category"}]}"#).unwrap();
    let sheet = parse(Path::new("a.csv"), text.as_bytes()).unwrap().0;
    for options in [by(schema), TableOptions { keep_ids: true, ..TableOptions::default() }] {
        let (table, left_out) = sheet.table(&options).unwrap();
        assert_eq!((table.columns().len(), left_out.len()), (2, 0));
    }
    assert!(
        error("a\nx\ny\nz\n").starts_with("a.csv: no column is left to learn: left out column")
    );
}

#[test]
fn a_schema_decides_instead_of_the_cells() {
    let text = beside(["1", "2", "3", "", "2"]);
    let sheet = parse(Path::new("a.csv"), text.as_bytes()).unwrap().0;
    let found = |schema: &str| {
        let schema = Schema::from_json(schema.as_bytes()).unwrap();
        let found = sheet.table(&by(schema)).map(|(table, left_out)| {
            let first = table.columns().as_slice()[0].to_string();
            [vec![first], left_out].concat().join("; ")
        });
        found.unwrap_or_else(|error| match std::error::Error::source(&error) {
            Some(source) => format!("{error}: {source}"),
            None => error.to_string(),
        })
    };
    let of = |rest: &str| found(&format!(r#"{{"columns": [{{"name": "a", {rest}}}]}}"#));
    assert_eq!(of(r#""kind": "real", "min": 0.5"#), "a: integer, at least 0.5, 20.0 % missing");
    assert_eq!(of(r#""kind": "integer""#), "a: integer, 20.0 % missing");
    assert!(
        of(r#""kind": "category""#)
            .starts_with("a: one of 3: 2 40.0 %, 1 20.0 %, 3 20.0 %, 20.0 % m")
    );
    assert_eq!(
        of(r#""kind": "skip""#),
        "b: integer, 0 to 16; left out column \"a\", as the schema has it"
    );
    assert!(
        of(r#""kind": "integer", "max": 2"#)
            .contains("\"3\" in row 3, line 4: a number as the sch")
    );
    assert!(of(r#""kind": "date""#).contains("holds \"1\" in row 1, line 2: a date in the format"));
    assert!(
        of(r#""kind": "constant""#)
            .contains("holds \"2\" in row 2, line 3: \"1\" is expected in every row")
    );
    let stranger = found(r#"{"columns": [{"name": "c", "kind": "real"}]}"#);
    assert_eq!(stranger, "a.csv: unknown column \"c\", expected some of a, b");
    // What was found is a schema that finds the same.
    let (table, _) = sheet.table(&TableOptions::default()).unwrap();
    let schema = table.columns().schema();
    assert_eq!(Schema::from_json(schema.to_json().as_bytes()).unwrap(), schema);
    let again = sheet.table(&by(schema)).unwrap().0.into_parts();
    assert_eq!(again, table.into_parts());
    let twice = r#"{"columns": [{"name": "a", "kind": "real"}, {"name": "a", "kind": "real"}]}"#;
    assert!(Schema::from_json(twice.as_bytes()).is_err());
    for bounds in [r#""kind": "real", "min": 2, "max": 1"#, r#""kind": "date", "min": 2"#] {
        let json = format!(r#"{{"columns": [{{"name": "a", {bounds}}}]}}"#);
        assert!(
            Schema::from_json(json.as_bytes())
                .unwrap_err()
                .to_string()
                .starts_with("column \"a\": min")
        );
    }
}

/// Columns as a schema has them.
fn by(schema: Schema) -> TableOptions {
    TableOptions { schema, ..TableOptions::default() }
}

#[test]
fn rows_with_holes_are_dropped_or_refused() {
    let text = "a,b,c\n1,x,\n2,NA,\n3.5,y,\n,x,\n7,y,\n";
    let sheet = parse(Path::new("a.csv"), text.as_bytes()).unwrap().0;
    let read = |missing| sheet.table(&TableOptions { missing, ..TableOptions::default() });
    let (learned, _) = read(Missing::Learn).unwrap();
    assert_eq!(learned.columns().as_slice()[0].hole(), Some(""));
    // A column without any value is no reason to drop a row.
    let (dropped, left_out) = read(Missing::Drop).unwrap();
    assert_eq!(left_out, ["left out 2 rows with empty cells"]);
    let [a, b] = [0, 1]
        .map(|column| dropped.values().iter().skip(column).step_by(3).copied().collect::<Vec<_>>());
    assert_eq!((a, b), (vec![1.0, 3.5, 7.0], vec![0.0, 1.0, 1.0]));
    assert!(dropped.columns().as_slice()[..2].iter().all(|column| column.hole().is_none()));
    assert_eq!(
        read(Missing::Refuse).unwrap_err().to_string(),
        "a.csv: column \"a\" has 1 missing cell (first in row 4, line 5); column \"b\" has 1 missing cell \
         (first in row 2, line 3)"
    );
    let sheet = parse(Path::new("a.csv"), b"a,b\n1,\n,2\n").unwrap().0;
    let options = TableOptions { missing: Missing::Drop, ..TableOptions::default() };
    let message = sheet.table(&options).unwrap_err().to_string();
    assert!(message.starts_with("a.csv: every row has an empty cell"), "{message}");
    // The same rows are left out of other files with these columns.
    let other = parse(Path::new("b.csv"), b"b,a\nx,\ny,7\n,1\n").unwrap().0;
    let whole = other.without_holes(dropped.columns());
    assert_eq!((whole.rows(), whole.cell(0, 0), whole.cell(0, 1)), (1, "y", "7"));
    // Without its holes a column may be constant: they are left out again.
    let sheet = parse(Path::new("a.csv"), b"a,b\n1,x\n2,\n3.5,x\n").unwrap().0;
    let options = TableOptions { missing: Missing::Drop, ..TableOptions::default() };
    let dropped = sheet.table(&options).unwrap().0;
    assert_eq!(dropped.columns().as_slice()[1].to_string(), "b: constant x");
    assert_eq!(sheet.without_holes(dropped.columns()).rows(), dropped.data().len());
}

#[test]
fn cells_that_cannot_be_learned_are_named() {
    let numbers: Vec<String> = (0..90).map(|i| format!("{}.5", i * i)).collect();
    let with = |cell: &str| {
        let mut cells: Vec<&str> = numbers.iter().map(String::as_str).collect();
        cells[1] = cell;
        error(&beside(cells))
    };
    assert_eq!(
        with("unknown"),
        "a.csv: column \"a\" holds \"unknown\" in row 2, line 3: a number is expected, as in most rows: \
         leave missing cells empty, or make the column a category with a schema (1 cell is without a number)"
    );
    assert_eq!(
        with("1,5"),
        "a.csv: column \"a\" holds \"1,5\" in row 2, line 3: whether commas are decimal or between thousands \
         does not show: write 1234.5 (1 cell is with a comma)"
    );
    for large in ["inf", "-Infinity", "1e999", "-2e300"] {
        let found = with(large);
        assert!(found.contains("finite numbers within ±1e300 are expected"), "{found}");
    }
    let long = with(&"ä".repeat(500_000));
    assert!(long.contains("ä…\" in row 2, line 3: at most 10000 bytes") && long.len() < 300);
}

#[test]
fn all_bad_columns_are_reported_up_to_a_limit() {
    let both = error("a,b,c\n1,-2e300,1\n1e999,2,1\n");
    assert!(both.contains("column \"a\" holds \"1e999\"") && both.contains("; column \"b\" holds"));
    let header: Vec<_> = (0..100).map(|i| format!("c{i}")).collect();
    let many = error(&format!(
        "{}\n{}{}",
        header.join(","),
        "1,".repeat(99) + "1\n",
        "inf,".repeat(99) + "inf"
    ));
    assert_eq!(many.matches("1 cell is too large").count(), 8);
    assert!(many.ends_with("; and 92 more such problems"), "{many}");
}

#[test]
fn a_comma_at_each_line_s_end_is_a_column_without_a_name() {
    assert_eq!(values("a,b,\n1,2,\n3,5,\n"), [1.0, 2.0, 3.0, 5.0]);
    assert!(error("a,b\n1,2,\n").contains("row 1 (line 2) is 3, but in the header it is 2"));
}

#[test]
fn rows_need_as_many_cells_as_the_header() {
    let by_hand = "a.csv: the number of cells in row 2 (line 3) is 1, but in the header it is 2";
    assert_eq!(error("a,b\n1,2\n3\n"), by_hand);
    assert!(error("a,b\r\n\r\n1,2,3\r\n").contains("row 1 (line 3) is 3"));
}

#[test]
fn a_header_and_rows_are_needed() {
    for text in ["", "\n\n", "\u{feff}"] {
        assert_eq!(error(text), "a.csv is empty: a header with column names is expected");
    }
    assert_eq!(error("a,b\n"), "a.csv has a header but no rows");
    assert!(error("1.5,2\n3,4\n").starts_with("a.csv: the first row holds numbers only (\"1.5\""));
    assert!(error("a,\n1,2\n").starts_with("a.csv: column 2 has no name in the header: name it,"));
    assert!(error("b,b\n1,2\n").ends_with("columns 1 and 2 are both named \"b\""));
    let wide = "a,".repeat(MAX_COLUMNS);
    assert_eq!(error(&wide), "a.csv has 10001 columns, more than 10000");
}

#[test]
fn names_that_count_the_columns_are_names_and_other_numbers_are_not() {
    for text in ["0,1,2\n0.5,1,7\n3,1,2\n", "1,2,3\n0.5,1,7\n3,1,2\n"] {
        assert_eq!(values(text), [0.5, 1.0, 7.0, 3.0, 1.0, 2.0]);
        let by_hand = "2 rows of 3 columns, the numbers of the first row are their names";
        assert_eq!(decided(text), by_hand);
    }
    for text in ["2,3\n1,2\n", "0.0,1.0\n1,2\n", "0,2\n1,2\n", "2019,2020\n1,2\n"] {
        let found = error(text);
        assert!(found.ends_with("or if these are the names, a letter before each"), "{found}");
    }
    // What is written of an array without names is read again.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let table = Table::new(&["1", "2"], &[0.5, 1.5, 2.5, 4.0]).unwrap();
    write_csv(&path, table.columns(), table.data().rows()).unwrap();
    let again = read_csv(&path).unwrap();
    assert_eq!((again.data(), again.values()), (table.data(), table.values()));
}

#[test]
fn an_index_and_empty_columns_are_left_out_if_they_have_no_name() {
    for text in [
        ",a,b\n0,1,2\n1,3,5\n",                     // pandas
        ",a,b\n7,1,2\n3,3,5\n",                     // some of its rows
        "\"\",\"a\",\"b\"\n\"1\",1,2\n\"2\",3,5\n", // R
        ",a,b\nMazda RX4,1,2\nDatsun 710,3,5\n",
        ",a,b\n2020-01-01,1,2\n2020-01-02,3,5\n",
        "Unnamed: 0,a,b\n0,1,2\n1,3,5\n",
        ",0,1\n0,1,2\n1,3,5\n",
    ] {
        assert_eq!(values(text), [1.0, 2.0, 3.0, 5.0], "{text:?}");
        assert_eq!(
            decided(text),
            "2 rows of 2 columns, left out column 1, which has no name and looks like an index (name \
             it to learn it)"
        );
    }
    assert_eq!(values("a;b;\n1;2;\n3;5;\n"), [1.0, 2.0, 3.0, 5.0]);
    assert!(
        decided("a;;b\n1;;2\n3;;5\n")
            .ends_with("left out column 2, which has no name and no values")
    );
    // What else has no name may be data.
    for text in
        [",b\n0.5,2\n1,3\n", ",b\n1,2\n1,3\n", ",b\nx,2\nx,3\n", ",b\n0,2\n,3\n", "\"\"\n1\n2\n"]
    {
        assert!(error(text).starts_with("a.csv: column 1 has no name in the header"), "{text:?}");
    }
    assert!(error("a,\n1,0\n3,1\n").starts_with("a.csv: column 2 has no name"));
    // Rows are counted all the same.
    assert!(error(",a,b\n0,1,2\n1,3,inf\n").contains("\"inf\" in row 2, line 3"));
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let error = |bytes: &[u8]| parse(Path::new("a.csv"), bytes).unwrap_err().to_string();
    let by_hand = "a.csv is not a CSV file in UTF-8: line 3 holds the byte ";
    assert_eq!(
        error(b"a\n1\n\xe42\n"),
        format!(
            "{by_hand}0xe4, as in Latin-1: save it as UTF-8, such as by iconv -f WINDOWS-1252 -t UTF-8"
        )
    );
    assert_eq!(error(b"a\n1\n\0"), format!("{by_hand}0x00"));
    let utf_16 = error(b"\xff\xfea\0");
    assert!(
        utf_16.contains("line 1 holds the byte 0xff, as in UTF-16: save it as UTF-8"),
        "{utf_16}"
    );
    let missing = read_csv(Path::new("no such.csv")).unwrap_err();
    assert_eq!(missing.to_string(), "cannot read no such.csv");
}

#[test]
fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let rows: Vec<f64> = (0..200_u32)
        .flat_map(|i| {
            let i = f64::from(i);
            [i * i, (0.1 * i).sin(), i % 3.0 - 0.5, 7.25, 1e9 + i / 7.0]
        })
        .collect();
    let names = ["count", "a \"wave\"", "x;y,z", "same", "line\nbreak"];
    let table = Table::new(&names, &rows).unwrap();
    write_csv(&path, table.columns(), table.data().rows()).unwrap();
    let again = read_csv(&path).unwrap();
    for (a, b) in table.columns().as_slice().iter().zip(again.columns().as_slice()) {
        assert_eq!(a.name(), b.name());
    }
    let span = |i: usize| {
        let column = || table.values().iter().skip(i).step_by(5).copied();
        column().fold(f64::MIN, f64::max) - column().fold(f64::MAX, f64::min)
    };
    let pairs = table.values().iter().zip(again.values()).enumerate();
    for (i, (a, b)) in pairs {
        assert!((a - b).abs() <= 1e-6 * span(i % 5), "{a} came back as {b}");
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("count,\"a \"\"wave\"\"\",\"x;y,z\",same,\"line\nbreak\"\n0,0,-0.5,7.25,")
    );
    assert_eq!(text.lines().count(), 202);
}

/// A valid file with all that a file may have.
const VALID: &[u8] =
    "\u{feff}age;\"höhe;m\" ;c\r\n20;1.75;-1e-3\r\n\"31\"; 1.5 ;2E5\r\n\r\n42;.5;7\r\n".as_bytes();

#[test]
fn hostile_files_are_tables_or_errors() {
    assert!(parse(Path::new("a.csv"), VALID).is_ok());
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut below = |limit: usize| rng.next_u32() as usize % limit;
    for _ in 0..4000 {
        let mut bytes = VALID.to_vec();
        for _ in 0..=below(4) {
            let (from, to) = (below(bytes.len() + 1), below(bytes.len() + 1));
            match below(5) {
                0 => bytes.truncate(from),
                1 => bytes.insert(from, *b"\"\n\r;,\t \0\xff-e9".get(below(12)).unwrap()),
                2 if from < to => drop(bytes.drain(from..to)),
                3 if from < to => bytes.extend_from_within(from..to),
                _ if from < bytes.len() => bytes[from] ^= 1 << below(8),
                _ => {}
            }
        }
        match parse(Path::new("a.csv"), &bytes) {
            Ok((sheet, _)) => match sheet.table(&TableOptions::default()) {
                Ok((table, _)) => {
                    assert!(table.data().rows().iter().all(|value| value.is_finite()));
                }
                Err(error) => assert!(error.to_string().contains("a.csv")),
            },
            Err(error) => assert!(error.to_string().contains("a.csv")),
        }
    }
}

/// Whole numbers around 0.
fn whole() -> crate::Number {
    let scale = crate::Scale::Standard { mean: 0.0, deviation: 1.0 };
    let decimals = crate::Decimals::INTEGER;
    crate::Number::new("a", scale, decimals, [None; 2], Vec::new(), vec![1.0]).unwrap()
}

proptest! {
    #[test]
    fn any_text_is_a_table_or_an_error(text in "[a-c0-9.,;\t\"\r\n -]{0,60}") {
        let _ = read(&text);
    }

    #[test]
    fn every_cell_comes_back_as_it_was(
        rows in prop::collection::vec(
            (0_usize..4, -40_000_i32..40_000, 0_i64..40_000, any::<bool>(), 0_i32..90_000, 0_u8..4), 2..120
        )
    ) {
        const WORDS: [&str; 4] = ["red", "a, \"b\"", "größe 大", "x;y"];
        let day = |days: i64| {
            let format = crate::DateFormat::from_pattern("YYYY-MM-DD").unwrap();
            let date = crate::Date::new("a", format, vec![whole()], 1).unwrap();
            Column::new("a", crate::ColumnKind::Date(date), None).unwrap().text(days as f64)
        };
        let mut text = "word,integer,day,flag,price,hole\n".to_owned();
        for (word, integer, days, flag, cents, hole) in rows {
            let word = WORDS[word].replace('"', "\"\"");
            let price = format!("{}.{:02}", cents / 100, cents % 100);
            let hole = if hole == 0 { "NA".to_owned() } else { (3 * cents).to_string() };
            let row = format!("\"{word}\",{integer},{},{flag},{price},{hole}\n", day(days));
            text.push_str(&row);
        }
        let sheet = parse(Path::new("a.csv"), text.as_bytes()).unwrap().0;
        let words = br#"{"columns": [{"name": "word", "kind": "category"}, {"name": "flag", "kind": "category"}]}"#;
        let (table, _) = sheet.table(&by(Schema::from_json(words).unwrap())).unwrap();
        let written = crate::encode_csv(table.columns(), table.data().rows());
        let again = parse(Path::new("a.csv"), &written).unwrap().0;
        for row in 0..sheet.rows() {
            for column in 0..6 {
                prop_assert_eq!(sheet.cell(row, column), again.cell(row, column));
            }
        }
        prop_assert_eq!(sheet.model_rows(table.columns()).unwrap(), table.data().rows());
    }
}

/// The column of these cells in a line, and the cells as it writes them.
fn written(cells: &[String]) -> (String, Vec<String>) {
    let text = cells.iter().fold("a,b\n".to_owned(), |text, cell| format!("{text}\"{cell}\",x\n"));
    let table = read(&text).unwrap();
    let column = &table.columns().as_slice()[0];
    let values = table.columns().from_model_rows(table.data().rows());
    (column.to_string(), values.iter().step_by(2).map(|value| column.text(*value)).collect())
}

#[test]
fn amounts_shares_and_decimal_commas_are_numbers_and_come_back_as_they_were() {
    let cents = |i: u32| (i * i * 37) % 1_000_000;
    for (cell, about) in [
        (&(|n| format!("${n}")) as &dyn Fn(String) -> String, "as $1234.5"),
        (&|n| format!("{n} %"), "as 1234.5 %"),
        (&|n| format!("{} €", n.replace('.', ",")), "as 1234,5 €"),
        (&|n| n.replace('.', ","), "as 1234,5"),
    ] {
        let cells: Vec<String> =
            (0..90).map(|i| cell(format!("{}.{:02}", cents(i) / 100, cents(i) % 100))).collect();
        let (line, back) = written(&cells);
        assert!(line.starts_with("a: real") && line.ends_with(about), "{line}");
        assert_eq!(back, cells);
    }
    let thousands = |i: u32| match cents(i) {
        n @ 0..1000 => n.to_string(),
        n => format!("{},{:03}", n / 1000, n % 1000),
    };
    let cells: Vec<String> = (0..90).map(thousands).collect();
    let (line, back) = written(&cells);
    assert!(line.starts_with("a: integer, 0 to") && line.ends_with(", as 1,234.5"), "{line}");
    assert_eq!(back, cells);
    // Few amounts are a category, of numbers.
    let cells: Vec<String> = (0..90).map(|i| format!("${}.50", i % 3 * 1000)).collect();
    assert_eq!(written(&cells).1, cells);
}

#[test]
fn a_word_among_amounts_and_commas_in_doubt_are_refused() {
    let mut cells: Vec<String> = (0..90).map(|i| format!("${}.25", i * i)).collect();
    cells[1] = "free".to_owned();
    let found = error(&beside(cells.iter().map(String::as_str)));
    assert!(found.contains("holds \"free\" in row 2, line 3: a number is expected"), "{found}");
    let cells: Vec<String> = (0..90).map(|i| format!("{},{:03}", i + 1, i * 11)).collect();
    let found = error(&beside(cells.iter().map(String::as_str)));
    assert!(found.contains("does not show: write 1234.5 (90 cells are with a comma)"), "{found}");
}

#[test]
fn dates_may_begin_with_the_day_or_the_month() {
    for (date, about) in [
        (&(|d, m| format!("{d:02}.{m:02}.2021")) as &dyn Fn(u32, u32) -> String, "DD.MM.YYYY"),
        (&|d, m| format!("{m}/{d}/2021"), "M/D/YYYY"),
        (&|d, m| format!("{m:02}/{d:02}/2021 {d:02}:30"), "MM/DD/YYYY hh:mm"),
        (&|d, m| format!("2021/{m:02}/{d:02}"), "YYYY/MM/DD"),
    ] {
        let cells: Vec<String> = (0..90).map(|i| date(i % 23 + 1, i % 12 + 1)).collect();
        let (line, back) = written(&cells);
        assert!(line.starts_with(&format!("a: date {about}, ")), "{line}");
        assert_eq!(back, cells);
    }
    let doubtful: Vec<String> =
        (0..90).map(|i| format!("{:02}/{:02}/2021", i % 12 + 1, i % 11 + 1)).collect();
    let text = beside(doubtful.iter().map(String::as_str));
    let found = error(&text);
    assert!(found.contains("whether the day or the month is first does not show"), "{found}");
    assert!(found.contains("(90 cells are such a date)"), "{found}");
    let schema = br#"{"columns": [{"name": "a", "kind": "date", "format": "MM/DD/YYYY"}]}"#;
    let options =
        TableOptions { schema: Schema::from_json(schema).unwrap(), ..TableOptions::default() };
    let sheet = parse(Path::new("a.csv"), text.as_bytes()).unwrap().0;
    let line = sheet.table(&options).unwrap().0.columns().as_slice()[0].to_string();
    assert!(line.starts_with("a: date MM/DD/YYYY, 01/01/2021 to 12/"), "{line}");
}

#[test]
fn quotes_that_do_not_enclose_a_cell_are_refused() {
    assert_eq!(
        error("a,b\n1,\"x\n2,y\n"),
        "a.csv: line 2 opens a quote that is not closed before the end of the file"
    );
    let behind = "a.csv: a cell in line 3 goes on behind its quotes: a quote in a quoted cell is written twice";
    assert_eq!(error("a,b\n1,x\n2,\"5\" pipe\n"), behind);
}
