//! kwartier's side of `benches/peers/run`: JSON lines on stdout, one for each work that is compared.
//!
//! One thread, best of `--runs`. The standard neighbourhood is what `kwartier bench` measures. The community year has its
//! series in memory before the clock starts. Panels are 1,024 roofs through a year: the sky's terms of each step are
//! made before, once for all roofs, as a run does.

mod community_year;

use std::hint::black_box;
use std::time::Instant;

use community_year::Sums;
use kwartier::engine::Options;
use kwartier::engine::kernels::OneBlock;
use kwartier::engine::vector::Vector;
use kwartier::engine::world::World;
use kwartier::reduce::LANES;
use kwartier::study::{bench, standard};
use serde_json::json;

/// Roofs of the panels' year.
const ROOFS: usize = 1_024;

fn main() {
    let (homes, runs) = (number("--homes", 1_000), number("--runs", 5));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool of one thread");
    pool.install(|| {
        let vector = Vector::widest();
        standard_neighbourhood(homes, runs, vector);
        community_year(homes, runs, vector);
        panels(runs, vector);
    });
}

/// The number behind an option. Cargo adds words of its own, which are passed over.
fn number(option: &str, otherwise: u32) -> u32 {
    let words: Vec<String> = std::env::args().collect();
    let place = words.iter().position(|word| word == option);
    place.map_or(otherwise, |place| {
        words.get(place + 1).and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{option} wants a number"))
    })
}

#[expect(clippy::print_stdout, reason = "the lines are what one runs it for")]
fn line(value: &serde_json::Value) {
    println!("{value}");
}

fn standard_neighbourhood(homes: u32, runs: u32, vector: Vector) {
    let measured = bench::measure(homes, vector, runs).unwrap_or_else(|error| panic!("{error}"));
    line(&json!({
        "side": "kwartier", "what": "standard-neighbourhood", "homes": homes, "threads": measured.threads,
        "vector": measured.vector, "ns_per_home_step": measured.ns_per_home_step,
    }));
}

fn community_year(homes: u32, runs: u32, vector: Vector) {
    let world = community_year::world(homes);
    let options = community_year::options(&world.calendar, vector);
    let (mut best_s, mut sums) = (f64::INFINITY, None);
    for _ in 0..runs {
        let begun = Instant::now();
        let outcome = community_year::run(&world, &options);
        best_s = best_s.min(begun.elapsed().as_secs_f64());
        sums = Some(community_year::sums(&world, &outcome));
    }
    let Some(Sums { cost_eur, import_kwh, export_kwh, shared_kwh, stored_kwh, peak_kw }) = sums else { return };
    let home_steps = f64::from(homes) * world.calendar.steps() as f64;
    line(&json!({
        "side": "kwartier", "what": "community-year", "homes": homes, "threads": 1, "vector": vector.name(),
        "ns_per_home_step": best_s * 1e9 / home_steps,
        "cost_eur": cost_eur, "import_kwh": import_kwh, "export_kwh": export_kwh, "shared_kwh": shared_kwh,
        "stored_kwh": stored_kwh, "peak_kw": peak_kw,
    }));
}

fn panels(runs: u32, vector: Vector) {
    let mut world = World::new(standard::plan(1_000), &mut Vec::new()).unwrap_or_else(|faults| panic!("{faults:?}"));
    world.make_shapes();
    let options = Options { vector, ..Options::default() };
    let mut one = OneBlock::new(&world, &options, 0).expect("some of 1,000 homes have panels and a battery");
    let mut best_s = f64::INFINITY;
    for _ in 0..runs {
        let mut run_s = 0.0;
        for day in 0..world.calendar.days().len() {
            one.set_day(day);
            let begun = Instant::now();
            for _ in 0..ROOFS / LANES {
                black_box(&mut one).sky_to_planes();
            }
            run_s += begun.elapsed().as_secs_f64();
        }
        best_s = best_s.min(run_s);
    }
    black_box(one.fingerprint());
    let roof_steps = (ROOFS * world.calendar.steps()) as f64;
    line(&json!({
        "side": "kwartier", "what": "panels", "roofs": ROOFS, "threads": 1, "vector": vector.name(),
        "ns_per_roof_step": best_s * 1e9 / roof_steps,
    }));
}
