"""The recorded issues and commits of ``shared/data``, and goals over them, as a user's own files would declare them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
ISSUES = DATA / "jira-server-tidev.jsonl.gz"
COMMITS = DATA / "git-alloy.fast-import.gz"
needs_data = pytest.mark.skipif(not ISSUES.exists(), reason=f"the recorded data is not beside this clone: {ISSUES}")

TIMEZONE = "Asia/Shanghai"
PROJECTS = ("TIMOB", "AC", "ALOY", "MOD", "DAEMON")
CLONE = "alloy.git"
REPO = "tidev/alloy"

CYCLES: dict[str, dict[str, Any]] = {
    "2013": {
        "Android": [{"source": "tidev", "components": ["Android"], "types": ["Bug"]}],
        "iOS": [{"projects": ["timob"], "components": ["iOS"]}],
        "Release": [{"versions": ["Release 3.2.0", "Release 3.1.2"]}],
        "Sprints": [{"sprints": ["2013 Sprint 03 BB", "2013 Sprint 23", "Release 3.0.0"]}],
        "Labels": [{"source": "tidev", "labels": ["regression", "parity"]}],
        "Epics": [{"epics": ["TIMOB-11818", "timob-13267", "TIMOB-13035", "TIMOB-5909", "PROC-425"]}],
        "Alloy": [{"projects": ["ALOY"]}],
        "Crashes": [{"title": r"(?i)\bcrash|memory leak"}],
        "Keys": [{"keys": ["ALOY-500", "aloy-512", "TIMOB-13035", "TIMOB-12345", "0" * 40]}],
        "Stories": [{"types": ["Story", "New Feature", "Technical task"], "projects": ["TIMOB", "MOD"]}],
        "Milestones": [{"milestones": ["2013 Sprint 15", "Alloy 1.2.0", "2013 Sprint 22"]}],
        "Commits": [{"source": "alloy", "title": "(?i)^(fix|merge)"}],
        "Planned": [{"labels": ["notable", "planning-3.2.0"]}, {"versions": ["Release 3.1.0"], "types": ["Epic"]}],
        "BlackBerry": [{"components": ["BlackBerry"]}, {"versions": ["2013 Sprint 06"], "labels": ["api", "core"]}],
        "Retired": [{"labels": ["ios7", "qe-testadded"]}],
    },
    "2015": {
        "Windows": [{"components": ["Windows"], "labels": ["qe-4.1.0", "qe-5.0.0"]}, {"title": "(?i)windows"}],
        "Epics15": [{"epics": ["TIMOB-19145", "TIMOB-17966", "TIMOB-19816", "TIMOB-18052", "TIMOB-19479"]}],
        "Sprints15": [{"sprints": ["2015 Sprint 20 SDK", "2015 Sprint 12 Windows"]}],
        "Release15": [{"versions": ["Release 4.1.0"], "components": ["iOS", "Android", "Studio"]}],
        "Labels15": [{"labels": ["ios", "android"], "types": ["Bug"]}],
        "Code15": [{"repos": ["Tidev/Alloy"]}],
        "Inbox15": [{"projects": ["AC", "DAEMON"]}],
        "Roadmap15": [{"milestones": ["Release 5.0.0"], "types": ["Epic", "Story", "Sub-task"]}],
    },
}
"""Key result → its rules, by cycle (a calendar year)."""

LAGS = {"Android": 30, "Labels": 90, "Stories": 14, "Windows": 60}
"""Days. These are measured: a flat, noisy series. The rest are of the kind ``milestone``."""
RETIRED = {"Retired": date(2013, 9, 1)}


def write_configuration(folder: Path, jira_url: str, token: str) -> None:
    """``okrsync.yaml`` and ``okrs/`` in ``folder``; the clone is expected beside it."""
    metrics = [(date(2012, 1, 2) + timedelta(weeks=week), 100 + (week * 7) % 11) for week in range(260)]
    (folder / "metrics.csv").write_text("week,value\n" + "".join(f"{day},{value}\n" for day, value in metrics))
    settings = {
        "timezone": TIMEZONE,
        "sources": {
            "tidev": {"type": "jira", "url": jira_url, "auth": {"token": token}, "projects": PROJECTS},
            "alloy": {"type": "git", "path": f"../{CLONE}", "repo": REPO},
        },
        "okrs": "okrs/",
    }
    # JSON is YAML too.
    (folder / "okrsync.yaml").write_text(json.dumps(settings))
    (folder / "okrs").mkdir()
    for year, key_results in CYCLES.items():
        goals = {
            "cycle": {"id": year, "start": f"{year}-01-01", "end": f"{year}-12-31", "check_in": "7d"},
            "teams": [{"id": "titanium", "level": "company"}],
            "objectives": [
                {
                    "id": f"O{year}",
                    "team": "titanium",
                    "title": f"Apps of {year}",
                    "key_results": [_key_result(id_, rules) for id_, rules in key_results.items()],
                }
            ],
        }
        (folder / "okrs" / f"{year}.yaml").write_text(json.dumps(goals))


def _key_result(id_: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    declared: dict[str, Any] = {"id": id_, "title": id_, "work": rules, "kind": "milestone"}
    if id_ in LAGS:
        series = {"type": "csv", "path": "metrics.csv", "date": "week", "value": "value"}
        metric = {"baseline": 105, "target": 300, "cadence": "7d", "lag": f"{LAGS[id_]}d", "source": series}
        declared |= {"kind": "metric", "metric": metric}
    if id_ in RETIRED:
        declared["retired"] = {"on": RETIRED[id_].isoformat(), "reason": "another plan"}
    return declared


def import_commits(folder: Path) -> Path:
    """The recorded commits as a bare clone in ``folder``."""
    clone = folder / CLONE
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", clone], check=True, env=environment)
    stream = gzip.decompress(COMMITS.read_bytes())
    subprocess.run(["git", f"--git-dir={clone}", "fast-import", "--quiet"], input=stream, check=True, env=environment)
    return clone


def start_okrsync(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The program itself, in a process of its own; what it says is in its ``stderr``."""
    command = [sys.executable, "-c", "from okrsync.cli import main; main()", *arguments]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def okrsync(folder: Path, *arguments: str, expected: Sequence[int] = (0,)) -> str:
    """Run the program, check its exit code, and return what it wrote to stdout."""
    with start_okrsync(folder, *arguments) as process:
        out, err = process.communicate()
    assert process.returncode in expected, err
    return out


def report(folder: Path, cycle: str, as_of: date) -> dict[str, Any]:
    """``okrsync report --format json``."""
    said = okrsync(folder, "report", "--cycle", cycle, "--as-of", as_of.isoformat(), "--format", "json")
    return dict(json.loads(said))
