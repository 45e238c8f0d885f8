//! The part of the plan that is about rules: what is asked for, with its places. The rules themselves stay tables.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{At, Build};
use crate::scenario::diagnostics::{Fault, Origin};
use crate::scenario::tree::{Node, Value};
use crate::scenario::{language as said, plan};

impl Build<'_> {
    /// The `[rules]` of a scenario.
    pub(super) fn rules(
        &mut self,
        rules: Option<&said::Rules>,
        start: Option<&toml::value::Datetime>,
    ) -> Option<plan::Rules> {
        let rules = rules?;
        let at = self.at(&["rules"]);
        let origin = at.heading()?;
        let named = |key: &str, word: &Option<String>| word.clone().zip(at.origin(key));
        let tables = |key: &str| at.below(key).node.map_or(Vec::new(), |node| node.items().to_vec());
        let planned = plan::Rules {
            book: named("book", &rules.book),
            operator: named("operator", &rules.operator),
            contract: named("contract", &rules.contract),
            assume_last_known: rules.assume == Some(said::Assume::LastKnown),
            off: ids(at, "off").unwrap_or_default(),
            only: ids(at, "only"),
            contract_start: self.contract_start(rules.contract_start.as_ref()).or(start.and_then(date_of)),
            fee_may_exceed: rules.fee_may_exceed,
            contracts: tables("contracts"),
            add: tables("add"),
            replace: tables("replace"),
            premiums: Vec::new(),
            origin: origin.clone(),
        };
        if rules.book.is_none() && planned.contracts.is_empty() && planned.add.is_empty() && !at.has("book") {
            let fault = Fault::warning("kwartier::rules::none", "[rules] has neither a book nor rules of its own")
                .help("add book = \"nl\", or rules of your own: [[rules.contracts]], [[rules.add]]");
            self.push(fault, Some(&origin), "no rule holds");
        } else if rules.contract.is_none() && !at.has("contract") {
            let fault =
                Fault::warning("kwartier::rules::no_contract", "no supply contract: energy itself is not billed")
                    .help("add contract = \"…\" to [rules], one of the book's or of [[rules.contracts]]");
            self.push(fault, Some(&origin), "has no `contract`");
        }
        Some(planned)
    }

    fn contract_start(&mut self, written: Option<&toml::value::Datetime>) -> Option<Date> {
        let date = date_of(written?)?;
        if date.day() != 1 {
            let message = format!("the contract year starts on {date}");
            let first = date.first_of_month();
            let fault = Fault::error("kwartier::rules::contract_start", message)
                .help(format!("a contract year starts on the first of a month: contract_start = {first}"));
            let origin = self.origin(&["rules", "contract_start"]);
            self.push(fault, origin.as_ref(), "not the first of a month");
        }
        Some(date)
    }

    /// What a shared kWh costs; with rules and sharing it must be said.
    pub(super) fn shared_price(
        &mut self,
        sharing: Option<&said::Sharing>,
        has_rules: bool,
    ) -> Option<plan::SharedPrice> {
        let at = self.at(&["sharing"]);
        let sharing = sharing?;
        let price = match (sharing.eur_per_kwh, sharing.eur_per_kwh_incl_vat) {
            (Some(_), Some(_)) => {
                let fault = Fault::error("kwartier::sharing::price", "a shared kWh has two prices").help(
                    "write `eur_per_kwh` or `eur_per_kwh_incl_vat`; the other follows from it and `vat_fraction`",
                );
                self.push(fault, at.key("eur_per_kwh_incl_vat").as_ref(), "one of the two");
                None
            }
            (Some(eur), None) => Some((eur, false, at.origin("eur_per_kwh"))),
            (None, Some(eur)) => Some((eur, true, at.origin("eur_per_kwh_incl_vat"))),
            (None, None) => {
                let is_wrong = at.is_wrong("eur_per_kwh") || at.is_wrong("eur_per_kwh_incl_vat") || at.is_wrong("key");
                if has_rules && !sharing.is_none() && !is_wrong {
                    let fault = Fault::error("kwartier::sharing::price", "nobody said what a shared kWh costs")
                        .help("add `eur_per_kwh = …` to [sharing]: what a member pays for it, and who gives earns, without VAT");
                    self.push(fault, at.heading().as_ref(), "needs `eur_per_kwh`");
                }
                None
            }
        };
        let (eur, includes_vat, origin) = price?;
        Some(plan::SharedPrice {
            eur_per_kwh: decimal(eur)?,
            includes_vat,
            vat_fraction: sharing.vat_fraction.and_then(decimal),
            origin: origin?,
        })
    }

    /// The premium of a plant: its rule and the day of the application.
    pub(super) fn premium(&mut self, plant: &said::Plant, at: At) -> Option<(String, Option<Date>)> {
        let granted = plant.premium_granted.as_ref().and_then(|day| date_of(&day.0));
        if plant.premium.is_none() && at.has("premium_granted") && !at.has("premium") {
            let fault = Fault::error("kwartier::plants::premium", "`premium_granted` without a `premium`")
                .help("add premium = \"…\", the id of a rule, or remove this key");
            self.push(fault, at.key("premium_granted").as_ref(), "of which premium?");
        }
        plant.premium.clone().map(|id| (id, granted))
    }
}

/// The texts of a list, each with its place.
fn ids(at: At, key: &str) -> Option<Vec<(String, Origin)>> {
    let text = |node: &Node| match &node.value {
        Value::Scalar(toml::Value::String(id)) => Some((id.clone(), node.origin.clone())),
        _ => None,
    };
    Some(at.below(key).node?.items().iter().filter_map(text).collect())
}

fn date_of(written: &toml::value::Datetime) -> Option<Date> {
    let date = written.date?;
    Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
}

/// A written number as the decimal that it is.
fn decimal(number: f64) -> Option<Decimal> {
    number.to_string().parse().ok()
}
