//! The checked plan: what a scenario says, in which nothing can be wrong.

mod books;

use std::path::PathBuf;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use rust_decimal::Decimal;

use super::diagnostics::Origin;
use super::language::{BusinessKind, CellTemperature, Distribution, Sharing, Tenure, Transposition};
use super::tree::Node;
use crate::calendar::{Calendar, CalendarError, Country};

pub use books::{Agreement, Loan, PlantBooks, Price};

/// A scenario that was checked.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name, shown above every result.
    pub name: String,
    /// What it is about.
    pub about: String,
    /// First local day.
    pub start: Date,
    /// Number of years.
    pub years: usize,
    /// Length of a step, minutes.
    pub step_minutes: u32,
    /// Seed of every draw of the weather and of the library of synthetic loads.
    pub seed: u64,
    /// Seed of every draw of a home, a business or a plant: `seed`, but for a row of a table one of its own.
    pub homes_seed: u64,
    /// Size of the library of synthetic loads.
    pub shapes: u16,
    /// Latitude, degrees, north positive.
    pub latitude_deg: f64,
    /// Longitude, degrees, east positive.
    pub longitude_deg: f64,
    /// Where the place is written, for warnings.
    pub place_origin: Option<Origin>,
    /// Zone of the clocks.
    pub timezone: TimeZone,
    /// Country of the holidays.
    pub country: Country,
    /// The sky: a file, or (if `None`) synthetic.
    pub weather: Option<WeatherFile>,
    /// The wholesale price: a file, or (if `None`) made from the weather.
    pub market: Option<PriceFile>,
    /// Of a row of a table: the sky that the built-in price is made from. Its own is no market: all rows have one.
    pub market_sky: Option<MarketSky>,
    /// Groups of homes, then of businesses, in the order written.
    pub groups: Vec<Group>,
    /// The cooperative.
    pub cooperative: Option<Cooperative>,
    /// Who gets the local kWh, by their ids: [`key_of`](super::sharing::key_of) fits it to homes and plants. No rounds:
    /// nothing is shared.
    pub sharing: Sharing,
    /// What a shared kWh costs; `None`: not said.
    pub shared_price: Option<SharedPrice>,
    /// The facilitation rules; `None`: no bills are made.
    pub rules: Option<Rules>,
    /// The table that makes many communities of this plan, one for each row; `None`: the plan is one community.
    pub neighbourhoods: Option<NeighbourhoodsFile>,
    /// The row of a table that this is the plan of. Its sky is then that of its grid cell, which neighbours share.
    pub row: Option<RowOf>,
}

/// A table of neighbourhoods.
#[derive(Clone, Debug)]
pub struct NeighbourhoodsFile {
    /// The file, already relative to where the path was written.
    pub file: PathBuf,
    /// Where the scenario asks for it, for messages.
    pub origin: Origin,
}

/// The place and weather of the scenario whose row a plan is.
#[derive(Clone, Debug)]
pub struct MarketSky {
    /// Latitude, degrees, north positive.
    pub latitude_deg: f64,
    /// Longitude, degrees, east positive.
    pub longitude_deg: f64,
    /// The sky: a file, or (if `None`) synthetic.
    pub weather: Option<WeatherFile>,
}

/// A row of a table of neighbourhoods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOf {
    /// The table.
    pub file: PathBuf,
    /// The id of the row.
    pub id: String,
}

impl Plan {
    /// The time axis of the run.
    ///
    /// # Errors
    /// None for a plan that was checked: the check has made it once.
    pub fn calendar(&self) -> Result<Calendar, CalendarError> {
        Calendar::new(self.start, self.years, self.step_minutes, &self.timezone, self.country)
    }

    /// Every data file that the plan reads, in the order written, each once; not those that only rows of its table name.
    pub fn data_files(&self) -> Vec<PathBuf> {
        let loads = self.groups.iter().filter_map(|group| group.profile.meter_file());
        let roofs = self.groups.iter().filter_map(|group| group.pv.as_ref()?.output.meter_file());
        let plants = self.cooperative.iter().flat_map(|cooperative| &cooperative.plants);
        let plants = plants.filter_map(|plant| plant.output.meter_file());
        let meters = loads.chain(roofs).chain(plants).map(|meter| &meter.file);
        let table = self.neighbourhoods.iter().map(|table| &table.file);
        let table = table.chain(self.row.iter().map(|row| &row.file));
        let book = self.rules.as_ref().and_then(Rules::book_file);
        let mut once: Vec<PathBuf> = Vec::new();
        let prices = self.market.iter().map(|prices| &prices.file);
        for file in
            self.weather.iter().map(|weather| &weather.file).chain(prices).chain(meters).chain(table).chain(&book)
        {
            if !once.contains(file) {
                once.push(file.clone());
            }
        }
        once
    }
}

/// A group of homes or businesses.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its id; members are `<id>-<n>`, n from 1.
    pub id: String,
    /// What they are.
    pub kind: GroupKind,
    /// How many.
    pub count: u32,
    /// Use of electricity, kWh a year; `None` with a metered profile: as metered.
    pub annual_kwh: Option<Distribution>,
    /// The load shape.
    pub profile: Profile,
    /// The grid connection.
    pub connection: Connection,
    /// Part of the group that are members.
    pub member_fraction: f64,
    /// Panels.
    pub pv: Option<Pv>,
    /// Batteries.
    pub battery: Option<Battery>,
}

/// Homes or businesses.
#[derive(Clone, Debug)]
pub enum GroupKind {
    /// Homes.
    Homes {
        /// Who owns them.
        tenure: Tenure,
        /// Yearly income, EUR; `None`: not known.
        income_eur: Option<Distribution>,
        /// Use of gas, m³ a year; `None`: no gas connection.
        annual_gas_m3: Option<Distribution>,
    },
    /// Businesses, with what they do if the scenario says it.
    Businesses(Option<BusinessKind>),
}

/// Where a load shape comes from.
#[derive(Clone, Debug)]
pub enum Profile {
    /// The library of synthetic household loads.
    Synthetic,
    /// Built-in opening hours.
    OpeningHours(BusinessKind),
    /// A meter.
    Metered(MeterFile),
}

impl Profile {
    /// The file of a metered profile.
    pub fn meter_file(&self) -> Option<&MeterFile> {
        match self {
            Profile::Metered(file) => Some(file),
            Profile::Synthetic | Profile::OpeningHours(_) => None,
        }
    }
}

/// A grid connection: phases and the current of the fuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connection {
    /// 1 or 3.
    pub phases: u32,
    /// Current of the fuse, A.
    pub fuse_a: u32,
}

impl Connection {
    /// A connection as it is written: "3x25A".
    pub fn parse(words: &str) -> Option<Connection> {
        let (phases, fuse) = words.trim_end_matches(['A', 'a']).split_once(['x', 'X'])?;
        let (phases, fuse_a) = (phases.trim().parse().ok()?, fuse.trim().parse().ok()?);
        (matches!(phases, 1 | 3) && (1..=10_000).contains(&fuse_a)).then_some(Connection { phases, fuse_a })
    }

    /// The greatest power at 230 V between phase and neutral, kW.
    pub fn power_kw(self) -> f64 {
        f64::from(self.phases * self.fuse_a) * 0.23
    }
}

impl std::fmt::Display for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}x{}A", self.phases, self.fuse_a)
    }
}

/// The panels of a group.
#[derive(Clone, Debug)]
pub struct Pv {
    /// Part of the group that has them.
    pub fraction: f64,
    /// Panels to simulate, or a meter.
    pub output: PvOutput,
}

/// What panels give.
#[derive(Clone, Debug)]
pub enum PvOutput {
    /// Simulated from the sky.
    Simulated(Panels),
    /// As metered.
    Metered(MeterFile),
}

impl PvOutput {
    /// The file of a metered output.
    pub fn meter_file(&self) -> Option<&MeterFile> {
        match self {
            PvOutput::Metered(file) => Some(file),
            PvOutput::Simulated(_) => None,
        }
    }
}

/// Panels and inverter, before the draw of each home.
#[derive(Clone, Debug)]
pub struct Panels {
    /// Peak power, kWp.
    pub peak_kwp: Distribution,
    /// Tilt, degrees from the horizontal.
    pub tilt_deg: Distribution,
    /// Azimuth, degrees clockwise from north.
    pub azimuth_deg: Distribution,
    /// Part of the DC power that is lost.
    pub system_loss: Distribution,
    /// AC power of the inverter, kW; `None`: peak / 1.2.
    pub inverter_kw: Option<Distribution>,
    /// Model of the sky's diffuse light.
    pub transposition: Transposition,
    /// Model of the cell temperature.
    pub cell_temperature: CellTemperature,
    /// Reflection of the ground.
    pub albedo: f64,
    /// Change of power with temperature, 1/K.
    pub temperature_coefficient_per_k: f64,
}

/// The batteries of a group, before the draw of each home.
#[derive(Clone, Debug)]
pub struct Battery {
    /// Part of the group that has one.
    pub fraction: f64,
    /// Capacity, kWh.
    pub capacity_kwh: Distribution,
    /// AC power both ways, kW.
    pub power_kw: Distribution,
    /// Stored per charged energy.
    pub charge_efficiency: f64,
    /// Given per stored energy.
    pub discharge_efficiency: f64,
    /// Least content, part of the capacity.
    pub min_state_of_charge: f64,
    /// Part of the content lost each hour.
    pub standby_loss_per_h: f64,
    /// Content at the start, part of the capacity.
    pub start_state_of_charge: f64,
}

/// The cooperative.
#[derive(Clone, Debug)]
pub struct Cooperative {
    /// Its name.
    pub name: String,
    /// What members pay for one participation, EUR; `None`: not said.
    pub participation_eur: Option<Decimal>,
    /// Discount rate of the books of its plants, a part per year.
    pub discount_fraction: Decimal,
    /// Corporate tax, a part of the profit.
    pub tax_fraction: Decimal,
    /// Its plants.
    pub plants: Vec<Plant>,
}

/// A plant of the cooperative.
#[derive(Clone, Debug)]
pub struct Plant {
    /// Its id.
    pub id: String,
    /// What it gives.
    pub output: PvOutput,
    /// The premium that it was granted, and the day of the application; `None` for the day: the run's start.
    pub premium: Option<(String, Option<Date>)>,
    /// Where the premium is named, for messages.
    pub premium_origin: Option<Origin>,
    /// What it costs and who pays; `None`: it has no books.
    pub books: Option<PlantBooks>,
}

/// What a shared kWh costs among members.
#[derive(Clone, Debug)]
pub struct SharedPrice {
    /// What it is.
    pub terms: PriceTerms,
    /// VAT, as a part; `None`: the standard one of the rulebook.
    pub vat_fraction: Option<Decimal>,
    /// Where it is written.
    pub origin: Origin,
}

/// What a shared kWh costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceTerms {
    /// A price, exactly as it was written.
    Fixed {
        /// EUR/kWh.
        eur_per_kwh: Decimal,
        /// Whether it includes VAT.
        includes_vat: bool,
    },
    /// By the ratio of supply and demand in each interval, EUR/kWh without VAT.
    SupplyDemandRatio {
        /// What a kWh from the grid costs.
        import_eur_per_kwh: Decimal,
        /// What a kWh fed into it earns.
        export_eur_per_kwh: Decimal,
    },
}

/// The facilitation rules as a scenario asks for them. The rules themselves are tables still: their keys depend on their
/// kind, and are read with the rulebook.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The book, and where it is named.
    pub book: Option<(String, Origin)>,
    /// The grid operator.
    pub operator: Option<(String, Origin)>,
    /// The supply contract.
    pub contract: Option<(String, Origin)>,
    /// Whether the last known numbers are taken where there are none.
    pub assume_last_known: bool,
    /// Rules that shall not apply.
    pub off: Vec<(String, Origin)>,
    /// The only rules of the book that shall apply.
    pub only: Option<Vec<(String, Origin)>>,
    /// First day of a contract year: as written, or the run's start.
    pub contract_start: Option<Date>,
    /// Whether fees for feed-in may be above what feed-in earns.
    pub fee_may_exceed: bool,
    /// Supply contracts of the scenario.
    pub contracts: Vec<Node>,
    /// Rules of the scenario.
    pub add: Vec<Node>,
    /// Other numbers for rules of the book.
    pub replace: Vec<Node>,
    /// The premiums that plants were granted.
    pub premiums: Vec<(String, Origin)>,
    /// The heading of the section.
    pub origin: Origin,
}

impl Rules {
    /// No book and no rules.
    pub fn empty(origin: Origin) -> Rules {
        Rules {
            book: None,
            operator: None,
            contract: None,
            assume_last_known: false,
            off: Vec::new(),
            only: None,
            contract_start: None,
            fee_may_exceed: false,
            contracts: Vec::new(),
            add: Vec::new(),
            replace: Vec::new(),
            premiums: Vec::new(),
            origin,
        }
    }

    /// The file of a book of one's own.
    pub fn book_file(&self) -> Option<PathBuf> {
        let (name, origin) = self.book.as_ref()?;
        let path = origin.folder().join(name);
        path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml")).then_some(path)
    }
}

/// What a stamp in a file marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamp {
    /// The start of the interval that the value is the mean (or the sum) of.
    Start,
    /// Its end.
    End,
    /// The instant of the value itself.
    Instant,
}

/// The unit of a metered series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeterUnit {
    /// Energy of the interval (or register), kWh.
    Kwh,
    /// Energy, Wh.
    Wh,
    /// Mean power, kW.
    Kw,
    /// Mean power, W.
    W,
}

/// What to do with missing values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gaps {
    /// Refuse the file.
    Refuse,
    /// Bridge gaps of up to three hours linearly and say so; refuse longer ones.
    Fill,
}

/// A metered series in a delimited file: a load, or the output of panels.
#[derive(Clone, Debug)]
pub struct MeterFile {
    /// The file, already relative to where the path was written.
    pub file: PathBuf,
    /// The value columns, by header name; more than one are added. Empty: the only one there is.
    pub columns: Vec<String>,
    /// Where they are named, for messages; `None` if nowhere.
    pub columns_origin: Option<Origin>,
    /// Unit of the values.
    pub unit: MeterUnit,
    /// Whether the values are readings of a register that counts up.
    pub cumulative: bool,
    /// What the stamps mark (never [`Stamp::Instant`]).
    pub stamp: Stamp,
    /// Zone of stamps without an offset.
    pub timezone: TimeZone,
    /// The year of the file that is mapped onto the simulated one by day type; `None`: the file must hold the run.
    pub year: Option<i16>,
    /// Missing values.
    pub gaps: Gaps,
    /// Where the scenario asks for it, for messages.
    pub origin: Origin,
}

/// The format of a weather file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeatherFormat {
    /// KNMI hourly station data, both layouts.
    Knmi,
    /// A delimited file with the columns `time, ghi_w_m2[, dni_w_m2, dhi_w_m2], temperature_c, wind_m_s`.
    Csv,
}

/// A weather file.
#[derive(Clone, Debug)]
pub struct WeatherFile {
    /// The file, already relative to where the path was written.
    pub file: PathBuf,
    /// Its format.
    pub format: WeatherFormat,
    /// What the stamps mark (CSV; KNMI says it itself).
    pub stamp: Stamp,
    /// Zone of stamps without an offset (CSV; KNMI is in UTC).
    pub timezone: TimeZone,
    /// The year of the file that is mapped onto the simulated one; `None`: the file must hold the run.
    pub year: Option<i16>,
    /// Missing values.
    pub gaps: Gaps,
    /// Where the scenario asks for it, for messages.
    pub origin: Origin,
}

/// The format of a price file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceFormat {
    /// Day-ahead prices of SMARD, English or German.
    Smard,
    /// Day-ahead prices of ENTSO-E's transparency platform, or of entsoe-py.
    Entsoe,
    /// A delimited file with the columns `time, price_eur_mwh` (or `price_eur_kwh`).
    Csv,
}

/// A file of wholesale prices; stamps are the starts of intervals.
#[derive(Clone, Debug)]
pub struct PriceFile {
    /// The file, already relative to where the path was written.
    pub file: PathBuf,
    /// Its format.
    pub format: PriceFormat,
    /// The column, by its header with or without the unit; `None`: the usual one of the format.
    pub column: Option<String>,
    /// Where it is named, for messages.
    pub column_origin: Option<Origin>,
    /// Zone of stamps without an offset (CSV; the other formats say it themselves).
    pub timezone: TimeZone,
    /// The year of the file that is mapped onto the simulated one by date; `None`: the file must hold the run.
    pub year: Option<i16>,
    /// Missing values.
    pub gaps: Gaps,
    /// Where the scenario asks for it, for messages.
    pub origin: Origin,
}

/// How many of a group a fraction is: round half up.
pub fn round_half_up(fraction: f64, count: u32) -> u32 {
    // A hair is added so that 0.15 × 10 = 1.5 rounds up although the product in f64 lies below it.
    (fraction * f64::from(count) + 0.5 + 1e-9).floor() as u32
}

/// The peak power over the inverter's AC power, where the latter is not given.
pub const PEAK_PER_INVERTER: f64 = 1.2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_up_although_the_product_lies_below() {
        for (fraction, count, rounded) in [
            (0.15, 10, 2),
            (0.5, 1, 1),
            (0.49, 1, 0),
            (0.45, 80, 36),
            (0.0, 7, 0),
            (1.0, 7, 7),
            (0.35, 10, 4),
            (0.3, 0, 0),
        ] {
            assert_eq!(round_half_up(fraction, count), rounded, "{fraction} of {count}");
        }
    }

    #[test]
    fn a_connection_gives_its_power_and_its_name() {
        let connection = Connection { phases: 3, fuse_a: 25 };
        assert!((connection.power_kw() - 17.25).abs() < 1e-12);
        assert_eq!(connection.to_string(), "3x25A");
    }
}
