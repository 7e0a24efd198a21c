"""How often is ``okrsync.movement`` right? A simulation, printed as Markdown.

    python -m benchmarks movement                            into RESULTS.md
    python -m benchmarks.movement [--runs N] [--seed N]      printed only

Weekly readings, a cycle of 13 weeks, looked at after each of its weeks 2 to 13; σ = 1 throughout. Every number is a
share of ``runs`` series; with 2,000 runs its standard error is 0.5 points near 5% and at most 1.1. Rows of series are
judged at once by the functions that ``judge_movement`` itself calls; ``same_as_judge_movement`` shows that a series
alone comes out the same.

What can be attained at all stands beside what is: an *oracle* knows σ, knows that the noise is independent, and knows
the very shapes that are simulated; it has only to tell which of them it sees (with even odds between labels).
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from okrsync.forecast import foretell
from okrsync.model import Movement, MovementResult, Trend
from okrsync.movement import FEWEST, Asked, judge_movement, judge_movements, log_odds, log_odds_needed, trend_weights
from okrsync.noise import without_spikes
from okrsync.stories import Design, Weights, design, weigh

Values = NDArray[np.float64]
START = date(2026, 1, 5)
WEEK = timedelta(days=7)
WEEKS = 13
LATE = 4
"""Weeks after the cycle's end that are still simulated."""
HISTORIES = (0, 4, 8, 12, 20, 40)
NOISES = ("normal", "heavy tails", "AR(1) .3", "AR(1) .5", "AR(1) .8", "counts", "season of 4 weeks", "of 13 weeks")
SHAPES = ("step 1σ", "step 2σ", "step 3σ", "ramp 2σ", "ramp 3σ", "delayed 2σ", "delayed 3σ", "spike and back")
BASELINE = 100.0


def noise(kind: str, runs: int, n: int, rng: np.random.Generator) -> Values:
    """``runs`` rows of ``n`` values of mean 0 and standard deviation 1."""
    if kind == "normal":
        return rng.standard_normal((runs, n))
    if kind == "heavy tails":  # Student's t with 3 degrees of freedom
        return np.asarray(rng.standard_t(3, (runs, n)) / np.sqrt(3))
    if kind == "counts":  # nine a week on average
        return (rng.poisson(9, (runs, n)) - 9) / 3
    if kind.endswith("weeks"):  # half of the variance is a wave of that length (a month, a quarter, a year)
        length = {"4": 52 / 12}.get(kind.split()[-2], float(kind.split()[-2]))
        wave = np.sqrt(2) * np.sin(2 * np.pi * (np.arange(n) / length + rng.random((runs, 1))))
        return np.asarray((wave + rng.standard_normal((runs, n))) / np.sqrt(2))
    phi = float(kind.removeprefix("AR(1) "))
    values = rng.standard_normal((runs, n))
    for i in range(1, n):
        values[:, i] = phi * values[:, i - 1] + math.sqrt(1 - phi * phi) * values[:, i]
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


def simulated(history: int, kind: str, shape: str, runs: int, seed: int, weeks: int = WEEKS) -> Values:
    """Rows of series with noise of one ``kind`` and a change of one ``shape``."""
    rng = np.random.default_rng([seed, history, weeks, *map(ord, kind + shape)])
    values = noise(kind, runs, history + weeks, rng)
    values[:, history:] += change(shape, weeks)
    return values


def seen(values: Values, history: int, week: int) -> Values:
    """The readings that count after ``week`` weeks of the cycle, as ``judge_movement`` prepares them."""
    from_ = 0 if history >= FEWEST else history
    return without_spikes(values[:, from_ : history + week])


def days(history: int, week: int) -> tuple[tuple[float, ...], int]:
    """Positions of those readings, and how many of them stand before the cycle."""
    before = history if history >= FEWEST else 0
    return tuple(float(i) for i in range(-before, week)), before


def odds(values: Values, history: int, week: int) -> tuple[Values, Values, float, Values]:
    """Logarithms of the odds up and down and of the odds that are needed; how uncertain a level change's size is."""
    plan = design("movement", *days(history, week))
    weights = weigh(plan, seen(values, history, week))
    up, down = log_odds(plan, weights)
    return up, down, log_odds_needed(plan, float(WEEKS)), _untold(plan, weights)


def _untold(plan: Design, weights: Weights) -> Values:
    chosen = [i for i, family in enumerate(plan.families) if family.trend == "none"]
    shares = np.log([plan.families[i].share for i in chosen])[:, None, None]
    changed = np.logaddexp(weights.up[:, chosen], weights.down[:, chosen])
    logs = np.concatenate([weights.same[:, chosen][..., None], changed], axis=-1) + shares
    raised = np.exp(logs - logs.max(axis=(1, 2, 3), keepdims=True))
    by_phi = raised.sum(axis=(1, 3)) / raised.sum(axis=(1, 2, 3))[:, None]
    return np.asarray(np.sqrt((by_phi / plan.information[0, :, 0]).sum(axis=1)))


def moved(values: Values, history: int, week: int) -> Values:
    """1 where a row is judged to have risen after ``week`` weeks, -1 fallen, 0 flat, nan unknown."""
    if week < (3 if history >= FEWEST else FEWEST):
        return np.full(len(values), np.nan if history < 8 else 0.0)
    up, down, needed, untold = odds(values, history, week)
    found = np.where(np.maximum(up, down) >= needed, np.sign(up - down), 0.0)
    if history < 8:
        found[(found == 0) & (np.sqrt(2 * (needed + 3)) * untold > 1.75)] = np.nan
    return found


def alone(values: Sequence[float], history: int, week: int, *, gap: float = 6.0, scale: float = 1.0) -> MovementResult:
    """One series through ``judge_movement``, as of the last day of the cycle's week ``week``."""
    return judge_movement(
        [(START + WEEK * (i - history), BASELINE + scale * v) for i, v in enumerate(values[: history + week])],
        baseline=BASELINE,
        target=BASELINE + scale * gap,
        start=START,
        until=START + WEEK * week - timedelta(days=1),
        end=START + WEEK * WEEKS - timedelta(days=1),
        cadence=WEEK,
    )


def same_as_judge_movement(runs: int, seed: int) -> None:
    """Series alone and in rows must agree; lower is better mirrors higher is better; the scale does not matter."""
    checked = 0
    for history in HISTORIES:
        for shape in ("flat", "step 2σ"):
            values = simulated(history, "AR(1) .3", shape, runs, seed)
            for week in (3, 8, 13):
                rows = moved(values, history, week)
                for row, expected in zip(values.tolist(), rows, strict=True):
                    wanted = {1.0: Movement.TOWARD, -1.0: Movement.AWAY, 0.0: Movement.FLAT}.get(
                        float(expected), Movement.UNKNOWN
                    )
                    mirrored = [-v for v in row]
                    for found in (
                        alone(row, history, week),
                        alone(mirrored, history, week, gap=-6.0),
                        alone(row, history, week, gap=2.0, scale=0.37),
                    ):
                        assert found.movement is wanted, (history, shape, week, found.rule, expected)
                        checked += 1
    print(f"{checked:,} judgements of series alone, mirrored and scaled equal those in rows.\n")


@dataclass
class Tally:
    """Shares over many series of one sort."""

    toward: float
    ever: float
    away: float
    unknown: float
    week: int | None
    """Median week in which those that ended ``toward`` first were."""


def tally(history: int, kind: str, shape: str, runs: int, seed: int, *, late: int = 0) -> Tally:
    values = simulated(history, kind, shape, runs, seed, WEEKS + late)
    looks = np.array([moved(values, history, week) for week in range(2, WEEKS + late + 1)])
    toward, last = looks == 1, looks[-1]
    first = toward.argmax(axis=0) + 2
    found = first[last == 1]
    return Tally(
        float((last == 1).mean()),
        float(toward.any(axis=0).mean()),
        float((last == -1).mean()),
        float(np.isnan(last).mean()),
        int(np.median(found)) if len(found) else None,
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
    found = [tally(20, kind, "flat", runs, seed, late=LATE) for kind in NOISES]
    table(NOISES, [[f"{one.toward:.1%} / {one.ever:.1%} / {one.away:.1%}" for one in found]])
    print(
        "A yearly wave (half of the variance), seen with less than a year before the cycle, cannot be told from a "
        "change:\n`toward` in the last week / ever.\n"
    )
    found = [tally(history, f"of {weeks} weeks", "flat", runs, seed) for weeks in (26, 52) for history in (20, 40, 52)]
    heads = [f"{weeks} weeks, {history} before" for weeks in (26, 52) for history in (20, 40, 52)]
    table(heads, [[f"{one.toward:.1%} / {one.ever:.1%}" for one in found]])


def changes(runs: int, seed: int) -> None:
    print("### A change, normal noise\n\n`toward` in the last week, and the median week in which it was first seen.")
    print("*Attainable*: one-sided z test at 5% of an oracle, 20 readings of history.\n")
    rows: list[list[object]] = []
    for history in HISTORIES:
        found = [tally(history, "normal", shape, runs, seed) for shape in SHAPES]
        rows.append([history, *(f"{one.toward:.1%}; {one.week or '–'}" for one in found)])
    rows.append(["attainable", *(f"{z_test(20, shape):.1%}" for shape in SHAPES)])
    table(["history", *SHAPES], rows)
    print("With 20 readings of history, a step of 2σ in week 4, by kind of noise:\n")
    table(NOISES, [[tally(20, kind, "step 2σ", runs, seed).toward for kind in NOISES]])
    print("By noise in percent of the gap from baseline to target (`judge_movement`, a step of 2σ; lower is better):\n")
    values = simulated(20, "normal", "step 2σ", max(50, runs // 10), seed).tolist()
    cells = []
    for share in (1, 3, 10, 30):
        hits = [alone([-v for v in row], 20, WEEKS, gap=-100 / share).movement is Movement.TOWARD for row in values]
        cells.append(sum(hits) / len(hits))
    table(["1%", "3%", "10%", "30%"], [cells])


def z_test(history: int, shape: str) -> float:
    """How often the best test of one known shape in independent noise of known σ finds it, at a level of 5%."""
    added = np.concatenate([np.zeros(history), change(shape, WEEKS)])
    if shape.startswith("spike"):
        return 0.05
    strength = float(np.sqrt(((added - added.mean()) ** 2).sum()))
    return 1 - NormalDist().cdf(NormalDist().inv_cdf(0.95) - strength)


CASES = {
    "goes on": (1.0, Trend.CONTINUED),
    "three times as steep": (3.0, Trend.BETTER),
    "stops": (0.0, Trend.WORSE),
    "turns round": (-1.0, Trend.WORSE),
}
LABELS = (Trend.NONE, Trend.CONTINUED, Trend.BETTER, Trend.WORSE)


def trends(runs: int, seed: int) -> None:
    print("### Trend, normal noise\n\nShare that is named rightly in the last week, and what the oracle attains.\n")
    rows: list[list[object]] = []
    for history in (8, 12, 20, 40):
        week = np.arange(-history, WEEKS)
        plain = [np.zeros(history + WEEKS), *(np.append(np.zeros(history), change(s, WEEKS)) for s in SHAPES[1:5])]
        worlds = [
            (f"{slope}", name, np.where(week < 0, slope * week, slope * factor * week), right)
            for slope in (0.1, 0.2, 0.3)
            for name, (factor, right) in CASES.items()
        ]
        worlds += [("no trend", ("flat", *SHAPES[1:5])[i], level, Trend.NONE) for i, level in enumerate(plain)]
        rng = np.random.default_rng([seed, history])
        shares = {}
        for slope, name, level, right in worlds:
            values = rng.standard_normal((runs, history + WEEKS)) + level
            shares[slope, name] = (labelled(values, history, right), oracle(values, worlds, right))
        for slope in ("0.1", "0.2", "0.3"):
            cells = [shares[slope, name] for name in CASES]
            rows.append([history, f"{slope}σ a week", *(f"{ours:.0%} of {best:.0%}" for ours, best in cells)])
        flat = [shares["no trend", name] for name in ("flat", *SHAPES[1:5])]
        rows.append([history, "none", " · ".join(f"{ours:.0%} of {best:.0%}" for ours, best in flat), "", "", ""])
    table(["history", "trend before", *CASES], rows)
    print(f"The rows with no trend are named `none`: flat · {' · '.join(SHAPES[1:5])}.\n")
    print("No trend and no change, 20 readings of history, named `none`, by kind of noise:\n")
    table(NOISES, [[labelled(simulated(20, kind, "flat", runs, seed), 20, Trend.NONE) for kind in NOISES]])


def labelled(values: Values, history: int, right: Trend) -> float:
    """The share of rows whose trend is named rightly (upward is better)."""
    plan = design("trend", *days(history, WEEKS))
    best = trend_weights(plan, weigh(plan, seen(values, history, WEEKS))).argmax(axis=1)
    return float((best == LABELS.index(right)).mean())


def oracle(values: Values, worlds: Sequence[tuple[str, str, Values, Trend]], right: Trend) -> float:
    """How often the right label has the largest posterior for one who knows σ and these very worlds."""
    levels = np.array([level - level.mean() for _, _, level, _ in worlds])
    labels = np.array([LABELS.index(label) for *_, label in worlds])
    centred = values - values.mean(axis=1, keepdims=True)
    fits = -0.5 * ((centred[:, None] - levels[None]) ** 2).sum(axis=2)
    raised = np.exp(fits - fits.max(axis=1, keepdims=True))
    sums = np.stack([raised[:, labels == label].mean(axis=1) for label in range(len(LABELS))], axis=1)
    return float((sums.argmax(axis=1) == LABELS.index(right)).mean())


def forecasts(runs: int, seed: int) -> None:
    print(
        "### Forecast\n\nShare of simulated ends inside the 80% interval, seen from weeks 4, 8 and 12. In *all*, half"
    )
    print("of the series do not change, the others have one of the shapes before it, each as often.\n")
    rows = []
    shapes = [shape for shape in SHAPES if shape != "spike and back"] + ["worsening 2σ"]
    sorts = [(kind, "flat") for kind in NOISES] + [("normal", shape) for shape in shapes]
    for history in (8, 20, 40):
        inside: dict[tuple[str, str], list[float]] = {}
        for kind, shape in sorts:
            values = simulated(history, kind, shape, runs, seed)
            inside[kind, shape] = [held(values, history, week) for week in (4, 8, 12)]
        changed = [inside["normal", shape] for shape in shapes]
        every = [
            (same + sum(each[i] for each in changed) / len(changed)) / 2
            for i, same in enumerate(inside["normal", "flat"])
        ]
        rows.append([history, *(" / ".join(f"{share:.0%}" for share in inside[sort]) for sort in sorts)])
        rows[-1].append(" / ".join(f"{share:.0%}" for share in every))
    table(["history", *(kind if shape == "flat" else shape for kind, shape in sorts), "all"], rows)


def held(values: Values, history: int, week: int) -> float:
    """The share of rows whose last reading lies in the interval foretold after ``week`` weeks."""
    plan = design("trend", *days(history, week))
    rows = seen(values, history, week)
    inside = 0
    for first in range(0, len(rows), 64):
        some = rows[first : first + 64]
        ends = values[first : first + 64, history + WEEKS - 1]
        foretold = foretell(plan, weigh(plan, some), some, WEEKS - 1.0)
        inside += sum(low <= end <= high for (low, _, high), end in zip(foretold, ends, strict=True))
    return inside / len(rows)


def speed() -> None:
    rng = np.random.default_rng(0)
    series = noise("normal", 1000, 60, rng).tolist()
    rows: list[list[object]] = []
    for name, whole in (("whole, with forecast", True), ("movement alone (replays)", False)):
        asked = [
            Asked(
                tuple(START + WEEK * (i - 48) for i in range(len(values))),
                values,
                baseline=0.0,
                target=6.0,
                start=START,
                until=START + WEEK * 12,
                end=START + WEEK * WEEKS,
                cadence=WEEK,
                whole=whole,
            )
            for values in series
        ]
        begun = time.process_time()
        together = judge_movements(asked)
        between = time.process_time()
        alone = [judge_movements([one])[0] for one in asked]
        ended = time.process_time()
        assert [one.movement for one in alone] == [one.movement for one in together]
        rows.append([name, f"{between - begun:.2f} s", f"{ended - between:.2f} s"])
    print("### Speed\n\n1,000 series of 60 readings, CPU: all together, as a report does, and one after another.\n")
    table(["what is judged", "together", "one after another"], rows)


def main(arguments: Sequence[str] = ()) -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    runs = max(4, options.runs)
    print(f"{runs} runs, seed {options.seed}.\n")
    same_as_judge_movement(max(2, runs // 100), options.seed)
    no_change(runs, options.seed)
    changes(runs, options.seed)
    trends(runs, options.seed)
    forecasts(max(4, runs // 8), options.seed)
    speed()


if __name__ == "__main__":
    main(sys.argv[1:])
