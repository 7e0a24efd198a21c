"""What an outcome source is: something that can be asked for a key result's values between two days."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from okrsync.checkup import Check
from okrsync.outcomes.download import Downloads


class OutcomeSettings(BaseModel):
    """Base of what stands under ``source:`` of a metric; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    type: str
    """Which plugin this is for."""
    cumulative: bool = False
    """The series only ever adds up; the same as ``cumulative`` of the metric."""


@dataclass(frozen=True, slots=True)
class OutcomeContext:
    """What an outcome source is given beside its settings."""

    base: Path
    """Relative paths are relative to this folder (that of ``okrsync.yaml``)."""
    timezone: ZoneInfo
    """In which a time stamp becomes a day."""
    on_wait: Callable[[str, float], None] = lambda why, seconds: None
    """To be told of each pause before a request is tried again, in seconds."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    """The moment of reading: a period that ends later is not complete."""
    cadence: timedelta = timedelta(days=7)
    """How often the key result expects a value."""
    periods: bool = False
    """A value stands for the period that begins on its day (a counted or cumulative metric), not for its day."""
    downloads: Downloads = field(default_factory=Downloads)
    """The way to read over HTTP; all sources of one run share it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One value as a source gave it."""

    at: date
    value: float


class OutcomeSource(ABC):
    """Reads one type of outcome source.

    A subclass sets ``type_name`` and ``Settings`` and is registered as an entry point in the group
    ``okrsync.outcomes`` under its type's name. ``okrsync.testing.OutcomeContract`` tests it.
    """

    type_name: ClassVar[str]
    Settings: ClassVar[type[OutcomeSettings]]
    pulled: ClassVar[bool] = True
    """False when values arrive by another way (a person's check-in) and ``read`` has nothing to ask."""
    forgets: ClassVar[bool] = False
    """True where a service keeps values for some time only: what it no longer has is not taken for withdrawn."""

    def __init__(self, settings: Any, context: OutcomeContext) -> None:
        """Keep the settings; open nothing yet. ``settings`` is an instance of ``Settings``."""
        self.settings = settings
        self.context = context

    def definition(self) -> str:
        """A digest of what decides which series is read: the settings, without how to log in.

        Values that were read by another definition are those of another series.
        """
        told = self.settings.model_dump(mode="json", exclude={"auth", "cumulative", "timeout"})
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    def checkup(self) -> Iterator[Check]:
        """What `okrsync doctor` should say beside that the source can be read, such as that the account may do more.

        Nothing is changed. Raises ``SourceError`` for what the service refuses.
        """
        yield from ()

    @abstractmethod
    def read(self, start: date, end: date) -> Sequence[Reading]:
        """All values from ``start`` to ``end``, both days included, oldest first, at most one for a day.

        Raises ``SourceError`` saying what failed and where (file and line, or URL). It never returns part of what it
        should have read: what is missing after the first reading counts as withdrawn. Several threads may read several
        sources at once; one source is read by one of them.
        """
