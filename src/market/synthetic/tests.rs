use approx::assert_abs_diff_eq;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use rstest::rstest;

use super::*;
use crate::calendar::{Country, STEP_MINUTES};
use crate::market::statistics::statistics;
use crate::weather::{DE_BILT, synthetic};

/// Four decimals of EUR/MWh are published.
const PUBLISHED_EUR_PER_MWH: f64 = 5.1e-5;

/// The means of an hour in another order, EUR/kWh.
const ROUNDING_EUR_PER_KWH: f64 = 1e-12;

fn calendar(zone: &str, start: Date, years: usize, step_minutes: u32) -> Calendar {
    Calendar::new(start, years, step_minutes, &TimeZone::get(zone).unwrap(), Country::Nl).unwrap()
}

fn dutch(start: Date, years: usize, step_minutes: u32) -> Calendar {
    calendar("Europe/Amsterdam", start, years, step_minutes)
}

fn priced(seed: u64, calendar: &Calendar) -> Vec<f64> {
    prices_eur_per_kwh(seed, calendar, &synthetic::weather(seed, calendar, DE_BILT))
}

#[test]
fn hours_and_year_equal_the_published_ones() {
    let quarters = priced(1, &dutch(date(2023, 1, 1), 1, 15));
    for (day, quarter, published) in [(0, 46, 135.2386), (171, 46, -4.9945), (171, 60, -11.6217), (264, 36, 105.7103)] {
        assert_abs_diff_eq!(quarters[day * 96 + quarter] * 1000.0, published, epsilon = PUBLISHED_EUR_PER_MWH);
    }
    let mean = quarters.iter().sum::<f64>() / quarters.len() as f64;
    assert_abs_diff_eq!(mean * 1000.0, 86.6082, epsilon = PUBLISHED_EUR_PER_MWH);
    assert_eq!(quarters.iter().filter(|price| **price < 0.0).count(), 512 * 4);
}

/// The row of seed 1 in the published table of thirty years, with half a unit of its last digit; the table counts days of
/// standard time, the statistics those of the clock, which moves the spread of a day by up to a unit.
#[test]
fn thirty_years_equal_the_published_statistics() {
    let calendar = dutch(date(2001, 1, 1), 30, 60);
    let rows = statistics(&priced(1, &calendar), &calendar, None);
    let value = |name: &str| rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}")).value;
    for (name, published, tolerance) in [
        ("mean", 94.7, 0.05),
        ("sd within the year", 50.1, 0.05),
        ("daily spread", 108.1, 1.0),
        ("negative hours a year", 311.0, 0.5),
        ("yearly maximum, mean", 390.0, 0.5),
        ("yearly minimum, mean", -291.0, 0.5),
        ("mean 20 h", 130.0, 0.05),
        ("mean 23 h", 96.6, 0.05),
    ] {
        let value = value(name);
        assert!((value - published).abs() <= tolerance + 1e-9, "{name}: {value} instead of {published}");
    }
}

#[test]
fn the_price_of_an_hour_is_the_same_at_every_step() {
    let hours = priced(5, &dutch(date(2024, 1, 1), 1, 60));
    assert_eq!(hours.len(), 8784);
    for minutes in STEP_MINUTES {
        let prices = priced(5, &dutch(date(2024, 1, 1), 1, minutes));
        for (steps, hour) in prices.chunks_exact(60 / minutes as usize).zip(&hours) {
            for price in steps {
                assert_abs_diff_eq!(price, hour, epsilon = ROUNDING_EUR_PER_KWH);
            }
        }
    }
}

#[test]
fn a_year_is_the_same_whether_its_neighbours_are_simulated_or_not() {
    let three = priced(8, &dutch(date(2026, 1, 1), 3, 60));
    let one = priced(8, &dutch(date(2027, 1, 1), 1, 60));
    assert_eq!(three[8760..17_520], one[..]);
}

#[test]
fn a_run_from_july_takes_the_halves_of_two_model_years() {
    let run = priced(4, &dutch(date(2026, 7, 15), 1, 60));
    let whole = priced(4, &dutch(date(2026, 1, 1), 2, 60));
    // 15 July is day 195, and summer time begins it an hour earlier. Half a day of wind is not known at each end.
    let offset = 195 * 24 - 1;
    for hour in 12..8760 - 12 {
        assert_abs_diff_eq!(run[hour], whole[offset + hour], epsilon = ROUNDING_EUR_PER_KWH);
    }
}

#[test]
fn sun_and_wind_make_it_cheaper_and_a_sunday_cheaper_still() {
    let calendar = dutch(date(2027, 1, 1), 1, 60);
    let mut weather = Weather::zeros(calendar.steps());
    let prices = |weather: &Weather| prices_eur_per_kwh(2, &calendar, weather);
    let dark = prices(&weather);
    weather.ghi_w_m2.fill(500.0);
    let sunny = prices(&weather);
    weather.wind_m_s.fill(9.0);
    let both = prices(&weather);
    assert!(dark.iter().zip(&sunny).all(|(dark, sunny)| sunny < dark));
    // Below zero the bend holds at the exchange's limit.
    assert!(sunny.iter().zip(&both).all(|(sunny, both)| both < sunny || *both <= -0.5));
    let of = |weekdays: Range<u8>| {
        let days = calendar.days().iter().filter(|day| weekdays.contains(&day.weekday));
        let values: Vec<f64> = days.flat_map(|day| dark[day.range()].to_vec()).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    assert!(of(6..7) < of(5..6) && of(5..6) < of(0..5));
}

#[test]
fn the_bend_is_straight_in_the_middle_and_within_the_limits_of_the_exchange() {
    for (x, price) in [(0.0, 0.0), (100.0, 100.0), (180.0, 180.0), (228.0, 276.0), (-1e6, -500.0), (1e6, 4000.0)] {
        assert_abs_diff_eq!(bend(x), price, epsilon = 1e-12);
    }
    // 1.9 (e − 1).
    assert_abs_diff_eq!(bend(-19.5), -3.264_735_474_2, epsilon = 1e-9);
}

#[rstest]
#[case("Australia/Adelaide", 30)]
#[case("Asia/Kathmandu", 5)]
#[case("Asia/Kathmandu", 60)]
#[case("Pacific/Kiritimati", 15)]
fn every_clock_on_earth_has_prices(#[case] zone: &str, #[case] step_minutes: u32) {
    let calendar = calendar(zone, date(2028, 1, 1), 1, step_minutes);
    let prices = priced(3, &calendar);
    assert_eq!(prices.len(), calendar.steps());
    let mean = prices.iter().sum::<f64>() / prices.len() as f64;
    assert!((0.05..0.15).contains(&mean) && prices.iter().all(|price| (-0.5..=4.0).contains(price)), "{mean}");
}

#[test]
fn an_empty_axis_has_no_prices() {
    assert!(priced(1, &dutch(date(2027, 1, 1), 0, 15)).is_empty());
}
