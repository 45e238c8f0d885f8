//! Time stamps as files write them, and the instants they mean.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

/// The forms that are read, for messages.
pub(crate) const FORMS: &str = "2024-01-31T13:45:00+01:00, 2024-01-31 13:45, 31-01-2024 13:45, 31/01/2024 13:45, \
                                Jan 31, 2024 1:45 PM, any of them with Z or an offset, or seconds since 1970";

/// A stamp as written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Written {
    /// One instant, seconds since 1970-01-01T00:00Z: it was written with an offset, or as such seconds.
    Instant(i64),
    /// The clock on some wall.
    Clock(DateTime),
}

/// Reads a stamp; `None` if it has none of [`FORMS`]. An interval, as in `01.01.2024 00:00 - 01.01.2024 01:00`, is named
/// by its start.
pub(crate) fn read(text: &str) -> Option<Written> {
    let text = super::cell::bare(text);
    if let Some((start, end)) = text.split_once(" - ") {
        return read(end).and_then(|_| read(start));
    }
    if let Some(clock) = read_english(text) {
        return Some(Written::Clock(clock));
    }
    if (9..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().ok().map(Written::Instant);
    }
    let date = read_date(text.get(..10)?)?;
    let rest = text.get(10..)?.strip_prefix(['T', 't', ' '])?.trim_start();
    let rest = rest.split_once('[').map_or(rest, |(before, _)| before);
    let clock_length = rest.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(rest.len());
    let (clock, zone) = rest.split_at(clock_length);
    let datetime = at_clock(date, clock)?;
    match zone.trim() {
        "" => Some(Written::Clock(datetime)),
        zone => read_offset(zone)?.to_timestamp(datetime).ok().map(|t| Written::Instant(t.as_second())),
    }
}

/// `Jan 31, 2024 1:45 PM`: the month by its first three letters, the clock of twelve hours.
fn read_english(text: &str) -> Option<DateTime> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut words = text.split_ascii_whitespace();
    let mut word = || words.next();
    let (month, day, year, time, half) = (word()?, word()?, word()?, word()?, word()?);
    let letters = month.get(..3)?.to_ascii_lowercase();
    let month = MONTHS.iter().position(|name| *name == letters)? + 1;
    let date = Date::new(digits(year)?, month as i8, i8::try_from(digits(day.strip_suffix(',')?)?).ok()?).ok()?;
    let (hour, rest) = time.split_once(':')?;
    let hour = digits(hour).filter(|hour| (1..=12).contains(hour))? % 12;
    let afternoon = match half.to_ascii_uppercase().as_str() {
        "AM" => 0,
        "PM" => 12,
        _ => return None,
    };
    word().is_none().then(|| at_clock(date, &format!("{:02}:{rest}", hour + afternoon)))?
}

/// `YYYY-MM-DD`, `YYYY/MM/DD`, `DD-MM-YYYY`, `DD/MM/YYYY` or `DD.MM.YYYY`.
fn read_date(text: &str) -> Option<Date> {
    let separator = text.chars().find(|c| !c.is_ascii_digit()).filter(|c| "-/.".contains(*c))?;
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = match (first.len(), month.len(), last.len()) {
        (4, 2, 2) => (first, last),
        (2, 2, 4) => (last, first),
        _ => return None,
    };
    Date::new(digits(year)?, i8::try_from(digits(month)?).ok()?, i8::try_from(digits(day)?).ok()?).ok()
}

/// `HH:MM`, `HH:MM:SS` or with parts of a second, which are dropped; 24:00 is the midnight that ends the day.
fn at_clock(date: Date, text: &str) -> Option<DateTime> {
    let parts: Vec<&str> = text.split(':').collect();
    let (hour, minute, second) = match parts[..] {
        [hour, minute] => (digits(hour)?, digits(minute)?, 0),
        [hour, minute, second] => {
            (digits(hour)?, digits(minute)?, digits(second.split_once('.').map_or(second, |(whole, _)| whole))?)
        }
        _ => return None,
    };
    if (hour, minute, second) == (24, 0, 0) {
        return Some(date.tomorrow().ok()?.to_datetime(Time::midnight()));
    }
    let part = |value: i16| i8::try_from(value).ok();
    Some(date.to_datetime(Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?))
}

/// `Z`, `UTC`, `+01:00`, `+0100` or `+01`; `(CET)` and `(CEST)`.
fn read_offset(text: &str) -> Option<Offset> {
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Some(Offset::UTC);
    }
    if let Some(hours) = ["(CET)", "(CEST)"].iter().position(|zone| text.eq_ignore_ascii_case(zone)) {
        return Offset::from_hours(hours as i8 + 1).ok();
    }
    let (sign, size) = match text.split_at_checked(1)? {
        ("+", size) => (1, size),
        ("-", size) => (-1, size),
        _ => return None,
    };
    let (hours, minutes) = match size.len() {
        2 => (size, "0"),
        4 => size.split_at_checked(2)?,
        5 => size.split_once(':')?,
        _ => return None,
    };
    let seconds = i32::from(digits(hours)?) * 3600 + i32::from(digits(minutes)?) * 60;
    Offset::from_seconds(sign * seconds).ok()
}

/// A whole number written in digits only.
fn digits(text: &str) -> Option<i16> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Why a stamp means no instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoInstant {
    /// The clock jumped over it.
    Skipped,
    /// It is beyond what can be computed.
    OutOfRange,
}

/// Gives wall-clock stamps their instants, row after row in the order of time.
///
/// When summer time ends an hour is on the clock twice. A file that runs through it twice (02:00 … 02:45, 02:00 …
/// 02:45) means the earlier pass first; one that writes every time twice in a row (02:00, 02:00, 02:15, 02:15 …) means
/// the earlier one first each time.
#[derive(Debug)]
pub(crate) struct Clock<'a> {
    timezone: &'a TimeZone,
    met: BTreeSet<DateTime>,
    last: Option<DateTime>,
    second_pass: bool,
}

impl<'a> Clock<'a> {
    /// A clock on a wall in `timezone`.
    pub(crate) fn new(timezone: &'a TimeZone) -> Clock<'a> {
        Clock { timezone, met: BTreeSet::new(), last: None, second_pass: false }
    }

    /// The instant of the next row's stamp, seconds since 1970-01-01T00:00Z.
    pub(crate) fn instant_s(&mut self, written: Written) -> Result<i64, NoInstant> {
        let clock = match written {
            Written::Instant(instant_s) => return Ok(instant_s),
            Written::Clock(clock) => clock,
        };
        let offset = match self.timezone.to_ambiguous_timestamp(clock).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                (self.last, self.second_pass) = (None, false);
                offset
            }
            AmbiguousOffset::Gap { .. } => return Err(NoInstant::Skipped),
            AmbiguousOffset::Fold { before, after } => {
                let repeated = !self.met.insert(clock);
                self.second_pass |= self.last.is_some_and(|last| clock < last);
                self.last = Some(clock);
                if repeated || self.second_pass { after } else { before }
            }
        };
        offset.to_timestamp(clock).map(Timestamp::as_second).map_err(|_| NoInstant::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn dutch() -> TimeZone {
        TimeZone::get("Europe/Amsterdam").unwrap()
    }

    fn instant(text: &str) -> String {
        let seconds = Clock::new(&dutch()).instant_s(read(text).unwrap()).unwrap();
        Timestamp::from_second(seconds).unwrap().to_string()
    }

    #[rstest]
    #[case("2024-01-31T13:45:00+01:00", "2024-01-31T12:45:00Z")]
    #[case("2024-01-31T12:45:00Z", "2024-01-31T12:45:00Z")]
    #[case("2024-01-31T12:45:00.000Z", "2024-01-31T12:45:00Z")]
    #[case("2024-01-31T13:45:00", "2024-01-31T12:45:00Z")]
    #[case("2024-01-31 13:45", "2024-01-31T12:45:00Z")]
    #[case("2024-01-31 13:45:00 +0100", "2024-01-31T12:45:00Z")]
    #[case("31-01-2024 13:45:00 +0100", "2024-01-31T12:45:00Z")]
    #[case("31-07-2024 13:45", "2024-07-31T11:45:00Z")]
    #[case("31/01/2024 13:45", "2024-01-31T12:45:00Z")]
    #[case("31.01.2024 13:45", "2024-01-31T12:45:00Z")]
    #[case("31/12/2023 24:00", "2023-12-31T23:00:00Z")]
    #[case("1706705100", "2024-01-31T12:45:00Z")]
    #[case("2024-01-31T13:45:00+01:00[Europe/Amsterdam]", "2024-01-31T12:45:00Z")]
    #[case("Jan 31, 2024 1:45 PM", "2024-01-31T12:45:00Z")]
    #[case("Jul 1, 2024 12:00 AM", "2024-06-30T22:00:00Z")]
    #[case("July 1, 2024 12:15 PM", "2024-07-01T10:15:00Z")]
    #[case("31.01.2024 13:45 - 31.01.2024 14:00", "2024-01-31T12:45:00Z")]
    #[case("31/01/2024 13:45:00 - 31/01/2024 14:00:00", "2024-01-31T12:45:00Z")]
    #[case("27/10/2024 02:00:00 (CEST) - 27/10/2024 02:15:00 (CEST)", "2024-10-27T00:00:00Z")]
    #[case("27/10/2024 02:00:00 (CET) - 27/10/2024 02:15:00 (CET)", "2024-10-27T01:00:00Z")]
    fn stamps_are_read_in_every_form(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(instant(text), expected);
    }

    #[rstest]
    fn other_text_is_no_stamp(
        #[values(
            "",
            "Total",
            "2024-13-01 00:00",
            "01/13/2024 00:00",
            "2024-01-01",
            "2024-01-01 25:00",
            "2024-01-01T",
            "20240101:0000",
            "2024-01-01 00:00 Amsterdam",
            "2024-01-01 00:00 - later",
            "Jan 31, 2024",
            "Jan 31, 2024 13:45 PM",
            "Jan 32, 2024 1:45 PM",
            "Jan 31, 2024 1:45",
            "Jan 31, 2024 1:45 PM sharp",
            "Joy 1, 2024 1:45 PM",
            "é024-01-01 00:00",
            "2024-01-01é00:00",
            "1e9",
            "12345"
        )]
        text: &str,
    ) {
        assert_eq!(read(text), None, "{text}");
    }

    #[rstest]
    #[case::one_pass_after_the_other(&["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"])]
    #[case::interleaved(&["01:30", "02:00", "02:00", "02:30", "02:30", "03:00"])]
    fn the_repeated_hour_is_resolved_in_order(#[case] clocks: &[&str]) {
        let zone = dutch();
        let mut clock = Clock::new(&zone);
        let mut instants: Vec<i64> =
            clocks.iter().map(|time| clock.instant_s(read(&format!("2024-10-27 {time}")).unwrap()).unwrap()).collect();
        instants.sort_unstable();
        let from = "2024-10-26T23:30:00Z".parse::<Timestamp>().unwrap().as_second();
        assert_eq!(instants, (0..6).map(|i| from + i * 1800).collect::<Vec<i64>>());
    }

    #[test]
    fn a_time_that_the_clock_jumps_over_is_refused() {
        let zone = dutch();
        let met = Clock::new(&zone).instant_s(read("2024-03-31 02:30").unwrap());
        assert_eq!(met, Err(NoInstant::Skipped));
    }
}
