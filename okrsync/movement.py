"""Has the outcome moved, and is that more than the trend before the cycle foretold?

**Movement.** The cycle's level is the mean of its readings, later ones weighing more (weights 1, 2, 3 …): a step and
a slow ramp are both seen, one spike is not. It is compared with the level before the cycle: the mean of the history
or, where the history has a trend, a point between that mean and the trend's line at the cycle's start, nearer to the
line the surer the trend is (shrinkage after James and Stein, 1961). Both are weighted sums of readings, so the standard
error of their difference follows from the noise (``okrsync.noise``), its autocorrelation included. The limit is a
one-sided quantile of Student's t, wider early in the cycle, so that looking every week adds up to few false alarms.

**Trend.** A line is fitted to the history; where its slope is more than noise, the cycle's level is compared with what
the line foretells for it.

**Forecast.** Three ways to go on (as before; a ramp since the cycle's start; one step in it) are fitted and mixed by
how well each explains the readings.

``benchmarks/movement.py`` measures the error rates; the constants below were chosen with it. Everything here is a pure
function: no clock, no file, no network.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from okrsync.model import Forecast, Movement, MovementResult, Trend
from okrsync.noise import Noise, Part, Scale, estimate, student_quantile
from okrsync.numbers import count_of, show

HISTORY = 52
"""Readings before the cycle that count: older ones tell of another time."""
ENOUGH = 8
"""With this many readings before the cycle, no sign of movement means flat; with fewer it may mean too few to tell."""
FEWEST = 4
"""Fewer readings than these show no noise."""
ALPHA = 0.03
"""One-sided error of the last look of a cycle, with independent normal noise."""
EARLY = 0.5
"""How much wider the limit is early on: by ``EARLY · (1/√share − 1)``, for the share of the cycle that has passed."""
TREND_ALPHA = 0.05
"""One-sided error of finding a trend before the cycle, and of finding that the cycle left it."""
SHRINK = 2.5
"""The level before the cycle is drawn from the trend's line to the mean by the share ``SHRINK / t²``."""
CLIP = 3.0
"""A reading counts as at most this many σ from the level before the cycle: one spike is no movement."""
BLIND = 3.0
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
) -> MovementResult:
    """Compare a series in a cycle with where it stood before.

    ``points`` are days and finite values in any order (of several on one day the mean counts). Those before ``start``
    are the history (its latest ``HISTORY`` readings), those from ``start`` to ``until``, both included, the cycle;
    later ones are ignored. ``end`` is the cycle's last day, which the forecast is for; from that day on there is none.

    The direction is ``upward`` where it is given (a limit to keep), else that from ``baseline`` to ``target``, without
    a baseline that from the history to the target. The noise and the level before the cycle come from the history;
    with fewer than ``FEWEST`` readings in it, the level is the declared ``baseline`` and the noise that of the cycle's
    own readings. Shifting or scaling all values changes only the numbers; negating all changes not even the verdict.
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
    if declared and baseline is None:
        return _unknown(f"{_before(history)} and no declared baseline: there is nothing to compare with.", used)
    if declared and len(cycle) < FEWEST:
        return _unknown(f"Too few to tell: {_before(history)}, {len(cycle)} in it; {FEWEST} are needed.", used)

    values = [value for _, value in cycle] + ([baseline] if declared and baseline is not None else [])
    scale = Scale.of(values if declared else [value for _, value in history] + values)
    days = cadence / timedelta(days=1)
    before, during = (
        Part([(day - start).days / days for day, _ in part], [scale.inward(value) for _, value in part])
        for part in ([] if declared else history, cycle)
    )
    origin = scale.outward(before.mean()) if baseline is None else baseline
    case = _Case(scale, before, during, scale.inward(origin), (end - start).days / days + 1 / days)
    return case.result(_sign(origin, target, upward), used, forecast=until < end)


def _unknown(rule: str, points: int) -> MovementResult:
    return MovementResult(Movement.UNKNOWN, Trend.UNKNOWN, rule, points)


def _before(history: Sequence[object]) -> str:
    return f"{count_of(len(history), 'reading')} before the cycle"


def _sign(origin: float, target: float | None, upward: bool | None) -> int:
    """1 where more is better, -1 where less is, 0 where that is not known."""
    if upward is not None:
        return 1 if upward else -1
    if target is None or target == origin:
        return 0
    return 1 if target > origin else -1


def _direction(strength: float, limit: float, sign: int) -> Movement:
    if abs(strength) <= limit:
        return Movement.FLAT
    if sign == 0:
        return Movement.UNKNOWN
    return Movement.TOWARD if strength * sign > 0 else Movement.AWAY


_AGAINST_TREND = {
    Movement.FLAT: Trend.CONTINUED,
    Movement.TOWARD: Trend.BETTER,
    Movement.AWAY: Trend.WORSE,
    Movement.UNKNOWN: Trend.UNKNOWN,
}


class _Case:
    """One series under judgement; all numbers scaled, ``x`` in cadences from the cycle's start."""

    def __init__(self, scale: Scale, before: Part, during: Part, baseline: float, length: float) -> None:
        self.scale, self.before, self.during = scale, before, during
        self.length = length
        """Of the cycle, in cadences."""
        n, k = len(before.x), len(during.x)
        self.trust = _trust_in_trend(before, scale)
        """0 where the history has no trend, up to 1 where it surely has one."""
        self.centre = before.mean() if n else baseline
        self.line, self.slope = before.line() if self.trust else (self.centre, 0.0)
        """The history's own line: value at the cycle's start, and slope."""
        parts = [(before, before.around(self.line, self.slope), 2 if self.trust else 1)] if n else []
        if k > FEWEST or not n:
            parts.append((during, during.around_shape(), 2))
        self.noise = estimate(parts)
        self.silent = self.noise.sigma <= scale.zero
        self.level = self.centre + self.trust * (self.line - self.centre)
        self.weights = [2 * (i + 1) / (k * (k + 1)) for i in range(k)]

    def compare(self, level: float, slope: float, lever: float) -> tuple[float, float]:
        """How far the cycle's level is above ``level + slope·x``, and the standard error of that.

        ``lever`` is how far from the history's middle its line was read, as a share of its spread.
        """
        reach = math.inf if self.silent else CLIP * self.noise.sigma
        above = math.fsum(
            weight * max(-reach, min(reach, y - level - slope * x))
            for weight, x, y in zip(self.weights, self.during.x, self.during.y, strict=True)
        )
        n = len(self.before.x)
        middle = self.before.middle() if n else 0.0
        weights = [-1 / n - lever * (x - middle) for x in self.before.x] + self.weights
        return above, self.noise.error(self.before.x + self.during.x, weights)

    def lever(self, x: float) -> float:
        return (x - self.before.middle()) / self.before.spread() if self.trust else 0.0

    def result(self, sign: int, points: int, *, forecast: bool) -> MovementResult:
        n, k = len(self.before.x), len(self.during.x)
        moved, error = self.compare(self.level, 0.0, self.trust * self.lever(0.0))
        share = min(1.0, (self.during.x[-1] + 1) / self.length)
        limit = self.noise.limit(ALPHA) * (1 + EARLY * (1 / math.sqrt(share) - 1))
        if self.silent:
            strength, limit = self.persistent_jump(), 0.5
        else:
            strength = moved / error if k > 1 else 0.0
        movement = _direction(strength, limit, sign)
        if movement is Movement.FLAT and n < ENOUGH and not self.silent and limit * error > BLIND * self.noise.sigma:
            movement = Movement.UNKNOWN
        half = 2 * self.noise.sigma
        return MovementResult(
            movement,
            self.against_trend(sign),
            self.rule(movement, sign, limit * error),
            points,
            centre=self.scale.outward(self.level),
            low=self.scale.outward(self.level - half),
            high=self.scale.outward(self.level + half),
            forecast=self.forecast() if forecast else None,
        )

    def persistent_jump(self) -> float:
        """Without any noise: 1 or -1 where the last two readings both left the level to one side, else 0."""
        last = [y - self.level for y in self.during.y[-2:]]
        if len(last) < 2 or min(map(abs, last)) <= self.scale.zero or min(last) * max(last) < 0:
            return 0.0
        return math.copysign(1.0, last[-1])

    def against_trend(self, sign: int) -> Trend:
        if not self.trust:
            return Trend.NONE if len(self.before.x) >= ENOUGH else Trend.UNKNOWN
        at = math.fsum(weight * x for weight, x in zip(self.weights, self.during.x, strict=True))
        off, error = self.compare(self.line, self.slope, self.lever(at))
        if self.silent:
            return _AGAINST_TREND[_direction(off, self.scale.zero * len(self.during.x), sign)]
        return _AGAINST_TREND[_direction(off / error, self.noise.limit(TREND_ALPHA), sign)]

    def rule(self, movement: Movement, sign: int, limit: float) -> str:
        n, k = len(self.before.x), len(self.during.x)
        level = show(self.scale.outward(self.level))
        if not n:
            where = f"the declared baseline of {level} (too few readings before the cycle)"
        elif self.trust:
            where = f"{level}, to where a trend of {count_of(n, 'reading')} before it had led"
        else:
            where = f"{level}, the mean of {count_of(n, 'reading')} before it"
        if self.silent:
            limits = "these readings show no noise, so two in a row on one side of it are movement"
        else:
            sigma, width = (show(self.scale.width(v)) for v in (self.noise.sigma, limit))
            limits = f"movement is a difference of more than {width} (noise σ {sigma}"
            limits += f", autocorrelation {show(round(self.noise.phi, 2))})" if self.noise.phi >= 0.005 else ")"
        mean = show(self.scale.outward(math.fsum(w * y for w, y in zip(self.weights, self.during.y, strict=True))))
        cycle = f"the mean of {k} readings in the cycle, later ones weighing more, is {mean}"
        if k == 1:
            cycle = f"one reading in the cycle, {mean}, which alone never is movement"
        text = f"Level rule: {cycle}; it is compared with {where}; {limits}."
        if movement is Movement.UNKNOWN:
            text += " Which way is better is not known." if sign == 0 else " Too few to tell: that is too wide a limit."
        return text

    def forecast(self) -> Forecast:
        """The reading at the cycle's end; 80% of such intervals hold it."""
        last, at = self.during.x[-1], self.length - 1
        ahead = max(0.0, at - last)
        memory = self.noise.phi**ahead
        variance = self.noise.sigma**2 * self.noise.inflation
        paths = self.paths(at, variance)
        if self.silent:
            best = min(paths, key=lambda path: path.misfit)
            shares = [float(path is best) for path in paths]
        else:
            scores = [
                path.misfit / (2 * variance) + path.numbers * math.log(len(self.during.x) + 1) / 2 for path in paths
            ]
            shares = [math.exp(min(scores) - score) for score in scores]
        total = math.fsum(shares)
        ends = [path.value + memory * path.last for path in paths]
        mid = math.fsum(s * e for s, e in zip(shares, ends, strict=True)) / total
        spread = (
            math.fsum(
                share * (path.variance + (value - mid) ** 2)
                for share, path, value in zip(shares, paths, ends, strict=True)
            )
            / total
        )
        half = student_quantile(0.9, self.noise.freedom) * math.sqrt(
            spread + self.noise.sigma**2 * (1 - memory * memory if ahead else 1.0)
        )
        return Forecast(self.scale.outward(mid - half), self.scale.outward(mid), self.scale.outward(mid + half))

    def paths(self, at: float, variance: float) -> list[_Path]:
        """Three ways to go on to ``at``, each with how badly it fits all readings."""
        old = self.before.around(self.line, self.slope)
        new = self.during.around(self.line, self.slope)
        n, k = len(old), len(new)
        base = self.line + self.slope * at
        doubt = variance * (1 / n + self.lever(at) * (at - self.before.middle())) if n else 0.0
        mean = 0.0 if self.trust else math.fsum(old + new) / (n + k)
        same = [r - mean for r in old + new]
        rise = [max(0.0, x + 1) for x in self.during.x]
        spread = math.fsum(x * x for x in rise)
        slope = math.fsum(x * r for x, r in zip(rise, new, strict=True)) / spread
        ramp = [r - slope * x for r, x in zip(new, rise, strict=True)]
        cut = max(range(k), key=lambda i: math.fsum(new[i:]) ** 2 / (k - i))
        height = math.fsum(new[cut:]) / (k - cut)
        step = [r - height * (i >= cut) for i, r in enumerate(new)]
        before = math.fsum(r * r for r in old)
        return [
            _Path(base + mean, doubt if self.trust else variance / (n + k), _squares(same), 0, same[-1]),
            _Path(
                base + slope * (at + 1), doubt + variance * (at + 1) ** 2 / spread, before + _squares(ramp), 1, ramp[-1]
            ),
            _Path(
                base + height,
                variance / (k - cut) + (doubt if self.trust else 0.0),
                before + _squares(step),
                2,
                step[-1],
            ),
        ]


@dataclass(frozen=True, slots=True)
class _Path:
    """One way the series may go on."""

    value: float
    """Where it leads."""
    variance: float
    """Of that value, from what was fitted."""
    misfit: float
    """Sum of squared residuals."""
    numbers: int
    """How many numbers were fitted beyond the history's."""
    last: float
    """The last reading's distance from it, which autocorrelation carries on."""


def _squares(residuals: Sequence[float]) -> float:
    return math.fsum(r * r for r in residuals)


def _trust_in_trend(before: Part, scale: Scale) -> float:
    """0 where the history neither rises nor falls by more than its noise; else how far its line is to be trusted."""
    if len(before.x) < ENOUGH:
        return 0.0
    level, slope = before.line()
    residuals = before.around(level, slope)
    if max(map(abs, residuals)) <= scale.zero:
        return float(abs(slope) * (before.x[-1] - before.x[0]) > scale.zero)
    noise: Noise = estimate([(before, residuals, 2)])
    middle, spread = before.middle(), before.spread()
    t = abs(slope) / noise.error(before.x, [(x - middle) / spread for x in before.x])
    if t <= noise.limit(TREND_ALPHA) * noise.caution:
        return 0.0
    return max(0.01, 1 - SHRINK / (t * t))
