"""The community year: one year of home batteries and shared surplus, in NumPy and in Numba.

    community_year.py {numpy|numba|numba-branches} HOMES RUNS

Prints one line of JSON: the fastest of RUNS years in seconds and in ns per home-step, and the sums of the year. Only
the year itself is timed: inputs lie ready in memory, and compiling is over. Where the sums of 10, 100 or 1,000 homes
are not the expected ones (EXPECTED_SUMS), it says which and ends with exit code 1.

    numpy           loops over steps, one vector over all homes for each operation
    numba           serial, nopython, no fastmath; no branch over homes, which lets the compiler use vectors
    numba-branches  the same, with the if and else of the definition as it stands

All three follow the definition below, operation by operation, so that any language can be held against them.

DEFINITION

N homes, i = 0 .. N-1; a year of 365 days of 96 quarter-hours, t = 0 .. 35,039, q = t mod 96, d = t div 96. All in f64.
Nothing is drawn at random: u is a fixed hash into 0 .. 1, in unsigned 32-bit integers that wrap.

    u(i, k):  x = 2654435761 i + 40503 k + 12345;  x ^= x >> 15;  x = 2246822519 x;  x ^= x >> 13;  u = x / 2^32

Load of home i in step t, kW:

    load    = (0.15 + 0.45 u(i, 1)) * shape * season * (0.5 + u(i, 1000 + t))
    shape   = 0.6 + 0.8 exp(-((q - 30)/6)^2) + 1.6 exp(-((q - 76)/9)^2)
    season  = 1 + 0.25 cos(2 pi (d - 15)/365)

Panels of home i in step t, kW; every fifth home has none:

    pv      = peak * unit
    peak    = 0 if i mod 5 = 4, else 2 + 5 u(i, 2)                                   kWp
    unit    = 0.85 (0.65 + 0.35 cos(2 pi (d - 172)/365)) * s^1.3 * (0.25 + 0.75 u(777777, d))
    s       = cos(pi/2 (q + 0.5 - 48)/half) where |q + 0.5 - 48| < half, else 0
    half    = 24 + 11 cos(2 pi (d - 172)/365)                                        half the day's length, quarters

Battery of home i; every fourth home has none. It starts empty:

    capacity = 0 if i mod 4 = 3, else 4 + 6 u(i, 3)                                  kWh
    power    = capacity * 0.5                                                        kW
    eta      = 0.95                                                                  each way

Prices, EUR/kWh: buy = 0.28 + 0.06 sin(2 pi (q - 60)/96), sell = 0.05, local = (buy + sell)/2.

A step of dt = 0.25 h. For every home:

    net = load - pv
    net <  0:  c = min(-net, power, (capacity - stored)/(eta dt));  stored += c (eta dt);  g = net + c
    net >= 0:  x = min( net, power, stored (eta/dt));               stored -= x (dt/eta);  g = net - x
    imp = max(g, 0);  exp = max(-g, 0)

For the community: I = sum of imp, E = sum of exp, S = min(I, E). Then for every home:

    shared_in  = imp S/I, 0 where I = 0
    shared_out = exp S/E, 0 where E = 0
    cost      += dt ((imp - shared_in) buy + shared_in local - shared_out local - (exp - shared_out) sell)

Kept of every home: cost (EUR), imported, exported, shared in, shared out (kWh), stored (kWh, after the last step). Kept
of the community: the greatest |I - E| (kW).
"""

import json
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

DAYS = 365
QUARTERS_PER_DAY = 96
STEPS = DAYS * QUARTERS_PER_DAY
STEP_H = 0.25
EFFICIENCY = 0.95
SELL_EUR_PER_KWH = 0.05

# A content grows by CHARGED kWh per kW that charges, and falls by DISCHARGED kWh per kW that discharges.
CHARGED_KWH_PER_KW = EFFICIENCY * STEP_H
DISCHARGED_KWH_PER_KW = STEP_H / EFFICIENCY
# Power that a kWh of content can give for a step.
GIVES_KW_PER_KWH = EFFICIENCY / STEP_H

SUM_NAMES = ("cost_eur", "import_kwh", "export_kwh", "shared_kwh", "stored_kwh", "peak_kw")

# Homes: the sums, in the order of SUM_NAMES. Made with another program from the same definition.
EXPECTED_SUMS = {
    10: (4422.007049, 19656.152678, 19885.497052, 1820.374600, 0.000000, 29.633258),
    100: (33555.945661, 163007.274035, 213616.732841, 17993.196083, 2.378583, 295.270183),
    1000: (360938.289726, 1705933.330544, 2044428.762395, 187154.833637, 59.134702, 2842.908269),
}
# The order in which homes are added is free, and moves no more than the twelfth digit.
SUM_TOLERANCE = 1e-9
# Half of the last digit above.
SUM_ROUNDING = 0.5000001e-6


class Inputs(NamedTuple):
    """What the year is made of; of steps [steps], of homes [homes], of both [steps, homes] in C order."""

    load_kw: np.ndarray
    pv_kw: np.ndarray
    capacity_kwh: np.ndarray
    power_kw: np.ndarray
    buy_eur_per_kwh: np.ndarray
    local_eur_per_kwh: np.ndarray

    def first_day(self) -> "Inputs":
        """The same homes for one day."""
        load_kw, pv_kw, capacity_kwh, power_kw, buy, local = self
        day = slice(QUARTERS_PER_DAY)
        return Inputs(load_kw[day], pv_kw[day], capacity_kwh, power_kw, buy[day], local[day])


class Year(NamedTuple):
    """What is kept: a value per home, and the community's peak."""

    cost_eur: np.ndarray
    import_kwh: np.ndarray
    export_kwh: np.ndarray
    shared_in_kwh: np.ndarray
    shared_out_kwh: np.ndarray
    stored_kwh: np.ndarray
    peak_kw: float


def uniform(i, k) -> np.ndarray:
    """The hash u(i, k) of the definition, 0 .. 1; scalars or arrays that broadcast."""
    # Arrays of uint32 wrap without a word; NumPy's scalars would warn.
    i = np.atleast_1d(np.asarray(i, dtype=np.uint32))
    k = np.atleast_1d(np.asarray(k, dtype=np.uint32))
    x = i * np.uint32(2654435761) + (k * np.uint32(40503) + np.uint32(12345))
    x ^= x >> np.uint32(15)
    x *= np.uint32(2246822519)
    x ^= x >> np.uint32(13)
    return x / 2.0**32


def make_inputs(homes: int) -> Inputs:
    """Loads, panels, batteries and prices of the definition; 16 bytes per home-step."""
    home = np.arange(homes)
    step = np.arange(STEPS)
    quarter = step % QUARTERS_PER_DAY
    day = step // QUARTERS_PER_DAY
    summer = np.cos(2 * np.pi * (day - 172) / 365)

    shape = 0.6 + 0.8 * np.exp(-(((quarter - 30) / 6.0) ** 2)) + 1.6 * np.exp(-(((quarter - 76) / 9.0) ** 2))
    season = 1 + 0.25 * np.cos(2 * np.pi * (day - 15) / 365)
    base_kw = 0.15 + 0.45 * uniform(home, 1)

    from_noon = quarter + 0.5 - 48
    half = 24 + 11 * summer
    height = np.where(np.abs(from_noon) < half, np.cos(np.pi / 2 * from_noon / half), 0.0)
    unit = 0.85 * (0.65 + 0.35 * summer) * height**1.3 * (0.25 + 0.75 * uniform(777777, day))
    peak_kwp = np.where(home % 5 == 4, 0.0, 2 + 5 * uniform(home, 2))

    load_kw = np.empty((STEPS, homes))
    # Day by day, so that what lies between stays small.
    for first in range(0, STEPS, QUARTERS_PER_DAY):
        today = slice(first, first + QUARTERS_PER_DAY)
        flicker = 0.5 + uniform(home, 1000 + step[today, None])
        load_kw[today] = base_kw * (shape * season)[today, None] * flicker
    pv_kw = unit[:, None] * peak_kwp

    capacity_kwh = np.where(home % 4 == 3, 0.0, 4 + 6 * uniform(home, 3))
    buy = 0.28 + 0.06 * np.sin(2 * np.pi * (quarter - 60) / 96)
    return Inputs(load_kw, pv_kw, capacity_kwh, capacity_kwh * 0.5, buy, (buy + SELL_EUR_PER_KWH) / 2)


def numpy_year(load_kw, pv_kw, capacity_kwh, power_kw, buy_eur_per_kwh, local_eur_per_kwh):
    """A year in NumPy: a loop over steps, vectors over homes."""
    steps, homes = load_kw.shape
    cost, imported, exported, shared_in, shared_out, stored = np.zeros((6, homes))
    peak = 0.0
    for t in range(steps):
        net = load_kw[t] - pv_kw[t]
        charge = np.minimum(np.minimum(np.maximum(-net, 0.0), power_kw), (capacity_kwh - stored) / CHARGED_KWH_PER_KW)
        discharge = np.minimum(np.minimum(np.maximum(net, 0.0), power_kw), stored * GIVES_KW_PER_KWH)
        stored += charge * CHARGED_KWH_PER_KW - discharge * DISCHARGED_KWH_PER_KW
        grid = net + charge - discharge

        imp = np.maximum(grid, 0.0)
        exp = np.maximum(-grid, 0.0)
        need, surplus = imp.sum(), exp.sum()
        shared = min(need, surplus)
        taken = imp * (shared / need if need > 0.0 else 0.0)
        given = exp * (shared / surplus if surplus > 0.0 else 0.0)

        buy, local = buy_eur_per_kwh[t], local_eur_per_kwh[t]
        cost += STEP_H * ((imp - taken) * buy + taken * local - given * local - (exp - given) * SELL_EUR_PER_KWH)
        imported += imp * STEP_H
        exported += exp * STEP_H
        shared_in += taken * STEP_H
        shared_out += given * STEP_H
        peak = max(peak, abs(need - surplus))
    return cost, imported, exported, shared_in, shared_out, stored, peak


def vector_year(load_kw, pv_kw, capacity_kwh, power_kw, buy_eur_per_kwh, local_eur_per_kwh):
    """A year for Numba: three loops over homes per step, and no branch in those that need none.

    One of charge and discharge is 0, so both directions are computed and nothing is chosen. The sums over homes have a
    loop of their own: they must be added in order, and would keep the other loops from being vectorised.
    """
    steps, homes = load_kw.shape
    cost, imported, exported = np.zeros(homes), np.zeros(homes), np.zeros(homes)
    shared_in, shared_out, stored = np.zeros(homes), np.zeros(homes), np.zeros(homes)
    grid = np.empty(homes)
    peak = 0.0
    for t in range(steps):
        for i in range(homes):
            net = load_kw[t, i] - pv_kw[t, i]
            content = stored[i]
            room_kw = (capacity_kwh[i] - content) / CHARGED_KWH_PER_KW
            charge = max(min(min(-net, power_kw[i]), room_kw), 0.0)
            discharge = max(min(min(net, power_kw[i]), content * GIVES_KW_PER_KWH), 0.0)
            stored[i] = content + (charge * CHARGED_KWH_PER_KW - discharge * DISCHARGED_KWH_PER_KW)
            grid[i] = net + charge - discharge

        need = 0.0
        surplus = 0.0
        for i in range(homes):
            need += max(grid[i], 0.0)
            surplus += max(-grid[i], 0.0)
        shared = min(need, surplus)
        taken_part = shared / need if need > 0.0 else 0.0
        given_part = shared / surplus if surplus > 0.0 else 0.0

        buy, local = buy_eur_per_kwh[t], local_eur_per_kwh[t]
        for i in range(homes):
            imp = max(grid[i], 0.0)
            exp = max(-grid[i], 0.0)
            taken = imp * taken_part
            given = exp * given_part
            cost[i] += STEP_H * ((imp - taken) * buy + taken * local - given * local - (exp - given) * SELL_EUR_PER_KWH)
            imported[i] += imp * STEP_H
            exported[i] += exp * STEP_H
            shared_in[i] += taken * STEP_H
            shared_out[i] += given * STEP_H
        peak = max(peak, abs(need - surplus))
    return cost, imported, exported, shared_in, shared_out, stored, peak


def branching_year(load_kw, pv_kw, capacity_kwh, power_kw, buy_eur_per_kwh, local_eur_per_kwh):
    """A year for Numba with the branches of the definition: two loops over homes per step, each home goes one way."""
    steps, homes = load_kw.shape
    cost, imported, exported = np.zeros(homes), np.zeros(homes), np.zeros(homes)
    shared_in, shared_out, stored = np.zeros(homes), np.zeros(homes), np.zeros(homes)
    grid = np.empty(homes)
    peak = 0.0
    for t in range(steps):
        need = 0.0
        surplus = 0.0
        for i in range(homes):
            net = load_kw[t, i] - pv_kw[t, i]
            if net < 0.0:
                charge = min(min(-net, power_kw[i]), (capacity_kwh[i] - stored[i]) / CHARGED_KWH_PER_KW)
                stored[i] += charge * CHARGED_KWH_PER_KW
                net += charge
            else:
                discharge = min(min(net, power_kw[i]), stored[i] * GIVES_KW_PER_KWH)
                stored[i] -= discharge * DISCHARGED_KWH_PER_KW
                net -= discharge
            grid[i] = net
            if net > 0.0:
                need += net
            else:
                surplus -= net
        shared = min(need, surplus)
        taken_part = shared / need if need > 0.0 else 0.0
        given_part = shared / surplus if surplus > 0.0 else 0.0

        buy, local = buy_eur_per_kwh[t], local_eur_per_kwh[t]
        for i in range(homes):
            if grid[i] > 0.0:
                imp = grid[i]
                taken = imp * taken_part
                cost[i] += STEP_H * ((imp - taken) * buy + taken * local)
                imported[i] += imp * STEP_H
                shared_in[i] += taken * STEP_H
            else:
                exp = -grid[i]
                given = exp * given_part
                cost[i] -= STEP_H * (given * local + (exp - given) * SELL_EUR_PER_KWH)
                exported[i] += exp * STEP_H
                shared_out[i] += given * STEP_H
        peak = max(peak, abs(need - surplus))
    return cost, imported, exported, shared_in, shared_out, stored, peak


def compiled(year: Callable) -> tuple[Callable, str]:
    """The year, to be compiled by Numba at its first call; and Numba's version."""
    import numba  # only here: the NumPy year shall run without it

    return numba.njit(year, fastmath=False), numba.__version__


def sums_of(year: Year) -> dict[str, float]:
    """The sums of the year by the names of SUM_NAMES."""
    per_home = (year.cost_eur, year.import_kwh, year.export_kwh, year.shared_in_kwh, year.stored_kwh)
    return dict(zip(SUM_NAMES, [*(float(values.sum()) for values in per_home), float(year.peak_kw)], strict=True))


def misses(homes: int, sums: dict[str, float]) -> list[str]:
    """A sentence for every sum that is not the expected one; none for a number of homes that has no expected sums."""
    found = []
    if homes not in EXPECTED_SUMS:
        return found
    for name, expected in zip(SUM_NAMES, EXPECTED_SUMS[homes], strict=True):
        # Not `>`: a sum that is no number at all misses too.
        if not abs(sums[name] - expected) <= SUM_TOLERANCE * abs(expected) + SUM_ROUNDING:
            found.append(f"{name} of {homes} homes is {sums[name]!r}, expected {expected:.6f}")
    return found


YEARS = {
    "numpy": lambda: (numpy_year, np.__version__),
    "numba": lambda: compiled(vector_year),
    "numba-branches": lambda: compiled(branching_year),
}


def positive(text: str) -> int:
    """A count given on the command line."""
    if not text.isdecimal() or int(text) == 0:
        raise ValueError(f"expected a whole number from 1 on, met {text!r}")
    return int(text)


def main(arguments: list[str]) -> int:
    try:
        peer, homes, runs = arguments
        make_year, homes, runs = YEARS[peer], positive(homes), positive(runs)
    except (ValueError, KeyError):
        print(f"usage: community_year.py {{{'|'.join(YEARS)}}} HOMES RUNS   (whole numbers from 1 on)", file=sys.stderr)
        return 2

    inputs = make_inputs(homes)
    year, version = make_year()
    year(*inputs.first_day())  # compiles, and warms up

    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        result = year(*inputs)
        times.append(time.perf_counter() - begun)

    sums = sums_of(Year(*result))
    faults = misses(homes, sums)
    for fault in faults:
        print(f"community_year.py: {peer}: {fault}", file=sys.stderr)
    if faults:
        return 1

    best_s = min(times)
    line = {"side": "peer", "what": "community-year", "peer": peer, "version": version, "homes": homes, "steps": STEPS}
    line |= {"runs": runs, "best_s": best_s, "ns_per_home_step": best_s * 1e9 / (homes * STEPS)} | sums
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
