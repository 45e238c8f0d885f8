//! Readings through rules into bills, as a user does it: `kwartier settle` on the worked cases, and the laws of every bill.

mod common {
    pub(crate) mod command;
}

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::command::{kwartier, printed, word};
use kwartier::finance::ledger::{Account, Ledger};
use kwartier::neighbourhood;
use kwartier::rules::bill::Bill;
use kwartier::rules::meters::{self, Asked};
use kwartier::rules::points;
use kwartier::rules::readings::Life;
use kwartier::rules::rulebook::Rulebook;
use kwartier::rules::settle::{Options, settle};
use kwartier::scenario;
use proptest::prelude::*;
use rstest::rstest;
use serde_json::Value as Json;
use tempfile::TempDir;

/// A scenario with one home, and `[rules]` with what a case says.
fn scenario_text(start: &str, rules: &str) -> String {
    format!(
        "[scenario]\nname = \"Case\"\nstart = {start}\n[[homes]]\nid = \"home\"\ncount = 1\n[[homes]]\nid = \"row\"\ncount = 3\n\
         [rules]\nbook = \"nl\"\n{rules}"
    )
}

/// A contract with these prices, without VAT.
fn contract(import: &str, export: &str) -> String {
    format!(
        "contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nimport_eur_per_kwh = {import}\n\
         export_eur_per_kwh = {export}\n"
    )
}

/// A fee for each kWh fed in, VAT included.
fn fee(eur_incl_vat: &str) -> String {
    format!(
        "[[rules.add]]\nid = \"our-fee\"\nkind = \"feed-in-fee\"\nvat_fraction = 0.21\neur_per_kwh_incl_vat = {eur_incl_vat}\n"
    )
}

struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new(scenario: &str, meters: &str) -> Folder {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("case.toml"), scenario).expect("it can be written");
        std::fs::write(folder.path().join("meters.csv"), meters).expect("it can be written");
        Folder { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn words(&self) -> (PathBuf, PathBuf) {
        (self.path("case.toml"), self.path("meters.csv"))
    }

    /// What `settle --format json` says.
    fn settled(&self) -> Json {
        let (case, meters) = self.words();
        let text = printed(&["settle", word(&case), "--meters", word(&meters), "--format", "json", "--quiet"]);
        serde_json::from_str(&text).expect("it is JSON")
    }

    /// What `settle` says of faults.
    fn refused(&self) -> String {
        let (case, meters) = self.words();
        let output = kwartier(&["settle", word(&case), "--meters", word(&meters)]);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).expect("faults are UTF-8")
    }
}

/// The bills of readings, as JSON.
fn bills(scenario: &str, meters: &str) -> Vec<Json> {
    Folder::new(scenario, meters).settled()["bills"].as_array().expect("a list").clone()
}

/// The only bill.
fn bill(scenario: &str, meters: &str) -> Json {
    let bills = bills(scenario, meters);
    assert_eq!(bills.len(), 1, "{bills:?}");
    bills[0].clone()
}

fn cents(value: &Json) -> i64 {
    (value.as_f64().expect("a number") * 100.0).round() as i64
}

fn total(bill: &Json) -> i64 {
    cents(&bill["total_eur"])
}

/// The sum of the lines of a rule, cents VAT included.
fn of_rule(bill: &Json, rule: &str) -> i64 {
    let lines = bill["lines"].as_array().expect("a list").iter();
    lines.filter(|line| line["rule"] == rule).map(|line| cents(&line["total_eur"])).sum()
}

const ENERGY_ONLY: &str = "off = [\"nl.tax-credit\"]\n";

#[test]
fn t_nl_01_a_fee_on_gross_feed_in_while_netting_is_on_the_net() {
    let rules = "off = [\"nl.tax-credit\", \"nl.energy-tax\"]\ncontract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\n\
                 import_eur_per_kwh_incl_vat = 0.25376\nexport_eur_per_kwh = 0.05\n";
    let scenario = scenario_text("2024-01-01", &format!("{rules}{}", fee("0.115")));
    let bill = bill(&scenario, "id,year,import_kwh,export_kwh\nhome,2024,2000,500\n");
    assert_eq!((of_rule(&bill, "ours"), of_rule(&bill, "our-fee"), total(&bill)), (38064, 5750, 43814));
}

#[test]
fn t_nl_02_netting_in_2026() {
    let scenario = scenario_text("2026-01-01", &format!("{ENERGY_ONLY}{}{}", contract("0.12", "0.06"), fee("0.10")));
    let bill = bill(&scenario, "id,year,import_kwh,export_kwh\nhome,2026,2800,2000\n");
    assert_eq!(of_rule(&bill, "our-fee"), 20000);
    assert_eq!(of_rule(&bill, "ours") + of_rule(&bill, "nl.energy-tax"), 20484);
    assert_eq!(total(&bill), 40484);
}

#[rstest]
#[case::no_fee("", 59693)]
#[case::a_fee_that_passes_the_test("0.05", 69693)]
#[case::a_fee_that_is_lowered_to_what_feed_in_earned("0.10", 71693)]
fn t_nl_04_the_floor_of_2027(#[case] eur_incl_vat: &str, #[case] expected: i64) {
    let fee = if eur_incl_vat.is_empty() { String::new() } else { fee(eur_incl_vat) };
    let rules = format!("assume = \"last-known\"\n{ENERGY_ONLY}{}{fee}", contract("0.12", "0.01"));
    let bill = bill(&scenario_text("2027-01-01", &rules), "id,year,import_kwh,export_kwh\nhome,2027,2800,2000\n");
    assert_eq!(of_rule(&bill, "nl.feed-in-floor"), -12000);
    assert_eq!(total(&bill), expected);
}

#[test]
fn a_fee_may_exceed_what_feed_in_earned_where_the_scenario_says_so() {
    let rules = format!(
        "assume = \"last-known\"\nfee_may_exceed = true\n{ENERGY_ONLY}{}{}",
        contract("0.12", "0.01"),
        fee("0.10")
    );
    let bill = bill(&scenario_text("2027-01-01", &rules), "id,year,import_kwh,export_kwh\nhome,2027,2800,2000\n");
    assert_eq!((of_rule(&bill, "our-fee"), total(&bill)), (20000, 79693));
}

#[rstest]
#[case(2024, 61008)]
#[case(2025, 57289)]
#[case(2026, 57574)]
fn t_nl_05_taxes_of_a_dwelling(#[case] year: i16, #[case] expected: i64) {
    let scenario = scenario_text(&format!("{year}-01-01"), "");
    let bill = bill(&scenario, &format!("id,year,import_kwh,export_kwh,gas_m3\nhome,{year},3000,0,1200\n"));
    assert_eq!(total(&bill), expected);
}

#[rstest]
#[case(12_000, 126_874, 153_518)]
#[case(60_000, 509_710, 616_749)]
fn t_nl_06_brackets(#[case] kwh: u32, #[case] excluding: i64, #[case] including: i64) {
    let scenario = scenario_text("2024-01-01", ENERGY_ONLY);
    let bill = bill(&scenario, &format!("id,year,import_kwh\nhome,2024,{kwh}\n"));
    let lines = bill["lines"].as_array().expect("the case is good");
    assert_eq!(lines.iter().map(|line| cents(&line["amount_eur"])).sum::<i64>(), excluding);
    assert_eq!(total(&bill), including);
}

#[test]
fn t_nl_08_a_network_tariff_by_the_day_in_a_leap_year() {
    let scenario = scenario_text("2024-01-01", "operator = \"liander\"\nonly = [\"nl.network-liander\"]\n");
    let bill = bill(&scenario, "id,year,days,import_kwh\nhome,2024,100,900\n");
    assert_eq!(total(&bill), 10954);
}

#[test]
fn t_nl_11_a_premium_is_capped_by_full_load_hours() {
    let plant = |kwh: u32| {
        let scenario = format!(
            "{}[cooperative]\n[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\npeak_kwp = 50\npremium = \"nl.sce-solar-small\"\n\
             premium_granted = 2024-01-01\n",
            scenario_text("2024-01-01", "")
        );
        let bill = bill(&scenario, &format!("id,year,generation_kwh\nroof,2024,{kwh}\n"));
        of_rule(&bill, "nl.sce-solar-small")
    };
    assert_eq!((plant(45_000), plant(60_000), plant(20_000)), (-9000, -9000, -4000));
}

#[test]
fn credits_and_brackets_count_by_the_day() {
    let scenario = scenario_text("2026-01-01", "only = [\"nl.tax-credit\", \"nl.energy-tax\"]\n");
    let bill = bill(&scenario, "id,year,days,import_kwh\nhome,2026,73,3000\n");
    // A fifth of the year: 519.80 / 5 with VAT; 2,000 kWh in the brackets up to 10,000 kWh, 1,000 above.
    assert_eq!(of_rule(&bill, "nl.tax-credit"), -12579);
    assert_eq!(of_rule(&bill, "nl.energy-tax"), 22170 + 8072);
}

#[test]
fn a_home_that_feeds_in_more_than_it_draws_is_paid_for_the_rest() {
    let scenario = scenario_text("2026-01-01", &format!("{ENERGY_ONLY}{}", contract("0.12", "0.06")));
    let bill = bill(&scenario, "id,year,import_kwh,export_kwh\nhome,2026,500,2000\n");
    assert_eq!(total(&bill), -9000);
}

#[test]
fn the_excess_of_the_low_register_is_set_off_against_the_normal_one() {
    let rules = "off = [\"nl.tax-credit\", \"nl.energy-tax\"]\ncontract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"two-rate\"\n\
                 import_eur_per_kwh = 0.20\nimport_low_eur_per_kwh = 0.10\nexport_eur_per_kwh = 0.05\n";
    let scenario = scenario_text("2026-01-01", rules);
    let meters = "id,year,import_kwh,import_low_kwh,export_kwh,export_low_kwh\nhome,2026,2000,800,1500,1000\n";
    // Normal: 1,200 − 500 = 700, less the 200 that the low register has left: 500 × 0.20 × 1.21.
    assert_eq!(total(&bill(&scenario, meters)), 12100);
}

#[test]
fn rounding_is_by_line_half_away_from_zero() {
    let scenario = scenario_text(
        "2026-01-01",
        &format!("off = [\"nl.tax-credit\", \"nl.energy-tax\"]\n{}", contract("0.125", "0")),
    );
    // 1.5 kWh × 0.125 = 0.1875 → 0.19; with VAT 0.226875 → 0.23.
    let bill = bill(&scenario, "id,year,import_kwh\nhome,2026,1.5\n");
    let line = &bill["lines"][0];
    assert_eq!((cents(&line["amount_eur"]), cents(&line["vat_eur"]), cents(&line["total_eur"])), (19, 4, 23));
}

/// A row of hourly readings for each hour of some days: import and export from the number of the hour.
fn hours(first: &str, count: u32, of: impl Fn(u32) -> (f64, f64)) -> String {
    let mut text = String::from("time,id,import_kwh,export_kwh\n");
    let start: jiff::Timestamp = first.parse().expect("the case is good");
    for hour in 0..count {
        let (import, export) = of(hour);
        let at = start + jiff::SignedDuration::from_hours(i64::from(hour));
        writeln!(text, "{at},home,{import},{export}").expect("the case is good");
    }
    text
}

#[test]
fn a_contract_that_straddles_2027_is_cut_there() {
    let rules = format!(
        "assume = \"last-known\"\ncontract_start = 2026-07-01\noff = [\"nl.tax-credit\", \"nl.energy-tax\"]\n{}",
        contract("0.12", "0.01")
    );
    let scenario = scenario_text("2026-07-01", &rules).replacen("start =", "step_minutes = 60\nstart =", 1);
    // The last day of netting and the first one without it: 24 × (1 kWh drawn, 1 kWh fed in).
    let bill = bill(&scenario, &hours("2026-12-30T23:00:00Z", 48, |_| (1.0, 1.0)));
    assert_eq!(bill["year"], 2026);
    // 24 × 0.12 × 1.21 drawn and 24 × 0.06 earned, on the second day alone.
    assert_eq!((of_rule(&bill, "ours"), of_rule(&bill, "nl.feed-in-floor")), (348, -144));
}

#[test]
fn yearly_readings_that_straddle_2027_are_divided_by_days_and_that_is_said() {
    let rules = format!(
        "assume = \"last-known\"\ncontract_start = 2026-07-01\noff = [\"nl.tax-credit\", \"nl.energy-tax\"]\n{}",
        contract("0.12", "0.01")
    );
    let folder =
        Folder::new(&scenario_text("2026-07-01", &rules), "id,year,import_kwh,export_kwh\nhome,2026,3650,3650\n");
    let bill = &folder.settled()["bills"][0];
    // 181 of 365 days without netting: 1,810 kWh each way.
    assert_eq!((of_rule(bill, "ours"), of_rule(bill, "nl.feed-in-floor")), (26281, -10860));
    let (case, meters) = folder.words();
    let said = kwartier(&["settle", word(&case), "--meters", word(&meters)]).stderr;
    assert!(String::from_utf8_lossy(&said).contains("meters::divided"));
}

/// A scenario with hourly prices of a file: −0.05 EUR/kWh at odd hours of UTC, 0.15 at even ones.
fn dynamic(folder_rules: &str, start: &str) -> (String, String) {
    let mut prices = String::from("time,price_eur_kwh\n");
    let begin: jiff::Timestamp = "2025-12-31T23:00:00Z".parse().expect("the case is good");
    for hour in 0..17_600_i64 {
        let price = if hour % 2 == 0 { "-0.05" } else { "0.15" };
        writeln!(prices, "{},{price}", begin + jiff::SignedDuration::from_hours(hour)).expect("the case is good");
    }
    let rules = format!(
        "{folder_rules}contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"dynamic\"\nmarkup_eur_per_kwh = 0.02\n\
         export_markup_eur_per_kwh = 0.01\n"
    );
    let scenario = scenario_text(start, &rules).replace(
        "[[homes]]\nid = \"home\"",
        "step_minutes = 60\n[market]\nsource = \"csv\"\nfile = \"prices.csv\"\n[[homes]]\nid = \"home\"",
    );
    (scenario, prices)
}

#[test]
fn each_kwh_keeps_its_own_hours_price_under_a_dynamic_contract() {
    let (scenario, prices) = dynamic("off = [\"nl.tax-credit\", \"nl.energy-tax\"]\n", "2026-01-01");
    // Draws 2 kWh in cheap hours, feeds in 1 kWh in dear ones: half of what is drawn is set off, at the price of its hour.
    let meters = hours("2025-12-31T23:00:00Z", 24, |hour| if hour % 2 == 0 { (2.0, 0.0) } else { (0.0, 1.0) });
    let folder = Folder::new(&scenario, &meters);
    std::fs::write(folder.path("prices.csv"), prices).expect("the case is good");
    let bill = &folder.settled()["bills"][0];
    // 24 × (−0.05 + 0.02) = −0.72; netted 12 × (0.15 + 0.02) = 2.04; both × 1.21.
    let amounts: Vec<i64> =
        bill["lines"].as_array().expect("the case is good").iter().map(|line| cents(&line["total_eur"])).collect();
    assert_eq!(amounts, [-87, -247]);
}

#[test]
fn what_is_left_after_netting_is_paid_at_its_hours_price_less_the_export_markup() {
    let (scenario, prices) = dynamic("off = [\"nl.tax-credit\", \"nl.energy-tax\"]\n", "2026-01-01");
    let meters = hours("2025-12-31T23:00:00Z", 24, |hour| if hour % 2 == 0 { (1.0, 0.0) } else { (0.0, 2.0) });
    let folder = Folder::new(&scenario, &meters);
    std::fs::write(folder.path("prices.csv"), prices).expect("the case is good");
    let bill = &folder.settled()["bills"][0];
    // Half is set off: −12 × 0.17 × 1.21; half is paid: −12 × (0.15 − 0.01).
    let amounts: Vec<i64> =
        bill["lines"].as_array().expect("the case is good").iter().map(|line| cents(&line["total_eur"])).collect();
    assert_eq!(amounts, [-44, -247, -168]);
}

#[test]
fn the_floor_holds_in_each_hour_under_a_dynamic_contract() {
    let (scenario, prices) =
        dynamic("assume = \"last-known\"\noff = [\"nl.tax-credit\", \"nl.energy-tax\"]\n", "2027-01-01");
    // Feeds in 1 kWh in every hour: at −0.05 the floor is half of (−0.05 + 0.02), above −0.05 − 0.01.
    let folder = Folder::new(&scenario, &hours("2026-12-31T23:00:00Z", 24, |_| (0.0, 1.0)));
    std::fs::write(folder.path("prices.csv"), prices).expect("the case is good");
    let bill = &folder.settled()["bills"][0];
    // 12 × 0.14 + 12 × −0.015.
    assert_eq!(total(bill), -150);
}

#[test]
fn yearly_registers_under_a_dynamic_contract_are_refused() {
    let rules =
        "contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"dynamic\"\nmarkup_eur_per_kwh = 0.02\n";
    let folder = Folder::new(&scenario_text("2026-01-01", rules), "id,year,import_kwh\nhome,2026,1000\n");
    let said = folder.refused();
    assert!(said.contains("meters::dynamic") && said.contains("intervals"), "{said}");
}

#[test]
fn what_nobody_has_entered_is_refused_with_the_key_to_set_unless_the_last_known_is_assumed() {
    let scenario = scenario_text("2027-01-01", &contract("0.12", "0.06"));
    let meters = "id,year,import_kwh\nhome,2027,1000\n";
    let said = Folder::new(&scenario, meters).refused();
    for needed in ["rules::unknown_number", "nl.energy-tax", "brackets", "last-known", "nl.tax-credit", "eur_per_year"]
    {
        assert!(said.contains(needed), "{needed} in {said}");
    }
    let assumed = scenario.replace("book = \"nl\"\n", "book = \"nl\"\nassume = \"last-known\"\n");
    let settled = Folder::new(&assumed, meters).settled();
    assert_eq!(settled["rules"]["assume"], "last-known");
    let lines = settled["bills"][0]["lines"].as_array().expect("the case is good");
    assert!(lines.iter().any(|line| line["rule"] == "nl.energy-tax" && line["assumed"] == true), "{lines:?}");
}

#[test]
fn days_before_the_first_numbers_are_refused_too() {
    let folder = Folder::new(&scenario_text("2023-01-01", ENERGY_ONLY), "id,year,import_kwh\nhome,2023,1000\n");
    let said = folder.refused();
    assert!(said.contains("rules::unknown_number") && said.contains("nl.energy-tax"), "{said}");
}

#[test]
fn an_entered_number_takes_the_place_of_the_unknown_one() {
    let rules = format!(
        "off = [\"nl.tax-credit\"]\n{}[[rules.replace]]\nid = \"energy-tax\"\nversions = [{{ valid_from = 2027-01-01, brackets = [{{ eur_per_kwh = 0.09 }}] }}]\n",
        contract("0.12", "0.06")
    );
    let settled = Folder::new(&scenario_text("2027-01-01", &rules), "id,year,import_kwh\nhome,2027,1000\n").settled();
    let bill = &settled["bills"][0];
    assert_eq!(of_rule(bill, "nl.energy-tax"), 10890);
    let in_force = settled["rules"]["in_force"].as_array().expect("the case is good");
    assert!(in_force.iter().any(|rule| rule["id"] == "nl.energy-tax" && rule["change"] == "changed by the scenario"));
}

#[test]
fn an_unknown_number_that_no_sum_needs_is_no_fault() {
    let scenario = scenario_text("2026-01-01", ENERGY_ONLY);
    // The rate above 10 GWh is not known in 2026; nobody reaches it.
    assert_eq!(total(&bill(&scenario, "id,year,import_kwh\nhome,2026,1000\n")), 11085);
    let said = Folder::new(&scenario, "id,year,import_kwh\nhome,2026,20000000\n").refused();
    assert!(said.contains("bracket without") && said.contains("eur_per_kwh"), "{said}");
}

#[test]
fn intervals_are_shared_by_the_key_and_settled() {
    let scenario = "[scenario]\nname = \"Case\"\nstart = 2026-01-01\nstep_minutes = 60\n[[homes]]\nid = \"row\"\ncount = 2\n[cooperative]\n\
                    [[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\npeak_kwp = 10\n[sharing]\neur_per_kwh = 0.10\nvat_fraction = 0.21\n\
                    [rules]\ncontract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nvat_fraction = 0.21\nimport_eur_per_kwh = 0.20\nexport_eur_per_kwh = 0.05\n";
    let mut meters = String::from("time,id,import_kwh,export_kwh,generation_kwh\n");
    for hour in 0..24 {
        let at = format!("2026-01-01T{hour:02}:00+01:00");
        let sun = if hour == 12 { 3 } else { 0 };
        writeln!(meters, "{at},row-1,3,0,\n{at},row-2,1,0,\n{at},roof,,,{sun}").expect("the case is good");
    }
    let settled = Folder::new(scenario, &meters).settled();
    let bills = settled["bills"].as_array().expect("the case is good");
    // At noon 3 kWh for 4 kWh of need: three quarters of each.
    let shared = |bill: &Json| of_rule(bill, "sharing.price");
    assert_eq!((shared(&bills[0]), shared(&bills[1])), (27, 9));
    assert_eq!(of_rule(&bills[0], "ours"), 1688);
    // The plant's output was taken whole: nothing is left for the supplier.
    assert_eq!(bills[2]["total_eur"], 0);
    // The same, step by step: three points in each of 24 hours.
    let sharing = settled["sharing"].as_array().expect("a list");
    assert_eq!(sharing.len(), 72);
    let noon: Vec<&Json> = sharing.iter().filter(|row| row["time"] == "2026-01-01T11:00:00Z").collect();
    let of = |key: &str| noon.iter().map(|row| row[key].as_f64().expect("a number")).collect::<Vec<f64>>();
    assert_eq!(
        noon.iter().map(|row| row["id"].as_str().expect("an id")).collect::<Vec<&str>>(),
        ["row-1", "row-2", "roof"]
    );
    assert!(of("shared_in_kwh").iter().zip([2.25, 0.75, 0.0]).all(|(found, kwh)| (found - kwh).abs() < 1e-12));
    assert!(of("shared_out_kwh").iter().zip([0.0, 0.0, 3.0]).all(|(found, kwh)| (found - kwh).abs() < 1e-12));
}

#[test]
fn a_bill_has_the_form_that_programs_read() {
    let scenario = scenario_text("2026-01-01", &contract("0.12", "0.06"));
    let bill = bill(&scenario, "id,year,import_kwh\nrow-2,2026,1000\n");
    assert_eq!((bill["id"].as_str(), bill["year"].as_i64()), (Some("row-2"), Some(2026)));
    for key in ["rule", "base", "rate", "amount_eur", "vat_eur", "total_eur"] {
        assert!(bill["lines"][0].get(key).is_some(), "{key}");
    }
}

// Laws.

/// A rulebook of a scenario, and what settles readings by it.
struct Settling {
    plan: scenario::plan::Plan,
    book: Rulebook,
}

impl Settling {
    fn new(text: &str) -> Settling {
        let folder = TempDir::new().expect("the case is good");
        let path = folder.path().join("case.toml");
        std::fs::write(&path, text).expect("the case is good");
        let plan = scenario::load(&path, &[], None).draft.expect("the scenario is good");
        let rules = plan.rules.as_ref().expect("it has rules");
        let book = Rulebook::read(rules, plan.shared_price.as_ref(), &mut Vec::new()).expect("the rules are good");
        Settling { plan, book }
    }

    fn bills(&self, meters: &str) -> Vec<Bill> {
        let folder = TempDir::new().expect("the case is good");
        let path = folder.path().join("meters.csv");
        std::fs::write(&path, meters).expect("the case is good");
        self.bills_of(&path)
    }

    fn bills_of(&self, path: &Path) -> Vec<Bill> {
        let homes = neighbourhood::homes(&self.plan);
        let points = points::of_plan(&self.plan, &homes);
        let calendar = self.plan.calendar().expect("the case is good");
        let (plan, book) = (&self.plan, &self.book);
        let asked = Asked { plan, points: &points, book, calendar: &calendar, prices_eur_per_kwh: None };
        let mut faults = Vec::new();
        let reads = meters::read(path, &asked, &mut faults).unwrap_or_else(|| panic!("{faults:?}"));
        let options = Options { life: Life::Actual, explains: false };
        let bills = reads.iter().flat_map(|read| {
            let spans = book.spans(&read.as_read, read.from, read.until);
            settle(book, &spans, &read.as_read, &read.readings, options).expect("all numbers are known")
        });
        bills.collect()
    }
}

fn row(import: u32, export: u32, gas: u32) -> String {
    let kwh = |thousandths: u32| f64::from(thousandths) / 1000.0;
    format!("id,year,import_kwh,export_kwh,gas_m3\nhome,2026,{},{},{}\n", kwh(import), kwh(export), kwh(gas))
}

fn all_rules(price: &str, fee_price: &str) -> String {
    let rules = format!(
        "operator = \"liander\"\ncontract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nimport_eur_per_kwh = {price}\n\
         export_eur_per_kwh = 0.06\nstanding_eur_per_month = 6.25\ngas_eur_per_m3 = 0.40\n"
    );
    scenario_text("2026-01-01", &format!("{rules}{}", fee(fee_price)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn vat_agrees_with_its_base_and_totals_are_sums_of_lines(import in 0_u32..20_000_000, export in 0_u32..9_000_000, gas in 0_u32..3_000_000) {
        let settling = Settling::new(&all_rules("0.123457", "0.0917"));
        let mut ledger = Ledger::default();
        for bill in settling.bills(&row(import, export, gas)) {
            let mut sum = 0;
            for line in &bill.lines {
                let vat: f64 = line.vat_fraction.to_string().parse().expect("the case is good");
                // Both are rounded by half a cent at most, and the one without VAT counts 1 + VAT times.
                let bound = 0.5 + 0.5 * (1.0 + vat) + 1e-9;
                prop_assert!((line.vat_cents() as f64 - line.amount_cents() as f64 * vat).abs() <= bound);
                prop_assert_eq!(line.amount_cents() + line.vat_cents(), line.total_cents());
                sum += line.total_cents();
            }
            prop_assert_eq!(sum, bill.total_cents());
            ledger.post_bills(Account::Member(0), &[bill]);
        }
        prop_assert_eq!(ledger.sum_cents(), 0);
    }

    #[test]
    fn a_rule_that_is_not_in_force_changes_no_cent(import in 0_u32..20_000_000, export in 0_u32..9_000_000) {
        let text = all_rules("0.12", "0.10");
        let more = "[[rules.add]]\nid = \"later\"\nkind = \"levy\"\nvat_fraction = 0.21\nvalid_from = 2027-06-15\nbrackets = [{ eur_per_kwh = 0.5 }]\n\
                    [[rules.add]]\nid = \"earlier\"\nkind = \"credit\"\nvat_fraction = 0.21\nvalid_to = 2025-12-31\neur_per_year = 100\n\
                    [[rules.add]]\nid = \"proposed\"\nkind = \"credit\"\nvat_fraction = 0.21\nvalid_from = 2026-03-01\nvalid_to = 2026-04-30\nwho = [\"business\"]\neur_per_year = 100\n";
        let (without, with) = (Settling::new(&text), Settling::new(&format!("{text}{more}")));
        let lines = |settling: &Settling| -> Vec<(String, i64, i64)> {
            let bills = settling.bills(&row(import, export, 0));
            bills.iter().flat_map(|bill| &bill.lines).map(|line| (line.rule.clone(), line.amount_cents(), line.total_cents())).collect()
        };
        prop_assert_eq!(lines(&without), lines(&with));
    }

    #[test]
    fn raising_a_rate_never_lowers_the_line_it_is_on(import in 0_u32..20_000_000, export in 0_u32..9_000_000, low in 1_u32..3000, more in 0_u32..3000) {
        let rate = |ten_thousandths: u32| format!("{}", f64::from(ten_thousandths) / 10_000.0);
        let of = |price: &str, fee_price: &str, rule: &str| -> i64 {
            let bills = Settling::new(&all_rules(price, fee_price)).bills(&row(import, export, 0));
            bills.iter().flat_map(|bill| &bill.lines).filter(|line| line.rule == rule && line.total_cents() > 0).map(kwartier::rules::bill::Line::total_cents).sum()
        };
        let (lower, higher) = (rate(low), rate(low + more));
        prop_assert!(of(&lower, "0.1", "ours") <= of(&higher, "0.1", "ours"));
        prop_assert!(of("0.1", &lower, "our-fee") <= of("0.1", &higher, "our-fee"));
    }
}
