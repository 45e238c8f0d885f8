//! The sun and the panels against pvlib: `tests/reference/pv/README.md` says what the files are and why the tolerances.
//!
//! The full set of days runs wherever the shared reference files are found (`KWARTIER_SHARED`, default `../shared`).

mod common {
    pub(crate) mod reference_weather;
}

use std::path::{Path, PathBuf};

use common::reference_weather::{PLACES, Place, STEPS, extraterrestrial_at, suns, synthetic_year};
use kwartier::device::pv::{CellTemperature, Roof, RoofTerms, SkyTerms, Transposition, ac_kw, explain};
use kwartier::weather::Conditions;
use kwartier::weather::irradiance::erbs;

/// Angles of the sun, degrees.
const ANGLE_DEG: f64 = 0.001;

/// Radiation, W/m²; also its split and what arrives outside the air.
const RADIATION_W_M2: f64 = 0.02;

/// Cell temperature, K.
const CELL_K: f64 = 0.01;

/// Alternating current, W per 1000 W of panels.
const AC_W: f64 = 0.02;

/// Sums over the year, relative; also what the engine's linear f32 form may differ by.
const YEAR: f64 = 1e-5;

/// The two chains of the reference: column endings of radiation, cell temperature and current, and the models.
const CHAINS: [(&str, &str, &str, Transposition, CellTemperature); 2] = [
    ("_poa_hd", "_tc_faiman_hd", "_ac_hd", Transposition::HayDavies, CellTemperature::Faiman),
    ("_poa_pz", "_tc_pvsyst_pz", "_ac_pz", Transposition::Perez, CellTemperature::Pvsyst),
];

const ORIENTATIONS: [(f64, f64); 3] = [(35.0, 180.0), (15.0, 90.0), (90.0, 225.0)];

/// 1 kWp with the losses and the inverter of the reference.
fn roof(tilt_deg: f64, azimuth_deg: f64, transposition: Transposition, cell_temperature: CellTemperature) -> Roof {
    Roof {
        system_loss: 0.140_756_606_882_644_69,
        transposition,
        cell_temperature,
        ..Roof::new(1.0, tilt_deg, azimuth_deg)
    }
}

/// A table of numbers by column name.
struct Table {
    columns: Vec<String>,
    rows: Vec<Vec<f64>>,
}

impl Table {
    fn read(path: &Path) -> Table {
        let mut reader = csv::Reader::from_path(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let columns = reader.headers().expect("a header").iter().map(str::to_owned).collect();
        let rows = reader
            .records()
            .map(|row| row.expect("a row").iter().map(|cell| cell.parse().expect("a number")).collect())
            .collect();
        Table { columns, rows }
    }

    fn column(&self, name: &str) -> Vec<f64> {
        let at = self.columns.iter().position(|c| c == name).unwrap_or_else(|| panic!("no column {name}"));
        self.rows.iter().map(|row| row[at]).collect()
    }
}

fn close(what: &str, step: i64, ours: f64, theirs: f64, tolerance: f64, worst: &mut f64) {
    let error = (ours - theirs).abs();
    assert!(error <= tolerance, "{what} at step {step}: {ours} instead of {theirs}");
    *worst = worst.max(error);
}

/// Holds every row of a place's two files against ours; returns the largest errors in words.
fn compare_days(folder: &Path, place: &Place) -> String {
    let sky = Table::read(&folder.join(format!("{}-sun-weather.csv", place.name)));
    let steps: Vec<i64> = sky.column("step").iter().map(|step| *step as i64).collect();
    let suns = suns(place, steps.iter().copied());
    let [zenith, apparent, azimuth, outside] =
        ["zenith", "apparent_zenith", "azimuth", "dni_extra"].map(|name| sky.column(name));
    let [ghi, dni, dhi, air, wind] = ["ghi", "dni", "dhi", "temp_air", "wind_speed"].map(|name| sky.column(name));
    let (mut angle, mut split, mut poa, mut cell, mut ac) = (0.0, 0.0, 0.0, 0.0, 0.0);
    let mut conditions = Vec::new();
    for (i, (step, sun)) in steps.iter().zip(&suns).enumerate() {
        close("zenith", *step, sun.zenith_deg, zenith[i], ANGLE_DEG, &mut angle);
        close("apparent zenith", *step, sun.apparent_zenith_deg, apparent[i], ANGLE_DEG, &mut angle);
        let turned = (sun.azimuth_deg - azimuth[i] + 540.0).rem_euclid(360.0) - 180.0;
        close("azimuth", *step, turned, 0.0, ANGLE_DEG, &mut angle);
        let extraterrestrial_w_m2 = extraterrestrial_at(*step);
        close("outside the air", *step, extraterrestrial_w_m2, outside[i], RADIATION_W_M2, &mut split);
        let ours = erbs(ghi[i], sun.zenith_deg, sun.cos_zenith, extraterrestrial_w_m2);
        close("beam", *step, ours.dni_w_m2, dni[i], RADIATION_W_M2, &mut split);
        close("diffuse", *step, ours.dhi_w_m2, dhi[i], RADIATION_W_M2, &mut split);
        conditions.push(Conditions {
            ghi_w_m2: ghi[i],
            dni_w_m2: dni[i],
            dhi_w_m2: dhi[i],
            extraterrestrial_w_m2,
            temperature_c: air[i],
            wind_m_s: wind[i],
        });
    }

    let panels = Table::read(&folder.join(format!("{}-pv.csv", place.name)));
    let lit: Vec<i64> = panels.column("step").iter().map(|step| *step as i64).collect();
    let lit_rows: Vec<usize> = lit.iter().map(|step| steps.binary_search(step).expect("a step of the sky")).collect();
    for (tilt_deg, azimuth_deg) in ORIENTATIONS {
        for (poa_name, cell_name, ac_name, transposition, cell_temperature) in CHAINS {
            let roof = roof(tilt_deg, azimuth_deg, transposition, cell_temperature);
            let of = |ending: &str| panels.column(&format!("t{tilt_deg}a{azimuth_deg}{ending}"));
            let (their_poa, their_cell, their_ac) = (of(poa_name), of(cell_name), of(ac_name));
            for (i, row) in lit_rows.iter().enumerate() {
                let ours = explain(&suns[*row], &conditions[*row], &roof);
                close(poa_name, lit[i], ours.poa_w_m2, their_poa[i], RADIATION_W_M2, &mut poa);
                close(cell_name, lit[i], ours.cell_c, their_cell[i], CELL_K, &mut cell);
                close(ac_name, lit[i], ours.ac_kw * 1000.0, their_ac[i], AC_W, &mut ac);
            }
        }
    }
    format!(
        "{}, {} steps: largest error of angles {angle:.1e}°, split {split:.1e} W/m², plane {poa:.1e} W/m², cell \
         {cell:.1e} K, current {ac:.1e} W per kW",
        place.name,
        steps.len()
    )
}

/// Relative difference of a yearly sum, checked.
fn sum_close(what: &str, ours: f64, theirs: f64) -> f64 {
    let error = (ours / theirs - 1.0).abs();
    assert!(error <= YEAR, "{what}: {ours} instead of {theirs}");
    error
}

/// Holds the sums of the year, by the whole chain and by the linear form, against a place's file.
fn compare_year(folder: &Path, place: &Place) -> String {
    let path = folder.join(format!("{}-annual.json", place.name));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let annual: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let number = |of: &serde_json::Value, key: &str| of[key].as_f64().unwrap_or_else(|| panic!("no {key}"));

    let suns = suns(place, 0..STEPS);
    let year = synthetic_year(place, &suns);
    let sum = |of: &dyn Fn(&Conditions) -> f64| year.iter().map(of).sum::<f64>() * 0.25 / 1000.0;
    let mut sky_worst = 0.0_f64;
    sky_worst = sky_worst.max(sum_close("global", sum(&|c| c.ghi_w_m2), number(&annual, "ghi_kwh_m2")));
    sky_worst = sky_worst.max(sum_close("beam", sum(&|c| c.dni_w_m2), number(&annual, "dni_kwh_m2")));
    sky_worst = sky_worst.max(sum_close("diffuse", sum(&|c| c.dhi_w_m2), number(&annual, "dhi_kwh_m2")));

    let (mut worst, mut linear_worst) = (0.0_f64, 0.0_f64);
    for orientation in annual["orientations"].as_array().expect("orientations") {
        let (tilt_deg, azimuth_deg) = (number(orientation, "tilt"), number(orientation, "azimuth"));
        for (chain, (_, _, _, transposition, cell_temperature)) in ["hd_faiman", "pz_pvsyst"].iter().zip(CHAINS) {
            let roof = roof(tilt_deg, azimuth_deg, transposition, cell_temperature);
            let constants = RoofTerms::new(&roof);
            let (mut poa, mut dc, mut ac, mut linear) = (0.0, 0.0, 0.0, 0.0);
            for (sun, conditions) in suns.iter().zip(&year) {
                let step = explain(sun, conditions, &roof);
                poa += step.poa_w_m2 * 0.25 / 1000.0;
                dc += step.dc_kw * 0.25;
                ac += step.ac_kw * 0.25;
                let terms = SkyTerms::new(sun, conditions, transposition, cell_temperature);
                linear += f64::from(ac_kw(&terms, &constants)) * 0.25;
            }
            let what = |name: &str| format!("{} {tilt_deg}/{azimuth_deg} {chain} {name}", place.name);
            let their_ac = number(orientation, &format!("ac_{chain}_kwh_per_kwp"));
            for error in [
                sum_close(&what("poa"), poa, number(orientation, &format!("poa_{}_kwh_m2", &chain[..2]))),
                sum_close(&what("dc"), dc, number(orientation, &format!("dc_{chain}_kwh_per_kwp"))),
                sum_close(&what("ac"), ac, their_ac),
            ] {
                worst = worst.max(error);
            }
            linear_worst = linear_worst.max(sum_close(&what("ac, linear form"), linear, their_ac));
        }
    }
    format!(
        "{}, the year: largest relative error of sky {sky_worst:.1e}, panels {worst:.1e}, linear form {linear_worst:.1e}",
        place.name
    )
}

fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/pv")
}

#[test]
fn four_days_at_two_places_equal_pvlib() {
    for place in &PLACES {
        println!("{}", compare_days(&own_folder(), place));
    }
}

#[test]
fn the_sums_of_the_year_equal_pvlib_in_both_forms() {
    for place in &PLACES {
        println!("{}", compare_year(&own_folder(), place));
    }
}

#[test]
fn eight_weeks_at_two_places_equal_pvlib() {
    let shared = std::env::var_os("KWARTIER_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let folder = shared.join("reference/pv");
    if folder.is_dir() {
        for place in &PLACES {
            println!("{}", compare_days(&folder, place));
        }
    } else {
        let required = std::env::var("KWARTIER_REQUIRE_SHARED").is_ok_and(|value| value == "1");
        assert!(!required, "KWARTIER_REQUIRE_SHARED=1, but {} is missing", folder.display());
        println!("SKIPPED: {} is missing; set KWARTIER_SHARED to the folder that holds it", folder.display());
    }
}
