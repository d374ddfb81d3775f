use super::*;

fn about() -> About {
    About {
        data: AboutData {
            name: "digits".into(),
            shape: vec![1, 8, 8],
            class_names: Some(vec!["zero".into(), "one".into()]),
            class_counts: Some(vec![3, 1]),
            columns: None,
        },
        training: Some(AboutTraining {
            steps: 2000,
            batch: 64,
            seed: u64::MAX,
            prediction: PredictionType::VPrediction,
            parameters: 123_456,
            final_loss: Some(0.125),
            command: "ancestral train digits".into(),
        }),
        calibration: None,
    }
}

const TEXT: &str = r#"{
  "format": 1,
  "data": {
    "name": "digits",
    "shape": [
      1,
      8,
      8
    ],
    "class_names": [
      "zero",
      "one"
    ],
    "class_counts": [
      3,
      1
    ]
  },
  "training": {
    "steps": 2000,
    "batch": 64,
    "seed": 18446744073709551615,
    "prediction": "v_prediction",
    "parameters": 123456,
    "final_loss": 0.125,
    "command": "ancestral train digits"
  }
}
"#;

fn refusal(from: &str, to: &str) -> String {
    let text = TEXT.replace(from, to);
    assert_ne!(text, TEXT);
    About::from_json(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn the_file_by_hand() {
    assert_eq!(about().to_json(), TEXT);
    assert_eq!(About::from_json(TEXT.as_bytes()).unwrap(), about());
}

#[test]
fn parts_that_may_be_absent() {
    let data = AboutData { class_names: None, class_counts: None, ..about().data };
    let bare = About { data, ..About::default() };
    assert_eq!(About::from_json(bare.to_json().as_bytes()).unwrap(), bare);
    let json = br#"{"format":1,"data":{"name":"digits","shape":[1,8,8]}}"#;
    assert_eq!(About::from_json(json).unwrap(), bare);
}

#[test]
fn counts_are_one_a_class_and_not_all_0() {
    let counts = "\"class_counts\": [\n      3,\n      1\n    ]";
    for other in ["[3]", "[0, 0]", "[1, 2, 3]", "[18446744073709551615, 1]"] {
        let message = refusal(counts, &format!("\"class_counts\": {other}"));
        assert!(message.starts_with("class_counts is ["), "{message}");
        assert!(message.ends_with("how many rows each of 2 classes has"), "{message}");
    }
}

#[test]
fn unknown_keys_are_refused_by_name() {
    for (from, to) in [
        ("\"data\":", "\"extra\": 0, \"data\":"),
        ("\"name\":", "\"extra\": 0, \"name\":"),
        ("\"steps\":", "\"extra\": 0, \"steps\":"),
    ] {
        let message = refusal(from, to);
        assert!(message.starts_with("unknown field `extra`, expected "), "{message}");
    }
}

#[test]
fn other_formats_and_missing_keys_are_refused() {
    assert_eq!(
        refusal("\"format\": 1", "\"format\": 2, \"new\": 0"),
        "format 2 is not supported (supported: 1)"
    );
    assert!(refusal("\"format\": 1,", "").starts_with("missing field `format`"));
    assert!(refusal("\"seed\": 18446744073709551615,", "").starts_with("missing field `seed`"));
    let message = refusal("v_prediction", "flow");
    assert!(message.starts_with("\"flow\" is not supported (supported: epsilon, sample,"));
}

fn column(name: &str, kind: AboutColumnKind) -> AboutColumn {
    AboutColumn { name: name.into(), kind, mean: 0.5, deviation: 2.0 }
}

fn table() -> About {
    let columns = vec![
        column("height", AboutColumnKind::Real),
        column("age", AboutColumnKind::Integer),
        column("dose", AboutColumnKind::Discrete(vec![1.0, 2.5])),
        column("unit", AboutColumnKind::Constant),
    ];
    let data = AboutData {
        name: "people".into(),
        shape: vec![4],
        class_names: None,
        class_counts: None,
        columns: Some(columns),
    };
    About { data, ..About::default() }
}

#[test]
fn the_columns_of_a_table_by_hand() {
    let entry =
        |name, kind| format!(r#"{{"name":"{name}","kind":{kind},"mean":0.5,"deviation":2}}"#);
    let columns = [
        entry("height", r#""real""#),
        entry("age", r#""integer""#),
        entry("dose", r#"{"discrete":[1.0,2.5]}"#),
        entry("unit", r#""constant""#),
    ];
    let json = format!(
        r#"{{"format":1,"data":{{"name":"people","shape":[4],"columns":[{}]}}}}"#,
        columns.join(",")
    );
    assert_eq!(About::from_json(json.as_bytes()).unwrap(), table());
    let text = table().to_json();
    assert!(text.contains("\"kind\": \"real\","), "{text}");
    assert_eq!(About::from_json(text.as_bytes()).unwrap(), table());
}

#[test]
fn columns_that_cannot_be_are_refused_by_name() {
    let refusal = |change: fn(&mut AboutData, &mut AboutColumn)| {
        let About { mut data, .. } = table();
        let mut last = column("last", AboutColumnKind::Real);
        change(&mut data, &mut last);
        data.columns.as_mut().unwrap()[3] = last;
        About { data, ..About::default() }.validate().unwrap_err().to_string()
    };
    assert_eq!(
        refusal(|data, _| data.shape = vec![3]),
        "columns has 4 entries, so shape must be [4], but it is [3]"
    );
    assert_eq!(
        refusal(|data, _| data.shape = vec![1, 2, 2]),
        "columns has 4 entries, so shape must be [4], but it is [1, 2, 2]"
    );
    assert_eq!(
        refusal(|_, column| column.mean = f64::NAN),
        "column \"last\": mean NaN must be finite"
    );
    let deviation = "must be positive and finite";
    assert_eq!(
        refusal(|_, column| column.deviation = 0.0),
        format!("column \"last\": deviation 0 {deviation}")
    );
    assert_eq!(
        refusal(|_, column| column.deviation = f64::NAN),
        format!("column \"last\": deviation NaN {deviation}")
    );
    assert_eq!(
        refusal(|_, column| column.deviation = f64::INFINITY),
        format!("column \"last\": deviation inf {deviation}")
    );
    let discrete = "must be finite values, at least one";
    assert_eq!(
        refusal(|_, column| column.kind = AboutColumnKind::Discrete(vec![])),
        format!("column \"last\": discrete [] {discrete}")
    );
    assert_eq!(
        refusal(|_, column| column.kind = AboutColumnKind::Discrete(vec![1.0, f64::INFINITY])),
        format!("column \"last\": discrete [1.0, inf] {discrete}")
    );
}

#[test]
fn a_file_with_impossible_columns_is_not_read() {
    let text = table().to_json();
    for (from, to, message) in [
        ("\"deviation\": 2.0", "\"deviation\": -1", "column \"height\": deviation -1 must be"),
        ("\"real\"", "\"complex\"", "unknown variant `complex`, expected one of `real`"),
        ("\"mean\": 0.5", "\"mean\": 0.5, \"odd\": 1", "unknown field `odd`"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let refusal = About::from_json(changed.as_bytes()).unwrap_err().to_string();
        assert!(refusal.starts_with(message), "{refusal}");
    }
}

#[test]
fn a_calibration_is_kept_and_checked() {
    let calibration = |lambda: &[f64], squared_noise: &[f64]| AboutCalibration {
        data: "digits".into(),
        rows: 1797,
        lambda: lambda.into(),
        squared_noise: squared_noise.into(),
    };
    let of = |calibration| About { calibration: Some(calibration), ..about() };
    let good = of(calibration(&[-3.5, 0.1 + 0.2], &[1.0, 0.0]));
    assert_eq!(About::from_json(good.to_json().as_bytes()).unwrap(), good);
    for (lambda, noise, text) in [
        (&[][..], &[][..], "lambda has 0 values and squared_noise 0"),
        (&[1.0], &[0.5, 0.5], "lambda has 1 values and squared_noise 2"),
        (&[f64::INFINITY], &[0.5], "lambda inf"),
        (&[1.0], &[-0.5], "squared_noise -0.5"),
    ] {
        let message = of(calibration(lambda, noise)).validate().unwrap_err().to_string();
        assert!(message.starts_with("calibration: ") && message.contains(text), "{message}");
    }
}
