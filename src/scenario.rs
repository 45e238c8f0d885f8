//! What the user wrote, and the checked [`plan`] that is made of it.
//!
//! Reading is staged: texts are merged into one [`tree`], the tree is checked against the [`language`]'s schema, then
//! read and made into a [`plan::Plan`]. Every stage adds to one list of faults.

mod build;
mod check;
mod defaults;
pub mod diagnostics;
pub mod key;
pub mod language;
pub mod plan;
pub mod schema;
pub mod sharing;
pub mod tree;

use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use check::DefaultTaken;
pub(crate) use check::check_table;
use diagnostics::Fault;
use plan::Plan;

/// Files of a folder of `scenarios/` that are built in: a list of name and text.
macro_rules! embedded {
    ($folder:literal, $($name:literal),* $(,)?) => {
        &[$((
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/", $folder, "/", $name, ".toml")),
        )),*]
    };
}
pub(crate) use embedded;

/// A scenario that was read, with all that is wrong or odd about it.
#[derive(Debug)]
pub struct Loaded {
    /// The plan, as far as it could be made. Only where no fault is an error is it what the user meant.
    pub draft: Option<Plan>,
    /// Everything found, in the order of the text.
    pub faults: Vec<Fault>,
    /// The scenario files that were read, the innermost base last.
    pub files: Vec<PathBuf>,
    /// The merged scenario, as written.
    pub written: serde_json::Value,
    /// The defaults that it takes.
    pub defaults: Vec<DefaultTaken>,
}

/// Reads the scenario at `path`, with `--set` words and `--seed` applied, and checks it.
pub fn load(path: &Path, set: &[String], seed: Option<u64>) -> Loaded {
    let mut faults = Vec::new();
    let mut files = Vec::new();
    let mut loaded = Loaded {
        draft: None,
        faults: Vec::new(),
        files: Vec::new(),
        written: serde_json::Value::Null,
        defaults: Vec::new(),
    };
    if let Some(tree::Written { mut root, is_whole }) = tree::read(path, &mut files, &mut faults) {
        for words in set {
            tree::set(&mut root, "--set", words, &mut faults);
        }
        if let Some(seed) = seed {
            tree::set(&mut root, "--seed", &format!("scenario.seed={seed}"), &mut faults);
        }
        sharing::lay_over_named(&mut root, &files, &mut faults);
        let language = schema::of_language();
        check::check(&language, &mut root, is_whole, &mut faults);
        loaded.defaults = check::defaults_taken(&language, &root);
        let written = root.to_toml();
        loaded.written = as_json(&written);
        match language::File::deserialize(written) {
            Ok(file) if is_whole => loaded.draft = build::plan(&file, &root, &files, &mut faults),
            // What the base says is not known: what goes together cannot be judged.
            Ok(_) => {}
            Err(error) => faults.push(
                Fault::error("kwartier::scenario::unread", format!("cannot read the scenario: {error}"))
                    .help("this should have been found earlier: please report it with the scenario"),
            ),
        }
    }
    diagnostics::sort(&mut faults);
    loaded.files = files;
    loaded.faults = faults;
    loaded
}

/// A scenario's values as JSON: dates become texts.
pub(crate) fn as_json(value: &toml::Value) -> serde_json::Value {
    match value {
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), as_json(value))).collect(),
        toml::Value::Array(items) => items.iter().map(as_json).collect(),
        other => serde_json::to_value(other).unwrap_or_default(),
    }
}
