//! The cooperative's books for people and programs: what each plant comes to, who sees which money, the yearly cash flow.

use std::fmt::Write as _;
use std::io::{self, Write};

use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use super::bills::money;
use super::files::number;
use super::metrics::{Definition, MetricValue};
use super::money::right_aligned;
use super::rounded;
use super::summary::thousands;
use crate::engine::world::World;
use crate::finance::books::{Books, FEED_IN, PlantAccount};
use crate::finance::ledger::{Ledger, Level};
use crate::finance::plant::Year;
use crate::rules::bill::eur;
use crate::rules::exact::{euros, float, shown};
use crate::rules::terms::word;

/// Every metric of the books, in the order it is shown: only of a run whose plants have any.
pub const BOOKS_METRICS: [Definition; 12] = [
    Definition {
        name: "books.plants",
        unit: "1",
        definition: "plants that have books; what follows is of them together",
    },
    Definition { name: "books.capex_eur", unit: "EUR", definition: "what they cost at the start, without VAT" },
    Definition {
        name: "books.net_present_value_eur",
        unit: "EUR",
        definition: "present value of their cash flow after tax, whoever finances it, at discount_fraction",
    },
    Definition {
        name: "books.internal_rate_of_return",
        unit: "1",
        definition: "the rate at which that value is 0; null if there is none or several",
    },
    Definition {
        name: "books.payback_years",
        unit: "years",
        definition: "years until that cash flow has paid back, without discount; null if it never does",
    },
    Definition {
        name: "books.discounted_payback_years",
        unit: "years",
        definition: "the same, discounted; null if it never does",
    },
    Definition {
        name: "books.levelised_cost_eur_per_kwh",
        unit: "EUR/kWh",
        definition: "discounted investment less grants and running costs, before tax, over discounted production; null without production",
    },
    Definition {
        name: "books.cost_covering_eur_per_kwh",
        unit: "EUR/kWh",
        definition: "price of a shared kWh, or of one fed in where none is shared, at which the value is 0; null of several plants",
    },
    Definition {
        name: "books.members_money_multiple",
        unit: "1",
        definition: "all that participations are paid over what they cost; null without participations",
    },
    Definition {
        name: "books.members_internal_rate_of_return",
        unit: "1",
        definition: "internal rate of return of participations; null without, or if there is none or several",
    },
    Definition {
        name: "books.lowest_cash_eur",
        unit: "EUR",
        definition: "lowest cash of a plant in a year: below 0 it cannot pay what it owes",
    },
    Definition { name: "books.ledger_sum_eur", unit: "EUR", definition: "sum of all accounts of the books: zero" },
];

/// The metrics of the books, in the order of [`BOOKS_METRICS`].
pub(super) fn metrics(books: &Books) -> [MetricValue; 12] {
    let together = &books.together;
    let cents = |cents: i64| Some(cents as f64 / 100.0);
    let tariff = match books.plants.as_slice() {
        [only] => only.tariff.cost_covering_eur_per_kwh.as_ref().ok().map(|eur| float(*eur)),
        _ => None,
    };
    [
        Some(books.plants.len() as f64),
        cents(together.capex_cents),
        Some(together.project.net_present_value_eur),
        together.project.internal_rate_of_return.as_ref().ok().copied(),
        together.project.payback_years,
        together.project.discounted_payback_years,
        together.levelised_cost_eur_per_kwh.as_ref().ok().copied(),
        tariff,
        together.money_multiple.map(float),
        together.members.as_ref().and_then(|members| members.internal_rate_of_return.as_ref().ok().copied()),
        cents(together.lowest_cash_cents),
        cents(books.sum_cents()),
    ]
    .map(|value| MetricValue::Number(value.map(rounded)))
}

/// The summary for people: what each plant comes to, who sees which money in a year, the ledgers.
pub fn summary(world: &World, books: &Books) -> String {
    let mut text = String::new();
    let mut header = vec!["The cooperative's books, EUR without VAT"];
    header.extend(books.plants.iter().map(|account| account.id.as_str()));
    let mut table = right_aligned(&header);
    let rate = shown(books.discount_fraction * Decimal::ONE_HUNDRED, 0, 2);
    for (name, of) in rows(&rate) {
        let mut cells = vec![name];
        cells.extend(books.plants.iter().map(&of));
        table.add_row(cells);
    }
    let _ = writeln!(text, "{table}");
    for account in &books.plants {
        text.push_str(&notes(account));
    }
    text.push_str(&levels_table(world, books));
    let sum = books.sum_cents();
    let verdict = if sum == 0 { "is zero" } else { "IS NOT ZERO" };
    let postings = books.lives.postings() + books.run.postings();
    let _ = writeln!(text, "Ledger of the books {verdict}: {} EUR over all accounts, {postings} postings", money(sum));
    text
}

type Cell = Box<dyn Fn(&PlantAccount) -> String>;

/// The rows of the table of plants: a name, and what each plant has there.
fn rows(rate: &str) -> Vec<(String, Cell)> {
    fn row(name: impl Into<String>, cell: impl Fn(&PlantAccount) -> String + 'static) -> (String, Cell) {
        (name.into(), Box::new(cell))
    }
    let start = |of: fn(&Year) -> i64| move |account: &PlantAccount| money(of(&account.table.years[0]));
    let first = |of: fn(&Year) -> i64| move |account: &PlantAccount| money(of(&account.table.years[1]));
    vec![
        row("Investment", start(|year| -year.capex_cents)),
        row("paid by grants", start(|year| year.grants_cents)),
        row("by participations of members", start(|year| year.shares_cents)),
        row("by loans", start(|year| year.loans_cents)),
        row("by the cooperative's own cash", start(|year| year.own_cash_cents)),
        row("Made in year 1, kWh", |account| thousands(float(account.plant.production_kwh))),
        row("Earned in year 1", first(Year::total_revenue_cents)),
        row("Running costs in year 1", first(|year| -year.running_cents())),
        row("Loans in year 1, interest and principal", first(|year| -(year.interest_cents + year.principal_cents))),
        row("Years of the life", |account| account.plant.life_years.to_string()),
        row(format!("Net present value at {rate} %"), |account| eur_words(account.worth.project.net_present_value_eur)),
        row("Internal rate of return", |account| percent(account.worth.project.internal_rate_of_return.as_ref().ok())),
        row("Payback", |account| years(account.worth.project.payback_years)),
        row(format!("Payback, discounted at {rate} %"), |account| {
            years(account.worth.project.discounted_payback_years)
        }),
        row("Levelised cost, EUR/kWh", |account| match &account.worth.levelised_cost_eur_per_kwh {
            Ok(eur) => format!("{eur:.4}"),
            Err(_) => "—".to_owned(),
        }),
        row("Cost-covering price, EUR/kWh", |account| match &account.tariff.cost_covering_eur_per_kwh {
            Ok(eur) => shown(*eur, 4, 4),
            Err(_) => "—".to_owned(),
        }),
        row("the same kWh are paid", |account| {
            account.tariff.paid_eur_per_kwh.map_or("—".to_owned(), |eur| shown(eur, 4, 4))
        }),
        row("A participation is paid over its life, times its price", |account| {
            account.worth.share.as_ref().map_or("—".to_owned(), |share| shown(share.money_multiple, 2, 2))
        }),
        row("Internal rate of return of a participation", |account| {
            percent(account.worth.members.as_ref().and_then(|members| members.internal_rate_of_return.as_ref().ok()))
        }),
    ]
}

/// What the table of plants cannot say: why a measure is not there, and what a board must know.
fn notes(account: &PlantAccount) -> String {
    let mut text = String::new();
    let mut note = |words: String| {
        let _ = writeln!(text, "{}: {words}", account.id);
    };
    let kwh =
        if account.tariff.line == FEED_IN { "a kWh that is fed in" } else { "a kWh that members share, without VAT" };
    note(format!("the cost-covering price is that of {kwh}"));
    if let Some(agreement) = &account.agreement {
        let cents = |amount| money(crate::rules::exact::cents(amount));
        note(format!(
            "by its agreement feed-in comes to {} in year 1, of which the supplier keeps {} for imbalance and {} as margin",
            cents(agreement.energy_eur),
            cents(agreement.imbalance_eur),
            cents(agreement.margin_eur)
        ));
    }
    let returns = [Some(&account.worth.project), account.worth.members.as_ref()].into_iter().flatten();
    let mut said = Vec::new();
    for error in returns.filter_map(|worth| worth.internal_rate_of_return.as_ref().err()).map(ToString::to_string) {
        if !said.contains(&error) {
            note(error.clone());
            said.push(error);
        }
    }
    if let Err(error) = &account.worth.levelised_cost_eur_per_kwh {
        note(error.to_string());
    }
    if let Err(error) = &account.tariff.cost_covering_eur_per_kwh {
        note(format!("no cost-covering price: {error}"));
    }
    let (year, cash) = account.table.lowest_cash();
    if cash < 0 {
        note(format!("it cannot pay what it owes: in year {year} its cash is {} EUR", money(cash)));
    }
    text
}

/// The levels, as the heading of a column has them.
const LEVELS: [(Level, &str); 8] = [
    (Level::Plant, "plants"),
    (Level::Member, "members"),
    (Level::Cooperative, "cooperative"),
    (Level::Supplier, "supplier"),
    (Level::GridOperator, "grid operator"),
    (Level::State, "state"),
    (Level::Lender, "lenders"),
    (Level::Contractor, "contractors"),
];

/// What each level receives in a year by each rule and each column of the cash flow.
fn levels_table(world: &World, books: &Books) -> String {
    let years = world.calendar.run_years() as i64;
    let of = if years == 1 { "in year 1" } else { "a year, mean of the run" };
    let first = format!("Received {of}, EUR");
    let mut header = vec![first.as_str()];
    header.extend(LEVELS.map(|(_, name)| name));
    let mut table = right_aligned(&header);
    let mut add = |name: &str, cents: &dyn Fn(Level) -> i64| {
        let mut cells = vec![name.to_owned()];
        cells.extend(LEVELS.map(|(level, _)| money(cents(level) / years)));
        table.add_row(cells);
    };
    for (rule, levels) in books.run.by_rule_of_all_years() {
        add(rule, &|level| levels.get(&level).copied().unwrap_or(0));
    }
    add("total", &|level| books.run.of_level_cents(level));
    let mut all = vec!["(the books alone, all years)".to_owned()];
    all.extend(LEVELS.map(|(level, _)| money(books.lives.of_level_cents(level))));
    table.add_row(all);
    format!("{table}\n")
}

fn eur_words(eur: f64) -> String {
    money((eur * 100.0).round() as i64)
}

fn percent(rate: Option<&f64>) -> String {
    rate.map_or("—".to_owned(), |rate| format!("{:.2} %", rate * 100.0))
}

fn years(years: Option<f64>) -> String {
    years.map_or("never".to_owned(), |years| format!("{years:.1} years"))
}

/// `cash_flow.csv`: a row per plant and year of its life, year 0 is the start.
///
/// # Errors
/// If writing fails.
pub fn write_cash_flow(out: &mut dyn Write, books: &Books) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    let Some(first) = books.plants.first() else { return csv.flush() };
    let unit = |name: &str, unit: &str| format!("{}_{unit}", name.replace([' ', '-'], "_"));
    let mut header = vec!["plant".to_owned(), "year".to_owned(), "production_kwh".to_owned()];
    header.extend(first.table.revenues.iter().map(|name| unit(name, "kwh")));
    header.extend(first.table.columns().into_iter().map(|name| unit(name, "eur")));
    header.extend(["cash", "depreciation", "loss carried", "paid per participation"].map(|name| unit(name, "eur")));
    csv.write_record(header)?;
    for account in &books.plants {
        for year in &account.table.years {
            let mut cells = vec![account.id.clone(), year.year.to_string(), shown(year.production_kwh, 0, 9)];
            cells.extend(year.revenue_kwh.iter().map(|kwh| shown(*kwh, 0, 9)));
            let rest = [year.cash_cents, year.depreciation_cents, year.loss_carried_cents];
            cells.extend(account.table.row(year).into_iter().chain(rest).map(|cents| shown(euros(cents), 2, 2)));
            let paid = account.worth.share.as_ref().and_then(|share| match year.year {
                0 => Some(-account.table.shares.price_eur),
                year => share.distribution_eur.get(year as usize - 1).copied(),
            });
            cells.push(paid.map(|eur| shown(eur, 2, 9)).unwrap_or_default());
            csv.write_record(cells)?;
        }
    }
    csv.flush()
}

/// `plants.csv`: a row per plant with books: what it comes to.
///
/// # Errors
/// If writing fails.
pub fn write_plants(out: &mut dyn Write, books: &Books) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "plant",
        "capex_eur",
        "net_present_value_eur",
        "internal_rate_of_return",
        "payback_years",
        "discounted_payback_years",
        "levelised_cost_eur_per_kwh",
        "cost_covering_of",
        "cost_covering_eur_per_kwh",
        "paid_eur_per_kwh",
        "participation_money_multiple",
        "participation_internal_rate_of_return",
        "lowest_cash_eur",
        "lowest_cash_year",
    ])?;
    let some = |value: Option<f64>| value.map(number).unwrap_or_default();
    let exact = |value: Option<Decimal>| value.map(|value| shown(value, 0, 9)).unwrap_or_default();
    for account in &books.plants {
        let (project, tariff) = (&account.worth.project, &account.tariff);
        let (year, cash) = account.table.lowest_cash();
        let members = account.worth.members.as_ref();
        csv.write_record([
            account.id.clone(),
            shown(euros(-account.table.years[0].capex_cents), 2, 2),
            number(project.net_present_value_eur),
            some(project.internal_rate_of_return.as_ref().ok().copied()),
            some(project.payback_years),
            some(project.discounted_payback_years),
            some(account.worth.levelised_cost_eur_per_kwh.as_ref().ok().copied()),
            tariff.line.to_owned(),
            exact(tariff.cost_covering_eur_per_kwh.as_ref().ok().copied()),
            exact(tariff.paid_eur_per_kwh),
            exact(account.worth.share.as_ref().map(|share| share.money_multiple)),
            some(members.and_then(|members| members.internal_rate_of_return.as_ref().ok().copied())),
            shown(euros(cash), 2, 2),
            year.to_string(),
        ])?;
    }
    csv.flush()
}

/// The ledgers of the books, for `run.json`.
pub fn to_json(books: &Books) -> Json {
    let ledger = |ledger: &Ledger| {
        let received = |cents: &dyn Fn(Level) -> i64| -> Json {
            LEVELS
                .map(|(level, _)| (word(&level), eur(cents(level))))
                .into_iter()
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        let by_rule = ledger.by_rule_of_all_years().into_iter().map(|(rule, levels)| {
            json!({ "rule": rule, "received_eur": received(&|level| levels.get(&level).copied().unwrap_or(0)) })
        });
        json!({
            "sum_eur": eur(ledger.sum_cents()),
            "postings": ledger.postings(),
            "received_eur": received(&|level| ledger.of_level_cents(level)),
            "by_rule": by_rule.collect::<Vec<Json>>(),
        })
    };
    json!({ "run": ledger(&books.run), "lives": ledger(&books.lives) })
}
