//! The program as a person meets it: help, exit codes, what goes to stdout and what to stderr.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use tempfile::TempDir;

/// Four homes, one of them alone in its group, and a cooperative; short steps are not needed here.
const GOOD: &str = r#"
[scenario]
name = "Test"
start = 2027-01-01
step_minutes = 60
shapes = 8

[[homes]]
id = "row"
count = 3
pv = { fraction = 0.67, peak_kwp = 4 }

[[homes]]
id = "farm"
count = 1
annual_kwh = 9000
battery = { capacity_kwh = 10, power_kw = 5 }

[cooperative]

[sharing]
key = "pro-rata"
"#;

/// A scenario of which each row of a table is a community.
const LAND: &str = r#"
[scenario]
name = "Land"
about = "Three villages, two of them under one sky."
start = 2027-01-01
step_minutes = 60
shapes = 8

[[homes]]
id = "row"
count = 3
pv = { fraction = 0.67, peak_kwp = 4 }

[[homes]]
id = "flat"
count = 2

[cooperative]
plants = [{ id = "roof", kind = "pv", peak_kwp = 10.0 }]

[sharing]
key = "pro-rata"

[neighbourhoods]
file = "villages.csv"
"#;

const VILLAGES: &str = "id,name,latitude_deg,longitude_deg,row,flat\n\
                        binnenveld,Binnenveld,52.1,5.18,12,3\nbuitenhof,,52.11,5.19,4,20\nover,Over het water,53.2,6.5,0,0\n";

/// What a command said.
struct Said {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Said {
    /// All of it, for a snapshot.
    fn all(&self) -> String {
        format!("exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

/// A folder with scenarios to work in: so paths are the same everywhere.
fn folder() -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let bad = GOOD.replace("count = 3", "cuont = 3").replace("pro-rata", "fair");
    let odd = GOOD.replace("[cooperative]", "");
    let wrong_land = LAND.replace("villages", "wrong");
    let wrong_table = VILLAGES.replace("buitenhof", "binnenveld");
    for (name, text) in [
        ("good.toml", GOOD),
        ("bad.toml", &bad),
        ("odd.toml", &odd),
        ("land.toml", LAND),
        ("villages.csv", VILLAGES),
        ("wrong_land.toml", &wrong_land),
        ("wrong.csv", &wrong_table),
    ] {
        std::fs::write(folder.path().join(name), text).expect("it can be written");
    }
    folder
}

fn kwartier_in(folder: &Path, words: &[&str]) -> Said {
    let output = Command::new(env!("CARGO_BIN_EXE_kwartier"))
        .args(words)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("FORCE_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
    Said {
        code: output.status.code().expect("no signal ended it"),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

fn kwartier(words: &[&str]) -> Said {
    kwartier_in(folder().path(), words)
}

fn snapshots() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/cli");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind_to_scope()
}

#[test]
fn help_of_the_program_and_of_every_command() {
    let _snapshots = snapshots();
    let commands: [&[&str]; 20] = [
        &[],
        &["run"],
        &["check"],
        &["explain"],
        &["explain", "quarter"],
        &["explain", "bill"],
        &["settle"],
        &["share"],
        &["rules"],
        &["rules", "list"],
        &["rules", "show"],
        &["rules", "try"],
        &["inspect"],
        &["inspect", "weather"],
        &["inspect", "prices"],
        &["inspect", "loads"],
        &["metrics"],
        &["schema"],
        &["new"],
        &["bench"],
    ];
    for command in commands {
        let said = kwartier(&[command, &["--help"]].concat());
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{command:?}");
        insta::assert_snapshot!(format!("help {}", command.join(" ")).trim().replace(' ', "_"), said.stdout);
    }
    let program = kwartier(&["--help"]).stdout;
    let listed = program.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    for line in listed {
        let name = line.split_whitespace().next().expect("a command");
        let is_shown = name == "help" || commands.iter().any(|command| command.first() == Some(&name));
        assert!(is_shown, "`{name}` has no snapshot of its help");
    }
}

#[test]
fn every_metric_is_listed_with_unit_and_definition() {
    let _snapshots = snapshots();
    let said = kwartier(&["metrics"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    insta::assert_snapshot!("metrics", said.stdout);
    let json: Json = serde_json::from_str(&kwartier(&["metrics", "--format", "json"]).stdout).expect("it is JSON");
    let metrics = json["metrics"].as_object().expect("an object");
    assert!(metrics.values().all(|metric| metric["unit"].is_string() && metric["definition"].is_string()));
}

#[test]
fn a_wrong_command_line_exits_with_2_and_says_so_on_stderr() {
    let _snapshots = snapshots();
    for (name, words) in [
        ("usage_nothing", &[][..]),
        ("usage_unknown_command", &["ruN"]),
        ("usage_no_file", &["run"]),
        ("usage_unknown_option", &["run", "good.toml", "--thread", "2"]),
        ("usage_seed", &["run", "good.toml", "--seed", "many"]),
        ("usage_series_without_out", &["run", "good.toml", "--series", "homes"]),
        ("usage_missing_file", &["run", "goood.toml"]),
        ("usage_set", &["run", "good.toml", "--set", "homes.rwo.count=2"]),
        ("usage_unknown_neighbourhood", &["run", "land.toml", "--neighbourhood", "binnenvelt"]),
        ("usage_no_neighbourhoods", &["run", "good.toml", "--neighbourhood", "binnenveld"]),
        ("usage_which_neighbourhood", &["inspect", "loads", "land.toml"]),
        ("usage_series_of_a_table", &["run", "land.toml", "--series", "homes", "--out", "land"]),
        ("usage_bench_no_file", &["bench", "--against", "gone.json"]),
        ("usage_bench_other_file", &["bench", "--against", "good.toml"]),
        ("usage_bench_tolerance", &["bench", "--against", "gone.json", "--tolerance", "much"]),
        ("usage_wrong_table", &["run", "wrong_land.toml", "--neighbourhood", "over"]),
    ] {
        let said = kwartier(words);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{name}");
        insta::assert_snapshot!(name, said.stderr);
    }
}

#[test]
fn check_tells_all_and_exits_with_2_only_for_faults() {
    let _snapshots = snapshots();
    for (name, words, code) in [
        ("check_good", &["check", "good.toml"][..], 0),
        ("check_odd", &["check", "odd.toml"], 0),
        ("check_bad", &["check", "bad.toml"], 2),
        ("check_all", &["check", "good.toml", "bad.toml", "odd.toml", "gone.toml"], 2),
        ("check_table", &["check", "land.toml", "wrong_land.toml"], 2),
        ("check_quiet", &["check", "--quiet", "good.toml", "odd.toml"], 0),
        ("check_json", &["check", "--format", "json", "good.toml", "bad.toml", "odd.toml"], 2),
    ] {
        let said = kwartier(words);
        assert_eq!(said.code, code, "{name}: {}", said.stderr);
        insta::assert_snapshot!(name, said.all());
    }
}

#[test]
fn a_table_of_neighbourhoods_gives_totals_and_a_row_for_each() {
    let _snapshots = snapshots();
    let folder = folder();
    let said = kwartier_in(folder.path(), &["run", "land.toml", "--out", "results"]);
    insta::assert_snapshot!("run_table", said.all());
    let json = kwartier_in(folder.path(), &["run", "land.toml", "--format", "json"]);
    assert_eq!((json.code, json.stderr.as_str()), (0, ""));
    let mut json: Json = serde_json::from_str(&json.stdout).expect("it is JSON");
    let each = json.as_object_mut().and_then(|json| json.remove("neighbourhoods")).expect("neighbourhoods");
    let written = std::fs::read_to_string(folder.path().join("results/summary.json")).expect("a summary");
    assert_eq!(json, serde_json::from_str::<Json>(&written).expect("it is JSON"), "summary.json holds the totals");
    let names = |each: &Json| ["id", "name"].map(|key| each[key].as_str().unwrap_or_default().to_owned());
    let ids: Vec<[String; 2]> = each.as_array().into_iter().flatten().map(names).collect();
    assert_eq!(ids, [["binnenveld", "Binnenveld"], ["buitenhof", "buitenhof"], ["over", "Over het water"]]);
    assert_eq!(each[1]["metrics"]["community.homes"], 24);
    assert_eq!(each[2]["metrics"]["community.self_sufficiency"], Json::Null);
    assert_eq!(json["metrics"]["total.homes"]["value"], 39);
}

#[test]
fn every_command_takes_one_neighbourhood_of_a_table() {
    let of = |words: &[&str]| {
        let said = kwartier(words);
        assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{words:?}");
        said.stdout
    };
    let one = ["--neighbourhood", "buitenhof"];
    assert!(of(&[&["run", "land.toml"], &one[..]].concat()).starts_with("Land: buitenhof\n"));
    of(&[&["inspect", "weather", "land.toml"], &one[..]].concat());
    assert!(of(&[&["inspect", "prices", "land.toml"], &one[..]].concat()).starts_with("synthetic price, seed 1, of"));
    assert!(of(&[&["inspect", "loads", "land.toml"], &one[..]].concat()).starts_with("24 of 24 homes"));
    let quarter = ["explain", "quarter", "land.toml", "--home", "flat-20", "--at", "2027-06-21T12:00"];
    assert!(of(&[&quarter[..], &one].concat()).contains("flat-20"));
}

#[test]
fn results_go_to_stdout_and_warnings_to_stderr() {
    let good = kwartier(&["run", "good.toml"]);
    assert_eq!((good.code, good.stderr.as_str()), (0, ""));
    assert!(good.stdout.contains("Test"), "{}", good.stdout);
    let odd = kwartier(&["run", "odd.toml"]);
    assert_eq!(odd.code, 0);
    assert!(odd.stderr.contains("kwartier::sharing::no_members") && !odd.stdout.contains("no_members"));
    let quiet = kwartier(&["run", "odd.toml", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
    assert_eq!(quiet.stdout, odd.stdout);
}

#[test]
fn a_wrong_scenario_prints_no_results_and_writes_nothing() {
    let folder = folder();
    let said = kwartier_in(folder.path(), &["run", "bad.toml", "--out", "results"]);
    assert_eq!((said.code, said.stdout.as_str()), (2, ""));
    assert!(said.stderr.contains("2 faults to mend"), "{}", said.stderr);
    assert!(!folder.path().join("results").exists());
}

#[test]
fn the_summary_as_json_names_every_metric() {
    let said = kwartier(&["run", "good.toml", "--format", "json"]);
    let json: Json = serde_json::from_str(&said.stdout).expect("it is JSON");
    assert_eq!(json["schema"], 1);
    assert_eq!(json["metrics"]["community.homes"]["value"], 4);
}

#[test]
fn another_seed_and_set_change_the_run() {
    let as_written = kwartier(&["run", "good.toml"]).stdout;
    assert_eq!(as_written, kwartier(&["run", "good.toml", "--seed", "1"]).stdout);
    assert_ne!(as_written, kwartier(&["run", "good.toml", "--seed", "2"]).stdout);
    assert_ne!(as_written, kwartier(&["run", "good.toml", "--set", "homes.row.pv.fraction=0"]).stdout);
}

#[test]
fn the_schema_is_json_and_knows_every_key_of_the_scenarios() {
    let said = kwartier(&["schema"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let schema: Json = serde_json::from_str(&said.stdout).expect("it is JSON");
    assert_eq!(schema["additionalProperties"], false);
    for key in ["scenario", "place", "weather", "homes", "businesses", "cooperative", "sharing", "inherits"] {
        assert!(schema["properties"][key]["description"].is_string(), "{key}");
    }
    let reference = kwartier(&["schema", "--reference"]).stdout;
    assert!(reference.starts_with("# The scenario language"));
}

#[test]
fn new_writes_a_scenario_that_is_good_and_never_over_another() {
    let _snapshots = snapshots();
    let folder = folder();
    let first = kwartier_in(folder.path(), &["new", "Ons dorp"]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    insta::assert_snapshot!("new", first.all());
    let path = folder.path().join("Ons dorp.toml");
    let text = std::fs::read_to_string(&path).expect("it was written");
    assert!(text.contains("name = \"Ons dorp\""));
    let check = kwartier_in(folder.path(), &["check", "Ons dorp.toml"]);
    assert_eq!((check.code, check.stdout.as_str()), (0, "Ons dorp.toml: good\n"), "{}", check.stderr);
    std::fs::write(&path, "# mine\n").expect("it can be written");
    let again = kwartier_in(folder.path(), &["new", "Ons dorp"]);
    assert_eq!(again.code, 2);
    insta::assert_snapshot!("new_again", again.all());
    assert_eq!(std::fs::read_to_string(&path).expect("it is still there"), "# mine\n");
}

#[test]
fn explain_reads_times_with_and_without_an_offset() {
    let at = |time: &str| kwartier(&["explain", "quarter", "good.toml", "--home", "row-1", "--at", time]);
    let local = at("2027-06-21T12:20");
    assert_eq!((local.code, local.stderr.as_str()), (0, ""));
    assert!(local.stdout.contains("2027-06-21T10:00:00Z"), "{}", local.stdout);
    assert_eq!(local.stdout, at("2027-06-21T10:20Z").stdout);
    assert_eq!(local.stdout, at("2027-06-21T12:20+02:00").stdout);
    assert_ne!(local.stdout, at("2027-06-21T12:20Z").stdout);
}

#[test]
fn a_group_of_one_is_also_addressed_by_its_id() {
    let of = |home: &str| kwartier(&["explain", "quarter", "good.toml", "--home", home, "--at", "2027-06-21T12:00"]);
    assert_eq!(of("farm").stdout, of("farm-1").stdout);
    assert_eq!(of("farm").code, 0);
}

#[test]
fn explain_refuses_what_is_no_instant_of_the_run_or_no_home() {
    let _snapshots = snapshots();
    for (name, home, at) in [
        ("explain_repeated", "row-1", "2027-10-31T02:15"),
        ("explain_skipped", "row-1", "2027-03-28T02:15"),
        ("explain_outside", "row-1", "2029-06-21T12:00"),
        ("explain_just_outside", "row-1", "2027-12-31T23:00Z"),
        ("explain_no_time", "row-1", "noon"),
        ("explain_near_home", "rwo-1", "2027-06-21T12:00"),
        ("explain_no_home", "castle", "2027-06-21T12:00"),
    ] {
        let said = kwartier(&["explain", "quarter", "good.toml", "--home", home, "--at", at]);
        assert_eq!((said.code, said.stdout.as_str()), (2, ""), "{name}");
        insta::assert_snapshot!(name, said.stderr);
    }
    // Both readings of the repeated hour are accepted.
    for at in ["2027-10-31T00:15:00Z", "2027-10-31T01:15:00Z"] {
        assert_eq!(kwartier(&["explain", "quarter", "good.toml", "--home", "row-1", "--at", at]).code, 0);
    }
}

#[test]
fn a_folder_that_cannot_be_written_exits_with_3() {
    let said = kwartier(&["run", "good.toml", "--out", "good.toml/results"]);
    assert_eq!((said.code, said.stdout.as_str()), (3, ""), "{}", said.stderr);
    assert!(said.stderr.starts_with("error: ") && said.stderr.contains("good.toml"), "{}", said.stderr);
}

#[test]
fn the_scenarios_of_the_house_are_good() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("it can be listed").file_name().into_string().expect("a plain name"))
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    let words: Vec<&str> = std::iter::once("check").chain(files.iter().map(String::as_str)).collect();
    let said = kwartier_in(&folder, &words);
    // The one that is far from the built-in climate is told so, and nothing else is said.
    let codes: Vec<&str> = said.stderr.lines().filter(|line| line.starts_with("kwartier::")).collect();
    assert_eq!((said.code, codes), (0, vec!["kwartier::weather::far_from_de_bilt"]), "{}", said.stderr);
    assert!(said.stderr.contains("comunita.toml"), "{}", said.stderr);
    let warned = |file: &str| if file == "comunita.toml" { ", 1 warning" } else { "" };
    let verdicts: Vec<String> = files.iter().map(|file| format!("{file}: good{}", warned(file))).collect();
    assert_eq!(said.stdout.lines().collect::<Vec<_>>(), verdicts);
}

#[test]
fn a_benchmark_is_compared_with_an_earlier_one_and_exits_with_1_where_it_does_not_hold() {
    let folder = folder();
    let words = ["bench", "--size", "20", "--runs", "1", "--threads", "1"];
    let run = |more: &[&str]| kwartier_in(folder.path(), &[&words, more].concat());
    let said = run(&["--format", "json"]);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""));
    let saved: Json = serde_json::from_str(&said.stdout).expect("it is JSON");
    let result = &saved["results"][0];
    for key in
        ["homes", "ns_per_home_step", "ns_per_home_step_rules", "home_years_per_second", "peak_memory_bytes", "threads"]
    {
        assert!(result[key].is_number(), "{key} in {saved}");
    }
    assert!(result["vector"].is_string() && result["checksum"].as_str().is_some_and(|sum| sum.len() == 32));
    let write = |name: &str, key: &str, value: Json| {
        let mut changed = saved.clone();
        changed["results"][0][key] = value;
        std::fs::write(folder.path().join(name), changed.to_string()).expect("the folder can be written");
    };
    // Whatever this machine does meanwhile: it is never a million times slower, and always slower than nothing.
    write("slow.json", "ns_per_home_step", Json::from(1e9));
    let holds = run(&["--against", "slow.json", "--tolerance", "100%"]);
    assert_eq!((holds.code, holds.stderr.as_str()), (0, ""), "{}", holds.stdout);
    assert!(holds.stdout.contains("-100.0 %"), "{}", holds.stdout);
    write("fast.json", "ns_per_home_step", Json::from(1e-9));
    let slower = run(&["--against", "fast.json", "--tolerance", "0.5"]);
    assert_eq!(slower.code, 1);
    assert!(slower.stderr.starts_with("does not hold: 20 homes on 1 thread: "), "{}", slower.stderr);
    assert!(slower.stderr.contains("(at most 50.0 %)"), "{}", slower.stderr);
    write("other.json", "checksum", Json::from("0123"));
    let other = run(&["--against", "other.json", "--tolerance", "1000000%"]);
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("other results, checksum ") && other.stderr.contains("instead of 0123"));
    write("other_rules.json", "checksum_rules", Json::from("0123"));
    let other = run(&["--against", "other_rules.json", "--tolerance", "1000000%"]);
    assert_eq!(other.code, 1);
    assert!(other.stderr.contains("other results with rules, checksum "), "{}", other.stderr);
    // What an earlier version wrote has no rules, and is compared in what it has.
    let mut earlier = saved.clone();
    let fields = earlier["results"][0].as_object_mut().expect("a result");
    assert!(fields.remove("ns_per_home_step_rules").is_some() && fields.remove("checksum_rules").is_some());
    std::fs::write(folder.path().join("earlier.json"), earlier.to_string()).expect("the folder can be written");
    let earlier = run(&["--against", "earlier.json", "--tolerance", "1000000%"]);
    assert_eq!((earlier.code, earlier.stderr.as_str()), (0, ""));
    write("another_size.json", "homes", Json::from(21));
    let none = run(&["--against", "another_size.json"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("nothing to compare"), "{}", none.stderr);
}
