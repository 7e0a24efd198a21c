"""Pulling one shard, and the one thread that stores what all of them bring.

A pull asks for its next page while the last one is being stored; it waits only when the writer is many pages behind, so
memory stays bounded. The writer stores what has arrived in the meantime in one transaction: the more there is, the
fewer transactions. A page and its cursor are always in the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, Queue
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from okrsync.connector import Connector, Cursor, Shard
from okrsync.errors import CursorExpired, StoreError
from okrsync.model import Scope
from okrsync.store import scopes, work

if TYPE_CHECKING:
    from sqlalchemy import Engine

_PAGES_WAITING = 12
"""Pages that may wait for the writer before pulls have to."""

_ITEMS_AT_ONCE = 2000
"""Items of one transaction, more or less: readers and other writers get their turn between two."""

_WORTH_WAITING_FOR = 400
"""Items that one transaction should have while more are on their way: with a hundred, an item costs twice as much."""

_LONGEST_WAIT = 0.1
"""Seconds that a page waits for others. One that is killed meanwhile is asked for again."""

_GLANCE = 0.02
"""Seconds after which the writer looks whether any other page is on its way still."""


Stored: TypeAlias = Callable[[int, int], None]
"""Told of a page: how many items it had, and how many of them were new or changed."""

GivenUp: TypeAlias = Callable[[], bool]
"""Has the scope failed meanwhile?"""


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard to pull, as plain values."""

    scope: Scope
    scope_id: int
    """The scope's row in the store."""
    shard: Shard
    begun: bool = True
    """False of a plan that was just made: nobody can have left a cursor in the store."""


@dataclass(frozen=True, slots=True)
class _Letter:
    arrival: work.Arrival
    stored: Future[int]
    before: Future[int] | None


class Writer:
    """Stores pages in a thread of its own; safe to use from several threads.

    Leaving the context stores what has arrived and ends the thread.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: Queue[_Letter | None] = Queue(_PAGES_WAITING)
        self._pulling = 0
        self._counting = Lock()
        self._thread = Thread(target=self._run, name="okrsync-writer", daemon=True)

    def save(self, arrival: work.Arrival, before: Future[int] | None = None) -> Future[int]:
        """Hand over a page. The future tells how many of its items were new or changed once it is stored, and raises
        ``StoreError`` when it could not be.

        ``before`` is that of the shard's page before this one: where that one could not be stored, this one is not
        either, as its cursor would say that all before it is there.
        """
        letter = _Letter(arrival, Future(), before)
        self._queue.put(letter)
        return letter.stored

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """A page is on its way: the writer may wait a moment for it, to store several in one transaction."""
        with self._counting:
            self._pulling += 1
        try:
            yield
        finally:
            with self._counting:
                self._pulling -= 1

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            letters: list[_Letter] = []
            items = 0
            letter = self._queue.get()
            until = monotonic() + _LONGEST_WAIT
            try:
                while letter is not None:
                    letters.append(letter)
                    items += len(letter.arrival.page.items)
                    if items >= _ITEMS_AT_ONCE:
                        break
                    letter = self._another(until if items < _WORTH_WAITING_FOR else 0.0)
            except Empty:
                pass
            ending = letter is None
            if letters:
                self._store(letters)

    def _another(self, until: float) -> _Letter | None:
        """The next page; raises ``Empty`` when there is none and none is on its way, or at a moment of the clock."""
        while self._pulling and monotonic() < until:
            with suppress(Empty):
                return self._queue.get(timeout=_GLANCE)
        return self._queue.get_nowait()

    def _store(self, letters: list[_Letter]) -> None:
        for letter in letters:
            if letter.before is not None and letter.before.done() and (error := letter.before.exception()):
                letter.stored.set_exception(error)
        letters = [letter for letter in letters if not letter.stored.done()]
        if not letters:
            return
        try:
            changed = work.save_pages(self._engine, [letter.arrival for letter in letters])
        except Exception as error:  # noqa: BLE001 - raised again where each page is waited for
            for letter in letters:
                letter.stored.set_exception(error)
            return
        for letter, number in zip(letters, changed, strict=True):
            letter.stored.set_result(number)


class Puller:
    """Pulls shards with the connectors and the store of one process."""

    def __init__(
        self,
        engine: Engine,
        connectors: Mapping[str, Connector],
        writer: Writer,
        stopping: Event,
    ) -> None:
        """``stopping`` ends all pulls at their next page."""
        self._engine = engine
        self._connectors = connectors
        self._writer = writer
        self._stopping = stopping

    def pull(
        self,
        task: ShardTask,
        stored: Stored = lambda items, changed: None,
        given_up: GivenUp = lambda: False,
    ) -> None:
        """Pull a shard from where it was left to its end.

        Returns when all is stored. Raises ``SourceError``, ``StoreError``.
        """
        cursor = scopes.shard_cursor(self._engine, task.scope_id, task.shard.id) if task.begun else None
        try:
            self._pull_from(task, cursor, stored, given_up)
        except CursorExpired:
            if cursor is None:
                raise
            scopes.restart_shard(self._engine, task.scope_id, task.shard.id)
            self._pull_from(task, None, stored, given_up)

    def _pull_from(
        self,
        task: ShardTask,
        cursor: Cursor | None,
        stored: Stored,
        given_up: GivenUp,
    ) -> None:
        connector = self._connectors[task.scope.source]
        last: Future[int] | None = None
        ended = False
        try:
            pages = connector.pages(task.scope, task.shard, cursor)
            while True:
                with self._writer.expecting():
                    page = next(pages, None)
                if page is None:
                    break
                if self._stopping.is_set():
                    return
                if last is not None and last.done():
                    last.result()  # a store that refuses ends the pull
                last = self._writer.save(work.Arrival(task.scope.source, task.scope_id, task.shard.id, page), last)
                last.add_done_callback(_telling(stored, len(page.items)))
                ended = page.cursor is None
                if given_up():
                    return  # with the page that has come: the next sync need not ask for it again
        finally:
            if last is not None:
                last.result()
        if not ended:
            scopes.finish_shard(self._engine, task.scope_id, task.shard.id)


def _telling(stored: Stored, items: int) -> Callable[[Future[int]], None]:
    def tell(saved: Future[int]) -> None:
        with suppress(StoreError):  # raised where the page is waited for
            stored(items, saved.result())

    return tell
