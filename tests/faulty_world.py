"""A site of Jira, one of GitHub, a project that reads both, and what its store should hold."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from time import sleep
from typing import Any, Literal

from okrsync.sandbox.faults import Faults
from okrsync.sandbox.github import GitHubStandIn
from okrsync.sandbox.jira import JiraStandIn
from okrsync.store.engine import open_store
from tests.faulty_runs import SOUND, Ended, Machine, Run, Runs
from tests.postgres import Postgres
from tests.stores import _empty_store, content

CONFIG = """\
store: {store}
sources:
  jira: {{type: jira, url: "{jira}", auth: {auth}, projects: [SHOP, PAY]}}
  hub: {{type: github, url: "{hub}", auth: {{token: "${{HUB_TOKEN}}"}}, repos: [acme/one, acme/two]}}
okrs: okrs/
"""
GOALS = """\
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{id: acme, level: company}]
objectives:
  - id: O1
    team: acme
    title: A small shop sells online within a day
    owner: lin
    key_results:
      - id: KR1.1
        title: Activated shops per week
        owner: lin
        metric: {unit: shops, baseline: 120, target: 300}
        work: [{labels: [blue]}]
"""
JIRA_TOKEN, HUB_TOKEN = "jira-c4n4ry", "hub-c4n4ry"
STATUSES = {
    "todo": {"id": "1", "name": "Open", "statusCategory": {"id": 2, "key": "new", "name": "To Do"}},
    "done": {"id": "5", "name": "Done", "statusCategory": {"id": 3, "key": "done", "name": "Done"}},
}
REPOS = {"acme/one": 501, "acme/two": 502}
PROJECTS = {"SHOP": "10", "PAY": "20"}

Item = tuple[str, str, str, frozenset[str], str]
"""Scope, key, title, labels, state."""


def search_for(folder: Path, *secrets: str) -> int:
    """How many files there are below a folder, none of which holds a secret. Raises ``AssertionError``."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret.encode() in content], f"a token stands in {path}"
    return len(files)


tally: Counter[str] = Counter()
"""Over all worlds: syncs by how they ended, kills, faults by name, items compared."""


class World:
    """Both services with their faults, and a folder with ``okrsync.yaml``."""

    def __init__(
        self,
        runs: Runs,
        deployment: Literal["cloud", "server"],
        *,
        graphql: bool,
        skew: float,
        postgres: Postgres | None = None,
    ) -> None:
        """With ``postgres`` the stores of all projects are databases of that server, else files of SQLite."""
        self.runs, self.postgres = runs, postgres
        self._databases: dict[Path, str] = {}
        self._folder = TemporaryDirectory(prefix="okrsync-faults-")
        self.folder = Path(self._folder.name)
        self.jira = JiraStandIn(deployment, token=JIRA_TOKEN, page_limit=3, account_timezone="America/Los_Angeles")
        self.hub = GitHubStandIn(tokens=(HUB_TOKEN,), graphql=graphql)
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC) + timedelta(seconds=skew)
        self.jira.now, self.jira.skew, self.hub.skew = self.now, skew, skew
        self.faults = {"jira": Faults(self.jira), "hub": Faults(self.hub)}
        self.numbers = 0
        self.lagging: list[Callable[[], None]] = []
        self.hidden: set[str] = set()
        """Scopes that the accounts may not see."""
        self.expired: set[str] = set()
        """Sources whose token is not accepted."""
        self._counting = Lock()
        self._at_request: tuple[int, Callable[[], None]] | None = None
        self.jira.faults.append(self._count_request)
        self.hub.faults.append(self._count_request)
        for key, id_ in PROJECTS.items():
            self.jira.add_project(key, key, id_)
        for name, number in REPOS.items():
            self.hub.add_repo(name, number)
        self.jira.start()
        self.hub.start()
        self.project = self.new_project("project")

    def close(self) -> None:
        self.jira.stop()
        self.hub.stop()
        self._folder.cleanup()
        if self.postgres is not None:
            for name in self._databases.values():
                self.postgres.drop(name)

    def new_project(self, name: str, store: str | None = None) -> Path:
        """A folder that is configured, with an empty store."""
        folder = self.folder / name
        if store is None and self.postgres is not None:
            self._databases[folder] = self.postgres.new_store()
            store = self.postgres.url(self._databases[folder])
        (folder / "okrs").mkdir(parents=True)
        auth = (
            f'{{email: {self.jira.email}, token: "${{JIRA_TOKEN}}"}}' if self.jira.cloud else '{token: "${JIRA_TOKEN}"}'
        )
        text = CONFIG.format(store=store or "sqlite:///okrsync.db", jira=self.jira.url, hub=self.hub.api_url, auth=auth)
        (folder / "okrsync.yaml").write_text(text)
        (folder / "okrs" / "q4.yaml").write_text(GOALS)
        if store is None:
            (folder / "okrsync.db").write_bytes(_empty_store())
        return folder

    # --- what people do at the services -------------------------------------------------------------------------------

    def create_issue(self, project: str, labels: Iterable[str] = ()) -> str:
        self.numbers += 1
        place = self.jira.projects[PROJECTS[project]]
        key = f"{place['key']}-{1000 + self.numbers}"
        self.jira.put_issue(
            {
                "id": str(10_000 + self.numbers), "key": key,
                "fields": {
                    "summary": f"Issue {self.numbers}", "status": STATUSES["todo"], "labels": list(labels),
                    "issuetype": {"id": "1", "name": "Story", "subtask": False}, "created": self.jira.stamp(self.now()),
                },
            },
            updated=self.now(),
        )  # fmt: skip
        return str(10_000 + self.numbers)

    def edit_issue(self, id_: str, **fields: Any) -> None:
        issue = self.jira.issues[id_]
        self.jira.put_issue({**issue, "fields": {**issue["fields"], **fields}}, updated=self.now())

    def create_on_hub(self, repo: str, kind: Literal["issue", "pull"], labels: Iterable[str] = ()) -> tuple[str, int]:
        self.numbers += 1
        put = self.hub.put_issue if kind == "issue" else self.hub.put_pull
        given = {"title": f"{kind} {self.numbers}", "labels": list(labels), "user": "lin", **self._stamps()}
        return repo, put(self.name_of(repo), {**given, "created_at": given["updated_at"]})

    def edit_on_hub(self, repo: str, number: int, **fields: Any) -> None:
        repository = self.hub.repositories[REPOS[repo]]
        put = self.hub.put_issue if number in repository.issues else self.hub.put_pull
        put(repository.full_name, {"number": number, **fields, **self._stamps()})

    def _stamps(self) -> dict[str, str]:
        return {"updated_at": f"{self.now():%Y-%m-%dT%H:%M:%SZ}"}

    def name_of(self, repo: str) -> str:
        """What the repository that is configured under a name is called now."""
        return self.hub.repositories[REPOS[repo]].full_name

    def on_hub(self) -> list[tuple[str, int]]:
        return [(repo, number) for repo in REPOS for number in self.hub.repositories[REPOS[repo]].numbers()]

    # --- what there is ------------------------------------------------------------------------------------------------

    def truth(self) -> dict[str, Item]:
        """All items that the services show, by identity, as a report could tell them apart."""
        found: dict[str, Item] = {}
        scope_of = {id_: key for key, id_ in PROJECTS.items()}
        for row in self.jira._searchable():
            issue = self.jira.issues[str(row.id)]
            fields = issue["fields"]
            state = "done" if fields["status"]["id"] == "5" else "todo"
            labels = frozenset(fields["labels"])
            found[issue["id"]] = (scope_of[row.project_id], issue["key"], fields["summary"], labels, state)
        for repo, number in self.on_hub():
            repository = self.hub.repositories[REPOS[repo]]
            if repository.revoked:
                continue
            given = repository.issues.get(number) or repository.pulls[number]
            ended = bool(given.get("closed_at") or given.get("merged_at"))
            state = "done" if ended else "doing" if number in repository.pulls else "todo"
            labels = frozenset(given["labels"])
            key = f"{repository.full_name}#{number}"
            found[f"{repository.id}/{number}"] = (repo, key, given["title"], labels, state)
        return found

    def _rows(self, *queries: str, folder: Path | None = None) -> list[Sequence[Any]]:
        """What the store of a folder answers, read without okrsync's help: the rows of each query."""
        folder = folder or self.project
        if self.postgres is not None:
            return self.postgres.rows(self._databases[folder], *queries)
        with closing(sqlite3.connect(folder / "okrsync.db")) as store:
            assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            return [store.execute(query).fetchall() for query in queries]

    def stored(self, folder: Path | None = None) -> dict[str, Item]:
        """What the store holds."""
        facets, items = self._rows(
            """SELECT i.native_id, f.value FROM item_facets x JOIN items i ON i.id = x.item_id
               JOIN facets f ON f.id = x.facet_id WHERE f.kind = 'label'""",
            "SELECT i.native_id, s.scope, i.key, i.title, i.state FROM items i JOIN scopes s ON s.id = i.scope_id",
            folder=folder,
        )
        labels: dict[str, set[str]] = {}
        for id_, label in facets:
            labels.setdefault(id_, set()).add(label)
        return {
            id_: (scope, key, title, frozenset(labels.get(id_, ())), state) for id_, scope, key, title, state in items
        }

    def failed_scopes(self) -> dict[str, str]:
        """Scopes whose last sync failed, with the reason that is stored."""
        (failed,) = self._rows("SELECT scope, error FROM scopes WHERE error IS NOT NULL")
        return dict(failed)

    @property
    def store_name(self) -> str:
        """How a message names the store."""
        return "okrsync.db" if self.postgres is None else f"/{self._databases[self.project]}"

    def wait_for_the_store(self) -> None:
        """A server of a database notices a little later that a program was killed, and lets go of its lock then."""
        while self.postgres is not None:
            name = self._databases[self.project]
            query = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"
            if self.postgres.rows("postgres", query)[0][0][0] == 0:
                return
            sleep(0.01)

    def restart_postgres(self) -> None:
        """Close all connections of the store, as a restart of its server does."""
        assert self.postgres is not None
        name = self._databases[self.project]
        self.postgres.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    # --- runs ---------------------------------------------------------------------------------------------------------

    def start(self, *args: str, folder: Path | None = None, machine: Machine = SOUND) -> Run:
        environ = {"JIRA_TOKEN": JIRA_TOKEN, "HUB_TOKEN": HUB_TOKEN}
        return self.runs.start(folder or self.project, *args, environ=environ, machine=machine)

    def run(self, *args: str, folder: Path | None = None, machine: Machine = SOUND) -> Ended:
        ended = self.start(*args, folder=folder, machine=machine).wait()
        for token in (JIRA_TOKEN, HUB_TOKEN):
            assert token not in ended.err + ended.out
        assert "Traceback" not in ended.err, ended.err
        assert ended.code != 99, ended.err
        tally["runs searched for tokens"] += 1
        return ended

    def sync_killed_at_request(self, number: int) -> Ended:
        """Sync, and SIGKILL when the services get that request, if they do."""
        run = self.start("sync")
        self._at_request = (number, run.kill)
        ended = run.wait()
        self._at_request = None
        return ended

    def sync_while_postgres_restarts(self, number: int) -> Ended:
        """Sync, and close the connections of the store when the services get that request, if they do."""
        self._at_request = (number, self.restart_postgres)
        ended = self.run("sync")
        self._at_request = None
        return ended

    def _count_request(self, request: object) -> None:
        with self._counting:
            if self._at_request is None:
                return
            left, act = self._at_request
            self._at_request = (left - 1, act) if left > 0 else None
        if left <= 0:
            act()

    # --- what must hold -----------------------------------------------------------------------------------------------

    def check(self, ended: Ended, before: dict[str, Item]) -> None:
        """After a sync: what it calls done is as the services have it, what it does not is named and kept."""
        truth, stored = self.truth(), self.stored()
        tally["items compared"] += len(truth)
        if ended.code == 0:
            tally["syncs done"] += 1
            assert not self.failed_scopes()
            assert not self.hidden | self.expired, "it says done, and could not see everything"
            assert stored == truth
            return
        assert ended.code in (3, 4), ended
        tally["syncs in part"] += 1
        failed = self.failed_scopes()
        assert failed, ended.err
        for scope, error in failed.items():
            assert scope in ended.err, ended.err
            assert error
        scopes = {*PROJECTS, *REPOS} - failed.keys()
        assert self.hidden <= failed.keys(), "a scope that may not be seen counts as done"
        for scope in scopes:
            assert {i: item for i, item in stored.items() if item[0] == scope} == {
                i: item for i, item in truth.items() if item[0] == scope
            }
        for id_, (scope, *_) in before.items():
            there = id_ in truth and truth[id_][0] == scope
            if scope in failed and there:
                assert id_ in stored, f"{id_} of {scope}, which failed, is lost"
        self.check_report(failed)

    def check_report(self, failed: dict[str, str]) -> None:
        """The report carries what is incomplete."""
        told = self.run("report", "--format", "json")
        assert told.code == 0, told.err
        # A scope is shown under the name that its project or repository has by now.
        shown = [one for one in json.loads(told.out)["sources"] if one["state"] in ("failed", "never") and one["error"]]
        assert len(shown) == len(failed), shown
        for error in failed.values():
            assert any(error[:60] in one["error"] for one in shown), (error, shown)

    def mend(self) -> None:
        """Everything is as it should be from now on."""
        for faults in self.faults.values():
            faults.clear()
        for release in self.lagging:
            release()
        for scope in self.hidden:
            if scope in PROJECTS:
                self.jira.restore(PROJECTS[scope])
            else:
                self.hub.restore(self.name_of(scope))
        self.lagging, self.hidden, self.expired = [], set(), set()
        self.jira.renew_token()
        self.hub.tokens.add(HUB_TOKEN)

    def check_everything(self) -> None:
        """Once all is mended, one sync makes the store what a new one would be."""
        self.mend()
        before = self.stored()
        ended = self.run("sync")
        if "every item has disappeared at once" in ended.err:
            # Which a withdrawn permission looks like: a person has to say that it is right.
            self.check(ended, before)
            there = {scope for scope, *_ in self.truth().values()}
            assert not there & self.failed_scopes().keys()
            ended = self.run("sync", "--full")
        assert ended.code == 0, ended.err
        self.check(ended, before)
        fresh = self.new_project("fresh")
        ended = self.run("sync", folder=fresh)
        assert ended.code == 0, ended.err
        # Former keys and cursors are what a new store cannot know.
        but = ("keys", "scopes", "shards")
        ours, theirs = (self._content(folder, but) for folder in (self.project, fresh))
        assert ours == theirs
        tally["files searched for tokens"] += search_for(self.folder, JIRA_TOKEN, HUB_TOKEN)

    def _content(self, folder: Path, but: tuple[str, ...]) -> dict[str, Any]:
        file = f"sqlite:///{folder / 'okrsync.db'}"
        engine = open_store(file if self.postgres is None else self.postgres.url(self._databases[folder]))
        try:
            return content(engine, but=but)
        finally:
            engine.dispose()
