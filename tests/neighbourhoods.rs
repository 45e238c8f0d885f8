//! A table of neighbourhoods as a whole: each row is the community it would be alone, whatever rows stand around it; the
//! bytes are the same for any number of threads, and whether a run was interrupted or not.

mod common {
    pub(crate) mod command;
    pub(crate) mod folder;
    pub(crate) mod scenario;
}

use std::fmt::Write as _;
use std::path::Path;

use common::command::{command, kwartier, printed, word};
use common::folder::files_in;
use common::scenario::{Written, run, whole};
use kwartier::engine::Outcome;
use kwartier::engine::meters::Register;
use kwartier::engine::world::{Common, SharedSky, World};
use kwartier::neighbourhood::{home_id, table};
use kwartier::scenario::load;
use kwartier::study::neighbourhoods::Study;

/// The files of a whole run, and those of them that are bytes of the input only.
const FILES: [&str; 3] = ["neighbourhoods.csv", "run.json", "summary.json"];
const SAME: [&str; 2] = ["neighbourhoods.csv", "summary.json"];

const JOURNAL: &str = "neighbourhoods.journal";

const LAND: &str = r#"
[scenario]
name = "Land"
start = 2027-01-01
step_minutes = 60
shapes = 16

[[homes]]
id = "row"
count = 3
member_fraction = 0.7
annual_kwh = { mean = 2900, sd = 1000 }
pv = { fraction = 0.5, peak_kwp = { mean = 4, sd = 1 }, azimuth_deg = { min = 90, max = 270 } }
battery = { fraction = 0.3, capacity_kwh = { any_of = [5, 10] }, power_kw = 3.0 }

[[homes]]
id = "flat"
count = 2
pv = { fraction = 0.2, peak_kwp = 1.0, transposition = "perez" }

[[businesses]]
id = "shop"
kind = "shop"
annual_kwh = 20000

[cooperative]
plants = [{ id = "roof", kind = "pv", peak_kwp = 20.0 }]

[sharing]
key = "pro-rata"

[neighbourhoods]
file = "table.csv"
"#;

/// Five places under three skies; the second has more than a chunk of homes, the last has none.
const TABLE: &str = "id,name,latitude_deg,longitude_deg,row,flat\n\
                     a,Aan het water,52.10,5.18,20,5\nb,,52.11,5.19,300,40\nc,,53.20,6.50,3,0\nd,,,,8,8\ne,,50.85,5.69,0,0\n";

fn land(table: &str) -> Written {
    Written::new(LAND).file("table.csv", table)
}

/// The lines of neighbourhoods.csv by id.
fn csv_of(table: &str) -> Vec<(String, String)> {
    let (scenario, out) = (land(table), tempfile::tempdir().expect("a folder"));
    printed(&["run", word(&scenario.path()), "--out", word(out.path())]);
    assert_eq!(files_in(out.path()), FILES);
    let text = std::fs::read_to_string(out.path().join("neighbourhoods.csv")).expect("a table");
    text.lines().map(|line| (line.split(',').next().unwrap_or_default().to_owned(), line.to_owned())).collect()
}

fn same_files(a: &Path, b: &Path, what: &str) {
    for name in SAME {
        let [a, b] = [a, b].map(|folder| std::fs::read(folder.join(name)).expect("a result"));
        assert!(a.len() > 100 && a == b, "{name} {what}");
    }
}

#[test]
fn a_row_is_the_run_of_its_neighbourhood_alone() {
    let lines = csv_of(TABLE);
    let header: Vec<&str> = lines[0].1.split(',').collect();
    let scenario = land(TABLE);
    for (id, line) in &lines[1..] {
        let text = printed(&["run", word(&scenario.path()), "--neighbourhood", id, "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let metrics = json["metrics"].as_object().unwrap();
        let mut shown = 0;
        for (column, cell) in header.iter().zip(line.split(',')) {
            let Some(metric) = metrics.get(&format!("community.{column}")) else { continue };
            let value = match &metric["value"] {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                number => number.to_string(),
            };
            // A number has many forms; the one of the other is the same number.
            let is_same =
                value == cell || value.parse::<f64>().ok().map(f64::to_bits) == cell.parse().ok().map(f64::to_bits);
            assert!(is_same, "{column} of {id}: {cell} in the table, {value} alone");
            shown += 1;
        }
        assert_eq!(shown, metrics.len());
    }
}

#[test]
fn every_home_of_a_row_does_the_same_in_a_world_that_shares_and_in_one_of_its_own() {
    let scenario = land(TABLE);
    let plan = load(&scenario.path(), &[], None).draft.unwrap();
    let rows = table::read(&plan, plan.neighbourhoods.as_ref().unwrap(), &mut Vec::new()).unwrap();
    let row = table::plan_of(&plan, &rows[0]);
    let common = Common::new(&plan, &mut Vec::new()).unwrap();
    let shared = World::of_row(row.clone(), &common, &SharedSky::of_row(&row, &common).unwrap());
    let alone = World::new(row, &mut Vec::new()).unwrap();
    let (of_shared, of_alone) = (run(&shared), run(&alone));
    let bits = |world: &World, outcome: &Outcome, id: &str| {
        let meter = whole(world, outcome, id);
        let kwh = [Register::Load, Register::Generation, Register::Import, Register::SharedIn].map(|r| meter.kwh(r));
        (kwh.map(f64::to_bits), meter.peak_import_kw.to_bits(), meter.peak_import_step)
    };
    assert_eq!(alone.homes.len(), 26);
    for home in &alone.homes {
        let id = home_id(&alone.plan, home);
        assert_eq!(bits(&shared, &of_shared, &id), bits(&alone, &of_alone, &id), "{id}");
    }
    // The scenario without its table has other homes: its draws have its own seed.
    let base = scenario.world(&[]);
    assert_ne!(bits(&base, &run(&base), "row-1"), bits(&alone, &of_alone, "row-1"));
}

#[test]
fn other_rows_and_their_order_change_nothing_of_a_row() {
    let all = csv_of(TABLE);
    let mut rows: Vec<&str> = TABLE.lines().collect();
    rows.insert(1, "x,,52.105,5.185,7,7");
    rows[2..].reverse();
    let moved = csv_of(&(rows.join("\n") + "\n"));
    let fewer = csv_of(&TABLE.lines().filter(|line| !line.starts_with(['a', 'c'])).collect::<Vec<_>>().join("\n"));
    assert_eq!((all.len(), moved.len(), fewer.len()), (6, 7, 4));
    for (id, line) in &all {
        assert!(moved.iter().any(|(_, other)| other == line), "{id} is another in a table with another row");
    }
    for (id, line) in &fewer {
        assert!(all.iter().any(|(_, other)| other == line), "{id} is another in a table without two rows");
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let scenario = land(TABLE);
    let folder = tempfile::tempdir().unwrap();
    let with = |threads: &str| {
        let out = folder.path().join(threads);
        (printed(&["run", word(&scenario.path()), "--threads", threads, "--out", word(&out)]), out)
    };
    let (text, one) = with("1");
    for threads in ["2", "7"] {
        let (other, out) = with(threads);
        assert_eq!(text, other, "what is printed with {threads} threads");
        same_files(&one, &out, &format!("with {threads} threads"));
    }
}

#[test]
fn places_of_a_cell_share_a_sky_and_a_row_without_a_place_has_the_scenarios() {
    let scenario = land(TABLE);
    let plan = load(&scenario.path(), &[], None).draft.unwrap();
    let study = Study::new(plan, &mut Vec::new()).unwrap();
    assert_eq!(study.skies(), [vec![0, 1, 3], vec![2], vec![4]]);
}

#[test]
fn a_run_goes_on_from_its_journal_wherever_it_was_cut_off() {
    let scenario = land(TABLE);
    let folder = tempfile::tempdir().unwrap();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    let words = |out: &Path| ["run", word(&scenario.path()), "--out", word(out)].map(str::to_owned);
    let go = |out: &Path| kwartier(&words(out).each_ref().map(String::as_str));
    let text = go(&whole);
    assert!(text.status.success());
    // A result that cannot get its name: the run fails, and its journal stays.
    std::fs::create_dir_all(out.join("neighbourhoods.csv")).unwrap();
    let failed = go(&out);
    assert_eq!(failed.status.code(), Some(3), "{}", String::from_utf8_lossy(&failed.stderr));
    assert_eq!(files_in(&out), ["neighbourhoods.csv", JOURNAL]);
    std::fs::remove_dir(out.join("neighbourhoods.csv")).unwrap();
    let journal = std::fs::read(out.join(JOURNAL)).unwrap();
    let ends: Vec<usize> = (0..journal.len()).filter(|at| journal[*at] == b'\n').map(|at| at + 1).collect();
    assert_eq!(ends.len(), 6, "a head and a line for each neighbourhood");
    for cut in [0, 1, ends[0] - 1, ends[0], ends[1], ends[1] + 1, ends[2] - 1, ends[3] + 40, ends[5] - 1, ends[5]] {
        std::fs::write(out.join(JOURNAL), &journal[..cut]).unwrap();
        let done = go(&out);
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "cut at {cut}: {said}");
        let kept = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
        let going_on = format!("{kept} of 5 neighbourhoods were finished before: going on\n");
        assert_eq!(said, if kept == 0 { String::new() } else { going_on }, "cut at {cut}");
        assert_eq!(done.stdout, text.stdout, "cut at {cut}");
        assert_eq!(files_in(&out), FILES, "the journal goes when the results are there");
        same_files(&whole, &out, &format!("cut at {cut}"));
    }
}

#[test]
fn the_journal_of_another_run_is_not_gone_on_from() {
    let scenario = land(TABLE);
    let folder = tempfile::tempdir().unwrap();
    let [out, seeded] = ["out", "seeded"].map(|name| folder.path().join(name));
    std::fs::create_dir_all(out.join("neighbourhoods.csv")).unwrap();
    kwartier(&["run", word(&scenario.path()), "--out", word(&out)]);
    std::fs::remove_dir(out.join("neighbourhoods.csv")).unwrap();
    assert_eq!(files_in(&out), [JOURNAL]);
    let done = kwartier(&["run", word(&scenario.path()), "--seed", "2", "--out", word(&out)]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && said.contains("beginning anew"), "{said}");
    printed(&["run", word(&scenario.path()), "--seed", "2", "--out", word(&seeded)]);
    same_files(&out, &seeded, "after a journal of another seed");
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_keeps_what_is_done_and_the_same_command_goes_on() {
    use std::process::{Command, Stdio};

    let mut table = String::from("id,row,flat\n");
    for row in 0..60 {
        writeln!(table, "n{row},{},40", 100 + row).expect("a text takes all");
    }
    let scenario = land(&table);
    let folder = tempfile::tempdir().unwrap();
    let (whole, out) = (folder.path().join("whole"), folder.path().join("out"));
    let words = ["run", word(&scenario.path()), "--threads", "2", "--out", word(&out)].map(str::to_owned);
    let mut running = command(&words.each_ref().map(String::as_str)).stderr(Stdio::piped()).spawn().unwrap();
    let lines = || std::fs::read_to_string(out.join(JOURNAL)).map_or(0, |text| text.matches('\n').count());
    while lines() < 4 {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it was interrupted");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let told = Command::new("sh").args(["-c", &format!("kill -INT {}", running.id())]).status().unwrap();
    assert!(told.success());
    let done = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(3), "{said}");
    let kept = lines() - 1;
    assert!(said.contains(&format!("interrupted: {kept} of 60 neighbourhoods are done")), "{said}");
    assert_eq!(files_in(&out), [JOURNAL]);
    let again = kwartier(&words.each_ref().map(String::as_str));
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(
        again.status.success() && said.starts_with(&format!("{kept} of 60 neighbourhoods were finished")),
        "{said}"
    );
    printed(&["run", word(&scenario.path()), "--out", word(&whole)]);
    same_files(&whole, &out, "after an interruption");
}

#[test]
fn a_row_has_the_weather_file_that_it_names() {
    /// An hourly year in UTC with this global radiation at noon hours, W/m².
    fn year(ghi_w_m2: u32) -> String {
        let mut text = String::from("time,ghi_w_m2,temperature_c,wind_m_s\n");
        let first: jiff::Timestamp = "2026-12-31T23:00:00Z".parse().unwrap();
        for hour in 0..8760 {
            let time = first + jiff::SignedDuration::from_hours(hour);
            let ghi = if (10..14).contains(&((hour + 23) % 24)) { ghi_w_m2 } else { 0 };
            writeln!(text, "{time},{ghi},10,3").expect("a text takes all");
        }
        text
    }
    let scenario = LAND
        .replace("[cooperative]", "[weather]\nsource = \"csv\"\nfile = \"dim.csv\"\nstamp = \"start\"\n[cooperative]");
    let folder = Written::new(&scenario)
        .file("table.csv", "id,weather,row\ndim,,0\nbright,bright.csv,0\n")
        .file("dim.csv", &year(50))
        .file("bright.csv", &year(150));
    let text = printed(&["run", word(&folder.path()), "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let made = |row: usize| json["neighbourhoods"][row]["metrics"]["community.generation_kwh"].as_f64().unwrap();
    assert!(made(0) > 0.0 && made(1) > 2.0 * made(0), "{} and {} kWh", made(0), made(1));
    let plan = load(&folder.path(), &[], None).draft.unwrap();
    let study = Study::new(plan, &mut Vec::new()).unwrap();
    let files: Vec<_> = study.data_files().iter().map(|path| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(files, ["dim.csv", "table.csv", "bright.csv"]);
    // A file that is too short refuses the run before anything is made.
    let folder = folder.file("bright.csv", "time,ghi_w_m2,temperature_c,wind_m_s\n2027-01-01T00:00Z,1,1,1\n");
    let out = tempfile::tempdir().unwrap();
    let done = kwartier(&["run", word(&folder.path()), "--out", word(&out.path().join("out"))]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(2), "{said}");
    assert!(said.contains("bright.csv") && said.contains("table.csv") && files_in(out.path()).is_empty(), "{said}");
}
