//! The scenario language: every table and key, its unit, default and bounds.
//!
//! These types make the JSON Schema, the reference in `docs/scenario.md`, the check (`check.rs`) and the reader.
//! A required key is an `Option` marked `required`: where it is missing or wrong the check has said so already, and
//! reading goes on to find the other faults. The first line of a key's comment is what an editor shows.

mod books;
mod sharing;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use sharing::{Method, Round, SharedPrice, Sharing, Unused};

use super::defaults;
use crate::calendar::Country;

pub use books::{Agreement, AgreementKind, Loan, LoanKind, LoanPaid, PlantBooks, Replacement};

/// A kwartier scenario: a neighbourhood, its weather, its cooperative, and how it shares.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct File {
    /// Path of a scenario that this one is a variant of; only what differs is written here.
    ///
    /// Tables merge key by key; lists of entries merge by `id` (a known id: that entry; a new one: appended;
    /// `remove = true`: dropped); other lists are replaced. The path is relative to this file.
    pub inherits: Option<String>,
    /// Name, year, step and seed of the run.
    #[schemars(required)]
    pub scenario: Option<Scenario>,
    /// Where it is. Default: De Bilt, the Netherlands.
    pub place: Option<Place>,
    /// The sky. Default: synthetic.
    pub weather: Option<Weather>,
    /// The wholesale price of electricity. Default: synthetic.
    pub market: Option<Market>,
    /// Groups of homes.
    #[serde(default)]
    pub homes: Vec<With<Home, Member>>,
    /// Groups of firms, schools and associations: members and partners too.
    #[serde(default)]
    pub businesses: Vec<With<Business, Member>>,
    /// The cooperative and its plants.
    pub cooperative: Option<Cooperative>,
    /// Who gets the local kWh in each step. Default: nothing is shared.
    pub sharing: Option<Sharing>,
    /// The facilitation rules: what everyone pays and receives. Default: no bills are made.
    pub rules: Option<Rules>,
    /// Many communities out of this one scenario: one for each row of a table. Default: the scenario is one community.
    pub neighbourhoods: Option<Neighbourhoods>,
}

/// Name, year, step and seed of the run.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Scenario {
    /// Name, shown above every result.
    #[schemars(required)]
    pub name: Option<String>,
    /// What the scenario is about, in a sentence or two.
    pub about: Option<String>,
    /// First local day of the run, e.g. 2027-01-01.
    #[schemars(required, schema_with = "local_date")]
    pub start: Option<toml::value::Datetime>,
    /// Number of years.
    #[serde(default = "defaults::years")]
    #[schemars(range(min = 1, max = 30))]
    pub years: u32,
    /// Length of a step, minutes.
    #[serde(default = "defaults::step_minutes")]
    #[schemars(extend("enum" = [5, 10, 15, 30, 60]))]
    pub step_minutes: u32,
    /// Seed of every random draw; the same seed gives the same homes, sky and loads.
    #[serde(default = "defaults::seed")]
    #[schemars(range(min = 0))]
    pub seed: u64,
    /// Number of unit years in the library of synthetic loads.
    #[serde(default = "defaults::shapes")]
    #[schemars(range(min = 1, max = 4096))]
    pub shapes: u32,
}

/// Where it is.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Place {
    /// Latitude, degrees, north positive.
    #[serde(default = "defaults::latitude_deg")]
    #[schemars(range(min = -90.0, max = 90.0))]
    pub latitude_deg: f64,
    /// Longitude, degrees, east positive.
    #[serde(default = "defaults::longitude_deg")]
    #[schemars(range(min = -180.0, max = 180.0))]
    pub longitude_deg: f64,
    /// Time zone of the clocks, by its IANA name.
    #[serde(default = "defaults::timezone")]
    pub timezone: String,
    /// Country whose national holidays are kept, by its ISO code.
    #[serde(default = "defaults::country")]
    pub country: Country,
}

/// The sky.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Weather {
    /// Where the weather comes from.
    #[serde(default)]
    pub source: WeatherSource,
    /// The weather file (for `knmi` and `csv`), relative to this scenario.
    pub file: Option<String>,
    /// What a stamp in a CSV file marks: start or end of the step it is the mean of, or the instant of the value.
    pub stamp: Option<WeatherStamp>,
    /// Zone of stamps without an offset in a CSV file, by its IANA name. Default: the place's.
    pub timezone: Option<String>,
    /// Year of the file that is mapped onto the simulated one, by date. Default: the file must hold the simulated dates.
    #[schemars(range(min = 1800, max = 2300))]
    pub year: Option<i16>,
    /// What to do with missing values: refuse the file, or bridge up to 3 hours linearly and say so.
    #[serde(default)]
    pub gaps: Gaps,
}

/// Where the weather comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum WeatherSource {
    /// Built-in stochastic weather of De Bilt
    #[default]
    Synthetic,
    /// Hourly station data of KNMI
    Knmi,
    /// A table: `time, ghi_w_m2[, dni_w_m2, dhi_w_m2], temperature_c, wind_m_s`
    Csv,
}

/// The wholesale price of electricity: the day-ahead price of the power exchange.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Market {
    /// Where the price comes from.
    #[serde(default)]
    pub source: MarketSource,
    /// The price file (for `smard`, `entsoe` and `csv`), relative to this scenario.
    pub file: Option<String>,
    /// Column of the file, by its header; of a bidding zone of SMARD the name is enough, e.g. "Netherlands".
    ///
    /// Default: the zone of the place's country (`smard`), the day-ahead price (`entsoe`), `price_eur_mwh` or
    /// `price_eur_kwh` (`csv`). The header of a column in another table says the unit: EUR/MWh or EUR/kWh.
    pub column: Option<String>,
    /// Zone of stamps without an offset in a CSV file, by its IANA name. Default: the place's.
    pub timezone: Option<String>,
    /// Year of the file that is mapped onto the simulated one, by date as weather is, so weekdays shift.
    ///
    /// Default: the file must hold the simulated dates.
    #[schemars(range(min = 1800, max = 2300))]
    pub year: Option<i16>,
    /// What to do with missing values: refuse the file, or bridge up to 3 hours linearly and say so.
    #[serde(default)]
    pub gaps: Gaps,
}

/// Where the wholesale price comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum MarketSource {
    /// Built in: like the Netherlands in 2023, low when the run's sun and wind are strong
    #[default]
    Synthetic,
    /// Day-ahead prices of SMARD
    Smard,
    /// Day-ahead prices of ENTSO-E's transparency platform, or of entsoe-py
    Entsoe,
    /// A table: `time, price_eur_mwh` (or `price_eur_kwh`)
    Csv,
}

/// What a stamp of a weather file marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum WeatherStamp {
    /// The start of the interval
    Start,
    /// The end of the interval
    End,
    /// The instant of the value
    Instant,
}

/// What to do with missing values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Gaps {
    /// Refuse the file
    #[default]
    Refuse,
    /// Bridge up to 3 hours linearly and print each gap
    Fill,
}

/// The keys of a group of homes that a business does not have.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Home {
    /// Number of homes.
    #[schemars(required, range(min = 0, max = 10_000_000))]
    pub count: Option<u32>,
    /// Who owns the home.
    #[serde(default)]
    pub tenure: Tenure,
    /// Yearly income of the household, EUR. Default: not known.
    #[schemars(schema_with = "positive_or_spread")]
    #[serde(default)]
    pub income_eur: Option<Distribution>,
    /// Use of gas, m³ a year: billed only, spread over the year by degree days. Default: 0, no gas connection.
    #[schemars(schema_with = "not_negative_or_spread")]
    #[serde(default)]
    pub annual_gas_m3: Option<Distribution>,
}

/// The keys of a group of businesses that a home does not have.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Business {
    /// Number of businesses.
    #[serde(default = "defaults::one")]
    #[schemars(range(min = 0, max = 10_000_000))]
    pub count: u32,
    /// Kind of business: gives a built-in shape of opening hours. Required without a metered profile.
    #[serde(default)]
    pub kind: Option<BusinessKind>,
}

/// The keys that homes and businesses share.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Member {
    /// Name of the group; its members are `<id>-1`, `<id>-2`, …
    #[schemars(required)]
    pub id: Option<String>,
    /// Use of electricity, kWh a year, without car and heat pump. Default: a home's lognormal of mean 2953 and
    /// standard deviation 1681; with a metered profile, as metered. Required for a business with a built-in shape.
    #[schemars(schema_with = "not_negative_or_spread")]
    #[serde(default)]
    pub annual_kwh: Option<Distribution>,
    /// Load shape: "synthetic" (homes), or a metered series. Default: synthetic; for a business, that of its kind.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// Grid connection: phases and fuse, e.g. "3x25A". Default: "3x25A" for a home, "3x80A" for a business.
    #[serde(default)]
    pub connection: Option<String>,
    /// Part of the group that are members of the cooperative. Default: 1 if there is a cooperative, else 0.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[serde(default)]
    pub member_fraction: Option<f64>,
    /// Panels on the roof. Default: none.
    #[serde(default)]
    pub pv: Option<With<With<PvOwner, Readings>, With<Roof, Meter>>>,
    /// A battery in the home. Default: none.
    #[serde(default)]
    pub battery: Option<Battery>,
}

/// Who owns a home.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Tenure {
    /// The household
    #[default]
    Owner,
    /// A private landlord
    PrivateRenter,
    /// A housing association
    SocialRenter,
}

/// What a business does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum BusinessKind {
    /// Working days from 7 to 18 h, more light in winter, cooling in summer
    Office,
    /// Working days from 7:30 to 16:30 h, closed in school holidays
    School,
    /// With some refrigeration, Monday to Saturday from 8 to 19 h
    Shop,
    /// A dairy farm, milking every morning and evening
    Farm,
}

/// Which of a group have panels.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct PvOwner {
    /// Part of the group that has panels.
    #[serde(default = "defaults::all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub fraction: f64,
}

/// Panels and their inverter.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Roof {
    /// Peak power of the panels (DC at 1000 W/m² and 25 °C), kWp. Required unless a `file` is given.
    #[schemars(schema_with = "positive_or_spread")]
    #[serde(default)]
    pub peak_kwp: Option<Distribution>,
    /// Tilt of the panels, degrees from the horizontal.
    #[serde(default = "defaults::tilt_deg")]
    #[schemars(schema_with = "tilt_or_spread")]
    pub tilt_deg: Distribution,
    /// Azimuth of the panels, degrees clockwise from north: 90 = east, 180 = south, 270 = west.
    #[serde(default = "defaults::azimuth_deg")]
    #[schemars(schema_with = "azimuth_or_spread")]
    pub azimuth_deg: Distribution,
    /// Losses by dirt, shade, wiring, mismatch and downtime, as a part of the DC power.
    #[serde(default = "defaults::system_loss")]
    #[schemars(schema_with = "fraction_or_spread")]
    pub system_loss: Distribution,
    /// AC power of the inverter, kW; its DC limit is this / 0.96. Default: `peak_kwp` / 1.2.
    #[schemars(schema_with = "positive_or_spread")]
    #[serde(default)]
    pub inverter_kw: Option<Distribution>,
    /// Model of the sky's diffuse light on a plane.
    #[serde(default = "defaults::transposition")]
    pub transposition: Transposition,
    /// Model of the cell temperature.
    #[serde(default = "defaults::cell_temperature")]
    pub cell_temperature: CellTemperature,
    /// Part of the light that the ground reflects.
    #[serde(default = "defaults::albedo")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub albedo: f64,
    /// Change of power with cell temperature, 1/K.
    #[serde(default = "defaults::temperature_coefficient_per_k")]
    #[schemars(range(min = -0.02, max = 0.0))]
    pub temperature_coefficient_per_k: f64,
}

/// Model of the sky's diffuse light on a plane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Transposition {
    /// Hay and Davies 1980: a part of the diffuse comes from around the sun, the rest is even
    #[default]
    HayDavies,
    /// Perez et al. 1990: brightness around the sun and at the horizon, fitted to measurements
    Perez,
}

/// Model of the cell temperature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum CellTemperature {
    /// Faiman 2008: open rack, cooled by wind
    #[default]
    Faiman,
    /// That of `PVsyst`: free-standing, without wind
    Pvsyst,
}

/// A metered series in a delimited file.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Meter {
    /// A file with a metered series, relative to this scenario.
    #[serde(default)]
    pub file: Option<String>,
    /// Column of the values by its header, or a list of columns that are added. Default: the only one there is.
    #[serde(default)]
    pub column: Option<Columns>,
    /// Unit of the values: energy of the interval (kwh, wh) or mean power (kw, w).
    #[serde(default)]
    pub unit: MeterUnit,
    /// Whether a stamp marks the start or the end of its interval. Of a reading: the instant, with either.
    #[serde(default)]
    pub stamp: MeterStamp,
    /// Zone of stamps without an offset, by its IANA name. Default: the place's.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Year of the file that is mapped onto the simulated one by day type (weekday, holiday, season). Default: the
    /// file must hold the simulated dates.
    #[serde(default)]
    #[schemars(range(min = 1800, max = 2300))]
    pub year: Option<i16>,
    /// What to do with missing values: refuse the file, or bridge up to 3 hours linearly and say so.
    #[serde(default)]
    pub gaps: Gaps,
}

/// Whether a series is of intervals or of readings; a key of its own, as a plant's `kind` is another thing.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Readings {
    /// Whether values belong to their interval or are readings of a register that counts up.
    #[serde(default)]
    pub kind: MeterKind,
}

/// Unit of a metered series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum MeterUnit {
    /// Energy, kWh
    #[default]
    Kwh,
    /// Energy, Wh
    Wh,
    /// Mean power, kW
    Kw,
    /// Mean power, W
    W,
}

/// Whether values belong to an interval or are readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum MeterKind {
    /// Each value belongs to its own interval
    #[default]
    Interval,
    /// Readings of a register that counts up
    Cumulative,
}

/// What a stamp of a metered series marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum MeterStamp {
    /// The start of the interval
    #[default]
    Start,
    /// The end of the interval
    End,
}

impl BusinessKind {
    /// All kinds.
    pub const ALL: [BusinessKind; 4] =
        [BusinessKind::Office, BusinessKind::School, BusinessKind::Shop, BusinessKind::Farm];
}

/// A battery in a home.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Battery {
    /// Part of the group that has a battery.
    #[serde(default = "defaults::all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub fraction: f64,
    /// Usable capacity, kWh.
    #[schemars(required, schema_with = "not_negative_or_spread")]
    pub capacity_kwh: Option<Distribution>,
    /// Greatest power on the AC side, both ways, kW.
    #[schemars(required, schema_with = "not_negative_or_spread")]
    pub power_kw: Option<Distribution>,
    /// Part of the charged AC energy that is stored.
    #[serde(default = "defaults::efficiency")]
    #[schemars(schema_with = "efficiency")]
    pub charge_efficiency: f64,
    /// Part of the stored energy that comes out as AC.
    #[serde(default = "defaults::efficiency")]
    #[schemars(schema_with = "efficiency")]
    pub discharge_efficiency: f64,
    /// Content that is never gone below, as a part of the capacity.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_state_of_charge: f64,
    /// Part of the content that is lost each hour.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub standby_loss_per_h: f64,
    /// Content at the start, as a part of the capacity. Default: `min_state_of_charge`.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub start_state_of_charge: Option<f64>,
    /// What the battery does.
    #[serde(default)]
    pub dispatch: Dispatch,
}

/// What a battery does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Dispatch {
    /// Stores the home's own surplus and returns it into the home's own need
    #[default]
    Surplus,
}

/// The cooperative.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Cooperative {
    /// Name of the cooperative.
    #[serde(default)]
    pub name: Option<String>,
    /// What members pay for one participation, a share in the capital, EUR.
    #[schemars(range(min = 0.01, max = 1e6))]
    #[serde(default)]
    pub participation_eur: Option<f64>,
    /// Discount rate of the books of its plants, a part per year: the return that is wanted. Default: 0.04.
    #[schemars(range(min = 0.0, max = 1.0))]
    #[serde(default)]
    pub discount_fraction: Option<f64>,
    /// Corporate tax, a part of the profit of each plant. Default: 0.
    #[schemars(range(min = 0.0, max = 0.99))]
    #[serde(default)]
    pub tax_fraction: Option<f64>,
    /// Its plants.
    #[serde(default)]
    pub plants: Vec<With<With<Plant, PlantBooks>, With<Roof, Meter>>>,
}

/// A plant of the cooperative.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Plant {
    /// Name of the plant.
    #[schemars(required)]
    pub id: Option<String>,
    /// Kind of plant.
    #[schemars(required)]
    pub kind: Option<PlantKind>,
    /// Of a metered plant: whether values belong to their interval or are readings of a register that counts up.
    #[serde(default)]
    pub meter_kind: MeterKind,
    /// The premium that it was granted, by the id of a rule, e.g. "nl.sce-solar-small". Default: none.
    #[serde(default)]
    pub premium: Option<String>,
    /// Day on which the premium was applied for: its base amount is of that day. Default: the run's start.
    #[serde(default)]
    pub premium_granted: Option<LocalDay>,
}

/// Kind of plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum PlantKind {
    /// Panels
    Pv,
}

/// Many communities out of one scenario.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Neighbourhoods {
    /// A table with a row for each neighbourhood: `id[, name, latitude_deg, longitude_deg, weather]`, and a column for
    /// each group, named by its id, with the number of its homes there.
    ///
    /// Each row is a community of its own, with its own homes, sharing and plants. A group without a column has its
    /// `count` everywhere; a row without a place is at `[place]`; a row without a weather file has the weather of
    /// `[weather]`. The path is relative to this scenario, paths in the table are relative to the table.
    #[schemars(required)]
    pub file: Option<String>,
}

/// The facilitation rules: what everyone pays and receives.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct Rules {
    /// A dated rulebook: one that is built in ("nl"), or the path of one of your own, ending in .toml. Default: none, only
    /// the rules that are added here.
    #[serde(default)]
    pub book: Option<String>,
    /// The grid operator whose tariffs hold, e.g. "liander". Default: none, network tariffs by operator are not billed.
    #[serde(default)]
    pub operator: Option<String>,
    /// The supply contract, one of the book's or of `[[rules.contracts]]`. Default: none, energy itself is not billed.
    #[serde(default)]
    pub contract: Option<String>,
    /// What to do where a rule holds but nobody has entered its numbers for the date. Default: refuse, naming the key.
    #[serde(default)]
    pub assume: Option<Assume>,
    /// Rules of the book that shall not apply, by id.
    #[serde(default)]
    pub off: Vec<String>,
    /// The only rules of the book that shall apply, besides the contract.
    #[serde(default)]
    pub only: Option<Vec<String>>,
    /// First day of a contract year; its month counts, and netting runs over that year. Default: the run's start.
    #[serde(default)]
    #[schemars(schema_with = "local_date")]
    pub contract_start: Option<toml::value::Datetime>,
    /// Whether fees for feed-in may be above what feed-in earns, where a rule of the book forbids it.
    #[serde(default)]
    pub fee_may_exceed: bool,
    /// Supply contracts of your own: `id`, `kind` (fixed, two-rate, dynamic) and prices.
    #[serde(default)]
    #[schemars(schema_with = "rule_tables")]
    pub contracts: Vec<toml::Value>,
    /// Rules of your own: `id`, `kind` and the keys of that kind.
    #[serde(default)]
    #[schemars(schema_with = "rule_tables")]
    pub add: Vec<toml::Value>,
    /// Other numbers for rules of the book: `id` and the keys that differ.
    #[serde(default)]
    #[schemars(schema_with = "rule_tables")]
    pub replace: Vec<toml::Value>,
}

/// What to do where numbers are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Assume {
    /// Take the last known ones, and say so on every result
    LastKnown,
}

/// A load shape: the word "synthetic", or a metered series.
#[derive(Debug)]
pub enum Profile {
    /// Built from events by the load library.
    Synthetic,
    /// A metered series.
    Metered(Box<With<Meter, Readings>>),
}

impl<'de> Deserialize<'de> for Profile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Profile, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(_) => Ok(Profile::Synthetic),
            table => With::deserialize(table).map(|meter| Profile::Metered(Box::new(meter))).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for Profile {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Profile".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut metered = With::<Meter, Readings>::json_schema(generator);
        metered.insert("required".into(), serde_json::json!(["file"]));
        json_schema!({ "oneOf": [{ "type": "string", "enum": ["synthetic"] }, metered] })
    }
}

/// A header, or a list of headers whose columns are added.
#[derive(Debug)]
pub struct Columns(pub Vec<String>);

impl<'de> Deserialize<'de> for Columns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Columns, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(name) => Ok(Columns(vec![name])),
            list => Vec::deserialize(list).map(Columns).map_err(D::Error::custom),
        }
    }
}

impl JsonSchema for Columns {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Columns".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "oneOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" }, "minItems": 1 },
        ] })
    }
}

/// A number that is the same for all, or differs between homes.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// The same for all.
    Exactly(f64),
    /// Lognormal with this mean and standard deviation of the quantity itself.
    LogNormal {
        /// Mean of the quantity.
        mean: f64,
        /// Standard deviation of the quantity.
        sd: f64,
    },
    /// Uniform between two bounds.
    Uniform {
        /// Lower bound.
        min: f64,
        /// Upper bound.
        max: f64,
    },
    /// One of a list, each as likely.
    AnyOf(Vec<f64>),
}

#[derive(Default, Serialize, Deserialize)]
struct DistributionTable {
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    any_of: Option<Vec<f64>>,
}

impl<'de> Deserialize<'de> for Distribution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Distribution, D::Error> {
        let value = toml::Value::deserialize(deserializer)?;
        if let Some(number) = value.as_float().or(value.as_integer().map(|whole| whole as f64)) {
            return Ok(Distribution::Exactly(number));
        }
        match DistributionTable::deserialize(value).map_err(D::Error::custom)? {
            DistributionTable { mean: Some(mean), sd: Some(sd), .. } => Ok(Distribution::LogNormal { mean, sd }),
            DistributionTable { min: Some(min), max: Some(max), .. } => Ok(Distribution::Uniform { min, max }),
            DistributionTable { any_of: Some(values), .. } => Ok(Distribution::AnyOf(values)),
            _ => Err(D::Error::custom("expected a number, { mean, sd }, { min, max } or { any_of }")),
        }
    }
}

impl Serialize for Distribution {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let none = DistributionTable::default();
        match self {
            Distribution::Exactly(number) => serializer.serialize_f64(*number),
            Distribution::LogNormal { mean, sd } => {
                DistributionTable { mean: Some(*mean), sd: Some(*sd), ..none }.serialize(serializer)
            }
            Distribution::Uniform { min, max } => {
                DistributionTable { min: Some(*min), max: Some(*max), ..none }.serialize(serializer)
            }
            Distribution::AnyOf(values) => {
                DistributionTable { any_of: Some(values.clone()), ..none }.serialize(serializer)
            }
        }
    }
}

/// A local day in a table that is read twice: on the second time TOML's date has become a text.
#[derive(Debug)]
pub struct LocalDay(pub toml::value::Datetime);

impl<'de> Deserialize<'de> for LocalDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LocalDay, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::Datetime(date) => Ok(LocalDay(date)),
            toml::Value::String(text) => text.parse().map(LocalDay).map_err(D::Error::custom),
            other => Err(D::Error::custom(format!("expected a date, found {other}"))),
        }
    }
}

impl JsonSchema for LocalDay {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LocalDay".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        local_date(generator)
    }
}

/// Two sets of keys in one table.
///
/// serde's own `flatten` would lose places and good messages; here the table is read twice and the schema joined.
#[derive(Debug)]
pub struct With<A, B> {
    /// The table's own keys.
    pub own: A,
    /// The keys it has in common with others.
    pub more: B,
}

impl<'de, A: DeserializeOwned, B: DeserializeOwned> Deserialize<'de> for With<A, B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<With<A, B>, D::Error> {
        let table = toml::Value::deserialize(deserializer)?;
        Ok(With {
            own: A::deserialize(table.clone()).map_err(D::Error::custom)?,
            more: B::deserialize(table).map_err(D::Error::custom)?,
        })
    }
}

impl<A: JsonSchema, B: JsonSchema> JsonSchema for With<A, B> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}With{}", A::schema_name(), B::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut joined = A::json_schema(generator);
        let other = B::json_schema(generator);
        for part in ["properties", "required"] {
            match (joined.get_mut(part), other.get(part)) {
                (Some(serde_json::Value::Object(own)), Some(serde_json::Value::Object(more))) => {
                    own.extend(more.clone());
                }
                (Some(serde_json::Value::Array(own)), Some(serde_json::Value::Array(more))) => {
                    own.extend(more.clone());
                }
                (None, Some(more)) => {
                    joined.insert(part.into(), more.clone());
                }
                _ => {}
            }
        }
        // `id` first, as people write it.
        if let Some(serde_json::Value::Object(properties)) = joined.get_mut("properties")
            && let Some(id) = properties.shift_remove("id")
        {
            properties.shift_insert(0, "id".into(), id);
        }
        joined
    }
}

fn local_date(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "format": "date" })
}

/// Tables of rules: their keys depend on their kind, and are checked with the rulebook.
fn rule_tables(_: &mut SchemaGenerator) -> Schema {
    let id = serde_json::json!({ "type": "string", "description": "Name of the rule." });
    json_schema!({ "type": "array", "items": { "type": "object", "properties": { "id": id }, "additionalProperties": {} } })
}

fn efficiency(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "number", "exclusiveMinimum": 0.0, "maximum": 1.0 })
}

/// No quantity of a home comes near this: what is above is a slip of the pen, and sums stay finite.
const LARGEST: f64 = 1e9;

fn positive_or_spread(_: &mut SchemaGenerator) -> Schema {
    spread(&json_schema!({ "type": "number", "exclusiveMinimum": 0.0, "maximum": LARGEST }), true)
}

fn not_negative_or_spread(_: &mut SchemaGenerator) -> Schema {
    spread(&json_schema!({ "type": "number", "minimum": 0.0, "maximum": LARGEST }), true)
}

fn fraction_or_spread(_: &mut SchemaGenerator) -> Schema {
    spread(&json_schema!({ "type": "number", "minimum": 0.0, "exclusiveMaximum": 1.0 }), false)
}

fn tilt_or_spread(_: &mut SchemaGenerator) -> Schema {
    spread(&json_schema!({ "type": "number", "minimum": 0.0, "maximum": 90.0 }), false)
}

fn azimuth_or_spread(_: &mut SchemaGenerator) -> Schema {
    let mend = "azimuth is counted clockwise from north: 90 = east, 180 = south, 270 = west; \
                from a convention with south = 0 and east negative, add 180";
    spread(&json_schema!({ "type": "number", "minimum": 0.0, "maximum": 360.0, "x-mend": mend }), false)
}

/// The forms of a number that may differ between homes. A lognormal has no upper end, so a bounded quantity has none.
fn spread(number: &Schema, unbounded: bool) -> Schema {
    let table = |required: &[&str], properties: serde_json::Value| json_schema!({ "type": "object", "required": required, "properties": properties });
    let mut forms = vec![number.clone()];
    if unbounded {
        let positive = json_schema!({ "type": "number", "exclusiveMinimum": 0.0, "maximum": LARGEST });
        let sd = json_schema!({ "type": "number", "minimum": 0.0, "maximum": LARGEST });
        forms.push(table(&["mean", "sd"], serde_json::json!({ "mean": positive, "sd": sd })));
    }
    forms.push(table(&["min", "max"], serde_json::json!({ "min": number, "max": number })));
    let list = json_schema!({ "type": "array", "items": number, "minItems": 1 });
    forms.push(table(&["any_of"], serde_json::json!({ "any_of": list })));
    json_schema!({ "oneOf": forms })
}
