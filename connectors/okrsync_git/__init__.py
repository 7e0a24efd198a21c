"""Reads the commits of a clone on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from okrsync.connector import (
    ONE_OR_MANY,
    Connector,
    ConnectorContext,
    Cursor,
    Page,
    Plan,
    Shard,
    SourceSettings,
    one_or_many,
)
from okrsync.errors import CursorExpired, SourceError
from okrsync.language import _
from okrsync.model import Scope
from okrsync_git.client import Clone, RawCommit, is_hash
from okrsync_git.items import item_of, remote_of

__all__ = ["GitConnector", "GitSettings"]

_BAD_IN_REF = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/]|/$|\.lock$|\.$")


def _branch(name: str) -> str:
    if not name or _BAD_IN_REF.search(name):
        raise ValueError(_("this cannot be the name of a branch"))
    return name


def _path(path: str) -> str:
    if not path.strip() or "\0" in path:
        raise ValueError(_("write the folder of the clone"))
    return path


class GitSettings(SourceSettings):
    """A git clone."""

    type: Literal["git"] = "git"
    path: Annotated[str, AfterValidator(_path)]
    """Folder of the clone, bare or not; relative to the folder of ``okrsync.yaml``."""
    repo: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")] | None = None
    """``owner/name`` at GitHub; by default what the remote ``origin`` says."""
    branches: Annotated[
        tuple[Annotated[str, AfterValidator(_branch)], ...], BeforeValidator(one_or_many), WithJsonSchema(ONE_OR_MANY)
    ] = ()
    """Branches whose commits count; by default the one checked out and the default branch of ``origin``."""


class GitConnector(Connector):
    """One scope: the clone. Commits never change, so an incremental plan reads what the new tips reach and the old do
    not; commits that a force push dropped go at the next census.
    """

    type_name: ClassVar[str] = "git"
    Settings: ClassVar[type[SourceSettings]] = GitSettings
    page_size: ClassVar[int] = 1000
    """Commits a page."""

    def __init__(self, settings: GitSettings, context: ConnectorContext) -> None:
        super().__init__(settings, context)
        self.settings: GitSettings = settings
        # Not resolved: a link `current` that moves on with each deployment stays one scope.
        self.path = Path(os.path.normpath(context.base / settings.path))
        self.clone = Clone(self.path)

    def scopes(self) -> Sequence[Scope]:
        return (Scope(self.context.source, self.path.name),)

    def plan(self, scope: Scope, cursor: Cursor | None) -> Plan:
        before = (cursor or {}).get("tips")
        old = sorted(before) if isinstance(before, list) and all(map(is_hash, before)) else []
        tips, known = self._tips(old)
        stamp = [self.settings.repo, *(self.clone.stamp() or ())]
        unchanged = cursor is not None and cursor.get("stamp") == stamp and len(stamp) > 1
        # Commits never change, so that those of the same tips need not be counted.
        if cursor and unchanged and cursor["tips"] == tips:
            return Plan((), cursor, cursor["project"], census=False)
        project, web = self._place()
        end: Cursor = {"tips": tips, "project": project, "web": web, "stamp": stamp}
        same_place = cursor is not None and (cursor.get("project"), cursor.get("web")) == (project, web)
        if cursor and same_place and cursor.get("tips") == tips:
            return Plan((), end, project, census=False)
        # Another name or address stands in every item; a tip that is gone cannot say what was read.
        if not known or not same_place:
            old = []
        if tips and self._is_shallow(stamp):
            self.context.on_note(
                _(
                    "{where} is shallow: older commits are missing and count nowhere. `git fetch --unshallow` "
                    "brings them"
                ).format(where=self.clone.where)
            )
        params: Cursor = {"tips": tips, "not": old, "project": project, "web": web}
        digest = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()[:16]
        return Plan((Shard(f"log-{digest}", params),) if tips else (), end, project, whole=not old)

    def pages(self, scope: Scope, shard: Shard, cursor: Cursor | None) -> Iterator[Page]:
        skip = 0 if cursor is None else cursor.get("skip")
        if not isinstance(skip, int) or skip < 0:
            raise CursorExpired(
                _("{where}: the page cursor is not one of this connector's").format(where=self.clone.where)
            )
        params = shard.params
        commits = self.clone.log(params["tips"], params["not"], skip)
        return self._pages(commits, params["project"], params["web"], skip)

    def census(self, scope: Scope) -> Iterator[Sequence[str]]:
        tips, _ = self._tips([])
        return self.clone.ids(tips) if tips else iter(())

    def count(self, scope: Scope) -> int | None:
        tips, _ = self._tips([])
        return self.clone.count(tips) if tips else 0

    def fetch(self, scope: Scope, ids: Sequence[str]) -> Iterator[Page]:
        wanted = [id_ for id_ in ids if is_hash(id_)]
        if not wanted:
            return iter(())
        project, web = self._place()
        return self._pages(self.clone.single(wanted), project, web, 0)

    def describe(self) -> str:
        return _("git clone at {path}").format(path=self.path)

    def _pages(self, commits: Iterable[RawCommit], project: str, web: str | None, done: int) -> Iterator[Page]:
        repo = project if "/" in project else None
        items = (item_of(commit, project=project, repo=repo, web=web) for commit in commits)
        page = tuple(islice(items, self.page_size))
        while True:
            following = tuple(islice(items, self.page_size))
            done += len(page)
            yield Page(page, {"skip": done} if following else None)
            if not following:
                return
            page = following

    def _tips(self, old: Sequence[str]) -> tuple[list[str], bool]:
        """The commits that the branches stand at, and whether all of ``old`` are still there."""
        groups = [(f"refs/heads/{name}", f"refs/remotes/origin/{name}") for name in self.settings.branches] or [
            ("HEAD", "refs/remotes/origin/HEAD")
        ]
        found = self.clone.resolve([*chain.from_iterable(groups), *old])
        tips = {tip for group in groups for name in group if (tip := found[name]) is not None}
        missing = [group[0] for group in groups if not any(found[name] for name in group)]
        if missing and (tips or self.clone.has_branches()):
            if missing == ["HEAD"]:
                raise SourceError(
                    _(
                        "{where}: nothing is committed on the branch that is checked out, but there are others: name "
                        "them with `branches: [main]`"
                    ).format(where=self.clone.where)
                )
            raise SourceError(
                _("{where} has no branch {branch!r}").format(
                    where=self.clone.where, branch=missing[0].removeprefix("refs/heads/")
                )
            )
        return sorted(tips), all(found[tip] for tip in old)

    def _is_shallow(self, stamp: Sequence[str | None]) -> bool:
        return stamp[2] is not None if len(stamp) > 1 else self.clone.is_shallow()

    def _place(self) -> tuple[str, str | None]:
        """The project's name, and its address on the web where it has one."""
        remote = remote_of(self.clone.remote() or "")
        repo = self.settings.repo or (remote.repo if remote else None)
        return repo or self.path.name, f"{remote.web}/{repo}" if remote else None
