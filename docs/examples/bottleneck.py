"""Examples for the rules of the mode bottleneck."""

from __future__ import annotations

from docs.examples.example import Example, Pair

GOALS = """\
objectives:
  - id: O1
    team: payments
    title: Money arrives
    owner: noor
    key_results:
      - {id: KR1.1, title: "Payments that succeed, from 91 to 95%", metric: {baseline: 91, target: 95}}
      - {id: KR1.2, title: "Refunds within a day, from 70 to 95%", metric: {baseline: 70, target: 95}}
      - {id: KR1.3, title: "Disputes lost, from 30 to 20%", metric: {baseline: 30, target: 20}}
      - {id: KR1.4, title: "Payouts late, from 12 to 4%", metric: {baseline: 12, target: 4}}
"""
_OPEN = "PAY-1..30 | open | KR1.1 | lin\nPAY-31..36 | open | KR1.1 | ada\n"
_DONE = "PAY-1..30 | 2026-10-02+ | KR1.1 | lin\nPAY-31..36 | 2026-10-02+ | KR1.1 | ada\n"
_SHARED = ("PAY-1..30", "PAY-1..18"), ("PAY-31..36", "PAY-19..36")
_REVIEWS = (
    "acme/pay#1..30 | review | lin | 2026-10-05 | 1 | KR1.1\nacme/pay#31..36 | review | ada | 2026-10-05 | 1 | KR1.1\n"
)
_WAITS = (
    "acme/pay#1..20 | review | lin | 2026-10-05 | 6 | KR1.1\nacme/pay#21..40 | review | ada | 2026-10-05 | 1 | KR1.1\n"
)


def _even(rows: str) -> str:
    """The same number of pieces, half of them the lead's."""
    for before, after in _SHARED:
        rows = rows.replace(before, after)
    return rows


EXAMPLES: dict[str, Pair] = {
    "B001": (Example(GOALS, work=_OPEN), Example(GOALS, work=_even(_OPEN))),
    "B002": (Example(GOALS, work=_DONE), Example(GOALS, work=_even(_DONE))),
    "B003": (
        Example(GOALS, waits=_REVIEWS),
        Example(GOALS, waits=_REVIEWS.replace("1..30", "1..18").replace("#31..36", "#19..36")),
    ),
    "B004": (Example(GOALS, waits=_WAITS), Example(GOALS, waits=_WAITS.replace("| 6 |", "| 1.5 |"))),
    "B005": (
        Example(GOALS.replace("owner: noor", "owner: lin")),
        Example(
            GOALS.replace("owner: noor", "owner: lin")
            .replace("KR1.1, ", "KR1.1, owner: noor, ")
            .replace("KR1.2, ", "KR1.2, owner: noor, ")
        ),
    ),
    "B006": (
        Example(GOALS, work=_DONE),
        Example(GOALS, work=_DONE, series="KR1.1 | manual | 2026-11-05 | 92\n"),
    ),
}
