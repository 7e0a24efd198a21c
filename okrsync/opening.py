"""Opening the sources: their connectors, and what these ask before anything else can be.

It needs no store. The services' first answers are on their way while the libraries that open the store are imported,
which takes longer than they do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Protocol, Self
from zoneinfo import ZoneInfo

from okrsync.connector import Connector, ConnectorContext, Cursor, Plan, SourceSettings
from okrsync.errors import ConfigError, SourceError
from okrsync.language import _
from okrsync.model import Scope
from okrsync.pace import Paces
from okrsync.plugins import CONNECTORS, load
from okrsync.store.remembered import Remembered


@dataclass(frozen=True)
class Selector:
    """Part of a sync's command line: ``SOURCE`` or ``SOURCE:SCOPE``."""

    source: str
    scope: str | None = None

    @classmethod
    def parse(cls, text: str) -> Selector:
        """``shop-jira`` or ``shop-jira:PAY``."""
        source, colon, scope = text.partition(":")
        return cls(source, scope if colon else None)


@dataclass(frozen=True)
class SyncOptions:
    """How to sync."""

    base: Path
    """Folder of ``okrsync.yaml``."""
    timezone: ZoneInfo
    census: timedelta
    full: bool = False
    """Read everything again, and accept an empty census."""
    jobs: int = 8
    """Requests under way at once, to each service."""
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The accounts that the configuration names, by source."""
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


class Told(Protocol):
    """Is told what a connector waits for and falls back to."""

    def waiting(self, source: str, why: str, seconds: float) -> None: ...
    def note(self, source: str, text: str) -> None: ...


def make_connector(name: str, settings: SourceSettings, options: SyncOptions, told: Told, paces: Paces) -> Connector:
    """The connector of a source. Raises ``ConfigError`` when its type is not installed."""

    def on_wait(why: str, seconds: float) -> None:
        told.waiting(name, why, seconds)

    def on_note(text: str) -> None:
        told.note(name, text)

    cls: type[Connector] = load(CONNECTORS, settings.type)
    return cls(
        settings,
        ConnectorContext(
            source=name,
            base=options.base,
            timezone=options.timezone,
            on_wait=on_wait,
            on_note=on_note,
            jobs=options.jobs,
            people=options.people.get(name, frozenset()),
            paces=paces,
        ),
    )


class Opened:
    """The connectors of one run, and which scopes they have. Leaving the context closes them, at once or, when nobody
    has synced with them, after what they were asking."""

    def __init__(
        self,
        sources: Mapping[str, SourceSettings],
        options: SyncOptions,
        only: Sequence[Selector] = (),
        remembered: Remembered | None = None,
    ) -> None:
        """Begin to ask the sources, or those that ``only`` selects; for their plans too, where ``remembered`` tells
        from which cursor. Raises ``ConfigError`` when it selects what is not configured, or a source's type is not
        installed."""
        for selector in only:
            if selector.source not in sources:
                raise ConfigError(
                    _("no source {source!r}; configured: {names}").format(
                        source=selector.source, names=", ".join(sorted(sources)) or _("none")
                    )
                )
        names = [name for name in sources if not only or any(selector.source == name for selector in only)]
        self.options = options
        self.only = tuple(only)
        self.paces = Paces(options.jobs)
        self._relay = _Relay()
        self.connectors = {
            name: make_connector(name, sources[name], options, self._relay, self.paces) for name in names
        }
        for connector in self.connectors.values():
            with suppress(SourceError):  # met again where it is needed
                connector.prepare()
        self._remembered = remembered
        self._plans: dict[Scope, tuple[Cursor | None, Future[Plan]]] = {}
        self._planning = ThreadPoolExecutor(options.jobs * max(1, len(names)), thread_name_prefix="okrsync-planning")
        self._threads = ThreadPoolExecutor(max(1, len(names)), thread_name_prefix="okrsync-opening")
        self.listings: dict[str, Future[Sequence[Scope]]] = {
            name: self._threads.submit(
                self._list, connector, {one.scope for one in only if one.source == name} or {None}
            )
            for name, connector in self.connectors.items()
        }

    def tell(self, told: Told) -> None:
        """Whom to tell of waits and notes from now on; those of before are told at once."""
        self._relay.tell(told)

    def take_plan(self, scope: Scope, cursor: Cursor | None) -> Plan | None:
        """The plan of a scope that was asked for ahead, once; None where it was not, or not from this cursor.

        Raises what the connector raised.
        """
        asked_with, asked = self._plans.pop(scope, (None, None))
        if asked is None or asked.cancel():
            return None
        if asked_with != cursor:
            asked.exception()  # a connector makes one plan of a scope at a time
            return None
        return asked.result()

    def _list(self, connector: Connector, wanted: Collection[str | None]) -> Sequence[Scope]:
        listed = connector.scopes()
        scopes = [scope for scope in listed if None in wanted or scope.id in wanted]
        # Whoever needs it meets the failure again, and says which scope it costs.
        with suppress(SourceError):
            connector.ask_ahead(scopes)
        if connector.plans_ahead:
            # No more than can be asked at once: a plan should not be old by the time that its pages are read.
            for scope in scopes[: self.options.jobs]:
                self._plan(connector, scope)
        return listed

    def _plan(self, connector: Connector, scope: Scope) -> None:
        remembered = self._remembered
        if remembered is None or not (self.options.full or remembered.may_plan(scope.source, scope.id)):
            return
        cursor = None if self.options.full else remembered.cursor_of(scope.source, scope.id)
        self._plans[scope] = cursor, self._planning.submit(connector.plan, scope, cursor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ask nothing more, and let go of connections."""
        self.paces.close()
        for threads in (self._threads, self._planning):  # in this order: who lists, plans
            threads.shutdown(cancel_futures=True)
        for connector in self.connectors.values():
            connector.close()


class _Relay:
    """Keeps what is to be told until there is somebody to tell it to."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._told: Told | None = None
        self._kept: list[Callable[[Told], None]] = []

    def tell(self, told: Told) -> None:
        with self._lock:
            self._told, kept, self._kept = told, self._kept, []
        for one in kept:
            one(told)

    def waiting(self, source: str, why: str, seconds: float) -> None:
        self._pass_on(lambda told: told.waiting(source, why, seconds))

    def note(self, source: str, text: str) -> None:
        self._pass_on(lambda told: told.note(source, text))

    def _pass_on(self, one: Callable[[Told], None]) -> None:
        with self._lock:
            if self._told is None:
                self._kept.append(one)
                return
        one(self._told)
