//! Valid, faulty and hostile files.

use super::*;
use crate::table::{ColumnKind, write_csv};
use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

fn read(text: &str) -> Result<Table, CsvError> {
    Ok(parse(Path::new("a.csv"), text.as_bytes())?.0)
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
}

#[test]
fn missing_cells_are_counted_and_placed() {
    let text = "name id,age\n1,20\n2,\n\n3,NA\n4,?\n5,30\n";
    let by_hand = "a.csv: column \"age\" has 3 missing cells (first in row 2, line 3)";
    assert_eq!(error(text), by_hand);
    for word in ["NaN", "null", "n/a", "None", "\"\"", " "] {
        let found = error(&format!("a,b\n1,2\n{word},2\n"));
        assert_eq!(found, "a.csv: column \"a\" has 1 missing cell (first in row 2, line 3)");
    }
    // Of a single column, an empty cell is a blank line; blank lines at the end are none.
    for text in ["a\n1\n\n\n2\n\n", "a\r\n1\r\n\r\n\r\n2\r\n\r\n"] {
        let found = error(text);
        assert!(found.starts_with("a.csv: column \"a\" has 2 missing cells (first in row 2"));
    }
    assert_eq!(values("a\r\n1\r\n2\r\n"), [1.0, 2.0]);
}

#[test]
fn cells_that_are_no_numbers_are_named() {
    assert_eq!(
        error("id,city\n1,7\n2,Paris\n3,Rome\n"),
        "a.csv: column \"city\" holds \"Paris\" in row 2, line 3: \
         only numeric columns can be learned for now (2 cells are without a number)"
    );
    assert_eq!(
        error("a;b\n1,5;2\n"),
        "a.csv: column \"a\" holds \"1,5\" in row 1, line 2: \
         a decimal point is expected, not a comma (1 cell is with a comma)"
    );
    for large in ["inf", "-Infinity", "1e999", "-2e300"] {
        let found = error(&format!("a\n{large}\n"));
        assert!(found.contains("finite numbers within ±1e300 are expected"), "{found}");
    }
    let long = error(&format!("a\n{}\n", "ä".repeat(1000)));
    assert!(long.contains("ä…\" in row 1") && long.len() < 300);
}

#[test]
fn all_bad_columns_are_reported_up_to_a_limit() {
    let both = error("a,b,c\n,x,1\nNA,2,1\n");
    assert!(both.contains("\"a\" has 2 missing cells") && both.contains("; column \"b\" holds"));
    let header: Vec<_> = (0..100).map(|i| format!("c{i}")).collect();
    let many = error(&format!("{}\n{}\n", header.join(","), ",".repeat(99)));
    assert_eq!(many.matches("1 missing cell").count(), 8);
    assert!(many.ends_with("; and 92 more such problems"), "{many}");
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
    assert_eq!(read_csv(&path).unwrap(), table);
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
    let missing = "a.csv: column \"b\" has 1 missing cell (first in row 2, line 3)";
    assert_eq!(error(",a,b\n0,1,2\n1,3,\n"), missing);
}

#[test]
fn bytes_that_are_no_text_are_named() {
    let error = |bytes: &[u8]| parse(Path::new("a.csv"), bytes).unwrap_err().to_string();
    let by_hand = "a.csv is not a CSV file in UTF-8: line 3 holds the byte ";
    assert_eq!(error(b"a\n1\n\xff2\n"), format!("{by_hand}0xff"));
    assert_eq!(error(b"a\n1\n\0"), format!("{by_hand}0x00"));
    assert!(error(b"\xff\xfea\0").ends_with("line 1 holds the byte 0xff"));
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
        assert_eq!((a.name(), a.kind()), (b.name(), b.kind()));
        assert!((a.mean() - b.mean()).abs() <= 1e-7 * a.deviation());
    }
    assert_eq!(again.columns().as_slice()[0].kind(), &ColumnKind::Integer);
    let pairs = table.data().rows().iter().zip(again.data().rows());
    assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
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
            Ok((table, _)) => assert!(table.data().rows().iter().all(|value| value.is_finite())),
            Err(error) => assert!(error.to_string().contains("a.csv")),
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_a_table_or_an_error(text in "[a-c0-9.,;\t\"\r\n -]{0,60}") {
        let _ = read(&text);
    }
}
