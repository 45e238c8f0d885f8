//! The standard neighbourhood: what every figure of speed is measured on.
//!
//! Homes with synthetic loads, each with its own draw of use, shape and shifts; 45 % have panels on a roof of their own,
//! 20 % a battery of 5, 8 or 10 kWh; a plant of the cooperative with 0.3 kWp a home; everybody is a member; the pro-rata
//! key; the year 2027 in quarter-hours at De Bilt; monthly meters whose import and export are counted in two tariff slots.

use jiff::civil::date;
use jiff::tz::TimeZone;
use rust_decimal::Decimal;

use crate::calendar::{Calendar, Country};
use crate::device::pv::Roof;
use crate::engine::meters::{Flow, Wanted, WeightedRegister};
use crate::scenario::language::{CellTemperature, Distribution, Tenure, Transposition};
use crate::scenario::plan::{
    Battery, Connection, Cooperative, Group, GroupKind, Panels, Plan, Plant, Profile, Pv, PvOutput,
};
use crate::scenario::sharing::named;
use crate::weather::DE_BILT;

/// The high slot: working days from 7 to 23 h, local time, as Dutch grid operators have it.
const HIGH_MINUTES: std::ops::Range<u16> = 7 * 60..23 * 60;

/// The plan of a standard neighbourhood of so many homes.
///
/// # Panics
/// Never: the time zone is bundled.
pub fn plan(homes: u32) -> Plan {
    let panels = |peak_kwp: Distribution, tilt_deg: Distribution, azimuth_deg: Distribution| {
        PvOutput::Simulated(Panels {
            peak_kwp,
            tilt_deg,
            azimuth_deg,
            system_loss: Distribution::Exactly(Roof::DEFAULT_SYSTEM_LOSS),
            inverter_kw: None,
            transposition: Transposition::default(),
            cell_temperature: CellTemperature::default(),
            albedo: Roof::DEFAULT_ALBEDO,
            temperature_coefficient_per_k: Roof::DEFAULT_TEMPERATURE_COEFFICIENT_PER_K,
        })
    };
    let roofs = panels(
        Distribution::LogNormal { mean: 3.8, sd: 1.1 },
        Distribution::Uniform { min: 15.0, max: 50.0 },
        Distribution::Uniform { min: 90.0, max: 270.0 },
    );
    let group = Group {
        id: "home".to_owned(),
        kind: GroupKind::Homes { tenure: Tenure::Owner, income_eur: None, annual_gas_m3: None },
        count: homes,
        annual_kwh: Some(Distribution::LogNormal { mean: 2953.0, sd: 1681.0 }),
        profile: Profile::Synthetic,
        connection: Connection { phases: 3, fuse_a: 25 },
        member_fraction: 1.0,
        pv: Some(Pv { fraction: 0.45, output: roofs }),
        battery: Some(Battery {
            fraction: 0.2,
            capacity_kwh: Distribution::AnyOf(vec![5.0, 8.0, 10.0]),
            power_kw: Distribution::Exactly(4.0),
            charge_efficiency: 0.95,
            discharge_efficiency: 0.95,
            min_state_of_charge: 0.0,
            standby_loss_per_h: 0.0,
            start_state_of_charge: 0.0,
        }),
    };
    let exactly = Distribution::Exactly;
    let plant = Plant {
        id: "roof".to_owned(),
        output: panels(exactly(0.3 * f64::from(homes)), exactly(12.0), exactly(180.0)),
        premium: None,
        premium_origin: None,
        books: None,
    };
    Plan {
        name: "Standard neighbourhood".to_owned(),
        about: String::new(),
        start: date(2027, 1, 1),
        years: 1,
        step_minutes: 15,
        seed: 1,
        homes_seed: 1,
        shapes: crate::profile::synthetic::DEFAULT_SHAPES as u16,
        latitude_deg: DE_BILT.latitude_deg,
        longitude_deg: DE_BILT.longitude_deg,
        place_origin: None,
        timezone: TimeZone::get("Europe/Amsterdam").expect("the time zones are bundled"),
        country: Country::Nl,
        weather: None,
        market: None,
        market_sky: None,
        groups: vec![group],
        cooperative: Some(Cooperative {
            name: "the cooperative".to_owned(),
            participation_eur: None,
            discount_fraction: Decimal::ZERO,
            tax_fraction: Decimal::ZERO,
            plants: vec![plant],
        }),
        sharing: named("pro-rata").expect("it is built in"),
        shared_price: None,
        rules: None,
        neighbourhoods: None,
        row: None,
    }
}

/// Its registers beyond those of every home: import and export, each in the high and in the low slot.
pub fn registers(calendar: &Calendar) -> Vec<Wanted> {
    let high: Vec<f64> = (calendar.days().iter())
        .flat_map(|day| day.range().map(move |step| (day, step)))
        .map(|(day, step)| f64::from(u8::from(!day.is_free() && HIGH_MINUTES.contains(&calendar.local_minute(step)))))
        .collect();
    let low: Vec<f64> = high.iter().map(|high| 1.0 - high).collect();
    [Flow::Import, Flow::Export]
        .into_iter()
        .flat_map(|flow| [&high, &low].map(|weights| WeightedRegister { flow, weights: weights.clone() }.into()))
        .collect()
}

/// What the rules of a dynamic contract with a price for every quarter-hour ask for: each flow of the meter and of
/// sharing as it is and times the price, and export times the least that it must be paid.
///
/// The price is a series of ours that moves in every step as a market's does: a day's course, a course over weeks, and a
/// part that is another in each step; negative now and then.
pub fn rules_registers(calendar: &Calendar) -> Vec<Wanted> {
    let price = |step: usize| {
        let day = libm::sin(f64::from(calendar.local_minute(step)) * std::f64::consts::TAU / 720.0 - 1.0);
        let weeks = libm::sin(step as f64 / 1_500.0);
        // Multiples of the golden ratio, less their whole part: spread evenly, and no two the same.
        let own = (step as f64 * 0.618_033_988_749_894_8).fract() - 0.5;
        0.08 + 0.07 * day + 0.04 * weeks + 0.06 * own
    };
    let prices: Vec<f64> = (0..calendar.steps()).map(price).collect();
    let least: Vec<f64> = prices.iter().map(|price| (price - 0.02).max(0.5 * price)).collect();
    let ones = vec![1.0; prices.len()];
    let of = |flow: Flow, weights: &[f64]| WeightedRegister { flow, weights: weights.to_vec() }.into();
    [Flow::Import, Flow::Export, Flow::Load, Flow::SharedIn, Flow::SharedOut]
        .into_iter()
        .flat_map(|flow| [of(flow, &ones), of(flow, &prices)])
        .chain([of(Flow::Export, &least)])
        .collect()
}
