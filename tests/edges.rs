//! The edges: nobody, one, no sun, no wind, every roof, a battery without room, long years and days, and the other half
//! of the earth. Each runs to a balanced year with numbers that make sense.

mod common {
    pub(crate) mod command;
    pub(crate) mod scenario;
}

use std::fmt::Write as _;

use common::scenario::{Written, run, whole};
use kwartier::engine::Outcome;
use kwartier::engine::meters::{Meter, Register};
use kwartier::engine::world::World;
use kwartier::report::metrics::{MetricValue, Metrics};

/// A year's load is the annual use but for roundings: of its scale and of each day's sum, 2⁻²⁴ each.
const ANNUAL_USE: f64 = 1e-6;

/// Sums of f32 flows of one year beside each other, relative.
const SUMS: f64 = 1e-6;

/// Weather of even hours over the year 2027 (UTC, with a day to spare at both ends): radiation, °C and m/s by the hour.
fn weather(of_hour: impl Fn(i64) -> (f64, f64, f64)) -> String {
    let first_s = 1_798_761_600 - 86_400; // a day before 2027-01-01T00:00Z
    let mut csv = String::from("time,ghi_w_m2,temperature_c,wind_m_s\n");
    for hour in 0..367 * 24 {
        let time = jiff::Timestamp::from_second(first_s + hour * 3600).expect("an instant");
        let (ghi, air, wind) = of_hour(hour);
        writeln!(csv, "{time},{ghi},{air},{wind}").expect("text can be written");
    }
    csv
}

/// A street of three homes with panels, one with a battery, at hours unless said otherwise.
const STREET: &str = r#"
    [scenario]
    name = "Street"
    start = 2027-01-01
    step_minutes = 60
    shapes = 8
    [[homes]]
    id = "roofed"
    count = 3
    annual_kwh = 3000
    pv = { peak_kwp = 4.0 }
    battery = { fraction = 0.34, capacity_kwh = 5.0, power_kw = 2.5 }
    [[homes]]
    id = "plain"
    count = 2
    annual_kwh = 2000
    [cooperative]
    [sharing]
    key = "pro-rata"
"#;

/// The street under a weather file.
fn street_under(weather: &str) -> (World, Outcome) {
    let scenario = [STREET, "[weather]\nsource = \"csv\"\nfile = \"weather.csv\"\nstamp = \"start\"\n"].concat();
    let world = Written::new(&scenario).file("weather.csv", weather).world(&[]);
    let outcome = run(&world);
    (world, outcome)
}

fn metrics(world: &World, outcome: &Outcome) -> Metrics {
    let metrics = Metrics::of(world, outcome, None, None);
    let finite = |value: &MetricValue| value.number().is_none_or(f64::is_finite);
    assert!(metrics.values.iter().all(finite), "{:?}", metrics.values);
    metrics
}

fn assert_near(value: f64, expected: f64, relative: f64) {
    assert!((value - expected).abs() <= relative * expected.abs(), "{value} instead of {expected}");
}

fn is_null(metrics: &Metrics, name: &str) -> bool {
    matches!(metrics.get(name), MetricValue::Number(None) | MetricValue::Instant(None))
}

#[test]
fn a_neighbourhood_without_homes_runs_and_uses_nothing() {
    let nobody = "[scenario]\nname = \"Nobody\"\nstart = 2027-01-01\nstep_minutes = 60\n";
    let none_of_them = [nobody, "[[homes]]\nid = \"empty\"\ncount = 0\npv = { peak_kwp = 4 }\n"].concat();
    for text in [nobody, &none_of_them] {
        let world = Written::new(text).world(&[]);
        let outcome = run(&world);
        let metrics = metrics(&world, &outcome);
        assert_eq!((world.homes.len(), outcome.community.len()), (0, 8760));
        assert_eq!(outcome.balance.worst_home, None);
        for name in ["community.homes", "community.load_kwh", "community.import_kwh", "community.peak_import_kw"] {
            assert_eq!(metrics.get(name), &MetricValue::Number(Some(0.0)), "{name}");
        }
        for name in ["self_sufficiency", "self_consumption", "peak_import_at", "coincidence"] {
            assert!(is_null(&metrics, &format!("community.{name}")), "{name}");
        }
    }
}

#[test]
fn a_plant_without_homes_feeds_all_it_makes_to_the_grid() {
    for key in ["none", "equal", "pro-rata"] {
        let world = Written::new(&format!(
            "[scenario]\nname = \"Field\"\nstart = 2027-01-01\nstep_minutes = 60\n[cooperative]\n\
             plants = [{{ id = \"field\", kind = \"pv\", peak_kwp = 100.0 }}]\n[sharing]\nkey = \"{key}\"\n"
        ))
        .world(&[]);
        let outcome = run(&world);
        let metrics = metrics(&world, &outcome);
        let made = metrics.number("community.generation_kwh");
        assert!((70_000.0..130_000.0).contains(&made), "{made} kWh of 100 kWp");
        assert_near(metrics.number("community.export_kwh"), made, SUMS);
        assert_eq!(metrics.get("community.shared_kwh"), &MetricValue::Number(Some(0.0)));
        assert_eq!(metrics.get("community.self_consumption"), &MetricValue::Number(Some(0.0)));
    }
}

#[test]
fn one_home_is_its_own_community() {
    let text = "[scenario]\nname = \"One\"\nstart = 2027-01-01\n[[homes]]\nid = \"home\"\ncount = 1\nannual_kwh = 3000\n\
                pv = { peak_kwp = 4 }\n[cooperative]\n[sharing]\nkey = \"pro-rata\"\n";
    let world = Written::new(text).world(&[]);
    let outcome = run(&world);
    let (metrics, meter) = (metrics(&world, &outcome), whole(&world, &outcome, "home"));
    assert_eq!(outcome.community.len(), 35_040);
    assert_near(meter.kwh(Register::Load), 3000.0, ANNUAL_USE);
    assert_near(metrics.number("community.coincidence"), 1.0, SUMS);
    assert_near(metrics.number("community.peak_import_kw"), meter.peak_import_kw, SUMS);
    assert!(meter.kwh(Register::SharedIn).abs() <= 0.0, "nobody shares with himself in the same step");
    assert!((0.2..0.5).contains(&metrics.number("community.self_sufficiency")), "{:?}", metrics.values);
}

#[test]
fn without_sun_nothing_is_made() {
    let (world, outcome) = street_under(&weather(|_| (0.0, 10.0, 3.0)));
    let metrics = metrics(&world, &outcome);
    for name in ["generation_kwh", "export_kwh", "self_used_kwh", "shared_kwh", "peak_export_kw"] {
        assert_eq!(metrics.get(&format!("community.{name}")), &MetricValue::Number(Some(0.0)), "{name}");
    }
    assert!(is_null(&metrics, "community.self_consumption"));
    let [load, import] = ["community.load_kwh", "community.import_kwh"].map(|name| metrics.number(name));
    assert_near(import, load, SUMS);
    assert!(metrics.number("community.self_sufficiency").abs() <= SUMS);
    assert!(outcome.community.iter().all(|step| step.charge_kw + step.discharge_kw <= 0.0));
}

#[test]
fn without_wind_panels_run_hotter_and_make_less() {
    let sun = |hour: i64| (500.0 * libm::sin(std::f64::consts::PI * ((hour % 24) as f64 - 5.0) / 14.0).max(0.0), 15.0);
    let made = |wind: f64| {
        let (world, outcome) = street_under(&weather(|hour| (sun(hour).0, sun(hour).1, wind)));
        metrics(&world, &outcome).number("community.generation_kwh")
    };
    let (still, breezy) = (made(0.0), made(5.0));
    // Faiman: a cell at 500 W/m² stands 20 K above the air in still air and 8 K at 5 m/s, at 0.4 % each K.
    assert!((0.94..0.99).contains(&(still / breezy)), "{still} kWh in still air, {breezy} in a breeze");
}

#[test]
fn panels_on_every_roof_can_be_run() {
    let text = STREET.replace("id = \"plain\"", "id = \"plain\"\npv = { fraction = 1.0, peak_kwp = 8.0 }");
    let world = Written::new(&text).world(&[]);
    assert!(world.homes.iter().all(|home| home.pv.is_some()));
    let outcome = run(&world);
    let metrics = metrics(&world, &outcome);
    let [used, made] = ["community.load_kwh", "community.generation_kwh"].map(|name| metrics.number(name));
    assert!(made > 1.5 * used, "28 kWp make {made} kWh, {used} are used");
    assert!(metrics.number("community.peak_export_kw") > metrics.number("community.peak_import_kw"));
    assert!((0.2..0.6).contains(&metrics.number("community.self_sufficiency")));
}

#[test]
fn a_battery_without_room_or_power_is_no_battery() {
    let without = STREET.lines().filter(|line| !line.contains("battery")).collect::<Vec<&str>>().join("\n");
    // Without sharing: homes of another kit stand in other lanes, which may show in the last bits of what is shared.
    let meters = |text: &str| -> Vec<Meter> {
        let world = Written::new(text).world(&["sharing.key=none"]);
        let outcome = run(&world);
        ["roofed-1", "roofed-2", "roofed-3", "plain-1", "plain-2"].map(|id| whole(&world, &outcome, id)).to_vec()
    };
    let expected = meters(&without);
    assert_ne!(meters(STREET), expected, "a battery with room changes something");
    assert_eq!(meters(&STREET.replace("capacity_kwh = 5.0", "capacity_kwh = 0.0")), expected);
    assert_eq!(meters(&STREET.replace("power_kw = 2.5", "power_kw = 0.0")), expected);
}

#[test]
fn a_leap_year_has_its_day_more() {
    let world = Written::new(STREET).world(&["scenario.start=2028-01-01", "scenario.step_minutes=15"]);
    let outcome = run(&world);
    assert_eq!((world.calendar.steps(), outcome.community.len()), (35_136, 35_136));
    assert_eq!(world.calendar.days().len(), 366);
    let leap_day = &world.calendar.days()[59];
    assert_eq!(leap_day.date, jiff::civil::date(2028, 2, 29));
    assert!(outcome.community[leap_day.range()].iter().all(|step| step.load_kw > 0.0));
    assert_near(whole(&world, &outcome, "roofed-2").kwh(Register::Load), 3000.0, ANNUAL_USE);
    metrics(&world, &outcome);
}

#[test]
fn a_year_may_begin_in_july() {
    let world = Written::new(STREET).world(&["scenario.start=2027-07-01"]);
    let outcome = run(&world);
    assert_eq!(world.calendar.run_months().first(), Some(&(2027, 7)));
    assert_eq!(world.calendar.run_months().last(), Some(&(2028, 6)));
    assert_eq!(outcome.community.len(), 8784, "it holds 29 February 2028");
    assert_near(whole(&world, &outcome, "roofed-1").kwh(Register::Load), 3000.0, ANNUAL_USE);
    let made = |month: usize| outcome.month(0, month).kwh(Register::Generation);
    assert!(made(0) > 3.0 * made(5), "July {} and December {} kWh", made(0), made(5));
}

#[test]
fn a_year_may_begin_within_a_month() {
    let world = Written::new(STREET).world(&["scenario.start=2027-07-15", "scenario.years=2"]);
    let outcome = run(&world);
    assert_eq!(world.calendar.run_months().len(), 26, "the month that the anniversary cuts counts twice");
    for year in 0..2 {
        let load = outcome.months(0, 13 * year..13 * (year + 1)).kwh(Register::Load);
        assert_near(load, 3000.0, ANNUAL_USE);
    }
}

#[test]
fn two_years_have_each_their_own_sky_and_the_same_annual_use() {
    let world = Written::new(STREET).world(&["scenario.years=2"]);
    let outcome = run(&world);
    assert_eq!(outcome.community.len(), 8760 + 8784);
    let year = |home: usize, year: usize| outcome.months(home, 12 * year..12 * (year + 1));
    for (index, home) in world.homes.iter().enumerate() {
        for number in 0..2 {
            assert_near(year(index, number).kwh(Register::Load), home.annual_kwh.unwrap(), ANNUAL_USE);
        }
    }
    let [first, second] = [0, 1].map(|number| year(0, number).kwh(Register::Generation));
    assert!((first - second).abs() > 1.0, "the same {first} kWh from two years of weather");
    assert!((0.8..1.25).contains(&(first / second)), "{first} and {second} kWh");
}

mod clock_changes {
    use std::collections::BTreeMap;
    use std::path::Path;

    use jiff::Timestamp;
    use jiff::civil::{Date, date};
    use jiff::tz::TimeZone;

    use super::common::command::{printed, word};
    use super::*;

    /// A farm every day alike, and homes.
    const TEXT: &str = r#"
        [scenario]
        name = "Clocks"
        start = 2027-01-01
        shapes = 8
        [[homes]]
        id = "home"
        count = 3
        pv = { peak_kwp = 3.0 }
        [[businesses]]
        id = "farm"
        kind = "farm"
        annual_kwh = 20000
    "#;

    #[test]
    fn quarters_csv_has_92_and_100_rows_on_the_days_the_clocks_change_and_no_gap_in_utc() {
        let scenario = Written::new(TEXT);
        let out = tempfile::tempdir().unwrap();
        printed(&["run", word(&scenario.path()), "--quiet", "--out", word(out.path())]);
        let times = column(&out.path().join("quarters.csv"), "time");
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        let mut rows: BTreeMap<Date, usize> = BTreeMap::new();
        let instants: Vec<Timestamp> = times.iter().map(|time| time.parse().unwrap()).collect();
        for instant in &instants {
            *rows.entry(zone.to_datetime(*instant).date()).or_default() += 1;
        }
        assert!(instants.windows(2).all(|pair| pair[1].as_second() - pair[0].as_second() == 900));
        assert_eq!((times[0].as_str(), times.len(), rows.len()), ("2026-12-31T23:00:00Z", 35_040, 365));
        let odd: Vec<(Date, usize)> = rows.into_iter().filter(|(_, rows)| *rows != 96).collect();
        assert_eq!(odd, [(date(2027, 3, 28), 92), (date(2027, 10, 31), 100)]);
    }

    fn column(path: &Path, name: &str) -> Vec<String> {
        let mut reader = csv::Reader::from_path(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let at = reader.headers().expect("a header").iter().position(|header| header == name).expect("the column");
        reader.records().map(|row| row.expect("a row")[at].to_owned()).collect()
    }

    /// The loads of a home through a day, each with its local minute.
    fn day_of(date: Date, id: &str) -> Vec<(u16, f64)> {
        let world = Written::new(TEXT).world(&[]);
        let home = kwartier::neighbourhood::find_home(&world.plan, &world.homes, id).expect("a home of the scenario");
        let mut loads = Vec::new();
        let done = kwartier::engine::run(&world, &kwartier::engine::Options::recording(), |flows| {
            if flows.day.date < date {
                return Ok::<_, std::convert::Infallible>(kwartier::engine::Next::GoOn);
            }
            loads = (0..flows.day.steps)
                .map(|step| (world.calendar.local_minute(flows.day.first_step + step), flows.load_kw(home, step)))
                .collect();
            Ok(kwartier::engine::Next::Stop)
        });
        assert!(done.is_ok());
        loads
    }

    fn at(day: &[(u16, f64)], hour: u16) -> f64 {
        day.iter().find(|(minute, _)| *minute == 60 * hour).expect("the hour").1
    }

    #[test]
    fn loads_follow_the_clock_on_the_wall_through_both_changes() {
        for (before, change, quarters) in
            [(date(2027, 3, 27), date(2027, 3, 28), 92), (date(2027, 10, 30), date(2027, 10, 31), 100)]
        {
            let (usual, changed) = (day_of(before, "farm"), day_of(change, "farm"));
            assert_eq!((usual.len(), changed.len()), (96, quarters));
            for hour in [0, 1, 4, 6, 8, 12, 17, 21, 23] {
                // A day on, the season has moved by less than a hundredth; an hour off, milking would differ by far more.
                assert_near(at(&changed, hour), at(&usual, hour), 0.01);
            }
            assert!(at(&usual, 6) > 1.5 * at(&usual, 4), "the farm milks at six, so that an hour off would show");
        }
    }

    #[test]
    fn the_hour_that_is_skipped_is_missing_and_the_one_that_comes_twice_is_repeated() {
        for id in ["home-1", "home-2", "home-3", "farm"] {
            let spring = day_of(date(2027, 3, 28), id);
            assert!(!spring.iter().any(|(minute, _)| (120..180).contains(minute)));
            let autumn = day_of(date(2027, 10, 31), id);
            let (first, second) = (&autumn[8..12], &autumn[12..16]);
            assert_eq!(first.iter().map(|(minute, _)| *minute).collect::<Vec<u16>>(), [120, 135, 150, 165]);
            assert_eq!(first, second, "{id}");
        }
    }
}

#[test]
fn a_day_of_26_hours_is_run_in_steps_of_five_minutes() {
    // The clocks of the station change by two hours.
    let world = Written::new(
        "[scenario]\nname = \"Troll\"\nstart = 2027-01-01\nstep_minutes = 5\nshapes = 2\n[place]\nlatitude_deg = -72.0\n\
         longitude_deg = 2.5\ntimezone = \"Antarctica/Troll\"\n[[homes]]\nid = \"station\"\ncount = 1\n",
    )
    .world(&[]);
    assert_eq!(world.calendar.days().iter().map(|day| day.steps).max(), Some(26 * 12));
    let outcome = run(&world);
    assert!(metrics(&world, &outcome).number("community.load_kwh") > 0.0);
}

mod storage {
    use super::*;

    /// A home that uses nothing, so that its battery is alone with its losses.
    fn idle(battery: &str, panels: &str) -> (World, Outcome) {
        let world = Written::new(&format!(
            "[scenario]\nname = \"Idle\"\nstart = 2027-01-01\nstep_minutes = 60\nshapes = 1\n[[homes]]\nid = \"home\"\n\
             count = 1\nannual_kwh = 0\n{panels}\nbattery = {{ capacity_kwh = 10.0, power_kw = 5.0, {battery} }}\n"
        ))
        .world(&[]);
        let outcome = run(&world);
        (world, outcome)
    }

    #[test]
    fn a_battery_that_stands_loses_its_part_of_each_hour() {
        for minutes in [60, 15] {
            let world = Written::new(&format!(
                "[scenario]\nname = \"Idle\"\nstart = 2027-01-01\nstep_minutes = {minutes}\nshapes = 1\n[[homes]]\n\
                 id = \"home\"\ncount = 1\nannual_kwh = 0\n\
                 battery = {{ capacity_kwh = 10.0, power_kw = 5.0, start_state_of_charge = 0.8, \
                 standby_loss_per_h = 0.0001 }}\n"
            ))
            .world(&[]);
            let outcome = run(&world);
            let (start, end) = outcome.content_kwh(0);
            assert_near(start, 8.0, 1e-12);
            // 35,040 multiplications in f64.
            assert_near(end, 8.0 * 0.9999_f64.powi(8760), 1e-10);
            assert_near(whole(&world, &outcome, "home").kwh(Register::Standby), start - end, 1e-9);
        }
    }

    #[test]
    fn a_battery_is_never_emptied_below_its_least_content() {
        let text = STREET.replace(
            "power_kw = 2.5",
            "power_kw = 2.5, min_state_of_charge = 0.3, start_state_of_charge = 0.9, standby_loss_per_h = 0.001",
        );
        let world = Written::new(&text).world(&[]);
        let home = world.homes.iter().position(|home| home.battery.is_some()).unwrap();
        let (mut lowest_after_giving, mut gave) = (f64::INFINITY, 0);
        let outcome = kwartier::engine::run(&world, &kwartier::engine::Options::recording(), |flows| {
            for step in 0..flows.day.steps {
                let now = flows.home(home, step);
                if now.battery_kw < 0.0 {
                    gave += 1;
                    lowest_after_giving = lowest_after_giving.min(flows.content_kwh(home, step + 1));
                }
            }
            Ok::<_, std::convert::Infallible>(kwartier::engine::Next::GoOn)
        });
        let Ok(outcome) = outcome;
        assert!(outcome.balance.holds(), "{:?}", outcome.balance);
        // The f32 limit of a step may miss the f64 content by its last bit.
        assert!((1.5 - 1e-6..1.5 + 1e-6).contains(&lowest_after_giving), "{lowest_after_giving} kWh");
        assert!(gave > 100, "it gave in {gave} hours only");
        let meter = outcome.months(home, 0..12);
        let standby = meter.kwh(Register::Standby);
        // Between 1.5 and 5 kWh lose a thousandth each hour.
        assert!((10.0..44.0).contains(&standby), "{standby} kWh");
        let (start, end) = outcome.content_kwh(home);
        let kept = meter.kwh(Register::Charged) * 0.95 - meter.kwh(Register::Discharged) / 0.95 - standby;
        assert!((kept - (end - start)).abs() < 1e-3, "{kept} kWh kept, {start} became {end}");
    }

    #[test]
    fn a_full_battery_without_use_feeds_all_that_is_made_to_the_grid() {
        let (world, outcome) = idle("start_state_of_charge = 1.0", "pv = { peak_kwp = 4.0 }");
        let meter = whole(&world, &outcome, "home");
        assert!(meter.kwh(Register::Generation) > 2500.0);
        assert_near(meter.kwh(Register::Export), meter.kwh(Register::Generation), SUMS);
        assert!(meter.kwh(Register::Charged).abs() + meter.kwh(Register::Import).abs() <= 0.0);
    }
}

mod far_away {
    use kwartier::scenario;
    use kwartier::weather::irradiance::haurwitz_w_m2;
    use kwartier::weather::sun::{Ephemeris, Observer, Site};

    use super::*;

    const CAPE_TOWN: Site = Site { latitude_deg: -33.92, longitude_deg: 18.42 };

    const TEXT: &str = r#"
        [scenario]
        name = "Cape Town"
        start = 2027-01-01
        step_minutes = 60
        shapes = 8
        [place]
        latitude_deg = -33.92
        longitude_deg = 18.42
        timezone = "Africa/Johannesburg"
        [[homes]]
        id = "north"
        count = 1
        pv = { peak_kwp = 4.0, azimuth_deg = 0.0 }
        [[homes]]
        id = "south"
        count = 1
        pv = { peak_kwp = 4.0, azimuth_deg = 180.0 }
    "#;

    #[test]
    fn south_of_the_equator_roofs_to_the_north_make_most_and_december_more_than_june() {
        let first_s = 1_798_761_600 - 86_400;
        let ephemeris = Ephemeris::new(first_s, first_s + 367 * 86_400);
        let observer = Observer::new(CAPE_TOWN);
        let clear =
            |hour: i64| haurwitz_w_m2(ephemeris.sun_over(first_s + hour * 3600 + 1800, &observer).cos_apparent_zenith);
        let file = "[weather]\nsource = \"csv\"\nfile = \"weather.csv\"\nstamp = \"start\"\ntimezone = \"UTC\"\n";
        let world = Written::new(&[TEXT, file].concat())
            .file("weather.csv", &weather(|hour| (0.75 * clear(hour), 18.0, 4.0)))
            .world(&[]);
        assert_eq!(world.calendar.instant(0).to_string(), "2026-12-31T22:00:00Z");
        let outcome = run(&world);
        let made = |id: &str| whole(&world, &outcome, id).kwh(Register::Generation);
        let (north, south) = (made("north"), made("south"));
        assert!(north > 1.2 * south, "north {north} kWh, south {south}");
        assert!((1200.0..2000.0).contains(&(north / 4.0)), "{} kWh each kWp", north / 4.0);
        let of_south = |month: usize| outcome.month(1, month).kwh(Register::Generation);
        assert!(of_south(11) > 2.0 * of_south(5), "December {}, June {} kWh", of_south(11), of_south(5));
    }

    #[test]
    fn built_in_weather_far_from_de_bilt_runs_with_a_warning_that_names_the_remedy() {
        let written = Written::new(TEXT);
        let loaded = scenario::load(&written.path(), &[], None);
        let mut warnings = Vec::new();
        let world = World::new(loaded.draft.unwrap(), &mut warnings).unwrap();
        run(&world);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(!warnings[0].is_error() && warnings[0].help.contains("file = "), "{warnings:?}");
    }
}
