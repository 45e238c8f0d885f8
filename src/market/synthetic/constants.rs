//! Every constant of the synthetic price, with unit, meaning and where it comes from.
//!
//! Targets: the day-ahead price of the Netherlands in 2023. "Fitted" constants were searched so that thirty-year
//! statistics meet them; `docs/models/prices.md` tells more.

/// The price of an hour.
pub(super) struct Price {
    /// Level by the hour of the clock, EUR/MWh (solved so that the mean of each hour is the target).
    pub(super) hour_eur: [f64; 24],
    /// Added on Monday to Friday, on Saturday, on Sunday, EUR/MWh (assumed: the Netherlands in 2018 scaled to the level of
    /// 2023 gives +3.4, −4.7, −12.1; the gap was larger in 2023).
    pub(super) day_eur: [f64; 3],
    /// What 1000 W/m² of sun take off, EUR/MWh (fitted).
    pub(super) sun_eur_per_kw_m2: f64,
    /// What each m/s of the day's wind takes off, EUR/MWh (fitted).
    pub(super) wind_eur_per_m_s: f64,
    /// More wind than this takes nothing more off, m/s at 10 m (chosen).
    pub(super) wind_full_m_s: f64,
    /// Memory of the level from day to day (chosen near the Netherlands in 2018: 0.80).
    pub(super) level_rho: f64,
    /// Spread of the level, EUR/MWh (fitted).
    pub(super) level_sd_eur: f64,
    /// Memory of the noise from hour to hour (chosen near the Netherlands in 2018: 0.77).
    pub(super) noise_rho: f64,
    /// Spread of the noise, EUR/MWh (fitted).
    pub(super) noise_sd_eur: f64,
    /// Depth of the bend below zero, EUR/MWh (fitted).
    pub(super) negative_eur: f64,
    /// Length over which the bend below zero grows by e, EUR/MWh (fitted).
    pub(super) negative_scale_eur: f64,
    /// Where the bend upwards begins, EUR/MWh (chosen).
    pub(super) spike_start_eur: f64,
    /// Length of the bend upwards, EUR/MWh (fitted).
    pub(super) spike_scale_eur: f64,
    /// The limits of the coupled day-ahead auction in 2023, EUR/MWh.
    pub(super) limits_eur: [f64; 2],
}

pub(super) const PRICE: Price = Price {
    hour_eur: [
        142.0, 134.0, 129.9, 125.8, 125.7, 130.8, 148.6, 169.9, 185.1, 186.4, 182.8, 179.1, 172.9, 167.0, 165.3, 166.8,
        171.9, 184.2, 191.2, 192.4, 181.8, 166.6, 158.6, 146.9,
    ],
    day_eur: [5.0, -8.0, -17.0],
    sun_eur_per_kw_m2: 155.0,
    wind_eur_per_m_s: 14.4,
    wind_full_m_s: 8.0,
    level_rho: 0.85,
    level_sd_eur: 32.0,
    noise_rho: 0.8,
    noise_sd_eur: 17.0,
    negative_eur: 1.9,
    negative_scale_eur: 19.5,
    spike_start_eur: 180.0,
    spike_scale_eur: 48.0,
    limits_eur: [-500.0, 4000.0],
};
