//! The kinds of instrument, each a file of its own; [`KINDS`] is the one list of them.
//!
//! A kind is a struct whose fields are the keys that its rules have. It says what it needs of the meters, what is wrong
//! with its numbers beyond what the schema shows, what it adds to a bill, and what it makes of inputs that are stated by
//! hand (`kwartier rules try`).

pub mod allocation;
pub mod credit;
pub mod energy_price;
pub mod feed_in_fee;
pub mod grant;
pub mod levy;
pub mod limit;
pub mod loan;
pub mod netting;
pub mod network_reduction;
pub mod network_tariff;
pub mod price_floor;
pub mod production_premium;
pub mod queue;
pub mod shared_premium;
pub mod social;

use std::fmt::Debug;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

pub use allocation::Allocation;
pub use energy_price::{EnergyPrice, Tariff};
pub use price_floor::FeedInFloor;

use super::attempt::{Given, GivenError, Input, Working};
use super::readings::Needs;
use super::settle::{Sheet, Unknown};
use super::terms::{Party, Settled, Who};
use crate::scenario::diagnostics::Fault;
use crate::scenario::schema;
use crate::scenario::tree::Node;

/// When a kind of rule is evaluated: the order that reproduces every country's bills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Feed-in is set off against use.
    Netting,
    /// What a kWh fed in earns at least.
    Floor,
    /// What the supplier delivers and takes.
    Energy,
    /// What the supplier charges for feed-in.
    Fee,
    /// Taxes on energy.
    Levy,
    /// What a kWh costs at most.
    Cap,
    /// The grid.
    Network,
    /// What is taken off the grid's tariff for shared energy.
    Reduction,
    /// Fixed credits and charges.
    Credit,
    /// Premiums to owners of plants, and on shared energy.
    Premium,
    /// Transfers that depend on all before.
    Social,
}

/// An instrument with its numbers.
pub trait Kind: Debug + Send + Sync {
    /// When it is evaluated; `None`: it is no part of a bill.
    fn stage(&self) -> Option<Stage> {
        None
    }

    /// Asks for the registers it needs.
    fn ask(&self, _needs: &mut Needs) {}

    /// What is wrong with its numbers that no single key shows. `at` is the version, with all its keys.
    fn check(&self, _at: &Node, _faults: &mut Vec<Fault>) {}

    /// Adds its part to a bill.
    ///
    /// # Errors
    /// If the sum needs a number that nobody has entered.
    fn settle(&self, _sheet: &mut Sheet<'_>) -> Result<(), Unknown> {
        Ok(())
    }

    /// The inputs that [`Kind::attempt`] takes.
    fn inputs(&self) -> Vec<Input>;

    /// Applies it to stated inputs.
    ///
    /// # Errors
    /// If an input is missing or makes no sense, or a number is not known.
    fn attempt(&self, given: &Given) -> Result<Vec<Working>, GivenError>;

    /// The floor of feed-in, if it is one.
    fn feed_in_floor(&self) -> Option<FeedInFloor> {
        None
    }

    /// The kind as a supply contract, if it is one.
    fn as_energy_price(&self) -> Option<&EnergyPrice> {
        None
    }

    /// Whether it is a way of sharing that takes no kWh off a bill.
    fn is_virtual_sharing(&self) -> bool {
        false
    }

    /// The days of a grant or a premium: how many years it is paid; `None`: it is not granted at a date.
    fn granted_years(&self) -> Option<u8> {
        None
    }
}

/// What is known of a kind before any rule of it is read.
pub struct KindEntry {
    /// Its name, as rules write it.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Who pays, if a rule does not say it.
    pub payer: Party,
    /// Who receives.
    pub payee: Party,
    /// What it applies to, if a rule does not say it.
    pub who: &'static [Who],
    /// When it is settled, if a rule does not say it.
    pub settled: Settled,
    /// Whether its rules move money, so that they must say which VAT is on it.
    pub has_vat: bool,
    /// The schema of its own keys.
    pub schema: fn() -> Json,
    /// Reads the keys of a version that was checked.
    pub read: fn(toml::Value) -> Result<Box<dyn Kind>, toml::de::Error>,
}

/// The schema of a kind's keys.
fn schema_of<K: JsonSchema>() -> Json {
    schema::of_type::<K>()
}

fn read<K: Kind + DeserializeOwned + 'static>(value: toml::Value) -> Result<Box<dyn Kind>, toml::de::Error> {
    Ok(Box::new(K::deserialize(value)?))
}

const USERS: &[Who] = &[Who::Home, Who::Business];
const ALL: &[Who] = &[Who::Home, Who::Business, Who::Plant];

/// An entry of the list: name, type, what it is, who pays whom, for whom, when, whether there is VAT.
macro_rules! kind {
    ($name:literal, $type:ty, $about:literal, $payer:ident => $payee:ident, $who:expr, $settled:ident, $has_vat:literal) => {
        KindEntry {
            name: $name,
            about: $about,
            payer: Party::$payer,
            payee: Party::$payee,
            who: $who,
            settled: Settled::$settled,
            has_vat: $has_vat,
            schema: schema_of::<$type>,
            read: read::<$type>,
        }
    };
}

/// Every kind of instrument.
pub const KINDS: &[KindEntry] = &[
    kind!("netting", netting::Netting, "feed-in is set off against use", Supplier => Member, USERS, Year, false),
    kind!("levy", levy::Levy, "a tax by brackets of yearly use", Member => State, USERS, Year, true),
    kind!("credit", credit::Credit, "a fixed credit or charge per point and day", State => Member, USERS, Year, true),
    kind!("energy-price", EnergyPrice, "a supply contract", Member => Supplier, ALL, Year, true),
    kind!("price-floor", price_floor::PriceFloor, "the least a kWh earns, or the most it costs", Supplier => Member, USERS, Month, false),
    kind!("feed-in-fee", feed_in_fee::FeedInFee, "what a supplier charges for feed-in", Member => Supplier, USERS, Month, true),
    kind!("network-tariff", network_tariff::NetworkTariff, "the grid's tariff by connection", Member => GridOperator, USERS, Year, true),
    kind!("network-reduction", network_reduction::NetworkReduction, "less network tariff on shared kWh", GridOperator => Member, USERS, Year, true),
    kind!("production-premium", production_premium::ProductionPremium, "a sliding premium per kWh produced", State => Cooperative, &[Who::Plant], Year, true),
    kind!("shared-premium", shared_premium::SharedPremium, "a premium per kWh shared", State => Cooperative, &[Who::Plant], Step, true),
    kind!("allocation", Allocation, "who gets the local kWh", Member => Cooperative, USERS, Step, false),
    kind!("grant", grant::Grant, "an investment grant with a budget", State => Member, ALL, Once, true),
    kind!("loan", loan::Loan, "a loan on terms", Member => State, ALL, Month, false),
    kind!("limit", limit::Limit, "how much power a connection may take or give", Member => GridOperator, ALL, Step, false),
    kind!("queue", queue::Queue, "waiting for a permit or a connection", Member => GridOperator, ALL, Once, false),
    kind!("social", social::Social, "help with the bill for those who cannot pay it", State => Member, &[Who::Home], Month, true),
];

/// The kind with this name.
pub fn find(name: &str) -> Option<&'static KindEntry> {
    KINDS.iter().find(|kind| kind.name == name)
}
