//! Synthetic loads: how well 1,000 homes match what is usual, and what a unit year costs.
//!
//! `cargo bench --bench loads` prints the table of `docs/models/synthetic-loads.md` (1,000 homes of the default
//! population, calendar 2022, seeds 1, 2, 3), then times. The time of a unit year is what a run pays for each unit in
//! use and year; that of reading is what it pays for each home and year.

#![expect(clippy::print_stdout, reason = "the table is what one runs it for")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::civil::date;
use jiff::tz::TimeZone;
use kwartier::calendar::{Calendar, Country};
use kwartier::profile::reading::{home_year, read_day, source_day};
use kwartier::profile::statistics::{Statistic, statistics};
use kwartier::profile::synthetic::{DEFAULT_SHAPES, Library, Unit, UnitDay, default_homes};
use kwartier::reduce::LANES;

const SEEDS: [u64; 3] = [1, 2, 3];

fn year_2022() -> Calendar {
    let zone = TimeZone::get("Europe/Amsterdam").expect("the zone is bundled");
    Calendar::new(date(2022, 1, 1), 1, 15, &zone, Country::Nl).expect("a year of quarter-hours is allowed")
}

fn measure(seed: u64, calendar: &Calendar) -> Vec<Statistic> {
    let homes = default_homes(seed, 1000);
    let units: Vec<u16> = homes.iter().map(|home| home.habit.unit).collect();
    let library = Library::new(seed, &units, DEFAULT_SHAPES, calendar, 0);
    let series: Vec<Vec<f32>> = homes.iter().map(|home| home_year(home, &library, calendar, 0)).collect();
    statistics(&series, calendar)
}

fn print_table(calendar: &Calendar) {
    let columns = SEEDS.map(|seed| measure(seed, calendar));
    println!("| figure | unit | usual | bounds | seed 1 | seed 2 | seed 3 |\n|---|---|---|---|---|---|---|");
    let mut missed = 0;
    for (i, row) in columns[0].iter().enumerate() {
        let usual = row.target.map_or(String::new(), |target| format!("{target}"));
        let bounds = match (row.low, row.high) {
            (Some(low), Some(high)) => format!("{low:.4} to {high:.4}"),
            _ => "reported".to_owned(),
        };
        let values = columns.each_ref().map(|rows| {
            let out = rows[i].is_usual() == Some(false);
            missed += usize::from(out);
            format!("{:.3}{}", rows[i].value, if out { " OUT" } else { "" })
        });
        println!("| {} | {} | {usual} | {bounds} | {} |", row.name, row.unit, values.join(" | "));
    }
    println!("\n{missed} outside their bounds\n");
}

fn loads(criterion: &mut Criterion) {
    let calendar = year_2022();
    print_table(&calendar);

    let days: Vec<UnitDay> = calendar.days().iter().map(|day| UnitDay::of_run(day, 2022, 15)).collect();
    let mut kw = [0.0; 96];
    // The mean of the library: sizes from the smallest home to the largest.
    let units: Vec<Unit> = (0..512).step_by(8).map(|number| Unit::new(1, number, DEFAULT_SHAPES)).collect();
    let mut next = units.iter().cycle();
    criterion.bench_function("one unit year", |bencher| {
        bencher.iter(|| {
            let unit = next.next().expect("a cycle has no end");
            for day in &days {
                unit.day(black_box(day), &mut kw);
            }
            black_box(kw[0])
        });
    });

    let homes = default_homes(1, 64);
    let in_use: Vec<u16> = homes.iter().map(|home| home.habit.unit).collect();
    let library = Library::new(1, &in_use, DEFAULT_SHAPES, &calendar, 0);
    let local_minutes: Vec<u16> = (0..96).map(|quarter| quarter * 15).collect();
    let mut tile = [0.0_f32; 96 * LANES];
    let mut next = homes.iter().cycle();
    criterion.bench_function("one home year, read into columns", |bencher| {
        bencher.iter(|| {
            let home = next.next().expect("a cycle has no end");
            let slot = library.slot(home.habit.unit).expect("its unit is in use");
            for day in 0..365 {
                let row = library.row(source_day(day, home.habit.weeks, 365), slot);
                read_day(row, &local_minutes, 15, home.habit.quarters, 1.0, tile.iter_mut().step_by(LANES));
            }
            black_box(tile[0])
        });
    });
}

criterion_group!(benches, loads);
criterion_main!(benches);
