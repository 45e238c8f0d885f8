//! Whether a file covers the time that is needed, and what is done about gaps.

use std::ops::Range;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::findings::Findings;
use super::regular::{Regular, count, duration, local, signed};
use super::table::Table;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::Gaps;

/// The longest gap that is bridged, seconds.
pub(crate) const LONGEST_BRIDGE_S: i64 = 3 * 3600;

/// The most that may lack at an end of a weather file because its year begins by another clock, seconds.
pub(crate) const LARGEST_ZONE_OFFSET_S: i64 = 2 * 3600;

/// The time that is needed of a file, and the rules for what lacks.
#[derive(Debug)]
pub(crate) struct Need<'a> {
    /// Begin, seconds since 1970-01-01T00:00Z.
    pub(crate) from_s: i64,
    /// End, seconds since 1970-01-01T00:00Z.
    pub(crate) to_s: i64,
    /// The clock that messages use.
    pub(crate) timezone: &'a TimeZone,
    /// The year of the file that is mapped, if one is.
    pub(crate) year: Option<i16>,
    /// What to do with gaps.
    pub(crate) gaps: Gaps,
    /// Whether up to two hours may lack at an end where the file begins or ends at midnight by this or the UTC clock.
    pub(crate) file_clock: Option<&'a TimeZone>,
    /// Whether longer gaps may stay: their days are passed over.
    pub(crate) pass_over: bool,
}

/// The first instant of a local year, seconds since 1970-01-01T00:00Z.
pub(crate) fn year_start_s(year: i16, timezone: &TimeZone) -> Option<i64> {
    midnight_s(Date::new(year, 1, 1).ok()?, timezone)
}

/// The first instant of a local day, seconds since 1970-01-01T00:00Z.
pub(crate) fn midnight_s(date: Date, timezone: &TimeZone) -> Option<i64> {
    date.to_zoned_datetime(timezone.clone()).ok()?.start_of_day().ok().map(|midnight| midnight.timestamp().as_second())
}

impl Need<'_> {
    /// Whether what lacks between an end of the file and the end of the need is only the offset of its clock.
    fn is_zone_offset(&self, lacking_s: i64, file_end_s: i64) -> bool {
        self.file_clock.is_some_and(|clock| {
            let local_s =
                jiff::Timestamp::from_second(file_end_s).map_or(0, |t| i64::from(clock.to_offset(t).seconds()));
            lacking_s <= LARGEST_ZONE_OFFSET_S && (file_end_s % 86_400 == 0 || (file_end_s + local_s) % 86_400 == 0)
        })
    }

    /// Whether this much may lack at an end of the file.
    fn may_lack(&self, lacking_s: i64, file_end_s: i64) -> bool {
        lacking_s <= 0
            || self.is_zone_offset(lacking_s, file_end_s)
            || (self.gaps == Gaps::Fill && lacking_s <= LONGEST_BRIDGE_S)
    }

    /// Whether a file that runs over `span` covers the need; if not, says what it holds and how to mend it.
    pub(crate) fn is_met_by(&self, span: &Range<i64>, findings: &mut Findings) -> bool {
        if self.may_lack(span.start - self.from_s, span.start) && self.may_lack(self.to_s - span.end, span.end) {
            return true;
        }
        let held = format!("{} to {}", local(span.start, self.timezone), local(span.end, self.timezone));
        let needed = format!("{} to {}", local(self.from_s, self.timezone), local(self.to_s, self.timezone));
        let overlap_s = span.end.min(self.to_s) - span.start.max(self.from_s);
        let file = findings.file().to_owned();
        let whole_year = whole_year(span, self.timezone);
        let fault = match (self.year, whole_year) {
            (Some(year), other) => {
                let message = format!("`{file}` holds {held}, not the whole of {year}");
                let help = match other {
                    Some(other) if other != year => format!("say `year = {other}`, which it holds"),
                    _ => format!("give a file that runs from {needed}"),
                };
                Fault::error("kwartier::series::too_short", message).help(help)
            }
            (None, Some(year)) if overlap_s < 48 * 3600 => {
                let message = format!("`{file}` is from another year: it holds {held}, the run is {needed}");
                let help =
                    format!("add `year = {year}` to map that year onto the simulated one, or start the run then");
                Fault::error("kwartier::series::other_year", message).help(help)
            }
            (None, _) if overlap_s < 0 => {
                let message = format!("`{file}` is from another time: it holds {held}, the run is {needed}");
                let help = "give a file that holds the run, or one that holds a whole calendar year and say `year = …`";
                Fault::error("kwartier::series::other_year", message).help(help)
            }
            (None, _) => {
                let message = format!("`{file}` is too short: it holds {held}, the run is {needed}");
                let help = "give a file that holds the whole run, or one that holds a whole calendar year and say \
                            `year = …`; if only one interval lacks, check `stamp` and `timezone`";
                Fault::error("kwartier::series::too_short", message).help(help)
            }
        };
        findings.in_scenario(fault, "this file");
        false
    }

    /// Cuts out what is needed and treats its gaps; NaN stays only in gaps that are passed over.
    ///
    /// # Arguments
    /// * `spread` – for registers: the same intervals with the known energy of each gap spread evenly over it.
    /// * `what` – the column, for messages.
    /// * `table` – the rows that the series was read from.
    /// * `stamp_shift_s` – from the start of an interval to the stamp of its row, seconds.
    pub(crate) fn cut(
        &self,
        series: &Regular,
        spread: Option<&Regular>,
        what: &str,
        table: &Table,
        stamp_shift_s: i64,
        findings: &mut Findings,
    ) -> Regular {
        let mut cut = series.window(self.from_s, self.to_s);
        let spread = spread.map(|spread| spread.window(self.from_s, self.to_s));
        let (file_start_s, file_end_s) = (series.start_s, series.end_s());
        for gap in cut.gaps() {
            let (from_s, to_s) = (cut.start_of(gap.start), cut.start_of(gap.end));
            let at_head = gap.start == 0 && to_s <= file_start_s;
            let at_tail = gap.end == cut.values.len() && from_s >= file_end_s;
            // A register with n readings missing has n + 1 intervals whose energy is known only together.
            let missing = if spread.is_some() && !at_head && !at_tail { gap.len() - 1 } else { gap.len() }.max(1);
            let stretch = format!("from {} to {}", local(from_s, self.timezone), local(to_s, self.timezone));
            let row = table.instants_s.partition_point(|&stamp_s| stamp_s < to_s + stamp_shift_s);
            // The reading of a register at the begin of its gap is known.
            let first_stamp_s = from_s + stamp_shift_s + i64::from(spread.is_some());
            let is_absent = row == table.instants_s.partition_point(|&stamp_s| stamp_s < first_stamp_s);
            let lacks =
                if is_absent { format!("`{}` has no rows", findings.file()) } else { format!("{what} has no values") };
            let message = format!("{lacks} {stretch} ({} missing)", count(signed(missing), "value"));
            let place = (row < table.instants_s.len()).then(|| table.span(row));
            let zone_offset = (at_head && self.is_zone_offset(to_s - from_s, file_start_s))
                || (at_tail && self.is_zone_offset(to_s - from_s, file_end_s));
            let short = signed(missing) * cut.step_s <= LONGEST_BRIDGE_S;
            let fault = if zone_offset {
                cut.bridge(&gap);
                Fault::warning("kwartier::series::zone_offset", format!("{message}: filled with the nearest value"))
                    .help("the file's year begins by another clock than the run's; give a file that holds these hours to avoid it")
            } else if self.gaps == Gaps::Refuse {
                let help = if short || self.pass_over {
                    "say `gaps = \"fill\"`, or put the values in the file"
                } else {
                    "put the values in the file: `gaps = \"fill\"` bridges at most 3 hours"
                };
                Fault::error("kwartier::series::gap", message).help(help)
            } else if short {
                let how = match &spread {
                    Some(spread) if spread.values[gap.clone()].iter().all(|value| !value.is_nan()) => {
                        cut.values[gap.clone()].copy_from_slice(&spread.values[gap.clone()]);
                        "the register's difference is spread evenly"
                    }
                    _ => {
                        cut.bridge(&gap);
                        if at_head || at_tail { "filled with the nearest value" } else { "bridged by a straight line" }
                    }
                };
                Fault::warning("kwartier::series::gap", format!("{message}: {how}"))
                    .help("put the values in the file to avoid it")
            } else if self.pass_over {
                let message = format!("{message}: too long to bridge, so these days are passed over");
                Fault::warning("kwartier::series::gap", message)
                    .help("the nearest whole days of the same kind stand in; put the values in the file to avoid it")
            } else {
                let message = format!("{message}: more than the {} that are bridged", duration(LONGEST_BRIDGE_S));
                Fault::error("kwartier::series::gap", message).help(
                    "put the values in the file, or give another one; with `year = …` the day would be passed over",
                )
            };
            match place {
                Some(span) => findings.in_file(&table.source, span, fault, "the next row after the gap"),
                None => findings.in_scenario(fault, "this file"),
            }
        }
        cut
    }
}

/// The last local calendar year that a file holds, but for a few hours at its ends.
fn whole_year(span: &Range<i64>, timezone: &TimeZone) -> Option<i16> {
    let year_of = |at_s: i64| jiff::Timestamp::from_second(at_s).ok().map(|at| timezone.to_datetime(at).year());
    let (first, last) = (year_of(span.start)?, year_of(span.end)?);
    (first..=last).rev().find(|&year| {
        let (Some(from_s), Some(to_s)) = (year_start_s(year, timezone), year_start_s(year.saturating_add(1), timezone))
        else {
            return false;
        };
        span.start - from_s <= LONGEST_BRIDGE_S && to_s - span.end <= LONGEST_BRIDGE_S
    })
}
