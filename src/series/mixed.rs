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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rstest::rstest;

    use super::*;
    use crate::scenario::diagnostics::{Origin, Source};
    use crate::series::cell::Cell;

    /// 29 September 2025, midnight in Brussels, seconds since 1970.
    const MONDAY_S: i64 = 1_759_096_800;

    /// The intervals of rows at these minutes past that midnight, whose value is their number, or the codes of the faults.
    fn of(minutes: &[i64]) -> Result<(Mixed, Regular), Vec<&'static str>> {
        let source = Source::new("prices.csv", "time,price\n");
        let origin = Origin::new(&source, 0..4);
        let mut findings = Findings::new(Path::new("prices.csv"), &origin);
        let table = Table {
            source,
            instants_s: minutes.iter().map(|minute| MONDAY_S + minute * 60).collect(),
            places: vec![0; minutes.len()],
            names: vec!["price".to_owned()],
            columns: vec![(0..minutes.len()).map(|row| Cell::Value(row as f64)).collect()],
        };
        let mixed = Mixed::of(&table, &mut findings);
        let series = mixed.map(|mixed| (mixed.clone(), mixed.column(&table, |row| table.columns[0][row].or_nan())));
        let mut faults = Vec::new();
        findings.hand_over(&mut faults);
        series.ok_or_else(|| faults.iter().map(|fault| fault.code).collect())
    }

    fn every(step: i64, from: i64, to: i64) -> Vec<i64> {
        (from..to).step_by(step as usize).collect()
    }

    #[test]
    fn hours_that_become_quarters_and_quarters_that_become_hours_are_told_apart() {
        let to_quarters = [every(60, 0, 1440), every(15, 1440, 2880)].concat();
        let to_hours = [every(15, 0, 1440), every(60, 1440, 2880)].concat();
        for (minutes, hours) in [(to_quarters, 0..24), (to_hours, 96..120)] {
            let (mixed, series) = of(&minutes).unwrap();
            assert_eq!((mixed.minutes(), series.step_s, series.values.len()), ((15, 60), 900, 192));
            assert!(series.gaps().is_empty());
            let parts = |row: usize| series.values.iter().filter(|value| (**value - row as f64).abs() < 0.5).count();
            for row in 0..minutes.len() {
                assert_eq!(parts(row), if hours.contains(&row) { 4 } else { 1 }, "row {row}");
            }
        }
    }

    #[test]
    fn what_lacks_within_a_day_is_a_gap_of_its_interval() {
        let mut minutes = [every(60, 0, 1440), every(15, 1440, 2880)].concat();
        minutes.retain(|minute| ![120, 1440 + 30, 1440 + 45].contains(minute));
        let (_, series) = of(&minutes).unwrap();
        assert_eq!(series.gaps(), [8..12, 98..100]);
        // A day with one row has the interval of the day before.
        let (mixed, series) = of(&[every(15, 0, 1440), vec![1440]].concat()).unwrap();
        assert_eq!((mixed.minutes(), series.values.len()), ((15, 15), 97));
    }

    #[rstest]
    #[case(&[0, 60, 60, 120], "kwartier::series::duplicate")]
    #[case(&[0, 60, 120, 135, 180, 240], "kwartier::series::spacing")]
    #[case(&[0, 60, 120, 190, 250], "kwartier::series::spacing")]
    #[case(&[0, 1440, 2880], "kwartier::series::step")]
    #[case(&[0], "kwartier::series::empty")]
    fn rows_that_are_no_series_are_refused(#[case] minutes: &[i64], #[case] code: &str) {
        assert_eq!(of(minutes).unwrap_err()[0], code);
    }
}
