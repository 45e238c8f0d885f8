//! `kwartier explain`: the audit trail.

use std::convert::Infallible;

use clap::{Args, Subcommand};

use super::output::{Stop, load_world, print, print_json};
use super::progress::Progress;
use super::run::read_book;
use super::{Common, Format, ScenarioArgs};
use crate::engine::world::World;
use crate::engine::{self, Next};
use crate::finance::books::Agreements;
use crate::neighbourhood::{find_home, home_id};
use crate::report::explain::{self, Row};
use crate::report::explain_bill::{Explained, heaviest_steps};
use crate::report::explain_sharing;
use crate::rules::billing::Billing;
use crate::rules::settle::Refusal;
use crate::scenario::diagnostics::nearest;
use crate::scenario::plan::Group;

#[derive(Debug, Subcommand)]
pub(super) enum ExplainCommand {
    /// Every number of one step of one home, from the sun to the meter
    Quarter(QuarterArgs),
    /// Who got the local kWh: each round of the key with its numbers, for one home or plant
    Sharing(QuarterArgs),
    /// The bill of one home: each line with its rule, source, formula and registers
    Bill(BillArgs),
}

#[derive(Args, Debug)]
pub(super) struct QuarterArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The home: <group>-<n>, or the group's id if it has one home; of sharing also a plant
    #[arg(long, value_name = "ID")]
    home: String,
    /// The time: local (2027-06-21T12:00), or with Z or an offset; the step that holds it is explained
    #[arg(long, value_name = "TIME")]
    at: String,
}

#[derive(Args, Debug)]
pub(super) struct BillArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// The home: <group>-<n>, or the group's id if it has one home; or a plant
    #[arg(long, value_name = "ID")]
    home: String,
    /// The contract year, by the calendar year in which it begins. Default: the first of the run
    #[arg(long, value_name = "YEAR")]
    year: Option<i16>,
    /// One line of the bill, by its number: down to the months and to the steps that weigh most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    line: Option<u16>,
}

pub(super) fn explain(command: &ExplainCommand, common: &Common) -> Result<(), Stop> {
    match command {
        ExplainCommand::Quarter(args) => quarter(args, common),
        ExplainCommand::Sharing(args) => sharing(args, common),
        ExplainCommand::Bill(args) => bill(args, common),
    }
}

/// The home that is asked for.
fn home_of(world: &World, id: &str) -> Result<usize, Stop> {
    find_home(&world.plan, &world.homes, id).ok_or_else(|| {
        let ids: Vec<String> = world.homes.iter().map(|home| home_id(&world.plan, home)).collect();
        if ids.is_empty() {
            return Stop::Usage("--home: this scenario has no homes or businesses".to_owned());
        }
        let named = |group: &Group| match group.count {
            0 => None,
            1 => Some(group.id.clone()),
            count => Some(format!("{0}-1 to {0}-{count}", group.id)),
        };
        let groups: Vec<String> = world.plan.groups.iter().filter_map(named).collect();
        let hint = match nearest(id, ids.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}? there are {}", groups.join(", ")),
            None => format!("there are {}", groups.join(", ")),
        };
        Stop::Usage(format!("--home: there is no home \"{id}\"; {hint}"))
    })
}

fn bill(args: &BillArgs, common: &Common) -> Result<(), Stop> {
    let (world, mut loaded) = load_world(&args.scenario, common)?;
    let Some(book) = read_book(&world.plan, &mut loaded, common)? else {
        let message = "this scenario has no [rules]: add them, with book = \"nl\" and a contract, to make bills";
        return Err(Stop::Usage(message.to_owned()));
    };
    let billing = Billing::new(&world, &book).map_err(Stop::Input)?;
    let plant = billing.points.iter().skip(world.homes.len()).position(|point| point.id == args.home);
    let home = match plant {
        Some(plant) => world.homes.len() + plant,
        None => home_of(&world, &args.home)?,
    };
    let days = world.calendar.days().len();
    let mut progress = Progress::new(days, world.homes.len(), common.quiet);
    let mut options = billing.options(false);
    let agreements = Agreements::new(&world, &mut options).map_err(Stop::Input)?;
    let outcome = engine::run(&world, &options, |_| {
        progress.day();
        Ok::<_, Infallible>(Next::GoOn)
    });
    progress.finish();
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(never) => match never {},
    };
    let refused = |refusals: Vec<Refusal>| Stop::Input(book.faults_of(&refusals));
    let explained = Explained::of(&world, &billing, &agreements, &outcome, home, args.year).map_err(refused)?;
    let Some(explained) = explained else {
        let year = args.year.map_or(String::new(), |year| format!(" that begins in {year}"));
        return Err(Stop::Usage(format!("--year: the run has no contract year{year}")));
    };
    let Some(number) = args.line.map(usize::from) else {
        return match common.format {
            Format::Table => print(&explained.text(&billing)),
            Format::Json => print_json(&explained.to_json(&billing)),
        };
    };
    let lines = explained.bill.lines.len();
    let Some(line) = explained.bill.lines.get(number - 1) else {
        return Err(Stop::Usage(format!("--line: the bill has {lines} lines")));
    };
    let steps = if home < world.homes.len() && !line.registers.is_empty() {
        let mut progress = Progress::new(days, world.homes.len(), common.quiet);
        let steps = heaviest_steps(&world, &billing, home, line, || progress.day());
        progress.finish();
        steps
    } else {
        Vec::new()
    };
    match common.format {
        Format::Table => print(&explained.line_down(&world, &billing, number, &steps)),
        Format::Json => print_json(&explained.line_down_json(&world, &billing, number, &steps)),
    }
}

fn sharing(args: &QuarterArgs, common: &Common) -> Result<(), Stop> {
    let (world, _) = load_world(&args.scenario, common)?;
    let step = step_of(&world, &args.at)?;
    let plants = world.plan.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
    let plant = plants.map(|plant| &plant.id).position(|id| *id == args.home);
    let party = match plant {
        Some(plant) => world.homes.len() + plant,
        None => home_of(&world, &args.home)?,
    };
    let mut progress = Progress::new(world.calendar.day_of(step) + 1, world.homes.len(), common.quiet);
    let rows = explain_sharing::sharing(&world, party, step, || progress.day());
    progress.finish();
    show(&rows, common)
}

/// The step that holds a time.
fn step_of(world: &World, at: &str) -> Result<usize, Stop> {
    explain::step_at(&world.calendar, at).map_err(|error| Stop::Usage(format!("--at: {error}")))
}

fn show(rows: &[Row], common: &Common) -> Result<(), Stop> {
    match common.format {
        Format::Table => print(&explain::table(rows)),
        Format::Json => print_json(&explain::to_json(rows)),
    }
}

fn quarter(args: &QuarterArgs, common: &Common) -> Result<(), Stop> {
    let (world, _) = load_world(&args.scenario, common)?;
    let step = step_of(&world, &args.at)?;
    let home = home_of(&world, &args.home)?;
    let mut progress = Progress::new(world.calendar.day_of(step) + 1, world.homes.len(), common.quiet);
    let rows = explain::quarter(&world, home, step, || progress.day());
    progress.finish();
    show(&rows, common)
}
