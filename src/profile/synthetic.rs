//! Event-built household loads: 512 unit years, and the homes that draw from them.
//!
//! A **unit** is a household of a certain size. Its day is a smooth part (standby, fridge, heating pump, lighting and
//! electronics that follow presence and daylight) and events (hot meals, kettles, washing, dishes) that start by chance
//! at hours the day type prescribes; heavy events nearly wait for each other. A day lies on the local clock, has 24
//! hours and wraps at midnight onto itself, so that **a unit day is a pure function of (seed, unit, day)**: it can be
//! made anywhere, in any order, and is the same.
//!
//! Units are ordered by annual use, unit k having the (k + 1/2)/512 quantile of the default distribution. A home draws
//! its annual use first, takes the unit of that rank ([`pick`]) and scales it; so small homes get the shapes of small
//! homes.
//!
//! Formulas, constants and how well it does: `docs/models/synthetic-loads.md`. Loads are positive, in kW, means over
//! their cell.

mod constants;
mod homes;
mod library;

use std::f64::consts::PI;

use crate::calendar::Day;
use crate::random::{normal, uniforms};

use self::constants as c;
use super::cells_per_day;

pub use self::constants::DEFAULT_SHAPES;
pub use self::homes::{Habit, Home, default_homes, pick};
pub use self::library::Library;

/// Purposes of the draws: the first word of the counter. The second is the unit (or, for `PICK`, the home).
mod purpose {
    pub(super) const HOME: u32 = 1;
    pub(super) const DAY: u32 = 2;
    /// Plus the class.
    pub(super) const EVENT: u32 = 10;
    pub(super) const WAIT: u32 = 20;
    pub(super) const PICK: u32 = 30;
}

/// Days that the counters of two calendar years of one run lie apart: more than a year has.
const DRAWS_PER_YEAR: u32 = 512;

/// Most heavy events kept on a day, followers apart; about 11 occur in the largest unit.
const HEAVY_STARTS: usize = 38;

/// One local day as the units see it: its number, its type, its season and daylight.
#[derive(Clone, Debug)]
pub struct UnitDay {
    day_of_year: u16,
    draw_day: u32,
    free: bool,
    /// 1 on the coldest day, −1 half a year from it.
    season: f64,
    cell_minutes: u32,
    /// The middle of each cell, local hours.
    middle_h: Vec<f64>,
    /// Lighting and electronics of a home with somebody present and awake, share of mean power, per cell.
    active_share: Vec<f64>,
    classes: [ClassDay; 4],
}

/// What a class of events is on one day, for every unit.
#[derive(Clone, Copy, Debug)]
struct ClassDay {
    /// Starts of the reference home on this day.
    starts: f64,
    /// Factor of the season on the power.
    power: f64,
    /// Natural logarithm of the longest over the shortest duration.
    ln_duration_span: f64,
}

impl UnitDay {
    /// A day of cells of `cell_minutes`.
    ///
    /// # Arguments
    /// * `day_of_year` – from 0; gives season, daylight and the units' holidays.
    /// * `draw_day` – the day's number in the counters of all draws; two days of one run need two numbers.
    /// * `free` – Saturday, Sunday or a public holiday.
    /// * `summer_time` – whether the clock is an hour ahead.
    /// * `cell_minutes` – a divisor of 60.
    pub fn new(day_of_year: u16, draw_day: u32, free: bool, summer_time: bool, cell_minutes: u32) -> UnitDay {
        let d = f64::from(day_of_year);
        let declination = 0.4093 * libm::sin(2.0 * PI * (d - 80.0) / 365.0);
        let latitude = c::LATITUDE_DEG * PI / 180.0;
        let cos_half_day = -libm::tan(latitude) * libm::tan(declination);
        let half_day_h = libm::acos(cos_half_day.clamp(-1.0, 1.0)) * 12.0 / PI;
        let noon_h = if summer_time { c::SOLAR_NOON_SUMMER_H } else { c::SOLAR_NOON_WINTER_H };
        let season = libm::cos(2.0 * PI * (d + 1.0 - c::COLDEST_DAY_OF_YEAR) / 365.0);
        let cell_h = f64::from(cell_minutes) / 60.0;
        let middle_h: Vec<f64> = (0..cells_per_day(cell_minutes)).map(|cell| (cell as f64 + 0.5) * cell_h).collect();
        let active_share = middle_h
            .iter()
            .map(|t| {
                let dark = (((t - noon_h).abs() - half_day_h) / c::TWILIGHT_H + 0.5).clamp(0.0, 1.0);
                let evening = if *t < 12.0 { c::LIGHTING_MORNING_FACTOR } else { 1.0 };
                c::ELECTRONICS_ACTIVE + c::LIGHTING_ACTIVE_DARK * dark * evening
            })
            .collect();
        let classes = std::array::from_fn(|class| {
            let events = &c::CLASSES[class];
            ClassDay {
                starts: c::STARTS_PER_DAY[class][usize::from(free)] * (1.0 + events.season_amplitude * season),
                power: 1.0 + events.season_power * season,
                ln_duration_span: libm::log(events.duration_max_h / events.duration_min_h),
            }
        });
        UnitDay { day_of_year, draw_day, free, season, cell_minutes, middle_h, active_share, classes }
    }

    /// A day of a run whose first day lies in `first_year`: later calendar years have draws of their own.
    pub fn of_run(day: &Day, first_year: i16, cell_minutes: u32) -> UnitDay {
        let years = u32::from((day.date.year() - first_year).unsigned_abs());
        let draw_day = u32::from(day.day_of_year()) + DRAWS_PER_YEAR * years;
        UnitDay::new(day.day_of_year(), draw_day, day.is_free(), day.summer_time, cell_minutes)
    }

    /// Its number of cells: 24 local hours of them.
    pub fn cells(&self) -> usize {
        self.active_share.len()
    }
}

/// A household of the library: what it keeps from day to day.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    seed: u64,
    number: u32,
    /// Nominal annual use, kWh; what its year sums to lies within about 15 % of it.
    annual_kwh: f64,
    /// Annual use over that of the reference home.
    size: f64,
    mean_kw: f64,
    /// Factor on the powers of appliances; the number of events is divided by it.
    power: f64,
    /// How much later than others it lives, h.
    habit_h: f64,
    worker: bool,
    dryer: bool,
    /// First days of its long and its short holiday, days of the year from 0.
    holidays: [Option<f64>; 2],
    fridge_period_h: f64,
}

impl Unit {
    /// Unit `number` of a library of `shapes` units.
    pub fn new(seed: u64, number: u16, shapes: usize) -> Unit {
        let k = u32::from(number);
        let quantile = (f64::from(number) + 0.5) / shapes as f64;
        let annual_kwh = libm::exp(c::MU_LN_KWH + c::SIGMA_LN * normal_quantile(quantile));
        let size = annual_kwh / c::REFERENCE_KWH;
        let u = uniforms(seed, [purpose::HOME, k, 0, 0]);
        let v = uniforms(seed, [purpose::HOME, k, 0, 1]);
        let w = uniforms(seed, [purpose::HOME, k, 0, 2]);
        let spread = c::POWER_SIGMA_LN * normal(u[0], u[1]) - 0.5 * c::POWER_SIGMA_LN * c::POWER_SIGMA_LN;
        let summer = c::SUMMER_HOLIDAY_FIRST_DAY + (v[3] * c::SUMMER_HOLIDAY_START_SPAN_DAYS).floor();
        let short = (w[1] * (360.0 - c::SHORT_HOLIDAY_DAYS)).floor();
        Unit {
            seed,
            number: k,
            annual_kwh,
            size,
            mean_kw: annual_kwh / 8760.0,
            power: libm::pow(size, c::POWER_EXPONENT) * libm::exp(spread),
            habit_h: c::HABIT_SD_H * normal(u[2], u[3]),
            worker: v[0] < c::WORKER_SHARE,
            dryer: v[1] < c::DRYER_SHARE,
            holidays: [
                (v[2] < c::SUMMER_HOLIDAY_SHARE).then_some(summer),
                (w[0] < c::SHORT_HOLIDAY_SHARE).then_some(short),
            ],
            fridge_period_h: c::FRIDGE_PERIOD_MIN_H + (c::FRIDGE_PERIOD_MAX_H - c::FRIDGE_PERIOD_MIN_H) * w[2],
        }
    }

    /// Its nominal annual use, kWh.
    pub fn annual_kwh(&self) -> f64 {
        self.annual_kwh
    }

    /// Writes its mean power in each cell of a day, kW, into `out` of [`UnitDay::cells`] cells.
    ///
    /// Nothing is carried from another day. Events have the same energy at any cell length; lighting is sampled at the
    /// middle of a cell and differs a little.
    pub fn day(&self, day: &UnitDay, out: &mut [f64]) {
        let away = self.is_away(day.day_of_year);
        let pump = if away { 0.0 } else { c::HEATING_PUMP_WINTER_MAX * 0.5 * (1.0 + day.season) };
        out.fill(self.mean_kw * (c::STANDBY + pump));
        let draws = uniforms(self.seed, [purpose::DAY, self.number, day.draw_day, 0]);
        let mut sheet = Sheet { cells: out, per_h: 60.0 / f64::from(day.cell_minutes) };
        self.add_fridge(day, draws[0], &mut sheet);
        if away {
            return;
        }
        let presence = self.presence(day, draws[1]);
        for ((kw, active), t) in sheet.cells.iter_mut().zip(&day.active_share).zip(&day.middle_h) {
            *kw += self.mean_kw * if presence.holds(*t) { *active } else { c::ASLEEP_OR_OUT };
        }
        self.add_events(day, &presence, &mut sheet);
    }

    fn is_away(&self, day_of_year: u16) -> bool {
        let d = f64::from(day_of_year);
        let lengths = [c::SUMMER_HOLIDAY_DAYS, c::SHORT_HOLIDAY_DAYS];
        self.holidays.iter().zip(lengths).any(|(first, days)| first.is_some_and(|first| first <= d && d < first + days))
    }

    /// The fridge runs for a part of each period; the phase is new each day.
    fn add_fridge(&self, day: &UnitDay, phase: f64, sheet: &mut Sheet) {
        let on_h = c::FRIDGE_DUTY * (1.0 + c::FRIDGE_DUTY_SEASON * day.season) * self.fridge_period_h;
        let kw = self.mean_kw * c::FRIDGE / c::FRIDGE_DUTY;
        let mut start_h = -self.fridge_period_h * phase;
        while start_h < 24.0 {
            sheet.add(start_h.max(0.0), (start_h + on_h).min(24.0), kw);
            start_h += self.fridge_period_h;
        }
    }

    fn presence(&self, day: &UnitDay, out_draw: f64) -> Presence {
        let a = uniforms(self.seed, [purpose::DAY, self.number, day.draw_day, 1]);
        let (wake, bed) =
            if day.free { (c::WAKE_FREE_H, c::BED_FREE_H) } else { (c::WAKE_WORKING_H, c::BED_WORKING_H) };
        let mut presence = Presence {
            wake_h: wake + c::HABIT_ON_WAKE * self.habit_h + c::WAKE_BED_SD_H * normal(a[0], a[1]),
            bed_h: bed + c::HABIT_ON_BED * self.habit_h + c::WAKE_BED_SD_H * normal(a[2], a[3]),
            leave_h: f64::INFINITY,
            back_h: f64::INFINITY,
        };
        if !day.free && self.worker && out_draw < c::WORK_DAY_PROBABILITY {
            let b = uniforms(self.seed, [purpose::DAY, self.number, day.draw_day, 2]);
            let habit = c::HABIT_ON_WORK * self.habit_h;
            presence.leave_h = c::LEAVE_H + habit + c::LEAVE_SD_H * normal(b[0], b[1]);
            presence.back_h = c::RETURN_H + habit + c::RETURN_SD_H * normal(b[2], b[3]);
        }
        presence
    }

    fn add_events(&self, day: &UnitDay, presence: &Presence, sheet: &mut Sheet) {
        let mut heavy = HeavyEvents { list: [Block::default(); HEAVY_STARTS + 2], count: 0 };
        for class in 0..c::CLASSES.len() {
            self.add_class(class, day, presence, sheet, &mut heavy);
        }
        self.add_heavy(day, heavy.in_order_of_start(), sheet);
    }

    /// Draws the events of one class: short ones are added at once, heavy ones are listed.
    fn add_class(&self, class: usize, day: &UnitDay, presence: &Presence, sheet: &mut Sheet, heavy: &mut HeavyEvents) {
        let (events, of_day) = (&c::CLASSES[class], &day.classes[class]);
        let table = &c::STARTS_CUMULATIVE[class][usize::from(day.free)];
        let stream = purpose::EVENT + class as u32;
        let mean = of_day.starts * self.size / self.power;
        let count = poisson(mean, uniforms(self.seed, [stream, self.number, day.draw_day, 0])[0]);
        for event in 1..=count {
            let u = uniforms(self.seed, [stream, self.number, day.draw_day, event]);
            let start_h = (start_by_table(table, u[0]) + self.habit_h).rem_euclid(24.0);
            if events.needs_presence && !presence.holds(start_h) {
                continue;
            }
            let kw =
                self.power * (events.power_min_kw + (events.power_max_kw - events.power_min_kw) * u[1]) * of_day.power;
            let length_h = events.duration_min_h * libm::exp(of_day.ln_duration_span * u[2]);
            if !events.heavy {
                sheet.add(start_h, start_h + length_h, kw);
                continue;
            }
            if heavy.count >= HEAVY_STARTS {
                continue;
            }
            let end_h = start_h + length_h;
            let spins = class == c::WASHING;
            heavy.push(Block { start_h, length_h, kw, spins });
            if class == c::WASHING && self.dryer && u[3] < c::DRYER_PROBABILITY {
                heavy.push(Block {
                    start_h: end_h + c::DRYER_DELAY_H,
                    length_h: c::DRYER_MIN_H + c::DRYER_SPAN_H * u[1],
                    kw: c::DRYER_KW * self.power,
                    spins: false,
                });
            }
            if class == c::DISHWASHER {
                let start_h = end_h + c::SECOND_HEAT_DELAY_H;
                heavy.push(Block { start_h, length_h: c::SECOND_HEAT_H, kw, spins: false });
            }
        }
    }

    /// Adds the heavy events in order of their start; one that would overlap nearly always waits for the one before.
    fn add_heavy(&self, day: &UnitDay, events: &[Block], sheet: &mut Sheet) {
        let mut busy_until_h = -1.0_f64;
        for (i, event) in (0_u32..).zip(events) {
            let mut start_h = event.start_h;
            if start_h < busy_until_h {
                let draws = uniforms(self.seed, [purpose::WAIT, self.number, day.draw_day, i]);
                if draws[0] < c::WAIT_PROBABILITY {
                    start_h = busy_until_h;
                }
            }
            let end_h = start_h + event.length_h;
            sheet.add(start_h, end_h, event.kw);
            if event.spins {
                sheet.add(end_h, end_h + c::SPIN_H, c::SPIN_KW * self.power);
            }
            busy_until_h = busy_until_h.max(end_h + c::PAUSE_H);
        }
    }
}

/// When somebody is present and awake, local hours; infinite where nobody leaves.
#[expect(clippy::struct_field_names, reason = "the postfix is the unit")]
struct Presence {
    wake_h: f64,
    bed_h: f64,
    leave_h: f64,
    back_h: f64,
}

impl Presence {
    /// Whether somebody is present and awake at `t` hours; before dawn it may still be the evening before.
    #[expect(clippy::needless_bitwise_bool, reason = "without short cuts the cells of a day are asked in vectors")]
    fn holds(&self, t: f64) -> bool {
        let out = (self.leave_h < t) & (t < self.back_h);
        ((self.wake_h < t) & (t < self.bed_h) & !out) | (t + 24.0 < self.bed_h)
    }
}

/// A heavy event: constant power from a start.
#[derive(Clone, Copy, Default)]
struct Block {
    start_h: f64,
    length_h: f64,
    kw: f64,
    /// Whether an hour of spinning follows.
    spins: bool,
}

/// The heavy events of one unit day, without allocation.
struct HeavyEvents {
    list: [Block; HEAVY_STARTS + 2],
    count: usize,
}

impl HeavyEvents {
    fn push(&mut self, event: Block) {
        self.list[self.count] = event;
        self.count += 1;
    }

    /// Insertion sort: stable, and there are only a few.
    fn in_order_of_start(&mut self) -> &[Block] {
        for i in 1..self.count {
            let event = self.list[i];
            let mut place = i;
            while place > 0 && self.list[place - 1].start_h > event.start_h {
                self.list[place] = self.list[place - 1];
                place -= 1;
            }
            self.list[place] = event;
        }
        &self.list[..self.count]
    }
}

/// The day that is being written: cells of kW.
struct Sheet<'a> {
    cells: &'a mut [f64],
    per_h: f64,
}

impl Sheet<'_> {
    /// Adds constant power from `start_h` (≥ 0) to `end_h`: each cell gets its mean over the overlap, and what passes
    /// midnight wraps to the start of the same day.
    fn add(&mut self, start_h: f64, end_h: f64, kw: f64) {
        let (a, b) = (start_h * self.per_h, end_h * self.per_h);
        if b <= a {
            return;
        }
        let (first, last) = (a as usize, b as usize);
        let n = self.cells.len();
        // Few events begin after midnight, and a division would cost as much as all the rest.
        let mut cell = if first < n { first } else { first % n };
        if first == last {
            self.cells[cell] += kw * (b - a);
            return;
        }
        self.cells[cell] += kw * (first as f64 + 1.0 - a);
        for _ in first + 1..last {
            cell = if cell + 1 == n { 0 } else { cell + 1 };
            self.cells[cell] += kw;
        }
        cell = if cell + 1 == n { 0 } else { cell + 1 };
        self.cells[cell] += kw * (b - last as f64);
    }
}

/// A start in hours by inversion of the cumulative hourly starts; uniform within the hour.
fn start_by_table(cumulative: &[f64; 24], u: f64) -> f64 {
    let hour = cumulative[..23].partition_point(|share| *share < u);
    let before = if hour == 0 { 0.0 } else { cumulative[hour - 1] };
    hour as f64 + (u - before) / (cumulative[hour] - before).max(1e-12)
}

/// A Poisson count by inversion of one uniform, at most 40.
fn poisson(mean: f64, u: f64) -> u32 {
    let mut probability = libm::exp(-mean);
    let mut total = probability;
    let mut count = 0;
    while u > total && count < 40 {
        count += 1;
        probability *= mean / f64::from(count);
        total += probability;
    }
    count
}

/// The quantile function of the normal distribution, for `p` in (0, 1).
///
/// # Reference
/// P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function" (2003): a rational
/// approximation with relative error below 1.2e-9.
fn normal_quantile(p: f64) -> f64 {
    const TAIL: f64 = 0.02425;
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 6] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 5] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0];
    let polynomial = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, a| sum * x + a);
    if (TAIL..=1.0 - TAIL).contains(&p) {
        let s = p - 0.5;
        let r = s * s;
        return polynomial(&A, r) * s / polynomial(&B, r);
    }
    let s = libm::sqrt(-2.0 * libm::log(p.min(1.0 - p)));
    let x = polynomial(&C, s) / polynomial(&D, s);
    if p < 0.5 { x } else { -x }
}

#[cfg(test)]
mod tests;
