"""The store of a release, kept for the upgrade tests: ``python -m tests.store_dump DEMO/okrsync.db``.

Run on a store that ``okrsync demo`` of that release made; writes ``tests/data/store-VERSION.sql.gz``, the same bytes
for the same store. ``CONTRIBUTING.md`` says when.
"""

from __future__ import annotations

import gzip
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

FOLDER = Path(__file__).parent / "data"
VERSIONS = sorted(path.name.removeprefix("store-").removesuffix(".sql.gz") for path in FOLDER.glob("store-*.sql.gz"))


def dump(store: Path) -> Path:
    """Write a store's fixture, and return where it is."""
    with closing(sqlite3.connect(store)) as connection:
        [version] = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        text = "\n".join(connection.iterdump()) + "\n"
    file = FOLDER / f"store-{version}.sql.gz"
    file.write_bytes(gzip.compress(text.encode(), mtime=0))
    return file


def load(version: str, store: Path) -> None:
    """Make the SQLite file of a release again."""
    text = gzip.decompress((FOLDER / f"store-{version}.sql.gz").read_bytes()).decode()
    with closing(sqlite3.connect(store)) as connection:
        connection.executescript(text)


if __name__ == "__main__":
    print(dump(Path(sys.argv[1])))
