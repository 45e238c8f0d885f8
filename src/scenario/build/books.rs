//! The part of the plan that is about the books of plants: that the money comes to what a plant costs, and that all it earns is said.

use rust_decimal::{Decimal, RoundingStrategy};

use super::rules::decimal;
use super::{At, Build};
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::{PriceTerms, SharedPrice};
use crate::scenario::tree::Node;
use crate::scenario::{defaults, language as said, plan};

/// The keys of which any gives a plant books.
const KEYS: [&str; 14] = [
    "capex_eur",
    "grants_eur",
    "participations",
    "own_cash_eur",
    "life_years",
    "degradation_per_year",
    "upkeep_eur_per_year",
    "upkeep_eur_per_kw",
    "insurance_eur_per_year",
    "cost_rise_per_year",
    "depreciation_years",
    "loans",
    "replacements",
    "agreement",
];

/// Of these the money comes that a plant costs.
const SOURCES: [&str; 5] = ["capex_eur", "grants_eur", "participations", "own_cash_eur", "loans"];

/// Decimals of a loan's interest: with more its payments would lose digits.
const INTEREST_DECIMALS: u32 = 10;

/// The keys of the price of an agreement.
const PRICE_KEYS: [&str; 5] =
    ["eur_per_kwh", "rise_per_year", "fee_eur_per_kwh", "floor_eur_per_kwh", "cap_eur_per_kwh"];

/// A written number, or a default that is kept as text.
pub(super) fn written_or(written: Option<f64>, default: &str) -> Decimal {
    written.and_then(decimal).or(default.parse().ok()).unwrap_or_default()
}

fn cents(amount_eur: Decimal) -> Decimal {
    let mut rounded = amount_eur.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded
}

impl Build<'_> {
    /// The books of a plant; `None` if it has none, or they cannot be made.
    pub(super) fn books(
        &mut self,
        books: &said::PlantBooks,
        participation_eur: Option<Decimal>,
        at: At,
    ) -> Option<plan::PlantBooks> {
        let first = KEYS.into_iter().find(|key| at.has(key))?;
        if !at.has("capex_eur") {
            let fault = Fault::error("kwartier::finance::capex", "a plant with books has no `capex_eur`")
                .help("add `capex_eur = …`: what the plant costs at the start, EUR without VAT");
            self.push(fault, at.key(first).as_ref(), "needs `capex_eur`");
        }
        if at.has("upkeep_eur_per_kw") && at.has("file") && !at.has("peak_kwp") {
            let fault = Fault::error("kwartier::finance::power", "the power of a metered plant is not known")
                .help("write the whole sum as `upkeep_eur_per_year`");
            self.push(fault, at.key("upkeep_eur_per_kw").as_ref(), "of how many kWp?");
        }
        let life_years = books.life_years.unwrap_or(defaults::LIFE_YEARS);
        let loans = self.loans(&books.loans, life_years, at.below("loans"));
        let replacements = self.replacements(&books.replacements, life_years, at.below("replacements"));
        let agreement = books.agreement.as_ref().and_then(|written| self.agreement(written, at.below("agreement")));
        let amount = |written: Option<f64>| written.and_then(decimal).unwrap_or_default();
        let plan = plan::PlantBooks {
            capex_eur: amount(books.capex_eur),
            grants_eur: amount(books.grants_eur),
            participations: books.participations.unwrap_or(0),
            own_cash_eur: amount(books.own_cash_eur),
            loans,
            life_years,
            degradation_per_year: written_or(books.degradation_per_year, defaults::DEGRADATION_PER_YEAR),
            upkeep_eur_per_year: amount(books.upkeep_eur_per_year),
            upkeep_eur_per_kw: amount(books.upkeep_eur_per_kw),
            insurance_eur_per_year: amount(books.insurance_eur_per_year),
            cost_rise_per_year: amount(books.cost_rise_per_year),
            depreciation_years: books.depreciation_years.unwrap_or(life_years),
            replacements,
            agreement,
            origin: at.origin("capex_eur"),
        };
        self.money_is_whole(&plan, participation_eur, at);
        Some(plan)
    }

    /// The money of a plant comes to what it costs, to the cent.
    fn money_is_whole(&mut self, books: &plan::PlantBooks, participation_eur: Option<Decimal>, at: At) {
        let price_is_wrong = self.at(&["cooperative"]).has("participation_eur") && participation_eur.is_none();
        if books.participations > 0 && participation_eur.is_none() {
            if !price_is_wrong {
                let fault = Fault::error("kwartier::finance::participation", "nobody said what a participation costs")
                    .help("add `participation_eur = …` to [cooperative]: what members pay for one, EUR");
                self.push(fault, at.key("participations").as_ref(), "at what price?");
            }
            return;
        }
        let loans_are_wrong = at.below("loans").node.is_some_and(|loans| {
            loans.items().iter().any(|loan| loan.has_wrong() || loan.get("principal_eur").is_none())
        });
        if !at.has("capex_eur") || loans_are_wrong || SOURCES.into_iter().any(|key| at.is_wrong(key)) {
            return;
        }
        let capex = cents(books.capex_eur);
        let grants = cents(books.grants_eur);
        let shares = cents(participation_eur.unwrap_or_default() * Decimal::from(books.participations));
        let loans = cents(books.loans.iter().map(|loan| cents(loan.principal_eur)).sum());
        let own = cents(books.own_cash_eur);
        let gap = capex - (grants + shares + loans + own);
        if gap.is_zero() {
            return;
        }
        let message = format!(
            "the plant costs {capex} EUR but grants ({grants}), participations ({shares}), loans ({loans}) and own cash \
             ({own}) come to {} EUR",
            capex - gap
        );
        let (label, help) = if gap > Decimal::ZERO {
            let more = match participation_eur {
                Some(price) => format!(", {} participations more", (gap / price).ceil()),
                None => String::new(),
            };
            (
                format!("{gap} EUR are missing"),
                format!("say who pays the rest: own_cash_eur = {}{more}, a loan or a grant", own + gap),
            )
        } else {
            (format!("{} EUR too much", -gap), "lower one of them until they are equal, to the cent".to_owned())
        };
        let fault = Fault::error("kwartier::finance::gap", message).help(help);
        self.push(fault, at.origin("capex_eur").as_ref(), &label);
    }

    fn loans(&mut self, loans: &[said::Loan], life_years: u32, at: At) -> Vec<plan::Loan> {
        let nodes = at.node.map_or(&[][..], Node::items);
        let mut planned = Vec::new();
        for (loan, node) in loans.iter().zip(nodes) {
            let at = At { node: Some(node) };
            if let Some(years) = loan.years.filter(|years| *years > life_years) {
                let fault = Fault::error(
                    "kwartier::finance::loan",
                    format!("a loan is repaid after {years} years but the plant runs for {life_years}"),
                )
                .help("shorten the loan, or write a longer `life_years`");
                self.push(fault, at.origin("years").as_ref(), "longer than the plant's life");
            }
            let interest_fraction = loan.interest_fraction.and_then(decimal);
            if interest_fraction.is_some_and(|part| part.scale() > INTEREST_DECIMALS) {
                let fault = Fault::error(
                    "kwartier::finance::interest",
                    format!("an interest has at most {INTEREST_DECIMALS} decimals"),
                )
                .help("round it: interest_fraction = 0.045 is 4.5 %");
                self.push(fault, at.origin("interest_fraction").as_ref(), "more decimals than can be counted with");
            }
            let (Some(kind), Some(principal_eur), Some(interest_fraction), Some(years)) =
                (loan.kind, loan.principal_eur.and_then(decimal), interest_fraction, loan.years)
            else {
                continue;
            };
            planned.push(plan::Loan { kind, paid: loan.paid, principal_eur, interest_fraction, years });
        }
        planned
    }

    fn replacements(&mut self, parts: &[said::Replacement], life_years: u32, at: At) -> Vec<(u32, Decimal)> {
        let nodes = at.node.map_or(&[][..], Node::items);
        let mut planned = Vec::new();
        for (part, node) in parts.iter().zip(nodes) {
            if let Some(year) = part.year.filter(|year| *year > life_years) {
                let fault = Fault::error(
                    "kwartier::finance::replacement",
                    format!("a part is replaced in year {year} but the plant runs for {life_years}"),
                )
                .help(format!("choose a year from 1 to {life_years}, or leave it out"));
                self.push(fault, (At { node: Some(node) }).origin("year").as_ref(), "after the plant's life");
            }
            planned.extend(part.year.zip(part.cost_eur.and_then(decimal)));
        }
        planned
    }

    fn agreement(&mut self, written: &said::Agreement, at: At) -> Option<plan::Agreement> {
        let kind = written.kind?;
        let (word, needed, others): (_, &[&str], &[&str]) = match kind {
            said::AgreementKind::Fixed => ("fixed", &["eur_per_kwh"], &[]),
            said::AgreementKind::Indexed => ("indexed", &["eur_per_kwh", "rise_per_year"], &[]),
            said::AgreementKind::AsProduced => ("as-produced", &[], &["fee_eur_per_kwh"]),
            said::AgreementKind::FloorCap => ("floor-cap", &["floor_eur_per_kwh", "cap_eur_per_kwh"], &[]),
        };
        for key in PRICE_KEYS {
            let has_meaning = needed.contains(&key) || others.contains(&key);
            if at.has(key) && !has_meaning && !self.is_left_over(at, key, "kind") {
                let meant: Vec<String> = needed.iter().chain(others).map(|key| format!("`{key}`")).collect();
                let fault = Fault::error(
                    "kwartier::finance::agreement",
                    format!("`{key}` has no meaning for an agreement of kind \"{word}\""),
                )
                .help(format!("remove it, or choose another kind; this one has {}", meant.join(" and ")));
                self.push(fault, at.key(key).as_ref(), "belongs to another kind");
            }
        }
        for key in needed.iter().filter(|key| !at.has(key)) {
            let fault =
                Fault::error("kwartier::finance::agreement", format!("an agreement of kind \"{word}\" has no `{key}`"))
                    .help(format!("add `{key} = …` to the agreement"));
            self.push(fault, at.origin("kind").as_ref(), &format!("needs `{key}`"));
        }
        let price = match kind {
            said::AgreementKind::Fixed => plan::Price::Fixed(decimal(written.eur_per_kwh?)?),
            said::AgreementKind::Indexed => {
                plan::Price::Indexed(decimal(written.eur_per_kwh?)?, decimal(written.rise_per_year?)?)
            }
            said::AgreementKind::AsProduced => {
                plan::Price::AsProduced(written.fee_eur_per_kwh.and_then(decimal).unwrap_or_default())
            }
            said::AgreementKind::FloorCap => {
                let (floor, cap) = (decimal(written.floor_eur_per_kwh?)?, decimal(written.cap_eur_per_kwh?)?);
                if floor > cap {
                    let fault = Fault::error(
                        "kwartier::finance::floor_above_cap",
                        format!("the floor of {floor} EUR/kWh is above the cap of {cap} EUR/kWh"),
                    )
                    .help(format!("write floor_eur_per_kwh = {cap} and cap_eur_per_kwh = {floor}"));
                    self.push(fault, at.origin("floor_eur_per_kwh").as_ref(), "above the cap");
                }
                plan::Price::FloorCap(floor, cap)
            }
        };
        Some(plan::Agreement {
            price,
            margin_eur_per_kwh: decimal(written.margin_eur_per_kwh)?,
            imbalance_fraction: decimal(written.imbalance_fraction)?,
        })
    }

    /// What the feed-in of a plant with books earns is said.
    pub(super) fn feed_in_is_paid(&mut self, cooperative: Option<&plan::Cooperative>, has_rules: bool) {
        let top = self.at(&[]);
        if top.is_wrong("rules") || (has_rules && top.below("rules").has("contract")) {
            return;
        }
        let is_unpaid = |plant: &&plan::Plant| plant.books.as_ref().is_some_and(|books| books.agreement.is_none());
        for plant in cooperative.into_iter().flat_map(|cooperative| &cooperative.plants).filter(is_unpaid) {
            let at = self.at(&["cooperative", "plants", &plant.id]);
            if at.has("agreement") {
                continue;
            }
            let message = format!("nobody said what the feed-in of plant \"{}\" earns", plant.id);
            let fault = Fault::error("kwartier::finance::feed_in", message)
                .help("add [cooperative.plants.agreement] with a `kind` and its price, or [rules] with a `contract`");
            self.push(fault, at.origin("id").as_ref(), "needs an agreement, or rules with a contract");
        }
    }

    /// What a plant with books earns by a kWh that members share is said, without VAT. With rules it is checked where they are.
    pub(super) fn shared_price_is_known(
        &mut self,
        cooperative: Option<&plan::Cooperative>,
        price: Option<&plan::SharedPrice>,
        has_rules: bool,
    ) {
        let mut plants = cooperative.into_iter().flat_map(|cooperative| &cooperative.plants);
        let at = self.at(&["sharing"]);
        let is_wrong = ["key", "eur_per_kwh", "eur_per_kwh_incl_vat", "price"].into_iter().any(|key| at.is_wrong(key));
        if has_rules || is_wrong || !plants.any(|plant| plant.books.is_some()) {
            return;
        }
        match price {
            None => {
                let fault = Fault::error("kwartier::finance::shared_price", "nobody said what a shared kWh costs")
                    .help("add `eur_per_kwh = …` to [sharing]: what the plants earn by it, EUR without VAT");
                self.push(fault, at.heading().as_ref(), "needs `eur_per_kwh`");
            }
            Some(SharedPrice { terms: PriceTerms::Fixed { includes_vat: true, .. }, vat_fraction: None, origin }) => {
                let fault =
                    Fault::error("kwartier::finance::shared_price", "nobody said how much VAT a shared kWh has").help(
                        "add `vat_fraction = …` to [sharing], or write `eur_per_kwh` without VAT: books are without it",
                    );
                self.push(fault, Some(origin), "with VAT: how much?");
            }
            Some(_) => {}
        }
    }
}
