"""What an explanation rests on, item by item: linked work as it is stored, and values as they were recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from okrsync.model import ItemKind, ItemState

LinkReason = Literal["rule", "trailer", "parent", "closes", "names"]


@dataclass(frozen=True, slots=True)
class ItemLink:
    """Why a work item is linked to a key result."""

    rule: str
    """The rule that made the link, in words: ``work[2]: labels=activation``, ``trailer KR: KR1.1``."""
    reason: LinkReason
    """``rule`` and ``trailer`` are its own; ``parent`` came down from ``via``; ``closes`` and ``names`` came from the
    issue or pull request ``via``, and take no piece of work along by themselves."""
    via: str | None


@dataclass(frozen=True, slots=True)
class LinkedItem:
    """A work item that is linked to a key result, or is part of a piece of work that is."""

    id: int
    kind: ItemKind
    type: str
    source: str
    key: str
    title: str
    url: str | None
    state: ItemState
    status: str
    resolution: str | None
    created_at: datetime
    updated_at: datetime
    done_at: datetime | None
    pieces: tuple[int, ...]
    """Ids of the pieces of work that it is part of; none for an epic and what stands above it."""
    links: tuple[ItemLink, ...]
    """None for what is only part of a linked piece."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A value as it was recorded: a later one for the same day and origin takes its place, and both are kept."""

    at: date
    origin: str
    value: float | None
    """None: the source no longer has a value for this day."""
    recorded_at: datetime
    confidence: float | None = None
    note: str | None = None
    by: str | None = None
