"""Has the outcome moved, and is that more than the trend before the cycle foretold?

**Movement.** Stories of how the level went are weighed against each other (``okrsync.stories``): it stayed where it
was before the cycle; it rose, or fell, by a step or a ramp, and is there still; it was away for a while and came back.
The *odds* of having risen are the weight of all stories in which it rose to that of all others. ``ODDS`` to 1 are
movement, more of it early in the cycle, so that looking every week adds up to few false alarms. With few readings, or
strong autocorrelation, every story explains them and the odds stay near 1: that is how a short series does not mislead.

**Trend.** The stories in which the level stood still before the cycle are weighed against those in which it had a
trend, which went on, or was left to the better or to the worse.

**Forecast.** ``okrsync.forecast`` lets each story go on.

``benchmarks/movement.py`` measures the error rates; the constants here and in ``okrsync.stories`` were chosen with
it. Everything here is a pure function: no clock, no file, no network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from okrsync.forecast import foretell
from okrsync.model import Forecast, Movement, MovementResult, Trend
from okrsync.noise import PHI, Array, Scale, line, without_spikes
from okrsync.numbers import count_of, show
from okrsync.stories import LONG_ENOUGH, SHORTEST, Design, Weights, design, log_sum, weigh

HISTORY = 52
"""Readings before the cycle that count: older ones tell of another time."""
FEWEST = 4
"""With fewer readings before the cycle the level before it is the declared baseline, if there is one."""
FEW = 12
"""With fewer readings before the cycle the odds that are needed are ``ODDS_OF_FEW``."""
ODDS = 2.6
"""So many to 1 at the cycle's end are movement."""
ODDS_OF_FEW = 4.0
EARLY = 2.5
"""Early on the logarithm of the odds that are needed is larger by ``EARLY · (1/√share − 1)``, for the share of the
cycle that has passed."""
CAME_BACK = 0.2
"""Prior share, among the stories without movement, of a change that went away."""
TREND_ENDED = 0.05
"""Prior share of a history with a trend that ended when the cycle began, where movement is asked for."""
TREND = 0.75
"""Prior share of a history with a trend, where the trend is asked for."""
DEPARTED = 0.6
"""Prior share of having left that trend (half to either side), or of a change where there was none."""
ENOUGH = 8
"""With this many readings before the cycle, no sign of movement means flat; with fewer it may mean too few to tell."""
TELLING = 3.0
"""How much of the logarithm of a change's odds is spent on not knowing when it began and how large it is."""
BLIND = 1.75
"""A short series that could not have shown a change of this many σ is unknown, not flat."""


def judge_movement(
    points: Sequence[tuple[date, float]],
    *,
    baseline: float | None,
    target: float | None,
    start: date,
    until: date,
    end: date,
    cadence: timedelta,
    upward: bool | None = None,
    whole: bool = True,
) -> MovementResult:
    """Compare a series in a cycle with where it stood before.

    ``points`` are days and finite values in any order (of several on one day the mean counts). Those before ``start``
    are the history (its latest ``HISTORY`` readings), those from ``start`` to ``until``, both included, the cycle;
    later ones are ignored. ``end`` is the cycle's last day, which the forecast is for; from that day on there is none.

    The direction is ``upward`` where it is given (a limit to keep), else that from ``baseline`` to ``target``, without
    a baseline that from the history to the target. With fewer than ``FEWEST`` readings in the history, the level before
    the cycle is the declared ``baseline``, and the readings before the cycle do not count. Shifting or scaling all
    values changes only the numbers; negating all changes not even the verdict.

    Without ``whole`` only the movement is found, neither trend nor forecast: under half of the work, for replays.
    """
    by_day: dict[date, list[float]] = {}
    for day, value in points:
        if day <= until:
            by_day.setdefault(day, []).append(value)
    series = [(day, math.fsum(v / len(by_day[day]) for v in by_day[day])) for day in sorted(by_day)]
    history = [point for point in series if point[0] < start][-HISTORY:]
    cycle = [point for point in series if point[0] >= start]
    used = len(history) + len(cycle)
    if not cycle:
        return _unknown("No reading since the cycle began.", used)
    declared = len(history) < FEWEST
    before = f"{count_of(len(history), 'reading')} before the cycle"
    if declared and baseline is None:
        return _unknown(f"{before} and no declared baseline: there is nothing to compare with.", used)
    if declared and len(cycle) < FEWEST:
        return _unknown(f"Too few to tell: {before}, {len(cycle)} in it; {FEWEST} are needed.", used)

    kept = cycle if declared else history + cycle
    values = [value for _, value in kept]
    scale = Scale.of([*values, baseline] if declared and baseline is not None else values)
    days = cadence / timedelta(days=1)
    x = tuple((day - start).days / days for day, _ in kept)
    y = [scale.inward(value) for value in values]
    case = _Case(
        scale=scale,
        x=x,
        history=0 if declared else len(history),
        year=_YEAR / days,
        level=scale.inward(baseline) if declared and baseline is not None else 0.0,
        y=y,
        length=(end - start).days / days + 1 / days,
    )
    origin = scale.outward(case.before()[0]) if baseline is None else baseline
    return case.result(_sign(origin, target, upward), used, whole=whole, forecast=whole and until < end)


def _unknown(rule: str, points: int) -> MovementResult:
    return MovementResult(Movement.UNKNOWN, Trend.UNKNOWN, rule, points)


def _sign(origin: float, target: float | None, upward: bool | None) -> int:
    """1 where more is better, -1 where less is, 0 where that is not known."""
    if upward is not None:
        return 1 if upward else -1
    if target is None or target == origin:
        return 0
    return 1 if target > origin else -1


def log_odds(plan: Design, weights: Weights) -> tuple[Array, Array]:
    """For each series, the logarithms of the odds that its level has risen, and that it has fallen."""
    shares = _log_shares(plan)
    up, down = (log_sum(changed + shares[:, None, None], (1, 2, 3)) for changed in (weights.up, weights.down))
    stayed = weights.same + math.log(1 - CAME_BACK)
    same = log_sum(np.logaddexp(stayed, weights.brief + math.log(CAME_BACK)) + shares[:, None], (1, 2))
    return up - np.logaddexp(same, down), down - np.logaddexp(same, up)


def _log_shares(plan: Design) -> Array:
    """Logarithms of the families' prior shares where movement is asked for."""
    ended = TREND_ENDED if plan.history >= LONG_ENOUGH else 0.0
    return np.log([(ended if each.trend == "ended" else 1 - ended) * each.share for each in plan.families])


def log_odds_needed(plan: Design, length: float) -> float:
    """What makes movement of odds, in a cycle of ``length`` cadences."""
    share = min(1.0, max(1.0, plan.x[-1] + 1) / length)
    enough = ODDS if plan.history >= FEW else ODDS_OF_FEW
    return math.log(enough) + EARLY * (1 / math.sqrt(share) - 1)


def trend_weights(plan: Design, weights: Weights) -> Array:
    """For each series the logarithms of the weights of: no trend before; it went on; it was left upward; downward.

    The shape is (series, 4). The history must be long enough for a trend (``LONG_ENOUGH``).
    """
    shares = np.log([each.share for each in plan.families])
    goes_on = np.array([each.trend == "goes on" for each in plan.families])
    same = weights.same + shares[:, None] + math.log(1 - DEPARTED)
    up, down = (changed + shares[:, None, None] + math.log(DEPARTED / 2) for changed in (weights.up, weights.down))
    none = [log_sum(same[:, ~goes_on], (1, 2)), *(log_sum(each[:, ~goes_on], (1, 2, 3)) for each in (up, down))]
    trend = [log_sum(same[:, goes_on], (1, 2)), *(log_sum(each[:, goes_on], (1, 2, 3)) for each in (up, down))]
    return np.stack(
        [math.log(1 - TREND) + log_sum(np.stack(none), 0), *(math.log(TREND) + each for each in trend)], axis=1
    )


@dataclass(frozen=True)
class _Case:
    """One series under judgement; all numbers scaled."""

    scale: Scale
    x: tuple[float, ...]
    """In cadences from the cycle's start."""
    y: list[float]
    history: int
    """How many of the readings stand before the cycle."""
    level: float
    """What is taken from the readings where the level before the cycle is declared."""
    year: float
    length: float
    """Of a year and of the cycle, in cadences."""

    def before(self) -> tuple[float, float]:
        """Level and slope before the cycle, as its readings say: level at the cycle's start."""
        n = self.history
        return line(self.x[:n], self.y[:n]) if n else (self.level, 0.0)

    def silent(self) -> bool:
        """No noise at all: one level before the cycle, and at most one other in it."""
        before, during = self.y[: self.history], self.y[self.history :]
        changes = sum(abs(b - a) > self.scale.zero for a, b in pairwise(during))
        if not before:
            return changes == 0
        return max(before) - min(before) <= self.scale.zero and changes <= 1

    def result(self, sign: int, points: int, *, whole: bool, forecast: bool) -> MovementResult:
        """The judgement; ``forecast`` is asked for with ``whole`` only."""
        if self.silent():
            return self.without_noise(sign, points, forecast=forecast)
        n = self.history
        row = without_spikes(np.array([self.y])) - self.level
        plan = design("movement", self.x, n, self.year)
        weights = weigh(plan, row)
        noise = _noise(plan, weights)
        up, down = (float(odds[0]) for odds in log_odds(plan, weights))
        needed = log_odds_needed(plan, self.length)
        movement = Movement.FLAT
        if max(up, down) >= needed:
            movement = _direction(up - down, sign)
        elif n < ENOUGH and math.sqrt(2 * (needed + TELLING)) * noise.untold > BLIND:
            movement = Movement.UNKNOWN
        if not whole:
            return MovementResult(movement, Trend.UNKNOWN, "", points)

        onward = design("trend", self.x, n, self.year)
        going_on = weigh(onward, row)
        trend = _trend(onward, going_on, sign)
        level, slope = self.before()
        if n and trend in (Trend.NONE, Trend.UNKNOWN):
            level, slope = math.fsum(self.y[:n]) / n, 0.0
        foretold = None
        if forecast:
            at = max(self.length - 1, self.x[-1])
            foretold = Forecast(*(self.scale.outward(v + self.level) for v in foretell(onward, going_on, row[0], at)))
        return MovementResult(
            movement,
            trend,
            self.rule(movement, sign, (level, slope), noise, (up, down, needed)),
            points,
            centre=self.scale.outward(level),
            low=self.scale.outward(level - 2 * noise.sigma),
            high=self.scale.outward(level + 2 * noise.sigma),
            forecast=foretold,
        )

    def without_noise(self, sign: int, points: int, *, forecast: bool) -> MovementResult:
        """Two readings in a row on one side of a level that showed no noise are movement."""
        level, n = self.before()[0], self.history
        last = [y - level for y in self.y[-2:]]
        away = len(last) == 2 and len(self.y) - n >= 2 and min(map(abs, last)) > self.scale.zero
        movement = _direction(last[-1], sign) if away and min(last) * max(last) > 0 else Movement.FLAT
        shown, value = self.scale.outward(level), self.scale.outward(self.y[-1])
        rule = f"Level rule: {self.what()}; without noise, two in a row on one side of {show(shown)} are movement."
        if movement is Movement.UNKNOWN:
            rule += _AIMLESS
        return MovementResult(
            movement,
            Trend.NONE if n >= LONG_ENOUGH else Trend.UNKNOWN,
            rule,
            points,
            centre=shown,
            low=shown,
            high=shown,
            forecast=Forecast(value, value, value) if forecast else None,
        )

    def what(self) -> str:
        """The readings that are compared, in words."""
        n = self.history
        during = f"{count_of(len(self.y) - n, 'reading')} in the cycle"
        if n:
            return f"{during} against {n} before it"
        return f"{during} against the declared baseline (too few readings before the cycle)"

    def rule(
        self,
        movement: Movement,
        sign: int,
        line: tuple[float, float],
        noise: _Noise,
        odds: tuple[float, float, float],
    ) -> str:
        """By which rule, from what, in words; ``line`` is the level at the cycle's start and the slope before it."""
        level, slope = line
        where = f"level {show(self.scale.outward(level))}"
        if slope:
            step = show(self.scale.width(slope))
            where = f"a trend of {step} a cadence had led to {show(self.scale.outward(level))}"
        up, down, needed = (_shown_odds(each) for each in odds)
        text = (
            f"Level rule: {self.what()} ({where}, noise σ {show(self.scale.width(noise.sigma))}, autocorrelation "
            f"{show(round(noise.phi, 2))}). The odds that it is higher now for more than a while are {up}, "
            f"that it is lower {down}; {needed} is movement."
        )
        if len(self.y) - self.history < SHORTEST:
            text += f" A change must have lasted {SHORTEST} readings."
        if movement is Movement.UNKNOWN:
            text += _AIMLESS if sign == 0 and max(odds[:2]) >= odds[2] else " Too few to tell."
        return text


_YEAR = 365.25
_AIMLESS = " Which way is better is not known."


@dataclass(frozen=True)
class _Noise:
    """Averages over the stories, by their weights."""

    sigma: float
    phi: float
    untold: float
    """How badly the size of a change since the cycle's start is known, in σ."""


def _noise(plan: Design, weights: Weights) -> _Noise:
    changed = np.logaddexp(weights.up[0], weights.down[0])
    logs = np.concatenate([weights.same[0][..., None], changed], axis=-1) + _log_shares(plan)[:, None, None]
    shares = np.exp(logs - log_sum(logs, (0, 1, 2)))
    variance = float((shares * weights.rest[0]).sum()) / plan.freedom
    by_phi = shares.sum(axis=(0, 2))
    untold = math.sqrt(float((by_phi / plan.information[0, :, 0]).sum())) if plan.lasting else math.inf
    return _Noise(math.sqrt(variance), float(by_phi @ PHI), untold)


def _trend(plan: Design, weights: Weights, sign: int) -> Trend:
    if plan.history < LONG_ENOUGH:
        return Trend.UNKNOWN
    best = int(trend_weights(plan, weights)[0].argmax())
    if best < 2:
        return (Trend.NONE, Trend.CONTINUED)[best]
    if sign == 0:
        return Trend.UNKNOWN
    return Trend.BETTER if (best == 2) == (sign > 0) else Trend.WORSE


def _direction(change: float, sign: int) -> Movement:
    if sign == 0:
        return Movement.UNKNOWN
    return Movement.TOWARD if change * sign > 0 else Movement.AWAY


def _shown_odds(log: float) -> str:
    """Odds to 1, in words: ``0.3 to 1``."""
    if log > math.log(999):
        return "over 999 to 1"
    if log < math.log(0.001):
        return "under 0.001 to 1"
    return f"{show(float(f'{math.exp(log):.2g}'))} to 1"
