"""Whatever the services and the machine do, and whenever a sync is killed: what is called done is so, and all else is
named. Hypothesis chooses what happens; ``make soak`` lets it choose a thousand times."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from okrsync.sandbox.faults import FAULTS
from tests.faulty_runs import SOUND, Ended, Machine, Runs
from tests.faulty_world import PROJECTS, REPOS, STATUSES, Item, World, tally
from tests.postgres import Postgres

SOAKING = "OKRSYNC_SCENARIOS" in os.environ
SCENARIOS = int(os.environ.get("OKRSYNC_SCENARIOS", "50"))

Planned = tuple[str, str, int, int]
"""Which source does what, after how many requests, how many times."""

_FAULTS = st.tuples(
    st.sampled_from(["jira", "hub"]),
    st.sampled_from(sorted(FAULTS)),
    st.integers(0, 14),
    st.sampled_from([1, 1, 2, 9, 99]),
)
_MACHINES = st.sampled_from(
    [Machine(pages=0), Machine(pages=2), Machine(read_only=True), Machine(nameless=2), Machine(nameless=999)]
)


@pytest.fixture(scope="module")
def runs() -> Iterator[Runs]:
    with Runs() as made:
        yield made


class Scenario(RuleBasedStateMachine):
    """People work, services fail, runs are killed; in the end all is well."""

    runs: Runs
    postgres: Postgres | None
    world: World

    @initialize(
        store=st.sampled_from(["sqlite", "postgresql"]),
        deployment=st.sampled_from(["cloud", "server"]),
        graphql=st.booleans(),
        skew=st.sampled_from([0.0, 0.0, -7000.0, 7000.0]),
        issues=st.integers(0, 8),
        pulls=st.integers(0, 4),
    )
    def begin(
        self,
        store: str,
        deployment: Literal["cloud", "server"],
        graphql: bool,
        skew: float,
        issues: int,
        pulls: int,
    ) -> None:
        tally["scenarios"] += 1
        postgres = self.postgres if store == "postgresql" else None
        tally["scenarios on PostgreSQL"] += postgres is not None
        self.world = World(self.runs, deployment, graphql=graphql, skew=skew, postgres=postgres)
        for number in range(issues):
            self.world.create_issue(["SHOP", "PAY"][number % 3 == 2], ["blue"])
            self.world.create_on_hub(["acme/one", "acme/two"][number % 3 == 2], "issue", ["blue"])
        for _ in range(pulls):
            self.world.create_on_hub("acme/one", "pull")

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.check_everything()
        finally:
            for faults in self.world.faults.values():
                tally.update({f"fault: {name}": count for name, count in faults.injected.items()})
            self.world.close()

    # --- people -------------------------------------------------------------------------------------------------------

    @rule(project=st.sampled_from(sorted(PROJECTS)), lags=st.booleans())
    def create_issue(self, project: str, lags: bool) -> None:
        id_ = self.world.create_issue(project, ["blue"])
        if lags:
            self.world.lagging.append(self.world.jira.lag_until(id_))

    @rule(data=st.data(), what=st.sampled_from(["title", "label", "done", "move", "delete"]))
    def change_issue(self, data: st.DataObject, what: str) -> None:
        jira = self.world.jira
        if not jira.issues:
            return
        id_ = data.draw(st.sampled_from(sorted(jira.issues)))
        if what == "title":
            self.world.edit_issue(id_, summary=f"{jira.issues[id_]['fields']['summary']}!")
        elif what == "label":
            self.world.edit_issue(id_, labels=[] if jira.issues[id_]["fields"]["labels"] else ["blue", "green"])
        elif what == "done":
            self.world.edit_issue(id_, status=STATUSES["done"], resolutiondate=jira.stamp(self.world.now()))
        elif what == "move":
            other = {"10": "20", "20": "10"}[jira.issues[id_]["fields"]["project"]["id"]]
            jira.move_issue(id_, other, updated=self.world.now())
        else:
            jira.delete_issue(id_)

    @rule(repo=st.sampled_from(sorted(REPOS)), kind=st.sampled_from(["issue", "pull"]))
    def create_on_hub(self, repo: str, kind: Literal["issue", "pull"]) -> None:
        self.world.create_on_hub(repo, kind, ["blue"])

    @rule(data=st.data(), what=st.sampled_from(["title", "label", "closed", "delete", "transfer"]))
    def change_on_hub(self, data: st.DataObject, what: str) -> None:
        world, found = self.world, self.world.on_hub()
        if not found:
            return
        repo, number = data.draw(st.sampled_from(found))
        repository = world.hub.repositories[REPOS[repo]]
        if what == "title":
            world.edit_on_hub(repo, number, title=f"Changed {world.now():%f}")
        elif what == "label":
            world.edit_on_hub(repo, number, labels=["green"])
        elif what == "closed":
            at = f"{world.now():%Y-%m-%dT%H:%M:%SZ}"
            key = "closed_at" if number in repository.issues else "merged_at"
            world.edit_on_hub(repo, number, **{"state": "closed", key: at})
        elif number in repository.issues:
            if what == "delete":
                world.hub.delete_issue(repository.full_name, number)
            else:
                (other,) = {*REPOS} - {repo}
                world.hub.transfer_issue(repository.full_name, number, world.name_of(other))

    @rule(scope=st.sampled_from([*PROJECTS, *REPOS]))
    def rename(self, scope: str) -> None:
        world = self.world
        world.numbers += 1
        if scope in PROJECTS:
            world.jira.rename_project(world.jira.projects[PROJECTS[scope]]["key"], f"{scope}{world.numbers}")
        else:
            world.hub.rename_repo(world.name_of(scope), f"{scope}-{world.numbers}")

    @rule(scope=st.sampled_from([*PROJECTS, *REPOS]))
    def hide(self, scope: str) -> None:
        self.world.hidden.add(scope)
        if scope in PROJECTS:
            self.world.jira.revoke(PROJECTS[scope])
        else:
            self.world.hub.revoke(self.world.name_of(scope))

    @rule(source=st.sampled_from(["jira by 401", "jira without a word", "hub"]))
    def expire_token(self, source: str) -> None:
        self.world.expired.add(source)
        if source == "hub":
            self.world.hub.expire_token()
        else:
            self.world.jira.expire_token("401" if source == "jira by 401" else "anonymous")

    @precondition(lambda self: self.world.hidden or self.world.expired or self.world.lagging)
    @rule()
    def mend(self) -> None:
        self.world.mend()

    # --- runs ---------------------------------------------------------------------------------------------------------

    @rule(faults=st.lists(_FAULTS, max_size=3))
    def sync(self, faults: list[Planned]) -> None:
        self._sync(faults)

    @rule(faults=st.lists(_FAULTS, max_size=2), machine=_MACHINES)
    def sync_on_a_broken_machine(self, faults: list[Planned], machine: Machine) -> None:
        self._sync(faults, machine)

    @rule(faults=st.lists(_FAULTS, max_size=1), at=st.integers(0, 120))
    def sync_killed_at_a_statement(self, faults: list[Planned], at: int) -> None:
        self._sync(faults, Machine(killed_at=at))

    @rule(faults=st.lists(_FAULTS, max_size=1), at=st.integers(0, 25))
    def sync_killed_at_a_request(self, faults: list[Planned], at: int) -> None:
        self._plan(faults)
        before = self.world.stored()
        self._check(self.world.sync_killed_at_request(at), before)

    @precondition(lambda self: self.world.postgres)
    @rule(faults=st.lists(_FAULTS, max_size=1), at=st.integers(0, 25))
    def sync_while_postgresql_restarts(self, faults: list[Planned], at: int) -> None:
        self._plan(faults)
        before = self.world.stored()
        self._check(self.world.sync_while_postgres_restarts(at), before, refusing=True)

    def _plan(self, faults: list[Planned]) -> None:
        for source, name, after, times in faults:
            self.world.faults[source].plan(name, after=after, times=times)

    def _sync(self, faults: list[Planned], machine: Machine = SOUND) -> None:
        self._plan(faults)
        before = self.world.stored()
        refusing = machine.pages is not None or machine.read_only
        self._check(self.world.run("sync", machine=machine), before, refusing=refusing)

    def _check(self, ended: Ended, before: dict[str, Item], *, refusing: bool = False) -> None:
        """``refusing``: the store may refuse to be written."""
        for faults in self.world.faults.values():
            faults.clear()
        if ended.killed:
            tally["killed"] += 1
            self.world.wait_for_the_store()
            self.world.stored()
            return
        if refusing and ended.code == 4 and self.world.store_name in ended.err:
            tally["store refused"] += 1
            self.world.stored()
            return
        self.world.check(ended, before)


def test_what_is_called_done_is_done(runs: Runs, postgres_or_none: Postgres | None) -> None:
    Scenario.runs, Scenario.postgres = runs, postgres_or_none
    tally.clear()
    run_state_machine_as_test(
        Scenario,
        settings=settings(
            max_examples=SCENARIOS,
            stateful_step_count=12 if SOAKING else 8,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            derandomize=not SOAKING,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,) if SOAKING else (Phase.generate, Phase.shrink),
        ),
    )
    assert tally["scenarios"] >= SCENARIOS
    if SOAKING and "OKRSYNC_TALLY" in os.environ:
        Path(os.environ["OKRSYNC_TALLY"]).write_text(json.dumps(tally), encoding="utf-8")
