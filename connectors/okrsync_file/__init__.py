"""Reads work from files that a tracker has exported: CSV and JSON of Jira and GitHub, CSV of anything else.

``files`` finds and opens them, ``table`` and ``documents`` take them apart, ``columns`` and ``trackers`` give it
meaning.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from msgspec import structs

from okrsync.checkup import Check, readable, trying
from okrsync.connector import Connector, ConnectorContext, Cursor, Page, Plan, Shard, SourceSettings
from okrsync.errors import CursorExpired, SourceError
from okrsync.http import one_line
from okrsync.language import _, ngettext
from okrsync.model import Milestone, Scope, WorkItem
from okrsync.storable import storable
from okrsync_file.columns import Columns
from okrsync_file.documents import objects
from okrsync_file.files import File, find, stamps, text_of, times
from okrsync_file.settings import FileSettings
from okrsync_file.table import Broken, Table, Unreadable
from okrsync_file.trackers import Objects

__all__ = ["FileConnector", "FileSettings"]

SCOPE = "files"
_BATCH = 10_000
_SHOWN = 5
"""Places of one message."""
_ITEM = tuple[WorkItem, tuple[Milestone, ...], bool]


@dataclass
class _Trouble:
    """What could not be used; the first places are remembered."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, message: str) -> None:
        self.count += 1
        if len(self.shown) < _SHOWN:
            self.shown.append(storable(message))


class FileConnector(Connector):
    """One scope: all files of the source together, as one and the same item may stand in several exports.

    The item that changed last holds, and of rows that changed at the same moment the one in the file whose name comes
    last. A row that cannot be used is said with its file and line: what else there is is stored, nothing is removed,
    and the scope fails until the row is mended.
    """

    type_name: ClassVar[str] = "file"
    Settings: ClassVar[type[SourceSettings]] = FileSettings
    page_size: ClassVar[int] = 500
    """Items a page."""

    def __init__(self, settings: FileSettings, context: ConnectorContext) -> None:
        super().__init__(settings, context)
        self.settings: FileSettings = settings
        self._zone = ZoneInfo(settings.timezone) if settings.timezone else context.timezone
        self._where = f"{context.source}:{SCOPE}"

    def scopes(self) -> Sequence[Scope]:
        return (Scope(self.context.source, SCOPE),)

    def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
        """See ``Connector.plan``. Files whose time and size are the same are not opened; when one of them changed, all
        are read, because which row of an item holds is decided over all of them."""
        before = cursor or {}
        files = self._files()
        found = stamps(files, before.get("files"), self._where)
        following: Cursor = {"files": found, "settings": self._digest_of_settings()}
        if before.get("settings") == following["settings"] and _digests(before.get("files")) == _digests(found):
            if (old := self._too_old(files)) is not None:
                raise SourceError(old)
            return Plan((), following, SCOPE, census=False)
        name = hashlib.sha256(json.dumps(following, sort_keys=True).encode()).hexdigest()[:16]
        return Plan((Shard(f"files-{name}"),), following, SCOPE, whole=cursor is None, census=True)

    def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
        """See ``Connector.pages``. Raises ``SourceError`` after the last item when something could not be used."""
        files = self._files()
        now = json.dumps(times(files, self._where))
        stamp = hashlib.sha256(now.encode()).hexdigest()[:16]
        done = 0
        if cursor is not None:
            done = cursor.get("done", 0)
            if cursor.get("stamp") != stamp or not isinstance(done, int):
                raise CursorExpired(_("{where}: the files changed meanwhile").format(where=self._where))
        return self._pages(files, stamp, done)

    def census(self, scope: Scope) -> Iterator[Sequence[str]]:
        """See ``Connector.census``."""
        trouble = _Trouble()
        batch: list[str] = []
        seen: set[str] = set()
        for item, _milestones in self._items(self._files(), trouble):
            if item.id not in seen:
                seen.add(item.id)
                batch.append(item.id)
            if len(batch) >= _BATCH:
                yield batch
                batch = []
        self._raise(trouble)
        yield batch

    def count(self, scope: Scope) -> int | None:
        """How many items there are; reads all files."""
        return sum(map(len, self.census(scope)))

    def checkup(self, now: datetime) -> Iterator[Check]:
        """See ``Connector.checkup``."""
        for scope in self.scopes():
            about = f"{scope.source}:{scope.id}"
            with trying(about, _("mend the file, or the source's settings, and try again")) as failed:
                yield Check(self.context.source, "good", self.describe())
                yield from readable(about, self.count(scope))
                if (old := self._too_old(self._files())) is not None:
                    yield Check(about, "bad", old, "")
            if failed.check is not None:
                yield failed.check

    def describe(self) -> str:
        """How many files there are, and when the newest was written."""
        files = self._files()
        newest = datetime.fromtimestamp(max(written for written, _size in times(files, self._where)) / 1e9, UTC)
        return ngettext(
            "{count} file, written {moment}", "{count} files, the newest written {moment}", len(files)
        ).format(count=len(files), moment=newest.astimezone(self.context.timezone).strftime("%Y-%m-%d %H:%M"))

    # --- what stands in the files -------------------------------------------------------------------------------------

    def _files(self) -> list[File]:
        return find(self.settings.path, self.context.base, self._where)

    def _digest_of_settings(self) -> str:
        """What the items depend on beside the files."""
        parts: list[Any] = [self.settings.model_dump(mode="json", exclude={"max_age"}), str(self._zone)]
        parts.append(sorted(self.context.people))
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]

    def _too_old(self, files: Sequence[File]) -> str | None:
        """That the newest file is older than it may be, in words."""
        if self.settings.max_age is None:
            return None
        age = timedelta(seconds=time.time() - max(written for written, _size in times(files, self._where)) / 1e9)
        if age <= self.settings.max_age:
            return None
        return ngettext(
            "{where}: the newest file is {count} day old, and what happened since is not in it: export again. If it "
            "may be so old, write `max_age: 30d`, or `max_age: never` for an archive",
            "{where}: the newest file is {count} days old, and what happened since is not in it: export again. If it "
            "may be so old, write `max_age: 30d`, or `max_age: never` for an archive",
            age.days,
        ).format(where=self._where, count=age.days)

    def _pages(self, files: Sequence[File], stamp: str, done: int) -> Iterator[Page]:
        trouble = _Trouble()
        items: list[WorkItem] = []
        milestones: dict[tuple[str, str], Milestone] = {}
        reached = 0
        for item, named in self._items(files, trouble):
            reached += 1
            if reached <= done:
                continue
            if len(items) >= self.page_size:
                yield Page(tuple(items), {"done": reached - 1, "stamp": stamp}, tuple(milestones.values()))
                items, milestones = [], {}
            items.append(item)
            milestones.update({(one.kind, one.id): one for one in named})
        old = self._too_old(files)
        if trouble.count or old is not None:
            # Not the last page: what is wrong would be forgotten with it.
            yield Page(tuple(items), {"done": reached, "stamp": stamp}, tuple(milestones.values()))
            self._raise(trouble)
            raise SourceError(old or "")
        yield Page(tuple(items), None, tuple(milestones.values()))

    def _raise(self, trouble: _Trouble) -> None:
        if not trouble.count:
            return
        listed = "; ".join(trouble.shown)
        more = trouble.count - len(trouble.shown)
        if more:
            listed = _("{listed}; and {count} more").format(listed=listed, count=more)
        raise SourceError(
            ngettext(
                "{where}: {count} row cannot be used: {listed}. All others are stored, nothing was removed",
                "{where}: {count} rows cannot be used: {listed}. All others are stored, nothing was removed",
                trouble.count,
            ).format(where=self._where, count=trouble.count, listed=listed)
        )

    def _items(self, files: Sequence[File], trouble: _Trouble) -> Iterator[tuple[WorkItem, tuple[Milestone, ...]]]:
        """Each item, the newest state of it last; what comes before another state that changed later is left out where
        it comes after it."""
        changed: dict[str, float] = {}
        identified: bool | None = None
        for file in files:
            for item, milestones, by_id in self._items_of(file, trouble):
                if identified is None:
                    identified = by_id
                elif identified is not by_id:
                    trouble.add(
                        _(
                            "{file}: some files tell the items' ids and others do not: export all in the same way"
                        ).format(file=one_line(file.name))
                    )
                    break
                if (id_ := storable(item.id)) != item.id:
                    # The store does so with all texts; a census must name the item by the same id.
                    item = structs.replace(item, id=id_)
                at = item.updated_at.timestamp()
                if changed.get(item.id, float("-inf")) < at:
                    changed[item.id] = at
                    yield item, tuple(map(_storable_milestone, milestones))

    def _items_of(self, file: File, trouble: _Trouble) -> Iterator[_ITEM]:
        shown = one_line(file.name)
        try:
            with text_of(file, self.settings.encoding, self._where) as text:
                for line, found in self._read(text, file, shown):
                    if isinstance(found, Broken):
                        trouble.add(f"{shown}:{found.line or line}: {found}")
                    else:
                        yield found
        except Unreadable as error:
            trouble.add(f"{shown}:{error.line}: {error}")

    def _read(self, text: Any, file: File, shown: str) -> Iterator[tuple[int, _ITEM | Broken]]:
        stem = file.name.lower().removesuffix(".gz")
        if stem.endswith((".json", ".jsonl", ".ndjson")):
            known = Objects(self.settings, self.context, self._zone)
            for line, value in objects(text):
                where = f"{shown}:{line}"
                try:
                    yield line, known.read(value, where)
                except Broken as error:
                    yield line, error
                except SourceError as error:
                    yield line, Broken(str(error).removeprefix(where).lstrip(":, "))
            return
        table = Table(text, self.settings.delimiter)
        columns = Columns(table.names, self.settings, self._zone, self.context.source)
        for row in table.rows():
            if isinstance(row, Broken):
                yield row.line or 0, row
                continue
            try:
                yield row.line, (columns.item(row), (), columns.identified)
            except Broken as error:
                yield row.line, error


def _storable_milestone(milestone: Milestone) -> Milestone:
    id_, project = storable(milestone.id), milestone.project and storable(milestone.project)
    url = milestone.url and storable(milestone.url)
    return replace(milestone, id=id_, project=project, url=url)


def _digests(stamps: object) -> dict[str, object]:
    return {name: stamp[2] for name, stamp in stamps.items()} if isinstance(stamps, dict) else {}
