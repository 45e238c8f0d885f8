"""A year of many roofs in pvlib: what a roof costs per step, and the sun once for all of them.

    panels.py ROOFS RUNS

Prints one line of JSON: of RUNS times the fastest, in ns per roof-step for the roofs and in ns per step for the sun.

ONCE FOR ALL ROOFS

A year of quarter-hours, 2027 in De Bilt (52.10 N, 5.18 E): in UTC, from local midnight to local midnight. The sun
stands as in the middle of a step. `solarposition.get_solarposition` tells where, by pvlib's default, which is NREL's
algorithm in NumPy; this call alone is ns_per_step_solar_position. The weather is made from formulas and not timed, with
t = 0, 1, 2, .. the step, d = t div 96 and q = t mod 96:

    ghi          clear sky by Haurwitz * (0.25 + 0.75 ((37 d) mod 101)/100)         W/m2
    dni, dhi     by Erbs
    temperature  10.5 - 7 cos(2 pi (d - 20)/365) - 4 cos(2 pi (q - 14)/96)          degrees Celsius
    wind         3 + 1.5 sin(2 pi (q - 40)/96)                                      m/s

PER ROOF

What is timed, and divided by roofs * steps, is for each roof in turn:

    irradiance.get_total_irradiance    Hay-Davies, albedo 0.2
    temperature.faiman                 25 and 6.84
    pvsystem.pvwatts_dc                -0.4 % per kelvin, then 14 % of losses
    inverter.pvwatts                   limit = peak/1.2

and the sum of the year. The roofs have tilts of 15 .. 50 degrees, azimuths of 90 .. 270 degrees and 2 .. 6 kWp, spread
evenly. All is handed over as NumPy arrays; with pandas' series, the other way to use pvlib, a roof costs a third more.
"""

import json
import sys
import time

import numpy as np
import pandas as pd
import pvlib

LATITUDE_DEG, LONGITUDE_DEG = 52.10, 5.18
YEAR = 2027
ZONE = "Europe/Amsterdam"
STEP_H = 0.25
QUARTERS_PER_DAY = 96

ALBEDO = 0.2
SYSTEM_LOSS = 0.14
TEMPERATURE_COEFFICIENT_PER_K = -0.004
PEAK_OVER_INVERTER = 1.2
INVERTER_EFFICIENCY = 0.96

# A roof in Holland gives this much; outside of it something is broken, and a time means nothing.
PLAUSIBLE_KWH_PER_KWP = (600.0, 1300.0)


def middles_of_steps() -> pd.DatetimeIndex:
    """The middles of the year's quarter-hours, UTC."""
    midnight, next_midnight = (pd.Timestamp(f"{year}-01-01", tz=ZONE).tz_convert("UTC") for year in (YEAR, YEAR + 1))
    starts = pd.date_range(midnight, next_midnight, freq="15min", inclusive="left")
    return starts + pd.Timedelta(minutes=7.5)


def position_of_sun(times: pd.DatetimeIndex) -> pd.DataFrame:
    """Where the sun stands, a row per step."""
    return pvlib.solarposition.get_solarposition(times, LATITUDE_DEG, LONGITUDE_DEG)


def make_sky(times: pd.DatetimeIndex, sun: pd.DataFrame) -> dict[str, np.ndarray]:
    """Sun and weather by the names of `get_total_irradiance`, and air and wind; arrays [steps]."""
    step = np.arange(len(times))
    day, quarter = step // QUARTERS_PER_DAY, step % QUARTERS_PER_DAY
    clear = pvlib.clearsky.haurwitz(sun["apparent_zenith"])["ghi"].to_numpy()
    ghi = clear * (0.25 + 0.75 * (37 * day % 101) / 100)
    split = pvlib.irradiance.erbs(ghi, sun["zenith"].to_numpy(), times)
    return {
        "solar_zenith": sun["apparent_zenith"].to_numpy(),
        "solar_azimuth": sun["azimuth"].to_numpy(),
        "ghi": ghi,
        "dni": split["dni"],
        "dhi": split["dhi"],
        "dni_extra": pvlib.irradiance.get_extra_radiation(times).to_numpy(),
        "air_c": 10.5 - 7 * np.cos(2 * np.pi * (day - 20) / 365) - 4 * np.cos(2 * np.pi * (quarter - 14) / 96),
        "wind_m_s": 3 + 1.5 * np.sin(2 * np.pi * (quarter - 40) / 96),
    }


def make_roofs(roofs: int) -> list[tuple[float, float, float]]:
    """Tilt and azimuth in degrees and peak in kWp of each roof, spread evenly."""
    roof = np.arange(roofs) + 0.5
    tilt_deg = 15 + 35 * (roof / roofs)
    azimuth_deg = 90 + 180 * (roof * 0.6180339887 % 1)
    peak_kwp = 2 + 4 * (roof * 0.7548776662 % 1)
    return list(zip(tilt_deg.tolist(), azimuth_deg.tolist(), peak_kwp.tolist(), strict=True))


def ac_kw(sky: dict[str, np.ndarray], tilt_deg: float, azimuth_deg: float, peak_kwp: float) -> np.ndarray:
    """Alternating current of a roof, [steps], kW."""
    light = {name: sky[name] for name in ("solar_zenith", "solar_azimuth", "dni", "ghi", "dhi", "dni_extra")}
    plane = pvlib.irradiance.get_total_irradiance(tilt_deg, azimuth_deg, **light, albedo=ALBEDO, model="haydavies")
    poa_w_m2 = plane["poa_global"]
    cell_c = pvlib.temperature.faiman(poa_w_m2, sky["air_c"], sky["wind_m_s"])
    dc_kw = pvlib.pvsystem.pvwatts_dc(poa_w_m2, cell_c, peak_kwp, TEMPERATURE_COEFFICIENT_PER_K) * (1 - SYSTEM_LOSS)
    return pvlib.inverter.pvwatts(dc_kw, peak_kwp / PEAK_OVER_INVERTER / INVERTER_EFFICIENCY, INVERTER_EFFICIENCY)


def fastest(runs: int, work) -> tuple[float, object]:
    """The fastest of several times of some work, s, and what it gave."""
    best_s, result = float("inf"), None
    for _ in range(runs):
        begun = time.perf_counter()
        result = work()
        best_s = min(best_s, time.perf_counter() - begun)
    return best_s, result


def positive(text: str) -> int:
    """A count given on the command line."""
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"expected a whole number from 1 on, met {text!r}")
    return int(text)


def main(arguments: list[str]) -> int:
    try:
        roofs, runs = (positive(argument) for argument in arguments)
    except ValueError:
        print("usage: panels.py ROOFS RUNS   (whole numbers from 1 on)", file=sys.stderr)
        return 2

    times = middles_of_steps()
    steps = len(times)
    position_of_sun(times[:QUARTERS_PER_DAY])  # warms up
    sun_s, sun = fastest(runs, lambda: position_of_sun(times))
    sky = make_sky(times, sun)
    planes = make_roofs(roofs)
    ac_kw(sky, *planes[0])
    roofs_s, made_kwh = fastest(runs, lambda: sum(ac_kw(sky, *plane).sum() * STEP_H for plane in planes))

    kwh_per_kwp = float(made_kwh) / sum(peak_kwp for _, _, peak_kwp in planes)
    low, high = PLAUSIBLE_KWH_PER_KWP
    if not low <= kwh_per_kwp <= high:
        print(f"panels.py: the roofs made {kwh_per_kwp} kWh per kWp, expected {low:.0f} to {high:.0f}", file=sys.stderr)
        return 1

    line = {"side": "peer", "what": "panels", "peer": "pvlib", "version": pvlib.__version__}
    line |= {"roofs": roofs, "steps": steps, "runs": runs, "best_s": roofs_s}
    line |= {"ns_per_roof_step": roofs_s * 1e9 / (roofs * steps), "ns_per_step_solar_position": sun_s * 1e9 / steps}
    line |= {"kwh_per_kwp": kwh_per_kwp}
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
