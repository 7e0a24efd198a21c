"""Which objects a list of GitHub's REST API holds, and in which order.

``facts`` are those of ``Objects.facts``. All raise ``ValueError`` for a parameter that the service answers with 422.
"""

from __future__ import annotations

from datetime import UTC, datetime

from okrsync.sandbox.github_objects import Json
from okrsync.sandbox.server import Request

_ORDER = {"created": "created_at", "updated": "updated_at", "comments": "comments", "popularity": "comments"}


def issues(facts: list[Json], request: Request) -> list[int]:
    """The numbers that ``/issues`` answers, in order, out of the facts of issues and pull requests."""
    found = _in_state(_ordered(facts, request), request)
    if since := request.first("since"):
        moment = datetime.fromisoformat(since)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        found = [each for each in found if datetime.fromisoformat(each["updated_at"]) >= moment]
    if labels := request.first("labels"):
        wanted = {label.strip().lower() for label in labels.split(",")}
        found = [each for each in found if wanted <= {label.lower() for label in each["labels"]}]
    if milestone := request.first("milestone"):
        found = [each for each in found if _has_milestone(each["milestone"], milestone)]
    return _numbers(found)


def pulls(facts: list[Json], request: Request) -> list[int]:
    """The numbers that ``/pulls`` answers, in order."""
    return _numbers(_in_state(_ordered(facts, request, newest_first="created"), request))


def milestones(shown: list[Json], request: Request) -> list[int]:
    """The numbers that ``/milestones`` answers, the next due first."""
    by_due = sorted(shown, key=lambda each: (each["due_on"] is None, each["due_on"] or ""))
    return _numbers(_in_state(by_due, request))


def _numbers(facts: list[Json]) -> list[int]:
    return [each["number"] for each in facts]


def _ordered(facts: list[Json], request: Request, newest_first: str | None = None) -> list[Json]:
    """Sorted by ``sort`` and ``direction``; with ``newest_first`` every other order ascends unless it is told."""
    order = request.first("sort", "created")
    if order not in _ORDER:
        raise ValueError(f"sort: {order!r} is not a valid value")
    direction = request.first("direction", "desc" if newest_first in (None, order) else "asc")
    if direction not in ("asc", "desc"):
        raise ValueError(f"direction: {direction!r} is not a valid value")
    return sorted(facts, key=lambda each: (each[_ORDER[order]], each["number"]), reverse=direction == "desc")


def _in_state(facts: list[Json], request: Request) -> list[Json]:
    state = request.first("state", "open")
    if state not in ("open", "closed", "all"):
        raise ValueError(f"state: {state!r} is not a valid value")
    return [each for each in facts if state in ("all", each["state"])]


def _has_milestone(number: int | None, wanted: str) -> bool:
    return number is None if wanted == "none" else number is not None if wanted == "*" else str(number) == wanted
