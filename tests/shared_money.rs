//! What shared energy earns and saves beside its price: Italy's premium, Austria's and Switzerland's cheaper grid, Spain's
//! compensation of surplus; in `kwartier settle` to the cent, and in runs against a sum over every step.

mod common {
    pub(crate) mod command;
    pub(crate) mod scenario;
}

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::path::Path;

use common::command::{kwartier, printed, word};
use common::scenario::{Written, run, whole, world};
use kwartier::engine::meters::Register;
use kwartier::engine::world::World;
use kwartier::engine::{self, Next, Options};
use kwartier::rules::readings::{Point, PointKind};
use kwartier::rules::rulebook::Rulebook;
use rstest::rstest;
use serde_json::Value as Json;

/// A line of a bill, in `settle` or of a run: rule, what, and EUR.
type Line = (String, String, f64);

/// A point, and what it draws and feeds in in each step, kWh.
type Flows<'a> = (&'a str, &'a dyn Fn(u32) -> (f64, f64));

/// Rows of `time,id,import_kwh,export_kwh` from a local midnight on, one for each step of a day and point.
fn day_of_steps(start: &str, minutes: i64, steps: u32, of: &[Flows<'_>]) -> String {
    let mut rows = String::new();
    let start: jiff::Timestamp = start.parse().expect("a time of these tests");
    for step in 0..steps {
        let at = start + jiff::SignedDuration::from_mins(minutes * i64::from(step));
        for (id, flows) in of {
            let (import, export) = flows(step);
            writeln!(rows, "{at},{id},{import},{export}").expect("text can be written");
        }
    }
    rows
}

/// Writes a scenario with readings and, from the run's start on, a day of prices again and again.
fn written(scenario: &str, rows: &str, first: &str, minutes: i64, prices: &[f64]) -> Written {
    let mut table = String::from("time,price_eur_kwh\n");
    let first: jiff::Timestamp = first.parse().expect("a time of these tests");
    let steps = if prices.is_empty() { 0 } else { 366 * 24 * 60 / minutes };
    for (step, price) in (0..steps).zip(prices.iter().cycle()) {
        let at = first + jiff::SignedDuration::from_mins(minutes * step);
        writeln!(table, "{at},{price}").expect("text can be written");
    }
    Written::new(scenario)
        .file("prices.csv", &table)
        .file("meters.csv", &format!("time,id,import_kwh,export_kwh\n{rows}"))
}

/// What `settle` says of the bill of a point; or of faults, in one line.
fn settled(written: &Written, id: &str) -> Result<Vec<Line>, String> {
    let path = written.path();
    let meters = path.with_file_name("meters.csv");
    let said = kwartier(&["settle", word(&path), "--meters", word(&meters), "--format", "json"]);
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let results: Json = serde_json::from_slice(&said.stdout).expect("results are JSON");
    let bills = results["bills"].as_array().expect("a list").iter().filter(|bill| bill["id"] == id);
    let lines = bills.flat_map(|bill| bill["lines"].as_array().expect("a list").clone());
    let text = |line: &Json, key: &str| line[key].as_str().expect("a text").to_owned();
    let line = |line: Json| (text(&line, "rule"), text(&line, "what"), line["total_eur"].as_f64().expect("a number"));
    Ok(lines.map(line).collect())
}

/// The cents of a rule's lines, each with what it is.
fn of_rule(lines: &[Line], rule: &str) -> Vec<(String, i64)> {
    let own = lines.iter().filter(|(id, ..)| id == rule);
    own.map(|(_, what, eur)| (what.clone(), (eur * 100.0).round() as i64)).collect()
}

fn said(lines: &[(&str, i64)]) -> Vec<(String, i64)> {
    lines.iter().map(|(what, cents)| ((*what).to_owned(), *cents)).collect()
}

// ---- Italy ----

/// A home and a roof of this power in the North, which was granted a premium.
fn italy(step_minutes: u32, kwp: &str, premium: &str, rules: &str) -> String {
    format!(
        "[scenario]\nname = \"Case\"\nstart = 2025-01-01\nstep_minutes = {step_minutes}\n\
         [place]\nlatitude_deg = 45.07\nlongitude_deg = 7.69\ntimezone = \"Europe/Rome\"\ncountry = \"IT\"\n\
         [market]\nsource = \"csv\"\nfile = \"prices.csv\"\n\
         [[homes]]\nid = \"home\"\ncount = 1\n[cooperative]\n[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\n\
         peak_kwp = {kwp}\npremium = \"{premium}\"\n[sharing]\nkey = \"it\"\neur_per_kwh = 0\n\
         [rules]\nbook = \"it\"\ncontract = \"ours\"\n{rules}\
         [[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nvat_fraction = 0.1\nimport_eur_per_kwh = 0.2\n\
         export_eur_per_kwh = 0.05\n"
    )
}

const PREMIUM: &str = "it.shared-premium";
const NORTH: &str = "[[rules.replace]]\nid = \"shared-premium\"\nregion = \"north\"\n";
const ITALIAN_MIDNIGHT: &str = "2024-12-31T23:00:00Z";

/// The bill of a point on a day whose hour from 12 on has 1,000 kWh drawn and so many fed in, all hours at this price.
fn italian_hour(scenario: &str, injected: f64, price: f64, id: &str) -> Result<Vec<Line>, String> {
    let home = |hour| if hour == 12 { (1000.0, 0.0) } else { (0.0, 0.0) };
    let roof = |hour| if hour == 12 { (0.0, injected) } else { (0.0, 0.0) };
    let rows = day_of_steps(ITALIAN_MIDNIGHT, 60, 24, &[("home-1", &home), ("roof", &roof)]);
    settled(&written(scenario, &rows, ITALIAN_MIDNIGHT, 60, &[price]), id)
}

#[rstest]
#[case::cap_before_adder("150", 0.110, -13_000)]
#[case::below_the_cap("150", 0.160, -11_000)]
#[case::fixed_part_alone("150", 0.190, -9_000)]
#[case::large_at_its_cap("800", 0.140, -11_000)]
#[case::large_fixed_part("800", 0.180, -7_000)]
#[case::below_nothing("150", -0.050, -13_000)]
fn t_it_01_a_thousand_kwh_of_an_hour_are_settled(#[case] kwp: &str, #[case] price: f64, #[case] expected: i64) {
    let lines = italian_hour(&italy(60, kwp, PREMIUM, NORTH), 2000.0, price, "roof").unwrap();
    assert_eq!(of_rule(&lines, PREMIUM), said(&[("premium", expected)]));
    assert_eq!(of_rule(&lines, "it.community-value"), said(&[("value for the grid", -1_057)]));
}

#[test]
fn an_italian_bill_is_whole_whatever_is_shared() {
    let scenario = italy(60, "150", PREMIUM, NORTH);
    let home = italian_hour(&scenario, 2000.0, 0.11, "home-1").unwrap();
    assert_eq!(of_rule(&home, "ours"), said(&[("electricity delivered", 22_000)]));
    let roof = italian_hour(&scenario, 2000.0, 0.11, "roof").unwrap();
    assert_eq!(of_rule(&roof, "ours"), said(&[("feed-in", -10_000)]));
}

#[test]
fn what_is_shared_above_the_threshold_is_a_line_for_social_aims() {
    let lines = italian_hour(&italy(60, "150", PREMIUM, NORTH), 1000.0, 0.11, "roof").unwrap();
    // 1,000 kWh shared of 1,000 fed in: 55 % for anyone, the rest for social aims, at 0.13.
    let expected = [("premium", -7_150), ("premium, only for social aims", -5_850)];
    assert_eq!(of_rule(&lines, PREMIUM), said(&expected));
}

#[test]
fn a_plant_with_a_grant_earns_a_part_and_gives_to_social_aims_earlier() {
    let premium = "it.shared-premium-with-grant";
    let north = NORTH.replace("shared-premium", "shared-premium-with-grant");
    let refused = italian_hour(&italy(60, "150", premium, &north), 2000.0, 0.11, "roof").unwrap_err();
    assert!(refused.contains("`grant_factor`"), "{refused}");
    let rules = format!("{north}grant_factor = 0.5\n");
    let lines = italian_hour(&italy(60, "150", premium, &rules), 2000.0, 0.11, "roof").unwrap();
    // 900 of the 1,000 kWh are below 45 % of what was fed in, each at 0.065.
    let expected = [("premium", -5_850), ("premium, only for social aims", -650)];
    assert_eq!(of_rule(&lines, premium), said(&expected));
}

#[test]
fn a_building_is_valued_with_the_losses_that_are_avoided() {
    let rules = format!(
        "off = [\"it.community-value\"]\n{NORTH}[[rules.replace]]\nid = \"building-value-lv\"\non_request = false\n"
    );
    let lines = italian_hour(&italy(60, "150", PREMIUM, &rules), 2000.0, 0.1, "roof").unwrap();
    // 1,000 kWh × (0.01122 + 0.026 × 0.1).
    assert_eq!(of_rule(&lines, "it.building-value-lv"), said(&[("value for the grid", -1_382)]));
    assert!(of_rule(&lines, "it.community-value").is_empty());
}

#[rstest]
#[case::region("150", "", "`region`, one of south, centre, north")]
#[case::class("1200", NORTH, "1200 kW: add one to `classes`")]
#[case::power("{ min = 100, max = 200 }", NORTH, "peak_kwp")]
fn what_a_sum_needs_and_nobody_entered_is_refused(#[case] kwp: &str, #[case] rules: &str, #[case] words: &str) {
    let refused = italian_hour(&italy(60, kwp, PREMIUM, rules), 2000.0, 0.11, "roof").unwrap_err();
    assert!(refused.contains(words), "{refused}");
}

#[test]
fn yearly_readings_have_no_hours() {
    let scenario = written(&italy(60, "150", PREMIUM, NORTH), "", ITALIAN_MIDNIGHT, 60, &[0.11]);
    let meters = "id,year,generation_kwh,shared_out_kwh\nroof,2025,150000,60000\n";
    let refused = settled(&scenario.file("meters.csv", meters), "roof").unwrap_err();
    assert!(refused.contains("give intervals"), "{refused}");
}

#[test]
fn an_hour_of_quarters_is_shared_and_priced_as_one() {
    // Drawn in the first quarter of an hour, fed in in its last; the prices of its quarters have the mean 0.16.
    let home = |step| if step == 48 { (1000.0, 0.0) } else { (0.0, 0.0) };
    let roof = |step| if step == 51 { (0.0, 2000.0) } else { (0.0, 0.0) };
    let rows = day_of_steps(ITALIAN_MIDNIGHT, 15, 96, &[("home-1", &home), ("roof", &roof)]);
    let scenario = italy(15, "150", PREMIUM, NORTH);
    let lines = settled(&written(&scenario, &rows, ITALIAN_MIDNIGHT, 15, &[0.1, 0.3, 0.2, 0.04]), "roof").unwrap();
    assert_eq!(of_rule(&lines, PREMIUM), said(&[("premium", -11_000)]));
}

#[test]
fn a_premium_runs_for_twenty_years_by_the_numbers_of_its_day() {
    let book = Rulebook::built_in("it").expect("it is built in");
    let day = |text: &str| -> jiff::civil::Date { text.parse().expect("a day of these tests") };
    let holds = |granted: &str, on: &str| {
        let point = Point {
            id: "roof".to_owned(),
            kind: PointKind::Plant { peak_kwp: Some(150.into()), premium: Some((PREMIUM.to_owned(), day(granted))) },
            connection: None,
            is_member: true,
            has_gas: false,
            income_eur: None,
            panels_kwp: None,
        };
        let next = day(on).tomorrow().unwrap();
        book.spans(&point, day(on), next)[0].rules.iter().any(|used| used.rule.id == PREMIUM && !used.is_missing())
    };
    assert!(holds("2025-03-01", "2025-03-01") && holds("2025-03-01", "2045-02-28"));
    assert!(!holds("2025-03-01", "2025-02-28") && !holds("2025-03-01", "2045-03-01"));
    assert!(!holds("2028-01-01", "2028-06-01"), "it is closed for new plants");
}

/// The lines of a run's bills, by point: rule, what, EUR; and the same with the quantity in the place of the EUR.
fn billed(path: &Path, set: &[&str]) -> (BTreeMap<String, Vec<Line>>, BTreeMap<String, Vec<Line>>) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let mut words = vec!["run", word(path), "--out", word(out.path()), "--quiet"];
    words.extend(set.iter().flat_map(|set| ["--set", set]));
    printed(&words);
    let mut reader = csv::Reader::from_path(out.path().join("bills.csv")).expect("bills are written");
    let (mut eur, mut quantities) = (BTreeMap::<_, Vec<Line>>::new(), BTreeMap::<_, Vec<Line>>::new());
    for row in reader.deserialize() {
        let row: BTreeMap<String, String> = row.expect("a row");
        let line = |key: &str| {
            let number = row[key].parse().unwrap_or_else(|_| panic!("{row:?}"));
            (row["rule"].clone(), row["what"].clone(), number)
        };
        eur.entry(row["home"].clone()).or_default().push(line("total_eur"));
        quantities.entry(row["home"].clone()).or_default().push(line("base"));
    }
    (eur, quantities)
}

/// Σ over every step of what the plant shared, kWh, of what it fed in, and of what the hours pay, by hand.
fn by_hand(world: &World, eur_per_kwh: impl Fn(f64) -> f64) -> (f64, f64, f64) {
    let prices = world.prices().expect("there are prices");
    let per_hour = (60 / world.calendar.step_minutes()) as usize;
    let (mut shared, mut made, mut earned) = (0.0, 0.0, 0.0);
    let done = engine::run(world, &Options::recording(), |flows| {
        for first in (0..flows.day.steps).step_by(per_hour) {
            let steps = first..first + per_hour;
            let at = |step: usize| flows.day.first_step + step;
            let price = steps.clone().map(|step| prices[at(step)]).sum::<f64>() / per_hour as f64;
            for step in steps {
                let kwh = world.plant_kw[0][at(step)] * world.calendar.step_h();
                let given = kwh * flows.shares.given_by_plant(world, 0, step);
                made += kwh;
                shared += given;
                earned += given * eur_per_kwh(price);
            }
        }
        Ok::<_, Infallible>(Next::GoOn)
    });
    let Ok(outcome) = done;
    assert!(outcome.balance.holds());
    (shared, made, earned)
}

#[rstest]
#[case::below_the_threshold(&[], false)]
#[case::above_it(&["cooperative.plants.roof.peak_kwp=60", "scenario.step_minutes=60"], true)]
fn comunita_earns_what_its_steps_add_up_to(#[case] set: &[&str], #[case] is_above: bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/comunita.toml");
    let world = world(&path, set);
    let (shared, made, premium) = by_hand(&world, |price| (0.08 + (0.18 - price).max(0.0)).min(0.12) + 0.01);
    let (eur, quantities) = billed(&path, set);
    let sum = |lines: &[Line], rule: &str| lines.iter().filter(|line| line.0 == rule).map(|line| line.2).sum::<f64>();
    // Two lines, each rounded to the cent; the lanes of the homes are f32.
    assert!((sum(&eur["roof"], PREMIUM) + premium).abs() < 0.02, "{premium} {:?}", eur["roof"]);
    assert!((sum(&quantities["roof"], PREMIUM) - shared).abs() < 0.01, "{shared}");
    assert!((sum(&eur["roof"], "it.community-value") + 0.010_57 * shared).abs() < 0.01);
    let social = eur["roof"].iter().find(|line| line.1 == "premium, only for social aims").map_or(0.0, |line| -line.2);
    let above = (shared - 0.55 * made).max(0.0);
    assert_eq!(above > 0.0, is_above, "{shared} of {made} kWh");
    assert!((social - premium * above / shared).abs() < 0.02, "{social} of {above} kWh");
    // Nothing is taken off the supplier's bills, and the roof sells all that it makes.
    let outcome = run(&world);
    let drawn = whole(&world, &outcome, "home-1").kwh(Register::Import);
    assert!(
        (quantities["home-1"].iter().find(|line| line.1 == "electricity delivered").unwrap().2 - drawn).abs() < 1e-3
    );
    assert!((quantities["roof"].iter().find(|line| line.1 == "feed-in").unwrap().2 - made).abs() < 1e-3);
}

// ---- A cheaper grid for shared kWh ----

const STREET: &str = "[[homes]]\nid = \"home\"\ncount = 3\n[cooperative]\n[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\n\
    peak_kwp = 8\n[sharing]\nkey = \"pro-rata\"\neur_per_kwh = 0.1\nvat_fraction = 0.2\n";

fn contract(vat: &str) -> String {
    format!(
        "[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nvat_fraction = {vat}\nimport_eur_per_kwh = 0.15\n\
         export_eur_per_kwh = 0.05\n"
    )
}

fn austria(level: &str) -> String {
    format!(
        "[scenario]\nname = \"Case\"\nstart = 2025-01-01\nstep_minutes = 60\nshapes = 8\n{STREET}[rules]\nbook = \"at\"\n\
         contract = \"ours\"\noff = [\"renewable-surcharge\", \"electricity-levy\"]\n[[rules.replace]]\n\
         id = \"network-reduction\"\nvat_fraction = 0\ngroup_level = \"{level}\"\nwork_price_eur_per_kwh = 0.06\n{}",
        contract("0.2")
    )
}

fn switzerland(level: &str) -> String {
    format!(
        "[scenario]\nname = \"Case\"\nstart = 2026-01-01\nstep_minutes = 60\nshapes = 8\n{STREET}[rules]\nbook = \"ch\"\n\
         contract = \"ours\"\n[[rules.replace]]\nid = \"network-reduction\"\ngroup_level = \"{level}\"\n\
         work_price_eur_per_kwh = 0.10\n{}",
        contract("0.081")
    )
}

#[rstest]
#[case::local("local", -1_710)]
#[case::regional("regional", -840)]
fn t_at_01_is_settled(#[case] level: &str, #[case] expected: i64) {
    let home = |hour| if hour == 12 { (500.0, 0.0) } else { (0.0, 0.0) };
    let roof = |hour| if hour == 12 { (0.0, 600.0) } else { (0.0, 0.0) };
    let rows = day_of_steps(ITALIAN_MIDNIGHT, 60, 24, &[("home-1", &home), ("roof", &roof)]);
    let lines = settled(&written(&austria(level), &rows, ITALIAN_MIDNIGHT, 60, &[]), "home-1").unwrap();
    let line = of_rule(&lines, "at.network-reduction");
    assert_eq!(line, said(&[(&format!("less grid tariff on shared kWh, {level}"), expected)]));
}

#[rstest]
#[case::austria(&austria("local"), "at.network-reduction", 0.06 * 0.57)]
#[case::regional(&austria("regional"), "at.network-reduction", 0.06 * 0.28)]
#[case::switzerland(&switzerland("same-transformer"), "ch.network-reduction", 0.10 * 0.40 * 1.081)]
#[case::several(&switzerland("several-transformers"), "ch.network-reduction", 0.10 * 0.20 * 1.081)]
fn a_run_takes_it_off_each_kwh_that_a_home_received(#[case] text: &str, #[case] rule: &str, #[case] eur: f64) {
    let scenario = Written::new(text);
    let world = scenario.world(&[]);
    let outcome = run(&world);
    let (bills, _) = billed(&scenario.path(), &[]);
    for id in ["home-1", "home-2", "home-3"] {
        let received = whole(&world, &outcome, id).kwh(Register::SharedIn);
        let line = of_rule(&bills[id], rule);
        assert!(received > 100.0 && line.len() == 1, "{id}: {received} kWh, {line:?}");
        assert!((line[0].1 as f64 / 100.0 + received * eur).abs() <= 0.005 + 1e-6, "{id}: {received} kWh, {line:?}");
    }
}

#[test]
fn a_swiss_run_without_its_price_or_level_is_refused() {
    for (key, text) in [
        ("work_price_eur_per_kwh", switzerland("same-transformer").replace("work_price_eur_per_kwh = 0.10\n", "")),
        ("group_level", switzerland("x").replace("group_level = \"x\"\n", "")),
    ] {
        let scenario = Written::new(&text);
        let output = kwartier(&["run", word(&scenario.path()), "--quiet"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && said.contains(key), "{said}");
    }
}

// ---- Spain ----

const SPANISH_MIDNIGHT: &str = "2025-12-31T23:00:00Z";

/// A home with panels in Spain under a contract; it draws and feeds in on the last of January and the first of February.
fn spain(kwp: &str, contract: &str, january: [(f64, f64); 2]) -> Vec<(String, i64)> {
    let scenario = format!(
        "[scenario]\nname = \"Case\"\nstart = 2026-01-01\nstep_minutes = 60\n[market]\nsource = \"csv\"\n\
         file = \"prices.csv\"\n[[homes]]\nid = \"home\"\ncount = 1\npv = {{ peak_kwp = {kwp} }}\n[rules]\nbook = \"es\"\n\
         contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nvat_fraction = 0.21\n{contract}"
    );
    let home = move |hour| match hour {
        2 => january[0],
        12 => january[1],
        // In February what feed-in earns is less than what is drawn.
        36 => (100.0, 100.0),
        _ => (0.0, 0.0),
    };
    let rows = day_of_steps("2026-01-30T23:00:00Z", 60, 48, &[("home-1", &home)]);
    let written = written(&scenario, &rows, SPANISH_MIDNIGHT, 60, &[0.1]);
    of_rule(&settled(&written, "home-1").expect("all numbers are known"), "es.simplified-compensation")
}

const FIXED: &str = "kind = \"fixed\"\nimport_eur_per_kwh = 0.15\nexport_eur_per_kwh = 0.05\n";
const TWO_RATE: &str = "kind = \"two-rate\"\nimport_eur_per_kwh = 0.2\nimport_low_eur_per_kwh = 0.1\nexport_eur_per_kwh = 0.05\n\
    low_on_free_days = false\n";
const DYNAMIC: &str = "kind = \"dynamic\"\nmarkup_eur_per_kwh = 0.02\n";

#[rstest]
// 400 × 0.05 = 20.00 earned, 100 × 0.15 = 15.00 drawn.
#[case::binds("5", FIXED, [(0.0, 0.0), (100.0, 400.0)], 500)]
#[case::just_not("5", FIXED, [(0.0, 0.0), (100.0, 300.0)], 0)]
// 1,000 × 0.05 = 50.00 earned, 100 × 0.1 + 100 × 0.2 = 30.00 drawn.
#[case::two_rates("5", TWO_RATE, [(100.0, 0.0), (100.0, 1000.0)], 2_000)]
// 400 × 0.10 = 40.00 earned, 100 × 0.12 = 12.00 drawn.
#[case::dynamic("5", DYNAMIC, [(0.0, 0.0), (100.0, 400.0)], 2_800)]
#[case::as_large_as_may_be("100", FIXED, [(0.0, 0.0), (100.0, 400.0)], 500)]
#[case::too_large_a_plant("100.5", FIXED, [(0.0, 0.0), (100.0, 400.0)], 0)]
fn spanish_surplus_is_credited_up_to_the_energy_of_its_month(
    #[case] kwp: &str,
    #[case] contract: &str,
    #[case] january: [(f64, f64); 2],
    #[case] not_paid: i64,
) {
    let expected: &[_] = if not_paid == 0 { &[] } else { &[("feed-in above the energy drawn, not paid", not_paid)] };
    assert_eq!(spain(kwp, contract, january), said(expected));
}

#[test]
fn a_spanish_run_never_pays_for_the_energy_of_a_month() {
    let scenario = Written::new(
        "[scenario]\nname = \"Case\"\nstart = 2026-01-01\nstep_minutes = 60\nshapes = 8\n[[homes]]\nid = \"home\"\ncount = 2\n\
         annual_kwh = 2000\npv = { peak_kwp = 9 }\n[rules]\nbook = \"es\"\ncontract = \"ours\"\n[[rules.contracts]]\n\
         id = \"ours\"\nvat_fraction = 0.21\nkind = \"fixed\"\nimport_eur_per_kwh = 0.12\nexport_eur_per_kwh = 0.08\n",
    );
    let world = scenario.world(&[]);
    let outcome = run(&world);
    let (bills, _) = billed(&scenario.path(), &[]);
    for home in 0..2 {
        let month = |month: usize| {
            let meter = outcome.months(home, month..month + 1);
            (0.08 * meter.kwh(Register::Export) - 0.12 * meter.kwh(Register::Import)).max(0.0)
        };
        let by_hand: f64 = (0..12).map(month).sum();
        let line = of_rule(&bills[&format!("home-{}", home + 1)], "es.simplified-compensation");
        assert!(by_hand > 50.0 && (line[0].1 as f64 / 100.0 - by_hand).abs() <= 0.01, "{by_hand} {line:?}");
    }
}
