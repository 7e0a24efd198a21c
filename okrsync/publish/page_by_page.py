"""Publishing to a wiki with an API: over one connection, page by page, each with its attachments."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

from okrsync.language import _
from okrsync.publish.folder import check_names
from okrsync.publish.interface import Attachment, Published, Publisher, WikiPage
from okrsync.publish.section import digest
from okrsync.publish.web import upload_note, uploaded

Wiki = TypeVar("Wiki")
Outcome = Literal["written", "unchanged", "kept"]


@dataclass
class Progress:
    """What became of the pages so far."""

    pages: dict[str, Outcome] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    kept: list[str] = field(default_factory=list)
    """Attachments that a person replaced."""
    notes: list[str] = field(default_factory=list)

    def published(self, where: str) -> Published:
        """The same, as the publisher's answer."""

        def names(wanted: Outcome) -> tuple[str, ...]:
            return tuple(name for name, outcome in self.pages.items() if outcome == wanted)

        kept = (*names("kept"), *self.kept)
        return Published(
            names("written"), names("unchanged"), kept, where, self.links, tuple(dict.fromkeys(self.notes))
        )


class PageByPage(Publisher, Generic[Wiki]):
    """A wiki that is written over a connection, which ``opened`` makes and ends."""

    where: str

    def publish(self, pages: Sequence[WikiPage]) -> Published:
        check_names(pages, self.where)
        done = Progress()
        if not pages:
            return done.published(self.where)
        with self.opened() as wiki:
            for page in pages:
                outcome, link = self.bring(wiki, page, done)
                done.pages[page.name] = outcome
                if link is not None:
                    done.links[page.name] = link
        return done.published(self.where)

    @abstractmethod
    def opened(self) -> AbstractContextManager[Wiki]:
        """The wiki, ready to be read and written. Raises ``SourceError``."""

    @abstractmethod
    def bring(self, wiki: Wiki, page: WikiPage, done: Progress) -> tuple[Outcome, str | None]:
        """Write a page where it differs; what became of it, and its address. Raises ``SourceError``."""


def attached(
    page: WikiPage,
    done: Progress,
    comment_of: Callable[[str], str | None],
    upload: Callable[[Attachment, str], str | None],
) -> tuple[list[Attachment], bool]:
    """The attachments of a page that the wiki has now, and whether one of them is new.

    ``comment_of`` gives the comment of the newest version of a file, None where there is none of that name: what has
    another than ours a person put there, and it is kept. ``upload`` takes a file and its comment, and says why the wiki
    does not take it, or None.
    """
    shown, changed = [], False
    for attachment in page.attachments:
        ours = digest(attachment.data)
        comment = comment_of(attachment.name)
        if comment is not None and uploaded(comment) is None:
            done.kept.append(attachment.name)
        elif comment is None or uploaded(comment) != ours:
            refused = upload(attachment, upload_note(ours))
            if refused is not None:
                done.notes.append(_("{refused}; the page goes without its charts").format(refused=refused))
                if comment is None:
                    continue
            else:
                changed = True
        shown.append(attachment)
    return shown, changed
