"""Statements whose answer is not needed yet: the database works on them while Python does something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from okrsync.store.engine import reading

Found = TypeVar("Found")


class Begin(Protocol):
    """Begins to ask the store, and returns what waits for the answer."""

    def __call__(self, ask: Callable[[Connection], Found], /) -> Callable[[], Found]: ...


@contextmanager
def ahead(engine: Engine) -> Iterator[Begin]:
    """Run what is begun in another thread, one after the other, each with a connection and a view of its own.

    ``ask`` is to execute statements that have done their work when their first row is there (they count, group or
    sort), and to leave the rows to whoever waits. Python's lock is let go of for a statement, and for each row too, and
    is only given back 5 ms later while another thread needs it. The connections are open until the context is left.
    """
    with ExitStack() as connections:
        threads = ThreadPoolExecutor(1, thread_name_prefix="okrsync-reading")

        def begin(ask: Callable[[Connection], Found]) -> Callable[[], Found]:
            return threads.submit(ask, connections.enter_context(reading(engine))).result

        try:
            yield begin
        finally:
            threads.shutdown(cancel_futures=True)
