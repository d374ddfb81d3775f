//! Names and numbers of files in messages.

use std::fmt::Display;

/// How many names of a kind a message has; errors themselves have them all.
const MOST_NAMES: usize = 20;
/// How many characters of a name it has.
const MOST_CHARACTERS: usize = 200;

/// A name that anybody may have chosen: on one line, whatever is in it, and not too long.
pub(crate) fn shown(name: &str) -> String {
    if name.is_empty() {
        return "\"\"".to_owned();
    }
    let mut text: String = name.chars().take(MOST_CHARACTERS).flat_map(visible).collect();
    if name.chars().nth(MOST_CHARACTERS).is_some() {
        text.push('…');
    }
    text
}

/// Only what would move the cursor, or nothing at all, is escaped.
fn visible(c: char) -> impl Iterator<Item = char> {
    let escaped = c.is_control() || (!c.is_ascii() && c.escape_debug().count() > 1);
    let plain = (!escaped).then_some(c);
    plain.into_iter().chain(escaped.then(|| c.escape_debug()).into_iter().flatten())
}

/// So many things: the name is that of one, and gets its plural.
///
/// # Example
/// ```
/// use ancestral_format::counted;
///
/// assert_eq!(counted(1, "byte"), "1 byte");
/// assert_eq!(counted(2, "byte"), "2 bytes");
/// ```
#[must_use]
pub fn counted(count: impl Display, thing: &str) -> String {
    let count = count.to_string();
    let ending = match count.as_str() {
        "1" => "",
        _ if thing.ends_with("ss") => "es",
        _ => "s",
    };
    format!("{count} {thing}{ending}")
}

/// Numbers as people write shapes and lists: `1x8x8`, `32-64`.
///
/// # Example
/// ```
/// use ancestral_format::joined;
///
/// assert_eq!(joined(&[1, 8, 8], "x"), "1x8x8");
/// ```
#[must_use]
pub fn joined(numbers: &[usize], separator: &str) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

/// A number in the fewest digits: 1e-45 and not 45 zeros.
///
/// # Example
/// ```
/// use ancestral_format::short;
///
/// assert_eq!([1e-45, 0.5, 8.0].map(short), ["1e-45", "0.5", "8"]);
/// ```
#[must_use]
pub fn short(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// The first of `items`, and how many more there are.
pub(crate) fn listed<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    let mut list: Vec<_> = items.iter().take(MOST_NAMES).map(text).collect();
    if items.len() > MOST_NAMES {
        list.push(format!("and {} more", items.len() - MOST_NAMES));
    }
    list.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(shown("down_blocks.0.weight"), "down_blocks.0.weight");
        assert_eq!(shown("größe \"x\""), "größe \"x\"");
        assert_eq!(shown("a\n\u{1b}[31m\u{202e}"), "a\\n\\u{1b}[31m\\u{202e}");
        assert_eq!(shown(""), "\"\"");
        assert_eq!(shown(&"k".repeat(201)), "k".repeat(200) + "…");
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [(1e-45, "1e-45"), (8.0, "8"), (-0.25, "-0.25"), (1e30, "1e30")] {
            assert_eq!(short(value), text);
        }
    }

    #[test]
    fn one_thing_is_no_things() {
        assert_eq!([0, 1, 2].map(|count| counted(count, "byte")), ["0 bytes", "1 byte", "2 bytes"]);
        assert_eq!([1, 2].map(|count| counted(count, "class")), ["1 class", "2 classes"]);
    }

    #[test]
    fn long_lists_are_counted() {
        let items: Vec<usize> = (0..5000).collect();
        let list = listed(&items, usize::to_string);
        assert!(list.starts_with("0, 1, ") && list.ends_with(", 19, and 4980 more"), "{list}");
    }
}
