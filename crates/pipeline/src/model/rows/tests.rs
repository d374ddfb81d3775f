//! Tables and arrays that are given.

use ancestral_data::{encode_csv_with, read_csv, read_sheet};
use ancestral_format::{About, AboutData, MlpConfig, ModelFolder, SchedulerConfig, Weights};

use super::*;
use crate::model::columns_for_folder;

/// A file with this text, read by `read`.
fn of<T>(text: &str, read: impl Fn(&std::path::Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, text).unwrap();
    read(&path)
}

fn sheet(text: &str) -> Sheet {
    of(text, |path| read_sheet(path).unwrap())
}

/// A model of a table, without weights.
fn model(text: &str) -> Model {
    let columns = of(text, |path| read_csv(path).unwrap()).into_parts().1;
    let width = columns.width();
    let config = MlpConfig {
        columns: width,
        width: 8,
        blocks: 1,
        time_embed_dim: 4,
        ..MlpConfig::default()
    };
    let data = AboutData {
        name: "a".into(),
        shape: vec![width],
        columns: Some(columns_for_folder(&columns)),
        ..AboutData::default()
    };
    let folder = ModelFolder {
        network: config.into(),
        scheduler: SchedulerConfig::default(),
        weights: Weights::default(),
        raw_weights: None,
        about: Some(About { data, ..About::default() }),
    };
    Model::from_folder("a", folder).unwrap()
}

/// Three colours, a real number with holes, an integer.
fn people() -> Model {
    let row = |i: i32| {
        let colour = ["red", "green", "blue"][usize::try_from(i).unwrap() % 3];
        let size = if i % 5 == 0 { String::new() } else { format!("{}.12345", i * i) };
        format!("{colour},{size},{}\n", 3 * i)
    };
    model(&format!("colour,size,age\n{}", (0..60).map(row).collect::<String>()))
}

#[test]
fn empty_cells_are_drawn_and_the_others_kept_to_the_last_digit() {
    let model = people();
    let columns = model.columns().unwrap();
    assert_eq!(columns.width(), 3 + 2 + 1);
    let given = sheet("age,colour,size\n3,,1.23456789\n,red,\n2.5,NA,3\n");
    let given = model.given_of_table(&given).unwrap();
    assert_eq!((given.rows(), given.row_shape()), (Some(3), [6].as_slice()));
    // Of the second row nothing is known but red, the last of three labels.
    let mut red = Vec::new();
    columns.as_slice()[0].encode(2.0, &mut red);
    let row = |values: Vec<f32>| Batch::new(vec![6], values);
    let mask = [[1.0; 3], [0.0; 3]].concat();
    let expected = Known::new(row([red, vec![0.0; 3]].concat()), row(mask)).unwrap();
    assert_eq!(given.known(1..2), expected);
    let drawn = vec![0.0; 18];
    let text = encode_csv_with(columns, &drawn, &given.cells(0..3));
    let lines: Vec<String> =
        String::from_utf8(text).unwrap().lines().skip(1).map(ToOwned::to_owned).collect();
    assert!(lines[0].ends_with(",1.23456789,3"), "{lines:?}");
    assert!(lines[1].starts_with("red,"), "{lines:?}");
    assert!(lines[2].ends_with(",3.00000,2.5"), "{lines:?}");
}

#[test]
fn rows_need_every_column_and_only_cells_that_were_learned() {
    let model = people();
    let rows = model.rows_of_table(&sheet("size,colour,age,\n4.5,red,30,\n,blue,3,\n")).unwrap();
    assert_eq!((rows.rows(), rows.row_shape()), (2, [6].as_slice()));
    let back = model.columns().unwrap().from_model_rows(rows.data());
    assert_eq!(&back[..1], [2.0]);
    assert!(back[4].is_nan());
    let refusal = |text: &str| model.rows_of_table(&sheet(text)).unwrap_err().to_string();
    assert_eq!(refusal("size,age\n1,2\n"), "column \"colour\" is missing");
    assert_eq!(
        refusal("size,colour,age,height\n1,red,2,3\n"),
        "unknown column \"height\", expected some of colour, size, age"
    );
    assert_eq!(
        refusal("size,colour,age\n1,red,2\n1,pink,2\n"),
        "column \"colour\" holds \"pink\" in row 2, line 3: one of the values of the column is expected (1 \
         cell is without one)"
    );
    let hole = "column \"age\" has 1 missing cell (first in row 1, line 2)";
    assert_eq!(refusal("size,colour,age\n1,red,\n"), hole);
}

#[test]
fn arrays_have_a_value_a_column() {
    let words = people().rows_of_array(&[1, 3], &[0.0; 3]).unwrap_err().to_string();
    assert!(words.starts_with("column \"colour\" holds words or dates"), "{words}");
    let row = |i: i32| format!("{},{}\n", i % 3, if i % 5 == 0 { 0 } else { i * i });
    let model = model(&format!("kind,size\n{}", (0..60).map(row).collect::<String>()));
    let columns = model.columns().unwrap();
    assert_eq!(columns.width(), 3 + 2);
    let rows = model.rows_of_array(&[2, 2], &[1.0, 0.0, 2.0, 49.0]).unwrap();
    assert_eq!(columns.from_model_rows(rows.data()), [1.0, 0.0, 2.0, 49.0]);
    let mask = model.mask_of_array(&[2], &[1.0, 0.0]).unwrap();
    assert_eq!(mask.data(), [1.0, 1.0, 1.0, 0.0, 0.0]);
    let given = model.given_of_array(&[2, 2], &[1.0, 0.0, 2.0, 49.0], &mask).unwrap();
    assert_eq!(given.cells(0..2), [Some(1.0), None, Some(2.0), None]);
    let error = model.rows_of_array(&[2, 5], &[0.0; 10]).unwrap_err().to_string();
    assert_eq!(error, "shape [2, 5], expected [n, 2]");
}
