"""Which week's page reached which wiki, and what it said in short."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, select

from okrsync.model import Verdict
from okrsync.report.value import Headline, Publication
from okrsync.store.engine import reading, writing
from okrsync.store.schema import publications
from okrsync.store.statements import upsert


def published(engine: Engine) -> list[Publication]:
    """All that is recorded, by wiki, oldest week first. Raises ``StoreError``."""
    query = select(publications).order_by(publications.c.wiki, publications.c.as_of, publications.c.page)
    with reading(engine) as connection:
        return [_publication(row) for row in connection.execute(query)]


def save(engine: Engine, rows: Iterable[Publication]) -> None:
    """Record what became of pages, in place of what was recorded of them before. Raises ``StoreError``."""
    with writing(engine) as connection:
        upsert(connection, publications, [_row(each) for each in rows])


def _row(publication: Publication) -> dict[str, Any]:
    head = publication.headline
    numbers = {
        "key_results": head.key_results,
        "verdicts": {verdict.value: count for verdict, count in head.verdicts},
        "completed": head.completed,
        "completed_on_busy": head.completed_on_busy,
        "completed_unlinked": head.completed_unlinked,
    }
    return {
        "wiki": publication.wiki,
        "page": publication.page,
        "as_of": publication.as_of,
        "cycle": publication.cycle,
        "headline": json.dumps(numbers),
        "done": publication.done,
    }


def _publication(row: Any) -> Publication:
    numbers = json.loads(row.headline)
    verdicts = tuple((Verdict(name), count) for name, count in numbers.pop("verdicts").items())
    return Publication(row.wiki, row.page, row.as_of, row.cycle, Headline(verdicts=verdicts, **numbers), row.done)
