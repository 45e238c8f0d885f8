//! The registers that a run is asked for: Σ flow × weight(step), the greatest power, time above a threshold; held against
//! the plain registers and against recorded steps.

mod common {
    pub(crate) mod scenario;
}

use common::scenario::{Written, whole};
use jiff::civil::{Date, date};
use kwartier::calendar::Periods;
use kwartier::engine::meters::{Flow, Greatest, HoursAbove, Maximum, Register, Threshold, Wanted, WeightedRegister};
use kwartier::engine::vector::Vector;
use kwartier::engine::world::World;
use kwartier::engine::{self, DayFlows, HomeStep, Next, Options, Outcome};
use kwartier::neighbourhood::home_id;
use kwartier::study::bench::checksum;
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
    let options = Options { registers: registers.map(Wanted::from).collect(), ..Options::recording() };
    let mut recorded = vec![vec![[0.0; 8]; weights.len()]; world.homes.len()];
    let step_h = world.calendar.step_h();
    let outcome = run(world, &options, |flows| {
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
    });
    (outcome, recorded)
}

/// Runs a world; its balance must close.
fn run(world: &World, options: &Options, mut look: impl FnMut(&DayFlows<'_>)) -> Outcome {
    let outcome = engine::run(world, options, |flows| {
        look(flows);
        Ok::<_, std::convert::Infallible>(Next::GoOn)
    });
    let Ok(outcome) = outcome;
    assert!(outcome.balance.holds());
    outcome
}

/// A price for each step, below zero at times.
fn prices(world: &World) -> Vec<f64> {
    (0..world.calendar.steps()).map(|step| 0.1 + 0.25 * libm::sin(step as f64 / 7.0)).collect()
}

/// One weight all day, another every day.
fn daily(world: &World) -> Vec<f64> {
    let of_day = |day: &kwartier::calendar::Day| std::iter::repeat_n(f64::from(day.weekday) - 1.0, day.steps);
    world.calendar.days().iter().flat_map(of_day).collect()
}

/// Another weight in every clock hour: more often than a day is cut for slots.
fn hourly(world: &World) -> Vec<f64> {
    let hour = |step: usize| world.calendar.local_minute(step) / 60;
    (0..world.calendar.steps()).map(|step| f64::from(hour(step) * 7 % 24) - 5.0).collect()
}

/// 1 from 7 to 23 h.
fn slot(world: &World) -> Vec<f64> {
    let in_slot = |step: usize| (420..1_380).contains(&world.calendar.local_minute(step));
    (0..world.calendar.steps()).map(|step| f64::from(u8::from(in_slot(step)))).collect()
}

/// 16 to 21 h, and 23 h on.
fn evening(world: &World) -> Vec<bool> {
    let in_window = |minute: u16| (960..1_260).contains(&minute) || minute >= 1_380;
    (0..world.calendar.steps()).map(|step| in_window(world.calendar.local_minute(step))).collect()
}

/// A threshold for each home, its own.
fn thresholds_kw(world: &World) -> Vec<f64> {
    (0..world.homes.len()).map(|home| 0.1 + 0.15 * (home % 9) as f64).collect()
}

/// Every kind of register with every kind of weight, window and threshold.
fn of_every_kind(world: &World) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    let weights = [vec![1.0; world.calendar.steps()], slot(world), daily(world), hourly(world), prices(world)];
    for (flow, ..) in FLOWS {
        wanted.extend(weights.iter().map(|weights| WeightedRegister { flow, weights: weights.clone() }.into()));
        if !flow.is_shared() {
            wanted.push(Maximum { flow, window: None }.into());
            wanted.push(Maximum { flow, window: Some(evening(world)) }.into());
            wanted.push(HoursAbove { flow, threshold: Threshold::AllKw(0.4) }.into());
            wanted.push(HoursAbove { flow, threshold: Threshold::EachKw(thresholds_kw(world)) }.into());
        }
    }
    wanted
}

/// Borders within months, on days of clock changes and beside the run; in no order.
const BORDERS: [Date; 6] =
    [date(2028, 3, 26), date(2028, 2, 29), date(2028, 10, 29), date(2028, 7, 14), date(2020, 1, 1), date(2028, 5, 1)];

/// The street over a leap year that begins within a month.
fn leap_year(set: &[&str]) -> World {
    Written::new(STREET).world(&[&["scenario.start=2028-01-15"], set].concat())
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
    let day = slot(&world);
    let night: Vec<f64> = day.iter().map(|day| 1.0 - day).collect();
    let weights = [ones, day, night, prices(&world), daily(&world), hourly(&world)];
    let greatest =
        weights.each_ref().map(|weights| weights.iter().fold(1.0, |most: f64, weight| most.max(weight.abs())));
    let (outcome, recorded) = year(&world, &weights);
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
            for (weights, name) in ["ones", "day", "night", "prices", "daily", "hourly"].into_iter().enumerate() {
                // Of the flow, as prices of both signs may cancel.
                let off = (of(weights) - recorded[weights][number]).abs();
                assert!(
                    off <= F32_LANES * greatest[weights] * plain.max(1.0),
                    "{what}, {name}: {} off by {off:.1e}",
                    of(weights)
                );
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
    let options =
        Options { registers: of_every_kind(&world), period_borders: vec![date(2027, 3, 9)], ..Options::default() };
    let with = run(&world, &options, |_| {});
    let without = common::scenario::run(&world);
    assert_eq!(with.community, without.community);
    assert_eq!(with.plants, without.plants);
    for home in 0..world.homes.len() {
        for month in 0..world.calendar.run_months().len() {
            assert_eq!(with.month(home, month), without.month(home, month));
        }
    }
}

#[test]
fn a_register_is_the_same_bits_alone_and_among_others() {
    let world = Written::new(STREET).world(&["scenario.step_minutes=30"]);
    let wanted = of_every_kind(&world);
    let options = |registers| Options { registers, ..Options::default() };
    let all = run(&world, &options(wanted.clone()), |_| {});
    for (number, register) in wanted.iter().enumerate() {
        let alone = run(&world, &options(vec![register.clone()]), |_| {});
        for home in 0..world.homes.len() {
            for month in 0..12 {
                let [alone, among] = [(&alone, 0), (&all, number)].map(|(outcome, place)| match register {
                    Wanted::Sum(_) | Wanted::Priced(_) => outcome.weighted(home, place, month).to_bits(),
                    Wanted::HoursAbove(_) => outcome.hours_above(home, place, month).to_bits(),
                    Wanted::Maximum(_) => {
                        let Greatest { kw, step } = outcome.maximum(home, place, month);
                        kw.to_bits() ^ step.map_or(0, |step| step as u64 + 1)
                    }
                });
                assert_eq!(alone, among, "register {number} of home {home} in month {month}");
            }
        }
    }
}

#[rstest]
#[case("none", 60)]
#[case("equal", 15)]
#[case("pro-rata", 5)]
fn every_kind_of_register_is_the_same_bits_for_any_threads_and_vectors(#[case] key: &str, #[case] minutes: u32) {
    let set = [format!("sharing.key={key}"), format!("scenario.step_minutes={minutes}")];
    // More than one chunk of homes.
    let set = [&set[0], &set[1], "homes.roofed.count=300"];
    let set = if minutes == 5 { &set[..2] } else { &set[..] };
    let world = leap_year(set);
    let wanted = of_every_kind(&world);
    let sums = Vector::available().into_iter().flat_map(|vector| [1, 2, 5].map(|threads| (vector, threads)));
    let sums: Vec<(Vector, usize, String)> = sums
        .map(|(vector, threads)| {
            let options =
                Options { vector, registers: wanted.clone(), period_borders: BORDERS.to_vec(), ..Options::default() };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let outcome = pool.install(|| run(&world, &options, |_| {}));
            (vector, threads, checksum(&world, &outcome, &wanted))
        })
        .collect();
    assert!(sums.iter().all(|(.., sum)| *sum == sums[0].2), "{sums:?}");
}

#[rstest]
#[case("pro-rata", 15)]
#[case("equal", 60)]
#[case("none", 30)]
fn periods_add_up_to_months_and_to_the_plain_registers(#[case] key: &str, #[case] minutes: u32) {
    let world = leap_year(&[&format!("sharing.key={key}"), &format!("scenario.step_minutes={minutes}")]);
    let wanted = of_every_kind(&world);
    let options = |period_borders| Options { registers: wanted.clone(), period_borders, ..Options::default() };
    let by_month = run(&world, &options(Vec::new()), |_| {});
    let cut = run(&world, &options(BORDERS.to_vec()), |_| {});
    let months = world.calendar.run_months().len();
    assert_eq!(*by_month.periods(), Periods::months(&world.calendar));
    assert_eq!((months, cut.periods().all().len()), (13, 17));
    for home in 0..world.homes.len() {
        for month in 0..months {
            let periods = cut.periods().of_month(month);
            let mut ones = FLOWS.iter();
            for (number, register) in wanted.iter().enumerate() {
                let what = format!("register {number} of home {home} in month {month}");
                match register {
                    Wanted::Sum(sum) => {
                        let of_periods: f64 = periods.clone().map(|period| cut.weighted(home, number, period)).sum();
                        let of_month = by_month.weighted(home, number, month);
                        let plain = cut.month(home, month);
                        assert!((of_periods - of_month).abs() <= ROUNDING * of_month.abs().max(100.0), "{what}");
                        if sum.weights.iter().all(|weight| weight.to_bits() == 1.0_f64.to_bits()) {
                            let (flow, counted, _) = ones.next().expect("one for each flow");
                            assert_eq!(*flow, sum.flow);
                            assert_eq!(of_month.to_bits(), plain.kwh(*counted).to_bits(), "{what}: plain");
                        }
                    }
                    Wanted::Priced(_) => unreachable!("it was not asked for"),
                    Wanted::HoursAbove(_) => {
                        let of_periods: f64 = periods.clone().map(|period| cut.hours_above(home, number, period)).sum();
                        assert_near(&what, of_periods, by_month.hours_above(home, number, month), ROUNDING);
                    }
                    Wanted::Maximum(_) => {
                        let later = |a: Greatest, b: Greatest| if b.kw > a.kw { b } else { a };
                        let of_periods = periods.clone().map(|period| cut.maximum(home, number, period));
                        let of_month = by_month.maximum(home, number, month);
                        assert_eq!(of_periods.fold(Greatest::default(), later), of_month, "{what}");
                    }
                }
            }
            let peaks = cut.month(home, month);
            for (flow, kw, step) in [
                (Flow::Import, peaks.peak_import_kw, peaks.peak_import_step),
                (Flow::Export, peaks.peak_export_kw, peaks.peak_export_step),
            ] {
                let is_it = |w: &Wanted| matches!(w, Wanted::Maximum(m) if m.flow == flow && m.window.is_none());
                let number = wanted.iter().position(is_it).unwrap();
                assert_eq!(by_month.maximum(home, number, month), Greatest { kw, step }, "{flow:?} of home {home}");
            }
        }
    }
}

/// The greatest flow and the time above thresholds of one home and period, as recorded.
#[derive(Clone, Copy, Default)]
struct Seen {
    all_day: Greatest,
    evening: Greatest,
    above: f64,
    above_own: f64,
}

#[rstest]
#[case("pro-rata", 5)]
#[case("equal", 15)]
#[case("none", 60)]
fn maxima_and_hours_are_those_of_the_recorded_steps(#[case] key: &str, #[case] minutes: u32) {
    const OWN: usize = 6;
    let world = leap_year(&[&format!("sharing.key={key}"), &format!("scenario.step_minutes={minutes}")]);
    let (evening, own_kw) = (evening(&world), thresholds_kw(&world));
    let registers = FLOWS[..OWN].iter().flat_map(|(flow, ..)| {
        let flow = *flow;
        let hours = |threshold| HoursAbove { flow, threshold };
        [
            Wanted::from(Maximum { flow, window: None }),
            Maximum { flow, window: Some(evening.clone()) }.into(),
            hours(Threshold::AllKw(0.4)).into(),
            hours(Threshold::EachKw(own_kw.clone())).into(),
        ]
    });
    let options = Options { registers: registers.collect(), period_borders: BORDERS.to_vec(), ..Options::recording() };
    let periods = Periods::cut(&world.calendar, &BORDERS);
    let step_h = world.calendar.step_h();
    let mut seen = vec![vec![[Seen::default(); OWN]; periods.all().len()]; world.homes.len()];
    let outcome = run(&world, &options, |flows| {
        let period = periods.of_day(world.calendar.day_of(flows.day.first_step));
        for (home, seen) in seen.iter_mut().enumerate() {
            for (in_day, step) in flows.day.range().enumerate() {
                let now = flows.home(home, in_day);
                for (seen, (.., of)) in seen[period].iter_mut().zip(&FLOWS[..OWN]) {
                    let kw = of(&now);
                    if kw > seen.all_day.kw {
                        seen.all_day = Greatest { kw, step: Some(step) };
                    }
                    if evening[step] && kw > seen.evening.kw {
                        seen.evening = Greatest { kw, step: Some(step) };
                    }
                    seen.above += if kw > 0.4 { step_h } else { 0.0 };
                    seen.above_own += if kw > own_kw[home] { step_h } else { 0.0 };
                }
            }
        }
    });
    assert_eq!(*outcome.periods(), periods);
    let mut total = [Seen::default(); OWN];
    for (home, seen) in seen.iter().enumerate() {
        for (period, seen) in seen.iter().enumerate() {
            for (number, seen) in seen.iter().enumerate() {
                let what = format!("{:?} of home {home} in period {period}", FLOWS[number].0);
                let at = number * 4;
                assert_eq!(outcome.maximum(home, at, period), seen.all_day, "{what}");
                assert_eq!(outcome.maximum(home, at + 1, period), seen.evening, "{what}, evening");
                assert_near(&what, outcome.hours_above(home, at + 2, period), seen.above, ROUNDING);
                assert_near(&what, outcome.hours_above(home, at + 3, period), seen.above_own, ROUNDING);
                total[number].above += seen.above;
                total[number].above_own += seen.above_own;
                total[number].evening.kw += seen.evening.kw;
            }
        }
    }
    let flowed = |seen: &Seen| seen.above > 0.0 && seen.above_own > 0.0 && seen.evening.kw > 0.0;
    assert!(total.iter().all(flowed), "a flow was never above, or never in the evening");
}

#[test]
fn a_flow_is_above_a_threshold_by_its_exact_value() {
    let world = Written::new(STREET).world(&["scenario.step_minutes=60"]);
    let maximum = Options { registers: vec![Maximum { flow: Flow::Load, window: None }.into()], ..Options::default() };
    let greatest: Vec<Greatest> = {
        let outcome = run(&world, &maximum, |_| {});
        (0..world.homes.len()).map(|home| outcome.maximum(home, 0, 0)).collect()
    };
    let at = |of: fn(f64) -> f64| {
        let each = greatest.iter().map(|greatest| of(greatest.kw)).collect();
        Wanted::from(HoursAbove { flow: Flow::Load, threshold: Threshold::EachKw(each) })
    };
    // Half of an f64's last place is far below that of the flow's f32.
    let registers = vec![at(|kw| kw), at(f64::next_down), at(f64::next_up)];
    let outcome = run(&world, &Options { registers, ..Options::default() }, |_| {});
    for home in 0..world.homes.len() {
        let hours = [0, 1, 2].map(|register| outcome.hours_above(home, register, 0));
        assert_eq!(hours.map(|hours| hours > 0.0), [false, true, false], "home {home}: {hours:?}");
    }
}

#[rstest]
#[case("pro-rata")]
#[case("equal")]
#[case("none")]
fn plants_have_weighted_registers_by_period(#[case] key: &str) {
    let world = leap_year(&[&format!("sharing.key={key}")]);
    let weights = [vec![1.0; world.calendar.steps()], prices(&world)];
    let registers = weights
        .iter()
        .flat_map(|weights| FLOWS.map(|(flow, ..)| WeightedRegister { flow, weights: weights.clone() }.into()));
    let options = Options { registers: registers.collect(), period_borders: BORDERS.to_vec(), ..Options::default() };
    let periods = Periods::cut(&world.calendar, &BORDERS);
    // `[period][weights]` of what it made and what was shared of it.
    let mut seen = vec![[[0.0; 2]; 2]; periods.all().len()];
    let step_h = world.calendar.step_h();
    let outcome = run(&world, &options, |flows| {
        let period = periods.of_day(world.calendar.day_of(flows.day.first_step));
        for (in_day, step) in flows.day.range().enumerate() {
            let kw = flows.community[in_day].plant_generation_kw;
            for (weights, [made, shared]) in weights.iter().zip(&mut seen[period]) {
                *made += kw * weights[step] * step_h;
                *shared += kw * flows.shares.given_by_plant(&world, 0, in_day) * weights[step] * step_h;
            }
        }
    });
    let (mut made_kwh, mut shared_kwh) = (0.0, 0.0);
    for (period, seen) in seen.iter().enumerate() {
        for (weights, [made, shared]) in seen.iter().enumerate() {
            for (number, (flow, ..)) in FLOWS.into_iter().enumerate() {
                let expected = match flow {
                    Flow::Generation | Flow::Export => *made,
                    Flow::SharedOut => *shared,
                    _ => 0.0,
                };
                let value = outcome.plant_weighted(0, weights * FLOWS.len() + number, period);
                assert_near(&format!("{flow:?} in period {period}"), value, expected, ROUNDING);
            }
        }
        made_kwh += seen[0][0];
        shared_kwh += seen[0][1];
    }
    assert_near("made", outcome.plants[0].iter().map(|month| month.generation_kwh).sum(), made_kwh, ROUNDING);
    assert_near("shared", outcome.plants[0].iter().map(|month| month.shared_out_kwh).sum(), shared_kwh, ROUNDING);
    assert!(made_kwh > 0.0 && (shared_kwh > 0.0) == (key != "none"));
}

#[test]
fn a_run_that_ends_early_has_nothing_in_its_later_periods() {
    let world = Written::new(STREET).world(&["scenario.step_minutes=60"]);
    let options = Options { registers: of_every_kind(&world), ..Options::default() };
    let Ok(outcome) = engine::run(&world, &options, |flows| {
        Ok::<_, std::convert::Infallible>(if flows.day.date == date(2027, 1, 31) { Next::Stop } else { Next::GoOn })
    });
    assert!(outcome.weighted(0, 0, 0) > 0.0 && outcome.maximum(0, 5, 0).kw > 0.0);
    assert_eq!(outcome.weighted(0, 0, 1).to_bits(), 0.0_f64.to_bits());
    assert_eq!(outcome.maximum(0, 5, 1), Greatest::default());
}

/// Runs the street in hours with one register.
fn asked_for(register: impl Into<Wanted>) -> Outcome {
    let world = Written::new(STREET).world(&["scenario.step_minutes=60"]);
    run(&world, &Options { registers: vec![register.into()], ..Options::default() }, |_| {})
}

#[test]
#[should_panic(expected = "is of a home's own flow and not of shared energy")]
fn a_maximum_of_shared_energy_is_refused() {
    asked_for(Maximum { flow: Flow::SharedIn, window: None });
}

#[test]
#[should_panic(expected = "a threshold is 0 kW or more, for all homes or for each")]
fn thresholds_for_too_few_homes_are_refused() {
    asked_for(HoursAbove { flow: Flow::Export, threshold: Threshold::EachKw(vec![1.0; 19]) });
}

#[test]
#[should_panic(expected = "says of each step whether it counts")]
fn a_window_of_another_length_is_refused() {
    asked_for(Maximum { flow: Flow::Export, window: Some(vec![true; 24]) });
}

#[test]
#[should_panic(expected = "register 0 is no weighted one")]
fn a_register_of_another_kind_is_not_read() {
    asked_for(Maximum { flow: Flow::Export, window: None }).weighted(0, 0, 0);
}

#[test]
#[should_panic(expected = "a register has a finite weight for each step")]
fn a_register_with_too_few_weights_is_refused() {
    let world = Written::new(STREET).world(&["scenario.step_minutes=60"]);
    year(&world, &[vec![1.0; 24]]);
}
