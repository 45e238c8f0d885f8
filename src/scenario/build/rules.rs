//! The part of the plan that is about rules: what is asked for, with its places. The rules themselves stay tables.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{At, Build, tree};
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
        let written = ["eur_per_kwh", "eur_per_kwh_incl_vat", "price"].into_iter().filter(|key| at.has(key));
        let mut written: Vec<&str> = written.collect();
        // Of prices in several files, that of the outermost counts.
        let files = self.files;
        let depth = |key: &str| at.key(key).map_or(0, |key| tree::depth(&key, files));
        let outermost = written.iter().map(|key| depth(key)).min().unwrap_or_default();
        written.retain(|key| depth(key) == outermost);
        if written.iter().any(|key| at.is_wrong(key)) || at.is_wrong("key") {
            return None;
        }
        if let [_, second, ..] = written[..] {
            let fault = Fault::error("kwartier::sharing::price", "a shared kWh has two prices").help(
                "write one of `eur_per_kwh`, `eur_per_kwh_incl_vat` and `price`; with or without VAT, the other follows from `vat_fraction`",
            );
            self.push(fault, at.key(second).as_ref(), "one of them");
            return None;
        }
        let is = |key: &str| written.first() == Some(&key);
        let price = sharing.price.filter(|_| is("price"));
        self.check_grid_prices(sharing, price, at);
        let (eur, incl_vat) = (
            sharing.eur_per_kwh.filter(|_| is("eur_per_kwh")),
            sharing.eur_per_kwh_incl_vat.filter(|_| is("eur_per_kwh_incl_vat")),
        );
        let terms = match (eur, incl_vat, price) {
            (Some(eur), ..) => plan::PriceTerms::Fixed { eur_per_kwh: decimal(eur)?, includes_vat: false },
            (_, Some(eur), _) => plan::PriceTerms::Fixed { eur_per_kwh: decimal(eur)?, includes_vat: true },
            (.., Some(price)) => {
                let (import, export) = (decimal(sharing.import_eur_per_kwh?)?, decimal(sharing.export_eur_per_kwh?)?);
                match price {
                    said::SharedPrice::MidMarket => {
                        plan::PriceTerms::Fixed { eur_per_kwh: (import + export) / Decimal::TWO, includes_vat: false }
                    }
                    said::SharedPrice::SupplyDemandRatio => {
                        plan::PriceTerms::SupplyDemandRatio { import_eur_per_kwh: import, export_eur_per_kwh: export }
                    }
                }
            }
            (None, None, None) => {
                if has_rules && !sharing.is_none() {
                    let fault = Fault::error("kwartier::sharing::price", "nobody said what a shared kWh costs")
                        .help("add `eur_per_kwh = …` to [sharing]: what a member pays for it, and who gives earns, without VAT");
                    self.push(fault, at.heading().as_ref(), "needs `eur_per_kwh`");
                }
                return None;
            }
        };
        Some(plan::SharedPrice {
            terms,
            vat_fraction: sharing.vat_fraction.and_then(decimal),
            origin: at.origin(written.first()?)?,
        })
    }

    /// The grid's prices belong to a price that follows from them, and the two must leave room for one.
    fn check_grid_prices(&mut self, sharing: &said::Sharing, price: Option<said::SharedPrice>, at: At) {
        let both = ["import_eur_per_kwh", "export_eur_per_kwh"];
        let Some(price) = price else {
            // Left over where a price that was written outside of the file with `price` counts.
            for key in both.into_iter().filter(|key| at.has(key) && !at.has("price")) {
                let fault = Fault::error("kwartier::sharing::price", format!("`{key}` without a `price`"))
                    .help("add price = \"mid-market\", or remove this key: what the grid costs is said by the contracts of [rules]");
                self.push(fault, at.key(key).as_ref(), "of which price?");
            }
            return;
        };
        for key in both.into_iter().filter(|key| !at.has(key)) {
            let fault = Fault::error("kwartier::sharing::price", format!("this price needs `{key}`"))
                .help(format!("add {key} = … to [sharing], EUR without VAT"));
            self.push(fault, at.origin("price").as_ref(), "between which prices?");
        }
        if price == said::SharedPrice::SupplyDemandRatio && sharing.participation.is_some() {
            let fault = Fault::error("kwartier::sharing::price", "the supply-demand ratio does not know `participation`")
                .help("its supply and demand are those of all members whole: choose price = \"mid-market\", or leave participation out");
            self.push(fault, at.origin("price").as_ref(), "beside `participation`");
        }
        let (Some(import), Some(export)) = (sharing.import_eur_per_kwh, sharing.export_eur_per_kwh) else { return };
        if import < export {
            let fault =
                Fault::error("kwartier::sharing::price", "a kWh from the grid costs less than one fed in earns")
                    .help("members would rather trade with the grid: swap the two, or correct them");
            self.push(fault, at.origin("import_eur_per_kwh").as_ref(), &format!("below {export}"));
        } else if price == said::SharedPrice::SupplyDemandRatio && export <= 0.0 {
            let fault =
                Fault::error("kwartier::sharing::price", "the supply-demand ratio needs feed-in that earns something")
                    .help("give an `export_eur_per_kwh` above 0, or choose price = \"mid-market\"");
            self.push(fault, at.origin("export_eur_per_kwh").as_ref(), "0 or less");
        }
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
pub(super) fn decimal(number: f64) -> Option<Decimal> {
    number.to_string().parse().ok()
}
