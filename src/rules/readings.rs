//! What rules see of a point: registers by period, never steps.
//!
//! A rule states the registers it needs ([`Need`]); the engine fills them for every home, a file of real readings gives
//! those it has. From here on they are exact decimals.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::calendar::Day;
use crate::engine::meters::Flow;
use crate::scenario::language::Tenure;
use crate::scenario::plan::Connection;
use crate::sharing::price::{GridPrices, IntervalPrice};

/// A connection that is billed: a home, a business, a plant.
#[derive(Clone, Debug)]
pub struct Point {
    /// Its id, as in the scenario.
    pub id: String,
    /// What it is.
    pub kind: PointKind,
    /// Its grid connection.
    pub connection: Option<Connection>,
    /// Whether it is a member of the cooperative.
    pub is_member: bool,
    /// Whether it has a gas connection.
    pub has_gas: bool,
    /// Yearly income of the household, EUR, if known.
    pub income_eur: Option<f64>,
    /// Peak power of the panels behind its meter, kWp, if it has panels that are described.
    pub panels_kwp: Option<Decimal>,
}

/// What a point is.
#[derive(Clone, Debug, PartialEq)]
pub enum PointKind {
    /// A home.
    Home(Tenure),
    /// A business.
    Business,
    /// A plant of the cooperative.
    Plant {
        /// Its peak power, kWp, if it has panels that are described.
        peak_kwp: Option<Decimal>,
        /// The id of the premium that it was granted, and the day of the application.
        premium: Option<(String, Date)>,
    },
}

/// A register that a rule needs, kept for each period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Σ flow × weight(step) × hours of a step.
    Sum(Flow, Weight),
    /// The greatest power of a step, kW.
    Peak(Flow),
}

/// What each step's flow counts for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weight {
    /// One: kWh.
    One,
    /// One within the hours of a tariff, zero outside: kWh.
    Slot(Slot),
    /// The day-ahead price of the step, EUR/kWh excluding VAT: EUR.
    Spot,
    /// What a kWh fed in earns at a dynamic price with a floor: max(spot − `markdown`, `share` × (spot + `markup`)), EUR.
    Floored {
        /// The part of the supply price that is the floor.
        share: Decimal,
        /// What the supplier adds to the price of a kWh delivered, EUR/kWh excluding VAT.
        markup: Decimal,
        /// What the supplier takes off the price of a kWh fed in, EUR/kWh.
        markdown: Decimal,
    },
    /// The day-ahead price of the hour that the step lies in, the mean of its steps, EUR/kWh excluding VAT: EUR.
    HourlySpot,
    /// How far the price of the hour is below a reference: min(`most`, max(0, `reference` − price of the hour)), EUR.
    Below {
        /// The price that it is measured from, EUR/kWh.
        reference: Decimal,
        /// The most that it comes to, EUR/kWh.
        most: Decimal,
    },
    /// The price of a shared kWh by the ratio of supply and demand among the members in the settlement interval: EUR.
    SupplyDemandRatio {
        /// What a kWh from the grid costs, EUR/kWh.
        import_eur_per_kwh: Decimal,
        /// What a kWh fed into it earns, EUR/kWh.
        export_eur_per_kwh: Decimal,
    },
}

impl Weight {
    /// The weight of a step of this day that begins at this local minute, at this price, EUR/kWh: that of the step, or
    /// that of its hour where the weight [is by the hour](Weight::is_by_hour).
    pub fn of_step(&self, day: &Day, minute: u16, spot_eur_per_kwh: Decimal) -> Decimal {
        match self {
            Weight::One => Decimal::ONE,
            Weight::Slot(slot) if slot.holds(day, minute) => Decimal::ONE,
            // A price of the interval is of the whole community: see `interval_price`.
            Weight::Slot(_) | Weight::SupplyDemandRatio { .. } => Decimal::ZERO,
            Weight::Spot | Weight::HourlySpot => spot_eur_per_kwh,
            Weight::Below { reference, most } => (reference - spot_eur_per_kwh).max(Decimal::ZERO).min(*most),
            Weight::Floored { share, markup, markdown } => {
                (spot_eur_per_kwh - markdown).max(share * (spot_eur_per_kwh + markup))
            }
        }
    }

    /// Whether it needs the price of each step.
    pub fn is_of_prices(&self) -> bool {
        matches!(self, Weight::Spot | Weight::Floored { .. }) || self.is_by_hour()
    }

    /// Whether it is of the mean price of each hour, whatever the steps.
    pub fn is_by_hour(&self) -> bool {
        matches!(self, Weight::HourlySpot | Weight::Below { .. })
    }

    /// The price that follows from what the members need and have in an interval, if it is one.
    pub fn interval_price(&self) -> Option<IntervalPrice> {
        let Weight::SupplyDemandRatio { import_eur_per_kwh: import, export_eur_per_kwh: export } = self else {
            return None;
        };
        let grid = GridPrices::new(import.to_f64()?, export.to_f64()?).ok()?;
        Some(IntervalPrice::SupplyDemandRatio(grid))
    }

    /// What it stands for, after the flow: "× day-ahead price".
    pub fn about(&self) -> String {
        match self {
            Weight::One => String::new(),
            Weight::Slot(slot) => format!(" in {slot}"),
            Weight::Spot => " × day-ahead price".to_owned(),
            Weight::HourlySpot => " × day-ahead price of the hour".to_owned(),
            Weight::Below { reference, most } => format!(" × min({most}, max(0, {reference} − price of the hour))"),
            Weight::Floored { share, markup, markdown } => {
                format!(" × max(day-ahead − {markdown}, {share} × (day-ahead + {markup}))")
            }
            Weight::SupplyDemandRatio { import_eur_per_kwh: import, export_eur_per_kwh: export } => {
                format!(" × price by supply over demand, from {import} to {export}")
            }
        }
    }

    /// The unit of a sum of kWh with this weight.
    pub fn unit(&self) -> &'static str {
        let is_of_money = self.is_of_prices() || matches!(self, Weight::SupplyDemandRatio { .. });
        if is_of_money { "EUR" } else { "kWh" }
    }
}

/// The hours in which a tariff holds, by the local clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// First minute of the day.
    pub from_minute: u16,
    /// First minute after it; before `from_minute` if it goes over midnight.
    pub to_minute: u16,
    /// On which days.
    pub days: SlotDays,
    /// Whether weekends and holidays are in it from midnight to midnight.
    pub all_free_days: bool,
    /// First and last month, 1 to 12.
    pub months: (u8, u8),
}

/// The days of a tariff's hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum SlotDays {
    /// Every day
    #[default]
    All,
    /// Monday to Friday without holidays
    Working,
    /// Weekends and holidays
    Free,
}

impl Slot {
    /// Whether a minute of a day is in it.
    pub fn holds(&self, day: &Day, minute: u16) -> bool {
        let month = day.month();
        let (first, last) = self.months;
        let in_season = if first <= last { (first..=last).contains(&month) } else { month >= first || month <= last };
        if !in_season {
            return false;
        }
        if self.all_free_days && day.is_free() {
            return true;
        }
        let on_day = match self.days {
            SlotDays::All => true,
            SlotDays::Working => !day.is_free(),
            SlotDays::Free => day.is_free(),
        };
        let in_hours = if self.from_minute < self.to_minute {
            (self.from_minute..self.to_minute).contains(&minute)
        } else {
            minute >= self.from_minute || minute < self.to_minute
        };
        on_day && in_hours
    }

    /// The minutes of hours written as "23:00-07:00".
    pub fn minutes(text: &str) -> Option<(u16, u16)> {
        let minute = |clock: &str| -> Option<u16> {
            let (hour, minute) = clock.trim().split_once(':')?;
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            (minute < 60 && hour * 60 + minute <= 24 * 60).then_some(hour * 60 + minute)
        };
        let (from, to) = text.split_once('-')?;
        let (from, to) = (minute(from)?, minute(to)?);
        (from != to && from < 24 * 60).then_some((from, to))
    }
}

impl std::fmt::Display for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{}-{}", clock(self.from_minute), clock(self.to_minute))?;
        match self.days {
            SlotDays::All => {}
            SlotDays::Working => f.write_str(" on working days")?,
            SlotDays::Free => f.write_str(" on free days")?,
        }
        if self.all_free_days {
            f.write_str(" and on free days")?;
        }
        if self.months != (1, 12) {
            write!(f, ", months {} to {}", self.months.0, self.months.1)?;
        }
        Ok(())
    }
}

/// The registers of a point, by period.
#[derive(Clone, Debug)]
pub struct Readings {
    /// The registers there are, in the order of [`PeriodReading::values`].
    pub needs: Arc<Vec<Need>>,
    /// Consecutive periods: months, cut at the borders of rules and contract years.
    pub periods: Vec<PeriodReading>,
    /// Whether only yearly registers are known: a period is then as long as the reading.
    pub are_yearly: bool,
}

/// The registers of a point in a period.
#[derive(Clone, Debug)]
pub struct PeriodReading {
    /// First day.
    pub from: Date,
    /// First day after it.
    pub until: Date,
    /// A value for each register.
    pub values: Vec<Decimal>,
    /// Gas, m³.
    pub gas_m3: Decimal,
}

/// Which of three lives of the same point is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// As it is.
    Actual,
    /// The same devices, but no cooperative: nothing is shared.
    WithoutCooperative,
    /// Neither: every kWh is drawn from the grid.
    WithoutDevices,
}

impl Readings {
    /// A register summed over some periods (the greatest, of a peak); `None` if it is not among those there are.
    pub fn sum(&self, life: Life, periods: Range<usize>, need: &Need) -> Option<Decimal> {
        let flow = match need {
            Need::Sum(flow, _) | Need::Peak(flow) => *flow,
        };
        let flow = match (life, flow) {
            (Life::Actual, flow) => flow,
            (_, Flow::SharedIn | Flow::SharedOut) => return Some(Decimal::ZERO),
            (Life::WithoutDevices, Flow::Import) => Flow::Load,
            (Life::WithoutDevices, Flow::Export | Flow::Generation | Flow::Charge | Flow::Discharge) => {
                return Some(Decimal::ZERO);
            }
            (_, flow) => flow,
        };
        let matches = |known: &Need| match (known, need) {
            (Need::Sum(known, weight), Need::Sum(_, wanted)) => *known == flow && weight == wanted,
            (Need::Peak(known), Need::Peak(_)) => *known == flow,
            _ => false,
        };
        let at = self.needs.iter().position(matches)?;
        let values = self.periods[periods].iter().map(|period| period.values[at]);
        Some(match need {
            Need::Sum(..) => values.sum(),
            Need::Peak(_) => values.max().unwrap_or_default(),
        })
    }
}

/// The registers that rules ask for, each once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Needs {
    needs: Vec<Need>,
}

impl Needs {
    /// Asks for a register.
    pub fn add(&mut self, need: Need) {
        if !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }

    /// Asks for a sum of a flow at the meter, and for the shared part of it.
    pub fn add_residual(&mut self, flow: Flow, weight: &Weight) {
        self.add(Need::Sum(flow, weight.clone()));
        match flow {
            Flow::Import => self.add(Need::Sum(Flow::SharedIn, weight.clone())),
            Flow::Export => self.add(Need::Sum(Flow::SharedOut, weight.clone())),
            _ => {}
        }
    }

    /// Whether one of them needs the price of each step.
    pub fn is_of_prices(&self) -> bool {
        self.needs.iter().any(|need| matches!(need, Need::Sum(_, weight) if weight.is_of_prices()))
    }

    /// What was asked for.
    pub fn all(&self) -> &[Need] {
        &self.needs
    }
}

/// A flow in the words of bills and files.
pub fn flow_name(flow: Flow) -> &'static str {
    match flow {
        Flow::Load => "load",
        Flow::Generation => "generation",
        Flow::Charge => "charge",
        Flow::Discharge => "discharge",
        Flow::Import => "import",
        Flow::Export => "export",
        Flow::SharedIn => "shared_in",
        Flow::SharedOut => "shared_out",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_and_go_over_midnight() {
        assert_eq!(Slot::minutes("23:00-07:00"), Some((1380, 420)));
        assert_eq!(Slot::minutes("16:00-24:00"), Some((960, 1440)));
        for wrong in ["23-7", "24:00-07:00", "07:00-07:00", "07:61-08:00", "", "7:00"] {
            assert_eq!(Slot::minutes(wrong), None, "{wrong}");
        }
    }
}
