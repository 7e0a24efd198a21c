"""Examples for the rules of the mode alignment."""

from __future__ import annotations

from docs.examples.example import Example, Pair

COMPANY = """\
objectives:
  - id: O1
    team: acme
    title: A small shop sells online within a day
    strategy: smb
    key_results:
      - {id: KR1.1, title: Activated shops from 120 to 300, metric: {unit: shops, baseline: 120, target: 300}}
      - {id: KR1.2, title: Shops that stay a year from 60 to 75, metric: {unit: "%", baseline: 60, target: 75}}
"""
DEPARTMENT = """\
  - id: O2
    team: commerce
    title: Shops open without help
    strategy: smb
    supports: O1
    key_results:
      - {id: KR2.1, title: Shops opened without a call from 40 to 70, metric: {unit: "%", baseline: 40, target: 70}}
"""
TEAM = """\
  - id: O3
    team: payments
    title: Buyers pay in one go
    strategy: smb
    supports: O2
    key_results:
      - {id: KR3.1, title: Payments that succeed from 91 to 95, metric: {unit: "%", baseline: 91, target: 95}}
"""
GOALS = COMPANY + DEPARTMENT + TEAM
WORK = """\
SHOP-1..30 | 2026-10-05+ | KR3.1 | lin
"""


def changed(old: str, new: str, text: str = GOALS) -> str:
    """Goals with one text replaced."""
    assert text.count(old) == 1, old
    return text.replace(old, new)


_NO_PARENT = changed("    supports: O2\n", "")
_ONLY_ONE = changed("supports: O1\n", "supports: KR1.1\n")
_SKIPPED = COMPANY + changed("supports: O2", "supports: O1", TEAM)
_RETIRED = (
    changed(
        "baseline: 40, target: 70}}", "baseline: 40, target: 70}, retired: {on: 2026-11-02, reason: too costly}}"
    ).replace("supports: O2", "supports: KR2.1")
    + """\
  - id: O4
    team: commerce
    title: Shops grow
    strategy: smb
    supports: O1
    key_results:
      - {id: KR4.1, title: Orders a shop from 20 to 30, metric: {unit: orders, baseline: 20, target: 30}}
"""
)

EXAMPLES: dict[str, Pair] = {
    "A001": (Example(_NO_PARENT, store=False), Example(GOALS, store=False)),
    "A002": (Example(_ONLY_ONE), Example(_ONLY_ONE, work="SHOP-1 | open | KR1.2 | mei")),
    "A003": (Example(_SKIPPED), Example(_SKIPPED, work="SHOP-1 | open | KR3.1 | chen")),
    "A004": (
        Example(_NO_PARENT, work=WORK),
        Example(GOALS, work=WORK),
    ),
    "A005": (
        Example(GOALS.replace("smb\n    supports: O2", "trust\n    supports: O2"), store=False),
        Example(GOALS, store=False),
    ),
    "A006": (Example(_RETIRED), Example(_RETIRED.replace("supports: KR2.1", "supports: KR4.1"))),
}
