//! What the rules did with money: every member's bill beside the same home without the cooperative and without its own
//! devices, who gains and who loses, and what each rule brings the state, the grid operator and the supplier.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use super::align_right;
use super::bills::{money, rules_json, rules_text};
use crate::engine::Outcome;
use crate::engine::world::World;
use crate::finance::books::Agreements;
use crate::finance::ledger::{Account, ByLevel, Ledger};
use crate::rules::bill::{Bill, eur};
use crate::rules::billing::{Billing, RunBills};
use crate::rules::exact::{euros, shown};
use crate::rules::settle::Refusal;
use crate::rules::terms::{Party, word};
use crate::scenario::plan::GroupKind;

/// A home whose bill is more than this part of its income has a high energy quote (assumed: sources say 8 or 10 %).
pub const HIGH_ENERGY_QUOTE: f64 = 0.10;

/// Bounds of the classes of yearly household income, EUR.
const INCOME_BOUNDS_EUR: [f64; 3] = [25_000.0, 40_000.0, 60_000.0];

/// What the rules did in a run.
#[derive(Debug)]
pub struct Money {
    /// The bills of every point.
    pub bills: RunBills,
    /// Every line posted.
    pub ledger: Ledger,
    /// What rules that move no money of their own change: the ledger with them less the ledger without, by rule.
    pub effects: BTreeMap<String, ByLevel>,
    /// Homes and businesses.
    pub homes: usize,
}

/// Kinds of rules that change what other rules ask, so that their effect is the difference that they make.
const KINDS_OF_EFFECT: [&str; 2] = ["netting", "price-floor"];

impl Money {
    /// Settles a run, adds what the agreements of plants pay, and posts every line.
    ///
    /// # Errors
    /// Every number that a sum needs and nobody has entered.
    pub fn of(
        world: &World,
        outcome: &Outcome,
        billing: &Billing<'_>,
        agreements: &Agreements,
    ) -> Result<Money, Vec<Refusal>> {
        let homes = world.homes.len();
        let agreed = |mut bills: Vec<Vec<Bill>>| {
            for (plant, bills) in bills.iter_mut().skip(homes).enumerate() {
                agreements.add_lines(world, outcome, plant, bills);
            }
            bills
        };
        let mut bills = billing.settle(world, outcome)?;
        bills.actual = agreed(bills.actual);
        let ledger = posted(homes, &bills.actual);
        let in_force =
            |id: &str| billing.all_spans().iter().any(|span| span.rules.iter().any(|used| used.rule.id == id));
        let mut effects = BTreeMap::new();
        for rule in &billing.book.rules {
            if KINDS_OF_EFFECT.contains(&rule.kind) && in_force(&rule.id) {
                let without = billing.settle_without(world, outcome, &rule.id)?;
                let without = posted(homes, &agreed(without));
                let difference =
                    |party: Party| (party.into(), ledger.of_level_cents(party) - without.of_level_cents(party));
                effects.insert(rule.id.clone(), Party::ALL.into_iter().map(difference).collect());
            }
        }
        Ok(Money { bills, ledger, effects, homes })
    }

    /// A home's bill over the run, cents.
    pub fn bill_cents(&self, home: usize) -> i64 {
        self.bills.actual[home].iter().map(Bill::total_cents).sum()
    }

    /// What a home gains by the cooperative and by its own devices, over the run, cents.
    pub fn gains_cents(&self, home: usize) -> (i64, i64) {
        let alone: i64 = self.bills.without_cooperative_cents[home].iter().sum();
        let bare: i64 = self.bills.without_devices_cents[home].iter().sum();
        (alone - self.bill_cents(home), bare - alone)
    }

    /// The part of some homes whose bill is higher than without cooperative and devices; `None` of none.
    fn losing_part(&self, homes: impl Iterator<Item = usize>) -> Option<f64> {
        let (mut all, mut losing) = (0_u32, 0_u32);
        for home in homes {
            let (cooperative, devices) = self.gains_cents(home);
            all += 1;
            losing += u32::from(cooperative + devices < 0);
        }
        (all > 0).then(|| f64::from(losing) / f64::from(all))
    }

    /// Who loses: the part of all, of members, and of each group, tenure and income class that does, with the number of
    /// homes and their mean gain, cents.
    pub fn losers(&self, world: &World) -> Vec<LosersRow> {
        let mut classes: Vec<(String, Vec<usize>)> = vec![
            ("all".to_owned(), (0..self.homes).collect()),
            ("members".to_owned(), (0..self.homes).filter(|home| world.homes[*home].member).collect()),
        ];
        let mut add = |name: String, home: usize| match classes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, homes)) => homes.push(home),
            None => classes.push((name, vec![home])),
        };
        for (home, own) in world.homes.iter().enumerate() {
            add(format!("group {}", world.plan.groups[own.group].id), home);
        }
        for (home, own) in world.homes.iter().enumerate() {
            if let GroupKind::Homes { tenure, .. } = &world.plan.groups[own.group].kind {
                add(format!("tenure {}", word(tenure)), home);
            }
        }
        let mut by_income: Vec<(usize, usize)> = Vec::new();
        for (home, own) in world.homes.iter().enumerate() {
            if let Some(income_eur) = own.income_eur {
                by_income.push((INCOME_BOUNDS_EUR.iter().filter(|bound| income_eur >= **bound).count(), home));
            }
        }
        by_income.sort_unstable();
        for (class, home) in by_income {
            add(income_words(class), home);
        }
        let row = |(name, homes): (String, Vec<usize>)| {
            let (by_cooperative, by_devices) =
                homes.iter().map(|home| self.gains_cents(*home)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
            let count = homes.len();
            let mean = |cents: i64| if count == 0 { 0 } else { cents / count as i64 };
            LosersRow {
                name,
                homes: count,
                losing_part: self.losing_part(homes.into_iter()),
                mean_gain_cents: mean(by_cooperative + by_devices),
                mean_gain_by_cooperative_cents: mean(by_cooperative),
            }
        };
        classes.into_iter().map(row).collect()
    }

    /// The part of a year's income that energy costs, for each home whose income is known: mean over the homes, and the part
    /// of them above [`HIGH_ENERGY_QUOTE`].
    pub fn energy_quote(&self, world: &World) -> Option<(f64, f64)> {
        let years = world.calendar.run_years().max(1) as f64;
        let quotes: Vec<f64> = (world.homes.iter().enumerate())
            .filter_map(|(home, own)| {
                own.income_eur.map(|income_eur| self.bill_cents(home) as f64 / 100.0 / years / income_eur)
            })
            .collect();
        if quotes.is_empty() {
            return None;
        }
        let count = quotes.len() as f64;
        let high = quotes.iter().filter(|quote| **quote > HIGH_ENERGY_QUOTE).count();
        Some((quotes.iter().sum::<f64>() / count, high as f64 / count))
    }

    /// The bill over the run of all homes and businesses, cents.
    pub fn bills_cents(&self) -> i64 {
        (0..self.homes).map(|home| self.bill_cents(home)).sum()
    }

    /// What all homes and businesses gain by the cooperative and by their devices, cents.
    pub fn all_gains_cents(&self) -> (i64, i64) {
        (0..self.homes).map(|home| self.gains_cents(home)).fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    }

    /// The part of homes and businesses that lose, and the part of members that do.
    pub fn losing_parts(&self, world: &World) -> (Option<f64>, Option<f64>) {
        let members = (0..self.homes).filter(|home| world.homes[*home].member);
        (self.losing_part(0..self.homes), self.losing_part(members))
    }
}

/// A row of the table of those who lose.
#[derive(Clone, Debug, PartialEq)]
pub struct LosersRow {
    /// Who they are.
    pub name: String,
    /// How many.
    pub homes: usize,
    /// The part of them that loses; `None` of nobody.
    pub losing_part: Option<f64>,
    /// What they gain on average over the run by cooperative and devices, cents.
    pub mean_gain_cents: i64,
    /// The part of it that the cooperative brings.
    pub mean_gain_by_cooperative_cents: i64,
}

fn income_words(class: usize) -> String {
    let bound = |at: usize| format!("{:.0}", INCOME_BOUNDS_EUR[at]);
    match class {
        0 => format!("income below {} EUR", bound(0)),
        3 => format!("income from {} EUR up", bound(2)),
        class => format!("income {} to {} EUR", bound(class - 1), bound(class)),
    }
}

fn posted(homes: usize, bills: &[Vec<Bill>]) -> Ledger {
    let mut ledger = Ledger::default();
    for (point, bills) in bills.iter().enumerate() {
        let owner = if point < homes { Account::Member(point as u32) } else { Account::Common(Party::Cooperative) };
        ledger.post_bills(owner, bills);
    }
    ledger
}

/// The summary for people: bills and gains, public money by rule, who loses, the rules in force, the ledger.
pub fn summary(world: &World, billing: &Billing<'_>, own: &Money) -> String {
    let mut text = String::new();
    let (by_cooperative, by_devices) = own.all_gains_cents();
    let count = own.homes.max(1) as i64;
    let mut table = right_aligned(&["Money over the run, EUR incl. VAT", "all homes", "each"]);
    for (name, cents) in [
        ("Bills", own.bills_cents()),
        ("Gained by the cooperative", by_cooperative),
        ("Gained by own devices (without what they cost)", by_devices),
    ] {
        table.add_row([name.to_owned(), money(cents), money(cents / count)]);
    }
    let _ = writeln!(text, "{table}");
    text.push_str(&parties_table(own));
    let mut table = right_aligned(&[
        "Who gains and loses by cooperative and devices",
        "homes",
        "losing, %",
        "mean gain, EUR",
        "by cooperative, EUR",
    ]);
    for row in own.losers(world).into_iter().filter(|row| row.homes > 0) {
        let part = row.losing_part.map_or("—".to_owned(), |part| format!("{:.1}", part * 100.0));
        let (gain, by_cooperative) = (money(row.mean_gain_cents), money(row.mean_gain_by_cooperative_cents));
        table.add_row([row.name, row.homes.to_string(), part, gain, by_cooperative]);
    }
    let _ = writeln!(text, "{table}");
    if let Some((mean, high)) = own.energy_quote(world) {
        let _ = writeln!(
            text,
            "Energy costs {:.1} % of income on average; more than {:.0} % for {:.1} % of the homes whose income is known",
            mean * 100.0,
            HIGH_ENERGY_QUOTE * 100.0,
            high * 100.0
        );
    }
    text.push_str(&rules_text(billing.book, &billing.all_spans()));
    text.push_str(&ledger_line(&own.ledger));
    text
}

/// That the ledger is zero, with the number of its postings.
pub fn ledger_line(ledger: &Ledger) -> String {
    let verdict = if ledger.sum_cents() == 0 { "is zero" } else { "IS NOT ZERO" };
    format!("Ledger {verdict}: {} EUR over all accounts, {} postings\n", money(ledger.sum_cents()), ledger.postings())
}

/// What each party received by each rule; rules that change others by the difference they make.
fn parties_table(own: &Money) -> String {
    let mut table =
        right_aligned(&["Received by rule, EUR", "members", "cooperative", "supplier", "grid operator", "state"]);
    let row = |name: String, parties: &dyn Fn(Party) -> i64| {
        let mut cells = vec![name];
        cells.extend(Party::ALL.iter().map(|party| money(parties(*party))));
        cells
    };
    let of = |parties: &ByLevel, party: Party| parties.get(&party.into()).copied().unwrap_or(0);
    for (rule, parties) in own.ledger.by_rule_of_all_years() {
        table.add_row(row(rule.to_owned(), &|party| of(&parties, party)));
    }
    table.add_row(row("total".to_owned(), &|party| own.ledger.of_level_cents(party)));
    for (rule, parties) in &own.effects {
        table.add_row(row(format!("({rule} makes a difference of)"), &|party| of(parties, party)));
    }
    format!("{table}\n")
}

pub(super) fn right_aligned(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(header.iter().copied());
    align_right(&mut table, 1..header.len());
    table
}

/// Ledger, public money and rules, for `run.json`.
pub fn to_json(world: &World, billing: &Billing<'_>, own: &Money) -> Json {
    let parties = |parties: &ByLevel| -> Json {
        parties.iter().map(|(party, cents)| (word(party), eur(*cents))).collect::<serde_json::Map<_, _>>().into()
    };
    let by_rule: Vec<Json> = own
        .ledger
        .by_rule()
        .map(|(year, rule, received)| json!({ "year": year, "rule": rule, "received_eur": parties(received) }))
        .collect();
    let effects: Vec<Json> = own
        .effects
        .iter()
        .map(|(rule, received)| json!({ "rule": rule, "difference_eur": parties(received) }))
        .collect();
    let losers: Vec<Json> = own
        .losers(world)
        .into_iter()
        .map(|row| {
            json!({
                "who": row.name,
                "homes": row.homes,
                "losing_fraction": row.losing_part.map(super::rounded),
                "mean_gain_eur": eur(row.mean_gain_cents),
                "mean_gain_by_cooperative_eur": eur(row.mean_gain_by_cooperative_cents),
            })
        })
        .collect();
    json!({
        "rules": rules_json(billing.book, &billing.all_spans()),
        "ledger": {
            "sum_eur": eur(own.ledger.sum_cents()),
            "postings": own.ledger.postings(),
            "vat_eur": eur(own.ledger.vat_cents()),
            "received_eur": Party::ALL.iter().map(|party| (word(party), eur(own.ledger.of_level_cents(*party)))).collect::<serde_json::Map<_, _>>(),
            "by_rule": by_rule,
            "differences": effects,
        },
        "losers": losers,
    })
}

/// `public.csv`: what each party received by each rule in each year; rules that change others by the difference they make.
///
/// # Errors
/// If writing fails.
pub fn write_public(out: &mut dyn Write, own: &Money) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record([
        "year",
        "rule",
        "is",
        "members_eur",
        "cooperative_eur",
        "supplier_eur",
        "grid_operator_eur",
        "state_eur",
    ])?;
    let mut row = |year: &str, rule: &str, is: &str, parties: &ByLevel| {
        let mut cells = vec![year.to_owned(), rule.to_owned(), is.to_owned()];
        let cents = |party: &Party| parties.get(&(*party).into()).copied().unwrap_or(0);
        cells.extend(Party::ALL.iter().map(|party| shown(euros(cents(party)), 2, 2)));
        csv.write_record(cells)
    };
    for (year, rule, parties) in own.ledger.by_rule() {
        row(&year.to_string(), rule, "received", parties)?;
    }
    for (rule, parties) in &own.effects {
        row("all", rule, "difference", parties)?;
    }
    csv.flush()
}
