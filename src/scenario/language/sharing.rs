//! `[sharing]`: who gets the local kWh, round by round, and what a shared kWh costs.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::scenario::sharing::NAMED;

/// Who gets the local kWh.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Sharing {
    /// The key by which members share each other's surplus and the plants' output: a named one, whose rounds and other
    /// keys are those that are not written here. Default: pro-rata, unless there are rounds.
    #[serde(default)]
    #[schemars(schema_with = "names")]
    pub key: Option<String>,
    /// What the key is, in a sentence or two.
    #[serde(default)]
    pub about: Option<String>,
    /// Where it is from.
    #[serde(default)]
    pub source: Option<String>,
    /// Length of the settlement interval, a whole number of steps, minutes. Default: the step.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1440))]
    pub interval_minutes: Option<u32>,
    /// How often the list of rounds is gone through.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 100))]
    pub repeat: u32,
    /// Part of each participant or group, for static rounds without `shares` of their own; equal within a group. They sum
    /// to 1.
    #[serde(default)]
    #[schemars(schema_with = "shares")]
    pub shares: Option<BTreeMap<String, f64>>,
    /// Participants in the order in which they are served, for priority rounds without an `order` of their own; givers in
    /// the order in which they give, for pairwise ones.
    #[serde(default)]
    pub order: Option<Vec<String>>,
    /// For pairwise rounds without a `matrix` of their own: for each giver, the part of each taker.
    #[serde(default)]
    #[schemars(schema_with = "matrix")]
    pub matrix: Option<BTreeMap<String, BTreeMap<String, f64>>>,
    /// The part of its need and surplus with which a participant takes part here, if it is in several communities.
    /// Default: all.
    #[serde(default)]
    #[schemars(schema_with = "shares")]
    pub participation: Option<BTreeMap<String, f64>>,
    /// The rounds, in their order.
    #[serde(default)]
    pub rounds: Option<Vec<Round>>,
    /// What a shared kWh costs among members, EUR without VAT. Needed with `[rules]`.
    #[serde(default)]
    #[schemars(range(min = -100.0, max = 100.0))]
    pub eur_per_kwh: Option<f64>,
    /// The same with VAT.
    #[serde(default)]
    #[schemars(range(min = -100.0, max = 100.0))]
    pub eur_per_kwh_incl_vat: Option<f64>,
    /// VAT on a shared kWh, as a part. Default: the standard VAT of the rulebook.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub vat_fraction: Option<f64>,
}

impl Sharing {
    /// Whether nothing is shared: there are no rounds.
    pub fn is_none(&self) -> bool {
        self.rounds.iter().flatten().next().is_none()
    }
}

/// A round.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Round {
    /// How what is offered is divided.
    #[schemars(required)]
    pub method: Option<Method>,
    /// Who may take. Default: all participants.
    #[serde(default)]
    pub who: Option<Vec<String>>,
    /// Whose surplus is offered. Default: that of all participants.
    #[serde(default)]
    pub from: Option<Vec<String>>,
    /// The greatest part of what is still unshared that the round offers.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max_part: f64,
    /// For the static method: part of each participant. They sum to 1.
    #[serde(default)]
    #[schemars(schema_with = "shares")]
    pub shares: Option<BTreeMap<String, f64>>,
    /// For the priority method: participants in the order in which they are served. For the pairwise method: givers that
    /// give one after another; default: all at once.
    #[serde(default)]
    pub order: Option<Vec<String>>,
    /// For the pairwise method: for each giver, the part of each taker.
    #[serde(default)]
    #[schemars(schema_with = "matrix")]
    pub matrix: Option<BTreeMap<String, BTreeMap<String, f64>>>,
    /// For the equal and static methods: how often what is left is divided again.
    #[serde(default = "once")]
    #[schemars(range(min = 1, max = 1000))]
    pub iterations: u32,
    /// Whether it is then divided among those alone that still need something, by their parts over the sum of these.
    #[serde(default)]
    pub renormalise: bool,
    /// What becomes of what was offered and not taken.
    #[serde(default)]
    pub unused: Unused,
}

/// How a round divides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Method {
    /// The same part for each
    Equal,
    /// A fixed part for each
    Static,
    /// In proportion to what each still needs
    ProRata,
    /// One after another, in an order
    Priority,
    /// All up to one level: who needs least is met first
    WaterFilling,
    /// A fixed part of each giver for each taker
    Pairwise,
}

/// What becomes of what was not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Unused {
    /// Later rounds offer it again
    #[default]
    NextRound,
    /// Feed-in of who gave it, in no later round
    Grid,
    /// Feed-in of the participant whose part it was
    Owner,
}

fn once() -> u32 {
    1
}

fn all() -> f64 {
    1.0
}

/// The names of the keys that are built in.
fn names(_: &mut SchemaGenerator) -> Schema {
    let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    json_schema!({ "type": "string", "enum": names })
}

/// A part for each id.
fn shares(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": { "type": "number", "minimum": 0.0, "maximum": 1.0 } })
}

fn matrix(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", "additionalProperties": shares(generator) })
}
