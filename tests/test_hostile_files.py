"""Hostile text in files that other programs read: the export of the store, and the printed units of the schedule."""

from __future__ import annotations

import gzip
import json
import re
import shlex
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Table, insert
from sqlalchemy.types import String

from okrsync import cron
from okrsync.errors import ConfigError
from okrsync.remote import check_executor
from okrsync.store import schema
from okrsync.store.engine import open_store, writing
from okrsync.store.portable import exported, restore
from okrsync.units import UNITS, Deployment
from tests.cli_project import Project, start
from tests.hostile.corpus import EVERY, HUGE, texts
from tests.hostile.shapes import writable
from tests.test_portable import everything

# --- export and import ---

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TABLES = (schema.items, schema.milestones, schema.measurements, schema.goal_versions, schema.publications)
"""With foreign text in each of their columns of text."""


def storable(text: str) -> str:
    """As the store keeps it."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", text)


def rows_of(table: Table, several: Sequence[str]) -> list[dict[str, object]]:
    """A row a text, which stands in every column of text; keys differ by a number in front."""
    rows = []
    for number, text in enumerate(several):
        row: dict[str, object] = {}
        for column in table.columns:
            if isinstance(column.type, String):
                row[column.name] = f"{number}{storable(text)}" if column.primary_key else storable(text)
            elif column.name in ("native_id", "id"):
                row[column.name] = number
            elif not column.nullable:
                row[column.name] = AT.date() if column.type.python_type.__name__ == "date" else AT
        for name, value in {"scope_id": 1, "level": 0, "done": True}.items():
            if name in table.columns:
                row[name] = value
        if table is schema.items:
            row["native_id"] = str(number)
        rows.append(row)
    return rows


def filled(engine: Engine, several: Sequence[str]) -> int:
    """A store with the texts wherever some can stand; how many rows it has."""
    scope = {"id": 1, "source": "s", "scope": "x", "name": storable("".join(several)[:500]), "configured": True}
    with writing(engine) as connection:
        connection.execute(insert(schema.scopes), [scope])
        for table in TABLES:
            connection.execute(insert(table), rows_of(table, several))
    return 1 + len(TABLES) * len(several)


def comes_back(folder: Path, several: Sequence[str]) -> None:
    """One line a record, for whoever reads lines, and the same content elsewhere."""
    before, after = (open_store(f"sqlite:///{folder / name}") for name in ("old.db", "new.db"))
    try:
        rows = filled(before, several)
        lines = list(exported(before))
        text = "".join(lines)
        # Python's `splitlines` ends a line at what Node's `readline` does and more.
        assert text.splitlines() == [line.removesuffix("\n") for line in lines]
        assert len(lines) == rows + 2
        writable(text)
        for line in lines[1:-1]:
            table, values = json.loads(line)
            assert len(values) == len(schema.metadata.tables[table].columns)
        assert restore(after, lines, "a file") == rows
        assert everything(after) == everything(before)
    finally:
        for engine, name in ((before, "old.db"), (after, "new.db")):
            engine.dispose()
            (folder / name).unlink()


def test_the_corpus_comes_back_from_an_export(tmp_path: Path) -> None:
    comes_back(tmp_path, [*EVERY, *(text[:20_000] for text in HUGE)])


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(texts, min_size=20, max_size=30))
def test_what_a_fuzzer_makes_comes_back_from_an_export(tmp_path: Path, several: list[str]) -> None:
    comes_back(tmp_path, several)


@pytest.mark.parametrize("file", ["all.jsonl", "all.jsonl.gz"])
def test_by_the_commands(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project: Project = start(tmp_path, monkeypatch, capsys)
    stores = [open_store(f"sqlite:///{project.path / 'okrsync.db'}")]
    rows = filled(stores[0], EVERY)
    assert project.run("export", file).code == 0
    raw = (project.path / file).read_bytes()
    text = (gzip.decompress(raw) if file.endswith(".gz") else raw).decode("utf-8")
    assert len(text.splitlines()) == rows + 2
    project.write("okrsync.yaml", (project.path / "okrsync.yaml").read_text().replace("okrsync.db", "new.db"))
    ran = project.run("import", file)
    assert (ran.code, f"{rows} rows restored" in ran.err) == (0, True), ran.err
    stores.append(open_store(f"sqlite:///{project.path / 'new.db'}"))
    assert everything(stores[0]) == everything(stores[1])
    for engine in stores:
        engine.dispose()


# --- the units of the schedule ---

TIMES = {"sync": cron.parse("0 * * * *"), "run": cron.parse("0 8 * * mon")}
PARTS = [
    "%", "%%", "\\%", "%h", "%n", "$HOME", "${HOME}", "$$", "`id`", "$(touch pwned)", "'", '"', "\\", "\\n", "\\x0a",
    "${{ github.token }}", "}}", "{{", " ", "  ", "\t", "#", ";", "&&", "|", "*", "~", "!", "-", "@", "+", ":", "=",
    ",", "\n", "\r", "\r\n", "\n* * * * * touch pwned\n", "\nExecStartPre=touch pwned\n", "\n[Install]\n", "\x00",
    "\x1b[2J", "\x7f", "\udcff", "\u2028", "\u202e", "\x85", "店", "é", "a", "b c", "[x]", "<x>", "&", "(", ")", "^",
    "?",
]  # fmt: skip
names = st.lists(st.sampled_from(PARTS), min_size=1, max_size=5).map("".join)


def deployment(name: str, *, variables: bool = True) -> Deployment:
    """An installation and a configuration in folders of that name."""
    config = Path(f"/srv/{name}/okrsync.yaml")
    program = f"/opt/{name}/bin/okrsync"
    return Deployment(program, config, "Asia/Shanghai", TIMES, ("TOKEN",) if variables else (), "sqlite", "0.1.0")


def sayable(name: str) -> bool:
    return not re.search("[\x00-\x1f\x7f\ud800-\udfff]", name)


hostile_names = given(names)
several_examples = settings(max_examples=120, deadline=None)


@several_examples
@hostile_names
@example("50% $HOME 'a' \"b\" \\")
@example("\n* * * * * touch pwned\n")
def test_cron_runs_what_it_should_and_nothing_else(name: str) -> None:
    plan = deployment(name)
    if not sayable(name):
        with pytest.raises(ConfigError, match="cannot stand in such a file"):
            UNITS["cron"](plan)
        return
    lines = [line for line in UNITS["cron"](plan).split("\n") if line and not line.startswith("#")]
    assert lines.pop(0) == "CRON_TZ=Asia/Shanghai"
    for line, (command, at) in zip(lines, TIMES.items(), strict=True):
        *fields, said = line.split(" ", 5)
        assert " ".join(fields) == at.text
        # cron(8): a percent sign that has no backslash ends the command, one that has loses it.
        assert not re.search(r"(?<!\\)%", said)
        settings_, _, run = said.replace("\\%", "%").partition("okrsync.env; ")
        assert settings_ == "set -a; . ~/.config/"
        assert shlex.split(run) == [plan.program, "-c", str(plan.config), "--quiet", command]


def systemd_words(line: str) -> list[str]:
    """What systemd makes of a command line: quotes, escapes, specifiers, and variables but in the program's path."""
    words: list[str] = []
    for quoted, bare in re.findall(r'"((?:\\.|[^"\\])*)"|([^\s"\']+)', line):
        # An escape other than these means something else.
        word = re.sub(r"\\(.)", lambda found: {"\\": "\\", '"': '"'}[found[1]], quoted or bare)
        word = re.sub("%(.)", lambda found: {"%": "%", "S": "/var/lib"}[found[1]], word)
        if words:
            assert "$" not in word.replace("$$", ""), f"a variable in {line!r}"
            word = word.replace("$$", "$")
        words.append(word)
    return words


@several_examples
@hostile_names
@example("50% $HOME 'a' \"b\" \\")
@example("\nExecStartPre=/bin/touch pwned\n")
@example("ends in a blank ")
def test_systemd_starts_what_it_should_and_nothing_else(name: str) -> None:
    plan, plain = deployment(name), UNITS["systemd"](deployment("plain"))
    folder = str(plan.config.parent)
    if not sayable(name) or folder.endswith(("\\", " ")):
        with pytest.raises(ConfigError, match="cannot stand in such a file"):
            UNITS["systemd"](plan)
        return
    lines, twin = UNITS["systemd"](plan).split("\n"), plain.split("\n")
    assert [line.partition("=")[0] for line in lines] == [line.partition("=")[0] for line in twin]
    differ = {
        ours.partition("=")[0]: ours.partition("=")[2] for ours, other in zip(lines, twin, strict=True) if ours != other
    }
    assert set(differ) <= {"WorkingDirectory", "ExecStart"}
    assert re.sub("%(.)", lambda found: {"%": "%"}[found[1]], differ["WorkingDirectory"]) == folder
    wanted = [plan.program, "-c", str(plan.config), "schedule", "--health-file", "/var/lib/okrsync/health.json"]
    assert systemd_words(differ["ExecStart"]) == wanted
    assert not any(line.endswith("\\") for line in lines)


@pytest.mark.parametrize("unit", ["github-actions", "kubernetes"])
def test_what_runs_elsewhere_holds_nothing_of_this_machine(unit: str) -> None:
    assert UNITS[unit](deployment("".join(PARTS))) == UNITS[unit](deployment("plain"))


@pytest.mark.parametrize("part", [part for part in PARTS if not re.fullmatch(r"[a-z:.\-]*", part)])
def test_the_address_of_a_cluster_is_one(part: str) -> None:
    """It stands in every unit; none reads ``${{ }}``, ``$(NAME)`` or ``%`` in it."""
    config: Any = None  # not looked at yet
    with pytest.raises(ConfigError, match="write dask://HOST:PORT"):
        check_executor(f"dask://cluster{part}:8786", config)


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_is_not_printed_with_another(
    unit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = start(tmp_path, monkeypatch, capsys)
    main = (project.path / "okrsync.yaml").read_text().replace("sqlite:///okrsync.db", "postgresql://okrsync@db/o")
    project.write("okrsync.yaml", f"{main}schedule: {{sync: '0 * * * *'}}\n")
    ran = project.run("schedule", "--print", unit, "--executor", "dask://cluster${{ github.token }}:8786")
    assert (ran.code, ran.out) == (2, ""), ran.out
