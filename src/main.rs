//! The door.

use std::process::ExitCode;

fn main() -> ExitCode {
    // A panic is our bug: exit code 4, after the default hook has printed where it happened.
    std::panic::catch_unwind(kwartier::cli::main).unwrap_or(ExitCode::from(4))
}
