"""Examples for the rules of the mode drift."""

from __future__ import annotations

from docs.examples.example import Example, Pair

GOALS = """\
objectives:
  - id: O1
    team: commerce
    title: A small shop sells online within a day
    strategy: smb
    serves: small shop owners
    owner: chen
    key_results:
      - id: KR1.1
        title: Activated shops per week
        owner: chen
        metric: {unit: shops/week, baseline: 120, target: 500}
  - id: O2
    team: payments
    title: Buyers pay in one go
    strategy: smb
    serves: buyers
    owner: lin
    supports: O1
    key_results:
      - id: KR2.1
        title: Payments that succeed at the first try
        owner: lin
        metric: {unit: "%", baseline: 91, target: 95}
"""
_EASED = GOALS.replace("target: 500", "target: 350")
_EASING = "2026-11-02 | target: 500 | target: 350\n"
_RAISED = GOALS.replace("target: 500", "target: 800")
_RAISING = "2026-11-02 | target: 500 | target: 800\n"
_ACKNOWLEDGED = _EASED.replace("    supports: O1\n", "    supports: O1\n    acknowledged: {O1: {revision} by lin}\n")
REVISION = "c1549cfc"
"""Of O1 with a target of 350; a test says so when this changes."""
_RETIRED = GOALS.replace(
    "        owner: lin\n", "        owner: lin\n        retired: {on: 2026-10-20, reason: other plans}\n"
)
_LINKED = "PAY-1..12 | 2026-10-02+ | KR2.1 | lin\nPAY-21..24 | 2026-11-01+ | KR2.1 | lin\n"
_OTHER = "PAY-31..42 | 2026-11-05+ | nothing | lin\n"
_SEEN = "KR1.1 | manual | 2026-10-02 | 120\nKR2.1 | manual | 2026-10-02 | 91,91,91,91,91,91,91\n"
_BOTH_SEEN = _SEEN.replace("| 120", "| 120,121,119,122,120")

EXAMPLES: dict[str, Pair] = {
    "D001": (
        Example(_EASED, history=_EASING),
        Example(_EASED, history=_EASING.replace("2026-11-02", "2026-10-07")),
    ),
    "D002": (
        Example(_RAISED, history=_RAISING),
        Example(_RAISED, history=_RAISING.replace("2026-11-02", "2026-10-07")),
    ),
    "D003": (
        Example(_EASED, history=_EASING),
        Example(_ACKNOWLEDGED.replace("{revision}", REVISION), history=_EASING),
    ),
    "D004": (
        Example(_RETIRED, work="PAY-1..3 | 2026-10-28+ | KR2.1 | lin\nPAY-4 | open | KR2.1 | noor | 2026-11-03\n"),
        Example(_RETIRED, work="PAY-1..3 | 2026-10-25+ | KR2.1 | lin\nPAY-4 | open | KR2.1 | noor | 2026-10-10\n"),
    ),
    "D005": (Example(GOALS, work=_LINKED + _OTHER), Example(GOALS, work=_LINKED + _OTHER.replace("42", "33"))),
    "D006": (Example(GOALS, series=_SEEN), Example(GOALS, series=_BOTH_SEEN)),
}
