//! Every constant of the synthetic climate, with unit, meaning and where it comes from.
//!
//! "Fitted" constants were searched so that thirty-year statistics meet the targets for De Bilt; "knots" are twelve
//! monthly values solved so that monthly expectations are the targets; "regression" is on the measured hours of De Bilt
//! in 2019 and 2020. `docs/models/synthetic-weather.md` tells more.

use super::month_line::Knots;

/// The model's clock is ahead of UTC by this, h: it has no summer time.
pub(super) const UTC_OFFSET_H: i64 = 1;

/// Days before the year from which the leaky integrators start, so that they forget their start and years join.
pub(super) const SPIN_UP_DAYS: usize = 40;

/// The weights of the four diurnal waves cos a, sin a, cos 2a, sin 2a with a = 2π · UTC hour / 24.
pub(super) type Wave = [f64; 4];

/// The sky: a logistic curve of the day's and the quarter's Gaussian.
pub(super) struct Sky {
    /// Lowest clear-sky index (fitted).
    pub(super) low: f64,
    /// Highest clear-sky index (fitted).
    pub(super) high: f64,
    /// Standard deviation of a day's clearness, logit units (fitted to the spread of daily clearness).
    pub(super) day_sd: f64,
    /// Memory of clearness from one day to the next (fitted to its lag-1 autocorrelation).
    pub(super) day_rho: f64,
    /// Part of a day's clearness that the whole year shares (fitted to the spread between years).
    pub(super) year_share: f64,
    /// Standard deviation of a quarter's residual, logit units (fitted to hourly and 15-minute clearness).
    pub(super) quarter_sd: f64,
    /// Memory of the residual's slow part from quarter to quarter (fitted).
    pub(super) quarter_rho: f64,
    /// Weight of the residual's slow part; the rest is the quarter's own shock (fitted).
    pub(super) quarter_slow: f64,
    /// Weight of the cube that makes the shocks heavy-tailed (fitted).
    pub(super) quarter_cubic: f64,
    /// Standard deviation of the five-minute residual, logit units (assumed: no five-minute data).
    pub(super) five_sd: f64,
    /// Diffuse fraction added per unit of clearness above 0.6 with [`super::Diffuse::Edge`] (by eye on 15-minute values).
    pub(super) edge_diffuse: f64,
    /// Median clear-sky index through the year, logit units (solved).
    pub(super) knots: Knots,
}

/// Air temperature.
pub(super) struct Temperature {
    /// Monthly level, °C (solved).
    pub(super) knots: Knots,
    /// Diurnal wave, K (regression).
    pub(super) wave: Wave,
    /// Its change with the season, K (regression).
    pub(super) wave_season: Wave,
    /// Height of the diurnal wave on a day without sun, part of a clear day's (regression).
    pub(super) swing_base: f64,
    /// Standard deviation of the slow residual, K (fitted).
    pub(super) sd: f64,
    /// Memory of the slow residual, h (fitted).
    pub(super) tau_h: f64,
    /// Standard deviation of a year's warmth, K (fitted).
    pub(super) year_sd: f64,
    /// Warmth per unit of clearness, K (fitted).
    pub(super) sun: f64,
    /// Its change with the season, K: clear days are warm in summer and cold in winter (fitted).
    pub(super) sun_season: f64,
    /// Warmth per unit of the slow part of the wind, K (regression).
    pub(super) wind: f64,
    /// Its change with the season, K (regression).
    pub(super) wind_season: f64,
}

/// Wind speed at 10 m.
pub(super) struct Wind {
    /// Monthly level, m/s (solved).
    pub(super) knots: Knots,
    /// Diurnal wave, part of the level (regression).
    pub(super) wave: Wave,
    /// Its change with the season (regression).
    pub(super) wave_season: Wave,
    /// Memory of the slow part, h (fitted).
    pub(super) tau_slow_h: f64,
    /// Memory of the fast part, h (fitted).
    pub(super) tau_fast_h: f64,
    /// Weight of the slow part (fitted).
    pub(super) slow: f64,
    /// Calm per unit of clearness (fitted to the correlation of wind and clearness).
    pub(super) sun: f64,
    /// Spread of the Gaussian that is squared; the speed is nearly Weibull with k = 2 (fitted).
    pub(super) spread: f64,
}

pub(super) const SKY: Sky = Sky {
    low: 0.0377,
    high: 1.081,
    day_sd: 1.365,
    day_rho: 0.4,
    year_share: 0.112,
    quarter_sd: 1.395,
    quarter_rho: 0.878,
    quarter_slow: 0.816,
    quarter_cubic: 0.18,
    five_sd: 0.3,
    edge_diffuse: 0.45,
    knots: [-0.592, -0.123, 0.367, 0.772, 0.65, 0.542, 0.518, 0.657, 0.599, -0.039, -0.279, -0.773],
};

pub(super) const TEMPERATURE: Temperature = Temperature {
    knots: [3.999, 4.495, 6.714, 9.674, 13.659, 17.18, 18.427, 18.68, 15.147, 12.044, 7.021, 5.894],
    wave: [-4.254, -2.629, 0.642, 0.196],
    wave_season: [-1.737, -0.75, -0.696, -0.53],
    swing_base: 0.2,
    sd: 3.02,
    tau_h: 49.0,
    year_sd: 0.62,
    sun: -0.01,
    sun_season: 2.2,
    wind: 0.75,
    wind_season: -0.6,
};

pub(super) const WIND: Wind = Wind {
    knots: [3.819, 4.269, 3.72, 3.468, 3.15, 3.145, 2.937, 2.83, 2.648, 3.296, 3.267, 4.154],
    wave: [-0.215, -0.053, 0.049, 0.006],
    wave_season: [-0.147, -0.036, -0.022, 0.009],
    tau_slow_h: 20.66,
    tau_fast_h: 0.59,
    slow: 0.786,
    sun: 0.212,
    spread: 0.246,
};
