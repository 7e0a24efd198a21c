"""A source whose items a test changes between two syncs, and which can be told to fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from okrsync.connector import Connector, ConnectorContext, Cursor, Page, Plan, Shard, SourceSettings
from okrsync.errors import SourceError
from okrsync.model import ItemKind, ItemState, Reference, ReferenceKind, Scope, WorkItem

START = datetime(2026, 10, 1, tzinfo=UTC)


def moment(day: float) -> datetime:
    """So many days after the beginning of the cycle."""
    return START + timedelta(days=day)


def issue(key: str, **fields: Any) -> WorkItem:
    """A standard issue that is open, unless ``done`` gives the day on which it was completed."""
    done = fields.pop("done", None)
    created = fields.pop("created", 0)
    names = fields.pop("names", ())
    closes = fields.pop("closes", ())
    contains = fields.pop("contains", ())
    trailers = fields.pop("trailers", ())
    references = (
        *(Reference(ReferenceKind.NAMES, target) for target in names),
        *(Reference(ReferenceKind.CLOSES, target) for target in closes),
        *(Reference(ReferenceKind.CONTAINS, target) for target in contains),
        *(Reference(ReferenceKind.KEY_RESULT, target) for target in trailers),
    )
    values: dict[str, Any] = {
        "id": f"id-{key}",
        "kind": ItemKind.ISSUE,
        "type": "Story",
        "level": 0,
        "key": key,
        "project": key.split("-")[0].split("#")[0],
        "title": f"Title of {key}",
        "url": f"https://example.test/{key}",
        "state": ItemState.TODO if done is None else ItemState.DONE,
        "status": "Open" if done is None else "Closed",
        "created_at": moment(created),
        "updated_at": moment(created if done is None else done),
        "done_at": None if done is None else moment(done),
        "resolution": None if done is None else "Done",
        "references": references,
    }
    return WorkItem(**{**values, **fields})


def pull(key: str, **fields: Any) -> WorkItem:
    return issue(key, **{"kind": ItemKind.PULL_REQUEST, "type": "pull_request", **fields})


def commit(sha: str, day: float, **fields: Any) -> WorkItem:
    return issue(sha, **{"kind": ItemKind.COMMIT, "type": "commit", "project": "acme/shop", "done": day, **fields})


def epic(key: str, **fields: Any) -> WorkItem:
    return issue(key, **{"type": "Epic", "level": 1, **fields})


@dataclass
class FakeSource:
    """What the service holds: items by scope."""

    scopes: dict[str, dict[str, WorkItem]] = field(default_factory=dict)
    page_size: int = 2
    requests: list[str] = field(default_factory=list)
    before_page: Callable[[str, int], None] = lambda scope, number: None
    shards: int = 2
    count_answer: bool = True
    listed_by_service: bool = False
    """The service, not the configuration, says which scopes there are."""

    def put(self, scope: str, *items: WorkItem) -> None:
        for item in items:
            for others in self.scopes.values():
                others.pop(item.id, None)
            self.scopes.setdefault(scope, {})[item.id] = item

    def change(self, scope: str, item_id: str, **fields: Any) -> None:
        item = self.scopes[scope][item_id]
        self.scopes[scope][item_id] = replace(item, updated_at=item.updated_at + timedelta(hours=1), **fields)

    def settings(self) -> SourceSettings:
        return SourceSettings(type="fake")

    def connector(self) -> type[Connector]:
        service = self

        class Fake(Connector):
            type_name = "fake"
            Settings = SourceSettings
            plans_ahead = True

            def __init__(self, settings: Any, context: ConnectorContext) -> None:
                super().__init__(settings, context)

            def scopes(self) -> Sequence[Scope]:
                return [Scope(self.context.source, name) for name in service.scopes]

            def expects(self, scope: Scope) -> bool:
                return service.listed_by_service

            def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
                if scope.id not in service.scopes:
                    raise SourceError(f"{scope.id} is not there")
                service.requests.append(f"plan {scope.id}")
                since = "" if cursor is None else cursor["since"]
                newest = max((i.updated_at.isoformat() for i in service.scopes[scope.id].values()), default=since)
                shards = tuple(Shard(f"part {n}", {"part": n, "since": since}) for n in range(service.shards))
                return Plan(shards, {"since": newest}, scope.id, whole=cursor is None)

            def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
                items = sorted(service.scopes[scope.id].values(), key=lambda item: item.id)
                items = [item for n, item in enumerate(items) if n % service.shards == shard.params["part"]]
                items = [item for item in items if item.updated_at.isoformat() >= shard.params["since"]]
                at = 0 if cursor is None else cursor["at"]
                while True:
                    service.requests.append(f"page {scope.id} {shard.id} {at}")
                    service.before_page(scope.id, at)
                    some = items[at : at + service.page_size]
                    at += service.page_size
                    more = at < len(items)
                    yield Page(tuple(some), {"at": at} if more else None)
                    if not more:
                        return

            def census(self, scope: Scope) -> Iterator[Sequence[str]]:
                service.requests.append(f"census {scope.id}")
                yield list(service.scopes[scope.id])

            def count(self, scope: Scope) -> int | None:
                return len(service.scopes[scope.id]) if service.count_answer else None

            def fetch(self, scope: Scope, ids: Sequence[str]) -> Iterator[Page]:
                yield Page(tuple(service.scopes[scope.id][each] for each in ids), None)

        return Fake
