//! One cell of a delimited file: a number in any of the usual notations, empty, or marked as missing.

/// What a cell says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    /// A number.
    Value(f64),
    /// Nothing at all: missing, or the other of two tariffs.
    Empty,
    /// A mark that says "missing".
    Missing,
}

impl Cell {
    /// The number, NaN if there is none.
    pub(crate) fn or_nan(self) -> f64 {
        match self {
            Cell::Value(value) => value,
            Cell::Empty | Cell::Missing => f64::NAN,
        }
    }
}

/// The sign between whole and decimal digits that a cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecimalSign {
    /// None: a whole number, or no number.
    None,
    /// A point.
    Point,
    /// A comma, perhaps with points between thousands.
    Comma,
}

/// Words that mark a missing value, in lower case.
const MARKS: [&str; 12] =
    ["-", "--", "na", "n/a", "#n/a", "n/e", "nan", "null", "none", "unknown", "unavailable", "missing"];

/// The number that marks a missing value.
const MISSING_NUMBER: f64 = -999.0;

/// Reads a cell: blanks around it and the spreadsheet form `="…"` are taken off.
///
/// A comma is the decimal sign (in a comma-separated file it can only stand in a quoted cell); with a comma, points
/// between groups of three digits are thousands. `None`: neither a number nor a mark.
pub(crate) fn read(text: &str) -> Option<(Cell, DecimalSign)> {
    let text = bare(text);
    if text.is_empty() {
        return Some((Cell::Empty, DecimalSign::None));
    }
    if MARKS.iter().any(|mark| text.eq_ignore_ascii_case(mark)) {
        return Some((Cell::Missing, DecimalSign::None));
    }
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.,eE".contains(&b)) {
        return None;
    }
    let (value, sign) = match text.split_once(',') {
        None => (text.parse(), if text.contains('.') { DecimalSign::Point } else { DecimalSign::None }),
        Some((whole, decimals)) => {
            if decimals.contains([',', '.']) || !is_grouped(whole) {
                return None;
            }
            (format!("{}.{decimals}", whole.replace('.', "")).parse(), DecimalSign::Comma)
        }
    };
    let value: f64 = value.ok().filter(|value: &f64| value.is_finite())?;
    let cell = if value.to_bits() == MISSING_NUMBER.to_bits() { Cell::Missing } else { Cell::Value(value) };
    Some((cell, sign))
}

/// Reads a cell of an English table: commas between groups of three digits are thousands, never decimals.
pub(crate) fn read_english(text: &str) -> Option<(Cell, DecimalSign)> {
    let text = bare(text);
    if !text.contains(',') {
        return read(text);
    }
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    if decimals.contains(',') || !is_grouped(&whole.replace(',', ".")) {
        return None;
    }
    read(&format!("{}.{decimals}", whole.replace(',', "")))
}

/// The text without blanks, and without the `="…"` that keeps spreadsheets from reading it as a number.
pub(crate) fn bare(text: &str) -> &str {
    let text = text.trim();
    text.strip_prefix("=\"").and_then(|inner| inner.strip_suffix('"')).unwrap_or(text)
}

/// Whether points, if any, stand between groups of three digits.
fn is_grouped(whole: &str) -> bool {
    let digits = whole.trim_start_matches(['+', '-']);
    let mut groups = digits.split('.');
    let first = groups.next().unwrap_or("");
    let mut others = groups.peekable();
    others.peek().is_none() || ((1..=3).contains(&first.len()) && others.all(|group| group.len() == 3))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.5", 1.5)]
    #[case(" 12 ", 12.0)]
    #[case("+0,25", 0.25)]
    #[case("-0,5", -0.5)]
    #[case("2.237,63600", 2237.636)]
    #[case("1.234.567,5", 1_234_567.5)]
    #[case("1e-3", 0.001)]
    #[case("=\"7\"", 7.0)]
    fn numbers_are_read_in_every_usual_notation(#[case] text: &str, #[case] value: f64) {
        let Some((Cell::Value(read), _)) = read(text) else { panic!("{text} is a number") };
        approx::assert_relative_eq!(read, value);
    }

    #[rstest]
    #[case("1,234", Some(1234.0))]
    #[case("-1,234.56", Some(-1234.56))]
    #[case("2,325.8", Some(2325.8))]
    #[case("21.8", Some(21.8))]
    #[case("1,5", None)]
    #[case("12,34.5", None)]
    #[case("1.234,5", None)]
    fn english_numbers_have_commas_between_thousands(#[case] text: &str, #[case] value: Option<f64>) {
        assert_eq!(read_english(text).map(|(cell, _)| cell.or_nan()), value);
    }

    #[rstest]
    fn marks_are_missing(
        #[values("-", "NA", "n/e", "null", "NaN", "-999", "-999.0", "-999,00", "unavailable")] text: &str,
    ) {
        assert_eq!(read(text).map(|(cell, _)| cell), Some(Cell::Missing), "{text}");
    }

    #[rstest]
    fn other_text_is_no_number(
        #[values("abc", "1,234.5", "1,2,3", "1.23,4", "12 kWh", "inf", "1e999", "--5", "é", ",")] text: &str,
    ) {
        assert_eq!(read(text), None, "{text}");
    }
}
