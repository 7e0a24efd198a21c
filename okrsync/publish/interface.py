"""What a publisher is: a place that keeps pages for people."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from okrsync.checkup import Check
from okrsync.language import _


class PublisherSettings(BaseModel):
    """Base of an entry of ``publish:``; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, defer_build=True)

    type: str
    """Which plugin this is for."""


@dataclass(frozen=True, slots=True)
class PublishContext:
    """What a publisher is given beside its settings."""

    base: Path
    """Relative paths are relative to this folder (that of ``okrsync.yaml``)."""
    on_wait: Callable[[str, float], None] = lambda why, seconds: None
    """Called before each pause, with the reason in words and its length in seconds."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a page shows, such as a chart."""

    name: str
    """Safe as a file name on every system, and of one page alone in the whole wiki: ``OKR-2026-W47-KR1.1.png``."""
    media_type: str
    """``image/png``."""
    data: bytes


@dataclass(frozen=True, slots=True)
class WikiPage:
    """A page to keep up to date."""

    name: str
    """Stable between runs, and safe as a file name on every system: ``OKR-2026-W47``."""
    title: str
    markdown: str
    """CommonMark with tables.

    It shows an attachment as ``![text](NAME)`` and links another page as ``[text](NAME.md)``, with a fragment where it
    means a place on that page. A wiki whose links look otherwise rewrites them.
    """
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """What became of the pages at one wiki."""

    written: tuple[str, ...] = ()
    """Names of pages that are new or have changed."""
    unchanged: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    """Names of pages and attachments that were left alone because a person edited what okrsync had written."""
    where: str = ""
    """The address or folder, for people, without secrets."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Where people read the pages: http(s) addresses by name, as far as the wiki tells."""
    notes: tuple[str, ...] = ()
    """What people should know beside that, without a full stop: charts that the wiki did not take."""


class Publisher(ABC):
    """Writes pages to one type of wiki.

    A subclass sets ``type_name`` and ``Settings`` and is registered as an entry point in the group
    ``okrsync.publishers`` under its type's name. ``okrsync.testing.PublisherContract`` tests it.
    """

    type_name: ClassVar[str]
    Settings: ClassVar[type[PublisherSettings]]

    def __init__(self, settings: Any, context: PublishContext) -> None:
        """Keep the settings; open nothing yet. ``settings`` is an instance of ``Settings``."""
        self.settings = settings
        self.context = context

    def checkup(self) -> Iterator[Check]:
        """What `okrsync doctor` says of the wiki: whether pages can be written there. Writes no page.

        By default that it was not tried. Raises ``SourceError`` when the wiki cannot be reached, or not be written.
        """
        yield Check(f"wiki {self.type_name}", "warning", _("whether it can be written was not tried"), "")

    @abstractmethod
    def publish(self, pages: Sequence[WikiPage]) -> Published:
        """Bring the pages up to date: write what differs and nothing else, and keep what people wrote.

        Raises ``SourceError`` when the wiki cannot be written; what was there before is still there then.
        """
