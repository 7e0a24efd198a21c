"""Examples for the rules of the mode strategy."""

from __future__ import annotations

from docs.examples.example import HEAD, Example, Pair

GOOD = """\
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
        metric: {unit: "%", baseline: 91, target: 95, lag: 28d, source: {type: csv, path: success.csv}}
      - id: KR1.2
        title: Checkout time (p95) from 3.2 to 1.5 seconds
        owner: lin
        metric: {unit: s, baseline: 3.2, target: 1.5, lag: 7d, source: {type: csv, path: p95.csv}}
"""
"""Goals that no rule of this mode has anything to say about."""

MORE = """\
      - id: KR1.{number}
        title: Refunds paid within a day, shop group {number}, from 70 to 95 percent
        owner: lin
        metric: {{unit: "%", baseline: 70, target: 95, lag: 14d, source: {{type: csv, path: r{number}.csv}}}}
"""


def changed(*changes: tuple[str, str], base: str = GOOD) -> str:
    """Goals with some text replaced, each once."""
    for old, new in changes:
        assert base.count(old) == 1, old
        base = base.replace(old, new)
    return base


def goals(fires: str, spares: str = GOOD) -> Pair:
    """Two examples that the configuration alone decides."""
    return Example(fires, store=False), Example(spares, store=False)


_TITLE = "Checkout time (p95) from 3.2 to 1.5 seconds"
_ZERO = ("unit: s, baseline: 3.2, target: 1.5", 'unit: "%", baseline: 0, target: 100')
_STEADY = "KR1.2 | csv | 2026-08-31 | {value}"
_FLAT = "KR1.2 | csv | 2026-06-08 | " + ", ".join(["3.3, 3.1, 3.2"] * 8)
_MAINTAIN = ("unit: s, baseline: 3.2, target: 1.5, lag: 7d", "unit: s, target: 1.5")
_KIND = ("seconds\n        owner: lin", "seconds\n        owner: lin\n        kind: maintain")
_LIMIT = changed(_KIND, _MAINTAIN, ("target: 1.5", "target: 1.5, direction: at_most"))
_SECOND = GOOD[GOOD.index("      - id: KR1.2") :]
_BY_HAND = changed((", source: {type: csv, path: p95.csv}", ""))
_MILESTONES = changed(
    (GOOD[GOOD.index('metric: {unit: "%"') : GOOD.index("\n      - id: KR1.2")], "kind: milestone"),
    (GOOD[GOOD.index("metric: {unit: s") : -1], "kind: milestone"),
)
_WITH_RULE = GOOD + "        work:\n          - {source: shop, labels: [checkout]}\n"
_LONG = HEAD.replace("2026-10-01", "2026-01-01")

EXAMPLES: dict[str, Pair] = {
    "S001": goals(changed((_TITLE, "Ship one-click checkout")), changed((_TITLE, "Buyers who ship their first order"))),
    "S002": goals(
        changed(("unit: s, baseline: 3.2, target: 1.5", "unit: tickets, baseline: 0, target: 40")),
        changed(("unit: s, baseline: 3.2, target: 1.5", "unit: support tickets, baseline: 60, target: 40")),
    ),
    "S003": goals(
        changed((_TITLE, "Progress of the new checkout"), _ZERO),
        changed((_TITLE, "Buyers who use the new checkout"), _ZERO),
    ),
    "S004": goals(changed(("seconds\n        owner: lin\n", "seconds\n"))),
    "S005": goals(changed(("baseline: 3.2, target: 1.5", "baseline: 3.2"))),
    "S006": goals(
        changed(("baseline: 3.2, ", "")), changed(_KIND, _MAINTAIN, ("target: 1.5", "target: 1.5, direction: at_most"))
    ),
    "S007": goals(changed(("unit: s, ", ""))),
    "S008": (Example(_BY_HAND), Example(_BY_HAND, series="KR1.2 | manual | 2026-11-18 | 3.1")),
    "S009": goals(_LONG.replace("2026-12-31", "2027-01-06") + GOOD, _LONG.replace("2026-12-31", "2027-01-05") + GOOD),
    "S010": goals(changed(("target: 1.5", "target: 3.2"))),
    "S011": goals(changed(_KIND, _MAINTAIN), _LIMIT),
    "S012": goals(
        GOOD + "".join(MORE.format(number=number) for number in (3, 4, 5, 6)),
        GOOD + "".join(MORE.format(number=number) for number in (3, 4, 5)),
    ),
    "S013": goals(changed(("    strategy: smb\n", ""))),
    "S014": goals(changed(("    serves: buyers\n", ""))),
    "S015": goals(changed(("lag: 7d", "lag: 28d")), changed(("lag: 7d", "lag: 21d"))),
    "S016": goals(_MILESTONES, _MILESTONES[: _MILESTONES.index("      - id: KR1.2")] + _SECOND),
    "S017": (
        Example(GOOD, series=_STEADY.format(value="4.8, 1.6, 3.9, 2.2, 4.4, 2.5, 4.1, 1.9, 3.4, 2.9, 4.6, 2.1")),
        Example(GOOD, series=_FLAT),
    ),
    "S018": (
        Example(_WITH_RULE, links="KR1.2 | 1 | 0 | 0 | 420"),
        Example(_WITH_RULE, links="KR1.2 | 1 | 1 | 1 | 420"),
    ),
    "S019": (
        Example(_WITH_RULE, links="KR1.2 | 1 | 400 | 380 | 420"),
        Example(_WITH_RULE, links="KR1.2 | 1 | 390 | 370 | 420"),
    ),
    "S020": (
        Example(GOOD, work="SHOP-1..6 | 2026-10-12+ | KR1.2 | lin", series=_FLAT),
        Example(GOOD, work="SHOP-1..6 | 2026-11-14+ | KR1.2 | lin", series=_FLAT),
    ),
    "S021": (
        Example(GOOD, work="SHOP-1..20 | 2026-10-05+ | KR1.2 | lin\nPAY-1..20 | 2026-10-05+ | nothing | lin"),
        Example(GOOD, work="SHOP-1..32 | 2026-10-05+ | KR1.2 | lin\nPAY-1..8 | 2026-10-05+ | nothing | lin"),
    ),
}
