//! The books of a cooperative's plants, in scenarios: the cash flow by hand and by laws, agreements against the steps, ledgers.

mod common {
    pub(crate) mod command;
    #[expect(dead_code, reason = "runs here are asked for registers")]
    pub(crate) mod scenario;
}

use std::path::{Path, PathBuf};

use common::command::{kwartier, printed, word};
use common::scenario::Written;
use kwartier::engine::{self, Next, Options};
use kwartier::finance::books::{Agreements, Books, FEED_IN, SHARED};
use kwartier::finance::ledger::Level;
use kwartier::finance::plant::Year;
use rust_decimal::Decimal;
use serde_json::Value as Json;

/// A cent of rounding for each of thirty years.
const CENTS_EUR: f64 = 0.30;

/// The table of a file of results, by the header.
struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn read(path: &Path) -> Table {
        let mut reader = csv::Reader::from_path(path).expect("it was written");
        let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<String>>();
        let header = texts(reader.headers().expect("a header"));
        let rows = reader.records().map(|record| texts(&record.expect("a row"))).collect();
        Table { header, rows }
    }

    fn column(&self, name: &str) -> Vec<f64> {
        let at = self.header.iter().position(|column| column == name).unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|row| row[at].parse().unwrap_or(f64::NAN)).collect()
    }

    fn sum_of(&self, names: &[&str]) -> Vec<f64> {
        let columns: Vec<Vec<f64>> = names.iter().map(|name| self.column(name)).collect();
        (0..self.rows.len()).map(|row| columns.iter().map(|column| column[row]).sum()).collect()
    }
}

fn sce_dak() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/sce-dak.toml")
}

/// The metrics, the cash flow and the table of plants of a run.
fn results(scenario: &Path, set: &[&str]) -> (Json, Table, Table) {
    let out = tempfile::tempdir().expect("a temporary folder");
    let mut words = vec!["run", word(scenario), "--format", "json", "--out", word(out.path())];
    words.extend(set.iter().flat_map(|set| ["--set", set]));
    let printed: Json = serde_json::from_str(&printed(&words)).expect("it is JSON");
    let tables = ["cash_flow.csv", "plants.csv"].map(|name| Table::read(&out.path().join(name)));
    let [cash_flow, plants] = tables;
    (printed["metrics"].clone(), cash_flow, plants)
}

fn value(metrics: &Json, name: &str) -> f64 {
    metrics[name]["value"].as_f64().unwrap_or_else(|| panic!("{name}: {}", metrics[name]))
}

fn present_value(rate: f64, flows: &[f64]) -> f64 {
    (0..).zip(flows).map(|(year, flow)| flow / (1.0 + rate).powi(year)).sum()
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, expected {expected} ± {tolerance}");
}

const PROJECT: [&str; 9] = [
    "capex_eur",
    "grants_eur",
    "shared_eur",
    "feed_in_eur",
    "premium_eur",
    "upkeep_eur",
    "insurance_eur",
    "replacement_eur",
    "tax_eur",
];

#[test]
fn an_sce_roof_has_the_cash_flow_of_twenty_years_by_hand() {
    let (metrics, table, _) = results(&sce_dak(), &[]);
    assert_eq!(table.rows.len(), 21);
    let made = table.column("production_kwh");
    near(made[1], value(&metrics, "community.generation_kwh"), 1e-6);
    // Half a per cent less each year.
    near(made[20], made[1] * 0.995_f64.powi(19), 1e-6);
    for (year, made) in made.into_iter().enumerate().skip(1) {
        // 0.095 less a fifth for imbalance less 0.004 of margin.
        near(table.column("feed_in_eur")[year], made * 0.072, 0.006);
        // 0.124 less the correction of 0.122, for fifteen years; 98 kWp × 900 h = 88,200 kWh are never reached.
        near(table.column("premium_eur")[year], if year <= 15 { made * 0.002 } else { 0.0 }, 0.006);
        // 98 kWp × 7 and 420, 2 % dearer each year.
        let dearer = 1.02_f64.powi(year as i32 - 1);
        near(table.column("upkeep_eur")[year], -686.0 * dearer, 0.006);
        near(table.column("insurance_eur")[year], -420.0 * dearer, 0.006);
        near(table.column("replacement_eur")[year], if year == 13 { -6500.0 } else { 0.0 }, 0.0);
    }
    // PMT(2.5 %; 15; 28000) = 28000 × 0.025 / (1 − 1.025^−15) = 2261.46; the first year 700.00 of it is interest.
    near(table.column("interest_eur")[1], -700.0, 1e-9);
    near(table.column("principal_eur")[1], -1561.46, 1e-9);
    near(table.column("principal_eur").iter().sum(), -28_000.0, 1e-6);
    near(table.sum_of(&["interest_eur", "principal_eur"])[16], 0.0, 0.0);
    // The start: 180 × 250, and what pays the rest.
    near(table.column("participations_eur")[0], 45_000.0, 0.0);
    let sources = ["grants_eur", "participations_eur", "own_cash_eur", "loans_eur"];
    near(table.sum_of(&sources)[0], -table.column("capex_eur")[0], 1e-9);
}

#[test]
fn the_columns_of_a_year_are_the_change_of_cash_and_measures_follow_from_them() {
    let (metrics, table, plants) = results(&sce_dak(), &["cooperative.tax_fraction=0.19"]);
    let first = table.header.iter().position(|name| name == "capex_eur").unwrap();
    let last = table.header.iter().position(|name| name == "cash_eur").unwrap();
    let mut before = 0.0;
    for (row, cash) in table.rows.iter().zip(table.column("cash_eur")) {
        let sum: f64 = row[first..last].iter().map(|cell| cell.parse::<f64>().unwrap()).sum();
        near(sum, cash - before, 1e-6);
        assert!(cash >= 0.0);
        before = cash;
    }
    near(before, 0.0, 0.0);
    let flows = table.sum_of(&PROJECT);
    near(plants.column("net_present_value_eur")[0], present_value(0.03, &flows), 1e-6);
    near(value(&metrics, "books.net_present_value_eur"), present_value(0.03, &flows), 1e-6);
    let rate = value(&metrics, "books.internal_rate_of_return");
    near(present_value(rate, &flows), 0.0, 1e-3);
    // Simple payback: within the year in which the sum turns.
    let payback = value(&metrics, "books.payback_years");
    let until = |year: usize| flows[..=year].iter().sum::<f64>();
    let year = payback.floor() as usize;
    assert!(until(year) < 0.0 && until(year + 1) >= 0.0, "{payback}");
    near(payback - payback.floor(), -until(year) / flows[year + 1], 1e-6);
    // Levelised: before tax, of all that is made.
    let costs: Vec<f64> = table
        .sum_of(&["capex_eur", "grants_eur", "upkeep_eur", "insurance_eur", "replacement_eur"])
        .into_iter()
        .map(|eur| -eur)
        .collect();
    let levelised = present_value(0.03, &costs) / present_value(0.03, &table.column("production_kwh"));
    near(value(&metrics, "books.levelised_cost_eur_per_kwh"), levelised, 1e-9);
    let members = table.sum_of(&["participations_eur", "paid_to_participations_eur"]);
    // 180 participations.
    near(table.column("paid_per_participation_eur")[5], members[5] / -180.0, 1e-6);
    near(value(&metrics, "books.members_money_multiple"), -members[1..].iter().sum::<f64>() / members[0], 1e-6);
    near(value(&metrics, "books.ledger_sum_eur"), 0.0, 0.0);
    near(value(&metrics, "ledger.sum_eur"), 0.0, 0.0);
}

#[test]
fn an_agreement_at_the_cost_covering_price_is_worth_nothing() {
    for tax in ["cooperative.tax_fraction=0", "cooperative.tax_fraction=0.258"] {
        let (metrics, ..) = results(&sce_dak(), &[tax]);
        let price = value(&metrics, "books.cost_covering_eur_per_kwh");
        assert!(value(&metrics, "books.net_present_value_eur") < 0.0 && price > 0.095);
        let set = format!("cooperative.plants.school-roof.agreement.eur_per_kwh={price}");
        let (metrics, ..) = results(&sce_dak(), &[tax, &set]);
        // With tax the price is rounded up at the sixth decimal: 88,000 kWh in each of twenty years.
        near(value(&metrics, "books.net_present_value_eur"), 0.0, CENTS_EUR + 1.5);
        near(value(&metrics, "books.internal_rate_of_return"), 0.03, 1e-5);
    }
}

#[test]
fn the_bill_of_a_plant_has_its_agreement_in_place_of_the_contract() {
    let text = printed(&["explain", "bill", word(&sce_dak()), "--home", "school-roof", "--format", "json"]);
    let bill: Json = serde_json::from_str(&text).expect("it is JSON");
    let lines = bill["lines"].as_array().expect("lines");
    let rules: Vec<&str> = lines.iter().filter_map(|line| line["rule"].as_str()).collect();
    assert_eq!(rules, ["nl.sce-solar-small", "cooperative.agreement"]);
    let (kwh, eur) = (&lines[1]["base"], &lines[1]["amount_eur"]);
    near(eur.as_f64().unwrap(), -0.072 * kwh.as_f64().unwrap(), 0.005_001);
    assert_eq!(lines[1]["registers"][0]["value"], *kwh);
    assert!(lines[1]["formula"].as_str().unwrap().contains("at 0.095"));
}

#[test]
fn a_premium_counts_hours_to_its_cap_and_ends_with_its_grant() {
    let steeper = "cooperative.plants.school-roof.tilt_deg=35";
    let (_, table, _) = results(&sce_dak(), &[steeper]);
    let made = table.column("production_kwh");
    assert!(made[1] > 88_200.0 && made[15] < 88_200.0, "{made:?}");
    for (premium, made) in table.column("premium_eur").into_iter().zip(made).skip(1).take(15) {
        near(premium, made.min(88_200.0) * 0.002, 0.006);
    }
    // Granted fourteen months before the run begins: of fifteen years thirteen whole ones are left.
    let later = ["scenario.start=2025-03-01", "rules.assume=last-known"];
    let (_, table, _) = results(&sce_dak(), &later);
    let premium = table.column("premium_eur");
    assert!(premium[13] > 0.0 && premium[14].abs() < 1e-9, "{premium:?}");
}

#[test]
fn without_an_agreement_the_feed_in_is_what_the_bills_say() {
    let scenario = std::fs::read_to_string(sce_dak()).unwrap();
    let (before, after) = scenario.split_once("    [cooperative.plants.agreement]").unwrap();
    let (_, after) = after.split_once("[sharing]").unwrap();
    let written = Written::new(&format!("{before}\n[sharing]{after}"));
    let (metrics, table, _) = results(&written.path(), &[]);
    // The contract pays 0.07, to the cent of the bill.
    near(table.column("feed_in_eur")[1], value(&metrics, "community.generation_kwh") * 0.07, 0.006);
    let cooperative = table.sum_of(&["feed_in_eur", "premium_eur"])[1];
    near(value(&metrics, "public.cooperative_eur"), cooperative, 1e-9);
}

/// Two homes and two plants that share in hours, without rules.
fn sharing(agreement: &str, more: &str) -> Written {
    Written::new(&format!(
        "[scenario]\nname = \"Two plants\"\nstart = 2027-01-01\nstep_minutes = 60\nshapes = 4\n{more}\n\
         [[homes]]\nid = \"home\"\ncount = 2\n\
         [sharing]\nkey = \"pro-rata\"\neur_per_kwh = 0.15\n\
         [cooperative]\nparticipation_eur = 100\n\
         [[cooperative.plants]]\nid = \"big\"\nkind = \"pv\"\npeak_kwp = 12\ncapex_eur = 12000\nparticipations = 120\n\
         agreement = {{ {agreement} }}\n\
         [[cooperative.plants]]\nid = \"small\"\nkind = \"pv\"\npeak_kwp = 2\ncapex_eur = 900\nown_cash_eur = 900\n\
         life_years = 12\nagreement = {{ kind = \"fixed\", eur_per_kwh = 0.05 }}\n"
    ))
}

fn books(written: &Written) -> (kwartier::engine::world::World, engine::Outcome, Books) {
    let world = written.world(&[]);
    let mut options = Options::default();
    let agreements = Agreements::new(&world, &mut options).expect("prices");
    let outcome = engine::run(&world, &options, |_| Ok::<_, ()>(Next::GoOn)).expect("it runs");
    let books = Books::of(&world, &outcome, &agreements, None).expect("books").expect("some");
    (world, outcome, books)
}

fn float(number: Decimal) -> f64 {
    number.to_string().parse().expect("a number")
}

#[test]
fn agreements_are_paid_by_the_price_of_each_step() {
    type Weight = fn(f64) -> f64;
    let cases: [(&str, Weight, f64); 3] = [
        ("kind = \"as-produced\", fee_eur_per_kwh = 0.01, imbalance_fraction = 0", |spot| spot - 0.01, 0.0),
        ("kind = \"floor-cap\", floor_eur_per_kwh = 0.04, cap_eur_per_kwh = 0.09", |spot| spot.clamp(0.04, 0.09), 0.2),
        ("kind = \"indexed\", eur_per_kwh = 0.06, rise_per_year = 0.1", |_| 0.06, 0.2),
    ];
    for (agreement, weight, imbalance) in cases {
        let written = sharing(agreement, "");
        let world = written.world(&[]);
        let prices = world.prices().expect("built in");
        // What no member takes, step by step, from what the day loop shows.
        let mut energy_eur = 0.0;
        engine::run(&world, &Options { record: true, ..Options::default() }, |flows| {
            for step in 0..flows.day.steps {
                let at = flows.day.first_step + step;
                let fed_in_kwh = world.plant_kw[0][at] * (1.0 - flows.shares.given_by_plant(&world, 0, step));
                energy_eur += fed_in_kwh * weight(prices[at]);
            }
            Ok::<_, ()>(Next::GoOn)
        })
        .expect("it runs");
        let (_, _, books) = books(&written);
        let settled = books.plants[0].agreement.expect("it has one");
        // Sums of 8760 products in f64, registers in f32 weights.
        near(float(settled.energy_eur), energy_eur, 1e-4 * energy_eur.abs());
        near(float(settled.imbalance_eur), imbalance * energy_eur.max(0.0), 1e-4 * energy_eur.abs());
    }
}

#[test]
fn plants_that_share_pass_money_on_and_the_ledgers_are_zero() {
    let (_, outcome, books) = books(&sharing("kind = \"as-produced\"", ""));
    let [big, small] = books.plants.as_slice() else { panic!("two plants") };
    assert_eq!((big.id.as_str(), small.id.as_str()), ("big", "small"));
    assert_eq!(big.tariff.line, SHARED);
    assert_eq!(big.tariff.paid_eur_per_kwh, Some(Decimal::new(15, 2)));
    let shared_kwh: f64 = outcome.plants[0].iter().map(|month| month.shared_out_kwh).sum();
    near(big.table.years[1].revenue_cents[0] as f64 / 100.0, shared_kwh * 0.15, 0.006);
    assert_eq!(books.sum_cents(), 0);
    // The plants end with what their cash is: the cooperative passes on what members pay.
    let cash: i64 = books.plants.iter().map(|account| account.table.years.last().unwrap().cash_cents).sum();
    assert_eq!(books.lives.of_level_cents(Level::Plant), cash);
    let own = |account: &kwartier::finance::books::PlantAccount| {
        -account.table.years.iter().map(|year| year.own_cash_cents + year.to_own_cash_cents).sum::<i64>()
    };
    assert_eq!(books.lives.of_level_cents(Level::Cooperative), own(big) + own(small));
    // Together: sums of the flows, of which the shorter life ends.
    let flow = |year: usize| {
        books.plants.iter().filter_map(|account| account.table.years.get(year)).map(Year::project_cents).sum::<i64>()
    };
    let flows: Vec<f64> = (0..=25).map(|year| flow(year) as f64 / 100.0).collect();
    near(books.together.project.net_present_value_eur, present_value(0.04, &flows), 1e-6);
}

#[test]
fn a_run_of_two_years_has_books_of_their_mean() {
    let (_, _, one) = books(&sharing("kind = \"fixed\", eur_per_kwh = 0.05", ""));
    let (_, outcome, two) = books(&sharing("kind = \"fixed\", eur_per_kwh = 0.05", "years = 2"));
    let made: f64 = outcome.plants[0].iter().map(|month| month.generation_kwh).sum();
    near(float(two.plants[0].plant.production_kwh), made / 2.0, 1e-6);
    assert_ne!(one.plants[0].plant.production_kwh, two.plants[0].plant.production_kwh);
    assert_eq!(two.plants[0].table.years.len(), 26);
}

#[test]
fn a_plant_that_shares_at_its_cost_covering_price_is_worth_nothing() {
    let written = sharing("kind = \"fixed\", eur_per_kwh = 0.05", "");
    let (.., before) = books(&written);
    let price = before.plants[0].tariff.cost_covering_eur_per_kwh.clone().expect("there is one");
    let text = std::fs::read_to_string(written.path())
        .unwrap()
        .replace("eur_per_kwh = 0.15", &format!("eur_per_kwh = {price}"));
    let (.., after) = books(&Written::new(&text));
    near(after.plants[0].worth.project.net_present_value_eur, 0.0, CENTS_EUR);
}

#[test]
fn what_has_no_measure_says_why() {
    let written = sharing("kind = \"fixed\", eur_per_kwh = -0.2", "");
    let done = kwartier(&["run", word(&written.path())]);
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success());
    for words in ["there is no internal rate of return", "it cannot pay what it owes", "never", FEED_IN] {
        assert!(said.contains(words), "{words}: {said}");
    }
}
