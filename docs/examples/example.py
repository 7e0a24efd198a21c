"""What an example of a finding holds: goals as in ``okrs/*.yaml``, and what the store would know, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

HEAD = """\
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31, check_in: 7d}
strategy:
  - {id: smb, title: Small shops first}
  - {id: trust, title: Money moves safely}
teams:
  - {id: acme, level: company, lead: mei}
  - {id: commerce, level: department, parent: acme, lead: chen}
  - {id: payments, level: team, parent: commerce, lead: lin}
  - {id: growth, level: team, parent: commerce, lead: noor}
"""
"""What stands before the goals of an example that do not begin with a cycle of their own."""

SETTINGS = """\
sources:
  shop: {type: jira, url: "https://acme.atlassian.net", auth: {token: "${JIRA_TOKEN}"}, projects: [SHOP, PAY]}
people:
  - {id: mei, name: Mei}
  - {id: chen, name: Chen, team: commerce, accounts: {shop: chen}}
  - {id: lin, name: Lin, team: payments, accounts: {shop: lin}}
  - {id: noor, name: Noor, team: growth, accounts: {shop: noor}}
"""
"""``okrsync.yaml`` of every example."""


@dataclass(frozen=True)
class Example:
    """Data that a rule fires on, or the nearest that it does not."""

    goals: str
    """A file of goals; without a line ``cycle:``, ``HEAD`` stands before it."""
    settings: str = ""
    """What ``okrsync.yaml`` has beside ``SETTINGS``."""
    earlier: str = ""
    """Files of goals of earlier cycles, each beginning with ``cycle:``."""
    history: str = ""
    """Rows ``day | before | since``: on that day the text ``before`` of the goals became ``since``; oldest first."""
    work: str = ""
    """Rows ``piece | done | serves | by | created``: ``SHOP-1..12`` are twelve pieces, ``open`` is not done, ``by`` an
    account; without ``created``, on the cycle's first day.

    ``done`` is a day, at noon, or ``DAY+``: the first piece on that day, each further one a day later.
    """
    series: str = ""
    """Rows ``key result | origin | first day | values``: one value a cadence, ``manual`` for a person's check-ins.

    ``34 (2)`` is the value 34 with a confidence of 2 of 10.
    """
    waits: str = ""
    """Rows ``item | kind | account | since | days | serves``: ``acme/pay#1..20`` are twenty items, since a noon."""
    links: str = ""
    """Rows ``key result | rule | items | pieces | of``: what a work rule matches in the store."""
    as_of: date = date(2026, 11, 20)
    """The day of judgement."""
    store: bool = True
    """False where the rule is shown on the configuration alone, as ``okrsync check`` sees it."""


Pair = tuple[Example, Example]
"""What fires, and the nearest that does not."""


def rows(table: str) -> list[list[str]]:
    """The cells of each row of a table as an example writes it."""
    return [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
