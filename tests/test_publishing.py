"""The pages of the weeks, of all weeks and of each key result, on wikis that come and go."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from okrsync.config import load_config
from okrsync.model import Verdict
from okrsync.publishing import key_of
from okrsync.report import names
from okrsync.report.names import key_result_pages
from okrsync.report.pages import index_markdown, key_result_markdown
from okrsync.report.value import Headline, History, PastWeek, Publication
from okrsync.store import publications
from okrsync.store.engine import open_store
from tests.cli_project import MAIN, Project, start
from tests.report_samples import AS_OF, HOSTILE, full, judgement, many, report
from tests.test_escape import structure

TWO = MAIN.replace("{type: folder, path: wiki/}", "{type: folder, path: wiki/}, {type: folder, path: other/}")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return start(tmp_path, monkeypatch, capsys)


def weeks_in(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("OKR-2026-W??.md"))


def listed(folder: Path) -> list[str]:
    return re.findall(r"^\| \[2026-(W\d\d)\]", (folder / "OKR-Reports.md").read_text("utf-8"), re.MULTILINE)


def test_index_lists_the_weeks_that_were_published_newest_first(project: Project) -> None:
    for day in ("2026-11-06", "2026-11-13", "2026-11-20"):
        assert project.run("publish", "--as-of", day).code == 0
    wiki = project.path / "wiki"
    assert weeks_in(wiki) == ["OKR-2026-W45", "OKR-2026-W46", "OKR-2026-W47"]
    assert listed(wiki) == ["W47", "W46", "W45"]
    history = (wiki / "OKR-KR1.1.md").read_text("utf-8")
    assert [bool(link) for link in re.findall(r"^\| (\[)?2026-W4[4567]", history, re.MULTILINE)] == [
        True, True, True, False
    ]  # fmt: skip


def test_weeks_of_the_past_are_not_written_again(project: Project) -> None:
    project.run("publish", "--as-of", "2026-11-13")
    page = project.path / "wiki" / "OKR-2026-W46.md"
    before = page.read_bytes()
    project.write("okrs/q4.yaml", (project.path / "okrs/q4.yaml").read_text("utf-8").replace("title: ", "title: New "))
    assert project.run("publish", "--as-of", "2026-11-20").code == 0
    assert page.read_bytes() == before
    page.unlink()
    assert project.run("publish", "--as-of", "2026-11-20").code == 0
    assert not page.exists(), "a page that somebody removed came back"


def test_a_wiki_that_was_down_catches_up_and_the_others_do_not_wait(project: Project) -> None:
    project.write("okrsync.yaml", TWO)
    project.write("other", "in the way")
    for day in ("2026-11-04", "2026-11-05", "2026-11-13"):
        ran = project.run("publish", "--as-of", day)
        assert ran.code == 3
        assert "cannot be written" in ran.err
    (project.path / "other").unlink()
    assert project.run("publish", "--as-of", "2026-11-27").code == 0
    wiki, other = project.path / "wiki", project.path / "other"
    assert weeks_in(wiki) == weeks_in(other) == ["OKR-2026-W45", "OKR-2026-W46", "OKR-2026-W47", "OKR-2026-W48"]
    assert listed(wiki) == listed(other) == ["W48", "W47", "W46", "W45"]
    text = (other / "OKR-2026-W45.md").read_text("utf-8")
    assert "As of 5 Nov 2026" in text, "the day on which it was tried last"
    # No run was there in this week: it ends on its Sunday, on both wikis.
    assert "As of 22 Nov 2026" in (other / "OKR-2026-W47.md").read_text("utf-8")
    again = project.run("publish", "--as-of", "2026-11-27")
    assert "written" not in again.err


def test_a_wiki_that_fails_in_a_week_it_had_keeps_that_week(project: Project) -> None:
    project.run("publish", "--as-of", "2026-11-12")
    wiki = project.path / "wiki"
    wiki.rename(project.path / "away")
    project.write("wiki", "in the way")
    assert project.run("publish", "--as-of", "2026-11-13").code == 4
    (project.path / "wiki").unlink()
    (project.path / "away").rename(wiki)
    before = (wiki / "OKR-2026-W46.md").read_bytes()
    assert project.run("publish", "--as-of", "2026-11-20").code == 0
    assert (wiki / "OKR-2026-W46.md").read_bytes() == before
    assert listed(wiki) == ["W47", "W46"]


def test_a_draft_records_nothing(project: Project) -> None:
    assert project.run("publish", "--draft").code == 0
    engine = open_store(f"sqlite:///{project.path / 'okrsync.db'}")
    try:
        assert publications.published(engine) == []
    finally:
        engine.dispose()


def test_which_wiki_it_is_holds_no_account(project: Project) -> None:
    project.write(
        "okrsync.yaml",
        MAIN.replace(
            "{type: folder, path: wiki/}", "{type: git, url: https://x.example/a.wiki.git, auth: {token: '${HUSH}'}}"
        ),
    )
    (settings,) = load_config(project.path / "okrsync.yaml", environ={"HUSH": "hush"}).publish
    key = key_of(settings)
    assert "https://x.example/a.wiki.git" in key
    assert "hush" not in key
    assert "auth" not in key


@pytest.mark.parametrize(
    ("ids", "pages"),
    [
        (["KR1.1", "KR10.2"], ["OKR-KR1.1", "OKR-KR10.2"]),
        (["activation"], ["OKR-KR-activation"]),
        (["KR1.1", "kr1.1"], ["OKR-KR1.1", "OKR-KR-kr1.1"]),
        (["Churn", "churn"], ["OKR-KR-Churn", "OKR-KR-churn-"]),
        (["../../etc", "a/b", "con", "目标一", "目标二", "KR 1", "-", "."], None),
    ],
)
def test_names_of_pages(ids: list[str], pages: list[str] | None) -> None:
    found = key_result_pages(ids)
    assert found == key_result_pages(reversed(ids))
    assert all(re.fullmatch(r"OKR-KR[A-Za-z0-9.-]*[A-Za-z0-9]", name) and ".." not in name for name in found.values())
    assert len({name.lower() for name in found.values()}) == len(ids)
    if pages is not None:
        assert all(found[id_].startswith(name) for id_, name in zip(ids, pages, strict=True))
        assert found[ids[0]] == pages[0]


def past(made, day=AS_OF):
    ids = [each.key_result.id for each in made.key_results]
    return History((PastWeek(day, dict.fromkeys(ids, Verdict.BUSY), dict.fromkeys(ids), dict.fromkeys(ids, 3)),), ())


def published(week: int, cycle: str = "2026-Q4") -> Publication:
    day = date.fromisocalendar(2026, week, 5)
    return Publication("w", names.week_page(day), day, cycle, Headline(3, ((Verdict.BUSY, 2),), 412, 181, 77), True)


def with_text(text: str):
    made = report(
        [judgement("KR1", Verdict.BUSY, title=text, reasons=(f"r {text}",)), judgement("KR2", Verdict.BUILDING)]
    )
    return replace(made, history=past(made))


@pytest.mark.parametrize("text", [text for text in HOSTILE if text.strip()])
def test_hostile_text_changes_no_structure(text: str) -> None:
    for make in (
        lambda made: key_result_markdown(made, made.key_results[0], chart="c.png", published=()),
        lambda made: index_markdown(made, [published(47, text), published(46, "2026-Q3")], {"KR1": "OKR-KR1"}),
    ):
        assert structure(make(with_text(text))) == structure(make(with_text("harmless")))


def test_index_of_many_key_results_is_folded_by_team() -> None:
    page = index_markdown(many(300), [published(47), published(46, "2026-Q3")], {})
    assert page.count("<details") == page.count("</details>") > 5
    assert "| [2026-W47](OKR-2026-W47.md) | 20 Nov 2026 | 181 of 412 (44%) | ● 2 busy |" in page
    assert page.index("## 2026-Q4") < page.index("## 2026-Q3")
    assert "<details" not in index_markdown(full(), [], {})


def test_mkdocs_builds_what_is_published_and_finds_no_broken_link(project: Project) -> None:
    """In strict mode: a link or picture that leads nowhere fails the build (but for `--quiet`, which hides it)."""
    project.run("sync", "outcomes")
    for day in ("2026-11-13", "2026-11-20"):
        project.run("publish", "--as-of", day)
    wiki = project.path / "wiki"
    (wiki / "index.md").write_text("# Home\n\n[All weeks](OKR-Reports.md)\n")
    project.write(
        "mkdocs.yml",
        "site_name: OKR\ndocs_dir: wiki\ntheme: mkdocs\nmarkdown_extensions: [tables, md_in_html]\n"
        "validation: {links: {not_found: warn, anchors: warn, unrecognized_links: warn}}\n",
    )

    def build() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", "site"],
            cwd=project.path, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    done = build()
    assert done.returncode == 0, done.stderr
    html = (project.path / "site" / "OKR-2026-W47" / "index.html").read_text("utf-8")
    assert '<img alt="KR' in html
    assert 'href="../OKR-KR1.1/"' in html
    assert "okrsync:" not in re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)
    next(wiki.glob("*-KR1.1.png")).unlink()
    assert build().returncode != 0, "the test would not notice a broken link"
