//! `kwartier run`: simulate, print the summary, write the results.
//!
//! A scenario with a table of neighbourhoods is run by [`neighbourhoods`].

mod neighbourhoods;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::output::{Stop, load_plan, or_all_faults, print, print_json, show_faults, world_of};
use super::progress::Progress;
use super::{Common, Format, ScenarioArgs};
use crate::engine::world::World;
use crate::engine::{self, Next, Options, Outcome};
use crate::finance::books::{Agreements, Books};
use crate::neighbourhood::home_id;
use crate::report;
use crate::report::bills::{self, PointBills};
use crate::report::files::{self, HomesTable, OutFolder, WriteError};
use crate::report::metrics::Metrics;
use crate::report::money::{self, Money};
use crate::report::rounded;
use crate::report::summary::summary;
use crate::rules::billing::{Billing, RunBills};
use crate::rules::rulebook::Rulebook;
use crate::scenario::Loaded;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::Plan;

/// Set by Ctrl-C; the run ends after the day it is at.
static INTERRUPTED: AtomicBool = AtomicBool::new(false);

#[derive(Args, Debug)]
pub(super) struct RunArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Write the results into this folder: summary.json, members.csv, quarters.csv, run.json; of a table of neighbourhoods
    /// summary.json, neighbourhoods.csv, run.json, and until these are whole a journal, by which an interrupted run goes on
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write more series: `homes` adds homes.csv, every home in every step (large)
    #[arg(long, value_enum, value_name = "WHAT", requires = "out")]
    series: Vec<Series>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Series {
    /// Every home in every step
    Homes,
}

pub(super) fn run(args: &RunArgs, common: &Common) -> Result<(), Stop> {
    let begun = Instant::now();
    let (plan, loaded) = load_plan(&args.scenario)?;
    if plan.neighbourhoods.is_some() {
        return neighbourhoods::run(plan, loaded, args, common, begun);
    }
    let (world, mut loaded) = world_of(plan, loaded, common)?;
    let book = read_book(&world.plan, &mut loaded, common)?;
    let billing = book.as_ref().map(|book| Billing::new(&world, book)).transpose().map_err(Stop::Input)?;
    let mut folder = args.out.as_deref().map(OutFolder::create).transpose()?;
    let record = args.series.contains(&Series::Homes);
    let mut homes_table = match (&mut folder, record) {
        (Some(folder), true) => {
            let file = folder.open("homes.csv")?;
            Some(HomesTable::new(file, &world).map_err(|source| cannot_write("homes.csv", args, source))?)
        }
        _ => None,
    };
    // Only now are there files to clean up: before, Ctrl-C simply ends the program.
    heed_interrupts();
    let prepared = begun.elapsed();
    let mut progress = Progress::new(world.calendar.days().len(), world.homes.len(), common.quiet);
    let mut options = billing.as_ref().map_or_else(|| Options { record, ..Options::default() }, |b| b.options(record));
    let agreements = Agreements::new(&world, &mut options).map_err(Stop::Input)?;
    let outcome = engine::run(&world, &options, |flows| {
        if let Some(table) = &mut homes_table {
            table.write_day(&world, flows).map_err(|source| cannot_write("homes.csv", args, source))?;
        }
        progress.day();
        not_interrupted()?;
        Ok::<_, Stop>(Next::GoOn)
    });
    let simulated = progress.finish();
    let outcome = outcome?;
    if !outcome.balance.holds() {
        return Err(Stop::OwnCheck(balance_failure(&world, &outcome)));
    }
    let money = billing.as_ref().map(|billing| settled(&world, &outcome, billing, &agreements)).transpose()?;
    let money = money.as_ref();
    let bills = billing.as_ref().zip(money).map(|(billing, money)| (billing.book, &money.bills));
    let books = books_of(&world, &outcome, &agreements, bills)?;
    let books = books.as_ref();
    let metrics = Metrics::of(&world, &outcome, money, books);
    if let Some(mut folder) = folder {
        if let Some(table) = homes_table {
            table.finish().map_err(|source| cannot_write("homes.csv", args, source))?;
        }
        folder.write("summary.json", |out| files::write_json(out, &metrics.to_json()))?;
        folder.write("members.csv", |out| files::write_members(out, &world, &outcome, money))?;
        if let (Some(billing), Some(money)) = (&billing, money) {
            let points = billing.points.iter().zip(&money.bills.actual);
            let points = points.map(|(point, bills)| PointBills { id: &point.id, bills });
            folder.write("bills.csv", |out| bills::write_csv(out, points))?;
            folder.write("public.csv", |out| money::write_public(out, money))?;
        }
        if let Some(books) = books {
            folder.write("cash_flow.csv", |out| report::books::write_cash_flow(out, books))?;
            folder.write("plants.csv", |out| report::books::write_plants(out, books))?;
        }
        folder.write("quarters.csv", |out| files::write_quarters(out, &world, &outcome))?;
        let manifest = Manifest {
            plan: &world.plan,
            data_files: &world.plan.data_files(),
            balance: balance(&world, &outcome),
            money: billing.as_ref().zip(money).map(|(billing, money)| money::to_json(&world, billing, money)),
            books: books.map(report::books::to_json),
            timings: Timings { prepared, simulated, home_steps: world.homes.len() * world.calendar.steps() },
        };
        folder.write("run.json", |out| files::write_json(out, &manifest.to_json(&loaded)))?;
        not_interrupted()?;
        folder.finish()?;
    }
    match common.format {
        Format::Table => {
            let money = billing.as_ref().zip(money).map(|(billing, money)| money::summary(&world, billing, money));
            let books = books.map(|books| report::books::summary(&world, books));
            let parts: Vec<String> =
                [Some(summary(&world, &outcome, &metrics)), money, books].into_iter().flatten().collect();
            print(&parts.join("\n"))
        }
        Format::Json => print_json(&metrics.to_json()),
    }
}

/// The rulebook of a plan with rules; warnings are shown unless quiet, and kept.
pub(super) fn read_book(plan: &Plan, loaded: &mut Loaded, common: &Common) -> Result<Option<Rulebook>, Stop> {
    let Some(rules) = &plan.rules else { return Ok(None) };
    let mut warnings = Vec::new();
    let book = Rulebook::read(rules, plan.shared_price.as_ref(), &mut warnings);
    if !common.quiet {
        show_faults(&warnings);
    }
    loaded.faults.extend(warnings);
    or_all_faults(book, loaded).map(Some)
}

/// Settles a run; what is not known is refused, and a ledger that is not zero is our own fault.
fn settled(world: &World, outcome: &Outcome, billing: &Billing<'_>, agreements: &Agreements) -> Result<Money, Stop> {
    let money = Money::of(world, outcome, billing, agreements)
        .map_err(|refusals| Stop::Input(billing.book.faults_of(&refusals)))?;
    if money.ledger.sum_cents() != 0 {
        let sum = bills::money(money.ledger.sum_cents());
        return Err(Stop::OwnCheck(format!("the ledger does not close: the sum of all accounts is {sum} EUR")));
    }
    Ok(money)
}

/// The books of the plants; an amount out of all proportion is refused, and a ledger that is not zero is our own fault.
fn books_of(
    world: &World,
    outcome: &Outcome,
    agreements: &Agreements,
    bills: Option<(&Rulebook, &RunBills)>,
) -> Result<Option<Books>, Stop> {
    let books = Books::of(world, outcome, agreements, bills).map_err(|error| {
        let plants = world.plan.cooperative.as_ref().map_or(&[][..], |cooperative| &cooperative.plants);
        let origin = plants.get(error.index).and_then(|plant| plant.books.as_ref()?.origin.as_ref());
        let fault = Fault::error("kwartier::finance::plant", error.to_string());
        Stop::Input(vec![match origin {
            Some(origin) => fault.at(origin, "the books of this plant cannot be made"),
            None => fault,
        }])
    })?;
    if let Some(sum) = books.as_ref().map(Books::sum_cents).filter(|sum| *sum != 0) {
        let sum = bills::money(sum);
        return Err(Stop::OwnCheck(format!("the ledger of the books does not close: it is off by {sum} EUR")));
    }
    Ok(books)
}

/// Lets Ctrl-C end the run where it leaves no half-written file, instead of at once.
fn heed_interrupts() {
    // A second handler cannot be set, and there is none before this one; without it Ctrl-C still ends the program.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
}

fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

fn not_interrupted() -> Result<(), Stop> {
    if is_interrupted() {
        return Err(Stop::Machine("interrupted; no results were written".to_owned()));
    }
    Ok(())
}

fn cannot_write(name: &str, args: &RunArgs, source: std::io::Error) -> Stop {
    let path = args.out.clone().unwrap_or_default().join(name);
    WriteError { path, source }.into()
}

fn balance_failure(world: &World, outcome: &Outcome) -> String {
    let balance = &outcome.balance;
    let home = match balance.worst_home {
        Some((home, residual)) => format!("home {} {residual:.1e}", home_id(&world.plan, &world.homes[home])),
        None => "no homes".to_owned(),
    };
    format!(
        "the energy balance does not close: {home}, community {:.1e}, sharing {:.1e} of the throughput, at most {:.0e}",
        balance.community,
        balance.sharing,
        engine::BALANCE_TOLERANCE
    )
}

fn balance(world: &World, outcome: &Outcome) -> serde_json::Value {
    let balance = &outcome.balance;
    let worst = balance
        .worst_home
        .map(|(home, residual)| json!({ "home": home_id(&world.plan, &world.homes[home]), "residual": residual }));
    json!({
        "tolerance": engine::BALANCE_TOLERANCE,
        "worst_home": worst,
        "community": balance.community,
        "sharing": balance.sharing,
    })
}

/// `run.json`: the only file with time, threads, host and timings.
struct Manifest<'a> {
    plan: &'a Plan,
    data_files: &'a [PathBuf],
    balance: serde_json::Value,
    money: Option<serde_json::Value>,
    books: Option<serde_json::Value>,
    timings: Timings,
}

/// How long it took, and for how much.
struct Timings {
    prepared: Duration,
    simulated: Duration,
    home_steps: usize,
}

impl Manifest<'_> {
    fn to_json(&self, loaded: &Loaded) -> serde_json::Value {
        let [prepared_s, simulated_s] = [self.timings.prepared, self.timings.simulated].map(|time| time.as_secs_f64());
        let home_steps = self.timings.home_steps as f64;
        json!({
            "schema": 1,
            "program": "kwartier",
            "version": env!("CARGO_PKG_VERSION"),
            "time": jiff::Timestamp::now().to_string(),
            "host": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH },
            "threads": rayon::current_num_threads(),
            "seed": self.plan.seed,
            "scenario_files": loaded.files.iter().map(|file| files::file_hash(file)).collect::<Vec<_>>(),
            "data_files": self.data_files.iter().map(|file| files::file_hash(file)).collect::<Vec<_>>(),
            "scenario": loaded.written,
            "neighbourhood": self.plan.row.as_ref().map(|row| &row.id),
            "defaults": loaded.defaults.iter().cloned().collect::<serde_json::Map<_, _>>(),
            "warnings": loaded.faults.iter().map(Fault::to_json).collect::<Vec<_>>(),
            "balance": self.balance,
            "money": self.money,
            "books": self.books,
            "timings": {
                "prepare_s": rounded(prepared_s),
                "simulate_s": rounded(simulated_s),
                "ns_per_home_step": if home_steps > 0.0 { rounded(simulated_s * 1e9 / home_steps) } else { 0.0 },
            },
        })
    }
}
