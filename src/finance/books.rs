//! The books of a cooperative's plants: year 1 as a run makes it, the cash flow of each plant over its life, its postings.
//!
//! Year 1 is the run; of a run of several years it is their mean. Its kWh are what the plant made, what members took of it, and
//! the rest, which is fed in. Members pay the price of `[sharing]`; the feed-in is paid by the plant's agreement, or as on
//! its bill; a premium is that of its bill. Prices and weather of year 1 stand for every later year; production falls, and what
//! has an index rises.
//!
//! Every entry of the cash flow is a posting between the plant and who pays or receives it, so the ledger of all lives is zero,
//! and so is that of the run's bills with the first year of each plant.

mod agreements;

use jiff::civil::Date;
use rust_decimal::Decimal;

pub use self::agreements::{AGREEMENT, Agreements};
use super::agreement::{Index, Settlement};
use super::ledger::{Account, Ledger, Posting};
use super::loan::{Loan, Period, Repayment};
use super::measures::{MeasureError, levelised_cost_eur_per_kwh};
use super::plant::{CashFlow, Plant, PlantError, PlantWorth, Replacement, Revenue, Tax, Worth, Year};
use super::share::Shares;
use super::tariff::{TariffError, cost_covering_eur_per_kwh};
use crate::engine::Outcome;
use crate::engine::world::World;
use crate::neighbourhood::Pv;
use crate::rules::bill::{Bill, Line};
use crate::rules::billing::RunBills;
use crate::rules::exact::{cents, euros, float, of_register};
use crate::rules::rulebook::Rulebook;
use crate::rules::terms::Party;
use crate::scenario::language::{LoanKind, LoanPaid};
use crate::scenario::plan::{self, Cooperative, PlantBooks, PriceTerms};

/// The line of revenue of what members take.
pub const SHARED: &str = "shared";

/// That of what no member takes.
pub const FEED_IN: &str = "feed-in";

/// That of premiums.
pub const PREMIUM: &str = "premium";

/// The kinds of rules that are premiums of a plant.
const PREMIUM_KINDS: [&str; 2] = ["production-premium", "shared-premium"];

/// The books of all plants that have them.
#[derive(Debug)]
pub struct Books {
    /// Each plant, in the order of the scenario.
    pub plants: Vec<PlantAccount>,
    /// The discount rate, and the return that is wanted.
    pub discount_fraction: Decimal,
    /// All plants as one.
    pub together: Together,
    /// Every entry of every cash flow.
    pub lives: Ledger,
    /// The run's bills, and the first year of each plant as often as the run has years.
    pub run: Ledger,
}

/// A plant and what it comes to.
#[derive(Debug)]
pub struct PlantAccount {
    /// Its id.
    pub id: String,
    /// Its index among the plants of the scenario.
    pub index: usize,
    /// What it costs and earns.
    pub plant: Plant,
    /// Its cash flow.
    pub table: CashFlow,
    /// What that is worth.
    pub worth: PlantWorth,
    /// What its agreement comes to in year 1; `None` without one.
    pub agreement: Option<Settlement>,
    /// The price that would cover its costs.
    pub tariff: Tariff,
}

/// The price of a kWh at which a plant, and the supplier that it sells to, break even.
#[derive(Debug)]
pub struct Tariff {
    /// The kWh that it is of: [`SHARED`] where members take any, else [`FEED_IN`].
    pub line: &'static str,
    /// What they are paid with in year 1, EUR/kWh; by an agreement before imbalance and margin. `None` without such kWh.
    pub paid_eur_per_kwh: Option<Decimal>,
    /// What covers all costs at the wanted return, EUR/kWh; by an agreement before imbalance and margin.
    pub cost_covering_eur_per_kwh: Result<Decimal, TariffError>,
}

/// All plants with books as one.
#[derive(Debug)]
pub struct Together {
    /// What they cost, cents.
    pub capex_cents: i64,
    /// The plants themselves, whoever finances them.
    pub project: Worth,
    /// What members pay for participations and are paid; `None` without.
    pub members: Option<Worth>,
    /// What members are paid over what they paid; `None` without participations.
    pub money_multiple: Option<Decimal>,
    /// Discounted cost over discounted energy.
    pub levelised_cost_eur_per_kwh: Result<f64, MeasureError>,
    /// The lowest cash of a plant in a year, cents.
    pub lowest_cash_cents: i64,
}

/// Why the books of a plant cannot be made.
#[derive(Debug, PartialEq, thiserror::Error)]
#[error("plant \"{id}\": {source}")]
pub struct BooksError {
    /// The plant.
    pub id: String,
    /// Its index.
    pub index: usize,
    /// Why.
    pub source: PlantError,
}

/// A year of a plant as the run makes it.
#[derive(Clone, Debug, Default)]
struct FirstYear {
    made_kwh: Decimal,
    shared_kwh: Decimal,
    /// Without VAT.
    shared_eur_per_kwh: Decimal,
    /// Of bills, without what its agreement pays.
    feed_in_eur: Decimal,
    premium_eur: Decimal,
    premium_kwh: Decimal,
    /// Whether the premium is on what is made, as far as it counts.
    is_on_production: bool,
    premium_years: u32,
}

impl Books {
    /// The books of a run; `None` if no plant has any.
    ///
    /// * `bills` – the rules, and the bills that they made; `None` without rules.
    ///
    /// # Errors
    /// If an amount is out of all proportion.
    pub fn of(
        world: &World,
        outcome: &Outcome,
        agreements: &Agreements,
        bills: Option<(&Rulebook, &RunBills)>,
    ) -> Result<Option<Books>, BooksError> {
        let Some(cooperative) = &world.plan.cooperative else { return Ok(None) };
        let mut plants = Vec::new();
        for (index, planned) in cooperative.plants.iter().enumerate() {
            let Some(books) = &planned.books else { continue };
            let of_point = bills.map(|(book, bills)| (book, bills.actual[world.homes.len() + index].as_slice()));
            let first = first_year(world, outcome, index, planned, agreements, of_point);
            let account = account(world, outcome, agreements, cooperative, (index, books), &first);
            plants.push(account.map_err(|source| BooksError { id: planned.id.clone(), index, source })?);
        }
        if plants.is_empty() {
            return Ok(None);
        }
        let rate = float(cooperative.discount_fraction);
        let lives = lives(&plants, world.plan.start);
        let run = run_ledger(world, &plants, bills.map(|(_, bills)| bills));
        Ok(Some(Books {
            together: Together::of(&plants, rate),
            discount_fraction: cooperative.discount_fraction,
            plants,
            lives,
            run,
        }))
    }

    /// The sum of all accounts of both ledgers, cents: zero.
    pub fn sum_cents(&self) -> i64 {
        self.lives.sum_cents().abs() + self.run.sum_cents().abs()
    }
}

/// The mean year of the run.
fn first_year(
    world: &World,
    outcome: &Outcome,
    index: usize,
    planned: &plan::Plant,
    agreements: &Agreements,
    bills: Option<(&Rulebook, &[Bill])>,
) -> FirstYear {
    let run_years = Decimal::from(world.calendar.run_years());
    let months = &outcome.plants[index];
    let made_kwh = of_register(months.iter().map(|month| month.generation_kwh).sum()) / run_years;
    let shared_kwh = of_register(months.iter().map(|month| month.shared_out_kwh).sum()) / run_years;
    let price = world.plan.shared_price.as_ref().map_or(Decimal::ZERO, |price| {
        let standard = || bills.and_then(|(book, _)| Some(book.vat.last()?.fraction));
        let vat = price.vat_fraction.or_else(standard).unwrap_or_default();
        match price.terms {
            PriceTerms::Fixed { eur_per_kwh, includes_vat: true } => eur_per_kwh / (Decimal::ONE + vat),
            PriceTerms::Fixed { eur_per_kwh, includes_vat: false } => eur_per_kwh,
            PriceTerms::SupplyDemandRatio { .. } if shared_kwh.is_zero() => Decimal::ZERO,
            PriceTerms::SupplyDemandRatio { .. } => {
                agreements.shared_eur(outcome, index).unwrap_or_default() / run_years / shared_kwh
            }
        }
    });
    let mut year =
        FirstYear { made_kwh, shared_kwh: shared_kwh.min(made_kwh), shared_eur_per_kwh: price, ..FirstYear::default() };
    let Some((book, bills)) = bills else { return year };
    let kind = |line: &Line| book.find(&line.rule).map_or("", |rule| rule.kind);
    for line in bills.iter().flat_map(|bill| &bill.lines).filter(|line| line.rule != AGREEMENT) {
        let earned_eur = -euros(line.amount_cents()) / run_years;
        if PREMIUM_KINDS.contains(&kind(line)) {
            year.premium_eur += earned_eur;
            year.premium_kwh += line.base / run_years;
            year.is_on_production |= kind(line) == PREMIUM_KINDS[0];
        } else {
            year.feed_in_eur += earned_eur;
        }
    }
    year.premium_years = premium_years(book, planned, world.plan.start);
    year
}

/// Whole years for which a plant still gets its premium at the start; without an end more than any life.
fn premium_years(book: &Rulebook, planned: &plan::Plant, start: Date) -> u32 {
    let granted = planned.premium.as_ref().and_then(|(id, granted)| {
        let years = book.find(id)?.versions.first()?.instrument.granted_years()?;
        Some((granted.unwrap_or(start), years))
    });
    let Some((granted, years)) = granted else { return u32::MAX };
    let months_between = |from: Date, until: Date| {
        let months = (i32::from(until.year()) - i32::from(from.year())) * 12 + i32::from(until.month() - from.month());
        if until.day() < from.day() { months - 1 } else { months }
    };
    let months_left = i32::from(years) * 12 - months_between(granted, start).max(0);
    u32::try_from(months_left / 12).unwrap_or(0)
}

/// The cash flow of a plant, and what it comes to.
fn account(
    world: &World,
    outcome: &Outcome,
    agreements: &Agreements,
    cooperative: &Cooperative,
    (index, books): (usize, &PlantBooks),
    first: &FirstYear,
) -> Result<PlantAccount, PlantError> {
    let run_years = Decimal::from(world.calendar.run_years());
    let fed_in_kwh = first.made_kwh - first.shared_kwh;
    let mut plant = costs_of(world, cooperative, (index, books));
    plant.production_kwh = first.made_kwh;
    let sold = |name: &str, eur_per_kwh: Decimal, kwh: Decimal| Revenue::Sold {
        name: name.to_owned(),
        eur_per_kwh,
        kwh,
        index: Index::default(),
    };
    let per_kwh = |eur: Decimal, kwh: Decimal| if kwh.is_zero() { Decimal::ZERO } else { eur / kwh };
    let mut settlement = None;
    let feed_in = match &books.agreement {
        Some(planned) => {
            let agreement = agreements::of_plan(planned);
            let mut sums = agreements.sums(outcome, index, 0..outcome.periods().all().len());
            for sum in [&mut sums.spot_eur, &mut sums.clamped_eur] {
                *sum /= run_years;
            }
            // As the other lines have it: both are sums over the same steps, in another order.
            sums.kwh = fed_in_kwh;
            settlement = Some(agreement.settle(1, &sums)?);
            Revenue::Agreement { name: FEED_IN.to_owned(), agreement, sums, spot_index: Index::default() }
        }
        None => sold(FEED_IN, per_kwh(first.feed_in_eur, fed_in_kwh), fed_in_kwh),
    };
    if books.agreement.is_some() || fed_in_kwh.is_zero() {
        // What its bills ask beside the agreement is a cost.
        plant.upkeep_eur_per_year += (-first.feed_in_eur).max(Decimal::ZERO);
    }
    let premium_kwh = first.premium_kwh.min(first.made_kwh);
    let counts = first.is_on_production && premium_kwh < first.made_kwh;
    let premium = Revenue::Premium {
        name: PREMIUM.to_owned(),
        eur_per_kwh: per_kwh(first.premium_eur, premium_kwh),
        kwh: if counts { first.made_kwh } else { premium_kwh },
        most_kwh: counts.then_some(premium_kwh),
        years: first.premium_years,
    };
    plant.revenues = vec![sold(SHARED, first.shared_eur_per_kwh, first.shared_kwh), feed_in, premium];
    let table = plant.cash_flow()?;
    let worth = table.worth(float(cooperative.discount_fraction));
    let tariff = tariff_of(&plant, books, settlement.as_ref(), cooperative.discount_fraction);
    let id = cooperative.plants[index].id.clone();
    Ok(PlantAccount { id, index, plant, table, worth, agreement: settlement, tariff })
}

/// What a plant costs and who pays, without what it earns.
fn costs_of(world: &World, cooperative: &Cooperative, (index, books): (usize, &PlantBooks)) -> Plant {
    let loan = |loan: &plan::Loan| {
        let period = match loan.paid {
            LoanPaid::Yearly => Period::Year,
            LoanPaid::Monthly => Period::Month,
        };
        Loan {
            repayment: match loan.kind {
                LoanKind::Annuity => Repayment::Annuity,
                LoanKind::Linear => Repayment::Linear,
                LoanKind::InterestOnly => Repayment::InterestOnly,
            },
            period,
            principal_cents: cents(loan.principal_eur),
            rate_per_year: loan.interest_fraction,
            periods: loan.years * period.per_year(),
        }
    };
    Plant {
        life_years: books.life_years,
        capex_eur: books.capex_eur,
        grants_eur: books.grants_eur,
        shares: Shares { number: books.participations, price_eur: cooperative.participation_eur.unwrap_or_default() },
        own_cash_eur: books.own_cash_eur,
        loans: books.loans.iter().map(loan).collect(),
        power_kw: match &world.plants[index] {
            Pv::Simulated(roof) => of_register(roof.peak_kwp),
            Pv::Metered => Decimal::ZERO,
        },
        degradation_per_year: books.degradation_per_year,
        upkeep_eur_per_year: books.upkeep_eur_per_year,
        upkeep_eur_per_kw: books.upkeep_eur_per_kw,
        insurance_eur_per_year: books.insurance_eur_per_year,
        cost_index: Index::PerYear(books.cost_rise_per_year),
        replacements: books
            .replacements
            .iter()
            .map(|(year, cost_eur)| Replacement { year: *year, cost_eur: *cost_eur })
            .collect(),
        tax: Tax { fraction: cooperative.tax_fraction, depreciation_years: books.depreciation_years },
        ..Plant::default()
    }
}

/// The price that would cover a plant's costs. What an agreement must say for that is more than what the plant needs: the supplier
/// keeps its margin m and a part μ for imbalance, so that `p (1 − μ) − m` arrives.
fn tariff_of(plant: &Plant, books: &PlantBooks, settled: Option<&Settlement>, wanted_return: Decimal) -> Tariff {
    let kwh = |name: &str| plant.revenues.iter().find(|line| line.name() == name).map_or(Decimal::ZERO, Revenue::kwh);
    let line = if kwh(SHARED).is_zero() { FEED_IN } else { SHARED };
    let needed = cost_covering_eur_per_kwh(plant, line, wanted_return);
    let is_positive = !kwh(line).is_zero();
    let (paid, cost_covering) = match (&books.agreement, settled) {
        (Some(agreement), Some(settled)) if line == FEED_IN => {
            let kept = Decimal::ONE - agreement.imbalance_fraction;
            let before = |net: Decimal| {
                let gross = net + agreement.margin_eur_per_kwh;
                if gross > Decimal::ZERO && !kept.is_zero() { gross / kept } else { gross }
            };
            (is_positive.then(|| settled.energy_eur / kwh(line)), needed.map(before))
        }
        _ => {
            let price =
                plant.revenues.iter().find(|revenue| revenue.name() == line).and_then(|revenue| match revenue {
                    Revenue::Sold { eur_per_kwh, .. } => Some(*eur_per_kwh),
                    _ => None,
                });
            (price.filter(|_| is_positive), needed)
        }
    };
    Tariff { line, paid_eur_per_kwh: paid, cost_covering_eur_per_kwh: cost_covering }
}

impl Together {
    fn of(plants: &[PlantAccount], rate: f64) -> Together {
        let years = plants.iter().map(|account| account.table.years.len()).max().unwrap_or(0);
        let added = |of: &dyn Fn(&Year) -> f64| -> Vec<f64> {
            let year = |at: usize| plants.iter().filter_map(|account| account.table.years.get(at)).map(of).sum();
            (0..years).map(year).collect()
        };
        let eur = |of: fn(&Year) -> i64| added(&|year: &Year| of(year) as f64 / 100.0);
        let sum = |of: fn(&Year) -> i64| plants.iter().flat_map(|account| &account.table.years).map(of).sum::<i64>();
        let shares = sum(|year| year.shares_cents);
        Together {
            capex_cents: -sum(|year| year.capex_cents),
            project: Worth::of(rate, &eur(Year::project_cents)),
            members: (shares > 0).then(|| Worth::of(rate, &eur(Year::members_cents))),
            money_multiple: (shares > 0).then(|| euros(-sum(|year| year.to_shares_cents)) / euros(shares)),
            levelised_cost_eur_per_kwh: levelised_cost_eur_per_kwh(
                rate,
                &eur(Year::cost_cents),
                &added(&|year: &Year| float(year.production_kwh)),
            ),
            lowest_cash_cents: plants.iter().map(|account| account.table.lowest_cash().1).min().unwrap_or(0),
        }
    }
}

/// The posting of an entry of a cash flow: received by the plant is positive.
fn post(ledger: &mut Ledger, year: i16, plant: u32, column: &str, cents: i64) {
    let cooperative = Account::Common(Party::Cooperative);
    let other = match column {
        "capex" | "upkeep" | "insurance" | "replacement" => Account::Contractors,
        "loans" | "interest" | "principal" => Account::Lenders,
        "grants" | "tax" | PREMIUM => Account::Common(Party::State),
        FEED_IN => Account::Common(Party::Supplier),
        "participations" | "paid to participations" => Account::Common(Party::Member),
        _ => cooperative,
    };
    ledger.post(&Posting { year, rule: column, is_vat: false, from: other, to: Account::Plant(plant), cents });
}

/// Every entry of every cash flow; what members pay for shared kWh passes through the cooperative.
fn lives(plants: &[PlantAccount], start: Date) -> Ledger {
    let mut ledger = Ledger::default();
    for account in plants {
        let columns = account.table.columns();
        for year in &account.table.years {
            let calendar_year = start.year() + i16::try_from(year.year.saturating_sub(1)).unwrap_or(0);
            for (column, cents) in columns.iter().zip(account.table.row(year)).filter(|(_, cents)| *cents != 0) {
                if *column == SHARED {
                    post_members(&mut ledger, calendar_year, cents);
                }
                post(&mut ledger, calendar_year, account.index as u32, column, cents);
            }
        }
    }
    ledger
}

/// What members pay the cooperative for shared kWh.
fn post_members(ledger: &mut Ledger, year: i16, cents: i64) {
    let (from, to) = (Account::Common(Party::Member), Account::Common(Party::Cooperative));
    ledger.post(&Posting { year, rule: SHARED, is_vat: false, from, to, cents });
}

/// The bills of the run, those of plants with books on accounts of their own, and the first year of each such plant as often as the
/// run has years; what the bills say of it already is left out.
fn run_ledger(world: &World, plants: &[PlantAccount], bills: Option<&RunBills>) -> Ledger {
    let mut ledger = Ledger::default();
    let homes = world.homes.len();
    for (point, bills) in bills.iter().flat_map(|bills| bills.actual.iter().enumerate()) {
        let has_books = plants.iter().any(|account| homes + account.index == point);
        let owner = match point {
            point if point < homes => Account::Member(point as u32),
            point if has_books => Account::Plant((point - homes) as u32),
            _ => Account::Common(Party::Cooperative),
        };
        ledger.post_bills(owner, bills);
    }
    let (year, run_years) = (world.plan.start.year(), world.calendar.run_years() as i64);
    for account in plants {
        let Some(first) = account.table.years.get(1) else { continue };
        for (column, cents) in account.table.columns().into_iter().zip(account.table.row(first)) {
            let is_billed = bills.is_some() && [FEED_IN, PREMIUM].contains(&column);
            if cents == 0 || is_billed {
                continue;
            }
            if column == SHARED && bills.is_none() {
                post_members(&mut ledger, year, cents * run_years);
            }
            post(&mut ledger, year, account.index as u32, column, cents * run_years);
        }
    }
    ledger
}
