//! Which of the files in a network's folder hold the weights that are wanted.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::layout::WEIGHTS;
use super::reader::Reader;
use super::{FolderError, Notice, old_names, shards};
use crate::weights::Weights;

/// What all weight files begin with.
const STEM: &str = "diffusion_pytorch_model";
/// Our variant of the weights as trained. It is never taken for the main ones unasked.
const RAW: &str = "raw";
/// The ends of files in which others keep weights.
const ENDS: [&str; 11] = [
    "safetensors",
    "bin",
    "index.json",
    "ckpt",
    "pt",
    "pth",
    "pkl",
    "msgpack",
    "h5",
    "onnx",
    "gguf",
];
/// Those that are pickles, or hold some.
const PICKLES: [&str; 5] = ["bin", "ckpt", "pt", "pth", "pkl"];

/// Whether a file holds weights of the network in its folder, or is their index: of any variant,
/// in any format.
pub(super) fn is_weights(name: &str) -> bool {
    let rest = name.strip_prefix(STEM);
    rest.is_some_and(|rest| {
        rest.starts_with(['.', '-']) && (ends(name, &ENDS) || ends(name, &["json"]))
    })
}

/// Refuses what cannot be part of a file's name.
pub(super) fn check_variant(variant: &str) -> Result<(), FolderError> {
    if is_variant(variant) {
        return Ok(());
    }
    Err(FolderError::Variant { found: variant.to_owned() })
}

fn is_variant(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=64).contains(&name.len()) && name.chars().all(allowed)
}

/// Reads the weights in `folder`: of the `variant`, or of none, or of the only one that there is. The
/// `others` are variants in folders of their own.
pub(super) fn read(
    reader: &mut Reader<'_>,
    folder: &str,
    variant: Option<&str>,
    others: &[String],
) -> Result<Weights, FolderError> {
    if let Some((_, weights)) = first(reader, folder, variant)? {
        return Ok(weights);
    }
    let found = reader.files.list(folder);
    let mut variants = variants(&found);
    if variant.is_none() && variants.iter().filter(|name| *name != RAW).count() == 1 {
        variants.remove(RAW);
        let only = variants.first().map(String::as_str);
        if let (Some(only), Some((path, weights))) = (only, first(reader, folder, only)?) {
            reader.notices.push(Notice::Variant { path, variant: only.to_owned() });
            return Ok(weights);
        }
    }
    let looked_for = places(variant).into_iter().map(|(name, _)| format!("{folder}{name}"));
    Err(FolderError::NoWeights {
        looked_for: looked_for.map(|name| reader.files.path(&name)).collect(),
        pickles: found.iter().any(|name| ends(name, &PICKLES)),
        found: found.into_iter().filter(|name| ends(name, &ENDS)).collect(),
        variants: variants.into_iter().chain(others.iter().cloned()).collect(),
    })
}

/// The first file of the variant that is there, and its content under modern names.
fn first(
    reader: &Reader<'_>,
    folder: &str,
    variant: Option<&str>,
) -> Result<Option<(PathBuf, Weights)>, FolderError> {
    for (name, sharded) in places(variant) {
        let name = format!("{folder}{name}");
        let read =
            if sharded { shards::read(reader, folder, &name)? } else { reader.tensors(&name)? };
        if let Some(weights) = read {
            let path = reader.files.path(&name);
            let weights = old_names::to_modern(weights, || path.clone())?;
            return Ok(Some((path, weights)));
        }
    }
    Ok(None)
}

/// The files that may hold a variant in the order in which they are looked for, and whether each is
/// the index of shards.
fn places(variant: Option<&str>) -> Vec<(String, bool)> {
    match variant {
        None => vec![(format!("{WEIGHTS}.index.json"), true), (WEIGHTS.to_owned(), false)],
        Some(variant) => vec![
            (format!("{WEIGHTS}.index.{variant}.json"), true),
            // What diffusers wrote up to 0.31.
            (format!("{WEIGHTS}.{variant}.index.json"), true),
            (format!("{STEM}.{variant}.safetensors"), false),
        ],
    }
}

/// The variants that there are files of.
fn variants(files: &[String]) -> BTreeSet<String> {
    let between = |name: &str, start: String, end: &str| {
        let variant = name.strip_prefix(&start)?.strip_suffix(end)?;
        (is_variant(variant) && !is_shard(variant)).then(|| variant.to_owned())
    };
    let variant = |name: &String| {
        between(name, format!("{WEIGHTS}.index."), ".json")
            .or_else(|| between(name, format!("{WEIGHTS}."), ".index.json"))
            .or_else(|| between(name, format!("{STEM}."), ".safetensors"))
    };
    files.iter().filter_map(variant).collect()
}

/// Whether what looks like a variant is one of its shards: `fp16-00001-of-00002`.
fn is_shard(variant: &str) -> bool {
    let mut parts = variant.rsplit('-');
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    parts.next().is_some_and(number)
        && parts.next() == Some("of")
        && parts.next().is_some_and(number)
}

fn ends(name: &str, ends: &[&str]) -> bool {
    ends.iter().any(|end| name.strip_suffix(end).is_some_and(|start| start.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variants_of_a_folder_by_hand() {
        let files = [
            "config.json",
            "diffusion_pytorch_model.safetensors",
            "diffusion_pytorch_model.safetensors.index.json",
            "diffusion_pytorch_model-00001-of-00002.safetensors",
            "diffusion_pytorch_model.raw.safetensors",
            "diffusion_pytorch_model.fp16-00001-of-00002.safetensors",
            "diffusion_pytorch_model.safetensors.index.bf16.json",
            "diffusion_pytorch_model.safetensors.non_ema.index.json",
            "diffusion_pytorch_model.fp8.bin",
        ];
        let files = files.map(str::to_owned);
        assert_eq!(Vec::from_iter(variants(&files)), ["bf16", "non_ema", "raw"]);
    }

    #[test]
    fn a_variant_is_a_part_of_a_name() {
        for variant in ["fp16", "non_ema", "a-b"] {
            check_variant(variant).unwrap();
        }
        for variant in ["", "../fp16", "a/b", "a.b", "a\\b", "fp 16", "ß"] {
            assert_eq!(
                check_variant(variant).unwrap_err().to_string(),
                format!("variant {variant:?}: expected letters, digits, - and _, at most 64")
            );
        }
    }
}
