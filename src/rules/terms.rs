//! The words that every rule is described with: who pays whom, on what, in which mode of government, since when.

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Whether a rule is law, or may become or was it; and how well its numbers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Status {
    /// In force on its dates
    InForce,
    /// Decided, not yet in force
    Announced,
    /// Proposed: applies only where a scenario turns it on
    Proposed,
    /// No longer open to new ones; what was granted may run on
    Lapsed,
    /// In force, but the number is derived or assumed: to be checked, or replaced by the scenario's own
    Assumed,
}

/// The mode of government that a rule belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Mode {
    /// Government stays out
    LetGo,
    /// Each municipality finds its own way
    LeaveLocal,
    /// Government takes legal and practical obstacles away
    RemoveBottlenecks,
    /// Government sets clear frameworks
    Frameworks,
    /// Government helps those who organise themselves
    Facilitate,
    /// Government steers by subsidy and tax
    MainLines,
    /// Government takes part as one of the partners
    TakePart,
    /// Government builds and obliges
    Direct,
}

/// Someone who pays or receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Party {
    /// A household or business, a member of the cooperative or not
    Member,
    /// The cooperative
    Cooperative,
    /// The energy supplier
    Supplier,
    /// The grid operator
    GridOperator,
    /// The state
    State,
}

impl Party {
    /// Every party, in the order in which they are shown.
    pub const ALL: [Party; 5] = [Party::Member, Party::Cooperative, Party::Supplier, Party::GridOperator, Party::State];
}

/// The quantity that a rule is levied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Base {
    /// All that is drawn at the meter
    Import,
    /// Drawn at the meter, less what is shared energy
    ResidualImport,
    /// What the supplier delivers after netting
    NetImport,
    /// What the supplier delivers after netting, and what comes from sharing
    Delivered,
    /// All that is fed in at the meter
    Export,
    /// Fed in at the meter, less what is shared
    ResidualExport,
    /// What is left of the feed-in after netting
    NetExport,
    /// Received by sharing
    SharedIn,
    /// Given by sharing
    SharedOut,
    /// What the own panels or the plant produce
    Generation,
    /// Gas
    Gas,
}

/// What a rule may apply to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Who {
    /// Homes
    Home,
    /// Firms, schools, associations
    Business,
    /// Plants of the cooperative
    Plant,
}

/// When a rule is settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Settled {
    /// In every step
    Step,
    /// Every month
    Month,
    /// With the bill of the contract year
    Year,
    /// Once
    Once,
}

/// Where a member, a plant or a sharer must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Geography {
    /// In the 4-digit postcode of the plant or one that touches it
    PostcodeRose,
    /// Within a distance, see `distance_km`
    Distance,
    /// In the same building
    Building,
    /// Behind the same low-voltage transformer
    Transformer,
    /// Behind the same primary substation
    Substation,
    /// In the same municipality
    Municipality,
    /// In the area of one grid operator
    GridOperator,
    /// In the same bidding zone
    BiddingZone,
}

/// What energy carrier a rule is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Carrier {
    /// Electricity, kWh
    #[default]
    Electricity,
    /// Gas, m³
    Gas,
}

/// A local date, as TOML writes it: 2027-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        let written = toml::value::Datetime::deserialize(deserializer)?;
        date_of(&written).map(Day).ok_or_else(|| D::Error::custom(format!("{written} is not a day")))
    }
}

/// The day that TOML's date is, if there is such a day.
pub fn date_of(written: &toml::value::Datetime) -> Option<Date> {
    let date = written.date?;
    Date::new(i16::try_from(date.year).ok()?, i8::try_from(date.month).ok()?, i8::try_from(date.day).ok()?).ok()
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

/// A word of a rule as it is written.
pub fn word<T: Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|json| json.as_str().map(str::to_owned)).unwrap_or_default()
}
