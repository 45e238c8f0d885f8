//! What each room of the day loop costs, on the standard neighbourhood (`src/study/standard.rs`).
//!
//! The kernels work on one block, sixteen homes with panels and batteries on a day of June; criterion's throughput counts
//! home-steps, so `1 Gelem/s` is 1 ns a home-step. Then the year of 1,000 homes on one thread with its shapes at hand, the
//! making of those shapes, of the homes and of the whole world. `kwartier bench` gives the figures of whole runs.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use kwartier::engine::kernels::OneBlock;
use kwartier::engine::world::{Shapes, World};
use kwartier::engine::{self, Next, Options};
use kwartier::neighbourhood;
use kwartier::scenario::language::Sharing;
use kwartier::scenario::sharing::named;
use kwartier::study::standard;
use kwartier::weather::DE_BILT;
use kwartier::weather::sun::{Ephemeris, Observer};

/// A kernel by its name.
type Kernel = (&'static str, fn(&mut OneBlock<'_>));

/// A day of long light: 21 June.
const DAY: usize = 171;

fn world() -> World {
    World::new(standard::plan(1_000), &mut Vec::new()).unwrap_or_else(|faults| panic!("{faults:?}"))
}

fn kernels(criterion: &mut Criterion) {
    let mut world = world();
    world.make_shapes();
    let options = Options { registers: standard::registers(&world.calendar), ..Options::default() };
    let mut one = OneBlock::new(&world, &options, DAY).expect("some of 1,000 homes have panels and a battery");
    let mut group = criterion.benchmark_group(format!("one block and day, {}", options.vector.name()));
    group.throughput(Throughput::Elements(one.home_steps() as u64));
    let kernels: [Kernel; 6] = [
        ("shape lookup", |one| one.look_up_shapes()),
        ("sky to plane", |one| one.sky_to_planes()),
        ("net, sums, peaks", |one| one.exchange()),
        ("battery, net, sums, peaks", |one| one.store()),
        ("meters, four of them weighted", |one| one.meter()),
        ("sharing", |one| one.share()),
    ];
    for (name, kernel) in kernels {
        group.bench_function(name, |bencher| bencher.iter(|| kernel(black_box(&mut one))));
    }
    black_box(one.fingerprint());
    group.finish();
}

fn rooms(criterion: &mut Criterion) {
    let mut world = world();
    let steps = world.calendar.steps();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");

    let mut group = criterion.benchmark_group("a place");
    group.throughput(Throughput::Elements(steps as u64));
    let (first, last) = (world.calendar.start_s(0), world.calendar.start_s(steps));
    group.bench_function("sun, a year of steps", |bencher| {
        bencher.iter(|| {
            let (ephemeris, observer) = (Ephemeris::new(first, last), Observer::new(DE_BILT));
            let suns = (0..steps).map(|step| ephemeris.sun_over(world.calendar.middle_s(step), &observer).cos_zenith);
            black_box(suns.sum::<f64>())
        });
    });
    group.finish();

    let mut group = criterion.benchmark_group("1,000 homes, one thread");
    group.sample_size(20);
    group.bench_function("drawing them", |bencher| bencher.iter(|| neighbourhood::homes(black_box(&world.plan))));
    group.bench_function("making their world", |bencher| {
        bencher.iter(|| pool.install(|| World::new(black_box(&world.plan).clone(), &mut Vec::new())));
    });
    group.bench_function("shapes of a year", |bencher| bencher.iter(|| pool.install(|| Shapes::new(&world, 0))));
    world.make_shapes();
    group.throughput(Throughput::Elements((world.homes.len() * steps) as u64));
    for (name, registers) in [
        ("whole year", Vec::new()),
        ("whole year, four weighted registers", standard::registers(&world.calendar)),
        ("whole year, eleven of a dynamic contract", standard::rules_registers(&world.calendar)),
    ] {
        let options = Options { registers, ..Options::default() };
        let run = || engine::run(&world, &options, |_| Ok::<_, Infallible>(Next::GoOn));
        group.bench_function(name, |bencher| bencher.iter(|| pool.install(run)));
    }
    group.finish();
}

/// Five rounds of which no two are alike, and each leaves something to the next.
const FIVE_ROUNDS: &str = r#"
    [[rounds]]
    method = "water-filling"
    max_part = 0.1
    [[rounds]]
    method = "equal"
    max_part = 0.5
    [[rounds]]
    method = "pro-rata"
    max_part = 0.5
    [[rounds]]
    method = "priority"
    order = ["home"]
    max_part = 0.8
    [[rounds]]
    method = "pro-rata"
"#;

/// A year of 1,000 homes by key: what sharing costs is the difference to the year in which nothing is shared.
fn keys(criterion: &mut Criterion) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    let five: Sharing = toml::from_str(FIVE_ROUNDS).expect("it is a key");
    let mut group = criterion.benchmark_group("a year of 1,000 homes, one thread, by key");
    group.sample_size(20);
    let by_name = ["none", "pro-rata", "equal", "water-filling", "it"].map(|name| (name, named(name)));
    for (name, sharing) in by_name.into_iter().chain([("five rounds", Some(five))]) {
        let mut plan = standard::plan(1_000);
        plan.sharing = sharing.expect("it is a named key");
        let mut world = World::new(plan, &mut Vec::new()).unwrap_or_else(|faults| panic!("{faults:?}"));
        world.make_shapes();
        group.throughput(Throughput::Elements((world.homes.len() * world.calendar.steps()) as u64));
        let run = || engine::run(&world, &Options::default(), |_| Ok::<_, Infallible>(Next::GoOn));
        group.bench_function(name, |bencher| bencher.iter(|| pool.install(run)));
    }
    group.finish();
}

criterion_group!(benches, kernels, rooms, keys);
criterion_main!(benches);
