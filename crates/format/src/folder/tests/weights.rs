//! Which files hold the weights, and what is in them.

use super::*;
use crate::array::Dtype;

type Contents = BTreeMap<String, Vec<u8>>;

const INDEX_OF_SHARDS: &str = "unet/diffusion_pytorch_model.safetensors.index.json";

fn file(value: f32) -> Vec<u8> {
    safetensors::to_bytes(&super::weights(value)).unwrap()
}

/// The files of a model with these in its `unet/` instead of its weights.
fn with(weights: &[(&str, Vec<u8>)]) -> Contents {
    let mut files = written(&model());
    files.retain(|name, _| !name.ends_with(".safetensors"));
    files.extend(weights.iter().map(|(name, bytes)| (format!("unet/{name}"), bytes.clone())));
    files
}

fn read(files: &Contents, variant: Option<&str>) -> Result<Loaded, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        crate::write_file(&folder.path().join(name), bytes).unwrap();
    }
    let folder = folder.path();
    ModelFolder::read_variant(folder, variant)
        .map_err(|error| error.to_string().replace(&format!("{}/", folder.display()), ""))
}

fn arrays(names: &[&str]) -> Weights {
    let array = |i: usize| Array::from_f32(vec![1, 1, 1, 1], &[i as f32]).unwrap();
    names.iter().enumerate().map(|(i, name)| ((*name).to_owned(), array(i))).collect()
}

/// Two shards of two tensors each, and their index with a change.
fn sharded(from: &str, to: &str) -> Contents {
    let shard = |names| safetensors::to_bytes(&arrays(names)).unwrap();
    let index = r#"{"metadata": {"total_size": 16}, "weight_map": {
        "a": "diffusion_pytorch_model-00001-of-00002.safetensors",
        "b": "diffusion_pytorch_model-00001-of-00002.safetensors",
        "m.attentions.0.key.weight": "diffusion_pytorch_model-00002-of-00002.safetensors",
        "m.attentions.0.to_q.weight": "diffusion_pytorch_model-00002-of-00002.safetensors"}}"#;
    assert!(index.contains(from));
    let attention = ["m.attentions.0.key.weight", "m.attentions.0.to_q.weight"];
    with(&[
        ("diffusion_pytorch_model-00001-of-00002.safetensors", shard(&["a", "b"])),
        ("diffusion_pytorch_model-00002-of-00002.safetensors", shard(&attention)),
        ("diffusion_pytorch_model.safetensors.index.json", index.replacen(from, to, 1).into()),
    ])
}

#[test]
fn shards_are_put_together() {
    let files = sharded("", "");
    let weights = read(&files, None).unwrap().model.weights;
    let shapes: Vec<_> = weights.iter().map(|(name, array)| (&name[..], array.shape())).collect();
    let expected: [(&str, &[usize]); 4] = [
        ("a", &[1, 1, 1, 1]),
        ("b", &[1, 1, 1, 1]),
        ("m.attentions.0.to_k.weight", &[1, 1]),
        ("m.attentions.0.to_q.weight", &[1, 1]),
    ];
    assert_eq!(shapes, expected);
    assert_eq!(weights.get("b").unwrap().to_f32(), [1.0]);
    // Diffusers looks for them before it looks for a single file.
    let mut both = files.clone();
    both.insert("unet/diffusion_pytorch_model.safetensors".into(), file(3.0));
    assert_eq!(read(&both, None).unwrap().model.weights, weights);
}

#[test]
fn shards_that_do_not_fit_their_index_are_refused_by_tensor() {
    let first = "diffusion_pytorch_model-00001-of-00002.safetensors";
    let second = "diffusion_pytorch_model-00002-of-00002.safetensors";
    let name = "expected the name of a file in the same folder";
    let index = "not an index of shards";
    for (from, to, message) in [
        (r#""a":"#, r#""c":"#, format!("tensor \"c\" is not in {first}, where the index has it")),
        (
            "-00001-",
            "-00002-",
            format!("tensor \"a\" is in {first}, but the index does not name it there"),
        ),
        (
            &format!("\"a\": \"{first}\","),
            "",
            format!("tensor \"a\" is in {first}, but the index does not name it there"),
        ),
        (first, "../../x", format!("tensor \"a\" is in \"../../x\": {name}")),
        (first, "/etc/passwd", format!("tensor \"a\" is in \"/etc/passwd\": {name}")),
        (first, "..", format!("tensor \"a\" is in \"..\": {name}")),
        ("weight_map", "weights", format!("{index}: missing field \"weight_map\"")),
        (r#""b":"#, r#""a":"#, format!("{index}: tensor \"a\" appears twice at line 3")),
        (first, &"a".repeat(1025), format!("{index}: a name takes 1025 bytes, expected at most")),
    ] {
        let refusal = read(&sharded(from, to), None).unwrap_err();
        assert!(refusal.starts_with(&format!("{INDEX_OF_SHARDS}: {message}")), "{refusal}");
    }
    let mut files = sharded("", "");
    files.remove(&format!("unet/{second}")).unwrap();
    assert_eq!(
        read(&files, None).unwrap_err(),
        format!(
            "{INDEX_OF_SHARDS}: no shard {second}: the index names it for 2 tensors, such as \
             \"m.attentions.0.key.weight\""
        )
    );
}

#[test]
fn a_variant_is_read_where_it_is_asked_for() {
    let half = super::weights(2.0).to_dtype(Dtype::F16).unwrap();
    let files = with(&[
        ("diffusion_pytorch_model.safetensors", file(1.0)),
        ("diffusion_pytorch_model.fp16.safetensors", safetensors::to_bytes(&half).unwrap()),
        ("diffusion_pytorch_model.raw.safetensors", file(3.0)),
    ]);
    let expected = Loaded {
        model: ModelFolder { raw_weights: Some(super::weights(3.0)), ..model() },
        notices: vec![],
    };
    assert_eq!(read(&files, None).unwrap(), expected);
    for (variant, weights) in [("fp16", half), ("raw", super::weights(3.0))] {
        let read = read(&files, Some(variant)).unwrap();
        let model = ModelFolder { weights, raw_weights: None, ..model() };
        assert_eq!(read, Loaded { model, notices: vec![] });
    }
    assert_eq!(
        read(&files, Some("bf16")).unwrap_err(),
        "no weights: looked for unet/diffusion_pytorch_model.safetensors.index.bf16.json, \
         unet/diffusion_pytorch_model.safetensors.bf16.index.json, \
         unet/diffusion_pytorch_model.bf16.safetensors; \
         found diffusion_pytorch_model.fp16.safetensors, diffusion_pytorch_model.raw.safetensors, \
         diffusion_pytorch_model.safetensors; there are the variants fp16, raw: choose one"
    );
}

#[test]
fn shards_of_a_variant_are_read_under_both_names_of_their_index() {
    for index in ["safetensors.index.fp16.json", "safetensors.fp16.index.json"] {
        let mut files = sharded("", "");
        let expected = read(&files, None).unwrap().model;
        let bytes = files.remove(INDEX_OF_SHARDS).unwrap();
        files.insert(format!("unet/diffusion_pytorch_model.{index}"), bytes);
        assert_eq!(read(&files, Some("fp16")).unwrap().model, expected);
        let Loaded { model, notices } = read(&files, None).unwrap();
        assert_eq!((model, notices.len()), (expected, 1));
    }
}

#[test]
fn the_only_variant_is_taken_with_a_notice() {
    let mut files = with(&[
        ("diffusion_pytorch_model.fp16.safetensors", file(1.0)),
        ("diffusion_pytorch_model.raw.safetensors", file(2.0)),
    ]);
    let Loaded { model: read_model, notices } = read(&files, None).unwrap();
    assert_eq!(read_model, model());
    let [Notice::Variant { variant, .. }] = &notices[..] else { panic!("{notices:?}") };
    assert_eq!(variant, "fp16");
    let notice = notices[0].to_string();
    assert!(
        notice.ends_with(
            "unet/diffusion_pytorch_model.fp16.safetensors: using the weights of variant fp16, \
             as there are no others"
        ),
        "{notice}"
    );
    files.insert("unet/diffusion_pytorch_model.non_ema.safetensors".into(), file(3.0));
    assert_eq!(
        read(&files, None).unwrap_err(),
        "no weights: looked for unet/diffusion_pytorch_model.safetensors.index.json, \
         unet/diffusion_pytorch_model.safetensors; found diffusion_pytorch_model.fp16.safetensors, \
         diffusion_pytorch_model.non_ema.safetensors, diffusion_pytorch_model.raw.safetensors; \
         there are the variants fp16, non_ema, raw: choose one"
    );
}

#[test]
fn pickles_are_listed_and_not_opened() {
    let files = with(&[
        ("diffusion_pytorch_model-00001-of-00002.bin", b"PK\x03\x04".to_vec()),
        ("diffusion_pytorch_model-00002-of-00002.bin", b"PK\x03\x04".to_vec()),
        ("diffusion_pytorch_model.bin.index.json", b"{}".to_vec()),
    ]);
    assert_eq!(
        read(&files, None).unwrap_err(),
        "no weights: looked for unet/diffusion_pytorch_model.safetensors.index.json, \
         unet/diffusion_pytorch_model.safetensors; \
         found diffusion_pytorch_model-00001-of-00002.bin, \
         diffusion_pytorch_model-00002-of-00002.bin, diffusion_pytorch_model.bin.index.json; \
         pickles are never executed; where the file is trusted, convert it in Python: \
         UNet2DModel.from_pretrained(FOLDER).save_pretrained(FOLDER, safe_serialization=True)"
    );
}

#[test]
fn a_folder_without_weights_says_so() {
    let message = read(&with(&[]), None).unwrap_err();
    assert!(message.ends_with("model.safetensors; found no file that holds any"), "{message}");
    let many: Vec<_> = (0..30).map(|i| (format!("{i:02}.pt"), vec![])).collect();
    let many: Vec<_> = many.iter().map(|(name, bytes)| (&name[..], bytes.clone())).collect();
    let message = read(&with(&many), None).unwrap_err();
    assert!(message.contains("18.pt, 19.pt, and 10 more; pickles are never"), "{message}");
}

#[test]
fn old_names_are_read_in_every_layout() {
    let old = safetensors::to_bytes(&arrays(&["m.attentions.0.query.weight"])).unwrap();
    let modern = arrays(&["m.attentions.0.to_q.weight"]);
    let modern: Weights = modern
        .into_iter()
        .map(|(name, array)| (name, array.reshaped(vec![1, 1]).unwrap()))
        .collect();
    let index = r#"{"weight_map": {"m.attentions.0.query.weight": "s.safetensors"}}"#;
    let plain = with(&[
        ("diffusion_pytorch_model.safetensors", old.clone()),
        ("diffusion_pytorch_model.raw.safetensors", old.clone()),
    ]);
    let root = plain.iter().map(|(name, bytes)| (name.replace("unet/", ""), bytes.clone()));
    let root: Contents = root.collect();
    for files in [
        plain,
        root,
        with(&[("diffusion_pytorch_model.fp16.safetensors", old.clone())]),
        with(&[
            ("diffusion_pytorch_model.safetensors.index.json", index.into()),
            ("s.safetensors", old.clone()),
        ]),
        with(&[
            ("diffusion_pytorch_model.safetensors.index.fp16.json", index.into()),
            ("s.safetensors", old),
        ]),
    ] {
        let model = read(&files, None).unwrap().model;
        assert_eq!(model.weights, modern);
        assert!(model.raw_weights.is_none_or(|raw| raw == modern));
    }
}
