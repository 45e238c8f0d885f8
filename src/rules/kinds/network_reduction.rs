//! Network reduction: a shared kWh pays less for the grid, the less of the grid it used.
//!
//! taken off = kWh received by sharing × work price × factor of the level. The level of a group is that of its least local
//! member. Levels are listed from the most local one.
//!
//! # Worked case
//! T-AT-01: 500 shared kWh at a work price of 0.06 EUR: local (57 %) saves 17.10 EUR and pays 12.90; regional (28 %) saves
//! 8.40 EUR.
//!
//! # Source
//! Systemnutzungsentgelte-Verordnung (AT); energiegemeinschaften.gv.at.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Kind, Stage};
use crate::engine::meters::Flow;
use crate::rules::attempt::{Given, GivenError, Input, Working, optional, required};
use crate::rules::exact::{Exact, shown};
use crate::rules::readings::{Need, Needs, Weight};
use crate::rules::rule::Rate;
use crate::rules::settle::{Entry, Sheet, Unknown};
use crate::scenario::diagnostics::{Fault, nearest};
use crate::scenario::tree::Node;

/// Less network tariff on shared kWh.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct NetworkReduction {
    /// Levels of proximity, the most local first.
    #[schemars(required, length(min = 1))]
    pub levels: Option<Vec<Level>>,
    /// The level of the group: that of its least local member, by name. Left out: not known, refused where a sum needs it.
    pub group_level: Option<String>,
    /// The price by the kWh that is reduced, EUR without VAT. Left out: not known, and refused where a sum needs it.
    pub work_price_eur_per_kwh: Option<Exact>,
    /// The same with VAT.
    pub work_price_eur_per_kwh_incl_vat: Option<Exact>,
}

/// A level of proximity.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Level {
    /// Its name.
    #[schemars(required)]
    pub name: Option<String>,
    /// The part of the price that is taken off: 0.57. Left out: not known, and refused where a sum needs it.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub factor: Option<Exact>,
}

impl NetworkReduction {
    fn names(&self) -> Vec<&str> {
        self.levels.iter().flatten().filter_map(|level| level.name.as_deref()).collect()
    }

    fn factor(&self, name: &str) -> Result<Decimal, Unknown> {
        let level = self.levels.iter().flatten().find(|level| level.name.as_deref() == Some(name));
        let factor = level.and_then(|level| level.factor).map(|Exact(factor)| factor);
        factor.ok_or_else(|| Unknown::new(format!("the factor of \"{name}\" is not known: set `factor` of that level")))
    }

    /// The level of a group: the last of the list that one of its members has.
    fn least_local<'a>(&self, members: &[&'a str]) -> Option<&'a str> {
        let names = self.names();
        members.iter().copied().max_by_key(|member| names.iter().position(|name| name == member))
    }

    fn price(&self) -> Result<Rate, Unknown> {
        Rate::of(self.work_price_eur_per_kwh, self.work_price_eur_per_kwh_incl_vat)
            .ok_or_else(|| Unknown::new("the price that is reduced is not known: set `work_price_eur_per_kwh`"))
    }
}

impl Kind for NetworkReduction {
    fn stage(&self) -> Option<Stage> {
        Some(Stage::Reduction)
    }

    fn ask(&self, needs: &mut Needs) {
        needs.add(Need::Sum(Flow::SharedIn, Weight::One));
    }

    fn check(&self, at: &Node, faults: &mut Vec<Fault>) {
        let names = self.names();
        if let Some(level) = self.group_level.as_deref().filter(|level| !names.contains(level)) {
            let near = nearest(level, names.iter().copied());
            let near = near.map_or(String::new(), |near| format!("did you mean \"{near}\"? "));
            let place = at.get("group_level").map_or(&at.origin, |node| &node.origin);
            faults.push(
                Fault::error("kwartier::rules::level", format!("there is no level \"{level}\""))
                    .at(place, "no such level")
                    .help(format!("{near}levels: {}", names.join(", "))),
            );
        }
    }

    fn settle(&self, sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        let kwh = sheet.sum(Flow::SharedIn, &Weight::One)?;
        if kwh.is_zero() {
            return Ok(());
        }
        let level = self.group_level.as_deref();
        let level = level.ok_or_else(|| {
            let names = self.names().join(", ");
            Unknown::new(format!("how local the group is is not known: set `group_level`, one of {names}"))
        })?;
        let (price, factor) = (self.price()?, self.factor(level)?);
        let formula = sheet.say(|| format!("{} kWh × {} × {factor}", shown(kwh, 0, 9), price.eur));
        sheet.post(Entry {
            what: format!("{}, {level}", sheet.rule().title).into(),
            base: kwh,
            unit: "kWh",
            rate: price.times(factor),
            amount_eur: kwh * price.eur * factor,
            vat_fraction: None,
            is_credit: true,
            formula,
            registers: vec![(Need::Sum(Flow::SharedIn, Weight::One), 1)],
        });
        Ok(())
    }

    fn inputs(&self) -> Vec<Input> {
        vec![
            required("shared_kwh", "received by sharing"),
            optional("levels", "the levels of the members, with commas between; default: that of the rule"),
            optional("work_price_eur_per_kwh", "the price that is reduced, without VAT; default: that of the rule"),
        ]
    }

    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError> {
        let kwh = given.number("shared_kwh")?;
        let price = match given.optional("work_price_eur_per_kwh")? {
            Some(price) => price,
            None => self.price()?.excluding_vat(given.vat_fraction),
        };
        let stated = given.text("levels").ok();
        let members: Vec<&str> = match stated.or(self.group_level.as_deref()) {
            Some(words) => words.split(',').map(str::trim).collect(),
            None => return Err(GivenError::Missing { name: "levels".to_owned() }),
        };
        let names = self.names();
        if members.iter().any(|member| !names.contains(member)) {
            return Err(given.wrong("levels", &format!("some of {}", names.join(", "))));
        }
        let Some(level) = self.least_local(&members) else {
            return Err(GivenError::Missing { name: "levels".to_owned() });
        };
        let factor = self.factor(level)?;
        let whole = kwh * price;
        Ok(vec![
            Working::new(
                format!("taken off, by the least local level: {level}"),
                format!("{kwh} kWh × {price} × {factor}"),
                -(whole * factor),
                "EUR",
            ),
            Working::new(
                "left to pay, excluding VAT",
                format!("{kwh} kWh × {price} × (1 − {factor})"),
                whole - whole * factor,
                "EUR",
            ),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::exact::cents;

    fn austria() -> NetworkReduction {
        toml::from_str(
            "levels = [
               { name = \"local\", factor = 0.57 },
               { name = \"regional-upper\", factor = 0.64 },
               { name = \"regional\", factor = 0.28 },
             ]",
        )
        .unwrap()
    }

    fn saved(levels: &str) -> (i64, i64) {
        let kind = austria();
        let inputs = [("shared_kwh", "500"), ("work_price_eur_per_kwh", "0.06"), ("levels", levels)];
        let values = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let given = Given::new(values, &kind.inputs(), "2026-07-01".parse().unwrap(), Decimal::ZERO).unwrap();
        let lines = kind.attempt(&given).unwrap();
        (cents(lines[0].value), cents(lines[1].value))
    }

    #[test]
    fn a_shared_kwh_in_austria_saves_by_how_local_it_is() {
        assert_eq!(saved("local"), (-1_710, 1_290));
        assert_eq!(saved("regional"), (-840, 2_160));
    }

    #[test]
    fn a_group_is_as_local_as_its_least_local_member() {
        assert_eq!(saved("local, regional, local"), (-840, 2_160));
    }
}
