//! The bills of a run: which registers the engine must fill, and what settlement makes of them.
//!
//! Every point is settled three times: as it is, without the cooperative, and without its own devices too. The registers of
//! the latter two are the same, of other flows.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use rayon::prelude::*;
use rust_decimal::Decimal;

use super::bill::Bill;
use super::exact::{float, of_register};
use super::points;
use super::readings::{Life, Need, Needs, PeriodReading, Point, PointKind, Readings, Weight};
use super::rulebook::{InForce, Rulebook, Span};
use super::settle::{Options, Refusal, settle};
use crate::calendar::{Calendar, Day};
use crate::engine::meters::{Flow, Maximum, PricedRegister, Wanted, WeightedRegister};
use crate::engine::world::World;
use crate::engine::{self, Outcome};
use crate::scenario::diagnostics::Fault;

/// Degree days count from this daily mean down, °C.
pub const HEATING_LIMIT_C: f64 = 18.0;

/// How the points of a run are billed.
#[derive(Debug)]
pub struct Billing<'a> {
    /// The rules.
    pub book: &'a Rulebook,
    /// Homes and businesses in the plan's order, then its plants.
    pub points: Vec<Point>,
    /// The rules in force for each point's class.
    classes: Vec<Vec<Span<'a>>>,
    /// The class of each point.
    class_of: Vec<usize>,
    /// The registers that settlement reads.
    needs: Arc<Vec<Need>>,
    /// Where the engine keeps each of them; `None` where nothing flows.
    place: Vec<Option<usize>>,
    registers: Vec<Wanted>,
    borders: Vec<Date>,
    /// The part of a year's gas that each period of the run has.
    gas_parts: Vec<f64>,
}

/// The bills of every point of a run.
#[derive(Debug)]
pub struct RunBills {
    /// As it is, by point.
    pub actual: Vec<Vec<Bill>>,
    /// Totals by contract year without the cooperative, cents, by point.
    pub without_cooperative_cents: Vec<Vec<i64>>,
    /// Totals by contract year without the cooperative and without own devices, cents, by point.
    pub without_devices_cents: Vec<Vec<i64>>,
}

/// What the rules of a point depend on beside its readings.
type Class = (u8, Option<(u32, u32)>, bool, bool, Option<(String, Date)>, bool);

impl<'a> Billing<'a> {
    /// Prepares the bills of a world.
    ///
    /// # Errors
    /// If a rule needs the wholesale price and it cannot be read.
    pub fn new(world: &World, book: &'a Rulebook) -> Result<Billing<'a>, Vec<Fault>> {
        let points = points::of_plan(&world.plan, &world.homes);
        let days = world.calendar.days();
        let (from, last) = match (days.first(), days.last()) {
            (Some(first), Some(last)) => (first.date, last.date),
            _ => (world.plan.start, world.plan.start),
        };
        let until = last.tomorrow().unwrap_or(last);
        let mut known: Vec<Class> = Vec::new();
        let (mut classes, mut class_of) = (Vec::new(), Vec::new());
        let plants = world.plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
        let mut is_agreed = vec![false; world.homes.len()];
        is_agreed.extend(plants.map(|plant| plant.books.as_ref().is_some_and(|books| books.agreement.is_some())));
        let plants_agreed = is_agreed.contains(&true);
        for (point, is_agreed) in points.iter().zip(is_agreed) {
            let class = class(point, is_agreed);
            let at = known.iter().position(|other| *other == class).unwrap_or_else(|| {
                known.push(class);
                let mut spans = book.spans(point, from, until);
                if is_agreed {
                    leave_out_supply(&mut spans);
                }
                classes.push(spans);
                known.len() - 1
            });
            class_of.push(at);
        }
        let mut needs = Needs::default();
        for spans in &classes {
            Rulebook::ask(spans, &mut needs);
        }
        if plants_agreed {
            // What the line of an agreement is of.
            needs.add_residual(Flow::Export, &Weight::One);
        }
        // The same without own devices: what is used is what is drawn.
        for need in needs.all().to_vec() {
            match need {
                Need::Sum(Flow::Import, weight) => needs.add(Need::Sum(Flow::Load, weight)),
                Need::Peak(Flow::Import) => needs.add(Need::Peak(Flow::Load)),
                _ => {}
            }
        }
        let of_prices = needs.is_of_prices();
        let needs = needs.all().to_vec();
        let prices = if of_prices { Some(world.prices()?) } else { None };
        let shares = !world.plan.sharing.is_none();
        let (mut place, mut registers) = (Vec::new(), Vec::new());
        for need in &needs {
            let is_idle = matches!(need, Need::Sum(Flow::SharedIn | Flow::SharedOut, _)) && !shares;
            place.push((!is_idle).then_some(registers.len()));
            if !is_idle {
                registers.push(register(need, &world.calendar, prices.as_ref().map(|prices| prices.as_slice())));
            }
        }
        let mut borders: Vec<Date> = classes.iter().flatten().map(|span: &Span| span.from).collect();
        borders.sort_unstable();
        borders.dedup();
        let gas_parts = gas_parts(world, &borders);
        Ok(Billing { book, points, classes, class_of, needs: Arc::new(needs), place, registers, borders, gas_parts })
    }

    /// The options of a run that fills the registers.
    pub fn options(&self, record: bool) -> engine::Options {
        engine::Options {
            record,
            registers: self.registers.clone(),
            period_borders: self.borders.clone(),
            ..engine::Options::default()
        }
    }

    /// The rules in force for a point.
    pub fn spans(&self, point: usize) -> &[Span<'a>] {
        &self.classes[self.class_of[point]]
    }

    /// The rules in force for any point.
    pub fn all_spans(&self) -> Vec<Span<'a>> {
        self.classes.iter().flatten().cloned().collect()
    }

    /// The registers of a point.
    pub fn readings(&self, world: &World, outcome: &Outcome, point: usize) -> Readings {
        let homes = world.homes.len();
        let value = |period: usize, need: &Need, place: Option<usize>| {
            let Some(register) = place else { return Decimal::ZERO };
            of_register(match need {
                Need::Sum(..) if point < homes => outcome.weighted(point, register, period),
                Need::Sum(..) => outcome.plant_weighted(point - homes, register, period),
                Need::Peak(_) if point < homes => outcome.maximum(point, register, period).kw,
                Need::Peak(_) => 0.0,
            })
        };
        let annual_gas_m3 = world.homes.get(point).map_or(0.0, |home| home.annual_gas_m3);
        let periods = outcome.periods().all().iter().enumerate().map(|(index, period)| PeriodReading {
            from: period.first,
            until: period.last.tomorrow().unwrap_or(period.last),
            values: self.needs.iter().zip(&self.place).map(|(need, place)| value(index, need, *place)).collect(),
            gas_m3: of_register(annual_gas_m3 * self.gas_parts.get(index).copied().unwrap_or(0.0)),
        });
        Readings { needs: Arc::clone(&self.needs), periods: periods.collect(), are_yearly: false }
    }

    /// Settles one point.
    ///
    /// # Errors
    /// Every number that a sum needs and nobody has entered.
    pub fn settle_point(&self, point: usize, readings: &Readings, options: Options) -> Result<Vec<Bill>, Vec<Refusal>> {
        settle(self.book, self.spans(point), &self.points[point], readings, options)
    }

    /// Settles every point.
    ///
    /// # Errors
    /// Every number that a sum needs and nobody has entered.
    pub fn settle(&self, world: &World, outcome: &Outcome) -> Result<RunBills, Vec<Refusal>> {
        let one = |point: usize| {
            let readings = self.readings(world, outcome, point);
            let life = |life| self.settle_point(point, &readings, Options { life, explains: false });
            let totals = |bills: Vec<Bill>| bills.iter().map(Bill::total_cents).collect::<Vec<i64>>();
            let actual = life(Life::Actual);
            if matches!(self.points[point].kind, PointKind::Plant { .. }) {
                // Without the cooperative there is no plant.
                return actual.map(|actual| (actual, Vec::new(), Vec::new()));
            }
            match (actual, life(Life::WithoutCooperative), life(Life::WithoutDevices)) {
                (Ok(actual), Ok(alone), Ok(bare)) => Ok((actual, totals(alone), totals(bare))),
                (actual, alone, bare) => {
                    Err([actual.err(), alone.err(), bare.err()].into_iter().flatten().flatten().collect())
                }
            }
        };
        let settled: Vec<Result<_, Vec<Refusal>>> = (0..self.points.len()).into_par_iter().map(one).collect();
        let mut bills = RunBills {
            actual: Vec::with_capacity(settled.len()),
            without_cooperative_cents: Vec::with_capacity(settled.len()),
            without_devices_cents: Vec::with_capacity(settled.len()),
        };
        let mut refusals = Vec::new();
        for point in settled {
            match point {
                Ok((actual, alone, bare)) => {
                    bills.actual.push(actual);
                    bills.without_cooperative_cents.push(alone);
                    bills.without_devices_cents.push(bare);
                }
                Err(more) => refusals.extend(more),
            }
        }
        if refusals.is_empty() { Ok(bills) } else { Err(refusals) }
    }

    /// Settles every point as if a rule were not there: what it does is the difference.
    ///
    /// # Errors
    /// Every number that a sum needs and nobody has entered.
    pub fn settle_without(&self, world: &World, outcome: &Outcome, rule: &str) -> Result<Vec<Vec<Bill>>, Vec<Refusal>> {
        let without: Vec<Vec<Span<'_>>> = self
            .classes
            .iter()
            .map(|spans| {
                let mut spans = spans.clone();
                for span in &mut spans {
                    span.rules.retain(|used| used.rule.id != rule);
                }
                spans
            })
            .collect();
        let one = |point: usize| {
            let readings = self.readings(world, outcome, point);
            let options = Options { life: Life::Actual, explains: false };
            settle(self.book, &without[self.class_of[point]], &self.points[point], &readings, options)
        };
        (0..self.points.len()).into_par_iter().map(one).collect()
    }
}

/// Leaves out what the supply contract pays and asks for feed-in: an agreement stands in its place.
fn leave_out_supply(spans: &mut [Span<'_>]) {
    for span in spans {
        let is_supply =
            |used: &InForce<'_>| used.version.instrument.as_energy_price().is_some() || used.rule.kind == "feed-in-fee";
        span.rules.retain(|used| !is_supply(used));
    }
}

/// * `is_agreed` – whether a power purchase agreement pays for its feed-in.
fn class(point: &Point, is_agreed: bool) -> Class {
    let (kind, premium) = match &point.kind {
        PointKind::Home(_) => (0, None),
        PointKind::Business => (1, None),
        PointKind::Plant { premium, .. } => (2, premium.clone()),
    };
    let connection = point.connection.map(|connection| (connection.phases, connection.fuse_a));
    (kind, connection, point.is_member, point.has_gas, premium, is_agreed)
}

/// The engine's register for what a rule needs.
fn register(need: &Need, calendar: &Calendar, prices: Option<&[f64]>) -> Wanted {
    match need {
        Need::Sum(flow, weight) => {
            if let Some(price) = weight.interval_price() {
                return PricedRegister { flow: *flow, price }.into();
            }
            let of_day = |day: &Day| {
                day.range().map(|step| step_weight(weight, calendar, day, step, prices)).collect::<Vec<f64>>()
            };
            let weights = calendar.days().iter().flat_map(of_day).collect();
            Wanted::Sum(WeightedRegister { flow: *flow, weights })
        }
        Need::Peak(flow) => Wanted::Maximum(Maximum { flow: *flow, window: None }),
    }
}

/// The weight of a step of the run, as [`Weight::of_step`] has it in decimals; without prices they count as 0.
pub fn step_weight(weight: &Weight, calendar: &Calendar, day: &Day, step: usize, prices: Option<&[f64]>) -> f64 {
    let mean = |steps: Range<usize>| {
        let count = steps.len() as f64;
        prices.map_or(0.0, |prices| prices[steps].iter().sum::<f64>() / count)
    };
    let spot = || mean(step..step + 1);
    let hourly_spot = || mean(calendar.hour_of(step));
    match weight {
        Weight::One => 1.0,
        Weight::Slot(slot) => f64::from(u8::from(slot.holds(day, calendar.local_minute(step)))),
        Weight::Spot => spot(),
        Weight::Floored { share, markup, markdown } => {
            let (share, markup, markdown) = (float(*share), float(*markup), float(*markdown));
            (spot() - markdown).max(share * (spot() + markup))
        }
        Weight::HourlySpot => hourly_spot(),
        Weight::Below { reference, most } => (float(*reference) - hourly_spot()).max(0.0).min(float(*most)),
        Weight::SupplyDemandRatio { .. } => 0.0,
    }
}

/// The part of a year's gas that each period has: its degree days of those of its year of the run.
///
/// A day has max(0, 18 °C − its mean temperature) degree days. A year without any has its gas by days.
fn gas_parts(world: &World, borders: &[Date]) -> Vec<f64> {
    let calendar = &world.calendar;
    let temperature_c = &world.sky.weather.temperature_c;
    let degree_days = |day: &Day| {
        let mean = temperature_c[day.range()].iter().sum::<f64>() / day.steps.max(1) as f64;
        (HEATING_LIMIT_C - mean).max(0.0)
    };
    let of_days: Vec<f64> = calendar.days().iter().map(degree_days).collect();
    let mut of_years = vec![(0.0, 0.0); calendar.run_years()];
    for (day, degrees) in calendar.days().iter().zip(&of_days) {
        of_years[day.run_year].0 += degrees;
        of_years[day.run_year].1 += 1.0;
    }
    let part = |index: usize| {
        let (degrees, days) = of_years[calendar.days()[index].run_year];
        if degrees > 0.0 { of_days[index] / degrees } else { 1.0 / days }
    };
    let periods = crate::calendar::Periods::cut(calendar, borders);
    periods.all().iter().map(|period| period.days.clone().map(part).sum()).collect()
}
