//! The community year that kwartier and its peers all run, on inputs that any language can make.
//!
//! Inputs and step are defined in the head of `community_year.py`: homes with a load and panels of their own, a battery
//! that follows the home's surplus, pro-rata sharing in every quarter-hour, one price for what is bought, one for what is
//! shared, one for what is sold. Here the loads and panels are series in memory, as of meters; the price is what weighted
//! registers count.

use std::convert::Infallible;
use std::sync::Arc;

use kwartier::calendar::Calendar;
use kwartier::device::battery::Battery;
use kwartier::engine::meters::{Flow, Register, WeightedRegister};
use kwartier::engine::vector::Vector;
use kwartier::engine::world::{Metered, World};
use kwartier::engine::{self, CommunityStep, Next, Options, Outcome};
use kwartier::neighbourhood::{Home, Pv, Shape};
use kwartier::study::standard;

/// Quarter-hours of the year 2025.
const STEPS: u32 = 35_040;

/// What is paid for a kWh that is fed in and not shared, EUR.
const SELL_EUR_PER_KWH: f64 = 0.05;

/// What a community year comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sums {
    /// What all homes pay, EUR.
    pub(crate) cost_eur: f64,
    /// Drawn at all meters, kWh.
    pub(crate) import_kwh: f64,
    /// Fed in at all meters, kWh.
    pub(crate) export_kwh: f64,
    /// Shared, kWh.
    pub(crate) shared_kwh: f64,
    /// In all batteries at the end, kWh.
    pub(crate) stored_kwh: f64,
    /// The greatest exchange with the grid of a step, kW.
    pub(crate) peak_kw: f64,
}

/// The uniform number of home `i` and purpose `k`: an integer hash over 2³².
fn uniform(i: u32, k: u32) -> f64 {
    let mut x = i.wrapping_mul(2_654_435_761).wrapping_add(k.wrapping_mul(40_503)).wrapping_add(12_345);
    x ^= x >> 15;
    x = x.wrapping_mul(2_246_822_519);
    x ^= x >> 13;
    f64::from(x) / 4_294_967_296.0
}

/// The mean of a season's swing on a day, −1 to 1, greatest on day `first`.
fn season(day: u32, first: u32) -> f64 {
    libm::cos(2.0 * std::f64::consts::PI * (f64::from(day) - f64::from(first)) / 365.0)
}

/// Load of a home of size 1 before its own chance, and output of 1 kWp, kW, in a quarter-hour.
fn shapes(t: u32) -> (f64, f64) {
    let (quarter, day) = (f64::from(t % 96), t / 96);
    let bump = |middle: f64, width: f64| {
        let x = (quarter - middle) / width;
        libm::exp(-x * x)
    };
    let load = (0.6 + 0.8 * bump(30.0, 6.0) + 1.6 * bump(76.0, 9.0)) * (1.0 + 0.25 * season(day, 15));
    let half = 24.0 + 11.0 * season(day, 172);
    let x = quarter + 0.5 - 48.0;
    let sun = if x.abs() < half { libm::cos(std::f64::consts::PI / 2.0 * x / half).max(0.0) } else { 0.0 };
    let cloud = 0.25 + 0.75 * uniform(777_777, day);
    (load, 0.85 * (0.65 + 0.35 * season(day, 172)) * libm::pow(sun, 1.3) * cloud)
}

/// What is paid for a kWh that is bought, EUR.
fn buy_eur_per_kwh(t: u32) -> f64 {
    0.28 + 0.06 * libm::sin(2.0 * std::f64::consts::PI * (f64::from(t % 96) - 60.0) / 96.0)
}

/// The community of so many homes, with its series in memory: 0.56 MB a home.
pub(crate) fn world(homes: u32) -> World {
    let mut plan = standard::plan(1);
    plan.start = jiff::civil::date(2025, 1, 1);
    plan.timezone = jiff::tz::TimeZone::UTC;
    plan.cooperative.as_mut().expect("the standard plan has one").plants.clear();
    plan.groups = (0..homes)
        .map(|home| {
            let mut group = plan.groups[0].clone();
            group.id = format!("home-{home}");
            group
        })
        .collect();
    let mut world = World::new(plan, &mut Vec::new()).expect("the plan reads no file");
    let shapes: Vec<(f64, f64)> = (0..STEPS).map(shapes).collect();
    world.homes = (0..homes)
        .map(|i| {
            let capacity_kwh = 4.0 + 6.0 * uniform(i, 3);
            let battery = Battery {
                capacity_kwh,
                power_kw: 0.5 * capacity_kwh,
                charge_efficiency: 0.95,
                discharge_efficiency: 0.95,
                min_state_of_charge: 0.0,
                standby_loss_per_h: 0.0,
                start_state_of_charge: 0.0,
            };
            Home {
                group: i as usize,
                number: 1,
                member: true,
                income_eur: None,
                annual_gas_m3: 0.0,
                annual_kwh: None,
                shape: Shape::Metered,
                pv: (i % 5 != 4).then_some(Pv::Metered),
                battery: (i % 4 != 3).then_some(battery),
            }
        })
        .collect();
    let metered = (0..homes).map(|i| {
        let (base_kw, peak_kwp) = (0.15 + 0.45 * uniform(i, 1), 2.0 + 5.0 * uniform(i, 2));
        let load = shapes.iter().zip(0..).map(|((load, _), t)| base_kw * load * (0.5 + uniform(i, 1000 + t)));
        let generation = (i % 5 != 4).then(|| shapes.iter().map(|(_, unit)| unit * peak_kwp).collect());
        Metered { load: Some(load.collect()), generation }
    });
    world.metered = Arc::new(metered.collect());
    world.make_shapes();
    world
}

/// The registers whose sum is the cost: what is bought at its price, less what a shared kWh is cheaper than a bought one,
/// less what it brings more than a sold one.
pub(crate) fn options(calendar: &Calendar, vector: Vector) -> Options {
    assert_eq!(calendar.steps(), STEPS as usize);
    let weighted = |flow: Flow, of: &dyn Fn(f64) -> f64| {
        WeightedRegister { flow, weights: (0..STEPS).map(|t| of(buy_eur_per_kwh(t))).collect() }.into()
    };
    let local = |buy: f64| f64::midpoint(buy, SELL_EUR_PER_KWH);
    Options {
        vector,
        registers: vec![
            weighted(Flow::Import, &|buy| buy),
            weighted(Flow::SharedIn, &|buy| local(buy) - buy),
            weighted(Flow::SharedOut, &|buy| SELL_EUR_PER_KWH - local(buy)),
        ],
        ..Options::default()
    }
}

/// Runs the year.
pub(crate) fn run(world: &World, options: &Options) -> Outcome {
    let Ok(outcome) = engine::run(world, options, |_| Ok::<_, Infallible>(Next::GoOn));
    outcome
}

/// What the year came to.
pub(crate) fn sums(world: &World, outcome: &Outcome) -> Sums {
    let months = world.calendar.run_months().len();
    let homes = 0..world.homes.len();
    let kwh = |register| homes.clone().map(|home| outcome.months(home, 0..months).kwh(register)).sum::<f64>();
    let eur = |register| {
        let months = (0..months).flat_map(|month| homes.clone().map(move |home| (home, month)));
        months.map(|(home, month)| outcome.weighted(home, register, month)).sum::<f64>()
    };
    let export_kwh = kwh(Register::Export);
    Sums {
        cost_eur: eur(0) + eur(1) + eur(2) - SELL_EUR_PER_KWH * export_kwh,
        import_kwh: kwh(Register::Import),
        export_kwh,
        shared_kwh: kwh(Register::SharedIn),
        stored_kwh: homes.clone().map(|home| outcome.content_kwh(home).1).sum(),
        peak_kw: outcome.community.iter().map(CommunityStep::net_kw).fold(0.0, |peak, kw| kw.abs().max(peak)),
    }
}
