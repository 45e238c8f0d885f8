//! What goes to stdout (results) and to stderr (all else), and why a command stops.

use std::io::{self, Write};
use std::process::ExitCode;

use super::{Common, ScenarioArgs};
use crate::engine::world::World;
use crate::neighbourhood::table::{self, Row};
use crate::report::files::WriteError;
use crate::scenario::diagnostics::{self, Fault};
use crate::scenario::plan::{NeighbourhoodsFile, Plan};
use crate::scenario::{self, Loaded};
use crate::study::journal::JournalError;
use crate::study::neighbourhoods::check_files;

/// Why a command stops short.
#[derive(Debug)]
pub enum Stop {
    /// A benchmark does not hold: exit code 1.
    DoesNotHold(Vec<String>),
    /// The input is wrong: exit code 2.
    Input(Vec<Fault>),
    /// The input is wrong and that has been said: exit code 2.
    InputShown,
    /// The command line is wrong: exit code 2.
    Usage(String),
    /// The machine failed: exit code 3.
    Machine(String),
    /// A check of our own failed: exit code 4.
    OwnCheck(String),
    /// Whoever reads stdout has gone: nothing to say.
    Silent,
}

impl From<WriteError> for Stop {
    fn from(error: WriteError) -> Stop {
        Stop::Machine(error.to_string())
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Stop {
        Stop::Machine(error.to_string())
    }
}

impl From<Vec<Fault>> for Stop {
    fn from(faults: Vec<Fault>) -> Stop {
        Stop::Input(faults)
    }
}

impl Stop {
    /// Says why on stderr, and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        match self {
            Stop::DoesNotHold(reasons) => {
                for reason in reasons {
                    say(&format!("does not hold: {reason}\n"));
                }
                ExitCode::from(1)
            }
            Stop::Input(faults) => {
                show_faults(&faults);
                let errors = faults.iter().filter(|fault| fault.is_error()).count();
                say(&format!("{errors} {} to mend\n", if errors == 1 { "fault" } else { "faults" }));
                ExitCode::from(2)
            }
            Stop::InputShown => ExitCode::from(2),
            Stop::Usage(message) => {
                say(&format!("error: {message}\n"));
                ExitCode::from(2)
            }
            Stop::Machine(message) => {
                say(&format!("error: {message}\n"));
                ExitCode::from(3)
            }
            Stop::OwnCheck(message) => {
                say(&format!("error: {message}\nThis is a bug of kwartier: please report it with the scenario.\n"));
                ExitCode::from(4)
            }
            Stop::Silent => ExitCode::SUCCESS,
        }
    }
}

/// Prints results.
pub(super) fn print(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Stop::Silent),
        Err(error) => Err(Stop::Machine(format!("cannot write to stdout: {error}"))),
    }
}

/// Prints a JSON value and a line end.
pub(super) fn print_json(value: &serde_json::Value) -> Result<(), Stop> {
    print(&format!("{value:#}\n"))
}

/// Says something that is no result.
pub(super) fn say(text: &str) {
    // If stderr is gone there is nobody to tell.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Shows faults with file, line, column, the words themselves and how to mend them.
pub(super) fn show_faults(faults: &[Fault]) {
    for fault in faults {
        say(&format!("{:?}\n", miette::Report::new(fault.clone())));
    }
}

/// Reads a scenario and gives its plan, or that of the neighbourhood asked for; without a plan, the faults.
pub(super) fn load_plan(scenario: &ScenarioArgs) -> Result<(Plan, Loaded), Stop> {
    let mut loaded = scenario::load(&scenario.file, &scenario.change.set, scenario.change.seed);
    let is_refused = loaded.faults.iter().any(Fault::is_error);
    let plan = match loaded.draft.take() {
        Some(plan) if !is_refused => plan,
        draft => {
            let mut faults = std::mem::take(&mut loaded.faults);
            // What the files hold is wrong or right whatever else is: look now, so that all is told at once.
            if let Some(plan) = draft {
                faults.extend(check_files(&plan));
                diagnostics::sort(&mut faults);
            }
            return Err(Stop::Input(faults));
        }
    };
    let plan = match (&plan.neighbourhoods, &scenario.neighbourhood) {
        (Some(file), Some(id)) => {
            let rows = read_table(&plan, file, &mut loaded)?;
            let row = table::find(&rows, id).map_err(|message| Stop::Usage(format!("--neighbourhood: {message}")))?;
            table::plan_of(&plan, row)
        }
        (None, Some(_)) => {
            let message = "--neighbourhood: this scenario has no [neighbourhoods]: it is one community";
            return Err(Stop::Usage(message.to_owned()));
        }
        (_, None) => plan,
    };
    Ok((plan, loaded))
}

fn read_table(plan: &Plan, file: &NeighbourhoodsFile, loaded: &mut Loaded) -> Result<Vec<Row>, Stop> {
    let rows = table::read(plan, file, &mut loaded.faults);
    rows.ok_or_else(|| Stop::Input(std::mem::take(&mut loaded.faults)))
}

/// Reads a scenario that is one community, or one neighbourhood of its table, and makes its world; warnings are shown
/// unless quiet, and kept in the result.
pub(super) fn load_world(scenario: &ScenarioArgs, common: &Common) -> Result<(World, Loaded), Stop> {
    let (plan, mut loaded) = load_plan(scenario)?;
    if let Some(file) = &plan.neighbourhoods {
        let rows = read_table(&plan, file, &mut loaded)?;
        let message = "this scenario has a table of neighbourhoods: say which one is meant with --neighbourhood ID";
        return Err(Stop::Usage(format!("{message}; {}", table::some_ids(&rows))));
    }
    world_of(plan, loaded, common)
}

/// Makes the world of a plan; warnings are shown unless quiet, and kept in the result.
pub(super) fn world_of(plan: Plan, mut loaded: Loaded, common: &Common) -> Result<(World, Loaded), Stop> {
    let world = World::new(plan, &mut loaded.faults);
    let world = or_all_faults(world, &mut loaded)?;
    if !common.quiet {
        show_faults(&loaded.faults);
    }
    Ok((world, loaded))
}

/// What was made, or its faults together with those found before, in the order of the text.
pub(super) fn or_all_faults<T>(made: Result<T, Vec<Fault>>, loaded: &mut Loaded) -> Result<T, Stop> {
    made.map_err(|faults| {
        loaded.faults.extend(faults);
        diagnostics::sort(&mut loaded.faults);
        Stop::Input(std::mem::take(&mut loaded.faults))
    })
}
