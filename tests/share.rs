//! `kwartier share` as a user meets it: the worked cases of each country's key, and what is said where the input is wrong.

mod common {
    pub(crate) mod command;
}

use std::path::PathBuf;

use common::command::{kwartier, printed, word};
use kwartier::scenario::sharing::{self, NAMED};
use rstest::rstest;
use serde_json::Value as Json;
use tempfile::TempDir;

/// What the cases are exact to, kWh.
const EXACT_KWH: f64 = 1e-9;

/// Three that need 2, 5 and 3 kWh, and a roof that has ten, in a quarter-hour.
const QUARTER: &str = "time,id,import_kwh,export_kwh\n\
     2026-06-01T12:00:00Z,a,2,0\n2026-06-01T12:00:00Z,b,5,0\n2026-06-01T12:00:00Z,c,3,0\n2026-06-01T12:00:00Z,roof,0,10\n";

/// An hour in which a flat draws in other quarters than the roof feeds in.
const HOUR: &str = "time,id,import_kwh,export_kwh\n\
     2026-06-01T12:00:00Z,flat-1,0.5,0\n2026-06-01T12:00:00Z,roof,0,0\n\
     2026-06-01T12:15:00Z,flat-1,0,0\n2026-06-01T12:15:00Z,roof,0,1\n\
     2026-06-01T12:30:00Z,flat-1,0.5,0\n2026-06-01T12:30:00Z,roof,0,0\n\
     2026-06-01T12:45:00Z,flat-1,1,0\n2026-06-01T12:45:00Z,roof,0,0\n";

struct Case {
    folder: TempDir,
}

impl Case {
    fn new(readings: &str, key: Option<&str>) -> Case {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("readings.csv"), readings).expect("it can be written");
        if let Some(key) = key {
            std::fs::write(folder.path().join("key.toml"), key).expect("it can be written");
        }
        Case { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn words(&self, key: &str) -> Vec<String> {
        let key = if key == "key.toml" { word(&self.path(key)).to_owned() } else { key.to_owned() };
        ["share", "--key", &key, "--readings", word(&self.path("readings.csv"))].map(str::to_owned).to_vec()
    }

    /// What was shared, `(time, id, in, out)`.
    fn shared(&self, key: &str, more: &[&str]) -> Vec<Json> {
        let words = self.words(key);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let said = printed(&[&words[..], &["--format", "json"]].concat());
        let json: Json = serde_json::from_str(&said).expect("it is JSON");
        json["sharing"].as_array().expect("a list").clone()
    }

    /// Exit code and what was said on stderr, with the folder left out.
    fn refused(&self, key: &str, more: &[&str]) -> (i32, String) {
        let words = self.words(key);
        let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
        let output = kwartier(&words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code().expect("it ended by itself"), said)
    }
}

fn of(rows: &[Json], field: &str) -> Vec<f64> {
    rows.iter().map(|row| row[field].as_f64().expect("a number")).collect()
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= EXACT_KWH, "{found} is not {expected}");
    }
}

#[rstest]
// T-ES-01: 0.3, 0.3, 0.4 of 10 kWh.
#[case("es", &["--shares", "a=0.3,b=0.3,c=0.4"], &[2.0, 3.0, 3.0, 0.0], 8.0)]
#[case("be-flanders-fixed", &["--shares", "a=0.3,b=0.3,c=0.4"], &[2.0, 3.0, 3.0, 0.0], 8.0)]
#[case("be-flanders-optimal", &["--shares", "a=0.3,b=0.3,c=0.4"], &[2.0, 5.0, 3.0, 0.0], 10.0)]
#[case("sk", &["--shares", "a=0.3,b=0.3,c=0.4"], &[2.0, 5.0, 3.0, 0.0], 10.0)]
#[case("equal", &[], &[2.0, 2.5, 2.5, 0.0], 7.0)]
#[case("pro-rata", &[], &[2.0, 5.0, 3.0, 0.0], 10.0)]
#[case("none", &[], &[0.0, 0.0, 0.0, 0.0], 0.0)]
fn a_key_divides_a_quarter_hour(
    #[case] key: &str,
    #[case] more: &[&str],
    #[case] received: &[f64],
    #[case] given: f64,
) {
    let rows = Case::new(QUARTER, None).shared(key, more);
    close(&of(&rows, "shared_in_kwh"), received);
    close(&of(&rows, "shared_out_kwh"), &[0.0, 0.0, 0.0, given]);
    assert_eq!(rows[0]["time"], "2026-06-01T12:00:00Z");
}

#[test]
fn spain_gives_unused_coefficients_to_their_owners() {
    let rows = Case::new(QUARTER, None).shared("es", &["--shares", "a=0.3,b=0.3,c=0.4"]);
    close(&of(&rows, "own_surplus_in_kwh"), &[1.0, 0.0, 1.0, 0.0]);
    close(&of(&rows, "own_surplus_out_kwh"), &[0.0, 0.0, 0.0, 2.0]);
}

#[test]
fn italy_shares_by_the_hour_what_quarter_hours_would_not() {
    let case = Case::new(HOUR, None);
    close(&of(&case.shared("pro-rata", &[]), "shared_in_kwh"), &[0.0; 8]);
    // min(1 injected, 2 withdrawn) = 1, in proportion to what was drawn in each quarter.
    let rows = case.shared("it", &[]);
    close(&of(&rows, "shared_in_kwh"), &[0.25, 0.0, 0.0, 0.0, 0.25, 0.0, 0.5, 0.0]);
    close(&of(&rows, "shared_out_kwh"), &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
}

#[rstest]
// Czechia: the roof gives 60 % and 40 % of 10, the mill then half each of 4 to those who still need; five passes.
#[case(
    "[sharing]\nkey = \"cz\"\norder = [\"roof\", \"mill\"]\n\
     matrix = { roof = { a = 0.6, b = 0.4 }, mill = { a = 0.5, b = 0.5 } }\nrepeat = 1\n",
    &[2.0, 5.0, 0.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 6.0, 1.0]
)]
#[case(
    "[sharing]\nkey = \"fr-full-dynamic\"\nmatrix = { roof = { a = 0.1, c = 0.5 }, mill = { a = 0.5, c = 0.25 } }\n",
    &[2.0, 0.0, 3.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 2.0 / 3.0 + 2.5, 4.0 / 3.0 + 0.5]
)]
// Two rounds: a tenth of what there is for c alone, the rest by priority.
#[case(
    "[sharing]\n[[sharing.rounds]]\nmethod = \"pro-rata\"\nwho = [\"c\"]\nmax_part = 0.1\n\
     [[sharing.rounds]]\nmethod = \"priority\"\norder = [\"b\", \"a\"]\nfrom = [\"mill\"]\n",
    &[0.0, 3.6, 1.4, 0.0, 0.0], &[0.0, 0.0, 0.0, 1.0, 4.0]
)]
#[case(
    "[sharing]\nkey = \"at-dynamic\"\nparticipation = { b = 0.4, roof = 0.1, mill = 0.5 }\n",
    &[6.0 / 7.0, 6.0 / 7.0, 9.0 / 7.0, 0.0, 0.0], &[0.0, 0.0, 0.0, 1.0, 2.0]
)]
fn a_file_says_how(#[case] key: &str, #[case] received: &[f64], #[case] given: &[f64]) {
    let readings = format!("{QUARTER}2026-06-01T12:00:00Z,mill,0,4\n");
    let rows = Case::new(&readings, Some(key)).shared("key.toml", &[]);
    close(&of(&rows, "shared_in_kwh"), received);
    close(&of(&rows, "shared_out_kwh"), given);
}

#[test]
fn every_named_key_is_read_and_fits() {
    for (name, text) in NAMED {
        let more =
            "shares = { a = 0.3, b = 0.7 }\norder = [\"roof\", \"a\"]\nmatrix = { roof = { a = 0.5, b = 0.5 } }\n";
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("key.toml");
        std::fs::write(&file, format!("[sharing]\nkey = \"{name}\"\n{more}")).expect("it can be written");
        let mut faults = Vec::new();
        let key =
            sharing::read(word(&file), &[], &mut faults).and_then(|key| key.key_of(&["a", "b", "roof"], &mut faults));
        assert!(key.is_some() && faults.is_empty(), "{name}: {faults:?}");
        assert!(text.contains("about = ") && text.contains("source = "), "{name}");
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("scenarios/sharing/{name}.toml"));
        assert!(file.exists(), "{name}");
    }
}

#[test]
fn a_group_has_its_part_together() {
    let readings = "time,id,import_kwh,export_kwh\n\
         2026-06-01T12:00:00Z,flat-1,9,0\n2026-06-01T12:00:00Z,flat-2,9,0\n2026-06-01T12:00:00Z,row,9,0\n\
         2026-06-01T12:00:00Z,roof,0,10\n";
    let rows = Case::new(readings, None).shared("static", &["--shares", "flat=0.6,row=0.4"]);
    close(&of(&rows, "shared_in_kwh"), &[3.0, 3.0, 4.0, 0.0]);
}

#[rstest]
#[case("unknown_key_name", "nope", QUARTER, None, &["sharing::key"])]
#[case("static_without_shares", "static", QUARTER, None, &["sharing::shares"])]
#[case("priority_without_an_order", "priority", QUARTER, None, &["sharing::order"])]
#[case("pairwise_without_a_matrix", "cz", QUARTER, None, &["sharing::matrix"])]
#[case("a_file_without_the_section", "key.toml", QUARTER, Some("[share]\nkey = \"equal\"\n"), &["sharing::key"])]
#[case(
    "several_at_once", "key.toml", QUARTER,
    Some("[sharing]\nkey = \"static\"\nshares = { a = 0.5, bb = 0.4 }\nparticipation = { z = 0.5 }\n"),
    &["sharing::sum", "sharing::unknown_id", "sharing::unknown_id"]
)]
#[case(
    "keys_without_meaning", "key.toml", QUARTER,
    Some("[sharing]\n[[sharing.rounds]]\nmethod = \"pro-rata\"\nunused = \"owner\"\niterations = 3\nmax_part = 0.0\n"),
    &["sharing::meaning", "sharing::meaning", "sharing::max_part"]
)]
#[case(
    "shares_outside_of_who", "key.toml", QUARTER,
    Some("[sharing]\n[[sharing.rounds]]\nmethod = \"static\"\nwho = [\"a\"]\nshares = { a = 0.5, b = 0.5 }\n"),
    &["sharing::outside"]
)]
#[case(
    "a_giver_that_gives_too_much", "key.toml", QUARTER,
    Some("[sharing]\nkey = \"pairwise\"\nmatrix = { roof = { a = 0.9, b = 0.3 } }\n"),
    &["sharing::sum"]
)]
#[case(
    "an_interval_that_is_no_whole_number_of_steps", "key.toml", HOUR,
    Some("[sharing]\nkey = \"pro-rata\"\ninterval_minutes = 20\n"),
    &["sharing::interval"]
)]
#[case("a_step_without_a_reading", "pro-rata", "time,id,import_kwh,export_kwh\n2026-06-01T12:00:00Z,a,1,0\n2026-06-01T12:15:00Z,b,1,0\n", None, &["meters::gap", "meters::gap"])]
#[case("a_gap_between_steps", "pro-rata", "time,id,import_kwh,export_kwh\n2026-06-01T12:00:00Z,a,1,0\n2026-06-01T12:15:00Z,a,1,0\n2026-06-01T13:00:00Z,a,1,0\n", None, &["meters::gap"])]
#[case("an_empty_cell_and_a_clock", "pro-rata", "time,id,import_kwh,export_kwh\n2026-06-01T12:00,a,,0\n2026-06-01T12:00:00Z,,1,0\n", None, &["meters::time", "meters::number", "meters::unknown_id"])]
#[case("read_twice", "pro-rata", "time,id,import_kwh,export_kwh\n2026-06-01T12:00:00Z,a,1,0\n2026-06-01T12:00:00Z,a,1,0\n", None, &["meters::twice"])]
fn what_is_wrong_is_told_where_and_how_to_mend_it(
    #[case] name: &str,
    #[case] key: &str,
    #[case] readings: &str,
    #[case] file: Option<&str>,
    #[case] codes: &[&str],
) {
    let case = Case::new(readings, file);
    let (code, said) = case.refused(key, &[]);
    assert_eq!(code, 2, "{name}: {said}");
    let found: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("kwartier::")).collect();
    assert_eq!(found, codes, "{name}: {said}");
    assert_eq!(said.matches("help:").count(), codes.len(), "{name}: {said}");
}

#[test]
fn an_interval_that_is_cut_is_said_and_shared() {
    let half = HOUR.lines().take(5).collect::<Vec<&str>>().join("\n");
    let (code, said) = Case::new(&half, None).refused("it", &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("kwartier::sharing::cut_interval"), "{said}");
}

#[test]
fn the_table_adds_up_what_each_got_and_gave() {
    let case = Case::new(QUARTER, None);
    let words = case.words("pro-rata");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    insta::assert_snapshot!("share_table", printed(&words));
}

#[test]
fn with_the_grids_prices_the_gain_is_divided_and_who_would_leave_is_named() {
    let case = Case::new(QUARTER, None);
    let words = case.words("equal");
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.extend(["--import-eur-per-kwh", "0.30", "--export-eur-per-kwh", "0.10"]);
    let said = printed(&[&words[..], &["--format", "json"]].concat());
    let gain = &serde_json::from_str::<Json>(&said).expect("it is JSON")["gain"];
    let number = |json: &Json| json.as_f64().expect("a number");
    // Equal parts of 10 kWh over four: 2, 2.5 and 2.5 are taken, each saves or earns 0.10. Together they could share all 10.
    let as_shared = [("a", 0.2), ("b", 0.25), ("c", 0.25), ("roof", 0.7)];
    for (id, eur) in as_shared {
        assert!((number(&gain["as_shared_eur"][id]) - eur).abs() < 1e-9, "{gain}");
    }
    assert!((number(&gain["gain_eur"]) - 2.0).abs() < 1e-9);
    for division in gain["divisions"].as_array().expect("a list") {
        let sum: f64 = division["eur"].as_object().expect("members").values().map(number).sum();
        assert!((sum - 2.0).abs() < 1e-7, "{division}");
    }
    // The roof with all three gains 2 by sharing all, and got 1.4; it is the whole that would do better, which is no group
    // that leaves: of those that are, the roof with b and c gains 1.6 and got 1.2.
    assert_eq!(gain["leaving"]["ids"], serde_json::json!(["b", "c", "roof"]));
    assert!((number(&gain["leaving"]["excess_eur"]) - 0.4).abs() < 1e-9, "{gain}");
    assert!(printed(&words).contains("b, c, roof together would gain 0.40 EUR more by sharing among themselves alone"));
    words.extend(["--shared-eur-per-kwh", "0.10"]);
    assert!(printed(&words).contains("as shared: by this key, at 0.1000 EUR"));
    let (code, said) = case.refused("equal", &["--import-eur-per-kwh", "0.05", "--export-eur-per-kwh", "0.10"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("must be at least the export price"), "{said}");
}

#[test]
fn who_has_an_id_as_its_own_is_meant_by_it_alone() {
    let readings = "time,id,import_kwh,export_kwh\n2026-06-01T12:00:00Z,meter,10,0\n\
         2026-06-01T12:00:00Z,meter-2,10,0\n2026-06-01T12:00:00Z,zon,0,4\n";
    let rows = Case::new(readings, None).shared("static", &["--shares", "meter=0.5,meter-2=0.5"]);
    close(&of(&rows, "shared_in_kwh"), &[2.0, 2.0, 0.0]);
}
