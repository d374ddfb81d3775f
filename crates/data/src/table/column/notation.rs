//! How the numbers of a column are written, beside their digits.

/// What may be between the digits of thousands: a comma, a point, spaces (one of them is narrow), apostrophes.
const THOUSANDS: [char; 7] = [',', '.', ' ', '\u{a0}', '\u{202f}', '\'', '’'];
/// No currency or unit is longer, in characters.
const LONGEST: usize = 12;

/// How numbers are written: `$1,234.50`, `12,5 %`, `1 234 kg`.
///
/// A cell is a sign, the text before, digits with marks, and the text after; the same in all cells of a
/// column.
/// # Example
/// ```
/// use ancestral_data::Notation;
///
/// let dollars = Notation::new("$", "", Some(','), '.').ok_or("no notation")?;
/// assert_eq!(dollars.plain("-$1,234.50").as_deref(), Some("-1234.50"));
/// assert_eq!(dollars.written("-1234.5"), "-$1,234.5");
/// assert_eq!(dollars.plain("1,234.50"), None);
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notation {
    before: String,
    after: String,
    thousands: Option<char>,
    decimal: char,
}

/// As programs write numbers: nothing before and after, no thousands, a decimal point.
impl Default for Notation {
    fn default() -> Self {
        Self { before: String::new(), after: String::new(), thousands: None, decimal: '.' }
    }
}

/// A cell around its digits.
#[derive(Clone, Copy)]
struct Parts<'a> {
    is_negative: bool,
    before: &'a str,
    digits: &'a str,
    after: &'a str,
}

impl Notation {
    /// The notation of these parts: a currency before or a unit after, the mark between thousands if there is
    /// one, and the decimal mark. `None` if there is no such notation.
    #[must_use]
    pub fn new(before: &str, after: &str, thousands: Option<char>, decimal: char) -> Option<Self> {
        let is_mark = thousands.is_none_or(|mark| THOUSANDS.contains(&mark) && mark != decimal);
        let fits =
            is_currency(before) && is_unit(after) && is_mark && ['.', ','].contains(&decimal);
        let (before, after) = (before.to_owned(), after.to_owned());
        fits.then_some(Self { before, after, thousands, decimal })
    }

    /// What is before the digits.
    #[must_use]
    pub fn before(&self) -> &str {
        &self.before
    }

    /// What is after the digits.
    #[must_use]
    pub fn after(&self) -> &str {
        &self.after
    }

    /// The mark between thousands.
    #[must_use]
    pub fn thousands(&self) -> Option<char> {
        self.thousands
    }

    /// The decimal mark.
    #[must_use]
    pub fn decimal(&self) -> char {
        self.decimal
    }

    /// Whether it is that of programs.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The notation that all of these cells have, if it is not plain, and if there is no doubt about it.
    ///
    /// In doubt are commas with three digits behind each: 1,234 is a decimal to some and a thousand to others.
    /// Numbers below a thousand, which have no comma, decide it.
    pub(crate) fn of(cells: &[&str]) -> Option<Self> {
        let parts: Vec<Parts<'_>> =
            cells.iter().map(|cell| Parts::of(cell)).collect::<Option<_>>()?;
        let Parts { before, after, .. } = parts.first()?;
        let fitting = |thousands: Option<char>, decimal: char| {
            Self::new(before, after, thousands, decimal)
                .filter(|notation| parts.iter().all(|parts| notation.read(parts).is_some()))
        };
        let grouped = || {
            let pairs =
                THOUSANDS.iter().flat_map(|mark| ['.', ','].map(|decimal| (*mark, decimal)));
            pairs.filter_map(|(mark, decimal)| fitting(Some(mark), decimal))
        };
        for decimal in ['.', ','] {
            let Some(notation) = fitting(None, decimal) else { continue };
            let Some(grouped) = grouped().find(|other| other.thousands == Some(decimal)) else {
                return Some(notation);
            };
            let (marked, bare): (Vec<&str>, Vec<&str>) =
                parts.iter().map(|parts| parts.digits).partition(|digits| digits.contains(decimal));
            let are_short = bare.iter().all(|digits| digits.len() <= 3);
            return match (marked.is_empty(), bare.is_empty()) {
                (true, _) => Some(notation),
                (false, false) if are_short => Some(grouped),
                // A point is decimal unless something shows that it is not.
                _ => Some(notation).filter(|_| decimal == '.'),
            };
        }
        grouped().next()
    }

    /// The number in a cell of this notation, as programs write it. `None` if the cell has another one.
    #[must_use]
    pub fn plain(&self, cell: &str) -> Option<String> {
        self.read(&Parts::of(cell)?)
    }

    fn read(&self, parts: &Parts<'_>) -> Option<String> {
        let Parts { is_negative, before, digits, after } = *parts;
        if (before, after) != (&self.before, &self.after) {
            return None;
        }
        let (whole, decimals) = digits.split_once(self.decimal).unwrap_or((digits, ""));
        let whole = match self.thousands {
            Some(mark) if whole.contains(mark) => ungrouped(whole, mark)?,
            _ => whole.to_owned(),
        };
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let sign = if is_negative { "-" } else { "" };
        let point = if decimals.is_empty() { "" } else { "." };
        (are_digits(&whole) && are_digits(decimals))
            .then(|| format!("{sign}{whole}{point}{decimals}"))
    }

    /// A number as programs write it, in this notation.
    #[must_use]
    pub fn written(&self, plain: &str) -> String {
        if self.is_plain() {
            return plain.to_owned();
        }
        let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |digits| ("-", digits));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let is_whole = whole.bytes().all(|byte| byte.is_ascii_digit());
        let mut text = format!("{sign}{}", self.before);
        for (place, digit) in whole.chars().enumerate() {
            let is_next = is_whole && place > 0 && (whole.len() - place).is_multiple_of(3);
            text.extend(self.thousands.filter(|_| is_next));
            text.push(digit);
        }
        if !decimals.is_empty() {
            text.push(self.decimal);
        }
        text + decimals + &self.after
    }
}

impl<'a> Parts<'a> {
    fn of(cell: &'a str) -> Option<Self> {
        let is_digit = |c: char| c.is_ascii_digit();
        let unsigned = cell.strip_prefix(['-', '+', '−']).unwrap_or(cell);
        let first = unsigned.find(is_digit)?;
        // A number may begin with its decimal mark.
        let start = first - usize::from(unsigned[..first].ends_with(['.', ',']));
        let end = unsigned.rfind(is_digit)? + 1;
        let (before, rest) = unsigned.split_at(start);
        let (digits, after) = rest.split_at(end - start);
        let inner = before.strip_suffix(['-', '−']);
        let is_negative = cell.starts_with(['-', '−']) || inner.is_some();
        let is_part = |c: char| is_digit(c) || THOUSANDS.contains(&c);
        let fits = digits.chars().all(is_part);
        fits.then_some(Self { is_negative, before: inner.unwrap_or(before), digits, after })
    }
}

/// The digits of groups of three.
fn ungrouped(whole: &str, mark: char) -> Option<String> {
    let (first, rest) = whole.split_once(mark)?;
    let is_first = (1..=3).contains(&first.len()) && !first.starts_with('0');
    (is_first && rest.split(mark).all(|group| group.len() == 3)).then(|| whole.replace(mark, ""))
}

fn is_symbol(c: char) -> bool {
    matches!(
        c,
        '$' | '¢' | '£' | '¤' | '¥' | '฿' | '\u{20a0}'..='\u{20cf}' | '﷼' | '＄' | '￡' | '￥'
    )
}

/// Whether nothing, or a currency: US$ with or without a space behind it.
fn is_currency(before: &str) -> bool {
    let name = before.strip_suffix([' ', '\u{a0}']).unwrap_or(before);
    before.is_empty()
        || name.chars().count() <= LONGEST
            && name.contains(is_symbol)
            && name.chars().all(|c| c.is_alphabetic() || is_symbol(c))
}

/// Whether nothing, or a currency, a share or a unit, with or without a space before it.
fn is_unit(after: &str) -> bool {
    let name = after.strip_prefix([' ', '\u{a0}', '\u{202f}']).unwrap_or(after);
    let is_part = |c: char| {
        c.is_alphabetic()
            || is_symbol(c)
            || matches!(c, '%' | '‰' | '°' | 'µ' | '²' | '³' | '/' | '·')
    };
    after.is_empty()
        || !name.is_empty() && name.chars().count() <= LONGEST && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Found = (String, String, Option<char>, char);

    fn found(cells: &[&str]) -> Option<Found> {
        let Notation { before, after, thousands, decimal } = Notation::of(cells)?;
        Some((before, after, thousands, decimal))
    }

    fn is(before: &str, after: &str, thousands: Option<char>, decimal: char) -> Found {
        (before.to_owned(), after.to_owned(), thousands, decimal)
    }

    #[test]
    fn amounts_shares_and_units() {
        assert_eq!(found(&["$1,234.50", "-$7.25", "$12"]), Some(is("$", "", Some(','), '.')));
        assert_eq!(found(&["95.6%", "3%"]), Some(is("", "%", None, '.')));
        assert_eq!(found(&["1.234,50 €", "0,99 €"]), Some(is("", " €", Some('.'), ',')));
        assert_eq!(found(&["US$ 5", "US$ 1'000"]), Some(is("US$ ", "", Some('\''), '.')));
        assert_eq!(found(&["180 cm", "75 cm"]), Some(is("", " cm", None, '.')));
        assert_eq!(found(&["1\u{202f}234,5", "17,25"]), Some(is("", "", Some('\u{202f}'), ',')));
        assert_eq!(found(&["1,5", "22,75", "3"]), Some(is("", "", None, ',')));
        assert_eq!(found(&["-.5 kg", "1.5 kg"]), Some(is("", " kg", None, '.')));
        assert!(Notation::of(&["1.5", "-2"]).is_some_and(|notation| notation.is_plain()));
    }

    #[test]
    fn three_digits_behind_a_comma_are_thousands_only_if_something_shows_it() {
        assert_eq!(found(&["1,234", "999"]), Some(is("", "", Some(','), '.')));
        assert_eq!(found(&["1,234,567", "1,234"]), Some(is("", "", Some(','), '.')));
        assert_eq!(found(&["0,123", "1,234"]), Some(is("", "", None, ',')));
        assert_eq!(found(&["1,234", "2,345"]), None);
        assert_eq!(found(&["1,234", "1234"]), None);
        assert_eq!(found(&["1.234 €", "999 €"]), Some(is("", " €", Some('.'), ',')));
        assert_eq!(found(&["1.459 €", "1.399 €"]), Some(is("", " €", None, '.')));
    }

    #[test]
    fn other_texts_have_none() {
        for cells in [
            ["2020-01-01", "2020-01-02"],
            ["12:30", "12:45"],
            ["192.168.0.1", "10.0.0.1"],
            ["1st", "2nd"],
            ["A12", "A13"],
            ["$5", "5 €"],
            ["1,5", "1.5"],
            ["12 34", "56 78"],
            ["0,123,456", "1,234,567"],
            ["x", "y"],
            ["1e5 kg", "2 kg"],
            ["(5.00)", "$6.00"],
        ] {
            assert_eq!(found(&cells), None, "{cells:?}");
        }
        assert_eq!(Notation::new("5", "", None, '.'), None);
        assert_eq!(Notation::new("", "", Some('.'), '.'), None);
        assert_eq!(Notation::new("", "", Some('x'), '.'), None);
        assert_eq!(Notation::new("", " 5", None, '.'), None);
    }

    #[test]
    fn exponents_are_not_cut_into_thousands() {
        let notation = Notation::new("", " kg", Some(','), '.').unwrap();
        assert_eq!(notation.written("1e300"), "1e300 kg");
        assert_eq!(notation.written("-1234567"), "-1,234,567 kg");
        assert_eq!(notation.plain("$-5"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            value in -1e12_f64..1e12, decimals in 0_usize..4, before in 0_usize..3, after in 0_usize..4,
            mark in prop::option::of(0_usize..7), decimal in prop::sample::select(vec!['.', ','])
        ) {
            let (before, after) = (["", "$", "US$ "][before], ["", "%", " kg", " €"][after]);
            let Some(notation) = Notation::new(before, after, mark.map(|mark| THOUSANDS[mark]), decimal) else {
                return Ok(());
            };
            let plain = format!("{value:.decimals$}");
            let written = notation.written(&plain);
            prop_assert_eq!(notation.plain(&written), Some(plain), "{}", written);
        }
    }
}
