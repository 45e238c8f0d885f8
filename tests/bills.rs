//! The bills of a run: the same by another way, the same for any number of threads, and explained to the step.

mod common {
    pub(crate) mod command;
}

use std::fmt::Write as _;
use std::path::Path;

use common::command::{command, kwartier, printed, word};
use serde_json::Value as Json;
use tempfile::TempDir;

/// A street that shares, with panels and a battery, from a year with netting into one without.
const STREET: &str = "[scenario]\nname = \"Street\"\nstart = 2026-07-01\nstep_minutes = 60\n\
    [[homes]]\nid = \"row\"\ncount = 6\nincome_eur = 30000\nannual_gas_m3 = 900\n\
    pv = { fraction = 0.5, peak_kwp = 6.0 }\nbattery = { fraction = 0.35, capacity_kwh = 5.0, power_kw = 2.5 }\n\
    [[businesses]]\nid = \"shop\"\nkind = \"shop\"\nannual_kwh = 20000\n\
    [cooperative]\n[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\npeak_kwp = 20\n\
    [sharing]\nkey = \"pro-rata\"\neur_per_kwh = 0.10\n\
    [rules]\nbook = \"nl\"\noperator = \"liander\"\nassume = \"last-known\"\n";

const FIXED: &str = "contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nimport_eur_per_kwh = 0.12\nexport_eur_per_kwh = 0.05\n\
    standing_eur_per_month = 6.25\ngas_eur_per_m3 = 0.45\n";
const TWO_RATE: &str = "contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"two-rate\"\nimport_eur_per_kwh = 0.13\nimport_low_eur_per_kwh = 0.10\n\
    export_eur_per_kwh = 0.05\ngas_eur_per_m3 = 0.45\n";
const DYNAMIC: &str = "contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"dynamic\"\nmarkup_eur_per_kwh = 0.0165\n\
    export_markup_eur_per_kwh = 0.005\ngas_eur_per_m3 = 0.45\n";

fn scenario(folder: &Path, contract: &str) -> std::path::PathBuf {
    let path = folder.join("street.toml");
    std::fs::write(&path, format!("{STREET}{contract}")).expect("the case is good");
    path
}

/// The rows of a CSV file, each a map from header to cell.
fn rows(path: &Path) -> Vec<std::collections::BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_path(path).expect("the case is good");
    reader.deserialize().map(|row| row.expect("the case is good")).collect()
}

fn cents(text: &str) -> i64 {
    (text.parse::<f64>().expect("the case is good") * 100.0).round() as i64
}

/// A key of rounds by two hours, at a price of each interval.
const ROUNDS: &str = "[sharing]\ninterval_minutes = 120\nprice = \"supply-demand-ratio\"\nimport_eur_per_kwh = 0.14\n\
    export_eur_per_kwh = 0.05\n[[sharing.rounds]]\nmethod = \"equal\"\nwho = [\"row\"]\nmax_part = 0.5\n[[sharing.rounds]]\nmethod = \"pro-rata\"\n";
const PRO_RATA: &str = "[sharing]\nkey = \"pro-rata\"\neur_per_kwh = 0.10\n";

#[test]
fn a_runs_bills_are_those_of_its_own_readings_settled() {
    for (contract, sharing) in [(FIXED, PRO_RATA), (TWO_RATE, PRO_RATA), (DYNAMIC, PRO_RATA), (FIXED, ROUNDS)] {
        let folder = TempDir::new().expect("the case is good");
        let path = scenario(folder.path(), contract);
        std::fs::write(&path, format!("{}{contract}", STREET.replace(PRO_RATA, sharing))).expect("the case is good");
        let out = folder.path().join("out");
        printed(&["run", word(&path), "--out", word(&out), "--series", "homes", "--quiet"]);
        let mut meters = String::from("time,id,import_kwh,export_kwh,generation_kwh\n");
        for row in rows(&out.join("homes.csv")) {
            writeln!(
                meters,
                "{},{},{},{},{}",
                row["time"], row["home"], row["import_kw"], row["export_kw"], row["generation_kw"]
            )
            .expect("the case is good");
        }
        let meters_path = folder.path().join("meters.csv");
        std::fs::write(&meters_path, meters).expect("the case is good");
        let settled = printed(&["settle", word(&path), "--meters", word(&meters_path), "--format", "json", "--quiet"]);
        let settled: Json = serde_json::from_str(&settled).expect("the case is good");
        let mut compared = 0;
        let ran = rows(&out.join("bills.csv"));
        for bill in settled["bills"].as_array().expect("the case is good") {
            // Gas is not in the readings.
            let is_of_gas = |line: &&Json| {
                ["rule", "what"].iter().any(|key| line[*key].as_str().expect("the case is good").contains("gas"))
            };
            let lines = bill["lines"].as_array().expect("the case is good").iter().filter(|line| !is_of_gas(line));
            for line in lines {
                let same = |row: &&std::collections::BTreeMap<String, String>| {
                    row["home"] == bill["id"]
                        && row["rule"] == line["rule"]
                        && row["what"] == line["what"]
                        && row["from"] == line["from"]
                        && row["rate_eur_per_unit"]
                            .parse::<f64>()
                            .is_ok_and(|rate| (rate - line["rate"].as_f64().expect("the case is good")).abs() < 2e-3)
                };
                let row = ran.iter().find(same).unwrap_or_else(|| panic!("{} {line}", bill["id"]));
                let difference = cents(&row["total_eur"])
                    - (line["total_eur"].as_f64().expect("the case is good") * 100.0).round() as i64;
                // The lanes are f32: a cent may fall the other way.
                assert!(difference.abs() <= 1, "{} {line} against {row:?}", bill["id"]);
                compared += 1;
            }
        }
        assert!(compared > 60, "{compared} lines");
    }
}

#[test]
fn bills_are_the_same_bytes_for_any_number_of_threads() {
    let folder = TempDir::new().expect("the case is good");
    let path = scenario(folder.path(), DYNAMIC);
    let run = |threads: &str| {
        let out = folder.path().join(threads);
        printed(&["run", word(&path), "--out", word(&out), "--threads", threads, "--quiet"]);
        ["bills.csv", "public.csv", "members.csv", "summary.json"]
            .map(|file| std::fs::read(out.join(file)).expect("the case is good"))
    };
    let one = run("1");
    assert!(one == run("2") && one == run("7"));
}

#[test]
fn the_ledger_is_zero_and_files_agree() {
    let folder = TempDir::new().expect("the case is good");
    let path = scenario(folder.path(), FIXED);
    let out = folder.path().join("out");
    let text = printed(&["run", word(&path), "--out", word(&out), "--quiet"]);
    assert!(text.contains("Ledger is zero: 0.00 EUR over all accounts"), "{text}");
    let bills = rows(&out.join("bills.csv"));
    let summary: Json = serde_json::from_slice(&std::fs::read(out.join("summary.json")).expect("the case is good"))
        .expect("the case is good");
    let metric =
        |name: &str| (summary["metrics"][name]["value"].as_f64().expect("the case is good") * 100.0).round() as i64;
    let of_homes: i64 = bills.iter().filter(|row| row["home"] != "roof").map(|row| cents(&row["total_eur"])).sum();
    assert_eq!(of_homes, metric("bills.total_eur"));
    let of_members: i64 = rows(&out.join("members.csv")).iter().map(|row| cents(&row["bill_eur"])).sum();
    assert_eq!(of_members, of_homes);
    let public = rows(&out.join("public.csv"));
    for party in ["members_eur", "cooperative_eur", "supplier_eur", "grid_operator_eur", "state_eur"] {
        assert!(public.iter().any(|row| row["is"] == "received" && cents(&row[party]) != 0), "{party}");
    }
    for row in &public {
        let sum: i64 = ["members_eur", "cooperative_eur", "supplier_eur", "grid_operator_eur", "state_eur"]
            .iter()
            .map(|party| cents(&row[*party]))
            .sum();
        assert_eq!(sum, 0, "{row:?}");
    }
    assert_eq!(metric("ledger.sum_eur"), 0);
    let state: i64 = public.iter().filter(|row| row["is"] == "received").map(|row| cents(&row["state_eur"])).sum();
    assert_eq!(state, metric("public.state_eur"));
    // Netting makes a difference only while it holds, and the state pays a part of it.
    let netting = public
        .iter()
        .find(|row| row["is"] == "difference" && row["rule"] == "nl.netting")
        .expect("netting holds until 2026-12-31");
    assert!(cents(&netting["members_eur"]) > 0 && cents(&netting["state_eur"]) < 0, "{netting:?}");
}

#[test]
fn months_and_the_true_up_come_to_the_bill_to_the_cent() {
    let folder = TempDir::new().expect("the case is good");
    for contract in [FIXED, DYNAMIC] {
        let path = scenario(folder.path(), contract);
        for home in ["row-1", "row-2", "row-3", "shop"] {
            let text = printed(&["explain", "bill", word(&path), "--home", home, "--format", "json", "--quiet"]);
            let bill: Json = serde_json::from_str(&text).expect("the case is good");
            let cents = |value: &Json| (value.as_f64().expect("the case is good") * 100.0).round() as i64;
            let months = bill["months"].as_array().expect("the case is good");
            let sum: i64 = months.iter().map(|month| cents(&month["total_eur"])).sum();
            assert_eq!((months.len(), sum + cents(&bill["true_up_eur"])), (12, cents(&bill["total_eur"])), "{home}");
            let lines: i64 =
                bill["lines"].as_array().expect("the case is good").iter().map(|line| cents(&line["total_eur"])).sum();
            assert_eq!(lines, cents(&bill["total_eur"]));
        }
    }
}

#[test]
fn a_line_goes_down_to_months_and_steps_that_add_up() {
    let folder = TempDir::new().expect("the case is good");
    let path = scenario(folder.path(), DYNAMIC);
    let text =
        printed(&["explain", "bill", word(&path), "--home", "row-1", "--line", "1", "--format", "json", "--quiet"]);
    let line: Json = serde_json::from_str(&text).expect("the case is good");
    let steps = line["steps"].as_array().expect("the case is good");
    assert_eq!(steps.len(), 12);
    let weights: Vec<f64> = steps.iter().map(|step| step["counts"].as_f64().expect("the case is good").abs()).collect();
    assert!(weights.windows(2).all(|pair| pair[0] >= pair[1]), "{weights:?}");
    for step in steps {
        let kwh = step["import_kw"].as_f64().expect("the case is good")
            - step["shared_in_kw"].as_f64().expect("the case is good");
        let eur = kwh * step["price_eur_per_kwh"].as_f64().expect("the case is good");
        assert!((eur - step["counts"].as_f64().expect("the case is good")).abs() < 1e-6, "{step}");
    }
    assert!(!line["periods"].as_array().expect("the case is good").is_empty());
    let beyond = kwartier(&["explain", "bill", word(&path), "--home", "row-1", "--line", "99", "--quiet"]);
    assert_eq!(beyond.status.code(), Some(2));
}

#[test]
fn without_rules_there_is_no_bill_to_explain_or_settle() {
    let folder = TempDir::new().expect("the case is good");
    let path = folder.path().join("street.toml");
    std::fs::write(&path, STREET.split("[rules]").next().expect("the case is good")).expect("the case is good");
    for words in
        [vec!["explain", "bill", word(&path), "--home", "row-1"], vec!["settle", word(&path), "--meters", "m.csv"]]
    {
        let output = command(&words).output().expect("the case is good");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains("[rules]"), "{said}");
    }
}

#[test]
fn members_together_pay_the_plant_a_price_between_the_grids() {
    let folder = TempDir::new().expect("the case is good");
    let path = folder.path().join("street.toml");
    let sharing = ROUNDS.replace("price =", "vat_fraction = 0\nprice =");
    std::fs::write(&path, format!("{}{FIXED}", STREET.replace(PRO_RATA, &sharing))).expect("the case is good");
    let out = folder.path().join("out");
    printed(&["run", word(&path), "--out", word(&out), "--quiet"]);
    let (mut eur, mut kwh) = (0.0, 0.0);
    for row in rows(&out.join("bills.csv")).iter().filter(|row| row["rule"] == "sharing.price") {
        let number = |column: &str| row[column].parse::<f64>().expect("a number");
        let rate = number("rate_eur_per_unit");
        assert!((0.05 - 1e-9..=0.14 + 1e-9).contains(&rate), "{row:?}");
        eur += number("total_eur");
        kwh += number("base").abs() * number("total_eur").signum();
    }
    assert!(kwh > 1_000.0 && (0.05..0.14).contains(&(eur / kwh)), "{eur} EUR for {kwh} kWh");
}
