"""docs/connectors.md: the connector that it writes is installed, passes the suite, and is used, as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "connectors.md"
FILES = {
    found[2]: found[3]
    for found in re.finditer(r"```(python|toml|yaml)\n# (\S+)\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
}
GOALS = """\
cycle: {id: 2026-Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{id: acme, level: company}]
objectives:
  - id: O1
    team: acme
    title: A small shop sells online within a day
    key_results: [{id: KR1, title: Portal, kind: milestone, work: [{source: tickets, epics: [TB-1]}]}]
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the page, and its package installed beside them."""
    folder = tmp_path_factory.mktemp("ticketbook")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    options = ["-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    install = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site"), str(folder)]
    subprocess.run(install, check=True, capture_output=True)
    return folder


def run(folder: Path, *command: str, site: Path) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PYTHONPATH": str(site), "PYTEST_ADDOPTS": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    environ.pop("OKRSYNC_CONFIG", None)
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=environ, capture_output=True, text=True, timeout=120
    )


SUITE = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=.", "tests/test_ticketbook.py")


def test_the_page_has_all_files() -> None:
    assert set(FILES) == {
        "pyproject.toml",
        "okrsync_ticketbook/__init__.py",
        "tests/test_ticketbook.py",
        "okrsync.yaml",
    }


def test_it_passes_the_suite(package: Path) -> None:
    done = run(package, *SUITE, site=package / "site")
    assert done.returncode == 0, done.stdout
    assert "9 passed" in done.stdout


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ('cursor["done"] if cursor else 0', "0", "the cursor is not heeded: the shard began again"),
        ("return parse_moment(text) if", "return datetime.fromisoformat(text[:19]) if", "is not in UTC"),
        (
            "for item in self._items(self._text())]",
            "for item in self._items(self._text())[1:]]",
            "brought == set(named)",
        ),
        ("done_at=closed,", "done_at=opened,", "done_at iff done"),
        ("if cursor == following:", "if cursor is not None:", "what was changed is not brought"),
    ],
)
def test_the_suite_finds_what_is_wrong(tmp_path: Path, right: str, wrong: str, said: str) -> None:
    source = FILES["okrsync_ticketbook/__init__.py"]
    assert source.count(right) == 1
    for name, text in {**FILES, "okrsync_ticketbook/__init__.py": source.replace(right, wrong)}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = run(tmp_path, *SUITE, site=tmp_path)
    assert done.returncode == 1, done.stdout
    assert said in done.stdout


def test_it_is_used(package: Path, tmp_path: Path) -> None:
    export = re.search(r'EXPORT = """\\\n(.*?)"""', FILES["tests/test_ticketbook.py"], flags=re.DOTALL)
    assert export is not None
    (tmp_path / "export.csv").write_text(export[1])
    (tmp_path / "okrsync.yaml").write_text(FILES["okrsync.yaml"])
    (tmp_path / "okrs").mkdir()
    (tmp_path / "okrs" / "q4.yaml").write_text(GOALS)

    def okrsync(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = "from okrsync.cli import main; main()"
        return run(tmp_path, "-c", program, *arguments, site=package / "site")

    assert okrsync("sync").returncode == 0
    report = json.loads(okrsync("report", "--cycle", "2026-Q4", "--as-of", "2026-11-20", "--format", "json").stdout)
    assert [(source["source"], source["items"]) for source in report["sources"]] == [("tickets", 3)]
    assert report["key_results"][0]["activity"]["completed"] == 1
    (tmp_path / "okrsync.yaml").write_text(FILES["okrsync.yaml"].replace("export.csv", "gone.csv"))
    refused = okrsync("sync")
    assert refused.returncode == 4
    assert "gone.csv cannot be read" in refused.stderr
