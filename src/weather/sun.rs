//! Where the sun stands: NREL's Solar Position Algorithm (SPA), fast enough for every step of every place.
//!
//! The part of SPA that does not depend on the place (equation of time, declination, distance) is slow to compute and
//! changes slowly: an [`Ephemeris`] takes it from the `solar-positioning` crate once a day at 0 h UT and interpolates
//! it with a cubic through four days. The part that depends on the place (hour angle, parallax, refraction) is computed
//! here for each instant.
//!
//! # Reference
//! I. Reda, A. Andreas, "Solar position algorithm for solar radiation applications", Solar Energy 76 (2004) 577–589,
//! doi:10.1016/j.solener.2003.12.003, and NREL report TP-560-34302 (revised 2008).

use libm::{atan2, sincos, tan};
use solar_positioning::time::JulianDate;
use solar_positioning::{Location, SolarPositions};

/// Terrestrial time minus universal time, s: SPA needs it for where the earth is on its orbit.
///
/// A constant, as in pvlib's default. It was 57 s in 1990 and 69 s in 2025; each second of error moves the sun by
/// 1.1e-5° along its path, so the fault is below 1.2e-4° from 1990 to 2040 and far below what a panel notices.
/// Universal time is taken to be UTC, which may differ by 0.9 s: 0.004° of hour angle.
pub const DELTA_T_S: f64 = 67.0;

/// Air pressure for refraction, hPa.
pub const REFRACTION_PRESSURE_HPA: f64 = 1013.25;

/// Air temperature for refraction, °C.
pub const REFRACTION_TEMPERATURE_C: f64 = 12.0;

/// True elevation from which refraction is applied, degrees: minus the sun's radius and the refraction at the horizon.
const REFRACTION_FROM_DEG: f64 = -(0.26667 + 0.5667);

/// Polar over equatorial radius of the earth, as SPA has it.
const POLAR_RADIUS: f64 = 0.996_647_19;

/// Parallax of the sun at one astronomical unit, degrees (SPA equation 33).
const PARALLAX_DEG: f64 = 8.794 / 3600.0;

const DAY_S: i64 = 86_400;

/// A place on the earth at sea level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// Latitude, degrees, north positive.
    pub latitude_deg: f64,
    /// Longitude, degrees, east positive.
    pub longitude_deg: f64,
}

/// A [`Site`] with what the position of the sun needs of it, computed once.
#[derive(Clone, Copy, Debug)]
pub struct Observer {
    longitude_deg: f64,
    sin_latitude: f64,
    cos_latitude: f64,
    /// Distance from the earth's axis, in equatorial radii (SPA's x).
    axis_radii: f64,
    /// Distance from the plane of the equator, in equatorial radii (SPA's y).
    equator_radii: f64,
}

impl Observer {
    /// Prepares a place, SPA step 3.11 at altitude 0.
    pub fn new(site: Site) -> Observer {
        let (sin_latitude, cos_latitude) = sincos(site.latitude_deg.to_radians());
        // SPA's u = atan(POLAR_RADIUS · tan latitude), written so that the poles are not special.
        let (sin_u, cos_u) = sincos(atan2(POLAR_RADIUS * sin_latitude, cos_latitude));
        Observer {
            longitude_deg: site.longitude_deg,
            sin_latitude,
            cos_latitude,
            axis_radii: cos_u,
            equator_radii: POLAR_RADIUS * sin_u,
        }
    }
}

/// The sun over a place at an instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sun {
    /// Angle from the vertical to the sun's centre as geometry has it, degrees.
    pub zenith_deg: f64,
    /// The same as it is seen through the air, with refraction, degrees.
    pub apparent_zenith_deg: f64,
    /// Azimuth, degrees clockwise from north (180 = south), `0 ..< 360`.
    pub azimuth_deg: f64,
    /// Cosine of `zenith_deg`.
    pub cos_zenith: f64,
    /// Cosine of `apparent_zenith_deg`: the upward part of `direction`.
    pub cos_apparent_zenith: f64,
    /// Unit vector to the apparent sun: east, north, up.
    pub direction: [f64; 3],
    /// Distance to the sun, astronomical units.
    pub distance_au: f64,
}

/// The part of SPA that no place changes, at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Geocentric {
    /// Equation of time: true minus mean solar time, degrees of hour angle.
    equation_of_time_deg: f64,
    /// Declination, degrees.
    declination_deg: f64,
    /// Distance, astronomical units.
    distance_au: f64,
}

impl Geocentric {
    /// SPA steps 3.1 – 3.8 at 0 h UT of a day, counted from 1970-01-01.
    ///
    /// The crate keeps sidereal time to itself, but seen from the north pole at longitude 0 the azimuth is 180° plus
    /// the Greenwich hour angle. At 0 h UT the mean sun's hour angle is 180°, so that azimuth is the equation of time.
    fn at_midnight(day: i64) -> Geocentric {
        let instant = JulianDate::new(2_440_587.5 + day as f64, DELTA_T_S).expect("a day number is finite");
        let sky = SolarPositions::new().for_time_from_julian(instant).expect("SPA holds for the years -2000 to 6000");
        let pole = Location { latitude: 90.0, longitude: 0.0 };
        let azimuth_deg = sky.at(pole, 0.0, None).expect("the north pole is a place").azimuth();
        Geocentric {
            equation_of_time_deg: if azimuth_deg > 180.0 { azimuth_deg - 360.0 } else { azimuth_deg },
            declination_deg: sky.declination(),
            distance_au: sky.earth_radius_vector().expect("SPA gives the distance"),
        }
    }
}

/// The sun's slow quantities over a span of time, shared by all places.
#[derive(Clone, Debug)]
pub struct Ephemeris {
    /// The day of `knots[0]`, counted from 1970-01-01.
    first_day: i64,
    /// One per day at 0 h UT, from the day before the span to two days after its last.
    knots: Vec<Geocentric>,
}

impl Ephemeris {
    /// Computes the knots for the instants `from_s ..= to_s`, seconds since 1970-01-01T00:00Z.
    ///
    /// Costs about 5 µs per day of the span.
    ///
    /// # Panics
    /// If the span leaves the years -2000 to 6000 or ends before it begins.
    pub fn new(from_s: i64, to_s: i64) -> Ephemeris {
        assert!(from_s <= to_s, "an ephemeris from {from_s} s to {to_s} s is empty");
        let first_day = from_s.div_euclid(DAY_S) - 1;
        let last_day = to_s.div_euclid(DAY_S) + 2;
        Ephemeris { first_day, knots: (first_day..=last_day).map(Geocentric::at_midnight).collect() }
    }

    /// The sun over `site` at `instant_s`, seconds since 1970-01-01T00:00Z.
    ///
    /// For many instants at one place prepare an [`Observer`] and use [`Ephemeris::sun_over`].
    ///
    /// # Panics
    /// If the instant is outside the span of the ephemeris.
    pub fn sun(&self, instant_s: i64, site: Site) -> Sun {
        self.sun_over(instant_s, &Observer::new(site))
    }

    /// The sun over a prepared place at `instant_s`, seconds since 1970-01-01T00:00Z.
    ///
    /// SPA steps 3.9 – 3.14 in vector form. With the axes x (in the meridian, away from the earth's axis), west and
    /// z (north, along the axis), hour angle H, declination δ and parallax ξ the topocentric sun is at
    /// `(cos δ cos H − x sin ξ, cos δ sin H, sin δ − y sin ξ)`; turning by the latitude gives east, north, up.
    /// Refraction, degrees at a true elevation e ≥ −0.83337°, is `(p/1010) · 283/(273 + T) · 1.02/60 / tan(e +
    /// 10.3/(e + 5.11))`.
    ///
    /// # Panics
    /// If the instant is outside the span of the ephemeris.
    pub fn sun_over(&self, instant_s: i64, observer: &Observer) -> Sun {
        let geocentric = self.geocentric(instant_s);
        let (sin_h, cos_h) = sincos(hour_angle_deg(instant_s, &geocentric, observer.longitude_deg).to_radians());
        let (sin_dec, cos_dec) = sincos(geocentric.declination_deg.to_radians());
        // The sine of 0.0024° is the angle itself to 3e-10 of its value.
        let parallax = (PARALLAX_DEG / geocentric.distance_au).to_radians();
        let outward = cos_dec * cos_h - observer.axis_radii * parallax;
        let west = cos_dec * sin_h;
        let axial = sin_dec - observer.equator_radii * parallax;
        let north = axial * observer.cos_latitude - outward * observer.sin_latitude;
        let up = axial * observer.sin_latitude + outward * observer.cos_latitude;

        let level = (west * west + north * north).sqrt();
        let length = (level * level + up * up).sqrt();
        let zenith_deg = atan2(level, up).to_degrees();
        let azimuth_deg = atan2(-west, north).to_degrees();
        let (cos_zenith, sin_zenith) = (up / length, level / length);
        let elevation_deg = 90.0 - zenith_deg;
        let (lift_deg, sin_apparent, cos_apparent) = if elevation_deg >= REFRACTION_FROM_DEG {
            let lift_deg = refraction_deg(elevation_deg, REFRACTION_PRESSURE_HPA, REFRACTION_TEMPERATURE_C);
            let (sin_lift, cos_lift) = sincos(lift_deg.to_radians());
            (lift_deg, sin_zenith * cos_lift - cos_zenith * sin_lift, cos_zenith * cos_lift + sin_zenith * sin_lift)
        } else {
            (0.0, sin_zenith, cos_zenith)
        };
        // With the sun in the zenith every azimuth is right; north is taken.
        let (toward_east, toward_north) = if level > 0.0 { (-west / level, north / level) } else { (0.0, 1.0) };
        Sun {
            zenith_deg,
            apparent_zenith_deg: zenith_deg - lift_deg,
            azimuth_deg: if azimuth_deg < 0.0 { azimuth_deg + 360.0 } else { azimuth_deg },
            cos_zenith,
            cos_apparent_zenith: cos_apparent,
            direction: [sin_apparent * toward_east, sin_apparent * toward_north, cos_apparent],
            distance_au: geocentric.distance_au,
        }
    }

    /// The slow quantities at an instant: the cubic through the two knots before it and the two after.
    fn geocentric(&self, instant_s: i64) -> Geocentric {
        let before = instant_s.div_euclid(DAY_S) - self.first_day - 1;
        let knots = usize::try_from(before)
            .ok()
            .and_then(|first| self.knots.get(first..first + 4))
            .expect("an ephemeris is made for the span it is asked about");
        let t = instant_s.rem_euclid(DAY_S) as f64 / DAY_S as f64;
        // Lagrange's weights for knots at -1, 0, 1 and 2 days.
        let weights = [
            -t * (t - 1.0) * (t - 2.0) / 6.0,
            (t + 1.0) * (t - 1.0) * (t - 2.0) / 2.0,
            -(t + 1.0) * t * (t - 2.0) / 2.0,
            (t + 1.0) * t * (t - 1.0) / 6.0,
        ];
        let blend = |of: fn(&Geocentric) -> f64| -> f64 { knots.iter().zip(weights).map(|(k, w)| of(k) * w).sum() };
        Geocentric {
            equation_of_time_deg: blend(|knot| knot.equation_of_time_deg),
            declination_deg: blend(|knot| knot.declination_deg),
            distance_au: blend(|knot| knot.distance_au),
        }
    }
}

/// The sun's hour angle at a longitude, degrees west of the meridian: mean solar time, minus noon, plus the equation
/// of time.
fn hour_angle_deg(instant_s: i64, geocentric: &Geocentric, longitude_deg: f64) -> f64 {
    let turn_deg = instant_s.rem_euclid(DAY_S) as f64 / 240.0;
    turn_deg - 180.0 + geocentric.equation_of_time_deg + longitude_deg
}

/// How much the air lifts the sun, degrees (SPA equation 42).
fn refraction_deg(elevation_deg: f64, pressure_hpa: f64, temperature_c: f64) -> f64 {
    let phase_deg = elevation_deg + 10.3 / (elevation_deg + 5.11);
    (pressure_hpa / 1010.0) * (283.0 / (273.0 + temperature_c)) * 1.02 / (60.0 * tan(phase_deg.to_radians()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What DESIGN promises of the interpolation.
    const INTERPOLATION_DEG: f64 = 1e-5;

    /// Half a unit of the last digit that the NREL report prints, plus our interpolation (1e-6 as measured).
    const REPORT_DEG: f64 = 2e-6;

    fn unix_s(text: &str) -> i64 {
        text.parse::<jiff::Timestamp>().unwrap().as_second()
    }

    fn between_deg(a: f64, b: f64) -> f64 {
        let turn = (a - b).rem_euclid(360.0);
        turn.min(360.0 - turn)
    }

    /// Instants spread over the years 1990 to 2049, at every hour and minute of the day.
    fn instants() -> impl Iterator<Item = i64> {
        let (from, to) = (unix_s("1990-01-01T00:00:00Z"), unix_s("2049-12-31T00:00:00Z"));
        (0..4_000).map(move |i| from + (to - from) / 4_000 * i + (i * 7_919) % DAY_S)
    }

    fn whole_span() -> Ephemeris {
        Ephemeris::new(unix_s("1990-01-01T00:00:00Z"), unix_s("2050-01-02T00:00:00Z"))
    }

    fn crate_at(instant_s: i64) -> solar_positioning::PreparedPositions {
        let julian = JulianDate::new(2_440_587.5 + instant_s as f64 / 86_400.0, DELTA_T_S).unwrap();
        SolarPositions::new().for_time_from_julian(julian).unwrap()
    }

    #[test]
    fn slow_quantities_between_the_knots_equal_the_crate() {
        let ephemeris = whole_span();
        for instant in instants() {
            let (ours, theirs) = (ephemeris.geocentric(instant), crate_at(instant));
            assert!((ours.declination_deg - theirs.declination()).abs() < INTERPOLATION_DEG, "at {instant}");
            let pole = theirs.at(Location { latitude: 90.0, longitude: 0.0 }, 0.0, None).unwrap();
            let hour_angle = hour_angle_deg(instant, &ours, 0.0);
            assert!(between_deg(hour_angle, pole.azimuth() - 180.0) < INTERPOLATION_DEG, "at {instant}");
            // 1e-6 au moves the parallax by 2e-9°.
            let distance_error = (ours.distance_au - theirs.earth_radius_vector().unwrap()).abs();
            assert!(distance_error < 1e-6, "at {instant}: {distance_error}");
        }
    }

    #[test]
    fn positions_equal_the_crate_at_every_latitude() {
        let ephemeris = whole_span();
        let latitudes = [-89.9, -66.0, -33.9, 0.0, 23.4, 38.72, 52.1, 70.0, 90.0];
        for (i, instant) in instants().enumerate() {
            let latitude_deg = latitudes[i % latitudes.len()];
            let longitude_deg = (i * 37 % 361) as f64 - 180.0;
            let ours = ephemeris.sun(instant, Site { latitude_deg, longitude_deg });
            let place = Location { latitude: latitude_deg, longitude: longitude_deg };
            let theirs = crate_at(instant).at(place, 0.0, None).unwrap();
            assert!((ours.zenith_deg - theirs.zenith_angle()).abs() < INTERPOLATION_DEG, "at {instant}, {place:?}");
            // An azimuth is worth as much as the sun is away from the zenith.
            let azimuth_error = between_deg(ours.azimuth_deg, theirs.azimuth()) * ours.zenith_deg.to_radians().sin();
            assert!(azimuth_error < INTERPOLATION_DEG, "at {instant}, {place:?}");
            let refraction = solar_positioning::RefractionCorrection::new(1013.25, 12.0).unwrap();
            let apparent = crate_at(instant).at(place, 0.0, Some(refraction)).unwrap();
            assert!((ours.apparent_zenith_deg - apparent.zenith_angle()).abs() < INTERPOLATION_DEG, "at {instant}");
        }
    }

    #[test]
    fn the_example_of_the_nrel_report_comes_out() {
        // 2003-10-17, 12:30:30 at UTC-7; the report's place is 1,830 m high, which moves the sun by 1e-6°.
        let instant = unix_s("2003-10-17T19:30:30Z");
        let ephemeris = Ephemeris::new(instant, instant);
        let slow = ephemeris.geocentric(instant);
        assert!((slow.declination_deg - -9.314_340).abs() < REPORT_DEG);
        assert!((slow.distance_au - 0.996_542_297_4).abs() < 1e-8);
        assert!((hour_angle_deg(instant, &slow, -105.1786) - 11.105_902).abs() < REPORT_DEG);
        let sun = ephemeris.sun(instant, Site { latitude_deg: 39.742_476, longitude_deg: -105.1786 });
        assert!((90.0 - sun.zenith_deg - 39.872_046).abs() < REPORT_DEG, "{}", sun.zenith_deg);
        assert!((sun.azimuth_deg - 194.340_241).abs() < REPORT_DEG, "{}", sun.azimuth_deg);
        // The report's air: 820 hPa, 11 °C.
        assert!((refraction_deg(39.872_046, 820.0, 11.0) - 0.016_332).abs() < REPORT_DEG);
    }

    #[test]
    fn the_direction_is_a_unit_vector_to_the_apparent_sun() {
        let ephemeris = whole_span();
        for instant in instants().take(500) {
            let sun = ephemeris.sun(instant, Site { latitude_deg: 52.1, longitude_deg: 5.18 });
            let [east, north, up] = sun.direction;
            assert!((east * east + north * north + up * up - 1.0).abs() < 1e-14);
            assert!((libm::acos(up).to_degrees() - sun.apparent_zenith_deg).abs() < 1e-9);
            assert!(between_deg(atan2(east, north).to_degrees(), sun.azimuth_deg) < 1e-9);
            assert!((libm::cos(sun.zenith_deg.to_radians()) - sun.cos_zenith).abs() < 1e-14);
            assert!(sun.apparent_zenith_deg <= sun.zenith_deg);
        }
    }

    #[test]
    fn the_sun_of_march_stands_overhead_at_the_equator_and_in_the_south_in_holland() {
        let noon = unix_s("2027-03-20T12:07:00Z");
        let ephemeris = Ephemeris::new(noon, noon);
        assert!(ephemeris.sun(noon, Site { latitude_deg: 0.0, longitude_deg: 0.0 }).zenith_deg < 0.3);
        let holland = ephemeris.sun(noon, Site { latitude_deg: 52.1, longitude_deg: 0.0 });
        assert!((holland.zenith_deg - 52.1).abs() < 0.3 && (holland.azimuth_deg - 180.0).abs() < 0.3);
        assert!(holland.direction[1] < -0.7);
    }

    #[test]
    #[should_panic(expected = "made for the span")]
    fn an_instant_outside_the_span_is_refused() {
        let noon = unix_s("2027-03-20T12:00:00Z");
        Ephemeris::new(noon, noon).sun(noon + 3 * DAY_S, Site { latitude_deg: 52.1, longitude_deg: 5.18 });
    }
}
