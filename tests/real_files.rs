//! A run on real files: De Bilt 2019 and a household's meter, from the folder of shared data.
//!
//! They carry other people's data and are found by `KWARTIER_SHARED` (default `../shared`); without them the test says
//! that it is skipped, unless `KWARTIER_REQUIRE_SHARED=1`.

mod common {
    pub(crate) mod scenario;
}

use std::path::PathBuf;

use common::scenario::{Written, run, whole};
use kwartier::engine::meters::Register;
use kwartier::report::metrics::Metrics;

/// The sum of both tariffs in the meter's file (`data/EXPECTED.md`), kWh.
const METERED_KWH: f64 = 1828.818 + 1914.313;

/// The file is of a leap year and has 30 hours missing; mapped by day type some days come twice and others not at all.
const MAPPED: f64 = 0.005;

/// The folder of shared data, or `None` with a word that the test is skipped.
fn shared_data() -> Option<PathBuf> {
    let root = std::env::var_os("KWARTIER_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let data = root.join("data");
    if data.is_dir() {
        return Some(data.canonicalize().expect("a folder has a full path"));
    }
    let required = std::env::var("KWARTIER_REQUIRE_SHARED").is_ok_and(|value| value == "1");
    assert!(!required, "KWARTIER_REQUIRE_SHARED=1, but {} is missing", data.display());
    None
}

#[test]
fn de_bilt_2019_with_a_household_on_its_real_meter_runs_to_a_balanced_year() {
    let Some(data) = shared_data() else {
        println!("SKIPPED: the shared data is missing; set KWARTIER_SHARED to the folder that holds it");
        return;
    };
    let data = data.display();
    let world = Written::new(&format!(
        r#"
        [scenario]
        name = "De Bilt 2019"
        start = 2019-01-01
        shapes = 64
        [weather]
        source = "knmi"
        file = '{data}/weather/knmi_uurgeg_260_2019.txt'
        [[homes]]
        id = "street"
        count = 20
        pv = {{ fraction = 0.5, peak_kwp = {{ min = 3, max = 5 }}, azimuth_deg = {{ min = 100, max = 260 }} }}
        [[homes]]
        id = "metered"
        count = 1
        [homes.profile]
        file = '{data}/household/dsmrreader_2024_hour.csv'
        column = ["Electricity 1 (Dutch Users: Low Tariff)", "Electricity 2 (Dutch Users: Normal Tariff)"]
        unit = "kwh"
        year = 2024
        gaps = "fill"
        [cooperative]
        [sharing]
        key = "pro-rata"
        "#
    ))
    .world(&[]);
    let outcome = run(&world);
    let metrics = Metrics::of(&world, &outcome, None, None);
    let metered = whole(&world, &outcome, "metered");
    println!("metered: {:.1} kWh; {:?}; {:?}", metered.kwh(Register::Load), metrics.values, outcome.balance);
    let load = metered.kwh(Register::Load);
    assert!((load / METERED_KWH - 1.0).abs() <= MAPPED, "{load} kWh instead of about {METERED_KWH}");
    let received = metered.kwh(Register::SharedIn);
    assert!((100.0..load).contains(&received), "{received} kWh received");
    // 1,099 kWh/m² on the level: a sound roof makes some 800 to 1,050 kWh of each kWp.
    let kwp: f64 = (world.homes.iter())
        .filter_map(|home| match &home.pv {
            Some(kwartier::neighbourhood::Pv::Simulated(roof)) => Some(roof.peak_kwp),
            _ => None,
        })
        .sum();
    let made = metrics.number("community.generation_kwh") / kwp;
    assert!((750.0..1050.0).contains(&made), "{made} kWh each kWp");
    assert_eq!(metrics.get("community.homes").number(), Some(21.0));
    assert!((0.1..0.6).contains(&metrics.number("community.self_sufficiency")));
}
