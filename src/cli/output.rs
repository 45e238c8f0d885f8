//! What goes to stdout (results) and to stderr (all else), and why a command stops.

use std::io::{self, Write};
use std::process::ExitCode;

use super::{ChangeArgs, Common};
use crate::engine::world::World;
use crate::report::files::WriteError;
use crate::scenario::diagnostics::{self, Fault};
use crate::scenario::{self, Loaded};

/// Why a command stops short.
#[derive(Debug)]
pub enum Stop {
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

impl Stop {
    /// Says why on stderr, and gives the exit code.
    pub(super) fn report(self) -> ExitCode {
        match self {
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

/// Reads a scenario; without a plan, the faults.
pub(super) fn load(file: &std::path::Path, change: &ChangeArgs) -> Result<Loaded, Stop> {
    let mut loaded = scenario::load(file, &change.set, change.seed);
    if loaded.draft.is_none() || loaded.faults.iter().any(Fault::is_error) {
        let mut faults = std::mem::take(&mut loaded.faults);
        // What the files hold is wrong or right whatever else is: look now, so that all is told at once.
        if let Some(plan) = loaded.draft.take() {
            faults.extend(World::check_files(&plan));
            diagnostics::sort(&mut faults);
        }
        return Err(Stop::Input(faults));
    }
    Ok(loaded)
}

/// Reads a scenario and makes its world; warnings are shown unless quiet, and kept in the result.
pub(super) fn load_world(
    file: &std::path::Path,
    change: &ChangeArgs,
    common: &Common,
) -> Result<(World, Loaded), Stop> {
    let mut loaded = load(file, change)?;
    let plan = loaded.draft.take().ok_or(Stop::Silent)?;
    let world = match World::new(plan, &mut loaded.faults) {
        Ok(world) => world,
        Err(faults) => {
            loaded.faults.extend(faults);
            diagnostics::sort(&mut loaded.faults);
            return Err(Stop::Input(loaded.faults));
        }
    };
    if !common.quiet {
        show_faults(&loaded.faults);
    }
    Ok((world, loaded))
}
