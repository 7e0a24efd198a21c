"""What ``okrsync init`` writes: a configuration that loads, is well formed and reports without any account."""

from __future__ import annotations

import os
from datetime import date, timedelta
from pathlib import Path

from okrsync.errors import ConfigError, reason_of
from okrsync.language import _

_CONFIG = """\
# yaml-language-server: $schema=schemas/okrsync.schema.json
# Every ${NAME} in a value is taken from the environment, so that no token stands in this file.
store: sqlite:///okrsync.db
timezone: UTC                         # such as Asia/Shanghai
language: en                          # en | zh

# Where the work is. Take the # away from what you use, then name the sources in the `work` rules of okrs/.
sources:
#  jira:
#    type: jira                       # Cloud or Data Center
#    url: https://acme.atlassian.net
#    auth: {email: bot@acme.example, token: "${JIRA_TOKEN}"}    # Data Center: {token: "${JIRA_TOKEN}"}
#    projects: [SHOP]
#  github:
#    type: github
#    auth: {token: "${GITHUB_TOKEN}"}
#    repos: [acme/storefront]
#  clone:
#    type: git
#    path: ../storefront
#  export:
#    type: file                       # CSV or JSON that a tracker has exported
#    path: exports/*.csv

okrs: okrs/

# Who is who, so that reports show names.
people:
  - {id: me, name: Me}
#  - {id: lin, name: Lin Wei, accounts: {jira: 5b10a2844c20165700ede21g, github: linwei, clone: lin@acme.example}}

publish:
  - {type: folder, path: wiki/}
#  - {type: git, url: "https://github.com/acme/storefront.wiki.git", auth: {token: "${GITHUB_TOKEN}"}}
"""

_OKRS = """\
# yaml-language-server: $schema=../schemas/okrs.schema.json
# Replace these goals by your own; `okrsync check` says whether they are well formed.
cycle: {id: $CYCLE, start: $START, end: $END, check_in: 7d}

strategy:
  - {id: growth, title: Small shops first}

teams:
  - {id: company, level: company, lead: me}

objectives:
  - id: O1
    team: company
    title: A small shop sells online within a day
    strategy: growth
    serves: small shop owners
    owner: me
    key_results:
      - id: KR1.1
        title: Activated shops per week from 120 to 300
        owner: me
        metric:
          unit: shops/week
          baseline: 120
          target: 300                 # the direction follows from baseline to target
          source: {type: csv, path: metrics/activation.csv, date: week, value: shops}
          cadence: 7d
          lag: 14d                    # how long after shipping the outcome can show it
#        work:                        # which work serves it; closing it never moves the key result
#          - {source: jira, projects: [SHOP], labels: [activation]}
#          - {source: github, repos: [acme/storefront], milestones: ["Onboarding v2"]}
      - id: KR1.2
        title: Shop owners who would recommend us from 30 to 50 percent
        owner: me
        metric:                       # no source: people say it, `okrsync check-in KR1.2 34 --note "March survey"`
          unit: percent
          baseline: 30
          target: 50
          cadence: 28d
"""

_WEEKS_BEFORE = 8
_SHOPS = (118, 124, 115, 121, 126, 117, 119, 123)


def write_starter(folder: Path, today: date, broken: list[str] | None = None) -> list[Path]:
    """Write ``okrsync.yaml``, the goals of the quarter that ``today`` is in, a series, and the schemas for editors.

    The series are made-up readings of the eight weeks before the quarter. Returns the files in the order to read them.
    Raises ``ConfigError`` when one of them exists already (nothing is written then), or when the folder cannot be
    written. ``broken`` is told of plugins that cannot be imported, and that the schemas leave out.
    """
    from okrsync.schemas import FILES, write_schemas

    start, end = _quarter(today)
    cycle = f"{today.year}-Q{(today.month + 2) // 3}"
    goals = _OKRS.replace("$CYCLE", cycle).replace("$START", start.isoformat()).replace("$END", end.isoformat())
    monday = start - timedelta(days=start.weekday())
    weeks = [monday - timedelta(weeks=_WEEKS_BEFORE - index) for index in range(_WEEKS_BEFORE)]
    rows = [f"{week.isoformat()},{shops}\n" for week, shops in zip(weeks, _SHOPS, strict=True)]
    texts = {
        folder / "okrsync.yaml": _CONFIG,
        folder / "okrs" / f"{cycle}.yaml": goals,
        folder / "metrics" / "activation.csv": "".join(["week,shops\n", *rows]),
    }
    schemas = [folder / "schemas" / name for name in FILES]
    taken = [path for path in (*texts, *schemas) if os.path.lexists(path)]
    if taken:
        said = _("{files} exists already: nothing was written; choose another folder")
        raise ConfigError(said.format(files=", ".join(map(str, taken))))
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        return [*texts, *write_schemas(folder / "schemas", broken)]
    except OSError as error:
        raise ConfigError(
            _("cannot write {file}: {reason}").format(file=error.filename, reason=reason_of(error))
        ) from error


def _quarter(day: date) -> tuple[date, date]:
    """First and last day of the calendar quarter."""
    first = date(day.year, day.month - (day.month - 1) % 3, 1)
    after = date(day.year + (first.month == 10), (first.month + 2) % 12 + 1, 1)
    return first, after - timedelta(days=1)
