//! Queue: waiting for a permit or a connection, in the order of priority and of arrival.
//!
//! months = (kW of all who come before + own kW) / (kW released a year − kW a year that join with a higher priority) × 12.
//! Before a request come all of higher priority, and those of its own who asked earlier. Where as much joins above as is
//! released, its turn never comes.
//!
//! # Worked case
//! Released 1,200 kW a year, 300 kW ahead with a higher priority and 240 kW with the same: 60 kW wait (300 + 240 + 60) /
//! 1,200 × 12 = 6 months.
//!
//! # Source
//! ACM, prioriteringskader: Staatscourant 2025-42323.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Kind;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::Exact;
use crate::rules::settle::Unknown;
use crate::rules::terms::Day;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::Connection;
use crate::scenario::tree::Node;

/// Waiting for a permit or a connection.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Queue {
    /// Classes of priority, the first served first.
    #[schemars(required, length(min = 1))]
    pub classes: Option<Vec<String>>,
    /// Power that is released, kW a year. Left out: not known, and refused where a sum needs it.
    pub released_kw_per_year: Option<Exact>,
    /// A place lapses after this many months. Default: it does not.
    pub lapses_after_months: Option<Exact>,
    /// The first day from which the last class is served at all.
    pub last_class_from: Option<Day>,
    /// Connections up to this need not wait, e.g. "3x80A". Default: all wait.
    pub free_up_to: Option<String>,
}

impl Kind for Queue {
    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        if let Some(words) = self.free_up_to.as_deref().filter(|words| Connection::parse(words).is_none()) {
            let place = at.get("free_up_to").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::connection", format!("\"{words}\" is not a connection"))
                    .at(place, "not a connection")
                    .help("write phases and fuse: \"3x80A\""),
            );
        }
    }

    fn inputs(&self) -> Vec<Input> {
        let mut inputs = vec![
            required("kw", "power that is asked for"),
            required("class", "the class of priority"),
            optional(
                "ahead_kw",
                "power ahead in each class, from the first to its own, with commas between; default 0",
            ),
            optional("released_kw_per_year", "power that is released a year; default: that of the rule"),
            optional("joining_kw_per_year", "power a year that joins with a higher priority; default 0"),
        ];
        if self.free_up_to.is_some() {
            inputs.push(optional("connection", "phases and fuse of the connection: 3x25A"));
        }
        inputs
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let kw = given.number("kw")?;
        let classes: Vec<&str> = self.classes.iter().flatten().map(String::as_str).collect();
        let class = given.text("class")?;
        let Some(place) = classes.iter().position(|known| *known == class) else {
            return Err(given.wrong("class", &format!("one of {}", classes.join(", "))));
        };
        if let (Some(free), Ok(words)) = (self.free_up_to.as_deref(), given.text("connection")) {
            let own = Connection::parse(words).ok_or_else(|| given.wrong("connection", "phases and fuse: 3x25A"))?;
            if Connection::parse(free).is_some_and(|free| own.power_kw() <= free.power_kw()) {
                return Ok(vec![Working::new(
                    "waits",
                    format!("{own} is up to {free}: no queue"),
                    Decimal::ZERO,
                    "months",
                )]);
            }
        }
        let ahead = given.list("ahead_kw")?.unwrap_or_default();
        if ahead.len() > classes.len() || ahead.iter().any(Decimal::is_sign_negative) {
            return Err(given.wrong("ahead_kw", &format!("up to {} numbers from 0 up", classes.len())));
        }
        let before: Decimal = ahead.iter().take(place + 1).sum();
        let own = self.released_kw_per_year.map(|Exact(kw)| kw);
        let released = given.optional("released_kw_per_year")?.or(own);
        let released =
            released.ok_or_else(|| Unknown::new("what is released a year is not known: set `released_kw_per_year`"))?;
        let joining = if place == 0 { Decimal::ZERO } else { given.number_or("joining_kw_per_year", Decimal::ZERO)? };
        let mut lines =
            vec![Working::new("comes before", format!("{} of {} classes", place + 1, classes.len()), before, "kW")];
        if released <= joining {
            return Err(given.wrong(
                "joining_kw_per_year",
                &format!("less than the {released} kW a year that are released: its turn never comes"),
            ));
        }
        let months = (before + kw) * Decimal::from(12) / (released - joining);
        lines.push(Working::new(
            "waits",
            format!("({before} + {kw}) kW × 12 / ({released} − {joining}) kW a year"),
            months,
            "months",
        ));
        if let Some(Exact(limit)) = self.lapses_after_months.filter(|Exact(limit)| months > *limit) {
            let formula = format!("its place lapses after {limit} months");
            lines.push(Working::new("too late by", formula, months - limit, "months"));
        }
        if let Some(Day(first)) = self.last_class_from.filter(|_| place + 1 == classes.len() && place > 0)
            && given.on < first
        {
            let days = crate::rules::settle::days_between(given.on, first);
            let formula = format!("\"{class}\" is served from {first} on");
            lines.push(Working::new("not before", formula, Decimal::from(days), "days"));
        }
        Ok(lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "classes = [\"softener\", \"safety\", \"basic-need\", \"other\"]\nfree_up_to = \"3x25A\"";

    fn months(inputs: &[(&str, &str)]) -> Result<Decimal, GivenError> {
        let kind: Queue = toml::from_str(RULE).unwrap();
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given::new(values, &kind.inputs(), "2026-07-01".parse().unwrap(), Decimal::ZERO)?;
        Ok(kind.attempt(&given)?.iter().find(|line| line.what == "waits").unwrap().value)
    }

    #[test]
    fn those_of_higher_priority_come_first() {
        let asked = |class| {
            [("kw", "60"), ("class", class), ("ahead_kw", "100, 200, 240, 9000"), ("released_kw_per_year", "1200")]
        };
        assert_eq!(months(&asked("basic-need")), Ok(Decimal::from(6)));
        assert_eq!(months(&asked("softener")), Ok("1.6".parse().unwrap()));
        assert_eq!(months(&asked("other")), Ok(Decimal::from(96)));
    }

    #[test]
    fn what_joins_above_makes_it_longer_or_endless() {
        let asked = |joining| {
            [
                ("kw", "60"),
                ("class", "other"),
                ("ahead_kw", "0,0,0,540"),
                ("released_kw_per_year", "1200"),
                ("joining_kw_per_year", joining),
            ]
        };
        assert_eq!(months(&asked("600")), Ok(Decimal::from(12)));
        assert!(months(&asked("1200")).is_err());
    }

    #[test]
    fn small_connections_do_not_wait_and_an_unknown_release_is_named() {
        let small = [("kw", "17"), ("class", "other"), ("connection", "3x25A")];
        assert_eq!(months(&small), Ok(Decimal::ZERO));
        let error = months(&[("kw", "60"), ("class", "other")]).unwrap_err().to_string();
        assert!(error.contains("released_kw_per_year"), "{error}");
    }
}
