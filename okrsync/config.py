"""Reading ``okrsync.yaml`` and the goals it names: one ``Config``, or all that is wrong at once."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from okrsync import plugins
from okrsync.completed import NEVER_COMPLETED
from okrsync.config_errors import did_you_mean, read_model
from okrsync.config_models import ConfigFile, FindingsModel, PersonModel
from okrsync.config_plugins import read_settings
from okrsync.config_yaml import Document, YamlMapping, declared_ids, read_document
from okrsync.connector import SourceSettings
from okrsync.errors import ConfigError, Problem
from okrsync.findings.thresholds import Thresholds
from okrsync.language import LANGUAGES, _
from okrsync.model import Person, Programme
from okrsync.plain_secrets import refuse_plain_secrets, refuse_plain_settings
from okrsync.programme import read_programme
from okrsync.variables import Lookup, Variable, Variables

if TYPE_CHECKING:
    from okrsync.findings.diagnose import Silence
    from okrsync.notify import Webhook
    from okrsync.publish.interface import PublisherSettings

__all__ = [
    "Config",
    "Schedule",
    "find_config",
    "load_config",
]

FILE_NAME = "okrsync.yaml"
VARIABLE = "OKRSYNC_CONFIG"

_SQLITE = re.compile(r"(sqlite(?:\+\w+)?):///?([^?]*)(\?.*)?", re.DOTALL)
_POSTGRESQL = re.compile(r"postgres(?:ql)?(\+\w+)?://(.+)", re.DOTALL)


@dataclass(frozen=True)
class Schedule:
    """Cron expressions in the configured time zone; `okrsync.cron.parse` reads them."""

    sync: str | None = None
    """When `okrsync sync` runs."""
    report: str | None = None
    """When `okrsync run` does."""


@dataclass(frozen=True)
class Config:
    """Both files, checked."""

    path: Path
    """``okrsync.yaml`` itself, absolute."""
    base: Path
    """Its folder: relative paths of both files are relative to it."""
    store: str = field(repr=False)
    """SQLAlchemy URL; may hold a password. A relative SQLite path has been made absolute."""
    timezone: ZoneInfo
    language: str
    """``en`` or ``zh``."""
    sources: Mapping[str, SourceSettings]
    people: tuple[Person, ...]
    publish: tuple[PublisherSettings, ...]
    schedule: Schedule | None
    census: timedelta
    """How often the ids of a scope are compared with the store."""
    not_completed: tuple[str, ...]
    """Names or ids of resolutions and statuses that do not count as completed; matched without case."""
    programme: Programme
    thresholds: Thresholds = field(default_factory=Thresholds)
    """Limits of the findings."""
    notify: tuple[Webhook, ...] = ()
    """Chats that are told after a run."""
    people_judged: bool = True
    """False under `privacy: {people: off}`: no finding is about a person."""
    silences: tuple[Silence, ...] = ()
    """Findings that ``okrsync.yaml`` silences; those that goals and teams silence stand in ``programme``."""
    okrs: str = "okrs/"
    """Where the files of goals are, as written: a file, a folder or a glob, relative to ``base``."""
    templates: Path | None = None
    """A folder of the user's own templates, absolute."""
    warnings: tuple[Problem, ...] = ()
    variables: tuple[Variable, ...] = ()
    """What the files name as ``${NAME}``, by name."""

    @property
    def shown_store(self) -> str:
        """``store`` for messages: a password is ``***``."""
        return re.sub(r"(?<=://)([^:/@]*):.*@", r"\1:***@", self.store)

    def accounts(self) -> dict[str, frozenset[str]]:
        """The accounts that ``people`` names, by source; none where no finding may be about a person."""
        found: dict[str, set[str]] = {}
        for person in self.people if self.people_judged else ():
            for source, account in person.accounts:
                found.setdefault(source, set()).add(account)
        return {source: frozenset(accounts) for source, accounts in found.items()}


def find_config(path: Path | None, environ: Mapping[str, str], cwd: Path) -> Path:
    """Where ``okrsync.yaml`` is: ``path``, ``OKRSYNC_CONFIG``, or the nearest folder from ``cwd`` upwards.

    A folder stands for the file in it. Raises ``ConfigError`` when nothing was named and nothing is found.
    """
    named = path or (Path(environ[VARIABLE]) if environ.get(VARIABLE) else None)
    if named is not None:
        found = cwd / named.expanduser()
        return found / FILE_NAME if os.path.isdir(found) else found  # noqa: PTH112 (it never raises)
    for folder in (cwd, *cwd.parents):
        if os.path.isfile(folder / FILE_NAME):  # noqa: PTH113
            return folder / FILE_NAME
    raise ConfigError(
        _(
            "no {file} in {folder} or above: `okrsync init` writes one; --config or {variable} name one elsewhere"
        ).format(file=FILE_NAME, folder=cwd, variable=VARIABLE)
    )


def load_config(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    lookup: Lookup | None = None,
    speak: Callable[[str], None] = lambda language: None,
) -> Config:
    """Read the configuration and the goals.

    ``lookup`` gives what ``${NAME}`` stands for; by default it is looked up as ``okrsync.variables`` says.
    ``speak`` is told the configured language as soon as it is known, so that problems are said in it. Raises
    ``ConfigError`` with every problem found in any of the files, those of ``okrsync.yaml`` first.
    """
    cwd = Path(os.path.abspath(cwd or Path.cwd()))  # noqa: PTH100 (symbolic links stay as the user knows them)
    file = Path(os.path.abspath(find_config(path, environ, cwd)))  # noqa: PTH100
    base = file.parent
    warnings: list[Problem] = []
    variables = Variables(environ)
    lookup = lookup or variables
    document = read_document(file, _shown(file, cwd), lookup)
    if document.data is not None and document.data.get("language") in LANGUAGES:
        speak(str(document.data["language"]))
    refuse_plain_secrets(document)
    if document.data is None:
        raise ConfigError(document.in_order())
    main: ConfigFile = read_model(ConfigFile, document) or ConfigFile()
    refuse_plain_settings(main, document.data)

    sources = {str(name): read_settings(plugins.CONNECTORS, value) for name, value in _children(document, "sources")}
    publish = [read_settings(plugins.PUBLISHERS, value) for _path, value in _children(document, "publish")]
    store = _store(document, main.store, base)

    documents = [read_document(each, _shown(each, cwd), lookup) for each in _okr_files(document, main.okrs, base)]
    for each in documents:
        refuse_plain_secrets(each)
    programme = read_programme(documents, sources, declared_ids(document.data, "people"), warnings)
    complete = all(each.data is not None for each in documents) and bool(documents)
    teams = {team for each in documents for team in declared_ids(each.data, "teams")}
    _check_people(document, main.people or [], sources, teams if complete else None)
    if documents and not programme.cycles and not any(each.problems for each in documents):
        document.problem(("okrs",), _("none of the files of goals declares a cycle"))

    silences = _silences(document, main.findings)
    problems = [problem for each in (document, *documents) for problem in each.in_order()]
    if problems:
        raise ConfigError(problems)
    return Config(
        path=file,
        base=base,
        store=store,
        timezone=main.timezone,
        language=main.language,
        sources=sources,
        people=tuple(
            Person(each.id, each.name, each.team, tuple((each.accounts or {}).items())) for each in main.people or ()
        ),
        publish=tuple(publish),
        schedule=Schedule(main.schedule.sync, main.schedule.report) if main.schedule else None,
        notify=_notify(main),
        census=main.census,
        not_completed=tuple(dict.fromkeys((*main.not_completed, *NEVER_COMPLETED))),
        programme=programme,
        thresholds=(main.findings and main.findings.thresholds) or Thresholds(),
        silences=silences,
        people_judged=main.privacy is None or main.privacy.people == "on",
        okrs=main.okrs,
        templates=base / main.report.templates if main.report and main.report.templates else None,
        warnings=tuple(warnings),
        variables=tuple(sorted(variables.found.values(), key=lambda variable: variable.name)),
    )


def _shown(file: Path, cwd: Path) -> str:
    return str(file.relative_to(cwd)) if file.is_relative_to(cwd) else str(file)


def _children(document: Document, key: str) -> list[tuple[str | int, YamlMapping]]:
    """The mappings below a key, whether it holds a mapping or a list; what else stands there is reported already."""
    value: Any = document.data.get(key) if document.data else None
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(name, each) for name, each in pairs if isinstance(each, YamlMapping)]


def _store(document: Document, store: str, base: Path) -> str:
    if match := _SQLITE.fullmatch(store):
        scheme, name, query = match.groups()
        if name in ("", ":memory:"):
            document.problem(("store",), _("'store' must name a file: sqlite:///okrsync.db"))
            return store
        return store if name.startswith("file:") else f"{scheme}:///{(base / name).as_posix()}{query or ''}"
    if match := _POSTGRESQL.fullmatch(store):
        return f"postgresql{match.group(1) or '+psycopg'}://{match.group(2)}"
    said = _("'store' must be sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE")
    document.problem(("store",), said)
    return store


def _okr_files(document: Document, okrs: str, base: Path) -> list[Path]:
    """The files of goals in the order of their paths; hidden files and folders are left out."""
    place = base / Path(okrs).expanduser()
    shown = document.shown(("okrs",)) if document.data and "okrs" in document.data else repr(okrs)
    try:
        if place.is_dir():
            found = sorted(
                Path(folder, name)
                for folder, folders, names in os.walk(place)
                if not any(part.startswith(".") for part in Path(folder).relative_to(place).parts)
                for name in names
                if name.endswith((".yaml", ".yml")) and not name.startswith(".")
            )
            missing = _("'okrs': {path} holds no .yaml file")
        elif place.is_file():
            return [place]
        elif glob.has_magic(okrs):
            names = glob.glob(okrs, root_dir=base, recursive=True)  # noqa: PTH207 (pathlib refuses absolute patterns)
            found = sorted(base / name for name in names if (base / name).is_file())
            missing = _("'okrs': {path} matches no file")
        else:
            found, missing = [], _("'okrs': {path} does not exist")
    except (OSError, ValueError):
        found, missing = [], _("'okrs': {path} cannot be read")
    if not found:
        document.problem(("okrs",), missing.format(path=shown))
    return found


def _notify(main: ConfigFile) -> tuple[Webhook, ...]:
    if not main.notify:
        return ()
    from okrsync.notify import Webhook

    return tuple(Webhook(each.type, each.url, each.secret, each.link) for each in main.notify)


def _silences(document: Document, findings: FindingsModel | None) -> tuple[Silence, ...]:
    if findings is None or not findings.ignore:
        return ()
    # Imported where they are needed: what a report is made of takes as long to import as all else here.
    from okrsync.findings.diagnose import Silence
    from okrsync.report.value import SUBJECT_KINDS, Subject

    silences = []
    for each in findings.ignore:
        subject = None
        if each.subject is not None:
            kind, _colon, id_ = each.subject.partition(":")
            known = next((known for known in SUBJECT_KINDS if known == kind), None)
            if known is None or not id_:
                shown = document.shown((*each.path, "subject"))
                hint = did_you_mean(kind, SUBJECT_KINDS)
                said = _("{subject} is no subject such as level:department{hint}").format(subject=shown, hint=hint)
                document.problem((*each.path, "subject"), said)
                continue
            subject = Subject(known, id_)
        silences.append(Silence(each.rule, subject, each.reason))
    return tuple(silences)


def _check_people(
    document: Document, people: list[PersonModel], sources: Mapping[str, Any], teams: set[str] | None
) -> None:
    """``teams`` is None when a file of goals could not be read, so that any team may be declared there."""
    first: dict[str, PersonModel] = {}
    for person in people:
        place = (*person.path, "id")
        known = first.setdefault(person.id, person)
        if known is not person:
            there = document.line((*known.path, "id"))
            said = _("the person {name} stands twice; the first is in line {line}")
            document.problem(place, said.format(name=document.shown(place), line=there))
        if teams is not None and person.team is not None and person.team not in teams:
            place = (*person.path, "team")
            said = _("unknown {what} {name}{hint}").format(
                what=_("team"), name=document.shown(place), hint=did_you_mean(person.team, teams)
            )
            document.problem(place, said)
        for source in person.accounts or ():
            if source not in sources:
                place = (*person.path, "accounts", source)
                document.problem(
                    place,
                    _("unknown {what} {name}{hint}").format(
                        what=_("source"), name=repr(source), hint=did_you_mean(source, sources)
                    ),
                )
