"""Shards on a Dask cluster: a real scheduler, worker processes, one PostgreSQL, and a worker that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from okrsync.sandbox.jira import JiraStandIn
from okrsync.sandbox.server import Request, Response
from okrsync.store.engine import open_store, reading
from okrsync.store.schema import host_pauses
from tests.stores import OPENED, content
from tests.test_jira_end_to_end import put

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="distributed is not installed")


PAUSE = 3
"""Seconds that the stand-in asks for."""


def wait_for(what: Callable[[], object], seconds: float = 60) -> None:
    """Until it is so; a test that waits longer has failed."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


@contextmanager
def process(*command: str, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as file:
        started = subprocess.Popen(
            [sys.executable, "-m", *command], env=environment, stdout=file, stderr=subprocess.STDOUT
        )
        try:
            yield started
        finally:
            started.kill()
            started.wait()


@pytest.fixture
def jira() -> Iterator[JiraStandIn]:
    stand_in = JiraStandIn("server", latency=0.02)
    for project in ("SHOP", "PAY", "WEB", "APP"):
        stand_in.add_project(project, project, str(10 + len(project) * 7 + ord(project[0])))
    for number in range(1, 1201):
        put(stand_in, number, key=f"{('SHOP', 'PAY', 'WEB', 'APP')[number % 4]}-{number}")
    with stand_in:
        yield stand_in


def configure(folder: Path, jira: JiraStandIn, store: str) -> None:
    folder.mkdir(exist_ok=True)
    source: dict[str, Any] = {
        "type": "jira",
        "url": jira.url,
        "auth": {"token": "${JIRA_TOKEN}"},
        "projects": ["SHOP", "PAY", "WEB", "APP"],
    }
    goals = {
        "cycle": {"id": "c", "start": "2026-10-01", "end": "2026-12-31"},
        "teams": [{"id": "all", "level": "company"}],
        "objectives": [
            {
                "id": "O",
                "team": "all",
                "title": "Everything",
                "key_results": [
                    {"id": "KR1", "title": "All", "kind": "milestone", "work": [{"labels": ["activation"]}]}
                ],
            }
        ],
    }
    (folder / "okrs.yaml").write_text(json.dumps(goals))
    (folder / "okrsync.yaml").write_text(
        json.dumps(  # JSON is YAML too
            {
                "store": store,
                "sources": {"shop": source},
                "okrs": "okrs.yaml",
                "publish": [{"type": "folder", "path": "wiki/"}],
            }
        )
    )


def okrsync(folder: Path, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "okrsync.cli", "-c", str(folder / "okrsync.yaml"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@contextmanager
def cluster(folder: Path, environment: dict[str, str]) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two workers of two threads each; the address as ``--executor`` takes it, and the workers."""
    where = folder / "scheduler.json"
    local = ("--no-dashboard", "--host", "127.0.0.1", "--scheduler-file", str(where))
    with ExitStack() as stack:
        scheduler = ("distributed.cli.dask_scheduler", "--port", "0", *local)
        stack.enter_context(process(*scheduler, environment=environment, log=folder / "scheduler.log"))
        wait_for(where.exists)
        worker = ("distributed.cli.dask_worker", "--no-nanny", "--nthreads", "2", *local)
        logs = [folder / f"worker{number}.log" for number in range(2)]
        workers = [stack.enter_context(process(*worker, environment=environment, log=log)) for log in logs]
        wait_for(lambda: all("Registered" in log.read_text() for log in logs))
        yield json.loads(where.read_text())["address"].replace("tcp://", "dask://"), workers


@needs_dask
def test_a_run_on_a_cluster_waits_as_one_when_one_worker_is_told_to(
    tmp_path: Path, jira: JiraStandIn, postgres_url: str
) -> None:
    asked: list[float] = []
    jira.page_limit, jira.latency = 10, 0.1  # there is enough to ask for meanwhile

    def refuse(request: Request) -> Response | None:
        asked.append(time.monotonic())
        # Some of the pages have come by then, and most have not.
        return Response(429, headers={"Retry-After": str(PAUSE)}) if len(asked) == 20 else None

    environment = {**os.environ, "JIRA_TOKEN": jira.token, "PYTHONWARNINGS": "ignore"}
    configure(tmp_path / "dask", jira, postgres_url)
    with cluster(tmp_path, environment) as (address, _):
        jira.faults.append(refuse)
        ran = okrsync(tmp_path / "dask", "run", "--executor", address, environment=environment)
    assert ran.returncode == 0, ran.stderr
    later = [at - asked[19] for at in asked[20:]]
    assert len(later) > 10
    # What was under way when it refused, or left before the others looked, has come within a second.
    assert len([at for at in later if 1 < at < PAUSE * 0.9]) <= 1, later
    assert [path.name for path in (tmp_path / "dask" / "wiki").glob("OKR-*.md")]
    engine = open_store(postgres_url)
    OPENED.append(engine)
    assert len(content(engine)["items"]) == 1200
    with reading(engine) as connection:
        assert list(connection.scalars(select(host_pauses.c.host))) == [jira.url.removeprefix("http://")]


@needs_dask
def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path, jira: JiraStandIn, postgres_url: str) -> None:
    environment = {**os.environ, "JIRA_TOKEN": jira.token, "PYTHONWARNINGS": "ignore"}
    configure(tmp_path / "plain", jira, "sqlite:///okrsync.db")
    assert okrsync(tmp_path / "plain", "sync", environment=environment).returncode == 0
    configure(tmp_path / "dask", jira, postgres_url)
    with ExitStack() as stack:
        address, workers = stack.enter_context(cluster(tmp_path, environment))
        before = jira.count()
        command = [sys.executable, "-m", "okrsync.cli", "-c", str(tmp_path / "dask" / "okrsync.yaml")]
        coordinator = stack.enter_context(
            subprocess.Popen(
                [*command, "sync", "--executor", address],
                env=environment,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        wait_for(lambda: jira.count() >= before + 16 or coordinator.poll() is not None)
        assert coordinator.poll() is None, "it was over before a worker could be killed"
        workers[0].send_signal(signal.SIGKILL)
        _, said = coordinator.communicate(timeout=120)
        assert coordinator.returncode == 0, said
    engines = [open_store(f"sqlite:///{tmp_path / 'plain' / 'okrsync.db'}"), open_store(postgres_url)]
    OPENED.extend(engines)
    plain, remote = (
        {
            name: sorted([str(sorted(row.items())) for row in rows])
            for name, rows in content(engine, but=("scopes", "items")).items()
        }
        for engine in engines
    )
    assert remote == plain
    hashes = [{(row["native_id"], row["content_hash"]) for row in content(engine)["items"]} for engine in engines]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 1200
    for log in tmp_path.glob("*.log"):
        assert jira.token not in log.read_text(), log


@pytest.mark.parametrize(
    ("executor", "store", "message"),
    [
        ("http://host:8786", "postgresql+psycopg://host/okrsync", "write dask://HOST:PORT"),
        ("dask://127.0.0.1:9", "sqlite:///okrsync.db", "store: postgresql"),
    ],
)
def test_an_executor_that_cannot_be_used_is_an_error(executor: str, store: str, message: str) -> None:
    from types import SimpleNamespace

    from okrsync.errors import ConfigError
    from okrsync.remote import dask_cluster

    with (
        pytest.raises(ConfigError, match=message),
        dask_cluster(executor, SimpleNamespace(store=store), 8, lambda *told: None),  # type: ignore[arg-type]
    ):
        pass
