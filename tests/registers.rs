//! Weighted registers: Σ flow × weight(step), held against the plain registers and against sums over recorded steps.

mod common {
    pub(crate) mod scenario;
}

use common::scenario::{Written, whole};
use kwartier::engine::meters::{Flow, Register, WeightedRegister};
use kwartier::engine::world::World;
use kwartier::engine::{self, HomeStep, Next, Options, Outcome};
use kwartier::neighbourhood::home_id;
use rstest::rstest;

/// f32 weights on f32 flows, of the year's sum; see `WeightedRegister`.
const F32_LANES: f64 = 5e-7;

/// Sums of the same f64 in another order.
const ROUNDING: f64 = 1e-12;

const STREET: &str = r#"
    [scenario]
    name = "Street"
    start = 2027-01-01
    shapes = 16
    [[homes]]
    id = "roofed"
    count = 20
    member_fraction = 0.7
    pv = { fraction = 0.6, peak_kwp = { mean = 4, sd = 1 }, azimuth_deg = { min = 90, max = 270 } }
    battery = { fraction = 0.4, capacity_kwh = 6.0, power_kw = 3.0, standby_loss_per_h = 0.001 }
    [cooperative]
    plants = [{ id = "roof", kind = "pv", peak_kwp = 20.0 }]
    [sharing]
    key = "pro-rata"
"#;

/// A flow, its register, and its power in a step.
type Counted = (Flow, Register, fn(&HomeStep) -> f64);

/// Every flow, the register that counts it, and its power in a recorded step.
const FLOWS: [Counted; 8] = [
    (Flow::Load, Register::Load, |step| step.load_kw),
    (Flow::Generation, Register::Generation, |step| step.generation_kw),
    (Flow::Charge, Register::Charged, |step| step.battery_kw.max(0.0)),
    (Flow::Discharge, Register::Discharged, |step| (-step.battery_kw).max(0.0)),
    (Flow::Import, Register::Import, |step| step.import_kw),
    (Flow::Export, Register::Export, |step| step.export_kw),
    (Flow::SharedIn, Register::SharedIn, |step| step.shared_in_kw),
    (Flow::SharedOut, Register::SharedOut, |step| step.shared_out_kw),
];

/// The year with a register for each flow and each series of weights, and Σ weight × flow of the recorded steps,
/// `[home][weights][flow]`.
fn year(world: &World, weights: &[Vec<f64>]) -> (Outcome, Vec<Vec<[f64; 8]>>) {
    let registers =
        weights.iter().flat_map(|weights| FLOWS.map(|(flow, ..)| WeightedRegister { flow, weights: weights.clone() }));
    let options = Options { registers: registers.collect(), ..Options::recording() };
    let mut recorded = vec![vec![[0.0; 8]; weights.len()]; world.homes.len()];
    let step_h = world.calendar.step_h();
    let outcome = engine::run(world, &options, |flows| {
        for (home, sums) in recorded.iter_mut().enumerate() {
            for step in 0..flows.day.steps {
                let now = flows.home(home, step);
                for (weights, sums) in weights.iter().zip(sums.iter_mut()) {
                    let weight = weights[flows.day.first_step + step];
                    for (sum, (.., of)) in sums.iter_mut().zip(FLOWS) {
                        *sum += weight * of(&now) * step_h;
                    }
                }
            }
        }
        Ok::<_, std::convert::Infallible>(Next::GoOn)
    });
    let Ok(outcome) = outcome;
    assert!(outcome.balance.holds());
    (outcome, recorded)
}

/// A weighted register of a home over the year.
fn weighted(world: &World, outcome: &Outcome, home: usize, register: usize) -> f64 {
    (0..world.calendar.run_months().len()).map(|month| outcome.weighted(home, register, month)).sum()
}

fn assert_near(what: &str, value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {value} instead of {expected}");
}

#[rstest]
#[case("pro-rata", 15)]
#[case("pro-rata", 60)]
#[case("equal", 15)]
#[case("none", 15)]
fn every_flow_is_counted_with_every_kind_of_weight(#[case] key: &str, #[case] minutes: u32) {
    let set = [format!("sharing.key={key}"), format!("scenario.step_minutes={minutes}")];
    let world = Written::new(STREET).world(&set.each_ref().map(String::as_str));
    let steps = 0..world.calendar.steps();
    let ones = vec![1.0; steps.len()];
    let minute = |step: usize| world.calendar.local_minute(step);
    let day: Vec<f64> = steps.clone().map(|s| f64::from(u8::from((420..1_380).contains(&minute(s))))).collect();
    let night: Vec<f64> = day.iter().map(|day| 1.0 - day).collect();
    // A price for each step, below zero at times.
    let prices: Vec<f64> = steps.map(|s| 0.1 + 0.25 * libm::sin(s as f64 / 7.0)).collect();
    let (outcome, recorded) = year(&world, &[ones, day, night, prices]);
    let mut seen = [0.0_f64; 8];
    for (home, recorded) in recorded.iter().enumerate() {
        let meter = whole(&world, &outcome, &home_id(&world.plan, &world.homes[home]));
        for (number, (flow, register, _)) in FLOWS.into_iter().enumerate() {
            let of = |weights: usize| weighted(&world, &outcome, home, weights * FLOWS.len() + number);
            let what = format!("{flow:?} of home {home}");
            let plain = meter.kwh(register);
            seen[number] += plain;
            assert_near(&format!("{what} with weights of one"), of(0), plain, ROUNDING);
            // The slots change on the hour: at the border of a group of quarter-hours, within one of hours.
            let by_slot = if minutes == 15 { ROUNDING } else { F32_LANES };
            assert_near(&format!("{what} by day and by night"), of(1) + of(2), plain, by_slot);
            for (weights, name) in ["ones", "day", "night", "prices"].into_iter().enumerate() {
                // Of the flow, as prices of both signs may cancel.
                let off = (of(weights) - recorded[weights][number]).abs();
                assert!(off <= F32_LANES * plain.max(1.0), "{what}, {name}: {} off by {off:.1e}", of(weights));
            }
        }
    }
    let shares = key != "none";
    let flows = |number: usize| shares || !matches!(FLOWS[number].0, Flow::SharedIn | Flow::SharedOut);
    assert!((0..8).all(|number| (seen[number] > 0.0) == flows(number)), "a flow never flowed: {seen:?}");
}

#[test]
fn registers_that_are_asked_for_change_nothing_else() {
    let world = Written::new(STREET).world(&[]);
    let steps = 0..world.calendar.steps();
    let slot = steps.clone().map(|step| f64::from(u8::from(step % 96 < 28))).collect();
    let (hourly, quarterly) = (steps.clone().map(|step| (step / 4 % 17) as f64), steps.map(|step| (step % 13) as f64));
    let (with, _) = year(&world, &[vec![0.3; world.calendar.steps()], slot, hourly.collect(), quarterly.collect()]);
    let without = common::scenario::run(&world);
    assert_eq!(with.community, without.community);
    for home in 0..world.homes.len() {
        for month in 0..world.calendar.run_months().len() {
            assert_eq!(with.month(home, month), without.month(home, month));
        }
    }
}

#[test]
#[should_panic(expected = "a register has a finite weight for each step")]
fn a_register_with_too_few_weights_is_refused() {
    let world = Written::new(STREET).world(&["scenario.step_minutes=60"]);
    year(&world, &[vec![1.0; 24]]);
}
