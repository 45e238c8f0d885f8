//! Every shipped scenario runs, with figures that are kept; what `new` writes runs; and a run that fails says so by its
//! exit code and leaves nothing under a final name.
//!
//! A figure that moves is accepted with `cargo insta review`, and its reason goes into the changelog.

mod common {
    pub(crate) mod command;
    pub(crate) mod folder;
    pub(crate) mod scenario;
}

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::command::{command, kwartier, printed, word};
use common::folder::files_in;
use common::scenario::{Written, run, whole, world};
use kwartier::engine::meters::Register;

/// The metrics of a scenario, or the totals of its table, for a reader's eye: energy in whole kWh, other quantities in
/// three digits.
fn figures(path: &Path) -> String {
    let printed = printed(&["run", word(path), "--format", "json"]);
    let printed: serde_json::Value = serde_json::from_str(&printed).expect("it is JSON");
    let mut text = String::new();
    for (name, metric) in printed["metrics"].as_object().expect("metrics") {
        let shown = match (metric["value"].as_f64(), metric["value"].as_str()) {
            (Some(number), _) if metric["unit"] == "kWh" => format!("{number:.0}"),
            (Some(number), _) if number.fract().abs() <= 0.0 => format!("{number}"),
            (Some(number), _) => {
                let digits = (2.0 - number.abs().log10().floor()).max(0.0) as usize;
                format!("{number:.digits$}")
            }
            (None, word) => word.unwrap_or("null").to_owned(),
        };
        writeln!(text, "{name} = {shown}").expect("text can be written");
    }
    text
}

#[test]
fn every_shipped_scenario_runs_with_the_figures_that_are_kept() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut scenarios = 0;
    for name in files_in(&folder) {
        let Some(stem) = name.strip_suffix(".toml") else { continue };
        insta::assert_snapshot!(stem, figures(&folder.join(&name)));
        scenarios += 1;
    }
    assert!(scenarios >= 4, "{scenarios} scenarios in {}", folder.display());
}

#[test]
fn a_variant_shares_its_bases_homes_and_sky() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let [base, variant] = ["zonnebuurt.toml", "zonnebuurt-batterijen.toml"].map(|name| world(&folder.join(name), &[]));
    assert_eq!(base.sky.weather, variant.sky.weather);
    assert_eq!(base.homes.len(), variant.homes.len());
    for (before, after) in base.homes.iter().zip(&variant.homes) {
        assert_eq!((before.annual_kwh, &before.shape, before.member), (after.annual_kwh, &after.shape, after.member));
        assert!(before.pv.is_none() || before.pv == after.pv, "a roof went or changed");
        assert!(before.battery.is_none() || before.battery == after.battery, "a battery went or changed");
    }
    let batteries = |world: &kwartier::engine::world::World| world.homes.iter().filter(|h| h.battery.is_some()).count();
    assert_eq!((batteries(&base), batteries(&variant)), (8, 40));
}

#[test]
fn what_new_writes_runs_and_gives_every_file() {
    let folder = tempfile::tempdir().unwrap();
    let done = command(&["new", "street"]).current_dir(folder.path()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let scenario = folder.path().join("street.toml");
    let out = folder.path().join("results");
    let done = kwartier(&["run", word(&scenario), "--out", word(&out)]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let (summary, said) = (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap());
    assert!(summary.starts_with("street\n") && summary.contains("Energy balance closes"), "{summary}");
    assert_eq!(said, "", "it runs without warnings");
    assert_eq!(files_in(&out), ["members.csv", "quarters.csv", "run.json", "summary.json"]);
    let again = command(&["new", "street"]).current_dir(folder.path()).output().unwrap();
    assert_eq!(again.status.code(), Some(2), "it does not write over a scenario");
}

/// A scenario that is quick to run.
fn quick() -> Written {
    Written::new(
        "[scenario]\nname = \"Quick\"\nstart = 2027-01-01\nstep_minutes = 60\nshapes = 4\n\
         [[homes]]\nid = \"home\"\ncount = 3\npv = { peak_kwp = 3 }\n",
    )
}

#[test]
fn summary_json_has_every_metric_with_unit_and_definition_and_is_what_json_prints() {
    let scenario = quick();
    let out = tempfile::tempdir().unwrap();
    let text = printed(&["run", word(&scenario.path()), "--format", "json", "--out", word(out.path())]);
    let printed: serde_json::Value = serde_json::from_str(&text).unwrap();
    let written = std::fs::read_to_string(out.path().join("summary.json")).unwrap();
    let written: serde_json::Value = serde_json::from_str(&written).unwrap();
    assert_eq!(printed, written);
    assert_eq!(written["schema"], 1);
    let metrics = written["metrics"].as_object().unwrap();
    let names: Vec<&str> = metrics.keys().map(String::as_str).collect();
    let expected = [
        "homes",
        "members",
        "load_kwh",
        "generation_kwh",
        "self_used_kwh",
        "shared_kwh",
        "import_kwh",
        "export_kwh",
        "self_sufficiency",
        "self_consumption",
        "peak_import_kw",
        "peak_import_at",
        "peak_export_kw",
        "coincidence",
    ];
    assert_eq!(names, expected.map(|name| format!("community.{name}")));
    for (name, metric) in metrics {
        let words = ["unit", "definition"].map(|key| metric[key].as_str().unwrap_or_default());
        assert!(words.iter().all(|word| !word.is_empty()) && metric.get("value").is_some(), "{name}: {metric}");
    }
    let world = scenario.world(&[]);
    let outcome = run(&world);
    let load_kwh = |id: &str| whole(&world, &outcome, id).kwh(Register::Load);
    let sum = load_kwh("home-1") + load_kwh("home-2") + load_kwh("home-3");
    // Results are written with nine decimals.
    assert!((metrics["community.load_kwh"]["value"].as_f64().unwrap() - sum).abs() < 1e-8, "{sum} kWh");
}

fn fails(words: &[&str], code: i32) -> String {
    let done = kwartier(words);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(code), "{said}");
    assert!(done.stdout.is_empty(), "a run that fails prints no result: {}", String::from_utf8_lossy(&done.stdout));
    said
}

#[test]
fn results_that_cannot_be_written_end_with_code_3_and_name_the_place() {
    let scenario = quick();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "mine").unwrap();
    let out = file.join("results");
    let said = fails(&["run", word(&scenario.path()), "--out", word(&out)], 3);
    assert!(said.contains(word(&out)), "{said}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn a_result_whose_name_is_taken_by_a_folder_ends_with_code_3_and_leaves_nothing() {
    let scenario = quick();
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("members.csv")).unwrap();
    let said = fails(&["run", word(&scenario.path()), "--out", word(folder.path())], 3);
    assert!(said.contains("members.csv"), "{said}");
    let left = files_in(folder.path());
    assert_eq!(left, ["members.csv"], "nothing of the run stays, nothing of another's goes");
}

#[test]
fn a_scenario_that_is_wrong_ends_with_code_2_before_anything_is_made() {
    let wrong = Written::new("[scenario]\nname = \"Wrong\"\nstart = 2027-01-01\nyeers = 2\n");
    let out = tempfile::tempdir().unwrap();
    let out = out.path().join("results");
    let said = fails(&["run", word(&wrong.path()), "--out", word(&out)], 2);
    assert!(said.contains("yeers") && said.contains("years"), "{said}");
    assert!(!out.exists());
    fails(&["run", "no-such-scenario.toml"], 2);
    fails(&["run", word(&quick().path()), "--threads", "none"], 2);
    fails(&["run", word(&quick().path()), "--series", "homes"], 2);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_interrupted_ends_with_code_3_and_leaves_no_file() {
    use std::process::{Command, Stdio};

    // Far longer than it takes to see it begin: thirty years, every home written in every step.
    let scenario = Written::new(
        "[scenario]\nname = \"Long\"\nstart = 2027-01-01\nyears = 30\nstep_minutes = 15\nshapes = 4\n\
         [[homes]]\nid = \"home\"\ncount = 40\n",
    );
    let out = tempfile::tempdir().unwrap();
    let words = ["run", word(&scenario.path()), "--series", "homes", "--out", word(out.path())].map(str::to_owned);
    let mut running = command(&words.each_ref().map(String::as_str)).stderr(Stdio::piped()).spawn().unwrap();
    let part: PathBuf = out.path().join("homes.csv.part");
    while std::fs::metadata(&part).map_or(0, |file| file.len()) == 0 {
        assert!(running.try_wait().unwrap().is_none(), "it ended before it wrote anything");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let told = Command::new("sh").args(["-c", &format!("kill -INT {}", running.id())]).status().unwrap();
    assert!(told.success());
    let done = running.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3), "{said}");
    assert!(said.contains("interrupted"), "{said}");
    assert_eq!(files_in(out.path()), Vec::<String>::new());
}

/// The neighbourhood of 2027 under six keys: the scenario, and what its key is.
const KEYS: [(&str, &str); 6] = [
    ("zonnebuurt-equal", "equal parts"),
    ("zonnebuurt-static", "fixed parts by use"),
    ("zonnebuurt-2027-fixed", "pro rata of need"),
    ("zonnebuurt-priority", "flats first, then terraced homes, then the school"),
    ("zonnebuurt-water-filling", "one level for all"),
    ("zonnebuurt-reserve", "a third for flats first, then pro rata"),
];

/// The table of `docs/keys.md`: what is shared, and what the cooperative brings each group.
fn table_of_keys() -> String {
    let mut text = String::from(
        "| scenario | key | shared, kWh | a terraced home | a flat | the school | all members |\n|---|---|---|---|---|---|---|\n",
    );
    for (name, key) in KEYS {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("out");
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/{name}.toml"));
        printed(&["run", word(&scenario), "--out", word(&out), "--quiet"]);
        let json = |file: &str| -> serde_json::Value {
            let text = std::fs::read_to_string(out.join(file)).expect("it was written");
            serde_json::from_str(&text).expect("it is JSON")
        };
        let shared = json("summary.json")["metrics"]["community.shared_kwh"]["value"].as_f64().expect("a metric");
        let run = json("run.json");
        let gain = |who: &str| {
            let rows = run["money"]["losers"].as_array().expect("rows");
            let row = rows.iter().find(|row| row["who"] == who).expect("such homes are there");
            row["mean_gain_by_cooperative_eur"].as_f64().expect("an amount")
        };
        let gains = ["group terraced", "group flat", "group school", "members"].map(gain);
        let gains: Vec<String> = gains.iter().map(|eur| format!("{eur:.2}")).collect();
        writeln!(text, "| `{name}` | {key} | {shared:.0} | {} |", gains.join(" | ")).expect("text can be written");
    }
    text
}

#[test]
fn the_page_of_keys_is_in_step_with_its_scenarios() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/keys.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (begin, end) = ("<!-- table -->\n", "<!-- end of table -->");
    let (head, rest) = page.split_once(begin).expect("the table has its marks");
    let (written, tail) = rest.split_once(end).expect("the table has its marks");
    let table = table_of_keys();
    if std::env::var_os("KWARTIER_BLESS").is_some() {
        std::fs::write(path, format!("{head}{begin}{table}{end}{tail}")).expect("it can be written");
        return;
    }
    assert!(written == table, "docs/keys.md is stale: run KWARTIER_BLESS=1 cargo test --test scenarios keys\n{table}");
}
