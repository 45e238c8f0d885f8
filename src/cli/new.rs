//! `kwartier new`: a commented scenario that runs.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use clap::Args;

use super::output::{Stop, print};

/// The scenario that `kwartier new` writes; `NAME` becomes the name asked for.
const TEMPLATE: &str = include_str!("new_scenario.toml");

#[derive(Args, Debug)]
pub(super) struct NewArgs {
    /// Name of the scenario; the file is <NAME>.toml in the working directory, or the path given
    name: PathBuf,
}

pub(super) fn new(args: &NewArgs) -> Result<(), Stop> {
    let mut path = args.name.clone();
    if path.extension().is_none_or(|extension| extension != "toml") {
        path.as_mut_os_string().push(".toml");
    }
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let quoted = toml::Value::String(name).to_string();
    let text = TEMPLATE.replace("\"NAME\"", &quoted);
    let file = OpenOptions::new().write(true).create_new(true).open(&path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => print(&format!("wrote {0}\nnext: kwartier run {0}\n", path.display())),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            Err(Stop::Usage(format!("{} is there already: choose another name, or remove it first", path.display())))
        }
        Err(error) => Err(Stop::Machine(format!("cannot write {}: {error}", path.display()))),
    }
}
