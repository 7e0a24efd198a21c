"""Writes the parts of the documentation that the code knows: commands, tables, and what the demo prints.

``make docs`` runs it; ``tests/test_docs.py`` fails when what is committed differs from what it writes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from sqlalchemy import Column
from sqlalchemy.dialects import sqlite

from docs import (
    decides_pages,
    decides_words,
    findings_pages,
    limits_page,
    reference_pages,
    schema_pages,
    templates_page,
)
from okrsync.cli import COMMANDS, cli
from okrsync.findings.catalogue import RULES
from okrsync.store.schema import metadata
from okrsync.store.views import VIEWS

_TABLES = {
    "scopes": "What is synced as one, and how its last sync went.",
    "shards": "How far a pull has come that is under way or was interrupted; empty otherwise.",
    "items": "Work items: issues, pull requests, commits.",
    "item_keys": "Every key by which an item is or was known.",
    "removed_keys": "Keys of items that are no longer at their source, given back when they appear again.",
    "facets": "Labels, components, versions, milestones, sprints and paths, each value once.",
    "item_facets": "Which item has which facet.",
    "item_references": "What an item closes, names or contains, and the key results its trailers name, as written.",
    "item_waits": "Whom a work item waited for: a review that was asked for, an assignment that was not begun.",
    "goal_versions": "Every version of every objective and key result that a run has seen, or that git knows of.",
    "publications": "Which week's page reached which wiki, and what it said in short: what the index page lists.",
    "goal_history": "How far the git history of the files of goals has been read.",
    "milestones": "Jira versions and sprints, GitHub milestones and releases.",
    "census_ids": "Ids of a census that is being taken; empty otherwise.",
    "host_pauses": "Until when hosts asked the workers of a Dask cluster not to be asked; empty without a cluster.",
    "dirty_items": "Items that the next link step looks at; empty otherwise.",
    "links": "Which item serves which key result, and the rule that says so.",
    "parts": "Which items make up which piece of work.",
    "linked_rules": "The rules that `links` was made with.",
    "measurements": "Values of key results, with their origin. Append-only: the newest row of a day holds.",
    "outcomes": "How the last reading of each key result's outcome source went.",
}


def commands() -> str:
    """The reference of all commands, from their own help."""
    parts = [
        "# Commands\n",
        "This page is written by `make docs` from the program's own `--help`.\n",
    ]
    width = {"terminal_width": 96, "max_content_width": 96}
    context = click.Context(cli, info_name="okrsync", **{**cli.context_settings, **width})
    parts.append(f"```text\n{cli.get_help(context)}\n```\n")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, **{**command.context_settings, **width})
        parts.append(f"## okrsync {name}\n\n```text\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


def database() -> str:
    """The reference of tables and views, from the schema's own comments."""
    parts = [
        "# The store\n",
        "This page is written by `make docs` from `okrsync/store/schema.py` and `views.py`.\n",
        "The store is one SQLite file in WAL mode (`store: sqlite:///okrsync.db`): readers never block the sync, and",
        "Grafana, Metabase or Datasette can open it as it is, for example `datasette okrsync.db`. Read the views; the",
        "tables may change with a release (a migration takes your data along), the views stay. All times are UTC.",
        "Verdicts are not stored: they follow from what is here, see `okrsync report --format json`.\n",
        "## Views\n",
    ]
    for name, select in VIEWS.items():
        body = "\n".join(line.removeprefix("        ") for line in select.strip("\n").rstrip().splitlines())
        parts.append(f"### {name}\n\n```sql\n{body}\n```\n")
    parts.append("## Tables\n")
    for table in metadata.sorted_tables:
        parts.append(f"### {table.name}\n\n{_TABLES[table.name]}\n")
        parts.append("| column | type | |")
        parts.append("|---|---|---|")
        parts.extend(f"| `{column.name}` | {_type(column)} | {_notes(column)} |" for column in table.columns)
        parts.append("")
    return "\n".join(parts)


def _type(column: Column[object]) -> str:
    return str(column.type.compile(sqlite.dialect())).lower()


def _notes(column: Column[object]) -> str:
    notes = ["key"] if column.primary_key else []
    notes += [f"→ `{key.target_fullname}`" for key in column.foreign_keys]
    if column.comment:
        notes.append(column.comment)
    return ", ".join(notes).replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands,
    "database.md": database,
    "templates.md": templates_page.page,
    "findings.md": findings_pages.index,
    "how-it-decides.svg": decides_pages.chart,
    "explanation/how-it-decides.md": decides_words.page,
    "explanation/limits.md": limits_page.page,
    "reference/configuration.md": schema_pages.configuration,
    "reference/goals.md": schema_pages.goals,
    "reference/report-json.md": schema_pages.report,
    "reference/explain-json.md": schema_pages.explanation,
    "reference/verdicts.md": reference_pages.verdicts,
    "reference/exit-codes.md": reference_pages.exit_codes,
    "reference/environment.md": reference_pages.environment,
    **{f"findings/{rule.id}.md": partial(findings_pages.page, rule) for rule in RULES},
}
README = Path(__file__).parents[1] / "README.md"


def excerpt(demo: str) -> str:
    """The top of what the demo prints, up to the first busy key result and its evidence, as the README shows it."""
    top, busy = demo.split("\n\n  KR", 1)
    first = busy.split("\n\n", 1)[0]
    return f"```text\n{top}\n\n  KR{first}\n```\n"


def with_excerpt(readme: str, demo: str) -> str:
    """The README with the demo's present output between its two marks."""
    return _between(readme, "demo", excerpt(demo))


def _between(readme: str, name: str, text: str) -> str:
    begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->\n"
    before, rest = readme.split(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}"


def main() -> None:
    """Write all pages beside this file, and the demo's output into the README."""
    folder = Path(__file__).parent
    for name in ("explanation", "findings", "reference"):
        (folder / name).mkdir(exist_ok=True)
    for old in (folder / "findings").glob("*.md"):
        old.unlink()
    for name, write in PAGES.items():
        (folder / name).write_text(write(), encoding="utf-8", newline="\n")
    with TemporaryDirectory() as scratch:
        demo = subprocess.run(
            [sys.executable, "-m", "okrsync.cli", "demo", f"{scratch}/demo"],
            env={**os.environ, "COLUMNS": "100"},
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
    readme = with_excerpt(README.read_text("utf-8"), demo.stdout)
    README.write_text(readme, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
