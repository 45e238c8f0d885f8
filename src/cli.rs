//! The command line: one file per command.

mod bench;
mod check;
mod explain;
mod inspect;
mod metrics;
mod new;
mod output;
mod progress;
mod rules;
mod run;
mod schema;
mod settle;
mod share;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use output::Stop;

/// What the exit codes mean, below the help.
const EXIT_CODES: &str = "Exit codes: 0 done; 1 a benchmark does not hold; 2 the input or the command line is wrong; \
                          3 the machine failed (disk, permission, interrupted); \
                          4 a check of kwartier's own failed: please report it.";

/// Simulates local energy cooperatives in quarter-hours over whole years.
#[derive(Debug, Parser)]
#[command(name = "kwartier", version, about, max_term_width = 120)]
#[command(after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

/// Options that every command has.
#[derive(Args, Debug)]
struct Common {
    /// Number of threads; results do not depend on it. Default: all cores
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How results are printed
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, value_name = "FORMAT")]
    format: Format,
    /// No progress bar and no warnings
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// How results are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// A scenario on the command line, with what is changed in it.
#[derive(Args, Debug)]
struct ScenarioArgs {
    /// The scenario file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// One neighbourhood of the scenario's table, by its id, as if it were a scenario of its own
    #[arg(long, value_name = "ID")]
    neighbourhood: Option<String>,
    #[command(flatten)]
    change: ChangeArgs,
}

/// What is changed in a scenario without writing a variant.
#[derive(Args, Debug)]
struct ChangeArgs {
    /// Change a key, e.g. homes.terraced.pv.fraction=0.6; may be given more than once
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// The seed of every random draw
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(u64).range(0..=i64::MAX as u64)
    )]
    seed: Option<u64>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Simulate a scenario and print the summary
    Run(run::RunArgs),
    /// Read and check scenarios only: every fault at once, with line, column and how to mend it
    Check(check::CheckArgs),
    /// The audit trail
    #[command(subcommand)]
    Explain(explain::ExplainCommand),
    /// What a scenario's weather or loads hold, beside what is usual
    #[command(subcommand)]
    Inspect(inspect::InspectCommand),
    /// Bill given readings by the scenario's sharing and rules, without a simulation
    Settle(settle::SettleArgs),
    /// Share given readings by a key, without rules: the allocation alone
    Share(share::ShareArgs),
    /// The rulebook: what is in force, with its source; a rule tried on stated inputs
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Every metric with its unit and definition
    Metrics,
    /// The JSON Schema of scenarios, for editors
    Schema(schema::SchemaArgs),
    /// Write a commented scenario to start from
    New(new::NewArgs),
    /// Measure speed and memory on the standard neighbourhood, with a checksum of the results
    Bench(bench::BenchArgs),
}

/// Runs the program as the command line asks.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    // This thread is one of the pool: it works instead of waiting, and with one thread no other is woken for every day of
    // a run. Fails only if the pool exists already, and nothing before this uses one.
    let pool = rayon::ThreadPoolBuilder::new().use_current_thread();
    let _ = pool.num_threads(cli.common.threads.map_or(0, usize::from)).build_global();
    let common = &cli.common;
    let done = match &cli.command {
        Command::Run(args) => run::run(args, common),
        Command::Check(args) => check::check(args, common),
        Command::Explain(command) => explain::explain(command, common),
        Command::Inspect(command) => inspect::inspect(command, common),
        Command::Settle(args) => settle::settle(args, common),
        Command::Share(args) => share::share(args, common),
        Command::Rules(command) => rules::rules(command, common),
        Command::Metrics => metrics::metrics(common),
        Command::Schema(args) => schema::schema(args),
        Command::New(args) => new::new(args),
        Command::Bench(args) => bench::bench(args, common),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => stop.report(),
    }
}
