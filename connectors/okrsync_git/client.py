"""Runs git in one clone. What its answers mean is the business of ``items``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from okrsync import git_command
from okrsync.errors import SourceError
from okrsync.language import _

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_FORMAT = "%x00%H %ct %ae%x00:%B"
"""Each commit begins with an empty field, and nothing else is empty: that is where the answer is cut."""
_COMMIT = re.compile(rf"({_HASH.pattern}) ([^ \0]*) ([^\0]*)\0:([^\0]*)(?:\0\n?(.*))?", re.DOTALL)
_LOG = (
    "log",
    "-z",
    "--stdin",
    f"--format=tformat:{_FORMAT}",
    "--encoding=UTF-8",
    "--name-only",
    "--no-renames",
    "--no-relative",
    "--no-ext-diff",
    "--no-show-signature",
    "--ignore-submodules=none",
    f"-O{os.devnull}",
    "--no-color",
)
"""Whatever a user's configuration could change in the answer is named here or in ``okrsync.git_command``."""
_BATCH = 10_000


class RawCommit(msgspec.Struct, frozen=True):
    """A commit as git tells it."""

    id: str
    committed: str
    """Seconds since 1970, as git wrote them: hostile text."""
    email: str
    message: str
    """What git could not translate into Unicode is replaced."""
    paths: tuple[str, ...]
    """Files it changed against its parent; none for a merge."""


class Clone:
    """A clone, bare or not, on this machine. Nothing is written to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = _("the clone {path}").format(path=path)

    def resolve(self, names: Sequence[str]) -> dict[str, str | None]:
        """The commit that each ref or hash stands for; None where there is none. One process."""
        asked = "".join(f"{name}^{{commit}}\n" for name in names).encode()
        _code, out = self._run("cat-file", "--batch-check=%(objectname)", stdin=asked)
        answers = out.decode("utf-8", "replace").splitlines()
        if len(answers) != len(names):
            raise SourceError(
                _("{where}: git cat-file answered {answers} lines to {names} questions").format(
                    where=self.where, answers=len(answers), names=len(names)
                )
            )
        return {name: answer if _HASH.fullmatch(answer) else None for name, answer in zip(names, answers, strict=True)}

    def remote(self) -> str | None:
        """The URL of the remote ``origin``, as configured: hostile text that may hold a password."""
        code, out = self._run("config", "--local", "--get", "remote.origin.url", accepted=(0, 1))
        return None if code else out.decode("utf-8", "replace").strip()

    def is_shallow(self) -> bool:
        """Does the clone end before the first commit (``git clone --depth``)?"""
        return self._run("rev-parse", "--is-shallow-repository")[1].strip() == b"true"

    def stamp(self) -> list[str | None] | None:
        """What changes when the clone's configuration is written or its history deepened, without asking git; None
        where its files are not in their usual place (a worktree)."""
        for folder in (self.path / ".git", self.path):
            if (folder / "HEAD").is_file() and (folder / "objects").is_dir():
                return [_written(folder / "config"), _written(folder / "shallow")]
        return None

    def has_branches(self) -> bool:
        """Is there any branch, local or fetched?"""
        return bool(self._run("for-each-ref", "--count=1", "refs/heads", "refs/remotes")[1].strip())

    def log(self, tips: Sequence[str], without: Sequence[str] = (), skip: int = 0) -> Iterator[RawCommit]:
        """The commits that ``tips`` reach and ``without`` do not, in an order that is always the same."""
        return self._commits([*_LOG, f"--skip={skip}"], [*tips, *(f"^{id_}" for id_ in without)])

    def single(self, ids: Sequence[str]) -> Iterator[RawCommit]:
        """These commits and no others."""
        return self._commits([*_LOG, "--no-walk=unsorted"], ids)

    def count(self, tips: Sequence[str]) -> int:
        """How many commits ``tips`` reach."""
        return int(self._run("rev-list", "--count", "--stdin", stdin=_lines(tips))[1])

    def ids(self, tips: Sequence[str]) -> Iterator[Sequence[str]]:
        """The hashes of all commits that ``tips`` reach, in batches."""
        chunks = git_command.stream(["rev-list", "--stdin"], where=self.where, folder=self.path, stdin=_lines(tips))
        hashes = (line.decode("ascii") for line in _split(chunks, b"\n"))
        while batch := list(islice(hashes, _BATCH)):
            yield batch

    def _commits(self, arguments: Sequence[str], revisions: Sequence[str]) -> Iterator[RawCommit]:
        chunks = git_command.stream(arguments, where=self.where, folder=self.path, stdin=_lines(revisions))
        for record in _records(chunks):
            told = _COMMIT.fullmatch(record)
            if told is None:
                raise SourceError(_("{where}: the answer of git log cannot be read").format(where=self.where))
            id_, committed, email, message, paths = told.groups()
            yield RawCommit(id_, committed, email, message, () if paths is None else tuple(paths.split("\0")))

    def _run(self, *arguments: str, stdin: bytes = b"", accepted: Sequence[int] = (0,)) -> tuple[int, bytes]:
        return git_command.run(arguments, where=self.where, folder=self.path, stdin=stdin, accepted=accepted)


def is_hash(text: object) -> bool:
    """Is this a commit's full hash?"""
    return isinstance(text, str) and _HASH.fullmatch(text) is not None


def _lines(revisions: Sequence[str]) -> bytes:
    return "".join(f"{revision}\n" for revision in revisions).encode("ascii")


def _written(file: Path) -> str | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return f"{found.st_mtime_ns} {found.st_size}"


def _records(chunks: Iterable[bytes]) -> Iterator[str]:
    """The commits of a log, each from its hash to its last path."""
    pending = [b"\0"]  # the end of the record before the first one
    for chunk in chunks:
        pending.append(chunk)
        if b"\0\0" not in chunk and not chunk.startswith(b"\0"):
            continue
        # Text is cut at a NUL, which belongs to no other character: all at once costs a fifth of one by one.
        whole, _, rest = b"".join(pending).rpartition(b"\0\0")
        yield from filter(None, whole.decode("utf-8", "replace").split("\0\0"))
        pending = [rest]
    if rest := b"".join(pending).removesuffix(b"\0"):
        yield rest.decode("utf-8", "replace")


def _split(chunks: Iterable[bytes], end: bytes) -> Iterator[bytes]:
    """What lies between the ``end`` bytes of a stream; what follows the last one only when it is not empty."""
    pending: list[bytes] = []
    for chunk in chunks:
        first, *more = chunk.split(end)
        pending.append(first)
        if more:
            yield b"".join(pending)
            yield from more[:-1]
            pending = [more[-1]]
    if rest := b"".join(pending):
        yield rest
