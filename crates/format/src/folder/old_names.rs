//! The attention of old models: other names, and weights of 1 × 1 convolutions.
//!
//! `diffusers` 0.13 and before called the projections of `…attentions.N` `query`, `key`, `value`
//! and `proj_attn`; the first published models still have these names.

use std::path::PathBuf;

use super::FolderError;
use crate::array::Array;
use crate::weights::Weights;

/// Old and modern names of the projections.
const PROJECTIONS: [(&str, &str); 4] =
    [("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0")];

/// The weights under their modern names, and those of projections with two axes.
pub(super) fn to_modern(
    weights: Weights,
    path: impl Fn() -> PathBuf,
) -> Result<Weights, FolderError> {
    let twin = weights.iter().find_map(|(old, _)| {
        let modern = modern_name(old)?;
        weights.get(&modern).map(|_| (old.clone(), modern))
    });
    if let Some((old, modern)) = twin {
        return Err(FolderError::Twins { path: path(), old, modern });
    }
    Ok(weights.into_iter().map(|(name, array)| modern(name, array)).collect())
}

fn modern(name: String, array: Array) -> (String, Array) {
    let name = modern_name(&name).unwrap_or(name);
    let array = match *array.shape() {
        [rows, columns, 1, 1] if is_projection(&name) => {
            array.reshaped(vec![rows, columns]).expect("axes of length 1 hold nothing")
        }
        _ => array,
    };
    (name, array)
}

/// The modern name of an old name; `None` if `name` is not an old name.
fn modern_name(name: &str) -> Option<String> {
    let (projection, end) = name.rsplit_once('.')?;
    let (attention, old) = projection.rsplit_once('.')?;
    let (_, modern) = PROJECTIONS.into_iter().find(|(known, _)| *known == old)?;
    let known = is_attention(attention) && (end == "weight" || end == "bias");
    known.then(|| format!("{attention}.{modern}.{end}"))
}

/// Whether this is the weight of a projection, by its modern name.
fn is_projection(name: &str) -> bool {
    let attention = PROJECTIONS.into_iter().find_map(|(_, modern)| {
        name.strip_suffix(".weight")?.strip_suffix(modern)?.strip_suffix('.')
    });
    attention.is_some_and(is_attention)
}

/// Whether a path ends with `attentions.N`.
fn is_attention(path: &str) -> bool {
    let mut parts = path.rsplit('.');
    parts.next().is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
        && parts.next() == Some("attentions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[(&str, &[usize])]) -> Result<Vec<(String, Vec<usize>)>, String> {
        let array = |shape: &[usize]| {
            Array::from_f32(shape.to_vec(), &vec![0.0; shape.iter().product()]).unwrap()
        };
        let weights = names.iter().map(|&(name, shape)| (name.to_owned(), array(shape)));
        let modern = to_modern(weights.collect(), || "unet/w".into());
        let shapes = |(name, array): (String, Array)| (name, array.shape().to_vec());
        modern.map(|w| w.into_iter().map(shapes).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn old_names_by_hand() {
        for (old, modern) in [
            ("mid_block.attentions.0.query.weight", Some("mid_block.attentions.0.to_q.weight")),
            ("a.attentions.12.key.bias", Some("a.attentions.12.to_k.bias")),
            ("attentions.0.value.weight", Some("attentions.0.to_v.weight")),
            ("a.attentions.0.proj_attn.bias", Some("a.attentions.0.to_out.0.bias")),
            ("a.attentions.0.to_q.weight", None),
            ("a.attentions.0.group_norm.weight", None),
            ("a.attentions.x.query.weight", None),
            ("a.attentions.query.weight", None),
            ("a.resnets.0.query.weight", None),
            ("a.attentions.0.query.scale", None),
            ("query.weight", None),
        ] {
            assert_eq!(modern_name(old).as_deref(), modern, "{old}");
        }
    }

    #[test]
    fn convolutions_of_one_pixel_become_matrices_in_attention_alone() {
        let read = read(&[
            ("a.attentions.0.proj_attn.weight", &[2, 3, 1, 1]),
            ("a.attentions.0.query.weight", &[2, 3]),
            ("a.attentions.0.to_k.weight", &[3, 2, 1, 1]),
            ("a.attentions.0.to_v.weight", &[3, 1, 1, 3]),
            ("a.resnets.0.conv_shortcut.weight", &[2, 3, 1, 1]),
        ]);
        let expected: [(&str, &[usize]); 5] = [
            ("a.attentions.0.to_k.weight", &[3, 2]),
            ("a.attentions.0.to_out.0.weight", &[2, 3]),
            ("a.attentions.0.to_q.weight", &[2, 3]),
            ("a.attentions.0.to_v.weight", &[3, 1, 1, 3]),
            ("a.resnets.0.conv_shortcut.weight", &[2, 3, 1, 1]),
        ];
        assert_eq!(read.unwrap(), expected.map(|(name, shape)| (name.to_owned(), shape.to_vec())));
    }

    #[test]
    fn one_tensor_under_both_names_is_refused() {
        let both = [
            ("a.attentions.0.query.bias", &[2][..]),
            ("a.attentions.0.to_q.bias", &[2]),
            ("a.attentions.1.query.bias", &[2]),
        ];
        assert_eq!(
            read(&both).unwrap_err(),
            "unet/w: a.attentions.0.query.bias and a.attentions.0.to_q.bias are the old and the \
             modern name of one tensor: expected one of them"
        );
    }
}
