//! `kwartier run` of a scenario with a table of neighbourhoods: each row, the totals, and a journal to go on from.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Instant;

use super::{Common, Format, Manifest, RunArgs, Series, Timings, balance_failure, heed_interrupts, is_interrupted};
use crate::cli::output::{Stop, or_all_faults, print, print_json, say, show_faults};
use crate::cli::progress::Progress;
use crate::engine::Outcome;
use crate::engine::world::World;
use crate::neighbourhood::table::Row;
use crate::report::files::{self, OutFolder};
use crate::report::neighbourhoods::{Named, RowResult, Totals, summary, to_json, worst_balance, write_csv};
use crate::scenario::Loaded;
use crate::scenario::plan::Plan;
use crate::study::journal::{Before, Finished, Journal, Key};
use crate::study::neighbourhoods::{Ended, Study};
use crate::study::workers::Workers;

/// The finished rows of a run that is not whole yet, in its folder.
const JOURNAL: &str = "neighbourhoods.journal";

pub(super) fn run(plan: Plan, mut loaded: Loaded, args: &RunArgs, common: &Common, begun: Instant) -> Result<(), Stop> {
    if args.series.contains(&Series::Homes) {
        let message = "--series homes writes every home in every step, and a table has too many: \
                       add --neighbourhood ID for those of one neighbourhood";
        return Err(Stop::Usage(message.to_owned()));
    }
    let study = Study::new(plan, &mut loaded.faults);
    let study = or_all_faults(study, &mut loaded)?;
    if !common.quiet {
        show_faults(&loaded.faults);
    }
    let rows = study.rows();
    let mut results: Vec<Option<RowResult>> = vec![None; rows.len()];
    let mut out = args.out.as_deref().map(|folder| Out::open(folder, &study, &loaded, common)).transpose()?;
    if let Some(out) = &mut out {
        out.take_finished(rows, &mut results, common);
    }
    heed_interrupts();
    let workers = Workers::new(rayon::current_num_threads())
        .map_err(|error| Stop::Machine(format!("the system gives no threads: {error}")))?;
    let prepared = begun.elapsed();
    let is_open = |(_, result): &(&Row, &Option<RowResult>)| result.is_none();
    let open_homes: usize = rows.iter().zip(&results).filter(is_open).map(|(row, _)| row.homes()).sum();
    let finished: Vec<bool> = results.iter().map(Option::is_some).collect();
    let finished_before = finished.iter().filter(|finished| **finished).count();
    let mut progress = Progress::of_neighbourhoods(finished_before, rows.len(), open_homes, common.quiet);
    let ended = study.run(
        &workers,
        |row| finished[row],
        is_interrupted,
        result_of,
        |index, result| {
            if let Some(out) = &mut out {
                out.journal.append(&rows[index].id, result.cells())?;
            }
            results[index] = Some(result);
            progress.neighbourhood(rows[index].homes());
            Ok(())
        },
    );
    let simulated = progress.finish();
    let done: Vec<Named> =
        rows.iter().zip(&results).filter_map(|(row, result)| Some((row, result.as_ref()?))).collect();
    // A Ctrl-C after the last row comes too late to stop anything.
    if ended? == Ended::Stopped && done.len() < rows.len() {
        return Err(interrupted(done.len(), rows.len(), out.is_some()));
    }
    let totals = Totals::of(&done);
    if let Some(Out { mut folder, journal, .. }) = out {
        folder.write("summary.json", |file| files::write_json(file, &totals.to_json()))?;
        folder.write("neighbourhoods.csv", |file| write_csv(file, &done))?;
        let manifest = Manifest {
            plan: study.plan(),
            data_files: &study.data_files(),
            balance: worst_balance(&done),
            money: None,
            books: None,
            timings: Timings { prepared, simulated, home_steps: open_homes * study.calendar().steps() },
        };
        folder.write("run.json", |file| files::write_json(file, &manifest.to_json(&loaded)))?;
        folder.finish()?;
        journal.remove()?;
    }
    match common.format {
        Format::Table => print(&summary(study.plan(), study.calendar(), &done, &totals)),
        Format::Json => print_json(&to_json(&done, &totals)),
    }
}

/// What is kept of a neighbourhood; its balance must close.
fn result_of(world: &World, outcome: &Outcome) -> Result<RowResult, Stop> {
    if outcome.balance.holds() {
        return Ok(RowResult::of(world, outcome));
    }
    let id = world.plan.row.as_ref().map_or("", |row| row.id.as_str());
    Err(Stop::OwnCheck(format!("in neighbourhood {id} {}", balance_failure(world, outcome))))
}

fn interrupted(done: usize, all: usize, is_kept: bool) -> Stop {
    Stop::Machine(if is_kept {
        format!("interrupted: {done} of {all} neighbourhoods are done and kept; the same command goes on from there")
    } else {
        "interrupted; no results were written (with --out DIR the finished neighbourhoods are kept)".to_owned()
    })
}

/// The folder of results in the making, with its journal.
struct Out {
    folder: OutFolder,
    journal: Journal,
    before: Before,
}

impl Out {
    fn open(path: &Path, study: &Study, loaded: &Loaded, common: &Common) -> Result<Out, Stop> {
        let folder = OutFolder::create(path)?;
        let unreadable = |error: io::Error| Stop::Machine(format!("cannot read a file of the scenario again: {error}"));
        let key = Key::of(env!("CARGO_PKG_VERSION"), &loaded.written, &study.data_files()).map_err(unreadable)?;
        let (journal, before) = Journal::open(&path.join(JOURNAL), &key)?;
        if before == Before::Other && !common.quiet {
            let name = path.join(JOURNAL);
            say(&format!("{} is of another scenario, table, file or version: beginning anew\n", name.display()));
        }
        Ok(Out { folder, journal, before })
    }

    /// Puts in what is finished, and says so.
    fn take_finished(&mut self, rows: &[Row], results: &mut [Option<RowResult>], common: &Common) {
        let Before::Same(finished) = std::mem::replace(&mut self.before, Before::Nothing) else { return };
        let places: BTreeMap<&str, usize> = rows.iter().enumerate().map(|(i, row)| (row.id.as_str(), i)).collect();
        let mut count = 0;
        for (id, cells) in finished as Vec<Finished> {
            if let (Some(place), Some(result)) = (places.get(id.as_str()), RowResult::of_cells(cells)) {
                count += usize::from(results[*place].is_none());
                results[*place] = Some(result);
            }
        }
        if count > 0 && !common.quiet {
            say(&format!("{count} of {} neighbourhoods were finished before: going on\n", rows.len()));
        }
    }
}
