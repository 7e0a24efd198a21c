"""Where the outcome will stand at the cycle's end, if it goes on as it may be going now.

Each story of the series (``okrsync.stories``) foretells the last reading: its level goes on (a step stays, a ramp rises
on or stops now, a trend goes on), autocorrelated noise brings the last reading's distance with it, and another change
may still come. What a story foretells is a Student t distribution; the forecast is their mixture by the stories'
weights, of which the middle 80% are the interval.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from okrsync.noise import PHI, Array
from okrsync.stories import LONG_ENOUGH, Design, Weights, design, erfc, log_sum, regressors

INSIDE = 0.8
"""Share of forecasts that hold."""
CHANGED = 0.5
"""Prior share of stories with a change."""
TREND = 0.4
"""Prior share of a trend before the cycle that goes on."""
GOES_ON = 0.5
"""Prior share, of the ramps, of those that rise on; the others stop with the last reading."""
LATER = 0.3
"""Probability of a change in a whole cycle that is still to come; less, the less of the cycle is left."""
LATER_SIZE = 3.0
"""Its standard deviation, in σ."""
_NEGLIGIBLE = 2e-3
"""Stories of a smaller share are left out of a forecast."""
_HALVINGS = 16


def foretell(plan: Design, weights: Weights, rows: Array, at: float) -> list[tuple[float, float, float]]:
    """Low, middle and high of each series' reading at ``at`` (in cadences from the cycle's start, after the last one).

    ``plan`` is the design that is made for the question of the trend, and ``rows`` (series, readings) are what
    ``weights`` were made from.
    """
    trend = TREND if plan.history >= LONG_ENOUGH else 0.0
    later = max(1e-9, LATER * (at - plan.x[-1]) / (at + 1))
    logs, means, spreads = [], [], []
    onward = _onward(plan.x, plan.history, plan.year or math.inf, at)
    for number, family in enumerate(plan.families):
        share = math.log((trend if family.trend == "goes on" else 1 - trend) * family.share)
        rest = weights.rest[:, number]
        same = weights.same[:, number, :, None] + share + math.log(1 - CHANGED)
        changed = np.logaddexp(weights.up[:, number], weights.down[:, number]) + share + math.log(CHANGED)
        for (gains, variance), log, left in zip(
            onward[number],
            (same, changed + math.log(1 - GOES_ON), changed + math.log(GOES_ON)),
            (rest[..., :1], rest[..., 1:], rest[..., 1:]),
            strict=True,
        ):
            mean = np.einsum("rj,psj->rps", rows, gains).reshape(len(rows), -1)
            for chance, more in ((1 - later, 0.0), (later, LATER_SIZE**2)):
                logs.append((log + math.log(chance)).reshape(len(rows), -1))
                means.append(mean)
                spreads.append(np.sqrt((variance + more) * left / plan.freedom).reshape(len(rows), -1))
    every = np.concatenate(logs, axis=1)
    shares = np.exp(every - log_sum(every, 1)[:, None])
    shares[shares <= _NEGLIGIBLE] = 0.0
    # The stories of some weight first; the others are cut off, as far as no series needs them.
    most = int((shares > 0).sum(axis=1).max())
    order = np.argsort(-shares, axis=1, kind="stable")[:, :most]
    shares, mean, spread = (
        np.take_along_axis(each, order, axis=1)
        for each in (shares, np.concatenate(means, axis=1), np.concatenate(spreads, axis=1))
    )
    return _quantiles(shares / shares.sum(axis=1, keepdims=True), mean, spread, plan.freedom)


@lru_cache(maxsize=256)
def _onward(x: tuple[float, ...], history: int, year: float, at: float) -> tuple[tuple[tuple[Array, Array], ...], ...]:
    """``_paths`` for each family, and in it for stories without a change, with ramps that stop and with ramps that rise
    on: all of it follows from the days alone."""
    plan = design("trend", x, history, year)
    return tuple(
        tuple(_paths(plan, number, at, goes_on) for goes_on in (None, 0.0, 1.0)) for number in range(len(plan.families))
    )


def _paths(plan: Design, number: int, at: float, goes_on: float | None) -> tuple[Array, Array]:
    """How the readings make what each story of a family foretells for ``at``: (phi, stories, readings); its variance in
    σ²: (phi, stories).

    ``goes_on`` is None for the story without a change, else how far a ramp rises on (0 or 1).
    """
    x = np.asarray(plan.x)
    ahead = at - x[-1]
    base = regressors(np.append(x, at), plan.history, plan.year, plan.families[number])
    columns = np.array([column for column, _ in base]).reshape(1, len(base), len(x) + 1)
    ridge = [penalty for _, penalty in base]
    if goes_on is not None:
        shapes = plan.shapes[: plan.lasting]
        # A step's last two readings are equal, a ramp's are not.
        onward = shapes[:, -1] + goes_on * ahead * (shapes[:, -1] - shapes[:, -2])
        grown = np.column_stack([shapes, onward])[:, None, :]
        columns = np.concatenate([np.repeat(columns, len(shapes), axis=0), grown], axis=1)
        ridge = [*ridge, plan.families[number].size ** -2]
    past, future = columns[..., :-1], columns[..., -1]
    times = plan.diagonal[:, None, None] * past
    times[..., 1:] += plan.beside[:, None, None] * past[..., :-1]
    times[..., :-1] += plan.beside[:, None, None] * past[..., 1:]
    covariance = np.linalg.inv(np.einsum("pskj,slj->pskl", times, past) + np.diag(ridge))
    memory = PHI ** max(ahead, 0.0)
    open_ = future - memory[:, None, None] * past[..., -1]
    told = np.einsum("psk,pskl->psl", open_, covariance)
    gains = np.einsum("psl,pslj->psj", told, times)
    gains[..., -1] += memory[:, None]
    return gains, 1 - memory[:, None] ** 2 + np.einsum("psl,psl->ps", told, open_)


def _quantiles(share: Array, mean: Array, spread: Array, freedom: float) -> list[tuple[float, float, float]]:
    """Where the shares (1 − INSIDE) / 2, ½ and (1 + INSIDE) / 2 of mixtures of t distributions, in rows, lie below."""
    wanted = np.array([(1 - INSIDE) / 2, 0.5, (1 + INSIDE) / 2])
    spread = np.maximum(spread, 1e-12)
    centre = (share * mean).sum(axis=1, keepdims=True)
    reach = 8 * np.sqrt((share * ((mean - centre) ** 2 + spread**2)).sum(axis=1, keepdims=True))
    low, high = np.repeat(centre - reach, 3, axis=1), np.repeat(centre + reach, 3, axis=1)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        distance = (middle[:, :, None] - mean[:, None]) / spread[:, None]
        under = (below(distance, freedom) * share[:, None]).sum(axis=2) < wanted
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return [(one, two, three) for one, two, three in ((low + high) / 2).tolist()]


def below(t: Array, freedom: float) -> Array:
    """Student's t distribution function (Abramowitz & Stegun 26.7.8; good to 0.01 from 4 degrees of freedom on)."""
    return np.interp(t * (1 - 1 / (4 * freedom)) / np.sqrt(1 + t * t / (2 * freedom)), _Z, _NORMAL)


_Z: Array = np.linspace(-8.0, 8.0, 1601)
_NORMAL: Array = np.where(_Z < 0, erfc(np.abs(_Z) / math.sqrt(2)) / 2, 1 - erfc(np.abs(_Z) / math.sqrt(2)) / 2)
"""The normal distribution function, looked up because a forecast asks for it some thousand times."""
