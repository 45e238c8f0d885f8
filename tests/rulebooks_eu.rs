//! The rulebooks of other countries: they load, say where each number is from, and give the worked cases to the cent.
//!
//! The cases are named T-IT-.., T-AT-.. as in the collection of rules that the books were made from; what is right in them
//! comes from the sources that the books name, or from hand.

mod common {
    pub(crate) mod command;
    pub(crate) mod trial;
}

use common::command::{kwartier, printed, word};
use common::trial::{self, book, day, number};
use kwartier::rules::attempt::{GivenError, Working};
use kwartier::rules::exact::cents;
use kwartier::rules::rule::Numbers;
use kwartier::rules::terms::{Base, Geography, Status};
use rstest::rstest;
use rust_decimal::Decimal;

const BOOKS: [&str; 12] = ["at", "be-brussels", "be-flanders", "ch", "cz", "de", "es", "fr", "it", "lu", "pt", "sk"];

/// A rule on a day, applied to inputs: `"it.shared-premium"`, `"shared_kwh=1000 price_eur_per_kwh=0.11"`.
fn attempt(id: &str, on: &str, inputs: &str) -> Result<Vec<Working>, GivenError> {
    trial::attempt(&book(id.split_once('.').expect("a full id").0), id, on, inputs)
}

/// What comes out of the first step of the reckoning whose words begin so.
fn value(id: &str, on: &str, inputs: &str, what: &str) -> Decimal {
    let lines = attempt(id, on, inputs).unwrap_or_else(|error| panic!("{id} {inputs}: {error}"));
    let found = lines.iter().find(|line| line.what.starts_with(what));
    found.unwrap_or_else(|| panic!("{id}: no \"{what}\" in {lines:?}")).value
}

/// What is not known, in the words of the refusal.
fn refusal(id: &str, on: &str, inputs: &str) -> String {
    trial::refusal(attempt(id, on, inputs))
}

#[test]
fn every_rule_of_every_book_says_what_it_is_and_where_it_is_from() {
    for name in BOOKS {
        let book = book(name);
        assert_eq!(book.name, name);
        assert!(!book.rules.is_empty() && book.about.contains("2026-11-23"), "{name}");
        for rule in &book.rules {
            assert!(rule.id.starts_with(&format!("{name}.")), "{}", rule.id);
            assert!(!rule.title.is_empty() && !rule.about.is_empty() && rule.mode.is_some(), "{}", rule.id);
            assert!(rule.source.len() > 6, "{}", rule.id);
            assert!(rule.versions.iter().all(|version| version.source.len() > 6), "{}", rule.id);
            for pair in rule.versions.windows(2) {
                assert!(pair[0].to.zip(pair[1].from).is_some_and(|(end, next)| end < next), "{}", rule.id);
            }
        }
    }
}

#[test]
fn sharing_is_by_the_hour_in_italy_and_spain_and_by_the_quarter_elsewhere() {
    for name in BOOKS {
        let book = book(name);
        let minutes = if ["it", "es"].contains(&name) { 60 } else { 15 };
        let sharing: Vec<_> = book.rules.iter().filter(|rule| rule.kind == "allocation").collect();
        assert!(!sharing.is_empty(), "{name}");
        for rule in sharing {
            assert!(rule.versions.iter().all(|version| version.written["interval_minutes"] == minutes), "{}", rule.id);
        }
    }
}

#[test]
fn numbers_with_vat_from_memory_are_assumed() {
    for name in BOOKS {
        for rule in &book(name).rules {
            for version in rule.versions.iter().filter(|version| version.source.contains("VAT from memory")) {
                assert_eq!(version.status, Status::Assumed, "{}", rule.id);
            }
        }
    }
}

#[rstest]
#[case::cap_before_adder("150", "0.110", 13_000)]
#[case::below_the_cap("150", "0.160", 11_000)]
#[case::fixed_part_alone("150", "0.190", 9_000)]
#[case::large_at_its_cap("800", "0.140", 11_000)]
#[case::large_fixed_part("800", "0.180", 7_000)]
fn t_it_01_a_thousand_kwh_in_the_north(#[case] kw: &str, #[case] price: &str, #[case] expected: i64) {
    let inputs = format!("plant_kw={kw} shared_kwh=1000 price_eur_per_kwh={price} region=north");
    assert_eq!(cents(value("it.shared-premium", "2025-07-01", &inputs, "premium")), expected);
}

#[rstest]
#[case("200", "north", 13_000)]
#[case("201", "north", 12_000)]
#[case("600", "centre", 11_400)]
#[case("601", "centre", 10_400)]
#[case("601", "south", 10_000)]
fn the_italian_adder_comes_on_top_of_the_cap(#[case] kw: &str, #[case] region: &str, #[case] expected: i64) {
    let inputs = format!("plant_kw={kw} shared_kwh=1000 price_eur_per_kwh=0 region={region}");
    assert_eq!(cents(value("it.shared-premium", "2025-07-01", &inputs, "premium")), expected);
}

#[test]
fn what_italy_does_not_pay_or_nobody_knows_is_refused() {
    let of = |inputs| refusal("it.shared-premium", "2025-07-01", inputs);
    assert!(of("plant_kw=1001 shared_kwh=1 price_eur_per_kwh=0.1").contains("class"));
    assert!(of("plant_kw=150 shared_kwh=1 price_eur_per_kwh=0.1 has_grant=yes").contains("grant_factor"));
    let north = "plant_kw=150 shared_kwh=1 price_eur_per_kwh=0.1 region=nort";
    assert!(matches!(attempt("it.shared-premium", "2025-07-01", north), Err(GivenError::Wrong { .. })));
}

#[test]
fn what_is_shared_above_the_threshold_is_for_social_aims() {
    let inputs = "plant_kw=150 shared_kwh=650 injected_kwh=1000 price_eur_per_kwh=0.2";
    assert_eq!(cents(value("it.shared-premium", "2025-07-01", inputs, "of that only")), 800);
    let inputs = "plant_kw=150 shared_kwh=550 injected_kwh=1000 price_eur_per_kwh=0.2";
    assert_eq!(value("it.shared-premium", "2025-07-01", inputs, "of that only"), Decimal::ZERO);
}

#[rstest]
#[case("it.community-value", 1_057)]
#[case("it.building-value-lv", 1_382)]
#[case("it.building-value-mv", 1_242)]
fn what_the_italian_grid_is_spared(#[case] id: &str, #[case] expected: i64) {
    let inputs = "plant_kw=150 shared_kwh=1000 price_eur_per_kwh=0.1";
    assert_eq!(cents(value(id, "2025-07-01", inputs, "value for the grid")), expected);
    assert_eq!(value(id, "2025-07-01", inputs, "premium"), Decimal::ZERO);
    let book = book("it");
    let in_2026 = book.find(id).unwrap().numbers_on(day("2026-01-01"));
    assert!(matches!(in_2026, Some(Numbers::LastKnown(_))), "{id}");
}

#[test]
fn t_at_01_a_shared_kwh_saves_by_how_local_it_is() {
    let of = |level: &str, what| {
        let inputs = format!("shared_kwh=500 work_price_eur_per_kwh=0.06 levels={level}");
        cents(value("at.network-reduction", "2026-07-01", &inputs, what))
    };
    assert_eq!((of("local", "taken off"), of("local", "left to pay")), (-1_710, 1_290));
    assert_eq!(of("regional", "taken off"), -840);
    assert_eq!(of("regional-upper", "taken off"), -1_920);
    assert_eq!(of("local,regional,local", "taken off"), -840);
}

#[test]
fn austrian_percentages_from_october_2026_are_refused_with_the_key_to_set() {
    let inputs = "shared_kwh=500 work_price_eur_per_kwh=0.06 levels=local";
    attempt("at.network-reduction", "2026-09-30", inputs).unwrap();
    let what = refusal("at.network-reduction", "2026-10-01", inputs);
    assert!(what.contains("\"local\"") && what.contains("`factor`"), "{what}");
    let no_price = refusal("at.network-reduction", "2026-07-01", "shared_kwh=500 levels=local");
    assert!(no_price.contains("work_price_eur_per_kwh"), "{no_price}");
}

#[rstest]
#[case("ch.network-reduction", "same-transformer", -1_200)]
#[case("ch.network-reduction", "several-transformers", -600)]
#[case("ch.network-reduction", "same-transformer,several-transformers", -600)]
#[case("be-brussels.network-reduction", "A", -3_000)]
#[case("be-brussels.network-reduction", "A,B", -1_500)]
#[case("pt.network-access", "same-point", -3_000)]
#[case("pt.general-interest-costs", "individual", -1_500)]
#[case("es.network-exempt", "nearby", -3_000)]
fn less_grid_tariff_elsewhere(#[case] id: &str, #[case] levels: &str, #[case] expected: i64) {
    let inputs = format!("shared_kwh=500 work_price_eur_per_kwh=0.06 levels={levels}");
    assert_eq!(cents(value(id, "2026-07-01", &inputs, "taken off")), expected);
}

#[rstest]
#[case("be-brussels.network-reduction", "A,C")]
#[case("be-brussels.network-reduction", "D")]
#[case("pt.network-access", "low-voltage")]
#[case("fr.local-tariff", "same-low-voltage-station")]
fn a_reduction_that_nobody_knows_is_refused(#[case] id: &str, #[case] levels: &str) {
    let inputs = format!("shared_kwh=500 work_price_eur_per_kwh=0.06 levels={levels}");
    assert!(refusal(id, "2026-07-01", &inputs).contains("`factor`"));
}

const GERMAN_LEVIES: [&str; 4] =
    ["de.electricity-tax", "de.cogeneration-levy", "de.offshore-levy", "de.special-use-levy"];

#[test]
fn t_de_01_a_hundred_shared_kwh() {
    let on = "2026-07-01";
    let shared = "injection_kwh=100 part=1 need_kwh=100 price_eur_per_kwh=0.10";
    assert_eq!(cents(value("de.energy-sharing", on, shared, "receiver pays")), 1_000);
    let levies = |what| GERMAN_LEVIES.iter().map(|id| value(id, on, "kwh=100", what)).sum::<Decimal>();
    assert_eq!(levies("excluding VAT"), number("4.996"));
    assert_eq!(cents(levies("excluding VAT")), 500);
    assert_eq!(cents(levies("including VAT")), 595);
    assert_eq!(book("de").vat_on(day(on)), number("0.19"));
}

#[rstest]
#[case("de.energy-sharing", "2026-05-31", false)]
#[case("de.energy-sharing", "2026-06-01", true)]
#[case("de.energy-sharing", "2028-05-31", true)]
#[case("de.energy-sharing", "2028-06-01", false)]
#[case("de.energy-sharing-adjacent", "2028-05-31", false)]
#[case("de.energy-sharing-adjacent", "2028-06-01", true)]
#[case("it.shared-premium", "2027-12-31", true)]
#[case("it.shared-premium", "2028-01-01", false)]
#[case("it.pnrr-grant", "2025-12-01", false)]
#[case("ch.network-reduction", "2025-12-31", false)]
#[case("at.network-reduction", "2021-10-31", false)]
#[case("at.local-sharing", "2026-10-01", false)]
#[case("at.common-use", "2026-10-01", true)]
#[case("be-flanders.energy-sharing", "2023-01-22", false)]
#[case("fr.power", "2025-02-20", false)]
#[case("es.sharing-draft", "2026-07-01", false)]
fn rules_hold_on_their_days(#[case] id: &str, #[case] on: &str, #[case] holds: bool) {
    let book = book(id.split_once('.').unwrap().0);
    assert_eq!(book.find(id).unwrap().holds_on(day(on)), holds);
}

#[rstest]
#[case("de.energy-sharing", "2026-05-31", "injection_kwh=1")]
#[case("de.energy-sharing", "2028-06-01", "injection_kwh=1")]
#[case("de.electricity-tax", "2027-01-01", "kwh=1")]
#[case("de.electricity-tax", "2025-12-31", "kwh=1")]
#[case("it.shared-premium", "2028-01-01", "shared_kwh=1")]
#[case("it.community-value", "2026-01-01", "shared_kwh=1")]
#[case("ch.network-reduction", "2025-12-31", "shared_kwh=1")]
fn a_day_without_numbers_is_refused(#[case] id: &str, #[case] on: &str, #[case] inputs: &str) {
    let book = id.split_once('.').unwrap().0;
    let said = kwartier(&["rules", "try", id, "--book", book, "--on", on, "--with", inputs]);
    let error = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(!said.status.success() && error.contains(&format!("no numbers of {on}")), "{error}");
}

#[test]
fn the_command_lists_every_book() {
    for name in BOOKS {
        let text = printed(&["rules", "list", "--book", name]);
        assert!(text.contains(&format!("{} rules of any day", book(name).rules.len())), "{text}");
    }
}

#[test]
fn taxes_know_whether_they_are_due_on_shared_kwh() {
    let base = |id: &str| {
        let book = book(id.split_once('.').unwrap().0);
        let base = book.find(id).unwrap().versions[0].base;
        base.expect("a levy of these books says its base")
    };
    for id in ["fr.excise", "at.electricity-levy", "at.renewable-surcharge"] {
        assert_eq!(base(id), Base::NetImport, "{id}");
    }
    for id in GERMAN_LEVIES.into_iter().chain(["be-flanders.levies"]) {
        assert_eq!(base(id), Base::Delivered, "{id}");
    }
    assert_eq!(cents(value("fr.excise", "2025-07-01", "kwh=1000", "excluding VAT")), 3_370);
    for id in ["at.electricity-levy", "at.renewable-surcharge", "be-flanders.levies"] {
        assert!(refusal(id, "2026-07-01", "kwh=1").contains("eur_per_kwh"), "{id}");
    }
}

#[rstest]
#[case("0.3", "2", "2", "0")]
#[case("0.3", "5", "3", "2")]
#[case("0.4", "3", "3", "0")]
fn t_es_01_an_hour_with_coefficients(#[case] part: &str, #[case] need: &str, #[case] own: &str, #[case] drawn: &str) {
    let inputs = format!("injection_kwh=10 part={part} need_kwh={need}");
    assert_eq!(value("es.sharing", "2026-07-01", &inputs, "shared"), number(own));
    assert_eq!(value("es.sharing", "2026-07-01", &inputs, "receiver's residual import"), number(drawn));
    // T-ES-01's surplus of each is its part less its own use: 1, 0, 1.
}

#[test]
fn the_power_of_french_plants_together_is_limited() {
    assert_eq!(value("fr.power", "2026-07-01", "power_kw=3000,2500", "curtailed"), number("500"));
    assert_eq!(value("fr.power-public", "2026-07-01", "power_kw=3000,2500", "curtailed"), Decimal::ZERO);
}

#[test]
fn who_may_share_is_near() {
    let within = |id: &str| {
        let book = book(id.split_once('.').unwrap().0);
        book.find(id).unwrap().geography.expect("a geography")
    };
    assert_eq!(within("fr.sharing"), (Geography::Distance, Some(number("2"))));
    assert_eq!(within("fr.sharing-rural"), (Geography::Distance, Some(number("20"))));
    assert_eq!(within("es.sharing-draft"), (Geography::Distance, Some(number("5"))));
    assert_eq!(within("it.shared-premium"), (Geography::Substation, None));
    assert_eq!(within("at.local-sharing"), (Geography::Transformer, None));
    assert_eq!(within("ch.sharing"), (Geography::Municipality, None));
}

#[test]
fn premiums_of_tenants_in_germany_are_not_known() {
    let inputs = "peak_kw=50 production_kwh=1000";
    assert!(refusal("de.tenant-electricity", "2026-07-01", inputs).contains("base_eur_per_kwh"));
}

#[test]
fn the_italian_grant_pays_four_tenths() {
    assert_eq!(cents(value("it.pnrr-grant", "2025-07-01", "cost_eur=100000 kw=100", "grant")), 4_000_000);
}

/// The lines of a home's bill of 2025, rule and EUR excluding VAT, by a book with what a case enters.
fn settled(book: &str, entered: &str) -> Result<Vec<(String, String)>, String> {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let (scenario, meters) = (folder.path().join("case.toml"), folder.path().join("meters.csv"));
    let text = format!(
        "[scenario]\nname = \"Case\"\nstart = 2025-01-01\n[[homes]]\nid = \"home\"\ncount = 1\n[rules]\nbook = \"{book}\"\n\
         contract = \"ours\"\n{entered}[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nvat_fraction = 0.2\n\
         import_eur_per_kwh = 0.15\nexport_eur_per_kwh = 0.05\n"
    );
    std::fs::write(&scenario, text).expect("it can be written");
    let readings = "id,year,import_kwh,export_kwh,shared_in_kwh\nhome,2025,2000,500,400\n";
    std::fs::write(&meters, readings).expect("it can be written");
    let said = kwartier(&["settle", word(&scenario), "--meters", word(&meters), "--format", "json"]);
    if !said.status.success() {
        return Err(String::from_utf8_lossy(&said.stderr).split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let results: serde_json::Value = serde_json::from_slice(&said.stdout).expect("results are JSON");
    let lines = results["bills"][0]["lines"].as_array().expect("a bill").iter();
    let lines = lines.map(|line| (line["rule"].as_str().unwrap_or("").to_owned(), line["amount_eur"].to_string()));
    Ok(lines.filter(|(rule, _)| rule.starts_with(&format!("{book}."))).collect())
}

const AUSTRIAN: &str = "off = [\"renewable-surcharge\"]\n\
    [[rules.replace]]\nid = \"network-reduction\"\ngroup_level = \"local\"\nwork_price_eur_per_kwh = 0.06\n";

#[test]
fn an_austrian_home_pays_no_levy_and_less_grid_tariff_on_shared_kwh() {
    let levy = "[[rules.replace]]\nid = \"electricity-levy\"\n\
        versions = [{ valid_from = 2025-01-01, brackets = [{ eur_per_kwh = 0.01 }] }]\n";
    let lines = settled("at", &format!("{AUSTRIAN}{levy}")).unwrap();
    // 1,600 of 2,000 kWh × 0.01; 400 × 0.06 × 0.57.
    let line = |rule: &str, eur: &str| (rule.to_owned(), eur.to_owned());
    assert_eq!(lines, [line("at.electricity-levy", "16"), line("at.network-reduction", "-13.68")]);
    let refused = settled("at", AUSTRIAN).unwrap_err();
    assert!(refused.contains("at.electricity-levy") && refused.contains("`eur_per_kwh`"), "{refused}");
}

#[test]
fn a_factor_that_the_scenario_enters_takes_the_place_of_the_unknown_one() {
    let rule = "[[rules.replace]]\nid = \"network-reduction\"\ngroup_level = \"C\"\nwork_price_eur_per_kwh = 0.06\n";
    let refused = settled("be-brussels", rule).unwrap_err();
    assert!(refused.contains("`factor`"), "{refused}");
    let entered =
        format!("{rule}versions = [{{ valid_from = 2025-01-01, levels = [{{ name = \"C\", factor = 0.25 }}] }}]\n");
    let lines = settled("be-brussels", &entered).unwrap();
    assert_eq!(lines, [("be-brussels.network-reduction".to_owned(), "-6".to_owned())]);
}
