"""Keeping the versions of goals: what a run sees on file, and what the files' git history says, go into the store."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from okrsync.config import Config
from okrsync.errors import SourceError
from okrsync.language import _
from okrsync.model import GoalVersion
from okrsync.store import goals

if TYPE_CHECKING:
    from sqlalchemy import Engine


def record_goals(engine: Engine, config: Config, now: datetime) -> tuple[str, ...]:
    """Store what is new in the files of goals and in their git history. Returns what of the history is missing.

    A history that git refuses to show is said there and ends nothing. Raises ``StoreError``.
    """
    from okrsync.goal_history import read_history

    goals.record(engine, config.programme, now)
    stored = goals.stored_history(engine, config.okrs)
    try:
        found = read_history(config.base, config.okrs, now, stored.head if stored else "")
    except SourceError as error:
        return (_("the git history of the goals is not read: {error}").format(error=error),)
    if found is None:
        return ()
    notes = found.notes if found.whole or stored is None else (*stored.notes, *found.notes)
    goals.save_history(engine, config.okrs, found.head, notes, found.versions, anew=found.whole)
    return found.notes


def known_versions(engine: Engine, config: Config, now: datetime) -> tuple[list[GoalVersion], tuple[str, ...]]:
    """All versions that the store, the files and their git history hold at ``now``, and what is missing in them.

    Nothing is stored. Raises ``StoreError``.
    """
    from okrsync.goal_history import read_history
    from okrsync.goals import unseen

    versions = goals.versions(engine)
    versions += unseen(versions, config.programme, now)
    stored = goals.stored_history(engine, config.okrs)
    notes = stored.notes if stored else ()
    try:
        found = read_history(config.base, config.okrs, now, stored.head if stored else "")
    except SourceError as error:
        return versions, (*notes, _("the git history of the goals is not read: {error}").format(error=error))
    if found is None:
        return versions, notes
    if found.whole:
        return [*(each for each in versions if each.commit is None), *found.versions], found.notes
    return [*versions, *found.versions], (*notes, *found.notes)
