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
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

import numpy as np

from okrsync.forecast import foretell
from okrsync.language import N_, _, ngettext, run_on
from okrsync.model import Forecast, Movement, MovementResult, Trend
from okrsync.noise import PHI, Array, Scale, line, without_spikes
from okrsync.numbers import show
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
_ROWS = 64
"""So many series are judged together: more take memory and no less time."""
_FEW_GROUPS = 4
"""For fewer of these groups threads are not worth their start."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One series, and what is asked of it; see ``judge_movement``."""

    days: tuple[date, ...]
    """Ascending, each once, none after ``until``."""
    values: Sequence[float]
    baseline: float | None
    target: float | None
    start: date
    until: date
    end: date
    cadence: timedelta
    upward: bool | None = None
    whole: bool = True


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
    days, values = in_order(points, until)
    return judge_movements([Asked(days, values, baseline, target, start, until, end, cadence, upward, whole)])[0]


def in_order(points: Sequence[tuple[date, float]], until: date) -> tuple[tuple[date, ...], tuple[float, ...]]:
    """The points up to a day as ``Asked`` takes them: of several on one day their mean."""
    by_day: dict[date, list[float]] = {}
    for day, value in points:
        if day <= until:
            by_day.setdefault(day, []).append(value)
    days = tuple(sorted(by_day))
    return days, tuple(math.fsum(v / len(by_day[day]) for v in by_day[day]) for day in days)


def judge_movements(asked: Sequence[Asked]) -> list[MovementResult]:
    """Judge many series, in their order: as ``judge_movement`` does each, but for rounding in the last digits.

    Series with readings of the same days are judged together, which takes about a tenth of the time.
    """
    found: dict[int, MovementResult] = {}
    alike: dict[tuple[object, ...], list[int]] = {}
    for number, one in enumerate(asked):
        alike.setdefault((one.days, one.start, one.end, one.cadence), []).append(number)
    noisy: list[list[tuple[int, _Case]]] = []
    for numbers in alike.values():
        results = list(zip(numbers, _prepared([asked[number] for number in numbers]), strict=True))
        found |= {number: result for number, result in results if isinstance(result, MovementResult)}
        cases = [(number, case) for number, case in results if isinstance(case, _Case)]
        noisy += (cases[first : first + _ROWS] for first in range(0, len(cases), _ROWS))
    for some, results_of_them in zip(noisy, _side_by_side(noisy), strict=True):
        found.update(zip((number for number, _ in some), results_of_them, strict=True))
    return [found[number] for number in range(len(asked))]


def _side_by_side(noisy: Sequence[Sequence[tuple[int, _Case]]]) -> Iterable[list[MovementResult]]:
    """Judge groups of cases, each as ``_together`` does, in two threads: numpy lets go of Python's lock."""
    if len(noisy) < _FEW_GROUPS:
        return [_together([case for _, case in some]) for some in noisy]
    for some in noisy:
        case = some[0][1]
        for question in ("movement", "trend") if case.asked.whole else ("movement",):
            design(question, case.x, case.history, case.year)  # once, and not in both threads
    with ThreadPoolExecutor(2, thread_name_prefix="okrsync-judging") as threads:
        # Each with the language that is in use here.
        begun = [threads.submit(copy_context().run, _together, [case for _, case in some]) for some in noisy]
        return [each.result() for each in begun]


def _prepared(asked: Sequence[Asked]) -> list[MovementResult | _Case]:
    """The readings that count of series with readings of the same days, scaled; or what is to be said without more."""
    days, start, end, cadence = asked[0].days, asked[0].start, asked[0].end, asked[0].cadence
    before = bisect_left(days, start)
    history, during = min(before, HISTORY), len(days) - before
    used = history + during
    if not during:
        return [_unknown(_("No reading since the cycle began."), used)] * len(asked)
    declared = history < FEWEST
    found: dict[int, MovementResult | _Case] = {}
    if declared:
        said = ngettext(
            "{count} reading before the cycle and no declared baseline: there is nothing to compare with.",
            "{count} readings before the cycle and no declared baseline: there is nothing to compare with.",
            history,
        )
        unknown = _unknown(said.format(count=history), used)
        found |= {number: unknown for number, one in enumerate(asked) if one.baseline is None}
    if declared and during < FEWEST:
        said = ngettext(
            "Too few to tell: {count} reading before the cycle, {during} in it; {needed} are needed.",
            "Too few to tell: {count} readings before the cycle, {during} in it; {needed} are needed.",
            history,
        )
        unknown = _unknown(said.format(count=history, during=during, needed=FEWEST), used)
        return [found.get(number, unknown) for number in range(len(asked))]

    rest = [number for number in range(len(asked)) if number not in found]
    if not rest:
        return [found[number] for number in range(len(asked))]
    first = before if declared else before - history
    values = np.array([asked[number].values[first:] for number in rest], dtype=np.float64)
    beside = [[asked[number].baseline] for number in rest] if declared else np.empty((len(rest), 0))
    scales = Scale.of_rows(np.concatenate([values, np.array(beside, dtype=np.float64)], axis=1))
    shift, size = (np.array([[getattr(scale, name)] for scale in scales]) for name in ("shift", "size"))
    rows = (values / 2 - shift / 2) / size
    a_cadence = cadence / timedelta(days=1)
    x = tuple((day.toordinal() - start.toordinal()) / a_cadence for day in days[first:])
    for number, scale, y in zip(rest, scales, rows.tolist(), strict=True):
        one = asked[number]
        case = _Case(
            scale=scale,
            x=x,
            y=y,
            history=0 if declared else history,
            level=scale.inward(one.baseline) if declared and one.baseline is not None else 0.0,
            year=_YEAR / a_cadence,
            length=(end - start).days / a_cadence + 1 / a_cadence,
            points=used,
            asked=one,
        )
        found[number] = case.without_noise() if case.silent() else case
    return [found[number] for number in range(len(asked))]


def _unknown(rule: str, points: int) -> MovementResult:
    return MovementResult(Movement.UNKNOWN, Trend.UNKNOWN, rule, points)


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


@dataclass(slots=True)
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
    points: int
    asked: Asked

    @property
    def forecast(self) -> bool:
        """Is a forecast asked for?"""
        return self.asked.whole and self.asked.until < self.asked.end

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is, 0 where that is not known."""
        upward, target = self.asked.upward, self.asked.target
        if upward is not None:
            return 1 if upward else -1
        if target is None:
            return 0
        origin = self.asked.baseline
        if origin is None:
            origin = self.scale.outward(self.before()[0])
        return 0 if target == origin else 1 if target > origin else -1

    def before(self) -> tuple[float, float]:
        """Level and slope before the cycle, as its readings say: level at the cycle's start."""
        n = self.history
        return line(self.x[:n], self.y[:n]) if n else (self.level, 0.0)

    def silent(self) -> bool:
        """No noise at all: one level before the cycle, and at most one other in it."""
        before, during = self.y[: self.history], self.y[self.history :]
        if before and max(before) - min(before) > self.scale.zero:
            return False
        changes = sum(abs(b - a) > self.scale.zero for a, b in pairwise(during))
        return changes <= 1 if before else changes == 0

    def movement(self, up: float, down: float, needed: float, untold: float) -> Movement:
        """What the logarithms of the odds say; ``untold`` as in ``_Noises``."""
        if max(up, down) >= needed:
            return _direction(up - down, self.sign)
        if self.history < ENOUGH and math.sqrt(2 * (needed + TELLING)) * untold > BLIND:
            return Movement.UNKNOWN
        return Movement.FLAT

    def result(
        self,
        movement: Movement,
        trend: Trend,
        noise: _Noise,
        odds: tuple[float, float, float],
        foretold: tuple[float, float, float] | None,
    ) -> MovementResult:
        """The whole judgement in words and in the numbers that people know."""
        n = self.history
        level, slope = self.before()
        if n and trend in (Trend.NONE, Trend.UNKNOWN):
            level, slope = math.fsum(self.y[:n]) / n, 0.0
        return MovementResult(
            movement,
            trend,
            self.rule(movement, (level, slope), noise, odds),
            self.points,
            centre=self.scale.outward(level),
            low=self.scale.outward(level - 2 * noise.sigma),
            high=self.scale.outward(level + 2 * noise.sigma),
            forecast=None if foretold is None else Forecast(*(self.scale.outward(v + self.level) for v in foretold)),
        )

    def without_noise(self) -> MovementResult:
        """Two readings in a row on one side of a level that showed no noise are movement."""
        level, n = self.before()[0], self.history
        last = [y - level for y in self.y[-2:]]
        away = len(last) == 2 and len(self.y) - n >= 2 and min(map(abs, last)) > self.scale.zero
        movement = _direction(last[-1], self.sign) if away and min(last) * max(last) > 0 else Movement.FLAT
        shown, value = self.scale.outward(level), self.scale.outward(self.y[-1])
        rule = _("Level rule: {readings}; without noise, two in a row on one side of {level} are movement.").format(
            readings=self.what(), level=show(shown)
        )
        if movement is Movement.UNKNOWN:
            rule = run_on([rule, _(_AIMLESS)])
        return MovementResult(
            movement,
            Trend.NONE if n >= LONG_ENOUGH else Trend.UNKNOWN,
            rule,
            self.points,
            centre=shown,
            low=shown,
            high=shown,
            forecast=Forecast(value, value, value) if self.forecast else None,
        )

    def what(self) -> str:
        """The readings that are compared, in words."""
        n = self.history
        during = len(self.y) - n
        if n:
            return ngettext(
                "{count} reading in the cycle against {before} before it",
                "{count} readings in the cycle against {before} before it",
                during,
            ).format(count=during, before=n)
        return ngettext(
            "{count} reading in the cycle against the declared baseline (too few readings before the cycle)",
            "{count} readings in the cycle against the declared baseline (too few readings before the cycle)",
            during,
        ).format(count=during)

    def rule(
        self,
        movement: Movement,
        line: tuple[float, float],
        noise: _Noise,
        odds: tuple[float, float, float],
    ) -> str:
        """By which rule, from what, in words; ``line`` is the level at the cycle's start and the slope before it."""
        level, slope = line
        where = _("level {level}").format(level=show(self.scale.outward(level)))
        if slope:
            where = _("a trend of {step} a cadence had led to {level}").format(
                step=show(self.scale.width(slope)), level=show(self.scale.outward(level))
            )
        up, down, needed = (_shown_odds(each) for each in odds)
        said = [
            _("Level rule: {readings} ({where}, noise σ {sigma}, autocorrelation {phi}).").format(
                readings=self.what(),
                where=where,
                sigma=show(self.scale.width(noise.sigma)),
                phi=show(round(noise.phi, 2)),
            ),
            _(
                "The odds that it is higher now for more than a while are {up}, that it is lower {down}; "
                "{needed} is movement."
            ).format(up=up, down=down, needed=needed),
        ]
        if len(self.y) - self.history < SHORTEST:
            said.append(_("A change must have lasted {count} readings.").format(count=SHORTEST))
        if movement is Movement.UNKNOWN:
            aimless = self.sign == 0 and max(odds[:2]) >= odds[2]
            said.append(_(_AIMLESS) if aimless else _("Too few to tell."))
        return run_on(said)


_YEAR = 365.25
_AIMLESS = N_("Which way is better is not known.")


def _together(cases: Sequence[_Case]) -> list[MovementResult]:
    """Judge cases that have the same days, cycle and history, none of them silent."""
    first = cases[0]
    rows = without_spikes(np.array([case.y for case in cases])) - np.array([[case.level] for case in cases])
    plan = design("movement", first.x, first.history, first.year)
    whole = [number for number, case in enumerate(cases) if case.asked.whole]
    noisy = bool(whole) or first.history < ENOUGH
    weights = weigh(plan, rows, rest=noisy)
    noises = _noises(plan, weights) if noisy else [_UNASKED] * len(cases)
    ups, downs = (odds.tolist() for odds in log_odds(plan, weights))
    needed = log_odds_needed(plan, first.length)
    movements = [
        case.movement(up, down, needed, noise.untold)
        for case, up, down, noise in zip(cases, ups, downs, noises, strict=True)
    ]
    found = [
        MovementResult(movement, Trend.UNKNOWN, "", case.points)
        for case, movement in zip(cases, movements, strict=True)
    ]
    if not whole:
        return found
    onward = design("trend", first.x, first.history, first.year)
    going_on = weigh(onward, rows[whole])
    trends = _trends(onward, going_on, [cases[number].sign for number in whole])
    foretold: dict[int, tuple[float, float, float]] = {}
    wanted = [place for place, number in enumerate(whole) if cases[number].forecast]
    if wanted:
        at = max(first.length - 1, first.x[-1])
        some = going_on if len(wanted) == len(whole) else going_on.of(wanted)
        ranges = foretell(onward, some, rows[[whole[place] for place in wanted]], at)
        foretold = {whole[place]: (low, mid, high) for place, (low, mid, high) in zip(wanted, ranges, strict=True)}
    for number, trend in zip(whole, trends, strict=True):
        odds = (ups[number], downs[number], needed)
        found[number] = cases[number].result(movements[number], trend, noises[number], odds, foretold.get(number))
    return found


@dataclass(frozen=True, slots=True)
class _Noise:
    """Averages over the stories, by their weights."""

    sigma: float
    phi: float
    untold: float
    """How badly the size of a change since the cycle's start is known, in σ."""


_UNASKED = _Noise(math.nan, math.nan, math.nan)
"""With so long a history movement alone needs none."""


def _noises(plan: Design, weights: Weights) -> list[_Noise]:
    changed = np.logaddexp(weights.up, weights.down)
    logs = np.concatenate([weights.same[..., None], changed], axis=-1) + _log_shares(plan)[:, None, None]
    shares = np.exp(logs - log_sum(logs, (1, 2, 3))[:, None, None, None])
    variance = (shares * weights.rest).sum(axis=(1, 2, 3)) / plan.freedom
    by_phi = shares.sum(axis=(1, 3))
    untold = np.full(len(by_phi), math.inf)
    if plan.lasting:
        untold = np.sqrt((by_phi / plan.information[0, :, 0]).sum(axis=1))
    columns = (np.sqrt(variance), by_phi @ PHI, untold)
    return [_Noise(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]


def _trends(plan: Design, weights: Weights, signs: Sequence[int]) -> list[Trend]:
    if plan.history < LONG_ENOUGH:
        return [Trend.UNKNOWN] * len(signs)
    return [
        _trend(best, sign)
        for best, sign in zip(trend_weights(plan, weights).argmax(axis=1).tolist(), signs, strict=True)
    ]


def _trend(best: int, sign: int) -> Trend:
    """What the likeliest of the four answers of ``trend_weights`` is called where ``sign`` is better."""
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
        return _("over 999 to 1")
    if log < math.log(0.001):
        return _("under 0.001 to 1")
    return _("{odds} to 1").format(odds=show(float(f"{math.exp(log):.2g}")))
