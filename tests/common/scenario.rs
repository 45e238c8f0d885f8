//! Scenarios of the tests: written into a folder of their own, loaded, run and read.

use std::convert::Infallible;
use std::path::{Path, PathBuf};

use kwartier::engine::meters::Meter;
use kwartier::engine::world::World;
use kwartier::engine::{self, Next, Outcome};
use kwartier::neighbourhood::find_home;
use kwartier::scenario;

/// A scenario and its data files, in a folder that goes when the test ends.
pub(crate) struct Written {
    folder: tempfile::TempDir,
}

impl Written {
    /// Writes the scenario.
    pub(crate) fn new(text: &str) -> Written {
        Written { folder: tempfile::tempdir().expect("a temporary folder") }.file("scenario.toml", text)
    }

    /// Writes a file beside it.
    pub(crate) fn file(self, name: &str, text: &str) -> Written {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self
    }

    /// The scenario's file.
    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("scenario.toml")
    }

    /// The world of the scenario, changed by `--set` words.
    pub(crate) fn world(&self, set: &[&str]) -> World {
        world(&self.path(), set)
    }
}

/// The world of a scenario file, which must be without faults.
pub(crate) fn world(path: &Path, set: &[&str]) -> World {
    let set: Vec<String> = set.iter().map(|&words| words.to_owned()).collect();
    let loaded = scenario::load(path, &set, None);
    let errors: Vec<_> = loaded.faults.iter().filter(|fault| fault.is_error()).collect();
    assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
    let plan = loaded.draft.expect("a scenario without faults makes a plan");
    World::new(plan, &mut Vec::new()).unwrap_or_else(|faults| panic!("{}: {faults:#?}", path.display()))
}

/// Runs the whole axis of a world; its balance must close.
pub(crate) fn run(world: &World) -> Outcome {
    let outcome = match engine::run(world, &engine::Options::default(), |_| Ok::<_, Infallible>(Next::GoOn)) {
        Ok(outcome) => outcome,
        Err(never) => match never {},
    };
    assert!(outcome.balance.holds(), "the balance does not close: {:?}", outcome.balance);
    outcome
}

/// What the meter of the home with an id says of the whole run.
pub(crate) fn whole(world: &World, outcome: &Outcome, id: &str) -> Meter {
    let home = find_home(&world.plan, &world.homes, id).unwrap_or_else(|| panic!("no home {id}"));
    outcome.months(home, 0..world.calendar.run_months().len())
}
