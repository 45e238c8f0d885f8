//! What a person reads who wrote a wrong rulebook, wrong rules in a scenario, or wrong readings: one snapshot for each way
//! to go wrong. Every message must be enough to mend the file.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use kwartier::scenario;
use kwartier::scenario::diagnostics::{self, Fault};
use kwartier::study::neighbourhoods::check_files;
use miette::{GraphicalReportHandler, GraphicalTheme};
use tempfile::TempDir;

/// A scenario that asks for the book of the case.
const SCENARIO: &str = "[scenario]\nname = \"Test\"\nstart = 2026-01-01\n[[homes]]\nid = \"row\"\ncount = 2\n\
                        [rules]\nbook = \"BOOK.toml\"\ncontract = \"plain\"\n";

/// The head of a book, and a contract.
const HEAD: &str = "[book]\nname = \"test\"\nabout = \"for tests\"\n[[vat]]\nvalid_from = 2020-01-01\nfraction = 0.21\nsource = \"law\"\n\
                    [[contracts]]\nid = \"test.plain\"\nkind = \"fixed\"\nimport_eur_per_kwh = 0.12\nexport_eur_per_kwh = 0.06\nsource = \"list\"\n";

/// A wrong book: its name, what follows the head, and the codes of the faults, in their order.
struct Book(&'static str, &'static str, &'static [&'static str]);

macro_rules! levy {
    ($more:literal) => {
        concat!("[[rules]]\nid = \"test.tax\"\nkind = \"levy\"\nsource = \"law\"\nvat_fraction = 0.21\n", $more)
    };
}

const BOOKS: &[Book] = &[
    Book(
        "book_with_overlapping_versions",
        levy!(
            "[[rules.versions]]\nvalid_from = 2025-01-01\nvalid_to = 2026-06-30\nbrackets = [{ eur_per_kwh = 0.1 }]\n\
             [[rules.versions]]\nvalid_from = 2026-01-01\nbrackets = [{ eur_per_kwh = 0.2 }]\n"
        ),
        &["rules::overlap"],
    ),
    Book(
        "book_with_an_unknown_base",
        levy!("base = \"gross-import\"\nbrackets = [{ eur_per_kwh = 0.1 }]\n"),
        &["scenario::unknown_word"],
    ),
    Book("book_with_a_negative_bracket", levy!("brackets = [{ eur_per_kwh = -0.1 }]\n"), &["rules::brackets"]),
    Book(
        "book_with_brackets_in_disorder",
        levy!(
            "brackets = [{ up_to_kwh = 10000, eur_per_kwh = 0.1 }, { up_to_kwh = 2900, eur_per_kwh = 0.2 }, { eur_per_kwh = 0.3 }]\n"
        ),
        &["rules::brackets"],
    ),
    Book(
        "book_with_a_gap_between_brackets",
        levy!("brackets = [{ eur_per_kwh = 0.1 }, { up_to_kwh = 2900, eur_per_kwh = 0.2 }, {}]\n"),
        &["rules::brackets"],
    ),
    Book(
        "book_with_nothing_above_the_last_bracket",
        levy!("brackets = [{ up_to_kwh = 2900, eur_per_kwh = 0.1 }]\n"),
        &["rules::brackets"],
    ),
    Book("book_with_a_bracket_of_another_carrier", levy!("brackets = [{ eur_per_m3 = 0.6 }]\n"), &["rules::brackets"]),
    Book("book_without_brackets", levy!(""), &["rules::missing_key"]),
    Book(
        "book_without_vat",
        "[[rules]]\nid = \"test.tax\"\nkind = \"levy\"\nsource = \"law\"\nbrackets = [{ eur_per_kwh = 0.1 }]\n",
        &["rules::vat"],
    ),
    Book("book_without_a_source", "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\n", &["rules::missing_key"]),
    Book(
        "book_with_a_reference_to_an_absent_rule",
        "[[contracts]]\nid = \"test.other\"\nkind = \"fixed\"\nimport_eur_per_kwh = 0.1\nfeed_in_fee = \"test.fee\"\nsource = \"list\"\n",
        &["rules::unknown_rule"],
    ),
    Book(
        "book_with_a_day_that_does_not_exist",
        "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\nvalid_to = 2026-02-30\n",
        &["scenario::syntax"],
    ),
    Book(
        "book_with_dates_in_quotes",
        "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\nvalid_to = \"2026-12-31\"\n",
        &["scenario::wrong_type"],
    ),
    Book(
        "book_with_an_end_before_its_begin",
        "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\nvalid_from = 2027-01-01\nvalid_to = 2026-12-31\n",
        &["rules::dates"],
    ),
    Book(
        "book_with_rules_that_exclude_each_other",
        "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\nexcludes = [\"test.monthly\"]\n\
         [[rules]]\nid = \"test.monthly\"\nkind = \"netting\"\nwindow = \"month\"\nsource = \"law\"\n",
        &["rules::excluded"],
    ),
    Book(
        "book_with_an_unknown_kind",
        "[[rules]]\nid = \"test.tax\"\nkind = \"levi\"\nsource = \"law\"\n",
        &["rules::unknown_kind"],
    ),
    Book("book_without_a_kind", "[[rules]]\nid = \"test.tax\"\nsource = \"law\"\n", &["rules::missing_key"]),
    Book("book_with_a_kind_that_is_no_text", "[[rules]]\nid = \"test.tax\"\nkind = 2\n", &["scenario::wrong_type"]),
    Book(
        "book_with_a_rule_without_an_id",
        "[[rules]]\nkind = \"netting\"\nsource = \"law\"\n",
        &["rules::missing_key"],
    ),
    Book(
        "book_with_an_id_twice",
        "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\n\
         [[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\n",
        &["rules::same_id"],
    ),
    Book(
        "book_with_an_unknown_key",
        "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\nwindows = \"month\"\n",
        &["scenario::unknown_key"],
    ),
    Book(
        "book_with_both_prices",
        "[[contracts]]\nid = \"test.other\"\nkind = \"fixed\"\nimport_eur_per_kwh = 0.1\nimport_eur_per_kwh_incl_vat = 0.121\nsource = \"list\"\n",
        &["rules::both_vat"],
    ),
    Book(
        "book_with_a_price_of_another_tariff",
        "[[contracts]]\nid = \"test.other\"\nkind = \"dynamic\"\nimport_eur_per_kwh = 0.1\nmarkup_eur_per_kwh = 0.02\nsource = \"list\"\n",
        &["rules::tariff"],
    ),
    Book(
        "book_with_hours_that_are_none",
        "[[contracts]]\nid = \"test.other\"\nkind = \"two-rate\"\nimport_eur_per_kwh = 0.1\nlow_hours = \"23-7\"\nsource = \"list\"\n",
        &["rules::hours"],
    ),
    Book(
        "book_with_a_connection_that_is_none",
        "[[rules]]\nid = \"test.netting\"\nkind = \"netting\"\nsource = \"law\"\nmax_connection = \"80A\"\n\
         [[rules]]\nid = \"test.grid\"\nkind = \"network-tariff\"\nsource = \"list\"\nvat_fraction = 0.21\n\
         classes = [{ connections = [\"3*25A\"], eur_per_year = 300 }]\n",
        &["rules::connection", "rules::connection"],
    ),
    Book(
        "book_with_a_fee_of_two_shapes",
        "[[rules]]\nid = \"test.fee\"\nkind = \"feed-in-fee\"\nsource = \"list\"\nvat_fraction = 0.21\neur_per_kwh = 0.1\neur_per_month = 5\n",
        &["rules::fee"],
    ),
    Book(
        "book_with_steps_of_a_fee_in_disorder",
        "[[rules]]\nid = \"test.fee\"\nkind = \"feed-in-fee\"\nsource = \"list\"\nvat_fraction = 0.21\n\
         tiers = [{ up_to_kwh = 500, eur_per_year = 0 }, { up_to_kwh = 500, eur_per_year = 50 }]\n",
        &["rules::brackets"],
    ),
    Book(
        "book_with_a_floor_without_a_floor",
        "[[rules]]\nid = \"test.floor\"\nkind = \"price-floor\"\nsource = \"law\"\n",
        &["rules::floor"],
    ),
    Book(
        "book_with_a_rate_in_no_proportion",
        levy!("brackets = [{ up_to_kwh = 2900, eur_per_kwh = 9161000 }, { eur_per_kwh = 0.1 }]\n"),
        &["rules::rate"],
    ),
    Book(
        "book_with_a_grant_of_more_than_the_most",
        "[[rules]]\nid = \"test.grant\"\nkind = \"grant\"\nsource = \"law\"\nvat_fraction = 0\nleast_eur = 500\nmost_eur = 100\n",
        &["rules::amounts"],
    ),
    Book(
        "book_with_an_unknown_level",
        "[[rules]]\nid = \"test.local\"\nkind = \"network-reduction\"\nsource = \"law\"\nvat_fraction = 0.2\nwork_price_eur_per_kwh = 0.06\ngroup_level = \"locale\"\n\
         levels = [{ name = \"local\", factor = 0.57 }]\n",
        &["rules::level"],
    ),
    Book(
        "book_with_an_unknown_region",
        "[[rules]]\nid = \"test.shared\"\nkind = \"shared-premium\"\nsource = \"law\"\nvat_fraction = 0\nreference_eur_per_kwh = 0.18\nregion = \"nort\"\n\
         classes = [{ fix_eur_per_kwh = 0.08, cap_eur_per_kwh = 0.12 }]\nregions = [{ name = \"north\", eur_per_kwh = 0.01 }]\n",
        &["rules::region"],
    ),
    Book(
        "book_with_two_corrections_of_a_year",
        "[[rules]]\nid = \"test.premium\"\nkind = \"production-premium\"\nsource = \"law\"\nvat_fraction = 0\nbase_eur_per_kwh = 0.12\nyears = 15\n\
         corrections = [{ year = 2024, eur_per_kwh = 0.1 }, { year = 2024, eur_per_kwh = 0.11 }]\n",
        &["rules::corrections"],
    ),
    Book(
        "book_with_a_version_without_a_day",
        levy!("[[rules.versions]]\nbrackets = [{ eur_per_kwh = 0.1 }]\n"),
        &["rules::missing_key"],
    ),
    Book(
        "book_with_a_version_like_none",
        levy!("[[rules.versions]]\nvalid_from = 2026-01-01\nas = 2025-01-01\nbrackets = [{ eur_per_kwh = 0.1 }]\n"),
        &["rules::unknown_version"],
    ),
    Book("book_with_one_table_of_rules", "[rules]\nid = \"test.tax\"\n", &["scenario::wrong_type"]),
    Book(
        "book_with_several_faults_at_once",
        "[[rules]]\nid = \"test.a\"\nkind = \"levi\"\n[[rules]]\nid = \"test.b\"\nkind = \"levy\"\nsource = \"law\"\nbrackets = [{ eur_per_kwh = 0.1 }]\n\
         [[rules]]\nid = \"test.c\"\nkind = \"netting\"\nsource = \"law\"\nwindow = \"week\"\n",
        &["rules::unknown_kind", "rules::vat", "scenario::unknown_word"],
    ),
];

/// Wrong rules of a scenario over the built-in book: name, what follows `[rules]`, and the codes.
const RULES: &[Book] = &[
    Book("rules_with_an_unknown_book", "book = \"nll\"\ncontract = \"fixed\"\n", &["rules::unknown_book"]),
    Book("rules_with_a_book_that_is_not_there", "book = \"mine.toml\"\ncontract = \"fixed\"\n", &["rules::unreadable"]),
    Book(
        "rules_with_an_unknown_contract",
        "book = \"nl\"\noperator = \"liander\"\ncontract = \"dynamisch\"\n",
        &["rules::contract"],
    ),
    Book(
        "rules_with_an_unknown_operator",
        "book = \"nl\"\ncontract = \"fixed\"\noperator = \"leander\"\n",
        &["rules::operator"],
    ),
    Book(
        "rules_that_switch_off_what_is_not_there",
        "book = \"nl\"\ncontract = \"fixed\"\noperator = \"liander\"\noff = [\"nl.saldering\", \"nl.neting\"]\n",
        &["rules::unknown_rule", "rules::unknown_rule"],
    ),
    Book(
        "rules_without_the_premium_of_a_plant",
        "book = \"nl\"\ncontract = \"fixed\"\noperator = \"liander\"\n[cooperative]\n[[cooperative.plants]]\nid = \"roof\"\nkind = \"pv\"\n\
         peak_kwp = 50\npremium = \"nl.sce-solar-smal\"\n[sharing]\neur_per_kwh = 0.1\n",
        &["rules::unknown_rule"],
    ),
    Book(
        "rules_that_replace_what_is_not_there",
        "book = \"nl\"\ncontract = \"fixed\"\noperator = \"liander\"\n[[rules.replace]]\nid = \"nl.energytax\"\n[[rules.replace]]\nvat_fraction = 0.09\n",
        &["rules::unknown_rule", "rules::missing_key"],
    ),
    Book(
        "rules_that_add_what_is_there",
        "book = \"nl\"\ncontract = \"fixed\"\noperator = \"liander\"\n[[rules.add]]\nid = \"nl.netting\"\nkind = \"netting\"\n\
         [[rules.add]]\nid = \"tax-credit\"\nkind = \"credit\"\nvat_fraction = 0\n",
        &["rules::same_id", "rules::same_id"],
    ),
    Book(
        "rules_with_a_contract_year_in_the_middle_of_a_month",
        "book = \"nl\"\ncontract = \"fixed\"\noperator = \"liander\"\ncontract_start = 2026-07-15\n",
        &["rules::contract_start"],
    ),
    Book("rules_without_book_and_rules", "", &["rules::none"]),
    Book("rules_without_contract_and_operator", "book = \"nl\"\n", &["rules::no_contract", "rules::no_operator"]),
    Book(
        "rules_with_a_wrong_assumption",
        "book = \"nl\"\ncontract = \"fixed\"\noperator = \"liander\"\nassume = \"zero\"\n",
        &["scenario::unknown_word"],
    ),
    Book(
        "rules_with_a_contract_without_vat",
        "contract = \"ours\"\n[[rules.contracts]]\nid = \"ours\"\nkind = \"fixed\"\nimport_eur_per_kwh = 0.1\n",
        &["rules::vat"],
    ),
];

/// Wrong readings: name, the file, and what must be in the words on stderr.
struct Meters(&'static str, &'static str, &'static [&'static str]);

const METERS: &[Meters] = &[
    Meters("meters_of_an_unknown_home", "id,year,import_kwh\nrow-3,2026,1000\n", &["meters::unknown_id"]),
    Meters("meters_with_an_unknown_column", "id,year,imports_kwh\nrow-1,2026,1000\n", &["meters::unknown_column"]),
    Meters("meters_without_an_id", "year,import_kwh\n2026,1000\n", &["meters::missing_column"]),
    Meters("meters_without_year_and_time", "id,import_kwh\nrow-1,1000\n", &["meters::form"]),
    Meters("meters_with_semicolons", "id;year;import_kwh\nrow-1;2026;1000\n", &["meters::form"]),
    Meters("meters_with_a_decimal_comma", "id,year,import_kwh\nrow-1,2026,1000,5\n", &["meters::row"]),
    Meters("meters_with_a_word", "id,year,import_kwh\nrow-1,2026,much\n", &["meters::number"]),
    Meters("meters_below_zero", "id,year,import_kwh,export_kwh\nrow-1,2026,1000,-20\n", &["meters::number"]),
    Meters("meters_of_no_year", "id,year,import_kwh\nrow-1,26,1000\n", &["meters::year"]),
    Meters("meters_of_too_many_days", "id,year,days,import_kwh\nrow-1,2026,366,1000\n", &["meters::days"]),
    Meters("meters_read_twice", "id,year,import_kwh\nrow-1,2026,1000\nrow-1,2026,900\n", &["meters::twice"]),
    Meters(
        "meters_with_more_low_than_all",
        "id,year,import_kwh,import_low_kwh\nrow-1,2026,1000,1200\n",
        &["meters::low"],
    ),
    Meters("meters_of_nothing", "id,year,import_kwh\n", &["meters::empty"]),
    Meters("meters_without_an_offset", "time,id,import_kwh\n2026-01-01T00:00,row-1,0.1\n", &["meters::time"]),
    Meters("meters_between_two_steps", "time,id,import_kwh\n2026-01-01T00:05+01:00,row-1,0.1\n", &["meters::time"]),
    Meters("meters_outside_of_the_run", "time,id,import_kwh\n2025-01-01T00:00+01:00,row-1,0.1\n", &["meters::time"]),
    Meters("meters_of_no_time", "time,id,import_kwh\nyesterday,row-1,0.1\n", &["meters::time"]),
    Meters(
        "meters_with_a_gap",
        "time,id,import_kwh\n2026-01-01T00:00+01:00,row-1,0.1\n2026-01-01T00:30+01:00,row-1,0.1\n2026-01-01T23:45+01:00,row-1,0.1\n",
        &["meters::gap"],
    ),
    Meters(
        "meters_of_a_part_of_a_day",
        "time,id,import_kwh\n2026-01-01T00:00+01:00,row-1,0.1\n2026-01-01T00:15+01:00,row-1,0.1\n",
        &["meters::part_of_a_day"],
    ),
    Meters(
        "meters_of_a_step_twice",
        "time,id,import_kwh\n2026-01-01T00:00+01:00,row-1,0.1\n2025-12-31T23:00Z,row-1,0.1\n",
        &["meters::twice", "meters::part_of_a_day"],
    ),
];

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = TempDir::new().expect("a temporary folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
    for Book(name, text, _) in BOOKS {
        write(&format!("{name}.toml"), &format!("{HEAD}{text}"));
        write(&format!("{name}-scenario.toml"), &SCENARIO.replace("BOOK", name));
    }
    for Book(name, text, _) in RULES {
        let scenario = SCENARIO.split("book =").next().expect("it has a book");
        write(&format!("{name}.toml"), &format!("{scenario}{text}"));
    }
    write("good.toml", HEAD);
    write("settle.toml", &SCENARIO.replace("BOOK", "good"));
    for Meters(name, text, _) in METERS {
        write(&format!("{name}.csv"), text);
    }
    std::env::set_current_dir(folder.path()).expect("it exists");
    folder
});

/// All that is said about a scenario and its rules, as `kwartier check` shows it, and the codes.
fn report(file: &str) -> (String, Vec<String>) {
    let mut loaded = scenario::load(Path::new(file), &[], None);
    if let Some(plan) = loaded.draft.take() {
        loaded.faults.extend(check_files(&plan));
        diagnostics::sort(&mut loaded.faults);
    }
    shown(&loaded.faults)
}

fn shown(faults: &[Fault]) -> (String, Vec<String>) {
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    let mut text = String::new();
    for fault in faults {
        handler.render_report(&mut text, fault).expect("a text takes all");
        writeln!(text).expect("a text takes all");
    }
    (text, faults.iter().map(|fault| fault.code.trim_start_matches("kwartier::").to_owned()).collect())
}

fn snapshots() -> insta::internals::SettingsBindDropGuard {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots/rule_faults");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind_to_scope()
}

#[test]
fn every_wrong_book_is_told_where_and_how_to_mend_it() {
    let _snapshots = snapshots();
    LazyLock::force(&FOLDER);
    let mut others = String::new();
    let cases = BOOKS.iter().map(|book| (book, format!("{}-scenario.toml", book.0)));
    for (Book(name, _, codes), file) in cases.chain(RULES.iter().map(|rules| (rules, format!("{}.toml", rules.0)))) {
        let (text, found) = report(&file);
        if found != *codes {
            writeln!(others, "{name}: {found:?}").expect("a text takes all");
        }
        insta::assert_snapshot!(*name, text);
    }
    assert!(others.is_empty(), "other faults than expected in\n{others}");
}

#[test]
fn every_fault_of_a_book_names_file_line_and_mend() {
    LazyLock::force(&FOLDER);
    for Book(name, ..) in BOOKS {
        let mut loaded = scenario::load(Path::new(&format!("{name}-scenario.toml")), &[], None);
        for fault in check_files(&loaded.draft.take().expect("the scenario is good")) {
            let origin = fault.origin.expect(name);
            assert!(!fault.help.is_empty() && !origin.text().is_empty(), "{name}: {}", fault.message);
        }
    }
}

#[test]
fn every_wrong_reading_is_told_where_and_how_to_mend_it() {
    let _snapshots = snapshots();
    LazyLock::force(&FOLDER);
    let mut others = String::new();
    for Meters(name, _, codes) in METERS {
        let output = Command::new(env!("CARGO_BIN_EXE_kwartier"))
            .args(["settle", "settle.toml", "--meters", &format!("{name}.csv")])
            .output()
            .expect("the program starts");
        let text = String::from_utf8(output.stderr).expect("faults are UTF-8");
        assert!(output.stdout.is_empty() && output.status.code() == Some(2), "{name}: {text}");
        let found: Vec<&str> = text.lines().filter_map(|line| line.trim().strip_prefix("kwartier::")).collect();
        if found != *codes {
            writeln!(others, "{name}: {found:?}").expect("a text takes all");
        }
        insta::assert_snapshot!(*name, text);
    }
    assert!(others.is_empty(), "other faults than expected in\n{others}");
}

#[test]
fn every_fault_code_of_the_rules_room_has_a_case() {
    // The first guards against a mistake of ours; the others have tests of their own in `tests/settle.rs`.
    let elsewhere = ["rules::unread", "rules::unknown_number", "meters::divided", "meters::dynamic", "meters::file"];
    // Columns apart by semicolons have neither `year` nor `time`.
    let elsewhere = elsewhere.into_iter().chain(["meters::separator"]);
    let mut written = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the room is there") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(path).expect("it is a text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            written.extend(code.split('"').filter_map(|word| word.strip_prefix("kwartier::")).map(str::to_owned));
        }
    }
    // Rows of readings are read in a room of their own, for `share` too.
    let rows = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/series/rows.rs");
    let rows = std::fs::read_to_string(rows).expect("it is a text");
    written.extend(rows.split('"').filter_map(|word| word.strip_prefix("kwartier::")).map(str::to_owned));
    let books = BOOKS.iter().chain(RULES).flat_map(|Book(.., codes)| codes.iter());
    let cases = books.chain(METERS.iter().flat_map(|Meters(.., codes)| codes.iter()));
    let shown: BTreeSet<String> = cases.map(|code| (*code).to_owned()).chain(elsewhere.map(str::to_owned)).collect();
    let without: Vec<&String> = written.difference(&shown).collect();
    assert!(written.len() > 20 && without.is_empty(), "codes without a case: {without:?}");
}
