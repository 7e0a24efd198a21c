"""Where the last run left each scope, read before the store is opened.

To open the store takes imports that last longer than a service's answer. A glance with Python's own ``sqlite3`` takes
a millisecond, and lets the sources be asked for their plans meanwhile. What it sees is a guess: another run may be at
work. Whoever uses what was asked with it compares with the store, under the run's lock.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from okrsync.connector import Cursor

_SQLITE = "sqlite:///"
_PATIENCE = 0.1
"""Seconds to wait for a store that is locked: the glance is not worth more."""


class Remembered:
    """The cursors of a store, as far as a glance shows them."""

    def __init__(self, store: str) -> None:
        """``store`` is the configuration's. Only a SQLite file is looked at, and nothing is made or changed."""
        self._cursors: dict[tuple[str, str], Cursor | None] = {}
        self._under_way: set[tuple[str, str]] = set()
        self.known = False
        """False where nothing can be told: not a file, not readable, or of another version."""
        name = store.removeprefix(_SQLITE)
        if name == store or name.startswith("file:") or "?" in name:
            return
        if not Path(name).exists():
            self.known = True
            return
        with suppress(sqlite3.Error, ValueError):
            self._read(name)
            self.known = True

    def _read(self, name: str) -> None:
        with closing(sqlite3.connect(f"file:{quote(name)}?mode=ro", uri=True, timeout=_PATIENCE)) as store:
            rows = store.execute("SELECT source, scope, cursor, plan IS NOT NULL FROM scopes").fetchall()
        for source, scope, cursor, under_way in rows:
            self._cursors[source, scope] = json.loads(cursor) if cursor else None
            if under_way:
                self._under_way.add((source, scope))

    def may_plan(self, source: str, scope: str) -> bool:
        """Is the next thing that a run does with this scope to make a plan from ``cursor_of``? Not where a run before
        it was interrupted, whose plan goes on."""
        return self.known and (source, scope) not in self._under_way

    def cursor_of(self, source: str, scope: str) -> Cursor | None:
        """The scope's cursor; None where it was never read to the end."""
        return self._cursors.get((source, scope))
