//! The words that an array may hold, as its dtype names them.

/// How one word is stored: in so many characters, padded with zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    characters: usize,
    /// Bytes of a character: 4 of Unicode, 1 of byte strings.
    character: usize,
    is_big_endian: bool,
}

impl Words {
    /// The words that a dtype such as `'<U5'` or `'|S5'` names, quotes included.
    pub(super) fn from_descr(descr: &str) -> Option<Self> {
        let name = descr.strip_prefix('\'')?.strip_suffix('\'')?;
        let (order, name) = name.split_at_checked(1)?;
        let (kind, characters) = name.split_at_checked(1)?;
        let character = match kind {
            "U" => 4,
            "S" => 1,
            _ => return None,
        };
        let characters = characters.parse().ok().filter(|count| (1..1 << 20).contains(count))?;
        Some(Self { characters, character, is_big_endian: order == ">" })
    }

    /// The number of bytes of one.
    pub(super) fn width(self) -> usize {
        self.characters * self.character
    }

    /// The text of one. What is no character becomes �.
    pub(super) fn text(self, bytes: &[u8]) -> String {
        if self.character == 1 {
            return String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned();
        }
        let character = |bytes: &[u8; 4]| {
            let bits = if self.is_big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
            char::from_u32(bits(*bytes)).unwrap_or(char::REPLACEMENT_CHARACTER)
        };
        let text: String = bytes.as_chunks().0.iter().map(character).collect();
        text.trim_end_matches('\0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_padded_with_zeros_in_both_orders() {
        let text = |descr: &str, bytes: &[u8]| {
            let words = Words::from_descr(descr).unwrap();
            assert_eq!(words.width(), bytes.len());
            words.text(bytes)
        };
        assert_eq!(text("'|S4'", b"cat\0"), "cat");
        assert_eq!(text("'<U2'", &[0xdf, 0, 0, 0, 0, 0, 0, 0]), "ß");
        assert_eq!(text("'>U2'", &[0, 0, 0, b'n', 0, 0, 0, b'o']), "no");
        assert_eq!(text("'<U1'", &[0xff; 4]), "\u{fffd}");
        for descr in ["'<U0'", "'|S'", "'|O'", "'<f4'", "'<U99999999999'"] {
            assert_eq!(Words::from_descr(descr), None, "{descr}");
        }
    }
}
