//! Many communities out of one scenario: every row of a table of neighbourhoods, run by itself.
//!
//! Rows are taken sky by sky: the weather of a grid cell is made once, then its rows run side by side, each on one thread
//! ([`Workers`]). A row that is very large runs alone, its own blocks side by side. What is in memory is one sky, what all
//! rows have in common, and one community for each thread; of a finished row only its results are kept, by whoever takes
//! them. Neither the number of threads nor the order in which rows are done reaches a result.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::workers::Workers;
use crate::calendar::Calendar;
use crate::engine::world::{Common, SharedSky, World};
use crate::engine::{self, DayFlows, Next, Options, Outcome};
use crate::neighbourhood::table::{self, Row, plan_of};
use crate::rules::rulebook::Rulebook;
use crate::scenario::diagnostics::Fault;
use crate::scenario::plan::{NeighbourhoodsFile, Plan};
use crate::weather::sky::sky_cell;
use crate::weather::sun::Site;
use crate::weather::{Weather, far_from_de_bilt};

/// A row with more homes than this runs alone, in parallel inside: it would keep one thread busy while others have nothing
/// left to do, and several of them side by side would want much memory, some 20 kB a home.
pub const LARGE_HOMES: usize = 20_000;

/// What is wrong or odd with the files of a plan, its table and all that the table names included.
pub fn check_files(plan: &Plan) -> Vec<Fault> {
    let mut faults = World::check_files(plan);
    if let Some(table) = &plan.neighbourhoods {
        read_rows(plan, table, &mut faults);
    }
    if let Some(rules) = &plan.rules {
        let mut warnings = Vec::new();
        let book = Rulebook::read(rules, plan.shared_price.as_ref(), &mut warnings);
        faults.extend(book.err().unwrap_or(warnings));
    }
    faults
}

/// How a study ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every row was run.
    Done,
    /// It was told to stop.
    Stopped,
}

/// A scenario with its table, ready to run.
#[derive(Debug)]
pub struct Study {
    plan: Plan,
    rows: Vec<Row>,
    common: Common,
    /// [`LARGE_HOMES`], but in tests.
    large_homes: usize,
}

impl Study {
    /// Reads the table of a plan and every file that it or the plan names, and makes what all rows have in common.
    ///
    /// # Errors
    /// Every fault of every file; warnings alone are no error and are added to `warnings`.
    ///
    /// # Panics
    /// If the plan has no table.
    pub fn new(plan: Plan, warnings: &mut Vec<Fault>) -> Result<Study, Vec<Fault>> {
        let table = plan.neighbourhoods.as_ref().expect("a study is of a plan with a table");
        let mut faults = Vec::new();
        let rows = read_rows(&plan, table, &mut faults);
        let mut of_meters = Vec::new();
        let common = Common::new(&plan, &mut of_meters).map_err(|errors| of_meters.extend(errors));
        faults.extend(of_meters);
        match (rows, common) {
            (Some(rows), Ok(common)) if !faults.iter().any(Fault::is_error) => {
                warnings.extend(faults);
                Ok(Study { plan, rows, common, large_homes: LARGE_HOMES })
            }
            _ => Err(faults),
        }
    }

    /// The plan that all rows follow.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The neighbourhoods, in the order of the table.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The time axis.
    pub fn calendar(&self) -> &Calendar {
        self.common.calendar()
    }

    /// Every file that the study reads besides the scenario, each once.
    pub fn data_files(&self) -> Vec<PathBuf> {
        let mut files = self.plan.data_files();
        let mut of_rows = BTreeMap::new();
        for (index, weather) in self.rows.iter().enumerate().filter_map(|(i, row)| Some((i, row.weather.as_ref()?))) {
            of_rows.entry(&weather.file).or_insert(index);
        }
        let mut of_rows: Vec<_> = of_rows.into_iter().filter(|(file, _)| !files.contains(file)).collect();
        of_rows.sort_by_key(|(_, first)| *first);
        files.extend(of_rows.into_iter().map(|(file, _)| file.clone()));
        files
    }

    /// The rows that share a sky, by the first of them in the table: indices into [`Study::rows`].
    pub fn skies(&self) -> Vec<Vec<usize>> {
        let mut known: BTreeMap<(u64, u64, Option<&Path>), usize> = BTreeMap::new();
        let mut skies: Vec<Vec<usize>> = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let cell = sky_cell(Site { latitude_deg: row.latitude_deg, longitude_deg: row.longitude_deg });
            let weather = row.weather.as_ref().map(|weather| weather.file.as_path());
            let sky = *known
                .entry((cell.latitude_deg.to_bits(), cell.longitude_deg.to_bits(), weather))
                .or_insert(skies.len());
            if sky == skies.len() {
                skies.push(Vec::new());
            }
            skies[sky].push(index);
        }
        skies
    }

    /// Runs every row that is not finished, and hands over the result of each as soon as it is done.
    ///
    /// # Arguments
    /// * `workers` – the threads that run rows.
    /// * `is_finished` – whether the row with an index was done before.
    /// * `is_stopped` – asked often; once it says so, rows that run are given up and no other is begun.
    /// * `result_of` – what is kept of a community and its outcome.
    /// * `take` – called on the calling thread with the index of a row and its result, in the order they are done.
    ///
    /// # Errors
    /// The first of `result_of` or `take`, or the faults of a weather file that has changed since it was checked.
    pub fn run<R: Send, E: Send + From<Vec<Fault>>>(
        &self,
        workers: &Workers,
        is_finished: impl Fn(usize) -> bool,
        is_stopped: impl Fn() -> bool + Sync,
        result_of: impl Fn(&World, &Outcome) -> Result<R, E> + Sync,
        mut take: impl FnMut(usize, R) -> Result<(), E>,
    ) -> Result<Ended, E> {
        for sky in self.skies() {
            let open: Vec<usize> = sky.into_iter().filter(|row| !is_finished(*row)).collect();
            let Some(first) = open.first() else { continue };
            if is_stopped() {
                return Ok(Ended::Stopped);
            }
            let sky = SharedSky::of_row(&plan_of(&self.plan, &self.rows[*first]), &self.common)?;
            let work = |index: usize| {
                let (world, outcome) = self.simulate(&self.rows[index], &sky, &is_stopped)?;
                Some((index, result_of(&world, &outcome)))
            };
            let mut failed = None;
            let mut take = |(index, result): (usize, Result<R, E>)| {
                failed = result.and_then(|result| take(index, result)).err();
                failed.is_none()
            };
            let (large, small): (Vec<usize>, Vec<usize>) =
                open.into_iter().partition(|row| self.rows[*row].homes() > self.large_homes);
            if workers.each(small, work, &mut take) {
                // On the calling thread: what is parallel inside a row then has all threads.
                large.into_iter().map_while(work).all(take);
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(if is_stopped() { Ended::Stopped } else { Ended::Done })
    }

    /// The community of a row and its year; `None` if it was stopped.
    fn simulate(&self, row: &Row, sky: &SharedSky, is_stopped: &impl Fn() -> bool) -> Option<(World, Outcome)> {
        if is_stopped() {
            return None;
        }
        let world = World::of_row(plan_of(&self.plan, row), &self.common, sky);
        let go_on = |_: &DayFlows<'_>| if is_stopped() { Err(()) } else { Ok(Next::GoOn) };
        let outcome = engine::run(&world, &Options::default(), go_on).ok()?;
        Some((world, outcome))
    }
}

/// The rows of the table, with the weather of each looked at: every weather file once.
fn read_rows(plan: &Plan, table: &NeighbourhoodsFile, faults: &mut Vec<Fault>) -> Option<Vec<Row>> {
    let rows = table::read(plan, table, faults);
    let Some(known) = &rows else {
        // What the scenario's own file holds is right or wrong whatever the table says.
        check_weather(plan, faults);
        return rows;
    };
    let mut far = known.iter().filter_map(|row| far_from_de_bilt(&plan_of(plan, row)));
    if let Some(first) = far.next() {
        let message = match far.count() {
            0 => first.message.clone(),
            1 => format!("{}, and is far from another neighbourhood too", first.message),
            others => format!("{}, and is far from {others} other neighbourhoods too", first.message),
        };
        faults.push(Fault { message, ..first });
    }
    let mut looked_at: BTreeSet<&Path> = BTreeSet::new();
    for row in known {
        let weather = row.weather.as_ref().or(plan.weather.as_ref());
        if weather.is_some_and(|weather| looked_at.insert(&weather.file)) {
            check_weather(&plan_of(plan, row), faults);
        }
    }
    rows
}

/// Reads the weather file of a plan, if it has one, for what is wrong or odd with it.
fn check_weather(plan: &Plan, faults: &mut Vec<Fault>) {
    if let (Some(_), Ok(calendar)) = (&plan.weather, plan.calendar()) {
        Weather::of_plan(plan, &calendar, faults);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::scenario;

    const LAND: &str = "[scenario]\nname = \"Land\"\nstart = 2027-01-01\nstep_minutes = 60\nshapes = 4\n[cooperative]\n\
                        [[homes]]\nid = \"row\"\ncount = 2\npv = { fraction = 0.5, peak_kwp = 3 }\n\
                        [sharing]\n[neighbourhoods]\nfile = \"table.csv\"\n";

    /// Under one sky one row of more than a chunk of homes and two small ones, and a row under another sky.
    const TABLE: &str = "id,latitude_deg,longitude_deg,row\na,52.1,5.18,300\nb,52.1,5.19,2\nc,52.1,5.2,3\nd,51,5.9,4\n";

    fn study() -> Study {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("land.toml");
        std::fs::write(&path, LAND).unwrap();
        std::fs::write(folder.path().join("table.csv"), TABLE).unwrap();
        let loaded = scenario::load(&path, &[], None);
        assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
        Study::new(loaded.draft.unwrap(), &mut Vec::new()).unwrap()
    }

    /// Why a run of these tests ends.
    #[derive(Debug, PartialEq)]
    enum Why {
        Faults,
        Result,
        Taker,
    }

    impl From<Vec<Fault>> for Why {
        fn from(_: Vec<Fault>) -> Why {
            Why::Faults
        }
    }

    /// The sum of a community's flows, to the bit.
    #[expect(clippy::unnecessary_wraps, reason = "as the runner asks for it")]
    fn bits(_: &World, outcome: &Outcome) -> Result<u64, Why> {
        Ok(outcome.community.iter().map(|step| step.import_kw + step.export_kw + step.shared_kw).sum::<f64>().to_bits())
    }

    fn all(study: &Study) -> BTreeMap<usize, u64> {
        let mut results = BTreeMap::new();
        let take = |row, result| {
            results.insert(row, result);
            Ok(())
        };
        let ended = study.run(&Workers::new(2).unwrap(), |_| false, || false, bits, take);
        assert_eq!(ended, Ok(Ended::Done));
        results
    }

    #[test]
    fn a_row_that_runs_alone_gives_what_it_gives_beside_others() {
        let mut study = study();
        let together = all(&study);
        assert_eq!(together.len(), 4);
        for large_homes in [0, 2] {
            study.large_homes = large_homes;
            assert_eq!(all(&study), together);
        }
    }

    #[test]
    fn what_is_finished_is_not_run_again_and_a_stop_begins_nothing_more() {
        let (study, workers) = (study(), Workers::new(1).unwrap());
        let mut rows = Vec::new();
        let take = |row, _| {
            rows.push(row);
            Ok::<_, Why>(())
        };
        assert_eq!(study.run(&workers, |row| row != 2, || false, bits, take), Ok(Ended::Done));
        assert_eq!(rows, [2]);
        let never = |_, _| -> Result<(), Why> { panic!("nothing is run") };
        assert_eq!(study.run(&workers, |_| false, || true, bits, never), Ok(Ended::Stopped));
    }

    #[test]
    fn the_first_error_ends_a_run() {
        let mut study = study();
        for large_homes in [LARGE_HOMES, 0] {
            study.large_homes = large_homes;
            let workers = Workers::new(2).unwrap();
            let wrong = |_: &World, _: &Outcome| Err::<(), Why>(Why::Result);
            let never = |_, ()| panic!("there is no result");
            assert_eq!(study.run(&workers, |_| false, || false, wrong, never), Err(Why::Result));
            let taken = Cell::new(0);
            let full = |_, _| {
                taken.set(taken.get() + 1);
                Err(Why::Taker)
            };
            assert_eq!(study.run(&workers, |_| false, || false, bits, full), Err(Why::Taker));
            assert_eq!(taken.get(), 1);
        }
    }
}
