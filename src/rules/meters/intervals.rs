//! Intervals: `time, id, import_kwh, export_kwh, generation_kwh`, one row for each step and point.
//!
//! `time` is the start of the step, with an offset or Z. Steps are those of the scenario; each point has every step from its
//! first to its last, whole local days. Members share by the scenario's key, step by step.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::{Asked, Read, SharedStep, point_of};
use crate::calendar::Day;
use crate::engine::meters::Flow;
use crate::neighbourhood::{homes, parties};
use crate::rules::readings::{Need, Needs, PeriodReading, Point, Readings, Weight};
use crate::rules::rulebook::Rulebook;
use crate::rules::terms::Party;
use crate::scenario::diagnostics::Fault;
use crate::scenario::sharing::key_of;
use crate::series::regular;
use crate::series::rows::{File, Row};
use crate::sharing;

const COLUMNS: [&str; 5] = ["time", "id", "import_kwh", "export_kwh", "generation_kwh"];

/// What a point did in a step, kWh.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    import: Decimal,
    export: Decimal,
    generation: Decimal,
    shared_in: Decimal,
    shared_out: Decimal,
    /// What all members need and have in its settlement interval, kWh; of a member where energy is shared.
    community: [f64; 2],
}

/// The steps of a point, from the first one on.
struct Series {
    first: usize,
    steps: Vec<Step>,
}

impl Series {
    /// What the point did in a step of the run; `None`: it was not read.
    fn at(&self, step: usize) -> Option<&Step> {
        step.checked_sub(self.first).and_then(|at| self.steps.get(at))
    }
}

/// Decimals of a shared kWh: it is computed in f64, which has no more.
const SHARED_DECIMALS: u32 = 12;

pub(super) fn read(file: &mut File<'_, '_, '_>, asked: &Asked<'_>) -> Option<Vec<Read>> {
    file.check_columns(&COLUMNS, &["time", "id"]);
    if file.findings.refuse() {
        return None;
    }
    let mut rows: BTreeMap<usize, BTreeMap<usize, (Step, Row<'_>)>> = BTreeMap::new();
    for row in file.rows.clone() {
        let (point, step) = (point_of(file, &row, asked), step_of(file, &row, asked));
        let mut number = |column: &str| file.number(&row, column);
        let (import, export, generation) = (number("import_kwh"), number("export_kwh"), number("generation_kwh"));
        let (Some(point), Some(step)) = (point, step) else { continue };
        let is_plant = asked.points[point].owner() == Party::Cooperative;
        let of_plant =
            |value: Option<Decimal>, other: Option<Decimal>| value.or(other.filter(|_| is_plant)).unwrap_or_default();
        let flows = Step {
            import: import.unwrap_or_default(),
            export: of_plant(export, generation),
            generation: of_plant(generation, export),
            ..Step::default()
        };
        if rows.entry(point).or_default().insert(step, (flows, row.clone())).is_some() {
            let fault = Fault::error(
                "kwartier::meters::twice",
                format!("\"{}\" is read twice for this step", asked.points[point].id),
            )
            .help("give one row for each point and step");
            file.at_row(&row, fault, "read before");
        }
    }
    let mut series: BTreeMap<usize, Series> = BTreeMap::new();
    for (point, steps) in rows {
        series.extend(whole(file, asked, point, &steps).map(|own| (point, own)));
    }
    if file.findings.refuse() {
        return None;
    }
    share(asked, &mut series);
    Some(series.into_iter().map(|(point, series)| settle_periods(asked, point, &series)).collect())
}

fn step_of(file: &mut File<'_, '_, '_>, row: &Row<'_>, asked: &Asked<'_>) -> Option<usize> {
    let instant_s = file.instant_s(row)?;
    let step = jiff::Timestamp::from_second(instant_s).ok().and_then(|at| asked.calendar.step_at(at));
    let (index, text) = file.cell(row, "time")?;
    let (message, help) = match step {
        Some(step) if asked.calendar.start_s(step) == instant_s => return Some(step),
        Some(_) => (
            format!("`{text}` is not the start of a step of {} minutes", asked.calendar.step_minutes()),
            "set scenario.step_minutes to the length of the intervals; a stamp is the start of its interval",
        ),
        None => (
            format!("`{text}` is outside of the scenario's run"),
            "set scenario.start and scenario.years so that the run holds the readings",
        ),
    };
    file.at_cell(row, index, Fault::error("kwartier::meters::time", message).help(help), "here");
    None
}

/// The steps of a point, if every one from the first to the last is there and the days are whole.
fn whole(
    file: &mut File<'_, '_, '_>,
    asked: &Asked<'_>,
    point: usize,
    steps: &BTreeMap<usize, (Step, Row<'_>)>,
) -> Option<Series> {
    let (first, (_, first_row)) = steps.first_key_value()?;
    let (last, (_, last_row)) = steps.last_key_value()?;
    let id = &asked.points[point].id;
    let days = asked.calendar.days();
    let (first_day, last_day) = (&days[asked.calendar.day_of(*first)], &days[asked.calendar.day_of(*last)]);
    if first_day.first_step != *first || last_day.range().end != last + 1 {
        let is_first = first_day.first_step != *first;
        let (day, row) = if is_first { (first_day, first_row) } else { (last_day, last_row) };
        let message = format!(
            "the readings of \"{id}\" do not {} with a whole day: {} is cut",
            if is_first { "begin" } else { "end" },
            day.date
        );
        let fault = Fault::error("kwartier::meters::part_of_a_day", message)
            .help("give whole local days: bills count by the day");
        file.at_row(row, fault, "in the middle of a day");
        return None;
    }
    let mut flows = Vec::with_capacity(steps.len());
    for (expected, (step, (own, row))) in (*first..).zip(steps) {
        if *step != expected {
            let missing = step - expected;
            let at = asked.calendar.instant(expected);
            let fault = Fault::error(
                "kwartier::meters::gap",
                format!("{} of \"{id}\" missing before this row, from {at} on", regular::count(missing as i64, "step")),
            )
            .help("give every step; a reading that is not known cannot be settled");
            file.at_row(row, fault, "after a gap");
            return None;
        }
        flows.push(*own);
    }
    Some(Series { first: *first, steps: flows })
}

/// Shares by the scenario's key among the members that were read.
fn share(asked: &Asked<'_>, series: &mut BTreeMap<usize, Series>) {
    if asked.plan.sharing.is_none() {
        return;
    }
    let (Some(from), Some(until)) =
        (series.values().map(|own| own.first).min(), series.values().map(|own| own.first + own.steps.len()).max())
    else {
        return;
    };
    let homes = homes(asked.plan);
    let key = key_of(&asked.plan.sharing, &parties(asked.plan, &homes), None, &mut Vec::new());
    // Points stand as the parties of the key do: homes, then plants.
    let members: Vec<usize> = series.keys().copied().filter(|point| asked.points[*point].is_member).collect();
    let kwh = |of: fn(&Step) -> Decimal| {
        let of_step = |step: usize| {
            let at = |point: &usize| series[point].at(step).map_or(0.0, |step| of(step).to_f64().unwrap_or_default());
            members.iter().map(at).collect()
        };
        (from..until).map(of_step).collect()
    };
    let readings = sharing::readings::Readings {
        ids: members.iter().map(|point| asked.points[*point].id.clone()).collect(),
        starts_s: (from..until).map(|step| asked.calendar.start_s(step)).collect(),
        step_s: Some(i64::from(asked.calendar.step_minutes()) * 60),
        import_kwh: kwh(|step| step.import),
        export_kwh: kwh(|step| step.export),
    };
    let intervals = intervals(asked, key.interval_steps(asked.calendar.step_minutes()), from..until);
    let shared = sharing::run::share_in(&key.of_some(&members), &readings, intervals);
    let mut community = vec![[0.0; 2]; readings.starts_s.len()];
    for steps in &shared.intervals {
        let sum = |table: &[Vec<f64>]| table[steps.clone()].iter().flatten().sum::<f64>();
        community[steps.clone()].fill([sum(&readings.import_kwh), sum(&readings.export_kwh)]);
    }
    let exact = |kwh: f64, most: Decimal| {
        Decimal::from_f64(kwh).unwrap_or_default().round_dp(SHARED_DECIMALS).min(most).max(Decimal::ZERO)
    };
    for (member, point) in members.iter().enumerate() {
        let own = series.get_mut(point).expect("members are among those that were read");
        for (flows, step) in own.steps.iter_mut().zip(own.first - from..) {
            flows.shared_in = exact(shared.shared_in_kwh[step][member], flows.import);
            flows.shared_out = exact(shared.shared_out_kwh[step][member], flows.export);
            flows.community = community[step];
        }
    }
}

/// The settlement intervals of some whole days, as a run has them: counted from local midnight. Steps from the first on.
fn intervals(asked: &Asked<'_>, length: usize, steps: Range<usize>) -> Vec<Range<usize>> {
    let days = &asked.calendar.days()[asked.calendar.day_of(steps.start)..=asked.calendar.day_of(steps.end - 1)];
    let of_day = |day: &Day| {
        let (begin, end) = (day.first_step - steps.start, day.range().end - steps.start);
        (begin..end).step_by(length).map(move |first| first..(first + length).min(end)).collect::<Vec<_>>()
    };
    days.iter().flat_map(of_day).collect()
}

/// The registers of a point by period: months, cut where its rules change.
fn settle_periods(asked: &Asked<'_>, point: usize, series: &Series) -> Read {
    let as_read: Point = asked.points[point].clone();
    let calendar = asked.calendar;
    let last = series.first + series.steps.len() - 1;
    let (from, end) =
        (calendar.days()[calendar.day_of(series.first)].date, calendar.days()[calendar.day_of(last)].date);
    let until = end.tomorrow().unwrap_or(end);
    let spans = asked.book.spans(&as_read, from, until);
    let mut asked_for = Needs::default();
    Rulebook::ask(&spans, &mut asked_for);
    let needs: Vec<Need> = asked_for.all().to_vec();
    let begins = |date: Date| date.day() == 1 || spans.iter().any(|span| span.from == date);
    let mut periods: Vec<PeriodReading> = Vec::new();
    let step_h = Decimal::from(calendar.step_minutes()) / Decimal::from(60);
    for day in &calendar.days()[calendar.day_of(series.first)..=calendar.day_of(last)] {
        if periods.is_empty() || begins(day.date) {
            let values = vec![Decimal::ZERO; needs.len()];
            periods.push(PeriodReading { from: day.date, until: day.date, values, gas_m3: Decimal::ZERO });
        }
        let period = periods.last_mut().expect("one was just opened");
        period.until = day.date.tomorrow().unwrap_or(day.date);
        for step in day.range() {
            let flows = &series.steps[step - series.first];
            let minute = calendar.local_minute(step);
            let price = |weight: &Weight| {
                let steps = if weight.is_by_hour() { calendar.hour_of(step) } else { step..step + 1 };
                mean_price(asked.prices_eur_per_kwh.map_or(&[], |prices| &prices[steps]))
            };
            for (need, value) in needs.iter().zip(&mut period.values) {
                match need {
                    Need::Sum(flow, weight) => {
                        let kwh = flow_kwh(flows, *flow);
                        if let Some(price) = weight.interval_price() {
                            let [need, surplus] = flows.community;
                            *value += kwh * Decimal::from_f64(price.eur_per_kwh(need, surplus)).unwrap_or_default();
                        } else if !kwh.is_zero() {
                            let counts = match weight {
                                Weight::One => Decimal::ONE,
                                weight => weight.of_step(day, minute, price(weight)),
                            };
                            *value += kwh * counts;
                        }
                    }
                    Need::Peak(flow) => *value = (*value).max(flow_kwh(flows, *flow) / step_h),
                }
            }
        }
    }
    for period in &mut periods {
        // As registers leave the engine: nine decimals, exact from there.
        period.values.iter_mut().for_each(|value| *value = value.round_dp(9));
    }
    let shares = !asked.plan.sharing.is_none() && as_read.is_member;
    let shared = (series.first..).zip(&series.steps).filter(|_| shares).map(|(step, flows)| SharedStep {
        step,
        in_kwh: flows.shared_in,
        out_kwh: flows.shared_out,
    });
    let shared = shared.collect();
    let readings = Readings { needs: Arc::new(needs), periods, are_yearly: false };
    Read { point, as_read, from, until, readings, shared }
}

fn flow_kwh(step: &Step, flow: Flow) -> Decimal {
    match flow {
        Flow::Import => step.import,
        Flow::Export => step.export,
        Flow::Generation => step.generation,
        Flow::SharedIn => step.shared_in,
        Flow::SharedOut => step.shared_out,
        Flow::Load => (step.import + step.generation - step.export).max(Decimal::ZERO),
        Flow::Charge | Flow::Discharge => Decimal::ZERO,
    }
}

/// The mean of prices, each the decimal that was written; 0 of none.
fn mean_price(prices: &[f64]) -> Decimal {
    let exact = |price: &f64| price.to_string().parse::<Decimal>().unwrap_or_default();
    prices.iter().map(exact).sum::<Decimal>() / Decimal::from(prices.len().max(1))
}
