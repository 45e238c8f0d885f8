//! Network tariff: what the grid costs, by class of connection, by the kWh in blocks of hours, by the greatest power.
//!
//! - *classes*: EUR a year by connection (of gas: by meter and yearly use), pro rata by day.
//! - *blocks*: EUR/kWh of what is drawn within hours, shared or not.
//! - *power*: EUR/kW a year × the mean over months of each month's greatest draw, each at least `least_kw`.
//!
//! # Worked case
//! T-NL-08: 3x25A at Liander in 2024, connected 100 of 366 days: 400.90 × 100/366 = 109.54 EUR with VAT.
//!
//! # Source
//! Tariff sheets of grid operators; ACM's yearly decisions.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Need, Needs, Slot, SlotDays, Weight};
use crate::rules::rule::Rate;
use crate::rules::settle::{Entry, Sheet, Unknown};
use crate::rules::terms::Carrier;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::Connection;
use crate::scenario::tree::Node;

/// What the grid costs.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NetworkTariff {
    /// Which grid.
    #[serde(default)]
    pub carrier: Carrier,
    /// Classes of connection.
    #[serde(default)]
    pub classes: Vec<Class>,
    /// All amounts are multiplied by this: for tariffs that are known only as a change on the year before.
    pub factor: Option<Exact>,
    /// Prices by the kWh within hours.
    #[serde(default)]
    pub blocks: Vec<Block>,
    /// Price of the mean of each month's greatest draw, EUR/kW a year without VAT.
    pub eur_per_kw_year: Option<Exact>,
    /// The least that a month's greatest draw counts for, kW.
    pub least_kw: Option<Exact>,
}

/// A class of connection.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Class {
    /// Connections of this class, e.g. "3x25A" (electricity).
    #[serde(default)]
    pub connections: Vec<String>,
    /// The gas meter of this class, e.g. "G6".
    pub meter: Option<String>,
    /// Upper limit of the class by yearly use of gas, m³, inclusive. Default: none.
    pub up_to_m3: Option<Exact>,
    /// EUR a year without VAT.
    pub eur_per_year: Option<Exact>,
    /// EUR a year with VAT. Both left out: not known, and refused where a sum needs it.
    pub eur_per_year_incl_vat: Option<Exact>,
}

/// A price within hours.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Block {
    /// Hours by the clock, e.g. "16:00-21:00".
    #[schemars(required)]
    pub hours: Option<String>,
    /// On which days.
    #[serde(default)]
    pub days: SlotDays,
    /// First month, 1 to 12.
    #[serde(default = "first_month")]
    #[schemars(range(min = 1, max = 12))]
    pub first_month: u8,
    /// Last month, 1 to 12.
    #[serde(default = "last_month")]
    #[schemars(range(min = 1, max = 12))]
    pub last_month: u8,
    /// EUR/kWh without VAT.
    #[schemars(required)]
    pub eur_per_kwh: Option<Exact>,
}

fn first_month() -> u8 {
    1
}

fn last_month() -> u8 {
    12
}

/// The gas meter that a home has.
const USUAL_GAS_METER: &str = "G6";

impl Block {
    fn slot(&self) -> Option<Slot> {
        let (from_minute, to_minute) = Slot::minutes(self.hours.as_deref()?)?;
        let months = (self.first_month, self.last_month);
        Some(Slot { from_minute, to_minute, days: self.days, all_free_days: false, months })
    }
}

impl NetworkTariff {
    fn factor(&self) -> Decimal {
        self.factor.map_or(Decimal::ONE, |Exact(factor)| factor)
    }

    fn rate(&self, class: Option<&Class>, name: &str) -> Result<Rate, Unknown> {
        let class = class.ok_or_else(|| Unknown::new(format!("it has no class for {name}: add one to `classes`")))?;
        let rate = Rate::of(class.eur_per_year, class.eur_per_year_incl_vat);
        let rate = rate.ok_or_else(|| {
            Unknown::new(format!("the tariff of {name} is not known: set `eur_per_year_incl_vat` of that class"))
        })?;
        Ok(rate.times(self.factor()))
    }

    fn electricity(&self, connection: Connection) -> Result<Rate, Unknown> {
        let is_it = |words: &String| Connection::parse(words) == Some(connection);
        let class = self.classes.iter().find(|class| class.connections.iter().any(is_it));
        self.rate(class, &format!("a connection of {connection}"))
    }

    fn gas(&self, meter: &str, annual_m3: Decimal) -> Result<Rate, Unknown> {
        let holds = |class: &&Class| {
            class.meter.as_deref().is_none_or(|own| own == meter)
                && class.up_to_m3.is_none_or(|Exact(limit)| annual_m3 <= limit)
        };
        let class = self.classes.iter().find(holds);
        self.rate(class, &format!("a gas meter {meter} at {} m³ a year", shown(annual_m3, 0, 0)))
    }

    fn post_class(sheet: &mut Sheet<'_>, rate: Rate, name: &str) {
        let formula = sheet.say(|| format!("{} a year for {name}{}", rate.eur.normalize(), sheet.days_words()));
        sheet.post(Entry {
            what: sheet.rule().title.clone().into(),
            base: sheet.days(),
            unit: "days",
            rate: rate.times(sheet.pro_rata(Decimal::ONE) / sheet.days()),
            amount_eur: sheet.pro_rata(rate.eur),
            vat_fraction: None,
            is_credit: false,
            formula,
            registers: Vec::new(),
        });
    }
}

impl Kind for NetworkTariff {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Network)
    }

    fn ask(&self, needs: &mut Needs) {
        for slot in self.blocks.iter().filter_map(Block::slot) {
            needs.add(Need::Sum(Flow::Import, Weight::Slot(slot)));
        }
        if self.eur_per_kw_year.is_some() {
            needs.add(Need::Peak(Flow::Import));
        }
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let blocks = at.get("blocks").map_or(&[][..], Node::items);
        for (block, node) in self.blocks.iter().zip(blocks) {
            if block.slot().is_none() {
                let place = node.get("hours").map_or(&node.origin, |hours| &hours.origin);
                faults.push(
                    Fault::error(
                        "kwartier::rules::hours",
                        format!("\"{}\" are no hours", block.hours.as_deref().unwrap_or("")),
                    )
                    .at(place, "not hours")
                    .help("write from and to by the clock: \"16:00-21:00\""),
                );
            }
        }
        let classes = at.get("classes").map_or(&[][..], Node::items);
        for (class, node) in self.classes.iter().zip(classes) {
            for words in class.connections.iter().filter(|words| Connection::parse(words).is_none()) {
                let place = node.get("connections").map_or(&node.origin, |connections| &connections.origin);
                faults.push(
                    Fault::error("kwartier::rules::connection", format!("\"{words}\" is not a connection"))
                        .at(place, "not a connection")
                        .help("write phases and fuse: [\"3x25A\"]"),
                );
            }
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        if self.carrier == Carrier::Gas {
            if sheet.point.has_gas {
                let rate = self.gas(USUAL_GAS_METER, sheet.annual_gas_m3())?;
                NetworkTariff::post_class(sheet, rate, USUAL_GAS_METER);
            }
            return Ok(());
        }
        if let (Some(connection), false) = (sheet.point.connection, self.classes.is_empty()) {
            let rate = self.electricity(connection)?;
            NetworkTariff::post_class(sheet, rate, &connection.to_string());
        }
        for block in &self.blocks {
            let (Some(slot), Some(Exact(eur))) = (block.slot(), block.eur_per_kwh) else { continue };
            let weight = Weight::Slot(slot);
            let kwh = sheet.sum(Flow::Import, &weight)?;
            let rate = Rate::excluding(eur * self.factor());
            let formula = sheet.say(|| format!("{} kWh in {slot} × {}", shown(kwh, 0, 9), rate.eur));
            sheet.post(Entry {
                what: format!("{}, {slot}", sheet.rule().title).into(),
                base: kwh,
                unit: "kWh",
                rate,
                amount_eur: kwh * rate.eur,
                vat_fraction: None,
                is_credit: false,
                formula,
                registers: vec![(Need::Sum(Flow::Import, weight), 1)],
            });
        }
        if let Some(Exact(eur)) = self.eur_per_kw_year {
            let least = self.least_kw.map_or(Decimal::ZERO, |Exact(kw)| kw);
            let peaks: Vec<Decimal> = sheet.peaks_kw(Flow::Import)?.into_iter().map(|kw| kw.max(least)).collect();
            let mean = peaks.iter().sum::<Decimal>() / Decimal::from(peaks.len());
            let rate = Rate::excluding(eur * self.factor());
            let formula = sheet.say(|| {
                format!(
                    "mean of {} months' greatest draw, each at least {least} kW: {} kW × {}{}",
                    peaks.len(),
                    shown(mean, 0, 6),
                    rate.eur,
                    sheet.days_words()
                )
            });
            sheet.post(Entry {
                what: format!("{}, power", sheet.rule().title).into(),
                base: mean,
                unit: "kW",
                rate,
                amount_eur: sheet.pro_rata(mean * rate.eur),
                vat_fraction: None,
                is_credit: false,
                formula,
                registers: vec![(Need::Peak(Flow::Import), 1)],
            });
        }
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        let mut inputs = match self.carrier {
            Carrier::Electricity => vec![required("connection", "phases and fuse: 3x25A")],
            Carrier::Gas => vec![
                required("annual_m3", "the year's use of gas, m³"),
                optional("meter", "the gas meter: G6 (default), G10, G16, G25"),
            ],
        };
        inputs.push(optional("days", "days of the year; default all"));
        inputs.push(optional("mean_peak_kw", "mean of each month's greatest draw, for tariffs by power"));
        inputs
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let of = Decimal::from(given.on.days_in_year());
        let days = given.number_or("days", of)?;
        let vat = given.vat_fraction;
        let rate = match self.carrier {
            Carrier::Electricity => {
                let words = given.text("connection")?;
                let connection =
                    Connection::parse(words).ok_or_else(|| given.wrong("connection", "phases and fuse: 3x25A"))?;
                if self.classes.is_empty() { Rate::excluding(Decimal::ZERO) } else { self.electricity(connection)? }
            }
            Carrier::Gas => {
                let meter = given.text("meter").unwrap_or(USUAL_GAS_METER);
                self.gas(meter, given.number("annual_m3")?)?
            }
        };
        let mut lines = vec![
            Working::new(
                "by class, excluding VAT",
                format!("{} × {days}/{of}", rate.excluding_vat(vat).normalize()),
                rate.excluding_vat(vat) * days / of,
                "EUR",
            ),
            Working::new(
                "by class, including VAT",
                format!("{} × {days}/{of}", rate.including_vat(vat).normalize()),
                rate.including_vat(vat) * days / of,
                "EUR",
            ),
        ];
        if let (Some(Exact(eur)), Some(kw)) = (self.eur_per_kw_year, given.optional("mean_peak_kw")?) {
            let kw = kw.max(self.least_kw.map_or(Decimal::ZERO, |Exact(least)| least));
            let gross = Decimal::ONE + vat;
            lines.push(Working::new(
                "by power, including VAT",
                format!("{kw} kW × {eur} × {gross} × {days}/{of}"),
                kw * eur * gross * days / of,
                "EUR",
            ));
        }
        Ok(lines)
    }
}
