"""Puts the lines of both sides beside each other: reads JSON lines, prints a table.

    report.py [FILE …]        without a file: from standard input

Every side runs in several rounds. Of the rounds of one peer the fastest counts, as all else is the machine's other
work; all rounds are shown below the table. Ends with exit code 1 where kwartier's community year does not come to the
sums of the peers, where one of the two is missing, or where a line cannot be read. A time never makes it fail.
"""

import json
import math
import sys
from collections.abc import Iterable

# What a work is called, and the key of its time and of its size.
WORKS = {
    "community-year": ("community year", "ns_per_home_step", "homes"),
    "standard-neighbourhood": ("standard neighbourhood", "ns_per_home_step", "homes"),
    "panels": ("panels", "ns_per_roof_step", "roofs"),
}
SUM_NAMES = ("cost_eur", "import_kwh", "export_kwh", "shared_kwh", "stored_kwh", "peak_kw")

# kwartier's flows are f32 (seven digits) and its sums f64: a year's sums keep more than five.
SUM_TOLERANCE = 1e-5

# What part of Numba's time for a community year the standard neighbourhood may take, which is more work. A goal to look
# at, not a test.
BOUND = 0.55

# The peers of the community year that the standard neighbourhood is held against too.
COMPILED = ("numba", "numba-branches")

Line = dict
# A kind of lines: side, what, peer.
Kind = tuple[str, str, str]


class Fault(Exception):
    """Something in the lines is not as it must be."""


def read_lines(names: list[str]) -> list[Line]:
    """All lines of the files, or of standard input; empty ones are passed over."""
    lines: list[Line] = []
    for name in names or ["-"]:
        if name == "-":
            lines += parsed("standard input", sys.stdin)
        else:
            with open(name, encoding="utf-8") as file:
                lines += parsed(name, file)
    return lines


def parsed(name: str, texts: Iterable[str]) -> list[Line]:
    """The lines of one file."""
    found = []
    for number, text in enumerate(texts, 1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
            _, time_key, size_key = WORKS[line["what"]]
            line["peer"] = line["peer"] if line["side"] == "peer" else "kwartier"
            needed = (time_key, size_key, *(SUM_NAMES if line["what"] == "community-year" else ()))
            if line["side"] not in ("kwartier", "peer"):
                raise ValueError("side is neither kwartier nor peer")
            for key in needed:
                if not isinstance(line[key], int | float):
                    raise ValueError(f"{key} is not a number")
            if not 0.0 < line[time_key] < float("inf"):
                raise ValueError(f"{time_key} is not a time")
        except (ValueError, KeyError, TypeError) as error:
            wanted = "expected a line of JSON of kwartier or a peer"
            raise Fault(f"{name}:{number}: {wanted}, met {text.strip()!r}: {error!r}") from error
        found.append(line)
    return found


def by_kind(lines: list[Line]) -> dict[Kind, list[Line]]:
    """The lines of each side, work and peer, in the order in which they came."""
    kinds: dict[Kind, list[Line]] = {}
    for line in lines:
        kinds.setdefault((line["side"], line["what"], line["peer"]), []).append(line)
    return kinds


def time_ns(line: Line) -> float:
    """The time of a line, ns per home-step or roof-step."""
    return line[WORKS[line["what"]][1]]


def fastest(lines: list[Line]) -> Line:
    """The line of the fastest round."""
    return min(lines, key=time_ns)


def size(line: Line) -> str:
    """How many homes or roofs a line is about."""
    size_key = WORKS[line["what"]][2]
    return f"{line[size_key]:,} {size_key}"


def title(line: Line) -> str:
    """What a line is about: the work and its size."""
    return f"{WORKS[line['what']][0]}, {size(line)}"


def with_version(line: Line) -> str:
    """A peer with its version."""
    return f"{line['peer']} {line.get('version', '')}".rstrip()


def rows_of(kinds: dict[Kind, list[Line]]) -> list[list[str]]:
    """The table: a row for each work and peer."""
    rows = [["what", "peer", "peer ns", "kwartier ns", "kwartier/peer", "times faster", "remark"]]
    best = {kind: fastest(lines) for kind, lines in kinds.items()}

    def add(what: str, peer: Line, bound: float | None = None) -> None:
        own = best.get(("kwartier", what, "kwartier"))
        cells = [title(own or peer), with_version(peer), f"{time_ns(peer):.2f}"]
        if own is None:
            rows.append([*cells, "-", "-", "-", "no line of kwartier"])
            return
        ratio = time_ns(own) / time_ns(peer)
        remarks = []
        if bound is not None:
            remarks.append(f"bound {bound}: {'held' if ratio <= bound else 'NOT HELD'}")
        if size(peer) != size(own):
            remarks.append(f"peer: {size(peer)}")
        rows.append([*cells, f"{time_ns(own):.2f}", f"{ratio:.4f}", f"{1 / ratio:.1f}", "; ".join(remarks)])

    for (side, what, _), peer in best.items():
        if side == "peer" and what == "community-year":
            add(what, peer)
    for name in COMPILED:
        peer = best.get(("peer", "community-year", name))
        if peer is not None and ("kwartier", "standard-neighbourhood", "kwartier") in best:
            add("standard-neighbourhood", peer, BOUND)
    for (side, what, _), peer in best.items():
        if side == "peer" and what == "panels":
            add(what, peer)
    return rows


def aligned(rows: list[list[str]]) -> str:
    """Rows as text: two columns of words to the left, numbers to the right, the remark as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    texts = []
    for row in rows:
        words = [text.ljust(width) for text, width in zip(row[:2], widths[:2], strict=True)]
        numbers = [text.rjust(width) for text, width in zip(row[2:-1], widths[2:-1], strict=True)]
        texts.append("  ".join([*words, *numbers, row[-1]]).rstrip())
    texts.insert(1, "-" * max(len(text) for text in texts))
    return "\n".join(texts)


def notes_of(kinds: dict[Kind, list[Line]]) -> list[str]:
    """What stands below the table: how to read it, every round, and what has no counterpart."""
    notes = []
    if any(what == "standard-neighbourhood" for _, what, _ in kinds):
        notes.append("The standard neighbourhood is held against Numba's community year, which is less work.")
    notes.append("Every round, ns per step of a home or a roof (the table has the fastest):")
    for (_, what, peer), lines in kinds.items():
        notes.append(f"  {WORKS[what][0] + ', ' + peer:38} {'  '.join(f'{time_ns(line):8.2f}' for line in lines)}")
    for (side, what, _), lines in kinds.items():
        if side == "peer" and what == "panels" and all("ns_per_step_solar_position" in line for line in lines):
            sun_ns = min(line["ns_per_step_solar_position"] for line in lines)
            notes.append(f"pvlib's position of the sun, once for all roofs, not in the table: {sun_ns:,.0f} ns a step.")
        if side == "kwartier" and "vector" in lines[0]:
            threads = lines[0].get("threads", "?")
            note = f"kwartier: vectors of {lines[0]['vector']}, threads: {threads}. Every peer: threads: 1."
            if note not in notes:
                notes.append(note)
    return notes


def largest_difference(own: Line, peer: Line) -> tuple[float, str]:
    """The largest difference of two lines' sums and its name: relative, of the content to at least 1 kWh."""

    def difference(name: str) -> float:
        divisor = max(abs(peer[name]), 1.0) if name == "stored_kwh" else abs(peer[name])
        gap = abs(own[name] - peer[name])
        relative = gap / divisor if divisor > 0.0 else (0.0 if gap == 0.0 else float("inf"))
        return float("inf") if math.isnan(relative) else relative

    return max((difference(name), name) for name in SUM_NAMES)


def compare_sums(lines: list[Line]) -> tuple[bool, str]:
    """Whether every round of kwartier's community year came to the sums of every round of the peers, in words."""
    years = [line for line in lines if line["what"] == "community-year"]
    own = [line for line in years if line["side"] == "kwartier"]
    peers = [line for line in years if line["side"] == "peer"]
    if not own or not peers:
        return False, f"sums of the community year: NOT COMPARED, no line of {'a peer' if own else 'kwartier'}"
    if len({line["homes"] for line in years}) > 1:
        return False, "sums of the community year: NOT COMPARED, the lines are of different numbers of homes"
    worst, name, peer = max((*largest_difference(one, other), other["peer"]) for one in own for other in peers)
    verdict = "equal" if worst <= SUM_TOLERANCE else "NOT EQUAL"
    found = f"largest relative difference {worst:.1e} ({name}, {peer}), allowed {SUM_TOLERANCE:.0e}"
    return worst <= SUM_TOLERANCE, f"sums of the community year: kwartier's and the peers' are {verdict}: {found}"


def main(arguments: list[str]) -> int:
    if any(argument.startswith("-") and argument != "-" for argument in arguments):
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    try:
        lines = read_lines(arguments)
    except (Fault, OSError) as fault:
        print(f"report.py: {fault}", file=sys.stderr)
        return 1
    kinds = by_kind(lines)
    equal, sentence = compare_sums(lines)
    print(aligned(rows_of(kinds)))
    print()
    print("\n".join(notes_of(kinds)))
    print()
    print(sentence)
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
