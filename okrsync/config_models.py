"""What ``okrsync.yaml`` and ``okrs/*.yaml`` may hold, key by key (DESIGN section 5). The JSON Schemas come from here.

Settings of a source, outcome source or wiki belong to its plugin; here they are only mappings with a ``type``.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints, WithJsonSchema

from okrsync.completed import DEFAULT_NOT_COMPLETED
from okrsync.config_errors import YamlModel, closest, did_you_mean
from okrsync.config_yaml import WrittenFloat, WrittenInt
from okrsync.durations import PATTERN, parse_days, parse_duration
from okrsync.errors import WrongValue
from okrsync.findings.thresholds import Thresholds
from okrsync.language import N_, _
from okrsync.matching import matcher

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ACKNOWLEDGED = re.compile(r"[0-9a-f]{6,8}( by \S{1,100})?", re.ASCII)


def _as_written(value: Any) -> Any:
    return value.written if isinstance(value, WrittenInt | WrittenFloat) else value


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) or value is None else [value]


def _id(value: str) -> str:
    if any(letter.isspace() or letter == "," or not letter.isprintable() for letter in value) or len(value) > 100:
        raise WrongValue(_("{name} must be one word of at most 100 characters, without spaces or commas"))
    return value


def _source_name(value: str) -> str:
    if _id(value) == "outcomes" or ":" in value:
        raise WrongValue(_("{name} is no name for a source: 'outcomes' and ':' have a meaning in `okrsync sync`"))
    return value


_FIRST_YEAR, _LAST_YEAR = 1900, 2999
"""A lag of ten years after the last of them is a date still."""


def _day(value: Any) -> Any:
    day = _any_day(value)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise WrongValue(_("{name} must be a day of the years {first} to {last}"), first=_FIRST_YEAR, last=_LAST_YEAR)
    return day


def _any_day(value: Any) -> date:
    if type(value) is date:
        return value
    text = str(_as_written(value)).strip()
    if isinstance(value, datetime) or (_DAY.match(text) and len(text) > 10):
        raise WrongValue(_("{name} must be a day without a time, such as 2026-10-01"))
    try:
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise WrongValue(_("{name} must be a day such as 2026-10-01")) from None


def _number(value: Any) -> Any:
    if isinstance(value, bool):
        raise WrongValue(_("{name} must be a number"))
    try:
        return float(value) if isinstance(value, int) else value
    except OverflowError:
        raise WrongValue(_("{name} must be a number")) from None


def _expression(value: str) -> str:
    try:
        matcher(value)
    except (re.error, RecursionError, OverflowError) as error:
        raise WrongValue(_("{name} is not a regular expression: {error}"), error=error) from None
    return value


def _acknowledged(value: str) -> str:
    if not _ACKNOWLEDGED.fullmatch(value.strip()):
        raise WrongValue(_("{name} must be a revision, such as `okrsync ack` writes it: 3f2a9c4d, or 3f2a9c4d by lin"))
    return value.strip()


def _not_zero(value: timedelta) -> timedelta:
    if not value:
        raise WrongValue(_("{name} must be longer than nothing"))
    return value


def _timezone(value: Any) -> Any:
    try:
        return ZoneInfo(value)
    except (TypeError, ValueError, OSError, ZoneInfoNotFoundError):
        raise WrongValue(
            _("{name} must be a time zone such as Asia/Shanghai{hint}"), hint=_nearest_zone(value)
        ) from None


def _nearest_zone(value: Any) -> str:
    zones = {zone.lower(): zone for zone in available_timezones()}
    nearest = closest(str(value).lower(), zones)
    return "" if nearest is None else _("; did you mean {name!r}?").format(name=zones[nearest])


def _rule(value: str) -> str:
    from okrsync.findings.catalogue import RULES  # with all rules: no configuration but one that names a rule needs it

    known = {each.id for each in RULES}
    if value not in known:
        raise WrongValue(_("{name} is no rule{hint}"), hint=did_you_mean(value, known))
    return value


def _cron(value: str) -> str:
    from okrsync import cron

    return cron.parse(value).text


_TEXT_SCHEMA = {"type": ["string", "number"], "minLength": 1}
_DURATION_SCHEMA = {"anyOf": [{"type": "string", "pattern": PATTERN}, {"type": "integer", "minimum": 0}]}
_DAY_SCHEMA = {"type": "string", "format": "date", "pattern": r"^(\d{4}-\d\d-\d\d|.*\$\{.*)$"}

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    BeforeValidator(_as_written),
    WithJsonSchema(_TEXT_SCHEMA),
]
"""A text that is not empty; a number without quotes is taken as it is written."""
Id = Annotated[Text, AfterValidator(_id), WithJsonSchema(_TEXT_SCHEMA)]
SourceName = Annotated[Text, AfterValidator(_source_name), WithJsonSchema(_TEXT_SCHEMA)]
Texts = Annotated[
    tuple[Text, ...],
    Field(min_length=1),
    BeforeValidator(_as_list),
    WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {"type": "array", "minItems": 1, "items": _TEXT_SCHEMA}]}),
]
"""One or more texts; a single one needs no list."""
Number = Annotated[float, BeforeValidator(_number)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema(_DAY_SCHEMA)]
Days = Annotated[timedelta, BeforeValidator(parse_days), WithJsonSchema(_DURATION_SCHEMA)]
Duration = Annotated[timedelta, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA)]
Expression = Annotated[str, StringConstraints(min_length=1), AfterValidator(_expression)]
Cron = Annotated[str, AfterValidator(_cron)]
Direction = Literal["at_least", "at_most"]
Acknowledged = Annotated[
    str, AfterValidator(_acknowledged), BeforeValidator(_as_written), WithJsonSchema({"type": ["string", "number"]})
]
"""The revision of a goal, and who acknowledges it: ``3f2a9c4d by lin``."""
RuleId = Annotated[Text, AfterValidator(_rule), WithJsonSchema({"type": "string", "pattern": "^[A-Z][0-9]{3}$"})]


class IgnoreModel(YamlModel):
    """Silences one rule of the findings for the goal or team it stands at."""

    noun: ClassVar[str] = N_("an entry of 'ignore'")
    rule: RuleId
    """The rule's id, such as A002; docs/findings.md lists them."""
    reason: Text
    """Why the rule does not apply here; whoever reads the goals next will ask."""


class IgnoreSubjectModel(YamlModel):
    """Silences one rule of the findings for a subject that has no place of its own in the files of goals."""

    noun: ClassVar[str] = N_("an entry of 'ignore'")
    rule: RuleId
    """The rule's id, such as S021; docs/findings.md lists them."""
    subject: Text | None = None
    """Kind and id, such as level:department, source:jira:PAY or person:lin; without it, every subject of the rule."""
    reason: Text
    """Why the rule does not apply here."""


class FindingsModel(YamlModel):
    """What the findings of the five failure modes take for much or little, and which of them are silenced."""

    noun: ClassVar[str] = N_("'findings'")
    thresholds: Thresholds | None = None
    """Limits of the rules; each has a default."""
    ignore: list[IgnoreSubjectModel] | None = None
    """Rules that are silenced, each with its reason."""


def _switch(value: Any) -> Any:
    return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value


class PrivacyModel(YamlModel):
    """What is not looked at."""

    noun: ClassVar[str] = N_("'privacy'")
    people: Annotated[
        Literal["on", "off"], BeforeValidator(_switch), WithJsonSchema({"enum": ["on", "off", True, False]})
    ] = "on"
    """`off` removes the findings of the mode bottleneck, the only ones about people."""


class PersonModel(YamlModel):
    """Somebody who owns goals or does work."""

    noun: ClassVar[str] = N_("an entry of 'people'")
    id: Id
    """The person's id, as `owner`, `lead` and `--by` name it."""
    name: Text | None = None
    """The name that reports show."""
    team: Id | None = None
    """The team the person belongs to; without it, the team whose key results' work they are assigned."""
    accounts: dict[Text, Text] | None = None
    """The person's account at each source: source name to account id, login or mail address; on Jira Data Center the
    user's key or name."""


class ScheduleModel(YamlModel):
    """When `okrsync schedule` runs what, as cron expressions in the configured time zone."""

    noun: ClassVar[str] = N_("the schedule")
    sync: Cron | None = None
    """When to pull what changed, such as `0 * * * *` (every hour)."""
    report: Cron | None = None
    """When to do all of `okrsync run` (pull, measure, report, publish), such as `0 8 * * 1` (Mondays at 8)."""


def _webhook_url(value: SecretStr) -> SecretStr:
    address = value.get_secret_value()
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\s\x00-\x20\x7f]", address):
        raise WrongValue(
            _("{name} must be the address of a webhook, such as https://hooks.slack.com/…; write it as ${{NAME}}")
        )
    if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        raise WrongValue(_("{name} must begin with https://: over http anybody on the way could read the secret in it"))
    return value


def _page_link(value: str) -> str:
    if not re.fullmatch(r"https?://[^\s<>\"{}|\\^`\x00-\x20]+", value.replace("{page}", "page")):
        raise WrongValue(
            _("{name} must be an address such as https://wiki.acme.example/{{page}}; only {{page}} may be in braces")
        )
    return value


class NotifyModel(YamlModel):
    """A chat that is told the headline, and where the page is, after `okrsync run` has written the page."""

    noun: ClassVar[str] = N_("an entry of 'notify'")
    type: Literal["slack", "teams", "feishu", "dingtalk"]
    """The chat, which decides the form of the message."""
    url: Annotated[SecretStr, AfterValidator(_webhook_url), WithJsonSchema(_TEXT_SCHEMA)]
    """The webhook's address. Whoever knows it can write to the chat: write it as ${NAME}."""
    secret: SecretStr | None = None
    """What the bot signs with, where Feishu or DingTalk asks for a signature; write it as ${NAME}."""
    link: Annotated[Text, AfterValidator(_page_link)] | None = None
    """Where people read the page, such as https://wiki.acme.example/{page}. Default: the first wiki's address."""


class ReportModel(YamlModel):
    """How reports look."""

    noun: ClassVar[str] = "'report'"
    templates: Text | None = None
    """A folder of Jinja templates that stand in place of okrsync's own: `report.md.j2`, `key_result.md.j2`,
    `index.md.j2` or parts of them; relative to this file's folder."""


class ConfigFile(YamlModel):
    """okrsync.yaml: where the work is, where pages go, who is who."""

    noun: ClassVar[str] = N_("the configuration")
    store: Text = "sqlite:///okrsync.db"
    """Where everything is kept: sqlite:///FILE, or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE for a team."""
    timezone: Annotated[ZoneInfo, BeforeValidator(_timezone), WithJsonSchema({"type": "string"})] = ZoneInfo("UTC")
    """The time zone in which days begin and end, such as Asia/Shanghai."""
    language: Literal["en", "zh"] = "en"
    """The language of reports."""
    sources: dict[SourceName, dict[str, Any]] | None = None
    """Systems of work, by the name you give them. May be empty: outcomes can be reported without any work."""
    okrs: Text = "okrs/"
    """The goals: a file, a folder (all .yaml and .yml files below), or a glob, relative to this file's folder."""
    people: list[PersonModel] | None = None
    """Who is who at which source."""
    publish: list[dict[str, Any]] | None = None
    """Wikis and folders that get the weekly page."""
    schedule: ScheduleModel | None = None
    """When `okrsync schedule` runs what."""
    notify: list[NotifyModel] | None = None
    """Chats that are told after a run."""
    report: ReportModel | None = None
    """How reports look."""
    privacy: PrivacyModel | None = None
    """What is not looked at."""
    findings: FindingsModel | None = None
    """Limits of the findings, and which of them are silenced."""
    census: Annotated[Duration, AfterValidator(_not_zero), WithJsonSchema(_DURATION_SCHEMA)] = timedelta(hours=24)
    """How often all ids of a scope are compared with the store, to find what was deleted, such as 24h."""
    not_completed: Annotated[
        tuple[Text, ...],
        BeforeValidator(_as_list),
        WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {"type": "array", "items": _TEXT_SCHEMA}]}),
    ] = DEFAULT_NOT_COMPLETED
    """Names or ids of resolutions and statuses that do not count as completed, matched without case.
    Replaces the default list (Won't Do, Duplicate, Cannot Reproduce …); GitHub's not_planned and duplicate, and pull
    requests closed unmerged, never count."""


class CycleModel(YamlModel):
    """The time in which this file's objectives are to be reached."""

    noun: ClassVar[str] = N_("the cycle")
    id: Id
    """The cycle's id, such as 2026-Q4."""
    start: Day
    """First day."""
    end: Day
    """Last day; it belongs to the cycle."""
    check_in: Annotated[Days, AfterValidator(_not_zero), WithJsonSchema(_DURATION_SCHEMA)] = timedelta(days=7)
    """How often people look at the goals, such as 7d."""


class PillarModel(YamlModel):
    """A strategy pillar."""

    noun: ClassVar[str] = N_("a strategy pillar")
    id: Id
    """The pillar's id, as an objective's `strategy` names it."""
    title: Text
    """What the pillar says."""


class TeamModel(YamlModel):
    """A team in the tree of teams."""

    noun: ClassVar[str] = N_("a team")
    id: Id
    """The team's id."""
    level: Text
    """Where the team stands: company, department, team …"""
    parent: Id | None = None
    """The id of the team above."""
    lead: Id | None = None
    """The id of the person who leads it."""
    name: Text | None = None
    """The name that reports show."""
    ignore: list[IgnoreModel] | None = None
    """Findings that are silenced for this team."""


class MetricModel(YamlModel):
    """How a key result is measured."""

    noun: ClassVar[str] = N_("a metric")
    unit: Text | None = None
    """What is counted, such as shops/week."""
    baseline: Number | None = None
    """Where the value stood when the goal was set."""
    target: Number | None = None
    """Where it is to be at the cycle's end; for `maintain` the limit it must keep."""
    direction: Direction | None = None
    """For `maintain`: on which side of the target the value must stay. Follows from baseline and target if absent."""
    source: dict[str, Any] | None = None
    """Where values come from; without it, from people's check-ins (type: manual)."""
    cadence: Annotated[Days, AfterValidator(_not_zero), WithJsonSchema(_DURATION_SCHEMA)] = timedelta(days=7)
    """How often a new value is expected, such as 7d; after two of these a measurement is stale."""
    lag: Days = timedelta(0)
    """How long after shipping the outcome can show it, such as 14d."""
    cumulative: bool = False
    """The series only ever adds up; it is differenced first."""
    counted: bool = False
    """A value counts what happened in its period, so the period still running is incomplete."""


class WorkRuleModel(YamlModel):
    """Which work serves the key result: all keys given must match; of a key's values, any."""

    noun: ClassVar[str] = N_("a work rule")
    source: Text | None = None
    """Name of a source in okrsync.yaml."""
    projects: Texts = ()
    """Jira project keys."""
    repos: Texts = ()
    """Repositories, as owner/name."""
    types: Texts = ()
    """Types of work item: Story, Bug, pull_request, commit …"""
    labels: Texts = ()
    """Labels."""
    components: Texts = ()
    """Jira components."""
    epics: Texts = ()
    """Keys of epics: they and everything below."""
    versions: Texts = ()
    """Jira fix versions."""
    milestones: Texts = ()
    """GitHub milestones, by title."""
    sprints: Texts = ()
    """Jira sprints, by name."""
    keys: Texts = ()
    """Single work items: SHOP-101, acme/storefront#45."""
    title: Expression | None = None
    """A regular expression that is searched for in the title."""
    paths: Texts = ()
    """Globs over the files a commit changed; ** crosses folders."""


class RetiredModel(YamlModel):
    """When and why the key result was dropped."""

    noun: ClassVar[str] = N_("'retired'")
    on: Day
    """The day it was dropped."""
    reason: Text | None = None
    """Why."""


class ChangeModel(YamlModel):
    """Why a goal was changed after its cycle had begun."""

    noun: ClassVar[str] = N_("an entry of 'changes'")
    on: Day
    """The day of the change."""
    reason: Text
    """Why it was changed, for everybody who follows the goal."""


class KeyResultModel(YamlModel):
    """A result somebody promised, and how one sees it."""

    noun: ClassVar[str] = N_("a key result")
    id: Id
    """The key result's id, unique over all files; `KR: KR1.1` in a commit message names it."""
    title: Text
    """What is to be different, with its numbers."""
    owner: Id | None = None
    """The id of the person who answers for it."""
    kind: Literal["metric", "maintain", "milestone"] = "metric"
    """metric: a value moves to its target. maintain: a value keeps a limit. milestone: a person says it is reached."""
    direction: Direction | None = None
    """The same as the metric's `direction`."""
    metric: MetricModel | None = None
    """How it is measured; a milestone needs none."""
    work: list[WorkRuleModel] | None = None
    """Which work serves it: what any of the rules matches."""
    retired: RetiredModel | None = None
    """Set when the key result is dropped."""
    ignore: list[IgnoreModel] | None = None
    """Findings that are silenced for this key result."""
    changes: list[ChangeModel] | None = None
    """Reasons for changes of this key result within its cycle, each with its day."""


class ObjectiveModel(YamlModel):
    """What a team wants to achieve in the cycle."""

    noun: ClassVar[str] = N_("an objective")
    id: Id
    """The objective's id, unique over all files."""
    team: Id
    """The id of the team it belongs to."""
    title: Text
    """What is to be achieved."""
    strategy: Id | None = None
    """The id of the strategy pillar it serves."""
    serves: Text | None = None
    """Whom it serves: customers, not departments."""
    owner: Id | None = None
    """The id of the person who answers for it."""
    supports: Id | None = None
    """The id of the objective or key result one level up that it serves."""
    ignore: list[IgnoreModel] | None = None
    """Findings that are silenced for this objective."""
    acknowledged: dict[Id, Acknowledged] | None = None
    """The revision of the goal above that the team has seen, such as {O1: 3f2a9c4d by lin}; `okrsync ack` writes it."""
    changes: list[ChangeModel] | None = None
    """Reasons for changes of this objective within its cycle, each with its day."""
    key_results: list[KeyResultModel] | None = None
    """The results by which one sees that it is achieved."""


class OkrFile(YamlModel):
    """A file of goals: a cycle and its objectives; teams and strategy here or in a file of their own."""

    noun: ClassVar[str] = N_("a file of goals")
    cycle: CycleModel | None = None
    """The cycle that this file's objectives belong to."""
    strategy: list[PillarModel] | None = None
    """The strategy pillars."""
    teams: list[TeamModel] | None = None
    """The tree of teams."""
    objectives: list[ObjectiveModel] | None = None
    """The objectives, with their key results."""
