//! The program as a user calls it.

use std::path::Path;
use std::process::{Command, Output};

/// `kwartier` with these words, not yet started.
pub(crate) fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kwartier"));
    command.args(words);
    command
}

/// Runs `kwartier` with these words to its end.
pub(crate) fn kwartier(words: &[&str]) -> Output {
    command(words).output().expect("the program starts")
}

/// Runs `kwartier`, which must succeed; what it printed.
pub(crate) fn printed(words: &[&str]) -> String {
    let output = kwartier(words);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("results are UTF-8")
}

/// A path as a word of the command line.
pub(crate) fn word(path: &Path) -> &str {
    path.to_str().expect("the paths of tests are UTF-8")
}
