"""Pages as Markdown files in a folder: a wiki that is a folder, a documentation site, a checkout somebody commits."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from okrsync.checkup import Check
from okrsync.errors import SourceError
from okrsync.http import one_line
from okrsync.publish.interface import PublishContext, Published, Publisher, PublisherSettings, WikiPage
from okrsync.publish.section import Edited, merged

__all__ = ["Folder", "FolderSettings", "write_pages"]

_BAD_IN_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\ud800-\udfff]')
# Devices of Windows: such a file cannot be checked out there.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_LONGEST_NAME = 200


def _path(path: str) -> str:
    if not path.strip() or "\0" in path:
        raise ValueError("write the folder that holds the pages")
    return path


class FolderSettings(PublisherSettings):
    """A folder of Markdown files."""

    type: Literal["folder"] = "folder"
    path: Annotated[str, AfterValidator(_path)]
    """Relative to the folder of ``okrsync.yaml``; made when it is missing."""


class Folder(Publisher):
    """Keeps ``NAME.md`` in a folder."""

    type_name: ClassVar[str] = "folder"
    Settings: ClassVar[type[PublisherSettings]] = FolderSettings

    def __init__(self, settings: FolderSettings, context: PublishContext) -> None:
        super().__init__(settings, context)
        self.path = Path(os.path.normpath(context.base / settings.path))

    def checkup(self) -> Iterator[Check]:
        """Whether the folder can be written, or made, by this user."""
        existing = next(path for path in (self.path, *self.path.parents) if path.exists())
        if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
            raise SourceError(
                f"the wiki {self.path} cannot be written: {existing} is not a folder that this user may write"
            )
        yield Check(
            "wiki folder",
            "good",
            f"{self.path} can be written" if existing == self.path else f"{self.path} can be made",
        )

    def publish(self, pages: Sequence[WikiPage]) -> Published:
        return write_pages(self.path, pages, where=str(self.path))


def write_pages(folder: Path, pages: Sequence[WikiPage], *, where: str) -> Published:
    """Bring the files ``NAME.md`` in ``folder`` up to date, each in one step: a reader never sees half a page.

    A page that a person edited or made, or replaced by a symbolic link, is kept as it is. Raises ``SourceError`` when a
    name cannot be a file's or a file cannot be written; ``where`` says in the message which wiki it was.
    """
    for page in pages:
        _check_name(page.name, where)
    written, unchanged, kept = [], [], []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for page in pages:
            path = folder / f"{page.name}.md"
            if path.is_symlink():
                kept.append(page.name)
                continue
            before = path.read_bytes() if path.exists() else None
            try:
                after = merged(before, page.markdown)
            except Edited:
                kept.append(page.name)
                continue
            if after == before:
                unchanged.append(page.name)
            else:
                _replace(path, after)
                written.append(page.name)
    except OSError as error:
        raise SourceError(f"the wiki {where} cannot be written: {error.strerror or error}") from error
    return Published(tuple(written), tuple(unchanged), tuple(kept), where)


def _check_name(name: str, where: str) -> None:
    bad = _BAD_IN_NAME.search(name)
    if bad or not name.strip(". ") or name != name.strip() or name.startswith((".", "-")) or name.endswith("."):
        raise SourceError(f"the wiki {where}: {one_line(name)!r} cannot be the name of a page")
    if _RESERVED.fullmatch(name) or len(name.encode()) > _LONGEST_NAME:
        raise SourceError(f"the wiki {where}: {one_line(name)!r} cannot be the name of a file on every system")


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside ``path`` and put it in its place, with its permissions."""
    temporary = path.with_name(f".okrsync-{secrets.token_hex(8)}.tmp")
    try:
        # Not `tempfile`: its files are readable by their owner alone, and this one is for others to read.
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(path.stat().st_mode))
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
