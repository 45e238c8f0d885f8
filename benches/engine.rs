//! What a home-step costs: the year of the standard neighbourhood on one thread, with the shapes of its loads and without.
//!
//! Standard: 1,000 homes, each with its own draw of use and habits; 45 % have panels on a roof of their own, 20 % a
//! battery; a plant of the cooperative; everybody a member; pro-rata; a year of quarter-hours.
//!
//! `cargo bench --bench engine` prints first, in ns per home-step (1,000 × 35,040): the whole `engine::run`; of it the
//! shapes, which cost the same for any number of homes from some thousand on; and what is left for the day loop. Of several
//! runs the fastest is shown, as all else is the machine's other work. Then criterion times the making of a world.

use std::convert::Infallible;
use std::hint::black_box;
use std::time::Instant;

use criterion::{Criterion, criterion_group, criterion_main};
use kwartier::engine::world::{Shapes, World};
use kwartier::engine::{self, Next};
use kwartier::neighbourhood;
use kwartier::scenario;
use kwartier::scenario::plan::Plan;

const STANDARD: &str = r#"
    [scenario]
    name = "Standard"
    start = 2027-01-01
    [[homes]]
    id = "home"
    count = 1000
    annual_kwh = { mean = 2953, sd = 1681 }
    pv = { fraction = 0.45, peak_kwp = { mean = 3.8, sd = 1.1 }, tilt_deg = { min = 15, max = 50 }, azimuth_deg = { min = 90, max = 270 } }
    battery = { fraction = 0.2, capacity_kwh = { any_of = [5, 8, 10] }, power_kw = 4.0 }
    [cooperative]
    plants = [{ id = "roof", kind = "pv", peak_kwp = 300.0, tilt_deg = 12.0 }]
    [sharing]
    key = "pro-rata"
"#;

/// Runs of which the fastest is shown.
const RUNS: usize = 11;

fn plan() -> Plan {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("standard.toml");
    std::fs::write(&path, STANDARD).expect("the folder can be written");
    let loaded = scenario::load(&path, &[], None);
    assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
    loaded.draft.expect("a scenario without faults makes a plan")
}

fn world(plan: &Plan) -> World {
    World::new(plan.clone(), &mut Vec::new()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

/// The fastest of several times of some work, ns.
fn fastest_ns<T>(mut work: impl FnMut() -> T) -> f64 {
    let times = (0..RUNS).map(|_| {
        let begun = Instant::now();
        black_box(work());
        begun.elapsed().as_secs_f64() * 1e9
    });
    times.fold(f64::INFINITY, f64::min)
}

#[expect(clippy::print_stdout, reason = "the figures are what one runs it for")]
fn print_figures(plan: &Plan) {
    let world = world(plan);
    let home_steps = (world.homes.len() * world.calendar.steps()) as f64;
    let run = |record: bool| {
        engine::run(&world, &engine::Options { record, ..engine::Options::default() }, |_| {
            Ok::<_, Infallible>(Next::GoOn)
        })
    };
    let whole = fastest_ns(|| run(false)) / home_steps;
    let shapes = fastest_ns(|| Shapes::new(&world, 0)) / home_steps;
    println!("standard neighbourhood, {} homes, {} steps, one thread:", world.homes.len(), world.calendar.steps());
    println!("  engine::run    {whole:6.2} ns per home-step");
    println!("  of it shapes   {shapes:6.2} ns per home-step ({:.0} ms a year)", shapes * home_steps / 1e6);
    println!("  day loop       {:6.2} ns per home-step", whole - shapes);
    println!("  with recording {:6.2} ns per home-step", fastest_ns(|| run(true)) / home_steps);
}

fn engine(criterion: &mut Criterion) {
    let plan = plan();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    pool.install(|| print_figures(&plan));
    let mut group = criterion.benchmark_group("standard neighbourhood");
    group.sample_size(20);
    group.bench_function("drawing 1,000 homes", |bencher| bencher.iter(|| neighbourhood::homes(black_box(&plan))));
    group.bench_function("making the world, one thread", |bencher| {
        bencher.iter(|| pool.install(|| world(black_box(&plan))));
    });
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
