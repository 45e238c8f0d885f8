//! Values in equal intervals: the step of a file, its gaps, and the mean over any stretch of time.

use std::collections::BTreeMap;
use std::ops::Range;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::findings::Findings;
use super::table::Table;
use crate::scenario::diagnostics::Fault;

/// The spacings of rows that are read, in seconds.
pub(super) const STEPS_S: [i64; 5] = [300, 600, 900, 1800, 3600];

/// More slots than 40 years of five minutes: the stamps cannot be meant.
const MOST_SLOTS: i64 = 4_300_000;

/// The even axis that the rows of a file stand on; slots without a row are missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Grid {
    /// The stamp of slot 0, seconds since 1970-01-01T00:00Z.
    pub(crate) first_s: i64,
    /// The spacing, seconds.
    pub(crate) step_s: i64,
    /// The row of each slot, if it has one.
    pub(crate) rows: Vec<Option<usize>>,
}

impl Grid {
    /// Finds the even axis of a table: the most common spacing of its stamps.
    ///
    /// Two rows for one instant, a spacing that is no multiple of the most common one, and a step that is not 5, 10,
    /// 15, 30 or 60 minutes are faults. `None` if there is any.
    pub(crate) fn of(table: &Table, findings: &mut Findings) -> Option<Grid> {
        let stamps = &table.instants_s;
        let step_s = spacing_of(stamps, findings)?;
        let (first_s, last_s) = (*stamps.first()?, *stamps.last()?);
        check_spacing(table, step_s, findings);
        if findings.refuse() {
            return None;
        }
        let mut rows = vec![None; ((last_s - first_s) / step_s) as usize + 1];
        for (row, &stamp) in stamps.iter().enumerate() {
            rows[((stamp - first_s) / step_s) as usize] = Some(row);
        }
        Some(Grid { first_s, step_s, rows })
    }

    /// A column of the table on this axis; NaN where the row or the value is missing.
    pub(crate) fn column(&self, value: impl Fn(usize) -> f64) -> Vec<f64> {
        self.rows.iter().map(|row| row.map_or(f64::NAN, &value)).collect()
    }
}

/// The most common spacing of stamps in the order of time; `None`, with the fault, if it is not one of a series.
pub(super) fn spacing_of(stamps: &[i64], findings: &mut Findings) -> Option<i64> {
    let mut spacings: BTreeMap<i64, usize> = BTreeMap::new();
    for pair in stamps.windows(2) {
        *spacings.entry(pair[1] - pair[0]).or_default() += 1;
    }
    spacings.remove(&0);
    let most = spacings.values().copied().max().unwrap_or(0);
    let step_s = spacings.iter().find(|(_, count)| **count == most).map(|(spacing, _)| *spacing);
    let (Some(&first_s), Some(&last_s), Some(step_s)) = (stamps.first(), stamps.last(), step_s) else {
        let message =
            format!("`{}` holds {} rows at different times, not a series", findings.file(), stamps.len().min(1));
        let help = "give a file with a row for each interval of the run";
        findings.in_scenario(Fault::error("kwartier::series::empty", message).help(help), "this file");
        return None;
    };
    if !STEPS_S.contains(&step_s) {
        let message = format!("the rows of `{}` are mostly {} apart", findings.file(), duration(step_s));
        let help = "give a file with a row every 5, 10, 15, 30 or 60 minutes, one meter only";
        findings.in_scenario(Fault::error("kwartier::series::step", message).help(help), "this file");
        return None;
    }
    if (last_s - first_s) / step_s > MOST_SLOTS {
        let message = format!("the stamps of `{}` run from {} to {}", findings.file(), utc(first_s), utc(last_s));
        let help = "correct the stamp that is far from all others";
        findings.in_scenario(Fault::error("kwartier::series::step", message).help(help), "this file");
        return None;
    }
    Some(step_s)
}

/// Refuses repeated and irregular stamps.
fn check_spacing(table: &Table, step_s: i64, findings: &mut Findings) {
    for (row, pair) in table.instants_s.windows(2).enumerate() {
        let apart_s = pair[1] - pair[0];
        let fault = if apart_s == 0 {
            let message = format!("a second row for {}", utc(pair[1]));
            Fault::error("kwartier::series::duplicate", message)
                .help("keep one row for each time; if the file holds several meters or registers, give each its own column or file")
        } else if apart_s % step_s != 0 {
            let message =
                format!("{} after the row before, in a file with a row every {}", duration(apart_s), duration(step_s));
            Fault::error("kwartier::series::spacing", message).help("correct the stamp, or leave out the rows between")
        } else {
            continue;
        };
        findings.in_file(&table.source, table.span(row + 1), fault, "this row");
    }
}

/// A count as a signed number.
pub(crate) fn signed(count: usize) -> i64 {
    count as i64
}

/// A length of time in words.
pub(crate) fn duration(seconds: i64) -> String {
    match seconds {
        s if s % 86_400 == 0 => count(s / 86_400, "day"),
        s if s % 3600 == 0 => count(s / 3600, "hour"),
        s if s % 60 == 0 => count(s / 60, "minute"),
        s => count(s, "second"),
    }
}

/// A number of things in words.
pub(crate) fn count(number: i64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// An instant in UTC.
pub(crate) fn utc(seconds: i64) -> String {
    Timestamp::from_second(seconds).map_or_else(|_| format!("{seconds} s"), |instant| instant.to_string())
}

/// An instant by the clock of a place, with its offset.
pub(crate) fn local(seconds: i64, timezone: &TimeZone) -> String {
    Timestamp::from_second(seconds).map_or_else(
        |_| format!("{seconds} s"),
        |instant| instant.to_zoned_datetime(timezone.clone()).strftime("%Y-%m-%d %H:%M%:z").to_string(),
    )
}

/// Mean values over equal intervals that follow each other; NaN where missing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Regular {
    /// The start of the first interval, seconds since 1970-01-01T00:00Z.
    pub(crate) start_s: i64,
    /// The length of an interval, seconds.
    pub(crate) step_s: i64,
    /// The mean over each interval.
    pub(crate) values: Vec<f64>,
}

impl Regular {
    /// The end of the last interval, seconds since 1970-01-01T00:00Z.
    pub(crate) fn end_s(&self) -> i64 {
        self.start_of(self.values.len())
    }

    /// The start of an interval, seconds since 1970-01-01T00:00Z.
    pub(crate) fn start_of(&self, slot: usize) -> i64 {
        self.start_s + signed(slot) * self.step_s
    }

    /// The slot of the interval that holds an instant, which may be outside.
    pub(crate) fn slot(&self, at_s: i64) -> i64 {
        (at_s - self.start_s).div_euclid(self.step_s)
    }

    /// The same series over the whole intervals that touch `from_s .. to_s`; NaN where it holds nothing.
    pub(crate) fn window(&self, from_s: i64, to_s: i64) -> Regular {
        let first = self.slot(from_s);
        let slots = self.slot(to_s - 1) + 1 - first;
        let value = |slot: i64| usize::try_from(slot).ok().and_then(|slot| self.values.get(slot).copied());
        Regular {
            start_s: self.start_s + first * self.step_s,
            step_s: self.step_s,
            values: (first..first + slots).map(|slot| value(slot).unwrap_or(f64::NAN)).collect(),
        }
    }

    /// The mean over `from_s .. to_s`; NaN if any of it is missing.
    pub(crate) fn mean(&self, from_s: i64, to_s: i64) -> f64 {
        let (first, last) = (self.slot(from_s), self.slot(to_s - 1));
        let (Ok(first), Ok(last)) = (usize::try_from(first), usize::try_from(last)) else { return f64::NAN };
        if last >= self.values.len() {
            return f64::NAN;
        }
        if first == last {
            return self.values[first];
        }
        let mut sum = 0.0;
        for slot in first..=last {
            let begin = self.start_of(slot);
            let overlap_s = to_s.min(begin + self.step_s) - from_s.max(begin);
            sum += self.values[slot] * overlap_s as f64;
        }
        sum / (to_s - from_s) as f64
    }

    /// The stretches without values.
    pub(crate) fn gaps(&self) -> Vec<Range<usize>> {
        let mut gaps: Vec<Range<usize>> = Vec::new();
        for (slot, _) in self.values.iter().enumerate().filter(|(_, value)| value.is_nan()) {
            match gaps.last_mut() {
                Some(gap) if gap.end == slot => gap.end = slot + 1,
                _ => gaps.push(slot..slot + 1),
            }
        }
        gaps
    }

    /// Bridges a gap: a straight line between its neighbours, or the one neighbour at an end.
    pub(crate) fn bridge(&mut self, gap: &Range<usize>) {
        let before = gap.start.checked_sub(1).map(|slot| self.values[slot]);
        let after = self.values.get(gap.end).copied();
        let (Some(from), Some(to)) = (before.or(after), after.or(before)) else { return };
        let parts = gap.len() as f64 + 1.0;
        for (i, slot) in gap.clone().enumerate() {
            self.values[slot] = from + (to - from) * (i as f64 + 1.0) / parts;
        }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn hours(values: &[f64]) -> Regular {
        Regular { start_s: 0, step_s: 3600, values: values.to_vec() }
    }

    #[test]
    fn the_mean_over_finer_coarser_and_shifted_stretches_conserves_the_sum() {
        let series = hours(&[1.0, 2.0, 4.0]);
        assert_relative_eq!(series.mean(900, 1800), 1.0);
        assert_relative_eq!(series.mean(0, 7200), 1.5);
        assert_relative_eq!(series.mean(1800, 5400), 1.5);
        assert_relative_eq!(series.mean(2700, 6300), 0.25 * 1.0 + 0.75 * 2.0);
        assert!(series.mean(-900, 0).is_nan() && series.mean(9000, 11_700).is_nan());
    }

    #[test]
    fn a_gap_is_bridged_by_a_straight_line_and_held_at_an_end() {
        let nan = f64::NAN;
        let mut series = hours(&[nan, 1.0, nan, nan, 4.0, nan]);
        assert_eq!(series.gaps(), [0..1, 2..4, 5..6]);
        for gap in series.gaps() {
            series.bridge(&gap);
        }
        for (value, expected) in series.values.iter().zip([1.0, 1.0, 2.0, 3.0, 4.0, 4.0]) {
            assert_relative_eq!(*value, expected);
        }
        let mut nothing = hours(&[nan, nan]);
        nothing.bridge(&(0..2));
        assert!(nothing.values[0].is_nan());
    }

    #[test]
    fn a_window_is_cut_out_and_padded() {
        let window = hours(&[1.0, 2.0, 3.0]).window(-1800, 7200);
        assert_eq!((window.start_s, window.values.len()), (-3600, 3));
        assert!(window.values[0].is_nan());
        assert_relative_eq!(window.values[2], 2.0);
    }
}
