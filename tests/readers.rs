//! Readers of time series against real files, and against small samples of our own in `tests/data/`.
//!
//! The real files carry other people's data and are found by `KWARTIER_SHARED` (default `../shared`); without them
//! their tests say that they are skipped, unless `KWARTIER_REQUIRE_SHARED=1`. Totals are those of `data/EXPECTED.md`
//! there, read independently of this project with pandas.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests may fail, and say when they are skipped")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::civil::date;
use jiff::tz::TimeZone;
use kwartier::calendar::{Calendar, Country};
use kwartier::scenario::diagnostics::{Fault, Origin, Source};
use kwartier::scenario::plan::{Gaps, MeterFile, MeterUnit, Stamp, WeatherFile, WeatherFormat};
use kwartier::series::{Summary, inspect_meter, read_meter};
use kwartier::weather::SunAt;
use kwartier::weather::readers::{inspect_weather_file, read_weather};
use kwartier::weather::sun::Site;

/// Half a unit of the last digit that the totals are given with, and the rounding of some 10⁴ additions.
const KWH: f64 = 0.000_501;

const DE_BILT: Site = Site { latitude_deg: 52.10, longitude_deg: 5.18 };

fn dutch() -> TimeZone {
    TimeZone::get("Europe/Amsterdam").unwrap()
}

fn calendar(year: i16, step_minutes: u32) -> Calendar {
    Calendar::new(date(year, 1, 1), 1, step_minutes, &dutch(), Country::Nl).unwrap()
}

fn origin() -> Origin {
    let source = Source::new("street.toml", "[[homes]]\nprofile = { file = \"meter.csv\" }\n");
    Origin::new(&source, 10..41)
}

fn meter(file: &Path, columns: &[&str]) -> MeterFile {
    MeterFile {
        file: file.to_owned(),
        columns: columns.iter().map(|&name| name.to_owned()).collect(),
        columns_origin: None,
        unit: MeterUnit::Kwh,
        cumulative: false,
        stamp: Stamp::Start,
        timezone: dutch(),
        year: None,
        gaps: Gaps::Refuse,
        origin: origin(),
    }
}

fn weather(file: &Path, format: WeatherFormat, year: Option<i16>) -> WeatherFile {
    WeatherFile {
        file: file.to_owned(),
        format,
        stamp: Stamp::Start,
        timezone: TimeZone::UTC,
        year,
        gaps: Gaps::Refuse,
        origin: origin(),
    }
}

/// A file of the shared data, or `None` with a word that the test is skipped.
fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("KWARTIER_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let file = root.join("data").join(path);
    if file.exists() {
        return Some(file);
    }
    assert!(
        std::env::var("KWARTIER_REQUIRE_SHARED").map_or(true, |value| value != "1"),
        "{} is required and not there",
        file.display()
    );
    println!("skipped: {} is not there", file.display());
    None
}

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn written(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let file = folder.path().join("meter.csv");
    std::fs::write(&file, text).unwrap();
    file
}

/// A year of rows: the hours of 2027 in UTC around the local year, with the value given for each.
fn year_of_hours(value: impl Fn(usize) -> Option<String>) -> String {
    let calendar = calendar(2027, 60);
    let mut text = String::from("time,kwh\n");
    for step in 0..calendar.steps() {
        if let Some(value) = value(step) {
            writeln!(text, "{},{value}", calendar.instant(step)).unwrap();
        }
    }
    text
}

fn inspect(spec: &MeterFile) -> Summary {
    let mut faults = Vec::new();
    inspect_meter(spec, &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)))
}

fn errors(faults: &[Fault]) -> Vec<&str> {
    faults.iter().filter(|fault| fault.is_error()).map(|fault| fault.code).collect()
}

/// The faults without the texts of their files.
fn said(faults: &[Fault]) -> String {
    let words = |fault: &Fault| format!("{} {} ({})", fault.code, fault.message, fault.help);
    faults.iter().map(words).collect::<Vec<String>>().join("\n")
}

fn assert_all_mendable(faults: &[Fault]) {
    for fault in faults {
        assert!(!fault.help.is_empty() && fault.origin.is_some() && !fault.label.is_empty(), "{fault}");
        assert!(fault.message.chars().next().is_some_and(|c| !c.is_uppercase()), "{}", fault.message);
    }
}

fn assert_near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} is not {expected} within {tolerance}");
}

mod real_meters {
    use super::*;

    const DSMR: &str = "household/dsmrreader_2024_hour.csv";
    const LOW: &str = "Electricity 1 (Dutch Users: Low Tariff)";
    const NORMAL: &str = "Electricity 2 (Dutch Users: Normal Tariff)";
    const RETURNED_LOW: &str = "Electricity 1 Returned (Dutch Users: Low Tariff)";
    const RETURNED_NORMAL: &str = "Electricity 2 Returned (Dutch Users: Normal Tariff)";

    #[test]
    fn dsmr_reader_totals() {
        let Some(file) = shared(DSMR) else { return };
        let summary = inspect(&meter(&file, &[LOW, NORMAL]));
        assert_eq!((summary.rows, summary.missing, summary.step_minutes), (8754, 30, 60));
        assert_eq!(summary.first.to_string(), "2023-12-31T23:00:00Z");
        assert_eq!(summary.last.to_string(), "2024-12-31T23:00:00Z");
        assert_near(summary.columns_kwh[0].1, 1828.818, KWH);
        assert_near(summary.columns_kwh[1].1, 1914.313, KWH);
        assert_near(summary.kwh, 1828.818 + 1914.313, 2.0 * KWH);
        let returned = inspect(&meter(&file, &[RETURNED_LOW, RETURNED_NORMAL]));
        assert_near(returned.columns_kwh[0].1, 651.104, KWH);
        assert_near(returned.columns_kwh[1].1, 1477.279, KWH);
    }

    #[test]
    fn a_year_with_gaps_is_refused_unless_told_to_fill() {
        let Some(file) = shared(DSMR) else { return };
        let spec = MeterFile { year: Some(2024), ..meter(&file, &[LOW, NORMAL]) };
        let mut faults = Vec::new();
        assert!(read_meter(&spec, &calendar(2019, 15), &mut faults).is_none());
        assert_eq!(errors(&faults), ["kwartier::series::gap"; 2]);
        assert!(faults[0].message.contains("2024-03-16 13:00+01:00 to 2024-03-17 18:00+01:00 (29 values missing)"));
        assert!(faults[1].message.contains("2024-03-21 06:00+01:00 to 2024-03-21 07:00+01:00 (1 value missing)"));
        assert_all_mendable(&faults);
    }

    #[test]
    fn a_real_meter_of_2024_covers_2019_by_day_type() {
        let Some(file) = shared(DSMR) else { return };
        let spec = MeterFile { year: Some(2024), gaps: Gaps::Fill, ..meter(&file, &[LOW, NORMAL]) };
        let mut faults = Vec::new();
        let calendar = calendar(2019, 15);
        let series = read_meter(&spec, &calendar, &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)));
        assert_eq!(faults.len(), 2, "each gap is said: {}", said(&faults));
        assert_all_mendable(&faults);
        assert_eq!(series.kw.len(), 35_040);
        assert!(series.kw.iter().all(|kw| kw.is_finite() && *kw >= 0.0));
        // The rule worked out a second time, in Python with zoneinfo; of 3743.131 kWh in the file.
        let kwh = series.kw.iter().sum::<f64>() * calendar.step_h();
        assert_near(kwh, 3740.0495, 1e-6);
    }

    #[test]
    fn without_a_year_another_one_is_refused() {
        let Some(file) = shared(DSMR) else { return };
        let mut faults = Vec::new();
        assert!(read_meter(&meter(&file, &[LOW]), &calendar(2019, 15), &mut faults).is_none());
        assert_eq!(errors(&faults), ["kwartier::series::other_year"]);
        assert!(faults[0].help.contains("year = 2024"), "{}", faults[0].help);
        assert_all_mendable(&faults);
    }

    #[test]
    fn registers_of_toon_without_a_header() {
        for (name, kwh, missing, clipped) in
            [("pv", 3327.623, 4, 4), ("import_normal", 1769.420, 4, 0), ("export_low", 616.227, 4, 0)]
        {
            let Some(file) = shared(&format!("household/toon_2021_hours_{name}.csv")) else { return };
            let spec = MeterFile { unit: MeterUnit::Wh, cumulative: true, ..meter(&file, &["2"]) };
            let mut faults = Vec::new();
            let summary = inspect_meter(&spec, &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)));
            assert_eq!((summary.rows, summary.missing, summary.clipped), (8761, missing, clipped), "{name}");
            assert_near(summary.kwh, kwh, KWH);
            assert_eq!(faults.len(), usize::from(clipped > 0), "{}", said(&faults));
            assert_all_mendable(&faults);
            // The registers fill the year they are from; energy over the gaps is theirs.
            let spec = MeterFile { gaps: Gaps::Fill, ..spec };
            let calendar = calendar(2021, 15);
            let series = read_meter(&spec, &calendar, &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)));
            // The file runs some hours beyond the year at both ends.
            assert_near(series.kw.iter().sum::<f64>() * calendar.step_h(), kwh, 5.0);
        }
    }

    #[test]
    fn registers_of_homewizard_in_naive_local_time() {
        let Some(file) = shared("household/homewizard_2022-09_15min_elec.csv") else { return };
        let columns = ["Import T1 kWh", "Import T2 kWh", "Export T1 kWh", "Export T2 kWh"];
        let summary = inspect(&MeterFile { cumulative: true, ..meter(&file, &columns) });
        for ((_, kwh), expected) in summary.columns_kwh.iter().zip([855.816, 500.611, 284.979, 576.139]) {
            assert_near(*kwh, expected, KWH);
        }
        assert_eq!(summary.first.to_string(), "2022-08-31T22:00:00Z");
    }

    #[test]
    fn meters_stacked_in_one_file_are_refused_with_a_cap() {
        let Some(file) = shared("household/engie_A_2021-12_2023-06.csv") else { return };
        let mut faults = Vec::new();
        assert!(inspect_meter(&meter(&file, &["Verbruik"]), &mut faults).is_none());
        assert!(faults.len() <= 21, "{}", faults.len());
        assert_eq!(faults.last().unwrap().code, "kwartier::series::more");
        assert_all_mendable(&faults);
    }

    #[test]
    fn a_file_with_weeks_twice_and_one_that_turns_to_minutes_are_refused() {
        for (phase, code) in [("A", "duplicate"), ("C", "spacing")] {
            let Some(file) = shared(&format!("household/shelly_em3_phase{phase}_2025Q1_10min.csv")) else { return };
            let column = format!("Active energy Wh ({phase})");
            let spec = MeterFile { unit: MeterUnit::Wh, timezone: TimeZone::UTC, ..meter(&file, &[&column]) };
            let mut faults = Vec::new();
            assert!(inspect_meter(&spec, &mut faults).is_none());
            assert_eq!(faults[0].code, format!("kwartier::series::{code}"), "{}", said(&faults));
            assert_eq!((faults.len(), faults[20].code), (21, "kwartier::series::more"), "{}", said(&faults));
            assert_all_mendable(&faults);
        }
    }
}

mod real_weather {
    use super::*;

    #[test]
    fn knmi_totals() {
        for (year, rows, ghi, temperature, wind) in
            [(2019, 8760, 1098.70, 11.185, 3.327), (2020, 8784, 1125.18, 11.687, 3.607)]
        {
            let Some(file) = shared(&format!("weather/knmi_uurgeg_260_{year}.txt")) else { return };
            let mut faults = Vec::new();
            let summary = inspect_weather_file(&weather(&file, WeatherFormat::Knmi, None), &mut faults)
                .unwrap_or_else(|| panic!("{}", said(&faults)));
            assert_eq!((summary.rows, summary.missing, summary.step_minutes), (rows, 0, 60));
            assert_near(summary.ghi_kwh_m2, ghi, 0.005);
            assert_near(summary.temperature_mean_c, temperature, 0.0005);
            assert_near(summary.wind_mean_m_s, wind, 0.0005);
            assert_eq!(summary.first.to_string(), format!("{year}-01-01T00:00:00Z"));
        }
    }

    #[test]
    fn knmi_2019_runs_at_every_step_with_its_energy() {
        let Some(file) = shared("weather/knmi_uurgeg_260_2019.txt") else { return };
        for step_minutes in [5, 10, 15, 30, 60] {
            let calendar = calendar(2019, step_minutes);
            let mut faults = Vec::new();
            let spec = weather(&file, WeatherFormat::Knmi, None);
            let sky =
                read_weather(&spec, &calendar, DE_BILT, &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)));
            assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), ["kwartier::series::zone_offset"]);
            assert_all_mendable(&faults);
            assert_eq!((sky.ghi_w_m2.len(), sky.sun_at), (calendar.steps(), SunAt::Middle));
            let kwh = |column: &[f64]| column.iter().sum::<f64>() * calendar.step_h() / 1000.0;
            // The hour that the offset leaves out at the end is dark.
            assert_near(kwh(&sky.ghi_w_m2), 1098.70, 0.005);
            let mean = |column: &[f64]| column.iter().sum::<f64>() / column.len() as f64;
            assert_near(mean(&sky.temperature_c), 11.185, 0.005);
            assert_near(mean(&sky.wind_m_s), 3.327, 0.005);
            // De Bilt: somewhat more than half of the light is diffuse.
            let diffuse = kwh(&sky.dhi_w_m2) / kwh(&sky.ghi_w_m2);
            assert!((0.45..0.62).contains(&diffuse), "{diffuse}");
            assert!(sky.dni_w_m2.iter().all(|dni| (0.0..1200.0).contains(dni)));
        }
    }

    #[test]
    fn knmi_2019_stands_for_a_leap_year_and_2020_for_a_common_one() {
        let Some(file) = shared("weather/knmi_uurgeg_260_2019.txt") else { return };
        let mut faults = Vec::new();
        let leap = calendar(2028, 15);
        let spec = weather(&file, WeatherFormat::Knmi, Some(2019));
        let sky = read_weather(&spec, &leap, DE_BILT, &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)));
        assert_eq!(sky.ghi_w_m2.len(), 35_136);
        assert!(faults.iter().any(|fault| fault.code == "kwartier::weather::leap_day"), "{}", said(&faults));
        assert_all_mendable(&faults);
        let kwh = sky.ghi_w_m2.iter().sum::<f64>() / 4000.0;
        assert!((1098.7..1101.5).contains(&kwh), "{kwh}: one day in February more");

        let Some(file) = shared("weather/knmi_uurgeg_260_2020.txt") else { return };
        let mut faults = Vec::new();
        let spec = weather(&file, WeatherFormat::Knmi, Some(2020));
        let sky = read_weather(&spec, &calendar(2027, 15), DE_BILT, &mut faults).unwrap();
        let kwh = sky.ghi_w_m2.iter().sum::<f64>() / 4000.0;
        assert!((1122.0..1125.18).contains(&kwh), "{kwh}: without 29 February");
        assert_eq!(errors(&faults), [""; 0]);
    }

    #[test]
    fn a_knmi_file_without_radiation_is_refused_in_words() {
        let Some(file) = shared("weather/knmi_script_api_260_2024-2025_T_TD.txt") else { return };
        let mut faults = Vec::new();
        assert!(inspect_weather_file(&weather(&file, WeatherFormat::Knmi, None), &mut faults).is_none());
        assert_eq!(errors(&faults), ["kwartier::series::column"; 2]);
        assert!(faults[0].message.ends_with("has no column `Q` (global radiation)"), "{}", faults[0].message);
        assert!(faults[0].help.contains("STN, YYYYMMDD, HH, T, TD"), "{}", faults[0].help);
        assert_all_mendable(&faults);
    }

    #[test]
    fn a_file_of_another_year_says_so() {
        let Some(file) = shared("weather/knmi_uurgeg_260_2019.txt") else { return };
        let mut faults = Vec::new();
        let spec = weather(&file, WeatherFormat::Knmi, None);
        assert!(read_weather(&spec, &calendar(2027, 15), DE_BILT, &mut faults).is_none());
        assert_eq!(errors(&faults), ["kwartier::series::other_year"]);
        assert!(faults[0].help.contains("year = 2019"), "{}", faults[0].help);
        // The year after: an hour of it is in the file.
        let mut faults = Vec::new();
        assert!(read_weather(&spec, &calendar(2020, 15), DE_BILT, &mut faults).is_none());
        assert_eq!(errors(&faults), ["kwartier::series::other_year"]);
    }
}

mod samples {
    use super::*;

    #[test]
    fn quarters_of_the_day_of_a_hundred_with_decimal_commas_and_two_tariffs() {
        let file = sample("quarters_clock_change.csv");
        let summary = inspect(&meter(&file, &["Laag", "Normaal"]));
        assert_eq!((summary.rows, summary.missing, summary.step_minutes), (100, 0, 15));
        assert_eq!(summary.first.to_string(), "2024-10-26T22:00:00Z");
        assert_eq!(summary.last.to_string(), "2024-10-27T23:00:00Z");
        // 0.05 + 0.01 × (0 … 6), fourteen times round, and twice more.
        assert_near(summary.kwh, 14.0 * (7.0 * 0.05 + 0.21) + 0.05 + 0.06, 1e-9);
    }

    #[test]
    fn registers_newest_first_with_a_missing_reading_and_a_reset() {
        let file = sample("registers_newest_first.tsv");
        let spec = MeterFile { cumulative: true, ..meter(&file, &["Import T1 kWh", "Import T2 kWh"]) };
        let mut faults = Vec::new();
        let summary = inspect_meter(&spec, &mut faults).unwrap();
        assert_eq!((summary.rows, summary.missing, summary.clipped), (48, 1, 1));
        // T1 counts 48 steps of 0.1 less the one it is reset in; T2 16 of 0.2 a day.
        assert_near(summary.columns_kwh[0].1, 4.7, 1e-9);
        assert_near(summary.columns_kwh[1].1, 6.4, 1e-9);
        assert_eq!(faults.len(), 1);
        assert!(faults[0].message.contains("goes down once, by 1002.900 kWh"), "{}", faults[0].message);
        assert_all_mendable(&faults);
    }

    #[test]
    fn seconds_since_1970_without_a_header() {
        let file = sample("epoch_without_header.csv");
        let summary = inspect(&MeterFile { unit: MeterUnit::W, ..meter(&file, &["2"]) });
        assert_eq!((summary.rows, summary.step_minutes), (96, 15));
        assert_near(summary.kwh, (0..96).map(|q| f64::from(100 + q) / 4000.0).sum(), 1e-9);
    }

    #[test]
    fn both_layouts_of_knmi_hold_the_same() {
        let mut faults = Vec::new();
        let mut read =
            |name: &str| inspect_weather_file(&weather(&sample(name), WeatherFormat::Knmi, None), &mut faults).unwrap();
        let station = read("knmi_station.txt");
        assert_eq!(station, read("knmi_script.txt"));
        assert_eq!((station.rows, station.first.to_string().as_str()), (48, "2024-06-01T00:00:00Z"));
    }

    #[test]
    fn a_generic_weather_file_with_beam() {
        let mut faults = Vec::new();
        let spec = weather(&sample("weather_half_hours.csv"), WeatherFormat::Csv, None);
        let summary = inspect_weather_file(&spec, &mut faults).unwrap();
        assert!(summary.has_beam && summary.step_minutes == 30 && summary.rows == 96);
    }
}

mod faults {
    use super::*;

    /// Reads `text` as a year of 2027 in quarters and returns its faults; all of them must say how to mend them.
    fn of(text: &str, change: impl Fn(&mut MeterFile)) -> Vec<Fault> {
        let folder = tempfile::tempdir().unwrap();
        let mut spec = meter(&written(&folder, text), &["kwh"]);
        change(&mut spec);
        let mut faults = Vec::new();
        let series = read_meter(&spec, &calendar(2027, 15), &mut faults);
        assert_eq!(series.is_some(), errors(&faults).is_empty(), "{}", said(&faults));
        assert_all_mendable(&faults);
        faults
    }

    fn none(_: &mut MeterFile) {}

    #[test]
    fn a_sound_year_has_none_and_keeps_its_energy() {
        let folder = tempfile::tempdir().unwrap();
        let text = year_of_hours(|step| Some(format!("{}", step % 24)));
        let calendar = calendar(2027, 15);
        let mut faults = Vec::new();
        let series = read_meter(&meter(&written(&folder, &text), &["kwh"]), &calendar, &mut faults).unwrap();
        assert!(faults.is_empty(), "{}", said(&faults));
        assert_near(series.kw.iter().sum::<f64>() * 0.25, series.summary.kwh, 1e-6);
        assert_near(series.kw[4 * 5 + 3], 5.0, 0.0);
    }

    #[test]
    fn a_missing_file() {
        let faults = of("", |spec| spec.file = PathBuf::from("no/such.csv"));
        assert_eq!(errors(&faults), ["kwartier::series::file"]);
        assert_eq!(faults[0].origin.as_ref().unwrap().to_string(), "street.toml:2:1");
    }

    #[test]
    fn an_empty_file_and_one_row() {
        assert_eq!(errors(&of("", none)), ["kwartier::series::empty"]);
        assert_eq!(errors(&of("# nothing\n\n", none)), ["kwartier::series::empty"]);
        assert_eq!(errors(&of("time,kwh\n", none)), ["kwartier::series::empty"]);
        assert_eq!(errors(&of("time,kwh\n2027-01-01 00:00,1\n", none)), ["kwartier::series::empty"]);
    }

    #[test]
    fn an_unknown_column_names_the_nearest_and_all() {
        let faults = of("time,import_kwh,export_kwh\n2027-01-01 00:00,1,2\n", |spec| {
            spec.columns = vec!["import_kw".to_owned()];
        });
        assert_eq!(errors(&faults), ["kwartier::series::column"]);
        assert!(faults[0].help.starts_with("did you mean `import_kwh`?"), "{}", faults[0].help);
        assert!(faults[0].help.ends_with("`time`, `import_kwh`, `export_kwh`"), "{}", faults[0].help);
    }

    #[test]
    fn every_bad_row_is_shown_at_its_line() {
        let text = "time,kwh\n2027-01-01 00:00,1\n\n2027-01-01 01:00,much\n2027-01-01 02:00,-1\nTotal,5\n\
                    2027-03-28 02:30,1\n2027-01-01 03:00\n";
        let faults = of(text, none);
        let lines: Vec<(&str, String)> =
            faults.iter().map(|f| (f.code, f.origin.as_ref().unwrap().to_string())).collect();
        let expected = [("number", "4:18"), ("stamp", "6:1"), ("row", "8:1"), ("skipped", "7:1")];
        assert_eq!(lines.len(), expected.len(), "{}", said(&faults));
        for ((code, place), (expected, at)) in lines.iter().zip(expected) {
            assert!(code.ends_with(expected) && place.ends_with(&format!("meter.csv:{at}")), "{code} {place}");
        }
        assert!(faults[0].help.contains("street.toml:2:1"), "which key asks for the file");
    }

    #[test]
    fn negative_energy_repeated_and_irregular_stamps() {
        let text = "time,kwh\n2027-01-01T00:00Z,1\n2027-01-01T00:15Z,-1\n2027-01-01T00:30Z,1\n2027-01-01T00:30Z,1\n\
                    2027-01-01T00:45Z,1\n2027-01-01T01:01Z,1\n";
        let codes = of(text, none);
        assert_eq!(
            errors(&codes),
            ["kwartier::series::negative", "kwartier::series::duplicate", "kwartier::series::spacing"]
        );
    }

    #[test]
    fn days_between_rows() {
        let text = "time,kwh\n2027-01-01 00:00,1\n2027-01-02 00:00,1\n2027-01-03 00:00,1\n";
        assert_eq!(errors(&of(text, none)), ["kwartier::series::step"]);
    }

    #[test]
    fn thousands_or_fractions() {
        let text = "time;kwh\n2027-01-01 00:00;1,5\n2027-01-01 01:00;1.234\n";
        assert_eq!(errors(&of(text, none)), ["kwartier::series::number"]);
    }

    #[test]
    fn a_file_that_is_too_short() {
        let text = year_of_hours(|step| (step < 8000).then(|| "1".to_owned()));
        assert_eq!(errors(&of(&text, none)), ["kwartier::series::too_short"]);
        let faults = of(&text, |spec| spec.year = Some(2027));
        assert_eq!(errors(&faults), ["kwartier::series::too_short"]);
        assert!(faults[0].message.ends_with("not the whole of 2027"), "{}", faults[0].message);
    }

    #[test]
    fn gaps_are_refused_filled_or_too_long() {
        let hole = |from: usize, hours: usize| {
            year_of_hours(move |step| {
                Some(if (from..from + hours).contains(&step) { "NA".to_owned() } else { format!("{}", step % 24) })
            })
        };
        let text = hole(1000, 3);
        assert_eq!(errors(&of(&text, none)), ["kwartier::series::gap"]);
        let filled = of(&text, |spec| spec.gaps = Gaps::Fill);
        assert_eq!((errors(&filled).len(), filled.len()), (0, 1), "{}", said(&filled));
        assert!(filled[0].message.contains("(3 values missing): bridged by a straight line"), "{}", filled[0].message);
        let long = of(&hole(1000, 4), |spec| spec.gaps = Gaps::Fill);
        assert_eq!(errors(&long), ["kwartier::series::gap"]);
        let passed = of(&hole(1000, 4), |spec| (spec.gaps, spec.year) = (Gaps::Fill, Some(2027)));
        assert!(errors(&passed).is_empty() && passed[0].message.contains("passed over"), "{}", said(&passed));
    }

    #[test]
    fn a_register_keeps_the_energy_of_a_gap() {
        let folder = tempfile::tempdir().unwrap();
        let mut text = year_of_hours(|step| (step != 500).then(|| format!("{}", step * 2)));
        text.push_str("2027-12-31T23:00:00Z,17520\n");
        let spec = MeterFile { cumulative: true, gaps: Gaps::Fill, ..meter(&written(&folder, &text), &["kwh"]) };
        let mut faults = Vec::new();
        let series = read_meter(&spec, &calendar(2027, 60), &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)));
        assert!(series.kw.iter().all(|kw| (kw - 2.0).abs() < 1e-9));
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].message.contains("1 value missing): the register's difference is spread"),
            "{}",
            said(&faults)
        );
    }

    #[test]
    fn stamps_at_the_end_shift_by_one_interval() {
        let folder = tempfile::tempdir().unwrap();
        let mut text = year_of_hours(|step| Some(format!("{}", i32::from(step == 1))));
        text.push_str("2027-12-31T23:00:00Z,0\n");
        let text = text.replacen("2026-12-31T23:00:00Z,0\n", "", 1);
        let spec = MeterFile { stamp: Stamp::End, ..meter(&written(&folder, &text), &["kwh"]) };
        let mut faults = Vec::new();
        let series = read_meter(&spec, &calendar(2027, 60), &mut faults).unwrap_or_else(|| panic!("{}", said(&faults)));
        assert_near(series.kw[0], 1.0, 0.0);
        let faults = of(&text, none);
        assert_eq!(errors(&faults), ["kwartier::series::too_short"]);
        assert!(faults[0].help.contains("`stamp`"));
    }

    #[test]
    fn a_weather_file_with_impossible_values_or_half_a_beam() {
        let folder = tempfile::tempdir().unwrap();
        let read = |text: &str| {
            let mut faults = Vec::new();
            let spec = weather(&written(&folder, text), WeatherFormat::Csv, None);
            assert!(inspect_weather_file(&spec, &mut faults).is_none());
            assert_all_mendable(&faults);
            errors(&faults).iter().map(|code| (*code).to_owned()).collect::<Vec<String>>()
        };
        let text = "time,ghi_w_m2,temperature_c,wind_m_s\n2027-01-01T00:00Z,3600,281.5,-1\n2027-01-01T01:00Z,0,5,2\n";
        assert_eq!(read(text), ["kwartier::series::range"; 3]);
        let text = "time,ghi_w_m2,dni_w_m2,temperature_c,wind_m_s\n2027-01-01T00:00Z,0,0,5,1\n";
        assert_eq!(read(text), ["kwartier::series::column"]);
    }
}

mod generic_weather {
    use super::*;

    /// A local year of rows every `minutes`, with radiation, temperature and wind given by the instant.
    fn year(minutes: i64, shift: i64, row: impl Fn(i64) -> (f64, f64, f64)) -> String {
        let calendar = calendar(2027, 60);
        let (from_s, to_s) = (calendar.start_s(0), calendar.start_s(calendar.steps()));
        let mut text = String::from("time,ghi_w_m2,temperature_c,wind_m_s\n");
        for at in (from_s..to_s).step_by(minutes as usize * 60) {
            let (ghi, temperature, wind) = row(at);
            writeln!(text, "{},{ghi},{temperature},{wind}", jiff::Timestamp::from_second(at + shift).unwrap()).unwrap();
        }
        text
    }

    fn read(text: &str, stamp: Stamp, step_minutes: u32) -> kwartier::weather::Weather {
        let folder = tempfile::tempdir().unwrap();
        let spec = WeatherFile { stamp, ..weather(&written(&folder, text), WeatherFormat::Csv, None) };
        let mut faults = Vec::new();
        read_weather(&spec, &calendar(2027, step_minutes), DE_BILT, &mut faults)
            .unwrap_or_else(|| panic!("{}", said(&faults)))
    }

    /// Some light in the day, none at night; temperature in steps; even wind.
    fn row(at: i64) -> (f64, f64, f64) {
        let hour = at.rem_euclid(86_400) / 3600;
        (if (9..15).contains(&hour) { 100.0 + hour as f64 } else { 0.0 }, hour as f64, 3.0)
    }

    #[test]
    fn instants_at_the_runs_own_step_are_taken_with_their_sun() {
        let sky = read(&year(15, 0, row), Stamp::Instant, 15);
        assert_eq!(sky.sun_at, SunAt::Start);
        let (ghi, temperature, _) = row(calendar(2027, 15).start_s(5000));
        assert_near(sky.ghi_w_m2[5000], ghi, 0.0);
        assert_near(sky.temperature_c[5000], temperature, 0.0);
    }

    #[test]
    fn instants_at_another_spacing_are_interpolated_to_middles() {
        let linear = |at: i64| (0.0, (at.rem_euclid(86_400) - 43_200).abs() as f64 / 3600.0, 2.0);
        let sky = read(&year(60, 0, linear), Stamp::Instant, 15);
        assert_eq!(sky.sun_at, SunAt::Middle);
        let calendar = calendar(2027, 15);
        for step in 400..500 {
            assert_near(sky.temperature_c[step], linear(calendar.middle_s(step)).1, 1e-9);
        }
    }

    #[test]
    fn starts_and_ends_hold_the_same_and_finer_rows_are_averaged() {
        let hourly = read(&year(60, 0, row), Stamp::Start, 15);
        assert_eq!(hourly, read(&year(60, 3600, row), Stamp::End, 15));
        let fine = read(&year(5, 0, row), Stamp::Start, 60);
        let same = read(&year(60, 0, row), Stamp::Start, 60);
        for (a, b) in fine.ghi_w_m2.iter().zip(&same.ghi_w_m2) {
            assert_near(*a, *b, 1e-9);
        }
        let sum = |column: &[f64], step_h: f64| column.iter().sum::<f64>() * step_h;
        assert_near(sum(&hourly.ghi_w_m2, 0.25), sum(&same.ghi_w_m2, 1.0), 1e-6);
        assert_near(sum(&read(&year(10, 0, row), Stamp::Start, 15).ghi_w_m2, 0.25), sum(&same.ghi_w_m2, 1.0), 1e-6);
    }
}

mod any_input {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        /// Pieces of sound and unsound files in any order.
        #[test]
        fn is_read_or_refused_with_a_mend_and_never_panics(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "time,kwh\n", "2027-01-01 00:00,1\n", "2027-01-01 01:00,2\n", "2027-10-31 02:00;1,5\n", "#", "\n",
                "\r\n", ",", ";", "\t", "\"", "-999", "é", "\u{feff}", "STN,YYYYMMDD,HH,Q,T,FH\n",
                "260,20270101,1,0,10,30\n", "260,20270101,24,,10,30\n", "9999-12-31 24:00,1\n", "-", "1e308\n",
                "time,ghi_w_m2,temperature_c,wind_m_s\n", "2027-01-01T00:00Z,0,5,1\n", "4000000000,1\n",
            ]), 0..12),
            cumulative: bool,
        ) {
            let folder = tempfile::tempdir().unwrap();
            let file = written(&folder, &pieces.concat());
            let calendar = Calendar::new(date(2027, 1, 1), 1, 60, &dutch(), Country::Nl).unwrap();
            for (year, gaps) in [(None, Gaps::Refuse), (Some(2027), Gaps::Fill), (Some(i16::MAX), Gaps::Fill)] {
                let mut faults = Vec::new();
                let spec = MeterFile { cumulative, year, gaps, ..meter(&file, &["kwh"]) };
                prop_assert!(read_meter(&spec, &calendar, &mut faults).is_some() || !errors(&faults).is_empty());
                assert_all_mendable(&faults);
                for format in [WeatherFormat::Knmi, WeatherFormat::Csv] {
                    let mut faults = Vec::new();
                    let spec = WeatherFile { gaps, ..weather(&file, format, year) };
                    let read = read_weather(&spec, &calendar, DE_BILT, &mut faults);
                    prop_assert!(read.is_some() || !errors(&faults).is_empty());
                    assert_all_mendable(&faults);
                }
            }
        }
    }
}
