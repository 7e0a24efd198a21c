"""The reference pages of verdicts, exit codes and environment variables, from the code that decides, ends and reads."""

from __future__ import annotations

import ast
import inspect
import signal
from itertools import pairwise
from textwrap import dedent

from okrsync.cli.common import VARIABLE as LANGUAGE
from okrsync.cli.common import Exit
from okrsync.config import VARIABLE as CONFIG
from okrsync.git_command import KEPT_VARIABLES
from okrsync.model import Activity, Kind, Movement, Verdict
from okrsync.report.words import VERDICTS
from okrsync.variables import SERVICE
from okrsync.verdict import decide

_WORK = (
    ("some completed longer ago than the lag", Activity(opened=3, completed=3, settled=3)),
    ("completed, none of it longer ago than the lag", Activity(opened=3, completed=3)),
    ("none completed, some open and changing", Activity(opened=3, open=3, active=3)),
    ("none completed, none changing", Activity()),
)
_MOVEMENTS = (Movement.TOWARD, Movement.FLAT, Movement.AWAY, Movement.UNKNOWN)


def verdicts() -> str:
    """What each verdict means, and which one follows from what: asked of the function that decides."""
    words = [
        f"| {VERDICTS[each].mark} | `{each}` | {VERDICTS[each].meaning} | {VERDICTS[each].decide} |" for each in Verdict
    ]
    metric = [
        f"| {name} | " + " | ".join(f"`{_decided(Kind.METRIC, work, movement)}`" for movement in _MOVEMENTS) + " |"
        for name, work in _WORK
    ]
    maintain = [
        f"| {name} | `{_decided(Kind.MAINTAIN, work, current=100)}` | `{_decided(Kind.MAINTAIN, work, current=50)}` |"
        for name, work in _WORK
    ]
    milestone = [
        f"| {name} | `{_decided(Kind.MILESTONE, work, checked_in=True)}` | `{_decided(Kind.MILESTONE, work)}` |"
        for name, work in _WORK
    ]
    assert {
        _decided(kind, work, current=100, usable=False) for kind in (Kind.METRIC, Kind.MAINTAIN) for _, work in _WORK
    } == {Verdict.UNMEASURED}
    assert {_decided(Kind.METRIC, work, current=200) for _, work in _WORK} == {Verdict.ACHIEVED}
    return _VERDICTS.format(
        words="\n".join(words),
        movements=" | ".join(str(each) for each in _MOVEMENTS),
        metric="\n".join(metric),
        maintain="\n".join(maintain),
        milestone="\n".join(milestone),
    )


def _decided(
    kind: Kind,
    work: Activity,
    movement: Movement = Movement.FLAT,
    *,
    current: float = 50,
    usable: bool = True,
    checked_in: bool = False,
) -> Verdict:
    return decide(
        kind,
        work,
        movement,
        current=current,
        target=100,
        direction="at_least",
        usable=usable,
        checked_in=checked_in,
    )


def exit_codes() -> str:
    """All exit codes with their meaning."""
    texts = _below_members(Exit)
    rows = [(int(code), texts[code.name]) for code in Exit]
    rows.append((130, "Interrupted with Ctrl-C; what was stored is kept."))
    rows.append(
        (128 + signal.SIGTERM, "Ended by SIGTERM, as a system does that stops a service; what was stored is kept.")
    )
    return _EXIT.format(rows="\n".join(f"| {code} | {text} |" for code, text in sorted(rows)))


def environment() -> str:
    """All environment variables that have a meaning."""
    git = ", ".join(f"`{name}`" for name in sorted(KEPT_VARIABLES))
    return _ENVIRONMENT.format(config=CONFIG, language=LANGUAGE, service=SERVICE, git=git)


def _below_members(enum: type[object]) -> dict[str, str]:
    """The docstrings below the members of an enumeration."""
    (definition,) = ast.parse(dedent(inspect.getsource(enum))).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for member, below in pairwise(definition.body):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            (name,) = member.targets
            assert isinstance(name, ast.Name)
            found[name.id] = str(below.value.value)
    return found


_VERDICTS = """\
# Verdicts

This page is written by `make docs`: the tables below ask the function that decides (`okrsync/verdict.py`).

| mark | verdict | says | asks for |
|---|---|---|---|
{words}

[How work is counted and movement is found](../explanation/how-it-decides.md). `okrsync explain KR` shows it for one key
result.

## A metric

A metric whose latest measurement is at or past its target is `achieved`, whatever the work. One without a usable
measurement (none, or older than two of its cadences) is `unmeasured`. Between the two, work and movement decide:

| work | {movements} |
|---|---|---|---|---|
{metric}

## A limit to keep

`kind: maintain`. Without a usable measurement, a target or a side it is `unmeasured`.

| work | kept | left |
|---|---|---|
{maintain}

## A milestone

`kind: milestone`. Only a person reaches it: `okrsync check-in KR done`.

| work | checked in as reached | not |
|---|---|---|
{milestone}

## Retired

A key result with `retired: {{on: DAY}}` is listed last and counted nowhere. What is completed for it after that day
serves no key result.
"""

_EXIT = """\
# Exit codes

This page is written by `make docs` from `okrsync/cli/common.py`. All commands use the same codes.

| code | means |
|---|---|
{rows}

A scheduler may try again after 3, 4 and 75; after 2 somebody has to mend a file first. `okrsync schedule --probe` exits
with 0 when the schedule is alive and with 4 when it is not.
"""

_ENVIRONMENT = """\
# Environment variables

This page is written by `make docs`; a test compares it with what the code reads.

| variable | does |
|---|---|
| `{config}` | names `okrsync.yaml`, where `-c` does not; else it is looked for from the working directory upwards |
| `{language}` | `en` or `zh`: the language of all that is said, where `--language` does not name it; before `language:` in `okrsync.yaml` |
| `NO_COLOR` | set and not empty: no colours; the same as `--no-color` |
| `NAME` | any name: `${{NAME}}` in a value of `okrsync.yaml` or `okrs/*.yaml` is replaced by it. `$${{` stands for the characters themselves |
| `NAME_FILE` | where `NAME` is not set: the file that holds the value, as Docker and Kubernetes mount secrets |

Where neither is set, the entry `NAME` of the service `{service}` in the system's keyring is taken
(`keyring set {service} NAME`; needs `pip install 'okrsync[keyring]'`). A name without a value is an error that says so.

## What the libraries and git read

| variable | does |
|---|---|
| `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` | how Jira, GitHub, wikis, chats and outcome sources are reached |
| `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE` | a file of certificates that are trusted in place of the usual ones |
| {git} | passed on to git; all other `GIT_…` variables are not |
| `COLUMNS` | how wide a report on the terminal is, where the terminal does not say |
"""  # noqa: E501
