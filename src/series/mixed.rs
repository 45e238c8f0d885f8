//! Rows whose spacing changes from one day to another, as that of prices did: hours until 30 September 2025, quarters since.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::cover::midnight_s;
use super::findings::Findings;
use super::regular::{Regular, STEPS_S, duration, signed, spacing_of, utc};
use super::table::Table;
use crate::scenario::diagnostics::Fault;

/// The intervals of a table's rows, each day with a spacing of its own.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "the unit ends every name")]
pub(crate) struct Mixed {
    /// The start of the first interval, seconds since 1970-01-01T00:00Z.
    start_s: i64,
    /// The length that divides every interval, seconds.
    finest_s: i64,
    /// The length of the interval of each row, seconds.
    lengths_s: Vec<i64>,
}

impl Mixed {
    /// Finds the intervals of a table whose stamps are their starts: in each day of delivery the most common spacing.
    ///
    /// Days of delivery are those of Central European time, which the coupled markets of Europe have in common. Two rows
    /// for one instant, rows that overlap, and a spacing that is not 5, 10, 15, 30 or 60 minutes are faults. `None` if
    /// there is any.
    pub(crate) fn of(table: &Table, findings: &mut Findings) -> Option<Mixed> {
        let stamps = &table.instants_s;
        let usual_s = spacing_of(stamps, findings)?;
        let by_day = spacings_of_days(stamps);
        let mut of_day = by_day.iter().find_map(|(_, spacing)| *spacing).unwrap_or(usual_s);
        let mut lengths_s = Vec::with_capacity(stamps.len());
        for (rows, spacing) in by_day {
            of_day = spacing.unwrap_or(of_day);
            lengths_s.resize(lengths_s.len() + rows, of_day);
        }
        let finest_s = lengths_s.iter().copied().fold(0, divisor);
        for row in 1..stamps.len() {
            let (apart_s, length_s) = (stamps[row] - stamps[row - 1], lengths_s[row - 1]);
            let fault = if apart_s == 0 {
                let message = format!("a second row for {}", utc(stamps[row]));
                Fault::error("kwartier::series::duplicate", message)
                    .help("keep one row for each time; if the file holds several zones or auctions, keep one of them")
            } else if apart_s < length_s || apart_s % finest_s != 0 {
                let message = format!(
                    "{} after the row before, on a day with a row every {}",
                    duration(apart_s),
                    duration(length_s)
                );
                Fault::error("kwartier::series::spacing", message)
                    .help("correct the stamp, or give all rows of a day the same spacing")
            } else {
                continue;
            };
            findings.in_file(&table.source, table.span(row), fault, "this row");
        }
        (!findings.refuse()).then_some(Mixed { start_s: *stamps.first()?, finest_s, lengths_s })
    }

    /// A column of the table on even intervals of the finest length; NaN where the row or the value is missing.
    pub(crate) fn column(&self, table: &Table, value: impl Fn(usize) -> f64) -> Regular {
        let slot = |at_s: i64| ((at_s - self.start_s) / self.finest_s) as usize;
        let end_s = table.instants_s.last().zip(self.lengths_s.last()).map_or(self.start_s, |(stamp, s)| stamp + s);
        let mut values = vec![f64::NAN; slot(end_s)];
        for (row, (&stamp, &length_s)) in table.instants_s.iter().zip(&self.lengths_s).enumerate() {
            values[slot(stamp)..slot(stamp + length_s)].fill(value(row));
        }
        Regular { start_s: self.start_s, step_s: self.finest_s, values }
    }

    /// The shortest and the longest interval, minutes.
    pub(crate) fn minutes(&self) -> (i64, i64) {
        let shortest = self.lengths_s.iter().min().copied().unwrap_or(0);
        let longest = self.lengths_s.iter().max().copied().unwrap_or(0);
        (shortest / 60, longest / 60)
    }
}

/// The number of rows of each day that has any, and their most common spacing; `None` where no spacing is one of intervals.
fn spacings_of_days(stamps: &[i64]) -> Vec<(usize, Option<i64>)> {
    let zone = TimeZone::get("Europe/Brussels").expect("the time zones are bundled");
    let mut days = Vec::new();
    let mut row = 0;
    while row < stamps.len() {
        let date = Timestamp::from_second(stamps[row]).ok().map(|instant| zone.to_datetime(instant).date());
        let next = date.and_then(|date| midnight_s(date.tomorrow().ok()?, &zone));
        let end = next.map_or(stamps.len(), |next| stamps.partition_point(|&stamp| stamp < next)).max(row + 1);
        let mut spacings: BTreeMap<i64, usize> = BTreeMap::new();
        for pair in stamps[row..stamps.len().min(end + 1)].windows(2) {
            let apart_s = pair[1] - pair[0];
            if STEPS_S.contains(&apart_s) {
                *spacings.entry(apart_s).or_default() += 1;
            }
        }
        let most = spacings.values().copied().max().unwrap_or(0);
        let spacing = spacings.into_iter().find(|(_, count)| *count == most).map(|(spacing, _)| spacing);
        days.push((end - row, spacing));
        row = end;
    }
    debug_assert_eq!(signed(days.iter().map(|(rows, _)| rows).sum()), signed(stamps.len()), "each row is of one day");
    days
}

/// The greatest common divisor.
fn divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { divisor(b, a % b) }
}
