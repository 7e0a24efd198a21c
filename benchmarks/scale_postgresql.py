"""``benchmarks.scale`` on PostgreSQL: linking and reporting with 500 key results, from 10,000 to 1,000,000 items.

``python -m benchmarks scale_postgresql`` takes some fifteen minutes and three gigabytes of disk;
``python -m benchmarks.scale_postgresql --items 100000`` stops there and prints only.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sqlalchemy import create_engine, text

from benchmarks.scale import Measured, measure, table
from tests.postgres import Postgres, running_postgres

SIZES = (10_000, 100_000, 1_000_000)


def _measure(postgres: Postgres, count: int) -> Measured:
    name = postgres.new_store()

    def size(path: Path) -> float:
        engine = create_engine(postgres.url(name))
        with engine.connect() as connection:
            found = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        engine.dispose()
        return float(found) / 1e6

    measured = measure(count, postgres.url(name), size)
    postgres.drop(name)
    return measured


def main(most: int = SIZES[-1]) -> None:
    """Print the table."""
    with running_postgres() as postgres:
        print(
            table(
                [_measure(postgres, count) for count in SIZES if count <= most],
                "PostgreSQL 18 with its settings as they come, but `fsync = off`, on the same machine; peak memory is "
                "okrsync's own",
            )
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=SIZES[-1])
    main(parser.parse_args().items)
