"""Where the outcome will stand at the cycle's end, if it goes on as it may be going now.

Each story of the series (``okrsync.stories``) foretells the last reading: its level goes on (a step stays, a ramp
rises on or stops now, a trend goes on), and autocorrelated noise brings the last reading's distance with it. What a
story foretells is a Student t distribution; the forecast is their mixture by the stories' weights, of which the middle
80% are the interval.
"""

from __future__ import annotations

import math

import numpy as np

from okrsync.noise import PHI, Array, precision
from okrsync.stories import LONG_ENOUGH, Design, Family, Weights, erfc, log_sum, regressors

INSIDE = 0.8
"""Share of forecasts that hold."""
CHANGED = 0.5
"""Prior share of stories with a change."""
TREND = 0.4
"""Prior share of a trend before the cycle that goes on."""
GOES_ON = 0.5
"""Prior share, of the ramps, of those that rise on; the others stop with the last reading."""
_STEPS = 60


def foretell(plan: Design, weights: Weights, row: Array, at: float) -> tuple[float, float, float]:
    """Low, middle and high of the reading at ``at`` (in cadences from the cycle's start, after the last reading).

    ``row`` are the readings that ``weights`` (of this one series) were made from.
    """
    logs, means, spreads = [], [], []
    trend = TREND if plan.history >= LONG_ENOUGH else 0.0
    for number, family in enumerate(plan.families):
        if family.asks != "trend":
            continue
        share = math.log(1 - trend if family.trend == "none" else trend)
        for changed in (False, True):
            if changed and not plan.lasting:
                continue
            if changed:
                log = np.logaddexp(weights.up[0, number], weights.down[0, number]) + share + math.log(CHANGED)
                rest = weights.rest[0, number, :, 1:]
            else:
                log = weights.same[0, number][:, None] + share + math.log(1 - CHANGED)
                rest = weights.rest[0, number, :, :1]
            for goes_on, part in ((1.0, GOES_ON), (0.0, 1 - GOES_ON)) if changed else ((0.0, 1.0),):
                mean, variance = _predict(plan, family, row, at, changed=changed, goes_on=goes_on)
                logs.append((log + math.log(part)).ravel())
                means.append(mean.ravel())
                spreads.append(np.sqrt(variance * rest / plan.freedom).ravel())
    every = np.concatenate(logs)
    shares = np.exp(every - log_sum(every, 0))
    keep = shares > 1e-6
    low, mid, high = (
        _quantile(p, shares[keep], np.concatenate(means)[keep], np.concatenate(spreads)[keep], plan.freedom)
        for p in ((1 - INSIDE) / 2, 0.5, (1 + INSIDE) / 2)
    )
    return low, mid, high


def _predict(
    plan: Design, family: Family, row: Array, at: float, *, changed: bool, goes_on: float
) -> tuple[Array, Array]:
    """Mean and variance (in σ²) of the reading at ``at``; arrays (phi, stories)."""
    x = np.asarray(plan.x)
    ahead = at - x[-1]
    base = regressors(np.append(x, at), plan.history, plan.year, family)
    columns = np.array([column for column, _ in base]).reshape(len(base), len(x) + 1)
    ridge = [penalty for _, penalty in base]
    designs = columns[None]
    if changed:
        shapes = plan.shapes[: plan.lasting]
        # A step's last two readings are equal, a ramp's are not.
        onward = shapes[:, -1] + goes_on * ahead * (shapes[:, -1] - shapes[:, -2])
        grown = np.column_stack([shapes, onward])[:, None, :]
        designs = np.concatenate([np.repeat(designs, len(shapes), axis=0), grown], axis=1)
        ridge = [*ridge, family.size**-2]
    if not designs.shape[1]:
        memory = PHI[:, None] ** max(ahead, 0.0)
        return memory * row[-1], 1 - memory**2
    past, future = designs[..., :-1], designs[..., -1]
    diagonal, beside, _ = precision(plan.x)
    times = diagonal[:, None, None] * past
    times[..., 1:] += beside[:, None, None] * past[..., :-1]
    times[..., :-1] += beside[:, None, None] * past[..., 1:]
    covariance = np.linalg.inv(times @ np.swapaxes(past, -1, -2) + np.diag(ridge))
    values = np.einsum("pskl,psl->psk", covariance, times @ row)
    memory = PHI[:, None] ** max(ahead, 0.0)
    open_ = future - memory[..., None] * past[..., -1]
    mean = memory * row[-1] + np.einsum("psk,psk->ps", open_, values)
    return mean, 1 - memory**2 + np.einsum("psk,pskl,psl->ps", open_, covariance, open_)


def _quantile(p: float, share: Array, mean: Array, spread: Array, freedom: float) -> float:
    """Where a share ``p`` of a mixture of t distributions lies below, by bisection."""
    reach = 12 * spread.max() + 1e-9
    low, high = float(mean.min() - reach), float(mean.max() + reach)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if float(share @ below((middle - mean) / np.maximum(spread, 1e-12), freedom)) < p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def below(t: Array, freedom: float) -> Array:
    """Student's t distribution function (Abramowitz & Stegun 26.7.8; good to 0.01 from 4 degrees of freedom on)."""
    z = t * (1 - 1 / (4 * freedom)) / np.sqrt(1 + t * t / (2 * freedom))
    return erfc(-z / math.sqrt(2)) / 2
