//! Keys of rounds in a run: the engine, which holds them over blocks of homes, against the allocation of one interval home
//! by home; the usual keys in their short way against themselves round by round; the same bytes for any threads.

mod common {
    pub(crate) mod scenario;
}

use kwartier::engine::meters::{Flow, PricedRegister, Register};
use kwartier::engine::world::World;
use kwartier::engine::{self, Next, Options};
use kwartier::report::explain::{RowValue, step_at};
use kwartier::report::explain_sharing;
use kwartier::scenario::language::Method;
use kwartier::scenario::sharing::{NAMED, named};
use kwartier::sharing::allocate::allocate;
use kwartier::sharing::price::{GridPrices, IntervalPrice, supply_demand_ratio};
use kwartier::sharing::scheme::Scheme;
use rstest::rstest;

use common::scenario::{Written, run, whole};

/// Of an interval's greater of need and surplus: the engine's flows are f32, and what a round leaves is the next one's.
const INTERVAL: f64 = 2e-6;

/// Two groups with panels and one without, one in part members; two plants; a business.
const STREET: &str = r#"
    [scenario]
    name = "Rounds"
    start = 2027-04-01
    shapes = 16
    [[homes]]
    id = "row"
    count = 41
    annual_kwh = { mean = 2900, sd = 1200 }
    member_fraction = 0.8
      [homes.pv]
      fraction = 0.5
      peak_kwp = { mean = 4, sd = 1 }
      [homes.battery]
      fraction = 0.2
      capacity_kwh = 5
      power_kw = 2
    [[homes]]
    id = "flat"
    count = 30
    annual_kwh = { mean = 1700, sd = 500 }
    [[homes]]
    id = "villa"
    count = 3
    annual_kwh = 6000
    pv = { peak_kwp = 9 }
    [[businesses]]
    id = "school"
    kind = "school"
    annual_kwh = 30000
    [cooperative]
      [[cooperative.plants]]
      id = "roof"
      kind = "pv"
      peak_kwp = 25
      [[cooperative.plants]]
      id = "barn"
      kind = "pv"
      peak_kwp = 12
      azimuth_deg = 110
    [sharing]
"#;

fn world(sharing: &str, set: &[&str]) -> World {
    Written::new(&format!("{STREET}{sharing}")).world(set)
}

/// Shares every interval of some days anew, home by home, and compares what each home and plant got and gave.
fn agrees(world: &World, days: usize) {
    let homes = world.homes.len();
    let steps_of = world.key.interval_steps(world.calendar.step_minutes());
    let (mut seen, mut shared) = (0, 0.0);
    let done = engine::run(world, &Options::recording(), |flows| {
        let steps: Vec<usize> = (0..flows.day.steps).collect();
        for interval in steps.chunks(steps_of) {
            let sum = |of: &dyn Fn(usize) -> f64| interval.iter().map(|step| of(*step)).sum::<f64>();
            let plant = |plant: usize| sum(&|step| world.plant_kw[plant][flows.day.first_step + step]);
            let need: Vec<f64> = (0..homes)
                .map(|home| sum(&|step| flows.home(home, step).import_kw))
                .chain(world.plants.iter().map(|_| 0.0))
                .collect();
            let surplus: Vec<f64> = (0..homes)
                .map(|home| sum(&|step| flows.home(home, step).export_kw))
                .chain((0..world.plants.len()).map(plant))
                .collect();
            let allocation = allocate(&world.key, &need, &surplus);
            // Who is no member takes no part.
            let takes_part = |party: usize| party >= homes || world.homes[party].member;
            let members =
                |all: &[f64]| (0..all.len()).filter(|party| takes_part(*party)).map(|party| all[party]).sum::<f64>();
            let tolerance = INTERVAL * members(&need).max(members(&surplus)).max(1e-3);
            for home in 0..homes {
                let received = sum(&|step| flows.home(home, step).shared_in_kw);
                let given = sum(&|step| flows.home(home, step).shared_out_kw);
                for (what, ours, theirs) in
                    [("in", received, allocation.shared_in[home]), ("out", given, allocation.shared_out[home])]
                {
                    assert!(
                        (ours - theirs).abs() <= tolerance,
                        "{} step {}, home {home} {what}: {ours} instead of {theirs}, {tolerance}",
                        flows.day.date,
                        interval[0]
                    );
                }
                assert!(received <= need[home] * (1.0 + 1e-6) && given <= surplus[home] * (1.0 + 1e-6));
                shared += received;
            }
            for plant in 0..world.plants.len() {
                let given = sum(&|step| {
                    world.plant_kw[plant][flows.day.first_step + step] * flows.shares.given_by_plant(world, plant, step)
                });
                let theirs = allocation.shared_out[homes + plant];
                assert!((given - theirs).abs() <= tolerance, "plant {plant}: {given} instead of {theirs}");
            }
            let all: f64 = sum(&|step| flows.community[step].shared_kw);
            let theirs: f64 = allocation.shared_in.iter().sum();
            assert!((all - theirs).abs() <= tolerance, "the community: {all} instead of {theirs}");
        }
        seen += 1;
        Ok::<_, std::convert::Infallible>(if seen == days { Next::Stop } else { Next::GoOn })
    });
    let Ok(outcome) = done;
    assert!(shared > 1.0, "{shared}");
    assert!(outcome.balance.holds(), "{:?}", outcome.balance);
}

#[rstest]
#[case::iterative("key = \"iterative\"\nshares = { row = 0.3, flat = 0.5, villa = 0.1, school = 0.1 }\n")]
#[case::iterative_in_three("[[sharing.rounds]]\nmethod = \"equal\"\niterations = 3\n")]
#[case::water("key = \"water-filling\"\n")]
#[case::priority("key = \"priority\"\norder = [\"flat\", \"school\", \"row\", \"villa\"]\n")]
#[case::one_home_first("key = \"priority\"\norder = [\"flat-7\", \"row\", \"flat\"]\n")]
#[case::hourly("key = \"it\"\n")]
#[case::spain("key = \"es\"\nshares = { row = 0.25, flat = 0.5, school = 0.25 }\n")]
#[case::czechia(
    "key = \"cz\"\norder = [\"barn\", \"roof\"]\n\
     matrix = { roof = { flat = 0.6, row = 0.4 }, barn = { school = 0.8, villa-1 = 0.2 } }\n"
)]
#[case::pairs_at_once(
    "key = \"pairwise\"\nmatrix = { roof = { flat = 0.5, school = 0.5 }, row = { flat = 0.7 }, villa = { row = 1 } }\n"
)]
#[case::slovakia("key = \"sk\"\nshares = { flat = 1 }\n")]
#[case::participation("participation = { row = 0.5, roof = 0.25, school = 0 }\n")]
#[case::hourly_participation("key = \"it\"\nparticipation = { row = 0.5, roof = 0.25 }\n")]
#[case::reserve(
    "[[sharing.rounds]]\nmethod = \"water-filling\"\nwho = [\"flat\"]\nmax_part = 0.1\nunused = \"grid\"\n\
     [[sharing.rounds]]\nmethod = \"pro-rata\"\nfrom = [\"roof\", \"row\"]\n\
     [[sharing.rounds]]\nmethod = \"static\"\nshares = { row = 0.5, villa = 0.5 }\niterations = 4\nrenormalise = true\n\
     [[sharing.rounds]]\nmethod = \"priority\"\norder = [\"school\", \"villa\"]\nmax_part = 0.5\n\
     [[sharing.rounds]]\nmethod = \"equal\"\nwho = [\"row\"]\n"
)]
#[case::twice(
    "repeat = 3\n[[sharing.rounds]]\nmethod = \"static\"\nmax_part = 0.5\nshares = { flat = 0.5, row = 0.5 }\n"
)]
fn a_run_shares_as_the_allocation_of_each_interval_does(#[case] sharing: &str) {
    let world = world(sharing, &[]);
    assert!(matches!(world.scheme, Scheme::Rounds(_)));
    agrees(&world, 25);
    // Over the night in which the clock goes back; an interval of a key may not be shorter than a step.
    let hours = ["scenario.step_minutes=60", "scenario.start=2027-10-25", "sharing.interval_minutes=60"];
    let world = self::world(sharing, &hours);
    agrees(&world, 14);
}

#[rstest]
#[case(
    "key = \"pro-rata\"\n",
    "[[sharing.rounds]]\nmethod = \"pro-rata\"\n[[sharing.rounds]]\nmethod = \"pro-rata\"\n"
)]
#[case(
    "key = \"equal\"\n",
    "[[sharing.rounds]]\nmethod = \"equal\"\n[[sharing.rounds]]\nmethod = \"equal\"\nmax_part = 1e-9\n"
)]
fn the_short_way_of_a_usual_key_is_that_of_its_rounds(#[case] short: &str, #[case] long: &str) {
    let (short, long) = (world(short, &[]), world(long, &[]));
    assert!(!matches!(short.scheme, Scheme::Rounds(_)) && matches!(long.scheme, Scheme::Rounds(_)));
    agrees(&short, 10);
    agrees(&long, 10);
}

#[test]
fn every_named_key_is_a_scenarios_key() {
    for (name, _) in NAMED {
        let rounds = named(name).and_then(|sharing| sharing.rounds).unwrap_or_default();
        let has = |method: Method| rounds.iter().any(|round| round.method == Some(method));
        let mut key = format!("key = \"{name}\"\n");
        if has(Method::Static) {
            key += "shares = { row = 0.5, flat = 0.5 }\n";
        }
        if has(Method::Priority) {
            key += "order = [\"flat\", \"row\"]\n";
        }
        if has(Method::Pairwise) {
            key += "matrix = { roof = { flat = 1 } }\n";
        }
        let world = world(&key, &[]);
        if *name == "none" {
            assert_eq!(world.scheme, Scheme::Nothing);
        } else {
            agrees(&world, 2);
        }
    }
}

#[test]
fn a_year_of_rounds_keeps_its_balance() {
    let sharing = "[[sharing.rounds]]\nmethod = \"water-filling\"\nwho = [\"flat\"]\nmax_part = 0.1\n\
                   [[sharing.rounds]]\nmethod = \"equal\"\niterations = 3\nrenormalise = true\n";
    let world = world(sharing, &[]);
    let outcome = run(&world);
    assert!(outcome.balance.holds(), "{:?}", outcome.balance);
    assert!(whole(&world, &outcome, "flat-1").kwh(Register::SharedIn) > 10.0);
}

/// What is paid for shared kWh at a price of each interval is what is earned, and both are Σ kWh × price.
#[rstest]
#[case("key = \"pro-rata\"\n")]
#[case("key = \"equal\"\ninterval_minutes = 60\n")]
fn at_a_price_of_the_interval_what_is_paid_is_earned(#[case] sharing: &str) {
    let world = world(sharing, &[]);
    let grid = GridPrices::new(0.30, 0.06).expect("b above e");
    let price = IntervalPrice::SupplyDemandRatio(grid);
    let registers = [Flow::SharedIn, Flow::SharedOut].map(|flow| PricedRegister { flow, price }.into()).to_vec();
    let options = Options { registers, ..Options::recording() };
    let length = world.key.interval_steps(world.calendar.step_minutes());
    let mut expected = 0.0;
    let mut months = 0;
    let done = engine::run(&world, &options, |flows| {
        let steps: Vec<usize> = (0..flows.day.steps).collect();
        for interval in steps.chunks(length) {
            let need: f64 = interval.iter().map(|step| flows.community[*step].member_demand_kw).sum();
            let surplus: f64 = interval.iter().map(|step| flows.community[*step].member_surplus_kw).sum();
            let eur = supply_demand_ratio(grid, need, surplus).expect("quantities").shared_eur_per_kwh;
            let shared: f64 = interval.iter().map(|step| flows.community[*step].shared_kw).sum();
            expected += shared * eur * world.calendar.step_h();
        }
        months = flows.day.run_month + 1;
        Ok::<_, std::convert::Infallible>(if months == 3 { Next::Stop } else { Next::GoOn })
    });
    let Ok(outcome) = done;
    let sum = |register: usize| -> f64 {
        (0..world.homes.len())
            .flat_map(|home| (0..months).map(move |month| (home, month)))
            .map(|(home, month)| outcome.weighted(home, register, month))
            .sum()
    };
    let plants: f64 = (0..world.plants.len())
        .flat_map(|plant| (0..months).map(move |month| (plant, month)))
        .map(|(plant, month)| outcome.plant_weighted(plant, 1, month))
        .sum();
    let (paid, earned) = (sum(0), sum(1) + plants);
    assert!(paid > 10.0 && (paid - earned).abs() < 1e-6 * paid, "{paid} paid, {earned} earned");
    assert!((paid - expected).abs() < 1e-6 * paid, "{paid} instead of {expected}");
}

#[test]
fn each_round_is_explained_and_comes_to_what_the_run_has() {
    let sharing = "interval_minutes = 60\n[[sharing.rounds]]\nmethod = \"water-filling\"\nwho = [\"flat\"]\nmax_part = 0.1\n\
                   [[sharing.rounds]]\nmethod = \"static\"\nshares = { row = 0.5, flat = 0.5 }\n";
    let world = world(sharing, &[]);
    let noon = step_at(&world.calendar, "2027-04-12T13:15").expect("it is in the run");
    let mut shared = 0.0;
    // Some rows, a flat, and a plant.
    for party in [0, 7, 45, world.homes.len()] {
        let rows = explain_sharing::sharing(&world, party, noon, || ());
        let number = |section: &str, name: &str| {
            let row = rows.iter().find(|row| row.section == section && row.name == name);
            match row.map(|row| &row.value) {
                Some(RowValue::Number(number)) => *number,
                _ => 0.0,
            }
        };
        let of_rounds = |name: &str| number("round 1 of 2", name) + number("round 2 of 2", name);
        for (whole, part) in [("shared_in_kwh", "own_taken_kwh"), ("shared_out_kwh", "own_given_kwh")] {
            let ours = number("result", whole);
            assert!((ours - of_rounds(part)).abs() < 1e-12, "{party} {whole}: {rows:?}");
            assert!((ours - number("result", &format!("run_{whole}"))).abs() < 1e-5, "{party} {whole}: {rows:?}");
            shared += ours;
        }
    }
    assert!(shared > 0.1, "{shared}");
}
