//! Which name was meant.

/// Longer names are not misspellings, and would take long to compare.
const LONGEST: usize = 256;

/// The candidate that is most like `name`, the first of equals; `None` if none is much like it:
/// if more than a third of its characters would have to change.
///
/// # Example
/// ```
/// use ancestral_format::nearest_name;
///
/// let names = ["conv_in.weight", "conv_in.bias", "conv_out.bias"];
/// assert_eq!(nearest_name("conv_in.biases", names), Some("conv_in.bias"));
/// assert_eq!(nearest_name("position_ids", names), None);
/// ```
pub fn nearest_name<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let most = name.len().min(LONGEST) / 3;
    let near = candidates.into_iter().filter(|candidate| {
        // The distance is at least the difference in length.
        name.len() <= LONGEST && candidate.len().abs_diff(name.len()) <= most
    });
    near.map(|candidate| (strsim::levenshtein(name, candidate), candidate))
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_nearest_is_meant() {
        let block = "mid_block.attentions.0";
        let names = ["to_k.weight", "to_q.weight", "to_q.bias"].map(|end| format!("{block}.{end}"));
        let nearest = |name: &str| nearest_name(name, names.iter().map(String::as_str));
        assert_eq!(nearest("mid_block.attentions.0.to_q.wait"), Some(&names[1][..]));
        assert_eq!(nearest("mid_block.attentions.0.to_v.weight"), Some(&names[0][..]));
        assert_eq!(nearest("conv_in.bias"), None);
        assert_eq!(nearest(""), None);
        assert_eq!(nearest(&"a".repeat(1 << 20)), None);
        assert_eq!(nearest_name("conv_in.bias", []), None);
    }
}
