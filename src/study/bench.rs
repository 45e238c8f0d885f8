//! How fast this machine runs the standard neighbourhood, how much memory that takes, and a checksum of the results.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::standard;
use crate::engine::meters::{Greatest, Wanted};
use crate::engine::vector::Vector;
use crate::engine::world::World;
use crate::engine::{self, Balance, CommunityStep, Next, Options, Outcome};

/// What one size of the standard neighbourhood costs.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Measured {
    /// Homes.
    pub homes: u32,
    /// Threads.
    pub threads: usize,
    /// The vector instructions of the day loop.
    pub vector: String,
    /// Wall time of the day loop by home and step, ns: from the end of the first day to the end of the last. The least of
    /// all runs.
    pub ns_per_home_step: f64,
    /// The same with the registers that the rules of a dynamic contract ask for instead of the tariff slots, ns. `None` in
    /// what earlier versions measured.
    pub ns_per_home_step_rules: Option<f64>,
    /// Years of homes in a second with all that a run needs: sampling, weather, shapes, the day loop, the balance.
    pub home_years_per_second: f64,
    /// The most memory that the process had, bytes; `None` where the system does not tell.
    pub peak_memory_bytes: Option<u64>,
    /// Sampling the homes, weather and sun, s.
    pub prepare_s: f64,
    /// Making the load shapes of the year, s.
    pub shapes_s: f64,
    /// The day loop with its meters and the balance, s; the least of all runs.
    pub run_s: f64,
    /// SHA-256 of every register, peak and step, to the last bit (the first 128 bits).
    pub checksum: String,
    /// The same with the registers of rules.
    pub checksum_rules: Option<String>,
}

/// Why a measurement is worth nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The balance of the standard neighbourhood is open.
    #[error("the energy balance of {homes} standard homes does not close with {vector}: {balance:?}")]
    OpenBalance {
        /// Homes.
        homes: u32,
        /// The vector instructions.
        vector: &'static str,
        /// What is open.
        balance: Balance,
    },
    /// The same run gave other results.
    #[error("two runs of {homes} standard homes with {vector} gave different results, checksums {first} and {last}")]
    NotTheSame {
        /// Homes.
        homes: u32,
        /// The vector instructions.
        vector: &'static str,
        /// Of the first run.
        first: String,
        /// Of the last.
        last: String,
    },
}

/// Measures one size in this process, on the threads of the current pool.
///
/// * `runs` – the day loop is run so often, at least once.
///
/// # Errors
/// If results are wrong.
///
/// # Panics
/// Never: the standard plan reads no file.
pub fn measure(homes: u32, vector: Vector, runs: u32) -> Result<Measured, BenchError> {
    let begun = Instant::now();
    let mut world = World::new(standard::plan(homes), &mut Vec::new()).expect("the standard plan reads no file");
    let prepare_s = begun.elapsed().as_secs_f64();
    let begun = Instant::now();
    world.make_shapes();
    let shapes_s = begun.elapsed().as_secs_f64();
    let slots = time(&world, homes, vector, runs, standard::registers(&world.calendar))?;
    // Before the rules: what their registers take is not the day loop's.
    let peak_memory_bytes = peak_memory_bytes();
    let rules = time(&world, homes, vector, runs.div_ceil(2), standard::rules_registers(&world.calendar))?;
    let years = world.calendar.run_years() as f64;
    Ok(Measured {
        homes,
        threads: rayon::current_num_threads(),
        vector: vector.name().to_owned(),
        ns_per_home_step: slots.ns_per_home_step,
        ns_per_home_step_rules: Some(rules.ns_per_home_step),
        home_years_per_second: f64::from(homes) * years / (prepare_s + shapes_s + slots.run_s),
        peak_memory_bytes,
        prepare_s,
        shapes_s,
        run_s: slots.run_s,
        checksum: slots.checksum,
        checksum_rules: Some(rules.checksum),
    })
}

/// What runs with some registers took at least, and their results.
struct Timed {
    ns_per_home_step: f64,
    run_s: f64,
    checksum: String,
}

/// Runs a world some times, at least once.
fn time(world: &World, homes: u32, vector: Vector, runs: u32, registers: Vec<Wanted>) -> Result<Timed, BenchError> {
    let options = Options { vector, registers, ..Options::default() };
    let days = world.calendar.days();
    let home_steps = f64::from(homes) * (world.calendar.steps() - days.first().map_or(0, |day| day.steps)) as f64;
    let (mut loop_s, mut run_s) = (f64::INFINITY, f64::INFINITY);
    let mut seen: Option<String> = None;
    for run in 0..runs.max(1) {
        let begun = Instant::now();
        let mut marks: Option<(Instant, Instant)> = None;
        let on_day = |_: &engine::DayFlows<'_>| {
            let now = Instant::now();
            marks = Some((marks.map_or(now, |(first, _)| first), now));
            Ok::<_, Infallible>(Next::GoOn)
        };
        let Ok(outcome) = engine::run(world, &options, on_day);
        run_s = run_s.min(begun.elapsed().as_secs_f64());
        if let Some((first, last)) = marks {
            loop_s = loop_s.min((last - first).as_secs_f64());
        }
        if !outcome.balance.holds() {
            let balance = outcome.balance.clone();
            return Err(BenchError::OpenBalance { homes, vector: vector.name(), balance });
        }
        // The first and the last: a checksum of many homes takes as long as a run.
        if run == 0 || run + 1 == runs {
            let sum = checksum(world, &outcome, &options.registers);
            if let Some(first) = seen.take_if(|seen| *seen != sum) {
                return Err(BenchError::NotTheSame { homes, vector: vector.name(), first, last: sum });
            }
            seen = Some(sum);
        }
    }
    Ok(Timed { ns_per_home_step: loop_s * 1e9 / home_steps.max(1.0), run_s, checksum: seen.unwrap_or_default() })
}

/// A fingerprint of all results: what every home's meter says of every month, and the community in every step.
///
/// * `registers` – those that the run was asked for.
pub fn checksum(world: &World, outcome: &Outcome, registers: &[Wanted]) -> String {
    let mut hash = Sha256::new();
    let mut add = |value: f64| hash.update(value.to_bits().to_le_bytes());
    for month in 0..world.calendar.run_months().len() {
        for home in 0..world.homes.len() {
            let meter = outcome.month(home, month);
            meter.registers().iter().for_each(|kwh| add(*kwh));
            for (kw, step) in
                [(meter.peak_import_kw, meter.peak_import_step), (meter.peak_export_kw, meter.peak_export_step)]
            {
                add(kw);
                add(step.map_or(-1.0, |step| step as f64));
            }
            for period in outcome.periods().of_month(month) {
                for (register, wanted) in registers.iter().enumerate() {
                    match wanted {
                        Wanted::Sum(_) | Wanted::Priced(_) => add(outcome.weighted(home, register, period)),
                        Wanted::HoursAbove(_) => add(outcome.hours_above(home, register, period)),
                        Wanted::Maximum(_) => {
                            let Greatest { kw, step } = outcome.maximum(home, register, period);
                            add(kw);
                            add(step.map_or(-1.0, |step| step as f64));
                        }
                    }
                }
            }
        }
    }
    for step in &outcome.community {
        let CommunityStep {
            load_kw,
            home_generation_kw,
            plant_generation_kw,
            charge_kw,
            discharge_kw,
            import_kw,
            export_kw,
            member_demand_kw,
            member_surplus_kw,
            shared_kw,
        } = *step;
        let first = [load_kw, home_generation_kw, plant_generation_kw, charge_kw, discharge_kw];
        let last = [import_kw, export_kw, member_demand_kw, member_surplus_kw, shared_kw];
        first.into_iter().chain(last).for_each(&mut add);
    }
    hash.finalize().iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a text does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The most memory that this process ever had, bytes: `VmHWM` of Linux.
fn peak_memory_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_results_and_not_of_how_they_were_made() {
        let sums: Vec<[String; 2]> = Vector::available()
            .into_iter()
            .flat_map(|vector| [1, 3].map(|threads| (vector, threads)))
            .map(|(vector, threads)| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                let measured = pool.install(|| measure(300, vector, 1)).unwrap();
                [measured.checksum, measured.checksum_rules.unwrap()]
            })
            .collect();
        assert!(sums.iter().all(|sum| *sum == sums[0] && sum.iter().all(|sum| sum.len() == 32)), "{sums:?}");
        assert_ne!(measure(301, Vector::widest(), 1).unwrap().checksum, sums[0][0]);
        assert_ne!(sums[0][0], sums[0][1], "other registers, another checksum");
    }

    #[test]
    fn what_is_measured_is_positive_and_the_slots_add_up() {
        let measured = measure(20, Vector::widest(), 2).unwrap();
        assert!(measured.ns_per_home_step > 0.0 && measured.home_years_per_second > 0.0);
        assert_eq!((measured.homes, measured.vector.as_str()), (20, Vector::widest().name()));
        let world = World::new(standard::plan(20), &mut Vec::new()).unwrap();
        let registers = standard::registers(&world.calendar);
        let [Wanted::Sum(high), Wanted::Sum(low), ..] = &registers[..] else { panic!("slots are sums: {registers:?}") };
        let slots = high.weights.iter().zip(&low.weights);
        assert!(slots.clone().all(|(high, low)| (high + low - 1.0).abs() < f64::EPSILON));
        assert!(slots.clone().any(|(high, _)| *high > 0.0) && slots.clone().any(|(_, low)| *low > 0.0));
    }

    #[test]
    fn the_price_of_the_rules_moves_in_every_step_and_is_negative_at_times() {
        let world = World::new(standard::plan(1), &mut Vec::new()).unwrap();
        let registers = standard::rules_registers(&world.calendar);
        let Wanted::Sum(price) = &registers[1] else { panic!("the second is the price: {registers:?}") };
        assert!(price.weights.windows(2).all(|pair| (pair[0] - pair[1]).abs() > 0.0));
        let negative = price.weights.iter().filter(|price| **price < 0.0).count() as f64 / price.weights.len() as f64;
        assert!((0.01..0.3).contains(&negative), "a part of {negative}");
    }
}
