//! The constants of the synthetic household load, each with its unit.
//!
//! How they were found, and what each ingredient does to the figures, is told in `docs/models/synthetic-loads.md`.
//! No home's data is in them. They are part of every result: a change moves the figures of every synthetic home.

/// Units in the library unless the scenario says otherwise (key `shapes`).
pub const DEFAULT_SHAPES: usize = 512;

// Annual use.

/// Mean of the logarithm of a home's annual use in kWh, default distribution.
pub(super) const MU_LN_KWH: f64 = 7.85;
/// Standard deviation of the logarithm of annual use; a pure number.
pub(super) const SIGMA_LN: f64 = 0.53;
/// Annual use of the home that the starts per hour are given for, kWh.
pub(super) const REFERENCE_KWH: f64 = 2566.0;

// How homes draw from the library.

/// Half width of the window of ranks that a home takes its unit from, in ranks of 512.
pub(super) const WINDOW_RANKS: f64 = 10.0;
/// Most weeks that a home's days are moved, either way.
pub(super) const SHIFT_WEEKS_MAX: i8 = 2;
/// Most quarter-hours that a home's days are turned, either way.
pub(super) const SHIFT_QUARTERS_MAX: i8 = 2;

// What a unit is.

/// Exponent of appliance power in the size of the home; a pure number.
pub(super) const POWER_EXPONENT: f64 = 0.21;
/// Standard deviation of the logarithm of appliance power between homes of one size; a pure number.
pub(super) const POWER_SIGMA_LN: f64 = 0.17;
/// Standard deviation of the habit shift between homes, h.
pub(super) const HABIT_SD_H: f64 = 0.5;
/// Part of the homes that are out on working days.
pub(super) const WORKER_SHARE: f64 = 0.5;
/// Part of the homes with a tumble dryer.
pub(super) const DRYER_SHARE: f64 = 0.55;
/// Shortest period of a fridge, h.
pub(super) const FRIDGE_PERIOD_MIN_H: f64 = 0.7;
/// Longest period of a fridge, h.
pub(super) const FRIDGE_PERIOD_MAX_H: f64 = 1.2;
/// Part of the homes with a long summer holiday.
pub(super) const SUMMER_HOLIDAY_SHARE: f64 = 0.7;
/// Earliest first day of a summer holiday, day of the year from 0.
pub(super) const SUMMER_HOLIDAY_FIRST_DAY: f64 = 181.0;
/// Days over which summer holidays begin.
pub(super) const SUMMER_HOLIDAY_START_SPAN_DAYS: f64 = 62.0;
/// Length of a summer holiday, days.
pub(super) const SUMMER_HOLIDAY_DAYS: f64 = 14.0;
/// Part of the homes with a short holiday at any time of the year.
pub(super) const SHORT_HOLIDAY_SHARE: f64 = 0.5;
/// Length of a short holiday, days.
pub(super) const SHORT_HOLIDAY_DAYS: f64 = 5.0;

// Season.

/// The day on which the season is deepest, day of the year from 1.
pub(super) const COLDEST_DAY_OF_YEAR: f64 = 15.0;

// The smooth part of a day.

/// Standby, constant; share of mean power.
pub(super) const STANDBY: f64 = 0.222;
/// Fridge and freezer, mean over their cycle; share of mean power.
pub(super) const FRIDGE: f64 = 0.185;
/// Pump of the central heating on the coldest day; share of mean power.
pub(super) const HEATING_PUMP_WINTER_MAX: f64 = 0.15;
/// Electronics while somebody is present and awake; share of mean power.
pub(super) const ELECTRONICS_ACTIVE: f64 = 0.07;
/// Lighting while somebody is present and awake in the dark; share of mean power.
pub(super) const LIGHTING_ACTIVE_DARK: f64 = 0.12;
/// Electronics and lighting while nobody is present and awake; share of mean power.
pub(super) const ASLEEP_OR_OUT: f64 = 0.04;
/// Lighting before noon over lighting after it; a pure number.
pub(super) const LIGHTING_MORNING_FACTOR: f64 = 0.6;
/// Part of its period that a fridge runs, mean of the year.
pub(super) const FRIDGE_DUTY: f64 = 0.36;
/// Relative change of that part on the coldest day.
pub(super) const FRIDGE_DUTY_SEASON: f64 = -0.12;

// Daylight.

/// Latitude whose daylight the library has, degrees north.
pub(super) const LATITUDE_DEG: f64 = 52.0;
/// Local clock time of solar noon outside summer time, h.
pub(super) const SOLAR_NOON_WINTER_H: f64 = 12.66;
/// Local clock time of solar noon in summer time, h.
pub(super) const SOLAR_NOON_SUMMER_H: f64 = 13.66;
/// Length of dusk, from no lighting to all, h.
pub(super) const TWILIGHT_H: f64 = 1.5;

// Occupancy.

/// Mean time of waking on a working day, h.
pub(super) const WAKE_WORKING_H: f64 = 6.3;
/// Mean time of waking on a free day, h.
pub(super) const WAKE_FREE_H: f64 = 8.0;
/// Mean time of going to bed after a working day, h.
pub(super) const BED_WORKING_H: f64 = 23.1;
/// Mean time of going to bed after a free day, h.
pub(super) const BED_FREE_H: f64 = 23.6;
/// Standard deviation of waking and going to bed from day to day, h.
pub(super) const WAKE_BED_SD_H: f64 = 0.9;
/// Part of the habit shift that waking follows.
pub(super) const HABIT_ON_WAKE: f64 = 0.6;
/// Part of the habit shift that going to bed follows.
pub(super) const HABIT_ON_BED: f64 = 0.8;
/// Part of the habit shift that leaving and returning follow.
pub(super) const HABIT_ON_WORK: f64 = 0.3;
/// Probability that a worker is out on a working day.
pub(super) const WORK_DAY_PROBABILITY: f64 = 0.75;
/// Mean time of leaving, h.
pub(super) const LEAVE_H: f64 = 8.2;
/// Standard deviation of leaving, h.
pub(super) const LEAVE_SD_H: f64 = 0.7;
/// Mean time of returning, h.
pub(super) const RETURN_H: f64 = 17.1;
/// Standard deviation of returning, h.
pub(super) const RETURN_SD_H: f64 = 0.9;

// Waiting.

/// Probability that a heavy event waits for the one before; the sensitive constant of the model.
pub(super) const WAIT_PROBABILITY: f64 = 0.993;
/// Pause between two heavy events of which the second waited, h.
pub(super) const PAUSE_H: f64 = 0.4;

// What follows an event.

/// Power of spinning after a wash, kW before the appliance power factor.
pub(super) const SPIN_KW: f64 = 0.2;
/// Length of spinning, h.
pub(super) const SPIN_H: f64 = 1.0;
/// Probability that a wash is dried, in a home with a dryer.
pub(super) const DRYER_PROBABILITY: f64 = 0.65;
/// From the end of a wash's heating to the start of the dryer, h.
pub(super) const DRYER_DELAY_H: f64 = 1.1;
/// Power of a dryer, kW before the appliance power factor.
pub(super) const DRYER_KW: f64 = 2.2;
/// Shortest run of a dryer, h.
pub(super) const DRYER_MIN_H: f64 = 0.5;
/// Longest less shortest run of a dryer, h.
pub(super) const DRYER_SPAN_H: f64 = 0.4;
/// From the end of a dishwasher's first heating to its second, h.
pub(super) const SECOND_HEAT_DELAY_H: f64 = 0.6;
/// Length of a dishwasher's second heating, h.
pub(super) const SECOND_HEAT_H: f64 = 0.25;

// The events.

/// One class of events: how strong, how long, how often.
pub(super) struct EventClass {
    /// Least power, kW before the appliance power factor.
    pub(super) power_min_kw: f64,
    /// Most power, kW before the appliance power factor.
    pub(super) power_max_kw: f64,
    /// Shortest duration, h.
    pub(super) duration_min_h: f64,
    /// Longest duration, h.
    pub(super) duration_max_h: f64,
    /// Relative change of the number of starts on the coldest day.
    pub(super) season_amplitude: f64,
    /// Relative change of the power on the coldest day.
    pub(super) season_power: f64,
    /// Whether it only happens while somebody is present and awake.
    pub(super) needs_presence: bool,
    /// Whether nearly only one of them runs at a time.
    pub(super) heavy: bool,
    /// Starts per hour of the reference home in each local hour, `[working, free][hour]`, 1/h.
    pub(super) starts_per_h: [[f64; 24]; 2],
}

/// The place of washing among [`CLASSES`].
pub(super) const WASHING: usize = 2;

/// The place of the dishwasher among [`CLASSES`].
pub(super) const DISHWASHER: usize = 3;

/// The classes, in the order in which their events are drawn: hot meal, short, washing, dishwasher.
pub(super) static CLASSES: [EventClass; 4] = TABLE;

/// What [`CLASSES`] holds, where the sums below can be made of it before the program runs.
const TABLE: [EventClass; 4] = [
    // Hob and oven at full power; stands for every cooking-like lump.
    EventClass {
        power_min_kw: 3.3,
        power_max_kw: 3.8,
        duration_min_h: 0.25,
        duration_max_h: 0.5,
        season_amplitude: 0.22,
        season_power: 0.03,
        needs_presence: true,
        heavy: true,
        starts_per_h: [
            [
                0.0, 0.0, 0.0, 0.0005, 0.0053, 0.0237, 0.0423, 0.032, 0.0277, 0.0225, 0.0384, 0.0777, 0.0897, 0.0709,
                0.0559, 0.0805, 0.1261, 0.1668, 0.1679, 0.138, 0.0821, 0.041, 0.0139, 0.0015,
            ],
            [
                0.0, 0.0, 0.0, 0.0001, 0.0017, 0.0137, 0.055, 0.0784, 0.0469, 0.0433, 0.0862, 0.1254, 0.1294, 0.113,
                0.1001, 0.1191, 0.1278, 0.1404, 0.1917, 0.1339, 0.0735, 0.0404, 0.0127, 0.0019,
            ],
        ],
    },
    // Kettle, microwave oven, iron, hair dryer.
    EventClass {
        power_min_kw: 1.0,
        power_max_kw: 1.9,
        duration_min_h: 0.05,
        duration_max_h: 0.25,
        season_amplitude: 0.12,
        season_power: 0.0,
        needs_presence: true,
        heavy: false,
        starts_per_h: [
            [
                0.0014, 0.0024, 0.0127, 0.0226, 0.0956, 0.2749, 0.3416, 0.1876, 0.1279, 0.076, 0.0494, 0.0542, 0.0586,
                0.0667, 0.0733, 0.0754, 0.064, 0.0549, 0.0516, 0.0623, 0.0808, 0.1099, 0.1123, 0.0393,
            ],
            [
                0.0039, 0.0056, 0.0121, 0.0126, 0.0169, 0.0431, 0.1474, 0.2716, 0.2549, 0.2352, 0.1316, 0.0595, 0.0424,
                0.0506, 0.0695, 0.0749, 0.0529, 0.042, 0.0563, 0.059, 0.0714, 0.1074, 0.102, 0.0497,
            ],
        ],
    },
    // Heating of a washing machine; may be followed by a dryer.
    EventClass {
        power_min_kw: 1.8,
        power_max_kw: 2.2,
        duration_min_h: 0.3,
        duration_max_h: 0.5,
        season_amplitude: 0.12,
        season_power: 0.0,
        needs_presence: false,
        heavy: true,
        starts_per_h: [
            [
                0.0048, 0.0033, 0.0053, 0.0091, 0.0217, 0.0353, 0.0389, 0.031, 0.0466, 0.0583, 0.0381, 0.0293, 0.023,
                0.0229, 0.0271, 0.0336, 0.0331, 0.0294, 0.0243, 0.021, 0.0173, 0.0174, 0.0239, 0.016,
            ],
            [
                0.0138, 0.0073, 0.0022, 0.0008, 0.0036, 0.0141, 0.0435, 0.0741, 0.0776, 0.0969, 0.0816, 0.0484, 0.0314,
                0.0276, 0.0313, 0.0349, 0.0275, 0.0225, 0.0265, 0.0199, 0.0153, 0.017, 0.0217, 0.0202,
            ],
        ],
    },
    // First heating of a dishwasher; the second follows.
    EventClass {
        power_min_kw: 1.8,
        power_max_kw: 2.2,
        duration_min_h: 0.2,
        duration_max_h: 0.35,
        season_amplitude: 0.12,
        season_power: 0.0,
        needs_presence: false,
        heavy: true,
        starts_per_h: [
            [
                0.011, 0.008, 0.0105, 0.0018, 0.0002, 0.0, 0.0, 0.0, 0.0001, 0.0012, 0.004, 0.0108, 0.0202, 0.0283,
                0.0263, 0.0157, 0.0086, 0.0146, 0.0301, 0.0509, 0.0647, 0.0805, 0.0862, 0.0352,
            ],
            [
                0.0315, 0.0187, 0.0105, 0.0018, 0.0002, 0.0, 0.0, 0.0, 0.0002, 0.0012, 0.004, 0.008, 0.0133, 0.0212,
                0.0249, 0.0156, 0.0071, 0.0112, 0.0329, 0.0482, 0.0571, 0.0787, 0.0782, 0.0446,
            ],
        ],
    },
];

/// Starts per day of the reference home, `[class][working, free]`.
pub(super) static STARTS_PER_DAY: [[f64; 2]; 4] = starts_per_day();

/// Share of a day's starts that lie before the end of each hour, `[class][working, free][hour]`.
pub(super) static STARTS_CUMULATIVE: [[[f64; 24]; 2]; 4] = starts_cumulative();

const fn starts_per_day() -> [[f64; 2]; 4] {
    let mut sums = [[0.0; 2]; 4];
    let mut i = 0;
    while i < 4 * 2 * 24 {
        let (class, kind, hour) = (i / 48, i / 24 % 2, i % 24);
        sums[class][kind] += TABLE[class].starts_per_h[kind][hour];
        i += 1;
    }
    sums
}

const fn starts_cumulative() -> [[[f64; 24]; 2]; 4] {
    let mut shares = [[[0.0; 24]; 2]; 4];
    let per_day = starts_per_day();
    let mut i = 0;
    let mut sum = 0.0;
    while i < 4 * 2 * 24 {
        let (class, kind, hour) = (i / 48, i / 24 % 2, i % 24);
        if hour == 0 {
            sum = 0.0;
        }
        sum += TABLE[class].starts_per_h[kind][hour];
        shares[class][kind][hour] = sum / per_day[class][kind];
        i += 1;
    }
    shares
}
