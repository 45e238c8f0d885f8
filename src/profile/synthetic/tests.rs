//! The port against its original's figures, and what a unit day promises.

use approx::assert_relative_eq;
use jiff::civil::date;
use jiff::tz::TimeZone;
use rstest::rstest;

use super::*;
use crate::calendar::{Calendar, Country};
use crate::profile::reading::home_year;
use crate::profile::statistics::{Statistic, statistics};

fn dutch(year: i16, years: usize, step_minutes: u32) -> Calendar {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    Calendar::new(date(year, 1, 1), years, step_minutes, &zone, Country::Nl).unwrap()
}

fn unit_year(seed: u64, number: u16, calendar: &Calendar, cell_minutes: u32) -> Vec<f64> {
    let unit = Unit::new(seed, number, DEFAULT_SHAPES);
    let first_year = calendar.days()[0].date.year();
    let mut year = Vec::new();
    for day in calendar.days() {
        let day = UnitDay::of_run(day, first_year, cell_minutes);
        let mut kw = vec![0.0; day.cells()];
        unit.day(&day, &mut kw);
        year.extend(kw);
    }
    year
}

/// Figures printed by the model's original, a program in another language, for seed 1 and the year 2022: kWh of the
/// year, its highest quarter in kW, and which it is.
#[rstest]
#[case(0, 465.531_878, 3.469_207, 20_780)]
#[case(256, 2_542.273_131, 5.369_786, 7_567)]
#[case(511, 13_224.054_105, 8.790_720, 32_054)]
fn unit_years_are_those_of_the_original(
    #[case] number: u16,
    #[case] kwh: f64,
    #[case] peak_kw: f64,
    #[case] quarter: usize,
) {
    let year = unit_year(1, number, &dutch(2022, 1, 15), 15);
    let sum: f64 = year.iter().sum::<f64>() / 4.0;
    let at = (0..year.len()).max_by(|a, b| year[*a].total_cmp(&year[*b])).unwrap();
    assert_eq!(format!("{sum:.6}"), format!("{kwh:.6}"));
    assert_eq!(format!("{:.6}", year[at]), format!("{peak_kw:.6}"));
    assert_eq!(at, quarter);
}

#[test]
fn a_day_does_not_depend_on_which_units_are_in_use() {
    let calendar = dutch(2022, 1, 15);
    let (few, more) = ([300, 7], [7, 8, 9, 300, 7, 511]);
    let alone = Library::new(3, &few, 512, &calendar, 0);
    let among = Library::new(3, &more, 512, &calendar, 0);
    assert_eq!((alone.units(), among.units().len()), (&few[..], 5));
    assert_eq!((alone.slot(8), among.slot(9)), (None, Some(2)));
    for unit in few {
        let (a, b) = (alone.slot(unit).unwrap(), among.slot(unit).unwrap());
        assert_eq!(alone.unit_kwh(a).to_bits(), among.unit_kwh(b).to_bits());
        assert!((0..365).all(|day| alone.row(day, a) == among.row(day, b)));
    }
}

#[test]
fn the_library_holds_the_units_rounded_to_single_precision() {
    let calendar = dutch(2022, 1, 15);
    let library = Library::new(1, &[256], 512, &calendar, 0);
    assert_eq!(format!("{:.6}", library.unit_kwh(0)), "2542.273131");
    let year = unit_year(1, 256, &calendar, 15);
    for (day, exact) in year.chunks(96).enumerate() {
        assert!(
            library.row(day, 0).iter().zip(exact).all(|(stored, exact)| stored.to_bits() == (*exact as f32).to_bits())
        );
    }
}

#[test]
fn an_empty_library_is_no_trouble() {
    let library = Library::new(1, &[], 512, &dutch(2022, 1, 15), 0);
    assert_eq!((library.days(), library.cells(), library.slot(0)), (365, 96, None));
}

#[test]
fn purposes_keep_draws_apart() {
    let u = |purpose| uniforms(1, [purpose, 5, 0, 0])[0].to_bits();
    let all = [purpose::HOME, purpose::DAY, purpose::WAIT, purpose::PICK, purpose::EVENT, purpose::EVENT + 3];
    for (i, a) in all.iter().enumerate() {
        assert!(all[..i].iter().all(|b| u(*a) != u(*b)));
    }
    assert!(all.iter().all(|purpose| *purpose < crate::random::Purpose::Member as u32));
}

#[test]
fn a_leap_year_has_its_last_day_and_later_years_have_draws_of_their_own() {
    let calendar = dutch(2023, 2, 60);
    let library = Library::new(1, &[256], 512, &calendar, 1);
    assert_eq!((library.days(), library.cell_minutes()), (366, 15));
    assert!(library.row(365, 0).iter().all(|kw| *kw > 0.0));
    let first = Library::new(1, &[256], 512, &calendar, 0);
    assert_ne!(first.row(100, 0), library.row(100, 0));
    let alone = Library::new(1, &[256], 512, &dutch(2024, 1, 60), 0);
    assert_ne!(alone.row(100, 0), library.row(100, 0), "the same date, but the second year of the run");
    assert_relative_eq!(library.unit_kwh(0), alone.unit_kwh(0), max_relative = 0.1);
}

#[test]
fn a_run_from_july_has_the_days_of_its_own_year() {
    let zone = TimeZone::get("Europe/Amsterdam").unwrap();
    let calendar = Calendar::new(date(2022, 7, 1), 2, 15, &zone, Country::Nl).unwrap();
    let library = Library::new(1, &[40], 512, &calendar, 0);
    let whole = Library::new(1, &[40], 512, &dutch(2022, 1, 15), 0);
    assert_eq!(library.row(0, 0), whole.row(181, 0), "1 July is 1 July");
    let second = Library::new(1, &[40], 512, &calendar, 1);
    assert_ne!(library.row(0, 0), second.row(0, 0));
}

/// Relative to the mean power of a home: presence and dusk begin within a cell and are sampled at its middle. At most
/// six such moments a day (wake, leave, return, bed, and the lights of morning and evening), each wrong by half a
/// quarter-hour of at most 0.19 of mean power, over 24 h: 6 · 0.125 · 0.19 / 24 = 0.006.
const LIGHTING_TOLERANCE: f64 = 0.006;

#[test]
fn five_minutes_hold_the_same_energy_but_for_the_lighting() {
    let calendar = dutch(2022, 1, 15);
    for number in [0, 256, 511] {
        let mean_kw = Unit::new(1, number, 512).annual_kwh() / 8760.0;
        let (quarters, fives) = (unit_year(1, number, &calendar, 15), unit_year(1, number, &calendar, 5));
        for (a, b) in quarters.chunks(96).zip(fives.chunks(288)) {
            let difference_kw = a.iter().sum::<f64>() / 96.0 - b.iter().sum::<f64>() / 288.0;
            assert!(difference_kw.abs() < LIGHTING_TOLERANCE * mean_kw, "{difference_kw} kW of {mean_kw} kW");
        }
    }
}

#[test]
fn on_holiday_only_standby_and_fridge_run() {
    let unit = (0..512).map(|number| Unit::new(1, number, 512)).find(|unit| unit.holidays[0].is_some()).unwrap();
    let first = unit.holidays[0].unwrap() as u16;
    let peak = |day_of_year: u16| {
        let day = UnitDay::new(day_of_year, u32::from(day_of_year), false, true, 15);
        let mut kw = vec![0.0; 96];
        unit.day(&day, &mut kw);
        kw.into_iter().fold(0.0, f64::max)
    };
    let fridge_and_standby = (c::STANDBY + c::FRIDGE / c::FRIDGE_DUTY) * unit.mean_kw;
    for day in first..first + 14 {
        assert!(peak(day) <= fridge_and_standby * (1.0 + 1e-12));
    }
    assert!(peak(first - 1) > fridge_and_standby || peak(first + 14) > fridge_and_standby);
}

#[test]
fn the_normal_quantile_is_right_where_tables_give_it() {
    // Abramowitz & Stegun, table 26.5; Acklam's relative error is below 1.2e-9.
    for (p, x) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.999, 3.090_232_306), (0.01, -2.326_347_874)] {
        assert!((normal_quantile(p) - x).abs() < 4e-9, "{p}");
    }
}

#[test]
fn a_poisson_count_inverts_its_distribution() {
    // e⁻² = 0.1353, 3 e⁻² = 0.4060, 5 e⁻² = 0.6767.
    assert_eq!([0.13, 0.14, 0.40, 0.41, 0.67, 0.68].map(|u| poisson(2.0, u)), [0, 1, 1, 2, 2, 3]);
    assert_eq!(poisson(1e3, 0.5), 40);
    assert_eq!(poisson(0.0, 0.999), 0);
}

fn measure(seed: u64, homes: u32, year: i16) -> Vec<Statistic> {
    let calendar = dutch(year, 1, 15);
    let homes = default_homes(seed, homes);
    let units: Vec<u16> = homes.iter().map(|home| home.habit.unit).collect();
    let library = Library::new(seed, &units, DEFAULT_SHAPES, &calendar, 0);
    let series: Vec<Vec<f32>> = homes.iter().map(|home| home_year(home, &library, &calendar, 0)).collect();
    statistics(&series, &calendar)
}

#[rstest]
#[case(1, 2022)]
#[case(2, 2024)]
fn three_hundred_homes_look_like_measured_ones(#[case] seed: u64, #[case] year: i16) {
    let rows = measure(seed, 300, year);
    let strange: Vec<&Statistic> = rows.iter().filter(|row| row.is_usual() == Some(false)).collect();
    assert!(strange.is_empty(), "{strange:#?}");
    assert_eq!(rows.iter().filter(|row| row.is_usual() == Some(true)).count(), 20);
}

/// Clock changes, weeks that leave a leap day out and single precision: a home's year on the axis is its annual use to
/// within this part.
const YEAR_ON_THE_AXIS_TOLERANCE: f64 = 0.03;

#[test]
fn a_home_uses_its_annual_kwh() {
    for step_minutes in [5, 10, 15, 30, 60] {
        let calendar = dutch(2022, 1, step_minutes);
        let homes = default_homes(4, 10);
        let units: Vec<u16> = homes.iter().map(|home| home.habit.unit).collect();
        let library = Library::new(4, &units, DEFAULT_SHAPES, &calendar, 0);
        for home in &homes {
            let series = home_year(home, &library, &calendar, 0);
            let kwh = series.iter().map(|kw| f64::from(*kw)).sum::<f64>() * calendar.step_h();
            assert_relative_eq!(kwh, home.annual_kwh, max_relative = YEAR_ON_THE_AXIS_TOLERANCE);
        }
    }
}
