//! Price files: small samples of our own in `tests/data/`, years that the tests write, and a real file of SMARD.
//!
//! The real file carries other people's data and is found by `KWARTIER_SHARED` (default `../shared`); without it its test
//! says that it is skipped, unless `KWARTIER_REQUIRE_SHARED=1`. Its totals are those of `data/EXPECTED.md` there, read
//! independently of this project with pandas.

#![expect(clippy::unwrap_used, reason = "tests may fail")]

mod common {
    #[expect(dead_code, reason = "no run is needed to know a price")]
    pub(crate) mod scenario;
}

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use common::scenario::Written;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use kwartier::calendar::{Calendar, Country};
use kwartier::engine::world::World;
use kwartier::market::readers::{PriceSummary, inspect_price_file, read_prices};
use kwartier::scenario::diagnostics::{Fault, Origin, Source};
use kwartier::scenario::plan::{Gaps, PriceFile, PriceFormat};
use kwartier::study::neighbourhoods::check_files;

/// Sums of some 10⁴ prices of two decimals, EUR/MWh.
const ROUNDING: f64 = 1e-6;

fn dutch() -> TimeZone {
    TimeZone::get("Europe/Amsterdam").unwrap()
}

fn calendar(start: Date, step_minutes: u32) -> Calendar {
    Calendar::new(start, 1, step_minutes, &dutch(), Country::Nl).unwrap()
}

fn prices(file: &Path, format: PriceFormat) -> PriceFile {
    let source = Source::new("street.toml", "[market]\nsource = \"csv\"\nfile = \"prices.csv\"\n");
    PriceFile {
        file: file.to_owned(),
        format,
        column: None,
        column_origin: None,
        timezone: dutch(),
        year: None,
        gaps: Gaps::Refuse,
        origin: Origin::new(&source, 32..44),
    }
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn inspect(spec: &PriceFile) -> PriceSummary {
    let mut faults = Vec::new();
    let summary = inspect_price_file(spec, Country::Nl, &mut faults);
    assert!(faults.is_empty(), "{}", said(&faults));
    summary.unwrap()
}

/// The codes of the faults; all of them must say how to mend them.
fn codes(faults: &[Fault]) -> Vec<&str> {
    for fault in faults {
        assert!(!fault.help.is_empty() && fault.origin.is_some() && !fault.label.is_empty(), "{fault}");
        assert!(fault.message.chars().next().is_some_and(|c| !c.is_uppercase()), "{}", fault.message);
    }
    faults.iter().map(|fault| fault.code.trim_start_matches("kwartier::")).collect()
}

fn said(faults: &[Fault]) -> String {
    let words = |fault: &Fault| format!("{} {} ({})", fault.code, fault.message, fault.help);
    faults.iter().map(words).collect::<Vec<String>>().join("\n")
}

fn assert_near(value: f64, expected: f64) {
    assert!((value - expected).abs() <= ROUNDING, "{value} instead of {expected}");
}

/// The sum of whole numbers from 0 to `count` − 1.
fn sum_to(count: i32) -> f64 {
    f64::from(count * (count - 1) / 2)
}

mod samples {
    use super::*;

    #[test]
    fn smard_with_date_and_time_in_two_columns_through_the_day_of_25_hours() {
        let summary = inspect(&prices(&sample("prices_smard_two_columns.csv"), PriceFormat::Smard));
        assert_eq!((summary.rows, summary.missing, summary.minutes), (49, 0, (60, 60)));
        assert_eq!(summary.column, "Netherlands[€/MWh]");
        assert_eq!(summary.first.to_string(), "2024-10-26T22:00:00Z");
        assert_eq!(summary.last.to_string(), "2024-10-28T23:00:00Z");
        // 10 i − 100, but 1,234.5 for i = 40.
        assert_near(summary.sum_eur_per_mwh, 10.0 * sum_to(49) - 4900.0 - 300.0 + 1234.5);
        assert_near(summary.min_eur_per_mwh, -100.0);
        assert_near(summary.max_eur_per_mwh, 1234.5);
        let other = PriceFile {
            column: Some("germany/luxembourg".to_owned()),
            ..prices(&sample("prices_smard_two_columns.csv"), PriceFormat::Smard)
        };
        assert_near(inspect(&other).sum_eur_per_mwh, sum_to(49) + 49.0 * 0.25);
    }

    #[test]
    fn smard_in_quarters_through_the_day_of_23_hours() {
        let summary = inspect(&prices(&sample("prices_smard_quarters.csv"), PriceFormat::Smard));
        assert_eq!((summary.rows, summary.missing, summary.minutes), (92, 0, (15, 15)));
        assert_eq!(summary.last.to_string(), "2026-03-29T22:00:00Z");
        assert_near(summary.sum_eur_per_mwh, sum_to(92) + 46.0);
    }

    #[test]
    fn smard_in_german_with_comma_and_points_between_thousands() {
        let summary = inspect(&prices(&sample("prices_smard_german.csv"), PriceFormat::Smard));
        assert_eq!((summary.rows, summary.missing), (48, 0));
        assert_eq!(summary.column, "Niederlande [€/MWh] Originalauflösungen");
        // i − 10 + 0.75, of which −10,75 to −1,75 as written are −(10 − i) − 0.75; 1.234,50 for i = 40.
        let below_zero: f64 = (0..10).map(|i| f64::from(i - 10) - 0.75).sum();
        let above: f64 = (10..48).filter(|i| *i != 40).map(|i| f64::from(i - 10) + 0.75).sum();
        assert_near(summary.sum_eur_per_mwh, below_zero + above + 1234.5);
    }

    #[test]
    fn the_old_interface_of_entsoe_with_a_missing_price_on_the_day_of_25_hours() {
        let summary = inspect(&prices(&sample("prices_entsoe_old.csv"), PriceFormat::Entsoe));
        assert_eq!((summary.rows, summary.missing, summary.minutes), (25, 1, (60, 60)));
        assert_eq!(summary.first.to_string(), "2024-10-26T22:00:00Z");
        assert_eq!(summary.last.to_string(), "2024-10-27T23:00:00Z");
        assert_near(summary.min_eur_per_mwh, -5.1);
        assert_near(summary.max_eur_per_mwh, 19.1);
    }

    #[test]
    fn the_new_interface_of_entsoe_with_hours_and_then_quarters() {
        let summary = inspect(&prices(&sample("prices_entsoe_new.csv"), PriceFormat::Entsoe));
        assert_eq!((summary.rows, summary.missing, summary.minutes), (48 + 192, 0, (15, 60)));
        assert_eq!(summary.column, "Day-ahead Price (EUR/MWh)");
        assert_eq!(summary.first.to_string(), "2025-09-28T22:00:00Z");
        assert_eq!(summary.last.to_string(), "2025-10-02T22:00:00Z");
        assert_near(summary.sum_eur_per_mwh, sum_to(240) - 4800.0);
    }

    #[test]
    fn entsoe_py_with_offsets() {
        let summary = inspect(&prices(&sample("prices_entsoe_py.csv"), PriceFormat::Entsoe));
        assert_eq!((summary.rows, summary.missing, summary.minutes), (73, 0, (60, 60)));
        assert_eq!(summary.first.to_string(), "2024-10-25T22:00:00Z");
        assert_eq!(summary.last.to_string(), "2024-10-28T23:00:00Z");
    }
}

mod years {
    use super::*;

    /// 1 October 2025, when day-ahead went from hours to quarters, seconds since 1970.
    const QUARTERS_SINCE_S: i64 = 1_759_269_600;

    /// A made price of the interval that begins at an instant, EUR/MWh: of two decimals, often negative.
    fn made(at_s: i64) -> f64 {
        ((at_s / 900 * 7919) % 20_000) as f64 / 100.0 - 40.0
    }

    /// The instants of the intervals of a local year: hours, and quarters since October 2025.
    fn starts(year: i16) -> Vec<i64> {
        let quarters = calendar(date(year, 1, 1), 15);
        let all = (0..quarters.steps()).map(|step| quarters.start_s(step));
        all.filter(|at_s| *at_s >= QUARTERS_SINCE_S || at_s % 3600 == 0).collect()
    }

    fn utc(at_s: i64) -> String {
        jiff::Timestamp::from_second(at_s).unwrap().to_string()
    }

    fn local(at_s: i64) -> String {
        let clock = dutch().to_datetime(jiff::Timestamp::from_second(at_s).unwrap());
        clock.strftime("%d.%m.%Y %H:%M").to_string()
    }

    /// Lays `text` onto a year and returns its prices and faults.
    fn read(
        text: &str,
        on: &Calendar,
        format: PriceFormat,
        change: impl Fn(&mut PriceFile),
    ) -> (Option<Vec<f64>>, Vec<Fault>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("prices.csv");
        std::fs::write(&file, text).unwrap();
        let mut spec = prices(&file, format);
        change(&mut spec);
        let mut faults = Vec::new();
        let read = read_prices(&spec, on, &mut faults);
        assert_eq!(read.is_some(), !faults.iter().any(Fault::is_error), "{}", said(&faults));
        (read, faults)
    }

    fn csv(year: i16, row: impl Fn(i64) -> Option<String>) -> String {
        let mut text = String::from("time,price_eur_mwh\n");
        for at_s in starts(year) {
            if let Some(price) = row(at_s) {
                writeln!(text, "{},{price}", utc(at_s)).unwrap();
            }
        }
        text
    }

    fn price(at_s: i64) -> String {
        format!("{:.2}", made(at_s))
    }

    #[test]
    fn hours_and_quarters_of_one_file_are_laid_onto_every_step() {
        let whole = csv(2025, |at_s| Some(price(at_s)));
        for minutes in [5, 10, 15, 30, 60] {
            let on = calendar(date(2025, 1, 1), minutes);
            let (read, faults) = read(&whole, &on, PriceFormat::Csv, |_| ());
            assert!(faults.is_empty(), "{}", said(&faults));
            for (step, value) in read.unwrap().into_iter().enumerate() {
                // The mean over the parts of five minutes, each of which lies in one interval.
                let parts = (on.start_s(step)..on.start_s(step + 1)).step_by(300);
                let interval = |at_s: i64| {
                    let length_s = if at_s >= QUARTERS_SINCE_S { 900 } else { 3600 };
                    made(at_s - at_s % length_s)
                };
                let expected = parts.map(interval).sum::<f64>() / f64::from(minutes / 5);
                assert_near(value * 1000.0, expected);
            }
        }
    }

    #[test]
    fn every_form_of_a_year_gives_the_same_prices() {
        let on = calendar(date(2025, 1, 1), 15);
        let expected = read(&csv(2025, |at_s| Some(price(at_s))), &on, PriceFormat::Csv, |_| ()).0.unwrap();
        let mut kwh = String::from("time;price_eur_kwh\n");
        let mut german = String::from("\u{feff}Datum von;Datum bis;Belgien [€/MWh];Niederlande [€/MWh]\n");
        let mut entsoe = String::from("\"MTU (CET/CEST)\",\"Day-ahead Price [EUR/MWh]\",\"Currency\",\"BZN|NL\"\n");
        let mut entsoe_utc = String::from("\"MTU (UTC)\",\"Area\",\"Day-ahead Price (EUR/MWh)\"\n");
        for at_s in starts(2025) {
            let length_s = if at_s >= QUARTERS_SINCE_S { 900 } else { 3600 };
            let (from, to, eur) = (local(at_s), local(at_s + length_s), price(at_s));
            writeln!(kwh, "{from};{:.5}", made(at_s) / 1000.0).unwrap();
            writeln!(german, "{from};{to};-;{}", eur.replace('.', ",")).unwrap();
            writeln!(entsoe, "\"{from} - {to}\",\"{eur}\",\"EUR\",\"\"").unwrap();
            let utc = |at_s: i64| jiff::Timestamp::from_second(at_s).unwrap().strftime("%d/%m/%Y %H:%M:%S").to_string();
            writeln!(entsoe_utc, "\"{} - {}\",\"BZN|NL\",\"{eur}\"", utc(at_s), utc(at_s + length_s)).unwrap();
        }
        for (text, format) in [
            (kwh, PriceFormat::Csv),
            (german, PriceFormat::Smard),
            (entsoe, PriceFormat::Entsoe),
            (entsoe_utc, PriceFormat::Entsoe),
        ] {
            let (read, faults) = read(&text, &on, format, |_| ());
            assert!(faults.is_empty(), "{}", said(&faults));
            for (value, expected) in read.unwrap().iter().zip(&expected) {
                assert_near(value * 1000.0, expected * 1000.0);
            }
        }
    }

    #[test]
    fn a_gap_is_refused_at_its_line_and_filled_only_if_it_is_short() {
        let on = calendar(date(2025, 1, 1), 60);
        let noon_s = on.start_s(150 * 24);
        let lacks = |hours: i64, said: Option<&'static str>| {
            let said = said.map(str::to_owned);
            csv(2025, |at_s| {
                let is_lost = (noon_s..noon_s + hours * 3600).contains(&at_s);
                if is_lost { said.clone() } else { Some(price(at_s)) }
            })
        };
        for (text, hours) in
            [(lacks(1, None), 1), (lacks(2, Some("-")), 2), (lacks(2, Some("n/e")), 2), (lacks(2, Some("")), 2)]
        {
            let faults = read(&text, &on, PriceFormat::Csv, |_| ()).1;
            assert_eq!(codes(&faults), ["series::gap"], "{}", said(&faults));
            assert!(faults[0].origin.as_ref().unwrap().source.name().ends_with("prices.csv"));
            let (read, faults) = read(&text, &on, PriceFormat::Csv, |spec| spec.gaps = Gaps::Fill);
            assert_eq!(codes(&faults), ["series::gap"], "told of");
            // A straight line over the quarters of the gap, of which the first hour has four.
            let (before, after) = (made(noon_s - 3600), made(noon_s + hours * 3600));
            let part = 2.5 / (4.0 * hours as f64 + 1.0);
            assert_near(read.unwrap()[150 * 24] * 1000.0, before + (after - before) * part);
        }
        let long = read(&lacks(4, None), &on, PriceFormat::Csv, |spec| spec.gaps = Gaps::Fill).1;
        assert_eq!(codes(&long), ["series::gap"]);
        assert!(long[0].is_error());
    }

    #[test]
    fn what_cannot_be_a_price_is_refused() {
        let on = calendar(date(2025, 1, 1), 60);
        let of = |text: &str, format: PriceFormat, change: &dyn Fn(&mut PriceFile)| {
            let faults = read(text, &on, format, change).1;
            (codes(&faults).iter().map(|code| (*code).to_owned()).collect::<Vec<_>>(), said(&faults))
        };
        let none = |_: &mut PriceFile| ();
        // EUR/MWh in a column of EUR/kWh.
        let kwh = csv(2025, |_| Some("95.8".to_owned())).replace("price_eur_mwh", "price_eur_kwh");
        assert_eq!(of(&kwh, PriceFormat::Csv, &none).0[0], "market::range");
        // The reverse is only odd.
        let mwh = csv(2025, |_| Some("0.0958".to_owned()));
        assert_eq!(of(&mwh, PriceFormat::Csv, &none).0, ["market::unit"]);
        // No unit, no column, and a column that is not there.
        let bare = csv(2025, |at_s| Some(price(at_s))).replace("price_eur_mwh", "NL");
        assert_eq!(of(&bare, PriceFormat::Csv, &none).0, ["market::column"]);
        let named = |spec: &mut PriceFile| spec.column = Some("NL".to_owned());
        assert_eq!(of(&bare, PriceFormat::Csv, &named).0, ["market::unit"]);
        let other = |spec: &mut PriceFile| spec.column = Some("price_eur_mvh".to_owned());
        let (codes, said) = of(&mwh, PriceFormat::Csv, &other);
        assert_eq!(codes, ["market::column"]);
        assert!(said.contains("did you mean `price_eur_mwh`?"), "{said}");
        // Other formats.
        assert_eq!(of(&mwh, PriceFormat::Smard, &none).0, ["series::other_year"; 0], "one column in EUR is enough");
        assert_eq!(of(&bare, PriceFormat::Smard, &none).0, ["market::column"]);
        let pounds =
            "\"MTU (CET/CEST)\",\"Day-ahead Price [GBP/MWh]\"\n\"01.01.2025 00:00 - 01.01.2025 01:00\",\"5\"\n";
        assert_eq!(of(pounds, PriceFormat::Entsoe, &none).0, ["market::unit"]);
        assert_eq!(of("", PriceFormat::Entsoe, &none).0, ["series::empty"]);
        // Two auctions in one file, and a row between.
        let twice = format!("{mwh}{},5\n", utc(on.start_s(77)));
        assert_eq!(of(&twice, PriceFormat::Csv, &none).0, ["series::duplicate"]);
        let between = format!("{mwh}{},5\n", utc(on.start_s(77) + 1200));
        assert_eq!(of(&between, PriceFormat::Csv, &none).0[0], "series::spacing");
        // Another year, and half of it.
        let (codes, said) = of(&csv(2023, |at_s| Some(price(at_s))), PriceFormat::Csv, &none);
        assert_eq!(codes, ["series::other_year"]);
        assert!(said.contains("year = 2023"), "{said}");
        let half = csv(2025, |at_s| (at_s < on.start_s(4000)).then(|| price(at_s)));
        assert_eq!(of(&half, PriceFormat::Csv, &none).0, ["series::too_short"]);
    }

    #[test]
    fn another_year_is_mapped_by_date_and_the_weekdays_are_told_of() {
        let text = csv(2023, |at_s| Some(price(at_s)));
        let on = calendar(date(2028, 1, 1), 60);
        let (read, faults) = read(&text, &on, PriceFormat::Csv, |spec| spec.year = Some(2023));
        assert_eq!(codes(&faults), ["market::leap_day", "market::weekdays"]);
        assert!(faults[1].message.contains("2028-01-01, a Saturday, has the price of 2023-01-01, a Sunday"));
        let read = read.unwrap();
        let source = calendar(date(2023, 1, 1), 60);
        for (day, of_file) in [(0, 0), (58, 58), (59, 58), (60, 59), (365, 364)] {
            for hour in [0, 13, 23] {
                assert_near(read[day * 24 + hour] * 1000.0, made(source.start_s(of_file * 24 + hour)));
            }
        }
        // 2017 begins on a Sunday as 2023 does.
        let on = calendar(date(2017, 1, 1), 60);
        assert!(super::years::read(&text, &on, PriceFormat::Csv, |spec| spec.year = Some(2023)).1.is_empty());
    }
}

mod worlds {
    use super::*;

    const STREET: &str = "[scenario]\nname = \"Street\"\nstart = 2025-01-01\nstep_minutes = 60\nshapes = 4\n\
                          [[homes]]\nid = \"row\"\ncount = 2\n";

    #[test]
    fn the_built_in_price_is_made_when_asked_for_and_kept() {
        let world = Written::new(STREET).world(&[]);
        let prices = world.prices().unwrap();
        let made = kwartier::market::synthetic::prices_eur_per_kwh(1, &world.calendar, &world.sky.weather);
        assert_eq!(*prices, made);
        assert!(Arc::ptr_eq(&prices, &world.prices().unwrap()));
        assert!(Arc::ptr_eq(&prices, &world.clone().prices().unwrap()), "a copy has the same");
        let other = Written::new(STREET).world(&["scenario.seed=2"]).prices().unwrap();
        assert_ne!(*prices, *other);
    }

    #[test]
    fn a_price_file_is_one_of_the_data_files_and_wrong_when_it_is_read() {
        let market = "[market]\nsource = \"csv\"\nfile = \"prices.csv\"\n";
        let calendar = calendar(date(2025, 1, 1), 60);
        let mut text = String::from("time,price_eur_mwh\n");
        for step in 0..calendar.steps() {
            writeln!(text, "{},{}", calendar.instant(step), step % 100).unwrap();
        }
        let written = Written::new(&format!("{STREET}{market}")).file("prices.csv", &text);
        let world = written.world(&[]);
        assert!(world.plan.data_files()[0].ends_with("prices.csv"));
        assert_near(world.prices().unwrap()[137], 0.037);

        let written = written.file("prices.csv", &text[..text.rfind("2025-07").unwrap()]);
        let plan = kwartier::scenario::load(&written.path(), &[], None).draft.unwrap();
        let faults = check_files(&plan);
        assert_eq!(codes(&faults)[0], "series::too_short");
        assert_eq!(codes(&World::new(plan, &mut Vec::new()).unwrap_err())[0], "series::too_short");
    }

    #[test]
    fn all_rows_of_a_table_have_one_price() {
        let scenario = format!("{STREET}[neighbourhoods]\nfile = \"table.csv\"\n");
        let table = "id,latitude_deg,longitude_deg,row\nhere,52.1,5.18,2\nsouth,50.9,5.9,1\n";
        let written = Written::new(&scenario).file("table.csv", table);
        let plan = kwartier::scenario::load(&written.path(), &[], None).draft.unwrap();
        let mut faults = Vec::new();
        let rows =
            kwartier::neighbourhood::table::read(&plan, plan.neighbourhoods.as_ref().unwrap(), &mut faults).unwrap();
        let world_of = |row| World::new(kwartier::neighbourhood::table::plan_of(&plan, row), &mut Vec::new()).unwrap();
        let (here, south) = (world_of(&rows[0]), world_of(&rows[1]));
        assert_ne!(here.sky.weather.ghi_w_m2, south.sky.weather.ghi_w_m2);
        assert_eq!(*here.prices().unwrap(), *south.prices().unwrap());
        // It is that of the scenario as one community.
        assert_eq!(*here.prices().unwrap(), *Written::new(STREET).world(&[]).prices().unwrap());
    }
}

#[test]
fn a_year_of_smard_holds_what_was_read_independently() {
    let root = std::env::var_os("KWARTIER_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let file = root.join("data/prices/smard_day_ahead_2018_hour.csv");
    if !file.exists() {
        let required = std::env::var("KWARTIER_REQUIRE_SHARED").is_ok_and(|value| value == "1");
        assert!(!required, "{} is required and not there", file.display());
        println!("skipped: {} is not there", file.display());
        return;
    }
    let summary = inspect(&prices(&file, PriceFormat::Smard));
    assert_eq!((summary.rows, summary.missing, summary.minutes), (8760, 0, (60, 60)));
    assert_near(summary.sum_eur_per_mwh, 460_166.21);
    assert_near(summary.min_eur_per_mwh, 0.55);
    assert_near(summary.max_eur_per_mwh, 175.0);
    // On the run's steps nothing is lost, and the clock changes are where they belong.
    for minutes in [15, 60] {
        let mut faults = Vec::new();
        let on = calendar(date(2018, 1, 1), minutes);
        let read = read_prices(&prices(&file, PriceFormat::Smard), &on, &mut faults).unwrap();
        assert!(faults.is_empty(), "{}", said(&faults));
        assert_near(read.iter().sum::<f64>() * 1000.0 * on.step_h(), 460_166.21);
    }
}
