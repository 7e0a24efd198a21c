"""What a source of type ``file`` accepts in ``okrsync.yaml``."""

from __future__ import annotations

import codecs
import io
from collections.abc import Mapping
from datetime import timedelta
from pathlib import PurePath
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from okrsync.connector import SourceSettings, one_or_many
from okrsync.durations import PATTERN, parse_duration
from okrsync.errors import WrongValue
from okrsync.language import _


def _path(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError(_("write a file or a pattern such as exports/*.csv"))
    if PurePath(text).suffix.lower() in (".xlsx", ".xls"):
        raise ValueError(_("a workbook cannot be read: save it as CSV (UTF-8)"))
    return text


def _names(value: object) -> object:
    return () if value is None else one_or_many(value)


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongValue(_("{name} must be an http or https address such as https://acme.atlassian.net"))
    if parts.username is not None or parts.password is not None:
        raise WrongValue(_("{name} must not hold a user or password"))
    return url.rstrip("/")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise WrongValue(_("{name} is no time zone; write for example Asia/Shanghai")) from None
    return name


def _encoding(name: str) -> str:
    try:
        with io.TextIOWrapper(io.BytesIO(), encoding=name):  # refuses encodings that are not of text
            return codecs.lookup(name).name
    except (LookupError, ValueError):
        raise WrongValue(_("{name} is no encoding of text; write for example utf-8, utf-16 or gb18030")) from None


def _age(value: object) -> object:
    return None if value == "never" else parse_duration(value)


Names = Annotated[
    tuple[str, ...],
    BeforeValidator(_names),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]}),
]


class Columns(BaseModel):
    """Which column (of JSON, which field: ``status.name``) holds what. Several: the first that is not empty, and for
    what an item has many of, all of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: Names = ()
    """What never changes, whatever the item is called; by default the key."""
    key: Names = ()
    """How people name it: SHOP-101."""
    title: Names = ()
    """What it is called."""
    type: Names = ()
    """Story, Bug, Epic …"""
    project: Names = ()
    """As `projects` of a work rule names it."""
    status: Names = ()
    """The tracker's own word for where it stands."""
    category: Names = ()
    """Jira's status category: to do, in progress, done."""
    resolution: Names = ()
    """Why it is done: ``Won't Do`` and the like do not count."""
    created: Names = ()
    """When it was made."""
    updated: Names = ()
    """When it was changed last."""
    done: Names = ()
    """When it was finished; where it is empty, the last change counts."""
    assignee: Names = ()
    """The account that does it, as `people:` names it."""
    author: Names = ()
    """The account that reported it."""
    parent_id: Names = ()
    """Id of the parent or epic."""
    parent: Names = ()
    """Key of the parent or epic."""
    points: Names = ()
    """Story points."""
    url: Names = ()
    """Where people open it, where `url` of the source does not say so for all."""
    description: Names = ()
    """Read for lines ``KR: KR1.1`` alone, and not stored."""
    labels: Names = ()
    """Labels."""
    components: Names = ()
    """Components."""
    versions: Names = ()
    """Versions it is to be fixed in."""
    milestones: Names = ()
    """Milestones."""
    sprints: Names = ()
    """Sprints it has been in."""


class Statuses(BaseModel):
    """Which statuses mean what, where the export does not say. All others are not begun."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    done: Names = ()
    """Finished, whatever the resolution; matched without case."""
    doing: Names = ()
    """Begun; matched without case."""


class FileSettings(SourceSettings):
    """CSV or JSON that a tracker has exported."""

    type: Literal["file"] = "file"
    path: Annotated[
        tuple[Annotated[str, AfterValidator(_path)], ...],
        BeforeValidator(one_or_many),
        Field(min_length=1),
        WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
    ]
    """A file, a pattern (``exports/*.csv``), or a list of them; relative to the folder of ``okrsync.yaml``."""
    format: Literal["jira", "github", "table"] | None = None
    """What wrote it; by default found out. ``table``: the columns that ``columns`` names and no others."""
    url: Annotated[str, AfterValidator(_address)] | None = None
    """Where people open an item: Jira's address, or any address with ``{key}`` in it."""
    repo: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+/[A-Za-z0-9_.-]+$")] | None = None
    """``owner/name`` of GitHub's items that do not say where they are from."""
    project: str | None = None
    """The project of items without one of their own; by default what stands before the number in their key."""
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    """Of dates without an offset: that of the account that exported; by default that of ``okrsync.yaml``."""
    dates: Names = ()
    """How dates are written, where they are not understood: ``"%m/%d/%Y %H:%M"``."""
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    """By default what the byte order mark says, else UTF-8."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1, pattern=r'^[^"\r\n]$')] | None = None
    """Between the cells of a CSV; by default found out: a comma, a semicolon or a tab."""
    separator: Annotated[str, Field(min_length=1)] | None = None
    """Between several labels, versions … in one cell; by default a cell is one of them."""
    columns: Columns = Field(default_factory=Columns)
    """Which column holds what, where the export is not Jira's, or its columns have other names."""
    statuses: Statuses = Field(default_factory=Statuses)
    """Which statuses mean done, and which begun, where the export does not say."""
    levels: Mapping[str, Annotated[int, Field(ge=-1, le=10)]] = Field(default_factory=dict)
    """Of types that are not known by name: -1 for a sub-task, 1 for an epic, more for what is above."""
    max_age: Annotated[
        timedelta | None,
        BeforeValidator(_age),
        WithJsonSchema({"anyOf": [{"type": "string", "pattern": PATTERN}, {"const": "never"}, {"type": "integer"}]}),
    ] = timedelta(days=8)
    """A newest file that is older is a failure: what happened since is not in it. ``never`` for an archive."""
