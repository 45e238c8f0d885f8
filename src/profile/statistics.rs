//! What a set of loads looks like beside what is usual: annual use, own peaks, seasons, the sum's shape, coincidence.
//!
//! Usual are 1,300 Flemish quarter-hour meters of 2022 (those without panels, car or heat pump), Rusck's coincidence
//! curve through them, and the German household profile BDEW H25. A set of other homes — larger, smaller, electric —
//! need not meet these figures; a model of ordinary homes should. Own peaks, load factors, coincidence and the extremes
//! of the sum depend on the step: their usual values are given only beside quarter-hours, and only for a single year.

use rayon::prelude::*;

use crate::calendar::{Calendar, Season};
use crate::random::philox4x32;
use crate::reduce;

/// One figure of a set of loads, with what is usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistic {
    /// What it is.
    pub name: &'static str,
    /// Its unit; empty for a pure number.
    pub unit: &'static str,
    /// Its value.
    pub value: f64,
    /// What is usual for ordinary homes without panels, car or heat pump.
    pub target: Option<f64>,
    /// The least that is still usual for this number of homes.
    pub low: Option<f64>,
    /// The most that is still usual for this number of homes.
    pub high: Option<f64>,
}

impl Statistic {
    /// Whether the value lies within its bounds; `None` if it has none.
    pub fn is_usual(&self) -> Option<bool> {
        Some((self.low?..=self.high?).contains(&self.value))
    }
}

/// From this number of homes on, a set has the bounds of small sets.
const FEW: usize = 300;

/// From this number of homes on, a set has the narrow bounds.
const MANY: usize = 1000;

/// What is usual for a figure: a value, and bounds that hold for sets of [`FEW`] and of [`MANY`] homes.
#[derive(Clone, Copy)]
struct Usual {
    value: f64,
    few: Option<(f64, f64)>,
    many: Option<(f64, f64)>,
    /// Whether it holds for quarter-hours of one year only.
    of_quarters: bool,
}

impl Usual {
    /// A value that is reported beside the figure, without bounds.
    const fn about(value: f64) -> Usual {
        Usual { value, few: None, many: None, of_quarters: false }
    }

    const fn within(self, low: f64, high: f64) -> Usual {
        Usual { few: Some((low, high)), many: Some((low, high)), ..self }
    }

    /// Wider bounds for sets below [`MANY`]: an extreme of a sum of few homes is larger by chance alone.
    const fn few_within(self, low: f64, high: f64) -> Usual {
        Usual { few: Some((low, high)), ..self }
    }

    const fn of_quarters(self) -> Usual {
        Usual { of_quarters: true, ..self }
    }
}

/// Sizes of the groups of the coincidence curve, how often all homes are dealt into such groups, and Rusck's value
/// `g∞ + (1 − g∞)/√n` with g∞ = 0.14, rounded.
const COINCIDENCE: [(&str, usize, u32, f64); 8] = [
    ("coincidence of 1", 1, 1, 1.0),
    ("coincidence of 2", 2, 1, 0.75),
    ("coincidence of 5", 5, 2, 0.52),
    ("coincidence of 10", 10, 4, 0.41),
    ("coincidence of 20", 20, 8, 0.33),
    ("coincidence of 50", 50, 10, 0.26),
    ("coincidence of 100", 100, 10, 0.23),
    ("coincidence of 1000", 1000, 1, 0.17),
];

/// How far a coincidence may lie from Rusck's curve.
const COINCIDENCE_TOLERANCE: f64 = 0.06;

/// Mean of working days of December to February by local hour, over the mean of the year: BDEW H25 with its factor of
/// the day of the year, rounded to 0.01.
const H25_WINTER_WORKING_DAY: [f64; 24] = [
    0.80, 0.69, 0.65, 0.65, 0.68, 0.78, 1.01, 1.10, 1.03, 0.99, 1.00, 1.09, 1.13, 1.12, 1.09, 1.13, 1.30, 1.60, 1.80,
    1.80, 1.65, 1.47, 1.29, 1.04,
];

/// First word of the counter of the draws that deal homes into groups; no other draw has it.
const GROUPS: u32 = 40;

/// Measures the loads of a set of homes, each its own series over the whole axis.
///
/// Own peaks and the peak of the sum are the largest means over a step. `g(n)` is the mean, over random groups of n
/// homes, of the peak of their sum over the sum of their own peaks; groups are the same in every run. Hours and months
/// are local. A figure that has no meaning for the set (the exponent of one home, groups larger than the set, homes
/// that use nothing) is left out.
///
/// # Arguments
/// * `homes` – mean power of each step of `calendar`, kW, positive = load; `[home][step]`.
///
/// # Panics
/// If a series is not as long as the axis.
///
/// # References
/// * S. Rusck, "The simultaneous demand in distribution network supplying domestic consumers", ASEA Journal 10 (1956).
/// * Load profiles of 1,300 Flemish meters, 2022: per-meter table in umar-hashmi/Public-Load-profile-Datasets.
/// * BDEW, standard load profile H25 (2025).
pub fn statistics(homes: &[Vec<f32>], calendar: &Calendar) -> Vec<Statistic> {
    assert!(homes.iter().all(|home| home.len() == calendar.steps()), "a series must be as long as the axis");
    let mut table = Table { rows: Vec::new(), homes: homes.len(), calendar };
    if homes.is_empty() {
        return table.rows;
    }
    let each: Vec<Home> = homes.par_iter().map(|series| Home::measure(series, calendar)).collect();
    annual_use(&each, &mut table);
    own_peaks(&each, calendar, &mut table);
    let everyone: Vec<usize> = (0..homes.len()).collect();
    shape_of_the_sum(&sum_of(homes, &everyone), calendar, &mut table);
    for (name, size, deals, rusck) in COINCIDENCE {
        if let Some(g) = coincidence(homes, &each, size, deals) {
            let low = rusck - COINCIDENCE_TOLERANCE;
            table.add(name, "", g, Usual::about(rusck).within(low, rusck + COINCIDENCE_TOLERANCE).of_quarters());
        }
    }
    table.rows
}

/// The rows so far, and what their targets depend on.
struct Table<'a> {
    rows: Vec<Statistic>,
    homes: usize,
    calendar: &'a Calendar,
}

impl Table<'_> {
    fn add(&mut self, name: &'static str, unit: &'static str, value: f64, usual: Usual) {
        if !value.is_finite() {
            return;
        }
        let comparable = !usual.of_quarters || (self.calendar.step_minutes() == 15 && self.calendar.run_years() == 1);
        let bounds = match self.homes {
            MANY.. => usual.many.or(usual.few),
            FEW.. => usual.few,
            _ => None,
        }
        .filter(|_| comparable);
        self.rows.push(Statistic {
            name,
            unit,
            value,
            target: comparable.then_some(usual.value),
            low: bounds.map(|(low, _)| low),
            high: bounds.map(|(_, high)| high),
        });
    }
}

/// What is measured of one home.
struct Home {
    /// Use per year of the run, kWh.
    annual_kwh: f64,
    peak_kw: f64,
    /// The first step at the peak.
    peak_step: usize,
    load_factor: f64,
}

impl Home {
    fn measure(series: &[f32], calendar: &Calendar) -> Home {
        let sum: f64 = series.iter().map(|kw| f64::from(*kw)).sum();
        let mut peak = (f32::NEG_INFINITY, 0);
        for (step, kw) in series.iter().enumerate() {
            if *kw > peak.0 {
                peak = (*kw, step);
            }
        }
        let peak_kw = f64::from(peak.0);
        Home {
            annual_kwh: sum * calendar.step_h() / calendar.run_years() as f64,
            peak_kw,
            peak_step: peak.1,
            load_factor: sum / series.len() as f64 / peak_kw,
        }
    }

    fn uses_power(&self) -> bool {
        self.annual_kwh > 0.0 && self.peak_kw > 0.0
    }
}

fn annual_use(each: &[Home], table: &mut Table) {
    let kwh = sorted(each.iter().map(|home| home.annual_kwh));
    table.add("annual use, mean", "kWh", mean(&kwh), Usual::about(2943.0));
    table.add("annual use, median", "kWh", percentile(&kwh, 0.5), Usual::about(2655.0));
    table.add("annual use, p10", "kWh", percentile(&kwh, 0.1), Usual::about(1231.0));
    table.add("annual use, p90", "kWh", percentile(&kwh, 0.9), Usual::about(5101.0));
    let ln: Vec<f64> = each.iter().filter(|home| home.uses_power()).map(|home| libm::log(home.annual_kwh)).collect();
    let ln_mean = mean(&ln);
    let squares: Vec<f64> = ln.iter().map(|x| (x - ln_mean) * (x - ln_mean)).collect();
    table.add("ln of annual kWh, mean", "", ln_mean, Usual::about(7.85).within(7.79, 7.91));
    table.add("ln of annual kWh, sd", "", mean(&squares).sqrt(), Usual::about(0.53).within(0.49, 0.57));
}

fn own_peaks(each: &[Home], calendar: &Calendar, table: &mut Table) {
    let peaks = sorted(each.iter().map(|home| home.peak_kw));
    table.add("own peak, mean", "kW", mean(&peaks), Usual::about(5.15).within(4.635, 5.665).of_quarters());
    table.add("own peak, p10", "kW", percentile(&peaks, 0.1), Usual::about(3.4).of_quarters());
    table.add("own peak, p90", "kW", percentile(&peaks, 0.9), Usual::about(7.0).of_quarters());
    let users: Vec<&Home> = each.iter().filter(|home| home.uses_power()).collect();
    let (level, exponent) = power_law(&users);
    table.add("own peak at 1 MWh a year", "kW", level, Usual::about(3.49).of_quarters());
    table.add("own peak, exponent", "", exponent, Usual::about(0.37).few_within(0.30, 0.44).of_quarters());
    let factors: Vec<f64> = users.iter().map(|home| home.load_factor).collect();
    table.add("load factor, mean", "", mean(&factors), Usual::about(0.064).within(0.0544, 0.0736).of_quarters());
    let share = |holds: &dyn Fn(usize) -> bool| {
        let flags: Vec<f64> = users.iter().map(|home| f64::from(u8::from(holds(home.peak_step)))).collect();
        mean(&flags)
    };
    let in_winter = share(&|step| calendar.days()[calendar.day_of(step)].season() == Season::Winter);
    let in_evening = share(&|step| (16 * 60..22 * 60).contains(&calendar.local_minute(step)));
    let usual = Usual::about(0.43).few_within(0.30, 0.56).of_quarters();
    table.add("own peaks in Dec-Feb", "", in_winter, usual);
    table.add("own peaks at 16-22 h", "", in_evening, Usual::about(0.42).of_quarters());
}

/// Level at 1 `MWh` and exponent of `peak = level · (MWh a year)^exponent`, by least squares of the logarithms.
fn power_law(users: &[&Home]) -> (f64, f64) {
    let x: Vec<f64> = users.iter().map(|home| libm::log(home.annual_kwh / 1000.0)).collect();
    let y: Vec<f64> = users.iter().map(|home| libm::log(home.peak_kw)).collect();
    let (x_mean, y_mean) = (mean(&x), mean(&y));
    let covariance = reduce::total(x.iter().zip(&y).map(|(x, y)| (x - x_mean) * (y - y_mean)));
    let exponent = covariance / reduce::total(x.iter().map(|x| (x - x_mean) * (x - x_mean)));
    (libm::exp(y_mean - exponent * x_mean), exponent)
}

fn shape_of_the_sum(sum_kw: &[f64], calendar: &Calendar, table: &mut Table) {
    let mean_kw = mean(sum_kw);
    let (mut highest, mut lowest) = (0, 0);
    for (step, kw) in sum_kw.iter().enumerate() {
        if *kw > sum_kw[highest] {
            highest = step;
        }
        if *kw < sum_kw[lowest] {
            lowest = step;
        }
    }
    let hour = f64::from(calendar.local_minute(highest)) / 60.0;
    let usual = Usual::about(2.1).within(2.0, 2.2).few_within(2.0, 2.6).of_quarters();
    table.add("sum: peak over mean", "", sum_kw[highest] / mean_kw, usual);
    let usual = Usual::about(18.5).within(18.0, 19.75).few_within(17.0, 20.0).of_quarters();
    table.add("sum: local hour of the peak", "h", hour, usual);
    let usual = Usual::about(0.455).within(0.44, 0.47).few_within(0.41, 0.47).of_quarters();
    table.add("sum: minimum over mean", "", sum_kw[lowest] / mean_kw, usual);

    let mean_where = |holds: &dyn Fn(&crate::calendar::Day) -> bool| {
        let days = calendar.days().iter().filter(|day| holds(day));
        let of_days: Vec<f64> = days.flat_map(|day| &sum_kw[day.range()]).copied().collect();
        mean(&of_days)
    };
    let seasons = mean_where(&|day| day.season() == Season::Winter) / mean_where(&|day| day.season() == Season::Summer);
    table.add("Dec-Feb over Jun-Aug", "", seasons, Usual::about(1.35).within(1.30, 1.40));
    let weekend = mean_where(&|day| day.weekday >= 5) / mean_where(&|day| day.weekday < 5);
    table.add("weekend over weekday", "", weekend, Usual::about(1.15).within(1.10, 1.20));

    let by_hour = winter_working_day(sum_kw, calendar).map(|kw| kw / mean_kw);
    let usual = Usual::about(1.0).within(0.97, 1.0);
    table.add("winter working day: correlation with H25", "", correlation(&by_hour, &H25_WINTER_WORKING_DAY), usual);
    let farthest = by_hour.iter().zip(&H25_WINTER_WORKING_DAY).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let usual = Usual::about(0.0).within(0.0, 0.12);
    table.add("winter working day: farthest from H25", "of mean", farthest, usual);
}

/// Mean power by local hour of the working days of December to February, kW.
fn winter_working_day(sum_kw: &[f64], calendar: &Calendar) -> [f64; 24] {
    let mut sums = [(0.0, 0_u32); 24];
    for day in calendar.days().iter().filter(|day| day.season() == Season::Winter && !day.is_free()) {
        for step in day.range() {
            let (sum, count) = &mut sums[usize::from(calendar.local_minute(step)) / 60];
            *sum += sum_kw[step];
            *count += 1;
        }
    }
    sums.map(|(sum, count)| sum / f64::from(count))
}

/// The mean coincidence of random groups of `size` homes; `None` if there are not so many, or they use nothing.
///
/// All homes are dealt into groups `deals` times; what is left over sits out.
fn coincidence(homes: &[Vec<f32>], each: &[Home], size: usize, deals: u32) -> Option<f64> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for deal in 0..deals {
        groups.extend(shuffled(homes.len(), size as u32, deal).chunks_exact(size).map(<[usize]>::to_vec));
    }
    let ratios: Vec<f64> = groups
        .par_iter()
        .map(|group| peak_of_sum(homes, group) / group.iter().map(|home| each[*home].peak_kw).sum::<f64>())
        .collect();
    Some(mean(&ratios)).filter(|g| g.is_finite())
}

/// The numbers below `count` in a random order (Fisher–Yates) that belongs to (`size`, `deal`).
fn shuffled(count: usize, size: u32, deal: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        let word = philox4x32(0, [GROUPS, size, deal, i as u32])[0];
        order.swap(i, ((u64::from(word) * (i as u64 + 1)) >> 32) as usize);
    }
    order
}

/// Steps whose sums are kept in the fast cache while the homes of a group are added.
const STEPS_AT_ONCE: usize = 2048;

/// Adds the homes of a group in the order given, step by step, and hands over the sums piece by piece.
fn add_up(homes: &[Vec<f32>], group: &[usize], mut take: impl FnMut(&[f64])) {
    let steps = homes.first().map_or(0, Vec::len);
    let mut sums = vec![0.0_f64; STEPS_AT_ONCE.min(steps)];
    for first in (0..steps).step_by(STEPS_AT_ONCE) {
        let end = steps.min(first + STEPS_AT_ONCE);
        let sums = &mut sums[..end - first];
        sums.fill(0.0);
        for home in group {
            for (sum, kw) in sums.iter_mut().zip(&homes[*home][first..end]) {
                *sum += f64::from(*kw);
            }
        }
        take(sums);
    }
}

fn peak_of_sum(homes: &[Vec<f32>], group: &[usize]) -> f64 {
    let mut peak_kw = f64::NEG_INFINITY;
    add_up(homes, group, |sums| peak_kw = sums.iter().copied().fold(peak_kw, f64::max));
    peak_kw
}

fn sum_of(homes: &[Vec<f32>], group: &[usize]) -> Vec<f64> {
    let mut all = Vec::with_capacity(homes.first().map_or(0, Vec::len));
    add_up(homes, group, |sums| all.extend_from_slice(sums));
    all
}

fn mean(values: &[f64]) -> f64 {
    reduce::total(values.iter().copied()) / values.len() as f64
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value below which a part of the sorted values lies, linear between neighbours.
fn percentile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let below = place as usize;
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] + (sorted[above] - sorted[below]) * (place - below as f64)
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a_mean, b_mean) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - a_mean) * (y - b_mean);
        aa += (x - a_mean) * (x - a_mean);
        bb += (y - b_mean) * (y - b_mean);
    }
    ab / (aa * bb).sqrt()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use jiff::civil::date;
    use jiff::tz::TimeZone;
    use rstest::rstest;

    use super::*;
    use crate::calendar::{Country, Day};

    fn dutch(years: usize, step_minutes: u32) -> Calendar {
        let zone = TimeZone::get("Europe/Amsterdam").unwrap();
        Calendar::new(date(2022, 1, 1), years, step_minutes, &zone, Country::Nl).unwrap()
    }

    fn value(rows: &[Statistic], name: &str) -> f64 {
        rows.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no {name}")).value
    }

    /// A series of 1 kW, and what `raised` adds by day and local hour.
    fn series(calendar: &Calendar, raised: impl Fn(&Day, u16) -> f32) -> Vec<f32> {
        let days = calendar.days().iter();
        days.flat_map(|day| {
            day.range().map(|step| 1.0 + raised(day, calendar.local_minute(step) / 60)).collect::<Vec<_>>()
        })
        .collect()
    }

    #[rstest]
    #[case(5)]
    #[case(10)]
    #[case(15)]
    #[case(30)]
    #[case(60)]
    fn a_constant_load_has_the_figures_one_expects(#[case] step_minutes: u32) {
        let calendar = dutch(1, step_minutes);
        let rows = statistics(&[series(&calendar, |_, _| 0.0)], &calendar);
        assert_relative_eq!(value(&rows, "annual use, mean"), 8760.0, max_relative = 1e-12);
        for name in ["own peak, mean", "load factor, mean", "sum: peak over mean", "sum: minimum over mean"] {
            assert_relative_eq!(value(&rows, name), 1.0, max_relative = 1e-12);
        }
        assert_relative_eq!(value(&rows, "Dec-Feb over Jun-Aug"), 1.0, max_relative = 1e-12);
        assert_relative_eq!(value(&rows, "coincidence of 1"), 1.0, max_relative = 1e-12);
        assert!(!rows.iter().any(|row| row.name == "own peak, exponent"), "one home has no exponent");
        assert!(!rows.iter().any(|row| row.name == "coincidence of 2"));
    }

    #[test]
    fn seasons_weekends_and_hours_are_those_of_the_local_calendar() {
        let calendar = dutch(1, 15);
        let winter = series(&calendar, |day, _| if day.season() == Season::Winter { 1.0 } else { 0.0 });
        assert_relative_eq!(
            value(&statistics(&[winter], &calendar), "Dec-Feb over Jun-Aug"),
            2.0,
            max_relative = 1e-12
        );
        let weekend = series(&calendar, |day, _| if day.weekday >= 5 { 0.5 } else { 0.0 });
        assert_relative_eq!(
            value(&statistics(&[weekend], &calendar), "weekend over weekday"),
            1.5,
            max_relative = 1e-12
        );
        let evening = series(&calendar, |day, hour| if hour == 20 && day.month() == 7 { 3.0 } else { 0.0 });
        let rows = statistics(&[evening], &calendar);
        assert_relative_eq!(value(&rows, "sum: local hour of the peak"), 20.0);
        assert_relative_eq!(value(&rows, "own peaks at 16-22 h"), 1.0);
        assert_relative_eq!(value(&rows, "own peaks in Dec-Feb"), 0.0);
    }

    #[test]
    fn two_homes_that_never_meet_have_half_the_coincidence() {
        let calendar = dutch(1, 60);
        let at = |wanted: u16| series(&calendar, move |_, hour| if hour == wanted { 9.0 } else { -1.0 });
        let rows = statistics(&[at(8), at(19)], &calendar);
        assert_relative_eq!(value(&rows, "coincidence of 2"), 0.5);
        let rows = statistics(&[at(8), at(8)], &calendar);
        assert_relative_eq!(value(&rows, "coincidence of 2"), 1.0);
    }

    #[test]
    fn the_power_law_of_own_peaks_is_found() {
        let calendar = dutch(1, 60);
        let homes: Vec<Vec<f32>> = [1.0_f64, 2.0, 4.0, 8.0]
            .iter()
            .map(|mwh| {
                // One step at 3 kW · MWh^0.4, and the rest of the energy spread evenly.
                let peak = 3.0 * mwh.powf(0.4);
                let mut home = vec![((mwh * 1000.0 - peak) / 8759.0) as f32; 8760];
                home[100] = peak as f32;
                home
            })
            .collect();
        let rows = statistics(&homes, &calendar);
        // Series are f32: 7 digits.
        assert_relative_eq!(value(&rows, "own peak, exponent"), 0.4, max_relative = 1e-5);
        assert_relative_eq!(value(&rows, "own peak at 1 MWh a year"), 3.0, max_relative = 1e-5);
        assert_relative_eq!(value(&rows, "annual use, median"), 3000.0, max_relative = 1e-5);
        assert_relative_eq!(value(&rows, "annual use, p10"), 1300.0, max_relative = 1e-5);
    }

    #[test]
    fn what_depends_on_the_step_is_compared_with_quarter_hours_of_one_year_only() {
        let target = |years, step_minutes, name: &str| {
            let calendar = dutch(years, step_minutes);
            let rows = statistics(&[series(&calendar, |_, _| 0.0)], &calendar);
            rows.iter().find(|row| row.name == name).and_then(|row| row.target)
        };
        assert_eq!(target(1, 15, "own peak, mean"), Some(5.15));
        assert_eq!(target(1, 60, "own peak, mean"), None);
        assert_eq!(target(2, 15, "own peak, mean"), None);
        assert_eq!(target(2, 60, "weekend over weekday"), Some(1.15));
    }

    #[test]
    fn bounds_widen_with_fewer_homes_and_vanish_below_three_hundred() {
        let calendar = dutch(1, 15);
        let bounds = |homes: usize| {
            let mut table = Table { rows: Vec::new(), homes, calendar: &calendar };
            table.add("", "", 2.3, Usual::about(2.1).within(2.0, 2.2).few_within(2.0, 2.6).of_quarters());
            (table.rows[0].high, table.rows[0].is_usual())
        };
        assert_eq!(bounds(299), (None, None));
        assert_eq!(bounds(300), (Some(2.6), Some(true)));
        assert_eq!(bounds(1000), (Some(2.2), Some(false)));
    }

    #[test]
    fn homes_that_use_nothing_and_no_homes_at_all_give_no_nonsense() {
        let calendar = dutch(1, 60);
        assert!(statistics(&[], &calendar).is_empty());
        let rows = statistics(&[vec![0.0; calendar.steps()], vec![0.0; calendar.steps()]], &calendar);
        assert!(rows.iter().all(|row| row.value.is_finite()));
        assert_relative_eq!(value(&rows, "annual use, mean"), 0.0);
    }

    #[test]
    fn a_deal_is_a_permutation_and_two_deals_differ() {
        let first = shuffled(100, 5, 0);
        let mut back = first.clone();
        back.sort_unstable();
        assert!(back.iter().copied().eq(0..100));
        assert_ne!(first, shuffled(100, 5, 1));
    }
}
