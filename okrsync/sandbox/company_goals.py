"""The sample company's own files, as a newcomer would write them: configuration, goals, weekly series, check-ins.

The series are made so that the movement rule, unbent, finds each verdict once at least. They are typed in and not drawn
at random: the page must be the same on every machine and with every Python.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from okrsync.model import Measurement

AS_OF = date(2026, 11, 20)
"""The day that the demo judges: week 8 of a quarter of 13."""
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
"""The demo's clock: 18:00 on that day at the company's head office."""
JIRA = "http://marigold.atlassian.example"
GITHUB = "http://api.github.example"
WEB = "https://github.example"
"""Where GitHub's pages for people would be."""
REPO = "marigold/storefront"
ACCOUNT = "okr-bot@marigold.example"
TOKEN = "demo-token"  # noqa: S105 (it opens nothing but the stand-ins)

CONFIG = f"""\
# yaml-language-server: $schema=schemas/okrsync.schema.json
# The configuration of a sample company, Marigold, an online-shop platform. `okrsync demo` wrote it; nothing is real.
store: sqlite:///okrsync.db
timezone: Asia/Shanghai               # days begin and end here
language: en

# Where the work is. The addresses do not exist: while `okrsync demo` runs, stand-ins on this machine answer for them.
# In a real file the tokens would come from the environment: token: "${{JIRA_TOKEN}}".
sources:
  jira:
    type: jira                        # Cloud or Data Center
    url: {JIRA}
    auth: {{email: {ACCOUNT}, token: {TOKEN}}}
    projects: [SHOP, PAY]
  github:
    type: github
    url: {GITHUB}    # leave it out for github.com
    auth: {{token: {TOKEN}}}
    repos: [{REPO}]
  clone:
    type: git
    path: storefront                  # a clone on this machine

okrs: okrs/                           # every .yaml file in there

# Who is who, so that reports show names and not account ids.
people:
  - {{id: chief, name: Managing director}}
  - {{id: head-commerce, name: Head of Commerce, accounts: {{jira: head-commerce}}}}
  - {{id: head-platform, name: Head of Platform, accounts: {{jira: head-platform}}}}
  - {{id: lead-onboarding, name: Onboarding lead, team: onboarding, accounts: {{jira: dev-1, github: dev-1}}}}
  - {{id: lead-checkout, name: Checkout lead, team: checkout, accounts: {{jira: dev-4, github: dev-4}}}}
  - {{id: lead-growth, name: Growth lead, team: growth, accounts: {{jira: dev-7}}}}
  - {{id: lead-operations, name: Operations lead, team: operations, accounts: {{jira: dev-9}}}}

# Where the weekly page goes: the files of a folder, and a git repository, as the wiki of a GitHub project is one.
publish:
  - {{type: folder, path: wiki/}}
  - {{type: git, url: storefront.wiki.git}}
"""

OKRS = """\
# yaml-language-server: $schema=../schemas/okrs.schema.json
# The goals of one quarter. An objective says what for and for whom; a key result says how one would see it.
# `work` says which work is meant to move a key result. Closing that work never moves it: only `source` does.
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31, check_in: 7d}

strategy:
  - {id: smb, title: Small shops first}
  - {id: trust, title: Money moves safely and fast}

teams:
  - {id: marigold, name: Marigold, level: company, lead: chief}
  - {id: commerce, name: Commerce, level: department, parent: marigold, lead: head-commerce}
  - {id: platform, name: Platform, level: department, parent: marigold, lead: head-platform}
  - {id: onboarding, name: Onboarding, level: team, parent: commerce, lead: lead-onboarding}
  - {id: growth, name: Growth, level: team, parent: commerce, lead: lead-growth}
  - {id: checkout, name: Checkout, level: team, parent: platform, lead: lead-checkout}
  - {id: operations, name: Operations, level: team, parent: platform, lead: lead-operations}

objectives:
  - id: O1
    team: marigold
    title: A small shop sells online within a day
    strategy: smb
    serves: small shop owners
    owner: chief
    key_results:
      # Busy: by far the most work of the quarter, and the number stands where it stood in May.
      - id: KR1.1
        title: Activated shops per week from 120 to 300
        owner: head-commerce
        metric:
          unit: shops/week
          baseline: 120
          target: 300                 # the direction follows from baseline to target
          source: {type: csv, path: metrics/activation.csv, date: week, value: shops}
          cadence: 7d
          lag: 14d                    # how long after shipping the outcome can show it
          counted: true               # a week's value is complete only when the week is
        work:                         # what any of the rules matches; all keys of one rule must match
          - {source: jira, epics: [SHOP-1]}                       # the epic and everything below it
          - {source: jira, projects: [SHOP], labels: [activation]}
      # Unmeasured: nobody has asked the shop owners since September.
      - id: KR1.2
        title: Shop owners who would recommend us from 30 to 50 percent
        owner: head-commerce
        metric:                       # no source: people say it, with `okrsync check-in KR1.2 34 --note "survey"`
          {unit: "%", baseline: 30, target: 50, cadence: 28d}
        work:
          - {source: jira, components: [feedback]}

  - id: O2
    team: onboarding
    title: 新商家第一天就能开张 (new shops open on their first day)
    strategy: smb
    serves: new shop owners
    owner: lead-onboarding
    supports: KR1.1                   # the goal one level up that this one serves
    key_results:
      # Busy: turned from "too early" once its first work was older than the lag.
      - id: KR2.1
        title: New shops with a product on their first day from 35 to 60 percent
        owner: lead-onboarding
        metric:
          unit: "%"
          baseline: 35
          target: 60
          source: {type: csv, path: metrics/first-product.csv, date: week, value: percent}
          cadence: 7d
          lag: 14d
        work:
          - {source: jira, versions: ["Onboarding 2.0"]}          # a Jira fix version
          - {source: github, repos: [marigold/storefront], milestones: [Spreadsheet import]}
      # Delivering, with a caveat: it falls just as it fell before the quarter.
      - id: KR2.2
        title: 从注册到首单的天数从 12 天降到 7 天 (days to the first order)
        owner: lead-onboarding
        metric:
          unit: days
          baseline: 12
          target: 7
          source: {type: csv, path: metrics/first-order.csv, date: week, value: days}
          cadence: 7d
          lag: 7d
        work:
          - {source: jira, components: [catalogue]}

  - id: O3
    team: checkout
    title: Buyers pay in one go
    strategy: trust
    serves: buyers
    owner: lead-checkout
    supports: O5
    key_results:
      # Delivering: the level left its range after the work shipped, against a flat past.
      - id: KR3.1
        title: Checkout time (p95) from 3.2 to 1.5 seconds
        owner: lead-checkout
        metric:
          unit: s
          baseline: 3.2
          target: 1.5
          source: {type: csv, path: metrics/checkout-p95.csv, date: week, value: seconds}
          cadence: 7d
          lag: 7d
        work:
          - {source: github, milestones: [Fast checkout]}
          - {source: clone, paths: ["checkout/**"]}               # commits that touch these files
      # Too early: finished work, but younger than the four weeks that it needs to show.
      - id: KR3.2
        title: 支付成功率从 91% 提升到 95% (payments that succeed at the first try)
        owner: lead-checkout
        metric:
          unit: "%"
          baseline: 91
          target: 95
          source: {type: csv, path: metrics/payment-success.csv, date: week, value: percent}
          cadence: 7d
          lag: 28d
        work:
          - {source: jira, projects: [PAY], labels: [success-rate]}

  - id: O4
    team: growth
    title: Buyers come back by themselves
    strategy: smb
    serves: buyers, and the shops they come back to
    owner: lead-growth
    supports: O1
    key_results:
      # Unattributed: it moves, and no finished work says why.
      - id: KR4.1
        title: Visits from search engines from 41 to 50 thousand a week
        owner: lead-growth
        metric:
          unit: thousand/week
          baseline: 41
          target: 50
          source: {type: csv, path: metrics/search-visits.csv, date: week, value: visits}
          cadence: 7d
          lag: 21d
        work:
          - {source: jira, labels: [seo]}
      # Busy: every sprint ships mails, and buyers return as rarely as ever.
      - id: KR4.2
        title: Buyers who order again within 30 days from 22 to 30 percent
        owner: lead-growth
        metric:
          unit: "%"
          baseline: 22
          target: 30
          source: {type: csv, path: metrics/repeat-buyers.csv, date: week, value: percent}
          cadence: 7d
          lag: 21d
        work:
          - {source: jira, epics: [SHOP-2]}
          - {source: jira, title: "(?i)re-?order"}                # a regular expression over titles
      # Neglected: set as a goal, and then nobody looked.
      - id: KR4.3
        title: Shops that come by recommendation from 60 to 120 a week
        owner: lead-growth
        metric:
          unit: shops/week
          baseline: 60
          target: 120
          source: {type: csv, path: metrics/referrals.csv, date: week, value: shops}
          cadence: 7d
          lag: 14d
          counted: true
        work:
          - {source: jira, labels: [referral]}
      # Retired: what is finished for it after that day counts as work that serves no key result.
      - id: KR4.4
        title: Shops with a loyalty card from 0 to 200
        owner: lead-growth
        metric: {unit: shops, baseline: 0, target: 200, cadence: 14d, lag: 14d}
        work:
          - {source: jira, labels: [loyalty-card]}
        retired: {on: 2026-11-03, reason: the card supplier left the market}

  - id: O5
    team: platform
    title: Shops rely on us on their busiest day
    strategy: trust
    serves: shop owners
    owner: head-platform
    supports: O1
    key_results:
      # A limit to keep: delivering as long as it is kept.
      - id: KR5.1
        title: Shops reachable at least 99.9 percent of the time
        owner: lead-operations
        kind: maintain
        metric:
          unit: "%"
          target: 99.9
          direction: at_least
          source: {type: csv, path: metrics/availability.csv, date: week, value: percent}
          cadence: 7d
        work:
          - {source: jira, components: [operations]}
      # A milestone: reached when a person says so (`okrsync check-in KR5.2 done`), never because its issues are closed.
      - id: KR5.2
        title: Payment data stays in the region
        owner: head-platform
        kind: milestone
        work:
          - {source: jira, versions: [Data residency]}

  - id: O6
    team: operations
    title: A question is answered before it costs a sale
    strategy: trust
    serves: shop owners
    owner: lead-operations
    supports: O5
    key_results:
      # Building: work is under way, none of it is finished.
      - id: KR6.1
        title: Support requests per 100 orders from 3.4 to 2.0
        owner: lead-operations
        metric:
          unit: requests
          baseline: 3.4
          target: 2.0
          source: {type: csv, path: metrics/support.csv, date: week, value: requests}
          cadence: 7d
          lag: 14d
        work:
          - {source: jira, labels: [self-service]}
      # Achieved: at its target, by a measurement that is not stale.
      - id: KR6.2
        title: Refunds paid within a day from 70 to 95 percent
        owner: lead-operations
        metric:
          unit: "%"
          baseline: 70
          target: 95
          source: {type: csv, path: metrics/refunds.csv, date: week, value: percent}
          cadence: 7d
          lag: 7d
        work:
          - {source: jira, epics: [PAY-1]}
"""

_FIRST_WEEK = date(2026, 5, 18)
"""A Monday; the first 20 values of a series are the history, the other seven those of the quarter."""
_HISTORY = 20
_LOOKED_AT = (
    ("KR3.1", "checkout-p95", "lead-checkout"),
    ("KR3.2", "payment-success", "lead-checkout"),
    ("KR5.1", "availability", "head-platform"),
    ("KR6.1", "support", "lead-operations"),
    ("KR6.2", "refunds", "lead-operations"),
)
"""Whose people look at the series each Friday and check in; those of the other key results leave it to the machine."""

SERIES: dict[str, tuple[str, tuple[float, ...]]] = {
    "activation": ("shops", (
        118, 124, 115, 121, 126, 117, 119, 123, 112, 128, 120, 116, 125, 122, 114, 119, 127, 121, 117, 123,
        121, 126, 118, 123, 115, 124, 71,
    )),
    "first-product": ("percent", (
        34.1, 36.2, 35.0, 33.8, 35.9, 36.8, 34.4, 35.3, 33.2, 35.6, 36.4, 34.9, 35.1, 33.9, 36.0, 35.7, 34.3, 34.8,
        36.1, 35.2, 34.6, 36.3, 35.4, 34.0, 36.5, 35.2, 35.6,
    )),
    "first-order": ("days", (
        16.3, 16.4, 15.8, 15.9, 15.3, 15.4, 14.8, 14.9, 14.7, 14.1, 14.2, 13.7, 13.9, 13.2, 13.3, 12.9, 12.5, 12.7,
        12.1, 12.2, 11.6, 11.7, 11.2, 11.2, 10.8, 10.4, 10.4,
    )),
    "checkout-p95": ("seconds", (
        3.24, 3.11, 3.3, 3.18, 3.06, 3.27, 3.21, 3.15, 3.33, 3.09, 3.2, 3.25, 3.12, 3.29, 3.17, 3.08, 3.22, 3.26, 3.14,
        3.19, 3.16, 2.94, 2.71, 2.48, 2.31, 2.14, 2.08,
    )),
    "payment-success": ("percent", (
        91.2, 90.6, 91.5, 90.9, 91.8, 90.4, 91.1, 91.3, 90.7, 91.6, 90.8, 91.0, 91.4, 90.5, 91.7, 91.1, 90.9, 91.3,
        90.6, 91.2, 90.9, 91.4, 90.7, 91.2, 91.0, 91.5, 91.1,
    )),
    "search-visits": ("visits", (
        40.2, 41.8, 41.1, 39.9, 42.0, 40.7, 41.4, 40.5, 41.9, 41.0, 40.1, 41.6, 40.9, 41.3, 42.1, 40.4, 41.2, 40.8,
        41.7, 41.0, 42.4, 43.3, 44.6, 45.2, 46.4, 46.1, 47.3,
    )),
    "repeat-buyers": ("percent", (
        21.8, 22.4, 22.9, 21.5, 22.1, 21.7, 22.6, 22.3, 21.4, 22.0, 22.7, 21.9, 22.2, 21.6, 22.5, 22.8, 21.9, 22.1,
        21.7, 22.3, 22.0, 21.6, 22.4, 22.7, 21.8, 22.0, 22.2,
    )),
    "referrals": ("shops", (
        61, 57, 64, 59, 62, 55, 60, 66, 58, 61, 63, 56, 59, 65, 60, 57, 62, 58, 64, 60, 59, 63, 57, 61, 58, 62, 33,
    )),
    "availability": ("percent", (
        99.96, 99.94, 99.95, 99.97, 99.93, 99.95, 99.96, 99.92, 99.95, 99.97, 99.94, 99.96, 99.95, 99.93, 99.96, 99.95,
        99.97, 99.94, 99.95, 99.96, 99.95, 99.93, 99.96, 99.94, 99.97, 99.95, 99.94,
    )),
    "support": ("requests", (
        3.5, 3.3, 3.4, 3.6, 3.2, 3.4, 3.5, 3.3, 3.1, 3.5, 3.4, 3.6, 3.3, 3.4, 3.2, 3.5, 3.4, 3.3, 3.6, 3.4,
        3.3, 3.5, 3.4, 3.2, 3.5, 3.4, 3.3,
    )),
    "refunds": ("percent", (
        70.4, 68.9, 71.2, 69.5, 70.8, 70.1, 68.4, 71.6, 69.9, 70.3, 71.0, 69.2, 70.6, 68.8, 70.9, 69.7, 71.3, 70.0,
        69.4, 70.5, 72.8, 79.5, 86.1, 90.4, 93.0, 95.2, 96.1,
    )),
}  # fmt: skip
"""File in ``metrics/`` → name of its second column, and its weekly values."""


def csv_of(name: str) -> str:
    """One series as the text of its file."""
    column, values = SERIES[name]
    weeks = (_FIRST_WEEK + timedelta(weeks=week) for week in range(len(values)))
    return f"week,{column}\n" + "".join(f"{week},{value}\n" for week, value in zip(weeks, values, strict=True))


def check_ins() -> tuple[Measurement, ...]:
    """What people of the company checked in."""

    def said(
        key_result: str, at: date, value: float, by: str, note: str, confidence: float | None = None
    ) -> Measurement:
        return Measurement(key_result, at, value, "manual", NOW, confidence, note, by)

    return (
        said("KR1.1", date(2026, 11, 13), 124, "head-commerce", "the wizard is live, shops drop out at tax", 4),
        said("KR1.2", date(2026, 6, 15), 31, "head-commerce", "survey in June"),
        said("KR1.2", date(2026, 7, 20), 29, "head-commerce", "survey in July"),
        said("KR1.2", date(2026, 9, 14), 30, "head-commerce", "survey in September"),
        said("KR4.4", date(2026, 10, 19), 12, "lead-growth", "first shops"),
        said("KR5.2", date(2026, 11, 9), 1, "head-platform", "the last table was moved", 10),
        *(
            said(
                key_result, _FIRST_WEEK + timedelta(weeks=week, days=4), SERIES[name][1][week], by, "looked at together"
            )
            for key_result, name, by in _LOOKED_AT
            for week in range(_HISTORY, _HISTORY + 7)
        ),
    )
