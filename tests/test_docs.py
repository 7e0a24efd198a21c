"""What the documentation says is what the program does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from docs import schema_pages
from docs.generate import PAGES
from okrsync.cli import COMMANDS
from okrsync.cli.common import Exit
from okrsync.schemas import build_schemas

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md"), *(ROOT / "benchmarks").glob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


@pytest.mark.parametrize(("name", "write"), PAGES.items())
def test_generated_pages_are_current(name: str, write: Callable[[], str]) -> None:
    assert (ROOT / "docs" / name).read_text("utf-8") == write(), "run `make docs`"


@pytest.mark.parametrize("schema", build_schemas().values(), ids=build_schemas())
def test_every_key_of_the_configuration_says_what_it_means(schema: dict[str, object]) -> None:
    assert schema_pages.undescribed(schema) == [], "give the attribute a docstring"


def test_every_variable_that_the_code_reads_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "environment.md").read_text("utf-8")
    code = "\n".join(
        path.read_text("utf-8")
        for folder in ("okrsync", "connectors")
        for path in (ROOT / folder).glob("**/*.py")
        if "sandbox" not in path.parts
    )
    read = set(re.findall(r"""environ(?:\.get\(|\[)["'](\w+)["']""", code))
    read |= set(re.findall(r'^\w*VARIABLE = "(\w+)"$', code, re.MULTILINE))
    assert {"NO_COLOR", "OKRSYNC_CONFIG", "OKRSYNC_LANGUAGE"} <= read
    assert {name for name in read if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(document: Path) -> None:
    text = re.sub(r"```.*?```", "", document.read_text("utf-8"), flags=re.DOTALL)
    for found in LINK.finditer(text):
        target = found[1] or found[2]
        if target.startswith(("http://", "https://", "#", "mailto:")):
            continue
        assert (document.parent / target.partition("#")[0]).exists(), f"{document.name}: {target}"


def test_there_are_documents() -> None:
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md"} <= {path.name for path in DOCUMENTS}


def test_the_readme_names_every_command_and_only_these() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    named = set(re.findall(r"^\| `okrsync ([a-z-]+)", readme, flags=re.MULTILINE))
    assert named == set(COMMANDS)


def test_the_readme_lists_the_exit_codes() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    listed = next(paragraph for paragraph in readme.split("\n\n") if paragraph.startswith("Exit codes:"))
    assert [int(code) for code in re.findall(r"\*\*(\d+)\*\*", listed)] == [int(code) for code in Exit]


def test_make_targets_that_documents_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        for target in re.findall(r"`make ([a-z-]+)`", text) + re.findall(r"^\s*make ([a-z-]+)", text, re.MULTILINE):
            assert target in targets, f"{document.name}: make {target}"


@pytest.mark.parametrize("name", ["how-it-decides.md", "limits.md"])
def test_error_rates_are_those_that_were_measured(name: str) -> None:
    page = (ROOT / "docs" / "explanation" / name).read_text("utf-8")
    assert len(re.findall(r"^\| \d+ \| at most [\d.]+% / [\d.]+% \|", page, flags=re.MULTILINE)) == 6
