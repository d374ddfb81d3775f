//! −∞, for which JSON has no word, and Python the word `-Infinity`.

use serde::{Deserialize, Deserializer, de};

const WORD: &str = "-Infinity";

/// `json` with that word as a string, where it stands for a number.
pub(super) fn quoted(json: &[u8]) -> Vec<u8> {
    let (mut text, mut rest) = (Vec::with_capacity(json.len()), json);
    let (mut in_string, mut escaped) = (false, false);
    while let Some((&byte, after)) = rest.split_first() {
        if !in_string && let Some(after) = rest.strip_prefix(WORD.as_bytes()) {
            text.extend(format!("\"{WORD}\"").bytes());
            rest = after;
            continue;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ => {}
        }
        text.push(byte);
        rest = after;
    }
    text
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or -Infinity")]
enum Lambda {
    Number(f64),
    Word(String),
}

pub(super) fn lambda<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    match Option::<Lambda>::deserialize(from)? {
        None => Ok(None),
        Some(Lambda::Number(lambda)) => Ok(Some(lambda)),
        Some(Lambda::Word(word)) if word == WORD => Ok(None),
        Some(Lambda::Word(word)) => {
            let expected = &"a number or -Infinity";
            Err(de::Error::invalid_value(de::Unexpected::Str(&word), expected))
        }
    }
}
