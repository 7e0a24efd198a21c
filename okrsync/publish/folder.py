"""Pages as Markdown files in a folder: a wiki that is a folder, a documentation site, a checkout somebody commits."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from okrsync.checkup import Check, not_writable
from okrsync.errors import SourceError, reason_of
from okrsync.http import one_line
from okrsync.language import _
from okrsync.publish.interface import PublishContext, Published, Publisher, PublisherSettings, WikiPage
from okrsync.publish.section import Edited, digest, files_of, merged

__all__ = ["Folder", "FolderSettings", "changed_by", "check_names", "write_pages"]

_BAD_IN_NAME = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\ud800-\udfff]')
# Devices of Windows: such a file cannot be checked out there.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)
_LONGEST_NAME = 200


def _path(path: str) -> str:
    if not path.strip() or "\0" in path:
        raise ValueError(_("write the folder that holds the pages"))
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
        if (existing := not_writable(self.path)) is not None:
            raise SourceError(
                _("the wiki {path} cannot be written: {existing} is not a folder that this user may write").format(
                    path=self.path, existing=existing
                )
            )
        yield Check(
            "wiki folder",
            "good",
            (_("{wiki} can be written") if self.path.exists() else _("{wiki} can be made")).format(wiki=self.path),
        )

    def publish(self, pages: Sequence[WikiPage]) -> Published:
        return write_pages(self.path, pages, where=str(self.path))


def write_pages(folder: Path, pages: Sequence[WikiPage], *, where: str) -> Published:
    """Bring the files ``NAME.md`` and their attachments in ``folder`` up to date, each in one step: a reader never sees
    half a page.

    A page or attachment that a person edited or made, or replaced by a symbolic link, is kept as it is; an attachment
    that its page no longer shows goes. Raises ``SourceError`` when a name cannot be a file's or a file cannot be
    written; ``where`` says in the message which wiki it was.
    """
    return changed_by(folder, pages, where=where)[0]


def changed_by(
    folder: Path, pages: Sequence[WikiPage], *, where: str, apart: bool = False
) -> tuple[Published, tuple[Path, ...]]:
    """The same, and every file that was written or removed.

    With ``apart``, attachments are in a folder of their page's name instead of beside it, as some wikis want it.
    """
    check_names(pages, where)
    written: list[str] = []
    unchanged: list[str] = []
    kept: list[str] = []
    touched: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for page in pages:
            path = folder / f"{page.name}.md"
            if path.is_symlink():
                kept.append(page.name)
                continue
            before = path.read_bytes() if path.exists() else None
            try:
                ours = files_of(before)
                after = merged(before, page.markdown, page.attachments)
            except Edited:
                kept.append(page.name)
                continue
            beside = folder / page.name if apart else folder
            files, foreign = _write_files(beside, page, ours)
            kept += foreign
            if after != before:
                _replace(path, after)
                files.append(path)
            (written if files else unchanged).append(page.name)
            touched += files
            touched += _remove_files(beside, page, ours)
    except OSError as error:
        raise SourceError(
            _("the wiki {where} cannot be written: {reason}").format(where=where, reason=reason_of(error))
        ) from error
    return Published(tuple(written), tuple(unchanged), tuple(kept), where), tuple(touched)


def _write_files(folder: Path, page: WikiPage, ours: Mapping[str, str]) -> tuple[list[Path], list[str]]:
    """The attachments that were written, and the names of those that are a person's; ``ours`` is what we left there."""
    written, foreign = [], []
    if page.attachments:
        folder.mkdir(exist_ok=True)
    for attachment in page.attachments:
        path = folder / attachment.name
        before = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        if before == attachment.data:
            continue
        if path.is_symlink() or (before is not None and digest(before) != ours.get(attachment.name)):
            foreign.append(attachment.name)
            continue
        _replace(path, attachment.data)
        written.append(path)
    return written, foreign


def _remove_files(folder: Path, page: WikiPage, ours: Mapping[str, str]) -> list[Path]:
    """Attachments that the page no longer shows and nobody changed."""
    shown = {attachment.name for attachment in page.attachments}
    gone = []
    for name, hash_ in ours.items():
        path = folder / name
        # The name was read from the page: it must not lead out of the folder.
        if name in shown or not _is_name(name) or path.is_symlink() or not path.is_file():
            continue
        if digest(path.read_bytes()) == hash_:
            path.unlink()
            gone.append(path)
    return gone


def check_names(pages: Sequence[WikiPage], where: str) -> None:
    """Raises ``SourceError`` when a page or an attachment has a name that no file should have, or one that is taken."""
    for page in pages:
        for name in (page.name, *(attachment.name for attachment in page.attachments)):
            if not _is_name(name):
                said = (
                    _("the wiki {where}: {name!r} cannot be the name of a page")
                    if name is page.name
                    else _("the wiki {where}: {name!r} cannot be the name of an attachment")
                )
                raise SourceError(said.format(where=where, name=one_line(name)))
        for attachment in page.attachments:
            # In Markdown such a name would end early; and a page is a file as well.
            if re.search(r"[\s()]|\.md$|^[^.]*$", attachment.name, re.IGNORECASE):
                raise SourceError(
                    _("the wiki {where}: {name!r} cannot be the name of an attachment").format(
                        where=where, name=one_line(attachment.name)
                    )
                )
    # On Windows and macOS, names that differ in case alone are one file.
    files = Counter(
        name.lower() for page in pages for name in (f"{page.name}.md", *(file.name for file in page.attachments))
    )
    twice = [name for name, count in files.items() if count > 1]
    if twice:
        raise SourceError(
            _("the wiki {where}: {name!r} is the name of two files").format(where=where, name=one_line(twice[0]))
        )


def _is_name(name: str) -> bool:
    return not (
        _BAD_IN_NAME.search(name)
        or not name.strip(". ")
        or name != name.strip()
        or name.startswith((".", "-"))
        or name.endswith(".")
        or _RESERVED.fullmatch(name)
        or len(name.encode()) > _LONGEST_NAME
    )


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
