"""Examples for the rules of the mode persistence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from docs.examples.example import Example, Pair

GOALS = """\
objectives:
  - id: O1
    team: payments
    title: Buyers pay in one go
    strategy: smb
    serves: buyers
    owner: lin
    key_results:
      - id: KR1.1
        title: Payments that succeed at the first try from 91 to 95 percent
        owner: lin
        metric: {unit: "%", baseline: 91, target: 95, lag: 28d}
      - id: KR1.2
        title: Checkout time (p95) from 3.2 to 1.5 seconds
        owner: lin
        metric: {unit: s, baseline: 3.2, target: 1.5, lag: 7d}
"""
"""A team whose people measure both key results themselves."""

OTHER_TEAM = """\
  - id: O2
    team: growth
    title: Small shops are found
    strategy: smb
    serves: small shop owners
    owner: noor
    key_results:
      - id: KR2.1
        title: Visits from search engines from 41 to 50 thousand a week
        owner: noor
        metric: {unit: thousand, baseline: 41, target: 50, lag: 28d}
"""

AUTOMATIC = GOALS.replace("target: 95, lag: 28d}", "target: 95, lag: 28d, source: {type: csv, path: success.csv}}")
"""The same with a series for KR1.1."""

KEPT = """\
KR1.1 | manual | 2026-10-02 | 91,91,91.2,91,91.1,91,91.2,91.1
KR1.2 | manual | 2026-10-02 | 3.2,3.1,3,3,2.9,2.8,2.7,2.6
"""
"""A check-in a week on both, the last on 20 November."""

_ONE_STOPPED = """\
KR1.1 | manual | 2026-10-02 | 91,91,91.2,91,91.1
KR1.2 | manual | 2026-10-02 | 3.2,3.1,3,3,2.9,2.8,2.7,2.6
"""
_LATER = _ONE_STOPPED.replace("91.1\n", "91.1,91\n")
_BOTH_STOPPED = """\
KR1.1 | manual | 2026-10-02 | 91,91,91.2,91,91.1
KR1.2 | manual | 2026-10-02 | 3.2,3.1,3,3
"""
_OTHER_STOPPED = _BOTH_STOPPED + "KR2.1 | manual | 2026-10-02 | 41,42,41,42,43\n"
_SERIES = "KR1.1 | csv | 2026-09-18 | 91,91,91.1,91,91.2,91,91,91.1,91,91.1\n"
_SPOKEN = _SERIES + "KR1.1 | manual | 2026-10-09 | 91\n"

RETIRED = GOALS.replace(
    '        metric: {unit: "%"',
    '        retired: {on: 2026-11-10, reason: "does not work"}\n        metric: {unit: "%"',
)
_WORK = "PAY-1..6 | 2026-10-20+ | KR1.1 | lin\n"

LONG_LAG = GOALS.replace("lag: 28d", "lag: 180d")

_DOUBTED = """\
KR1.1 | manual | 2026-10-02 | 91 (6),91 (6),91.2 (5),91 (4),91.1 (4),91 (3),91.2 (3),91.1 (2)
"""


def _cycle(name: str, start: str, end: str, number: int) -> str:
    """An earlier cycle that has the same series for its first key result, and another one."""
    return f"""\
cycle: {{id: {name}, start: {start}, end: {end}}}
objectives:
  - id: O9{number}
    team: payments
    title: Buyers pay in one go
    strategy: smb
    serves: buyers
    owner: lin
    key_results:
      - id: KR9{number}.1
        title: Payments that succeed at the first try from 91 to 95 percent
        owner: lin
        metric: {{unit: "%", baseline: 91, target: 95, lag: 14d}}
      - id: KR9{number}.2
        title: Baskets that are paid for from 60 to 70 percent
        owner: lin
        metric: {{unit: "%", baseline: 60, target: 70, lag: 14d}}
"""


EARLIER = _cycle("2026-Q2", "2026-04-01", "2026-06-30", 1) + _cycle("2026-Q3", "2026-07-01", "2026-09-30", 2)
_FLAT = "91,90.8,91.2,91,91.1,90.9,91.2,90.8,91,91.2,90.9,91.1,91,91.2,90.8,91.1,90.9,91,91.2,91,90.9,91.1"
_RISEN = "91,90.8,91.2,91,91.1,90.9,91.2,90.8,93.6,94.1,94.3,94.1,94.2,93.9,94,94.3,94.4,94.2,94.1,94.4,94.2,94.5"
_NOW = "91,90.8,91.2,91,91.1,90.9,91.2,90.8,91,91.2,90.9,91.1,91,91.2,90.8,91.1"
_BASKETS = "60,60.4,59.7,60.2,59.9,60.3,59.8,60.1,60,60.3,59.8,60.2,59.9,60.1,60.2,59.8,60,60.3,59.9,60.1,60,60.2"
_TIME = "3.2,3.1,3.3,3.2,3.1,3.2,3.3,3.1,3.2,3.3,3.1,3.2,3.1,3.3,3.2,3.1"
_PAST = f"""\
KR91.1 | manual | 2026-02-06 | {_FLAT}
KR91.2 | manual | 2026-02-06 | {_BASKETS}
KR92.1 | manual | 2026-05-08 | {_FLAT}
KR92.2 | manual | 2026-05-08 | {_BASKETS}
KR1.1 | manual | 2026-08-07 | {_NOW}
KR1.2 | manual | 2026-08-07 | {_TIME}
"""
_LEARNED = _PAST.replace(f"KR92.1 | manual | 2026-05-08 | {_FLAT}", f"KR92.1 | manual | 2026-05-08 | {_RISEN}")
_LONG_WORK = "PAY-1..6 | 2026-10-02+ | KR1.1 | lin\nPAY-11..16 | 2026-10-02+ | KR1.2 | lin\n"
_LONG = Example(GOALS, earlier=EARLIER, work=_LONG_WORK, series=_PAST)

EXAMPLES: dict[str, Pair] = {
    "P001": (
        Example(GOALS, series=_ONE_STOPPED, as_of=date(2026, 11, 14)),
        Example(GOALS, series=_LATER, as_of=date(2026, 11, 14)),
    ),
    "P002": (Example(GOALS, series=_BOTH_STOPPED), Example(GOALS, series=_ONE_STOPPED)),
    "P003": (
        Example(GOALS + OTHER_TEAM, series=_OTHER_STOPPED),
        Example(GOALS + OTHER_TEAM, series=_OTHER_STOPPED.replace("42,43", "42,43,43,44")),
    ),
    "P004": (
        Example(GOALS, series=_ONE_STOPPED, as_of=date(2026, 11, 21)),
        Example(GOALS, series=_ONE_STOPPED, as_of=date(2026, 11, 20)),
    ),
    "P005": (Example(AUTOMATIC, series=_SERIES), Example(AUTOMATIC, series=_SPOKEN)),
    "P006": (
        Example(RETIRED, work=_WORK, series=KEPT),
        Example(RETIRED.replace("2026-11-10", "2026-11-17"), work=_WORK, series=KEPT),
    ),
    "P007": (Example(LONG_LAG, store=False), Example(LONG_LAG.replace("180d", "60d"), store=False)),
    "P008": (
        Example(GOALS, work=_WORK.replace("10-20", "10-28"), series=_DOUBTED),
        Example(GOALS, work=_WORK, series=_DOUBTED),
    ),
    "P009": (_LONG, replace(_LONG, series=_LEARNED)),
    "P010": (_LONG, replace(_LONG, series=_LEARNED)),
}
