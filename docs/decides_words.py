"""``docs/explanation/how-it-decides.md``: its numbers are those that the code calculates with."""

from __future__ import annotations

from docs.decides_pages import error_rates
from okrsync import forecast, movement, noise, stories


def page() -> str:
    """The page, with the constants of the code and the error rates that were measured."""
    return _PAGE.format(
        spike=f"{noise.SPIKE:g}",
        phi=f"{min(noise.PHI):g} to {max(noise.PHI):g}",
        odds=f"{movement.ODDS:g}",
        odds_of_few=f"{movement.ODDS_OF_FEW:g}",
        few=movement.FEW,
        fewest=movement.FEWEST,
        history=movement.HISTORY,
        enough=movement.ENOUGH,
        blind=f"{movement.BLIND:g}",
        early=f"{movement.EARLY:g}",
        shortest=stories.SHORTEST,
        onsets=stories.ONSETS,
        ramps=len(stories.RAMPS),
        brief=" or ".join(map(str, stories.BRIEF)),
        came_back=f"{movement.CAME_BACK:.0%}",
        years=stories.SEASON_YEARS,
        long_enough=stories.LONG_ENOUGH,
        inside=f"{forecast.INSIDE:.0%}",
        later=f"{forecast.LATER:.0%}",
        errors=error_rates(),
    )


_PAGE = """\
# How it decides

This page is written by `make docs`: its numbers are those that the code calculates with.

A verdict puts two facts beside each other: what was done for a key result, and whether its outcome moved. It says that
both were seen together, or were not. It does not say that one caused the other.
[The table of verdicts](../reference/verdicts.md) says which follows from what, and `okrsync explain KR1.1` lays out every
step to one verdict, to be redone by hand, and what would change it.

## What counts as work

The unit is a *piece of work*: an issue with its sub-tasks, the pull requests that close or name it and the commits that
name it; or a pull request that names no issue, with its commits; or a commit that names neither. A rule that matches any
part links the piece. Each piece counts once, and is completed when its issue is (without an issue: when it is merged;
without either: when it is committed). Epics and what stands above them pass their links down and are not counted.

*Completed* means done for a reason that counts: `Won't Do`, `Duplicate`, `not_planned` or a pull request closed unmerged do
not ([`not_completed`](../reference/configuration.md) lists them). *Settled* is what was completed longer ago than the key
result's `lag`: the outcome has had time to show it. *Active* is what is open and was changed within two check-in periods.

The window begins with the cycle and ends with the day of judgement: for work at the latest with the cycle, for
measurements with the cycle's end plus the key result's lag. A cycle that is over is measured on until then, and its
report says which verdicts changed since.

Of a piece only its latest change is kept. Seen from a past day, open work that was touched since counts as active, even
if nobody had touched it for weeks by then: where the report of that day said `neglected`, `--as-of` may say `building`
(of a limit that was left: `busy`), `since` may name too early a day, and P004 may take work as going on.

## Has it moved?

"Current minus start" is progress half the time on a metric that only wobbles. okrsync weighs *stories* instead:

- the level stayed where it was before the cycle;
- it rose, or fell, by a step (in one of at most {onsets} places) or a ramp (from one of {ramps}), and is there still; the
  last {shortest} readings must show it;
- it was away for {brief} readings and came back;
- before the cycle it stood still or had a trend (from {long_enough} readings on), with or without the seasons of a year
  (from {years} years on).

Each story counts by the probability that it gives to the readings, with everything unknown averaged out: the size of the
change, level, slope, season, σ and the autocorrelation of neighbours, from {phi}. For the autocorrelation φ with
correlations R and the design X (level, trend, season, change) that is

```text
log weight = log prior(φ) − ½ log|R| − ½ log|X'R⁻¹X + Λ| + ½ log|Λ|
             − d/2 · log(y'R⁻¹y − y'R⁻¹X (X'R⁻¹X + Λ)⁻¹ X'R⁻¹y)
```

where Λ holds one over the prior variances in σ², 0 for the level, which may be anything, and d is the number of readings,
less one where the level is not declared (A. Gelman et al., *Bayesian Data Analysis*, 3rd ed., chapter 14). The noise is
first-order autocorrelated. [The code with all priors](../../okrsync/stories.py).

Before that, a reading counts as at most {spike} σ from the median of its neighbours (F. R. Hampel, *The influence curve and
its role in robust estimation*, JASA 69, 1974): one spike is no movement. The latest {history} readings before the cycle
count.

The odds of *has risen* against all other stories decide. At the cycle's end {odds} to 1 are movement, {odds_of_few} to 1
with fewer than {few} readings before the cycle. Early on more is needed, as a chart that is looked at every week has many
chances to mislead: the logarithm of the odds is larger by {early} · (1/√share − 1), for the share of the cycle that has
passed. A change that came back has a prior share of {came_back} of the stories without movement.

With fewer than {fewest} readings before the cycle the declared baseline stands in for them. With fewer than {enough}, that
could not have shown a change of {blind} σ, the movement is `unknown` and the verdict `unmeasured`: too few to tell is not
the same as flat.

![Three simulated series: noise is flat, a step is found, a trend that goes on is named so](../how-it-decides.svg)

The band is the usual range before the cycle (2 σ), the shaded part the cycle.

*Trend* compares the cycle with what the trend before it foretold: `continued`, `better`, `worse`, `none`, `unknown`. Growth
that merely goes on is `toward` and *continued*, and the report says that it is no sign that this cycle's work did
anything. The *forecast* lets each story go on, with another change to come in a whole cycle with probability {later}; the
middle {inside} of that is what the report shows.

## How often it is wrong

In simulated weekly series with a cycle of 13 weeks; the false alarms are the worst of eight kinds of noise (normal, heavy
tails, autocorrelation of .3, .5 and .8, counts, seasons of 4 and 13 weeks), the steps come in week 4, in normal noise.
`python -m benchmarks movement` measures it; [all of it](../../benchmarks/RESULTS.md).

{errors}
What it cannot do: tell a yearly season from a change before the history spans {years} years (so compare a Christmas quarter
with care), find a change in noise as strongly autocorrelated as .8 reliably, or name a trend of a tenth of σ a week from 20
readings more often than [what can be known at all](../../benchmarks/RESULTS.md) allows. A key result whose way to the target
is less than 2 σ of its own noise is called *untestable* ([S017](../findings/S017.md)).
"""  # noqa: E501
