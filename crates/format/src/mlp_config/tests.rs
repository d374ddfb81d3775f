use super::*;

fn mlp() -> MlpConfig {
    MlpConfig { columns: 2, width: 128, blocks: 3, time_embed_dim: 64, ..MlpConfig::default() }
}

const TEXT: &str = r#"{
  "_class_name": "ResidualMlp",
  "_diffusers_version": "0.42.1",
  "columns": 2,
  "width": 128,
  "blocks": 3,
  "time_embed_dim": 64,
  "num_class_embeds": null,
  "flip_sin_to_cos": true,
  "freq_shift": 0,
  "predicts_variance": false
}
"#;

/// The error for the file with one part replaced.
fn refusal(from: &str, to: &str) -> String {
    let text = TEXT.replace(from, to);
    assert_ne!(text, TEXT);
    MlpConfig::from_json(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn the_file_by_hand() {
    assert_eq!(mlp().to_json(), TEXT);
    let parsed = MlpConfig::from_json(TEXT.as_bytes()).unwrap();
    assert_eq!(parsed, Parsed { config: mlp(), unknown: vec![] });
}

#[test]
fn every_value_is_read_back() {
    let config = MlpConfig {
        columns: 7,
        width: 1,
        blocks: 9,
        time_embed_dim: 10,
        num_class_embeds: Some(11),
        flip_sin_to_cos: false,
        freq_shift: 4,
        predicts_variance: true,
    };
    assert_eq!(MlpConfig::from_json(config.to_json().as_bytes()).unwrap().config, config);
}

#[test]
fn only_sizes_must_be_there() {
    let json = br#"{"_class_name": "ResidualMlp",
        "columns": 2, "width": 128, "blocks": 3, "time_embed_dim": 64, "odd": 1}"#;
    let parsed = MlpConfig::from_json(json).unwrap();
    assert_eq!(parsed, Parsed { config: mlp(), unknown: vec!["odd".into()] });
    for (line, message) in [
        ("\"columns\": 2,", "columns 0 must be 1 to 16384"),
        ("\"width\": 128,", "width 0 must be 1 to 16384"),
        ("\"blocks\": 3,", "blocks 0 must be 1 to 1000"),
        ("\"time_embed_dim\": 64,", "time_embed_dim 0 must be 2 to 16384"),
    ] {
        assert_eq!(refusal(line, ""), message);
    }
}

#[test]
fn values_that_no_network_has_are_refused() {
    let most = usize::MAX.to_string();
    for (from, to, message) in [
        ("columns\": 2", most.as_str(), "must be 1 to 16384"),
        ("width\": 128", &most, "must be 1 to 16384"),
        ("blocks\": 3", &most, "must be 1 to 1000"),
        ("time_embed_dim\": 64", &most, "must be 2 to 16384"),
        ("time_embed_dim\": 64", "1", "must be 2 to 16384"),
        ("num_class_embeds\": null", &most, "must be 1 to 1000000"),
        ("num_class_embeds\": null", "0", "must be 1 to 1000000"),
        ("freq_shift\": 0", "32", "must be less than 32, half of time_embed_dim"),
        ("freq_shift\": 0", "4294967295", "must be less than 32, half of time_embed_dim"),
    ] {
        let (key, _) = from.split_once('"').unwrap();
        assert_eq!(refusal(from, &format!("{key}\": {to}")), format!("{key} {to} {message}"));
    }
}

#[test]
fn values_of_the_wrong_type_and_other_classes_are_refused() {
    assert_eq!(
        refusal("columns\": 2", "columns\": \"two\""),
        "columns: invalid type: string \"two\", expected usize"
    );
    assert_eq!(
        refusal("ResidualMlp", "UNet2DModel"),
        "_class_name \"UNet2DModel\" is not supported (supported: ResidualMlp)"
    );
}
