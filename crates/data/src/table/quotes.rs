//! Quotes of a CSV file that enclose nothing.

/// What is wrong with the quotes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteTrouble {
    /// The file ends before the quote is closed.
    Open,
    /// There is text between the second quote and the next separator.
    TextBehind,
}

/// The first cell whose quotes do not enclose it, and the line where it begins, counted from 1.
///
/// A reader that takes such cells as they come ends a cell at the next quote, however far away: rows vanish.
pub(super) fn trouble(text: &str, separator: char) -> Option<(QuoteTrouble, usize)> {
    let (mut line, mut rest) = (1, text);
    loop {
        let blank = |c: char| matches!(c, ' ' | '\t') && c != separator;
        let cell = rest.trim_start_matches(blank);
        if let Some(inner) = cell.strip_prefix('"') {
            let Some(end) = closing(inner) else { return Some((QuoteTrouble::Open, line)) };
            let (quoted, behind) = inner.split_at(end);
            let behind = behind[1..].trim_start_matches(blank);
            if !(behind.is_empty() || behind.starts_with([separator, '\n', '\r'])) {
                return Some((QuoteTrouble::TextBehind, line));
            }
            line += quoted.matches('\n').count();
            rest = behind;
        }
        let end = rest.find([separator, '\n'])?;
        line += usize::from(rest[end..].starts_with('\n'));
        rest = &rest[end + 1..];
    }
}

/// Where the quote is that closes a quoted cell: two of them are one in the text.
fn closing(inner: &str) -> Option<usize> {
    let mut place = 0;
    loop {
        place += inner[place..].find('"')?;
        if !inner[place + 1..].starts_with('"') {
            return Some(place);
        }
        place += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_enclose_whole_cells() {
        for text in
            ["a,b\n\"x\",1\n", "\"a\nb\" , \"c\"\r\n\"\"\n", "a\n5\" pipe\n", "\"\"\"x\"\"\"", ""]
        {
            assert_eq!(trouble(text, ','), None, "{text:?}");
        }
        for (text, found) in [
            ("a,b\n1,\"x\n2,y\n", (QuoteTrouble::Open, 2)),
            ("a\n\"x\ny\"\n\"5\" pipe\n", (QuoteTrouble::TextBehind, 4)),
            ("a;b\n\"x\",1;2\n", (QuoteTrouble::TextBehind, 2)),
            ("a\n\"\"\"", (QuoteTrouble::Open, 2)),
        ] {
            assert_eq!(
                trouble(text, if text.contains(';') { ';' } else { ',' }),
                Some(found),
                "{text:?}"
            );
        }
    }
}
