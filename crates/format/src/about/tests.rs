use super::*;

fn about() -> About {
    About {
        data: AboutData {
            name: "digits".into(),
            shape: vec![1, 8, 8],
            class_names: Some(vec!["zero".into(), "one".into()]),
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
    let bare = About { data: AboutData { class_names: None, ..about().data }, training: None };
    assert_eq!(About::from_json(bare.to_json().as_bytes()).unwrap(), bare);
    let json = br#"{"format":1,"data":{"name":"digits","shape":[1,8,8]}}"#;
    assert_eq!(About::from_json(json).unwrap(), bare);
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
