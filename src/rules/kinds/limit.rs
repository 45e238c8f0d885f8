//! Limit: how much power a connection, or a group of them, may draw or feed in.
//!
//! The cap is the least of what holds: a fixed power, a part of the contracted power, a part of the panels' peak power, the
//! block of hours, what was released the day before. What is above it is curtailed. A right that is bound to a part of the
//! hours may be cut in the others: hours cut ≤ (1 − part) × 8,760. A cap of a group holds for the sum of its members.
//!
//! A right that is not used may be taken back in part: where at most a part of it was used, or much is left unused.
//!
//! # Worked cases
//! 70 % of 100 kWp: of 85 kW 15 kW are curtailed. 85 % of hours: at most 1,314 h a year are cut, 3.6 h a day.
//!
//! # Source
//! ACM on transport rights, Staatscourant 2024-23594 and 2024-13531; covenant Zonnestroom.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::Slot;
use crate::rules::settle::Unknown;
use crate::rules::terms::word;
use crate::scenario::diagnostics::Fault;
use crate::scenario::tree::Node;

/// How much power may be drawn or fed in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Limit {
    /// Which way it limits.
    #[serde(default)]
    pub direction: Direction,
    /// The form of the transport right.
    #[serde(default)]
    pub form: RightForm,
    /// Fixed cap, kW.
    pub cap_kw: Option<Exact>,
    /// Cap as a part of the peak power of the panels.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub fraction_of_kwp: Option<Exact>,
    /// It holds for panels above this peak power, kWp. Default: for all.
    pub above_kwp: Option<Exact>,
    /// Hours within which the right holds, for one that is bound to them.
    #[serde(default)]
    pub blocks: Vec<RightBlock>,
    /// The part of the hours of a year in which the right is sure.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub hours_fraction: Option<Exact>,
    /// Whether the cap holds for the sum of several connections.
    #[serde(default)]
    pub is_of_group: bool,
    /// What is not used may be taken back where at most this part of the right was used.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub take_back_used_fraction: Option<Exact>,
    /// What is not used may be taken back where it is at least this much, kW.
    pub take_back_unused_kw: Option<Exact>,
    /// For how many months on end it must have been unused.
    pub take_back_months: Option<u16>,
}

/// Which way a limit holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Direction {
    /// What is drawn
    #[default]
    Import,
    /// What is fed in
    Export,
    /// Both
    Both,
}

/// The form of a transport right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum RightForm {
    /// Always
    #[default]
    Firm,
    /// As much as is released the day before
    Variable,
    /// In a part of the hours of the year
    HoursBound,
    /// Within blocks of hours
    BlockBound,
}

/// Hours within which a right holds.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct RightBlock {
    /// Hours by the clock: "00:00-06:00".
    #[schemars(required)]
    pub hours: Option<String>,
    /// Cap within them, kW. Default: the contracted power.
    pub cap_kw: Option<Exact>,
}

impl RightBlock {
    fn minutes(&self) -> Option<(u16, u16)> {
        Slot::minutes(self.hours.as_deref()?)
    }

    fn holds(&self, minute: u16) -> bool {
        self.minutes().is_some_and(
            |(from, to)| {
                if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
            },
        )
    }
}

/// Hours of a year that is not a leap year.
const YEAR_HOURS: i64 = 8760;

/// The minute of a time by the clock.
fn minute_of(clock: &str) -> Option<u16> {
    Slot::minutes(&format!("{clock}-24:00")).map(|(minute, _)| minute)
}

impl Limit {
    /// What caps the power, each with its words.
    fn caps(&self, given: &Given) -> Result<Vec<(Decimal, String)>, GivenError> {
        let mut caps = Vec::new();
        let contracted = given.optional("contracted_kw")?;
        caps.extend(contracted.map(|kw| (kw, format!("{kw} contracted"))));
        caps.extend(self.cap_kw.map(|Exact(kw)| (kw, format!("{kw} at most"))));
        if let Some(Exact(part)) = self.fraction_of_kwp {
            let peak = given.number("peak_kwp")?;
            if self.above_kwp.is_none_or(|Exact(limit)| peak > limit) {
                caps.push((peak * part, format!("{peak} kWp × {part}")));
            }
        }
        match self.form {
            RightForm::Firm | RightForm::HoursBound => {}
            RightForm::Variable => {
                let released = given.number("released_kw")?;
                caps.push((released, format!("{released} released the day before")));
            }
            RightForm::BlockBound => {
                if self.blocks.is_empty() {
                    return Err(Unknown::new("the hours of the right are not known: set `blocks`").into());
                }
                let clock = given.text("at")?;
                let minute = minute_of(clock).ok_or_else(|| given.wrong("at", "a time by the clock: 17:00"))?;
                match self.blocks.iter().find(|block| block.holds(minute)) {
                    None => caps.push((Decimal::ZERO, format!("0 at {clock}, outside of its hours"))),
                    Some(block) => {
                        caps.extend(block.cap_kw.map(|Exact(kw)| (kw, format!("{kw} at {clock}"))));
                    }
                }
            }
        }
        Ok(caps)
    }

    /// What of a right may be taken back.
    fn take_back(&self, given: &Given) -> Result<Option<Working>, GivenError> {
        if self.take_back_used_fraction.is_none() && self.take_back_unused_kw.is_none() {
            return Ok(None);
        }
        let (contracted, used) = (given.number("contracted_kw")?, given.number("used_kw")?);
        let unused = (contracted - used).max(Decimal::ZERO);
        let is_little = self.take_back_used_fraction.is_some_and(|Exact(part)| used <= contracted * part);
        let is_much = self.take_back_unused_kw.is_some_and(|Exact(kw)| unused >= kw);
        let part = self.take_back_used_fraction.map_or(Decimal::ZERO, |Exact(part)| part);
        let least = self.take_back_unused_kw.map_or("any".to_owned(), |Exact(kw)| kw.to_string());
        let months = self.take_back_months.map_or(String::new(), |months| format!("for {months} months "));
        let (formula, value) = if is_little || is_much {
            (format!("{contracted} − {used}: {months}used at most {part} × {contracted}, or {least} kW unused"), unused)
        } else {
            (format!("{used} is above {part} × {contracted}, and {unused} unused is below {least}"), Decimal::ZERO)
        };
        Ok(Some(Working::new("may be taken back", formula, value, "kW")))
    }
}

impl Kind for Limit {
    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let nodes = at.get("blocks").map_or(&[][..], Node::items);
        for (block, node) in self.blocks.iter().zip(nodes).filter(|(block, _)| block.minutes().is_none()) {
            let place = node.get("hours").map_or(&node.origin, |hours| &hours.origin);
            let words = block.hours.as_deref().unwrap_or("");
            faults.push(
                Fault::error("kwartier::rules::hours", format!("\"{words}\" are no hours"))
                    .at(place, "not hours")
                    .help("write from and to by the clock: \"16:00-21:00\""),
            );
        }
    }

    fn inputs(&self) -> Vec<Input> {
        let mut inputs = vec![
            optional("power_kw", "power that is wanted; of a group, of each member with commas between"),
            optional("contracted_kw", "contracted power"),
            optional("peak_kwp", "peak power of the panels"),
        ];
        match self.form {
            RightForm::Variable => inputs.push(optional("released_kw", "what was released the day before")),
            RightForm::BlockBound => inputs.push(optional("at", "the time by the clock: 17:00")),
            RightForm::Firm | RightForm::HoursBound => {}
        }
        if self.take_back_used_fraction.is_some() || self.take_back_unused_kw.is_some() {
            inputs.push(optional("used_kw", "the greatest power that was used in the months that count"));
        }
        inputs
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        if let Some(taken) = self.take_back(given)? {
            return Ok(vec![taken]);
        }
        let mut lines = Vec::new();
        if let Some(Exact(part)) = self.hours_fraction {
            let hours = (Decimal::ONE - part) * Decimal::from(YEAR_HOURS);
            lines.push(Working::new("may be cut", format!("(1 − {part}) × {YEAR_HOURS} h"), hours, "h a year"));
            let daily = hours / Decimal::from(365);
            lines.push(Working::new("of a day on average", format!("{} h / 365", shown(hours, 0, 2)), daily, "h"));
        }
        let caps = self.caps(given)?;
        let least = caps.iter().map(|(cap, _)| *cap).min();
        if let Some(cap) = least {
            let words: Vec<&str> = caps.iter().map(|(_, words)| words.as_str()).collect();
            let formula = if words.len() == 1 { words[0].to_owned() } else { format!("min({})", words.join(", ")) };
            let what = format!("cap on {}", word(&self.direction));
            lines.push(Working::new(what, formula, cap, "kW"));
        }
        if let Some(powers) = given.list("power_kw")? {
            if powers.len() > 1 && !self.is_of_group {
                return Err(given.wrong("power_kw", "one power: this limit is not of a group"));
            }
            if powers.iter().any(Decimal::is_sign_negative) {
                return Err(given.wrong("power_kw", "powers from 0 up"));
            }
            let wanted: Decimal = powers.iter().sum();
            let passes = least.map_or(wanted, |cap| wanted.min(cap));
            let each: Vec<String> = powers.iter().map(ToString::to_string).collect();
            let sum = each.join(" + ");
            let formula = least.map_or(sum.clone(), |cap| format!("min({sum}, {cap})"));
            lines.push(Working::new("passes", formula, passes, "kW"));
            lines.push(Working::new("curtailed", format!("{wanted} − {passes}"), wanted - passes, "kW"));
        }
        if lines.is_empty() {
            let missing = if self.fraction_of_kwp.is_some() { "power_kw" } else { "contracted_kw" };
            return Err(GivenError::Missing { name: missing.to_owned() });
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rule: &str, what: &str, inputs: &[(&str, &str)]) -> String {
        let kind: Limit = toml::from_str(rule).unwrap();
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given::new(values, &kind.inputs(), "2026-07-01".parse().unwrap(), Decimal::ZERO).unwrap();
        let lines = kind.attempt(&given).unwrap();
        lines.iter().find(|line| line.what == what).unwrap().value.normalize().to_string()
    }

    #[test]
    fn panels_feed_in_seventy_per_cent_of_their_peak() {
        let inputs = [("peak_kwp", "100"), ("power_kw", "85")];
        assert_eq!(of("fraction_of_kwp = 0.7\ndirection = \"export\"", "curtailed", &inputs), "15");
        let large = "fraction_of_kwp = 0.5\nabove_kwp = 1000";
        assert_eq!(of(large, "curtailed", &inputs), "0");
        assert_eq!(of(large, "passes", &[("peak_kwp", "2000"), ("power_kw", "1500")]), "1000");
    }

    #[test]
    fn a_right_in_85_per_cent_of_hours_may_be_cut_in_1314() {
        let rule = "form = \"hours-bound\"\nhours_fraction = 0.85";
        assert_eq!(of(rule, "may be cut", &[]), "1314");
        assert_eq!(of(rule, "of a day on average", &[]), "3.6");
    }

    #[test]
    fn a_right_in_blocks_holds_within_their_hours() {
        let rule = "form = \"block-bound\"\nblocks = [{ hours = \"22:00-06:00\", cap_kw = 40 }]";
        assert_eq!(of(rule, "passes", &[("power_kw", "60"), ("at", "23:30")]), "40");
        assert_eq!(of(rule, "passes", &[("power_kw", "60"), ("at", "17:00")]), "0");
    }

    #[test]
    fn a_group_has_one_cap_for_the_sum() {
        let inputs = [("contracted_kw", "100"), ("power_kw", "60, 30, 25")];
        assert_eq!(of("is_of_group = true", "curtailed", &inputs), "15");
    }

    #[test]
    fn what_is_not_used_may_be_taken_back() {
        let rule = "take_back_used_fraction = 0.5\ntake_back_unused_kw = 1000";
        let of = |contracted, used| of(rule, "may be taken back", &[("contracted_kw", contracted), ("used_kw", used)]);
        assert_eq!(of("400", "200"), "200");
        assert_eq!(of("400", "201"), "0");
        assert_eq!(of("4000", "3000"), "1000");
    }
}
