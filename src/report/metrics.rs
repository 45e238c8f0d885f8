//! Every metric of a run: its name, unit and definition in one place, and how it is computed.

use serde_json::{Value as Json, json};

use super::books::{self, BOOKS_METRICS};
use super::money::Money;
use super::rounded;
use crate::engine::meters::{Meter, Register};
use crate::engine::world::World;
use crate::engine::{CommunityStep, Outcome};
use crate::finance::books::Books;
use crate::reduce::Total;
use crate::rules::terms::Party;

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name, the same in every output.
    pub name: &'static str,
    /// Its unit; `1` for a ratio or a count.
    pub unit: &'static str,
    /// What it means, with its formula.
    pub definition: &'static str,
}

/// Every metric, in the order it is shown.
pub const METRICS: [Definition; 14] = [
    Definition { name: "community.homes", unit: "1", definition: "homes and businesses, members or not" },
    Definition { name: "community.members", unit: "1", definition: "homes and businesses that are members" },
    Definition { name: "community.load_kwh", unit: "kWh", definition: "electricity used by all homes and businesses" },
    Definition {
        name: "community.generation_kwh",
        unit: "kWh",
        definition: "electricity made by the panels of all homes and businesses and by the cooperative's plants",
    },
    Definition {
        name: "community.self_used_kwh",
        unit: "kWh",
        definition: "own generation that was not fed in: used, stored or lost behind the own meter",
    },
    Definition {
        name: "community.shared_kwh",
        unit: "kWh",
        definition: "fed-in electricity that members took in the same settlement interval: a step, unless the key has a longer one",
    },
    Definition {
        name: "community.import_kwh",
        unit: "kWh",
        definition: "drawn at all meters, before sharing; what members took of each other is part of it",
    },
    Definition {
        name: "community.export_kwh",
        unit: "kWh",
        definition: "fed in at all meters, before sharing; a plant feeds in all it makes",
    },
    Definition {
        name: "community.self_sufficiency",
        unit: "1",
        definition: "1 - sum(import - shared_in) / sum(load); null without load",
    },
    Definition {
        name: "community.self_consumption",
        unit: "1",
        definition: "1 - sum(export - shared_out) / sum(generation); null without generation",
    },
    Definition {
        name: "community.peak_import_kw",
        unit: "kW",
        definition: "greatest net import (import - export of all meters) of a step",
    },
    Definition {
        name: "community.peak_import_at",
        unit: "time",
        definition: "start of that step, UTC; null if net import is never above 0",
    },
    Definition {
        name: "community.peak_export_kw",
        unit: "kW",
        definition: "greatest net export (export - import of all meters) of a step",
    },
    Definition {
        name: "community.coincidence",
        unit: "1",
        definition: "greatest sum of the homes' imports in a step over the sum of each home's own greatest import; null without import",
    },
];

/// Every metric of money, in the order it is shown: only of a run with rules.
pub const MONEY_METRICS: [Definition; 14] = [
    Definition { name: "bills.total_eur", unit: "EUR", definition: "what all homes and businesses pay, VAT included" },
    Definition {
        name: "bills.mean_eur",
        unit: "EUR",
        definition: "the same for each home and business and year of the run",
    },
    Definition {
        name: "bills.gain_by_cooperative_eur",
        unit: "EUR",
        definition: "bills of all homes and businesses without the cooperative, less their bills",
    },
    Definition {
        name: "bills.gain_by_devices_eur",
        unit: "EUR",
        definition: "bills without the cooperative and without own devices, less those without the cooperative; what devices cost is not in it",
    },
    Definition {
        name: "bills.losing_fraction",
        unit: "1",
        definition: "part of homes and businesses whose bill is higher than without cooperative and own devices",
    },
    Definition {
        name: "bills.members_losing_fraction",
        unit: "1",
        definition: "the same of members; null without members",
    },
    Definition {
        name: "bills.energy_quote",
        unit: "1",
        definition: "a year's bill over income, mean over the homes whose income is known; null if none is",
    },
    Definition {
        name: "bills.high_energy_quote_fraction",
        unit: "1",
        definition: "part of these homes whose bill is more than 10 % of income",
    },
    Definition {
        name: "public.state_eur",
        unit: "EUR",
        definition: "received by the state: taxes, VAT, less credits and premiums",
    },
    Definition {
        name: "public.grid_operator_eur",
        unit: "EUR",
        definition: "received by the grid operator, without VAT",
    },
    Definition {
        name: "public.supplier_eur",
        unit: "EUR",
        definition: "received by the supplier, without VAT; what it pays for feed-in is taken off",
    },
    Definition {
        name: "public.cooperative_eur",
        unit: "EUR",
        definition: "received by the cooperative from members, for feed-in of its plants, and by premiums",
    },
    Definition { name: "public.vat_eur", unit: "EUR", definition: "VAT, part of what the state receives" },
    Definition { name: "ledger.sum_eur", unit: "EUR", definition: "sum of all accounts: zero" },
];

/// The value of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum MetricValue {
    /// A number; `None` where its divisor is 0.
    Number(Option<f64>),
    /// An instant; `None` where there is none.
    Instant(Option<String>),
}

impl MetricValue {
    /// The value as JSON.
    pub fn to_json(&self) -> Json {
        match self {
            MetricValue::Number(number) => json!(number.map(whole_or_decimal)),
            MetricValue::Instant(instant) => json!(instant),
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match self {
            MetricValue::Number(number) => *number,
            MetricValue::Instant(_) => None,
        }
    }
}

/// Counts are written without a decimal point.
pub(super) fn whole_or_decimal(number: f64) -> Json {
    let number = rounded(number);
    if number.fract().abs() < f64::EPSILON && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}

/// The metrics of a run.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// The values, in the order of [`METRICS`]; of a run with rules then [`MONEY_METRICS`], of one with books then
    /// [`BOOKS_METRICS`].
    pub values: Vec<MetricValue>,
    definitions: Vec<&'static Definition>,
}

impl Metrics {
    /// Computes every metric of a run.
    ///
    /// * `money` – what the rules did; `None` without rules.
    /// * `books` – those of the plants; `None` if no plant has any.
    pub fn of(world: &World, outcome: &Outcome, money: Option<&Money>, books: Option<&Books>) -> Metrics {
        let months = world.calendar.run_months().len();
        let summed: [fn(&Meter) -> f64; 8] = [
            |meter| meter.kwh(Register::Load),
            |meter| meter.kwh(Register::Generation),
            |meter| meter.kwh(Register::Import),
            |meter| meter.kwh(Register::Export),
            |meter| meter.kwh(Register::SharedIn),
            |meter| meter.kwh(Register::SharedOut),
            Meter::self_used_kwh,
            |meter| meter.peak_import_kw,
        ];
        let mut totals: [Total; 8] = Default::default();
        for home in 0..world.homes.len() {
            let meter = outcome.months(home, 0..months);
            for (total, of) in totals.iter_mut().zip(summed) {
                total.add(of(&meter));
            }
        }
        let [load, generation, import, export, shared, given, self_used, own_peaks] = totals.map(|total| total.sum());
        let plants = |of: fn(&crate::engine::PlantMonth) -> f64| outcome.plants.iter().flatten().map(of).sum::<f64>();
        let plant_generation = plants(|p| p.generation_kwh);
        let generation = generation + plant_generation;
        let export = export + plant_generation;
        let given = given + plants(|p| p.shared_out_kwh);
        let (peak_import, at) = peak(outcome, CommunityStep::net_kw);
        let (peak_export, _) = peak(outcome, |step| -step.net_kw());
        let (peak_sum, _) = peak(outcome, |step| step.import_kw);
        let ratio = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        let number = |value: f64| MetricValue::Number(Some(rounded(value)));
        let part = |value: Option<f64>| MetricValue::Number(value.map(rounded));
        let members = world.homes.iter().filter(|home| home.member).count();
        let mut values = vec![
            number(world.homes.len() as f64),
            number(members as f64),
            number(load),
            number(generation),
            number(self_used),
            number(shared),
            number(import),
            number(export),
            part(ratio(import - shared, load).map(|bought| 1.0 - bought)),
            part(ratio(export - given, generation).map(|sold| 1.0 - sold)),
            number(peak_import),
            MetricValue::Instant(at.map(|step| world.calendar.instant(step).to_string())),
            number(peak_export),
            part(ratio(peak_sum, own_peaks)),
        ];
        let mut definitions: Vec<&Definition> = METRICS.iter().collect();
        if let Some(money) = money {
            values.extend(of_money(world, money));
            definitions.extend(&MONEY_METRICS);
        }
        if let Some(books) = books {
            values.extend(books::metrics(books));
            definitions.extend(&BOOKS_METRICS);
        }
        Metrics { values, definitions }
    }

    /// The value of the metric with a name.
    ///
    /// # Panics
    /// If there is no such metric: names are ours.
    pub fn get(&self, name: &str) -> &MetricValue {
        let place = self.definitions.iter().position(|metric| metric.name == name);
        let index = place.expect("the metric is one of this run");
        &self.values[index]
    }

    /// The number of a metric, 0 where it is null.
    pub fn number(&self, name: &str) -> f64 {
        self.get(name).number().unwrap_or(0.0)
    }

    /// All metrics as `{"schema": 1, "metrics": {name: {value, unit, definition}}}`.
    pub fn to_json(&self) -> Json {
        let each = self.definitions.iter().zip(&self.values).map(|(metric, value)| {
            let entry = json!({ "value": value.to_json(), "unit": metric.unit, "definition": metric.definition });
            (metric.name.to_owned(), entry)
        });
        json!({ "schema": 1, "metrics": Json::Object(each.collect()) })
    }
}

/// The metrics of money.
fn of_money(world: &World, money: &Money) -> [MetricValue; 14] {
    let eur = |cents: i64| Some(cents as f64 / 100.0);
    let home_years = (money.homes * world.calendar.run_years()) as f64;
    let bills = money.bills_cents();
    let (by_cooperative, by_devices) = money.all_gains_cents();
    let (losing, members_losing) = money.losing_parts(world);
    let quote = money.energy_quote(world);
    let party = |party| eur(money.ledger.of_level_cents(party));
    [
        eur(bills),
        (home_years > 0.0).then(|| bills as f64 / 100.0 / home_years),
        eur(by_cooperative),
        eur(by_devices),
        losing,
        members_losing,
        quote.map(|(mean, _)| mean),
        quote.map(|(_, high)| high),
        party(Party::State),
        party(Party::GridOperator),
        party(Party::Supplier),
        party(Party::Cooperative),
        eur(money.ledger.vat_cents()),
        eur(money.ledger.sum_cents()),
    ]
    .map(|value| MetricValue::Number(value.map(rounded)))
}

/// The greatest value over the run's steps, at least 0, and the first step that has it; `None` if it is never above 0.
fn peak(outcome: &Outcome, of: fn(&CommunityStep) -> f64) -> (f64, Option<usize>) {
    let mut best = (0.0, None);
    for (index, step) in outcome.community.iter().enumerate() {
        let value = of(step);
        if value > best.0 {
            best = (value, Some(index));
        }
    }
    best
}
