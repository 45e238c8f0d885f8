//! `kwartier settle`: given readings through the same sharing, rules and bills, without a simulation.

use std::path::PathBuf;

use clap::Args;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Value as Json;

use super::output::{Stop, load_plan, or_all_faults, print, print_json, show_faults};
use super::share::row;
use super::{Common, Format, ScenarioArgs};
use crate::calendar::Calendar;
use crate::engine::world::World;
use crate::neighbourhood;
use crate::report::bills::{self, PointBills};
use crate::rules::bill::Bill;
use crate::rules::meters::{self, Asked, Read, SharedStep};
use crate::rules::points;
use crate::rules::readings::{Life, Needs, Point};
use crate::rules::rulebook::{Rulebook, Span};
use crate::rules::settle::{Options, Refusal, settle as settle_point};
use crate::scenario::diagnostics;

#[derive(Args, Debug)]
pub(super) struct SettleArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The readings: yearly registers or intervals
    #[arg(
        long,
        value_name = "FILE",
        help = "The readings: yearly registers (id,year,import_kwh,export_kwh,gas_m3 …) or intervals (time,id,import_kwh,export_kwh …)"
    )]
    meters: PathBuf,
}

/// The bills of one reading, or why they cannot be made.
type Settled = Result<Vec<Bill>, Vec<Refusal>>;

pub(super) fn settle(args: &SettleArgs, common: &Common) -> Result<(), Stop> {
    let (plan, mut loaded) = load_plan(&args.scenario)?;
    let Some(rules) = &plan.rules else {
        let message = "this scenario has no [rules]: add them, with book = \"nl\" and a contract, to make bills";
        return Err(Stop::Usage(message.to_owned()));
    };
    let book = Rulebook::read(rules, plan.shared_price.as_ref(), &mut loaded.faults);
    let book = or_all_faults(book, &mut loaded)?;
    let homes = neighbourhood::homes(&plan);
    let points = points::of_plan(&plan, &homes);
    let calendar = plan.calendar().expect("the check has made the axis of every plan");
    // Only what is priced by the step needs the price of each step, and the weather that makes it.
    let prices = if needs_prices(&book, &points, &calendar) {
        let world = World::new(plan.clone(), &mut loaded.faults);
        let world = or_all_faults(world, &mut loaded)?;
        Some(or_all_faults(world.prices(), &mut loaded)?)
    } else {
        None
    };
    let prices_eur_per_kwh = prices.as_ref().map(|prices| prices.as_slice());
    let asked = Asked { plan: &plan, points: &points, book: &book, calendar: &calendar, prices_eur_per_kwh };
    let Some(reads) = meters::read(&args.meters, &asked, &mut loaded.faults) else {
        diagnostics::sort(&mut loaded.faults);
        return Err(Stop::Input(loaded.faults));
    };
    let settled: Vec<(Vec<Span<'_>>, Settled)> = reads
        .iter()
        .map(|read| {
            let spans = book.spans(&read.as_read, read.from, read.until);
            let options = Options { life: Life::Actual, explains: false };
            let bills = settle_point(&book, &spans, &read.as_read, &read.readings, options);
            (spans, bills)
        })
        .collect();
    let refusals: Vec<Refusal> =
        settled.iter().filter_map(|(_, bills)| bills.as_ref().err()).flatten().cloned().collect();
    if !refusals.is_empty() {
        loaded.faults.extend(book.faults_of(&refusals));
        diagnostics::sort(&mut loaded.faults);
        return Err(Stop::Input(loaded.faults));
    }
    if !common.quiet {
        show_faults(&loaded.faults);
    }
    let spans: Vec<Span<'_>> = settled.iter().flat_map(|(spans, _)| spans.iter().cloned()).collect();
    let bills: Vec<PointBills<'_>> = reads
        .iter()
        .zip(&settled)
        .map(|(read, (_, bills)): (&Read, _)| PointBills {
            id: &read.as_read.id,
            bills: bills.as_ref().map_or(&[][..], Vec::as_slice),
        })
        .collect();
    match common.format {
        Format::Table => print(&bills::text(&bills, &book, &spans)),
        Format::Json => {
            let mut json = bills::to_json(&bills, &book, &spans);
            json["sharing"] = sharing(&reads, &calendar).into();
            print_json(&json)
        }
    }
}

/// Whether a rule in force for any of the points is settled at the price of each step.
fn needs_prices(book: &Rulebook, points: &[Point], calendar: &Calendar) -> bool {
    let days = calendar.days();
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return false };
    let until = last.date.tomorrow().unwrap_or(last.date);
    points.iter().any(|point| {
        let mut needs = Needs::default();
        Rulebook::ask(&book.spans(point, first.date, until), &mut needs);
        needs.is_of_prices()
    })
}

/// What was shared, step by step, in the order of steps and points; nothing of yearly registers.
fn sharing(reads: &[Read], calendar: &Calendar) -> Vec<Json> {
    let mut steps: Vec<(usize, usize, &Read, &SharedStep)> =
        reads.iter().flat_map(|read| read.shared.iter().map(move |step| (step.step, read.point, read, step))).collect();
    steps.sort_by_key(|(step, point, ..)| (*step, *point));
    let number = |kwh: Decimal| kwh.to_f64().unwrap_or_default();
    let row = |(at, _, read, step): &(usize, usize, &Read, &SharedStep)| {
        row(&calendar.instant(*at).to_string(), &read.as_read.id, number(step.in_kwh), number(step.out_kwh))
    };
    steps.iter().map(row).collect()
}
