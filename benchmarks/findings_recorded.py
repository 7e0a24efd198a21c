"""Twenty findings drawn at random (fixed seed) from a report on the recorded issues, for a person to judge.

The work is recorded: 29,057 issues and 4,388 commits, read by ``okrsync sync`` from stand-ins. Two outcomes are counted
from the records (reports of crashes, and of regressions, that came in each week). The goals, the other outcomes and the
check-ins are invented, as a company like that could have written them for the second half of 2013.
"""

from __future__ import annotations

import gzip
import json
import tempfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from okrsync.completed import DEFAULT_NOT_COMPLETED
from okrsync.model import Measurement
from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.recorded import load_jira
from okrsync.store.engine import open_store
from okrsync.store.outcomes import save_check_in
from tests.recorded_setup import CLONE, ISSUES, PROJECTS, REPO, TIMEZONE, import_commits, okrsync

NOT_COMPLETED = [*DEFAULT_NOT_COMPLETED, "Needs more info", "Not Our Bug"]
"""As the people of this site would set it: they close as such what they did nothing about."""
START, END, AS_OF = date(2013, 7, 1), date(2013, 12, 31), date(2013, 11, 22)
SEED, DRAWN = 2013, 20
PEOPLE = {
    "ada": ("sdk", "u8c7eb461"), "ben": ("android", "u71c3d9c7"), "cai": ("ios", "u606f4da6"),
    "dina": ("tooling", "u143b0234"), "eli": ("alloy", "ufcee4f29"), "fay": ("blackberry", "ud662c136"),
    "gus": ("android", "ufb1ffaba"), "hui": ("android", "ubb4adf7d"), "ivo": ("blackberry", "uf54ff7d7"),
    "joe": ("community", "uc6dae0fd"), "kim": ("community", "u0c7c0b7d"), "leo": ("blackberry", "u831e7255"),
}  # fmt: skip
"""Team and account; who they were is not known, the accounts are pseudonyms."""
TEAMS = (
    ("titanium", "company", None, "mia"), ("sdk", "department", "titanium", "ada"),
    ("developer", "department", "titanium", "dina"), ("android", "team", "sdk", "ben"), ("ios", "team", "sdk", "cai"),
    ("blackberry", "team", "sdk", "fay"), ("tooling", "team", "developer", "dina"),
    ("alloy", "team", "developer", "eli"), ("community", "team", "developer", "joe"),
)  # fmt: skip


def main() -> None:
    """Print the findings drawn."""
    if not ISSUES.exists():
        print(f"skipped: {ISSUES} is absent")
        return
    with tempfile.TemporaryDirectory() as name, JiraStandIn("server", account_timezone="America/Los_Angeles") as jira:
        load_jira(ISSUES, jira)
        import_commits(Path(name))
        folder = Path(name) / "okrs"
        folder.mkdir()
        _write(folder, jira.url, jira.token)
        okrsync(folder, "sync", "-q")
        engine = open_store(f"sqlite:///{folder / 'okrsync.db'}")
        for key_result, value, day, confidence, by in _said():  # a hundred times `okrsync check-in` takes minutes
            moment = datetime.combine(day, time(4), UTC)
            save_check_in(engine, Measurement(key_result, day, value, "manual", moment, confidence=confidence, by=by))
        engine.dispose()
        text = okrsync(folder, "report", "--as-of", AS_OF.isoformat(), "--format", "json", expected=(0, 1))
    findings = json.loads(text)["findings"]
    drawn = Random(SEED).sample(findings, min(DRAWN, len(findings)))
    by_rule = Counter(each["rule"] for each in findings)
    print(f"{len(findings)} findings of {AS_OF}: " + ", ".join(f"{rule} {n}" for rule, n in sorted(by_rule.items())))
    print(f"\n{len(drawn)} of them, drawn with the seed {SEED}:\n")
    for number, each in enumerate(drawn, 1):
        print(f"{number}. {each['rule']} ({each['severity']}): {each['message']}")
        for line in each["evidence"]:
            print(f"   - {line}")


def _write(folder: Path, url: str, token: str) -> None:
    crashes, regressions = _recorded()
    random = Random(SEED)
    for name, values in {
        "crashes": crashes,
        "regressions": regressions,
        "build": [_noisy(random, 48, 4) - max(0, week - 78) * 0.4 for week in range(104)],
        "published": [_noisy(random, 210, 15) + max(0, week - 80) * 3 for week in range(104)],
        "rating": [_noisy(random, 3.6, 0.05) for _ in range(104)],
        "firstapp": [_noisy(random, 31, 2) for _ in range(104)],
        "answered": [_noisy(random, 52, 3) for _ in range(104)],
    }.items():
        rows = [(date(2012, 1, 2) + timedelta(weeks=week), value) for week, value in enumerate(values)]
        (folder / f"{name}.csv").write_text("week,value\n" + "".join(f"{day},{value:g}\n" for day, value in rows))
    settings = {
        "timezone": TIMEZONE,
        "not_completed": NOT_COMPLETED,
        "sources": {
            "tidev": {"type": "jira", "url": url, "auth": {"token": token}, "projects": PROJECTS},
            "alloy": {"type": "git", "path": f"../{CLONE}", "repo": REPO},
        },
        "okrs": "okrs/",
        "people": [{"id": "mia"}]
        + [{"id": id_, "team": team, "accounts": {"tidev": account}} for id_, (team, account) in PEOPLE.items()],
    }
    (folder / "okrsync.yaml").write_text(json.dumps(settings))  # JSON is YAML too
    (folder / "okrs").mkdir()
    (folder / "okrs" / "2013.yaml").write_text(json.dumps(_goals()))


def _noisy(random: Random, level: float, sigma: float) -> float:
    return round(random.gauss(level, sigma), 2)


def _recorded() -> tuple[list[int], list[int]]:
    """Issues created in each of 104 weeks: those that speak of a crash, and those that are labelled a regression."""
    crashes, regressions = Counter[int](), Counter[int]()
    with gzip.open(ISSUES, "rt", encoding="utf-8") as lines:
        for line in lines:
            fields = json.loads(line)["fields"]
            week = (date.fromisoformat(fields["created"][:10]) - date(2012, 1, 2)).days // 7
            crashes[week] += "crash" in (fields["summary"] or "").lower()
            regressions[week] += "regression" in (fields.get("labels") or ())
    return [crashes[week] for week in range(104)], [regressions[week] for week in range(104)]


def _metric(unit: str, baseline: float, target: float, lag: int, name: str | None = None) -> dict[str, Any]:
    metric: dict[str, Any] = {"unit": unit, "baseline": baseline, "target": target, "lag": f"{lag}d", "cadence": "7d"}
    if name is not None:
        metric["source"] = {"type": "csv", "path": f"{name}.csv", "date": "week", "value": "value"}
    return metric


def _goals() -> dict[str, Any]:
    def kr(id_: str, title: str, owner: str | None, metric: dict[str, Any] | None, *work: dict[str, Any]) -> Any:
        found: dict[str, Any] = {"id": id_, "title": title, "work": list(work)}
        if owner is not None:
            found["owner"] = owner
        return found | ({"kind": "milestone"} if metric is None else {"metric": metric})

    def objective(id_: str, team: str, title: str, strategy: str | None, supports: str | None, *krs: Any) -> Any:
        found = {"id": id_, "team": team, "title": title, "serves": "app developers", "key_results": list(krs)}
        found |= {} if strategy is None else {"strategy": strategy}
        return found | ({} if supports is None else {"supports": supports})

    tidev: dict[str, Any] = {"source": "tidev"}
    return {
        "cycle": {"id": "2013-H2", "start": START.isoformat(), "end": END.isoformat(), "check_in": "7d"},
        "strategy": [{"id": "solid", "title": "Apps that do not break"}, {"id": "reach", "title": "More developers"}],
        "teams": [
            {"id": id_, "level": level, "lead": lead} | ({} if parent is None else {"parent": parent})
            for id_, level, parent, lead in TEAMS
        ],
        "objectives": [
            objective("T1", "titanium", "Developers trust the platform", "solid", None,
                kr("T1.1", "Average store rating of apps built with it from 3.6 to 4.2", "mia",
                   _metric("stars", 3.6, 4.2, 60, "rating")),
                kr("T1.2", "Reports of crashes from 22 to 10 a week", "mia",
                   _metric("reports/week", 22, 10, 30, "crashes"), {"title": r"(?i)\bcrash"})),
            objective("T2", "titanium", "More developers publish apps", "reach", None,
                kr("T2.1", "Apps published from 210 to 320 a week", "mia",
                   _metric("apps/week", 210, 320, 60, "published"))),
            objective("S1", "sdk", "The SDK is as solid as the native ones", "solid", "T1",
                kr("S1.1", "Regressions reported from 12 to 4 a week", "ada",
                   _metric("reports/week", 12, 4, 30, "regressions"), tidev | {"labels": ["regression"]}),
                kr("S1.2", "Ship Release 3.2.0", "ada", _metric("%", 0, 100, 0), {"versions": ["Release 3.2.0"]})),
            objective("A1", "android", "Android apps run as well as on iOS", "solid", "S1",
                kr("A1.1", "Android users' rating from 3.4 to 4.0", "ben", _metric("stars", 3.6, 4.0, 45, "rating"),
                   tidev | {"components": ["Android"]}),
                kr("A1.2", "Close 300 Android bugs", "gus", _metric("bugs", 0, 300, 0),
                   {"components": ["Android"], "types": ["Bug"]})),
            objective("I1", "ios", "Apps are ready for iOS 7 on its first day", "solid", "S1.1",
                kr("I1.1", "Apps that run unchanged on iOS 7 from 40% to 90%", "cai", _metric("%", 40, 90, 14),
                   {"labels": ["ios7"]}),
                kr("I1.2", "iOS build time from 48 to 30 seconds", None, _metric("s", 48, 30, 7, "build"),
                   {"components": ["iOS"]}),
                kr("I1.3", "Crash reports on iOS from 9 to 3 a week", "cai", _metric("reports/week", 9, 3, 21),
                   {"components": ["iOS"], "title": "(?i)crash"})),
            objective("B1", "blackberry", "BlackBerry 10 is supported", "reach", "S1",
                kr("B1.1", "BlackBerry apps in the store from 0 to 200", "fay", _metric("apps", 0, 200, 60),
                   {"components": ["BlackBerry"]}),
                kr("B1.2", "Module API complete on BlackBerry", "ivo", None,
                   {"components": ["BlackBerry"], "types": ["Story"]}),
                kr("B1.3", "Samples run on BlackBerry", "leo", None, {"labels": ["blackberry-samples"]})),
            objective("D1", "developer", "The first app takes an hour", "reach", "T2",
                kr("D1.1", "New developers who run an app on day one from 31% to 45%", "dina",
                   _metric("%", 31, 45, 14, "firstapp"), {"components": ["CLI", "Studio"]}),
                kr("D1.2", "Questions answered within a day from 52% to 80%", "joe",
                   _metric("%", 52, 80, 7, "answered"), {"projects": ["AC"]})),
            objective("L1", "alloy", "Alloy is how one writes an app", "reach", None,
                kr("L1.1", "New apps that use Alloy from 35% to 60%", "eli", _metric("%", 35, 60, 30),
                   {"projects": ["ALOY"]}),
                kr("L1.2", "Alloy 1.3 released", "eli", None, {"source": "alloy"})),
            objective("C1", "community", "Reports are taken up quickly", None, "D1.2",
                kr("C1.1", "Reports that get a first answer within a day from 52% to 80%", "joe",
                   _metric("%", 52, 80, 7, "answered"), {"projects": ["AC"]})),
        ],
    }  # fmt: skip


def _said() -> list[tuple[str, float, date, int, str]]:
    """What people checked in: some every other week, some until they stopped."""
    weeks = {
        "T1.1": ("mia", 3.6, 0.0, range(1, 21, 4), 5), "S1.2": ("ada", 10, 4.0, range(1, 21), 8),
        "A1.2": ("gus", 12, 13.0, range(1, 20), 7), "I1.1": ("cai", 42, 4.0, range(1, 12), 8),
        "I1.3": ("cai", 9, -0.1, range(1, 20), 4), "B1.1": ("fay", 0, 2.0, range(1, 8), 2),
        "L1.1": ("eli", 35, 0.6, range(2, 21, 2), 6),
    }  # fmt: skip
    return [
        (id_, round(first + week * step, 2), START + timedelta(weeks=week, days=2), confidence, by)
        for id_, (by, first, step, when, confidence) in weeks.items()
        for week in when
    ]


if __name__ == "__main__":
    main()
