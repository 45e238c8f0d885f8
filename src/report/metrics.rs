//! Every metric of a run: its name, unit and definition in one place, and how it is computed.

use serde_json::{Value as Json, json};

use super::rounded;
use crate::engine::meters::{Meter, Register};
use crate::engine::world::World;
use crate::engine::{CommunityStep, Outcome};
use crate::reduce::Total;

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
        definition: "fed-in electricity that members took in the same step",
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
    /// The values, in the order of [`METRICS`].
    pub values: Vec<MetricValue>,
}

impl Metrics {
    /// Computes every metric of a run.
    pub fn of(world: &World, outcome: &Outcome) -> Metrics {
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
        let values = vec![
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
        Metrics { values }
    }

    /// The value of the metric with a name.
    ///
    /// # Panics
    /// If there is no such metric: names are ours.
    pub fn get(&self, name: &str) -> &MetricValue {
        let index = METRICS.iter().position(|metric| metric.name == name).expect("the metric is one of METRICS");
        &self.values[index]
    }

    /// The number of a metric, 0 where it is null.
    pub fn number(&self, name: &str) -> f64 {
        self.get(name).number().unwrap_or(0.0)
    }

    /// All metrics as `{"schema": 1, "metrics": {name: {value, unit, definition}}}`.
    pub fn to_json(&self) -> Json {
        let each = METRICS.iter().zip(&self.values).map(|(metric, value)| {
            let entry = json!({ "value": value.to_json(), "unit": metric.unit, "definition": metric.definition });
            (metric.name.to_owned(), entry)
        });
        json!({ "schema": 1, "metrics": Json::Object(each.collect()) })
    }
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
