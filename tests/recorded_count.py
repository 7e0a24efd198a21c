"""Counting the recorded data straight from the files, by the words of DESIGN.md section 7.

Nothing here uses okrsync: it is what okrsync's numbers are held against.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]

NOT_COMPLETED = {
    "won't do", "won't fix", "duplicate", "cannot reproduce", "invalid", "incomplete", "not a bug", "not a problem",
    "declined", "rejected", "abandoned", "obsolete", "unresolved",
}  # fmt: skip


@dataclass
class Part:
    """An issue or a commit, as far as rules and counting need it."""

    key: str
    kind: str
    source: str
    scope: str
    project: str
    type: str
    title: str
    created: date
    done: date | None
    counts: bool
    facets: dict[str, set[str]] = field(default_factory=dict)
    parent: str | None = None
    names: list[str] = field(default_factory=list)


class Recorded:
    """All parts, put together to pieces."""

    def __init__(self, issues: list[Part], commits: list[Part]) -> None:
        self.parts = {part.key: part for part in (*issues, *commits)}

    @cached_property
    def pieces(self) -> dict[str, list[Part]]:
        """The parts of each piece, by the key of the one that stands for it."""
        pieces: dict[str, list[Part]] = {}
        for part in self.parts.values():
            for key in self._pieces_of(part):
                pieces.setdefault(key, []).append(part)
        return pieces

    def _pieces_of(self, part: Part) -> set[str]:
        if part.type == "Epic":
            return set()
        if part.kind == "commit":
            named = [self.parts[name] for name in part.names if name in self.parts]
            return {key for issue in named for key in self._pieces_of(issue)} or {part.key}
        above = self.parts.get(part.parent or "")
        return {above.key} if part.type in SUB_TASKS and above and above.type != "Epic" else {part.key}

    def serving(self, rules: list[Json]) -> set[str]:
        """The pieces that any part, or anything above a part, links to a key result with these rules."""
        matched = {key for key, part in self.parts.items() if any(self._matches(part, rule) for rule in rules)}
        return {
            piece
            for piece, parts in self.pieces.items()
            if any(not matched.isdisjoint(self._line(part)) for part in parts)
        }

    def _line(self, part: Part) -> list[str]:
        """A part's key and those of all above it, also of one above that is not in the data."""
        line = [part.key]
        while part.parent is not None and part.parent not in line:
            line.append(part.parent)
            if part.parent not in self.parts:
                break
            part = self.parts[part.parent]
        return line

    def _matches(self, part: Part, rule: Json) -> bool:
        for name, wanted in rule.items():
            fold = {value.lower() for value in wanted}
            if name == "source":
                good = part.source == wanted
            elif name in ("projects", "repos"):
                good = part.project.lower() in fold
            elif name == "types":
                good = part.type in wanted
            elif name == "keys":
                good = part.key.lower() in fold
            elif name == "epics":
                good = any(key.lower() in fold for key in self._line(part))
            elif name == "title":
                good = re.search(wanted, part.title) is not None
            elif name == "milestones":
                good = bool((part.facets["versions"] | part.facets["sprints"]) & set(wanted))
            else:
                good = bool(part.facets[name] & set(wanted))
            if not good:
                return False
        return True

    def completed(self, start: date, end: date) -> set[str]:
        """The pieces that were completed in a window of days."""
        return {key for key in self.pieces if _completed(self.parts[key], start, end)}

    def activity(self, serving: set[str], start: date, end: date, as_of: date, lag: int) -> Json:
        """What the report says of a key result's work; the window ends on the day ``end``."""
        pieces = [self.parts[key] for key in serving]
        done = [piece.done for piece in pieces if _completed(piece, start, end) and piece.done]
        return {
            "opened": sum(start <= piece.created <= end for piece in pieces),
            "open": sum(piece.created <= end and (piece.done is None or piece.done > end) for piece in pieces),
            "completed": len(done),
            "settled": sum(day + timedelta(days=lag) <= as_of for day in done),
            "last_completed": max(done).isoformat() if done else None,
        }

    def by_scope(self, keys: set[str]) -> Json:
        """How many of these pieces each scope has."""
        return dict(Counter(f"{self.parts[key].source}:{self.parts[key].scope}" for key in keys))

    def items(self) -> Json:
        """How many items, not pieces, each scope has."""
        return self.by_scope(set(self.parts))


SUB_TASKS = ("Sub-task", "Technical task")


def _completed(piece: Part, start: date, end: date) -> bool:
    return piece.counts and piece.done is not None and start <= piece.done <= end


def read_server(issues: Path, clone: Path, repo: str, zone: ZoneInfo) -> Recorded:
    """From the file of issues and the clone of the commits."""

    def day(text: str) -> date:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(zone).date()

    parts = []
    with gzip.open(issues, "rt", encoding="utf-8") as lines:
        for line in lines:
            issue = json.loads(line)
            fields, project = issue["fields"], issue["fields"]["project"]["key"]
            status, resolution = fields["status"], (fields.get("resolution") or {}).get("name", "")
            is_done = status["statusCategory"]["key"] == "done"
            sprints = [*fields.get("closedSprints", ()), *([fields["sprint"]] if fields.get("sprint") else ())]
            part = Part(
                issue["key"],
                "issue",
                "tidev",
                project,
                project,
                fields["issuetype"]["name"],
                fields.get("summary") or "",
                day(fields["created"]),
                day(fields.get("resolutiondate") or fields["updated"]) if is_done else None,
                is_done and not {resolution.lower(), status["name"].lower()} & NOT_COMPLETED,
                {
                    "labels": set(fields.get("labels", ())),
                    "components": {each["name"] for each in fields.get("components", ())},
                    "versions": {each["name"] for each in fields.get("fixVersions", ())},
                    "sprints": {each["name"] for each in sprints},
                },
                (fields.get("parent") or fields.get("epic") or {}).get("key"),
            )
            parts.append(part)
    log = subprocess.run(
        ["git", f"--git-dir={clone}", "log", "--format=%H%x01%ct%x01%B%x02", "main"], check=True, capture_output=True
    )
    commits = []
    for record in log.stdout.decode("utf-8", "replace").split("\x02")[:-1]:
        hash_, seconds, message = record.strip().split("\x01")
        at = datetime.fromtimestamp(int(seconds), UTC).astimezone(zone).date()
        names = re.findall(r"\b(?:TIMOB|AC|ALOY|MOD|DAEMON)-[1-9][0-9]*\b", message)
        title = message.strip().split("\n")[0].strip()
        none: dict[str, set[str]] = {"labels": set(), "components": set(), "versions": set(), "sprints": set()}
        commits.append(Part(hash_, "commit", "alloy", repo, repo, "commit", title, at, at, True, none, None, names))
    return Recorded(parts, commits)
