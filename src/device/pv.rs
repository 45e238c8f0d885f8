//! Solar panels: radiation on a tilted roof, the temperature of its cells, direct and alternating current.
//!
//! The chain exists twice. [`explain`] computes one roof at one instant in f64 and shows every number on the way; it is
//! what the reference values are held against. The engine uses a linear form: with an anisotropic sky the radiation on a
//! plane is a linear function of a few terms that all roofs share ([`SkyTerms`], one per step) and of the roof's normal
//! ([`RoofTerms`], one per roof), so each roof and step costs a dot product ([`ac_kw`], f32, without branches).
//!
//! Formulas and limits are those of pvlib 0.16. There is no loss by the angle of incidence, no spectral correction, no
//! shading and no snow: these are in `system_loss`.

use crate::reduce::{at_least, at_most};
pub use crate::scenario::language::{CellTemperature, Transposition};
use crate::weather::Conditions;
use crate::weather::irradiance::perez_brightness;
use crate::weather::sun::Sun;

/// The smallest cosine of the sun's zenith that Hay and Davies' model divides by (89°).
const HAY_DAVIES_MIN_COS: f64 = 0.01745;

/// The smallest that Perez' model divides by: the cosine of 85°.
const PEREZ_MIN_COS: f64 = 0.087_155_742_747_658_17;

/// Faiman's heat loss without wind, W/(m² K).
const FAIMAN_U0: f64 = 25.0;

/// Faiman's heat loss per wind speed, W s/(m³ K).
const FAIMAN_U1: f64 = 6.84;

/// `PVsyst`'s heat loss, W/(m² K), freestanding and without a wind term.
const PVSYST_LOSS: f64 = 29.0;

/// `PVsyst`'s part of radiation that becomes heat: absorbed 0.9, of which efficiency 0.1 leaves as current.
const PVSYST_HEAT: f64 = 0.9 * (1.0 - 0.1);

/// Radiation and cell temperature at which a module is rated.
const RATED_W_M2: f64 = 1000.0;
const RATED_CELL_C: f64 = 25.0;

/// Nominal efficiency of the inverter: its AC limit over its DC limit.
pub const INVERTER_EFFICIENCY: f64 = 0.96;

/// Efficiency of the inverter whose curve [`Inverter`] scales.
const INVERTER_REFERENCE_EFFICIENCY: f64 = 0.9637;

/// A roof (or a plant) with panels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roof {
    /// Direct current of the panels at 1000 W/m² and 25 °C, kWp.
    pub peak_kwp: f64,
    /// Angle from level, degrees, 0 ..= 90.
    pub tilt_deg: f64,
    /// Where it faces, degrees clockwise from north (180 = south).
    pub azimuth_deg: f64,
    /// Part of the direct current lost to dirt, shade, cables, mismatch and age.
    pub system_loss: f64,
    /// Largest alternating current of the inverter, kW.
    pub inverter_kw: f64,
    /// Sky model.
    pub transposition: Transposition,
    /// Cell model.
    pub cell_temperature: CellTemperature,
    /// Part of global radiation that the ground around reflects.
    pub albedo: f64,
    /// Change of power per kelvin above 25 °C, 1/K, usually negative.
    pub temperature_coefficient_per_k: f64,
}

impl Roof {
    /// Part of direct current lost in the system unless said otherwise.
    pub const DEFAULT_SYSTEM_LOSS: f64 = 0.14;

    /// Peak power over the inverter's power unless said otherwise.
    pub const DEFAULT_PEAK_OVER_INVERTER: f64 = 1.2;

    /// Reflection of the ground unless said otherwise.
    pub const DEFAULT_ALBEDO: f64 = 0.2;

    /// Change of power per kelvin unless said otherwise, 1/K.
    pub const DEFAULT_TEMPERATURE_COEFFICIENT_PER_K: f64 = -0.004;

    /// A roof with every default.
    pub fn new(peak_kwp: f64, tilt_deg: f64, azimuth_deg: f64) -> Roof {
        Roof {
            peak_kwp,
            tilt_deg,
            azimuth_deg,
            system_loss: Self::DEFAULT_SYSTEM_LOSS,
            inverter_kw: peak_kwp / Self::DEFAULT_PEAK_OVER_INVERTER,
            transposition: Transposition::default(),
            cell_temperature: CellTemperature::default(),
            albedo: Self::DEFAULT_ALBEDO,
            temperature_coefficient_per_k: Self::DEFAULT_TEMPERATURE_COEFFICIENT_PER_K,
        }
    }

    /// Unit vector away from the panels: east, north, up.
    pub fn normal(&self) -> [f64; 3] {
        let (sin_tilt, cos_tilt) = libm::sincos(self.tilt_deg.to_radians());
        let (sin_azimuth, cos_azimuth) = libm::sincos(self.azimuth_deg.to_radians());
        [sin_tilt * sin_azimuth, sin_tilt * cos_azimuth, cos_tilt]
    }

    /// Direct current that 1 W/m² on the cells gives at 25 °C, after losses, kW.
    fn dc_kw_per_w_m2(&self) -> f64 {
        self.peak_kwp / RATED_W_M2 * (1.0 - self.system_loss)
    }
}

/// The light of one instant, taken apart so that any plane's share is linear in its normal.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SkyParts {
    /// Beam on a plane that faces the sun, W/m²; a plane gets cos(incidence) of it.
    pub beam_w_m2: f64,
    /// Diffuse from around the sun on a plane that faces it, W/m²; a plane gets cos(incidence) of it.
    pub circumsolar_w_m2: f64,
    /// Even diffuse, W/m²; a plane gets (1 + cos tilt)/2 of it. Slightly negative where Hay and Davies' part of the sun
    /// exceeds 1.
    pub isotropic_w_m2: f64,
    /// Diffuse of the horizon, W/m²; a plane gets sin(tilt) of it. Negative where the horizon is darker than the sky.
    pub horizon_w_m2: f64,
    /// Global radiation, W/m²; a plane gets albedo × (1 − cos tilt)/2 of it from the ground.
    pub ground_w_m2: f64,
}

impl SkyParts {
    /// Takes the light of an instant apart.
    ///
    /// Hay–Davies: with `A = dni / extraterrestrial`, circumsolar `dhi A / max(cos z, 0.01745)`, isotropic
    /// `dhi (1 − A)`. Perez: with F1, F2 of [`perez_brightness`], circumsolar `dhi F1 / max(cos z, cos 85°)`, isotropic
    /// `dhi (1 − F1)`, horizon `dhi F2`; without diffuse radiation or with the sun down the sky gives nothing. z is the
    /// apparent zenith.
    pub fn new(sun: &Sun, conditions: &Conditions, transposition: Transposition) -> SkyParts {
        let Conditions { ghi_w_m2, dni_w_m2, dhi_w_m2, extraterrestrial_w_m2, .. } = *conditions;
        let (circumsolar_w_m2, isotropic_w_m2, horizon_w_m2) = match transposition {
            Transposition::HayDavies => {
                let anisotropy = if dni_w_m2 > 0.0 { dni_w_m2 / extraterrestrial_w_m2 } else { 0.0 };
                let height = sun.cos_apparent_zenith.max(HAY_DAVIES_MIN_COS);
                (dhi_w_m2 * anisotropy / height, dhi_w_m2 * (1.0 - anisotropy), 0.0)
            }
            Transposition::Perez => {
                match perez_brightness(dni_w_m2, dhi_w_m2, sun.apparent_zenith_deg, extraterrestrial_w_m2) {
                    Some(bright) => {
                        let height = sun.cos_apparent_zenith.max(PEREZ_MIN_COS);
                        (
                            dhi_w_m2 * bright.circumsolar / height,
                            dhi_w_m2 * (1.0 - bright.circumsolar),
                            dhi_w_m2 * bright.horizon,
                        )
                    }
                    None => (0.0, 0.0, 0.0),
                }
            }
        };
        SkyParts { beam_w_m2: dni_w_m2, circumsolar_w_m2, isotropic_w_m2, horizon_w_m2, ground_w_m2: ghi_w_m2 }
    }
}

impl CellTemperature {
    /// Warming of the cells by radiation, K per W/m².
    pub fn heating_k_per_w_m2(self, wind_m_s: f64) -> f64 {
        match self {
            CellTemperature::Faiman => 1.0 / (FAIMAN_U0 + FAIMAN_U1 * wind_m_s),
            CellTemperature::Pvsyst => PVSYST_HEAT / PVSYST_LOSS,
        }
    }
}

/// An inverter of the `PVWatts` model: `ac = square · dc² + linear · dc − idle`, kept within `0 ..= limit_kw`.
///
/// `PVWatts` writes it as an efficiency, `0.96/0.9637 · (−0.0162 ζ − 0.0059/ζ + 0.9858)` with ζ the load `dc / dc
/// limit`; times dc that is this parabola, without a division.
///
/// # Reference
/// A. P. Dobos, "`PVWatts` Version 5 Manual", NREL/TP-6A20-62641 (2014).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Inverter {
    /// Per kW.
    pub square: f64,
    /// Efficiency without the losses that grow with load or stay at none.
    pub linear: f64,
    /// Loss without load, kW.
    pub idle_kw: f64,
    /// Largest output, kW.
    pub limit_kw: f64,
}

impl Inverter {
    /// The inverter that gives at most `limit_kw`, ≥ 0; its DC limit is `limit_kw / 0.96`. One of 0 kW gives nothing.
    pub fn new(limit_kw: f64) -> Inverter {
        let scale = INVERTER_EFFICIENCY / INVERTER_REFERENCE_EFFICIENCY;
        let dc_limit_kw = limit_kw / INVERTER_EFFICIENCY;
        Inverter {
            square: if dc_limit_kw > 0.0 { -0.0162 * scale / dc_limit_kw } else { 0.0 },
            linear: 0.9858 * scale,
            idle_kw: 0.0059 * scale * dc_limit_kw,
            limit_kw,
        }
    }

    /// Alternating from direct current, kW.
    pub fn ac_kw(&self, dc_kw: f64) -> f64 {
        (self.square * dc_kw * dc_kw + self.linear * dc_kw - self.idle_kw).min(self.limit_kw).max(0.0)
    }
}

/// Every number between the sky and the meter for one roof at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoofStep {
    /// The light, taken apart.
    pub sky: SkyParts,
    /// Cosine of the angle of incidence, 0 with the sun behind the panels.
    pub cos_incidence: f64,
    /// Beam on the panels, W/m².
    pub beam_w_m2: f64,
    /// The part of `diffuse_w_m2` from around the sun, W/m².
    pub circumsolar_w_m2: f64,
    /// Diffuse from the whole sky on the panels, W/m², never below 0.
    pub diffuse_w_m2: f64,
    /// Reflected by the ground onto the panels, W/m².
    pub ground_w_m2: f64,
    /// All of it: plane-of-array radiation, W/m².
    pub poa_w_m2: f64,
    /// Temperature of the cells, °C.
    pub cell_c: f64,
    /// Direct current after losses, kW.
    pub dc_kw: f64,
    /// What the inverter would give without its limit, kW.
    pub unclipped_ac_kw: f64,
    /// Alternating current, kW.
    pub ac_kw: f64,
}

/// The whole chain for one roof at one instant, in f64.
///
/// With n the roof's normal and s the direction of the apparent sun: `c = max(0, s·n)`; `beam = dni c`;
/// `diffuse = max(0, circumsolar c + isotropic (1 + n_u)/2 + horizon sin tilt)`; `ground = ghi albedo (1 − n_u)/2`;
/// `poa` their sum; `cell = air + heating poa`; `dc = peak poa/1000 (1 + γ (cell − 25)) (1 − system_loss)`; then the
/// [`Inverter`].
pub fn explain(sun: &Sun, conditions: &Conditions, roof: &Roof) -> RoofStep {
    let sky = SkyParts::new(sun, conditions, roof.transposition);
    let normal = roof.normal();
    let cos_tilt = normal[2];
    let cos_incidence = sun.direction.iter().zip(normal).map(|(s, n)| s * n).sum::<f64>().clamp(0.0, 1.0);
    let beam_w_m2 = sky.beam_w_m2 * cos_incidence;
    let circumsolar_w_m2 = sky.circumsolar_w_m2 * cos_incidence;
    let diffuse_w_m2 = (circumsolar_w_m2
        + sky.isotropic_w_m2 * (1.0 + cos_tilt) / 2.0
        + sky.horizon_w_m2 * libm::sin(roof.tilt_deg.to_radians()))
    .max(0.0);
    let ground_w_m2 = sky.ground_w_m2 * roof.albedo * (1.0 - cos_tilt) / 2.0;
    let poa_w_m2 = beam_w_m2 + diffuse_w_m2 + ground_w_m2;
    let heating = roof.cell_temperature.heating_k_per_w_m2(conditions.wind_m_s);
    let cell_c = conditions.temperature_c + heating * poa_w_m2;
    let warmth = 1.0 + roof.temperature_coefficient_per_k * (cell_c - RATED_CELL_C);
    let dc_kw = roof.dc_kw_per_w_m2() * poa_w_m2 * warmth;
    let inverter = Inverter::new(roof.inverter_kw);
    RoofStep {
        sky,
        cos_incidence,
        beam_w_m2,
        circumsolar_w_m2,
        diffuse_w_m2,
        ground_w_m2,
        poa_w_m2,
        cell_c,
        dc_kw,
        unclipped_ac_kw: Inverter { limit_kw: f64::INFINITY, ..inverter }.ac_kw(dc_kw),
        ac_kw: inverter.ac_kw(dc_kw),
    }
}

/// What all roofs of a place share in one step, for one choice of sky and cell model; the default is a dark step at 0 °C.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SkyTerms {
    /// Direction of the apparent sun, east.
    pub sun_e: f32,
    /// North.
    pub sun_n: f32,
    /// Up.
    pub sun_u: f32,
    /// [`SkyParts::beam_w_m2`].
    pub beam: f32,
    /// [`SkyParts::circumsolar_w_m2`].
    pub circumsolar: f32,
    /// [`SkyParts::isotropic_w_m2`].
    pub isotropic: f32,
    /// [`SkyParts::horizon_w_m2`].
    pub horizon: f32,
    /// [`SkyParts::ground_w_m2`].
    pub ground: f32,
    /// Air temperature above 25 °C, K.
    pub air_above_rated: f32,
    /// Warming of the cells, K per W/m².
    pub heating: f32,
}

impl SkyTerms {
    /// The terms of one step.
    pub fn new(
        sun: &Sun,
        conditions: &Conditions,
        transposition: Transposition,
        cell_temperature: CellTemperature,
    ) -> SkyTerms {
        let sky = SkyParts::new(sun, conditions, transposition);
        let [sun_e, sun_n, sun_u] = sun.direction.map(|part| part as f32);
        SkyTerms {
            sun_e,
            sun_n,
            sun_u,
            beam: sky.beam_w_m2 as f32,
            circumsolar: sky.circumsolar_w_m2 as f32,
            isotropic: sky.isotropic_w_m2 as f32,
            horizon: sky.horizon_w_m2 as f32,
            ground: sky.ground_w_m2 as f32,
            air_above_rated: (conditions.temperature_c - RATED_CELL_C) as f32,
            heating: cell_temperature.heating_k_per_w_m2(conditions.wind_m_s) as f32,
        }
    }

    /// Whether no roof makes anything: there is no light. Such a step need not be computed.
    pub fn is_dark(&self) -> bool {
        self.ground <= 0.0 && self.beam <= 0.0 && self.isotropic <= 0.0 && self.circumsolar <= 0.0
    }
}

/// The constants of one roof that [`ac_kw`] needs; the default is a roof without panels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RoofTerms {
    /// Normal of the panels, east.
    pub normal_e: f32,
    /// North.
    pub normal_n: f32,
    /// Up.
    pub normal_u: f32,
    /// Part of the sky's dome in view: (1 + cos tilt)/2.
    pub sky_view: f32,
    /// sin tilt.
    pub sin_tilt: f32,
    /// Part of the ground in view times what it reflects: albedo (1 − cos tilt)/2.
    pub ground_view: f32,
    /// Change of power per kelvin, 1/K.
    pub gamma_per_k: f32,
    /// Direct current after losses at 25 °C, kW per W/m².
    pub dc_kw_per_w_m2: f32,
    /// [`Inverter::square`].
    pub square: f32,
    /// [`Inverter::linear`].
    pub linear: f32,
    /// [`Inverter::idle_kw`].
    pub idle_kw: f32,
    /// [`Inverter::limit_kw`].
    pub limit_kw: f32,
}

impl RoofTerms {
    /// The constants of a roof. Its models are not among them: they choose which [`SkyTerms`] it is used with.
    pub fn new(roof: &Roof) -> RoofTerms {
        let [normal_e, normal_n, cos_tilt] = roof.normal();
        let inverter = Inverter::new(roof.inverter_kw);
        RoofTerms {
            normal_e: normal_e as f32,
            normal_n: normal_n as f32,
            normal_u: cos_tilt as f32,
            sky_view: (0.5 + cos_tilt / 2.0) as f32,
            sin_tilt: libm::sin(roof.tilt_deg.to_radians()) as f32,
            ground_view: (roof.albedo * (1.0 - cos_tilt) / 2.0) as f32,
            gamma_per_k: roof.temperature_coefficient_per_k as f32,
            dc_kw_per_w_m2: roof.dc_kw_per_w_m2() as f32,
            square: inverter.square as f32,
            linear: inverter.linear as f32,
            idle_kw: inverter.idle_kw as f32,
            limit_kw: inverter.limit_kw as f32,
        }
    }
}

/// Alternating current of one roof in one step, kW: the chain of [`explain`] in f32, without branches.
///
/// The caller sees to it that the terms were made with the roof's own models.
#[inline(always)]
pub fn ac_kw(sky: &SkyTerms, roof: &RoofTerms) -> f32 {
    let cos_incidence =
        at_least(sky.sun_e * roof.normal_e + sky.sun_n * roof.normal_n + sky.sun_u * roof.normal_u, 0.0);
    let diffuse =
        at_least(sky.circumsolar * cos_incidence + sky.isotropic * roof.sky_view + sky.horizon * roof.sin_tilt, 0.0);
    let poa = sky.beam * cos_incidence + diffuse + sky.ground * roof.ground_view;
    let warmth = 1.0 + roof.gamma_per_k * (sky.air_above_rated + sky.heating * poa);
    let dc_kw = roof.dc_kw_per_w_m2 * poa * warmth;
    at_least(at_most((roof.square * dc_kw + roof.linear) * dc_kw - roof.idle_kw, roof.limit_kw), 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Entity, Purpose, Stream};
    use crate::weather::irradiance::{
        SOLAR_CONSTANT_PVLIB, erbs, extraterrestrial_w_m2, haurwitz_w_m2, utc_day_of_year,
    };
    use crate::weather::sun::{Ephemeris, Observer, Site};

    /// What DESIGN promises of the linear f32 form, as a part of the year's energy.
    const LINEAR_FORM: f64 = 1e-5;

    /// Rounding of a few f64 operations on values around 1,000.
    const ROUNDING: f64 = 1e-9;

    fn noon() -> Sun {
        let instant = 1_781_956_800; // 2026-06-20T12:00:00Z
        Ephemeris::new(instant, instant).sun(instant, Site { latitude_deg: 52.1, longitude_deg: 0.0 })
    }

    fn bright() -> Conditions {
        Conditions {
            ghi_w_m2: 850.0,
            dni_w_m2: 800.0,
            dhi_w_m2: 150.0,
            extraterrestrial_w_m2: 1322.0,
            temperature_c: 22.0,
            wind_m_s: 3.0,
        }
    }

    /// A sky of broken clouds for every quarter of a year at De Bilt: each step has its own draw.
    fn year() -> Vec<(Sun, Conditions)> {
        let from = 1_767_225_600; // 2026-01-01T00:00:00Z
        let ephemeris = Ephemeris::new(from, from + 366 * 86_400);
        let observer = Observer::new(Site { latitude_deg: 52.1, longitude_deg: 5.18 });
        let mut draws = Stream::new(3, Purpose::PvPeak, Entity::new("sky", 1));
        (0..35_040)
            .map(|step| {
                let instant = from + step * 900 + 450;
                let sun = ephemeris.sun_over(instant, &observer);
                let extraterrestrial_w_m2 = extraterrestrial_w_m2(utc_day_of_year(instant), SOLAR_CONSTANT_PVLIB);
                let ghi_w_m2 = haurwitz_w_m2(sun.cos_apparent_zenith) * (0.1 + 1.1 * draws.uniform());
                let split = erbs(ghi_w_m2, sun.zenith_deg, sun.cos_zenith, extraterrestrial_w_m2);
                let conditions = Conditions {
                    ghi_w_m2,
                    dni_w_m2: split.dni_w_m2,
                    dhi_w_m2: split.dhi_w_m2,
                    extraterrestrial_w_m2,
                    temperature_c: -10.0 + 45.0 * draws.uniform(),
                    wind_m_s: 8.0 * draws.uniform(),
                };
                (sun, conditions)
            })
            .collect()
    }

    fn roof_of(draws: &mut Stream, transposition: Transposition, cell_temperature: CellTemperature) -> Roof {
        let peak_kwp = 0.5 + 20.0 * draws.uniform();
        Roof {
            inverter_kw: peak_kwp * (0.4 + 0.8 * draws.uniform()),
            system_loss: 0.25 * draws.uniform(),
            albedo: 0.5 * draws.uniform(),
            transposition,
            cell_temperature,
            ..Roof::new(peak_kwp, 90.0 * draws.uniform(), 360.0 * draws.uniform())
        }
    }

    #[test]
    fn the_linear_form_has_the_years_energy_of_the_whole_chain() {
        let year = year();
        let mut draws = Stream::new(1, Purpose::PvTilt, Entity::new("roof", 1));
        let mut worst = 0.0_f64;
        for transposition in [Transposition::HayDavies, Transposition::Perez] {
            for cell_temperature in [CellTemperature::Faiman, CellTemperature::Pvsyst] {
                let terms: Vec<SkyTerms> = year
                    .iter()
                    .map(|(sun, conditions)| SkyTerms::new(sun, conditions, transposition, cell_temperature))
                    .collect();
                for n in 0..12 {
                    let mut roof = roof_of(&mut draws, transposition, cell_temperature);
                    roof.tilt_deg = match n {
                        0 => 0.0,
                        1 => 90.0,
                        _ => roof.tilt_deg,
                    };
                    let constants = RoofTerms::new(&roof);
                    let whole: f64 = year.iter().map(|(sun, conditions)| explain(sun, conditions, &roof).ac_kw).sum();
                    let linear: f64 = terms.iter().map(|sky| f64::from(ac_kw(sky, &constants))).sum();
                    let error = (linear - whole).abs() / whole;
                    assert!(error < LINEAR_FORM, "{roof:?}: {linear} instead of {whole}");
                    worst = worst.max(error);
                }
            }
        }
        println!("largest error of the year's energy: {worst:.1e}");
    }

    #[test]
    fn no_light_gives_no_current_and_may_be_skipped() {
        for (sun, conditions) in year().iter().filter(|(_, conditions)| conditions.ghi_w_m2 <= 0.0).take(200) {
            let roof = Roof::new(4.0, 35.0, 180.0);
            let terms = SkyTerms::new(sun, conditions, roof.transposition, roof.cell_temperature);
            assert!(terms.is_dark());
            assert!(ac_kw(&terms, &RoofTerms::new(&roof)).abs() < f32::EPSILON);
            assert!(explain(sun, conditions, &roof).ac_kw.abs() < f64::EPSILON);
        }
        let light = SkyTerms::new(&noon(), &bright(), Transposition::Perez, CellTemperature::Pvsyst);
        assert!(!light.is_dark());
    }

    #[test]
    fn a_roof_without_panels_or_inverter_gives_nothing() {
        let light = SkyTerms::new(&noon(), &bright(), Transposition::HayDavies, CellTemperature::Faiman);
        let bare = Roof::new(0.0, 35.0, 180.0);
        let dead = Roof { inverter_kw: 0.0, ..Roof::new(4.0, 35.0, 180.0) };
        for constants in [RoofTerms::default(), RoofTerms::new(&bare), RoofTerms::new(&dead)] {
            assert!(ac_kw(&light, &constants).abs() < f32::EPSILON);
        }
        for roof in [bare, dead] {
            assert!(explain(&noon(), &bright(), &roof).ac_kw.abs() < f64::EPSILON);
        }
    }

    #[test]
    fn a_level_roof_receives_global_radiation() {
        let sun = noon();
        let mut conditions = bright();
        conditions.ghi_w_m2 = conditions.dni_w_m2 * sun.cos_apparent_zenith + conditions.dhi_w_m2;
        for transposition in [Transposition::HayDavies, Transposition::Perez] {
            let step = explain(&sun, &conditions, &Roof { transposition, ..Roof::new(1.0, 0.0, 180.0) });
            assert!((step.poa_w_m2 - conditions.ghi_w_m2).abs() < ROUNDING);
            assert!(step.ground_w_m2.abs() < ROUNDING);
        }
    }

    #[test]
    fn a_wall_away_from_the_sun_sees_no_beam_and_half_the_ground() {
        let step = explain(&noon(), &bright(), &Roof::new(1.0, 90.0, 0.0));
        assert!(step.cos_incidence.abs() < f64::EPSILON && step.beam_w_m2.abs() < f64::EPSILON);
        assert!((step.ground_w_m2 - 850.0 * 0.2 / 2.0).abs() < ROUNDING);
        assert!((step.diffuse_w_m2 - 150.0 * (1.0 - 800.0 / 1322.0) / 2.0).abs() < ROUNDING);
    }

    #[test]
    fn a_full_inverter_clips_and_an_idle_one_takes_its_own_loss() {
        let inverter = Inverter::new(0.8);
        assert!((inverter.ac_kw(0.8 / 0.96) - 0.8 * (0.9858 - 0.0162 - 0.0059) / 0.9637).abs() < 1e-12);
        assert!((inverter.ac_kw(2.0) - 0.8).abs() < f64::EPSILON);
        assert!(inverter.ac_kw(0.004).abs() < f64::EPSILON);
        let clipped = explain(&noon(), &bright(), &Roof { inverter_kw: 0.5, ..Roof::new(1.0, 35.0, 180.0) });
        assert!((clipped.ac_kw - 0.5).abs() < f64::EPSILON && clipped.unclipped_ac_kw > 0.6);
    }

    #[test]
    fn wind_cools_the_cells_and_warmth_costs_power() {
        let still = explain(&noon(), &Conditions { wind_m_s: 0.0, ..bright() }, &Roof::new(1.0, 35.0, 180.0));
        let windy = explain(&noon(), &bright(), &Roof::new(1.0, 35.0, 180.0));
        assert!((still.cell_c - 22.0 - still.poa_w_m2 / 25.0).abs() < ROUNDING);
        assert!(windy.cell_c < still.cell_c && windy.dc_kw > still.dc_kw);
        let rated = windy.poa_w_m2 / 1000.0 * (1.0 - 0.14);
        assert!((windy.dc_kw - rated * (1.0 - 0.004 * (windy.cell_c - 25.0))).abs() < 1e-12);
    }
}
