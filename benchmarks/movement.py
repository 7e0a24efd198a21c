"""How often is ``okrsync.movement`` right? A simulation, printed as Markdown.

    python -m benchmarks movement                            into RESULTS.md
    python -m benchmarks.movement [--runs N] [--seed N]      printed only

Weekly readings, a cycle of 13 weeks, σ = 1 throughout: the method does not depend on the scale (the second table shows
it), so what the noise is of the gap from baseline to target matters only for *untestable*. Every number is a share of
``runs`` series; with 600 runs its own standard error is at most 2 points, near 5% it is 0.9.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median_low

import numpy as np
from numpy.typing import NDArray

from okrsync.model import Movement, MovementResult, Trend
from okrsync.movement import judge_movement

Values = NDArray[np.float64]
START = date(2026, 1, 5)
WEEK = timedelta(days=7)
WEEKS = 13
LATE = 4
"""Weeks after the cycle's end that are still simulated."""
HISTORIES = (0, 4, 8, 12, 20, 40)
NOISES = ("normal", "heavy tails", "AR(1) .3", "AR(1) .5", "AR(1) .8", "counts", "seasonal")
SHAPES = ("step 1σ", "step 2σ", "step 3σ", "ramp 2σ", "ramp 3σ", "delayed 2σ", "worsening 2σ", "spike and back")


def noise(kind: str, n: int, rng: np.random.Generator) -> Values:
    """``n`` values of mean 0 and standard deviation 1."""
    if kind == "normal":
        return rng.standard_normal(n)
    if kind == "heavy tails":  # Student's t with 3 degrees of freedom
        return np.asarray(rng.standard_t(3, n) / np.sqrt(3))
    if kind == "counts":  # nine a week on average
        return (rng.poisson(9, n) - 9) / 3
    if kind == "seasonal":  # half of the variance is a wave of a calendar month
        wave = np.sqrt(2) * np.sin(2 * np.pi * (np.arange(n) / (52 / 12) + rng.random()))
        return np.asarray((wave + rng.standard_normal(n)) / np.sqrt(2))
    phi = float(kind.removeprefix("AR(1) "))
    values = np.empty(n)
    values[0] = rng.standard_normal()
    for i, shock in enumerate(rng.standard_normal(n - 1) * np.sqrt(1 - phi * phi), 1):
        values[i] = phi * values[i - 1] + shock
    return values


def change(shape: str, weeks: int) -> Values:
    """What happens to the level in weeks 1 … ``weeks`` of the cycle, in σ."""
    week = np.arange(1, weeks + 1)
    size = float(shape.split()[-1].removesuffix("σ")) if shape.endswith("σ") else 0.0
    match shape.split()[0]:
        case "step":
            return np.where(week >= 4, size, 0.0)
        case "ramp":
            return np.minimum(week / WEEKS, 1.0) * size
        case "delayed":
            return np.where(week >= 8, size, 0.0)
        case "worsening":
            return np.where(week >= 4, -size, 0.0)
        case "spike":
            return np.where((week == 5) | (week == 6), 4.0, 0.0)
    return np.zeros(weeks)


def look(values: Sequence[float], history: int, weeks: int, *, gap: float = 6.0, scale: float = 1.0) -> MovementResult:
    """Judge as of the last day of the cycle's week ``weeks``."""
    points = [(START + WEEK * (i - history), 100 + scale * value) for i, value in enumerate(values[: history + weeks])]
    return judge_movement(
        points,
        baseline=100.0,
        target=100.0 + scale * gap,
        start=START,
        until=START + WEEK * weeks - timedelta(days=1),
        end=START + WEEK * WEEKS - timedelta(days=1),
        cadence=WEEK,
    )


@dataclass
class Tally:
    """Shares over many series of one sort."""

    toward: float
    ever: float
    away: float
    unknown: float
    week: int | None
    """Median week in which those that ended ``toward`` first were."""


def tally(history: int, kind: str, shape: str, runs: int, seed: int, *, gap: float = 6.0, late: int = 0) -> Tally:
    rng = np.random.default_rng([seed, history, *map(ord, kind + shape)])
    last: Counter[Movement] = Counter()
    ever, weeks = 0, []
    for _ in range(runs):
        values = noise(kind, history + WEEKS + late, rng)
        values[history:] += change(shape, WEEKS + late)
        seen = [look(values.tolist(), history, week, gap=gap).movement for week in range(2, WEEKS + late + 1)]
        last[seen[-1]] += 1
        ever += Movement.TOWARD in seen
        if seen[-1] is Movement.TOWARD:
            weeks.append(seen.index(Movement.TOWARD) + 2)
    return Tally(
        last[Movement.TOWARD] / runs,
        ever / runs,
        last[Movement.AWAY] / runs,
        last[Movement.UNKNOWN] / runs,
        median_low(weeks) if weeks else None,
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(f"{cell:.1%}" if isinstance(cell, float) else str(cell) for cell in row) + " |")
    print(flush=True)


def no_change(runs: int, seed: int) -> None:
    print(
        "### No change\n\n`toward` (a false alarm) in the last week / ever in weeks 2–13; `unknown` in the last week.\n"
    )
    rows = []
    for history in HISTORIES:
        found = [tally(history, kind, "flat", runs, seed) for kind in NOISES]
        rows.append([history, *(f"{one.toward:.1%} / {one.ever:.1%}; {one.unknown:.0%}" for one in found)])
    table(["history", *NOISES], rows)
    print("Four weeks after the end, 20 readings of history, `toward` in the last week / ever / `away`:\n")
    found = [tally(20, kind, "flat", runs // 2, seed, late=LATE) for kind in NOISES]
    table(NOISES, [[f"{one.toward:.1%} / {one.ever:.1%} / {one.away:.1%}" for one in found]])


def changes(runs: int, seed: int) -> None:
    print("### A change, normal noise\n\n`toward` in the last week, and the median week in which it was first seen")
    print("(`worsening` counts `away`, without a week).\n")
    rows = []
    for history in HISTORIES:
        row: list[object] = [history]
        for shape in SHAPES:
            one = tally(history, "normal", shape, runs // 2, seed)
            row.append(f"{one.away:.1%}" if shape.startswith("worsening") else f"{one.toward:.1%}; {one.week or '–'}")
        rows.append(row)
    table(["history", *SHAPES], rows)
    print(
        "With 20 readings of history, a step of 2σ in week 4, by kind of noise, then lower-is-better, then by noise in"
    )
    print("percent of the gap from baseline to target:\n")
    plain = [tally(20, kind, "step 2σ", runs // 2, seed).toward for kind in NOISES]
    lower = tally(20, "normal", "worsening 2σ", runs // 2, seed, gap=-6.0).toward
    scaled = [tally(20, "normal", "step 2σ", runs // 4, seed, gap=100 / share).toward for share in (1, 3, 10, 30)]
    table([*NOISES, "lower is better", "1%", "3%", "10%", "30%"], [[*plain, lower, *scaled]])


def trends(runs: int, seed: int) -> None:
    print("### Trend, normal noise\n\nShare that is named rightly in the last week.\n")
    cases = {
        "goes on": (1.0, Trend.CONTINUED),
        "three times as steep": (3.0, Trend.BETTER),
        "stops": (0.0, Trend.WORSE),
        "turns round": (-1.0, Trend.WORSE),
    }
    rows = []
    for history in (8, 12, 20, 40):
        for slope in (0.1, 0.2, 0.3):
            row: list[object] = [history, f"{slope}σ a week"]
            for factor, right in cases.values():
                rng = np.random.default_rng([seed, history, int(slope * 10), int(factor) + 2])
                hits = 0
                for _ in range(runs):
                    values = noise("normal", history + WEEKS, rng)
                    values += np.concatenate([slope * np.arange(-history, 0), slope * factor * np.arange(0, WEEKS)])
                    hits += look(values.tolist(), history, WEEKS).trend is right
                row.append(hits / runs)
            rows.append(row)
    table(["history", "trend before", *cases], rows)


def forecasts(runs: int, seed: int) -> None:
    print("### Forecast\n\nShare of simulated ends inside the 80% interval, seen from weeks 4, 8 and 12.\n")
    rows = []
    sorts = [(kind, "flat") for kind in NOISES] + [("normal", shape) for shape in SHAPES]
    for history in (8, 20, 40):
        row: list[object] = [history]
        for kind, shape in sorts:
            rng = np.random.default_rng([seed, history, *map(ord, kind + shape)])
            inside: Counter[int] = Counter()
            for _ in range(runs // 2):
                values = noise(kind, history + WEEKS, rng)
                values[history:] += change(shape, WEEKS)
                for week in (4, 8, 12):
                    forecast = look(values.tolist(), history, week).forecast
                    assert forecast is not None
                    inside[week] += forecast.low <= 100 + values[-1] <= forecast.high
            row.append(" / ".join(f"{inside[week] / (runs // 2):.0%}" for week in (4, 8, 12)))
        rows.append(row)
    table(["history", *(kind if shape == "flat" else shape for kind, shape in sorts)], rows)


def speed() -> None:
    rng = np.random.default_rng(0)
    series = [noise("normal", 60, rng).tolist() for _ in range(1000)]
    begun = time.process_time()
    for values in series:
        look(values, 60 - WEEKS, WEEKS)
    print(f"1,000 series of 60 readings: {time.process_time() - begun:.2f} s of CPU.\n")


def main(arguments: Sequence[str] = ()) -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    runs = max(4, options.runs)
    print(f"{runs} runs, seed {options.seed}.\n")
    no_change(runs, options.seed)
    changes(runs, options.seed)
    trends(runs, options.seed)
    forecasts(runs, options.seed)
    speed()


if __name__ == "__main__":
    main(sys.argv[1:])
