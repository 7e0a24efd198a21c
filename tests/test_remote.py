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

from okrsync.sandbox.jira import JiraStandIn
from okrsync.store.engine import open_store
from tests.stores import OPENED, content
from tests.test_jira_end_to_end import put

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="distributed is not installed")


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
        json.dumps({"store": store, "sources": {"shop": source}, "okrs": "okrs.yaml"})  # JSON is YAML too
    )


def okrsync(folder: Path, *arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "okrsync.cli", "-c", str(folder / "okrsync.yaml"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@needs_dask
def test_a_worker_that_is_killed_costs_nothing_but_time(tmp_path: Path, jira: JiraStandIn, postgres_url: str) -> None:
    environment = {**os.environ, "JIRA_TOKEN": jira.token, "PYTHONWARNINGS": "ignore"}
    configure(tmp_path / "plain", jira, "sqlite:///okrsync.db")
    assert okrsync(tmp_path / "plain", "sync", environment=environment).returncode == 0
    configure(tmp_path / "dask", jira, postgres_url)
    where = tmp_path / "scheduler.json"
    local = ("--no-dashboard", "--host", "127.0.0.1")
    with ExitStack() as stack:
        scheduler = ("distributed.cli.dask_scheduler", "--port", "0", "--scheduler-file", str(where), *local)
        stack.enter_context(process(*scheduler, environment=environment, log=tmp_path / "scheduler.log"))
        wait_for(where.exists)
        worker = (
            "distributed.cli.dask_worker",
            "--scheduler-file",
            str(where),
            "--no-nanny",
            "--nthreads",
            "2",
            *local,
        )
        workers = [
            stack.enter_context(process(*worker, environment=environment, log=tmp_path / f"worker{n}.log"))
            for n in range(2)
        ]
        wait_for(lambda: all("Registered" in (tmp_path / f"worker{n}.log").read_text() for n in range(2)))
        address = json.loads(where.read_text())["address"].removeprefix("tcp://")
        before = jira.count()
        command = [sys.executable, "-m", "okrsync.cli", "-c", str(tmp_path / "dask" / "okrsync.yaml")]
        coordinator = stack.enter_context(
            subprocess.Popen(
                [*command, "sync", "--executor", f"dask://{address}"],
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
