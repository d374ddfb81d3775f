//! A column of dates and times.

use super::number::{Number, Style};
use super::{ColumnError, Decimals};
use std::fmt;

/// The most digits of a second.
const MOST_DIGITS: usize = 6;
/// 2⁵³, below which every count of units is an f64: of microseconds it is 285 years.
const MOST_UNITS: i64 = 1 << 53;
const SECONDS_A_DAY: i64 = 86_400;

/// Dates, times, or both, as ISO 8601 writes them, all in one format.
///
/// The value of a cell counts the smallest unit of the format (days, minutes, seconds, or parts of a
/// second) since 1970-01-01, or since midnight. In model space days and times of day are numbers of
/// their own: so seconds are exact over centuries, and hours of the day can be learned.
/// # Numerics
/// Dates, minutes and seconds are restored exactly; parts of a second to about 10 ms.
#[derive(Debug, Clone, PartialEq)]
pub struct Date {
    format: DateFormat,
    /// Days, times of day, or both. Only the first may have holes.
    parts: Vec<Number>,
    /// All times of day are multiples of so many units.
    step: i64,
}

/// How dates are written: `YYYY-MM-DD`, `DD.MM.YYYY`, `M/D/YYYY`, `hh:mm`, `YYYY-MM-DDThh:mm:ss.fffZ` and the
/// like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat {
    days: Option<Days>,
    /// Between date and time: T or a space.
    separator: Option<char>,
    time: Option<Precision>,
    /// Empty, Z, or an offset such as +01:00.
    zone: String,
}

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Days {
    order: Order,
    /// Between year, month and day.
    mark: char,
    /// Whether days and months have two digits: 05.
    are_padded: bool,
}

/// What is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Year,
    Day,
    Month,
}

impl Order {
    /// Year, month and day as they are written.
    fn arranged<T>(self, [year, month, day]: [T; 3]) -> [T; 3] {
        match self {
            Self::Year => [year, month, day],
            Self::Day => [day, month, year],
            Self::Month => [month, day, year],
        }
    }

    /// Year, month and day of three that are written.
    fn read<T>(self, [first, second, third]: [T; 3]) -> [T; 3] {
        match self {
            Self::Year => [first, second, third],
            Self::Day => [third, second, first],
            Self::Month => [third, first, second],
        }
    }
}

impl Days {
    /// What the day at the beginning of a text may be: its format, days since 1970-01-01, and the rest.
    fn readings(text: &str) -> Vec<(Self, i64, &str)> {
        let Some((fields, mark, rest)) = fields(text) else { return Vec::new() };
        let orders: &[Order] = match mark {
            // No country writes 12.31.2020.
            '.' => &[Order::Year, Order::Day],
            _ => &[Order::Year, Order::Day, Order::Month],
        };
        let all =
            orders.iter().flat_map(|order| [true, false].map(|are_padded| (*order, are_padded)));
        let reading = |(order, are_padded)| {
            let format = Self { order, mark, are_padded };
            format.value(fields).map(|value| (format, value, rest))
        };
        all.filter_map(reading).collect()
    }

    fn value(self, fields: [&str; 3]) -> Option<i64> {
        let [year, month, day] = self.order.read(fields);
        let fits = |field: &str| {
            if self.are_padded {
                field.len() == 2
            } else {
                matches!(field.len(), 1..=2) && !field.starts_with('0')
            }
        };
        let [year, month, day] = (year.len() == 4 && fits(month) && fits(day))
            .then(|| [year, month, day].map(|field| field.parse().unwrap_or(0)))?;
        let days = days(year, month, day);
        // The 30th of February is another day again.
        (civil(days) == [year, month, day]).then_some(days)
    }

    fn text(self, days: i64) -> String {
        let [year, month, day] = civil(days);
        let short =
            |number: i64| if self.are_padded { format!("{number:02}") } else { number.to_string() };
        self.joined([format!("{year:04}"), short(month), short(day)])
    }

    fn joined(self, parts: [String; 3]) -> String {
        self.order.arranged(parts).join(self.mark.encode_utf8(&mut [0; 4]))
    }
}

/// Three numbers and what is between them at the beginning of a text, and the rest.
fn fields(text: &str) -> Option<([&str; 3], char, &str)> {
    let cut = |text: &'_ str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (first, rest) = text.split_at(cut(text));
    let mark = rest.chars().next().filter(|mark| matches!(mark, '-' | '/' | '.'))?;
    let rest = rest.strip_prefix(mark)?;
    let (second, rest) = rest.split_at(cut(rest));
    let rest = rest.strip_prefix(mark)?;
    let (third, rest) = rest.split_at(cut(rest));
    Some(([first, second, third], mark, rest))
}

/// What cells are as dates.
#[derive(Debug)]
pub(crate) struct DateGuess {
    /// How many are dates.
    pub dates: usize,
    /// The formats in which most of these can be read: more than one if the day may be the month.
    pub formats: Vec<DateFormat>,
}

impl DateGuess {
    pub(crate) fn of<'a>(cells: impl Iterator<Item = &'a str>) -> Self {
        let (mut dates, mut counts) = (0, Vec::<(DateFormat, usize)>::new());
        for cell in cells {
            let readings = DateFormat::readings(cell);
            dates += usize::from(!readings.is_empty());
            for (format, _) in readings {
                match counts.iter_mut().find(|(known, _)| *known == format) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((format, 1)),
                }
            }
        }
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let formats: Vec<DateFormat> = counts
            .into_iter()
            .filter(|(_, count)| *count == most)
            .map(|(format, _)| format)
            .collect();
        let is_padded = |format: &DateFormat| format.days.is_none_or(|days| days.are_padded);
        // 10/12/2020 may be either, but not beside 01/12/2020 or 1/12/2020.
        let has_padded = formats.iter().any(is_padded);
        let mut formats: Vec<DateFormat> =
            formats.into_iter().filter(|format| is_padded(format) == has_padded).collect();
        let has = |order: Order| {
            let is_it = |days: Days| days.order == order;
            formats.iter().any(|format| format.days.is_some_and(is_it))
        };
        // Otherwise no text has two of them, and the first is taken.
        let is_doubtful = has(Order::Day) && has(Order::Month);
        formats.truncate(if is_doubtful { 2 } else { 1 });
        Self { dates, formats }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Precision {
    Minutes,
    /// Seconds with so many digits behind the point.
    Seconds(u32),
}

impl Precision {
    fn a_day(self) -> i64 {
        match self {
            Self::Minutes => SECONDS_A_DAY / 60,
            Self::Seconds(digits) => SECONDS_A_DAY * 10_i64.pow(digits),
        }
    }

    /// The largest of a second, a minute, 5, 10, 15, 30 and an hour, in units, of which all of these times of
    /// day are multiples.
    fn step(self, times: &[i64]) -> i64 {
        let steps = [3600, 1800, 900, 600, 300, 60, 1];
        let steps = steps.map(|seconds| seconds * self.a_day() / SECONDS_A_DAY);
        let fits = |step: &i64| *step > 0 && times.iter().all(|time| time % step == 0);
        steps.into_iter().find(fits).unwrap_or(1)
    }

    /// The time of day that is so many units after midnight.
    fn text(self, time: i64) -> String {
        let Self::Seconds(digits) = self else {
            return format!("{:02}:{:02}", time / 60, time % 60);
        };
        let unit = 10_i64.pow(digits);
        let (seconds, part) = (time / unit, time % unit);
        let [hour, minute, second] = [seconds / 3600, seconds / 60 % 60, seconds % 60];
        let fraction = match digits as usize {
            0 => String::new(),
            digits => format!(".{part:0digits$}"),
        };
        format!("{hour:02}:{minute:02}:{second:02}{fraction}")
    }
}

impl DateFormat {
    /// The formats in which a text can be read, and its value in each: 04/05/2020 has two.
    fn readings(text: &str) -> Vec<(Self, i64)> {
        let mut days: Vec<(Option<Days>, i64, &str)> = Days::readings(text)
            .into_iter()
            .map(|(format, value, rest)| (Some(format), value, rest))
            .collect();
        if days.is_empty() {
            days.push((None, 0, text));
        }
        days.into_iter()
            .filter_map(|(days, value, rest)| Self::with_time(days, value, rest))
            .collect()
    }

    /// The format of a day with what follows it, and its value.
    fn with_time(days: Option<Days>, value: i64, rest: &str) -> Option<(Self, i64)> {
        let separator = rest.chars().next().filter(|c| days.is_some() && matches!(c, 'T' | ' '));
        if days.is_some() && rest.is_empty() {
            return Some((Self { days, separator, time: None, zone: String::new() }, value));
        }
        if days.is_some() && separator.is_none() {
            return None;
        }
        let (time, precision, zone) = time(&rest[separator.map_or(0, char::len_utf8)..])?;
        let is_zone = zone.is_empty() || days.is_some() && is_zone(zone);
        let zone = is_zone.then(|| zone.to_owned())?;
        let value = value * precision.a_day() + time;
        (value.abs() < MOST_UNITS)
            .then_some((Self { days, separator, time: Some(precision), zone }, value))
    }

    /// The format of this pattern, as [`Display`](fmt::Display) writes it.
    #[must_use]
    pub fn from_pattern(pattern: &str) -> Option<Self> {
        let example = [
            ("YYYY", "2000"),
            ("MM", "01"),
            ("M", "1"),
            ("DD", "01"),
            ("D", "1"),
            ("hh", "00"),
            ("mm", "00"),
        ];
        let text =
            example.iter().fold(pattern.to_owned(), |text, (from, to)| text.replace(from, to));
        let readings = Self::readings(&text.replace(['s', 'f'], "0"));
        let mut formats = readings.into_iter().map(|(format, _)| format);
        formats.find(|format| format.to_string() == pattern)
    }

    /// Whether a text has this format.
    pub(crate) fn reads(&self, text: &str) -> bool {
        self.value(text).is_some()
    }

    fn value(&self, text: &str) -> Option<f64> {
        let readings = Self::readings(text);
        readings.into_iter().find(|(format, _)| format == self).map(|(_, value)| value as f64)
    }

    fn a_day(&self) -> i64 {
        self.time.map_or(1, Precision::a_day)
    }

    /// Days and times of day, as far as the format has them.
    fn split(&self, value: f64) -> Vec<f64> {
        #[allow(clippy::cast_possible_truncation, reason = "a count of units below 2^53")]
        let value = value as i64;
        let [days, time] = [value.div_euclid(self.a_day()), value.rem_euclid(self.a_day())];
        match (self.days, self.time) {
            (Some(_), None) => vec![value as f64],
            (Some(_), Some(_)) => vec![days as f64, time as f64],
            (None, _) => vec![time as f64],
        }
    }

    fn join(&self, parts: &[f64]) -> f64 {
        parts.iter().fold(0.0, |value, part| value * self.a_day() as f64 + part)
    }

    #[allow(clippy::cast_possible_truncation, reason = "a count of units below 2^53")]
    fn text(&self, value: f64) -> String {
        let value = value as i64;
        let [days, time] = [value.div_euclid(self.a_day()), value.rem_euclid(self.a_day())];
        let date = self.days.map(|format| format.text(days)).unwrap_or_default();
        let separator = self.separator.map(String::from).unwrap_or_default();
        let time = self.time.map(|precision| precision.text(time)).unwrap_or_default();
        format!("{date}{separator}{time}{}", self.zone)
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.days.map(|days| {
            let [month, day] = if days.are_padded { ["MM", "DD"] } else { ["M", "D"] };
            days.joined(["YYYY", month, day].map(String::from))
        });
        let days = days.unwrap_or_default();
        let time = match self.time {
            None => String::new(),
            Some(Precision::Minutes) => "hh:mm".to_owned(),
            Some(Precision::Seconds(0)) => "hh:mm:ss".to_owned(),
            Some(Precision::Seconds(digits)) => format!("hh:mm:ss.{}", "f".repeat(digits as usize)),
        };
        let separator = self.separator.map(String::from).unwrap_or_default();
        write!(f, "{days}{separator}{time}{}", self.zone)
    }
}

impl Date {
    /// Puts dates together from their format, and the numbers of days and of times of day: those that the
    /// format has. Times of day are multiples of `step` units.
    ///
    /// # Errors
    /// [`ColumnError::Date`] if the parts are not those of the format, or the step is no part of a day.
    pub fn new(
        name: &str,
        format: DateFormat,
        parts: Vec<Number>,
        step: i64,
    ) -> Result<Self, ColumnError> {
        let expected = usize::from(format.days.is_some()) + usize::from(format.time.is_some());
        let are_integers = parts.iter().all(Number::are_integers);
        let later_holes = parts.iter().skip(1).any(Number::has_holes);
        let is_step = step > 0 && format.a_day() % step == 0;
        if parts.len() != expected || !are_integers || later_holes || !is_step {
            let (name, format) = (name.to_owned(), format.to_string());
            return Err(ColumnError::Date { name, format });
        }
        Ok(Self { format, parts, step })
    }

    /// The dates of these cells, of which `None` is a hole, and their values; or the first cell that has
    /// another format. There is at least one date.
    pub(crate) fn fit(
        cells: &[Option<&str>],
        format: &DateFormat,
    ) -> Result<(Self, Vec<f64>), usize> {
        let value = |(row, cell): (usize, Option<&str>)| match cell {
            None => Ok(f64::NAN),
            Some(text) => format.value(text).ok_or(row),
        };
        let values = cells.iter().copied().enumerate().map(value).collect::<Result<Vec<_>, _>>()?;
        let style = Style { decimals: Decimals::INTEGER, is_bounded: true, has_masses: true };
        let split: Vec<Vec<f64>> = values
            .iter()
            .filter(|value| !value.is_nan())
            .map(|value| format.split(*value))
            .collect();
        let part = |part: usize| {
            let mut cells: Vec<f64> = split.iter().map(|parts| parts[part]).collect();
            cells.extend(vec![f64::NAN; if part == 0 { values.len() - split.len() } else { 0 }]);
            Number::fit(&cells, style)
        };
        let parts = (0..split[0].len()).map(part).collect();
        #[allow(clippy::cast_possible_truncation, reason = "a count of units below 2^53")]
        let times: Vec<i64> =
            split.iter().filter_map(|parts| parts.last()).map(|time| *time as i64).collect();
        let step = format.time.map_or(1, |precision| precision.step(&times));
        Ok((Self { format: format.clone(), parts, step }, values))
    }

    /// How they are written.
    #[must_use]
    pub fn format(&self) -> &DateFormat {
        &self.format
    }

    /// The numbers of days and of times of day, as far as the format has them.
    #[must_use]
    pub fn parts(&self) -> &[Number] {
        &self.parts
    }

    /// The units of which all times of day are multiples.
    #[must_use]
    pub fn step(&self) -> i64 {
        self.step
    }

    pub(super) fn has_holes(&self) -> bool {
        self.parts[0].has_holes()
    }

    pub(super) fn width(&self) -> usize {
        self.parts.iter().map(Number::width).sum()
    }

    pub(super) fn encode(&self, value: f64, model: &mut Vec<f32>) {
        let end = model.len() + self.width();
        if value.is_nan() {
            self.parts[0].encode(value, model);
            model.resize(end, 0.0);
        } else {
            let parts = self.parts.iter().zip(self.format.split(value));
            parts.for_each(|(part, value)| part.encode(value, model));
        }
    }

    /// NaN for a hole.
    pub(super) fn decode(&self, model: &[f32]) -> f64 {
        let decode = |rest: &mut &[f32], part: &Number| {
            let (own, others) = rest.split_at(part.width());
            *rest = others;
            Some(part.decode(own))
        };
        let mut values: Vec<f64> = self.parts.iter().scan(model, decode).collect();
        if let (Some(time), Some(_)) = (values.last_mut(), self.format.time) {
            *time = self.stepped(*time);
        }
        self.format.join(&values)
    }

    /// The multiple of the step next to a time of day, of that day.
    fn stepped(&self, time: f64) -> f64 {
        let step = self.step as f64;
        let (nearest, last) = ((time / step).round() * step, self.format.a_day() as f64 - step);
        // A hole stays one: min would make it the last.
        if nearest > last { last } else { nearest }
    }

    /// The value of a date, if it has the format.
    pub(super) fn value(&self, text: &str) -> Option<f64> {
        self.format.value(text)
    }

    pub(super) fn text(&self, value: f64) -> String {
        self.format.text(value)
    }

    /// What they are, in a few words.
    pub(super) fn describe(&self) -> String {
        let [min, max] = [0, 1].map(|end| {
            let ends: Option<Vec<f64>> = self.parts.iter().map(|part| part.bounds()[end]).collect();
            ends.map(|ends| self.text(self.format.join(&ends)))
        });
        let range = min.zip(max).map(|(min, max)| format!(", {min} to {max}")).unwrap_or_default();
        format!("date {}{range}", self.format)
    }
}

/// The time at the beginning of a text in its smallest unit, that unit, and the rest.
fn time(text: &str) -> Option<(i64, Precision, &str)> {
    let (hour, rest) = digits(text, 2)?;
    let (minute, rest) = digits(rest.strip_prefix(':')?, 2)?;
    if hour > 23 || minute > 59 {
        return None;
    }
    let minutes = hour * 60 + minute;
    let Some(seconds) = rest.strip_prefix(':') else {
        return Some((minutes, Precision::Minutes, rest));
    };
    let (second, rest) = digits(seconds, 2).filter(|(second, _)| *second < 60)?;
    let seconds = minutes * 60 + second;
    let Some(fraction) = rest.strip_prefix('.') else {
        return Some((seconds, Precision::Seconds(0), rest));
    };
    let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let (parts, rest) = digits(fraction, count).filter(|_| (1..=MOST_DIGITS).contains(&count))?;
    let count = u32::try_from(count).ok()?;
    Some((seconds * 10_i64.pow(count) + parts, Precision::Seconds(count), rest))
}

fn is_zone(text: &str) -> bool {
    let offset = text.strip_prefix(['+', '-']);
    text == "Z"
        || offset
            .and_then(time)
            .is_some_and(|(_, unit, rest)| unit == Precision::Minutes && rest.is_empty())
}

/// A number of exactly so many digits at the beginning of a text, and the rest.
fn digits(text: &str, count: usize) -> Option<(i64, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    let are_digits = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((are_digits.then(|| number.parse().ok())??, rest))
}

/// Days since 1970-01-01 in the Gregorian calendar. Years begin in March here: the leap day is last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of so many days since 1970-01-01.
fn civil(days: i64) -> [i64; 3] {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    [era * 400 + year + i64::from(month <= 2), month, day]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn days_are_counted_from_1970() {
        let value = |text| DateFormat::readings(text).first().map(|(_, value)| *value);
        assert_eq!(value("1970-01-01"), Some(0));
        assert_eq!(value("2000-03-01"), Some(11_017)); // 30 · 365 + 7 leap days + 60
        assert_eq!(value("1969-12-31"), Some(-1));
        assert_eq!(value("1970-01-02T00:01"), Some(1441));
        assert_eq!(value("01:00:00.25"), Some(360_025));
        for text in [
            "2021-02-29",
            "1900-02-29",
            "2020-13-01",
            "2020-00-10",
            "2020-01-1",
            "2020-01-01T",
            "01/32/2020",
            "31.04.2020",
            "12.31.2020",
            "1/2/20",
            "1/2-2020",
            "24:00",
            "12:60",
            "12:00:60",
            "12:00:00.",
            "12:00:00.1234567",
            "12:00Z",
            "2020-01-01X12:00",
            "2020-01-01T12:00+1",
            "2020-01-01T12:00 UTC",
            "9999-12-31 12:30:00.000500",
            "",
            "2020",
            "+020-01-01",
            "12:5",
            "ä020-01-01",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn formats_are_kept() {
        for (text, pattern) in [
            ("2020-02-29", "YYYY-MM-DD"),
            ("2020-02-29 23:59", "YYYY-MM-DD hh:mm"),
            ("0001-01-01T00:00:07Z", "YYYY-MM-DDThh:mm:ssZ"),
            ("2199-12-31 12:30:00.000500+01:00", "YYYY-MM-DD hh:mm:ss.ffffff+01:00"),
            ("07:05", "hh:mm"),
            ("07:05:09.5", "hh:mm:ss.f"),
            ("2020/02/29", "YYYY/MM/DD"),
            ("2020-2-9", "YYYY-M-D"),
            ("29.02.2020", "DD.MM.YYYY"),
            ("9.2.2020", "D.M.YYYY"),
            ("02/29/2020 23:59", "MM/DD/YYYY hh:mm"),
            ("2/29/2020", "M/D/YYYY"),
            ("29-02-2020", "DD-MM-YYYY"),
        ] {
            let (format, value) = DateFormat::readings(text).remove(0);
            assert_eq!(
                (format.to_string().as_str(), format.text(value as f64).as_str()),
                (pattern, text)
            );
            assert_eq!(DateFormat::from_pattern(pattern), Some(format));
        }
        assert_eq!(DateFormat::from_pattern("MM.DD.YYYY"), None);
        assert_eq!(DateFormat::from_pattern("2000-01-01"), None);
    }

    #[test]
    fn another_format_is_found() {
        let cells = [None, Some("2020-01-01"), Some("2020-01-02 10:00")];
        let format = DateFormat::from_pattern("YYYY-MM-DD").unwrap();
        assert_eq!(Date::fit(&cells, &format).unwrap_err(), 2);
        assert_eq!(Date::fit(&[Some("x")], &format).unwrap_err(), 0);
    }

    #[test]
    fn the_whole_column_says_what_is_the_day() {
        let guess = |cells: &[&str]| {
            let DateGuess { dates, formats } = DateGuess::of(cells.iter().copied());
            (dates, formats.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let found = |cells: &[&str], dates, formats: &[&str]| {
            assert_eq!(guess(cells), (dates, formats.iter().map(ToString::to_string).collect()));
        };
        found(&["04/05/2020", "25/12/2020"], 2, &["DD/MM/YYYY"]);
        found(&["04/05/2020", "12/25/2020", "x"], 2, &["MM/DD/YYYY"]);
        found(&["10/12/2020", "4/5/2020", "4/25/2020"], 3, &["M/D/YYYY"]);
        found(&["10/12/2020", "11/11/2020"], 2, &["DD/MM/YYYY", "MM/DD/YYYY"]);
        found(&["04.05.2020", "01.01.2021"], 2, &["DD.MM.YYYY"]);
        found(&["2020-01-01", "2020-10-12", "x"], 2, &["YYYY-MM-DD"]);
        found(&["2020-1-1", "2020-10-12"], 2, &["YYYY-M-D"]);
        found(&["x", "y"], 0, &[]);
        let american = DateFormat::from_pattern("M/D/YYYY").unwrap();
        assert_eq!(
            american.value("12/25/2020"),
            DateFormat::readings("2020-12-25").first().map(|d| d.1 as f64)
        );
        assert_eq!(american.value("25/12/2020"), None);
    }

    #[test]
    fn times_keep_their_step() {
        let texts: Vec<String> = (0..60)
            .map(|i| format!("2020-01-{:02} {:02}:{:02}:00", i % 28 + 1, i % 24, i % 4 * 15))
            .collect();
        let cells: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
        let format = DateFormat::from_pattern("YYYY-MM-DD hh:mm:ss").unwrap();
        let date = Date::fit(&cells, &format).unwrap().0;
        assert_eq!(date.step(), 900);
        for i in 0..200_i16 {
            let text = date.text(date.decode(&[0.0, f32::from(i - 100) / 40.0]));
            assert!(
                ["00:00", "15:00", "30:00", "45:00"].iter().any(|end| text.ends_with(end)),
                "{text}"
            );
        }
        let odd = Date::fit(&[Some("2020-01-01 10:00:07"), Some("2020-01-01 10:15:00")], &format);
        assert_eq!(odd.unwrap().0.step(), 1);
        let parts = date.parts().to_vec();
        assert!(Date::new("day", format, parts, 7).is_err());
    }

    proptest! {
        #[test]
        fn every_date_comes_back(
            days in prop::collection::vec(-300_000_i64..300_000, 2..60),
            seconds in prop::collection::vec(0_i64..86_400, 60),
            holes in 0_usize..3
        ) {
            for pattern in [
                "YYYY-MM-DD", "YYYY-MM-DD hh:mm:ss", "YYYY-MM-DDThh:mm+02:00", "hh:mm:ss", "D.M.YYYY", "MM/DD/YYYY"
            ] {
                let format = DateFormat::from_pattern(pattern).unwrap();
                let unit = SECONDS_A_DAY / format.a_day();
                let value = |(day, second): (&i64, &i64)| (day * SECONDS_A_DAY + second) / unit;
                let values = days.iter().zip(&seconds).map(value);
                let texts: Vec<String> = values.map(|value| format.text(value as f64)).collect();
                let mut cells: Vec<Option<&str>> = texts.iter().map(|text| Some(text.as_str())).collect();
                cells.extend(vec![None; holes]);
                let (column, values) = Date::fit(&cells, &format).unwrap();
                for (cell, value) in cells.iter().zip(values) {
                    let mut model = Vec::new();
                    column.encode(value, &mut model);
                    prop_assert_eq!(model.len(), column.width());
                    let back = column.decode(&model);
                    let text = (!back.is_nan()).then(|| column.text(back));
                    prop_assert_eq!(*cell, text.as_deref());
                }
            }
        }
    }
}
