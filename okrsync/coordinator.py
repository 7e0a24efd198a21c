"""The order of a sync's tasks: each scope's plan, then the plan's shards, then what finishes the scope.

A task is a plain function of plain values, so that the same tasks can run in threads or on other machines. What fails
fails for one scope only, and is kept with it for the report.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from queue import SimpleQueue
from threading import Lock
from typing import TYPE_CHECKING, Protocol, TypeAlias

from okrsync.connector import Connector, Cursor, Plan
from okrsync.errors import SourceError
from okrsync.language import _
from okrsync.model import Scope
from okrsync.opening import Opened
from okrsync.pulling import GivenUp, ShardTask, Stored
from okrsync.store import scopes, work

if TYPE_CHECKING:
    from sqlalchemy import Engine

PAGES_A_REQUEST = 2
"""Shards under way for each request that may be: one waits for its answer while the other is read and stored."""

_CHEAP_CENSUS = 5000
"""Up to so many items a census is one or a few requests: when no count is to be had, it is simply taken."""


PullShard: TypeAlias = Callable[[ShardTask, Stored, GivenUp], Future[None]]
"""Begins to pull a shard, here or elsewhere; the arguments are those of ``Puller.pull``."""


class Observer(Protocol):
    """Is told how a sync goes; called from several threads."""

    def scope_started(self, scope: Scope) -> None: ...
    def page_stored(self, scope: Scope, items: int) -> None: ...
    def waiting(self, source: str, why: str, seconds: float) -> None: ...
    def note(self, source: str, text: str) -> None: ...
    def scope_done(self, result: ScopeResult) -> None: ...


@dataclass
class ScopeResult:
    """What became of one scope."""

    scope: Scope
    items: int = 0
    """Items that were read."""
    changed: int = 0
    """Items of these that were new or different."""
    removed: int = 0
    error: str | None = None


@dataclass
class Run:
    """A scope that is being synced."""

    connector: Connector
    scope: Scope
    row: scopes.ScopeRow
    result: ScopeResult
    cursor: Cursor | None
    plan: Plan | None = None
    done: frozenset[str] = frozenset()
    """Shards of the plan that an earlier sync finished."""
    resumed: bool = False
    """The plan is one that an earlier sync left behind."""
    was_empty: bool = False
    """The store held nothing of the scope when the plan began: a whole plan then names every item there is."""
    waiting_for: int = 0
    pulled: bool = False
    """All its shards are stored."""
    finishing: bool = False
    counting: Lock = field(default_factory=Lock)

    def stored(self, items: int, changed: int) -> None:
        """Count a page; several shards may store theirs at once."""
        with self.counting:
            self.result.items += items
            self.result.changed += changed


@dataclass(eq=False)
class _Lane:
    """The tasks of one source: a limited number under way, and each scope's in its turn, so that a large one does not
    keep the others waiting."""

    free: int
    waiting: dict[int, deque[_Task]] = field(default_factory=dict)
    """By scope, in the order of their turns."""

    def put(self, task: _Task) -> None:
        self.waiting.setdefault(id(task.run), deque()).append(task)

    def take(self) -> _Task | None:
        """The next task that may start now."""
        if not self.free or not self.waiting:
            return None
        turn = next(iter(self.waiting))
        tasks = self.waiting.pop(turn)
        task = tasks.popleft()
        if tasks:
            self.waiting[turn] = tasks
        self.free -= 1
        return task


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    run: Run
    start: Callable[[], Future[None]]
    then: Callable[[], None]


class Coordinator:
    """Submits tasks and reacts to their ends; only it knows which task follows which."""

    def __init__(
        self,
        engine: Engine,
        opened: Opened,
        observer: Observer,
        threads: ThreadPoolExecutor,
        pull: PullShard,
        *,
        here: bool,
    ) -> None:
        """``threads`` run everything but pulls, which are ``pull``'s, ``here`` in this process or elsewhere."""
        self._engine = engine
        self._opened = opened
        self._options = opened.options
        self._observer = observer
        self._threads = threads
        self._pull_shard = pull
        self._here = here
        self._lanes: dict[str, _Lane] = {}
        self._under_way = 0
        self._ended: SimpleQueue[tuple[_Lane, _Task, Future[None]]] = SimpleQueue()
        self._runs: Sequence[Run] = ()

    def run(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        for run in runs:
            self._lanes.setdefault(run.scope.source, _Lane(self._width(run.connector)))
            self._begin(run)
        while self._start_what_may() or self._under_way:
            lane, task, future = self._ended.get()
            self._under_way -= 1
            lane.free += 1
            self._react(task, future)

    def _width(self, connector: Connector) -> int:
        """How many of a source's tasks may be under way: of requests, ``--jobs``. Where the pace holds them to that,
        as many pages more may be read and stored meanwhile."""
        return self._options.jobs * (PAGES_A_REQUEST if connector.paced and self._here else 1)

    def _start_what_may(self) -> bool:
        started = False
        for lane in self._lanes.values():
            while (task := lane.take()) is not None:
                started = True
                self._under_way += 1
                task.start().add_done_callback(partial(self._tell, lane, task))
        return started

    def _tell(self, lane: _Lane, task: _Task, future: Future[None]) -> None:
        self._ended.put((lane, task, future))

    def _react(self, task: _Task, future: Future[None]) -> None:
        run = task.run
        run.waiting_for -= 1
        try:
            future.result()
        except SourceError as error:
            if run.result.error is None:
                run.result.error = str(error)
        if run.result.error is None:
            task.then()
        elif not run.waiting_for:
            scopes.fail_scope(self._engine, run.row.id, run.result.error)
            self._observer.scope_done(run.result)
            self._finish_source(run.scope.source)

    def _add(self, run: Run, start: Callable[[], Future[None]], then: Callable[[], None]) -> None:
        def unless_failed() -> Future[None]:
            if run.result.error is None:
                return start()
            skipped: Future[None] = Future()
            skipped.set_result(None)
            return skipped

        run.waiting_for += 1
        self._lanes[run.scope.source].put(_Task(run, unless_failed, then))

    def _add_here(self, run: Run, task: Callable[[Run], None], then: Callable[[], None]) -> None:
        self._add(run, partial(self._threads.submit, task, run), then)

    def _begin(self, run: Run) -> None:
        self._add_here(run, self._make_plan, partial(self._start_shards, run))

    def _make_plan(self, run: Run) -> None:
        self._observer.scope_started(run.scope)
        interrupted = scopes.progress_of(self._engine, run.row.id)
        if interrupted is not None and not self._options.full:
            run.plan, run.done, run.resumed = interrupted.plan, interrupted.done, True
            return
        run.was_empty = not work.has_items(self._engine, run.row.id)
        cursor = None if self._options.full else run.cursor
        run.plan = self._opened.take_plan(run.scope, cursor) or run.connector.plan(run.scope, cursor)
        run.done = frozenset()
        scopes.start_plan(self._engine, run.row.id, run.plan)

    def _start_shards(self, run: Run) -> None:
        assert run.plan is not None
        todo = [shard for shard in run.plan.shards if shard.id not in run.done]
        for shard in todo:
            # On another machine a task may be begun anew, by then with a cursor.
            task = ShardTask(run.scope, run.row.id, shard, begun=run.resumed or not self._here)
            stored = partial(self._page_stored, run)
            self._add(
                run,
                partial(self._pull_shard, task, stored, lambda: run.result.error is not None),
                partial(self._shard_done, run),
            )
        if not todo:
            self._shard_done(run)

    def _page_stored(self, run: Run, items: int, changed: int) -> None:
        run.stored(items, changed)
        self._observer.page_stored(run.scope, items)

    def _shard_done(self, run: Run) -> None:
        if run.waiting_for:
            return
        if run.resumed:
            self._add_here(run, self._finish, partial(self._finished, run))
            return
        run.pulled = True
        self._finish_source(run.scope.source)

    def _finish_source(self, source: str) -> None:
        """Finish a source's scopes together, once all that it has is stored.

        A census of the project that an issue was moved from must not come before the page of the project that it was
        moved to: the issue would be removed, and made anew without the keys that it had.
        """
        runs = [run for run in self._runs if run.scope.source == source]
        if any(run.result.error is None and not run.pulled for run in runs):
            return
        for run in runs:
            if run.result.error is None and not run.finishing:
                run.finishing = True
                self._add_here(run, self._finish, partial(self._finished, run))

    def _finished(self, run: Run) -> None:
        if run.resumed:
            # The plan was as old as the sync that was interrupted: what changed since is asked for now.
            assert run.plan is not None
            run.cursor, run.plan, run.resumed = run.plan.next, None, False
            self._begin(run)
        else:
            self._observer.scope_done(run.result)

    def _finish(self, run: Run) -> None:
        assert run.plan is not None
        now = self._options.now()
        if run.plan.whole and (run.was_empty or (run.resumed and run.row.last_census is None)):
            # All items there are have been named, also where the first plan was interrupted: what was deleted between
            # its two parts is found as what is deleted at any other time.
            scopes.mark_census(self._engine, run.row.id, now)
            run.row = replace(run.row, last_census=now)
        elif self._options.full or run.plan.census or (not run.resumed and self._census_is_due(run)):
            self._census(run)
        scopes.finish_plan(self._engine, run.row.id, run.plan, self._options.now())

    def _census_is_due(self, run: Run) -> bool:
        """On its own rhythm, and as soon as the source has another number of items than the store."""
        if run.plan is not None and run.plan.census is False and run.row.last_census is not None:
            return False
        if run.row.last_census is None or self._options.now() - run.row.last_census >= self._options.census:
            return True
        counted = run.plan.total if run.plan is not None else None
        if counted is None:
            if run.connector.paced and not run.result.items:
                # Where nothing at all came, the question would be a third of what the scope costs. The census, in its
                # rhythm, and the next run in which anything changed find what was deleted meanwhile.
                return False
            counted = run.connector.count(run.scope)
        stored = work.count_items(self._engine, run.row.id)
        return stored <= _CHEAP_CENSUS if counted is None else counted != stored

    def _census(self, run: Run) -> None:
        """Remove what the source no longer has, and fetch what it has and the store has missed.

        The pages were stored before: what is created from now on is not in the store and cannot be taken for deleted.
        """
        found = work.take_census(
            self._engine,
            run.scope.source,
            run.row.id,
            run.connector.census(run.scope),
            self._options.now(),
            may_empty=self._options.full,
        )
        if found is None:
            raise SourceError(
                _(
                    "{source}:{id}: every item has disappeared at once, which a withdrawn permission looks like: "
                    "nothing was removed. If it is right, run: okrsync sync {source}:{id} --full"
                ).format(source=run.scope.source, id=run.scope.id)
            )
        run.result.removed += found.removed
        if found.missing:
            for page in run.connector.fetch(run.scope, found.missing):
                changed = work.save_page(self._engine, run.scope.source, run.row.id, None, page)
                run.stored(len(page.items), changed)
