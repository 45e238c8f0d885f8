//! Netting: what is fed in is set off against what is drawn, within a window of time.
//!
//! For each register: net = max(0, import − export), and what is left of the export is paid by the contract. With more
//! than one register (a normal and a low tariff) the excess of one is set off against the other where they are pooled.
//! Shared energy is left out on both sides. A window is cut at the borders of the rules that apply.
//!
//! Money may be set off instead (Spain's simplified compensation): each kWh is priced as the contract says, and what feed-in
//! earns counts at most up to what the energy drawn in the same window costs, both without VAT. The rest is not paid, and
//! not carried to another window.
//!
//! # Worked case
//! T-NL-02: import 2,800 kWh, export 2,000 kWh in 2026: 800 kWh are delivered, at 0.12 + 0.09161 EUR and 21 % VAT:
//! 204.84 EUR.
//! Money: 100 kWh drawn at 0.15 EUR and 400 kWh fed in at 0.05 EUR in a month: 20.00 EUR earned, 15.00 EUR credited.
//!
//! # Source
//! Elektriciteitswet 1998 article 31c; it ends on 2027-01-01 by law 36611. Money: Real Decreto 244/2019 article 14.

use std::ops::Range;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::Needs;
use crate::rules::settle::{FeedInLimit, Sheet, SlotSums, Unknown, windows_of};

/// Feed-in is set off against use.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Netting {
    /// The time within which feed-in is set off against use.
    #[serde(default)]
    pub window: WindowLength,
    /// Whether the excess of one register is set off against the other.
    #[serde(default = "pooled")]
    pub pooled: bool,
    /// Whether kWh are set off, or what they are worth.
    #[serde(default)]
    pub of: SetOff,
    /// The greatest power of the panels behind a meter that it applies to, kWp. Default: any.
    pub max_kwp: Option<Exact>,
}

fn pooled() -> bool {
    true
}

/// The time within which feed-in is set off against use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum WindowLength {
    /// The contract year
    #[default]
    ContractYear,
    /// Each month
    Month,
}

/// What is set off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum SetOff {
    /// kWh fed in against kWh drawn
    #[default]
    Energy,
    /// What feed-in earns, against what the energy drawn costs
    Money,
}

impl Netting {
    /// Whether a point's panels are too large for it.
    fn leaves_out(&self, sheet: &Sheet<'_>) -> bool {
        self.max_kwp.zip(sheet.point.panels_kwp).is_some_and(|(Exact(most), kwp)| kwp > most)
    }
}

impl Kind for Netting {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Netting)
    }

    fn ask(&self, needs: &mut Needs) {
        needs.add_residual(Flow::Import, &crate::rules::readings::Weight::One);
        needs.add_residual(Flow::Export, &crate::rules::readings::Weight::One);
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        if self.leaves_out(sheet) {
            return Ok(());
        }
        let low = sheet.low_slot();
        let periods: Vec<Range<usize>> = match self.window {
            WindowLength::ContractYear => vec![sheet.periods.clone()],
            WindowLength::Month => months(sheet),
        };
        if self.of == SetOff::Money {
            sheet.feed_in_limit = Some(FeedInLimit { windows: periods, rule: sheet.in_force() });
            return Ok(());
        }
        let mut windows = windows_of(sheet, low, periods)?;
        for window in &mut windows {
            set_off(&mut window.slots, self.pooled);
        }
        sheet.windows = windows;
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        if self.of == SetOff::Money {
            return vec![
                required("energy_eur", "what the energy drawn within the window costs, without VAT"),
                required("feed_in_eur", "what feed-in within the window earns"),
            ];
        }
        vec![
            required("import_kwh", "drawn within the window"),
            required("export_kwh", "fed in within the window"),
            optional("import_low_kwh", "the part of it in the low tariff; default 0"),
            optional("export_low_kwh", "the part of it in the low tariff; default 0"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        if self.of == SetOff::Money {
            let (energy, earned) = (given.number("energy_eur")?, given.number("feed_in_eur")?);
            let credited = earned - above_limit(energy, earned);
            return Ok(vec![
                Working::new("credited", format!("min({earned}, {energy})"), -credited, "EUR"),
                Working::new("left to pay for energy, excluding VAT", "the sum", energy - credited, "EUR"),
            ]);
        }
        let (import, export) = (given.number("import_kwh")?, given.number("export_kwh")?);
        let low_import = given.number_or("import_low_kwh", Decimal::ZERO)?;
        let low_export = given.number_or("export_low_kwh", Decimal::ZERO)?;
        let sums = |import_kwh, export_kwh| SlotSums {
            import_kwh,
            export_kwh,
            net_import_kwh: import_kwh,
            net_export_kwh: export_kwh,
        };
        let mut slots = vec![sums(import - low_import, export - low_export), sums(low_import, low_export)];
        set_off(&mut slots, self.pooled);
        let total = |of: fn(&SlotSums) -> Decimal| slots.iter().map(of).sum::<Decimal>();
        let numbers = |number: Decimal| shown(number, 0, 9);
        Ok(vec![
            Working::new(
                "delivered after netting",
                format!(
                    "max(0, {} − {}) in all, by register where they are not pooled",
                    numbers(import),
                    numbers(export)
                ),
                total(|slot| slot.net_import_kwh),
                "kWh",
            ),
            Working::new(
                "left to be paid by the contract",
                format!("max(0, {} − {}) in all", numbers(export), numbers(import)),
                total(|slot| slot.net_export_kwh),
                "kWh",
            ),
        ])
    }
}

/// The part of what feed-in earned that is above what the energy of the same window costs.
pub(super) fn above_limit(energy_eur: Decimal, feed_in_eur: Decimal) -> Decimal {
    (feed_in_eur - energy_eur.max(Decimal::ZERO)).max(Decimal::ZERO)
}

/// The periods of each calendar month.
fn months(sheet: &Sheet<'_>) -> Vec<Range<usize>> {
    let mut months: Vec<Range<usize>> = Vec::new();
    for at in sheet.periods.clone() {
        let month = |at: usize| sheet.period(at).0.first_of_month();
        match months.last_mut() {
            Some(last) if month(last.start) == month(at) => last.end = at + 1,
            _ => months.push(at..at + 1),
        }
    }
    months
}

/// Sets off what was fed in against what was drawn: in each slot, then the excess of one slot against the others.
fn set_off(slots: &mut [SlotSums], pooled: bool) {
    for slot in slots.iter_mut() {
        let netted = slot.import_kwh.min(slot.export_kwh);
        slot.net_import_kwh = slot.import_kwh - netted;
        slot.net_export_kwh = slot.export_kwh - netted;
    }
    if !pooled {
        return;
    }
    for giver in 0..slots.len() {
        for taker in 0..slots.len() {
            let netted = slots[giver].net_export_kwh.min(slots[taker].net_import_kwh);
            slots[giver].net_export_kwh -= netted;
            slots[taker].net_import_kwh -= netted;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(pairs: &[(i64, i64)], pooled: bool) -> Vec<(Decimal, Decimal)> {
        let sums = |(import, export): &(i64, i64)| SlotSums {
            import_kwh: Decimal::from(*import),
            export_kwh: Decimal::from(*export),
            ..SlotSums::default()
        };
        let mut slots: Vec<SlotSums> = pairs.iter().map(sums).collect();
        set_off(&mut slots, pooled);
        slots.iter().map(|slot| (slot.net_import_kwh, slot.net_export_kwh)).collect()
    }

    #[test]
    fn the_excess_of_one_register_is_set_off_against_the_other() {
        let numbers = |pairs: [(i64, i64); 2]| pairs.map(|(a, b)| (Decimal::from(a), Decimal::from(b)));
        assert_eq!(slots(&[(1000, 1500), (1800, 500)], true), numbers([(0, 0), (800, 0)]));
        assert_eq!(slots(&[(1000, 1500), (1800, 500)], false), numbers([(0, 500), (1300, 0)]));
        assert_eq!(slots(&[(1000, 1500), (200, 100)], true), numbers([(0, 400), (0, 0)]));
    }

    #[test]
    fn money_is_set_off_down_to_nothing_and_no_further() {
        let above = |energy: i64, earned: i64| above_limit(Decimal::from(energy), Decimal::from(earned));
        assert_eq!(above(15, 20), Decimal::from(5));
        assert_eq!(above(15, 10), Decimal::ZERO);
        assert_eq!(above(-3, 2), Decimal::from(2), "energy at negative prices leaves nothing to set off against");
        assert_eq!(above(3, -2), Decimal::ZERO);
    }
}
