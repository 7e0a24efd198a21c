"""The code blocks of the documentation, and each in the surroundings in which it means something."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML

from docs.examples.example import HEAD
from okrsync.cli import COMMANDS, cli
from okrsync.config_models import ConfigFile, KeyResultModel, MetricModel, ObjectiveModel, OkrFile

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), *(ROOT / "benchmarks").glob("*.md")])
_FENCE = re.compile(r"^( *)```(.*?)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in _FENCE.finditer(text):
        indent, language, inside = found[1], found[2].strip(), found[3]
        inside = "".join(line.removeprefix(indent) for line in inside.splitlines(keepends=True))
        yield Block(page, text.count("\n", 0, found.start()) + 1, language, inside)


_FOLLOWED = {
    # These have tests of their own, which do more than read them: judge the examples, install and use the connector.
    "findings": ("yaml", "text", "diff"),
    "connectors.md": ("python", "yaml"),
}


def blocks(*languages: str) -> list[Block]:
    """All blocks in one of the languages, but for those that a test of their own follows."""
    found = (block for page in DOCUMENTS for block in blocks_of(page) if block.language in languages)
    return [
        block
        for block in found
        if block.language not in _FOLLOWED.get(block.page.parent.name, ())
        and block.language not in _FOLLOWED.get(block.page.name, ())
    ]


class AnyVariable(Mapping[str, str]):
    """An environment in which every variable that a page names is set, to something of its kind."""

    def __getitem__(self, name: str) -> str:
        if name.endswith("_FILE"):
            raise KeyError(name)
        if "WEBHOOK" in name:
            return "https://hooks.acme.example/hook"
        if name.endswith("PRIVATE_KEY"):
            return "-----BEGIN RSA PRIVATE KEY-----\nsecret\n-----END RSA PRIVATE KEY-----"
        return "secret"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


_HEAD: dict[str, Any] = YAML(typ="safe").load(HEAD)
_METRIC = {"unit": "shops", "baseline": 1, "target": 2}


def write_configuration(text: str, folder: Path) -> None:
    """Both files around a piece of one of them. Raises ``ValueError`` for what belongs into neither."""
    data = YAML(typ="safe").load(text)
    keys = set(data) if isinstance(data, dict) else set()
    main: dict[str, Any] = {}
    goals: dict[str, Any] = _HEAD
    if keys and keys <= set(ConfigFile.model_fields):
        main = data
    elif keys and keys <= set(OkrFile.model_fields):
        goals = {**_HEAD, **data}
    elif keys and (wrapped := _in_objective(keys, data)):
        goals = {
            **_HEAD,
            "objectives": [{"id": "O1", "team": _HEAD["teams"][0]["id"], "title": "Sell more", **wrapped}],
        }
    else:
        raise ValueError(f"belongs into no configuration file: {', '.join(map(str, keys)) or text}")
    if "sources" not in main:
        named = set(re.findall(r"'source': '(\w[\w-]*)'", str(goals)))
        main = {**main, "sources": {name: _source(name) for name in sorted(named)}}
    main = {**main, "okrs": "okrs.yaml"}
    for name, content in (("okrsync.yaml", main), ("okrs.yaml", goals)):
        with (folder / name).open("w", encoding="utf-8") as file:
            YAML(typ="safe").dump(content, file)


def _in_objective(keys: set[str], data: dict[str, Any]) -> dict[str, Any] | None:
    if keys <= {"key_results", "acknowledged"} or not keys - set(ObjectiveModel.model_fields):
        return data
    key_result = {"id": "KR1.1", "title": "More shops", "metric": _METRIC}
    if keys <= set(KeyResultModel.model_fields):
        return {"key_results": [{**key_result, **data}]}
    if keys <= set(MetricModel.model_fields):
        return {"key_results": [{**key_result, "metric": {**_METRIC, **data}}]}
    return None


def _source(name: str) -> dict[str, Any]:
    if "jira" in name:
        return {"type": "jira", "url": "https://acme.atlassian.net", "auth": {"token": "${T}"}, "projects": ["SHOP"]}
    if "github" in name:
        return {"type": "github", "auth": {"token": "${T}"}, "repos": ["acme/storefront"]}
    return {"type": "git", "path": "."}


def commands_of(text: str) -> Iterator[list[str]]:
    """The simple commands of a shell block, as words, without variables that are set before them."""
    joined = re.sub(r"\\\n\s*", " ", text)
    for line in joined.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words: list[str] = []
        skip = False
        for word in [*lexer, ";"]:
            if word in ("|", "&&", ";", "||"):
                if words:
                    yield words
                words, skip = [], False
            elif re.fullmatch(r"[<>]+", word):
                skip = True
            elif skip:
                skip = False
            elif not words and re.match(r"[A-Z_]+=", word):
                continue
            elif words or word != "export":
                words.append(word)


def check_okrsync(arguments: list[str]) -> None:
    """Parse the arguments of ``okrsync`` as the program does. Raises ``click.ClickException``."""
    top = click.Context(cli, info_name="okrsync", **cli.context_settings)
    _, rest, _ = cli.make_parser(top).parse_args(list(arguments))
    if not rest:
        return
    name, command, rest = cli.resolve_command(top, rest)
    assert command is not None
    command.make_context(name, list(rest), parent=top)


def check_mention(words: list[str]) -> list[str]:
    """What is wrong with a command that a sentence names, which may hold places: ``okrsync sync [SOURCE]``."""
    if len(words) < 2 or not re.fullmatch(r"[a-z][a-z-]*", words[1]):
        return []
    if words[1] not in COMMANDS:
        return [f"no command {words[1]}"]
    top = click.Context(cli, info_name="okrsync", **cli.context_settings)
    command = cli.get_command(top, words[1])
    assert command is not None
    options = {
        name: each for one in (cli, command) for each in one.params for name in [*each.opts, *each.secondary_opts]
    }
    wrong = []
    for word, value in zip(words[2:], [*words[3:], ""], strict=False):
        option = word.strip("[]….,;").partition("=")[0]
        for each in option.split("|"):
            if each.startswith("-") and each not in options and each not in ("-h", "--help"):
                wrong.append(f"{words[1]} has no option {each}")
        kind = options[option].type if option in options else None
        if isinstance(kind, click.Choice):
            wrong += [f"{option} {one}" for one in value.strip("[]").split("|") if one not in kind.choices]
    return wrong
