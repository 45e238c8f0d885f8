//! Every default of the scenario language, in one place.
//!
//! The JSON Schema shows them, and a run's manifest lists those that it took.

use super::language::{CellTemperature, Distribution, Transposition};
use crate::calendar::Country;

/// `scenario.years`
pub(super) fn years() -> u32 {
    1
}

/// `scenario.step_minutes`
pub(super) fn step_minutes() -> u32 {
    15
}

/// `scenario.seed`
pub(super) fn seed() -> u64 {
    1
}

/// `scenario.shapes`: the size of the synthetic load library.
pub(super) fn shapes() -> u32 {
    512
}

/// `place.latitude_deg`: De Bilt.
pub(super) fn latitude_deg() -> f64 {
    52.10
}

/// `place.longitude_deg`: De Bilt.
pub(super) fn longitude_deg() -> f64 {
    5.18
}

/// `place.timezone`
pub(super) fn timezone() -> String {
    "Europe/Amsterdam".to_owned()
}

/// `place.country`
pub(super) fn country() -> Country {
    Country::Nl
}

/// Annual use of a home with a synthetic profile, kWh: the lognormal of the load library (mu 7.85, sigma 0.53).
pub(crate) const ANNUAL_KWH: Distribution = Distribution::LogNormal { mean: 2952.56, sd: 1681.27 };

/// `homes.connection`
pub(super) const HOME_CONNECTION: &str = "3x25A";

/// `businesses.connection`
pub(super) const BUSINESS_CONNECTION: &str = "3x80A";

/// A fraction that means all.
pub(super) fn all() -> f64 {
    1.0
}

/// A count that means one.
pub(super) fn one() -> u32 {
    1
}

/// `pv.tilt_deg`
pub(super) fn tilt_deg() -> Distribution {
    Distribution::Exactly(35.0)
}

/// `pv.azimuth_deg`: south.
pub(super) fn azimuth_deg() -> Distribution {
    Distribution::Exactly(180.0)
}

/// `pv.system_loss`
pub(super) fn system_loss() -> Distribution {
    Distribution::Exactly(0.14)
}

/// `pv.transposition`
pub(super) fn transposition() -> Transposition {
    Transposition::HayDavies
}

/// `pv.cell_temperature`
pub(super) fn cell_temperature() -> CellTemperature {
    CellTemperature::Faiman
}

/// `pv.albedo`: grass and pavement.
pub(super) fn albedo() -> f64 {
    0.2
}

/// `pv.temperature_coefficient_per_k`: crystalline silicon.
pub(super) fn temperature_coefficient_per_k() -> f64 {
    -0.004
}

/// `cooperative.discount_fraction`, as text: an exact decimal.
pub(super) const DISCOUNT_FRACTION: &str = "0.04";

/// `cooperative.plants.life_years`
pub(super) const LIFE_YEARS: u32 = 25;

/// `cooperative.plants.degradation_per_year`, as text: the median of crystalline silicon in D. C. Jordan, S. R. Kurtz,
/// "Photovoltaic Degradation Rates", Progress in Photovoltaics 21 (2013).
pub(super) const DEGRADATION_PER_YEAR: &str = "0.005";

/// `cooperative.plants.agreement.imbalance_fraction`
pub(super) fn imbalance_fraction() -> f64 {
    0.20
}

/// `battery.charge_efficiency` and `battery.discharge_efficiency`
pub(super) fn efficiency() -> f64 {
    0.95
}
