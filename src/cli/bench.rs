//! `kwartier bench`: speed, memory and a checksum of the standard neighbourhood, beside those of an earlier time.

use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};
use comfy_table::{Table, presets};
use serde::Deserialize;
use serde_json::json;

use super::output::{Stop, print, print_json, say};
use super::progress::Progress;
use super::{Common, Format};
use crate::engine::vector::Vector;
use crate::report::align_right;
use crate::report::summary::thousands;
use crate::study::bench::{Measured, measure};

#[derive(Args, Debug)]
pub(super) struct BenchArgs {
    /// Homes of the standard neighbourhood, e.g. --size 1000,100000
    #[arg(long, value_name = "HOMES", value_delimiter = ',', default_values_t = [100, 1_000, 10_000],
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    size: Vec<u32>,
    /// Runs of each, of which the fastest counts
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    runs: u32,
    /// Vector instructions to use. Default: the widest that the machine has
    #[arg(long, value_enum, value_name = "SET")]
    vector: Option<VectorName>,
    /// Compare with a file that `kwartier bench --format json` wrote; exit code 1 if slower, larger, or other results
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// How much slower or larger is let pass, e.g. 5% or 0.05
    #[arg(long, value_name = "PART", default_value = "5%", value_parser = part, requires = "against")]
    tolerance: f64,
    /// Measure the one size in this process and print what was measured
    #[arg(long, hide = true)]
    in_this_process: bool,
}

/// The vector instructions by name.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum VectorName {
    /// x86-64 with AVX-512
    Avx512,
    /// x86-64 with AVX2
    Avx2,
    /// 64-bit ARM
    Neon,
    /// What every machine of the kind has
    Baseline,
}

impl VectorName {
    fn vector(self) -> Vector {
        match self {
            VectorName::Avx512 => Vector::Avx512,
            VectorName::Avx2 => Vector::Avx2,
            VectorName::Neon => Vector::Neon,
            VectorName::Baseline => Vector::Baseline,
        }
    }
}

/// What an earlier `bench --format json` wrote.
#[derive(Debug, Deserialize)]
struct Saved {
    schema: u32,
    results: Vec<Measured>,
}

/// The format of what `--format json` prints.
const SCHEMA: u32 = 1;

pub(super) fn bench(args: &BenchArgs, common: &Common) -> Result<(), Stop> {
    let vector = args.vector.map_or_else(Vector::widest, VectorName::vector);
    if !Vector::available().contains(&vector) {
        let names: Vec<&str> = Vector::available().into_iter().map(Vector::name).collect();
        let message = format!("this machine has no {}: it has {}", vector.name(), names.join(", "));
        return Err(Stop::Usage(message));
    }
    if args.in_this_process {
        let measured = measure(args.size[0], vector, args.runs).map_err(|error| Stop::OwnCheck(error.to_string()))?;
        return print_json(&json!(measured));
    }
    // Read first: a file that cannot be used is told before minutes are spent.
    let saved = args.against.as_deref().map(read_saved).transpose()?;
    let results = measure_all(args, vector, common)?;
    let found: Vec<Option<&Measured>> = results.iter().map(|now| saved.as_ref()?.of(now)).collect();
    let printed = match common.format {
        Format::Json => print_json(&json!({
            "schema": SCHEMA,
            "version": env!("CARGO_PKG_VERSION"),
            "host": { "os": std::env::consts::OS, "architecture": std::env::consts::ARCH },
            "results": results,
        })),
        Format::Table => print(&table(&results, saved.as_ref().map(|_| &found[..]))),
    };
    let (Some(file), Some(saved)) = (&args.against, &saved) else { return printed };
    for (now, _) in results.iter().zip(&found).filter(|(_, before)| before.is_none()) {
        say(&format!("not compared: {} has no {}\n", file.display(), what(now)));
    }
    if found.iter().all(Option::is_none) {
        let has: Vec<String> = saved.results.iter().map(what).collect();
        let message = "nothing to compare: use the same --size and --threads as for";
        return Err(Stop::Usage(format!("{message} {}, which has {}", file.display(), has.join(", "))));
    }
    let pairs = || results.iter().zip(&found).filter_map(|(now, before)| Some((now, (*before)?)));
    if let Some((now, before)) = pairs().find(|(now, before)| now.vector != before.vector) {
        say(&format!(
            "the times of {} were taken with {before}, these with {}: compare with --vector {before}\n",
            file.display(),
            now.vector,
            before = before.vector,
        ));
    }
    let reasons: Vec<String> = pairs().flat_map(|(now, before)| reasons(now, before, args.tolerance)).collect();
    // What does not hold is told, also where nobody reads the table to its end.
    if reasons.is_empty() { printed } else { Err(Stop::DoesNotHold(reasons)) }
}

/// Every size on one thread and on all, each in a process of its own, so that the memory of one is not that of another.
fn measure_all(args: &BenchArgs, vector: Vector, common: &Common) -> Result<Vec<Measured>, Stop> {
    let all = rayon::current_num_threads();
    let threads = if common.threads.is_some() || all == 1 { vec![all] } else { vec![1, all] };
    let mut progress = Progress::of_measurements(args.size.len() * threads.len(), common.quiet);
    let mut results = Vec::new();
    for homes in &args.size {
        for threads in &threads {
            results.push(measure_apart(*homes, *threads, vector, args.runs)?);
            progress.measurement();
        }
    }
    progress.finish();
    Ok(results)
}

fn measure_apart(homes: u32, threads: usize, vector: Vector, runs: u32) -> Result<Measured, Stop> {
    let failed = |why: String| Stop::Machine(format!("cannot measure {homes} homes: {why}"));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let output = Command::new(program)
        .args(["bench", "--in-this-process", "--vector", vector.name()])
        .args(["--size", &homes.to_string(), "--threads", &threads.to_string(), "--runs", &runs.to_string()])
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()));
    }
    // It has said why in its own words; what this process adds stands around them once.
    let said = String::from_utf8_lossy(&output.stderr);
    let why = said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    match output.status.code() {
        Some(4) => Err(Stop::OwnCheck(why)),
        _ => Err(failed(if why.is_empty() { output.status.to_string() } else { why })),
    }
}

fn read_saved(file: &Path) -> Result<Saved, Stop> {
    let wrong = |why: String| {
        Stop::Usage(format!(
            "cannot compare with {}: {why}\nmake it with: kwartier bench --format json > FILE",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let saved: Saved = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    if saved.schema == SCHEMA { Ok(saved) } else { Err(wrong(format!("its schema is {}, not {SCHEMA}", saved.schema))) }
}

impl Saved {
    fn of(&self, now: &Measured) -> Option<&Measured> {
        self.results.iter().find(|before| (before.homes, before.threads) == (now.homes, now.threads))
    }
}

/// What was measured, in words.
fn what(measured: &Measured) -> String {
    let threads = if measured.threads == 1 { "1 thread".to_owned() } else { format!("{} threads", measured.threads) };
    format!("{} homes on {threads}", thousands(f64::from(measured.homes)))
}

/// Why a result does not hold beside an earlier one.
fn reasons(now: &Measured, before: &Measured, tolerance: f64) -> Vec<String> {
    let what = what(now);
    let mut reasons = Vec::new();
    let times = [
        ("ns per home-step", Some(now.ns_per_home_step), Some(before.ns_per_home_step)),
        ("ns per home-step with rules", now.ns_per_home_step_rules, before.ns_per_home_step_rules),
    ];
    for (unit, now_ns, before_ns) in times {
        // An earlier version did not measure all.
        let (Some(now_ns), Some(before_ns)) = (now_ns, before_ns) else { continue };
        if now_ns > before_ns * (1.0 + tolerance) {
            reasons.push(format!(
                "{what}: {now_ns:.3} {unit}, {:.1} % above {before_ns:.3} (at most {:.1} %)",
                (now_ns / before_ns - 1.0) * 100.0,
                tolerance * 100.0
            ));
        }
    }
    if let (Some(now_bytes), Some(before_bytes)) = (now.peak_memory_bytes, before.peak_memory_bytes)
        && now_bytes as f64 > before_bytes as f64 * (1.0 + tolerance)
    {
        reasons.push(format!(
            "{what}: {} of memory at most, {:.1} % above {} (at most {:.1} %)",
            mebibytes(now_bytes),
            (now_bytes as f64 / before_bytes as f64 - 1.0) * 100.0,
            mebibytes(before_bytes),
            tolerance * 100.0
        ));
    }
    if now.checksum != before.checksum {
        reasons.push(format!("{what}: other results, checksum {} instead of {}", now.checksum, before.checksum));
    }
    if let (Some(now), Some(before)) = (&now.checksum_rules, &before.checksum_rules)
        && now != before
    {
        reasons.push(format!("{what}: other results with rules, checksum {now} instead of {before}"));
    }
    reasons
}

fn table(results: &[Measured], found: Option<&[Option<&Measured>]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let mut header = vec![
        "homes",
        "threads",
        "vector",
        "ns per home-step",
        "with rules",
        "home-years/s, all in",
        "peak memory",
        "checksum",
    ];
    if found.is_some() {
        header.extend(["before, ns", "change", "with rules"]);
    }
    let columns = header.len();
    table.set_header(header);
    let ns = |ns: Option<f64>| ns.map_or("—".to_owned(), |ns| format!("{ns:.3}"));
    let change = |now: Option<f64>, before: Option<f64>| match (now, before) {
        (Some(now), Some(before)) => format!("{:+.1} %", (now / before - 1.0) * 100.0),
        _ => "—".to_owned(),
    };
    for (index, now) in results.iter().enumerate() {
        let mut row = vec![
            thousands(f64::from(now.homes)),
            now.threads.to_string(),
            now.vector.clone(),
            ns(Some(now.ns_per_home_step)),
            ns(now.ns_per_home_step_rules),
            thousands(now.home_years_per_second),
            now.peak_memory_bytes.map_or("—".to_owned(), mebibytes),
            now.checksum.clone(),
        ];
        match found.map(|found| found[index]) {
            Some(Some(before)) => row.extend([
                ns(Some(before.ns_per_home_step)),
                change(Some(now.ns_per_home_step), Some(before.ns_per_home_step)),
                change(now.ns_per_home_step_rules, before.ns_per_home_step_rules),
            ]),
            Some(None) => row.extend(["—".to_owned(), "not in the file".to_owned(), "—".to_owned()]),
            None => {}
        }
        table.add_row(row);
    }
    align_right(&mut table, [0, 1, 3, 4, 5, 6, 8, 9, 10].into_iter().filter(|column| *column < columns));
    format!(
        "The standard neighbourhood, a year of quarter-hours; wall time of the day loop, the fastest run; with two tariff \
         slots,\nand with the registers that the rules of a dynamic contract ask for\n{table}\n"
    )
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A part: `5%` or `0.05`.
fn part(text: &str) -> Result<f64, String> {
    let percent = text.strip_suffix('%');
    match percent.unwrap_or(text).trim_end().parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 && percent.is_some() => Ok(number / 100.0),
        Ok(number) if (0.0..1.0).contains(&number) && percent.is_none() => Ok(number),
        _ => Err("write a part such as 5% or 0.05, not below 0; from 1 on with %".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(ns_per_home_step: f64, peak_memory_bytes: u64, checksum: &str) -> Measured {
        Measured {
            homes: 1000,
            threads: 1,
            vector: "avx2".to_owned(),
            ns_per_home_step,
            ns_per_home_step_rules: Some(ns_per_home_step + 0.5),
            home_years_per_second: 1.0,
            peak_memory_bytes: Some(peak_memory_bytes),
            prepare_s: 1.0,
            shapes_s: 1.0,
            run_s: 1.0,
            checksum: checksum.to_owned(),
            checksum_rules: Some(checksum.repeat(2)),
        }
    }

    #[test]
    fn slower_larger_and_other_results_are_each_named() {
        let before = measured(2.0, 100 << 20, "aa");
        assert!(reasons(&measured(2.09, 104 << 20, "aa"), &before, 0.05).is_empty());
        assert!(reasons(&measured(1.0, 50 << 20, "aa"), &before, 0.0).is_empty());
        let all = reasons(&measured(2.2, 110 << 20, "bb"), &before, 0.05);
        assert_eq!(
            all,
            [
                "1,000 homes on 1 thread: 2.200 ns per home-step, 10.0 % above 2.000 (at most 5.0 %)",
                "1,000 homes on 1 thread: 2.700 ns per home-step with rules, 8.0 % above 2.500 (at most 5.0 %)",
                "1,000 homes on 1 thread: 110.0 MiB of memory at most, 10.0 % above 100.0 MiB (at most 5.0 %)",
                "1,000 homes on 1 thread: other results, checksum bb instead of aa",
                "1,000 homes on 1 thread: other results with rules, checksum bbbb instead of aaaa",
            ]
        );
    }

    #[test]
    fn what_an_earlier_version_did_not_measure_is_not_compared() {
        let mut before = serde_json::to_value(measured(2.0, 100 << 20, "aa")).unwrap();
        let fields = before.as_object_mut().unwrap();
        assert!(fields.remove("ns_per_home_step_rules").is_some() && fields.remove("checksum_rules").is_some());
        let before: Measured = serde_json::from_value(before).unwrap();
        assert_eq!((before.ns_per_home_step_rules, &before.checksum_rules), (None, &None));
        let mut now = measured(2.0, 100 << 20, "aa");
        now.ns_per_home_step_rules = Some(100.0);
        assert!(reasons(&now, &before, 0.05).is_empty());
        assert!(table(&[now], Some(&[Some(&before)])).contains("+0.0 %"));
    }

    #[test]
    fn a_part_is_a_number_or_a_percentage() {
        assert_eq!((part("5%"), part("0.05"), part("12.5 %")), (Ok(0.05), Ok(0.05), Ok(0.125)));
        // A 5 without % would be 500 %, which nobody means.
        assert_eq!(part("500%"), Ok(5.0));
        assert!(["5", "-1%", "much", "NaN", ""].iter().all(|text| part(text).is_err()));
    }
}
