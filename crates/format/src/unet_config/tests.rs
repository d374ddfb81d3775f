use super::*;

fn parse(keys: &str) -> Result<Parsed<UNetConfig>, UNetConfigError> {
    let comma = if keys.is_empty() { "" } else { "," };
    UNetConfig::from_json(format!(r#"{{"_class_name":"UNet2DModel"{comma}{keys}}}"#).as_bytes())
}

fn config(keys: &str) -> UNetConfig {
    parse(keys).unwrap().config
}

fn refusal(keys: &str) -> String {
    parse(keys).unwrap_err().to_string()
}

/// Two levels of 32 and 64 channels, and more keys.
fn small(keys: &str) -> String {
    let base = concat!(
        r#""block_out_channels":[32,64],"#,
        r#""down_block_types":["DownBlock2D","AttnDownBlock2D"],"#,
        r#""up_block_types":["AttnUpBlock2D","UpBlock2D"]"#,
    );
    if keys.is_empty() { base.to_owned() } else { format!("{base},{keys}") }
}

#[test]
fn the_defaults_of_the_class() {
    assert_eq!(config(""), UNetConfig::default());
    assert_eq!(
        UNetConfig::default().to_json(),
        r#"{
  "_class_name": "UNet2DModel",
  "_diffusers_version": "0.42.1",
  "sample_size": null,
  "in_channels": 3,
  "out_channels": 3,
  "center_input_sample": false,
  "time_embedding_type": "positional",
  "time_embedding_dim": null,
  "freq_shift": 0,
  "flip_sin_to_cos": true,
  "down_block_types": [
    "DownBlock2D",
    "AttnDownBlock2D",
    "AttnDownBlock2D",
    "AttnDownBlock2D"
  ],
  "mid_block_type": "UNetMidBlock2D",
  "up_block_types": [
    "AttnUpBlock2D",
    "AttnUpBlock2D",
    "AttnUpBlock2D",
    "UpBlock2D"
  ],
  "block_out_channels": [
    224,
    448,
    672,
    896
  ],
  "layers_per_block": 2,
  "mid_block_scale_factor": 1.0,
  "downsample_padding": 1,
  "downsample_type": "conv",
  "upsample_type": "conv",
  "dropout": 0.0,
  "act_fn": "silu",
  "attention_head_dim": 8,
  "norm_num_groups": 32,
  "attn_norm_num_groups": null,
  "norm_eps": 0.00001,
  "resnet_time_scale_shift": "default",
  "add_attention": true,
  "class_embed_type": null,
  "num_class_embeds": null,
  "num_train_timesteps": null
}
"#
    );
}

#[test]
fn the_config_of_ddpm_cifar10() {
    // As google/ddpm-cifar10-32 has it, prefixes and missing keys included.
    let parsed = parse(concat!(
        r#""_diffusers_version":"0.0.4","act_fn":"silu","attention_head_dim":null,"#,
        r#""block_out_channels":[128,256,256,256],"center_input_sample":false,"#,
        r#""down_block_types":["UNetResDownBlock2D","UNetResAttnDownBlock2D","DownBlock2D","#,
        r#""DownBlock2D"],"downsample_padding":0,"flip_sin_to_cos":false,"freq_shift":1,"#,
        r#""in_channels":3,"layers_per_block":2,"mid_block_scale_factor":1,"norm_eps":1e-06,"#,
        r#""norm_num_groups":32,"out_channels":3,"sample_size":32,"#,
        r#""time_embedding_type":"positional","#,
        r#""up_block_types":["UpBlock2D","UpBlock2D","AttnUpBlock2D","UpBlock2D"]"#,
    ))
    .unwrap();
    assert_eq!(parsed.unknown, Vec::<String>::new());
    let expected = UNetConfig {
        sample_size: Some([32, 32]),
        freq_shift: 1,
        flip_sin_to_cos: false,
        down_block_types: vec![
            DownBlock::DownBlock2D,
            DownBlock::AttnDownBlock2D,
            DownBlock::DownBlock2D,
            DownBlock::DownBlock2D,
        ],
        up_block_types: vec![
            UpBlock::UpBlock2D,
            UpBlock::UpBlock2D,
            UpBlock::AttnUpBlock2D,
            UpBlock::UpBlock2D,
        ],
        block_out_channels: vec![128, 256, 256, 256],
        downsample_padding: 0,
        attention_head_dim: None,
        norm_eps: 1e-6,
        ..UNetConfig::default()
    };
    assert_eq!(parsed.config, expected);
    let again = UNetConfig::from_json(expected.to_json().as_bytes()).unwrap();
    assert_eq!(again.config, expected);
}

#[test]
fn attention_head_dim_missing_null_and_given() {
    assert_eq!(config("").attention_head_dim, Some(8));
    assert_eq!(config(r#""attention_head_dim":null"#).attention_head_dim, None);
    assert_eq!(config(r#""attention_head_dim":16"#).attention_head_dim, Some(16));
    let none = UNetConfig { attention_head_dim: None, ..UNetConfig::default() };
    assert!(none.to_json().contains("\"attention_head_dim\": null"));
    assert_eq!(UNetConfig::from_json(none.to_json().as_bytes()).unwrap().config, none);
}

#[test]
fn sample_size_null_number_and_pair() {
    assert_eq!(config(r#""sample_size":null"#).sample_size, None);
    assert_eq!(config(r#""sample_size":16"#).sample_size, Some([16, 16]));
    assert_eq!(config(r#""sample_size":[8,16]"#).sample_size, Some([8, 16]));
    let written = |sample_size| UNetConfig { sample_size, ..UNetConfig::default() }.to_json();
    assert!(written(Some([16, 16])).contains("\"sample_size\": 16,"));
    assert!(written(Some([8, 16])).contains("\"sample_size\": [\n    8,\n    16\n  ],"));
    assert_eq!(
        refusal(r#""sample_size":"big""#),
        "sample_size: expected null, a number or [height, width]"
    );
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let cases = [
        (r#""act_fn":"mish""#, r#"act_fn: "mish" is not supported (supported: silu)"#),
        (r#""act_fn":null"#, "act_fn: invalid type: null, expected one of: silu"),
        (
            r#""time_embedding_type":"fourier""#,
            r#"time_embedding_type: "fourier" is not supported (supported: positional)"#,
        ),
        (
            r#""resnet_time_scale_shift":"scale_shift""#,
            r#"resnet_time_scale_shift: "scale_shift" is not supported (supported: default)"#,
        ),
        (
            r#""downsample_type":"resnet""#,
            r#"downsample_type: "resnet" is not supported (supported: conv)"#,
        ),
        (
            r#""upsample_type":"resnet""#,
            r#"upsample_type: "resnet" is not supported (supported: conv)"#,
        ),
        (
            r#""class_embed_type":"timestep""#,
            r#"class_embed_type: "timestep" is not supported (supported: null)"#,
        ),
        (
            r#""mid_block_type":"UNetMidBlock2DCrossAttn""#,
            r#"mid_block_type: "UNetMidBlock2DCrossAttn" is not supported (supported: UNetMidBlock2D)"#,
        ),
        (
            r#""mid_block_type":null"#,
            "mid_block_type: invalid type: null, expected one of: UNetMidBlock2D",
        ),
        (
            r#""down_block_types":["DownBlock2D","UNetResSkipDownBlock2D"]"#,
            "down_block_types: \"SkipDownBlock2D\" is not supported \
             (supported: DownBlock2D, AttnDownBlock2D)",
        ),
        (
            r#""up_block_types":["SkipUpBlock2D"]"#,
            "up_block_types: \"SkipUpBlock2D\" is not supported \
             (supported: UpBlock2D, AttnUpBlock2D)",
        ),
    ];
    for (keys, message) in cases {
        assert_eq!(refusal(keys), message);
    }
}

#[test]
fn values_of_the_wrong_type_name_key_value_and_expectation() {
    assert_eq!(
        refusal(r#""freq_shift":"one""#),
        "freq_shift: invalid type: string \"one\", expected u32"
    );
    assert_eq!(
        refusal(r#""in_channels":-1"#),
        "in_channels: invalid value: integer `-1`, expected usize"
    );
}

#[test]
fn other_classes_and_other_files_are_refused() {
    let refusal = |json: &str| UNetConfig::from_json(json.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        refusal(r#"{"_class_name":"UNet2DConditionModel"}"#),
        "_class_name \"UNet2DConditionModel\" is not supported (supported: UNet2DModel)"
    );
    assert_eq!(refusal("{}"), "_class_name (missing) is not supported (supported: UNet2DModel)");
    assert!(refusal("[1]").starts_with("not a JSON object: invalid type: sequence"));
    assert!(refusal("{").starts_with("not a JSON object: EOF"));
}

#[test]
fn unknown_keys_are_listed_and_notes_are_not() {
    let parsed = parse(r#""zeta":1,"_name_or_path":"x","alpha":null"#).unwrap();
    assert_eq!(parsed.unknown, ["alpha", "zeta"]);
    assert_eq!(parsed.config, UNetConfig::default());
}

#[test]
fn numbers_out_of_range_are_refused() {
    let cases = [
        (small(r#""in_channels":0"#), "in_channels 0 must be 1 to 16384"),
        (
            small(r#""out_channels":5"#),
            "out_channels 5 must be 3, as in_channels, or 6 if a variance is learned",
        ),
        (small(r#""layers_per_block":0"#), "layers_per_block 0 must be 1 to 1000"),
        (small(r#""norm_num_groups":0"#), "norm_num_groups 0 must be 1 to 16384"),
        (small(r#""attention_head_dim":0"#), "attention_head_dim 0 must be 1 to 16384"),
        (small(r#""num_class_embeds":0"#), "num_class_embeds 0 must be 1 to 1000000"),
        (small(r#""downsample_padding":2"#), "downsample_padding 2 must be 0 or 1"),
        (small(r#""dropout":1.0"#), "dropout 1 must be in [0, 1)"),
        (small(r#""norm_eps":0"#), "norm_eps 0 must be positive"),
        (small(r#""mid_block_scale_factor":0"#), "mid_block_scale_factor 0 must be positive"),
        (
            small(r#""freq_shift":16"#),
            "freq_shift 16 must be less than 16, half of block_out_channels[0]",
        ),
    ];
    for (keys, message) in cases {
        assert_eq!(refusal(&keys), message);
    }
}

#[test]
fn channels_and_blocks_that_do_not_fit_are_refused() {
    assert_eq!(config(&small("")).levels(), 2);
    let cases = [
        (
            small(r#""norm_num_groups":24"#),
            "norm_num_groups 24 does not divide 32 of block_out_channels",
        ),
        (
            small(r#""attn_norm_num_groups":24"#),
            "attn_norm_num_groups 24 does not divide 64 of block_out_channels",
        ),
        (
            small(r#""attention_head_dim":48"#),
            "attention_head_dim 48 does not divide 64 of block_out_channels",
        ),
        (
            r#""block_out_channels":[32,64]"#.to_owned(),
            "down_block_types has 4 blocks, but block_out_channels has 2",
        ),
        (
            r#""block_out_channels":[32],"down_block_types":["DownBlock2D"]"#.to_owned(),
            "up_block_types has 4 blocks, but block_out_channels has 1",
        ),
        (
            r#""block_out_channels":[],"down_block_types":[],"up_block_types":[]"#.to_owned(),
            "block_out_channels is empty",
        ),
    ];
    for (keys, message) in cases {
        assert_eq!(refusal(&keys), message);
    }
}

#[test]
fn heads_are_checked_only_where_there_is_attention() {
    // 64 divides the 64 channels that attend, not the 32 that do not.
    assert_eq!(config(&small(r#""attention_head_dim":64"#)).attention_head_dim, Some(64));
    let plain = concat!(
        r#""block_out_channels":[32],"down_block_types":["DownBlock2D"],"#,
        r#""up_block_types":["UpBlock2D"],"attention_head_dim":5,"add_attention":"#,
    );
    assert!(parse(&format!("{plain}false")).is_ok());
    assert!(refusal(&format!("{plain}true")).contains("attention_head_dim 5 does not divide 32"));
}

#[test]
fn sizes_that_cannot_be_halved_name_their_neighbours() {
    assert_eq!(
        refusal(r#""sample_size":30"#),
        "sample_size 30 cannot be halved 3 times (nearest that can: 24 and 32)"
    );
    assert_eq!(
        refusal(r#""sample_size":[32,7]"#),
        "sample_size 7 cannot be halved 3 times (nearest that can: 8)"
    );
    assert_eq!(
        refusal(r#""sample_size":0"#),
        "sample_size 0 cannot be halved 3 times (nearest that can: 8)"
    );
    let largest = format!(r#""sample_size":{}"#, usize::MAX);
    assert!(refusal(&largest).ends_with("must be at most 65536"));
    assert_eq!(config(r#""sample_size":8"#).sample_size, Some([8, 8]));
}
