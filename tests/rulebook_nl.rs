//! The rulebook of the Netherlands: it loads, says where each number is from, and gives the worked cases to the cent.
//!
//! The cases are named T-NL-.. as in the collection of rules that the book was made from; what is right in them comes from
//! the sources that the book names, or from hand.

mod common {
    pub(crate) mod trial;
}

use std::sync::Arc;

use common::trial::{self, day, number};
use kwartier::engine::meters::Flow;
use kwartier::rules::attempt::{GivenError, Working};
use kwartier::rules::exact::cents;
use kwartier::rules::kinds::production_premium::members_required;
use kwartier::rules::readings::{Life, Need, PeriodReading, Point, PointKind, Readings, Weight};
use kwartier::rules::rule::Numbers;
use kwartier::rules::rulebook::Rulebook;
use kwartier::rules::settle::{Options, settle};
use kwartier::rules::terms::Status;
use kwartier::scenario::diagnostics::{Origin, Source};
use kwartier::scenario::plan;
use rstest::rstest;
use rust_decimal::Decimal;

fn book() -> Rulebook {
    trial::book("nl")
}

fn attempt(id: &str, on: &str, inputs: &str) -> Result<Vec<Working>, GivenError> {
    trial::attempt(&book(), id, on, inputs)
}

/// What comes out of a step of the reckoning.
fn value(id: &str, on: &str, inputs: &str, what: &str) -> Decimal {
    let lines = attempt(id, on, inputs).unwrap_or_else(|error| panic!("{id} {inputs}: {error}"));
    let found = lines.iter().find(|line| line.what == what);
    found.unwrap_or_else(|| panic!("{id}: no \"{what}\" in {lines:?}")).value
}

/// What is not known, in the words of the refusal.
fn refusal(id: &str, on: &str, inputs: &str) -> String {
    trial::refusal(attempt(id, on, inputs))
}

const WITH_VAT: &str = "including VAT";

#[test]
fn every_rule_has_a_title_a_mode_and_a_source() {
    let book = book();
    assert!(book.rules.len() >= 56, "{} rules", book.rules.len());
    for rule in &book.rules {
        assert!(rule.id.starts_with("nl."), "{}", rule.id);
        assert!(!rule.title.is_empty() && !rule.about.is_empty(), "{}", rule.id);
        assert!(rule.mode.is_some() && !rule.source.is_empty(), "{}", rule.id);
        assert!(rule.versions.iter().all(|version| !version.source.is_empty()), "{}", rule.id);
    }
}

#[test]
fn no_two_versions_of_a_rule_hold_on_the_same_day() {
    for rule in &book().rules {
        for pair in rule.versions.windows(2) {
            let (Some(end), Some(next)) = (pair[0].to, pair[1].from) else {
                panic!("{}: a version without dates", rule.id)
            };
            assert!(end < next, "{}: {end} and {next}", rule.id);
        }
    }
}

#[test]
fn numbers_of_2027_that_nobody_knows_are_not_known() {
    let book = book();
    for id in ["energy-tax", "gas-tax", "tax-credit", "network-liander", "network-liander-gas"] {
        let rule = book.find(id).unwrap();
        assert!(rule.holds_on(day("2027-01-01")), "{id} goes on");
        assert!(matches!(rule.numbers_on(day("2027-01-01")), Some(Numbers::LastKnown(_))), "{id}");
        assert!(matches!(rule.numbers_on(day("2026-12-31")), Some(Numbers::Known(_))), "{id}");
    }
}

#[test]
fn derived_tariffs_are_assumed() {
    let book = book();
    for operator in ["liander", "stedin", "enexis", "coteq"] {
        for carrier in ["", "-gas"] {
            let rule = book.find(&format!("network-{operator}{carrier}")).unwrap();
            let Some(Numbers::Known(version)) = rule.numbers_on(day("2026-06-01")) else { panic!("{}", rule.id) };
            assert_eq!(version.status, Status::Assumed, "{}", rule.id);
        }
    }
}

#[test]
fn t_nl_01_eneco_s_own_example() {
    let on = "2024-07-01";
    let energy = value("eneco-2024", on, "import_kwh=1500", WITH_VAT);
    let tax = value("energy-tax", on, "kwh=1500", WITH_VAT);
    let fee = value("fee-eneco-2024", on, "export_kwh=500", WITH_VAT);
    assert_eq!((cents(energy + tax), cents(fee), cents(energy + tax + fee)), (38_064, 5_750, 43_814));
}

#[test]
fn t_nl_02_netting_in_2026() {
    let on = "2026-07-01";
    let net = value("netting", on, "import_kwh=2800 export_kwh=2000", "delivered after netting");
    assert_eq!(net, number("800"));
    let energy = value("fixed", on, "import_kwh=800", WITH_VAT);
    let tax = value("energy-tax", on, "kwh=800", WITH_VAT);
    assert_eq!(cents(energy + tax), 20_484);
}

#[test]
fn t_nl_04_half_of_the_bare_price_from_2027() {
    let inputs = "export_kwh=2000 import_price_eur_per_kwh=0.12 fee_eur_incl_vat=100";
    let together = value("feed-in-floor", "2027-07-01", inputs, "together");
    let energy = value("fixed", "2027-07-01", "import_kwh=2800", WITH_VAT);
    let tax = value("energy-tax", "2026-07-01", "kwh=2800", WITH_VAT);
    assert_eq!((cents(energy + tax), cents(energy + tax + together)), (71_693, 69_693));
    let too_much = "export_kwh=2000 import_price_eur_per_kwh=0.12 fee_eur_incl_vat=150";
    assert_eq!(value("feed-in-floor", "2027-07-01", too_much, "together"), Decimal::ZERO);
}

#[rstest]
#[case("2024-07-01", 61_008)]
#[case("2025-07-01", 57_289)]
#[case("2026-07-01", 57_574)]
fn t_nl_05_taxes_of_a_dwelling(#[case] on: &str, #[case] expected: i64) {
    let electricity = value("energy-tax", on, "kwh=3000", WITH_VAT);
    let gas = value("gas-tax", on, "m3=1200", WITH_VAT);
    let credit = value("tax-credit", on, "", WITH_VAT);
    assert_eq!(cents(electricity + gas + credit), expected);
}

#[rstest]
#[case("2024-07-01", -63_139)]
#[case("2025-07-01", -63_519)]
#[case("2026-07-01", -62_896)]
fn the_tax_credit_with_vat(#[case] on: &str, #[case] expected: i64) {
    assert_eq!(cents(value("tax-credit", on, "", WITH_VAT)), expected);
}

#[rstest]
#[case("12000", 126_874, 153_518)]
#[case("60000", 509_710, 616_749)]
fn t_nl_06_brackets_of_2024(#[case] kwh: &str, #[case] excluding: i64, #[case] including: i64) {
    let inputs = format!("kwh={kwh}");
    assert_eq!(cents(value("energy-tax", "2024-07-01", &inputs, "excluding VAT")), excluding);
    assert_eq!(cents(value("energy-tax", "2024-07-01", &inputs, WITH_VAT)), including);
}

#[test]
fn brackets_that_nobody_knows_are_refused_only_above_them() {
    attempt("energy-tax", "2026-07-01", "kwh=10000000").unwrap();
    assert!(refusal("energy-tax", "2026-07-01", "kwh=10000001").contains("eur_per_kwh"));
    attempt("gas-tax", "2026-07-01", "m3=170000").unwrap();
    assert!(refusal("gas-tax", "2026-07-01", "m3=170001").contains("eur_per_m3"));
}

#[test]
fn above_ten_million_kwh_a_home_pays_the_rate_of_who_is_no_business() {
    let business = value("energy-tax", "2024-07-01", "kwh=11000000", "excluding VAT");
    let home = value("energy-tax", "2024-07-01", "kwh=11000000 household=yes", "excluding VAT");
    assert_eq!(home - business, number("660"));
}

#[test]
fn t_nl_08_a_hundred_days_at_liander() {
    let paid = value("network-liander", "2024-03-01", "connection=3x25A days=100", "by class, including VAT");
    assert_eq!(cents(paid), 10_954);
}

#[rstest]
#[case("network-liander", "2025-07-01", "connection=3x25A", 45_574)]
#[case("network-liander", "2025-07-01", "connection=1x40A", 45_574)]
#[case("network-liander", "2025-07-01", "connection=3x40A", 187_123)]
#[case("network-liander", "2026-07-01", "connection=3x25A", 47_853)]
#[case("network-stedin", "2025-07-01", "connection=3x80A", 457_319)]
#[case("network-enexis", "2026-07-01", "connection=3x25A", 47_592)]
#[case("network-rendo", "2024-07-01", "connection=3x25A", 29_429)]
#[case("network-liander-gas", "2025-07-01", "annual_m3=1200", 23_946)]
#[case("network-liander-gas", "2025-07-01", "annual_m3=4001", 36_454)]
#[case("network-coteq-gas", "2025-07-01", "annual_m3=5000 meter=G10", 57_840)]
fn grid_tariffs_by_class(#[case] id: &str, #[case] on: &str, #[case] inputs: &str, #[case] expected: i64) {
    assert_eq!(cents(value(id, on, inputs, "by class, including VAT")), expected);
}

#[test]
fn stedin_and_enexis_rise_together_as_announced() {
    let both = |operator: &str| {
        let name = format!("network-{operator}");
        let electricity = value(&name, "2026-07-01", "connection=3x25A", "by class, including VAT");
        electricity + value(&format!("{name}-gas"), "2026-07-01", "annual_m3=1200", "by class, including VAT")
    };
    assert_eq!(cents(both("stedin")), 75_155);
    // 722.01 × 1.028 = 742.23, within the four decimals of the factor.
    assert_eq!(cents(both("enexis")), 74_221);
}

#[rstest]
#[case("network-liander", "2024-07-01", "connection=3x35A")]
#[case("network-liander", "2025-07-01", "connection=1x10A")]
#[case("network-coteq", "2024-07-01", "connection=3x25A")]
#[case("network-westland-gas", "2024-07-01", "annual_m3=1200")]
#[case("network-coteq-gas", "2025-07-01", "annual_m3=5000 meter=G16")]
fn a_tariff_that_nobody_knows_is_refused(#[case] id: &str, #[case] on: &str, #[case] inputs: &str) {
    assert!(refusal(id, on, inputs).contains("class"));
}

#[test]
fn t_nl_10_a_share_of_a_postcode_rose() {
    let back = |what| cents(value("postcode-rose", "2026-07-01", "share_kwh=2000", what));
    assert_eq!((back("excluding VAT"), back(WITH_VAT)), (-18_322, -22_170));
}

#[test]
fn t_nl_11_the_premium_of_fifty_kwp() {
    let inputs = "peak_kw=50 production_kwh=46000";
    assert_eq!(cents(value("sce-solar-small", "2024-07-01", inputs, "premium")), 9_000);
}

#[test]
fn premiums_of_2022_are_below_their_correction_and_other_years_are_not_known() {
    let inputs = "peak_kw=100 production_kwh=80000 own_use_kwh=20000";
    assert_eq!(value("sce-solar-large", "2022-07-01", inputs, "premium"), Decimal::ZERO);
    assert!(refusal("sce-solar-small", "2024-07-01", "peak_kw=50 production_kwh=1 year=2025").contains("corrections"));
    assert!(refusal("sce-solar-large", "2024-07-01", "peak_kw=50 production_kwh=1").contains("full_load_hours"));
    assert!(refusal("sde", "2026-07-01", "peak_kw=50 production_kwh=1").contains("full_load_hours"));
    assert!(matches!(
        book().find("sce-solar-small").unwrap().numbers_on(day("2023-07-01")),
        Some(Numbers::LastKnown(_))
    ));
}

#[test]
fn t_nl_13_members_of_a_cooperative() {
    let book = book();
    let per_member = |id: &str| book.find(id).unwrap().kw_per_member.unwrap();
    assert_eq!(members_required(number("50"), per_member("sce-solar-small")), number("10"));
    assert_eq!(members_required(number("98"), per_member("sce-solar-small")), number("20"));
    assert_eq!(members_required(number("9"), per_member("sce-wind")), number("5"));
    assert_eq!(members_required(number("9"), per_member("sce-hydro")), number("9"));
}

#[test]
fn t_nl_14_a_heat_pump() {
    let inputs = "kw=6 has_label=yes tenure=owner months_after=3";
    assert_eq!(cents(value("isde-heat-pump", "2026-07-01", inputs, "grant")), 257_500);
    assert_eq!(value("isde-heat-pump", "2026-07-01", "kw=6 tenure=social-renter", "grant"), Decimal::ZERO);
    assert_eq!(cents(value("isde-cavity-wall", "2026-07-01", "m2=50 combined=yes", "grant")), 40_000);
    assert_eq!(value("isde-ventilation", "2026-07-01", "combined=no", "grant"), Decimal::ZERO);
    assert_eq!(cents(value("vat-zero-panels", "2026-07-01", "cost_eur=5000", "in kind")), 105_000);
}

#[test]
fn t_nl_15_loans_of_the_heat_fund() {
    let monthly = |inputs| cents(value("heat-fund", "2024-07-01", inputs, "every month"));
    assert_eq!(monthly("principal_eur=15000 months=120 income_eur=70000"), 15_380);
    assert_eq!(monthly("principal_eur=27000 months=180 income_eur=50000"), 15_000);
}

#[test]
fn t_nl_16_the_emergency_fund() {
    let of = |inputs, what| cents(value("emergency-fund", "2025-03-01", inputs, what));
    let single = "household=single income_eur_per_month=1900 bill_eur_per_month=210";
    assert_eq!((of(single, "a month"), of(single, "in all")), (5_800, 34_800));
    assert_eq!(of("household=couple income_eur_per_month=2800 bill_eur_per_month=330", "a month"), 10_600);
    let in_2024 = refusal("emergency-fund", "2024-03-01", single);
    assert!(in_2024.contains("households"), "{in_2024}");
    assert!(refusal("energy-fund", "2026-12-01", single).contains("steps"));
}

#[rstest]
#[case("0.45", "0.45", "0.75", "0.00")]
#[case("0.80", "0.60", "0.60", "0.20")]
fn t_nl_17_sharing_in_a_quarter(#[case] need: &str, #[case] shared: &str, #[case] left: &str, #[case] drawn: &str) {
    let inputs = format!("injection_kwh=1.20 part=0.5 need_kwh={need}");
    let of = |what| value("energy-sharing", "2026-07-01", &inputs, what);
    assert_eq!(of("shared"), number(shared));
    assert_eq!(of("giver's residual export"), number(left));
    assert_eq!(of("receiver's residual import"), number(drawn));
}

#[test]
fn steps_of_a_fee_that_are_known() {
    let fee = |export: &str| format!("export_kwh={export}");
    let of = |export| cents(value("fee-vattenfall-2024", "2024-08-01", &fee(export), WITH_VAT));
    assert_eq!((of("500"), of("3300"), of("6600")), (0, 33_000, 68_600));
    assert!(refusal("fee-vattenfall-2024", "2024-08-01", "export_kwh=2000").contains("tiers"));
    assert_eq!(cents(value("fee-eneco-monthly", "2024-08-01", "export_kwh=1", WITH_VAT)), 7_200);
    assert_eq!(cents(value("fee-greenchoice-2027", "2027-08-01", "export_kwh=1000", WITH_VAT)), 5_184);
}

#[test]
fn limits_and_the_queue() {
    assert_eq!(value("feed-in-70", "2026-07-01", "peak_kwp=100 power_kw=85", "curtailed"), number("15"));
    assert_eq!(value("feed-in-50", "2026-07-01", "peak_kwp=1000 power_kw=900", "curtailed"), Decimal::ZERO);
    assert_eq!(value("transport-hours", "2026-07-01", "", "may be cut"), number("1314"));
    assert_eq!(value("group-transport", "2026-07-01", "contracted_kw=100 power_kw=60,65", "curtailed"), number("25"));
    assert_eq!(value("take-back", "2026-07-01", "contracted_kw=400 used_kw=150", "may be taken back"), number("250"));
    let small = "kw=17 class=other connection=3x25A";
    assert_eq!(value("queue", "2026-06-30", small, "waits"), Decimal::ZERO);
    let waits = "kw=17 class=other ahead_kw=0,0,0,583 released_kw_per_year=1200";
    assert_eq!(value("queue", "2026-07-01", waits, "waits"), number("6"));
    assert!(refusal("queue", "2026-07-01", "kw=17 class=other").contains("released_kw_per_year"));
}

/// A plant of 50 kWp that was granted a premium, and what it made from one day to another.
fn plant(premium: &str, granted: &str, from: &str, until: &str, kwh: &str) -> (Point, Readings) {
    let point = Point {
        id: "roof".to_owned(),
        kind: PointKind::Plant { peak_kwp: Some(number("50")), premium: Some((premium.to_owned(), day(granted))) },
        connection: None,
        is_member: false,
        has_gas: false,
        income_eur: None,
        panels_kwp: None,
    };
    let flows = [Flow::Generation, Flow::Export, Flow::SharedOut, Flow::Import, Flow::SharedIn];
    let needs = flows.map(|flow| Need::Sum(flow, Weight::One));
    let values = vec![number(kwh), number(kwh), Decimal::ZERO, Decimal::ZERO, Decimal::ZERO];
    let period = PeriodReading { from: day(from), until: day(until), values, gas_m3: Decimal::ZERO };
    (point, Readings { needs: Arc::new(needs.to_vec()), periods: vec![period], are_yearly: true })
}

/// The cents of the bills of such a plant, or what is not known.
fn settled(premium: &str, granted: &str, from: &str, until: &str, kwh: &str) -> Result<i64, String> {
    let book = book();
    let (point, readings) = plant(premium, granted, from, until, kwh);
    let spans = book.spans(&point, day(from), day(until));
    let options = Options { life: Life::Actual, explains: true };
    match settle(&book, &spans, &point, &readings, options) {
        Ok(bills) => Ok(bills.iter().map(kwartier::rules::bill::Bill::total_cents).sum()),
        Err(refusals) => Err(refusals.iter().map(|refusal| refusal.unknown.what.clone()).collect()),
    }
}

#[test]
fn a_granted_plant_is_settled_by_the_day_of_its_application() {
    let year = ("2024-01-01", "2025-01-01");
    assert_eq!(settled("sce-solar-small", "2024-01-01", year.0, year.1, "46000"), Ok(-9_000));
    assert_eq!(settled("nl.sce-solar-small", "2024-01-01", year.0, year.1, "10000"), Ok(-2_000));
    let later = settled("sce-solar-small", "2024-01-01", "2025-01-01", "2026-01-01", "46000").unwrap_err();
    assert!(later.contains("correction of 2025"), "{later}");
    let of_2023 = settled("sce-solar-small", "2023-07-01", year.0, year.1, "46000").unwrap_err();
    assert!(of_2023.contains("correction of 2024") || of_2023.contains("not known"), "{of_2023}");
}

#[test]
fn a_part_of_a_year_has_its_part_of_the_cap() {
    // 50 kWp × 900 h × 91/366 days = 11,188.52 kWh.
    let cut = settled("sce-solar-small", "2024-01-01", "2024-01-01", "2024-04-01", "20000");
    assert_eq!(cut, Ok(-2_238));
}

/// Another book, with one rule: Austria's reduction on shared energy.
const AUSTRIA: &str = r#"
[book]
name = "at"
about = "one rule"

[[rules]]
id = "at.shared"
kind = "network-reduction"
title = "less for the grid on shared energy"
source = "Systemnutzungsentgelte-Verordnung"
vat_fraction = 0.2
levels = [{ name = "local", factor = 0.57 }, { name = "regional", factor = 0.28 }]
group_level = "regional"
work_price_eur_per_kwh = 0.06
"#;

#[test]
fn a_group_s_level_lowers_what_a_shared_kwh_costs_on_the_grid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("at.toml");
    std::fs::write(&path, AUSTRIA).unwrap();
    let source = Source::new(folder.path().join("scenario.toml").display().to_string(), "at.toml");
    let origin = Origin::new(&source, 0..7);
    let rules = plan::Rules { book: Some(("at.toml".to_owned(), origin.clone())), ..plan::Rules::empty(origin) };
    let book = Rulebook::read(&rules, None, &mut Vec::new()).unwrap();
    let (mut point, mut readings) = plant("none", "2026-01-01", "2026-01-01", "2027-01-01", "0");
    point.kind = PointKind::Business;
    readings.periods[0].values = [0, 0, 0, 800, 500].map(Decimal::from).to_vec();
    let spans = book.spans(&point, day("2026-01-01"), day("2027-01-01"));
    let bills = settle(&book, &spans, &point, &readings, Options { life: Life::Actual, explains: true }).unwrap();
    let line = &bills[0].lines[0];
    assert_eq!((line.amount_cents(), line.total_cents()), (-840, -1_008));
    assert_eq!(line.formula, "500 kWh × 0.06 × 0.28");
}

#[test]
fn hours_of_negative_prices_are_in_no_register() {
    let error = settled("sde", "2024-01-01", "2024-01-01", "2025-01-01", "46000").unwrap_err();
    assert!(error.contains("unpaid_negative_hours"), "{error}");
}
