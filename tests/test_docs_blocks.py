"""The code blocks of the documentation: each is read by the program that it is for."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import jsonschema
import pytest
from jinja2 import Environment
from sqlalchemy import text

from okrsync.config import load_config
from okrsync.store.engine import open_store
from tests.doc_blocks import (
    DOCUMENTS,
    ROOT,
    AnyVariable,
    Block,
    blocks,
    blocks_of,
    check_mention,
    check_okrsync,
    commands_of,
    write_configuration,
)

LANGUAGES = {"text", "csv", "yaml", "sh", "json", "python", "toml", "sql", "jinja", "diff"}
OTHER_PROGRAMS = {"cd", "git", "mkdir", "python3", "cp", "crontab", "systemctl", "journalctl", "kubectl", "docker"}
OTHER_PROGRAMS |= {"createdb", "dask", "echo", "chmod", "mkdocs", "keyring", "loginctl", "cat", "pytest"}


def each(*languages: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return pytest.mark.parametrize("block", blocks(*languages), ids=str)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_says_its_language(document: Path) -> None:
    assert {block.language for block in blocks_of(document)} <= LANGUAGES


@each("yaml")
def test_configuration_is_read(block: Block, tmp_path: Path) -> None:
    """With the program's own validator: keys, types, names of sources and plugins, ``${NAME}``."""
    write_configuration(block.text, tmp_path)
    load_config(tmp_path / "okrsync.yaml", environ=AnyVariable())


@each("sh")
def test_commands_exist(block: Block) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for words in commands_of(block.text):
        program = Path(words[0]).name
        if program == "okrsync":
            check_okrsync(words[1:])
        elif program == "make":
            assert set(words[1:]) <= targets
        elif program in ("pip", "pipx"):
            assert set(re.findall(r"okrsync\[(\w+)\]", " ".join(words))) <= set(extras)
        elif program == "python" and words[1] == "-m":
            name = words[2].replace(".", "/")
            assert (ROOT / f"{name}.py").exists() or (ROOT / name / "__main__.py").exists()
            if words[2] == "benchmarks":
                assert all((ROOT / "benchmarks" / f"{one}.py").exists() for one in words[3:])
        else:
            assert program in OTHER_PROGRAMS, " ".join(words)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_sentences_exist(document: Path) -> None:
    prose = re.sub(r"^( *)```.*?^\1```$", "", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    mentioned = re.findall(r"`(okrsync [^`]+)`", prose.replace(r"\|", "|"))
    assert {said: wrong for said in mentioned if (wrong := check_mention(said.split()))} == {}
    for name in re.findall(r"`(?:\S*/)?python -m benchmarks ([\w ]+)`", prose):
        assert all((ROOT / "benchmarks" / f"{one}.py").exists() for one in name.split()), name


@each("json")
def test_json_is_what_the_program_writes(block: Block) -> None:
    value = json.loads(block.text)
    if "headline" in value:
        schema = json.loads((ROOT / "config" / "report.schema.json").read_text("utf-8"))
        jsonschema.validate(value, schema)
    else:
        assert set(value) == {"time", "level", "job", "message"}, f"{block}: no schema is known for this"


@each("python")
def test_python_runs(block: Block) -> None:
    exec(compile(block.text, str(block), "exec"), {"__name__": "__docs__"})


@each("toml")
def test_toml_is_read(block: Block) -> None:
    tomllib.loads(block.text)


@each("sql")
def test_queries_run(block: Block, tmp_path: Path) -> None:
    engine = open_store(f"sqlite:///{tmp_path}/okrsync.db")
    with engine.connect() as connection:
        connection.execute(text(block.text)).all()
    engine.dispose()


@each("jinja")
def test_templates_are_read(block: Block) -> None:
    Environment(autoescape=True).parse(block.text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_addresses_are_addresses(document: Path) -> None:
    """Of other sites; whether they answer is not asked."""
    prose = re.sub(r"^( *)```.*?^\1```$", "", document.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for address in re.findall(r"\]\((\w+:[^)]*)\)", prose):
        parts = urlsplit(address)
        assert parts.scheme == "https", address
        assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]+", parts.netloc), address
