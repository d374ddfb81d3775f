//! Training on tables and points, and what their samples are.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod common;

use ancestral_data::{read_npy, write_npy};
use common::{Folder, people};

const TINY: &str = "--width 8 --layers 1 --batch 4 --timesteps 25 --steps 2 --preview-every 0";

/// The header and the cells of a table.
fn table(text: &str) -> (Vec<&str>, Vec<Vec<&str>>) {
    let mut lines = text.lines().map(|line| line.split(',').collect());
    (lines.next().unwrap(), lines.collect())
}

fn number(cell: &str) -> f64 {
    cell.parse().unwrap_or_else(|_| panic!("{cell:?} is no number"))
}

#[test]
fn every_column_keeps_its_kind() {
    let folder = Folder::new();
    let row = |i: i32| format!("{},2.5,{},{}\n", 1000 + i, 3 + 4 * (i % 2), f64::from(i).sqrt());
    let rows: String = (0..100).map(row).collect();
    folder.write("things.csv", format!("count,\"size, cm\",pair,root\n{rows}"));
    let some = "--width 8 --layers 1 --batch 16 --timesteps 25 --steps 100 --preview-every 0";
    let stderr = folder.stderr(&format!("train things.csv {some} -o run"));
    assert!(stderr.contains("100 rows of 4 columns") && stderr.contains("MLP 1x8"), "{stderr}");

    // A network that has learned little: the output still has the column's kind.
    folder.run("sample run -n 300 --steps 5 -o x.csv");
    let text = folder.text("x.csv");
    assert!(text.starts_with("count,\"size, cm\",pair,root\n"), "{text}");
    let text = text.replacen("\"size, cm\"", "size", 1);
    let (_, rows) = table(&text);
    assert_eq!(rows.len(), 300);
    for row in &rows {
        let [count, size, pair, root] = row[..] else { panic!("{row:?}") };
        count.parse::<i64>().unwrap_or_else(|_| panic!("{count} is no integer"));
        assert_eq!(size, "2.5");
        assert!(["3", "7"].contains(&pair), "{pair}");
        assert!(number(root).is_finite());
    }
    let has = |column: usize, test: &dyn Fn(&str) -> bool| rows.iter().any(|row| test(row[column]));
    assert!(has(2, &|pair| pair == "3") && has(2, &|pair| pair == "7"));
    assert!(has(3, &|root| number(root).fract() != 0.0));
    // An array holds the same rows.
    folder.run("sample run -n 300 --steps 5 -o x.npy");
    let array = read_npy(&folder.path("x.npy")).unwrap();
    assert_eq!(array.shape(), [300, 4]);
    let cells = rows.iter().flatten().map(|cell| number(cell));
    for (cell, value) in cells.zip(array.data()) {
        let error = (cell - f64::from(*value)).abs();
        assert!(error <= 1e-6 * cell.abs().max(1.0), "{cell} is not {value}");
    }
    // What training leaves is of the same kinds.
    let left = folder.text("run/samples.csv");
    assert!(left.starts_with("count,\"size, cm\",pair,root\n"));
    assert_eq!(left.lines().count(), 1001);
}

#[test]
fn categories_that_belong_together_stay_together() {
    let folder = Folder::new();
    let cities = ["Oslo,Norway", "Bergen,Norway", "Lyon,France", "Nice,France"];
    // Shares of 1/7, 2/7, 2/7, 2/7.
    let row = |i: usize| cities[[0, 1, 1, 2, 2, 3, 3][i % 7]].to_owned() + "\n";
    let rows: String = (0..350).map(row).collect();
    folder.write("cities.csv", format!("city,country\n{rows}"));
    let few = "--width 32 --layers 1 --batch 64 --timesteps 100 --preview-every 0";
    folder.run(&format!("train cities.csv {few} --steps 600 -o run"));
    folder.run("sample run -n 700 --steps 50 -o x.csv");
    let text = folder.text("x.csv");
    let drawn: Vec<&str> = text.lines().skip(1).collect();
    assert!(drawn.iter().all(|row| cities.contains(row)), "{drawn:?}");
    // A share of 700 rows has a deviation of at most 1.7 points, and so does that of a training.
    for (city, share) in cities.iter().zip([1.0, 2.0, 2.0, 2.0]) {
        let found = drawn.iter().filter(|row| *row == city).count() as f64 / 700.0;
        assert!((found - share / 7.0).abs() < 0.1, "{city}: {found}");
    }
}

#[test]
fn words_dates_and_holes_come_back_as_they_were() {
    let folder = Folder::new();
    let row = |i: i32| {
        let colour = ["red", "\"light, \"\"green\"\"\""][usize::from(i % 3 == 0)];
        let amount = if i % 5 < 3 { "0".to_owned() } else { format!("{}.50", i * i) };
        let age = if i % 4 == 0 { "NA".to_owned() } else { i.to_string() };
        format!("{colour},{amount},{age},2020-03-{:02},person {i}\n", i % 28 + 1)
    };
    let rows: String = (0..100).map(row).collect();
    folder.write("people.csv", format!("colour,amount,age,day,name\n{rows}"));
    let stderr = folder.stderr(&format!("train people.csv {TINY} -o run"));
    for line in [
        "left out column \"name\", whose words are all different",
        "column colour: one of 2: red 66.0 %, light, \"green\" 34.0 %",
        ", 60.0 % 0",
        "column age: integer, 1 to 99, 25.0 % missing",
        "column day: date YYYY-MM-DD, 2020-03-01 to 2020-03-28",
    ] {
        assert!(stderr.contains(line), "{line}: {stderr}");
    }
    folder.run("sample run -n 100 --steps 5 -o x.csv");
    let text = folder.text("x.csv").replace("\"light, \"\"green\"\"\"", "green");
    let (header, rows) = table(&text);
    assert_eq!(header, ["colour", "amount", "age", "day"]);
    for row in &rows {
        let [colour, amount, age, day] = row[..] else { panic!("{row:?}") };
        assert!(["red", "green"].contains(&colour), "{colour}");
        assert!((0.0..=9801.5).contains(&number(amount)) && amount.len() < 8, "{amount}");
        assert!(age == "NA" || (1..=99).contains(&age.parse::<i64>().unwrap()), "{age}");
        assert!(day.starts_with("2020-03-") && day.len() == 10, "{day}");
    }
    let message = folder.refused("sample run -n 2 --steps 2 -o x.npy");
    assert!(message.contains("column \"colour\" holds words or dates"), "{message}");
    folder.write("given.csv", "colour,age\nred,7\n,\n");
    folder.run("sample run -n 2 --steps 5 --given given.csv -o y.csv");
    assert!(folder.text("y.csv").lines().nth(1).unwrap().starts_with("red,"));
}

#[test]
fn columns_are_what_the_user_says() {
    let folder = Folder::new();
    let row = |i: i32| format!("{},{},person {i}\n", i % 3, if i % 4 == 0 { "" } else { "5.5" });
    let rows: String = (0..60).map(row).collect();
    folder.write("people.csv", format!("stars,size,name\n{rows}"));
    let schema = r#"{"columns": [{"name": "stars", "kind": "integer", "min": 0}]}"#;
    folder.write("schema.json", schema);
    let flags = "--columns schema.json --missing drop --keep-ids";
    let stderr = folder.stderr(&format!("train people.csv {TINY} {flags} -o run"));
    for line in [
        "60 rows of 3 columns",
        "left out 15 rows with empty cells",
        "column stars: integer, at least 0",
        "column size: constant 5.5",
        "column name: one of 45:",
    ] {
        assert!(stderr.contains(line), "{line}: {stderr}");
    }
    let found = folder.run("inspect run --columns");
    assert!(found.contains(r#"{"name":"stars","kind":"integer","min":0.0}"#), "{found}");
    // The run can be resumed without the schema, and what was found is a schema.
    std::fs::remove_file(folder.path("schema.json")).unwrap();
    folder.run("train --resume run --steps 3 --missing drop");
    let message = folder.refused("train --resume run --steps 4 --missing learn");
    assert!(message.contains("the run was begun with --missing drop"), "{message}");
    folder.write("found.json", found);
    folder.run(&format!("train people.csv {TINY} --columns found.json -o again --quiet"));
    for (flags, expected) in [
        (
            "people.csv --missing refuse",
            "column \"size\" has 15 missing cells (first in row 1, line 2)",
        ),
        ("people.csv --columns no.json", "--columns no.json: cannot read it"),
        ("people.csv --columns people.csv", "--columns people.csv: expected value at line 1"),
        ("moons --missing drop", "--missing: moons is a toy set, expected a table in a file with"),
        ("moons --keep-ids", "--keep-ids: moons is a toy set"),
    ] {
        let message = folder.refused(&format!("train {flags} {TINY} -o no"));
        assert!(message.contains(expected), "{flags}: {message}");
    }
    assert!(
        folder
            .refused("inspect digits --columns")
            .contains("samples of model built-in digits are pictures")
    );
}

#[test]
fn rows_are_plotted_and_not_put_into_folders() {
    let folder = Folder::new();
    folder.write("people.csv", people(40));
    folder.run(&format!("train people.csv {TINY} -o three --quiet"));
    folder.run(&format!("train moons --points 50 {TINY} -o two --quiet"));
    let kinds = |run: &str| folder.files(run).into_keys().collect::<Vec<_>>();
    assert!(kinds("two").contains(&"denoising.gif".to_owned()));
    assert!(!kinds("three").contains(&"denoising.gif".to_owned()));
    for run in ["two", "three"] {
        assert!(kinds(run).contains(&"samples.png".to_owned()));
        for (flags, expected) in [
            ("-o many", "expected a name ending in .png, .csv or .npy"),
            ("-o many/", "expected a name ending in .png, .csv or .npy"),
            ("--trajectory -o x.png", "trajectories of points"),
            ("--trajectory -o x.csv", "trajectories of points"),
        ] {
            let message = folder.refused(&format!("sample {run} -n 5 --steps 2 {flags}"));
            assert!(message.contains(expected), "{flags}: {message}");
        }
        folder.run(&format!("sample {run} -n 5 --steps 2 -o {run}.png"));
        assert!(folder.read(&format!("{run}.png")).starts_with(b"\x89PNG"));
        folder.run(&format!("sample {run} -n 5 --steps 2 --trajectory -o {run}.npy"));
    }
    assert_eq!(read_npy(&folder.path("two.npy")).unwrap().shape(), [3, 5, 2]);
    assert_eq!(read_npy(&folder.path("three.npy")).unwrap().shape(), [3, 5, 3]);
    folder.run("sample two -n 5 --steps 2 -o x.gif");
    assert!(folder.read("x.gif").starts_with(b"GIF89a"));
    let message = folder.refused("sample three -n 5 --steps 2 -o y.gif");
    assert!(message.contains("rows of 3 columns, which no animation shows"), "{message}");
    let left = ["many", "x.png", "x.csv", "y.gif"].map(|name| folder.path(name).exists());
    assert_eq!(left, [false; 4]);
}

#[test]
fn an_array_of_rows_is_a_table_without_names() {
    let folder = Folder::new();
    let values: Vec<f32> = (0..60_u8).map(|i| 500.0 + f32::from(i) / 7.0).collect();
    write_npy(&folder.path("rows.npy"), &[20, 3], &values).unwrap();
    // An untrained network that predicts x0 predicts the mean of the data.
    let stderr = folder.stderr(&format!("train rows.npy {TINY} --prediction x0 -o run"));
    assert!(stderr.contains("20 samples of 3, 0 classes"), "{stderr}");
    folder.run("sample run -n 4 --steps 2 -o x.csv");
    folder.run("sample run -n 4 --steps 2 -o x.npy");
    let text = folder.text("x.csv");
    let (header, rows) = table(&text);
    assert_eq!((header.len(), rows.len()), (3, 4));
    // In the units of the data, which are 500 … 509.
    assert!(rows.iter().flatten().all(|cell| (480.0..530.0).contains(&number(cell))), "{text}");
    let array = read_npy(&folder.path("x.npy")).unwrap();
    assert_eq!(array.shape(), [4, 3]);
    assert!(array.data().iter().all(|value| (480.0..530.0).contains(value)), "{array:?}");
}

#[test]
fn a_single_row_and_a_single_column_train() {
    let folder = Folder::new();
    folder.write("one.csv", "a,b\n7,0.5\n");
    folder.run(&format!("train one.csv {TINY} -o one --quiet"));
    folder.run("sample one -n 3 --steps 2 -o x.csv");
    assert_eq!(folder.text("x.csv"), "a,b\n7,0.5\n7,0.5\n7,0.5\n");
    folder.write("side.csv", "side\n1.5\n2.25\n9\n");
    folder.run(&format!("train side.csv {TINY} -o side --quiet"));
    folder.run("sample side -n 3 --steps 2 -o y.csv");
    assert_eq!(table(&folder.text("y.csv")).0, ["side"]);
}

#[test]
fn cells_that_can_not_be_learned_are_named() {
    let folder = Folder::new();
    for (text, expected) in [
        (
            "a,b\n1,2\n3,1e999\n4,inf\n",
            "bad.csv: column \"b\" holds \"1e999\" in row 2, line 3: finite numbers",
        ),
        ("town\nRome\nOslo\n", "no column is left to learn: left out column \"town\", whose words"),
        ("a,b\n1,2\n3,4,5\n", "cells in row 2 (line 3) is 3, but in the header it is 2"),
        ("a,b\n", "bad.csv has a header but no rows"),
        ("1.5,2\n3,4\n", "a header with column names is expected: put a line of names above it"),
        ("0.5,\n1,2\n", "column 2 has no name in the header: name it, or leave the column out"),
        ("", "bad.csv is empty"),
    ] {
        folder.write("bad.csv", text);
        let message = folder.refused(&format!("train bad.csv {TINY} -o no"));
        assert!(message.contains(expected), "{text:?}: {message}");
        assert!(!folder.path("no").exists());
    }
}

#[test]
fn tables_as_pandas_writes_them_train() {
    let folder = Folder::new();
    folder.write("numbers.csv", "0,1,2\n0.5,7,1.25\n1.5,8,0.75\n0.25,9,1.5\n");
    let stderr = folder.stderr(&format!("train numbers.csv {TINY} -o numbers"));
    let about = "numbers.csv: 3 rows of 3 columns, the numbers of the first row are their names";
    assert!(stderr.contains(about), "{stderr}");
    folder.run("sample numbers -n 3 --steps 2 -o x.csv");
    assert_eq!(table(&folder.text("x.csv")).0, ["0", "1", "2"]);
    folder.write("index.csv", ",a,b\n0,0.5,7\n1,1.5,8\n2,2.5,9\n");
    let stderr = folder.stderr(&format!("train index.csv {TINY} -o index"));
    assert!(
        stderr.contains("index.csv: 3 rows of 2 columns, left out column 1, which has"),
        "{stderr}"
    );
    assert!(stderr.contains("looks like an index"), "{stderr}");
    folder.run("sample index -n 3 --steps 2 -o y.csv");
    assert_eq!(table(&folder.text("y.csv")).0, ["a", "b"]);
    // What is drawn is of the same form as what was learned: it trains again.
    folder.run(&format!("train x.csv {TINY} -o again --quiet"));
}

/// 1000 whole ages that are roughly normal, of those from 20 to 80.
fn ages() -> Vec<f64> {
    let mut state = 1_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005);
        state = state.wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f64 / f64::from(1 << 24)
    };
    // A sum of twelve uniform numbers has a variance of 1.
    let age = || (50.0 + 20.0 * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0)).round();
    std::iter::repeat_with(age).filter(|age| (20.0..=80.0).contains(age)).take(1000).collect()
}

#[test]
fn nothing_piles_up_at_the_ends_of_a_column() {
    let folder = Folder::new();
    let ages = ages();
    let lines: Vec<String> = ages.iter().map(ToString::to_string).collect();
    folder.write("ages.csv", format!("age\n{}\n", lines.join("\n")));
    folder.run(
        "train ages.csv --width 32 --layers 2 --batch 128 --steps 400 --preview-every 0 \
         --checkpoint-every 0 --quiet -o run",
    );
    let text = folder.text("run/samples.csv");
    let drawn: Vec<f64> = table(&text).1.iter().map(|row| number(row[0])).collect();
    let at_ends = |ages: &[f64]| {
        ages.iter().filter(|age| [20.0, 80.0].contains(age)).count() as f64 / ages.len() as f64
    };
    let (share, truth) = (at_ends(&drawn), at_ends(&ages));
    assert!(share <= truth + 0.01, "{share} of the samples, {truth} of the data");
    // Nor is anything beyond.
    assert!(drawn.iter().all(|age| (20.0..=80.0).contains(age)));
    // It is the ages that it learned.
    let moments = |ages: &[f64]| {
        let mean = ages.iter().sum::<f64>() / ages.len() as f64;
        let square = ages.iter().map(|age| (age - mean).powi(2)).sum::<f64>() / ages.len() as f64;
        (mean, square.sqrt())
    };
    let ((mean, deviation), (true_mean, true_deviation)) = (moments(&drawn), moments(&ages));
    assert!((mean - true_mean).abs() < 3.0, "mean {mean}, {true_mean} in the data");
    let ratio = deviation / true_deviation;
    assert!((0.8..1.25).contains(&ratio), "deviation {deviation}, {true_deviation} in the data");
}
