"""What a connector is.

A connector reads one type of source of work. It knows nothing of the store and holds no state between runs: what it
must remember it hands out as a *cursor*, and the store keeps that together with what was read.

The order of calls for a scope::

    connector.scopes()                     what the configuration asks for
    connector.plan(scope, cursor)          shards to pull, and the cursor that is true once all of them are stored
    connector.pages(shard, page_cursor)    one page after another; each page's cursor is safe once it is stored
    connector.count(scope)                 how many items there are, where a service can tell that in one request
    connector.census(scope)                the ids of all items, to find what was deleted (or missed)

Several shards of one plan are pulled side by side, by threads or by other processes: ``Shard`` and cursors are plain
JSON values, and ``pages`` may be called from several threads at once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from okrsync.checkup import Check, readable, trying
from okrsync.language import _
from okrsync.model import Milestone, Scope, WorkItem
from okrsync.pace import Paces

Cursor: TypeAlias = dict[str, Any]
"""A JSON object that only its connector understands."""


class SourceSettings(BaseModel):
    """Base of the settings a connector accepts under its name in ``sources:``; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    type: str
    """Which plugin this is for."""


ONE_OR_MANY = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
"""For editors: a list of texts, or a single one."""


def one_or_many(value: object) -> object:
    """A setting that is a list of texts may be a single one; for ``BeforeValidator``."""
    return (value,) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class ConnectorContext:
    """What a connector is given beside its settings."""

    source: str
    """The source's name in ``okrsync.yaml``."""
    base: Path
    """Relative paths are relative to this folder."""
    timezone: ZoneInfo
    """For the dates of milestones and the like."""
    on_wait: Callable[[str, float], None] = lambda why, seconds: None
    """Called before each pause a service asks for, with the reason in words and its length in seconds."""
    on_note: Callable[[str], None] = lambda text: None
    """Called with what a person should know though nothing failed: a fall-back, an endpoint that is missing."""
    jobs: int = 8
    """How many shards will be pulled at once."""
    people: frozenset[str] = frozenset()
    """The accounts at this source that the configuration names. Where there are any, it is wanted whom work items
    waited for (``WorkItem.waits``), and an account that a service knows by several names is called as it is here."""
    paces: Paces = field(default_factory=Paces)
    """How fast each host may be asked, shared by all sources of a run. A connector sends its requests through
    ``okrsync.paced.PacedAdapter(context.paces.of(url, limits), on_wait=context.on_wait)``."""


@dataclass(frozen=True, slots=True)
class Shard:
    """An independent slice of a scope."""

    id: str
    """Unique in its plan, and the same when the plan is made again from the same cursor."""
    params: Cursor = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """How to bring one scope up to date."""

    shards: tuple[Shard, ...]
    next: Cursor
    """The scope's cursor once every shard is stored."""
    scope_name: str
    """What the scope is called at the service now; another than ``Scope.id`` after a rename."""
    whole: bool = False
    """True when the plan reads everything, whatever its age."""
    total: int | None = None
    """How many items the scope holds now, where the plan's own request told it: spares the question ``count``."""
    census: bool | None = None
    """True when a census must follow, because only that can tell what is gone; False when it would bring nothing new.
    None leaves it to its rhythm, and to the number of items."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one request brought."""

    items: tuple[WorkItem, ...]
    cursor: Cursor | None
    """Where the shard goes on once this page is stored; None when this was its last page."""
    milestones: tuple[Milestone, ...] = ()


class Connector(ABC):
    """Reads one type of source.

    A subclass sets ``type_name`` and ``Settings`` and is registered as an entry point in the group
    ``okrsync.connectors`` under its type's name. ``okrsync.testing.ConnectorContract`` tests it.

    All methods may raise ``AuthError`` (the account is not known or may not), ``RetryableError`` (after the connector's
    own retries are used up) and ``SourceError`` (anything else a service refuses).
    """

    type_name: ClassVar[str]
    Settings: ClassVar[type[SourceSettings]]
    paced: ClassVar[bool] = False
    """True when every request goes through ``ConnectorContext.paces``, which holds the number of requests to ``--jobs``
    itself: then more shards than that may be pulled at once, so that a page is read while others are on their way."""
    plans_ahead: ClassVar[bool] = False
    """True when ``plan`` does nothing but ask the service: then it may be called before the store is opened and the run
    has its lock, and its plan be thrown away."""

    def __init__(self, settings: Any, context: ConnectorContext) -> None:
        """Keep the settings; open no connection yet. ``settings`` is an instance of ``Settings``."""
        self.settings = settings
        self.context = context

    @abstractmethod
    def scopes(self) -> Sequence[Scope]:
        """The scopes that the settings ask for. May ask the service (an organisation's repositories)."""

    def prepare(self) -> None:  # noqa: B027 - most connectors have nothing to import
        """Import what asking takes, if that is much: a run does so before it imports what opens its store, and has
        asked by then. What fails is raised where it is needed."""

    def ask_ahead(self, scopes: Sequence[Scope]) -> None:  # noqa: B027 - most connectors have nothing to ask
        """Begin to ask what the plans of these scopes will need, and do not wait for it: a run calls this before it
        opens its store. What fails is raised where it is needed."""

    def expects(self, scope: Scope) -> bool:
        """Should a scope that ``scopes`` listed in an earlier run, and lists no more, still be there?

        False where the configuration alone says which scopes there are: it has been changed. True where the service
        was asked: a scope was renamed, deleted or hidden from the account.
        """
        return False

    @abstractmethod
    def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
        """Decide what to read: everything when ``cursor`` is None, else what changed since (with overlap).

        Raises ``AuthError`` or ``SourceError`` when the scope cannot be read, which must not be mistaken for empty.
        """

    @abstractmethod
    def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
        """Read a shard page by page, from ``cursor`` (a former page's) or from its beginning.

        Raises ``CursorExpired`` when the service no longer accepts that cursor.
        """

    @abstractmethod
    def census(self, scope: Scope) -> Iterator[Sequence[str]]:
        """The ids (``WorkItem.id``) of all items that the scope holds now, in batches.

        Raises rather than ending early: what a census does not name is removed from the store.
        """

    def count(self, scope: Scope) -> int | None:
        """How many items the scope holds, from one cheap request; None when the service cannot tell."""
        return None

    def fetch(self, scope: Scope, ids: Sequence[str]) -> Iterator[Page]:
        """Read single items that a census named and the store does not have. By default nothing can be fetched."""
        return iter(())

    def checkup(self, now: datetime) -> Iterator[Check]:
        """What `okrsync doctor` says of the source at ``now``: whether each scope can be read, and what the account may
        do that is not needed. Asks the service; a refusal of a scope is a check, one of all may be raised.
        """
        scopes = self.scopes()
        yield Check(self.context.source, "good", self.describe())
        for scope in scopes:
            about = f"{scope.source}:{scope.id}"
            with trying(about, _("nothing of this scope can be read until this is mended")) as failed:
                yield from readable(about, self.count(scope))
            if failed.check is not None:
                yield failed.check

    def describe(self) -> str:
        """The service and the account in a few words, for messages: ``Jira Cloud at acme.atlassian.net as Bot``."""
        return self.type_name

    def close(self) -> None:  # noqa: B027 - most connectors have nothing to close
        """Let go of connections."""
