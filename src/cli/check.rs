//! `kwartier check`: read and check scenarios only.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::output::{Stop, print, print_json, show_faults};
use super::{ChangeArgs, Common, Format};
use crate::scenario;
use crate::scenario::diagnostics::{self, Fault};
use crate::study::neighbourhoods::check_files;

#[derive(Args, Debug)]
pub(super) struct CheckArgs {
    /// The scenario files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    change: ChangeArgs,
}

pub(super) fn check(args: &CheckArgs, common: &Common) -> Result<(), Stop> {
    let mut wrong = 0;
    let mut reports = Vec::new();
    for file in &args.files {
        let mut loaded = scenario::load(file, &args.change.set, args.change.seed);
        if let Some(plan) = loaded.draft.take() {
            loaded.faults.extend(check_files(&plan));
            diagnostics::sort(&mut loaded.faults);
        }
        let errors = loaded.faults.iter().filter(|fault| fault.is_error()).count();
        let warnings = loaded.faults.len() - errors;
        wrong += errors;
        if common.format == Format::Json {
            let faults: Vec<_> = loaded.faults.iter().map(Fault::to_json).collect();
            reports.push(json!({ "file": file.display().to_string(), "good": errors == 0, "faults": faults }));
            continue;
        }
        let shown: Vec<Fault> = loaded.faults.into_iter().filter(|f| f.is_error() || !common.quiet).collect();
        show_faults(&shown);
        let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
        let verdict = match (errors, warnings) {
            (0, 0) => "good".to_owned(),
            (0, _) => format!("good, {}", count(warnings, "warning")),
            (_, 0) => count(errors, "fault"),
            _ => format!("{}, {}", count(errors, "fault"), count(warnings, "warning")),
        };
        print(&format!("{}: {verdict}\n", file.display()))?;
    }
    if common.format == Format::Json {
        print_json(&json!({ "schema": 1, "scenarios": reports }))?;
    }
    if wrong == 0 {
        return Ok(());
    }
    Err(Stop::InputShown)
}
