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
        (
            r#""act_fn":"elu""#,
            r#"act_fn: "elu" is not supported (supported: silu, swish, mish, gelu, relu)"#,
        ),
        (
            r#""act_fn":null"#,
            "act_fn: invalid type: null, expected one of: silu, swish, mish, gelu, relu",
        ),
        (
            r#""time_embedding_type":"sinus""#,
            r#"time_embedding_type: "sinus" is not supported (supported: positional, fourier, learned)"#,
        ),
        (
            r#""resnet_time_scale_shift":"spatial""#,
            r#"resnet_time_scale_shift: "spatial" is not supported (supported: default, scale_shift)"#,
        ),
        (
            r#""downsample_type":"fir""#,
            r#"downsample_type: "fir" is not supported (supported: conv, resnet)"#,
        ),
        (
            r#""class_embed_type":"projection""#,
            r#"class_embed_type: "projection" is not supported (supported: timestep, identity)"#,
        ),
        (
            r#""mid_block_type":"UNetMidBlock2DCrossAttn""#,
            r#"mid_block_type: "UNetMidBlock2DCrossAttn" is not supported (supported: UNetMidBlock2D)"#,
        ),
        (
            r#""down_block_types":["DownBlock2D","CrossAttnDownBlock2D"]"#,
            "down_block_types: \"CrossAttnDownBlock2D\" is not supported \
             (supported: DownBlock2D, AttnDownBlock2D, ResnetDownsampleBlock2D, SkipDownBlock2D, \
             AttnSkipDownBlock2D)",
        ),
        (
            r#""up_block_types":["KUpBlock2D"]"#,
            "up_block_types: \"KUpBlock2D\" is not supported \
             (supported: UpBlock2D, AttnUpBlock2D, ResnetUpsampleBlock2D, SkipUpBlock2D, \
             AttnSkipUpBlock2D)",
        ),
    ];
    for (keys, message) in cases {
        assert_eq!(refusal(keys), message);
    }
}

#[test]
fn a_mid_block_may_be_left_out() {
    let config = config(r#""mid_block_type":null"#);
    assert_eq!(config.mid_block_type, None);
    assert!(config.to_json().contains("\"mid_block_type\": null"));
}

#[test]
fn what_a_network_is_told_of_classes() {
    for (keys, labels) in [
        ("", Labels::None),
        (r#""num_class_embeds":5"#, Labels::Classes(5)),
        (r#""class_embed_type":"timestep""#, Labels::Times),
        (r#""class_embed_type":"identity","num_class_embeds":5"#, Labels::Vectors),
    ] {
        assert_eq!(config(keys).labels(), labels, "{keys}");
    }
}

/// Three levels of these blocks, all 32 channels wide, and more keys.
fn blocks(down: [&str; 3], up: [&str; 3], keys: &str) -> String {
    let list = |names: [&str; 3]| names.map(|name| format!("{name:?}")).join(",");
    format!(
        r#""block_out_channels":[32,32,32],"down_block_types":[{}],"up_block_types":[{}]{keys}"#,
        list(down),
        list(up)
    )
}

#[test]
fn skip_blocks_have_their_picture_or_are_refused() {
    let (plain, skip) = (["DownBlock2D", "UpBlock2D"], ["SkipDownBlock2D", "SkipUpBlock2D"]);
    let network = |down: [usize; 3], up: [usize; 3], keys| {
        let kinds = [plain, skip];
        parse(&blocks(down.map(|i| kinds[i][0]), up.map(|i| kinds[i][1]), keys))
    };
    // From the full resolution down; up from the lowest resolution.
    for (down, up) in [([1, 1, 1], [1, 1, 1]), ([1, 0, 0], [0, 1, 1]), ([0, 0, 1], [0, 0, 1])] {
        assert!(network(down, up, "").is_ok(), "{down:?} {up:?}");
    }
    for (down, up, message) in [
        ([0, 1, 1], [1, 1, 1], "SkipDownBlock2D must not be below DownBlock2D"),
        ([1, 1, 1], [1, 1, 0], "SkipUpBlock2D must not be below UpBlock2D"),
        ([1, 1, 1], [1, 0, 1], "SkipUpBlock2D must not be below UpBlock2D"),
    ] {
        let refusal = network(down, up, "").unwrap_err().to_string();
        assert!(refusal.starts_with(message), "{refusal}");
    }
    let grey = r#","in_channels":1,"out_channels":1"#;
    let refusal = |down, up| network(down, up, grey).unwrap_err().to_string();
    assert_eq!(refusal([1, 0, 0], [0, 0, 0]), "SkipDownBlock2D needs in_channels of 3, not 1");
    assert_eq!(refusal([0, 0, 0], [0, 1, 1]), "SkipUpBlock2D needs out_channels of 3, not 1");
    assert!(network([0, 0, 1], [0, 0, 1], grey).is_ok());
}

#[test]
fn groups_that_follow_from_the_channels_must_divide_them() {
    let skip = |channels: &str, keys: &str| {
        format!(
            r#""block_out_channels":{channels},"norm_num_groups":null,{keys}
            "down_block_types":["SkipDownBlock2D","AttnSkipDownBlock2D"],
            "up_block_types":["AttnSkipUpBlock2D","SkipUpBlock2D"]"#
        )
    };
    assert_eq!(config(&skip("[32,32]", "")).norm_num_groups, None);
    assert_eq!(
        refusal(&skip("[18,32]", "")),
        "SkipDownBlock2D cuts 18 channels, which follow from block_out_channels, into 4 groups: \
         they must divide them"
    );
    assert_eq!(
        refusal(&skip("[16,48]", "")),
        "AttnSkipDownBlock2D cuts 48 channels, which follow from block_out_channels, into 32 \
         groups: they must divide them"
    );
    assert_eq!(
        refusal(r#""norm_num_groups":null"#),
        "norm_num_groups is null, but DownBlock2D needs a number"
    );
    assert_eq!((groups_by_width(40), groups_by_width(512)), (10, 32));
    assert_eq!(groups_of_joined(UpBlock::SkipUpBlock2D, 20, 20), 10);
    assert_eq!(groups_of_joined(UpBlock::AttnSkipUpBlock2D, 20, 20), 25);
}

#[test]
fn a_learned_time_embedding_needs_its_length() {
    let learned = r#""time_embedding_type":"learned""#;
    assert_eq!(
        refusal(learned),
        "time_embedding_type is learned, but num_train_timesteps is null: expected a number"
    );
    assert!(parse(&format!(r#"{learned},"num_train_timesteps":1000"#)).is_ok());
}

#[test]
fn values_of_the_wrong_type_name_key_value_and_expectation() {
    assert_eq!(
        refusal(r#""freq_shift":"one""#),
        "freq_shift: invalid type: string \"one\", expected u32"
    );
    assert_eq!(
        refusal(r#""in_channels":-1"#),
        "in_channels: invalid value: integer \"-1\", expected usize"
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
            "norm_num_groups 24 does not divide 32 channels, which follow from block_out_channels",
        ),
        (
            small(r#""attn_norm_num_groups":24"#),
            "attn_norm_num_groups 24 does not divide 64 channels, which follow from block_out_channels",
        ),
        (
            small(r#""attention_head_dim":48"#),
            "attention_head_dim 48 does not divide 64 channels, which follow from block_out_channels",
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
    assert!(
        refusal(&format!("{plain}true"))
            .contains("attention_head_dim 5 does not divide 32 channels")
    );
}

#[test]
fn a_sample_of_more_numbers_than_there_is_reason_for_is_refused() {
    let config = |height, width, channels| UNetConfig {
        sample_size: Some([height, width]),
        in_channels: channels,
        out_channels: 2 * channels,
        ..UNetConfig::default()
    };
    config(4096, 4096, 2).validate().unwrap();
    config(65536, 8, 3).validate().unwrap();
    assert_eq!(
        config(4096, 4104, 2).validate().unwrap_err().to_string(),
        "sample_size [4096, 4104] must be smaller: with its channels a sample has 67239936 numbers, \
         expected at most 67108864"
    );
    config(65536, 65536, 16384).validate().unwrap_err();
}

#[test]
fn sizes_that_cannot_be_halved_name_their_neighbours() {
    assert_eq!(
        refusal(r#""sample_size":30"#),
        "sample_size 30 cannot be halved 3 times (nearest sizes that can: 24 and 32)"
    );
    assert_eq!(
        refusal(r#""sample_size":[32,7]"#),
        "sample_size 7 cannot be halved 3 times (nearest sizes that can: 8)"
    );
    assert_eq!(
        refusal(r#""sample_size":0"#),
        "sample_size 0 cannot be halved 3 times (nearest sizes that can: 8)"
    );
    let largest = format!(r#""sample_size":{}"#, usize::MAX);
    assert!(refusal(&largest).ends_with("must be at most 65536"));
    assert_eq!(config(r#""sample_size":8"#).sample_size, Some([8, 8]));
}

/// Found by making networks of diffusers 0.42.1 with one key null.
#[test]
fn null_is_false_or_conv_where_diffusers_takes_it_so() {
    let keys = ["center_input_sample", "flip_sin_to_cos", "add_attention"];
    let keys = keys.into_iter().chain(["downsample_type", "upsample_type"]);
    let nulls: Vec<_> = keys.map(|key| format!(r#""{key}": null"#)).collect();
    let json = format!(r#"{{"_class_name": "UNet2DModel", {}}}"#, nulls.join(","));
    let read = UNetConfig::from_json(json.as_bytes()).unwrap().config;
    let expected =
        UNetConfig { flip_sin_to_cos: false, add_attention: false, ..UNetConfig::default() };
    assert_eq!(read, expected);
    for key in ["in_channels", "freq_shift", "act_fn", "dropout", "norm_eps", "downsample_padding"]
    {
        let json = format!(r#"{{"_class_name": "UNet2DModel", "{key}": null}}"#);
        let error = UNetConfig::from_json(json.as_bytes()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{key}: invalid type: null")), "{error}");
    }
}
