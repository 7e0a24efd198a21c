"""Proof on real input: recorded issues and commits, pulled over HTTP, reported, and counted once more by hand."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from filelock import FileLock

from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.recorded import load_jira
from okrsync.sandbox.server import Request
from okrsync.store.engine import open_store
from tests.recorded_count import Recorded, read_server
from tests.recorded_setup import (
    CYCLES,
    ISSUES,
    LAGS,
    PROJECTS,
    REPO,
    RETIRED,
    TIMEZONE,
    import_commits,
    needs_data,
    okrsync,
    report,
    start_okrsync,
    write_configuration,
)
from tests.stores import content

pytestmark = needs_data

KILLED_AFTER = (60, 150)
"""Requests after which a sync is killed, and the one after it again."""


@dataclass(frozen=True)
class Pulled:
    """What the one big pull left behind; several test processes share it."""

    clone: str
    smooth: str
    """Folder of the configuration and store that were synced twice."""
    killed: str
    """Folder of those whose sync was killed, run again, killed again and run again."""
    first: int
    """Requests of the first sync."""
    second: dict[str, int]
    """Requests of the second one, by project (``""``: those of the whole site)."""
    exit_codes: list[int]


@pytest.fixture(scope="session")
def pulled(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Pulled:
    """The recorded Jira and git, pulled by the program itself."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = shared / "recorded"
    with FileLock(f"{folder}.lock"):
        result = folder / "result.json"
        if not result.exists():
            folder.mkdir()
            result.write_text(json.dumps(asdict(_pull(folder))))
        return Pulled(**json.loads(result.read_text()))


def _pull(folder: Path) -> Pulled:
    clone, smooth, killed = import_commits(folder), folder / "smooth", folder / "killed"
    jira = JiraStandIn("server", account_timezone="America/Los_Angeles")
    assert load_jira(ISSUES, jira) == 29_057
    with jira:
        for each in (smooth, killed):
            each.mkdir()
            write_configuration(each, jira.url, jira.token)
        exit_codes = [_killed_sync(jira, killed, requests) for requests in KILLED_AFTER]
        okrsync(killed, "sync")
        jira.requests.clear()
        okrsync(smooth, "sync")
        first = len(jira.requests)
        (smooth / "before.json").write_text(json.dumps(_content(smooth), default=str))
        jira.requests.clear()
        okrsync(smooth, "sync")
        second: dict[str, int] = {}
        for request in jira.requests:
            project = _project(request)
            second[project] = second.get(project, 0) + 1
    return Pulled(str(clone), str(smooth), str(killed), first, second, exit_codes)


def _killed_sync(jira: JiraStandIn, folder: Path, after: int) -> int:
    """Sync, and kill the program at the ``after``-th request; its exit code."""
    process = start_okrsync(folder, "sync")
    left = iter(range(after))

    def kill(request: Request) -> None:
        if next(left, None) is None:
            process.kill()

    jira.faults.append(kill)
    with process:
        process.communicate()
    jira.faults.remove(kill)
    return process.returncode


def _project(request: Request) -> str:
    said = f"{request.path} {request.query} {request.body.decode()}"
    return next((project for project in PROJECTS if project in said), "")


def _content(folder: Path) -> dict[str, Any]:
    """All that a store holds but the cursors, which tell when it was read."""
    engine = open_store(f"sqlite:///{folder / 'okrsync.db'}")
    found = content(engine)
    engine.dispose()
    for scope in found["scopes"]:
        del scope["cursor"]
    return found


@pytest.fixture(scope="session")
def recorded(pulled: Pulled) -> Recorded:
    return read_server(ISSUES, Path(pulled.clone), REPO, ZoneInfo(TIMEZONE))


@pytest.mark.parametrize(
    ("cycle", "as_of"),
    [
        ("2013", date(2013, 7, 15)),
        ("2013", date(2013, 12, 31)),
        ("2013", date(2014, 1, 20)),
        ("2015", date(2015, 5, 20)),
        ("2015", date(2015, 12, 31)),
    ],
)
def test_every_number_of_the_report_is_one_counted_by_hand(
    pulled: Pulled, recorded: Recorded, cycle: str, as_of: date
) -> None:
    said = report(Path(pulled.smooth), cycle, as_of)
    start, end = date(int(cycle), 1, 1), min(date(int(cycle), 12, 31), as_of)
    serving = {id_: recorded.serving(rules) for id_, rules in CYCLES[cycle].items()}
    counted = {
        id_: recorded.activity(keys, start, min(end, RETIRED.get(id_, end)), as_of, LAGS.get(id_, 0))
        for id_, keys in serving.items()
    }
    assert {one["id"]: one["activity"] for one in said["key_results"]} == counted

    completed = recorded.completed(start, end)
    served = {id_: keys & recorded.completed(start, min(end, RETIRED.get(id_, end))) for id_, keys in serving.items()}
    verdicts = {one["id"]: one["verdict"] for one in said["key_results"]}
    busy = set().union(*(served[id_] for id_, verdict in verdicts.items() if verdict == "busy"))
    unlinked = completed.difference(*served.values())
    headline = {name: said["headline"][name] for name in ("completed", "completed_on_busy", "completed_unlinked")}
    assert headline == {
        "completed": len(completed),
        "completed_on_busy": len(busy),
        "completed_unlinked": len(unlinked),
    }
    assert said["unlinked"]["completed"] == len(unlinked)
    assert said["unlinked"]["by_scope"] == recorded.by_scope(unlinked)
    assert {f"{one['source']}:{one['scope']}": one["items"] for one in said["sources"]} == recorded.items()
    # A comparison of nothing with nothing would prove nothing.
    assert all(one["opened"] or one["completed"] for one in counted.values()), counted
    assert {id_ for id_, verdict in verdicts.items() if verdict == "busy"} == {id_ for id_ in LAGS if id_ in verdicts}


def test_a_second_sync_asks_little_and_changes_nothing(pulled: Pulled) -> None:
    before = json.loads((Path(pulled.smooth) / "before.json").read_text())
    assert json.loads(json.dumps(_content(Path(pulled.smooth)), default=str)) == before
    assert len(before["items"]) == 29_057 + 4_388
    assert pulled.second.keys() == {"", *PROJECTS}
    assert max(pulled.second.values()) <= 4, pulled.second
    assert pulled.first < 400


def test_a_killed_sync_ends_with_the_same_store(pulled: Pulled) -> None:
    assert pulled.exit_codes == [-9] * len(KILLED_AFTER)
    assert _content(Path(pulled.killed)) == _content(Path(pulled.smooth))
