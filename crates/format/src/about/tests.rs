use super::*;

fn about() -> About {
    About {
        data: AboutData {
            name: "digits".into(),
            shape: vec![1, 8, 8],
            class_names: Some(vec!["zero".into(), "one".into()]),
            class_counts: Some(vec![3, 1]),
            columns: None,
            reading: AboutReading::default(),
        },
        training: Some(AboutTraining {
            steps: 2000,
            batch: 64,
            seed: u64::MAX,
            prediction: PredictionType::VPrediction,
            parameters: 123_456,
            final_loss: Some(0.125),
            holdout: None,
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
        assert!(message.starts_with("unknown field \"extra\", expected "), "{message}");
    }
}

#[test]
fn other_formats_and_missing_keys_are_refused() {
    assert_eq!(
        refusal("\"format\": 1", "\"format\": 2, \"new\": 0"),
        "format 2 is not supported (supported: 1)"
    );
    assert!(refusal("\"format\": 1,", "").starts_with("missing field \"format\""));
    assert!(refusal("\"seed\": 18446744073709551615,", "").starts_with("missing field \"seed\""));
    let message = refusal("v_prediction", "flow");
    assert!(message.starts_with("\"flow\" is not supported (supported: epsilon, sample,"));
}

fn column(name: &str, width: usize, kind: AboutColumnKind) -> AboutColumn {
    AboutColumn { name: name.into(), width, hole: None, notation: None, kind }
}

fn number() -> AboutNumber {
    AboutNumber {
        scale: AboutScale::Standard { mean: 0.5, deviation: 2.0 },
        decimals: None,
        padding: 0,
        min: None,
        max: None,
        masses: vec![],
        shares: vec![1.0],
    }
}

fn table() -> About {
    let scores = AboutScale::Scores { edge: 2.5, values: vec![0.5, 1.0] };
    let income = AboutNumber {
        scale: scores,
        decimals: Some(2),
        padding: 1,
        min: Some(0.0),
        max: Some(9.5),
        masses: vec![0.0],
        shares: vec![0.25, 0.5, 0.25],
    };
    let words = AboutCategory {
        labels: vec!["no".into(), "yes, \"so\"".into()],
        are_numbers: false,
        shares: vec![0.25, 0.75],
    };
    let date = AboutDate { format: "YYYY-MM-DD".into(), parts: vec![number()], step: 1 };
    let columns = vec![
        column("height", 1, AboutColumnKind::Number(number())),
        AboutColumn {
            hole: Some("?".into()),
            ..column("income", 4, AboutColumnKind::Number(income))
        },
        column("dose", 1, AboutColumnKind::Category(words)),
        column("day", 1, AboutColumnKind::Date(date)),
        column("unit", 1, AboutColumnKind::Constant("cm".into())),
    ];
    let data = AboutData {
        name: "people".into(),
        shape: vec![8],
        class_names: None,
        class_counts: None,
        columns: Some(columns),
        reading: AboutReading::default(),
    };
    About { data, ..About::default() }
}

#[test]
fn the_columns_of_a_table_by_hand() {
    let number = r#"{"scale":{"standard":{"mean":0.5,"deviation":2}},"decimals":null,"padding":0,"masses":[],"shares":[1]}"#;
    let income = r#"{"scale":{"scores":{"edge":2.5,"values":[0.5,1]}},"decimals":2,"padding":1,"min":0,"max":9.5,"masses":[0],"shares":[0.25,0.5,0.25]}"#;
    let words = r#"{"labels":["no","yes, \"so\""],"are_numbers":false,"shares":[0.25,0.75]}"#;
    let columns = [
        format!(r#"{{"name":"height","width":1,"kind":{{"number":{number}}}}}"#),
        format!(r#"{{"name":"income","width":4,"hole":"?","kind":{{"number":{income}}}}}"#),
        format!(r#"{{"name":"dose","width":1,"kind":{{"category":{words}}}}}"#),
        format!(
            r#"{{"name":"day","width":1,"kind":{{"date":{{"format":"YYYY-MM-DD","parts":[{number}]}}}}}}"#
        ),
        r#"{"name":"unit","width":1,"kind":{"constant":"cm"}}"#.to_owned(),
    ];
    let json = format!(
        r#"{{"format":1,"data":{{"name":"people","shape":[8],"columns":[{}]}}}}"#,
        columns.join(",")
    );
    assert_eq!(About::from_json(json.as_bytes()).unwrap(), table());
    let text = table().to_json();
    assert!(text.contains("\"format\": \"YYYY-MM-DD\","), "{text}");
    assert_eq!(About::from_json(text.as_bytes()).unwrap(), table());
}

#[test]
fn fields_are_named_in_quotes() {
    // In backticks they would be settings, which a command line spells as flags.
    let message =
        About::from_json(br#"{"format":1,"dat":{},"training":null}"#).unwrap_err().to_string();
    assert!(
        message.starts_with("unknown field \"dat\", expected one of \"format\", \"data\""),
        "{message}"
    );
}

#[test]
fn columns_that_cannot_be_are_refused_by_name() {
    let refusal = |change: fn(&mut AboutData, &mut AboutColumn)| {
        let About { mut data, .. } = table();
        let mut last = column("last", 1, AboutColumnKind::Number(number()));
        change(&mut data, &mut last);
        data.columns.as_mut().unwrap()[4] = last;
        About { data, ..About::default() }.validate().unwrap_err().to_string()
    };
    let with = |change: fn(&mut AboutNumber)| {
        let About { mut data, .. } = table();
        let mut number = number();
        change(&mut number);
        let kind = AboutColumnKind::Number(number);
        data.columns.as_mut().unwrap()[4] = column("last", 1, kind);
        About { data, ..About::default() }.validate().unwrap_err().to_string()
    };
    let shape = "columns take 8 numbers, so shape must be [8], but it is";
    assert_eq!(refusal(|data, _| data.shape = vec![5]), format!("{shape} [5]"));
    assert_eq!(refusal(|data, _| data.shape = vec![1, 2, 4]), format!("{shape} [1, 2, 4]"));
    assert!(refusal(|_, column| column.width = usize::MAX).starts_with("columns take "));
    let standard = |mean, deviation| AboutScale::Standard { mean, deviation };
    assert_eq!(
        with(|number| number.scale = AboutScale::Standard { mean: f64::NAN, deviation: 1.0 }),
        "column \"last\": mean NaN must be finite"
    );
    for deviation in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let About { mut data, .. } = table();
        let number = AboutNumber { scale: standard(0.0, deviation), ..number() };
        data.columns.as_mut().unwrap()[4] = column("last", 1, AboutColumnKind::Number(number));
        let message = About { data, ..About::default() }.validate().unwrap_err().to_string();
        assert_eq!(
            message,
            format!("column \"last\": deviation {deviation} must be positive and finite")
        );
    }
    let finite = "must be finite";
    assert_eq!(
        with(|number| number.min = Some(f64::INFINITY)),
        format!("column \"last\": min and max inf {finite}")
    );
    assert_eq!(
        with(|number| number.masses = vec![f64::NAN]),
        format!("column \"last\": masses NaN {finite}")
    );
    let no_labels = refusal(|_, column| {
        let labels = AboutCategory { labels: vec![], are_numbers: true, shares: vec![] };
        column.kind = AboutColumnKind::Category(labels);
    });
    assert_eq!(no_labels, "column \"last\": labels [] must be words, at least one");
}

#[test]
fn a_file_with_impossible_columns_is_not_read() {
    let text = table().to_json();
    for (from, to, message) in [
        ("\"deviation\": 2.0", "\"deviation\": -1", "column \"height\": deviation -1 must be"),
        ("\"number\"", "\"complex\"", "unknown variant \"complex\", expected one of \"number\""),
        ("\"mean\": 0.5", "\"mean\": 0.5, \"odd\": 1", "unknown field \"odd\""),
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
